"""Units ranked by the rule that was in force at the end of the period."""

from __future__ import annotations

from collections.abc import Iterable

from layers.indicators.numbers import Numbers
from layers.indicators.rollup import Ranking, rank
from layers.indicators.rule_models import RANKING, RankingRule
from layers.indicators.units import Unit
from spatial.json_types import Document


def rank_units(numbers: Numbers, key: str, units: Iterable[Unit]) -> Ranking:
    """Rank units by their unrounded numbers of the last period, those with cases."""
    indicators = numbers.indicators
    found = indicators.indices.get(key)
    better = found.better if found else indicators.populations[key].indicator.better
    values = [(unit.code, numbers.of(key, unit).value) for unit in units]
    rule = numbers.rules_in().get(RANKING.key)
    ties = rule.value.ties if rule and isinstance(rule.value, RankingRule) else "competition"
    return rank(values, better, ties)


def ranking_rule(numbers: Numbers) -> Document | None:
    """Return key and version of the rule of the last period, None where there is none."""
    rule = numbers.rules_in().get(RANKING.key)
    return None if rule is None else {"key": rule.key, "version": rule.version}

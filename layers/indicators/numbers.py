"""Numbers of indicators and indices by unit and period, for one actor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import asyncpg
from pydantic import BaseModel

from layers.features.features import reading
from layers.indicators.catalog import Indicators
from layers.indicators.cell_rows import Kept, read_kept
from layers.indicators.cell_store import KEPT
from layers.indicators.index import IndexValue, combine, score_of, weigh
from layers.indicators.model import Index
from layers.indicators.periods import Period
from layers.indicators.population import Population
from layers.indicators.rollup import Tallies, Tally
from layers.indicators.rule_models import INDEX
from layers.indicators.units import Unit, Units
from layers.indicators.values import count_tallies, reader_of, reads_rows, told
from spatial.actor import Actor
from spatial.errors import BadParameter
from spatial.postgres.db import Database
from spatial.rules import Rule, Rules, get_rule

RulesAt = Callable[[datetime], Rules]
"""Returns the rules that count for something that happened at a time."""


@dataclass(frozen=True, slots=True)
class Number:
    """A value of an indicator or index, unrounded.

    Parameters
    ----------
    value
        None without cases, where suppressed, and for an index that may not be without a part.
    numerator, denominator
        Both sides; None for an index, and where suppressed.
    index
        The decomposition of an index that is made of parts at this level.
    """

    value: float | None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    origins: frozenset[str] = frozenset()
    suppressed: bool = False
    index: IndexValue | None = None


@dataclass(frozen=True)
class Numbers:
    """The numbers of some indicators over consecutive periods, as one actor is told them."""

    indicators: Indicators
    units: Units
    periods: Sequence[Period]
    asked_at: datetime
    """What lasts was counted up to this time, where it does not come from cells."""
    rules_at: RulesAt
    tallies: Mapping[str, Sequence[Tallies]]
    """Of each indicator by id, one per period."""
    kept_as_of: Mapping[str, datetime]
    """Up to when what lasts was counted, of those that come from cells."""
    failed: Mapping[str, Exception] = field(default_factory=dict)
    """Why an indicator could not be counted, or may not be told."""
    _kept: dict[tuple[str, str, int], Number] = field(default_factory=dict)

    def of(self, key: str, unit: Unit, at: int = -1) -> Number:
        """Return the number of an indicator or index in a unit; `at` counts the periods.

        Raises
        ------
        Exception
            What kept it from being counted, or told; no other number is the worse for it.
        """
        place = (key, unit.code, at)
        if place not in self._kept:
            index = self.indicators.indices.get(key)
            if key in self.failed:
                raise self.failed[key]
            self._kept[place] = (
                self.number(key, self.tallies[key][at].of(unit.prefix))
                if index is None
                else self._index(index, unit, at)
            )
        return self._kept[place]

    def number(self, key: str, tally: Tally) -> Number:
        """Return a tally of an indicator as its number."""
        value = tally.value(self.indicators.populations[key].indicator)
        if tally.suppressed:
            return Number(None, suppressed=True)
        return Number(value, tally.numerator, tally.denominator, tally.origins)

    def rule(self, key: str, at: int = -1) -> Rule[BaseModel] | None:
        """Return the rule that an indicator or index names as it was in force in a period."""
        index = self.indicators.indices.get(key)
        named = index.rule if index else self.indicators.populations[key].indicator.rule
        return self.rules_in(at).get(named) if named else None

    def as_of(self, key: str) -> datetime:
        """Return up to when what lasts was counted: of an index, the oldest of what it is made."""
        leaves = self.indicators.stands_on[key]
        return min(self.kept_as_of.get(leaf, self.asked_at) for leaf in leaves)

    def rules_in(self, at: int = -1) -> Rules:
        """Return the rules that were in force at the end of a period."""
        last = self.periods[at].cutoff(self.asked_at) - timedelta(microseconds=1)
        return self.rules_at(last)

    def _index(self, index: Index, unit: Unit, at: int) -> Number:
        rule = get_rule(self.rules_in(at), INDEX, index.rule).value
        if rule.rollup is not None and unit.level != "county":
            return self._weighed(index, rule.rollup, unit, at)
        parts = {name: self.of(part, unit, at) for name, part in index.parts.items()}
        vetoes = {veto.indicator: self.of(veto.indicator, unit, at) for veto in rule.vetoes}
        used = [*parts.values(), *vetoes.values()]
        origins = frozenset[str]().union(*(one.origins for one in used))
        if any(one.suppressed for one in used):
            return Number(None, suppressed=True)
        scores = {
            name: score_of(parts[name].value, self._better(part))
            for name, part in index.parts.items()
        }
        made = combine(index, rule, scores, lambda name: vetoes[name].value)
        return Number(made.value, origins=origins, index=made)

    def _better(self, key: str) -> str | None:
        found = self.indicators.populations.get(key)
        return found.indicator.better if found else self.indicators.indices[key].better

    def _weighed(self, index: Index, by: str, unit: Unit, at: int) -> Number:
        counties = self.units.within(unit, "county")
        pairs = [(self.of(index.id, one, at), self.of(by, one, at)) for one in counties]
        used = [one for pair in pairs for one in pair]
        origins = frozenset[str]().union(*(one.origins for one in used))
        if any(one.suppressed for one in used):
            return Number(None, suppressed=True)
        value = weigh([(made.value, weight.value) for made, weight in pairs])
        return Number(value, origins=origins)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: which numbers, for whom, when; `split` where their codes are asked for."""

    keys: Sequence[str]
    actor: Actor
    periods: Sequence[Period]
    now: datetime
    split: bool = False


async def read_numbers(
    db: Database, indicators: Indicators, units: Units, rules_at: RulesAt, asked: Asked,
    *, stored: bool = True,
) -> Numbers:  # fmt: skip
    """Return numbers from their cells, those that are not `stored` counted from the rows.

    What keeps one from being counted or told stands in `failed`, and is raised when it is read.
    """
    leaves = sorted({leaf for key in asked.keys for leaf in indicators.stands_on[key]})
    found = _Found({}, {}, {})
    by_reader: dict[Actor, dict[str, Population]] = {}
    for leaf in leaves:
        population = indicators.populations[leaf]
        try:
            check_period(population, asked.actor, asked.periods)
        except BadParameter as error:
            found.failed[leaf] = error
            continue
        by_reader.setdefault(reader_of(population, asked.actor), {})[leaf] = population
    for reader, populations in by_reader.items():
        async with reading(db, reader) as conn:
            kept: Mapping[str, Kept] = {}
            if stored and asked.periods[-1].kind in KEPT:  # days have none
                kept = await read_kept(
                    conn, indicators.populations, list(populations), reader, asked.periods,
                    asked.now, units.home.prefix if units.home else None, split=asked.split,
                )  # fmt: skip
            for leaf, population in populations.items():
                await _read(conn, population, kept.get(leaf), asked, units, found)
    return Numbers(
        indicators, units, asked.periods, asked.now, rules_at,
        found.tallies, found.as_of, found.failed,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Found:
    """What was read so far, by indicator."""

    tallies: dict[str, Sequence[Tallies]]
    as_of: dict[str, datetime]
    failed: dict[str, Exception]


async def _read(
    conn: asyncpg.Connection, population: Population, kept: Kept | None, asked: Asked,
    units: Units, found: _Found,
) -> None:  # fmt: skip
    """Take the numbers of an indicator from its cells, or count its rows."""
    key = population.indicator.id
    if kept is not None:
        found.as_of[key] = kept.as_of
        found.tallies[key] = told(population, asked.actor, kept.tallies, units)
        return
    try:
        async with conn.transaction():  # so that others can be counted after one that fails
            found.tallies[key] = await count_tallies(
                conn, population, asked.actor, asked.periods, asked.now, units
            )
    except asyncpg.PostgresConnectionError:
        raise
    except asyncpg.PostgresError as error:
        found.failed[key] = error


def check_period(population: Population, actor: Actor, periods: Sequence[Period]) -> None:
    """Refuse weeks and days where months are told only: their differences would tell small ones.

    Raises
    ------
    BadParameter
    """
    if reads_rows(population, actor) or periods[-1].kind == "month":
        return
    raise BadParameter(
        f"{population.indicator.id} is told by month only", "该指标仅按月公布",
        mend_en="Write a month: 2026-03; or sign in.", mend_zh="请写月份：2026-03；或先登录。",
        parameter="period",
    )  # fmt: skip

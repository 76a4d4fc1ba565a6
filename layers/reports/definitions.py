"""The definitions of a frozen report: what its numbers were made by, whatever is declared later.

They are the declarations themselves, layers, indicators and indices, with the rules as they were in
force and the units as they were loaded; read again by the models that read declarations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from pydantic import BaseModel

from layers.declare.base import Text
from layers.declare.layer import Layer
from layers.declare.relation import Relation
from layers.declare.relation import resolve as resolve_layer
from layers.indicators.catalog import Indicators
from layers.indicators.model import Index, Indicator
from layers.indicators.population import Population
from layers.indicators.population import resolve as resolve_indicator
from layers.indicators.rule_models import RANKING
from layers.indicators.units import Unit, Units
from layers.reports.model import Report
from layers.reports.seal import Told
from routing.statistics.rule_models import INTERVALS
from spatial.json_types import Json
from spatial.rules import Period, Rule, RuleBook, RuleSet, type_rule

DRAWN = {"style", "legend", "tiles"}
"""Keys of a layer that no number depends on."""


@dataclass(frozen=True)
class Definitions:
    """What the numbers of a report are made by."""

    report: Report
    indicators: Indicators
    units: Units
    rules: RuleSet
    rule_rows: Sequence[Period]

    @classmethod
    def of(
        cls, report: Report, declared: Indicators, units: Units, book: RuleBook, at: datetime
    ) -> Definitions:
        """Return what a report needs of all that is declared, with the rules of a time."""
        keys = [item.indicator for item in report.items]
        leaves = sorted({leaf for key in keys for leaf in declared.stands_on[key]})
        indices = _indices(keys, declared.indices)
        named = [declared.populations[leaf].indicator.rule for leaf in leaves]
        named += [*(index.rule for index in indices.values()), *rules_of(report)]
        found = book.at(at, early=True)
        rules = [found[key] for key in sorted({key for key in named if key}) if key in found]
        rows = [_row(book, rule) for rule in rules]
        chosen = Indicators(
            MappingProxyType({leaf: declared.populations[leaf] for leaf in leaves}),
            MappingProxyType(indices),
            MappingProxyType({key: declared.stands_on[key] for key in [*leaves, *indices]}),
        )
        return cls(report, chosen, units, RuleSet(rules), rows)

    def dump(self) -> Told:
        """Return them as they are stored."""
        populations = self.indicators.populations.values()
        layers = {one.relation.layer.id: one.relation.layer for one in populations}
        return {
            "report": _plain(self.report),
            "layers": [_plain(layer, DRAWN) for layer in layers.values()],
            "indicators": [_plain(one.indicator) for one in populations],
            "indices": [_plain(one) for one in self.indicators.indices.values()],
            "stands_on": {key: sorted(on) for key, on in self.indicators.stands_on.items()},
            "rules": [_dump_rule(row) for row in self.rule_rows],
            "units": [
                [unit.code, unit.level, unit.title.zh, unit.title.en] for unit in self.units.all()
            ],
        }

    @classmethod
    def load(cls, stored: Told) -> Definitions:
        """Read them as they were stored."""
        layers = [Layer.model_validate(one) for one in stored["layers"]]
        relations = {layer.id: resolve_layer(layer) for layer in layers}
        found = [Indicator.model_validate(one) for one in stored["indicators"]]
        indices = [Index.model_validate(one) for one in stored["indices"]]
        rows = [_load_rule(one) for one in stored["rules"]]
        return cls(
            Report.model_validate(stored["report"]),
            Indicators(
                MappingProxyType({one.id: _resolved(one, relations) for one in found}),
                MappingProxyType({one.id: one for one in indices}),
                MappingProxyType({k: frozenset(on) for k, on in stored["stands_on"].items()}),
            ),
            Units(Unit(code, level, Text(zh=zh, en=en)) for code, level, zh, en in stored["units"]),
            RuleSet(type_rule(row) for row in rows),
            rows,
        )

    def leaves_of(self, layer: str) -> list[str]:
        """Return the indicators that count the rows of a layer, in the order of their columns."""
        populations = self.indicators.populations
        return [key for key, one in populations.items() if one.relation.layer.id == layer]

    @property
    def layers(self) -> list[str]:
        """The layers whose rows are frozen."""
        found = (one.relation.layer.id for one in self.indicators.populations.values())
        return list(dict.fromkeys(found))


def rules_of(report: Report) -> set[str]:
    """Return the rules that a report stands on beside those of its numbers."""
    wide = {INTERVALS.key for item in report.items if item.interval}
    return {RANKING.key, *wide}


def _indices(keys: Sequence[str], declared: Mapping[str, Index]) -> dict[str, Index]:
    """Return the indices among some keys with those that they are made of."""
    found: dict[str, Index] = {}
    left = list(keys)
    while left:
        index = declared.get(left.pop())
        if index is not None and index.id not in found:
            found[index.id] = index
            left += index.parts.values()
    return {key: found[key] for key in sorted(found)}


def _resolved(indicator: Indicator, relations: Mapping[str, Relation]) -> Population:
    return resolve_indicator(indicator, relations[indicator.layer])


def _row(book: RuleBook, rule: Rule[BaseModel]) -> Period:
    return next(row for row in book.versions(rule.key) if row.version == rule.version)


def _plain(model: BaseModel, without: set[str] | None = None) -> Told:
    return model.model_dump(mode="json", exclude=without, exclude_none=True, by_alias=True)


def _dump_rule(row: Period) -> dict[str, Json]:
    return {
        "key": row.key, "version": row.version, "value": row.value, "source": row.source,
        "origin": row.origin, "legal_text": row.legal_text,
        "valid_from": row.valid_from.isoformat(),
    }  # fmt: skip


def _load_rule(stored: Told) -> Period:
    return Period(**{**stored, "valid_from": datetime.fromisoformat(stored["valid_from"])})

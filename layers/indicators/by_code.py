"""Indices by the codes of a column that all of their parts are split by, as lines of business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from layers.indicators.index import combine, score_of
from layers.indicators.model import Index
from layers.indicators.numbers import Number, Numbers
from layers.indicators.rule_models import INDEX
from layers.indicators.units import Unit
from spatial.rules import get_rule


@dataclass(frozen=True, slots=True)
class _Cut:
    """The rows that are told of: of one unit and period, with one code in a column."""

    numbers: Numbers
    unit: Unit
    at: int
    column: str
    code: str | None

    def number(self, key: str) -> Number:
        """Return the number of an indicator or index, of these rows alone."""
        index = self.numbers.indicators.indices.get(key)
        if index is not None:
            return self.index(index)
        by = self.numbers.indicators.populations[key].indicator.by
        tallies = self.numbers.tallies[key][self.at]
        found = tallies.split(self.unit.prefix, by.index(self.column)).get(self.code)
        return Number(None) if found is None else self.numbers.number(key, found)

    def index(self, index: Index) -> Number:
        """Return an index that is made of its parts, of these rows alone."""
        rule = get_rule(self.numbers.rules_in(self.at), INDEX, index.rule).value
        parts = {name: self.number(part) for name, part in index.parts.items()}
        vetoes = {veto.indicator: self.number(veto.indicator) for veto in rule.vetoes}
        declared = self.numbers.indicators
        scores = {
            name: score_of(
                parts[name].value,
                declared.indices[key].better
                if key in declared.indices
                else declared.populations[key].indicator.better,
            )
            for name, key in index.parts.items()
        }
        made = combine(index, rule, scores, lambda name: vetoes[name].value)
        used = [*parts.values(), *vetoes.values()]
        origins = frozenset[str]().union(*(one.origins for one in used))
        return Number(made.value, origins=origins, index=made)


def split_index(
    numbers: Numbers, index: Index, unit: Unit, column: str, at: int = -1
) -> Mapping[str | None, Number]:
    """Return an index of a unit by the codes of a column, each made of its own parts and vetoes.

    Parameters
    ----------
    numbers
        Read with their codes (`split`).
    index, unit, at
        Which, where, and in which of the periods.
    column
        One of `index.by`.
    """
    codes: set[str | None] = set()
    for key in numbers.indicators.stands_on[index.id]:
        by = numbers.indicators.populations[key].indicator.by
        codes |= numbers.tallies[key][at].split(unit.prefix, by.index(column)).keys()
    ordered = sorted(codes, key=lambda code: (code is None, code or ""))
    return {code: _Cut(numbers, unit, at, column, code).index(index) for code in ordered}

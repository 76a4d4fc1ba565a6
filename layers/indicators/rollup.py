"""From cells to numbers: sides are added up by the prefix of their unit, ratios never are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from layers.indicators.model import Indicator
from layers.indicators.population import Population
from layers.indicators.statement import Cell

By = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """Both sides of a number.

    Parameters
    ----------
    numerator, denominator
        Exact; the denominator is None where the indicator has none.
    origins
        Origins of the rows that counted.
    suppressed
        Too few rows for this reader.
    """

    numerator: Decimal
    denominator: Decimal | None
    origins: frozenset[str] = frozenset()
    suppressed: bool = False

    def __add__(self, other: Tally) -> Tally:
        below = None
        if self.denominator is not None and other.denominator is not None:
            below = self.denominator + other.denominator
        return Tally(self.numerator + other.numerator, below, self.origins | other.origins)

    def value(self, indicator: Indicator) -> float | None:
        """Return numerator ÷ denominator × scale, unrounded; None for 0/0 or where suppressed."""
        if self.suppressed:
            return None
        scaled = self.numerator * Decimal(str(indicator.scale))
        if self.denominator is None:
            return float(scaled)
        return float(scaled / self.denominator) if self.denominator else None


class Tallies:
    """The numbers of one indicator and period, for each prefix of units.

    Parameters
    ----------
    population
        The indicator.
    cells
        What an actor sees, of this period.
    home
        Prefix to which rows without a unit count beside their own line; None for none.
    """

    def __init__(self, population: Population, cells: Iterable[Cell], home: str | None) -> None:
        self.indicator = population.indicator
        has_below = population.denominator is not None
        self._none = Tally(Decimal(0), Decimal(0) if has_below else None)
        self._found: dict[str | None, dict[By, Tally]] = defaultdict(dict)
        self._withheld: frozenset[str | None] = frozenset()
        for cell in cells:
            origins = frozenset([cell.origin]) if cell.rows else frozenset()
            tally = Tally(cell.numerator, cell.denominator, origins)
            for prefix in _prefixes(cell.admin_code, home):
                split = self._found[prefix]
                split[cell.by] = split.get(cell.by, self._none) + tally

    def of(self, prefix: str | None) -> Tally:
        """Return the number of a prefix; None is that of rows without a unit."""
        found = sum(self._found.get(prefix, {}).values(), self._none)
        return replace(found, suppressed=True) if prefix in self._withheld else found

    def withhold(self, prefixes: Iterable[str | None]) -> None:
        """Suppress the numbers of prefixes."""
        self._withheld = frozenset(prefixes)

    def split(self, prefix: str | None, column: int) -> Mapping[str | None, Tally]:
        """Return the number of a prefix by the codes of one of the indicator's columns."""
        found: dict[str | None, Tally] = {}
        for codes, tally in self._found.get(prefix, {}).items():
            found[codes[column]] = found.get(codes[column], self._none) + tally
        return dict(sorted(found.items(), key=lambda item: (item[0] is None, item[0] or "")))

    def rest(self, prefix: str, within: Iterable[str | None]) -> Tally:
        """Return what a prefix has beyond that of units within it."""
        left = self.of(prefix)
        for unit in within:
            found = self.of(unit)
            below = None
            if left.denominator is not None and found.denominator is not None:
                below = left.denominator - found.denominator
            left = replace(left, numerator=left.numerator - found.numerator, denominator=below)
        return left


def _prefixes(code: str | None, home: str | None) -> list[str | None]:
    if code is None:
        return [None, home] if home else [None]
    return [*(code[:length] for length in (2, 4) if len(code) > length), code]


def cumulate(cells: Iterable[Cell], periods: int, *, stock: bool) -> list[list[Cell]]:
    """Return the cells of each period; those of a stock stay until their ends take them away."""
    by_period: list[list[Cell]] = [[] for _ in range(periods)]
    if not stock:
        for cell in cells:
            by_period[cell.at - 1].append(cell)
        return by_period
    steps: dict[int, list[Cell]] = defaultdict(list)
    for cell in cells:
        steps[cell.at].append(cell)
    alive: dict[object, Cell] = {}
    for number in range(1, periods + 1):
        for step in steps[number]:
            key = step.admin_code, step.origin, step.by
            alive[key] = _plus(alive[key], step) if key in alive else step
        by_period[number - 1] = [
            replace(cell, at=number) for cell in alive.values() if cell.rows or cell.numerator
        ]
    return by_period


def _plus(cell: Cell, step: Cell) -> Cell:
    below = None
    if cell.denominator is not None and step.denominator is not None:
        below = cell.denominator + step.denominator
    return replace(
        cell,
        numerator=cell.numerator + step.numerator,
        denominator=below,
        rows=cell.rows + step.rows,
    )


@dataclass(frozen=True, slots=True)
class Ranking:
    """Units by value: competition ranks (1-2-2-4), ties in the order of codes."""

    ranks: Mapping[str, int]
    order: tuple[str, ...]
    unranked: tuple[str, ...]
    """Units without cases."""


def rank(values: Sequence[tuple[str, float | None]], better: str | None) -> Ranking:
    """Rank units by their unrounded values, the better end first; the higher one without."""
    sign = 1 if better == "lower" else -1
    ranked = sorted((sign * value, code) for code, value in values if value is not None)
    ranks: dict[str, int] = {}
    before: tuple[float, int] | None = None
    for place, (value, code) in enumerate(ranked, 1):
        number = before[1] if before is not None and before[0] == value else place
        ranks[code], before = number, (value, number)
    without = tuple(sorted(code for code, value in values if value is None))
    return Ranking(ranks, tuple(code for _, code in ranked), without)

"""From cells to numbers: sides are added up by the prefix of their unit, ratios never are."""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from layers.indicators.model import Indicator
from layers.indicators.population import Population
from layers.indicators.statement import Cell

By = tuple[str | None, ...]
_NO_ORIGINS: frozenset[str] = frozenset()


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
        scaled = self.numerator * indicator.exact_scale
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

    Attributes
    ----------
    withheld
        The prefixes whose numbers are not told.
    """

    def __init__(self, population: Population, cells: Iterable[Cell], home: str | None) -> None:
        self.indicator = population.indicator
        has_below = population.denominator is not None
        self._none = Tally(Decimal(0), Decimal(0) if has_below else None)
        self._found: dict[str | None, dict[By, Tally]] = defaultdict(dict)
        self.withheld: frozenset[str | None] = frozenset()
        for cell in cells:
            origins = frozenset([cell.origin]) if cell.rows else frozenset()
            tally = Tally(cell.numerator, cell.denominator, origins)
            for prefix in _prefixes(cell.admin_code, home):
                split = self._found[prefix]
                split[cell.by] = split.get(cell.by, self._none) + tally

    def of(self, prefix: str | None) -> Tally:
        """Return the number of a prefix; None is that of rows without a unit."""
        found = self.plain(prefix)
        return replace(found, suppressed=True) if prefix in self.withheld else found

    def plain(self, prefix: str | None) -> Tally:
        """Return the number of a prefix, also where it is withheld."""
        return sum(self._by(prefix).values(), self._none)

    def _by(self, prefix: str | None) -> Mapping[By, Tally]:
        return self._found.get(prefix, {})

    def withhold(self, prefixes: Iterable[str | None]) -> None:
        """Suppress the numbers of prefixes."""
        self.withheld = frozenset(prefixes)

    def split(self, prefix: str | None, column: int) -> Mapping[str | None, Tally]:
        """Return the number of a prefix by the codes of one of the indicator's columns."""
        found: dict[str | None, Tally] = {}
        for codes, tally in self._by(prefix).items():
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
        return left if left.numerator or left.denominator else replace(left, origins=_NO_ORIGINS)


class Places(NamedTuple):
    """Where the measures of an indicator stand in a vector: its rows, and both sides."""

    rows: int
    numerator: int
    denominator: int | None


class Rolled:
    """Measures of stored cells of one period by prefix, origin and codes."""

    def __init__(self, home: str | None) -> None:
        self._home = home
        self.found: dict[str | None, dict[tuple[str, By], list[Any]]] = defaultdict(dict)

    def add(self, code: str | None, origin: str, by: By, vector: list[Any]) -> None:
        """Add the measures of cells of a unit to all that it lies in."""
        at = origin, by
        for prefix in _prefixes(code, self._home):
            split = self.found[prefix]
            known = split.get(at)
            split[at] = vector if known is None else list(map(operator.add, known, vector))


class KeptTallies(Tallies):
    """The numbers of one indicator and period from stored cells, made when they are asked for."""

    def __init__(self, population: Population, rolled: Rolled, places: Places) -> None:
        super().__init__(population, (), None)
        self._rolled, self._places = rolled.found, places

    def plain(self, prefix: str | None) -> Tally:
        """Return the number of a prefix, also where it is withheld."""
        rows, above, below = self._places
        split = self._rolled.get(prefix)
        if not split:
            return self._none
        if len(split) == 1:
            ((at, vector),) = split.items()
            denominator = None if below is None else Decimal(vector[below])
            origins = frozenset((at[0],)) if vector[rows] else _NO_ORIGINS
            return Tally(Decimal(vector[above]), denominator, origins)
        return Tally(
            Decimal(sum(vector[above] for vector in split.values())),
            None if below is None else Decimal(sum(vector[below] for vector in split.values())),
            frozenset(at[0] for at, vector in split.items() if vector[rows]),
        )

    def _by(self, prefix: str | None) -> Mapping[By, Tally]:
        rows, above, below = self._places
        found: dict[By, Tally] = {}
        for (origin, codes), vector in self._rolled.get(prefix, {}).items():
            denominator = None if below is None else Decimal(vector[below])
            origins = frozenset([origin] if vector[rows] else [])
            tally = Tally(Decimal(vector[above]), denominator, origins)
            found[codes] = found.get(codes, self._none) + tally
        return found


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
    """Units by value, ranked by rule; ties in the order of codes."""

    ranks: Mapping[str, int]
    order: tuple[str, ...]
    unranked: tuple[str, ...]
    """Units without cases."""


Ties = Literal["competition", "dense"]


def rank(
    values: Sequence[tuple[str, float | None]], better: str | None, ties: Ties = "competition"
) -> Ranking:
    """Rank units by their unrounded values, the better end first; the higher one without."""
    sign = 1 if better == "lower" else -1
    ranked = sorted((sign * value, code) for code, value in values if value is not None)
    ranks: dict[str, int] = {}
    before: tuple[float, int] | None = None
    for place, (value, code) in enumerate(ranked, 1):
        number = place if ties == "competition" else len({*ranks.values()}) + 1
        if before is not None and before[0] == value:
            number = before[1]
        ranks[code], before = number, (value, number)
    without = tuple(sorted(code for code, value in values if value is None))
    return Ranking(ranks, tuple(code for _, code in ranked), without)

"""What the statement of a sheet counted, as cells of periods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from layers.indicators.periods import Kind, Period
from layers.indicators.sheet import Sheet
from layers.indicators.statement import OWNER

Codes: TypeAlias = tuple[str | None, ...]


class Scope(NamedTuple):
    """Who sees rows."""

    admin_code: str | None
    visibility: str
    unit_id: str | None
    parties: tuple[str, ...]


class Key(NamedTuple):
    """What the rows of a cell have in common beside their period."""

    scope: Scope
    origin: str
    codes: Codes


class Vector(NamedTuple):
    """What is counted and summed up of a cell, by slot."""

    counts: list[int]
    sums: list[Decimal]

    def plus(self, other: Vector, sign: int = 1) -> Vector:
        """Return the sum of both, or with the sign -1 the difference."""
        return Vector(
            [a + sign * b for a, b in zip(self.counts, other.counts, strict=True)],
            [a + sign * b for a, b in zip(self.sums, other.sums, strict=True)],
        )

    @property
    def empty(self) -> bool:
        """Tell whether nothing is counted or summed up."""
        return not any(self.counts) and not any(self.sums)


Place: TypeAlias = tuple[Kind, date]
"""A period: its kind and first day."""
Cells: TypeAlias = dict[tuple[Place, Key], Vector]


@dataclass(frozen=True, slots=True)
class Grid:
    """Measures by key and moment.

    Parameters
    ----------
    keys
        What the first axis stands for; the second are the moments.
    counts, sums
        What is counted, and exactly summed up, on the third axis by slot.
    """

    keys: list[Key]
    counts: NDArray[np.int64]
    sums: NDArray[np.object_]

    def over(self, place: Place, first: int, last: int) -> Cells:
        """Return the cells of a period: the sums over moments from one up to before another."""
        counts = self.counts[:, first:last].sum(axis=1)
        sums = self.sums[:, first:last].sum(axis=1)
        some = np.flatnonzero(counts.any(axis=1) | (sums != 0).any(axis=1)).tolist()
        vectors = map(Vector, counts[some].tolist(), sums[some].tolist())
        keys = self.keys
        return {(place, keys[at]): vector for at, vector in zip(some, vectors, strict=True)}


def grid_of(sheet: Sheet, rows: Iterable[Sequence[Any]], moments: int) -> Grid:
    """Return what a statement counted and gathered by key; of a stock what is alive at each moment.

    See `cell_store.by_key` for the rows.
    """
    keys: list[Key] = []
    many = 2 + len(sheet.first.by)
    first, slots = many + len(OWNER) - 1, len(sheet.counted)
    places, lists = [], []
    for number, row in enumerate(rows):
        code, origin, *codes = row[:many]
        seen, unit, parties = row[many:first]
        keys.append(Key(Scope(code, seen, unit, tuple(parties)), origin, tuple(codes)))
        lists.append(row[first:])
        places.append(np.full(len(row[first]), number))
    counts = np.zeros((len(keys), moments, slots), np.int64)
    sums = np.full((len(keys), moments, len(sheet.summed)), Decimal(0), object)
    if keys:
        at, signs, *measures = map(_joined, zip(*lists, strict=True))
        where = np.concatenate(places), at.astype(np.intp) - 1
        for slot, found in enumerate(measures[:slots]):
            np.add.at(counts[:, :, slot], where, found.astype(np.int64) * signs)
        for slot, found in enumerate(measures[slots:]):
            np.add.at(sums[:, :, slot], where, found * signs)
    if sheet.first.indicator.time.stock is not None:
        counts, sums = np.cumsum(counts, axis=1), np.cumsum(sums, axis=1)
    return Grid(keys, counts, sums)


def _joined(lists: Iterable[list[Any]]) -> NDArray[Any]:
    """Return lists of whole or of exact numbers as one array."""
    return np.array(list(chain.from_iterable(lists)))


def cells_of(
    sheet: Sheet, grid: Grid, moments: Sequence[datetime],
    periods: Mapping[Kind, Sequence[Period]], now: datetime,
) -> Cells:  # fmt: skip
    """Return the cells of periods; what lasts is counted up to `now`."""
    number = {moment: at for at, moment in enumerate(moments)}
    found: Cells = {}
    for kind, some in periods.items():
        for period in some:
            if sheet.first.indicator.time.stock is None:
                span = number[period.start], number[period.cutoff(now)]
            else:
                span = number[period.cutoff(now)], number[period.cutoff(now)] + 1
            found |= grid.over((kind, period.first), *span)
    return found


def add(cells: Cells, more: Cells, sign: int = 1) -> None:
    """Add cells to others, or with the sign -1 take them away."""
    for at, vector in more.items():
        none = Vector([0] * len(vector.counts), [Decimal(0)] * len(vector.sums))
        cells[at] = cells.get(at, none).plus(vector, sign)

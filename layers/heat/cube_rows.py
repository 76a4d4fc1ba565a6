"""Rows of the cube as a process holds them, and how they are made of their columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date

import numpy as np
from numpy.typing import NDArray

from routing.graph.weights import Ints
from routing.statistics.cube_kernels import Counts, Int32, UInt8, UInt16, UInt32

EPOCH = date(1950, 1, 1)
"""Days are counted from here to 2129; what lies beyond counts on the first and last of them."""
LAST_DAY = 65_535
_LOW, _SHORT = (1 << 32) - 1, (1 << 15) - 1


@dataclass(frozen=True, slots=True)
class Series:
    """What is counted, each as the caller sees it: parallel columns, `at` by id."""

    at: dict[int, int]
    measures: NDArray[np.str_]
    kinds: NDArray[np.str_]
    admin_codes: Sequence[str | None]
    unit_ids: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class CubeRows:
    """Rows of one grain by day and hour, of each of these by counter: 6 or 8 bytes a row.

    Parameters
    ----------
    cells
        Keys of all cells there are, rising.
    place, series
        Of each counter, which is what a series has in a cell: the number of its cell, and the id
        of its series, of which there are 65,535 at most.
    day, hour
        Of each slot of time that has rows, rising; `hour` is 0 where none is told, else 1 to 168.
    first
        Which row is the first of each slot, and behind the last one.
    counter, n
        Of each row; no two of a slot have the same counter, and no `n` is 0. `n` has two bytes
        where all of them fit.
    """

    cells: Ints
    place: UInt32
    series: UInt16
    day: UInt16
    hour: UInt8
    first: Ints
    counter: UInt32
    n: Counts

    def __len__(self) -> int:
        return len(self.n)

    @property
    def nbytes(self) -> int:
        """Bytes that all columns take."""
        return sum(int(getattr(self, column.name).nbytes) for column in fields(self))

    def columns(self) -> tuple[np.ndarray, ...]:
        """Return cell, day, hour, series and number of each row, as `rows_of` takes them."""
        times = np.diff(self.first)
        day, hour = np.repeat(self.day, times), np.repeat(self.hour, times)
        return self.cells[self.place][self.counter], day, hour, self.series[self.counter], self.n


def rows_of(
    cell: np.ndarray, day: np.ndarray, hour: np.ndarray, series: np.ndarray, n: np.ndarray
) -> CubeRows:
    """Return rows by their columns: those of the same cell, series, day and hour added up."""
    keys = series.astype(np.int64) << 32 | cell.astype(np.int64)
    return rows_of_keys(keys, day.astype(np.int64) << 8 | hour.astype(np.int64), n)


def rows_of_keys(counter: Ints, slot: Ints, n: np.ndarray) -> CubeRows:
    """Return the same by keys: series << 32 | cell, and day << 8 | hour."""
    own, number = np.unique(counter, return_inverse=True)
    key, n = _added_up(slot << 32 | number, n)
    first = np.flatnonzero(np.diff(key >> 32, prepend=-1))
    return rows_in_order(
        own, key[first] >> 32, np.append(first, len(key)), (key & _LOW).astype(np.uint32),
        n.astype(np.int32),
    )  # fmt: skip


def rows_in_order(own: Ints, slots: Ints, first: Ints, counter: UInt32, n: Int32) -> CubeRows:
    """Return the rows of slots, each with its first row, by keys of counters and slots."""
    cells, place = np.unique(own & _LOW, return_inverse=True)
    return CubeRows(
        cells, place.astype(np.uint32), (own >> 32).astype(np.uint16),
        (slots >> 8).astype(np.uint16), (slots & 255).astype(np.uint8), first, counter, _small(n),
    )  # fmt: skip


def _small(n: Int32) -> Counts:
    least, most = n.min(initial=0), n.max(initial=0)
    return n.astype(np.int16) if least >= -_SHORT and most <= _SHORT else n


def _added_up(key: Ints, n: np.ndarray) -> tuple[Ints, np.ndarray]:
    """Return keys, rising, each once, and their sums; without those that come to 0."""
    if not (np.diff(key) > 0).all():
        order = np.argsort(key)
        key, n = key[order], n[order]
        starts = np.flatnonzero(np.diff(key, prepend=-1))
        key, n = key[starts], np.add.reduceat(n.astype(np.int64), starts)
    if (n != 0).all():
        return key, n
    return key[n != 0], n[n != 0]

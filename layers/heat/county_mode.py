"""In which county each cell lies, by the rows that a question counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layers.heat.counted import Counted
from layers.heat.cube_rows import CubeRows
from layers.heat.held_cube import MOST_SERIES, Grouping, HeldCube, Sums, runs_of
from routing.graph.weights import Ints
from routing.statistics.cube_kernels import Int32, UInt8, note_counters

UNSTATED = -1


def cells_with_counties(
    cube: HeldCube, asked: Counted, name: str, grouping: Grouping
) -> tuple[Sums, list[str | None]]:
    """Return the sums of cells, and of each the county that most of its rows state.

    Of several that as many rows state it is the first by code; None where no row states any.
    """
    sums = cube.sum(asked, name, grouping)
    codes, of_series = _codes(cube)
    least = np.full(len(sums.keys), len(codes), np.int32)
    most = np.full(len(sums.keys), UNSTATED, np.int32)
    for rows, keys, groups in cube.parts(name, grouping):
        cell, code = _numbers(sums.keys, keys)[groups][rows.place], of_series[rows.series]
        seen = _seen(rows, asked, cube.measures(asked)) & (cell < len(least)) & (code >= 0)
        np.minimum.at(least, cell[seen], code[seen])
        np.maximum.at(most, cell[seen], code[seen])
    mixed = np.flatnonzero(least < most)
    if len(mixed):
        most[mixed] = _modes(cube, asked, name, grouping, sums.keys[mixed], of_series)
    return sums, [str(codes[code]) if code >= 0 else None for code in most.tolist()]


def _codes(cube: HeldCube) -> tuple[NDArray[np.str_], Int32]:
    """Return all codes of counties, rising, and which of them each series has by its id."""
    codes, number = np.unique([code or "" for code in cube.series.admin_codes], return_inverse=True)
    found = np.full(MOST_SERIES, UNSTATED, np.int32)
    for series, at in cube.series.at.items():
        found[series] = number[at] if codes[number[at]] else UNSTATED
    return codes, found


def _seen(rows: CubeRows, asked: Counted, measures: UInt8) -> NDArray[np.bool_]:
    """Return of which counters a question counts rows."""
    noted = np.zeros(len(rows.place), np.uint8)
    note_counters(*runs_of(rows, asked), rows.counter, noted)
    return np.asarray((noted > 0) & (measures[rows.series] > 0))


def _numbers(wanted: Ints, keys: Ints) -> NDArray[np.uint32]:
    """Return which of the wanted keys each key is, and behind the last one for none."""
    at = np.searchsorted(wanted, keys)
    there = np.append(wanted, -1)[at] == keys
    return np.where(there, at, len(wanted)).astype(np.uint32)


def _modes(
    cube: HeldCube, asked: Counted, name: str, grouping: Grouping, wanted: Ints, of_series: Int32
) -> Ints:
    """Return the code that most rows state in each of some cells, rows of a change put together."""
    measures, found = cube.measures(asked), []
    for rows, keys, groups in cube.parts(name, grouping):
        number = _numbers(wanted, keys)[groups][rows.place]
        meant = (number < len(wanted)) & (measures[rows.series] > 0)
        at = _within(*runs_of(rows, asked))
        at = at[meant[rows.counter[at]]]
        of, slot = rows.counter[at], np.searchsorted(rows.first, at, side="right") - 1
        columns = (
            number[of], rows.cells[rows.place[of]], rows.series[of],
            rows.day[slot], rows.hour[slot], rows.n[at],
        )  # fmt: skip
        found.append(np.stack([column.astype(np.int64) for column in columns]))
    table = np.concatenate(found, axis=1)
    rows_of, same = np.unique(table[:-1], axis=1, return_inverse=True)
    left = rows_of[:, np.bincount(same.ravel(), table[-1]) != 0]
    cell, code = left[0], of_series[left[2]]
    times = np.zeros((len(wanted), int(of_series.max()) + 1), np.int64)
    np.add.at(times, (cell[code >= 0], code[code >= 0]), 1)
    return np.asarray(times.argmax(axis=1), np.int64)


def _within(start: Ints, end: Ints) -> Ints:
    """Return the numbers of all rows of some runs."""
    sizes = end - start
    behind = np.cumsum(sizes)
    shift: Ints = np.repeat(start - behind + sizes, sizes)
    return shift + np.arange(len(shift))

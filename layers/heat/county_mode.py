"""In which county each cell lies, by the rows that a question counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layers.heat.counted import Counted
from layers.heat.held_cube import MOST_SERIES, Grouping, HeldCube, Sums, days_of, hours_of
from routing.graph.weights import Ints
from routing.statistics.cube_kernels import MIXED, UNSTATED, Int32, note_codes


def cells_with_counties(
    cube: HeldCube, asked: Counted, name: str, grouping: Grouping
) -> tuple[Sums, list[str | None]]:
    """Return the sums of cells, and of each the county that most of its rows state.

    Of several that as many rows state it is the first by code; None where no row states any.
    """
    sums = cube.sum(asked, name, grouping)
    codes, of_series = _codes(cube)
    noted = np.full(len(sums.keys) + 1, UNSTATED, np.int32)
    for rows, keys, groups in cube.parts(name, grouping):
        part = days_of(rows, asked)
        note_codes(
            rows.place[part], rows.hour[part], rows.series[part], hours_of(asked.hours),
            cube.measures(asked), _numbers(sums.keys, keys)[groups], of_series, noted,
        )  # fmt: skip
    mixed = np.flatnonzero(noted[:-1] == MIXED)
    if len(mixed):
        noted[mixed] = _modes(cube, asked, name, grouping, sums.keys[mixed], of_series)
    return sums, [str(codes[code]) if code >= 0 else None for code in noted[:-1].tolist()]


def _codes(cube: HeldCube) -> tuple[NDArray[np.str_], Int32]:
    """Return all codes of counties, rising, and which of them each series has by its id."""
    codes, number = np.unique([code or "" for code in cube.series.admin_codes], return_inverse=True)
    found = np.full(MOST_SERIES, UNSTATED, np.int32)
    for series, at in cube.series.at.items():
        found[series] = number[at] if codes[number[at]] else UNSTATED
    return codes, found


def _numbers(wanted: Ints, keys: Ints) -> NDArray[np.uint32]:
    """Return which of the wanted keys each key is, and behind the last one for none."""
    at = np.searchsorted(wanted, keys)
    there = np.append(wanted, -1)[at] == keys
    return np.where(there, at, len(wanted)).astype(np.uint32)


def _modes(
    cube: HeldCube, asked: Counted, name: str, grouping: Grouping, wanted: Ints, of_series: Int32
) -> Ints:
    """Return the code that most rows state in each of some cells, rows of a change put together."""
    measures, hours, found = cube.measures(asked), hours_of(asked.hours), []
    for rows, keys, groups in cube.parts(name, grouping):
        part, number = days_of(rows, asked), _numbers(wanted, keys)[groups]
        counted = (number[rows.place[part]] < len(wanted)) & (measures[rows.series[part]] > 0)
        counted &= hours[rows.hour[part]] > 0
        at = np.flatnonzero(counted) + part.start
        place, series = rows.place[at], rows.series[at]
        columns = number[place], rows.cells[place], series, rows.day[at], rows.hour[at], rows.n[at]
        found.append(np.stack([column.astype(np.int64) for column in columns]))
    table = np.concatenate(found, axis=1)
    rows_of, same = np.unique(table[:-1], axis=1, return_inverse=True)
    left = rows_of[:, np.bincount(same.ravel(), table[-1]) != 0]
    cell, code = left[0], of_series[left[2]]
    times = np.zeros((len(wanted), int(of_series.max()) + 1), np.int64)
    np.add.at(times, (cell[code >= 0], code[code >= 0]), 1)
    return np.asarray(times.argmax(axis=1), np.int64)

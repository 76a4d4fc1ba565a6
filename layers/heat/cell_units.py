"""Which administrative unit has all rows that a question counts in each cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from layers.heat.counted import Counted
from layers.heat.cube_rows import CubeRows
from layers.heat.held_cube import MOST_SERIES, Grouping, HeldCube, Sums, runs_of
from routing.graph.weights import Ints
from routing.statistics.cube_kernels import UInt8, note_counters
from spatial.common_units import NO_ROWS, common_numbers, unit_codes, unit_numbers


def cells_with_units(
    cube: HeldCube, asked: Counted, name: str, grouping: Grouping
) -> tuple[Sums, list[str | None]]:
    """Return the sums of cells, and of each the smallest unit that has all of its rows.

    None where no row states any.
    """
    sums = cube.sum(asked, name, grouping)
    of_series, measures = _units_of_series(cube), cube.measures(asked)
    cells, units = [], []
    for rows, keys, groups in cube.parts(name, grouping):
        cell = _numbers(sums.keys, keys)[groups][rows.place]
        seen = _seen(rows, asked, measures) & (cell < len(sums.keys))
        cells.append(cell[seen].astype(np.int64))
        units.append(of_series[rows.series[seen]])
    at, unit = np.concatenate(cells), np.concatenate(units)
    found = common_numbers(unit, at, len(sums.keys))
    mixed = np.intersect1d(at[unit != found[at]], cells[1])  # what changed may have come to 0
    if len(mixed):
        found[mixed] = _of_rows_left(cube, asked, name, grouping, sums.keys[mixed], of_series)
    return sums, unit_codes(found)


def units_of_cells(
    cube: HeldCube, periods: Sequence[Counted], name: str, grouping: Grouping
) -> dict[int, str | None]:
    """Return by key the smallest unit that has all rows of a cell in any of some periods."""
    parts = [cells_with_units(cube, period, name, grouping) for period in periods]
    every = np.concatenate([sums.keys for sums, _ in parts])
    keys, at = np.unique(every, return_inverse=True)
    codes = [code for _, part in parts for code in part]
    found = unit_codes(common_numbers(unit_numbers(codes), at, len(keys)))
    return dict(zip(keys.tolist(), found, strict=True))


def _units_of_series(cube: HeldCube) -> Ints:
    """Return the unit of each series by its id."""
    found = np.full(MOST_SERIES, NO_ROWS, np.int64)
    found[np.fromiter(cube.series.at, np.int64)] = unit_numbers(cube.series.admin_codes)
    return found


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


def _of_rows_left(
    cube: HeldCube, asked: Counted, name: str, grouping: Grouping, wanted: Ints, of_series: Ints
) -> Ints:
    """Return the units of some cells by rows with their changes: what came to 0 is none."""
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
    return common_numbers(of_series[left[2]], left[0], len(wanted))


def _within(start: Ints, end: Ints) -> Ints:
    """Return the numbers of all rows of some runs."""
    sizes = end - start
    behind = np.cumsum(sizes)
    shift: Ints = np.repeat(start - behind + sizes, sizes)
    return shift + np.arange(len(shift))

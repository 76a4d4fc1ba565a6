"""Between which heights the ground lies in each cell of a grid that divides the degree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spatial.geo.datum import Floats
from spatial.geo.terrain import Grid, Terrain

Whole = NDArray[np.int64]
_EDGE = 1e-9


def grounds_between(
    terrain: Terrain | None, column: Whole, row: Whole, per_degree: tuple[int, int]
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return the lowest and highest known ground (m AMSL) of cells, and where some is unknown.

    Parameters
    ----------
    terrain
        None where there is none: all is unknown, NaN.
    column, row
        Of each cell, counted from 0° east and north.
    per_degree
        How many columns and rows make a degree.
    """
    low, high = np.full(len(column), np.nan), np.full(len(column), np.nan)
    gap = np.ones(len(column), bool)
    if terrain is None:
        return low, high, gap
    across, up = per_degree
    corners = np.column_stack([column // across, row // up])
    for corner in np.unique(corners, axis=0).tolist():
        grid = terrain.tiles.get((corner[0], corner[1]))
        if grid is None:
            continue
        mine = np.flatnonzero((corners == corner).all(axis=1))
        found = _of_tile(grid, column[mine] % across, row[mine] % up, per_degree)
        low[mine], high[mine], gap[mine] = found
    return low, high, gap


def _of_tile(
    grid: Grid, column: Whole, row: Whole, per_degree: tuple[int, int]
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    columns, at_column = np.unique(column, return_inverse=True)
    rows, at_row = np.unique(row, return_inverse=True)
    left, right = _spans(columns, per_degree[0], len(grid))
    bottom, top = _spans(rows, per_degree[1], len(grid))
    first, last = len(grid) - top, len(grid) - bottom  # north first
    part = np.asarray(grid[first.min() : last.max(), left.min() : right.max()])
    unknown = np.isnan(part)
    spans = (first - first.min(), last - first.min()), (left - left.min(), right - left.min())
    low = _reduced(np.fmin, part, *spans)
    high = _reduced(np.fmax, part, *spans)
    gap = _reduced(np.maximum, unknown.astype(np.float32), *spans) > 0
    return low[at_row, at_column], high[at_row, at_column], gap[at_row, at_column]


def _spans(numbers: Whole, per_degree: int, cells: int) -> tuple[Whole, Whole]:
    """Return the first cell of the terrain of each span of a degree, and the one after its last."""
    first = np.floor(numbers * (cells / per_degree) + _EDGE).astype(np.int64)
    after = np.ceil((numbers + 1) * (cells / per_degree) - _EDGE).astype(np.int64)
    return first, np.minimum(np.maximum(after, first + 1), cells)


def _reduced(
    of: np.ufunc, part: Grid, rows: tuple[Whole, Whole], columns: tuple[Whole, Whole]
) -> Floats:
    """Return one number for each pair of a span of rows and one of columns."""
    for axis, (first, after) in enumerate((rows, columns)):
        padded = np.concatenate([part, np.take(part, [-1], axis=axis)], axis=axis)
        both = np.column_stack([first, after]).ravel()
        part = of.reduceat(padded, both, axis=axis).take(np.arange(0, len(both), 2), axis=axis)
    return np.asarray(part, float)

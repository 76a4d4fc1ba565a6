"""Kinds of cells: which of them each cell of the cube belongs to, and where they lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from layers.heat.held_cube import Grouping
from routing.graph.weights import Floats, Ints
from spatial.geo.beidou_grid import CELL_UNITS, UNITS_PER_DEGREE, encode_many
from spatial.geo.zorder import bounds_of
from spatial.schema.heat_tables import CUBE_LEVEL


@dataclass(frozen=True)
class CellKind:
    """Cells of one kind and size.

    Parameters
    ----------
    name
        As `zorder-14`.
    grouping
        Keys by keys of the cube's cells.
    rings
        (n, corners, 2) degrees of cells by key, the first corner not repeated.
    names
        What cells are called, by key.
    level
        Of Z-order cells, which are parts of tiles; None for others.
    """

    name: str
    grouping: Grouping
    rings: Callable[[Ints], Floats]
    names: Callable[[Ints], NDArray[np.str_]]
    level: int | None = None

    def middles(self, keys: Ints) -> tuple[Floats, Floats]:
        """Return longitude and latitude of the middles of cells."""
        rings = self.rings(keys)
        middle = (rings.min(axis=1) + rings.max(axis=1)) / 2
        return middle[:, 0], middle[:, 1]


def zorder_cells(level: int) -> CellKind:
    """Return the cells of the web map's grid at a level of 16 at most."""
    return CellKind(
        f"zorder-{level}", lambda cells: cells >> 2 * (CUBE_LEVEL - level),
        partial(_squares, level), lambda keys: keys.astype(np.str_), level,
    )  # fmt: skip


def beidou_cells(level: int) -> CellKind:
    """Return the cells of the BeiDou grid (GB/T 39409-2020) at a level."""
    return CellKind(
        f"beidou-{level}", partial(_beidou_keys, level), partial(_beidou_rings, level),
        partial(_beidou_names, level),
    )  # fmt: skip


def _squares(level: int, keys: Ints) -> Floats:
    return _rings(*bounds_of(keys, level))


def _rings(west: Floats, south: Floats, east: Floats, north: Floats) -> Floats:
    corners = ((west, south), (east, south), (east, north), (west, north))
    return np.stack([np.stack(corner, axis=-1) for corner in corners], axis=1)


def _middles_of_cube(cells: Ints) -> tuple[Floats, Floats]:
    west, south, east, north = bounds_of(cells, CUBE_LEVEL)
    return (west + east) / 2, (south + north) / 2


_AWAY = 1 << 28


def _beidou_keys(level: int, cells: Ints) -> Ints:
    """Return rows and columns away from equator and meridian, in one number."""
    lon, lat = _middles_of_cube(cells)
    wide, tall = (size / UNITS_PER_DEGREE for size in CELL_UNITS[level - 1])
    column, row = (np.floor(a / b).astype(np.int64) for a, b in ((lon, wide), (lat, tall)))
    return ((row + _AWAY) << 32) | (column + _AWAY)


def _beidou_rings(level: int, keys: Ints) -> Floats:
    wide, tall = (size / UNITS_PER_DEGREE for size in CELL_UNITS[level - 1])
    column, row = (keys & 0xFFFFFFFF) - _AWAY, (keys >> 32) - _AWAY
    sides = (column * wide, row * tall, (column + 1) * wide, (row + 1) * tall)
    return _rings(*(side.astype(np.float64) for side in sides))


def _beidou_names(level: int, keys: Ints) -> NDArray[np.str_]:
    rings = _beidou_rings(level, keys)
    middle = (rings[:, 0] + rings[:, 2]) / 2
    return np.asarray(encode_many(middle[:, 0], middle[:, 1], level), np.str_)

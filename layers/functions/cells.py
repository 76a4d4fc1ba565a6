"""Kinds of cells: which of them each cell of the cube belongs to, and where they lie."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from layers.functions.polygons import Polygons, Shapes, on_the_web_map, polygons_of_rings
from layers.heat.cell_units import units_of_cells
from layers.heat.counted import Counted
from layers.heat.held_cube import Grouping, HeldCube, Sums
from layers.heat.narrowed import Summed
from routing.graph.weights import Floats, Ints
from spatial.geo.beidou_grid import CELL_UNITS, UNITS_PER_DEGREE, encode_many
from spatial.geo.geojson import Geometry
from spatial.geo.zorder import bounds_of
from spatial.schema.heat_tables import CUBE_LEVEL

Kept = dict[str, object]
"""By name of a kind the cells that were asked for, as `_Known`."""


@dataclass(frozen=True)
class _Known:
    """Keys that were asked for, rising, and their outlines on the web map."""

    keys: Ints
    outlines: Polygons


@dataclass(frozen=True)
class CellKind(ABC):
    """Cells of one kind and size.

    Parameters
    ----------
    name
        As `zorder-14`.
    level
        Of Z-order cells, which are parts of tiles; None for others.
    upright
        Whether cells are rectangles along the meridians.
    """

    name: str
    level: int | None
    upright: bool

    @abstractmethod
    def sum(self, cube: Summed, asked: Counted) -> Sums:
        """Return the sums of what is asked for by cells."""

    @abstractmethod
    def units(self, cube: HeldCube, periods: Sequence[Counted]) -> dict[int, str | None]:
        """Return by key the smallest unit that has all rows of each cell in some periods."""

    @abstractmethod
    def polygons(self, keys: Ints) -> Polygons:
        """Return cells in degrees, outer rings clockwise."""

    @abstractmethod
    def titles(self, keys: Ints) -> NDArray[np.str_]:
        """Return what cells are called."""

    @abstractmethod
    def shapes(self, keys: Ints) -> Shapes:
        """Return cells as polygons of shapely, in degrees."""

    def world(self, keys: Ints) -> Polygons:
        """Return cells in shares of the web map's width, from the west and the north."""
        found = self.polygons(keys)
        return replace(found, points=on_the_web_map(found.points))

    def geometries(self, keys: Ints) -> list[Geometry]:
        """Return cells as GeoJSON in longitude and latitude."""
        import shapely

        turned = shapely.orient_polygons(self.shapes(keys))
        return [shapely.geometry.mapping(shape) for shape in turned]

    def bounds(self, keys: Ints) -> Floats:
        """Return west, south, east, north of cells."""
        return self.polygons(keys).boxes()

    def middles(self, keys: Ints) -> tuple[Floats, Floats]:
        """Return longitude and latitude of the middles of cells."""
        west, south, east, north = self.bounds(keys).T
        return (west + east) / 2, (south + north) / 2


@dataclass(frozen=True)
class GridCells(CellKind):
    """Cells of a grid: groups of the cube's cells.

    Parameters
    ----------
    grouping
        Keys by keys of the cube's cells.
    rings
        (n, corners, 2) degrees of cells by key, counterclockwise, the first corner not repeated;
        where a cell has fewer corners than others, its last one is.
    names
        What cells are called, by key.
    kept
        Where outlines are kept that take long to make.
    """

    grouping: Grouping
    rings: Callable[[Ints], Floats]
    names: Callable[[Ints], NDArray[np.str_]]
    kept: Kept | None = None

    def sum(self, cube: Summed, asked: Counted) -> Sums:
        """Return the sums of the cube's cells in each cell."""
        return cube.sum(asked, self.name, self.grouping)

    def units(self, cube: HeldCube, periods: Sequence[Counted]) -> dict[int, str | None]:
        """Return by key the smallest unit that has all rows of each cell in some periods."""
        return units_of_cells(cube, periods, self.name, self.grouping)

    def polygons(self, keys: Ints) -> Polygons:
        """Return cells in degrees, outer rings clockwise."""
        return polygons_of_rings(self.rings(keys)[:, ::-1])

    def world(self, keys: Ints) -> Polygons:
        """Return cells in shares of the web map's width; those of a cube are made once."""
        if self.kept is None:
            return super().world(keys)
        known = self.kept.get(self.name)
        if not isinstance(known, _Known) or not np.isin(keys, known.keys).all():
            every = np.union1d(known.keys, keys) if isinstance(known, _Known) else keys
            known = self.kept[self.name] = _Known(every, super().world(every))
        return known.outlines.some(np.searchsorted(known.keys, keys))

    def shapes(self, keys: Ints) -> Shapes:
        """Return cells as polygons of shapely, in degrees."""
        return self.polygons(keys).shapes()

    def titles(self, keys: Ints) -> NDArray[np.str_]:
        """Return what cells are called."""
        return self.names(keys)

    def geometries(self, keys: Ints) -> list[Geometry]:
        """Return cells as GeoJSON in longitude and latitude."""
        if not self.upright:
            return super().geometries(keys)
        rings = self.rings(keys).tolist()
        return [{"type": "Polygon", "coordinates": [[*ring, ring[0]]]} for ring in rings]


def zorder_cells(level: int) -> GridCells:
    """Return the cells of the web map's grid at a level of 16 at most."""
    return GridCells(
        f"zorder-{level}", level, True, lambda cells: cells >> 2 * (CUBE_LEVEL - level),
        partial(_squares, level), lambda keys: keys.astype(np.str_),
    )  # fmt: skip


def beidou_cells(level: int) -> GridCells:
    """Return the cells of the BeiDou grid (GB/T 39409-2020) at a level."""
    return GridCells(
        f"beidou-{level}", None, True, partial(_beidou_keys, level), partial(_beidou_rings, level),
        partial(_beidou_names, level),
    )  # fmt: skip


def h3_cells(resolution: int, kept: Kept | None = None) -> GridCells:
    """Return the hexagons of H3 at a resolution."""
    keys = partial(_h3_keys, resolution)
    return GridCells(f"h3-{resolution}", None, False, keys, _h3_rings, _h3_names, kept)


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


def _h3_keys(resolution: int, cells: Ints) -> Ints:
    """Return the hexagons that hold the middles of the cube's cells; their numbers are positive."""
    from h3.api import basic_int as h3

    lon, lat = (side.tolist() for side in _middles_of_cube(cells))
    found = [h3.latlng_to_cell(y, x, resolution) for x, y in zip(lon, lat, strict=True)]
    return np.array(found, np.int64)


def _h3_rings(keys: Ints) -> Floats:
    """Return corners; where an edge of the icosahedron cuts a hexagon there are more than six."""
    from h3.api import basic_int as h3

    rings = [h3.cell_to_boundary(key) for key in keys.tolist()]
    most = max(map(len, rings), default=6)
    full = np.array([(*ring, *ring[-1:] * (most - len(ring))) for ring in rings], np.float64)
    return full.reshape(len(rings), most, 2)[..., ::-1]


def _h3_names(keys: Ints) -> NDArray[np.str_]:
    from h3.api import basic_int as h3

    return np.array([h3.int_to_str(key) for key in keys.tolist()], np.str_)

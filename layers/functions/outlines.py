"""Where cells lie in a tile: outlines in its units, cut off where they reach far beyond it."""

from __future__ import annotations

import numpy as np
import shapely

from layers.functions.polygons import on_the_web_map, polygons_of_shapes
from layers.functions.surface import CellSurface
from layers.tiles.mvt import EXTENT, Outlines, Whole, outlines_of, rectangle_rings
from routing.graph.weights import Bools, Floats, Ints
from spatial.geo.zorder import columns_and_rows

BUFFER = 64
"""How far, in units of the tile, polygons reach over its edge that it cuts."""
Place = tuple[int, int, int]


def outlines_in_tile(surface: CellSurface, of: Ints, zxy: Place) -> tuple[Ints, Outlines]:
    """Return which of some cells have an outline in a tile, and these in its units."""
    z, x, y = zxy
    level = surface.kind.level
    if level is not None and z <= level:
        column, row = columns_and_rows(surface.keys[of])
        side = EXTENT >> (level - z)
        left, top = (column - (x << (level - z))) * side, (row - (y << (level - z))) * side
        return of, outlines_of(rectangle_rings(left, top, left + side, top + side))
    if surface.kind.upright:
        boxes = (surface.boxes[of] * (1 << z) - (x, y, x, y)) * EXTENT
        left, top, right, bottom = _whole(np.clip(boxes, -BUFFER, EXTENT + BUFFER)).T
        return of, outlines_of(rectangle_rings(left, top, right, bottom))
    return _slanted(surface, of, zxy)


def _slanted(surface: CellSurface, of: Ints, zxy: Place) -> tuple[Ints, Outlines]:
    """Return outlines of any shape: those that reach far over an edge come last, and are cut."""
    inside = _within(surface.boxes[of], zxy)
    whole, far = of[inside], of[~inside]
    polygons = surface.world.some(whole)
    points = _whole(_in_tile(polygons.points, zxy))
    if not len(far):
        return whole, Outlines(points, polygons.rings, polygons.of)
    shapes = shapely.transform(
        surface.kind.shapes(surface.keys[far]), lambda at: _in_tile(on_the_web_map(at), zxy)
    )
    low, high = -BUFFER, EXTENT + BUFFER
    cut = shapely.clip_by_rect(shapely.make_valid(shapes), low, low, high, high)
    some = shapely.area(cut) > 0
    rest = polygons_of_shapes(cut[some], clockwise=False)
    return np.concatenate((whole, far[some])), Outlines(
        np.concatenate((points, _whole(rest.points))),
        np.concatenate((polygons.rings, rest.rings[1:] + polygons.rings[-1])),
        np.concatenate((polygons.of, rest.of[1:] + polygons.of[-1])),
    )


def _in_tile(world: Floats, zxy: Place) -> Floats:
    z, x, y = zxy
    return np.asarray((world * (1 << z) - (x, y)) * EXTENT, np.float64)


def _within(boxes: Floats, zxy: Place) -> Bools:
    z, x, y = zxy
    west, north, east, south = ((boxes * (1 << z) - (x, y, x, y)) * EXTENT).T
    most = EXTENT + BUFFER
    found: Bools = (west >= -BUFFER) & (north >= -BUFFER) & (east <= most) & (south <= most)
    return found


def _whole(numbers: Floats) -> Whole:
    return np.rint(numbers).astype(np.int64)

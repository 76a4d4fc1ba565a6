"""Shapes across ±180°: followed over it, cut there, and laid back between -180° and 180°.

A step of more than 180° between two vertices goes the short way round, over the antimeridian;
only a step from -180 to 180 itself goes round the world. Longitudes beyond ±180 are such a way
written on.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.affinity import translate

from spatial.errors import BadCoordinate
from spatial.geo.datum import Floats
from spatial.geo.shapes import Shapes

TURN = 360.0


def crosses(shapes: Shapes) -> NDArray[np.bool_]:
    """Mark the shapes of an array that leave ±180° or may step over it."""
    array = np.atleast_1d(np.asarray(shapes, dtype=object))
    xy, owner = shapely.get_coordinates(array, return_index=True)
    marked = np.zeros(len(array), dtype=bool)
    marked[owner[np.abs(xy[:, 0]) > TURN / 2]] = True
    far = np.abs(np.diff(xy[:, 0])) > TURN / 2
    marked[owner[1:][far & (owner[1:] == owner[:-1])]] = True
    return marked


def split(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a shape in degrees within ±180°, cut into parts where it crosses.

    Parameters
    ----------
    shape
        A geometry whose longitudes lie within ±360°; points are laid back.

    Raises
    ------
    BadCoordinate
        It goes round a pole or once round the world, or crosses itself.
    """
    if not crosses(shape)[0]:
        return shape
    if shape.geom_type == "LineString":
        parts = [shapely.linestrings(part) for part in cut_line(shapely.get_coordinates(shape))]
        return parts[0] if len(parts) == 1 else shapely.multilinestrings(parts)
    if shape.geom_type == "Polygon":
        return _cut_polygon(shape)
    if shape.geom_type == "Point":
        return translate(shape, -TURN * _turn(shape.x))
    parts = shapely.get_parts([split(part) for part in shapely.get_parts(shape)])
    makers = {"MultiPolygon": shapely.multipolygons, "MultiLineString": shapely.multilinestrings}
    return makers.get(shape.geom_type, shapely.geometrycollections)(list(parts))


def cut_line(xy: Floats) -> list[Floats]:
    """Return the parts (n, 2) of a line between one crossing of ±180° and the next."""
    points = zip(_unwrap(xy[:, 0]).tolist(), xy[:, 1].tolist(), strict=True)
    parts: list[list[tuple[float, float]]] = []
    turn = None
    for start, end in pairwise(points):
        for a, b in _steps(start, end):
            here = _turn((a[0] + b[0]) / 2)
            if here != turn:
                parts.append([(a[0] - TURN * here, a[1])])
                turn = here
            parts[-1].append((b[0] - TURN * here, b[1]))
    return [np.array(part) for part in parts]


def _steps(
    a: tuple[float, float], b: tuple[float, float]
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Return a segment cut at each meridian ±180° that it crosses."""
    low, high = sorted((_turn(a[0]), _turn(b[0])))
    at = [turn * TURN - TURN / 2 for turn in range(low, high + 2)]
    inside = sorted((m for m in at if min(a[0], b[0]) < m < max(a[0], b[0])), reverse=a[0] > b[0])
    share = [(m - a[0]) / (b[0] - a[0]) for m in inside]
    middle = [(m, a[1] + s * (b[1] - a[1])) for m, s in zip(inside, share, strict=True)]
    return list(pairwise([a, *middle, b]))


def _turn(x: float) -> int:
    return int(np.floor((x + TURN / 2) / TURN))


def _unwrap(x: Floats) -> Floats:
    """Return longitudes that run on where a step goes over the antimeridian."""
    steps = np.diff(x)
    over = (np.abs(steps) > TURN / 2) & (np.abs(steps) < TURN)
    shift = np.where(over, -np.sign(steps) * TURN, 0.0)
    return np.asarray(x + np.concatenate([[0.0], np.cumsum(shift)]))


def _cut_polygon(polygon: shapely.Polygon) -> shapely.Geometry:
    shell = _ring(polygon.exterior)
    west, east = shell[:, 0].min(), shell[:, 0].max()
    holes = [_ring(hole) for hole in polygon.interiors]
    for hole in holes:
        hole[:, 0] -= TURN * np.floor((hole[:, 0].min() - west) / TURN)
    if east - west > TURN:
        raise BadCoordinate("The polygon goes round the world", "多边形环绕地球一周")
    whole = shapely.Polygon(shell, holes)
    if not whole.is_valid:
        reason = shapely.is_valid_reason(whole)
        raise BadCoordinate(f"The polygon crosses itself: {reason}", f"多边形自交：{reason}")
    parts = []
    for turn in range(_turn(west), _turn(east) + 1):
        window = shapely.box(turn * TURN - 180, -90, turn * TURN + 180, 90)
        parts.append(translate(shapely.intersection(whole, window), -TURN * turn))
    polygons = [p for p in shapely.get_parts(parts) if p.geom_type == "Polygon" and p.area > 0]
    return polygons[0] if len(polygons) == 1 else shapely.multipolygons(polygons)


def _ring(ring: shapely.LinearRing) -> Floats:
    xy: Floats = shapely.get_coordinates(ring)
    xy[:, 0] = _unwrap(xy[:, 0])
    if xy[0, 0] != xy[-1, 0]:
        raise BadCoordinate("The polygon goes round a pole", "多边形环绕极点")
    return xy

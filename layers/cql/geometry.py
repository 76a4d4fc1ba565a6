"""Spatial literals and functions of CQL2; geometries are EPSG:4326, distances metres."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

import orjson
import shapely
from geoalchemy2 import Geography
from sqlalchemy import LargeBinary, and_, func, literal, or_
from sqlalchemy import cast as sql_cast

from layers.cql.types import Expression, Node, Typed, bad
from spatial.errors import BadParameter
from spatial.geo import crs
from spatial.geo.antimeridian import TURN, split
from spatial.geo.crs import CRS84, Crs

FUNCTIONS: dict[str, Callable[[Expression, Expression], Expression]] = {
    "s_intersects": func.ST_Intersects,
    "s_within": func.ST_Within,
    "s_contains": func.ST_Contains,
    "s_disjoint": func.ST_Disjoint,
    "s_equals": func.ST_Equals,
    "s_touches": func.ST_Touches,
    "s_crosses": func.ST_Crosses,
    "s_overlaps": func.ST_Overlaps,
}
UNITS_M = {
    "m": 1.0, "meter": 1.0, "meters": 1.0, "metre": 1.0, "metres": 1.0,
    "km": 1000.0, "kilometer": 1000.0, "kilometers": 1000.0, "kilometre": 1000.0,
    "kilometres": 1000.0, "mi": 1609.344, "nmi": 1852.0, "ft": 0.3048,
}  # fmt: skip
Bounds = tuple[float, float, float, float]
MAX_DISTANCE_M = 2_000_000.0
_DEGREE_M = 110_500.0
"""Shortest metres of a degree of latitude, so that boxes are never too small."""


def literal_geometry(node: dict[str, Node], system: Crs = CRS84) -> Typed:
    """Return a GeoJSON or bbox literal as a bound geometry, cut where it crosses ±180°.

    Parameters
    ----------
    node
        The literal; a box whose west is east of its east crosses the antimeridian.
    system
        What its coordinates are in, in the axis order of its authority.

    Raises
    ------
    BadParameter
        It is no valid geometry on the globe.
    """
    within = _box(node["bbox"], system) if "bbox" in node else _shape(node, system)
    if not shapely.is_valid(within):
        reason = shapely.is_valid_reason(within)
        raise bad(f"The geometry is not valid: {reason}", f"几何无效：{reason}")
    return bound(within)


def bound(shape: shapely.Geometry) -> Typed:
    """Return a shapely geometry as a bound literal."""
    data = shapely.to_wkb(shape)
    return Typed(func.ST_GeomFromWKB(literal(data, LargeBinary), crs.WGS84), "geometry", shape)


def _shape(node: dict[str, Node], system: Crs) -> shapely.Geometry:
    try:
        shape = shapely.from_geojson(orjson.dumps(node))
        if shape is None or shape.is_empty:
            raise ValueError
        shape = crs.transform_geometry(shape, system, crs.CRS84, official_axes=True)
        if not all(map(math.isfinite, shape.bounds)):
            raise ValueError
    except (ValueError, TypeError, KeyError, shapely.errors.GEOSException):
        raise _no_geometry(node) from None
    west, south, east, north = shape.bounds
    if not (west >= -TURN and east <= TURN and south >= -90 and north <= 90):
        raise _outside()
    if west >= TURN / 2 < east or east <= -TURN / 2 > west:
        raise _outside()
    return split(shape)


def _box(numbers: Node, system: Crs) -> shapely.Geometry:
    """Return a box; one whose west is east of its east has a part on each side of ±180°."""
    try:
        if not isinstance(numbers, list):
            raise TypeError
        box = [float(x) for x in cast(list[float], numbers)]
        x0, y0, x1, y1 = box if len(box) == 4 else (*box[:2], *box[3:5])
        west, south, east, north = crs.box_in_degrees((x0, y0, x1, y1), system)
        if not all(map(math.isfinite, (west, south, east, north))):
            raise ValueError
    except (ValueError, TypeError):
        raise _no_geometry({"bbox": numbers}) from None
    if max(abs(west), abs(east)) > TURN / 2 or not -90 <= south <= north <= 90:
        raise _outside()
    pairs = [(west, east)] if west <= east else [(west, TURN / 2), (-TURN / 2, east)]
    parts = [shapely.box(a, south, b, north) for a, b in pairs if a < b or west <= east]
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


def _outside() -> BadParameter:
    return bad("The geometry lies outside the globe", "几何超出经纬度范围")


def _no_geometry(node: dict[str, Node]) -> BadParameter:
    return bad(f"Not a geometry: {str(node)[:80]}", f"不是有效的几何：{str(node)[:80]}")


def relation(op: str, args: list[Typed]) -> Typed:
    """Return a spatial relation of two geometries."""
    first, second = args
    _need_geometries(op, first, second)
    return Typed(FUNCTIONS[op](first.expression, second.expression), "bool")


def within_distance(first: Typed, second: Typed, distance: Node, unit: Node = "m") -> Typed:
    """Return whether two geometries lie within a geodesic distance; one must be a literal."""
    _need_geometries("s_dwithin", first, second)
    shape, column = (second, first) if second.is_literal else (first, second)
    if not shape.is_literal:
        raise bad("s_dwithin needs one literal geometry", "s_dwithin 需要一个几何常量")
    sides = _sides(shape.value)
    if any(max(east - west, north - south) >= TURN / 2 for west, south, east, north in sides):
        raise bad(
            "s_dwithin takes geometries less than 180 degrees wide and high",
            "s_dwithin 的几何跨度必须小于 180 度",
        )
    metres = _metres(distance, unit)
    near = func.ST_DWithin(_geography(column), _geography(shape), literal(metres))
    boxes = [box for side in sides for box in _around(side, metres)]
    found = or_(*(column.expression.op("&&")(bound(box).expression) for box in boxes))
    return Typed(and_(found, near), "bool")


def _sides(shape: shapely.Geometry) -> list[Bounds]:
    """Return the bounds of a shape, or of what lies on each side of the antimeridian."""
    whole: Bounds = shape.bounds
    if whole[2] - whole[0] < TURN / 2 or not hasattr(shape, "geoms"):
        return [whole]
    parts = shapely.get_parts(shape)
    west = shapely.bounds(parts)[:, 0] < 0
    return [tuple(shapely.total_bounds(some)) for some in (parts[west], parts[~west]) if len(some)]


def _metres(distance: Node, unit: Node) -> float:
    if not isinstance(distance, (int, float)) or isinstance(distance, bool):
        raise bad("s_dwithin needs a number as distance", "s_dwithin 的距离必须是数字")
    if str(unit).lower() not in UNITS_M:
        raise bad(
            f"Unknown unit {str(unit)[:20]!r}",
            f"未知单位 {str(unit)[:20]!r}",
            mend_en=f"Use one of: {', '.join(UNITS_M)}.",
            mend_zh=f"可用单位：{'、'.join(UNITS_M)}。",
        )
    metres = float(distance) * UNITS_M[str(unit).lower()]
    if not 0 <= metres <= MAX_DISTANCE_M:
        raise bad(
            f"The distance must be 0 to {MAX_DISTANCE_M:.0f} m",
            f"距离必须在 0 到 {MAX_DISTANCE_M:.0f} 米之间",
        )
    return metres


def _geography(value: Typed) -> Expression:
    return sql_cast(value.expression, Geography(srid=crs.WGS84))


def _around(bounds: Bounds, metres: float) -> list[shapely.Geometry]:
    """Return boxes that hold all within a distance of bounds, on both sides of ±180°."""
    west, south, east, north = bounds
    high = metres / _DEGREE_M
    furthest = min(max(abs(south - high), abs(north + high)), 89.0)
    wide = high / math.cos(math.radians(furthest))
    low, top = south - high, north + high
    left, right = west - wide, east + wide
    if right - left >= TURN:
        ends = [(-TURN / 2, TURN / 2)]
    elif left < -TURN / 2:
        ends = [(left + TURN, TURN / 2), (-TURN / 2, right)]
    elif right > TURN / 2:
        ends = [(left, TURN / 2), (-TURN / 2, right - TURN)]
    else:
        ends = [(left, right)]
    return [shapely.box(a, low, b, top) for a, b in ends]


def _need_geometries(op: str, *args: Typed) -> None:
    if any(arg.type != "geometry" for arg in args):
        raise bad(f"{op} needs geometries", f"{op} 需要几何")

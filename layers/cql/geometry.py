"""Spatial literals and functions of CQL2; geometries are EPSG:4326, distances metres."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import orjson
import shapely
from geoalchemy2 import Geography
from sqlalchemy import LargeBinary, and_, cast, func, literal

from layers.cql.types import Typed, bad
from spatial.geo import crs

FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
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
MAX_DISTANCE_M = 2_000_000.0
_DEGREE_M = 110_500.0
"""Shortest metres of a degree of latitude, so that boxes are never too small."""


def literal_geometry(node: dict[str, Any]) -> Typed:
    """Return a GeoJSON or bbox literal as a bound geometry.

    Raises
    ------
    BadParameter
        It is no valid geometry on the globe.
    """
    shape = _shape(node)
    if not shapely.is_valid(shape):
        reason = shapely.is_valid_reason(shape)
        raise bad(f"The geometry is not valid: {reason}", f"几何无效：{reason}")
    west, south, east, north = shape.bounds
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise bad("The geometry lies outside the globe", "几何超出经纬度范围")
    return bound(shape)


def bound(shape: Any) -> Typed:
    """Return a shapely geometry as a bound literal."""
    data = shapely.to_wkb(shape)
    return Typed(func.ST_GeomFromWKB(literal(data, LargeBinary), crs.WGS84), "geometry", shape)


def _shape(node: dict[str, Any]) -> Any:
    try:
        if "bbox" in node:
            box = [float(x) for x in node["bbox"]]
            west, south, east, north = box if len(box) == 4 else (*box[:2], *box[3:5])
            shape = shapely.box(west, south, east, north)
        else:
            shape = shapely.from_geojson(orjson.dumps(node))
        if shape is None or shape.is_empty or not all(map(math.isfinite, shape.bounds)):
            raise ValueError
    except (ValueError, TypeError, KeyError, shapely.errors.GEOSException):
        raise bad(
            f"Not a geometry: {str(node)[:80]}", f"不是有效的几何：{str(node)[:80]}"
        ) from None
    return shape


def relation(op: str, args: list[Typed]) -> Typed:
    """Return a spatial relation of two geometries."""
    first, second = args
    _need_geometries(op, first, second)
    return Typed(FUNCTIONS[op](first.expression, second.expression), "bool")


def within_distance(first: Typed, second: Typed, distance: Any, unit: Any = "m") -> Typed:
    """Return whether two geometries lie within a geodesic distance; one must be a literal."""
    _need_geometries("s_dwithin", first, second)
    shape, column = (second, first) if second.is_literal else (first, second)
    if not shape.is_literal:
        raise bad("s_dwithin needs one literal geometry", "s_dwithin 需要一个几何常量")
    west, south, east, north = shape.value.bounds
    if east - west >= 180 or north - south >= 180:
        raise bad(
            "s_dwithin takes geometries less than 180 degrees wide and high",
            "s_dwithin 的几何跨度必须小于 180 度",
        )
    metres = _metres(distance, unit)
    near = func.ST_DWithin(_geography(column), _geography(shape), literal(metres))
    box = _around(shape.value.bounds, metres)
    return Typed(and_(column.expression.op("&&")(bound(box).expression), near), "bool")


def _metres(distance: Any, unit: Any) -> float:
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


def _geography(value: Typed) -> Any:
    return cast(value.expression, Geography(srid=crs.WGS84))


def _around(bounds: tuple[float, float, float, float], metres: float) -> Any:
    west, south, east, north = bounds
    high = metres / _DEGREE_M
    furthest = min(max(abs(south - high), abs(north + high)), 89.0)
    wide = min(high / math.cos(math.radians(furthest)), 360.0)
    return shapely.box(west - wide, south - high, east + wide, north + high)


def _need_geometries(op: str, *args: Typed) -> None:
    if any(arg.type != "geometry" for arg in args):
        raise bad(f"{op} needs geometries", f"{op} 需要几何")

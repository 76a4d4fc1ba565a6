"""Whether a zone of a foreign feed can be one: odd ones are named, never mended in silence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import shapely

from spatial.airspace_rules import FeedBounds, Restriction
from spatial.geo.antimeridian import crosses
from spatial.geo.crs import MERCATOR_MAX_LAT, axes_swapped
from spatial.geo.datum import Floats
from spatial.geo.volumes import Circle
from spatial.geozones.model import GeoZone, ZoneFault, ZoneLimit, ZoneVolume

METRES_PER_DEGREE = 111_320.0
Fault: TypeAlias = tuple[str, str, str]
"""A reason, and what is wrong in English and Chinese."""


def restricted(zone: GeoZone, codes: Mapping[str, Restriction]) -> GeoZone:
    """Return a zone with what a rule makes of its own word.

    Raises
    ------
    ZoneFault
        The rule does not know the word.
    """
    found = codes.get(zone.declared)
    if found is None:
        raise ZoneFault(
            "unknown-class", f"no rule says what {zone.declared!r} asks of flight",
            f"没有规则说明 {zone.declared!r} 的限制", zone.place,
        )  # fmt: skip
    return replace(zone, restriction=found)


def checked(zone: GeoZone, bounds: FeedBounds) -> GeoZone:
    """Return a zone that can be one, with a warning where a slip of its outline was mended.

    Raises
    ------
    ZoneFault
        Names the reason and the volume.
    """
    if not zone.volumes:
        raise ZoneFault("no-geometry", "no geometry", "没有几何", zone.place)
    volumes, warnings = [], list(zone.warnings)
    for number, volume in enumerate(zone.volumes, start=1):
        which = f"geometry {number}: " if len(zone.volumes) > 1 else ""
        found = _mended(volume, bounds)
        if found is not volume:
            warnings.append(
                f"{which}the outline crosses itself by a hair; the splinters are left out"
            )
        fault = _fault(found, bounds)
        if fault is not None:
            reason, en, zh = fault
            raise ZoneFault(reason, which + en, which + zh, zone.place)
        volumes.append(found)
    return replace(zone, volumes=tuple(volumes), warnings=tuple(warnings))


def _mended(volume: ZoneVolume, bounds: FeedBounds) -> ZoneVolume:
    """Return a volume without the splinters of a slip of the pen, itself where there is none."""
    shape = volume.footprint
    if isinstance(shape, Circle) or shape.is_valid or len(shape.exterior.coords) < 4:
        return volume
    xy = shapely.get_coordinates(shape)
    if not np.isfinite(xy).all() or len(xy) > bounds.most_vertices:
        return volume
    parts = shapely.get_parts(shapely.make_valid(shape))
    areas = shapely.area(parts)
    largest = int(np.argmax(areas))
    if parts[largest].geom_type != "Polygon":
        return volume
    whole = float(areas.sum())
    if whole == 0 or 1 - areas[largest] / whole > bounds.mended_share:
        return volume
    return replace(volume, footprint=parts[largest])


def _fault(volume: ZoneVolume, bounds: FeedBounds) -> Fault | None:
    return _upside_down(volume.floor, volume.ceiling) or (
        _circle_fault(volume.footprint, bounds)
        if isinstance(volume.footprint, Circle)
        else _polygon_fault(volume.footprint, bounds)
    )


def _upside_down(floor: ZoneLimit, ceiling: ZoneLimit | None) -> Fault | None:
    limits = [floor] if ceiling is None else [floor, ceiling]
    if not all(math.isfinite(one.value_m) for one in limits):
        return "not-finite", "a height that is no number", "高度不是数字"
    if ceiling is None or floor.datum != ceiling.datum or floor.value_m < ceiling.value_m:
        return None
    text = f"{floor.value_m:g} – {ceiling.value_m:g} m {floor.datum}"
    return "floor-above-ceiling", f"floor not below ceiling: {text}", f"下限不低于上限：{text}"


def _circle_fault(circle: Circle, bounds: FeedBounds) -> Fault | None:
    fault = _places_fault(np.array([circle.centre]))
    if fault is not None:
        return fault
    half = circle.radius_m / METRES_PER_DEGREE
    lon, lat = circle.centre
    if 2 * half > bounds.most_side_deg:
        return "too-large", f"radius {circle.radius_m:g} m", f"半径 {circle.radius_m:g} 米过大"
    if abs(lon) + half / max(math.cos(math.radians(lat)), 1e-6) > 180:
        return "antimeridian", "it lies over ±180°", "跨越 ±180° 经线"
    return None


def _polygon_fault(polygon: shapely.Polygon, bounds: FeedBounds) -> Fault | None:
    xy = shapely.get_coordinates(polygon)
    if len(xy) > bounds.most_vertices:
        text = f"{len(xy):,} > {bounds.most_vertices:,}"
        return "too-many-vertices", f"{text} vertices", f"顶点过多：{text}"
    return _places_fault(xy) or _shape_fault(polygon, bounds)


def _places_fault(xy: Floats) -> Fault | None:
    if len(xy) == 0:
        return "no-geometry", "no vertex", "没有顶点"
    if not np.isfinite(xy).all():
        return "not-finite", "a coordinate that is no number", "坐标不是数字"
    if axes_swapped(xy[:1, 0], xy[:1, 1])[0]:
        return "swapped-axes", "latitude before longitude", "经纬度顺序颠倒"
    if (np.abs(xy[:, 0]) > 180).any() or (np.abs(xy[:, 1]) > MERCATOR_MAX_LAT).any():
        return "out-of-range", "a vertex that no map shows", "顶点超出地图范围"
    return None


def _shape_fault(polygon: shapely.Polygon, bounds: FeedBounds) -> Fault | None:
    if crosses(polygon)[0]:
        return "antimeridian", "it steps over ±180°", "跨越 ±180° 经线"
    if not polygon.is_valid:
        why = shapely.is_valid_reason(polygon)
        return "self-intersection", f"not a simple polygon: {why}", f"多边形不合格：{why}"
    if polygon.area == 0:
        return "no-geometry", "no area", "面积为零"
    west, south, east, north = polygon.bounds
    if polygon.interiors and polygon.exterior.equals(shapely.box(*polygon.bounds).exterior):
        return "outside-mask", "a box with holes masks what lies outside", "带孔方框是外部遮罩"
    side = max(east - west, north - south)
    if side > bounds.most_side_deg:
        return "too-large", f"{side:g}° wide, a mask?", f"范围 {side:g}°，疑为遮罩"
    return None

"""The question "may I fly here?": what may be asked, checked to the vertex, as the engine asks it.

Coordinates are longitude and latitude (EPSG:4326). Every refusal names what it refuses by JSON
pointer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence, Sized
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

import numpy as np
import shapely
from pydantic import Field, JsonValue, Strict, model_validator

from layers.processes.runtime.model import Inputs, Lat, Lon, Moment, titled
from layers.processes.runtime.model import Number as AnyNumber
from routing.airspace.ask import Footprint, Heights
from spatial.airspace_rules import Aircraft, Bounds, Task
from spatial.errors import BadParameter
from spatial.geo.crs import distance_m
from spatial.geo.datum import Floats
from spatial.geo.heights import METRES, Datum, Qnh

MOST_POINTS = 100_000
MOST_RADIUS_M = 100_000
Number = Annotated[AnyNumber, Strict()]
"""A number written as one: neither a text nor true or false."""
_WHERE = "/geometry/coordinates"
_PAIR, _MOST_LON, _MOST_LAT = 2, 180.0, 85.0
_SHAPES = {"Point": 0, "Circle": 0, "LineString": 1, "Polygon": 2}


class HeightAsked(Inputs):
    """A height with its datum; a number alone is none."""

    value: Number = Field(ge=-100_000, le=100_000)
    datum: Datum
    unit: Literal["m", "ft"]
    accuracy: Number = Field(default=0.0, ge=0, le=10_000)

    @property
    def metres(self) -> float:
        """The height in metres."""
        return self.value * METRES[self.unit]

    @property
    def slack_m(self) -> float:
        """How far it may be wrong, metres."""
        return self.accuracy * METRES[self.unit]


class BandAsked(Inputs):
    """Heights from a lower to an upper one, both of one datum."""

    lower: HeightAsked
    upper: HeightAsked


class GeometryAsked(Inputs):
    """A GeoJSON Point, LineString or Polygon, or a Circle: a point with `radius_m`.

    A line with `corridor_m` is a corridor, so wide in all.
    """

    type: Literal["Point", "LineString", "Polygon", "Circle"]
    coordinates: list[JsonValue]
    radius_m: Number | None = Field(default=None, gt=0, le=MOST_RADIUS_M)
    corridor_m: Number | None = Field(default=None, gt=0, le=20_000)


class PointsAsked(Inputs):
    """Many points as columns, all at the height asked or each at its own (m, same datum)."""

    lon: list[Annotated[Lon, Strict()]] = Field(min_length=1, max_length=MOST_POINTS)
    lat: list[Annotated[Lat, Strict()]] = Field(min_length=1, max_length=MOST_POINTS)
    height_m: list[Number] | None = Field(default=None, max_length=MOST_POINTS)


class CheckInputs(Inputs):
    """Where, how high, when, with what and for which task somebody wants to fly."""

    geometry: GeometryAsked | None = titled("位置", "Where", default=None)
    points: PointsAsked | None = titled("多个点", "Many points", default=None)
    height: HeightAsked | None = titled("高度", "Height", default=None)
    band: BandAsked | None = titled("高度范围", "Heights", default=None)
    aircraft: Aircraft = titled("航空器类别", "Class of aircraft")
    at: Moment = titled("开始时间", "From")
    until: Moment | None = titled("结束时间", "Until", default=None)
    task: Task = titled("任务类型", "Task", default="ordinary")
    facility: str | None = titled("本单位设施的区域编号", "Zone of the own facility", default=None,
                                  max_length=80)  # fmt: skip
    qnh_hpa: Number | None = titled("修正海压", "QNH (hPa)", default=None, ge=870, le=1085)
    alternatives: bool = titled("给出最近的替代方案", "Look for alternatives", default=True)

    @model_validator(mode="after")
    def _one_of_each(self) -> CheckInputs:
        if (self.geometry is None) == (self.points is None):
            raise ValueError("name either geometry or points")
        if (self.height is None) == (self.band is None):
            raise ValueError("name either height or band, each height with its datum")
        return self


@dataclass(frozen=True)
class Asked:
    """A question as the engine takes it."""

    footprint: Footprint | None
    lon: Floats
    lat: Floats
    heights: Heights
    column_m: Floats | None
    """Heights of many points, each its own."""
    begin: datetime
    end: datetime
    qnh: Qnh | None

    @property
    def is_point(self) -> bool:
        """Whether it is one place."""
        shape = self.footprint
        return shape is not None and shape.shape.geom_type == "Point" and not shape.reach_m


def refused(pointer: str, en: str, zh: str) -> BadParameter:
    """Return the refusal of a member."""
    return BadParameter(f"{pointer}: {en}", f"{pointer}：{zh}", pointer=pointer)


def read_question(inputs: CheckInputs, bounds: Bounds, now: datetime, qnh_m: float) -> Asked:
    """Return a question checked.

    Raises
    ------
    BadParameter
        Something cannot be asked; `pointer` names it.
    """
    begin, end = inputs.at, inputs.until or inputs.at
    if end < begin:
        raise refused("/until", "it ends before it begins", "结束时间早于开始时间")
    check_horizon("/until" if inputs.until else "/at", end, bounds, now)
    qnh = None if inputs.qnh_hpa is None else Qnh(inputs.qnh_hpa, qnh_m)
    none = np.empty(0)
    if inputs.points is not None:
        lon, lat = np.array(inputs.points.lon), np.array(inputs.points.lat)
        column = inputs.points.height_m
        for name, values in (("lat", lat), ("height_m", column)):
            if values is not None and len(values) != len(lon):
                raise refused(f"/points/{name}", "not as many as in lon", "数量与 lon 不一致")
        own = None if column is None else np.array(column)
        return Asked(None, lon, lat, _heights(inputs), own, begin, end, qnh)
    assert inputs.geometry is not None  # noqa: S101
    footprint = read_footprint(inputs.geometry, bounds)
    return Asked(footprint, none, none, _heights(inputs), None, begin, end, qnh)


def check_horizon(pointer: str, end: datetime, bounds: Bounds, now: datetime) -> None:
    """Refuse a flight that ends too far ahead."""
    days = bounds.horizon_days
    if end > now + timedelta(days=days):
        raise refused(pointer, f"more than {days} days ahead", f"超过 {days} 天")


def _heights(inputs: CheckInputs) -> Heights:
    if inputs.height is not None:
        height = inputs.height
        return Heights(height.datum, height.metres, height.metres, height.slack_m)
    assert inputs.band is not None  # noqa: S101
    low, high = inputs.band.lower, inputs.band.upper
    if low.datum != high.datum:
        raise refused("/band/upper/datum", "another datum than the lower", "与下限基准不同")
    if low.metres > high.metres:
        raise refused("/band/lower", "the floor lies above the ceiling", "下限高于上限")
    return Heights(low.datum, low.metres, high.metres, max(low.slack_m, high.slack_m))


def read_footprint(asked: GeometryAsked, bounds: Bounds) -> Footprint:
    """Return a shape checked, and how far around it the flight reaches.

    Raises
    ------
    BadParameter
        It cannot be asked; `pointer` names where.
    """
    kind = asked.type
    if (asked.radius_m is None) == (kind == "Circle"):
        raise refused("/geometry/radius_m", "a Circle has one, nothing else has", "仅 Circle 须有")
    if asked.corridor_m is not None and kind != "LineString":
        raise refused("/geometry/corridor_m", "only a LineString has one", "仅 LineString 可有")
    xy = _positions(asked, bounds.most_vertices)
    shape = _shape(kind, asked.coordinates, xy)
    reach = asked.radius_m or (asked.corridor_m or 0.0) / 2
    if kind == "Point":
        return Footprint(shape, reach)
    return check_size(shape, reach, bounds, "radius_m" if kind == "Circle" else "corridor_m")


def read_area(shape: shapely.Geometry, reach_m: float, bounds: Bounds) -> Footprint:
    """Return a simple polygon, or a point and what is around it, checked as one that is asked for.

    Raises
    ------
    BadParameter
        It cannot be asked.
    """
    xy = shapely.get_coordinates(shape)
    if len(xy) > bounds.most_vertices:
        raise refused(_WHERE, f"more than {bounds.most_vertices:,} vertices", "顶点过多")
    if not _may_be_asked(xy):
        raise refused(_WHERE, "longitude within ±180, latitude within ±85", "经纬度超出范围")
    if reach_m > MOST_RADIUS_M:
        raise refused("/geometry/radius_m", f"over {MOST_RADIUS_M:,} m", "半径过大")
    return check_size(shape, reach_m, bounds, "radius_m")


def check_size(shape: shapely.Geometry, reach: float, bounds: Bounds, name: str) -> Footprint:
    """Return a footprint that is no larger than one may be; `name` is the member of its reach."""
    west, south, east, north = shape.bounds
    sides = distance_m([west, west], [south, south], [east, west], [south, north])
    if float(sides.max()) + 2 * reach > bounds.most_side_m:
        km = bounds.most_side_m / 1000
        raise refused("/geometry", f"longer than {km:g} km", f"超过 {km:g} 公里")
    if reach:
        edges, lat = np.array([-180.0, 180.0]), max(abs(south), abs(north))
        gaps = distance_m(edges, [lat, lat], [west, east], [lat, lat])
        if float(gaps.min()) < reach:
            raise refused(f"/geometry/{name}", "it crosses the antimeridian", "跨越 180° 经线")
    return Footprint(shape, reach)


def _shape(kind: str, given: Sequence[object], xy: Floats) -> shapely.Geometry:
    if kind in ("Point", "Circle"):
        return shapely.Point(xy[0])
    if kind == "LineString":
        line = shapely.LineString(xy) if len(xy) > 1 else shapely.LineString()
        if line.length == 0:
            raise refused(_WHERE, "a line has two places at least", "线至少有两个不同的点")
        return line
    sizes = np.cumsum([len(ring) for ring in given if isinstance(ring, Sized)])[:-1]
    try:
        shell, *holes = (shapely.LinearRing(ring) for ring in np.split(xy, sizes))
    except (ValueError, shapely.errors.GEOSException):
        raise refused(
            _WHERE, "a ring has four places and is closed", "环须闭合且不少于四点"
        ) from None
    polygon = shapely.Polygon(shell, holes)
    if not polygon.is_valid:
        reason = shapely.is_valid_reason(polygon)
        raise refused(_WHERE, f"not a simple polygon: {reason}", f"多边形无效：{reason}")
    return polygon


def _positions(asked: GeometryAsked, most: int) -> Floats:
    """Return all places (n, 2), each checked; too many are refused before any is looked at."""
    depth = _SHAPES[asked.type]
    flat = _flat(asked.coordinates, depth)
    if len(flat) > most:
        raise refused(_WHERE, f"more than {most:,} vertices", "顶点过多")
    xy = _plain(flat)
    return _checked(asked.coordinates, depth) if xy is None else xy


def _flat(node: list[JsonValue], depth: int) -> list[JsonValue]:
    """Return the places of a shape; a ring that is no array stands for itself and is no place."""
    if depth == 0:
        return [node]
    if depth == 1:
        return node
    return [place for ring in node for place in (ring if isinstance(ring, list) else [ring])]


def _plain(places: Sequence[JsonValue]) -> Floats | None:
    """Return places as columns, None where one of them is none or lies where none may be."""
    found = [place for place in places if isinstance(place, list) and len(place) == _PAIR]
    numbers = [number for place in found for number in place]
    if not found or len(found) < len(places) or not {*map(type, numbers)} <= {int, float}:
        return None
    try:
        xy = np.array(numbers, float).reshape(-1, _PAIR)
    except OverflowError:
        return None
    return xy if _may_be_asked(xy) else None


def _may_be_asked(xy: Floats) -> bool:
    """Tell whether places lie where they may, and no step leads over the antimeridian."""
    lon, lat = np.abs(xy.T)
    jumps = np.abs(np.diff(xy[:, 0])) > _MOST_LON
    return bool((lon <= _MOST_LON).all() and (lat <= _MOST_LAT).all() and not jumps.any())


def _checked(coordinates: list[JsonValue], depth: int) -> Floats:
    """Return places, each looked at by itself; the first that cannot be asked is named."""
    found: list[tuple[float, float]] = []
    for pointer, place in _walk(coordinates, _WHERE, depth):
        found.append(_place(pointer, place))
        if len(found) > 1 and abs(found[-1][0] - found[-2][0]) > _MOST_LON:
            raise refused(pointer, "it crosses the antimeridian", "跨越 180° 经线")
    if not found:
        raise refused(_WHERE, "it is empty", "为空")
    return np.array(found)


def _walk(node: object, pointer: str, depth: int) -> Iterator[tuple[str, object]]:
    if depth == 0:
        yield pointer, node
        return
    if not isinstance(node, list):
        raise refused(pointer, "an array of positions", "须为坐标数组")
    for number, child in enumerate(node):
        yield from _walk(child, f"{pointer}/{number}", depth - 1)


def _place(pointer: str, place: object) -> tuple[float, float]:
    if not isinstance(place, list) or len(place) != _PAIR:
        raise refused(pointer, "a position is [longitude, latitude]; heights are asked apart",
                      "坐标为 [经度, 纬度]，高度另行给出")  # fmt: skip
    numbers = [n for n in place if isinstance(n, int | float) and not isinstance(n, bool)]
    if len(numbers) != _PAIR or not all(-math.inf < number < math.inf for number in numbers):
        raise refused(pointer, "two finite numbers", "须为两个有限数")
    lon, lat = numbers
    if not (abs(lon) <= _MOST_LON and abs(lat) <= _MOST_LAT):
        raise refused(pointer, "longitude within ±180, latitude within ±85", "经纬度超出范围")
    return float(lon), float(lat)

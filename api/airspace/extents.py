"""Extents: volumes of space and time as ASTM F3548 writes them, as they are decided and stored.

Heights are metres above the WGS 84 ellipsoid, the only datum that the standard has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Literal

import asyncpg
import shapely
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from spatial.errors import BadParameter
from spatial.geo.heights import Band, Ellipsoidal
from spatial.geo.s2_cover import Cover, cover
from spatial.geo.volumes import Area, Circle, Footprint, LonLat, Volume4D
from spatial.json_types import Document

MOST_VERTICES = 10_000  # ASTM F3548-21, OiMaxVertices
ALWAYS = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
LOWEST_M, HIGHEST_M = -8_000.0, 100_000.0  # of Altitude.value
_TURN = 360.0


class _Given(BaseModel):
    """A part of a body of the standard; members that it does not know are passed over."""

    model_config = ConfigDict(frozen=True)


class LatLngPoint(_Given):
    """A position (degrees, WGS 84)."""

    lat: float = Field(ge=-90, le=90)
    lng: float = Field(ge=-180, le=180)


class Radius(_Given):
    """A radius (m)."""

    value: float = Field(gt=0, allow_inf_nan=False)
    units: Literal["M"]


class CircleBody(_Given):
    """A circle."""

    center: LatLngPoint
    radius: Radius


class PolygonBody(_Given):
    """A polygon of either winding, whose last vertex may repeat the first."""

    vertices: list[LatLngPoint] = Field(min_length=3, max_length=MOST_VERTICES)


class Altitude(_Given):
    """A height (m above the WGS 84 ellipsoid)."""

    value: float = Field(ge=LOWEST_M, le=HIGHEST_M)
    reference: Literal["W84"]
    units: Literal["M"]


def _check_text(given: object) -> object:
    if not isinstance(given, str):
        raise ValueError("a text of RFC 3339")
    return given


class Time(_Given):
    """A moment."""

    value: Annotated[AwareDatetime, BeforeValidator(_check_text)]
    format: Literal["RFC3339"]


class Volume3DBody(_Given):
    """A footprint and its heights."""

    outline_circle: CircleBody | None = None
    outline_polygon: PolygonBody | None = None
    altitude_lower: Altitude | None = None
    altitude_upper: Altitude | None = None


class Volume4DBody(_Given):
    """A volume and its time."""

    volume: Volume3DBody
    time_start: Time | None = None
    time_end: Time | None = None


@dataclass(frozen=True)
class Extent:
    """A footprint, heights (m, W84) and a time."""

    footprint: Footprint
    lower_m: float
    upper_m: float
    begin: datetime
    end: datetime

    @cached_property
    def cover(self) -> Cover:
        """Its cells and boxes."""
        return cover(self.footprint)

    @cached_property
    def volume(self) -> Volume4D:
        """The same as what is compared."""
        band = Band(Ellipsoidal(self.lower_m), Ellipsoidal(self.upper_m))
        return Volume4D(self.footprint, band, self.begin, self.end)


@dataclass(frozen=True)
class Union:
    """All cells, heights and times of some extents: what subscriptions are held against."""

    cells: tuple[int, ...]
    lower_m: float
    upper_m: float
    begin: datetime
    end: datetime

    def joined(self, other: Union | None) -> Union:
        """Return what holds both."""
        if other is None:
            return self
        return Union(
            tuple(sorted({*self.cells, *other.cells})),
            min(self.lower_m, other.lower_m), max(self.upper_m, other.upper_m),
            min(self.begin, other.begin), max(self.end, other.end),
        )  # fmt: skip


def union_of(extents: Sequence[Extent]) -> Union:
    """Return the union of extents."""
    return Union(
        tuple(sorted({cell for one in extents for cell in one.cover.cells})),
        min(one.lower_m for one in extents), max(one.upper_m for one in extents),
        min(one.begin for one in extents), max(one.end for one in extents),
    )  # fmt: skip


def stored_union(row: asyncpg.Record) -> Union:
    """Return the union that a stored entity or subscription has."""
    return Union(tuple(row["cells"]), row["lower_m"], row["upper_m"], row["begins"], row["ends"])


def parse_extents(bodies: Sequence[Volume4DBody], pointer: str = "/extents") -> list[Extent]:
    """Return extents whose heights and times are all stated.

    Raises
    ------
    BadParameter
        A footprint is no simple area, a bound is missing, or bounds are in the wrong order; all
        extents together have too many vertices.
    BodyTooLarge
        A footprint is too large.
    """
    if not bodies:
        raise _refused(pointer, "there is no volume", "没有体积")
    counts = [len(b.volume.outline_polygon.vertices) for b in bodies if b.volume.outline_polygon]
    if sum(counts) > MOST_VERTICES:
        raise _refused(pointer, f"more than {MOST_VERTICES:,} vertices", "顶点过多")
    found = [parse_extent(body, f"{pointer}/{n}", whole=True) for n, body in enumerate(bodies)]
    for one in found:
        _ = one.cover  # whole footprints first: what is no area is not measured
    return found


def parse_extent(body: Volume4DBody, pointer: str, *, whole: bool = False) -> Extent:
    """Return one extent; bounds that are not stated are open, unless `whole` asks for all."""
    volume = body.volume
    for name, given in (
        ("time_start", body.time_start), ("time_end", body.time_end),
        ("volume/altitude_lower", volume.altitude_lower),
        ("volume/altitude_upper", volume.altitude_upper),
    ):  # fmt: skip
        if whole and given is None:
            raise _refused(f"{pointer}/{name}", "it is missing", "缺少此项")
    lower = volume.altitude_lower.value if volume.altitude_lower else LOWEST_M
    upper = volume.altitude_upper.value if volume.altitude_upper else HIGHEST_M
    begin = body.time_start.value if body.time_start else ALWAYS[0]
    end = body.time_end.value if body.time_end else ALWAYS[1]
    if lower > upper or (whole and lower == upper):
        raise _refused(
            f"{pointer}/volume/altitude_lower", "it is not below the upper", "下限须低于上限"
        )
    if begin > end or (whole and begin == end):
        raise _refused(f"{pointer}/time_start", "it is not before the end", "开始须早于结束")
    return Extent(_footprint(volume, f"{pointer}/volume"), lower, upper, begin, end)


def footprint_of(shape: bytes, radius_m: float | None) -> Footprint:
    """Return a stored footprint."""
    geometry = shapely.from_wkb(shape)
    if radius_m is not None:
        return Circle((geometry.x, geometry.y), radius_m)
    return Area(geometry)


def stored_shape(footprint: Footprint) -> tuple[bytes, float | None]:
    """Return how a footprint is stored: as WKB in degrees, a circle by its centre and radius."""
    if isinstance(footprint, Circle):
        return shapely.to_wkb(shapely.Point(footprint.centre)), footprint.radius_m
    return shapely.to_wkb(footprint.polygon), None


def written(extent: Extent) -> Document:
    """Return an extent as the standard writes it."""
    volume: Document = {
        "altitude_lower": {"value": extent.lower_m, "reference": "W84", "units": "M"},
        "altitude_upper": {"value": extent.upper_m, "reference": "W84", "units": "M"},
    }
    if isinstance(extent.footprint, Circle):
        lon, lat = extent.footprint.centre
        radius = {"value": extent.footprint.radius_m, "units": "M"}
        volume["outline_circle"] = {"center": {"lat": lat, "lng": lon}, "radius": radius}
    else:
        ring = extent.footprint.polygon.exterior.coords[:-1]
        vertices = [{"lat": lat, "lng": _wrapped(lon)} for lon, lat in ring]
        volume["outline_polygon"] = {"vertices": vertices}
    times = written_time(extent.begin), written_time(extent.end)
    return {"volume": volume, "time_start": times[0], "time_end": times[1]}


def written_time(moment: datetime) -> dict[str, str]:
    """Return a moment as the standard writes it, in UTC."""
    text = moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {"value": text, "format": "RFC3339"}


def _footprint(volume: Volume3DBody, pointer: str) -> Footprint:
    circle, polygon = volume.outline_circle, volume.outline_polygon
    if (circle is None) == (polygon is None):
        raise _refused(pointer, "one of outline_circle and outline_polygon", "须为圆或多边形之一")
    if circle is not None:
        return Circle((circle.center.lng, circle.center.lat), circle.radius.value)
    assert polygon is not None  # noqa: S101
    try:
        return Area(shapely.Polygon(_unwrapped((v.lng, v.lat) for v in polygon.vertices)))
    except (BadParameter, ValueError) as error:
        raise _refused(f"{pointer}/outline_polygon", str(error), "不是简单多边形") from error


def _unwrapped(ring: Iterable[LonLat]) -> list[LonLat]:
    """Return a ring whose steps are all the short way round, over the antimeridian if need be."""
    found: list[LonLat] = []
    for lon, lat in ring:
        turns = round((found[-1][0] - lon) / _TURN) if found else 0
        found.append((lon + turns * _TURN, lat))
    return found


def _wrapped(lon: float) -> float:
    return (lon + 180.0) % _TURN - 180.0 if abs(lon) > 180.0 else lon


def _refused(pointer: str, en: str, zh: str) -> BadParameter:
    return BadParameter(f"{pointer}: {en}", f"{pointer}：{zh}", pointer=pointer)

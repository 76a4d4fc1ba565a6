"""Covers of footprints: the S2 cells that they touch, and boxes around them in degrees.

S2 works on a sphere with great circles, our footprints are on the ellipsoid with straight lines in
a local plane (`spatial.geo.volumes`). Both are grown here by what may lie between the two, so that
a cover never misses what its footprint holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from spatial.errors import BadParameter, BodyTooLarge
from spatial.geo.volumes import Circle, Footprint

LEVEL = 13
"""Cells of about 1.1 km: the level of the common DSS, so that others look for the same."""
SPHERE_M = 6_371_010.0
MOST_KM2 = 2_500.0
"""Largest footprint, as that of the common DSS."""
MOST_EDGE_M = 1_000_000.0
"""Longest way around a footprint: a sliver has little area and many cells."""
MOST_CELLS = 1_000_000
_GROWN = 1.006  # the ellipsoid's radii differ by 0.34 %; great circles bulge by less
_MARGIN_M = 20.0
_LOW_BITS = 35  # of an id of this level that are the same in every cell

Box = tuple[float, float, float, float]
if TYPE_CHECKING:  # the library is loaded when first asked: most processes never need it
    import s2geometry

    _Region: TypeAlias = s2geometry.S2LatLngRect | s2geometry.S2Cap | s2geometry.S2Loop


@dataclass(frozen=True, slots=True)
class Cover:
    """Cells (as signed 64-bit numbers, sorted) and boxes (west, south, east, north) in degrees.

    A footprint over the antimeridian has two boxes.
    """

    cells: tuple[int, ...]
    boxes: tuple[Box, ...]


def cover(footprint: Footprint) -> Cover:
    """Return the cover of a footprint.

    Raises
    ------
    BadParameter
        Its edges cross or meet on the globe.
    BodyTooLarge
        It is larger than `MOST_KM2`, or longer around than `MOST_EDGE_M`.
    """
    import s2geometry as s2

    region, area_km2, edge_m = (
        _circle(footprint)
        if isinstance(footprint, Circle)
        else _loop([(lon, lat) for lon, lat in footprint.polygon.exterior.coords[:-1]])
    )
    if area_km2 > MOST_KM2 or edge_m > MOST_EDGE_M:
        raise BodyTooLarge(
            f"The area is too large: {area_km2:,.0f} km², {edge_m / 1000:,.0f} km around;"
            f" at most {MOST_KM2:,.0f} km² and {MOST_EDGE_M / 1000:,.0f} km",
            f"范围过大：{area_km2:,.0f} 平方公里，周长 {edge_m / 1000:,.0f} 公里；"
            f"最多 {MOST_KM2:,.0f} 平方公里、{MOST_EDGE_M / 1000:,.0f} 公里",
            mend_en="Ask for a smaller area.", mend_zh="请缩小范围。",
        )  # fmt: skip
    rect = region.GetRectBound().ExpandedByDistance(
        s2.S1Angle.Radians((_MARGIN_M + edge_m * 0.001) / SPHERE_M)
    )
    coverer = s2.S2RegionCoverer()
    coverer.set_fixed_level(LEVEL)
    coverer.set_max_cells(MOST_CELLS)
    cells = sorted(_signed(cell.id()) for cell in coverer.GetCovering(region))
    return Cover(tuple(cells), _boxes(rect))


def boxes_of(cells: Iterable[int]) -> tuple[Box, ...]:
    """Return boxes that hold cells whole."""
    import s2geometry as s2

    rect = s2.S2LatLngRect.Empty()
    for cell in cells:
        rect = rect.Union(s2.S2Cell(s2.S2CellId(cell % 2**64)).GetRectBound())
    return _boxes(rect)


def slot(cell: int, slots: int) -> int:
    """Return which of so many slots a cell falls into; neighbours fall into different ones."""
    return (cell % 2**64 >> _LOW_BITS) % slots


def _signed(number: int) -> int:
    return number - 2**64 if number >= 2**63 else number


def _circle(circle: Circle) -> tuple[_Region, float, float]:
    import s2geometry as s2

    lon, lat = circle.centre
    angle = s2.S1Angle.Radians(circle.radius_m * _GROWN / SPHERE_M)
    cap = s2.S2Cap(s2.S2LatLng.FromDegrees(lat, lon).Normalized().ToPoint(), angle)
    around_m = math.tau * circle.radius_m
    return cap, around_m * circle.radius_m / 2e6, around_m


def _loop(ring: list[tuple[float, float]]) -> tuple[_Region, float, float]:
    import s2geometry as s2

    ring = [
        place for place, before in zip(ring, [ring[-1], *ring], strict=False) if place != before
    ]
    points = [s2.S2LatLng.FromDegrees(lat, lon).Normalized().ToPoint() for lon, lat in ring]
    loop = s2.S2Loop()
    loop.Init(points)
    if not loop.IsValid():
        raise BadParameter("no simple area on the globe", "在球面上不是简单区域")
    loop.Normalize()
    ends = zip(points, [*points[1:], points[0]], strict=True)
    edge_m = sum(s2.S1Angle(a, b).radians() for a, b in ends) * SPHERE_M
    return loop, loop.GetArea() * SPHERE_M**2 / 1e6, edge_m


def _boxes(rect: _Region) -> tuple[Box, ...]:
    south, north = rect.lat_lo().degrees(), rect.lat_hi().degrees()
    west, east = rect.lng_lo().degrees(), rect.lng_hi().degrees()
    if west <= east:
        return ((west, south, east, north),)
    return (west, south, 180.0, north), (-180.0, south, east, north)

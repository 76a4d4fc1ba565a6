"""Volumes in space and time: a footprint, a band of heights, a time half-open at its end.

Footprints are polygons or circles in degrees [longitude, latitude], CGCS2000. Two of them are held
against each other in metres, in the azimuthal equidistant plane around the first one: exact along
the rays from its middle, and to some centimetres within 10 km. Lines between vertices are straight
in that plane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from spatial.errors import BadParameter
from spatial.geo.crs import GEOD
from spatial.geo.heights import Band

CIRCLE_VERTICES = 128
TOUCHING_M = 0.01  # ASTM F3548-21: overlaps above 1 cm count

LonLat = tuple[float, float]


def geodesic_ring(
    lon: float, lat: float, radius_m: float, vertices: int = CIRCLE_VERTICES
) -> NDArray[np.float64]:
    """Return a closed circle (vertices + 1, 2), degrees, clockwise, at a geodesic distance."""
    azimuth = np.linspace(0.0, 360.0, vertices, endpoint=False)
    lons, lats, _ = GEOD.fwd(
        np.full(vertices, lon), np.full(vertices, lat), azimuth, np.full(vertices, radius_m)
    )
    ring = np.column_stack([lons, lats])
    return np.vstack([ring, ring[:1]])


@dataclass(frozen=True)
class Plane:
    """The azimuthal equidistant plane (m) around a point in degrees: x east, y north."""

    origin: LonLat

    def project(self, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return metres (n, 2) of positions (n, 2) in degrees."""
        start = np.broadcast_to(np.asarray(self.origin, float), lonlat.shape)
        azimuth, _, metres = GEOD.inv(start[:, 0], start[:, 1], lonlat[:, 0], lonlat[:, 1])
        angle = np.radians(azimuth)
        return np.column_stack([metres * np.sin(angle), metres * np.cos(angle)])

    def unproject(self, metres: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return positions (n, 2) in degrees of metres (n, 2) in the plane."""
        lon, lat, _ = GEOD.fwd(
            np.full(len(metres), self.origin[0]), np.full(len(metres), self.origin[1]),
            np.degrees(np.arctan2(metres[:, 0], metres[:, 1])), np.hypot(*metres.T),
        )  # fmt: skip
        return np.column_stack([lon, lat])

    def shape(self, geometry: shapely.Geometry) -> shapely.Geometry:
        """Return a geometry in degrees in metres of the plane."""
        return shapely.transform(geometry, self.project)


@dataclass(frozen=True)
class Circle:
    """A circle around a point in degrees; the radius is geodesic."""

    centre: LonLat
    radius_m: float

    def __post_init__(self) -> None:
        if not 0 < self.radius_m < 1_000_000:
            raise BadParameter(
                f"radius_m {self.radius_m:g} is not above 0", f"半径 {self.radius_m:g} 须大于 0"
            )

    @property
    def middle(self) -> LonLat:
        """The centre."""
        return self.centre

    @cached_property
    def polygon(self) -> shapely.Polygon:
        """Return the circle as a polygon in degrees: to be drawn and indexed, not to decide."""
        return shapely.Polygon(geodesic_ring(*self.centre, self.radius_m))

    def reaches(self, plane: Plane) -> tuple[shapely.Geometry, float]:
        """Return a shape in metres and how far around it the footprint reaches."""
        centre = plane.project(np.array([self.centre]))[0]
        return shapely.Point(centre), self.radius_m


@dataclass(frozen=True, eq=False)
class Area:
    """A polygon in degrees, valid and of one part."""

    polygon: shapely.Polygon

    def __post_init__(self) -> None:
        shape = self.polygon
        if shape.geom_type != "Polygon" or shape.is_empty or not shape.is_valid:
            reason = shapely.is_valid_reason(shape)
            raise BadParameter(f"not a simple polygon: {reason}", f"不是简单多边形：{reason}")

    @property
    def middle(self) -> LonLat:
        """The middle of its box."""
        west, south, east, north = self.polygon.bounds
        return (west + east) / 2, (south + north) / 2

    def reaches(self, plane: Plane) -> tuple[shapely.Geometry, float]:
        """Return the polygon in metres; it reaches no further.

        Far from its middle, or over a pole, a plane may turn over what is simple in degrees.
        """
        shape = plane.shape(self.polygon)
        return (shape if shape.is_valid else shapely.make_valid(shape)), 0.0


Footprint: TypeAlias = Circle | Area


def footprints_overlap(one: Footprint, other: Footprint) -> bool:
    """Tell whether two footprints share more than a strip of 1 cm; what only touches does not."""
    plane = Plane(one.middle)
    (shape, reach), (against, margin) = one.reaches(plane), other.reaches(plane)
    if reach or margin:
        return bool(shapely.distance(shape, against) < reach + margin - TOUCHING_M)
    shared = shapely.intersection(shape, against)
    return not shapely.buffer(shared, -TOUCHING_M / 2).is_empty


@dataclass(frozen=True)
class Volume4D:
    """A footprint, a band of heights, and a time from `begin` until before `end`."""

    footprint: Footprint
    band: Band
    begin: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.begin.tzinfo is None or self.end.tzinfo is None:
            raise BadParameter("a time needs its offset", "时间须带时区")
        if not self.begin < self.end:
            raise BadParameter("the time must begin before it ends", "开始时间须早于结束时间")

    def overlaps(self, other: Volume4D) -> bool:
        """Tell whether two volumes share space at some time; what only touches does not.

        Raises
        ------
        DatumMismatch
            Limits of height are of different datums; see `Band.overlaps`.
        """
        return (
            self.begin < other.end
            and other.begin < self.end
            and self.band.overlaps(other.band)
            and footprints_overlap(self.footprint, other.footprint)
        )


def any_overlap(some: Sequence[Volume4D], others: Sequence[Volume4D]) -> bool:
    """Tell whether a volume of the first shares space and time with one of the second."""
    return any(one.overlaps(other) for one in some for other in others)

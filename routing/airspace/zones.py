"""The zones of the air as columns, and which of them lie over places and shapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from spatial.airspace_rules import Restriction
from spatial.geo.crs import GEOD
from spatial.geo.datum import Floats
from spatial.geo.heights import Datum
from spatial.geo.volumes import CIRCLE_VERTICES, Circle, Plane
from spatial.geozones.schedule import Timetable

Sort = Literal["airspace", "controlled_ground", "airspace_restriction"]
Whole: TypeAlias = NDArray[np.int64]
_NEAR = 1e-3
"""Within this share of its radius a circle's edge is measured by the geodesic."""
_AXIS_M, _E2 = GEOD.a, GEOD.es


@dataclass(frozen=True)
class Limit:
    """One limit of height of a zone.

    `value_m` None with a datum: nobody knows it (an aerodrome without elevation). A zone whose
    limit is None has no limit there. `included`: the height exactly at it belongs to the zone.
    """

    value_m: float | None
    datum: Datum | None
    included: bool = True


@dataclass(frozen=True)
class Zone:
    """A volume of the air that says something: where, between which heights, when, and what."""

    id: str
    sort: Sort
    level: str
    """Class of airspace, or category of ground."""
    restriction: Restriction
    shape: shapely.Geometry = field(repr=False)
    circle: Circle | None
    floor: Limit | None
    ceiling: Limit | None
    begin: datetime | None
    end: datetime | None
    name_zh: str
    name_en: str
    rule: str | None
    legal_text: str | None
    authority: tuple[str, str]
    origin: str
    uncertain: bool = False
    """It stands or not by something that nobody told, such as whether a field has a tower."""
    timetable: Timetable | None = None
    """When it holds between `begin` and `end`; None is always."""


class Zones:
    """Zones with what is needed to find those over a place."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        self.all = tuple(zones)
        self.begin_s = np.array([_epoch(z.begin, -np.inf) for z in zones])
        self.end_s = np.array([_epoch(z.end, np.inf) for z in zones])
        self._scheduled = np.array([z.timetable is not None for z in zones], bool)
        shapes = np.array([_index_shape(zone) for zone in zones], dtype=object)
        self.shapes = np.array([zone.shape for zone in zones], dtype=object)
        shapely.prepare(self.shapes)
        self._tree = shapely.STRtree(shapes)
        self._boxes = shapely.bounds(shapes) if len(zones) else np.empty((0, 4))

    def __len__(self) -> int:
        return len(self.all)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each zone by its id."""
        return {zone.id: number for number, zone in enumerate(self.all)}

    def in_force(self, zone: Whole, begin_s: float, end_s: float) -> NDArray[np.bool_]:
        """Tell which of some zones are in force at some time (s since 1970) of [begin, end)."""
        until_s = max(end_s, float(np.nextafter(begin_s, np.inf)))
        held: NDArray[np.bool_] = (self.begin_s[zone] < until_s) & (self.end_s[zone] > begin_s)
        for number in set(zone[held & self._scheduled[zone]].tolist()):
            timetable = self.all[number].timetable
            if timetable is not None and not timetable.in_force(_moment(begin_s), _moment(end_s)):
                held[zone == number] = False
        return held

    def changes(self, zone: Whole, begin_s: float, end_s: float) -> tuple[Floats, Floats]:
        """Return when some zones come into force and end, those of timetables in [begin, end)."""
        begins, ends = [self.begin_s[zone]], [self.end_s[zone]]
        for number in sorted(set(zone[self._scheduled[zone]].tolist())):
            timetable = self.all[number].timetable
            windows = timetable.windows(_moment(begin_s), _moment(end_s)) if timetable else []
            begins.append(_within([one.begin for one in windows], begin_s, end_s))
            ends.append(_within([one.end for one in windows], begin_s, end_s))
        return np.concatenate(begins), np.concatenate(ends)

    def over_point(self, lon: float, lat: float) -> Whole:
        """Return the zones over a place, in order."""
        found = [
            number
            for number in sorted(self._tree.query(shapely.Point(lon, lat)).tolist())
            if self._covers(number, np.array([lon]), np.array([lat]))[0]
        ]
        return np.array(found, np.int64)

    def over_points(self, lon: Floats, lat: Floats) -> tuple[Whole, Whole]:
        """Return the pairs of place and zone over it, by place."""
        order = np.argsort(lon, kind="stable")
        x, y = lon[order], lat[order]
        places, zones = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        box = (x[0], y.min(), x[-1], y.max()) if len(x) else (0.0, 0.0, 0.0, 0.0)
        for number in self.near(*map(float, box)):
            west, south, east, north = self._boxes[number].tolist()
            first, last = x.searchsorted(west, "left"), x.searchsorted(east, "right")
            near = first + np.flatnonzero((y[first:last] >= south) & (y[first:last] <= north))
            if len(near):
                near = near[self._covers(number, x[near], y[near])]
            places.append(order[near])
            zones.append(np.full(len(near), number))
        place, zone = np.concatenate(places), np.concatenate(zones)
        by_place = np.argsort(place, kind="stable")
        return place[by_place], zone[by_place]

    @cached_property
    def changes_s(self) -> Floats:
        """The times (s since 1970) at which a zone begins or ends, in order."""
        times = np.unique(np.concatenate([self.begin_s, self.end_s]))
        return np.asarray(times[np.isfinite(times)])

    def near(self, west: float, south: float, east: float, north: float) -> list[int]:
        """Return the zones that may lie over a box in degrees, in order."""
        found: list[int] = self._tree.query(shapely.box(west, south, east, north)).tolist()
        return sorted(found)

    def over_shape(self, shape: shapely.Geometry, plane: Plane, reach_m: float) -> Whole:
        """Return the zones that a shape touches.

        Parameters
        ----------
        shape
            In degrees, what is `reach_m` around it left out.
        plane
            The plane around the shape.
        reach_m
            How far around the shape it reaches.
        """
        flat = plane.shape(shape)
        wide = buffered(shape, plane, reach_m) if reach_m else shape
        found = []
        for number in sorted(self._tree.query(wide).tolist()):
            circle = self.all[number].circle
            if circle is None:
                touches = bool(shapely.intersects(self.shapes[number], wide))
            else:
                centre = shapely.Point(plane.project(np.array([circle.centre]))[0])
                touches = bool(shapely.distance(centre, flat) <= circle.radius_m + reach_m)
            if touches:
                found.append(number)
        return np.array(found, np.int64)

    def _covers(self, number: int, lon: Floats, lat: Floats) -> NDArray[np.bool_]:
        circle = self.all[number].circle
        if circle is None:
            return np.asarray(shapely.intersects_xy(self.shapes[number], lon, lat))
        return within_circle(circle, lon, lat)


def within_circle(circle: Circle, lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    """Tell which places lie within a circle by geodesic distance, its edge included.

    Far from the edge the mid-latitude formula decides, which is right to 1e-4 there.
    """
    x0, y0 = circle.centre
    middle = np.radians((lat + y0) / 2)
    w2 = 1 - _E2 * np.sin(middle) ** 2
    east = np.radians(lon - x0) * _AXIS_M / np.sqrt(w2) * np.cos(middle)
    north = np.radians(lat - y0) * _AXIS_M * (1 - _E2) / w2**1.5
    metres = np.hypot(east, north)
    close = np.abs(metres - circle.radius_m) <= circle.radius_m * _NEAR + 1.0
    if close.any():
        count = int(close.sum())
        metres[close] = GEOD.inv(np.full(count, x0), np.full(count, y0), lon[close], lat[close])[2]
    return np.asarray(metres <= circle.radius_m)


def buffered(shape: shapely.Geometry, plane: Plane, reach_m: float) -> shapely.Geometry:
    """Return what lies within a distance of a shape, both in degrees."""
    wide = shapely.buffer(plane.shape(shape), reach_m, quad_segs=16)
    return shapely.transform(wide, plane.unproject)


def _epoch(moment: datetime | None, never: float) -> float:
    return never if moment is None else moment.timestamp()


def _moment(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)


def _within(moments: Sequence[datetime], begin_s: float, end_s: float) -> Floats:
    found = np.array([moment.timestamp() for moment in moments], float)
    return found[(found >= begin_s) & (found <= end_s)]


def _index_shape(zone: Zone) -> shapely.Geometry:
    """Return a shape that holds the zone: a circle's polygon lies around it, not in it."""
    if zone.circle is None:
        return zone.shape
    wider = zone.circle.radius_m / np.cos(np.pi / CIRCLE_VERTICES) + 1.0
    return Circle(zone.circle.centre, wider).polygon

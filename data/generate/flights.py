"""Flights of the synthetic day: planned 4D paths, the volumes around them, and what is planted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import cache
from pathlib import Path
from tomllib import loads

import numpy as np
import shapely

from data.facts import Facts
from data.generate.flight_tracks import Track, Ways
from data.generate.world import Floats, Rng
from spatial.geo.geoid import Geoid
from spatial.geo.heights import Band, Ellipsoidal
from spatial.geo.terrain import Terrain
from spatial.geo.volumes import Area, Circle, Footprint, LonLat, Plane, Volume4D, any_overlap

DAY_S = 86_400
_STEP_S, _CLIMB_MS = 40.0, 4.0
_PART_S, _PART_M = 90.0, 3_000.0
_AROUND_S, _BELOW_M, _ABOVE_M = 15, 10.0, 10.0
_MOST_AGL_M, _LEAST_AGL_M = 112.0, 25.0
"""Top of a volume above the lowest ground below it, and how low one flies to keep it."""
_CLEAR_DEG = 0.04
_TRIES = 4_000
_ROUND_POINTS = 13
_UNHURRIED = ("medium", "large")
"""Classes of aircraft that may not fly without an approval at any height."""


@cache
def flight_facts() -> Facts:
    """Return flights.toml."""
    return loads(Path(__file__).with_name("flights.toml").read_text("utf-8"))


@dataclass(frozen=True)
class Ground:
    """The ground and the geoid that heights are made with."""

    terrain: Terrain
    geoid: Geoid

    def above(self, lonlat: Floats, agl_m: float | Floats) -> Floats:
        """Return heights (m, W84) so far above the ground at places (n, 2) in degrees."""
        return self.above_sea(lonlat, self.elevations(lonlat) + agl_m)

    def above_sea(self, lonlat: Floats, amsl_m: float | Floats) -> Floats:
        """Return heights (m, W84) of heights above the sea."""
        return self.geoid.undulations_m(lonlat[:, 0], lonlat[:, 1]) + amsl_m

    def elevations(self, lonlat: Floats) -> Floats:
        """Return the ground (m AMSL); where nothing is known of it, the sea."""
        return np.nan_to_num(self.terrain.elevations_m(lonlat[:, 0], lonlat[:, 1]))

    def lowest(self, shape: shapely.Polygon) -> float:
        """Return the lowest ground (m, W84) of the cells that a box around a shape touches."""
        west, south, east, north = shape.bounds
        side = self.terrain.cell_deg(west, south) or 1.0 / 240
        x, y = np.meshgrid(np.arange(west, east + side, side), np.arange(south, north + side, side))
        return float(self.above(np.column_stack([x.ravel(), y.ravel()]), 0.0).min())


@dataclass(frozen=True)
class Flight:
    """A flight: `path` is (n, 4): lon, lat, height (m, W84), seconds from its begin."""

    key: str
    mission: Facts
    path: Floats
    volumes: tuple[Volume4D, ...]
    priority: int = 0
    waits: bool = False
    begin: datetime = field(init=False)
    end: datetime = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "begin", min(one.begin for one in self.volumes))
        object.__setattr__(self, "end", max(one.end for one in self.volumes))

    @property
    def outline(self) -> shapely.MultiPolygon:
        """All footprints, in degrees."""
        return shapely.MultiPolygon([one.footprint.polygon for one in self.volumes])


class Sky:
    """What is planned already: a flight is taken where it overlaps nothing."""

    def __init__(self, closed: Sequence[tuple[float, float, float, float]]) -> None:
        self.flights: list[Flight] = []
        self._boxes: list[tuple[float, ...]] = []
        self._closed = [shapely.box(*box) for box in closed]

    def add(self, flight: Flight) -> None:
        """Take a flight as it is."""
        self.flights.append(flight)
        self._boxes.append(_box(flight))

    def offer(self, flight: Flight) -> bool:
        """Take a flight that overlaps no other and comes near no restriction; tell whether."""
        box = _box(flight)
        if any(one.intersects(shapely.box(*box[:4])) for one in self._closed):
            return False
        near = self._near(box)
        if any(any_overlap(flight.volumes, self.flights[n].volumes) for n in near):
            return False
        self.add(flight)
        return True

    def _near(self, box: Sequence[float]) -> Sequence[int]:
        known = np.array(self._boxes).reshape(-1, 6)
        apart = (known[:, [2, 3, 5]] < np.array(box)[[0, 1, 4]]).any(axis=1)
        apart |= (known[:, [0, 1, 4]] > np.array(box)[[2, 3, 5]]).any(axis=1)
        found: list[int] = np.flatnonzero(~apart).tolist()
        return found


def _box(flight: Flight) -> tuple[float, ...]:
    return (*flight.outline.bounds, flight.begin.timestamp(), flight.end.timestamp())


def plan_day(rng: Rng, ways: Ways, ground: Ground, day: datetime) -> list[Flight]:
    """Return all flights of a day: what is planted, then draws that keep clear of everything.

    Parameters
    ----------
    rng, ways, ground
        What is drawn from.
    day
        Start of the day, with offset.
    """
    facts = flight_facts()
    missions: Mapping[str, Facts] = {one["id"]: one for one in facts["mission"]}
    sky = Sky([_closed(one) for one in facts["restriction"]])
    for one in facts["planted"]:
        sky.add(_planted(one, missions[one["mission"]], ground, day))
    for mission in missions.values():
        _fill(rng, sky, ways, ground, mission, day, mission["count"], "drawn")
    return sky.flights


def plan_tomorrow(
    rng: Rng, ways: Ways, ground: Ground, day: datetime, today: Sequence[Flight]
) -> list[Flight]:
    """Return the flights of the day after, which wait."""
    facts = flight_facts()
    sky = Sky([_closed(one) for one in facts["restriction"]])
    for one in today:
        sky.add(one)
    mission = facts["mission"][0]
    after = day + timedelta(days=1)
    _fill(rng, sky, ways, ground, mission, after, facts["tomorrow"], "tomorrow")
    return sky.flights[len(today) :]


def _fill(
    rng: Rng, sky: Sky, ways: Ways, ground: Ground, mission: Facts, day: datetime, count: int,
    name: str,
) -> None:  # fmt: skip
    made = 0
    for _ in range(_TRIES):
        if made == count:
            return
        track = ways.draw(rng, mission)
        agl, at = float(rng.uniform(*mission["agl_m"])), day + _hour(rng, mission)
        key = f"{name}:{mission['id']}:{made}"
        flight = track and _flight(key, mission, track, agl, ground, at)
        if flight and flight.end < day + timedelta(days=1) and sky.offer(flight):
            made += 1
    raise RuntimeError(f"no place for {count} flights: {mission['id']}")


def _hour(rng: Rng, mission: Facts) -> timedelta:
    """Return when a flight begins, after midnight: about a busy hour of its mission."""
    first, last = mission["hours"]
    hour = np.clip(rng.normal(rng.choice(mission["peaks"]), 1.8), first, last)
    return timedelta(seconds=round(float(hour) * 3600 + float(rng.uniform(0, 1800))))


def _flight(
    key: str, mission: Facts, track: Track, agl: float, ground: Ground, at: datetime
) -> Flight | None:
    """Return a flight along a track; lower over uneven ground, None where it would be too low."""
    low = mission["aircraft"] not in _UNHURRIED
    while agl >= _LEAST_AGL_M or not low:
        path, parts = _fly(track, mission["speed_ms"], agl, ground)
        volumes, excess = [], 0.0
        whole = [(0, len(path) - 1)] if mission["way"] == "field" else parts
        for first, last in whole:
            volume = _around(track.plane, path[first : last + 1], mission, at)
            volumes.append(volume)
            top = volume.band.upper.value_m if volume.band.upper else 0.0
            excess = max(excess, top - ground.lowest(volume.footprint.polygon) - _MOST_AGL_M)
        if excess <= 0.0 or not low:
            flown = path.copy()
            flown[:, 3] += _AROUND_S
            return Flight(key, mission, flown, tuple(volumes))
        agl -= excess + 1.0
    return None


def _fly(
    track: Track, speed: float, agl: float, ground: Ground
) -> tuple[Floats, list[tuple[int, int]]]:
    """Return the path, seconds from take-off, and its parts as first and last position."""
    line = shapely.segmentize(shapely.LineString(track.points), speed * _STEP_S)
    metres = shapely.get_coordinates(line)
    lonlat = track.plane.unproject(metres)
    spent = np.r_[0.0, np.cumsum(np.hypot(*np.diff(metres, axis=0).T))] / speed + agl / _CLIMB_MS
    heights = ground.above(lonlat, agl)
    path = np.column_stack([lonlat, heights, spent])
    start, end = path[0].copy(), path[-1].copy()
    start[2:] = heights[0] - agl, 0.0
    end[2:] = heights[-1] - agl, end[3] + agl / _CLIMB_MS
    path = np.vstack([start, path, end])
    path[:, 3] = np.round(path[:, 3])
    parts, first = [], 0
    for n in range(2, len(path) - 1):
        lasted = path[n, 3] - path[first, 3]
        if lasted >= _PART_S or lasted * speed >= _PART_M:
            parts.append((first, n))
            first = n
    parts.append((first, len(path) - 1))
    return path, parts


def _around(plane: Plane, path: Floats, mission: Facts, at: datetime) -> Volume4D:
    """Return the volume around a part of a path."""
    line = shapely.LineString(plane.project(path[:, :2]))
    shape = line.convex_hull if mission["way"] == "field" else line
    ring = shapely.buffer(shape, mission["half_m"], quad_segs=3).simplify(1.0).exterior
    area = Area(shapely.Polygon(plane.unproject(shapely.get_coordinates(ring))))
    begin = at + timedelta(seconds=float(path[0, 3]))
    end = at + timedelta(seconds=float(path[-1, 3]) + 2 * _AROUND_S)
    band = _band(float(path[:, 2].min()) - _BELOW_M, float(path[:, 2].max()) + _ABOVE_M)
    return Volume4D(area, band, begin, end)


def _band(low: float, high: float) -> Band:
    return Band(Ellipsoidal(round(low, 1)), Ellipsoidal(round(high, 1)))


def _planted(one: Facts, mission: Facts, ground: Ground, day: datetime) -> Flight:
    """Return a planted flight: one volume, and a path within it."""
    begin, end = (
        day + timedelta(hours=t.hour, minutes=t.minute, seconds=t.second)
        for t in map(time.fromisoformat, one["time"])
    )
    plane = Plane(_middle(one))
    footprint, ring = _footprint(one, plane)
    if "band_m" in one:
        low, high = one["band_m"]
    else:
        low, high = ground.above_sea(np.array([plane.origin]), np.array(one["above_amsl_m"]))
    lonlat = plane.unproject(ring)
    height = np.full(len(ring), (low + high) / 2)
    seconds = np.linspace(0.0, (end - begin).total_seconds(), len(ring))
    path = np.column_stack([lonlat, height, seconds])
    volume = Volume4D(footprint, _band(float(low), float(high)), begin, end)
    return Flight(
        f"planted:{one['id']}", mission, path, (volume,), one.get("priority", 0),
        one.get("waits", False),
    )  # fmt: skip


def _middle(one: Facts) -> LonLat:
    if "line" in one:
        (west, south), (east, north) = one["line"]
        return (west + east) / 2, (south + north) / 2
    lon, lat = one["circle"]
    metres = np.array([[one.get("east_m", 0.0), 0.0]])
    moved = Plane((lon, lat)).unproject(metres)[0]
    return float(moved[0]), float(moved[1])


def _footprint(one: Facts, plane: Plane) -> tuple[Footprint, Floats]:
    """Return a footprint and the way through it (m)."""
    if "line" in one:
        ends = shapely.LineString(plane.project(np.array(one["line"], float)))
        ring = shapely.buffer(ends, one["half_m"], quad_segs=3).exterior
        area = Area(shapely.Polygon(plane.unproject(shapely.get_coordinates(ring))))
        way = shapely.line_interpolate_point(
            ends, np.linspace(0, 1, _ROUND_POINTS), normalized=True
        )
        return area, shapely.get_coordinates(way)
    angle = np.linspace(0.0, 2 * np.pi, _ROUND_POINTS)
    radius = one["radius_m"]
    ring = np.column_stack([np.cos(angle), np.sin(angle)]) * radius * 0.7
    return Circle(plane.origin, radius), ring


def _closed(one: Facts) -> tuple[float, float, float, float]:
    lon, lat = one["circle"]
    return lon - _CLEAR_DEG, lat - _CLEAR_DEG, lon + _CLEAR_DEG, lat + _CLEAR_DEG


def restricted(day: datetime) -> Iterator[tuple[Facts, datetime, datetime]]:
    """Yield the restrictions with begin and end."""
    for one in flight_facts()["restriction"]:
        first, last = one["hours"]
        yield one, day + timedelta(hours=first), day + timedelta(hours=last)

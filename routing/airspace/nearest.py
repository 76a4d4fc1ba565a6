"""The nearest height, time or place at which a flight is free, each looked for on its grid.

Heights are whole metres in the datum asked, times whole minutes, places the middles of BeiDou cells
of level 5 (4″). Every cell of a grid that is near enough is judged as the question was.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from routing.airspace.ask import Heights, levels_at
from routing.airspace.judge import Flight, Judge
from routing.airspace.levels import Joins, Levels
from routing.airspace.verdict import Weight
from routing.airspace.zones import Whole, Zone
from spatial.geo.crs import GEOD
from spatial.geo.datum import Floats
from spatial.geo.heights import Datum
from spatial.geo.volumes import Plane

CELLS_PER_DEGREE = 900
"""Cells of level 5 of GB/T 39409-2020: 4″."""
MINUTE_S = 60.0
CHANGES_S = 8 * 86_400.0
"""How far ahead the daily hours of zones are looked through: a week and a day."""
_RINGS = (8.0, 4.0, 2.0, 1.0)
"""Places are looked for in rings up to these parts of the distance: most are found near by."""
_ABOUT = 0.95, 1.05
"""Within which share of its geodesic length a distance by degrees lies up to 80° of latitude."""
_SURE = 0.99
"""What is taken of a distance to the edge of a zone, which is straight in another plane."""


@dataclass(frozen=True)
class Place:
    """Where a question was asked, at which heights and for which flight."""

    lon: float
    lat: float
    heights: Heights
    flight: Flight


@dataclass(frozen=True)
class Search:
    """What is looked through: the air, what joins datums there, how far."""

    judge: Judge
    joins: Joins
    search_m: float
    search_height_m: float


def nearest_height(search: Search, asked: Place) -> float | None:
    """Return the nearest whole metre (of the lower end) that is free; the lower of two."""
    base, span = asked.heights.low_m, asked.heights.high_m - asked.heights.low_m
    most = int(search.search_height_m)
    steps = np.arange(int(np.floor(base)) - most, int(np.ceil(base)) + most + 1, dtype=float)
    if asked.heights.datum == "AGL":
        steps = steps[steps >= 0]
    count = len(steps)
    levels = Levels(
        np.full(count, asked.lon), np.full(count, asked.lat), asked.heights.datum,
        steps, steps + span, np.full(count, asked.heights.slack_m), search.joins,
    )  # fmt: skip
    zones = search.judge.air.zones.over_point(asked.lon, asked.lat)
    free = _free_at_one_place(search.judge, levels, zones, asked.flight)
    above = levels.of("AGL").low_m
    free &= np.isnan(above) | (above >= 0)
    return _closest(steps[free], base)


def _free_at_one_place(
    judge: Judge, levels: Levels, zones: Whole, flight: Flight
) -> NDArray[np.bool_]:
    count = len(levels.lon)
    place, zone = np.repeat(np.arange(count), len(zones)), np.tile(zones, count)
    _, most = judge.weights(levels, (place, zone), flight)
    return np.asarray(most <= target_of(flight))


def _closest(free: Floats, asked: float) -> float | None:
    return float(free[np.argmin(np.abs(free - asked))]) if len(free) else None


def nearest_time(search: Search, asked: Place, now_s: float, horizon_s: float) -> float | None:
    """Return the nearest whole minute (s since 1970) to begin at, the earlier of two.

    Zones come into force and end at moments between which nothing changes: only the minutes beside
    these are judged.
    """
    flight, judge = asked.flight, search.judge
    over = judge.air.zones.over_point(asked.lon, asked.lat)
    moments = minutes_beside(judge, over, flight, now_s, horizon_s)
    if not len(moments):
        return None
    blocked, hindering = _hindering(search, asked)
    if blocked:
        return None
    last = flight.end_s - flight.begin_s
    for moment in moments.tolist():
        if not judge.air.zones.in_force(hindering, moment, moment + last).any():
            return float(moment)
    return None


def _hindering(search: Search, asked: Place) -> tuple[bool, Whole]:
    """Tell whether the ceiling denies a flight at its place, and which zones would in force."""
    over = search.judge.air.zones.over_point(asked.lon, asked.lat)
    levels = levels_at(np.array([asked.lon]), np.array([asked.lat]), asked.heights, search.joins)
    pairs = np.zeros(len(over), np.int64), over
    return search.judge.hindering(levels, pairs, asked.flight, target_of(asked.flight))


def minutes_beside(
    judge: Judge, zones: Whole, flight: Flight, now_s: float, horizon_s: float
) -> Floats:
    """Return the minutes beside which a zone comes into force or ends, the nearest first."""
    last = flight.end_s - flight.begin_s
    begins, ends = judge.air.zones.changes(zones, now_s, now_s + horizon_s)
    after = np.ceil(ends[np.isfinite(ends)] / MINUTE_S) * MINUTE_S
    before = np.floor((begins[np.isfinite(begins)] - last) / MINUTE_S) * MINUTE_S
    moments = np.unique(np.concatenate([after, before, before - MINUTE_S]))
    moments = moments[(moments >= now_s) & (moments <= now_s + horizon_s)]
    return moments[np.lexsort((moments, np.abs(moments - flight.begin_s)))]


def nearest_place(search: Search, asked: Place) -> tuple[float, float, float] | None:
    """Return the nearest cell's middle that is free: longitude, latitude, metres away."""
    least_m = _blocked_to_m(search, asked)
    edges = [0.0, *(search.search_m / share for share in _RINGS)]
    for inner_m, outer_m in pairwise(edges):
        if outer_m <= least_m:
            continue
        found = _free_place(search, asked, (max(inner_m, least_m), outer_m))
        if found is not None:
            return found
    return None


def _free_place(
    search: Search, asked: Place, ring: tuple[float, float]
) -> tuple[float, float, float] | None:
    """Return the nearest free cell's middle up to the outer of two distances (m).

    Nothing is free up to the inner one. Only cells that may be the nearest are measured by the
    geodesic.
    """
    lon, lat, about = _cells_around(asked.lon, asked.lat, ring)
    levels = levels_at(lon, lat, asked.heights, search.joins)
    pairs = search.judge.air.zones.over_points(lon, lat)
    _, most = search.judge.weights(levels, pairs, asked.flight)
    free = np.flatnonzero(most <= target_of(asked.flight))
    if not len(free):
        return None
    free = free[about[free] <= about[free].min() * _ABOUT[1] / _ABOUT[0]]
    start = np.full(len(free), asked.lon), np.full(len(free), asked.lat)
    metres = np.asarray(GEOD.inv(*start, lon[free], lat[free])[2])
    best = int(np.argmin(metres))
    if metres[best] > ring[1]:
        return None
    return float(lon[free[best]]), float(lat[free[best]]), float(metres[best])


def _blocked_to_m(search: Search, asked: Place) -> float:
    """Return up to which distance (m) the ceiling, or a zone over the place, denies everything.

    What follows from heights in the datum asked is the same at every place of a zone.
    """
    judge, datum = search.judge, asked.heights.datum
    if asked.flight.exempt_to_agl_m is not None and datum != "AGL":
        return 0.0
    blocked, hindering = _hindering(search, asked)
    if blocked and (datum == "AGL" or judge.air.ceilings.find(asked.flight.aircraft) is None):
        return np.inf
    flight = asked.flight
    zones = hindering[judge.air.zones.in_force(hindering, flight.begin_s, flight.end_s)]
    alike = (judge.air.zones.all[number] for number in zones.tolist())
    depths = [_depth_m(one, asked, search.search_m) for one in alike if _is_alike(one, datum)]
    return max(depths, default=0.0)


def _is_alike(zone: Zone, datum: Datum) -> bool:
    """Tell whether all limits of a zone are known in a datum, or by nobody."""
    limits = (one for one in (zone.floor, zone.ceiling) if one is not None)
    return all(one.value_m is None or one.datum == datum for one in limits)


def _depth_m(zone: Zone, asked: Place, reach_m: float) -> float:
    """Return how far (m) around a place in a zone surely is in it; infinite beyond a reach."""
    if zone.circle is not None:
        far_m = GEOD.inv(asked.lon, asked.lat, *zone.circle.centre)[2]
        depth_m = zone.circle.radius_m - far_m
    else:
        half = [reach_m * 1.02 / one for one in _degree_m(asked.lat)]
        box = asked.lon - half[0], asked.lat - half[1], asked.lon + half[0], asked.lat + half[1]
        edge = shapely.clip_by_rect(zone.shape.boundary, *box)
        plane = Plane((asked.lon, asked.lat))
        depth_m = np.inf if edge.is_empty else plane.shape(edge).distance(shapely.Point(0, 0))
    return np.inf if depth_m > reach_m else max(0.0, float(depth_m) * _SURE - 1.0)


def _degree_m(lat: float) -> tuple[float, float]:
    """Return about how long (m) a degree is, across and up."""
    return 111_320.0 * float(np.cos(np.radians(lat))), 110_500.0


def _cells_around(
    lon: float, lat: float, ring: tuple[float, float]
) -> tuple[Floats, Floats, Floats]:
    """Return the middles of cells between two distances or a little beyond, and about how far."""
    inner_m, outer_m = ring
    degree_m = _degree_m(lat)
    columns, rows = (
        np.arange(np.floor((at - half) * CELLS_PER_DEGREE), (at + half) * CELLS_PER_DEGREE)
        for at, half in zip((lon, lat), (outer_m / one * 1.02 for one in degree_m), strict=True)
    )
    x, y = (columns + 0.5) / CELLS_PER_DEGREE, (rows + 0.5) / CELLS_PER_DEGREE
    about = np.hypot(*np.meshgrid((x - lon) * degree_m[0], (y - lat) * degree_m[1]))
    row, column = np.nonzero((about >= inner_m * _ABOUT[0]) & (about <= outer_m * _ABOUT[1]))
    return x[column], y[row], about[row, column]


def target_of(flight: Flight) -> int:
    """Return the heaviest weight that still lets a flight go without application."""
    return int(Weight.FREE if flight.exempt_to_agl_m is None else Weight.CONFIRM)


def earliest_change(judge: Judge, zones: Whole, at_s: float) -> float | None:
    """Return the first time (s since 1970) after another at which one of some zones changes."""
    times = np.concatenate(judge.air.zones.changes(zones, at_s, at_s + CHANGES_S))
    later = times[(times > at_s) & np.isfinite(times)]
    return float(later.min()) if len(later) else None

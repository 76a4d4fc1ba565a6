"""The nearest height, time or place at which a flight is free, each looked for on its grid.

Heights are whole metres in the datum asked, times whole minutes, places the middles of BeiDou cells
of level 5 (4″). Every cell of a grid that is near enough is judged as the question was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from routing.airspace.ask import Heights, judge_points
from routing.airspace.judge import Flight, Judge
from routing.airspace.levels import Joins, Levels
from routing.airspace.verdict import Weight
from routing.airspace.zones import Whole
from spatial.geo.crs import GEOD
from spatial.geo.datum import Floats

CELLS_PER_DEGREE = 900
"""Cells of level 5 of GB/T 39409-2020: 4″."""
MINUTE_S = 60.0
CHANGES_S = 8 * 86_400.0
"""How far ahead the daily hours of zones are looked through: a week and a day."""
_RINGS = (8.0, 4.0, 2.0, 1.0)
"""Places are looked for in rings up to these parts of the distance: most are found near by."""
_ABOUT = 0.95, 1.05
"""Within which share of its geodesic length a distance by degrees lies up to 80° of latitude."""


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
    last = flight.end_s - flight.begin_s
    for moment in minutes_beside(judge, over, flight, now_s, horizon_s).tolist():
        moved = replace(flight, begin_s=moment, end_s=moment + last)
        if is_free(search, replace(asked, flight=moved)):
            return float(moment)
    return None


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


def is_free(search: Search, asked: Place) -> bool:
    """Tell whether a flight is free at a place."""
    lon, lat = np.array([asked.lon]), np.array([asked.lat])
    columns = judge_points(search.judge, lon, lat, asked.heights, asked.flight, search.joins)
    return bool(columns.most[0] <= target_of(asked.flight))


def nearest_place(search: Search, asked: Place) -> tuple[float, float, float] | None:
    """Return the nearest cell's middle that is free: longitude, latitude, metres away."""
    if _covered(search, asked):
        return None
    edges = [0.0, *(search.search_m / share for share in _RINGS)]
    for ring in pairwise(edges):
        found = _free_place(search, asked, ring)
        if found is not None:
            return found
    return None


def _free_place(
    search: Search, asked: Place, ring: tuple[float, float]
) -> tuple[float, float, float] | None:
    """Return the nearest free cell's middle between two distances (m)."""
    lon, lat, metres = _cells_around(asked.lon, asked.lat, ring)
    if not len(lon):
        return None
    columns = judge_points(search.judge, lon, lat, asked.heights, asked.flight, search.joins)
    free = np.flatnonzero(columns.most <= target_of(asked.flight))
    if not len(free):
        return None
    found = int(free[0])
    return float(lon[found]), float(lat[found]), float(metres[found])


def _covered(search: Search, asked: Place) -> bool:
    """Tell whether one zone, or the ceiling, denies everything within reach."""
    judge = search.judge
    unbounded = judge.air.ceilings.find(asked.flight.aircraft) is None
    if unbounded and asked.flight.exempt_to_agl_m is None:
        return True
    if asked.heights.datum == "AGL" and not _below_ceiling(judge, asked):
        return True
    lon, lat = np.array([asked.lon]), np.array([asked.lat])
    columns = judge_points(judge, lon, lat, asked.heights, asked.flight, search.joins)
    for number in columns.zone.tolist():
        zone = judge.air.zones.all[number]
        flat = zone.floor is None and (zone.ceiling is None or zone.ceiling.value_m is None)
        if zone.circle is None or not flat:
            continue
        far = GEOD.inv(asked.lon, asked.lat, *zone.circle.centre)[2]
        if far + search.search_m < zone.circle.radius_m:
            return asked.flight.exempt_to_agl_m is None
    return False


def _below_ceiling(judge: Judge, asked: Place) -> bool:
    ceiling_m = judge.air.ceilings.find(asked.flight.aircraft)
    exempt = asked.flight.exempt_to_agl_m is not None
    return exempt or ceiling_m is None or asked.heights.high_m <= ceiling_m


def _cells_around(
    lon: float, lat: float, ring: tuple[float, float]
) -> tuple[Floats, Floats, Floats]:
    """Return the middles of cells above one distance up to another, nearest first, with metres.

    Only cells that are about so far are measured by the geodesic; the first ring holds its middle.
    """
    inner_m, outer_m = ring
    degree_m = 111_320.0 * np.cos(np.radians(lat)), 110_500.0
    columns, rows = (
        np.arange(np.floor((at - half) * CELLS_PER_DEGREE), (at + half) * CELLS_PER_DEGREE)
        for at, half in zip((lon, lat), (outer_m / one * 1.02 for one in degree_m), strict=True)
    )
    grid = np.meshgrid((columns + 0.5) / CELLS_PER_DEGREE, (rows + 0.5) / CELLS_PER_DEGREE)
    x, y = (axis.ravel() for axis in grid)
    about = np.hypot((x - lon) * degree_m[0], (y - lat) * degree_m[1])
    near = (about >= inner_m * _ABOUT[0]) & (about <= outer_m * _ABOUT[1])
    x, y = x[near], y[near]
    metres = np.asarray(GEOD.inv(np.full(len(x), lon), np.full(len(y), lat), x, y)[2])
    order = np.argsort(metres, kind="stable")
    order = order[((metres[order] > inner_m) | (inner_m == 0)) & (metres[order] <= outer_m)]
    return x[order], y[order], metres[order]


def target_of(flight: Flight) -> int:
    """Return the heaviest weight that still lets a flight go without application."""
    return int(Weight.FREE if flight.exempt_to_agl_m is None else Weight.CONFIRM)


def earliest_change(judge: Judge, zones: Whole, at_s: float) -> float | None:
    """Return the first time (s since 1970) after another at which one of some zones changes."""
    times = np.concatenate(judge.air.zones.changes(zones, at_s, at_s + CHANGES_S))
    later = times[(times > at_s) & np.isfinite(times)]
    return float(later.min()) if len(later) else None

"""The nearest height, time or shift at which the flight of a whole shape is free.

Heights and times are those of a point's search (`nearest`). A shape moves by whole cells of level 5
of the BeiDou grid (4″), each of its places into the same place of another cell. What is found was
judged as the question was; work beyond a bound is refused, never cut short.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from routing.airspace.ask import (
    Footprint,
    Heights,
    Places,
    cells_in_box,
    levels_at,
    places_of,
)
from routing.airspace.judge import Flight, may_be_exempt
from routing.airspace.levels import Levels
from routing.airspace.nearest import CELLS_PER_DEGREE, Search, minutes_beside, target_of
from routing.airspace.zones import Limit, Whole, Zone, buffered
from spatial.errors import TooComplex
from spatial.geo.crs import GEOD
from spatial.geo.datum import Floats
from spatial.geo.volumes import Plane

MOST_JUDGED = 1_000_000
"""Places, and pairs of place and zone, that a search of heights judges at most."""
MOST_LOOKED = 200_000
"""Cells of terrain that a search of shifts looks at, each shift counted as `_EACH` more."""
MOST_MOMENTS = 2_000
"""Minutes that a search of times judges at most."""
MOST_VERTICES = 2_000
"""Vertices of a shape that is shifted, what it reaches around it included."""
_AT_ONCE = 50_000
_SHIFTS_AT_ONCE = 256
_EACH = 1_000
_SAFE = 1.001
"""Distances between projections around neighbouring places differ by less, and 1 m."""
_MOST_LAT = 85.0


@dataclass(frozen=True)
class Spread:
    """What is asked: a shape, at which heights and for which flight."""

    footprint: Footprint
    heights: Heights
    flight: Flight
    places: Places
    """The places that stand for the shape."""


@dataclass(frozen=True)
class Shift:
    """A shape moved: by how many cells east and north, how far (m), and what it is there."""

    cells: tuple[int, int]
    distance_m: float
    shape: shapely.Geometry


def nearest_height_of(search: Search, asked: Spread) -> float | None:
    """Return the nearest whole metre (of the lower end) that is free; the lower of two.

    Raises
    ------
    TooComplex
        There is more to judge than `MOST_JUDGED`.
    """
    base, most = asked.heights.low_m, int(search.search_height_m)
    steps = np.arange(int(np.floor(base)) - most, int(np.ceil(base)) + most + 1, dtype=float)
    if asked.heights.datum == "AGL":
        steps = steps[steps >= 0]
    steps = steps[np.lexsort((steps, np.abs(steps - base)))]
    place, zone = asked.places.pairs
    use = search.judge.in_force(zone, asked.flight)
    pairs = place[use], zone[use]
    each = len(asked.places.lon) + len(pairs[0])
    at_once = max(1, _AT_ONCE // each)
    for first in range(0, len(steps), at_once):
        if first * each > MOST_JUDGED:
            raise _too_much()
        part = steps[first : first + at_once]
        free = part[_free_at(search, asked, pairs, part)]
        if len(free):
            return float(free[0])
    return None


def _free_at(
    search: Search, asked: Spread, pairs: tuple[Whole, Whole], steps: Floats
) -> NDArray[np.bool_]:
    """Tell at which lower ends the whole shape is free, and nowhere below the ground."""
    places, heights = asked.places, asked.heights
    count, (place, zone) = len(places.lon), pairs
    low = np.repeat(steps, count)
    levels = Levels(
        np.tile(places.lon, len(steps)), np.tile(places.lat, len(steps)), heights.datum,
        low, low + (heights.high_m - heights.low_m), np.full(len(low), heights.slack_m),
        search.joins,
    )  # fmt: skip
    first = np.repeat(np.arange(len(steps)) * count, len(place))
    all_pairs = first + np.tile(place, len(steps)), np.tile(zone, len(steps))
    _, most = search.judge.weights(levels, all_pairs, asked.flight)
    above = levels.of("AGL").low_m
    free = (most <= target_of(asked.flight)) & (np.isnan(above) | (above >= 0))
    return np.asarray(free.reshape(len(steps), count).all(axis=1))


def nearest_time_of(search: Search, asked: Spread, now_s: float, horizon_s: float) -> float | None:
    """Return the nearest whole minute (s since 1970) to begin at, the earlier of two.

    Raises
    ------
    TooComplex
        There are more minutes to judge than `MOST_MOMENTS`.
    """
    flight, judge = asked.flight, search.judge
    levels = levels_at(asked.places.lon, asked.places.lat, asked.heights, search.joins)
    over, zones = judge.hindering(levels, asked.places.pairs, flight, target_of(flight))
    if over:
        return None
    moments = minutes_beside(judge, zones, flight, now_s, horizon_s)
    last = flight.end_s - flight.begin_s
    for number, moment in enumerate(moments.tolist()):
        if number == MOST_MOMENTS:
            raise _too_much()
        moved = replace(flight, begin_s=moment, end_s=moment + last)
        if not judge.in_force(zones, moved).any():
            return float(moment)
    return None


def nearest_shift(search: Search, asked: Spread) -> Shift | None:
    """Return the smallest shift by whole cells at which the shape is free.

    Zones that hinder wherever they are touched are held against many shifts at once; each shift
    that is left is judged as the question was, the nearest first.

    Raises
    ------
    TooComplex
        The shape has too many vertices, or there are too many shifts to judge.
    """
    if shapely.get_num_coordinates(asked.places.wide) > MOST_VERTICES:
        raise _too_much()
    over, zones = _hindering_anywhere(search, asked)
    if over:
        return None
    left = 1 + MOST_LOOKED // (cells_in_box(asked.places.wide, search.joins.terrain) + _EACH)
    for cells, metres in _open_shifts(search, asked, zones):
        if left == 0:
            raise _too_much()
        left -= 1
        shape = _moved(asked.footprint.shape, np.array(cells) / CELLS_PER_DEGREE)
        if _is_free(search, asked, Footprint(shape, asked.footprint.reach_m)):
            return Shift(cells, metres, shape)
    return None


def _is_free(search: Search, asked: Spread, footprint: Footprint) -> bool:
    places = places_of(search.judge, footprint, search.joins.terrain)
    levels = levels_at(places.lon, places.lat, asked.heights, search.joins)
    _, most = search.judge.weights(levels, places.pairs, asked.flight)
    return bool((most <= target_of(asked.flight)).all())


def _hindering_anywhere(search: Search, asked: Spread) -> tuple[bool, Whole]:
    """Tell whether the ceiling hinders at every place, and which zones do wherever touched."""
    judge, flight, datum = search.judge, asked.flight, asked.heights.datum
    west, south, east, north = asked.places.wide.bounds
    wide = search.search_m / 50_000.0 / np.cos(np.radians(_highest_lat(asked, search)))
    near = judge.air.zones.near(west - wide, south - wide, east + wide, north + wide)
    zones = np.array(near, np.int64)
    zones = zones[judge.in_force(zones, flight)]
    middle = asked.footprint.shape.centroid
    levels = levels_at(np.array([middle.x]), np.array([middle.y]), asked.heights, search.joins)
    pairs = np.zeros(len(zones), np.int64), zones
    over, held = judge.hindering(levels, pairs, flight, target_of(flight))
    exempt = flight.exempt_to_agl_m is not None
    same = datum == "AGL" or (judge.air.ceilings.find(flight.aircraft) is None and not exempt)
    sure = [
        number
        for number in held.tolist()
        if _is_same_anywhere(judge.air.zones.all[number], datum)
        and not (exempt and may_be_exempt(judge.air.zones.all[number]))
    ]
    return over and same, np.array(sure, np.int64)


def _is_same_anywhere(zone: Zone, datum: str) -> bool:
    """Tell whether heights of a datum lie in a zone or not whatever the ground is."""

    def is_same(limit: Limit | None) -> bool:
        return limit is None or limit.value_m is None or limit.datum in (None, datum)

    return is_same(zone.floor) and is_same(zone.ceiling)


def _open_shifts(
    search: Search, asked: Spread, zones: Whole
) -> Iterator[tuple[tuple[int, int], float]]:
    """Give the shifts that surely touch none of some zones, the smallest first, with metres."""
    column, row, metres = _shifts_around(search, asked)
    core = _core(search, asked)
    for first in range(0, len(column), _SHIFTS_AT_ONCE):
        part = np.arange(first, min(first + _SHIFTS_AT_ONCE, len(column)))
        by = np.column_stack([column[part], row[part]]) / CELLS_PER_DEGREE
        shapes = np.array([_moved(core, one) for one in by], dtype=object)
        for number in zones.tolist():
            touched = _touched(search, asked, number, by, shapes)
            part, by, shapes = part[~touched], by[~touched], shapes[~touched]
        for at in part.tolist():
            yield (int(column[at]), int(row[at])), float(metres[at])


def _touched(
    search: Search, asked: Spread, number: int, by: Floats, shapes: NDArray[np.object_]
) -> NDArray[np.bool_]:
    """Tell for which shifts (n, 2), degrees, a zone is surely touched."""
    zones, footprint = search.judge.air.zones, asked.footprint
    circle = zones.all[number].circle
    if circle is None or not len(by):
        return np.asarray(shapely.intersects(zones.shapes[number], shapes), bool)
    middle = footprint.shape.centroid
    plane = Plane((middle.x, middle.y))
    centres = shapely.points(plane.project(np.array(circle.centre) - by))
    metres = shapely.distance(centres, plane.shape(footprint.shape))
    reach = circle.radius_m + footprint.reach_m
    return np.asarray(metres * _stretch(search, asked) * _SAFE + 1.0 <= reach)


def _core(search: Search, asked: Spread) -> shapely.Geometry:
    """Return, in degrees, what the flight surely reaches wherever its shape is moved."""
    shape, reach_m = asked.footprint.shape, asked.footprint.reach_m
    if not reach_m:
        return shape
    surely_m = max(reach_m / _stretch(search, asked) / _SAFE - 1.0, reach_m / 10)
    return buffered(shape, Plane((shape.centroid.x, shape.centroid.y)), surely_m)


def _highest_lat(asked: Spread, search: Search) -> float:
    _, south, _, north = asked.places.wide.bounds
    return float(min(max(abs(south), abs(north)) + search.search_m / 100_000.0, 89.0))


def _stretch(search: Search, asked: Spread) -> float:
    """Return by how much a degree of longitude may be longer after a shift."""
    highest = _highest_lat(asked, search)
    lowest = max(highest - 2 * search.search_m / 100_000.0 - _span(asked), 0.0)
    return float(np.cos(np.radians(lowest)) / np.cos(np.radians(highest)))


def _span(asked: Spread) -> float:
    _, south, _, north = asked.places.wide.bounds
    return float(north) - float(south)


def _shifts_around(search: Search, asked: Spread) -> tuple[Whole, Whole, Floats]:
    """Return shifts in whole cells east and north within reach, the smallest first, in metres."""
    middle = asked.footprint.shape.centroid
    degrees = search.search_m / 110_500.0 * 1.02
    north = int(degrees * CELLS_PER_DEGREE) + 1
    east = int(north / np.cos(np.radians(_highest_lat(asked, search)))) + 1
    grid = np.meshgrid(np.arange(-east, east + 1), np.arange(-north, north + 1))
    column, row = (axis.ravel() for axis in grid)
    x, y = middle.x + column / CELLS_PER_DEGREE, middle.y + row / CELLS_PER_DEGREE
    metres = np.asarray(GEOD.inv(np.full(len(x), middle.x), np.full(len(y), middle.y), x, y)[2])
    west, south, right, top = asked.places.wide.bounds
    within = (metres <= search.search_m) & ((column != 0) | (row != 0))
    within &= (west + x - middle.x >= -180) & (right + x - middle.x <= 180)
    within &= (south + y - middle.y >= -_MOST_LAT) & (top + y - middle.y <= _MOST_LAT)
    order = np.argsort(metres, kind="stable")
    order = order[within[order]]
    return column[order], row[order], metres[order]


def _moved(shape: shapely.Geometry, by: Floats) -> shapely.Geometry:
    return shapely.transform(shape, lambda xy: xy + by)


def _too_much() -> TooComplex:
    return TooComplex("The flight is too large for a search", "飞行范围过大，无法搜索")

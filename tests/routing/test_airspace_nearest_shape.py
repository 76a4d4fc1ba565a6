"""Nearest height, time and shift of shapes, against judging every one of a grid."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
import shapely

from routing.airspace import nearest_shape
from routing.airspace.ask import (
    Footprint,
    Heights,
    judge_footprint,
    judge_places,
    levels_at,
    places_of,
)
from routing.airspace.coverage import Coverage
from routing.airspace.judge import Air, Flight, Judge
from routing.airspace.levels import Joins
from routing.airspace.nearest import Search, target_of
from routing.airspace.nearest_shape import (
    Spread,
    nearest_height_of,
    nearest_shift,
    nearest_time_of,
)
from routing.airspace.zones import Zones
from spatial.airspace_rules import CLASS_BANDS, FILING, UAS_CEILING
from spatial.errors import TooComplex
from spatial.geo.crs import GEOD
from tests.routing.test_airspace import NOON, read_rule, terrain, zone_of

REACH_M, REACH_HEIGHT_M = 600.0, 60.0
AT = 120.5, 30.5
LIMITS = [None, (30.0, "AGL", True), (60.0, "AGL", False), (250.0, "AMSL", True)]
TOPS = [None, (80.0, "AGL", True), (100.0, "AGL", False), (420.0, "AMSL", True)]


def made_up(seed: int) -> tuple[Search, Spread]:
    """Return a small world around a shape, and the question."""
    rng = random.Random(seed)
    zones = [zone_of(number, any_zone(rng, number)) for number in range(rng.randint(1, 5))]
    joins = Joins(terrain(), None)
    bands, ceilings = read_rule(CLASS_BANDS).value, read_rule(UAS_CEILING).value
    judge = Judge(Air(Zones(zones), Coverage([]), bands, ceilings, joins))
    low = rng.choice([rng.uniform(0, 110), 120.0, 125.5])
    datum = rng.choice(["AGL", "AGL", "AMSL"])
    low += 300.0 if datum == "AMSL" else 0.0
    heights = Heights(datum, low, low + rng.choice([0.0, 10.0]), rng.choice([0.0, 2.0]))
    clock = read_rule(FILING).value.root[rng.choice(["ordinary", "ordinary", "farm_work"])]
    begin = NOON + rng.choice([0.0, 17.0])
    flight = Flight(rng.choice(["light", "light", "small", "large"]), begin,
                    begin + rng.choice([0.0, 1800.0]), clock)  # fmt: skip
    footprint = any_shape(rng)
    places = places_of(judge, footprint, joins.terrain)
    return Search(judge, joins, REACH_M, REACH_HEIGHT_M), Spread(footprint, heights, flight, places)


def any_zone(rng: random.Random, number: int) -> dict:
    x, y = (at + rng.uniform(-0.004, 0.004) for at in AT)
    half = rng.uniform(0.0005, 0.004)
    place = (
        {"circle": (x, y, rng.uniform(50, 400))}
        if rng.random() < 0.5
        else {"polygon": [(x - half, y - half), (x + half, y), (x, y + half)]}
    )
    begin = rng.choice([None, None, NOON - 3600.0 * rng.randint(0, 3)])
    return {
        **place, "id": f"z{number}",
        "sort": rng.choice(["airspace_restriction", "controlled_ground"]),
        "level": "temporary", "floor": rng.choice(LIMITS), "top": rng.choice(TOPS),
        "restriction": rng.choice(["PROHIBITED", "REQ_AUTHORISATION", "NO_RESTRICTION"]),
        "begin": begin, "end": begin and NOON + rng.uniform(30, 9000),
    }  # fmt: skip


def any_shape(rng: random.Random) -> Footprint:
    x, y = AT
    line = shapely.LineString([(x, y), (x + 0.003, y + 0.002), (x + 0.005, y)])
    return rng.choice([
        Footprint(line), Footprint(line, 40.0), Footprint(shapely.Point(x, y), 150.0),
        Footprint(shapely.box(x, y, x + 0.003, y + 0.002)),
    ])  # fmt: skip


def is_free(search: Search, asked: Spread, footprint=None, heights=None, flight=None) -> bool:
    heights, flight = heights or asked.heights, flight or asked.flight
    if footprint is None:
        places = asked.places
        levels = levels_at(places.lon, places.lat, heights, search.joins)
        found = judge_places(search.judge, places, levels, flight)
    else:
        found = judge_footprint(search.judge, footprint, heights, flight, search.joins)
    return found.most <= target_of(asked.flight)


def height_of_grid(search, asked):
    heights, best = asked.heights, None
    base, span = heights.low_m, heights.high_m - heights.low_m
    ground = terrain().elevations_m(asked.places.lon, asked.places.lat).max()
    lowest = 0 if heights.datum == "AGL" else ground
    steps = range(int(base // 1) - 60, int(-(-base // 1)) + 61)
    for low in sorted((s for s in steps if s >= lowest), key=lambda s: (abs(s - base), s)):
        moved = replace(heights, low_m=float(low), high_m=low + span)
        if is_free(search, asked, heights=moved):
            best = low
            break
    return best


def time_of_grid(search, asked, horizon_s):
    flight = asked.flight
    last = flight.end_s - flight.begin_s
    minutes = np.arange(NOON - 7200.0, NOON - 7200.0 + horizon_s + 1, 60.0)
    for begin in sorted(minutes.tolist(), key=lambda m: (abs(m - flight.begin_s), m)):
        if is_free(search, asked, flight=replace(flight, begin_s=begin, end_s=begin + last)):
            return begin
    return None


def metres_of_grid(search, asked):
    shape, middle = asked.footprint.shape, asked.footprint.shape.centroid
    moves = [
        (GEOD.inv(middle.x, middle.y, middle.x + i / 900, middle.y + j / 900)[2], i, j)
        for i in range(-6, 7) for j in range(-6, 7) if i or j
    ]  # fmt: skip
    for metres, i, j in sorted(moves):
        by = np.array([i, j]) / 900
        moved = Footprint(shapely.transform(shape, lambda xy, by=by: xy + by),
                          asked.footprint.reach_m)  # fmt: skip
        if metres <= REACH_M and is_free(search, asked, moved):
            return metres
    return None


def test_alternatives_of_shapes_equal_a_search_of_the_whole_grid():
    seen = {"height": 0, "time": 0, "shift": 0, "none": 0}
    for seed in range(26):
        search, asked = made_up(seed)
        if is_free(search, asked):
            continue
        height = nearest_height_of(search, asked)
        assert height == height_of_grid(search, asked), seed
        moment = nearest_time_of(search, asked, NOON - 7200.0, 4 * 3600.0)
        assert moment == time_of_grid(search, asked, 4 * 3600.0), seed
        shift, expected = nearest_shift(search, asked), metres_of_grid(search, asked)
        assert (shift and shift.distance_m) == (expected and pytest.approx(expected)), seed
        assert shift is None or is_free(
            search, asked, Footprint(shift.shape, asked.footprint.reach_m)
        )
        for name, found in (("height", height), ("time", moment), ("shift", shift)):
            seen[name if found is not None else "none"] += 1
    assert min(seen.values()) >= 3, seen


@pytest.mark.parametrize(
    ("bound", "value", "seek"),
    [
        ("MOST_JUDGED", 0, nearest_height_of),
        ("MOST_VERTICES", 3, nearest_shift),
        ("MOST_MOMENTS", 0, lambda search, asked: nearest_time_of(search, asked, NOON, 86_400.0)),
    ],
)
def test_what_is_too_much_to_search_is_refused_and_not_called_none(monkeypatch, bound, value, seek):
    monkeypatch.setattr(nearest_shape, bound, value)
    monkeypatch.setattr(nearest_shape, "_AT_ONCE", 1)
    zone = {
        "circle": (*AT, 300.0), "id": "z", "sort": "airspace_restriction", "level": "temporary",
        "floor": None, "top": (80.0, "AGL", True), "restriction": "PROHIBITED",
        "begin": NOON - 3600.0, "end": NOON + 3600.0,
    }  # fmt: skip
    search, _ = made_up(0)
    judge = Judge(replace(search.judge.air, zones=Zones([zone_of(0, zone)])))
    footprint = Footprint(shapely.Point(*AT), 150.0)
    flight = Flight("light", NOON, NOON, read_rule(FILING).value.root["ordinary"])
    places = places_of(judge, footprint, search.joins.terrain)
    spread = Spread(footprint, Heights("AGL", 60.0, 60.0), flight, places)
    with pytest.raises(TooComplex):
        seek(replace(search, judge=judge), spread)

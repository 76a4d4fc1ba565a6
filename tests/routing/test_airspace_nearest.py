"""The nearest place that is free, against judging every cell within reach."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from routing.airspace.ask import judge_points
from routing.airspace.judge import Judge
from routing.airspace.nearest import CELLS_PER_DEGREE, Place, Search, nearest_place, target_of
from routing.airspace.zones import Zones
from spatial.geo.crs import GEOD
from tests.routing.test_airspace import zone_of
from tests.routing.test_airspace_nearest_shape import any_zone, made_up

REACH_M, WIDER = 2_500.0, 6


def by_brute_force(search: Search, asked: Place) -> float | None:
    """Return how far (m) the nearest free cell is, None where there is none within reach."""
    steps = np.arange(-30, 31)
    columns, rows = (np.floor(at * CELLS_PER_DEGREE) + steps for at in (asked.lon, asked.lat))
    lon, lat = (
        axis.ravel() for axis in np.meshgrid((columns + 0.5) / 900, (rows + 0.5) / 900)
    )  # fmt: skip
    metres = GEOD.inv(np.full(len(lon), asked.lon), np.full(len(lat), asked.lat), lon, lat)[2]
    found = judge_points(search.judge, lon, lat, asked.heights, asked.flight, search.joins)
    free = (found.most <= target_of(asked.flight)) & (metres <= search.search_m)
    return float(metres[free].min()) if free.any() else None


def grown(given: dict) -> dict:
    """Return a zone several times as wide, so that what is free lies far."""
    if "circle" in given:
        lon, lat, radius_m = given["circle"]
        return {**given, "circle": (lon, lat, radius_m * WIDER)}
    middle = np.mean(given["polygon"], axis=0)
    return {**given, "polygon": (middle + (given["polygon"] - middle) * WIDER).tolist()}


def made_wide(seed: int) -> tuple[Search, Place]:
    """Return a world of wide zones, and a question about a place amid them."""
    search, asked = made_up(seed)
    rng = random.Random(seed)
    zones = [zone_of(number, grown(any_zone(rng, number))) for number in range(rng.randint(1, 5))]
    judge = Judge(replace(search.judge.air, zones=Zones(zones)))
    middle = asked.footprint.shape.centroid
    place = Place(middle.x, middle.y, asked.heights, asked.flight)
    return replace(search, judge=judge, search_m=REACH_M), place


def test_the_nearest_free_place_is_that_of_judging_every_cell():
    far = 0
    for seed in range(100):
        search, place = made_wide(seed)
        found, best = nearest_place(search, place), by_brute_force(search, place)
        assert (found and found[2]) == (best and pytest.approx(best, abs=1e-6)), seed
        far += best is not None and best > REACH_M / 8
    assert far > 5

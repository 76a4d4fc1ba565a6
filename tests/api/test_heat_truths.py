"""Planted enforcement is found by the API, and no other; another seed and place as well."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

import pytest

from spatial.geo.crs import distance_m
from tests.api.heatseed import second_world

pytestmark = pytest.mark.db

TRUTHS = tomllib.loads(Path(__file__).with_name("heat_truths.toml").read_text("utf-8"))
DAY = [day * 24 + hour for day in range(7) for hour in range(6, 19)]
NIGHT = [day * 24 + hour for day in range(7) for hour in (22, 23)]


@pytest.fixture(scope="module")
def ask(dispatcher):
    """Return features of a process, each once."""
    known: dict[str, list[dict]] = {}

    def asked(process, output, **inputs):
        key = f"{process} {inputs}"
        if key not in known:
            answer = dispatcher.post(
                f"/api/processes/{process}/execution", json={"inputs": inputs}, timeout=120
            )
            assert answer.status_code == 200, answer.text
            known[key] = answer.json()[output]["features"]
        return known[key]

    return asked


@pytest.fixture(scope="module")
def stretches(ask):
    def told(hours=None):
        more = {} if hours is None else {"hours": hours}
        found = ask("hot-stretches", "stretches", slices=TRUTHS["slices"], **more)
        return [one["properties"] for one in found]

    return told


def names(found, **having):
    return sorted(s["name"] for s in found if all(s[k] == v for k, v in having.items()))


def test_hot_stretches_and_their_trends_are_found_and_no_other(stretches):
    found = stretches()
    assert names(found, state="hot") == TRUTHS["hot"]
    assert names(found, state="hot", trend="rising") == TRUTHS["rising"]
    assert names(found, state="hot", trend="falling") == TRUTHS["falling"]
    assert {s["origin"] for s in found} == {"derived"}


def test_what_is_hot_by_night_alone_is_found_by_night_alone(stretches):
    assert names(stretches(DAY), state="hot") == TRUTHS["hot"]
    by_night = names(stretches(NIGHT), state="hot")
    assert by_night == sorted([*TRUTHS["hot"], *TRUTHS["hot_by_night"]])


def test_the_over_patrolled_stretch_is_first_by_count_and_last_by_rate(stretches):
    rated = [s for s in stretches() if s["rate"] is not None]
    assert max(rated, key=lambda s: s["events"])["name"] == TRUTHS["over_patrolled"]
    assert min(rated, key=lambda s: s["rate"])["name"] == TRUTHS["over_patrolled"]
    assert names(rated, state="cold") == [TRUTHS["over_patrolled"]]


def test_nobody_looked_where_all_was_withdrawn_and_in_some_counties(stretches):
    found = stretches()
    gone = TRUTHS["withdrawn"]
    there = [
        s for s in found if s["route"] == gone["route"] and s["k_from"] <= gone["k_m"] < s["k_to"]
    ]
    assert [s["state"] for s in there] == ["not_inspected"]
    for county in TRUTHS["uninspected"]:
        assert {s["state"] for s in found if s["admin_code"] == county} <= {"not_inspected"}


def test_what_was_recorded_late_counts_in_its_own_weeks(stretches):
    (late,) = [s for s in stretches() if s["name"] == TRUTHS["late"]]
    assert (late["state"], late["slices"]) == ("ordinary", TRUTHS["slices"])


def test_classes_in_space_and_time_are_found_and_no_other(ask):
    cells = ask("heat-space-time", "cells", slices=TRUTHS["slices"])
    found: dict[str, Counter] = {}
    for cell in cells:
        told = cell["properties"]
        assert len(told["history"]) == TRUTHS["slices"]
        if told["space_time"] not in {"no_pattern", "too_short"}:
            found.setdefault(told["space_time"], Counter())[told["admin_code"]] += 1
    assert found == TRUTHS["classes"]
    assert not {c["properties"]["admin_code"] for c in cells} & set(TRUTHS["uninspected"])


def test_the_junction_is_high_by_density_of_counts_alone(ask, stretches):
    def middle(feature):
        (west, south), (east, north) = (feature["geometry"]["coordinates"][0][i] for i in (0, 2))
        return (west + east) / 2, (south + north) / 2

    planted = {*TRUTHS["hot"], TRUTHS["over_patrolled"]}
    told = {s["admin_code"] for s in stretches() if s["name"] in planted}
    cells = ask("heat-surface", "cells", surface="kde")
    usual = [c for c in cells if c["properties"]["admin_code"] not in told]
    peak = max(usual, key=lambda cell: cell["properties"]["value"] or 0)
    assert distance_m(*TRUTHS["junction"]["place"], *middle(peak)) < TRUTHS["junction"]["within_m"]
    spots = ask("heat-surface", "cells", surface="gi")
    about = [c["properties"] for c in spots
             if distance_m(*TRUTHS["junction"]["place"], *middle(c)) < 5_000]  # fmt: skip
    assert about and {cell["spot"] for cell in about} == {0}


def test_another_seed_at_other_places_is_found_as_well(sample_url):
    world = second_world(sample_url)
    everything = world.stretches()
    assert names(everything, state="hot", trend="rising") == world.rising
    assert names(everything, state="hot", trend="falling") == world.falling
    assert names(everything, state="hot") == sorted([*world.rising, *world.falling])
    assert names(everything, state="cold") == [world.over_patrolled]
    by_night = {*names(world.stretches(NIGHT), state="hot")}
    assert by_night - {*names(everything, state="hot")} == {world.hot_by_night}
    classes = {cell["space_time"] for cell in world.cells()} - {"no_pattern", "too_short"}
    assert {"intensifying_hot", "new_hot"} <= classes
    assert classes <= {"intensifying_hot", "new_hot", "diminishing_hot", "historical_hot"}

"""Banned hours on random towns, against every simple way driven by the clock."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.cost.rule_models import OF_ROADS
from routing.cost.weekly_hours import WEEK_MIN, read_hours
from spatial.errors import SigangError
from tests.routing.maps import Town, changed, free_rules, shipped_rules
from tests.routing.test_hours import MONDAY

GRID = "A----B----C\n\n\nD----E----F"
PAIRS = ["AB", "BC", "DE", "EF", "AD", "BE", "CF"]
SHIPPED = shipped_rules()
RULES = free_rules() | changed(
    OF_ROADS.snap, SHIPPED[OF_ROADS.snap.key].given | {"island_nodes": 1}
)
SPEED_KMH = 60.0
HOURS = ["00:00-06:00", "22:00-02:00", "Mo 07:00-07:30", "12:00-12:20", "Mo-Fr 00:10-00:20"]


@st.composite
def nights(draw):
    names = draw(st.lists(st.sampled_from(PAIRS), min_size=4, unique=True))
    roads = {
        name: {
            "class": draw(st.sampled_from(["motorway", "secondary"])),
            "length_m": draw(st.integers(1, 60)) * 1000.0,
            "speed_kmh": SPEED_KMH,
        }
        for name in names
    }
    minute = draw(st.one_of(st.integers(0, WEEK_MIN - 1), st.integers(0, 40)))
    return roads, draw(st.sampled_from(HOURS)), minute


def ways(roads, first, last):
    """Yield the simple ways between two places as names of roads."""
    stack = [(first, [], {first})]
    while stack:
        place, way, seen = stack.pop()
        if place == last:
            yield way
            continue
        for name in roads:
            if place in name:
                beyond = name.replace(place, "")
                if beyond not in seen:
                    stack.append((beyond, [*way, name], seen | {beyond}))


def driven(roads, way, week, minute):
    """Return the minutes of a way, None when a motorway is entered at a banned hour."""
    passed = 0.0
    for name in way:
        if roads[name]["class"] == "motorway" and week[int(minute + passed) % WEEK_MIN]:
            return None
        passed += roads[name]["length_m"] / 1000
    return passed


def ends(week, minute, minutes):
    """Tell whether a ban ends within some minutes."""
    during = week[(minute + np.arange(int(minutes) + 2)) % WEEK_MIN]
    return bool((during[:-1] & ~during[1:]).any())


def banned(hours):
    value = [{"classes": ["motorway"], "hours": hours}]
    return changed(OF_ROADS.time_ban, value, "road.time_ban.hazmat")


@settings(max_examples=80, deadline=None)
@given(nights())
def test_a_path_is_legal_and_the_fastest_where_no_ban_ends_on_the_way(night):
    roads, hours, minute = night
    week = read_hours(hours)
    town = Town(GRID, roads, rules=RULES | banned(hours))
    places = sorted({letter for name in roads for letter in name})
    first, last = places[0], places[-1]
    legal = [d for w in ways(roads, first, last) if (d := driven(roads, w, week, minute))]
    depart = MONDAY + timedelta(minutes=minute)
    try:
        found = town.find(first, last, profile="hazmat", depart_at=depart)
    except SigangError:
        longest = sum(road["length_m"] for road in roads.values()) / 1000
        assert not legal or ends(week, minute, longest)
        return
    took = found.sums()[1] / 60_000
    assert not len(found.banned_keys(depart))
    assert took >= min(legal) - 0.1
    if not ends(week, minute, took):
        assert took == pytest.approx(min(legal), abs=0.1)


ROUND = """
  B
  C
A   F
  E
"""


def test_a_road_that_is_still_open_is_taken_where_others_close_on_the_way():
    minutes = {"AB": 12, "BF": 1, "AC": 11, "CF": 4, "AE": 5, "EF": 15, "AF": 60}
    roads = {
        name: {
            "class": "motorway" if name in ("BF", "CF", "AE") else "secondary",
            "length_m": 1000.0 * took,
            "speed_kmh": SPEED_KMH,
        }
        for name, took in minutes.items()
    }
    town = Town(ROUND, roads, rules=RULES | banned("00:10-06:00"))
    found = town.find("A", "F", profile="hazmat", depart_at=MONDAY)
    assert town.nodes(found) == "AEF"
    assert found.sums()[1] == pytest.approx(20 * 60_000)
    later = town.find("A", "F", profile="hazmat", depart_at=MONDAY + timedelta(minutes=10))
    assert town.nodes(later) == "AF"
    through = town.find("A", "AE:0.4", "F", profile="hazmat", depart_at=MONDAY)
    assert not len(through.banned_keys(MONDAY))
    assert through.sums()[1] == pytest.approx(20 * 60_000)

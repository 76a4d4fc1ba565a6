"""When to leave: the fastest legal way of each departure, through the hours of the week."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.cost.rule_models import OF_ROADS
from routing.cost.speed_profiles import HOURS, drive
from routing.query.arrive_by import duration_of
from routing.query.model import PathQuery
from tests.routing.maps import NOW, Town, changed, shipped_rules
from tests.routing.test_speeds import MONDAY, TOWN, at_hour, hour_rule, peak

ROADS = {
    "AB": {"class": "primary"}, "BC": {"class": "primary"},
    "AD": {"class": "secondary"}, "DC": {"class": "secondary"},
}  # fmt: skip
factors = st.lists(st.sampled_from([0.1, 0.3, 0.6, 1.0]), min_size=24, max_size=24)


def departures(town, times, profile="car", **more):
    query = PathQuery(profile, [town.places["A"], town.places["C"]], **more)
    return town.network.departures(query, times, NOW, lambda share: None)


def names(found):
    return [list(ROADS)[edge] for edge in found.edges.tolist()]


@pytest.fixture(scope="module")
def town():
    return Town(TOWN, ROADS, rules=hour_rule(primary=peak(0.2)))


def test_a_way_that_another_hour_chose_is_taken_where_it_is_faster(town):
    """One minute before the peak the usual way still looks best, and runs into it."""
    early, late = departures(town, [at_hour(8) - timedelta(seconds=5), at_hour(8, 30)])
    assert names(early.found) == names(late.found) == ["AD", "DC"]
    usual = town.find("A", "C", depart_at=early.at, typical=True)
    assert names(usual) == ["AB", "BC"]
    assert duration_of(early.found) < duration_of(usual)


def test_a_closed_way_is_no_answer_while_it_is_closed(town):
    times = [NOW + timedelta(minutes=1), NOW + timedelta(hours=3)]
    town.close(5, "AD", until=NOW + timedelta(hours=1))
    town.close(6, "AB", until=NOW + timedelta(hours=1))
    try:
        closed, after = departures(town, times, snap_radius_m=100.0)
        moved, there = departures(town, times)
    finally:
        town.network.apply(7, [], [500, 600], NOW)
    assert closed.found is None
    assert names(moved.found) == ["BC"], "it begins on the nearest road that is open"
    assert names(there.found) == ["AB", "BC"], "and is no answer once the place can be reached"
    assert names(after.found) == ["AB", "BC"]


@settings(max_examples=10, deadline=None)
@given(factors, factors, st.integers(0, 23), st.integers(0, 59))
def test_times_are_those_of_the_clock_and_never_above_the_paths(primary, secondary, hour, minute):
    days = HOURS // 24
    town = Town(TOWN, ROADS, rules=hour_rule(primary=primary * days, secondary=secondary * days))
    times = [MONDAY + timedelta(hours=hour + h, minutes=minute) for h in range(6)]
    for one in departures(town, times):
        way = one.found.keys
        table = town.network.week.week_of(way)
        speeds = np.fmin(table, one.found.costs.speed_kmh[way, None].astype(np.float32))
        driven = drive(np.full(len(way), 1000.0), speeds, one.at)[-1]
        assert duration_of(one.found).total_seconds() == pytest.approx(driven, abs=0.01)
        own = town.find("A", "C", depart_at=one.at, typical=True)
        assert duration_of(one.found) <= duration_of(own)


def test_a_road_that_is_banned_when_it_is_entered_is_no_part_of_the_answer():
    fast = {"class": "motorway", "speed_kmh": 80.0}
    roads = ROADS | {"AB": fast, "BC": fast}
    ban = [{"classes": ["motorway"], "hours": "00:00-06:00"}]
    rules = shipped_rules() | changed(OF_ROADS.time_ban, ban, "road.time_ban.hazmat")
    town = Town(TOWN, roads, rules=rules)
    night, morning = departures(town, [at_hour(5, 58), at_hour(6, 1)], profile="hazmat")
    assert names(night.found) == ["AD", "DC"]
    assert names(morning.found) == ["AB", "BC"]

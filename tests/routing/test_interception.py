"""Interception: who is first, which points are next, what the margins do."""

import numpy as np
import pytest

from routing.planning.interception import Margins, choose, find_next, meetings, vehicle_times
from routing.query.model import Conditions
from tests.routing.maps import NOW, Town, free_rules

MAP = """
          F
          |
A----B----C----D
     |         |
     E---------G
"""
ROADS = {
    name: {"length_m": metres, "speed_kmh": 60.0, "speed_basis": "posted"}
    for name, metres in {
        "AB": 2000.0, "BC": 2000.0, "CD": 2000.0, "CF": 1000.0, "BE": 1000.0, "EG": 5000.0,
        "DG": 1000.0,
    }.items()
}  # fmt: skip
FAST = Margins(vehicle_factor=1.0, set_up_s=0, least_s=0)


@pytest.fixture(scope="module")
def town():
    return Town(MAP, ROADS, rules=free_rules())


def times(town, sources: str, targets: str):
    prepared = town.network.prepared(Conditions("car"), NOW)
    spots = [town.network.snap(prepared, [town.at(stop) for stop in stops])
             for stops in (sources, targets)]  # fmt: skip
    return prepared.durations(*spots)


def vehicle(town, at: str, bearing, targets: str):
    prepared = town.network.prepared(Conditions("car"), NOW)
    (spots,) = town.network.snap(prepared, [town.at(at)])
    places = town.network.snap(prepared, [town.at(stop) for stop in targets])
    return vehicle_times(town.network.graph, prepared.metric, spots, bearing, places)


def test_times_of_a_vehicle_equal_the_networks(town):
    found = vehicle(town, "AB:0.5", None, "ABCDEFG")
    assert found == pytest.approx([60, 60, 180, 300, 120, 240, 360])


def test_a_vehicle_does_not_turn_round_on_its_edge(town):
    eastward = vehicle(town, "AB:0.5", 90.0, "ABC")
    assert eastward == pytest.approx([180, 60, 180])
    westward = vehicle(town, "AB:0.5", 270.0, "ABC")
    assert westward == pytest.approx([60, 180, 300])


def test_next_points_are_those_without_another_one_before(town):
    points = "CDEF"
    ahead = vehicle(town, "AB:0.5", 90.0, points)
    between = times(town, points, points)
    assert find_next(ahead, between, 3600).tolist() == [True, False, True, False]
    assert find_next(ahead, between, 150).tolist() == [False, False, True, False]
    assert not find_next(np.array([np.inf]), np.zeros((1, 1)), 3600).any()


def test_of_two_points_at_one_place_one_is_next():
    assert find_next(np.array([60.0, 60.0]), np.zeros((2, 2)), 600).tolist() == [True, False]


def test_a_team_is_first_or_not_by_two_network_times(town):
    ahead = vehicle(town, "AB:0.5", 90.0, "CE")
    team = times(town, "FG", "CE")
    at_c, at_e = meetings(ahead, team, FAST)
    assert (at_c.vehicle_s, at_c.team_s, at_c.margin_s) == pytest.approx((180, 60, 120))
    assert at_c.possible and at_c.team == 0
    assert (at_e.vehicle_s, at_e.team_s, at_e.margin_s) == pytest.approx((120, 240, -120))
    assert not at_e.possible and at_e.team == 0


def test_margins_make_it_harder(town):
    ahead, team = np.array([180.0]), np.array([[60.0]])
    (found,) = meetings(ahead, team, Margins(vehicle_factor=1.5, set_up_s=30, least_s=20))
    assert (found.vehicle_s, found.team_s, found.margin_s) == (120, 90, 30)
    assert found.possible
    (late,) = meetings(ahead, team, Margins(vehicle_factor=1.5, set_up_s=30, least_s=31))
    assert not late.possible


def test_a_team_without_a_way_and_no_team_at_all():
    (found,) = meetings(np.array([60.0]), np.array([[np.inf]]), FAST)
    assert found.team is None and not found.possible
    (none,) = meetings(np.array([60.0]), np.zeros((0, 1)), FAST)
    assert none.team is None and not none.possible


def test_the_likeliest_comes_first_then_the_soonest_and_what_lies_beyond():
    found = meetings(np.array([100.0, 200.0, 300.0, 400.0]), np.full((1, 4), 150.0), FAST)
    next_ = np.array([True, True, True, False])
    first, beyond = choose(found, next_, np.array([0.1, 0.1, 0.8, 0.5]), 2)
    assert first.tolist() == [2, 0]
    assert beyond.tolist() == [3]

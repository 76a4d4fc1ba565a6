"""Typical speeds by hour of the week, and driving through the hours."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from routing.cost.network_rules import ClassWeeks
from routing.cost.rule_models import OF_ROADS
from routing.cost.speed_profiles import (
    HOURS,
    MeasuredWeek,
    TypicalSpeeds,
    drive,
    hour_of_week,
    week_factors,
)
from routing.graph.graph import Coded
from routing.query.arrive_by import duration_of
from spatial.networks.road import KIND as ROAD
from tests.routing.maps import NOW, Town, changed, shipped_rules

MONDAY = datetime(2026, 11, 23, 0, 0, tzinfo=UTC) - timedelta(hours=8)  # 00:00 in China

speeds = st.lists(st.floats(1, 120), min_size=HOURS, max_size=HOURS)
weeks = st.lists(speeds, min_size=1, max_size=3)


def test_the_week_begins_on_monday_in_china():
    assert hour_of_week(MONDAY) == 0
    assert hour_of_week(MONDAY - timedelta(seconds=1)) == HOURS - 1
    assert hour_of_week(datetime(2026, 11, 27, 9, 30, tzinfo=UTC)) == 4 * 24 + 17


def test_the_shipped_rule_has_a_factor_for_every_hour():
    rule = shipped_rules()["road.hour_of_week"]
    for factors in week_factors(rule.value).values():
        assert factors.shape == (HOURS,)
        assert factors.min() < factors[3] == 1


@pytest.mark.parametrize(
    "value", [{"week": [1.0] * 24}, {"week": [0.0] * HOURS}, {"week": [1.5] * HOURS}]
)
def test_a_rule_that_is_no_week_is_refused(value):
    with pytest.raises(ValidationError):
        ClassWeeks.model_validate_json(json.dumps({"motorway": value}))


def test_measured_weeks_take_the_place_of_the_class():
    half = [0.5] * HOURS
    rules = changed(OF_ROADS.hour_of_week, {"trunk": {"week": half}})
    measured = [
        MeasuredWeek(1, "backward", [11.0] * HOURS),
        MeasuredWeek(1, "backward", [33.0] * HOURS),
    ]
    free, edge_class = np.array([80.0, 80.0, 60.0, 60.0]), Coded.of(["trunk", "other"])
    found = TypicalSpeeds(free, edge_class, ROAD, rules, measured)
    assert found.at(MONDAY).tolist() == [40, 40, 60, 33]
    assert found.week_of(np.array([3, 0, 2]))[:, 5].tolist() == [33, 40, 60]


def constant(*kmh):
    return np.array([[v] * HOURS for v in kmh], np.float32)


def test_a_constant_speed_is_a_division():
    done = drive(np.array([1000.0, 500.0]), constant(36, 18), MONDAY)
    assert done == pytest.approx([100, 200])


def test_a_jump_within_a_part_is_driven_through():
    """40 km at 60 km/h until 00:30, then 30 km/h from 01:00: 30 km in the first half hour left."""
    table = constant(60)
    table[0, 1:] = 30
    seconds = drive(np.array([40_000.0]), table, MONDAY + timedelta(minutes=30))
    assert seconds == pytest.approx([1800 + 1200])


def test_a_road_without_speed_never_ends():
    assert drive(np.array([10.0]), constant(0), MONDAY) == [np.inf]
    assert len(drive(np.zeros(0), constant(), MONDAY)) == 0


@settings(max_examples=60, deadline=None)
@given(weeks, st.floats(10, 200_000), st.integers(0, HOURS * 3600 - 1), st.integers(1, 7200))
def test_who_leaves_later_arrives_later(table, length, begin, wait):
    lengths = np.full(len(table), length / len(table))
    table = np.array(table, np.float32)
    first = MONDAY + timedelta(seconds=begin)
    early = drive(lengths, table, first)[-1]
    late = drive(lengths, table, first + timedelta(seconds=wait))[-1] + wait
    assert late >= early - 1e-6


def drive_back(lengths, table, arrive):
    """Return the seconds before an arrival at which each part must begin, hour by hour back."""
    into = (arrive - MONDAY).total_seconds() % 3600
    hour, left = hour_of_week(arrive), into
    passed, begins = 0.0, []
    for part in range(len(lengths) - 1, -1, -1):
        rest = lengths[part]
        while rest > 0:
            if left == 0:
                hour, left = (hour - 1) % HOURS, 3600.0
            kmh = float(table[part, hour])
            driven = min(rest, left * kmh / 3.6)
            used = min(driven * 3.6 / kmh, left)
            passed, left, rest = passed + used, left - used, rest - driven
            if rest < 1e-9:
                rest = 0
        begins.append(passed)
    return np.array(begins[::-1])


@settings(max_examples=60, deadline=None)
@given(weeks, st.floats(10, 100_000), st.integers(0, HOURS * 3600 - 1))
def test_driving_back_from_an_arrival_finds_the_departure(table, length, end):
    lengths = np.full(len(table), length / len(table))
    table = np.array(table, np.float32)
    arrive = MONDAY + timedelta(seconds=end)
    before = drive_back(lengths, table, arrive)
    there = drive(lengths, table, arrive - timedelta(seconds=float(before[0])))
    assert there[-1] == pytest.approx(before[0], abs=1e-3 + 1e-6 * before[0])
    assert (np.diff(before) < 0).all()


TOWN = """
A   B   C
    D
"""


def hour_rule(**by_class):
    value = {name: {"week": week} for name, week in by_class.items()}
    return shipped_rules() | changed(OF_ROADS.hour_of_week, value)


def peak(slow):
    """Return a week in which 08:00 to 09:00 of every day is slow."""
    return [slow if hour % 24 == 8 else 1.0 for hour in range(HOURS)]


@pytest.fixture(scope="module")
def town():
    roads = {
        "AB": {"class": "primary"}, "BC": {"class": "primary"},
        "AD": {"class": "secondary"}, "DC": {"class": "secondary"},
    }  # fmt: skip
    return Town(TOWN, roads, rules=hour_rule(primary=peak(0.2)))


def at_hour(hour, minute=0):
    return MONDAY + timedelta(hours=hour, minutes=minute)


def test_the_hour_of_departure_chooses_the_way(town):
    assert town.way("A", "C", depart_at=at_hour(6), typical=True) == "ABC"
    assert town.way("A", "C", depart_at=at_hour(8), typical=True) == "ADC"
    assert town.way("A", "C", depart_at=at_hour(8)) == "ABC"


def test_times_are_those_of_driving_through_the_hours(town):
    slow = duration_of(town.find("A", "B", depart_at=at_hour(8), typical=True))
    fast = duration_of(town.find("A", "B", depart_at=at_hour(6), typical=True))
    assert slow / fast == pytest.approx(5, rel=1e-3)
    minute = timedelta(minutes=1)
    before = duration_of(town.find("A", "B", depart_at=at_hour(8) - fast / 2, typical=True))
    assert before == pytest.approx(fast / 2 + slow / 2, rel=1e-3)
    assert before > fast
    assert slow < 60 * minute


def test_typical_speeds_do_not_lift_a_live_one(town):
    town.close(5, "AB", kind="speed", value=1.0)
    try:
        found = duration_of(town.find("A", "B", depart_at=None, typical=True))
        live = duration_of(town.find("A", "B"))
        assert found >= live - timedelta(seconds=1)
    finally:
        town.network.apply(6, [], [500], NOW)

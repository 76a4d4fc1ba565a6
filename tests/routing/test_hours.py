"""Weekly hours and bans by the clock."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.cost.access import admission
from routing.cost.network_rules import Ban
from routing.cost.profile import load_profiles
from routing.cost.time_bans import compile_bans
from routing.cost.weekly_hours import (
    DAY_MIN,
    WEEK_MIN,
    forbidden_hours,
    minute_of_week,
    minutes_after,
    read_clauses,
    read_condition,
    read_hours,
)
from spatial.networks.road import KIND
from tests.routing.maps import Town

MONDAY = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)  # Monday 00:00 in Asia/Shanghai
NO = frozenset({"no"})


def minutes(text):
    week = read_hours(text)
    return None if week is None else np.flatnonzero(week).tolist()


def test_hours_of_every_day():
    assert minutes("00:00-06:00") == [d * DAY_MIN + m for d in range(7) for m in range(360)]


def test_hours_past_midnight_end_on_the_next_day():
    assert minutes("Su 23:58-00:02") == [0, 1, WEEK_MIN - 2, WEEK_MIN - 1]
    assert minutes("Mo 23:59-00:01") == [1439, 1440]


def test_days_may_wrap_and_be_listed():
    assert minutes("Sa-Mo 12:00-12:01") == [720, 5 * DAY_MIN + 720, 6 * DAY_MIN + 720]
    assert minutes("Mo,We 00:00-00:01; Fr 01:00-01:01") == [0, 2 * DAY_MIN, 4 * DAY_MIN + 60]


def test_days_without_hours_are_whole():
    assert minutes("Tu") == list(range(DAY_MIN, 2 * DAY_MIN))


@pytest.mark.parametrize(
    "text", ["", "weight>7.5", "PH 08:00-10:00", "25:00-26:00", "Mo-Fr 07:00", "sunset-sunrise"]
)
def test_what_cannot_be_read_is_none(text):
    assert read_hours(text) is None


def test_conditional_tags_refuse_at_their_hours():
    week = forbidden_hours("no @ (Mo 22:00-23:00); yes @ (Tu 22:00-23:00)", NO)
    assert np.flatnonzero(week).tolist() == list(range(1320, 1380))
    assert forbidden_hours("no @ (weight>7.5)", NO).all()
    assert forbidden_hours("no @ (weight>7.5)", NO, surely=True) is None
    assert forbidden_hours("yes @ (Nov-Mar)", NO) is None
    assert forbidden_hours("no @ Mo 00:00-00:02", NO).sum() == 2


def test_holidays_are_passed_over():
    assert minutes("Mo 07:00-07:02; PH off") == [420, 421]
    assert minutes("PH,Mo 07:00-07:01; Mo 07:00-07:01 off") == []
    assert len(minutes("24/7")) == WEEK_MIN


def test_all_other_hours_are_named_by_not():
    assert (read_condition("not 22:00-06:00") == ~read_hours("22:00-06:00")).all()
    assert read_condition("not weight>3") is None
    assert not read_condition("wet").any()


def test_a_condition_surely_holds_only_where_all_of_it_is_hours():
    some = "06:00-10:00 AND Nov-Mar"
    assert (read_condition(some) == read_hours("06:00-10:00")).all()
    assert read_condition(some, surely=True) is None
    assert read_condition(f"not {some}") is None
    both = "06:00-10:00 AND Mo-Fr"
    assert (read_condition(both) == read_condition(both, surely=True)).all()


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("no @ (Mo; Tu); yes @ We", [("no", "Mo; Tu"), ("yes", "We")]),
        ("private;delivery @ (Su)", [("private;delivery", "Su")]),
        ("no (07:00-09:00)", [("no", "")]),
        ("no", [("no", "")]),
        ("no @ ((Mo) AND weight>3)", [("no", "(Mo) AND weight>3")]),
    ],
)
def test_clauses_of_a_conditional_tag(text, clauses):
    assert read_clauses(text) == clauses


NOON = DAY_MIN + 720  # Tuesday


@pytest.mark.parametrize(
    ("tags", "night", "noon"),
    [
        ({}, True, True),
        ({"access": "employees"}, False, False),
        ({"motor_vehicle": "no", "motor_vehicle:conditional": "yes @ (10:00-20:00)"}, False, True),
        ({"motor_vehicle:conditional": "no @ (22:00-06:00; PH off)"}, False, True),
        ({"motor_vehicle:conditional": "no @ (22:00-06:00)", "motorcar": "yes"}, True, True),
        ({"motor_vehicle:conditional": "no @ (Nov-Mar)"}, False, False),
        ({"motor_vehicle:conditional": "no @ (snow)"}, True, True),
        ({"access": "no", "access:conditional": "yes @ (Nov-Mar)"}, False, False),
        ({"motorcar:forward": "no"}, False, False),
        ({"motorcar:backward": "no"}, True, True),
        ({"motor_vehicle": "agricultural;forestry"}, False, False),
        ({"motor_vehicle": "psv"}, False, False),
    ],
)
def test_a_car_is_admitted_at_the_hours_of_the_most_specific_key(tags, night, noon):
    told = admission(load_profiles(KIND)["car"], tags, "forward")
    banned = np.zeros(WEEK_MIN, np.bool_) if told.banned is None else told.banned
    assert [told.passable and not banned[at] for at in (DAY_MIN, NOON)] == [night, noon]


def test_a_class_that_is_shut_opens_by_a_key_of_the_vehicle_alone():
    car = load_profiles(KIND)["car"]
    opening = [{"access": "yes"}, {"vehicle": "yes"}, {"motor_vehicle": "yes"}, {}]
    told = [admission(car, tags, "forward", shut=True).passable for tags in opening]
    assert told == [False, False, True, False]


@given(st.integers(0, 2 * WEEK_MIN), st.integers(0, 2 * WEEK_MIN))
def test_minutes_count_from_monday_in_shanghai(start, passed):
    at = MONDAY + timedelta(minutes=start)
    assert minute_of_week(at) == start % WEEK_MIN
    later = minutes_after(at, np.array([passed * 60_000.0]))
    assert later.tolist() == [(start + passed) % WEEK_MIN]


def bans_of(hours):
    town = Town("A-B", {"AB": {"class": "motorway"}})
    edges, lorry = town.graph.edges, load_profiles(KIND)["truck"]
    closed = np.zeros(len(edges), np.bool_)
    return compile_bans(edges, lorry, closed, [Ban(classes=("motorway",), hours=hours)])


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        ("00:00-06:00", ["00:00-06:00"]),
        ("22:00-06:00", ["00:00-06:00", "22:00-24:00"]),
        ("Mo 07:00-09:00; Sa 00:00-24:00", ["Mo 07:00-09:00", "Sa 00:00-24:00"]),
        ("Tu 23:00-01:00", ["Tu 23:00-We 01:00"]),
    ],
)
def test_banned_hours_are_told(hours, told):
    assert bans_of(hours).hours(0) == told


def test_the_next_ends_of_bans_are_known():
    bans = bans_of("00:00-06:00; 12:00-13:00")
    ends = [end.strftime("%d %H:%M") for end in bans.ends_after(MONDAY + timedelta(hours=5))]
    assert ends == ["23 06:00", "23 13:00"]
    ends = bans_of("Mo 22:00-02:00").ends_after(MONDAY + timedelta(hours=23))
    assert [end.strftime("%d %H:%M") for end in ends] == ["24 02:00"]

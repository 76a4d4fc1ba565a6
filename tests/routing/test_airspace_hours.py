"""Zones with daily hours: the judge, the nearest time, and the pack hold the same ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import numpy as np
import pytest

from routing.airspace.ask import Heights, judge_point
from routing.airspace.judge import Judge
from routing.airspace.nearest import Place, Search, earliest_change, nearest_time
from routing.airspace.pack import Contents, make_pack
from routing.airspace.verdict import answer_of
from routing.airspace.zones import Zones
from spatial.airspace_rules import ACCURACY, FILING
from spatial.geo.volumes import Circle
from spatial.geozones.schedule import Daily, Period, Timetable
from tests.routing.test_airspace import flight_of, joins_of, judge, read_rule
from tests.routing.test_airspace_pack import BEGINS, KEY, TERM, Clock, opened

HERE = (119.97, 30.53)
LOW = Heights("AGL", 40.0, 40.0)


def hours(*pairs: tuple[int, int]) -> Timetable:
    """Return a timetable of hours after the pack begins, every day."""
    at = [[(BEGINS + timedelta(hours=h)).timetz() for h in pair] for pair in pairs]
    return Timetable((Period(daily=tuple(Daily((), *pair) for pair in at)),), *HERE)


@pytest.fixture(scope="module")
def scheduled() -> Judge:
    """Return a judge of one zone that prohibits flight from the second to the fourth hour."""
    disc = Circle(HERE, 3000.0)
    zone = replace(
        judge().air.zones.all[0], id="hours", restriction="PROHIBITED", shape=disc.polygon,
        circle=disc, floor=None, ceiling=None, begin=None, end=None, uncertain=False,
        timetable=hours((2, 4)),
    )  # fmt: skip
    return Judge(replace(judge().air, zones=Zones([zone])))


def says(one: Judge, hour: float, lasts_h: float = 0.0) -> str:
    begin = (BEGINS + timedelta(hours=hour)).timestamp()
    flight = replace(flight_of("light", "ordinary", None, begin), end_s=begin + lasts_h * 3600)
    found = judge_point(one, *HERE, LOW, flight, joins_of(None))
    return answer_of(found.least, found.most, unknown=found.unknown).value


@pytest.mark.parametrize(
    ("hour", "lasts_h", "held"),
    [(1, 0, False), (1, 1, False), (1, 1.5, True), (2, 0, True), (3.9, 0, True), (4, 0, False),
     (26, 0, True), (28, 0, False)],
)  # fmt: skip
def test_a_zone_holds_at_its_hours(scheduled, hour, lasts_h, held):
    assert (says(scheduled, hour, lasts_h) == "prohibited") is held


def test_the_nearest_time_and_the_next_change_are_edges_of_hours(scheduled):
    begin = (BEGINS + timedelta(hours=3.5)).timestamp()
    flight = replace(flight_of("light", "ordinary", None, begin), end_s=begin + 60)
    zones = scheduled.air.zones
    search = Search(scheduled, joins_of(None), 1000.0, 300.0)
    free = nearest_time(search, Place(*HERE, LOW, flight), BEGINS.timestamp(), 86_400.0)
    assert free == (BEGINS + timedelta(hours=4)).timestamp()
    change = earliest_change(scheduled, zones.over_point(*HERE), begin)
    assert change == (BEGINS + timedelta(hours=4)).timestamp()
    noon = (BEGINS + timedelta(hours=5)).timestamp()
    assert (
        earliest_change(scheduled, zones.over_point(*HERE), noon)
        == (BEGINS + timedelta(hours=26)).timestamp()
    )


def test_the_pack_holds_the_same_hours(scheduled):
    contents = Contents(scheduled, read_rule(FILING).value, read_rule(ACCURACY).value, {})
    pack = opened(Clock(BEGINS), data=make_pack(contents, TERM, KEY))
    for hour in np.arange(0, 12, 0.25).tolist():
        moment = BEGINS + timedelta(hours=hour)
        assert pack.verdict(*HERE, 40.0, "AGL", "light", moment)[0] == says(scheduled, hour)


def test_many_places_are_judged_by_hours_as_one_is(scheduled):
    zones = scheduled.air.zones
    over = np.zeros(3, np.int64)
    begin = datetime.combine(BEGINS.date(), time(), UTC).timestamp()
    held = [zones.in_force(over, begin + h * 3600, begin + h * 3600) for h in range(48)]
    assert all(len(set(one.tolist())) == 1 for one in held)
    assert sum(bool(one[0]) for one in held) == 4

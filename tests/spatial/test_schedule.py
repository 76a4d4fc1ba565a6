"""Times of zones: daily hours, over midnight, by the sun, at a polar night."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone

import pytest

from spatial.geozones.schedule import Daily, Period, Timetable, Window

CHINA = timezone(timedelta(hours=8))
AT = datetime(2026, 12, 1, 12, tzinfo=CHINA)  # a Tuesday


def table(*daily: Daily, lon=120.155, lat=30.274, **period) -> Timetable:
    return Timetable((Period(daily=daily, **period),), lon, lat)


def at(hour: int, minute: int = 0, day: int = 1) -> datetime:
    return datetime(2026, 12, day, hour, minute, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("moment", "held"),
    [(at(2), True), (at(5, 59), True), (at(6), False), (at(12), False), (at(22), True)],
)
def test_hours_run_over_midnight(moment, held):
    night = table(Daily((), time(22, tzinfo=CHINA), time(6, tzinfo=CHINA)))
    assert night.in_force(moment, moment) is held


def test_days_are_those_of_the_offset_in_which_hours_are_written():
    monday = table(Daily((0,), time(0, tzinfo=CHINA), time(8, tzinfo=CHINA)))
    moment = datetime(2026, 12, 6, 17, tzinfo=UTC)  # Monday 01:00 in China
    assert monday.in_force(moment, moment)
    assert not monday.in_force(moment - timedelta(days=1), moment - timedelta(days=1))


def test_a_period_bounds_its_hours_and_half_open_ends_do_not_touch():
    day = table(Daily(), begin=at(10), end=at(12))
    assert day.windows(at(0), at(23)) == [Window(at(10), at(12))]
    assert not day.in_force(at(12), at(13))
    assert day.in_force(at(11, 59), at(13))
    assert Timetable((Period(begin=at(10)),), 0, 0).in_force(at(10), at(10))


def test_windows_that_touch_are_one():
    both = table(Daily((), time(8, tzinfo=CHINA), time(10, tzinfo=CHINA)),
                 Daily((), time(10, tzinfo=CHINA), time(11, tzinfo=CHINA)))  # fmt: skip
    assert both.windows(at(9), at(10, 30)) == [Window(at(8), at(11))]


def test_the_sun_decides_at_the_place_and_says_so():
    pytest.importorskip("astral", reason="the environment is older than its lock")
    twilight = table(Daily((), "BMCT", "EECT")).windows(at(12), at(12))
    day = table(Daily((), "SR", "SS")).windows(at(12), at(12))
    (twilight,), (day,) = twilight, day
    assert twilight.computed
    # Hangzhou on 1 December: sunrise 06:36, sunset 16:58; civil twilight lasts about 26 minutes
    for found, hour, minute in ((day.begin, 6, 36), (day.end, 16, 58), (twilight.begin, 6, 10),
                                (twilight.end, 17, 24)):  # fmt: skip
        assert abs(found - at(hour, minute)) < timedelta(minutes=3)


def test_a_polar_night_has_no_hours_and_is_no_error():
    pytest.importorskip("astral", reason="the environment is older than its lock")
    svalbard = table(Daily((), "SR", "SS"), lon=15.6, lat=78.2)
    assert svalbard.windows(at(0), at(23)) == []
    assert not svalbard.in_force(at(0), at(23))

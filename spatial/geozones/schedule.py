"""Times of zones: periods with daily hours, by the clock or by the sun.

A day is that of the offset in which its hours are written; hours by the sun alone follow the mean
solar day of the place. Hours that end before they begin run over midnight.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Literal, get_args

SunEvent = Literal["BMCT", "SR", "SS", "EECT"]
SUN_EVENTS: tuple[SunEvent, ...] = get_args(SunEvent)
"""Begin of morning civil twilight, sunrise, sunset, end of evening civil twilight."""
DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
Edge = time | SunEvent | None
"""A time of day with its offset, an event of the sun, or the day's own edge."""
_DAY = timedelta(days=1)
FAR = timedelta(days=366)
"""A period without begin or end is taken to reach so far beyond what is asked."""
_CIVIL_DEG = 6.0


@dataclass(frozen=True)
class Daily:
    """Hours of some days of the week (0 is Monday); no days are all of them."""

    days: tuple[int, ...] = ()
    begin: Edge = None
    end: Edge = None

    @property
    def computed(self) -> bool:
        """Whether the sun decides."""
        return self.begin in SUN_EVENTS or self.end in SUN_EVENTS

    def offset(self, lon: float) -> timezone:
        """Return the offset in which its days are counted."""
        for edge in (self.begin, self.end):
            if isinstance(edge, time) and edge.tzinfo is not None:
                return timezone(edge.utcoffset() or timedelta())
        return timezone(timedelta(hours=round(lon / 15)) if self.computed else timedelta())


@dataclass(frozen=True)
class Period:
    """From `begin` until before `end`, within its daily hours; none are all day."""

    begin: datetime | None = None
    end: datetime | None = None
    daily: tuple[Daily, ...] = ()

    @property
    def always(self) -> bool:
        """Whether it says nothing at all."""
        return self.begin is None and self.end is None and not self.daily


@dataclass(frozen=True)
class Window:
    """A time in which a zone is in force, half-open; `computed`: by the sun."""

    begin: datetime
    end: datetime
    computed: bool = False


@dataclass(frozen=True)
class Timetable:
    """The times of a zone at its place."""

    periods: tuple[Period, ...]
    lon: float
    lat: float

    def windows(self, begin: datetime, end: datetime) -> list[Window]:
        """Return the times in force that touch [begin, end], merged, in order."""
        found = sorted(self._all(begin, end), key=lambda one: (one.begin, one.end))
        merged: list[Window] = []
        for one in found:
            if merged and one.begin <= merged[-1].end:
                last = merged[-1]
                merged[-1] = Window(
                    last.begin, max(last.end, one.end), last.computed or one.computed
                )
            else:
                merged.append(one)
        return merged

    def in_force(self, begin: datetime, end: datetime) -> bool:
        """Tell whether it is in force at some time of [begin, end), or at the moment begin."""
        until = max(end, begin + timedelta(microseconds=1))
        return any(one.begin < until and one.end > begin for one in self.windows(begin, until))

    def _all(self, begin: datetime, end: datetime) -> Iterator[Window]:
        for period in self.periods:
            first = max(begin, period.begin) if period.begin else begin
            last = min(end, period.end) if period.end else end
            if first > last:
                continue
            if not period.daily:
                yield Window(period.begin or begin - FAR, period.end or end + FAR)
            for daily in period.daily:
                for window in _days(daily, first, last, self.lon, self.lat):
                    held = _clipped(window, period)
                    if held is not None and held.begin <= end and held.end >= begin:
                        yield held


def _clipped(window: Window, period: Period) -> Window | None:
    begin = max(window.begin, period.begin) if period.begin else window.begin
    end = min(window.end, period.end) if period.end else window.end
    return Window(begin, end, window.computed) if begin < end else None


def _days(daily: Daily, begin: datetime, end: datetime, lon: float, lat: float) -> Iterator[Window]:
    offset = daily.offset(lon)
    day = begin.astimezone(offset).date() - _DAY
    last = end.astimezone(offset).date()
    while day <= last:
        if not daily.days or day.weekday() in daily.days:
            window = _window(daily, day, offset, lon, lat)
            if window is not None:
                yield window
        day += _DAY


def _window(daily: Daily, day: date, offset: timezone, lon: float, lat: float) -> Window | None:
    """Return the hours of one day, None where the sun does not rise or set."""
    begin = _moment(daily.begin, day, offset, lon, lat)
    end = _moment(daily.end, day if daily.end is not None else day + _DAY, offset, lon, lat)
    if end is not None and begin is not None and end <= begin:
        end = _moment(daily.end, day + _DAY, offset, lon, lat)
    if begin is None or end is None:
        return None
    return Window(begin, end, daily.computed)


def _moment(edge: Edge, day: date, offset: timezone, lon: float, lat: float) -> datetime | None:
    if edge is None:
        return datetime.combine(day, time(), offset)
    if isinstance(edge, time):
        return datetime.combine(day, edge.replace(tzinfo=None), edge.tzinfo or offset)
    hours = (offset.utcoffset(None) or timedelta()) / timedelta(hours=1)
    return sun_moment(edge, day, hours, lon, lat)


def sun_moment(
    event: SunEvent, day: date, offset_h: float, lon: float, lat: float
) -> datetime | None:
    """Return when the sun does something at a place on a day of an offset from UTC (h).

    None where it does not on that day: polar day or night.
    """
    from astral import Observer
    from astral.sun import dawn, dusk, sunrise, sunset

    observer, zone = Observer(lat, lon), timezone(timedelta(hours=offset_h))
    found: datetime
    try:
        if event == "BMCT":
            found = dawn(observer, day, _CIVIL_DEG, zone)
        elif event == "EECT":
            found = dusk(observer, day, _CIVIL_DEG, zone)
        elif event == "SR":
            found = sunrise(observer, day, zone)
        else:
            found = sunset(observer, day, zone)
    except ValueError:
        return None
    return found.astimezone(UTC)


def hull(periods: Sequence[Period]) -> tuple[datetime | None, datetime | None]:
    """Return the first begin and the last end of periods, None where one is open."""
    begins, ends = [p.begin for p in periods], [p.end for p in periods]
    first = None if not begins or None in begins else min(b for b in begins if b is not None)
    last = None if not ends or None in ends else max(e for e in ends if e is not None)
    return first, last

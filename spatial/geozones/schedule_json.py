"""Times of zones as ED-318 writes them: `limitedApplicability`; so they are stored as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import cast

from spatial.geozones.model import ZoneFault
from spatial.geozones.schedule import DAYS, SUN_EVENTS, Daily, Edge, Period, SunEvent
from spatial.json_types import Json, JsonObject


def read_periods(body: object) -> tuple[Period, ...]:
    """Return the periods of a list; one that says nothing holds always.

    Raises
    ------
    ZoneFault
        A time without offset, an unknown day or event, an end before its begin.
    """
    if body is None:
        return ()
    if not isinstance(body, list):
        raise _bad(body)
    found = tuple(read_period(item) for item in body)
    return () if any(period.always for period in found) else found


def read_period(body: object, hours: str = "schedule") -> Period:
    """Return one period; `hours` names the member with its daily hours.

    Raises
    ------
    ZoneFault
        See `read_periods`.
    """
    if not isinstance(body, Mapping):
        raise _bad(body)
    begin, end = read_moment(body.get("startDateTime")), read_moment(body.get("endDateTime"))
    if begin and end and begin >= end:
        raise ZoneFault("bad-time", f"{begin} is not before {end}", f"开始 {begin} 不早于 {end}")
    given = body.get(hours) or []
    if not isinstance(given, list):
        raise _bad(given)
    daily = tuple(_daily(item) for item in given)
    if any(not one.days and one.begin is None and one.end is None for one in daily):
        daily = ()
    return Period(begin, end, daily)


def write_periods(periods: Sequence[Period], hours: str = "schedule") -> list[Json]:
    """Return periods as they are written; none are an empty list."""
    return [cast(Json, _written(period, hours)) for period in periods]


def read_moment(text: object) -> datetime | None:
    """Return a time with its offset in UTC, None for null.

    Raises
    ------
    ZoneFault
        It is no such time.
    """
    if text is None or text == "":
        return None
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        raise _bad(text) from None
    if found.tzinfo is None:
        raise ZoneFault("bad-time", f"{text!r} has no offset", f"时间 {text!r} 未带时区")
    return found.astimezone(UTC)


def _daily(body: object) -> Daily:
    if not isinstance(body, Mapping):
        raise _bad(body)
    days = body.get("day") or []
    if not isinstance(days, list) or any(day not in (*DAYS, "ANY") for day in days):
        raise ZoneFault("bad-time", f"no such days: {days!r}", f"星期写法有误：{days!r}")
    numbers = () if "ANY" in days else tuple(sorted({DAYS.index(day) for day in days}))
    every = () if len(numbers) == len(DAYS) else numbers
    return Daily(every, _edge(body, "start"), _edge(body, "end"))


def _edge(body: Mapping[str, object], side: str) -> Edge:
    event, clock = body.get(f"{side}Event"), body.get(f"{side}Time")
    if event is None and clock in SUN_EVENTS:
        event = clock
    if event is not None:
        if event not in SUN_EVENTS:
            raise ZoneFault("bad-time", f"no such event: {event!r}", f"无此日照事件：{event!r}")
        found: SunEvent = event
        return found
    if clock is None or clock == "":
        return None
    return read_clock(str(clock))


def read_clock(text: str) -> time:
    """Return a time of day with its offset; 24:00 is the next midnight.

    Raises
    ------
    ZoneFault
        It is no such time, or has no offset.
    """
    text = "00:00" + text[5:] if text.startswith("24:00") else text
    try:
        found = time.fromisoformat(text)
    except ValueError:
        raise _bad(text) from None
    if found.tzinfo is None:
        raise ZoneFault("bad-time", f"{text!r} has no offset", f"时刻 {text!r} 未带时区")
    return found


def _written(period: Period, hours: str) -> JsonObject:
    body: JsonObject = {}
    if period.begin:
        body["startDateTime"] = written_moment(period.begin)
    if period.end:
        body["endDateTime"] = written_moment(period.end)
    if period.daily:
        body[hours] = [cast(Json, _written_daily(one)) for one in period.daily]
    return body


def written_moment(moment: datetime) -> str:
    """Return a time in UTC as RFC 3339."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _written_daily(daily: Daily) -> JsonObject:
    body: JsonObject = {"day": [DAYS[day] for day in daily.days] or ["ANY"]}
    for side, edge in (("start", daily.begin), ("end", daily.end)):
        if isinstance(edge, time):
            body[f"{side}Time"] = edge.isoformat().replace("+00:00", "Z")
        elif edge is not None:
            body[f"{side}Event"] = edge
    return body


def _bad(value: object) -> ZoneFault:
    return ZoneFault("bad-time", f"not a time: {str(value)[:80]!r}", "时间写法有误")

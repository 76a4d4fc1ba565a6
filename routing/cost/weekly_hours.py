"""Weekly hours: `Mo-Fr 07:00-09:00,16:30-18:30` as minutes of the week in Asia/Shanghai.

A subset of https://wiki.openstreetmap.org/wiki/Key:opening_hours: days, and times that may pass
midnight. No calendar of holidays is kept: rules for them are passed over. Dates are not read.
"""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from routing.graph.weights import Bools, Floats, Ints

ZONE = ZoneInfo("Asia/Shanghai")
DAY_MIN, WEEK_MIN = 1440, 7 * 1440
DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_PART = re.compile(
    r"(?:(?P<days>(?:Mo|Tu|We|Th|Fr|Sa|Su)(?:[-,](?:Mo|Tu|We|Th|Fr|Sa|Su))*)\s*)?"
    r"(?P<times>\d{1,2}:\d{2}\s*-\s*\d{1,2}:\d{2}(?:\s*,\s*\d{1,2}:\d{2}\s*-\s*\d{1,2}:\d{2})*)?"
)
_CLAUSES = re.compile(r";(?![^(]*\))")
_BRACKETS = re.compile(r"\((.*)\)")
_WORD = re.compile(r"[a-z_]+|-?1")
_HOLIDAY = re.compile(r"(?:PH|SH)\b.*|")
_OFF = re.compile(r"(.*?)\s*\b(?:off|closed)")
_AND = re.compile(r"\s+AND\s+", re.IGNORECASE)
_ROAD_STATE = frozenset({"ice", "icy", "snow", "wet", "rain", "fog", "wind", "low_visibility"})
"""Conditions of weather, which signs show when they hold; here they never do."""


def read_hours(text: str) -> Bools | None:
    """Return the minutes of the week (Monday 00:00 first) that a text names; None if unreadable."""
    week, read = np.zeros(WEEK_MIN, np.bool_), False
    for part in text.split(";"):
        said = re.sub(r"\b(?:PH|SH),|,(?:PH|SH)\b", "", part.strip()).replace("24/7", "Mo-Su")
        if read and _HOLIDAY.fullmatch(said):
            continue
        off = _OFF.fullmatch(said)
        found = _PART.fullmatch(off[1] if off else said)
        if found is None or not said:
            return None
        spans = [_minutes(span) for span in (found["times"] or "00:00-24:00").split(",")]
        if any(low > DAY_MIN or high > DAY_MIN for low, high in spans):
            return None
        read = True
        for day in _days(found["days"]):
            for low, high in spans:
                last = high + DAY_MIN if high <= low else high
                week[(day * DAY_MIN + np.arange(low, last)) % WEEK_MIN] = off is None
    return week


def readable(text: str) -> str:
    """Return a text that names hours.

    Raises
    ------
    ValueError
        It does not.
    """
    if read_hours(text) is None:
        raise ValueError(f"hours like 00:00-06:00 or Mo-Fr 07:00-09:00, not {text!r}")
    return text


def _minutes(span: str) -> tuple[int, int]:
    (a, b), (c, d) = (tuple(map(int, end.split(":"))) for end in span.split("-"))
    return 60 * a + b, 60 * c + d


def _days(text: str | None) -> list[int]:
    if text is None:
        return list(range(7))
    days: list[int] = []
    for span in text.split(","):
        first, _, last = span.partition("-")
        low, high = DAYS.index(first), DAYS.index(last or first)
        days += [day % 7 for day in range(low, high + 1 if high >= low else high + 8)]
    return days


def forbidden_hours(
    conditional: str, refused: frozenset[str], *, surely: bool = False
) -> Bools | None:
    """Return when a tag like `no @ (22:00-06:00)` may refuse passage, or `surely` does.

    None where it has no such clause. A condition that cannot be read may hold at any time.
    """
    weeks = [
        read_condition(condition, surely=surely)
        for value, condition in read_clauses(conditional)
        if value in refused
    ]
    if surely:
        weeks = [week for week in weeks if week is not None]
    known = [np.ones(WEEK_MIN, np.bool_) if week is None else week for week in weeks]
    return np.logical_or.reduce(known) if known else None


def read_clauses(conditional: str) -> list[tuple[str, str]]:
    """Return the values of a tag like `no @ (22:00-06:00); delivery @ (Su)`, with their conditions.

    Words before a value without a condition of their own share its one (`private;delivery @ (Su)`).
    What else has none has an empty condition, which nobody can read.
    """
    found, before = [], ""
    for clause in _CLAUSES.split(conditional):
        value, at, condition = (part.strip() for part in clause.partition("@"))
        value = value.lower()
        if not at and _WORD.fullmatch(value):
            before += f"{value};"
        elif value:
            named = before + (value if at else value.split()[0])
            inner = _BRACKETS.fullmatch(condition)
            found.append((named, inner[1].strip() if inner else condition))
            before = ""
    return [*found, (before.rstrip(";"), "")] if before else found


def read_condition(text: str, *, surely: bool = False) -> Bools | None:
    """Return when a condition may hold, None where it cannot be read; one of the weather never.

    Of several conditions joined by AND the hours count; for when it `surely` holds all must be
    hours. `not Mo-Fr 07:00-09:00` is all other hours.
    """
    if text.startswith("not "):
        other = read_condition(text.removeprefix("not "), surely=not surely)
        return None if other is None else ~other
    parts = [part.strip("() ") for part in _AND.split(text)]
    if not _ROAD_STATE.isdisjoint(part.lower() for part in parts):
        return np.zeros(WEEK_MIN, np.bool_)
    weeks = [week for part in parts if (week := read_hours(part)) is not None]
    if not weeks or (surely and len(weeks) < len(parts)):
        return None
    return np.asarray(np.logical_and.reduce(weeks), np.bool_)


def minute_of_week(at: datetime) -> float:
    """Return the minutes since Monday 00:00 in Asia/Shanghai."""
    local = at.astimezone(ZONE)
    return local.weekday() * DAY_MIN + local.hour * 60 + local.minute + local.second / 60


def minutes_after(at: datetime, passed_ms: Floats) -> Ints:
    """Return the minute of the week at each time after a departure."""
    return np.asarray((minute_of_week(at) + passed_ms / 60_000) % WEEK_MIN, np.int64)

"""Periods of indicators: day, ISO week, month; Asia/Shanghai, half-open."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from layers.cql.types import DAY_ZONE, day_start
from spatial.errors import BadParameter

Kind = Literal["day", "week", "month"]
KINDS: tuple[Kind, ...] = ("day", "week", "month")
MOST = 1000
"""Periods that a series has at most."""
FIRST_YEAR, LAST_YEAR = 1950, 2199
_FORMS: dict[Kind, re.Pattern[str]] = {
    "day": re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII),
    "week": re.compile(r"(\d{4})-W(\d\d)", re.ASCII),
    "month": re.compile(r"(\d{4})-(\d\d)", re.ASCII),
}


@dataclass(frozen=True, slots=True)
class Period:
    """A day, an ISO week or a month.

    Parameters
    ----------
    kind
        Which of them.
    first, last
        Its first day, and the first day after it.
    """

    kind: Kind
    first: date
    last: date

    @property
    def id(self) -> str:
        """Return it as it is written: 2026-03-02, 2026-W10, 2026-03."""
        if self.kind == "week":
            year, week, _ = self.first.isocalendar()
            return f"{year}-W{week:02d}"
        return self.first.isoformat()[: 7 if self.kind == "month" else 10]

    @property
    def start(self) -> datetime:
        """Return the instant at which it begins."""
        return day_start(self.first)

    @property
    def end(self) -> datetime:
        """Return the instant at which the next one begins."""
        return day_start(self.last)

    @property
    def previous(self) -> Period:
        """Return the period of its kind before it."""
        return _holding(self.kind, self.first - timedelta(days=1))

    def cutoff(self, now: datetime) -> datetime:
        """Return the instant up to which it is counted: its end, or now while it lasts."""
        return now if self.start < now < self.end else self.end


def parse_period(text: str) -> Period:
    """Return the period that a text names.

    Raises
    ------
    BadParameter
        It names none; the allowed forms are told.
    """
    for kind, form in _FORMS.items():
        found = form.fullmatch(text)
        if found is None:
            continue
        numbers = [int(part) for part in found.groups()]
        try:
            if FIRST_YEAR <= numbers[0] <= LAST_YEAR:
                return _READ[kind](numbers)
        except ValueError:
            break
    raise BadParameter(
        f"No period {text[:40]!r}",
        f"没有周期 {text[:40]!r}",
        mend_en="Write a day 2026-03-02, an ISO week 2026-W10 or a month 2026-03,"
        f" from {FIRST_YEAR} to {LAST_YEAR}.",
        mend_zh="格式：日 2026-03-02、ISO 周 2026-W10 或月 2026-03，"
        f"{FIRST_YEAR} 年至 {LAST_YEAR} 年。",
        parameter="period",
    )


_READ: dict[Kind, Callable[[list[int]], Period]] = {
    "day": lambda parts: _holding("day", date(*parts)),
    "week": lambda parts: _holding("week", date.fromisocalendar(parts[0], parts[1], 1)),
    "month": lambda parts: _holding("month", date(parts[0], parts[1], 1)),
}


def _holding(kind: Kind, day: date) -> Period:
    """Return the period of a kind that holds a day."""
    if kind == "day":
        return Period(kind, day, day + timedelta(days=1))
    if kind == "week":
        first = day - timedelta(days=day.weekday())
        return Period(kind, first, first + timedelta(days=7))
    first = day.replace(day=1)
    return Period(kind, first, (first + timedelta(days=31)).replace(day=1))


def period_at(kind: Kind, moment: datetime | None = None) -> Period:
    """Return the period of a kind that holds a moment, now when left out."""
    return _holding(kind, (moment or datetime.now(UTC)).astimezone(DAY_ZONE).date())


def series(last: Period, count: int) -> list[Period]:
    """Return so many periods, the oldest first, that end with one.

    Raises
    ------
    BadParameter
        None, more than `MOST`, or older than all time.
    """
    if not 1 <= count <= MOST:
        raise BadParameter(
            f"A series has 1 to {MOST} periods, not {count}",
            f"序列的周期数为 1 至 {MOST}，而不是 {count}",
            parameter="last",
        )
    found = [last]
    while len(found) < count:
        found.append(found[-1].previous)
    return found[::-1]

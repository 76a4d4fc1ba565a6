"""When a flight is filed: the clock of its task, as times of the flight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from spatial.airspace_rules import Clock

DAY_ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Deadlines:
    """By when a flight is filed, answered and confirmed; None where the task knows no such time."""

    file_by: datetime | None
    reply_by: datetime | None
    confirm_by: datetime | None
    late: bool
    """The time for filing, or for confirming where nothing is filed, has passed."""


def deadlines_of(clock: Clock, begin: datetime, asked: datetime) -> Deadlines:
    """Return the times of a flight that begins at a time, seen from another one."""
    file_by = _by(begin, clock.file_day_before, clock.file_minutes)
    reply_by = _by(begin, clock.reply_day_before, clock.reply_minutes)
    confirm_by = _by(begin, None, clock.confirm_minutes)
    last = file_by or confirm_by
    return Deadlines(file_by, reply_by, confirm_by, last is not None and asked > last)


def _by(begin: datetime, day_before: str | None, minutes: int | None) -> datetime | None:
    if day_before is not None:
        day = begin.astimezone(DAY_ZONE).date() - timedelta(days=1)
        return datetime.combine(day, time.fromisoformat(day_before), DAY_ZONE)
    return None if minutes is None else begin.astimezone(DAY_ZONE) - timedelta(minutes=minutes)

"""Hours of a depot or gate: whether it is open at a time, and when it opens next."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from routing.cost.weekly_hours import minute_of_week, read_hours


class Opening(NamedTuple):
    """Whether it is open at a time, until or from when; None is always, or never.

    `known` is false where its hours are not told or cannot be read: it is then taken as open.
    """

    open: bool
    changes: datetime | None
    known: bool


def opening_at(hours: str | None, at: datetime) -> Opening:
    """Return whether hours as OpenStreetMap writes them (Asia/Shanghai) are open at a time."""
    week = None if hours is None else read_hours(hours)
    if week is None:
        return Opening(True, None, False)
    begin = at.replace(second=0, microsecond=0)
    first = int(minute_of_week(begin))
    ahead = np.roll(week, -first)
    if ahead.all() or not ahead.any():
        return Opening(bool(ahead[0]), None, True)
    minutes = int(np.argmax(ahead != ahead[0]))
    return Opening(bool(ahead[0]), begin + timedelta(minutes=minutes), True)

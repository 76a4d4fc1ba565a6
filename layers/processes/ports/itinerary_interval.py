"""Amounts with both ends, and times of the province, as answers about the linkage tell them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from layers.processes.readers.timetable_rows import ZONE
from routing.multimodal.bag_kernels import UNKNOWN


class Interval(BaseModel):
    """Lowest and highest value; the highest is null where nobody knows it."""

    low: float
    high: float | None


def clock(at: int) -> datetime:
    """Return Unix seconds as a time of the province."""
    return datetime.fromtimestamp(at, ZONE)


def interval(low: int, high: int, per: float) -> Interval:
    """Return an interval in its unit; `per` whole numbers make one."""
    return Interval(low=round(low / per, 3), high=None if high >= UNKNOWN else round(high / per, 3))

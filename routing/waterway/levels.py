"""Levels of gauges in time: readings, then forecasts with their spread; else none is made up.

Between two values not too far apart a level runs straight. A reading counts on for some hours;
after the last forecast nothing is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import numpy as np

from routing.graph.weights import Bools, Floats, Ints

STEP_S = 600.0
"""How far apart the moments are at which a span of time is looked at."""
HOUR_S = 3600.0
READING = "reading"


class LevelRow(NamedTuple):
    """A reading or one value of a forecast, in m above the gauge's datum; None is not told."""

    gauge: UUID
    kind: str
    at: datetime
    issued_at: datetime
    p10_m: float | None
    p50_m: float
    p90_m: float | None


class GaugeRow(NamedTuple):
    """A gauge: what it is called, and the datum that its levels count from."""

    id: UUID
    code: str | None
    name: dict[str, str | None]
    datum: str | None


@dataclass(frozen=True)
class Series:
    """One gauge: times (s since 1970, ascending), levels (3, n) low, middle and high, how known."""

    time: Floats
    level: Floats
    read: Bools

    @classmethod
    def of(cls, rows: Sequence[LevelRow]) -> Series:
        """Join readings with what the latest forecasts say of the time after the last of them."""
        points = {r.at.timestamp(): (r.p50_m, r.p50_m, r.p50_m, True)
                  for r in rows if r.kind == READING}  # fmt: skip
        last = max(points, default=-np.inf)
        for row in sorted((r for r in rows if r.kind != READING), key=lambda r: r.issued_at):
            if row.at.timestamp() > last:
                spread = [np.nan if p is None else p for p in (row.p10_m, row.p50_m, row.p90_m)]
                points[row.at.timestamp()] = (spread[0], spread[1], spread[2], False)
        time = np.array(sorted(points), np.float64)
        values = np.array([points[at] for at in time.tolist()], np.float64).reshape(-1, 4)
        return cls(time, values[:, :3].T.copy(), values[:, 3] > 0)

    def at(self, when: Floats, hold_s: float, gap_s: float) -> Floats:
        """Return the (3, n) levels at some times; NaN is not known."""
        found = np.full((3, len(when)), np.nan)
        if not len(self.time):
            return found
        before = np.searchsorted(self.time, when, side="right") - 1
        known = before >= 0
        i = np.maximum(before, 0)
        j = np.minimum(i + 1, len(self.time) - 1)
        passed, gap = when - self.time[i], self.time[j] - self.time[i]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(gap > 0, passed / gap, 0.0)
        between = known & (((j > i) & (gap <= gap_s)) | (passed == 0))
        straight = self.level[:, i] * (1 - share) + self.level[:, j] * share
        exact = known & (passed == 0)
        held = known & ~between & self.read[i] & (passed <= hold_s)
        found[:, between] = straight[:, between]
        found[:, held | exact] = self.level[:, i][:, held | exact]
        return found


class Levels:
    """The levels of all gauges; never changed."""

    def __init__(self, gauges: Sequence[GaugeRow], rows: Iterable[LevelRow]) -> None:
        self.gauges = list(gauges)
        self.number = {gauge.id: n for n, gauge in enumerate(self.gauges)}
        by_gauge: dict[UUID, list[LevelRow]] = defaultdict(list)
        for row in rows:
            by_gauge[row.gauge].append(row)
        self.series = [Series.of(by_gauge[gauge.id]) for gauge in self.gauges]

    @classmethod
    def none(cls) -> Levels:
        """Return the levels where there is no gauge."""
        return cls([], [])

    def at(self, when: Floats, hold_s: float, gap_s: float) -> Floats:
        """Return the (3, gauges, times) low, middle and high levels; NaN is not known."""
        found = np.full((3, len(self.series), len(when)), np.nan)
        for number, series in enumerate(self.series):
            found[:, number] = series.at(when, hold_s, gap_s)
        return found

    def last_forecast(self, gauge: int) -> float | None:
        """Return the time (s since 1970) of the last value of a gauge, None where it has none."""
        time = self.series[gauge].time
        return float(time[-1]) if len(time) else None


def moments(begin: float, end: float) -> Floats:
    """Return the moments (s since 1970) at which a span of time is looked at, its ends too."""
    return np.append(np.arange(begin, end, STEP_S), end)


def positions(numbers: dict[UUID, int], ids: Iterable[UUID | None]) -> Ints:
    """Return the numbers of some ids, -1 for none and for one that is not known."""
    return np.array([-1 if i is None else numbers.get(i, -1) for i in ids], np.int64)

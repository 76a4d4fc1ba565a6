"""Bans by the clock: roads that a vehicle may not enter at certain hours.

They come from a rule (`bans` of a profile: classes and hours) and from conditional access tags of
the roads themselves. A ban is looked at where each road is entered, in Asia/Shanghai.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import orjson
from numpy.typing import NDArray

from routing.cost.rule_models import Ban
from routing.cost.weekly_hours import (
    DAY_MIN,
    DAYS,
    WEEK_MIN,
    ZONE,
    forbidden_hours,
    minute_of_week,
    minutes_after,
    read_hours,
)
from routing.graph.graph import Edges
from routing.graph.weights import Bools, Floats, Ints


@dataclass(frozen=True)
class Bans:
    """`code` names each edge's row of `weeks` (rows, minutes of the week); row 0 bans nothing."""

    code: NDArray[np.int32]
    weeks: Bools

    @cached_property
    def any(self) -> bool:
        """Tell whether any edge is banned at any time."""
        return bool(self.code.any())

    def at(self, time: datetime) -> Bools:
        """Return the edges that may not be entered at a time."""
        return np.asarray(self.weeks[self.code, int(minute_of_week(time))], np.bool_)

    def during(self, depart: datetime, passed_ms: float) -> Bools:
        """Return the edges that may not be entered at some minute of a drive."""
        minutes = minutes_after(depart, np.append(np.arange(0, passed_ms, 60_000.0), passed_ms))
        row = np.asarray(self.weeks[:, np.unique(minutes)].any(axis=1), np.bool_)
        return np.asarray(row[self.code], np.bool_)

    def entered(self, edges: Ints, passed_ms: Floats, depart: datetime) -> Bools:
        """Return which edges, each entered some ms after a departure, are banned just then."""
        return np.asarray(self.weeks[self.code[edges], minutes_after(depart, passed_ms)], np.bool_)

    def hours(self, edge: int) -> list[str]:
        """Return an edge's banned hours: `00:00-06:00` if every day, else `Mo 00:00-06:00` each."""
        week = self.weeks[self.code[edge]]
        days = week.reshape(7, DAY_MIN)
        daily = bool((days == days[0]).all())
        steps = np.diff(np.concatenate([[0], days[0] if daily else week, [0]]).astype(np.int8))
        spans = np.flatnonzero(steps).reshape(-1, 2).tolist()
        return [_span(low, high, daily=daily) for low, high in spans]

    def ends_after(self, time: datetime, hours: int = 24) -> list[datetime]:
        """Return the next times (whole minutes) at which some ban ends."""
        start = time.astimezone(ZONE).replace(second=0, microsecond=0)
        passed = np.arange(1, hours * 60 + 1)
        minute = int(minute_of_week(start))
        before = self.weeks[:, (minute + passed - 1) % WEEK_MIN]
        ended = (before & ~self.weeks[:, (minute + passed) % WEEK_MIN]).any(axis=0)
        return [start + timedelta(minutes=int(m)) for m in passed[ended]]


def _span(low: int, high: int, *, daily: bool) -> str:
    first, start = divmod(low, DAY_MIN)
    last, stop = divmod(high - 1, DAY_MIN)
    begin, end = f"{start // 60:02}:{start % 60:02}", f"{(stop + 1) // 60:02}:{(stop + 1) % 60:02}"
    if daily:
        return f"{begin}-{end}"
    return f"{DAYS[first]} {begin}-{end if first == last else f'{DAYS[last]} {end}'}"


def compile_bans(
    edges: Edges,
    keys: Sequence[str],
    refused: frozenset[str],
    declared: Sequence[Ban],
) -> Bans:
    """Return the bans on edges for a vehicle.

    `keys` are the access keys that speak of it and `refused` the values that refuse it; `declared`
    are those of a rule.
    """
    by_class = [_of_class(name, declared) for name in edges.edge_class.values]
    by_access = [_of_access(text, keys, refused) for text in edges.access.values]
    nothing = np.zeros(WEEK_MIN, np.bool_)
    classes = np.array([*by_class, nothing])
    accesses = np.array([*by_access, nothing])
    row = edges.edge_class.codes.astype(np.int64) % len(classes)  # -1, not said, is the last
    pair = row * len(accesses) + edges.access.codes % len(accesses)
    distinct, code = np.unique(pair, return_inverse=True)
    rows = [classes[p // len(accesses)] | accesses[p % len(accesses)] for p in distinct.tolist()]
    return _numbered(rows, code)


def _numbered(rows: Sequence[Bools], code: Ints) -> Bans:
    """Number the different weeks, the empty one first."""
    number: dict[bytes, int] = {np.zeros(WEEK_MIN, np.bool_).tobytes(): 0}
    of_row = [number.setdefault(row.tobytes(), len(number)) for row in rows]
    weeks = np.array([np.frombuffer(text, np.bool_) for text in number])
    return Bans(
        np.array(of_row, np.int32)[code.ravel()] if of_row else code.astype(np.int32), weeks
    )


def _of_class(name: str, declared: Sequence[Ban]) -> Bools:
    week = np.zeros(WEEK_MIN, np.bool_)
    for ban in declared:
        hours = read_hours(ban.hours) if name in ban.classes else None
        if hours is not None:
            week |= hours
    return week


def _of_access(text: str, keys: Sequence[str], refused: frozenset[str]) -> Bools:
    """Return when an access table refuses; the most specific conditional tag counts."""
    table = orjson.loads(text)
    said = [table[f"{key}:conditional"] for key in keys if f"{key}:conditional" in table]
    week = forbidden_hours(str(said[-1]), refused) if said else None
    return np.zeros(WEEK_MIN, np.bool_) if week is None else week

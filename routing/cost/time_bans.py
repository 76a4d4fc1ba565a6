"""Bans by the clock: roads that a vehicle may not enter at certain hours.

They come from a rule (`bans` of a profile: classes and hours) and from conditional access and
one-way tags of the roads themselves, the latter for one direction. A ban is looked at where each
road is entered, in Asia/Shanghai.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import orjson
from numpy.typing import NDArray

from routing.cost.access import DIRECTIONS, Vehicle, admission
from routing.cost.network_rules import Ban
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
from routing.graph.graph import BACKWARD, FORWARD, Edges
from routing.graph.weights import Bools, Floats, Ints

SIDES = tuple((one, way) for one in (False, True) for way in (FORWARD, BACKWARD))
_ALONG, _AGAINST = ("yes", "true", "1"), ("-1", "reverse")


@dataclass(frozen=True)
class Bans:
    """`code` names each key's row of `weeks` (rows, minutes of the week); row 0 bans nothing."""

    code: NDArray[np.int32]
    weeks: Bools

    @cached_property
    def any(self) -> bool:
        """Tell whether any key is banned at any time."""
        return bool(self.code.any())

    def at(self, time: datetime) -> Bools:
        """Return the keys (a mask) that may not be entered at a time."""
        return np.asarray(self.weeks[self.code, int(minute_of_week(time))], np.bool_)

    def during(self, depart: datetime, passed_ms: float) -> Bools:
        """Return the keys (a mask) that may not be entered at some minute of a drive."""
        minutes = minutes_after(depart, np.append(np.arange(0, passed_ms, 60_000.0), passed_ms))
        row = np.asarray(self.weeks[:, np.unique(minutes)].any(axis=1), np.bool_)
        return np.asarray(row[self.code], np.bool_)

    def entered(self, keys: Ints, passed_ms: Floats, depart: datetime) -> Bools:
        """Return which keys, each entered some ms after a departure, are banned just then."""
        return np.asarray(self.weeks[self.code[keys], minutes_after(depart, passed_ms)], np.bool_)

    def hours(self, key: int) -> list[str]:
        """Return a key's banned hours: `00:00-06:00` if every day, else `Mo 00:00-06:00` each."""
        week = self.weeks[self.code[key]]
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
    vehicle: Vehicle,
    closed: Bools,
    declared: Sequence[Ban[str]],
    *,
    oneway: bool = True,
) -> Bans:
    """Return the bans on keys for a vehicle.

    `closed` are the edges of classes that an access table must open; `declared` are the bans of a
    rule. One-way streets bind the vehicle unless `oneway` is False.
    """
    by_class = [_of_class(name, declared) for name in edges.edge_class.values]
    nothing = np.zeros(WEEK_MIN, np.bool_)
    classes = np.array([*by_class, nothing])
    rows = [
        week
        for text in edges.access.values
        for shut in (False, True)
        for week in _of_access(orjson.loads(text), vehicle, shut=shut, oneway=oneway)
    ]
    accesses = np.array([*rows, *[nothing] * (2 * len(SIDES))])
    if not (classes.any() or accesses.any()):
        return _numbered([nothing], np.zeros(2 * len(edges), np.int64))
    row = edges.edge_class.codes.astype(np.int64) % len(classes)  # -1, not said, is the last
    text = edges.access.codes.astype(np.int64) % (len(edges.access.values) + 1)
    access = len(SIDES) * (2 * text + closed) + 2 * edges.legal_oneway
    pair = np.repeat(row * len(accesses) + access, 2)
    pair[1::2] += 1
    named = np.zeros(len(classes) * len(accesses), np.bool_)
    named[pair] = True
    distinct, code = np.flatnonzero(named), (np.cumsum(named) - 1)[pair]
    rows = [classes[p // len(accesses)] | accesses[p % len(accesses)] for p in distinct.tolist()]
    return _numbered(rows, code)


def conditional_oneway(access: Mapping[str, object], keys: Sequence[str]) -> str | None:
    """Return the conditional one-way tag that counts for a vehicle, the most specific one."""
    names = ("oneway:conditional", *(f"oneway:{key}:conditional" for key in keys))
    return next((str(access[name]) for name in reversed(names) if name in access), None)


def _oneway_hours(said: str) -> tuple[Bools | None, Bools | None, Bools | None]:
    """Return when a conditional tag may make a street one-way, and one-way against it.

    The third are the hours at which it surely opens one against it.
    """
    along, against = (forbidden_hours(said, frozenset(values)) for values in (_ALONG, _AGAINST))
    return along, against, forbidden_hours(said, frozenset((*_AGAINST, "no")), surely=True)


def opens_against(said: str) -> bool:
    """Tell whether a conditional one-way tag opens a one-way street against it at some hours."""
    return _oneway_hours(said)[2] is not None


def _of_oneway(access: Mapping[str, object], keys: Sequence[str]) -> dict[tuple[bool, int], Bools]:
    """Return the bans of an access table by whether the street is one-way, and by direction.

    A one-way street that is none at some hours is banned against it at all others.
    """
    said = conditional_oneway(access, keys)
    if said is None:
        return {}
    along, against, opened = _oneway_hours(said)
    bans = {}
    if along is not None:
        bans[False, BACKWARD] = along
    if against is not None:
        bans[False, FORWARD] = bans[True, FORWARD] = against
    if opened is not None:
        bans[True, BACKWARD] = ~opened
    own = next((access[f"oneway:{key}"] for key in reversed(keys) if f"oneway:{key}" in access), "")
    if own in ("yes", "no"):  # whatever the street is to others
        mine = {way: bans[own == "yes", way] for way in (FORWARD, BACKWARD)
                if (own == "yes", way) in bans}  # fmt: skip
        bans = {(one, way): week for one in (False, True) for way, week in mine.items()}
    return bans


def _numbered(rows: Sequence[Bools], code: Ints) -> Bans:
    """Number the different weeks, the empty one first."""
    number: dict[bytes, int] = {np.zeros(WEEK_MIN, np.bool_).tobytes(): 0}
    of_row = [number.setdefault(row.tobytes(), len(number)) for row in rows]
    weeks = np.array([np.frombuffer(text, np.bool_) for text in number])
    return Bans(
        np.array(of_row, np.int32)[code.ravel()] if of_row else code.astype(np.int32), weeks
    )


def _of_class(name: str, declared: Sequence[Ban[str]]) -> Bools:
    week = np.zeros(WEEK_MIN, np.bool_)
    for ban in declared:
        hours = read_hours(ban.hours) if name in ban.classes else None
        if hours is not None:
            week |= hours
    return week


def _of_access(
    access: Mapping[str, object], vehicle: Vehicle, *, shut: bool, oneway: bool
) -> list[Bools]:
    """Return when an access table refuses, by `SIDES`."""
    sides = _of_oneway(access, vehicle.access) if oneway else {}
    nothing = np.zeros(WEEK_MIN, np.bool_)
    hours = [admission(vehicle, access, name, shut=shut).banned for name in DIRECTIONS]
    banned = [nothing if week is None else week for week in hours]
    return [banned[way] | sides.get((one, way), nothing) for one, way in SIDES]

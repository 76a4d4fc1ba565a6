"""Closures of a lock: while one holds, its chambers are shut."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from math import ceil, floor
from typing import NamedTuple
from uuid import UUID

import asyncpg

from api.ports.locks import lock_rows as rows
from api.ports.locks.tides import FAR
from routing.locks.model import Chamber, Window


class Closure(NamedTuple):
    """From when to when (epoch seconds) the way through a lock is shut; None is open."""

    since: float | None
    until: float | None


async def read_closures(
    conn: asyncpg.Connection, locks: Sequence[UUID]
) -> Mapping[UUID, list[Closure]]:
    """Return the closures of both ways through locks that hold now or later."""
    found = defaultdict(list)
    for row in await conn.fetch(rows.CLOSURES, locks):
        found[row["facility_id"]].append(Closure(row["since"], row["until"]))
    return found


def shut_in(
    chambers: Sequence[Chamber], closures: Sequence[Closure], now: datetime
) -> list[Chamber]:
    """Return chambers that no lockage goes through while a closure holds."""
    if not closures:
        return list(chambers)
    begin = int(now.timestamp())
    always = [Window(begin, begin + int(FAR.total_seconds()))]
    never = [Window(begin - 1, begin - 1)]
    return [
        replace(one, windows=tuple(_without(one.windows or always, closures)) or tuple(never))
        for one in chambers
    ]


def _without(windows: Sequence[Window], closures: Sequence[Closure]) -> list[Window]:
    left = list(windows)
    for closure in closures:
        left = [part for window in left for part in _cut(window, closure)]
    return left


def _cut(window: Window, closure: Closure) -> Iterator[Window]:
    """Yield what a closure leaves of a window."""
    since = window.since if closure.since is None else floor(closure.since)
    until = window.until if closure.until is None else ceil(closure.until)
    parts = (
        replace(window, until=min(window.until, since)),
        replace(window, since=max(window.since, until)),
    )
    yield from (part for part in parts if part.since < part.until)

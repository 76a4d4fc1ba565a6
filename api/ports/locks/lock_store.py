"""Locks from their rows: chambers that may work, who is declared, the plan that holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import numpy as np

from api.ports.locks import lock_rows as rows
from api.ports.locks.closures import read_closures, shut_in
from api.ports.locks.tides import Sills, read_sills
from api.ports.locks.told import ToldLockage, ToldPlan
from routing.cost.weekly_hours import minute_of_week, read_hours
from routing.locks.model import Chamber, Ship, Task, Way, Window
from routing.locks.placement import Placer
from routing.locks.rule_models import GAPS, ORDER, SEARCH
from spatial.errors import LimitViolated, NotFound
from spatial.rules import Rules, get_rule

AHEAD = timedelta(days=7)
"""How far hours of opening are followed."""


@dataclass(frozen=True)
class LockState:
    """A lock as it stands: its row, chambers with known sizes, those whose sizes are not known."""

    row: asyncpg.Record
    chambers: Sequence[Chamber]
    unknown: Sequence[str]
    queue: Sequence[asyncpg.Record]
    sills: Sills = Sills()

    @property
    def plan(self) -> ToldPlan | None:
        """The document of the plan that holds."""
        found: ToldPlan | None = self.row["document"]
        return found


async def read_locks(conn: asyncpg.Connection, lock: UUID | None, now: datetime) -> list[LockState]:
    """Return the locks that have chambers, or one of them.

    Raises
    ------
    NotFound
    """
    found = await conn.fetch(rows.LOCKS, lock)
    if lock is not None and not found:
        raise NotFound(
            f"No lock {lock} with chambers", f"没有带闸室的船闸 {lock}",
            mend_en="GET /api/locks lists them.", mend_zh="可用船闸见 GET /api/locks。",
        )  # fmt: skip
    keys = [row["id"] for row in found]
    chambers = defaultdict(list)
    for row in await conn.fetch(rows.CHAMBERS, keys):
        chambers[row["facility_id"]].append(row)
    closures = await read_closures(conn, keys)
    queue = [] if lock is None else await conn.fetch(rows.QUEUE, [lock])
    sills = Sills() if lock is None else await read_sills(conn, lock, now)
    states = [_state(row, chambers[row["id"]], queue, now) for row in found]
    return [
        replace(
            one, sills=sills, chambers=shut_in(one.chambers, closures.get(one.row["id"], ()), now)
        )
        for one in states
    ]


def _state(
    row: asyncpg.Record,
    chambers: Sequence[asyncpg.Record],
    queue: Sequence[asyncpg.Record],
    now: datetime,
) -> LockState:
    known = [c for c in chambers if None not in (c["length_m"], c["beam_m"], c["lockage_s"])]
    lost = [str(c["number"]) for c in chambers if c not in known]
    return LockState(row, [chamber_of(c, now) for c in known], lost, queue)


def chamber_of(row: asyncpg.Record, now: datetime) -> Chamber:
    """Return a chamber, open by its hours; what cannot be read as hours is shut.

    The depth over the sill is that of its reference, the lowest navigable level.
    """
    lasts = round(row["lockage_s"])
    return Chamber(
        str(row["number"]), row["length_m"], row["beam_m"], lasts, lasts,
        free_from=int(now.timestamp()), sill_depth_m=row["sill_m"],
        windows=() if row["hours"] is None else tuple(open_windows(row["hours"], now)),
    )  # fmt: skip


def open_windows(hours: str, now: datetime) -> list[Window]:
    """Return when something is open from now on, as epoch seconds."""
    week = read_hours(hours)
    minutes = int(AHEAD.total_seconds() // 60)
    start = int(now.timestamp()) // 60 * 60
    if week is None or not week.any():
        return [Window(start - 1, start - 1)]
    first = int(minute_of_week(now.replace(second=0, microsecond=0)))
    runs = np.diff(np.r_[0, week[(first + np.arange(minutes)) % len(week)].astype(np.int8), 0])
    edges = zip(np.nonzero(runs == 1)[0], np.nonzero(runs == -1)[0], strict=True)
    return [Window(start + 60 * int(a), start + 60 * int(b)) for a, b in edges]


def ship_of(row: asyncpg.Record, now: datetime, promised: int | None = None) -> Ship:
    """Return a declared vessel: there since its check-in, else at the time declared or from now."""
    at = row["checked_in_at"] or max(row["ready_at"], now)
    way: Way = row["way"]
    return Ship(
        str(row["id"]), way, int(at.timestamp()), row["length_m"], row["beam_m"],
        draught_m=row["draught_m"], cargo=row["cargo"], rank=row["rank"], promised=promised,
    )  # fmt: skip


def task_of(lock: LockState, rules: Rules, now: datetime) -> Task:
    """Return what is to be planned at a lock: who is declared, with begins as published.

    Chambers stand where the lockages leave them that have begun, and open to a draught while the
    level that is forecast bears it.

    Raises
    ------
    LimitViolated
        The sizes of none of its chambers are known.
    """
    if not lock.chambers:
        raise LimitViolated(
            "No chamber of this lock has known sizes", "该船闸没有尺寸已知的闸室",
            mend_en="Load lengths, beams and durations of its chambers.",
            mend_zh="请载入闸室的长度、宽度与过闸时长。",
        )  # fmt: skip
    lockages = lockages_of(lock.plan)
    at = int(now.timestamp())
    promised = {key: x["start"] for x in lockages for key in x["ships"] if x["start"] > at}
    gone = {key for x in lockages for key in x["ships"] if x["start"] <= at}
    ships = [
        ship_of(row, now, promised.get(str(row["id"])))
        for row in lock.queue
        if str(row["id"]) not in gone
    ]
    draughts = [ship.draught_m for ship in ships if ship.draught_m is not None]
    chambers = [
        lock.sills.on(_standing(chamber, lockages, at), draughts, rules, now)
        for chamber in lock.chambers
    ]
    return Task(chambers, ships, get_rule(rules, GAPS).value, get_rule(rules, ORDER).value, at)


def lockages_of(plan: ToldPlan | None) -> list[ToldLockage]:
    """Return the lockages of a plan, none where there is none."""
    return [] if plan is None else plan["lockages"]


def _standing(chamber: Chamber, lockages: Sequence[ToldLockage], at: int) -> Chamber:
    begun = [x for x in lockages if x["chamber"] == chamber.id and x["start"] <= at]
    if not begun:
        return chamber
    last = max(begun, key=lambda x: x["start"])
    side: Way = "down" if last["way"] == "up" else "up"
    return replace(chamber, side=side, free_from=max(chamber.free_from, last["end"]))


def placer_of(rules: Rules) -> Placer:
    """Return the oracle of placement under the rules in force."""
    return Placer(get_rule(rules, GAPS).value, get_rule(rules, SEARCH).value.places_most)


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)

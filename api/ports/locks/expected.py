"""The queues of all locks as a caller sees them, for the times of voyages."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import asyncpg

from api.ports.locks import lock_rows as rows
from api.ports.locks.lock_store import read_locks, task_of
from routing.waterway.queues import LockQueue
from spatial.rules import Rules


async def read_queues(
    conn: asyncpg.Connection, rules: Rules, now: datetime
) -> dict[UUID, LockQueue]:
    """Return the locks whose queue is known: that have a plan, or of whom vessels are declared.

    A lock no chamber of which has known sizes is not among them.
    """
    locks = await read_locks(conn, None, now)
    queues = defaultdict(list)
    for row in await conn.fetch(rows.QUEUES, [lock.row["id"] for lock in locks]):
        queues[row["facility_id"]].append(row)
    found = {}
    for lock in locks:
        key = lock.row["id"]
        if lock.chambers and (lock.row["version"] is not None or queues[key]):
            task = task_of(replace(lock, queue=queues[key]), rules, now)
            found[key] = LockQueue(task.chambers, task.ships)
    return found

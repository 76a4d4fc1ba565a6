"""The sample's vessels at the training locks, brought to now with a plan for each lock."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from api.cli.ground import Ground, owner_connection
from api.cli.noted import note
from api.cli.progress import step
from api.network.rule_models import read_rules
from api.ports.locks.lock_store import read_locks
from api.ports.locks.published import publish_new
from data.sample.lock_day import ACCOUNT, lock_day_lasts, write_lock_day
from spatial.actor import Actor
from spatial.postgres.db import Database
from spatial.rules import NotedRules, RuleBook

PLANNER = Actor(ACCOUNT, "dispatcher", "330000")


def ensure_lock_day(ground: Ground) -> None:
    """Write the sample's vessels around now where the last of them has come, and plan them.

    A sample without the training locks has none.
    """
    now = datetime.now(UTC)
    with owner_connection(ground) as conn:
        if lock_day_lasts(conn, now):
            return
        with step("bringing the sample's vessels to the locks"):
            locks = write_lock_day(conn, now)
            conn.commit()
            asyncio.run(_plan(ground, locks, now))
    if locks:
        note(ground, "load", "sample locks", rows=len(locks), detail={"anchor": now.isoformat()})


async def _plan(ground: Ground, locks: Sequence[UUID], now: datetime) -> None:
    """Publish the first plan of each lock."""
    book = RuleBook.of(read_rules(ground.settings.areas), now).at(now)
    db = await Database.open(replace(ground.settings, pool_size=4), ground.url)
    try:
        for lock in locks:
            async with db.write(PLANNER) as conn:
                (found,) = await read_locks(conn, lock, now)
                await publish_new(conn, found, NotedRules(book), PLANNER, now)
    finally:
        await db.close()

"""Events begin and end by themselves: looked after by every process, done by one at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg

from api.events import store
from api.events.event_rows import FORGET_FEEDS, FORGET_LOG, PROVINCES
from api.idempotency_store import FORGET
from api.write_once import KEPT_HOURS
from spatial.actor import Actor
from spatial.postgres.db import Database

EVERY_S = 2.0
KEEP_LOG_DAYS = 7
KEEP_FEED_DAYS = 30
ACCOUNT = "system"
_log = logging.getLogger(__name__)


@asynccontextmanager
async def ending_expired(db: Database) -> AsyncIterator[None]:
    """Announce what begins and end what is over for as long as the context is open."""
    task = asyncio.create_task(_keep_ending(db))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _keep_ending(db: Database) -> None:
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            await _sweep(db)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            _log.warning("beginning and ending events wait for the database: %s", error)


async def _sweep(db: Database) -> None:
    """End what is over, announce what begins, in each province that has accounts.

    Old stream rows and feeds are forgotten.
    """
    async with db.system() as conn:
        scopes = [row["scope"] for row in await conn.fetch(PROVINCES)]
    for scope in scopes:
        actor = Actor(ACCOUNT, "admin", scope)
        async with db.write(actor) as conn:
            ended = await store.end_expired(conn, actor)
            begun = await store.begin_due(conn, actor)
            await conn.execute(FORGET_LOG, KEEP_LOG_DAYS)
            await conn.execute(FORGET_FEEDS, KEEP_FEED_DAYS)
            await conn.execute(FORGET, KEPT_HOURS)
        if ended or begun:
            _log.info("%d events ended, %d began", len(ended), len(begun))

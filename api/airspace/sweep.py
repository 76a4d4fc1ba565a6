"""Entities whose time is over go: looked after by every process, each row by one of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg

from api.airspace.operation_rows import END_OVER, PROVINCES
from api.airspace.utm_store import evict
from spatial.actor import Actor
from spatial.postgres.db import Database

EVERY_S = 5.0
ACCOUNT = "system"
_log = logging.getLogger(__name__)


@asynccontextmanager
async def evicting_expired(db: Database) -> AsyncIterator[None]:
    """Delete what is over for as long as the context is open."""
    task = asyncio.create_task(_keep_evicting(db))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _keep_evicting(db: Database) -> None:
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            await _sweep(db)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            _log.warning("evicting what is over waits for the database: %s", error)


async def _sweep(db: Database) -> None:
    """Evict what is over, and end the plans of each province."""
    async with db.system() as conn:
        await evict(conn)
        scopes = [row["scope"] for row in await conn.fetch(PROVINCES)]
    for scope in scopes:
        async with db.write(Actor(ACCOUNT, "admin", scope)) as conn:
            await conn.execute(END_OVER)

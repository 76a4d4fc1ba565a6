"""Entities whose time is over go: looked after by every process, each row by one of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg

from api.airspace.utm_store import evict
from spatial.postgres.db import Database

EVERY_S = 5.0
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
            async with db.system() as conn:
                await evict(conn)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            _log.warning("evicting what is over waits for the database: %s", error)

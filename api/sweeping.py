"""What every process does again and again in the background, each row by one of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg

from api.http.credential_store import PROVINCES
from spatial.actor import Actor
from spatial.postgres.db import Database
from spatial.tasks import end_task, wait_at_most

_ACCOUNT = "system"
_log = logging.getLogger(__name__)


@asynccontextmanager
async def sweeping(
    db: Database,
    sweep: Callable[[Database], Awaitable[None]],
    every_s: float,
    what: str,
    wake: asyncio.Event | None = None,
) -> AsyncIterator[None]:
    """Sweep every so often for as long as the context is open; a lost database is waited for.

    An event that is set has it done at once.
    """
    task = asyncio.create_task(_keep_sweeping(db, sweep, every_s, what, wake or asyncio.Event()))
    try:
        yield
    finally:
        await end_task(task)


async def _keep_sweeping(
    db: Database,
    sweep: Callable[[Database], Awaitable[None]],
    every_s: float,
    what: str,
    wake: asyncio.Event,
) -> None:
    while True:
        await wait_at_most(wake, every_s)
        wake.clear()
        try:
            await sweep(db)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            _log.warning("%s waits for the database: %s", what, error)


async def province_actors(db: Database) -> list[Actor]:
    """Return who writes for each province that has accounts."""
    async with db.system() as conn:
        return [Actor(_ACCOUNT, "admin", row["scope"]) for row in await conn.fetch(PROVINCES)]

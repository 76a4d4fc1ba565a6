"""Entities whose time is over go: looked after by every process, each row by one of them."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from api.airspace.operation_rows import END_OVER
from api.airspace.utm_store import evict
from api.sweeping import province_actors, sweeping
from spatial.postgres.db import Database

EVERY_S = 5.0


def evicting_expired(db: Database) -> AbstractAsyncContextManager[None]:
    """Delete what is over for as long as the context is open."""
    return sweeping(db, _sweep, EVERY_S, "evicting what is over")


async def _sweep(db: Database) -> None:
    """Evict what is over, and end the plans of each province."""
    async with db.system() as conn:
        await evict(conn)
    for actor in await province_actors(db):
        async with db.write(actor) as conn:
            await conn.execute(END_OVER)

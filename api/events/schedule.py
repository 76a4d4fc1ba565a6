"""Events begin and end by themselves: looked after by every process, done by one at a time."""

from __future__ import annotations

import logging
from contextlib import AbstractAsyncContextManager

from api.events import store
from api.events.event_rows import FORGET_FEEDS, FORGET_LOG
from api.idempotency_store import FORGET
from api.sweeping import province_actors, sweeping
from api.write_once import KEPT_HOURS
from spatial.postgres.db import Database

EVERY_S = 2.0
KEEP_LOG_DAYS = 7
KEEP_FEED_DAYS = 30
_log = logging.getLogger(__name__)


def ending_expired(db: Database) -> AbstractAsyncContextManager[None]:
    """Announce what begins and end what is over for as long as the context is open."""
    return sweeping(db, _sweep, EVERY_S, "beginning and ending events")


async def _sweep(db: Database) -> None:
    """End what is over, announce what begins, in each province that has accounts.

    Old stream rows and feeds are forgotten.
    """
    for actor in await province_actors(db):
        async with db.write(actor) as conn:
            ended = await store.end_expired(conn, actor)
            begun = await store.begin_due(conn, actor)
            await conn.execute(FORGET_LOG, KEEP_LOG_DAYS)
            await conn.execute(FORGET_FEEDS, KEEP_FEED_DAYS)
            await conn.execute(FORGET, KEPT_HOURS)
        if ended or begun:
            _log.info("%d events ended, %d began", len(ended), len(begun))

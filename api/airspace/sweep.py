"""What is over goes: looked after by every process, each row by one of them.

Entities go with their time, kept answers after the days of a rule. Nobody flies what is made up, so
synthetic plans begin by themselves. Plans that wait are judged again where the air has changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from api.airspace.air_keeper import AirKeeper
from api.airspace.answer_store import forget
from api.airspace.operation_rows import BEGIN_SYNTHETIC, END_OVER
from api.airspace.plan_verdict import FoundVerdicts
from api.airspace.utm_store import evict
from api.airspace.waiting import Waiting
from api.services import Services
from api.sweeping import province_actors, sweeping
from spatial.actor import Actor
from spatial.airspace_rules import ANSWERS_KEPT
from spatial.postgres.db import Database
from spatial.postgres.notices import set_on
from spatial.rules import find_rule

EVERY_S = 5.0
SETTLE_S = 1.0
"""So long after a change whoever looks at what waits is answered first."""


def evicting_expired(served: Services) -> AbstractAsyncContextManager[None]:
    """Delete what is over for as long as the context is open."""

    async def sweep(db: Database) -> None:
        kept = find_rule(served.rules.current, ANSWERS_KEPT)
        actors = await province_actors(db)
        await _sweep(db, actors, None if kept is None else kept.value.root)

    return sweeping(served.db, sweep, EVERY_S, "evicting what is over")


@asynccontextmanager
async def tending_air(
    served: Services, keeper: AirKeeper, found: FoundVerdicts
) -> AsyncIterator[None]:
    """Delete what is over, and judge what waits, for as long as the context is open."""
    async with evicting_expired(served), judging_waiting(served, keeper, found):
        yield


def judging_waiting(
    served: Services, keeper: AirKeeper, found: FoundVerdicts
) -> AbstractAsyncContextManager[None]:
    """Judge plans that wait as the air changes, for as long as the context is open."""
    waiting, changed = Waiting(keeper, found), asyncio.Event()
    set_on(changed, served.bus, "airspace")

    async def sweep(db: Database) -> None:
        await asyncio.sleep(SETTLE_S)
        for actor in await province_actors(db):
            await waiting.judge(served, actor)

    return sweeping(served.db, sweep, EVERY_S, "judging what waits", changed)


async def _sweep(db: Database, actors: Sequence[Actor], kept_days: int | None) -> None:
    """Evict what is over, and begin and end the plans of each province."""
    async with db.system() as conn:
        await evict(conn)
        if kept_days is not None:
            await forget(conn, kept_days)
    for actor in actors:
        async with db.write(actor) as conn:
            await conn.execute(BEGIN_SYNTHETIC)
            await conn.execute(END_OVER)

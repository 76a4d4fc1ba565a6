"""Audits of processes over one database, and what they are waited for."""

import asyncio

from api.audit.audit import Audit
from spatial.actor import Actor
from spatial.postgres.db import Database
from spatial.settings import Settings

DUTY = Actor("ningbo", "duty", "330200", "330200-duty")


def serving(url, home, work, *, processes=1):
    """Run work with so many audits of processes that serve one database, then stop them."""

    async def run():
        db = await Database.open(Settings(database_url=url, pool_size=4), url)
        audits = [Audit(db, home) for _ in range(processes)]
        try:
            for audit in audits:
                await audit.start()
            await work(db, *audits)
            for audit in audits:
                await audit.stop()
        finally:
            await db.close()

    asyncio.run(run())


async def until(condition, seconds=20):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.05)

"""Connections that are lent: what one use leaves undone is nothing to the next."""

import asyncio

import asyncpg
import pytest

from spatial.postgres.db import Database
from spatial.settings import Settings

pytestmark = pytest.mark.db


def test_a_transaction_that_cannot_begin_leaves_nothing_open(module_database_url):
    async def inside():
        told = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        settings = Settings(database_url=module_database_url, pool_size=1)
        db = await Database.open(settings, module_database_url)
        try:
            with pytest.raises(asyncpg.DivisionByZeroError):
                async with db.public.transaction("SELECT 1 / 0", readonly=True):
                    pass
            async with db.public.transaction("SELECT 1", readonly=True) as conn:
                return await conn.fetchval("SELECT 2"), told
        finally:
            await db.close()

    assert asyncio.run(inside()) == (2, [])

"""The administrative units that a path may cross, kept in memory while the rows are the same."""

from __future__ import annotations

import asyncio

import asyncpg

from layers.processes.readers.unit_rows import UNITS, UNITS_STATE, make_units
from routing.answer.admin_crossings import Units
from spatial.postgres.db import Database


class Areas:
    """The units as the database has them; read again when rows came or went."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._state: asyncpg.Record | None = None
        self._units = Units([])
        self._reading = asyncio.Lock()

    async def units(self) -> Units:
        """Return the units; none are loaded where the database has none."""
        async with self._reading, self._db.public.acquire() as conn:
            state = await conn.fetchrow(UNITS_STATE)
            if self._state != state:
                rows = await conn.fetch(UNITS)
                self._units, self._state = await asyncio.to_thread(make_units, rows), state
            return self._units

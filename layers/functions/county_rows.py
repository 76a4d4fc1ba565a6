"""Outlines of counties as a serving process keeps them."""

from __future__ import annotations

import time
from asyncio import Lock

from layers.functions.counties import Counties, counties_of
from layers.offload import offload
from spatial.postgres.db import Database

_COUNTIES = """
SELECT admin_code, ST_AsBinary(geom) AS shape FROM sigang.zone
WHERE kind = 'county' AND admin_code ~ '^[0-9]{6}$' ORDER BY admin_code, id"""
KEEP_S = 600.0


class CountyKeeper:
    """The counties of a process, read again after a while."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._lock = Lock()
        self._known: Counties | None = None
        self._read_at = 0.0

    async def get(self) -> Counties:
        """Return the counties."""
        async with self._lock:
            if self._known is None or time.monotonic() - self._read_at > KEEP_S:
                async with self._db.public.acquire() as conn:
                    rows = await conn.fetch(_COUNTIES)
                self._known = await offload(counties_of, [tuple(row) for row in rows])
                self._read_at = time.monotonic()
            return self._known

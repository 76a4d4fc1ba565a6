"""A server whose writers take no locks: check, then insert, as most do; for `bench.airspace` alone.

It books airspace twice. Everything else is the same: `python -m bench.airspace_unlocked serve …`.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg

from api.airspace import utm_store
from api.cli.__main__ import main


async def _take_none(conn: asyncpg.Connection, entity: UUID, cells: Iterable[int]) -> None:
    """Read what a writer reads before it locks, and lock nothing."""
    await utm_store.find(conn, entity)


@asynccontextmanager
async def _no_turn(_: object, cells: Iterable[int]) -> AsyncIterator[None]:
    yield


if __name__ == "__main__":
    utm_store.lock = _take_none
    utm_store.CellTurns.turn = _no_turn
    sys.exit(main(sys.argv[1:]))

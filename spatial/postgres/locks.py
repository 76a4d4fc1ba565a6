"""Advisory locks that a transaction holds to its end."""

from __future__ import annotations

import asyncpg
import psycopg


async def wait_for(conn: asyncpg.Connection, key: int) -> None:
    """Take a lock, waiting until no other transaction holds it."""
    await conn.execute("SELECT pg_advisory_xact_lock($1)", key)


def hold(conn: psycopg.Connection, key: int) -> None:
    """Do the same on a connection of psycopg."""
    conn.execute("SELECT pg_advisory_xact_lock(%s)", [key])

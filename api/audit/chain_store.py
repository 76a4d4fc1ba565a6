"""The chain of the audit in the database: lines are added under one lock, after the noted head.

The head that the state folder keeps must be in the table. Where it is not, the chain goes on with a
marker that is bound to the noted head instead of the line before it: the break stays to be seen.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import psycopg

from api.audit.heads import Head, Heads
from api.audit.line import GENESIS, SERVER, Entry, Prepared, link_hash
from spatial.postgres.locks import wait_for

LOCK = 0x5369_6761  # advisory lock under which the chain grows
LOCK_AGAIN_S = 0.02
BROKEN = "chain-broken"
COLUMNS = (
    "seq", "at", "actor", "role", "scope", "action", "target", "area", "purpose", "rows",
    "detail", "prev_hash", "hash",
)  # fmt: skip
_TYPES = ("bigint", "timestamptz", *7 * ("text",), "bigint", "text", "bytea", "bytea")
_ARRAYS = ", ".join(f"${i}::{type_}[]" for i, type_ in enumerate(_TYPES, 1))
_INSERT = (
    f"INSERT INTO sigang.audit ({', '.join(COLUMNS)}, sealed_at)"  # noqa: S608
    f" SELECT {', '.join(COLUMNS[:10])}, detail::jsonb, prev_hash, hash, ${len(COLUMNS) + 1}"
    f" FROM unnest({_ARRAYS}) AS line ({', '.join(COLUMNS)})"
)
_LAST = (
    "SELECT seq, hash, greatest(sealed_at, clock_timestamp()) AS now FROM sigang.audit"
    " ORDER BY seq DESC LIMIT 1"
)
_HASH = "SELECT hash FROM sigang.audit WHERE seq = $1"

Opened = Callable[[], AbstractAsyncContextManager[asyncpg.Connection]]
LINES = f"SELECT {', '.join(COLUMNS)}, sealed_at FROM sigang.audit ORDER BY seq"  # noqa: S608


class ChainBroken(Exception):
    """The noted head is not in the table."""


@dataclass
class Chain:
    """The end of the chain, while a transaction holds its lock."""

    conn: asyncpg.Connection
    last: Head
    now: datetime

    @classmethod
    async def lock(cls, conn: asyncpg.Connection) -> Chain:
        """Wait for the lock, which the transaction holds to its end."""
        await wait_for(conn, LOCK)
        row = await conn.fetchrow(_LAST)
        if row is None:
            return cls(conn, Head(0, GENESIS), datetime.now(UTC))
        return cls(conn, Head(row["seq"], row["hash"]), row["now"])

    async def add(self, lines: Sequence[Prepared]) -> None:
        """Add lines to the end."""
        seq, prev = self.last
        rows = []
        for line in lines:
            seq += 1
            digest = link_hash(prev, seq, line.body)
            rows.append((seq, *line[:-1], prev, digest))
            prev = digest
        if rows:
            await self.conn.execute(_INSERT, *map(list, zip(*rows, strict=True)), self.now)
        self.last = Head(seq, prev)

    async def difference(self, noted: Head | None) -> str | None:
        """Tell how the table differs from the noted head, None where it has that line."""
        if noted is None:
            return "no last line was noted, though there are lines" if self.last.seq else None
        if noted.seq == 0:
            return None
        found = await self.conn.fetchval(_HASH, noted.seq)
        if found is None:
            return f"line {noted.seq} is missing"
        return None if found == noted.digest else f"line {noted.seq} was changed"

    async def mark(self, noted: Head | None, why: str) -> None:
        """Add the marker of a break; it is bound to the noted head and names what was found."""
        expected = noted or Head(0, GENESIS)
        detail = {
            "why": why,
            "expected_seq": expected.seq,
            "expected_hash": expected.digest.hex(),
            "last_seq": self.last.seq,
            "last_hash": self.last.digest.hex(),
        }
        self.last = Head(max(expected.seq, self.last.seq), expected.digest)
        await self.add([Entry(SERVER, BROKEN, "audit", detail=detail).prepared()])


async def seal(opened: Opened, heads: Heads, lines: Sequence[Prepared]) -> str | None:
    """Add lines in a transaction of their own and note the new head.

    Parameters
    ----------
    opened
        Opens a connection.
    heads
        The files of the state folder.
    lines
        May be none: then the end that other transactions made is compared and noted.

    Returns
    -------
    str or None
        How the chain was found to be broken; the lines are sealed nevertheless.
    """
    noted = await asyncio.to_thread(heads.read)
    if noted is None:
        return await _seal_alone(opened, heads, lines)
    try:
        async with opened() as conn, conn.transaction():
            chain = await Chain.lock(conn)
            if await chain.difference(noted) is not None:
                raise ChainBroken
            await chain.add(lines)
    except ChainBroken:
        return await _seal_alone(opened, heads, lines)
    if chain.last != noted:
        await asyncio.to_thread(heads.note, chain.last)
    return None


async def _seal_alone(opened: Opened, heads: Heads, lines: Sequence[Prepared]) -> str | None:
    """Compare and add while no other process of this state folder notes a head; mark a break.

    The head of an empty table is line 0, so that the first line ever is no surprise.
    """
    while (lock := heads.try_hold()) is None:
        await asyncio.sleep(LOCK_AGAIN_S)
    try:
        noted = await asyncio.to_thread(heads.read)
        async with opened() as conn, conn.transaction():
            chain = await Chain.lock(conn)
            why = await chain.difference(noted)
            if why is not None:
                await chain.mark(noted, why)
            marker = chain.last
            await chain.add(lines)
        if why is not None:
            await asyncio.to_thread(heads.sign, "break", marker)
        await asyncio.to_thread(heads.note_held, chain.last)
    finally:
        os.close(lock)
    return why


def hash_of(conn: psycopg.Connection, seq: int) -> bytes | None:
    """Return the hash of a line, None where there is none."""
    row = conn.execute("SELECT hash FROM sigang.audit WHERE seq = %s", [seq]).fetchone()
    return row[0] if row else None


def anchors(conn: psycopg.Connection) -> list[str]:
    """Return the signed records that the table keeps, oldest first."""
    rows = conn.execute("SELECT record FROM sigang.audit_anchor ORDER BY seq, kind")
    return [record for (record,) in rows]

"""The audit: who asked or changed what, sealed into a hash chain.

Reads are queued off the request path and sealed in batches within a second; tiles, streams and the
paths that nobody signed in asks for are summed per actor, target and minute. Writes and exports are
sealed in their own transaction.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import psycopg

from spatial.actor import Actor
from spatial.db import Database

LOCK = 0x5369_6761  # advisory lock under which the chain grows
GENESIS = bytes(32)
SEAL_INTERVAL_S = 0.5
QUEUE_LIMIT = 50_000
PURPOSE_BY_ROLE = {
    "anonymous": "public use",
    "admin": "administration",
    "dispatcher": "dispatch",
    "planner": "planning",
    "duty": "duty",
    "developer": "development",
}
_COLUMNS = (
    "seq", "at", "actor", "role", "scope", "action", "target", "area", "purpose", "rows",
    "detail", "prev_hash", "hash",
)  # fmt: skip
_TYPES = ("bigint", "timestamptz", *7 * ("text",), "bigint", "text", "bytea", "bytea")
_ARRAYS = ", ".join(f"${i}::{type_}[]" for i, type_ in enumerate(_TYPES, 1))
_INSERT = (
    f"INSERT INTO sigang.audit ({', '.join(_COLUMNS)})"  # noqa: S608
    f" SELECT {', '.join(_COLUMNS[:10])}, detail::jsonb, prev_hash, hash"
    f" FROM unnest({_ARRAYS}) AS line ({', '.join(_COLUMNS)})"
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit before it is sealed."""

    actor: Actor
    action: str
    target: str
    area: str | None = None
    rows: int | None = None
    purpose: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def body(self) -> dict[str, Any]:
        """Return the fields that the hash covers."""
        actor = self.actor
        return {
            "at": self.at.isoformat(timespec="microseconds"),
            "actor": actor.account_id or "anonymous",
            "role": actor.role,
            "scope": actor.scope,
            "action": self.action,
            "target": self.target,
            "area": self.area,
            "purpose": self.purpose or PURPOSE_BY_ROLE[actor.role],
            "rows": self.rows,
            "detail": self.detail,
        }


def link_hash(prev_hash: bytes, seq: int, body: dict[str, Any]) -> bytes:
    """Return the SHA-256 that binds a line to the one before it."""
    text = orjson.dumps([seq, body], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(prev_hash + text).digest()


def find_break(conn: psycopg.Connection, head_file: Path | None = None) -> str | None:
    """Return a sentence naming the first place where the chain is broken, or None.

    Parameters
    ----------
    conn
        Connection that may read the audit.
    head_file
        File with the last sealed number and hash, which shows a chain cut at its end.
    """
    seq, prev = 0, GENESIS
    hashes: dict[int, str] = {}
    sealed = _sealed_head(head_file)
    with conn.cursor(name="audit_chain") as cursor:
        cursor.execute(f"SELECT {', '.join(_COLUMNS)} FROM sigang.audit ORDER BY seq")  # noqa: S608
        for row in cursor:
            line = dict(zip(_COLUMNS, row, strict=True))
            body = {key: line[key] for key in _COLUMNS[2:11]}
            body["at"] = line["at"].astimezone(UTC).isoformat(timespec="microseconds")
            if line["seq"] != seq + 1:
                return f"lines {seq + 1} to {line['seq'] - 1} are missing"
            if line["prev_hash"] != prev or link_hash(prev, line["seq"], body) != line["hash"]:
                return f"line {line['seq']} was changed"
            seq, prev = line["seq"], line["hash"]
            if sealed and seq == sealed[0]:
                hashes[seq] = prev.hex()
    if sealed and hashes.get(sealed[0]) != sealed[1]:
        return f"the chain was cut or rewritten before line {sealed[0]}"
    return None


def _sealed_head(head_file: Path | None) -> tuple[int, str] | None:
    if head_file is None or not head_file.exists():
        return None
    seq, digest = head_file.read_text().split()
    return int(seq), digest


class Audit:
    """The audit of one serving process."""

    def __init__(self, db: Database, head_file: Path) -> None:
        self._db = db
        self._head_file = head_file
        self._queue: list[Entry] = []
        self._sums: Counter[tuple[Actor, str, str, datetime]] = Counter()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start sealing in the background."""
        self._task = asyncio.create_task(self._seal_forever())

    async def stop(self) -> None:
        """Seal what is queued and stop."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._take_sums(datetime.max.replace(tzinfo=UTC))
        await self._seal()

    def record(
        self,
        actor: Actor,
        action: str,
        target: str,
        *,
        area: str | None = None,
        rows: int | None = None,
        purpose: str | None = None,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """Queue one line; it is sealed within a second."""
        if len(self._queue) >= QUEUE_LIMIT:
            _log.error("audit queue is full, the database does not keep up: %s dropped", action)
            return
        self._queue.append(Entry(actor, action, target, area, rows, purpose, detail or {}))

    def count(self, actor: Actor, action: str, target: str) -> None:
        """Add one to the sum of this actor, action, target and minute."""
        minute = datetime.now(UTC).replace(second=0, microsecond=0)
        self._sums[actor, action, target, minute] += 1

    async def write(
        self,
        conn: asyncpg.Connection,
        actor: Actor,
        action: str,
        target: str,
        *,
        area: str | None = None,
        rows: int | None = None,
        purpose: str | None = None,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """Seal one line in the caller's transaction: it stands or falls with the change."""
        entry = Entry(actor, action, target, area, rows, purpose, detail or {})
        await _append(conn, [entry])

    async def _seal_forever(self) -> None:
        while True:
            await asyncio.sleep(SEAL_INTERVAL_S)
            self._take_sums(datetime.now(UTC).replace(second=0, microsecond=0))
            try:
                await self._seal()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.warning("audit waits for the database: %s", error)

    def _take_sums(self, before: datetime) -> None:
        for key in [key for key in self._sums if key[3] < before]:
            actor, action, target, minute = key
            count = self._sums.pop(key)
            self._queue.append(Entry(actor, action, target, rows=count, at=minute))

    async def _seal(self) -> None:
        if not self._queue:
            return
        batch, self._queue = self._queue, []
        try:
            async with self._db.system() as conn, conn.transaction():
                seq, digest = await _append(conn, batch)
        except BaseException:
            self._queue = batch + self._queue
            raise
        await asyncio.to_thread(self._note_head, seq, digest)

    def _note_head(self, seq: int, digest: bytes) -> None:
        sealed = _sealed_head(self._head_file)
        if sealed and sealed[0] > seq:
            return
        part = self._head_file.with_suffix(f".{id(self)}")
        part.write_text(f"{seq} {digest.hex()}")
        part.replace(self._head_file)


async def _append(conn: asyncpg.Connection, entries: Sequence[Entry]) -> tuple[int, bytes]:
    await conn.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
    last = await conn.fetchrow("SELECT seq, hash FROM sigang.audit ORDER BY seq DESC LIMIT 1")
    seq, prev = (last["seq"], last["hash"]) if last else (0, GENESIS)
    lines = []
    for entry in entries:
        seq += 1
        body = entry.body()
        digest = link_hash(prev, seq, body)
        detail = orjson.dumps(body["detail"]).decode()
        texts = (body[key] for key in _COLUMNS[2:9])
        lines.append((seq, entry.at, *texts, body["rows"], detail, prev, digest))
        prev = digest
    await conn.execute(_INSERT, *map(list, zip(*lines, strict=True)))
    return seq, prev

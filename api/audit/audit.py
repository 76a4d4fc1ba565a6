"""The audit: who asked or changed what, sealed into a hash chain.

Reads are queued off the request path and sealed in batches within a second; tiles, streams, all
that nobody signed in asks for and what a caller asks too often are summed per actor, target and
minute. Writes and exports are sealed in their own transaction.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from api.audit.chain_store import Chain, seal
from api.audit.heads import Heads
from api.audit.line import LONGEST_PURPOSE, LONGEST_TEXT, SERVER, Entry, Prepared
from api.audit.sums import OTHER, Sums
from api.http.gauges import Gauges
from spatial.actor import Actor
from spatial.postgres.db import Database

SEAL_INTERVAL_S = 0.5
COMPARE_EVERY_S = 60.0
TIDY_EVERY_S, TIDY_AGAIN_S = 86_400.0, 600.0
SEAL_WAIT_S, STOP_WAIT_S = 30.0, 5.0
QUEUE_LIMIT = 20_000
BATCH, SMALL = 500, 50
UNSEALED = "unsealed"
MOST_LINES = 240
"""Lines of one account in a minute; what comes after them is summed."""
MOST_SUMS, MOST_ANONYMOUS, MOST_REFUSED = 1_000, 128, 64
LATE_S, TELL_EVERY_S = 10.0, 60.0
WAITING = "audit.waiting"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNSEALABLE = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
)
"""What a line itself can be at fault for; anything else is waited out."""
_log = logging.getLogger(__name__)


class Audit:
    """The audit of one serving process.

    Parameters
    ----------
    db
        The pools of the process.
    home
        State folder, where the head and the signed list are kept.
    tidy
        Makes partitions ahead and signs months that ended; called once a day in a thread.
    """

    def __init__(
        self, db: Database, home: Path, tidy: Callable[[Heads], object] | None = None
    ) -> None:
        self._db = db
        self._heads = Heads(home)
        self._tidy = tidy
        self._queue: list[Entry] = []
        self._spent: dict[str, int] = {}
        self._sums = Sums(MOST_SUMS)
        self._anonymous = Sums(MOST_ANONYMOUS)
        self._refused = Sums(MOST_REFUSED)
        self._written = asyncio.Event()
        self._stopping = False
        self._dropped = self._dropped_ever = self._breaks = 0
        self._told = self._compared = self._tidy_at = self._minute = 0.0
        self._task: asyncio.Task[None] | None = None
        self._tidying: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Compare the chain with the noted head, then seal in the background."""
        self._written.set()
        await self._seal()
        self._task = asyncio.create_task(self._seal_forever())

    async def stop(self) -> None:
        """Seal what is queued and stop."""
        self._stopping = True
        self._written.set()
        if self._task:
            with suppress(TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(self._task, STOP_WAIT_S)
        self._take_sums(float("inf"))
        try:
            await self._seal()
            await asyncio.to_thread(self._heads.list_last)
        finally:
            self._waiting_file().unlink(missing_ok=True)

    def show(self, gauges: Gauges) -> None:
        """Register the numbers that tell how the audit is."""
        gauges.add("audit_waiting_lines", "Audit lines not sealed yet.", lambda: len(self._queue))
        gauges.add("audit_waiting_seconds", "Age of the oldest unsealed line.", self._age)
        gauges.add(
            "audit_dropped_total", "Audit lines lost to a full queue; their number is sealed.",
            lambda: self._dropped_ever, "counter",
        )  # fmt: skip
        gauges.add(
            "audit_breaks_total", "Breaks of the chain found while sealing.",
            lambda: self._breaks, "counter",
        )  # fmt: skip

    def record(
        self,
        actor: Actor,
        action: str,
        target: str,
        *,
        area: str | None = None,
        rows: int | None = None,
        purpose: str | None = None,
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """Queue one line, sealed within a second; sum where nobody is signed in or it is much."""
        name = actor.account_id
        if name is None:
            self._anonymous.add(actor, action, target, rows or 0)
            return
        spent = self._spent[name] = self._spent.get(name, 0) + 1
        if spent > MOST_LINES:
            self._sums.add(actor, action, target, rows or 0)
            return
        area, purpose = area and area[:LONGEST_TEXT], purpose and purpose[:LONGEST_PURPOSE]
        self._put(Entry(actor, action, target[:LONGEST_TEXT], area, rows, purpose, detail or {}))

    def count(self, actor: Actor, action: str, target: str) -> None:
        """Add one to the sum of this actor, action, target and minute."""
        (self._anonymous if actor.account_id is None else self._sums).add(actor, action, target)

    def refuse(self, actor: Actor, method: str, kind: str, status: int, address: str) -> None:
        """Count one request that was refused to its sender, by address and kind of resource."""
        target = f"{method if method in METHODS else OTHER} {kind}"
        detail = ("address", address), ("status", status)
        self._refused.add(actor, "refused", target, detail=detail)

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
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """Seal one line in the caller's transaction: it stands or falls with the change.

        The head is noted once the transaction has ended: noting waits for its lock.
        """
        entry = Entry(actor, action, target, area, rows, purpose, detail or {})
        chain = await Chain.lock(conn)
        await chain.add([entry.prepared()])
        self._written.set()

    def _put(self, entry: Entry) -> None:
        if len(self._queue) < QUEUE_LIMIT:
            self._queue.append(entry)
            return
        if not self._dropped:
            _log.error("the audit's queue is full: lines are dropped and only counted")
        self._dropped += 1
        self._dropped_ever += 1

    def _age(self) -> float:
        """Return the age of the oldest unsealed line in seconds."""
        if not self._queue:
            return 0.0
        return max(0.0, (datetime.now(UTC) - self._queue[0].at).total_seconds())

    async def _seal_forever(self) -> None:
        while not self._stopping:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._written.wait(), SEAL_INTERVAL_S)
            self._take_sums(time.time())
            try:
                await self._seal()
            except Exception as error:  # whatever it is, the next round tries again
                self._tell(f"the audit waits: {error!r}")
            self._keep_tidy()
            await asyncio.to_thread(self._show_late)

    def _take_sums(self, now: float) -> None:
        if now >= self._minute + 60:
            self._minute = now // 60 * 60
            self._spent.clear()
            for sums in (self._sums, self._anonymous, self._refused):
                for entry in sums.take(now):
                    self._put(entry)

    async def _seal(self) -> None:
        """Seal what is queued; where a line cannot be sealed, a marker takes its place."""
        due = self._written.is_set() or time.time() >= self._compared + COMPARE_EVERY_S
        self._written.clear()
        if self._dropped:
            self._queue.insert(0, Entry(SERVER, "dropped", "audit", rows=self._dropped))
            self._dropped = 0
        size = BATCH
        while self._queue or due:
            batch = self._queue[:size]
            try:
                async with asyncio.timeout(SEAL_WAIT_S):
                    lines = await _prepare(batch)
                    why = await seal(self._db.system, self._heads, lines)
            except UNSEALABLE as error:
                if not batch or batch[0].action == UNSEALED:
                    raise
                size = max(1, len(batch) // 2)
                if len(batch) == 1:
                    _log.error("an audit line cannot be sealed: %r", error)
                    self._queue[0] = _marker(batch[0], error)
                continue
            del self._queue[: len(batch)]
            size, due, self._compared = min(BATCH, 2 * size), False, time.time()
            if why is not None:
                self._breaks += 1
                _log.critical("THE AUDIT WAS TAMPERED WITH: %s; see ./sigang audit verify", why)

    def _tell(self, text: str) -> None:
        """Warn, at most once a minute."""
        if time.time() >= self._told + TELL_EVERY_S:
            self._told = time.time()
            _log.warning("%s", text)

    def _show_late(self) -> None:
        """Show in the state folder, for `doctor`, how much waits for how long; warn of it."""
        age, file = self._age(), self._waiting_file()
        if age < LATE_S:
            file.unlink(missing_ok=True)
            return
        text = f"{len(self._queue)} audit lines wait, the oldest for {age:.0f} s"
        self._tell(text)
        with suppress(OSError):  # a full disk must not stop the audit
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, "utf-8")

    def _waiting_file(self) -> Path:
        return self._heads.home / WAITING / str(os.getpid())

    def _keep_tidy(self) -> None:
        running = self._tidying is not None and not self._tidying.done()
        if self._tidy is not None and not running and time.time() >= self._tidy_at:
            self._tidy_at = time.time() + TIDY_EVERY_S
            self._tidying = asyncio.create_task(self._run_tidy(self._tidy))

    async def _run_tidy(self, tidy: Callable[[Heads], object]) -> None:
        try:
            await asyncio.to_thread(tidy, self._heads)
        except Exception as error:  # whatever it met: the default partition takes the lines
            _log.warning("the audit's months were not tidied: %r", error)
            self._tidy_at = time.time() + TIDY_AGAIN_S


def waiting(home: Path) -> list[str]:
    """Return what the running processes of a state folder say of lines that wait too long."""
    files = (home / WAITING).glob("*") if (home / WAITING).is_dir() else ()
    return [file.read_text("utf-8") for file in files if Path(f"/proc/{file.name}").exists()]


async def _prepare(entries: Sequence[Entry]) -> list[Prepared]:
    if len(entries) < SMALL:
        return [entry.prepared() for entry in entries]
    return await asyncio.to_thread(lambda: [entry.prepared() for entry in entries])


def _marker(entry: Entry, error: Exception) -> Entry:
    """Return what is sealed instead of a line: who, when and why, and the hash of what it was."""
    digest = hashlib.sha256(repr(entry).encode("utf-8", "replace")).hexdigest()
    detail = {"action": entry.action, "why": repr(error), "sha256": digest}
    at = entry.at if isinstance(entry.at, datetime) else datetime.now(UTC)
    return Entry(entry.actor, UNSEALED, "audit", detail=detail, at=at)

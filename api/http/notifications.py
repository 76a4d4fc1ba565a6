"""The bus: one listening connection per process, notices passed on by kind."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress

import asyncpg
import orjson

from spatial.postgres.db import LISTENER, PING
from spatial.postgres.notices import Notice
from spatial.tasks import end_task

CHANNEL = "sigang"
ROLE = "sigang_public"
FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 5.0
CHECK_EVERY_S = 20.0
RECONNECTED = "reconnected"
_FAILURES = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)
_log = logging.getLogger(__name__)

Callback = Callable[[Notice], object]


class Bus:
    """Delivers the database's notices (`{"k": kind, …}`) to the subscribers of their kind.

    After a lost connection subscribers of `reconnected` are told: notices may have been missed.
    """

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._callbacks: dict[str, list[Callback]] = defaultdict(list)
        self._task: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[object]] = set()

    async def start(self) -> None:
        """Listen; return as soon as the first connection stands."""
        conn = await self._connect()
        self._task = asyncio.create_task(self._keep(conn))

    async def stop(self) -> None:
        """Stop listening."""
        for task in [self._task, *self._running]:
            await end_task(task)

    def subscribe(self, kind: str, callback: Callback) -> Callable[[], None]:
        """Call back, or await, with each notice of a kind; returns what ends the subscription."""
        self._callbacks[kind].append(callback)
        return lambda: self._callbacks[kind].remove(callback)

    def publish(self, notice: Notice) -> None:
        """Pass a notice on to the subscribers of its kind in this process."""
        for callback in list(self._callbacks[str(notice.get("k"))]):
            try:
                result = callback(notice)
            except Exception:
                _log.exception("a subscriber of %s failed", notice.get("k"))
                continue
            if asyncio.iscoroutine(result):
                task = asyncio.create_task(result)
                self._running.add(task)
                task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[object]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception():
            _log.error("a subscriber failed", exc_info=task.exception())

    async def _connect(self) -> asyncpg.Connection:
        conn = await asyncpg.connect(
            self._url, timeout=10, server_settings={"application_name": LISTENER}
        )
        await conn.execute(f"SET ROLE {ROLE}")
        await conn.add_listener(CHANNEL, self._receive)
        return conn

    def _receive(self, _conn: object, _pid: int, _channel: str, payload: object) -> None:
        try:
            notice = orjson.loads(str(payload))
        except orjson.JSONDecodeError:
            _log.warning("a notice that is no JSON: %.80s", payload)
            return
        if isinstance(notice, dict):
            self.publish(notice)

    async def _keep(self, conn: asyncpg.Connection) -> None:
        """Watch the connection and replace it when it is lost."""
        try:
            while True:
                await self._until_lost(conn)
                conn = await self._again()
                self.publish({"k": RECONNECTED})
        finally:
            conn.terminate()

    @staticmethod
    async def _until_lost(conn: asyncpg.Connection) -> None:
        lost = asyncio.Event()
        conn.add_termination_listener(lambda _: lost.set())
        while not conn.is_closed() and not lost.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(lost.wait(), CHECK_EVERY_S)
                return
            try:
                await conn.fetchval(PING, timeout=CHECK_EVERY_S)
            except _FAILURES:
                conn.terminate()
                return

    async def _again(self) -> asyncpg.Connection:
        wait = FIRST_WAIT_S
        while True:
            try:
                return await self._connect()
            except _FAILURES as error:
                _log.warning("the bus waits for the database: %s", error)
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT_S)

"""Connections of a pool, lent for one use after another: nobody waits for ever, none is lost twice.

When the database restarts, or a firewall forgets the connections, the first use that meets a lost
one has all idle ones dropped, and is done on a fresh one where nothing has been done yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal

import asyncpg
from asyncpg.transaction import Transaction

from spatial.errors import DatabaseAway, DatabaseBusy

CONNECT_WAIT_S = 5.0
SLOT_WAIT_S = 10.0
"""How long a request waits for a connection of its own, and for one that others use."""
BEGIN_WAIT_S = 10.0
"""How long a transaction may take to begin, which waits for nobody where the database is well."""
FAILED = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What a use of a connection may raise that is the database's doing; a time-out is an OSError."""
_Begun = tuple[asyncpg.Connection, Transaction]


class Slots:
    """How many connections may be in use at a time; who finds none waits, but not for ever."""

    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)

    async def __aenter__(self) -> None:
        """Take a slot.

        Raises
        ------
        DatabaseBusy
            None became free.
        """
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(SLOT_WAIT_S):
                await self._free.acquire()
        except TimeoutError:
            raise DatabaseBusy(
                "All connections to the database are in use",
                "数据库连接均被占用",
                mend_en="Try again shortly.",
                mend_zh="请稍后重试。",
            ) from None

    async def __aexit__(self, *_: object) -> None:
        """Free the slot."""
        self._free.release()


class Lender:
    """Connections of a pool that pass from one use straight to the next.

    The pool makes and ends them; a use that fails gives its connection back to it. At most `most`
    are in use at a time; later users wait. A single read is given up after `answer_s` seconds.
    """

    def __init__(self, pool: asyncpg.Pool, most: int, answer_s: float) -> None:
        self._pool = pool
        self._answer_s = answer_s
        self._slots = Slots(most)
        self._free: list[asyncpg.Connection] = []

    def apart(self, most: int) -> Lender:
        """Return a lender of the same connections whose users wait for nobody but each other."""
        lender = Lender(self._pool, most, self._answer_s)
        lender._free = self._free
        return lender

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[asyncpg.Connection]:
        """Yield a connection for several reads.

        Raises
        ------
        DatabaseBusy
            All are in use, for longer than anybody should wait.
        DatabaseAway
            The database does not answer, or the connection was lost.
        """
        async with self._slots:
            conn = await self._take()
            try:
                yield conn
            except BaseException as error:
                await self._end(conn, error)
                raise
            self._free.append(conn)

    @asynccontextmanager
    async def transaction(
        self, sql: str, *values: object, readonly: bool
    ) -> AsyncIterator[asyncpg.Connection]:
        """Yield a connection in a transaction that began with a statement.

        One that only reads sees one state of the database, whatever it asks and however often.
        """
        async with self._slots:
            conn, transaction = await self._begin(sql, values, readonly=readonly)
            try:
                yield conn
                await transaction.commit()
            except BaseException as error:
                await self._undo(conn, transaction, error)
                raise
            self._free.append(conn)

    async def fetch(self, sql: str, *values: object) -> list[asyncpg.Record]:
        """Return all rows of a query."""
        return list(await self._read("fetch", sql, values))

    async def fetchrow(self, sql: str, *values: object) -> asyncpg.Record | None:
        """Return the first row of a query, None where there is none."""
        return await self._read("fetchrow", sql, values)

    async def fetchval(self, sql: str, *values: object) -> Any:
        """Return the first value of a query, None where there is none."""
        return await self._read("fetchval", sql, values)

    @property
    def open(self) -> int:
        """Number of connections that are open."""
        return int(self._pool.get_size())

    @property
    def idle(self) -> int:
        """Number of open connections that nobody uses."""
        return int(self._pool.get_idle_size()) + len(self._free)

    async def close(self) -> None:
        """Close all connections, without waiting for a database that does not answer."""
        while self._free:
            await self._pool.release(self._free.pop())
        with suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_WAIT_S):
                await self._pool.close()
                return
        self._pool.terminate()

    async def _read(self, method: str, sql: str, values: tuple[object, ...]) -> Any:
        """Return what a read gives; one that meets a lost connection is done on a fresh one."""
        try:
            return await self._read_once(method, sql, values)
        except DatabaseAway:
            return await self._read_once(method, sql, values)

    async def _read_once(self, method: str, sql: str, values: tuple[object, ...]) -> Any:
        async with self.acquire() as conn:
            return await getattr(conn, method)(sql, *values, timeout=self._answer_s)

    async def _begin(self, sql: str, values: tuple[object, ...], *, readonly: bool) -> _Begun:
        """Begin a transaction; one that meets a lost connection begins on a fresh one."""
        try:
            return await self._begin_once(sql, values, readonly=readonly)
        except DatabaseAway:
            return await self._begin_once(sql, values, readonly=readonly)

    async def _begin_once(self, sql: str, values: tuple[object, ...], *, readonly: bool) -> _Begun:
        conn = await self._take()
        isolation: Literal["repeatable_read", "read_committed"]
        isolation = "repeatable_read" if readonly else "read_committed"
        transaction = conn.transaction(isolation=isolation, readonly=readonly)
        try:
            async with asyncio.timeout(BEGIN_WAIT_S):
                await transaction.start()
                await conn.fetchrow(sql, *values)
        except BaseException as error:
            await self._undo(conn, transaction, error)
            raise
        return conn, transaction

    async def _undo(
        self, conn: asyncpg.Connection, transaction: Transaction, error: BaseException
    ) -> None:
        """Take a transaction back that failed, and give its connection back."""
        if not _is_lost(conn, error):
            with suppress(*FAILED):
                await transaction.rollback()
        await self._end(conn, error)

    async def _take(self) -> asyncpg.Connection:
        while self._free:
            conn = self._free.pop()
            if not _is_closed(conn):
                return conn
            await self._pool.release(conn)
        try:
            return await self._pool.acquire()
        except OSError as error:  # a time-out is one
            raise _away() from error

    async def _end(self, conn: asyncpg.Connection, error: BaseException) -> None:
        """Give a connection back whose use failed.

        Where it was lost the idle ones may be too: all are dropped at once.

        Raises
        ------
        DatabaseAway
            It was lost.
        """
        lost = _is_lost(conn, error)
        if lost:
            dropped, self._free[:] = [conn, *self._free], []
            for one in dropped:
                with suppress(asyncpg.InterfaceError):
                    one.terminate()
            await self._pool.expire_connections()
        await self._pool.release(conn)
        if lost:
            raise _away() from error


def _away() -> DatabaseAway:
    """Return the error that callers get; what the driver met is its cause, and for the log."""
    return DatabaseAway(
        "The database does not answer",
        "数据库无响应",
        mend_en="Try again shortly; the administrator finds the cause with ./sigang doctor.",
        mend_zh="请稍后重试；管理员可用 ./sigang doctor 查找原因。",
    )


def _is_closed(conn: asyncpg.Connection) -> bool:
    try:
        return bool(conn.is_closed())
    except asyncpg.InterfaceError:  # the pool has taken it back by itself
        return True


def _is_lost(conn: asyncpg.Connection, error: BaseException) -> bool:
    """Tell whether a use failed because its connection was lost, or nobody answers on it."""
    if isinstance(error, TimeoutError | asyncpg.InternalClientError):
        return True  # the second: its end was announced, but has not come yet
    return isinstance(error, FAILED) and _is_closed(conn)

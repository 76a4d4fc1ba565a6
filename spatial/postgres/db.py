"""Database access: asyncpg pools for serving, psycopg for migrations and loads.

Two roles serve. `sigang_public` sees public rows and needs no setting, so that its prepared
statements run without a transaction. `sigang_app` sees what the actor named by SET LOCAL sees.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, quote, unquote, urlsplit

import asyncpg
import orjson
import psycopg

from spatial.actor import Actor
from spatial.errors import SetupError
from spatial.postgres.lender import CONNECT_WAIT_S, Lender, Slots
from spatial.settings import Settings

WRITE_TIMEOUT_MS = 60_000
IDLE_TRANSACTION_MS = 60_000
"""A transaction in which nothing is asked for so long is ended by the database."""
URGENT, WRITING = 1, 2
"""Connections of the pools that reads of rows leave to urgent reads, and to writes."""
ANSWER_MARGIN_S = 5.0
"""How much longer than the database's own limit its answer is waited for."""
PING = "SELECT 1"
"""What is asked to see whether the database answers."""
SEARCH_PATH = "sigang, public"
LISTENER = "sigang_bus"
"""Name under which each process of a server listens, as the database knows it."""
_ACT = (
    "SELECT set_config('sigang.actor', $1, true), set_config('sigang.prefix', $2, true),"
    " set_config('sigang.unit', $3, true), set_config('statement_timeout', $4, true)"
)


AWAY = (SetupError, psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction)
"""What work in the background meets when the database is away or has no room."""


def tell_failure(log: logging.Logger, what: str, error: Exception) -> None:
    """Log that work in the background failed: where in the code, unless the database is away."""
    if isinstance(error, AWAY):
        log.warning("%s: %s", what, error)
    else:
        log.error(what, exc_info=error)


def connect(url: str) -> psycopg.Connection:
    """Open a synchronous connection as the owner, for migrations, loads and COPY.

    Raises
    ------
    SetupError
        The database does not answer.
    """
    try:
        return psycopg.connect(url, options="-c search_path=sigang,public")
    except psycopg.OperationalError as error:
        raise SetupError(
            f"The database does not answer: {error}",
            f"数据库无响应：{error}",
            mend_en="Start it, or check SIGANG_DATABASE_URL.",
            mend_zh="请启动数据库，或检查 SIGANG_DATABASE_URL。",
        ) from error


def role_url(owner_url: str, role: str) -> str:
    """Return the URL of the same database for another role of the private cluster."""
    parts = urlsplit(owner_url)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{quote(role)}@{host}").geturl()


def is_socket_url(url: str) -> bool:
    """Tell whether a URL names a Unix socket folder, as that of the private cluster does."""
    host = parse_qs(urlsplit(url).query).get("host", [""])[0]
    return unquote(host).startswith("/")


class Database:
    """The two pools of a serving process.

    Attributes
    ----------
    public
        Reads of public rows.
    urgent
        The same for what every answer waits for; other reads never hold its connection.
    """

    def __init__(self, public: Lender, urgent: Lender, app: Lender, settings: Settings) -> None:
        self.public = public
        self.urgent = urgent
        self._app = app
        self._sessions = Slots(max(1, settings.pool_size - WRITING))
        self._timeout_ms = settings.statement_timeout_ms

    @classmethod
    async def open(cls, settings: Settings, owner_url: str) -> Database:
        """Open both pools.

        Parameters
        ----------
        settings
            Pool size, statement timeout and the application's URL.
        owner_url
            URL of the database's owner; the roles' URLs are made from it where it is a socket,
            else each connection gives its rights up by SET ROLE.
        """
        size, app_url = settings.pool_size, settings.app_database_url or owner_url
        read_s = settings.statement_timeout_ms / 1000 + ANSWER_MARGIN_S
        write_s = max(read_s, WRITE_TIMEOUT_MS / 1000 + ANSWER_MARGIN_S)
        pool = await _pool(settings, owner_url, "sigang_public", read_s)
        public = Lender(pool, max(1, size - URGENT), read_s)
        app = Lender(await _pool(settings, app_url, "sigang_app", write_s), size, read_s)
        return cls(public, public.apart(URGENT), app, settings)

    async def close(self) -> None:
        """Close both pools."""
        await self.public.close()
        await self._app.close()

    @asynccontextmanager
    async def session(self, actor: Actor) -> AsyncIterator[asyncpg.Connection]:
        """Yield a connection in a read-only transaction that sees the actor's rows."""
        values = _acting(actor, self._timeout_ms)
        async with self._sessions, self._app.transaction(_ACT, *values, readonly=True) as conn:
            yield conn

    @asynccontextmanager
    async def write(self, actor: Actor) -> AsyncIterator[asyncpg.Connection]:
        """Yield a connection in a transaction that may write the actor's rows."""
        values = _acting(actor, WRITE_TIMEOUT_MS)
        async with self._app.transaction(_ACT, *values, readonly=False) as conn:
            yield conn

    async def find(self, sql: str, *values: object) -> asyncpg.Record | None:
        """Return the first row that the application finds without an actor: no scoped one."""
        return await self._app.fetchrow(sql, *values)

    @asynccontextmanager
    async def system(self) -> AsyncIterator[asyncpg.Connection]:
        """Yield an application connection without an actor: it sees no scoped row."""
        async with self._app.acquire() as conn:
            yield conn


def _acting(actor: Actor, timeout_ms: int) -> tuple[str, str, str, str]:
    """Return the values that make a transaction the actor's."""
    return actor.account_id or "anonymous", actor.prefix, actor.unit_id or "", str(timeout_ms)


async def _pool(settings: Settings, url: str, role: str, answer_s: float) -> asyncpg.Pool:
    set_role = not is_socket_url(url) and urlsplit(url).username != role

    async def prepare(conn: asyncpg.Connection) -> None:
        await _codecs(conn)
        if set_role:
            await conn.execute(f"SET ROLE {role}")

    try:
        pool = await asyncpg.create_pool(
            role_url(url, role) if is_socket_url(url) else url,
            min_size=0,
            max_size=settings.pool_size,
            init=prepare,
            timeout=CONNECT_WAIT_S,
            command_timeout=answer_s,
            server_settings={
                "search_path": SEARCH_PATH,
                "statement_timeout": str(settings.statement_timeout_ms),
                "idle_in_transaction_session_timeout": str(IDLE_TRANSACTION_MS),
                "jit": "off",
                "max_parallel_workers_per_gather": "0",
                "work_mem": "16MB",
                "application_name": role,
            },
            reset=_keep,
        )
        await pool.release(await pool.acquire())
    except (OSError, asyncpg.PostgresError) as error:
        raise SetupError(
            f"The database does not answer as {role}: {error}",
            f"数据库不接受 {role}：{error}",
            mend_en="Run ./sigang doctor.",
            mend_zh="请运行 ./sigang doctor。",
        ) from error
    return pool


async def _keep(conn: asyncpg.Connection) -> None:
    """Skip the pool's reset queries: settings are SET LOCAL only, so none outlives its use."""


async def _codecs(conn: asyncpg.Connection) -> None:
    for name in ("json", "jsonb"):
        await conn.set_type_codec(
            name,
            encoder=lambda value: orjson.dumps(value).decode(),
            decoder=orjson.loads,
            schema="pg_catalog",
        )

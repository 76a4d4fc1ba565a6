"""Schema migrations, linear and hand-written, run through Alembic in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.pool import NullPool

from spatial.errors import SetupError

FOLDER = Path(__file__).parent / "migrations"
OLDEST_POSTGIS = (3, 3)
OLDEST_POSTGRES = 14
_LOCK = 0x516A6E67  # "one migrator at a time", an advisory lock's number


def upgrade(url: str, revision: str = "head") -> None:
    """Bring a database up to a revision; all steps or none."""
    check_server(url)
    with _locked(url) as config:
        command.upgrade(config, revision)


def downgrade(url: str, revision: str = "base") -> None:
    """Take a database down to a revision; what later revisions held is lost."""
    with _locked(url) as config:
        command.downgrade(config, revision)


def head() -> str:
    """Return the newest revision of this version of Sigang."""
    newest = ScriptDirectory(str(FOLDER)).get_current_head()
    if newest is None:
        raise SetupError("There is no migration.", "没有迁移脚本。")
    return newest


def current(url: str) -> str | None:
    """Return the revision that a database is at, None where it was never migrated."""
    engine = create_engine(_sqlalchemy(url), poolclass=NullPool)
    with engine.connect() as connection:
        options = {"version_table": "migration", "version_table_schema": "public"}
        return MigrationContext.configure(connection, opts=options).get_current_revision()


def check_server(url: str) -> None:
    """Refuse a server without PostGIS 3.3.

    Raises
    ------
    SetupError
        The server is too old, or has no PostGIS.
    """
    with psycopg.connect(url) as conn:
        row = conn.execute(
            "SELECT current_setting('server_version_num')::int / 10000,"
            " coalesce(installed_version, default_version)"
            " FROM (SELECT 1) one LEFT JOIN pg_available_extensions ON name = 'postgis'"
        ).fetchone()
    postgres, postgis = row if row else (0, None)
    found = tuple(int(part) for part in (postgis or "0.0").split(".")[:2])
    if postgres < OLDEST_POSTGRES or found < OLDEST_POSTGIS:
        raise SetupError(
            f"PostgreSQL {postgres} with PostGIS {postgis or '(none)'} is too old.",
            f"PostgreSQL {postgres} / PostGIS {postgis or '（无）'} 版本过低。",
            mend_en="Sigang needs PostgreSQL 14 with PostGIS 3.3, or newer.",
            mend_zh="需要 PostgreSQL 14 与 PostGIS 3.3 或更高版本。",
        )


@contextmanager
def _locked(url: str) -> Iterator[Config]:
    engine = create_engine(_sqlalchemy(url), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        yield _config(connection)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config


def _sqlalchemy(url: str) -> str:
    return "postgresql+psycopg://" + url.split("://", 1)[1]


def ensure_roles(conn: psycopg.Connection) -> None:
    """Create the application's roles where a server does not have them, before a restore."""
    scope = _scope_revision()
    for role in ("sigang_app", "sigang_public"):
        conn.execute(scope.ROLE.format(role=role))


def mark_leakproof(conn: psycopg.Connection) -> None:
    """Mark the index operators LEAKPROOF where we may: a dump does not carry such a mark."""
    conn.execute(_scope_revision().LEAKPROOF)


def _scope_revision() -> Any:
    return ScriptDirectory(str(FOLDER)).get_revision("0002").module

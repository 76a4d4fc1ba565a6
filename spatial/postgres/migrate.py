"""Schema migrations, linear and hand-written, run through Alembic in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from spatial.errors import SetupError
from spatial.postgres.db import connect

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).parent.parent / "migrations"
OLDEST_POSTGIS = (3, 3)
OLDEST_POSTGRES = 14
_LOCK = 0x516A6E67  # "one migrator at a time", an advisory lock's number


def upgrade(url: str, revision: str = "head") -> None:
    """Bring a database up to a revision; all steps or none."""
    from alembic import command

    check_server(url)
    with _locked(url) as config:
        command.upgrade(config, revision)


def downgrade(url: str, revision: str = "base") -> None:
    """Take a database down to a revision; what later revisions held is lost."""
    from alembic import command

    with _locked(url) as config:
        command.downgrade(config, revision)


def head() -> str:
    """Return the newest revision of this version of Sigang: revisions are numbered in order."""
    return revisions()[-1]


def revisions() -> list[str]:
    """Return all revisions of this version of Sigang, the oldest first."""
    return sorted(path.name.split("_")[0] for path in (FOLDER / "versions").glob("[0-9]*_*.py"))


def current(url: str) -> str | None:
    """Return the revision that a database is at, None where it was never migrated."""
    with connect(url) as conn:
        row = conn.execute("SELECT to_regclass('public.migration')::text").fetchone()
        if row is None or row[0] is None:
            return None
        found = conn.execute("SELECT version_num FROM public.migration").fetchone()
    return str(found[0]) if found else None


def check_server(url: str) -> None:
    """Refuse a server without PostGIS 3.3.

    Raises
    ------
    SetupError
        The server is too old, or has no PostGIS.
    """
    with connect(url) as conn:
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
    """Yield Alembic's configuration on a connection that no other migrator holds."""
    from alembic.config import Config
    from sqlalchemy import create_engine, text
    from sqlalchemy.pool import NullPool

    engine = create_engine("postgresql+psycopg://" + url.split("://", 1)[1], poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config = Config()
        config.set_main_option("script_location", str(FOLDER))
        config.attributes["connection"] = connection
        yield config


def ensure_roles(conn: psycopg.Connection) -> None:
    """Create the application's roles where a server does not have them, before a restore."""
    scope = _scope_revision()
    for role in ("sigang_app", "sigang_public"):
        conn.execute(scope.ROLE.format(role=role))


def mark_leakproof(conn: psycopg.Connection) -> None:
    """Mark the index operators LEAKPROOF where we may: a dump does not carry such a mark."""
    conn.execute(_scope_revision().LEAKPROOF)


def _scope_revision() -> Any:
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(FOLDER)).get_revision("0002").module

"""The database under every command: the private cluster, or the one that a setting names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psycopg

from api.cli.progress import say, step
from spatial import migrate
from spatial.cluster import Cluster
from spatial.db import connect
from spatial.errors import SetupError
from spatial.settings import Settings


@dataclass(frozen=True, slots=True)
class Ground:
    """A running database: its owner's URL, and the private cluster if it is ours."""

    url: str
    cluster: Cluster | None
    settings: Settings


@contextmanager
def ground(settings: Settings) -> Iterator[Ground]:
    """Keep the database running while inside; a private one is stopped by its last user."""
    if settings.database_url:
        with connect(settings.database_url):
            pass
        yield Ground(settings.database_url, None, settings)
        return
    cluster = Cluster(settings.home)
    with _started(cluster):
        url = cluster.url()
        yield Ground(url, cluster, replace(settings, database_url=url))


@contextmanager
def _started(cluster: Cluster) -> Iterator[None]:
    running = cluster.running(say)
    with step("starting the database"):
        running.__enter__()
    try:
        yield
    finally:
        running.__exit__(None, None, None)


def ensure_schema(url: str) -> None:
    """Migrate to this version's schema where the database is not there yet."""
    if migrate.current(url) != migrate.head():
        with step("migrating the schema"):
            migrate.upgrade(url)
            load_declared(url)


def load_declared(url: str) -> None:
    """Write what a server needs whatever is loaded later: rules, functions, first accounts."""
    from data.accounts import load_accounts
    from data.sample.rules import load_rules
    from layers.functions import apply_functions

    with connect(url) as conn:
        load_rules(conn)
        apply_functions(conn, Settings.from_env().areas)
        load_accounts(conn)


def require_schema(url: str) -> None:
    """Refuse a database at another revision.

    Raises
    ------
    SetupError
        The schema is not this version's.
    """
    found, wanted = migrate.current(url), migrate.head()
    if found != wanted:
        raise SetupError(
            f"The schema is at {found or 'nothing'}, this version needs {wanted}.",
            f"数据库结构版本为 {found or '空'}，本版本需要 {wanted}。",
            mend_en="Run ./sigang migrate.",
            mend_zh="请运行 ./sigang migrate。",
        )


def owner_connection(ground_: Ground) -> psycopg.Connection:
    """Open a connection as the owner of a database whose schema is this version's."""
    require_schema(ground_.url)
    return connect(ground_.url)

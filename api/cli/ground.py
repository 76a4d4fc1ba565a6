"""The database under every command: the private cluster, or the one that a setting names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psycopg

from api.cli.progress import say, step
from spatial.errors import SetupError
from spatial.names.entry_rows import read_pieces
from spatial.postgres import migrate
from spatial.postgres.cluster import Cluster
from spatial.postgres.db import LISTENER, connect
from spatial.settings import Settings

MOST_TOLD = 20  # changes of rules, each with a line of its own


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


def ensure_schema(url: str) -> list[str]:
    """Migrate to this version's schema where the database is not there yet; read renamed things.

    Returns the changes of rules.
    """
    if migrate.current(url) == migrate.head():
        with connect(url) as conn:
            read_pieces(conn)
        return bring_rules(url)
    with step("migrating the schema"):
        migrate.upgrade(url)
        return load_declared(url)


def load_declared(url: str) -> list[str]:
    """Write what a server needs whatever is loaded later: rules, functions, first accounts.

    Returns the changes of rules.
    """
    from data.accounts import load_accounts
    from layers.declare.sql_functions import apply_functions

    changes = bring_rules(url)
    with connect(url) as conn:
        apply_functions(conn, Settings.from_env().areas)
        load_accounts(conn)
    return changes


def bring_rules(url: str) -> list[str]:
    """Bring the rules of a database to what the files say; tell and return what changed.

    Raises
    ------
    ConfigError
        A file is wrong; nothing is changed.
    """
    from api.network.rule_models import load_rules

    with connect(url) as conn:
        changes = load_rules(conn, Settings.from_env().areas)
    for change in changes if len(changes) <= MOST_TOLD else []:
        say(f"rule {change}")
    if len(changes) > MOST_TOLD:
        say(f"{len(changes)} rules changed")
    return changes


def check_rules(url: str) -> None:
    """Tell where the rules of a database are not those of the files.

    Raises
    ------
    ConfigError
        A file is wrong.
    """
    from api.network.rule_models import list_drift

    with connect(url) as conn:
        drift = list_drift(conn, Settings.from_env().areas)
    if drift:
        say(f"{len(drift)} rules of the files are not those of the database: ./sigang migrate")


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


def refuse_served(url: str) -> None:
    """Refuse to work on a database that a server serves, from whatever machine.

    Raises
    ------
    SetupError
        One does.
    """
    with connect(url) as conn:
        row = conn.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = %s",
            [LISTENER],
        ).fetchone()
    if row and row[0]:
        raise SetupError(
            f"{row[0]} processes of a server use this database.",
            f"有 {row[0]} 个服务进程正在使用该数据库。",
            mend_en="Stop the server first: ./sigang down, where it runs.",
            mend_zh="请先在运行服务的机器上执行 ./sigang down。",
        )

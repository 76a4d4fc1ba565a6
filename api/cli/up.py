"""up, serve, down, status, reset: the life of a server."""

from __future__ import annotations

import json
import shutil
import sys
from argparse import Namespace
from pathlib import Path

from api.cli import lives, sample, serve
from api.cli.claim import LOCK, RECORD, Record, claimed, end_leftovers, find_server
from api.cli.ground import (
    Ground,
    check_rules,
    ensure_schema,
    ground,
    owner_connection,
    require_schema,
)
from api.cli.noted import note, note_migration, note_rules
from api.cli.progress import say, step
from api.cli.watch import watched
from spatial.errors import SetupError
from spatial.postgres import migrate
from spatial.postgres.cluster import Cluster
from spatial.settings import Settings

LINKED = {
    "dispatcher": "省调度中心 dispatcher, 330000",
    "planner": "省规划处 planner, 330000",
    "ningbo": "宁波值班 Ningbo duty, 330200",
    "wenzhou": "温州值班 Wenzhou duty, 330300",
}
DOWN_WAIT_S = 40.0
"""How long the server may take to end with its database before it is killed."""
KEPT_ABOUT_ROWS = (
    *("audit.head", "audit.heads", "audit.key", "audit.keys", "audit.lock", "audit.waiting"),
    *("cluster.lock", "cluster.start", "graphs", "routing", LOCK, RECORD),
)


def up(server: serve.Server, settings: Settings, options: Namespace) -> int:
    """Database, schema, sample, server, sign-in links."""
    sample.anchor_of(settings.freeze)
    with ground(settings) as base, watched(base):
        _ensure_schema(base)
        if not options.no_sample:
            sample.ensure_sample(base, settings.freeze)
            if settings.freeze is None:
                _bring_lock_day(base)
        return server.run(base.settings, lambda url: _announce(base, url))


def _bring_lock_day(base: Ground) -> None:
    """Bring the sample's vessels at locks to now; imported here, for it takes the planner along."""
    from api.cli.lock_day import ensure_lock_day

    ensure_lock_day(base)


def _ensure_schema(base: Ground) -> None:
    before = migrate.current(base.url)
    note_rules(base, ensure_schema(base.url))
    if before != migrate.head():
        note_migration(base, before or "base", migrate.head())


def serve_only(server: serve.Server, settings: Settings, _: Namespace) -> int:
    """Serve a database that is set up."""
    with ground(settings) as base, watched(base):
        require_schema(base.url)
        check_rules(base.url)
        return server.run(base.settings, lambda url: print(f"Sigang: {url}", flush=True))


def _announce(base: Ground, url: str) -> None:
    print(f"\n四港 Sigang: {url}\n", flush=True)
    if serve.is_loopback(base.settings.host) and sys.stdout.isatty():
        _print_links(base, url)
    else:
        print("Links are printed on loopback to a terminal only: ./sigang token ACCOUNT --link\n")
    print("Ctrl-C stops the server.", flush=True)


def _print_links(base: Ground, url: str) -> None:
    links = _links(base)
    for name, token in links.items():
        print(f"  {LINKED[name]}\n    {url}/signin?link={token}")
    told = (
        "\nEach link signs in once, within 15 minutes; ./sigang token ACCOUNT --link makes another."
    )
    print(told if links else "There are no accounts yet.", end=" ")


def _links(base: Ground) -> dict[str, str]:
    from api.http.credential_store import make_link

    with owner_connection(base) as conn:
        rows = conn.execute("SELECT id FROM sigang.account WHERE NOT disabled").fetchall()
        known = {row[0] for row in rows}
        links = {name: make_link(conn, name) for name in LINKED if name in known}
    for name in links:
        note(base, "token", name, detail={"kind": "link", "by": "up"})
    return links


def down(settings: Settings, _: Namespace) -> int:
    """Stop the server, then the private database, whatever state they are in."""
    running = find_server(settings.home)
    if running:
        with step("stopping the server"):
            running.command.ask_to_end()
            if not lives.wait_gone([running.command], DOWN_WAIT_S):
                say("the server does not end by itself: its processes are killed")
                found = Record.read(settings.home) or running
                lives.kill([found.command, *found.others])
    end_leftovers(settings.home)
    cluster = _existing_cluster(settings)
    was_up = cluster is not None and cluster.pid() is not None
    if cluster is not None and was_up:
        with step("stopping the database"):
            cluster.stop()
    print("Sigang is stopped." if running or was_up else "Sigang was not running.")
    return 0


def _existing_cluster(settings: Settings) -> Cluster | None:
    if settings.database_url or not (settings.home / "cluster.path").exists():
        return None
    return Cluster(settings.home)


def status(settings: Settings, options: Namespace) -> int:
    """Tell what is running; exit code 3 where no server is."""
    running = find_server(settings.home)
    cluster = _existing_cluster(settings)
    found = {
        "server": running.url if running else None,
        "server_pid": running.command.pid if running else None,
        "database": "named by SIGANG_DATABASE_URL"
        if settings.database_url
        else ("running" if cluster and cluster.healthy() else "stopped"),
        "database_folder": str(cluster.folder) if cluster else None,
        "state_folder": str(settings.home),
    }
    if options.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        for name, value in found.items():
            print(f"{name.replace('_', ' '):16} {value if value is not None else '–'}")
    return 0 if running else 3


def reset(settings: Settings, options: Namespace) -> int:
    """Delete the private database after asking."""
    if settings.database_url:
        raise SetupError(
            "reset deletes the private database only; SIGANG_DATABASE_URL names another.",
            "reset 只删除自带数据库；SIGANG_DATABASE_URL 指向其他数据库。",
        )
    cluster = _existing_cluster(settings)
    if cluster is None:
        print("There is nothing to reset.")
        return 0
    with claimed(settings.home):
        if not options.yes and not confirmed(f"Delete all data in {cluster.folder}?"):
            return 1
        with step("deleting the database"):
            cluster.remove()
            _forget(settings.home)
    say("deleted; ./sigang up starts afresh")
    return 0


def _forget(home: Path) -> None:
    """Delete what the state folder keeps about the rows of a database, and nothing else."""
    for name in KEPT_ABOUT_ROWS:
        entry = home / name
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def confirmed(question: str) -> bool:
    """Ask on the terminal; without one the answer is no."""
    if not sys.stdin.isatty():
        print(f"{question} Run again with --yes.", file=sys.stderr)
        return False
    return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}

"""The database under a running server, watched: restarted when it stops, guarded on a full disk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from api.cli.ground import Ground
from api.cli.progress import say
from spatial.errors import SetupError
from spatial.postgres.cluster import LOW_DISK_BYTES, Cluster
from spatial.postgres.machine import MB

WATCH_EVERY_S = 2.0
WATCH_END_S = 10.0


@contextmanager
def watched(ground: Ground) -> Iterator[None]:
    """Keep a private database running, and its disk from filling up, while inside."""
    if ground.cluster is None:
        yield
        return
    over = threading.Event()
    watcher = threading.Thread(
        target=_watch, args=(ground.cluster, over), name="watch", daemon=True
    )
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join(WATCH_END_S)


def _watch(cluster: Cluster, over: threading.Event) -> None:
    """Restart a killed database and guard its disk, until the server stops."""
    refused = False
    while not over.wait(WATCH_EVERY_S):
        try:
            if not cluster.healthy():
                say("the database stopped: starting it again")
                cluster.start(say)
            now = cluster.guard_disk()
            cluster.bound_log()
        except (SetupError, psycopg.Error) as error:
            say(f"the database is not well: {error}")
            continue
        if now != refused:
            free = f"less than {LOW_DISK_BYTES // MB} MB free in {cluster.folder}"
            say(f"{free}: writes are refused" if now else "enough space: writes are allowed again")
            refused = now

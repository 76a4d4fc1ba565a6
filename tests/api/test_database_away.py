"""The database restarts, or has no room: reads go on, and each answer says what is the matter."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import asyncpg
import httpx
import psycopg
import pytest

from api.problems import translate
from spatial.errors import Busy, SetupError, StorageFull
from tests.conftest import Server

pytestmark = pytest.mark.db

FOGGY = {"waypoints": [[120.75, 30.75], [121.85, 29.93]], "profile": "car"}
CLOSURE = {
    "kind": "closure", "geometry": {"type": "Point", "coordinates": [121.12, 30.34]},
    "reason": "accident", "valid_from": "2026-03-02T08:00:00+08:00",
}  # fmt: skip


def end_connections(server: Server) -> None:
    """End all connections of the server to its database, as a restart does."""
    with psycopg.connect(server.database_url, autocommit=True) as conn:
        ended = conn.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
    assert ended is not None and ended[0] > 2


@contextmanager
def without_room(server: Server) -> Iterator[None]:
    """Have the database refuse writes, as its guard does on a full disk."""
    name = urlsplit(server.database_url).path.lstrip("/")
    alter = f'ALTER DATABASE "{name}"'
    with psycopg.connect(server.database_url, autocommit=True) as conn:
        conn.execute(f"{alter} SET default_transaction_read_only = on")
        try:
            end_connections(server)
            yield
        finally:
            conn.execute("SET default_transaction_read_only = off")
            conn.execute(f"{alter} RESET default_transaction_read_only")
            end_connections(server)


def test_lost_connections_cost_no_answer(server, client, dispatcher):
    paths = ["/api/collections/ports/items?limit=3", "/api/collections/roads/items?limit=3",
             "/api/search?q=G92", "/readyz"]  # fmt: skip

    def ask(number: int) -> httpx.Response:
        asking = dispatcher if number % 2 else client
        if number % 5 == 0:
            return asking.post("/api/paths", json=FOGGY)
        return asking.get(paths[number % len(paths)])

    with ThreadPoolExecutor(8) as threads:
        assert {answer.status_code for answer in threads.map(ask, range(40))} == {200}
        for _ in range(3):
            end_connections(server)
            answers = list(threads.map(ask, range(40)))
            assert {answer.status_code for answer in answers} == {200}, [
                answer.text for answer in answers if answer.status_code != 200
            ]


def test_a_full_disk_refuses_writes_by_name_and_goes_on_reading(server, client, dispatcher):
    with without_room(server):
        refused = dispatcher.post("/api/events", json=CLOSURE)
        assert refused.status_code == 507, refused.text
        assert refused.json()["type"] == "/problems/storage-full"
        assert refused.json()["mend"]
        assert client.get("/api/collections/ports/items?limit=3").status_code == 200
        assert dispatcher.get("/api/collections/ports/items?limit=3").status_code == 200
        assert client.post("/api/paths", json=FOGGY).status_code == 200
    log = (server.home / "server.log").read_text("utf-8")
    assert "storage-full: POST '/api/events'" in log
    assert "ReadOnlySQLTransactionError" not in log, "a line, not where in the code"


@pytest.mark.parametrize(
    ("met", "kind"),
    [
        (asyncpg.DiskFullError("could not extend file"), StorageFull),
        (asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT"), StorageFull),
        (OSError(28, "No space left on device"), StorageFull),
        (asyncpg.OutOfMemoryError("out of memory"), Busy),
        (asyncpg.TooManyConnectionsError("too many clients"), Busy),
        (TimeoutError(), SetupError),
        (ConnectionRefusedError(), SetupError),
    ],
)
def test_each_state_of_the_database_has_its_problem(met, kind):
    assert type(translate(met)) is kind
    assert translate(met).mend_en


def test_two_processes_give_equal_tags(server):
    tags = {}
    with ThreadPoolExecutor(8) as threads:
        for _ in range(20):
            tags.update(threads.map(lambda _: tags_of(server), range(8)))
            if len(tags) == 2:
                break
    first, second = tags.values()
    assert first == second
    assert len(set(first.values())) == len(first) and None not in first.values()


def tags_of(server: Server) -> tuple[str, dict[str, str | None]]:
    """Return the process at the end of a new connection, and its tag of each resource."""
    paths = (
        "/", "/js/main.js", "/api/collections/ports/items?limit=5", "/api/collections/ports/items",
        "/api/collections/ports/tiles/WebMercatorQuad/8/105/213",
        "/api/collections/roads/tiles/WebMercatorQuad/9/211/427", "/api/catalogue",
        "/api/collections/ports", "/api/styles/light",
    )  # fmt: skip
    with server.client() as client:
        metrics = client.get("/metrics").text
        process = metrics.partition('worker="')[2].partition('"')[0]
        return process, {path: client.get(path).headers.get("etag") for path in paths}

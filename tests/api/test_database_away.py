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

from api.http.problems import translate
from spatial.errors import Busy, SetupError, StorageFull
from tests.api.roadworld import at, close, edge
from tests.conftest import Server, running_server

pytestmark = pytest.mark.db

PLACES = (at(0, 0), at(14, 2))


def ask_path(client: httpx.Client) -> httpx.Response:
    return client.post("/api/paths", json={"waypoints": PLACES, "profile": "car"})


@pytest.fixture(scope="module")
def server(planning: Server) -> Server:
    """Return a server over the small province."""
    return planning


def end_connections(server: Server) -> None:
    """End all connections of the server to its database, as a restart does."""
    with psycopg.connect(server.database_url, autocommit=True) as conn:
        ended = conn.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE 'sigang%'"
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
    paths = ["/api/collections/roads/items?limit=3", "/api/collections/structures/items?limit=3",
             "/api/search?q=G92", "/readyz"]  # fmt: skip

    def ask(number: int) -> httpx.Response:
        asking = dispatcher if number % 2 else client
        if number % 5 == 0:
            return ask_path(asking)
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
        refused = close(dispatcher, {"edge_id": edge("0,0 1,0")})
        assert refused.status_code == 507, refused.text
        assert refused.json()["type"] == "/problems/storage-full"
        assert refused.json()["mend"]
        assert client.get("/api/collections/roads/items?limit=3").status_code == 200
        assert dispatcher.get("/api/collections/roads/items?limit=3").status_code == 200
        assert ask_path(client).status_code == 200
    log = (server.home / "server.log").read_text("utf-8")
    assert "storage-full: POST '/api/events'" in log
    assert "Traceback" not in log, "a line, not where in the code"


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


def test_all_processes_give_equal_tags_and_so_does_the_next_server(server):
    key = server.key("admin")
    with running_server(server.database_url, workers=1, public_url=server.base_url) as other:
        tags = dict([tags_of(other, key)])
        with ThreadPoolExecutor(8) as threads:
            for _ in range(20):
                tags.update(threads.map(lambda _: tags_of(server, key), range(8)))
                if len(tags) == 3:
                    break
    first, second, third = tags.values()
    assert first == second == third
    assert None not in first.values()
    assert len(set(first.values())) == len(first)


def tags_of(server: Server, key: str) -> tuple[str, dict[str, str | None]]:
    """Return the process at the end of a new connection, and its tag of each resource."""
    x, y = 3423, 1685  # at zoom 12, where PLACES begin
    paths = (
        "/", "/js/main.js", "/api/collections", "/api/collections/roads", "/api/catalogue",
        "/api/styles/light",
        f"/api/collections/roads/items/{edge('0,0 1,0')}",
        f"/api/collections/roads/tiles/WebMercatorQuad/12/{y}/{x}",
    )  # fmt: skip
    with server.client() as client:
        metrics = client.get("/metrics", headers={"Authorization": f"Bearer {key}"}).text
        for name in ("worker_restarts_total", "worker_stuck_total", "worker_silence_seconds"):
            assert f"sigang_{name}{{" in metrics
        process = metrics.partition('worker="')[2].partition('"')[0]
        return process, {path: client.get(path).headers.get("etag") for path in paths}

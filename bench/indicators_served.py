"""A board as a server answers it, with 50 commits a second to what it counts.

Each commit changes a row of the million; meanwhile one reader asks for the board of 24 tiles, and
another adds a row now and then and waits until the board that the stream calls for has it.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx

from bench import board_page
from spatial.postgres.db import connect
from tests.harness import HOME_VARIABLE, Server, running_server

COMMITS_S = 50
BOARDS, ADDED = 200, 60
SEEN_S = 60
CHANGE = """
UPDATE sigang.event SET k_from = (k_from::int + 1) % 100, severity = 'low'
WHERE id = (SELECT id FROM sigang.event TABLESAMPLE system (0.01) LIMIT 1)"""
ADD = """
INSERT INTO sigang.event
  (kind, admin_code, visibility, origin, source_id, state, valid_from, k_from)
VALUES ('hazard', '330101', 'public', 'synthetic', 'b', 'open', now(), 99)"""

ACCOUNT = """
INSERT INTO sigang.account (id, name_zh, name_en, role, scope)
VALUES ('dispatcher', 'b', 'b', 'dispatcher', '330000') ON CONFLICT DO NOTHING"""


def percentiles(seconds: list[float]) -> str:
    """Return median and 99th percentile as text."""
    p99 = statistics.quantiles(seconds, n=100, method="inclusive")[98]
    return f"p50 {statistics.median(seconds) * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms"


class Writer(threading.Thread):
    """Commits a change so many times a second until it is stopped."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url, self.done, self.count = url, threading.Event(), 0

    def run(self) -> None:
        """Commit."""
        began = time.monotonic()
        with connect(self._url) as conn:
            while not self.done.is_set():
                conn.execute(CHANGE)
                conn.commit()
                self.count += 1
                time.sleep(max(0.0, began + self.count / COMMITS_S - time.monotonic()))


def asker(server: Server, keys: list[str]) -> tuple[httpx.Client, Callable[[], dict[str, float]]]:
    """Return a client of the province, and a function that returns the totals of the board."""
    client = server.client("dispatcher")
    params = {"indicators": ",".join(keys), "level": "prefecture,county"}

    def ask() -> dict[str, float]:
        answer = client.get("/api/board", params=params).raise_for_status().json()
        units = {len(one["code"]) for one in answer["tiles"][0]["columns"].values()}
        assert units == {11, 90}
        return {one["indicator"]: one["total"]["value"] for one in answer["tiles"]}

    return client, ask


def boards(ask: Callable[[], object]) -> list[float]:
    """Return how long each board took."""
    times = []
    for _ in range(BOARDS):
        began = time.perf_counter()
        ask()
        times.append(time.perf_counter() - began)
    return times


def added(url: str, client: httpx.Client, ask: Callable[[], dict[str, float]]) -> list[float]:
    """Return how long it took from each commit until the board that was called for had it.

    The number asked for counts all open rows and is not changed by the other commits.
    """
    times = []
    with connect(url) as conn, client.stream("GET", "/api/stream", timeout=SEEN_S) as stream:
        lines = stream.iter_lines()
        for _ in range(ADDED):
            wanted = ask()["n00"] + 1
            conn.execute(ADD)
            conn.commit()
            began = time.perf_counter()
            for line in lines:
                if line == "event: indicators" and ask()["n00"] >= wanted:
                    break
            times.append(time.perf_counter() - began)
    return times


def measure(url: str, areas: Path, keys: list[str]) -> None:
    """Serve the database and measure, with and without commits beside."""
    with connect(url) as conn:
        conn.execute(ACCOUNT)
        conn.commit()
    with tempfile.TemporaryDirectory(prefix="sigang-bench-") as folder:
        os.environ[HOME_VARIABLE] = folder
        (Path(folder) / "routing").mkdir()
        with running_server(url, areas=str(areas), routing="0") as server:
            client, ask = asker(server, keys)
            while ask() and not _stored(url):
                time.sleep(1)
            print(f"board served, nothing beside: {percentiles(boards(ask))}")
            board_page.measure(server, "dispatcher", keys)
            writer = Writer(url)
            writer.start()
            times, began = boards(ask), time.monotonic()
            print(f"board served, {COMMITS_S} commits/s beside: {percentiles(times)}")
            with closing(server.client("dispatcher")) as other:
                print(f"commit until it is on the board: {percentiles(added(url, other, ask))}")
            writer.done.set()
            writer.join()
            print(f"{writer.count / (time.monotonic() - began):.0f} commits/s at least")
            client.close()


def _stored(url: str) -> bool:
    with connect(url) as conn:
        row = conn.execute(
            "SELECT sum(cardinality(members)) FROM sigang.indicator_sheet"
        ).fetchone()
        return bool(row and row[0] and row[0] >= 60)

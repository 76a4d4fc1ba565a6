"""Close → path pairs against four workers: how many answers are stale, and how soon they come.

    python -m bench.closures [--pairs 1000] [--workers 4] [--sample]

Each pair closes the bridge of a small province, asks a path on a connection of its own (the kernel
chooses the worker), undoes, and asks again. An answer is stale when it uses a road that was closed
when the question was sent, or keeps off one that was open again. `--sample` does the same on the
sample province with the Hangzhou Bay Bridge, from Jiaxing to Beilun. Rows end up in README.md.
"""

from __future__ import annotations

import argparse
import datetime
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg

from spatial.postgres import migrate
from spatial.postgres.cluster import Cluster
from spatial.postgres.db import connect
from tests.api.roadworld import BRIDGE, at, close, fill, undo
from tests.harness import HOME_VARIABLE, Server, fill_sample, running_server

JIAXING, BEILUN = [120.755, 30.746], [121.83, 29.93]


@contextmanager
def database(load: Callable[[str], None]) -> Iterator[str]:
    """Yield the URL of a migrated database in a cluster of its own."""
    with tempfile.TemporaryDirectory(prefix="sigang-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        os.environ[HOME_VARIABLE] = folder
        with Cluster(home, durable=False).running() as cluster:
            with psycopg.connect(cluster.url("postgres"), autocommit=True) as conn:
                conn.execute("CREATE DATABASE bench")
            load(cluster.url("bench"))
            yield cluster.url("bench")


def load_small(url: str) -> None:
    """Fill in the small province of the tests."""
    migrate.upgrade(url)
    fill(url)


def bay_bridge(url: str) -> str:
    """Return the id of the bridge of the sample province."""
    with connect(url) as conn:
        row = conn.execute(
            "SELECT id FROM sigang.facility WHERE kind = 'bridge' AND name_zh = '杭州湾跨海大桥'"
        ).fetchone()
        assert row is not None
        return str(row[0])


def ask(server: Server, places: list[list[float]]) -> tuple[dict[str, Any], float]:
    """Return properties and seconds of an answer on a new connection."""
    with httpx.Client(base_url=server.base_url, timeout=30, trust_env=False) as client:
        client.get("/healthz")
        begin = time.perf_counter()
        answer = client.post("/api/paths", json={"waypoints": places, "include": ["edges"]})
        seconds = time.perf_counter() - begin
    answer.raise_for_status()
    return answer.json()["features"][0]["properties"], seconds


def measure(server: Server, bridge: str, places: list[list[float]], pairs: int) -> dict[str, Any]:
    """Run the pairs and return what was seen."""
    seen: Counter[str] = Counter()
    closing, first = [], []
    dispatcher = server.client("dispatcher")
    for _ in range(pairs):
        begin = time.perf_counter()
        event = close(dispatcher, {"facility_id": bridge}).json()
        closing.append(time.perf_counter() - begin)
        shut = set(event["properties"]["edges"])
        for closed in (True, False):
            if not closed:
                undo(dispatcher, event)
            told, seconds = ask(server, places)
            first.append(seconds)
            seen["asked"] += 1
            seen["stale"] += bool(shut & set(told["edges"])) == closed
    dispatcher.close()
    return {**seen, "close_ms": median_ms(closing), "path_ms": median_ms(first)}


def median_ms(seconds: list[float]) -> float:
    """Return the median in milliseconds."""
    return round(1000 * statistics.median(seconds), 1)


def main() -> None:
    """Measure and print one row for README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--sample", action="store_true")
    given = parser.parse_args()
    with (
        database(fill_sample if given.sample else load_small) as url,
        running_server(url, workers=given.workers) as server,
    ):
        bridge = bay_bridge(url) if given.sample else str(BRIDGE)
        places = [JIAXING, BEILUN] if given.sample else [at(1, 2), at(13, 2)]
        seen = measure(server, bridge, places, given.pairs)
    today = datetime.datetime.now(datetime.UTC).date()
    network = "sample province" if given.sample else "small province"
    print("| date | network | workers | pairs | answers | stale | close p50 ms | path p50 ms |")
    print("|---|---|---|---|---|---|---|---|")
    print(
        f"| {today} | {network} | {given.workers} | {given.pairs} | {seen['asked']} |"
        f" {seen['stale']} | {seen['close_ms']} | {seen['path_ms']} |"
    )


if __name__ == "__main__":
    main()

"""How long it is from `./sigang serve` to the first path, on the grid of a million junctions.

    python -m bench.start [--side 1075] [--rounds 7]

Fills a database of its own with the grid, has its network built once, then starts the server
again and again with all that is kept on disk. The first path is asked from the moment the command
is given, so that it counts everything: interpreter, imports, database, network, metric.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator

import httpx
import numpy as np
import psycopg
import shapely

from bench.grid import SIDE, Streets, province
from bench.servers import ROOT, STATE, cluster, free_port
from spatial.geo.crs import lengths_m
from spatial.postgres.bulk import copy_rows

GOAL_S = 3.0
BUILD_WAIT_S = 1_800
COLUMNS = (
    "id", "kind", "mode", "class", "from_node", "to_node", "length_m", "speed_kmh", "oneway",
    "visibility", "origin", "source_id", "geom",
)  # fmt: skip


def fill(url: str, streets: Streets) -> int:
    """Write the streets as road edges; return how many there are."""
    tail, head = streets.tail, streets.head
    ends = np.stack([streets.lon[tail], streets.lat[tail], streets.lon[head], streets.lat[head]], 1)
    lines = shapely.linestrings(ends.reshape(-1, 2, 2))
    lengths = lengths_m(lines)
    rows = (
        (
            uuid.UUID(int=i + 1), "road", "road", road_class, uuid.UUID(int=int(a) + 1),
            uuid.UUID(int=int(b) + 1), length, speed, oneway, "public", "synthetic", "grid", line,
        )
        for i, (a, b, road_class, length, speed, oneway, line) in enumerate(
            zip(tail, head, streets.road_class.tolist(), lengths.tolist(),
                streets.speed_kmh.tolist(), streets.oneway.tolist(), lines, strict=True)
        )
    )  # fmt: skip
    with psycopg.connect(url) as conn:
        conn.execute(
            "INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)"
            " VALUES ('grid', '合成网格', 'Synthetic grid', 'CC0-1.0', 'bench/grid.py')"
        )
        made = copy_rows(conn, "edge", COLUMNS, rows)
        conn.execute("UPDATE sigang.network_version SET topology = topology + 1")
        conn.commit()
        conn.autocommit = True
        conn.execute("ANALYZE sigang.edge")
    return made


@contextlib.contextmanager
def serving(url: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run `./sigang serve` and end it."""
    env = os.environ | {"SIGANG_DATABASE_URL": url, "SIGANG_HOME": str(STATE / "start-home")}
    command = [sys.executable, "-P", "-m", "api.cli", "serve", "--port", str(port)]
    with (STATE / "start.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)


def first_path(url: str, pair: list[list[float]], wait_s: float) -> float:
    """Start the server; return the seconds until a path is answered."""
    port, client = free_port(), httpx.Client(timeout=wait_s, trust_env=False)
    begin = time.perf_counter()
    with client, serving(url, port) as process:
        while time.perf_counter() - begin < wait_s:
            with contextlib.suppress(httpx.TransportError):
                answer = client.post(f"http://127.0.0.1:{port}/api/paths", json={"waypoints": pair})
                if answer.status_code == 200:
                    return time.perf_counter() - begin
            if process.poll() is not None:
                break
            time.sleep(0.01)
    raise RuntimeError(f"no path was answered; see {STATE / 'start.log'}")


def main() -> int:
    """Measure and print one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=SIDE)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    STATE.mkdir(parents=True, exist_ok=True)
    streets = province(options.side)
    places = np.stack([streets.lon, streets.lat], 1)
    pair = [places[0].tolist(), places[-1].tolist()]
    with cluster(STATE / f"start-{options.side}") as port:
        base = f"postgresql://sigang@127.0.0.1:{port}/"
        url = f"{base}grid"
        with psycopg.connect(f"{base}postgres", autocommit=True) as conn:
            known = conn.execute("SELECT FROM pg_database WHERE datname = 'grid'").fetchone()
            if known is None:
                conn.execute("CREATE DATABASE grid")
        if known is None:
            env = os.environ | {
                "SIGANG_DATABASE_URL": url, "SIGANG_HOME": str(STATE / "start-home")
            }  # fmt: skip
            command = [sys.executable, "-P", "-m", "api.cli", "migrate"]
            subprocess.run(command, cwd=ROOT, env=env, check=True)
            edges = fill(url, streets)
            print(f"{len(streets.lon):,} junctions, {edges:,} edges", flush=True)
        built = first_path(url, pair, BUILD_WAIT_S)
        times = [first_path(url, pair, 120) for _ in range(options.rounds)]
    middle = statistics.median(times)
    print(f"first start {built:.1f} s; then " + ", ".join(f"{t:.2f}" for t in times) + " s")
    print(f"median {middle:.2f} s (goal ≤ {GOAL_S:g}: {'held' if middle <= GOAL_S else 'missed'})")
    return 0


if __name__ == "__main__":
    sys.exit(main())

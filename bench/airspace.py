"""Operational intents: the conflict query, histories under faults, and one busy cell.

    python -m bench.airspace [index] [histories] [busy] [approve] [--seeds 20] [--clients 64]

Each part makes what it needs: a cluster of its own, two server processes, client processes. The
index is held against shapely in a local metric system; histories are recorded at the clients and
judged afterwards by `bench.airspace_checker`, while workers, the database and sockets are killed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import psycopg
import pyproj
import shapely

from api.airspace import utm_store
from api.airspace.extents import Extent
from bench.airspace_checker import faults
from bench.airspace_clients import run
from bench.airspace_load import load
from data.accounts import load_accounts
from spatial.geo.volumes import Circle
from spatial.ids import uuid7
from spatial.postgres import migrate
from spatial.postgres.cluster import Cluster
from spatial.postgres.db import connect
from tests.api.utmworld import write_keys
from tests.harness import HOME_VARIABLE, Server, running_server

WORKER_KILLS = 3
STORED, ASKED = 100_000, 2_000
MIDDLE, ACROSS_M = (120.15, 30.27), 30_000
PROGRAMS = {"locked": "api.cli", "unlocked": "bench.airspace_unlocked"}


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Yield a durable cluster with an empty migrated database `bench` that has accounts."""
    with tempfile.TemporaryDirectory(prefix="sigang-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        os.environ[HOME_VARIABLE] = folder
        with Cluster(home).running() as made:
            with psycopg.connect(made.url("postgres"), autocommit=True) as conn:
                conn.execute("CREATE DATABASE bench")
            migrate.upgrade(made.url("bench"))
            with connect(made.url("bench")) as own:
                load_accounts(own)
                own.commit()
            yield made


@contextmanager
def server(made: Cluster, module: str = "api.cli") -> Iterator[Server]:
    """Yield two server processes over the cluster."""
    keys = write_keys(Path(os.environ[HOME_VARIABLE]))
    with running_server(
        made.url("bench"), module=module, routing="0", requests_per_minute="0", dss_keys=str(keys)
    ) as running:
        yield running


def part_index(made: Cluster) -> None:
    """Time the conflict query over many volumes, and hold each answer against shapely."""
    shuffled = random.Random(7)
    extents = [_flight(shuffled) for _ in range(STORED)]
    asked = [_flight(shuffled) for _ in range(ASKED)]
    spent, answers = asyncio.run(_index(made.url("bench"), extents, asked))
    wrong = _judge(extents, asked, answers)
    spent.sort()
    print(
        f"conflict query over {STORED:,} volumes: p50 {spent[ASKED // 2] * 1e3:.2f} ms,"
        f" p99 {spent[int(ASKED * 0.99)] * 1e3:.2f} ms, {sum(map(len, answers))} conflicts,"
        f" {wrong} wrong"
    )


def _flight(shuffled: random.Random) -> Extent:
    """Return a circle of 50 to 400 m, somewhere over the city on one day."""
    lon, lat, _ = pyproj.Geod(ellps="GRS80").fwd(
        *MIDDLE, shuffled.uniform(0, 360), ACROSS_M / 2 * shuffled.random() ** 0.5
    )
    begin = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(seconds=shuffled.randrange(86_400))
    low = shuffled.uniform(0, 100)
    return Extent(
        Circle((lon, lat), shuffled.uniform(50, 400)), low, low + 20, begin,
        begin + timedelta(minutes=shuffled.uniform(5, 20)),
    )  # fmt: skip


async def _index(
    url: str, extents: Sequence[Extent], asked: Sequence[Extent]
) -> tuple[list[float], list[set[int]]]:
    """Store extents, one an entity; return seconds of each question, and what it found."""
    as_served = {"search_path": "sigang, public", "jit": "off",
                 "max_parallel_workers_per_gather": "0"}  # fmt: skip
    conn = await asyncpg.connect(url, server_settings=as_served)
    ids = [uuid7() for _ in extents]
    number = {one: n for n, one in enumerate(ids)}
    await conn.executemany(
        "INSERT INTO utm_entity (id, kind, manager, state, version, ovn, uss_base_url, begins,"
        " ends, lower_m, upper_m, cells) VALUES ($1, 'operational_intent', 'bench', 'Accepted', 1,"
        " $2, 'https://bench', $3, $4, $5, $6, $7)",
        [(i, str(i), e.begin, e.end, e.lower_m, e.upper_m, e.cover.cells)
         for i, e in zip(ids, extents, strict=True)],
    )  # fmt: skip
    async with conn.transaction():
        for i, one in zip(ids, extents, strict=True):
            await utm_store.add_volumes(conn, i, [one])
    await conn.execute("ANALYZE utm_volume; ANALYZE utm_entity")
    spent, answers = [], []
    for one in [*asked[:50], *asked]:
        _ = one.cover  # as reading the plan does
        began = time.perf_counter()
        found = await utm_store.near(conn, "operational_intent", [one], by_cells=False)
        hit = {number[n.entity["id"]] for n in found if n.extent.volume.overlaps(one.volume)}
        spent.append(time.perf_counter() - began)
        answers.append(hit)
    await conn.close()
    return spent[50:], answers[50:]


def _judge(extents: Sequence[Extent], asked: Sequence[Extent], answers: Sequence[set[int]]) -> int:
    """Return how many questions shapely answers otherwise, in metres around the middle."""
    local = pyproj.Transformer.from_crs(
        "OGC:CRS84", f"+proj=tmerc +lon_0={MIDDLE[0]} +lat_0={MIDDLE[1]} +ellps=GRS80",
        always_xy=True,
    )  # fmt: skip
    points = [shapely.Point(local.transform(*one.footprint.middle)) for one in (*extents, *asked)]
    stored, own = points[: len(extents)], points[len(extents) :]
    tree, wrong = shapely.STRtree(stored), 0
    for question, at, found in zip(asked, own, answers, strict=True):
        truth = set()
        for n in tree.query(at, "dwithin", 801.0).tolist():
            one = extents[n]
            gap = at.distance(stored[n]) - one.footprint.radius_m - question.footprint.radius_m
            in_time = one.begin < question.end and question.begin < one.end
            in_height = one.lower_m < question.upper_m and question.lower_m < one.upper_m
            if gap < -0.01 and in_time and in_height:
                truth.add(n)
        wrong += truth != found
    return wrong


def part_histories(made: Cluster, seeds: int, clients: int, plans: int) -> None:
    """Record histories while workers, the database and sockets are killed, and judge each."""
    totals: Counter[str] = Counter()
    with server(made) as running:
        key = running.key("dispatcher")
        for seed in range(seeds):
            wait = run(seed, clients, plans, running.base_url, key)
            stop = threading.Event()
            killer = threading.Thread(target=_kill, args=(made, running, seed, stop, totals))
            killer.start()
            history = wait()
            stop.set()
            killer.join()
            found = faults(history, _standing(made, seed))
            _note(totals, history, found)
            print(f"seed {seed}: {_counted(history)}; {found[:3] or 'nothing wrong'}", flush=True)
    print(", ".join(f"{n} {what}" for what, n in sorted(totals.items())))


def _kill(
    made: Cluster, running: Server, seed: int, stop: threading.Event, totals: Counter[str]
) -> None:
    """Kill the database once and workers a few times, until told to stop."""
    shuffled = random.Random(seed)
    victims = ["worker"] * WORKER_KILLS + ["database"]
    shuffled.shuffle(victims)
    while victims and not stop.wait(shuffled.uniform(1.0, 3.0)):
        if victims.pop() == "database":
            if pid := made.pid():
                os.kill(pid, signal.SIGKILL)
                totals["kills of the database"] += 1
            made.start()
        elif workers := _workers(running.pid):
            shuffled.choice(workers).kill()
            totals["kills of workers"] += 1


def _workers(pid: int) -> list[psutil.Process]:
    """Return the workers of a server: the children of its supervisor."""
    with suppress(psutil.NoSuchProcess):
        return [one for child in psutil.Process(pid).children() for one in child.children()]
    return []


def _standing(made: Cluster, seed: int) -> list[str]:
    """Return the ids of the plans that stand of one seed, and clear the table for the next."""
    with connect(made.url("bench")) as conn:
        rows = conn.execute("SELECT id FROM utm_entity").fetchall()
        conn.execute("DELETE FROM utm_entity")
        conn.execute("DELETE FROM operation")
        conn.commit()
    return [str(row[0]) for row in rows]


def _counted(history: Sequence[dict[str, Any]]) -> str:
    by = Counter(line["status"] for line in history)
    tries = sum(line["tries"] for line in history)
    return f"{by[201]} accepted, {by[409]} refused, {by[None]} unanswered in {tries} tries"


def _note(totals: Counter[str], history: Sequence[dict[str, Any]], found: Sequence[str]) -> None:
    totals["plans"] += len(history)
    for one in found:
        totals[one.partition(":")[0]] += 1
    for kind in ("double", "lost", "twice"):
        totals[kind] += 0


def part_busy(made: Cluster) -> None:
    """Fill one cell of 550 m over /dss/v1, then the same without locks, in turn."""
    rates: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(3):
        for name, module in PROGRAMS.items():
            with server(made, module) as running:
                found = load(running.base_url, clients=16, seconds=8.0)
            rates[name].append(found.rate)
            print(f"{name}: {found.text()}", flush=True)
            _standing(made, 0)
    ratio = statistics.median(rates["locked"]) / statistics.median(rates["unlocked"])
    print(f"throughput of locked / check-then-insert: {ratio:.2f}")


def part_approve(made: Cluster) -> None:
    """Have two officers approve two overlapping plans at once, 50 times; open 200 waiting."""
    with server(made) as running:
        operator, *officers = (running.client(n) for n in ("planner", "dispatcher", "admin"))
        zero = datetime.now(UTC) + timedelta(hours=1)
        outcomes: Counter[tuple[int, ...]] = Counter()
        for n in range(50):
            plans = [_file(operator, n, zero) for _ in officers]
            with ThreadPoolExecutor(2) as pool:
                answers = list(pool.map(_approve, officers, plans))
            outcomes[tuple(sorted(one.status_code for one in answers))] += 1
        print(f"two officers, 50 times: {dict(outcomes)}")
        for n in range(200):
            _file(operator, 100 + n, zero)
        spent = []
        for _ in range(5):
            began = time.perf_counter()
            answer = officers[0].get("/api/airspace/approvals", params={"limit": 200})
            spent.append(time.perf_counter() - began)
        count = len(answer.json()["waiting"])
        print(f"{count} waiting open in {statistics.median(spent) * 1e3:.0f} ms (median of 5)")
        for one in (operator, *officers):
            one.close()


def _file(operator: httpx.Client, n: int, zero: datetime) -> str:
    low, high = ({"value": h, "reference": "W84", "units": "M"} for h in (60.0, 100.0))
    centre = {"lng": MIDDLE[0] + n % 20 * 0.01, "lat": MIDDLE[1] + n // 20 * 0.01}
    circle = {"center": centre, "radius": {"value": 200.0, "units": "M"}}
    volume = {"outline_circle": circle, "altitude_lower": low, "altitude_upper": high}
    times = [(zero + timedelta(minutes=m)).isoformat() for m in (0, 10)]
    body = {"volumes": [{
        "volume": volume, "time_start": {"value": times[0], "format": "RFC3339"},
        "time_end": {"value": times[1], "format": "RFC3339"},
    }], "state": "Filed"}  # fmt: skip
    answer = operator.post("/api/airspace/operations", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def _approve(officer: httpx.Client, plan: str) -> httpx.Response:
    body = {"decision": "approve", "legal_text": "bench"}
    return officer.post(f"/api/airspace/operations/{plan}/decision", json=body)


def main() -> int:
    """Run the parts that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = ("index", "histories", "busy", "approve")
    parser.add_argument("parts", nargs="*", help=" ".join(names))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--plans", type=int, default=6, help="of a client in a history")
    chosen = parser.parse_args()
    with cluster() as made:
        for name in chosen.parts or names:
            if name == "histories":
                part_histories(made, chosen.seeds, chosen.clients, chosen.plans)
            else:
                {"index": part_index, "busy": part_busy, "approve": part_approve}[name](made)
            _standing(made, 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())

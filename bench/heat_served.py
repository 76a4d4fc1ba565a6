"""Tiles of enforcement heat over HTTP, and what a worker holds that answers them.

    python -m bench.heat_served [--passages 100000000] [--cases 1000000] [--sites 2000]

Fills a database of its own with the cube of `heat_data.py` (kept for the next run), serves it with
two processes and asks as a dispatcher of the province, one request after another on one connection
over loopback. Of the server's processes seconds of the processor are told beside those of the
clock: on a machine that is shared these differ. Memory is that of the worker that answered.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psycopg

from api.network.rule_models import load_rules
from bench.heat_data import fill_cube
from bench.heat_tiles import QUESTIONS, tiles
from bench.indicators_served import ACCOUNT
from bench.servers import STATE, cluster
from layers.heat.copied_rows import READ_S
from spatial.postgres import migrate
from spatial.postgres.db import connect
from tests.harness import HOME_VARIABLE, Server, running_server

TILES = "/api/collections/heat/tiles/WebMercatorQuad"
NAME, WARM, QUIET_S = "heat_served", 400, 0.6
TICKS = os.sysconf("SC_CLK_TCK")


def processes(pid: int) -> list[int]:
    """Return a process and all below it."""
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return [pid, *(one for child in below for one in processes(int(child)))]


def used_s(pid: int) -> float:
    """Return the seconds of the processor that a server has used with all of its processes."""
    ticks = 0
    for one in processes(pid):
        fields = Path(f"/proc/{one}/stat").read_text("ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


def memory_mb(pid: int) -> dict[str, float]:
    """Return resident and proportional memory of a process, and the most it ever had."""
    told = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii") + Path(
        f"/proc/{pid}/status"
    ).read_text("ascii")
    lines = dict(line.split(":", 1) for line in told.splitlines() if ":" in line)
    return {name: int(lines[name].split()[0]) / 1024 for name in ("Rss", "Pss", "VmHWM")}


def tell(
    label: str, server: Server, ask: Callable[[int], object], times: int, quiet_s: float = 0.0
) -> None:
    """Print how long requests take, by the clock, and of the server's processor."""
    before, took = used_s(server.pid), []
    for number in range(times):
        time.sleep(quiet_s)
        began = time.perf_counter()
        ask(number)
        took.append((time.perf_counter() - began) * 1e3)
    used = (used_s(server.pid) - before) * 1e3 / times
    p95 = statistics.quantiles([*took, *took], n=20, method="inclusive")[-1]
    print(f"{label:44} clock p50 {statistics.median(took):6.2f} p95 {p95:6.2f} ms,"
          f" processor of the server {used:5.2f} ms each")  # fmt: skip


def address(zxy: tuple[int, int, int]) -> str:
    """Return the path of a tile."""
    z, x, y = zxy
    return f"{TILES}/{z}/{y}/{x}"


def measure(server: Server) -> None:
    """Ask for tiles: first ones, warm ones, unchanged ones; then tell the memory."""
    places = tiles()
    with closing(server.client("dispatcher")) as client:
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    where = urlsplit(server.base_url)
    with closing(HTTPConnection(where.hostname or "", where.port, timeout=READ_S)) as http:

        def get(place: tuple[int, int, int], asked: Mapping[str, str], etag: str = "") -> str:
            head = {"Cookie": cookies, "Accept-Encoding": "gzip"}
            head |= {"If-None-Match": etag} if etag else {}
            http.request("GET", f"{address(place)}?{urlencode(asked)}", headers=head)
            answer = http.getresponse()
            body = answer.read()
            if answer.status not in ((304,) if etag else (200, 204)):
                raise ValueError(f"{answer.status}: {body[:400]!r}")
            return answer.headers["ETag"]

        for name, asked in QUESTIONS.items():
            tell(f"{name}, the first tile", server, lambda _, a=asked: get(places[9], a), 1)
            tell(f"{name}, z5 to z14, first asked", server,
                 lambda n, a=asked: get(places[n], a), len(places))  # fmt: skip
        asked = QUESTIONS["nights of half a year"]
        etags = [get(place, asked) for place in places]
        for label, known in (("kept", [""] * len(places)), ("kept, not changed (304)", etags)):
            tell(label, server, lambda n, e=known: get(places[n % 30], asked, e[n % 30]), WARM)

        tell(f"kept, after {QUIET_S} s of silence", server,
             lambda n: get(places[n % 30], asked), 30, QUIET_S)  # fmt: skip
    for pid in processes(server.pid):
        told = memory_mb(pid)
        name = Path(f"/proc/{pid}/comm").read_text("ascii").strip()
        print(f"{name} {pid}: " + ", ".join(f"{k} {v:.0f} MB" for k, v in told.items()))


def prepare(port: int, size: tuple[int, int, int]) -> str:
    """Return the URL of the database, filled the first time."""
    base = f"postgresql://sigang@127.0.0.1:{port}"
    name = f"{NAME}_{'_'.join(map(str, size))}"
    with psycopg.connect(f"{base}/postgres", autocommit=True) as conn:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        there = conn.execute(query, [name]).fetchone() is not None
        if not there:
            conn.execute(f"CREATE DATABASE {name}_making")
    if not there:
        migrate.upgrade(f"{base}/{name}_making")
        with connect(f"{base}/{name}_making") as conn:
            fill_cube(conn, *size)
            conn.execute("TRUNCATE sigang.heat_change")
            conn.execute(ACCOUNT)
            load_rules(conn)
            conn.commit()
        with psycopg.connect(f"{base}/postgres", autocommit=True) as conn:
            conn.execute(f"ALTER DATABASE {name}_making RENAME TO {name}")
    return f"{base}/{name}"


def main() -> None:
    """Fill where it was not, serve and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=100_000_000)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--sites", type=int, default=2_000)
    given = parser.parse_args()
    with cluster(STATE / "heat-postgresql") as port:
        url = prepare(port, (given.passages, given.cases, given.sites))
        with tempfile.TemporaryDirectory(prefix="sigang-bench-") as folder:
            os.environ[HOME_VARIABLE] = folder
            with running_server(url, workers=2) as server:
                measure(server)


if __name__ == "__main__":
    main()

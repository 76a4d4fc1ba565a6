"""Sigang, tipg and pygeoapi side by side: tiles and features from one database.

    python -m bench.tiles [--rounds 5] [--seconds 6] [--skip-pygeoapi]

Same database, pool, workers, gzip and columns. Before anything is timed the answers are checked to
be equal. Rounds are interleaved; the table gives medians and the ratio to tipg. Load by wrk, eight
connections unless said. Sigang's tile cache is off but for the row that measures it.
"""

from __future__ import annotations

import argparse
import datetime
import gzip
import json
import os
import re
import statistics
import subprocess
import urllib.request
from collections import defaultdict
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import psycopg

from bench import province, servers
from spatial.postgres.migrate import upgrade
from tests.mvt import decode_tile

DETAIL_ZOOM, MIDDLE_ZOOM = 14, 10
DENSE_TILE = (6, 53, 26)
EXTENT = 4096
LUA = """
local paths, n = {}, 0
for line in io.lines(os.getenv('BENCH_PATHS')) do n = n + 1; paths[n] = line end
local i = tonumber(os.getenv('BENCH_START'))
request = function()
  i = i % n + 1
  return wrk.format('GET', paths[i], {['Accept-Encoding'] = 'gzip'})
end
"""


@dataclass(frozen=True)
class Case:
    """One kind of request: a path per sampled place, for each server that can answer it."""

    name: str
    paths: dict[str, list[str]]
    connections: int = 8
    goal: str = ""


def fetch(url: str) -> bytes:
    """Return the body of an answer, unpacked."""
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        body = answer.read()
        return gzip.decompress(body) if answer.headers.get("Content-Encoding") == "gzip" else body


def sample_tiles(conn: psycopg.Connection, zoom: int, count: int) -> list[tuple[int, int, int]]:
    """Return non-empty tiles of a zoom, every tile as likely as another."""
    points = conn.execute(
        "SELECT ST_X(c), ST_Y(c) FROM (SELECT ST_StartPoint(geom) c FROM bench.roads) s"
    ).fetchall()
    lon, lat = np.array(points).T
    n = 2**zoom
    x = ((lon + 180) / 360 * n).astype(int)
    y = ((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * n).astype(int)
    tiles = np.unique(np.stack([x, y], axis=1), axis=0)
    chosen = np.random.default_rng(1).permutation(tiles)[:count]
    return [(zoom, int(a), int(b)) for a, b in chosen]


def sample_boxes(count: int, size: float) -> list[str]:
    """Return boxes around towns, as bbox values."""
    centres, share = province.towns(np.random.default_rng(province.SEED))
    rng = np.random.default_rng(2)
    picked = centres[rng.choice(len(centres), count, p=share)]
    return [f"{x - size:.5f},{y - size:.5f},{x + size:.5f},{y + size:.5f}" for x, y in picked]


def tile_paths(tiles: Iterable[tuple[int, int, int]], layer: str = "roads") -> dict[str, list[str]]:
    """Return the tiles' paths on each server."""
    tiles = list(tiles)
    matrix = "WebMercatorQuad"
    return {
        "sigang": [f"/api/collections/{layer}/tiles/{matrix}/{z}/{y}/{x}" for z, x, y in tiles],
        "tipg": [f"/collections/bench.roads/tiles/{matrix}/{z}/{x}/{y}" for z, x, y in tiles],
        "pygeoapi": [f"/collections/roads/tiles/{matrix}/{z}/{y}/{x}?f=mvt" for z, x, y in tiles],
    }


def item_paths(boxes: list[str], limit: int) -> dict[str, list[str]]:
    """Return the pages' paths on each server."""
    query = [f"items?bbox={box}&limit={limit}" for box in boxes]
    return {
        "sigang": [f"/api/collections/roads/{q}&f=json" for q in query],
        "tipg": [f"/collections/bench.roads/{q}&f=geojson" for q in query],
        "pygeoapi": [f"/collections/roads/{q}&f=json" for q in query],
    }


def cases(conn: psycopg.Connection) -> list[Case]:
    """Return everything that is measured."""
    z14, z10 = sample_tiles(conn, DETAIL_ZOOM, 800), sample_tiles(conn, MIDDLE_ZOOM, 120)
    ids = np.random.default_rng(3).integers(1, province.LINES, 2000).tolist()
    one = {
        "sigang": [f"/api/collections/roads/items/{uuid_of(i)}?f=json" for i in ids],
        "tipg": [f"/collections/bench.roads/items/{i}?f=geojson" for i in ids],
        "pygeoapi": [f"/collections/roads/items/{i}?f=json" for i in ids],
    }
    heavy = {k: v for k, v in tile_paths(z10).items() if k != "pygeoapi"}
    dense = {k: v for k, v in tile_paths([DENSE_TILE]).items() if k != "pygeoapi"}
    plain10 = {k: v for k, v in tile_paths(z10, "roads_plain").items() if k != "pygeoapi"}
    small = sample_boxes(60, 0.05)
    return [
        Case("z14", tile_paths(z14), goal="≥ 4"),
        Case("z10", heavy, goal="≥ 10"),
        Case("z10, same features, no level table", plain10),
        Case("z6", dense, goal="≥ 10"),
        Case("items limit=100", item_paths(small, 100), goal="≥ 3"),
        Case("items limit=10000", item_paths(sample_boxes(12, 0.2), 10000), 4, goal="≥ 5"),
        Case("one feature", one, goal="≥ 5"),
    ]


def uuid_of(number: int) -> str:
    """Return Sigang's id of a benchmark row."""
    return f"01970000-0000-7000-8000-{number:012x}"


def check_equal(bases: dict[str, str], all_cases: list[Case]) -> None:
    """Stop unless every server gives the same features for the same question."""
    by_name = {case.name: case.paths for case in all_cases}
    for index in range(0, 60, 6):
        found = {
            name: page_ids(base + by_name["items limit=10000"][name][index % 12], name)
            for name, base in bases.items()
        }
        equal(found, f"items of box {index % 12}")
    for index in range(0, 800, 100):
        found = {
            name: tile_ids(bases[name] + by_name["z14"][name][index], name)
            for name in ("sigang", "tipg")
        }
        equal(found, f"tile {by_name['z14']['tipg'][index]}", tolerance=0.02)
    print("answers are equal", flush=True)


def equal(found: dict[str, set[int]], what: str, tolerance: float = 0.0) -> None:
    """Stop unless the sets are equal.

    The tolerance is for tiles: a line that only touches the tile's edge may be rounded into one
    and out of the other.
    """
    names = list(found)
    for name in names[1:]:
        differ = found[names[0]] ^ found[name]
        if len(differ) > tolerance * max(50, len(found[name])):
            raise SystemExit(f"{what}: {names[0]} and {name} differ in {len(differ)} features")


def page_ids(url: str, server: str) -> set[int]:
    """Return the row numbers of a page of features."""
    features = json.loads(fetch(url))["features"]
    if len(features) == 10_000:
        return set()  # the page is full; which rows come first is each server's own choice
    return {int(str(f["id"])[-12:], 16) if server == "sigang" else int(f["id"]) for f in features}


def tile_ids(url: str, server: str) -> set[int]:
    """Return the row numbers in a tile."""
    layers = decode_tile(fetch(url))
    features = [f for f in next(iter(layers.values()), []) if in_tile(f["parts"])]
    if server == "sigang":
        return {int(f["properties"]["id"][-12:], 16) for f in features}
    return {int(f["properties"]["id"]) for f in features}


def in_tile(parts: list[list[tuple[int, int]]]) -> bool:
    """Tell whether a feature reaches into the tile itself: the servers' buffers differ."""
    xs, ys = zip(*(point for part in parts for point in part), strict=True)
    return min(xs) < EXTENT and max(xs) > 0 and min(ys) < EXTENT and max(ys) > 0


def load(base: str, paths: list[str], seconds: int, connections: int, start: int) -> float:
    """Run wrk and return requests per second; any failed answer stops the benchmark."""
    listing, script = servers.STATE / "paths.txt", servers.STATE / "paths.lua"
    listing.write_text("\n".join(paths))
    script.write_text(LUA)
    env = {**os.environ, "BENCH_PATHS": str(listing), "BENCH_START": str(start)}
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s",
               "-s", str(script), base]  # fmt: skip
    out = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out or re.search(r"Socket errors: .*[1-9]", out):
        raise SystemExit(f"{base}: {out}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
    if rate == 0:
        raise SystemExit(f"{base} finished no request in {seconds} s: ask for longer rounds")
    return rate


def memory_mb(pid: int) -> float:
    """Return the largest unique memory of a worker process, in MB."""
    workers = psutil.Process(pid).children(recursive=True)
    return max((w.memory_full_info().uss for w in workers), default=0) / 1e6


def measure(
    bases: dict[str, str], all_cases: list[Case], rounds: int, seconds: int
) -> dict[str, dict[str, list[float]]]:
    """Return requests per second by case and server, one number a round, interleaved."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for number in range(rounds):
        for case in all_cases:
            for name in [n for n in bases if n in case.paths]:
                rate = load(bases[name], case.paths[name], seconds, case.connections, number * 37)
                found[case.name][name].append(rate)
        print(f"round {number + 1} of {rounds} done", flush=True)
    return found


def table(found: dict[str, dict[str, list[float]]], all_cases: list[Case]) -> str:
    """Return the result as Markdown."""
    lines = ["| case | Sigang req/s | tipg req/s | pygeoapi req/s | × tipg | goal |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    goals = {case.name: case.goal for case in all_cases}
    for name, rates in found.items():
        middle = {k: statistics.median(v) for k, v in rates.items()}
        ratio = statistics.median(
            a / b for a, b in zip(rates["sigang"], rates["tipg"], strict=True)
        )
        cells = [f"{middle[k]:,.1f}" if k in middle else "–" for k in
                 ("sigang", "tipg", "pygeoapi")]  # fmt: skip
        lines.append(f"| {name} | {' | '.join(cells)} | **{ratio:.1f}** | {goals.get(name, '')} |")
    return "\n".join(lines)


def prepare(port: int) -> tuple[str, list[Case]]:
    """Make and fill the database if it is not there, and return its URL and the cases."""
    admin = f"postgresql://sigang@127.0.0.1:{port}/postgres"
    url = f"postgresql://sigang@127.0.0.1:{port}/bench"
    with psycopg.connect(admin, autocommit=True) as conn:
        there = conn.execute("SELECT 1 FROM pg_database WHERE datname = 'bench'").fetchone()
        if not there:
            conn.execute("CREATE DATABASE bench")
    if not there:
        upgrade(url)
        province.fill(url)
        build_tiles(url)
    with psycopg.connect(url) as conn:
        return url, cases(conn)


def build_tiles(url: str) -> None:
    """Build Sigang's narrow and level tables of the two layers."""
    from layers.declare.catalog import Catalog
    from layers.tiles.rebuild import refresh_tiles

    with psycopg.connect(url) as conn:
        catalog = Catalog.load(servers.ROOT / "bench" / "areas")
        refresh_tiles(conn, catalog.layers.values(), print)


def cached_row(
    url: str, case: Case, tipg_base: str, rounds: int, seconds: int
) -> list[list[float]]:
    """Return requests per second of warm cache hits at z14, and of tipg beside them."""
    hits, other = [], []
    few = case.paths["sigang"][:100]
    with servers.sigang(url, cache_mb=128) as (base, _):
        load(base, few, seconds, 8, 0)
        for number in range(rounds):
            hits.append(load(base, few, seconds, 8, number))
            other.append(load(tipg_base, case.paths["tipg"], seconds, 8, number))
    return [hits, other]


def main() -> None:
    """Run everything and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--skip-pygeoapi", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    servers.STATE.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        port = stack.enter_context(servers.cluster(servers.STATE / "pg"))
        url, all_cases = prepare(port)
        bases = {}
        bases["sigang"], pid = stack.enter_context(servers.sigang(url, cache_mb=0))
        bases["tipg"], _ = stack.enter_context(servers.tipg(url))
        if not options.skip_pygeoapi:
            bases["pygeoapi"], _ = stack.enter_context(servers.pygeoapi(port))
        check_equal(bases, all_cases)
        found = measure(bases, all_cases, options.rounds, options.seconds)
        hits, other = cached_row(url, all_cases[0], bases["tipg"], options.rounds, options.seconds)
        found["z14 from the cache"] = {"sigang": hits, "tipg": other}
        goal = Case("z14 from the cache", {}, goal="≥ 20")
        text = table(found, [*all_cases, goal])
        text += f"\n\nLargest tile worker without routing: {memory_mb(pid):.0f} MB (goal ≤ 250)."
    today = datetime.datetime.now(tz=datetime.UTC).date()
    print(f"\n{today}, {options.rounds} interleaved rounds of {options.seconds} s\n\n{text}")
    if options.out:
        options.out.write_text(f"{today}\n\n{text}\n")


if __name__ == "__main__":
    main()

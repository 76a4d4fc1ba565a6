"""Tiles of enforcement heat over a large cube: made anew, of a kept surface, and PostGIS beside.

    python -m bench.heat_tiles [--passages 100000000] [--cases 1000000] [--sites 2000]
    python -m bench.heat_tiles --url URL [--fill] …

Without a URL the cube is made in memory as a process holds it (`heat_data.py`: no rows), and asked
in another process that has loaded what a server loads, so that its memory is that of a worker.

URL is that of a migrated, empty database; `--fill` writes the cube into it. Each grain is read as a
provincial account; PostGIS counts the cells of a tile on the fly from the same numbers as points
(`ST_SquareGrid`), held equal first. Seconds by the clock and of the processor are both told: on a
machine that is shared they differ.
"""

from __future__ import annotations

import argparse
import asyncio
import pickle
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import numpy as np

from api.network.rule_models import RuleBook, read_rules
from bench.heat_data import fill_cube, make_rows
from layers.declare.catalog import Catalog
from layers.functions.catalogue import Function, read_functions
from layers.functions.cell_tile import make_tile
from layers.functions.county_rows import CountyKeeper
from layers.functions.question import read_question
from layers.functions.service import FunctionService
from layers.heat import cubes as cubes_module
from layers.heat.cube_rows import rows_of
from layers.heat.cubes import Cubes
from layers.heat.filters import Filters
from layers.heat.held_cube import HeldCube
from spatial.actor import Actor
from spatial.geo.zorder import columns_and_rows, keys_of
from spatial.postgres.db import Database, connect
from spatial.rule_files import FOLDER
from spatial.rules import RuleSet
from spatial.settings import Settings

NOTHING = rows_of(*np.zeros((5, 0), np.int64))
PROVINCE = Actor("bench", "admin", "330000")
CASES = {"events": "case", "exposure": "passage"}
QUESTIONS: dict[str, dict[str, str]] = {
    "half a year, months": CASES | {"since": "2026-01-01", "until": "2026-07-01"},
    "all, months": CASES,
    "200 days": CASES | {"since": "2026-01-11", "until": "2026-07-30"},
    "nights of half a year": CASES
    | {"since": "2026-01-01", "until": "2026-07-01", "hours": "0-5,24-29,48-53"},
    "one kind, by count": CASES
    | {"surface": "count", "kinds": "hazmat", "since": "2026-01-01", "until": "2026-07-01"},
    "kernel density": CASES | {"surface": "kde", "since": "2026-01-01", "until": "2026-07-01"},
    "hot spots": CASES | {"surface": "gi", "since": "2026-01-01", "until": "2026-07-01"},
}
PEER = """
WITH points AS (
  SELECT ST_Transform(ST_SetSRID(ST_MakePoint(
      -180 + (x + 0.5) * 360 / 65536, degrees(atan(sinh(pi() * (1 - 2 * (y + 0.5) / 65536))))
    ), 4326), 3857) AS geom, n
  FROM bench_point WHERE at >= '2026-01-01' AND at < '2026-07-01'),
grid AS (SELECT (ST_SquareGrid(40075016.68557849 / 16384, ST_TileEnvelope(%(z)s, %(x)s, %(y)s))).*)
SELECT count(*), sum(s) FROM (SELECT g.i, g.j, sum(p.n) AS s FROM grid g
  JOIN points p ON p.geom && g.geom AND ST_Intersects(p.geom, g.geom) GROUP BY 1, 2) c"""
POINTS = """
CREATE TABLE IF NOT EXISTS bench_point AS SELECT c.at, c.n, p.x, p.y FROM sigang.heat_cube c
JOIN sigang.heat_series s ON s.id = c.series AND s.measure = 'case',
  unnest(%(cells)s::int8[], %(x)s::int4[], %(y)s::int4[]) p (cell, x, y)
WHERE c.grain = 'm' AND p.cell = c.cell"""


def timed(label: str, *seconds: tuple[float, float]) -> None:
    """Print median and worst of times by the clock and of the processor, in ms."""
    clock, used = (np.array(column) * 1000 for column in zip(*seconds, strict=True))
    print(
        f"{label:48} clock p50 {np.median(clock):8.1f} max {clock.max():8.1f} ms,"
        f" processor p50 {np.median(used):7.1f} max {used.max():7.1f} ms"
    )


class Stopwatch:
    """Seconds by the clock, and of this process."""

    def __init__(self) -> None:
        self._clock, self._used = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        """Return both since it was made."""
        return time.perf_counter() - self._clock, time.process_time() - self._used


def tiles() -> list[tuple[int, int, int]]:
    """Return a tile of each zoom in the middle of the province, and three beside it."""
    found = []
    for z in range(5, 15):
        for lon, lat in ((120.2, 29.9), (121.5, 29.8), (119.6, 28.5)):
            size = 1 << z
            x = int((lon + 180) / 360 * size)
            y = int((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * size)
            found.append((z, x, y))
    return found


def measure(function: Function, rules: RuleSet, cube: HeldCube, name: str) -> None:
    """Time one question: its surface, and tiles of it."""
    layer, engine = function.layer, function.engine
    asked = read_question(layer, engine.parameters, QUESTIONS[name])
    engine.compute(layer, asked.inputs, rules, cube)
    made, cold, whole = [], [], []
    for _ in range(10):
        watch = Stopwatch()
        surface = engine.compute(layer, asked.inputs, rules, cube)
        made.append(watch.read())
    for zxy in tiles():
        watch = Stopwatch()
        surface = engine.compute(layer, asked.inputs, rules, cube)
        make_tile(layer, surface, zxy, None)
        whole.append(watch.read())
        watch = Stopwatch()
        make_tile(layer, surface, zxy, None)
        cold.append(watch.read())
    print(f"-- {name}: {len(surface)} cells")
    timed("surface", *made)
    timed("tile z5-z14, nothing kept", *whole)
    timed("tile z5-z14, surface kept", *cold)


def peer(url: str, cube: HeldCube, function: Function, rules: RuleSet) -> None:
    """Hold PostGIS's counts equal to ours in a tile, then time them."""
    z, x, y = 8, *(int(v) for v in tiles()[9][1:])
    cells = cube.base.cells
    column, row = columns_and_rows(cells)
    with connect(url) as conn:
        given = {"cells": cells.tolist(), "x": column.tolist(), "y": row.tolist()}
        conn.execute(POINTS, given)
        conn.commit()
        times = []
        for _ in range(3):
            watch = Stopwatch()
            told = conn.execute(PEER, {"z": z, "x": x, "y": y}).fetchone()
            times.append(watch.read())
    asked = read_question(
        function.layer, function.engine.parameters,
        CASES | {"surface": "count", "since": "2026-01-01", "until": "2026-07-01"},
    )  # fmt: skip
    surface = function.engine.compute(function.layer, asked.inputs, rules, cube)
    inside = surface.keys >> 12 == int(keys_of(*_middle(z, x, y), z))
    ours = int((surface.events[inside] > 0).sum()), int(surface.events[inside].sum())
    print(f"tile {z}/{x}/{y}: PostGIS {told}, ours {ours}")
    timed("PostGIS ST_SquareGrid on the fly, one z8 tile", *times)


def _middle(z: int, x: int, y: int) -> tuple[float, float]:
    size = 1 << z
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * (y + 0.5) / size))))
    return (x + 0.5) / size * 360 - 180, float(lat)


def ask_all(function: Function, rules: RuleSet, held: dict[str, HeldCube]) -> None:
    """Measure all questions."""
    for grain, cube in held.items():
        print(f"{grain}: {len(cube.base)} rows, {cube.nbytes / 2**20:.0f} MB")
    for name, given in QUESTIONS.items():
        inputs = read_question(function.layer, function.engine.parameters, given).inputs
        measure(function, rules, held[function.engine.grain(inputs)], name)
    warm(function, rules, held["m"])
    print(f"memory: {_memory('VmRSS'):.0f} MB, at most {_memory('VmHWM'):.0f} MB")


def _memory(name: str) -> float:
    """Return a number of this process's memory in MB."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


def warm(function: Function, rules: RuleSet, cube: HeldCube) -> None:
    """Time tiles that are kept, from the parameters of their address on, without HTTP."""

    class Fresh(Cubes):
        def find(self, actor: Actor, grain: str) -> HeldCube:
            return cube

    served = FunctionService(
        Fresh(None, ""),
        Filters(None, None),
        lambda: rules,
        CountyKeeper(None),  # type: ignore[arg-type]
    )
    given = QUESTIONS["half a year, months"]
    asked = read_question(function.layer, function.engine.parameters, given)
    zxy, times = tiles()[9], []
    asyncio.run(served.get_tile(function, asked, zxy, PROVINCE))
    for _ in range(300):
        watch = Stopwatch()
        asked = read_question(function.layer, function.engine.parameters, given)
        assert served.find_tile(function, asked, zxy, PROVINCE, "mvt") is not None
        times.append(watch.read())
    timed("tile that is kept", *times)


async def ask_database(url: str, function: Function, rules: RuleSet) -> None:
    """Read the cube, measure all questions and the peer."""
    with tempfile.TemporaryDirectory() as home:
        db = await Database.open(Settings(database_url=url, home=Path(home)), url)
        cubes = Cubes(db, url)
        cubes_module.FRESH_S = 3600.0
        held = {}
        for grain in "mdh":
            watch = Stopwatch()
            held[grain] = await cubes.get(PROVINCE, grain)
            print(f"read {grain}: clock {watch.read()[0]:.1f} s")
        ask_all(function, rules, held)
        peer(url, held["m"], function, rules)
        await db.close()


def main() -> None:
    """Fill where asked to, then measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url")
    parser.add_argument("--passages", type=int, default=100_000_000)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--sites", type=int, default=2_000)
    parser.add_argument("--fill", action="store_true")
    parser.add_argument("--held", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    now = datetime.now(UTC)
    rules = RuleBook.of(read_rules(), now).at(now)
    function = Catalog.load(FOLDER, read_functions).part(read_functions)["heat"]
    if given.held is not None:
        import_module("api.services")
        held = {}
        for grain in "mdh":
            with (given.held / grain).open("rb") as file:
                held[grain] = HeldCube(1, *pickle.load(file), NOTHING)
        ask_all(function, rules, held)
        return
    size = given.passages, given.cases, given.sites
    if given.url is None:
        with tempfile.TemporaryDirectory() as folder:
            for grain in "mdh":
                with (Path(folder) / grain).open("wb") as file:
                    pickle.dump(make_rows(grain, *size), file)
            command = [sys.executable, "-m", "bench.heat_tiles", "--held", folder]
            subprocess.run(command, check=True)
        return
    if given.fill:
        with connect(given.url) as conn:
            fill_cube(conn, *size)
    asyncio.run(ask_database(given.url, function, rules))


if __name__ == "__main__":
    main()

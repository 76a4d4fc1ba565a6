"""A board of indicators over a million rows: from cells, from the rows, in DuckDB, and served.

    python -m bench.indicators URL [--rows 1000000] [--rounds 20] [--no-duckdb] [--no-server]

URL is that of a migrated, empty database. It is filled with a province of 11 prefectures and 90
counties and with rows of which 60 declared indicators are counted; all cells are made; the numbers
of all units over 54 weeks are held equal between cells and rows for three readers; then a board of
24 tiles for 101 units is answered from cells and from the rows, in the process, and by DuckDB from
a Parquet file (environment of `requirements/bench-duckdb.txt`), whose numbers are held equal too;
at last a server answers it, alone and with 50 commits a second (`indicators_served.py`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import orjson

from bench import servers
from bench.indicators_served import CHANGE, percentiles
from bench.indicators_served import measure as served
from layers.declare.catalog import Catalog
from layers.indicators.catalog import Indicators, read_indicators
from layers.indicators.cell_store import KEPT
from layers.indicators.keeper import keep_cells
from layers.indicators.numbers import Asked, Numbers, read_numbers
from layers.indicators.periods import Period, period_at, series
from layers.indicators.rollup import rank
from layers.indicators.units import UnitReader, Units
from spatial.actor import ANONYMOUS, Actor
from spatial.postgres.db import Database, connect
from spatial.rules import RuleSet
from spatial.settings import Settings

NOW = datetime.now(UTC)
"""What lasts is counted up to this time, or it would be another while it is measured."""
COUNTIES, TILES, INDICATORS = 90, 24, 60
ACTORS = (ANONYMOUS, Actor("ningbo", "duty", "330200"), Actor("province", "admin", "330000"))
UNITS = """
INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)
  VALUES ('b', 'b', 'b', 'CC0-1.0', 'b');
INSERT INTO sigang.zone (kind, admin_code, visibility, origin, source_id, name_zh, name_en, geom)
SELECT k, c, 'public', 'synthetic', 'b', c, c,
  'SRID=4326;MULTIPOLYGON(((120 29,121 29,121 30,120 29)))'
FROM (SELECT 'province' AS k, '330000' AS c
  UNION ALL SELECT 'prefecture', (330000 + 100 * p)::text FROM generate_series(1, 11) p
  UNION ALL SELECT 'county', (330000 + 100 * (1 + i % 11) + 1 + i / 11)::text
    FROM generate_series(0, 89) i) u"""
EXPORT = """
COPY (SELECT admin_code, k_from AS cost, valid_from, valid_to FROM sigang.event) TO STDOUT
WITH (FORMAT csv, HEADER)"""
ROWS = """
INSERT INTO sigang.event (kind, admin_code, visibility, origin, source_id, severity, state,
  valid_from, valid_to, k_from, geom)
SELECT 'hazard', (330000 + 100 * (1 + i %% 90 %% 11) + 1 + i %% 90 / 11)::text,
  (ARRAY['unit', 'public', 'unit', 'province'])[1 + i / 90 %% 4], 'synthetic', 'b',
  (ARRAY['high', 'medium', 'low'])[1 + i / 7 %% 3], 'open', begun,
  CASE WHEN i %% 5 > 0 THEN begun + (1 + i %% 60) * interval '1 day' END,
  i %% 1000 / 10.0, 'SRID=4326;POINT(120.5 29.5)'
FROM (SELECT i, now() - (i * 7919::bigint %% 33000000) * interval '1 second' AS begun
  FROM generate_series(1, %s) i) r"""
LAYER = """
id = "hazards"
title = { zh = "隐患", en = "Hazards" }
description = { zh = "隐患", en = "Hazards" }
source = { table = "event", kinds = ["hazard"] }
geometry = { type = "point" }
access = { public = true }
columns = [
  { name = "severity", type = "text", title = { zh = "等级", en = "Severity" } },
  { name = "cost", type = "number", column = "k_from", title = { zh = "费用", en = "Cost" } },
  { name = "valid_from", type = "datetime", title = { zh = "自", en = "From" } },
  { name = "valid_to", type = "datetime", title = { zh = "至", en = "Until" } },
  { name = "admin_code", type = "text", title = { zh = "代码", en = "Code" } },
]
"""
KINDS = (
    'time = { flow = "valid_from" }',
    'time = { flow = "valid_to" }\nnumerator = { where = "cost > 50" }\ndenominator = {}',
    'time = { stock = ["valid_from", "valid_to"] }',
    'time = { flow = "valid_from" }\nnumerator = { sum = "cost" }',
)


def declare(folder: Path) -> Indicators:
    """Write and read the layer and the indicators."""
    area = folder / "safety"
    area.mkdir()
    (area / "area.toml").write_text('title = { zh = "安全", en = "Safety" }\n', encoding="utf-8")
    (area / "hazards.layer.toml").write_text(LAYER, encoding="utf-8")
    texts = [
        f'[[indicator]]\nid = "n{number:02}"\ntitle = {{ zh = "数", en = "Number" }}\n'
        f'layer = "hazards"\nwhere = "cost >= {number / 10}"\n{KINDS[number % len(KINDS)]}\n'
        for number in range(INDICATORS)
    ]
    (area / "bench.indicator.toml").write_text("\n".join(texts), encoding="utf-8")
    return Catalog.load(folder, read_indicators).part(read_indicators)


def fill(url: str, rows: int) -> None:
    """Write the units and the rows."""
    with connect(url) as conn:
        conn.execute(UNITS)
        conn.execute(ROWS, [rows])
        conn.commit()
        conn.autocommit = True
        conn.execute("VACUUM ANALYZE sigang.event")


def keep(url: str, indicators: Indicators) -> None:
    """Make the cells of one indicator, all, and those of a hundred changes; say what each took."""
    every = indicators.populations
    with connect(url) as conn:
        for name, some in (("one", {"n02": every["n02"]}), ("all", every)):
            began = time.perf_counter()
            made = keep_cells(conn, some, NOW)
            print(f"cells of {name}: {len(made)} in {time.perf_counter() - began:.2f} s")
        for _ in range(3):
            for _ in range(100):
                conn.execute(CHANGE)
                conn.commit()
            began = time.perf_counter()
            made = keep_cells(conn, every, NOW)
            print(f"100 changes: {len(made)} in {time.perf_counter() - began:.2f} s")


class Duck:
    """DuckDB in a process of its own, over the rows in a Parquet file."""

    def __init__(self, url: str, folder: Path) -> None:
        rows = folder / "rows.csv"
        with connect(url) as conn, rows.open("wb") as file, conn.cursor().copy(EXPORT) as copy:
            file.writelines(copy)
        program = servers.environment("duckdb") / "python"
        script, parquet = servers.ROOT / "bench" / "duckdb_process.py", folder / "rows.parquet"
        command = [program, script, rows, parquet]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, sql: str) -> tuple[float, list[list[str]]]:
        """Return the seconds that a statement took, and its rows."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(sql), file=self._process.stdin, flush=True)
        took, rows = json.loads(self._process.stdout.readline())
        return took, rows

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def duck_board(periods: list[Period]) -> str:
    """Return the statement of a board: both sides of each tile and period by county."""
    sides = []
    for number in range(TILES):
        for period in periods:
            start = f"TIMESTAMPTZ '{period.start.isoformat()}'"
            cutoff = f"TIMESTAMPTZ '{period.cutoff(NOW).isoformat()}'"
            time_of = "valid_to" if number % len(KINDS) == 1 else "valid_from"
            rows = f"cost >= {number / 10} AND {time_of} >= {start} AND {time_of} < {cutoff}"
            if number % len(KINDS) == 2:
                alive = f"(valid_to IS NULL OR valid_to >= {cutoff})"
                rows = f"cost >= {number / 10} AND valid_from < {cutoff} AND {alive}"
            count = f"count(*) FILTER (WHERE {rows})"
            more = f"count(*) FILTER (WHERE {rows} AND cost > 50)"
            total = f"coalesce(sum(cost::DECIMAL(18, 1)) FILTER (WHERE {rows}), 0)"
            sides += [[count], [more, count], [count], [total]][number % len(KINDS)]
    return f"SELECT admin_code, {', '.join(sides)} FROM rows GROUP BY admin_code"


class Asking:
    """Asks for numbers of one actor, from cells or from the rows."""

    def __init__(self, db: Database, indicators: Indicators, units: Units) -> None:
        self._db, self._indicators, self._units = db, indicators, units

    async def ask(
        self, keys: list[str], actor: Actor, periods: list[Period], *, stored: bool
    ) -> Numbers:
        asked = Asked(keys, actor, periods, NOW)
        return await read_numbers(
            self._db, self._indicators, self._units, lambda _: RuleSet(()), asked, stored=stored
        )

    async def board(self, keys: list[str], *, stored: bool) -> tuple[float, int]:
        """Answer a board; return its seconds and the bytes of its numbers."""
        began, week = time.perf_counter(), period_at("week")
        numbers = await self.ask(keys, ACTORS[2], [week.previous, week], stored=stored)
        every = [u for level in ("county", "prefecture") for u in self._units.of_level(level)]
        tiles = []
        for key in keys:
            told = [(unit.code, numbers.of(key, unit).value) for unit in every]
            tiles.append([told, rank(told[:COUNTIES], None).ranks])
        return time.perf_counter() - began, len(orjson.dumps(tiles))

    async def check(self, keys: list[str]) -> int:
        """Hold cells and rows equal: all units and weeks; return how many numbers."""
        compared, weeks = 0, series(period_at("week"), KEPT["week"])
        units = [u for level in ("county", "prefecture") for u in self._units.of_level(level)]
        for actor in ACTORS:
            one, two = [
                await self.ask(keys, actor, weeks, stored=stored) for stored in (True, False)
            ]
            for key in keys:
                for at in range(len(weeks)):
                    for unit in units:
                        assert one.of(key, unit, at) == two.of(key, unit, at), (key, unit, at)
                        compared += 1
        return compared


def hold_equal(numbers: Numbers, units: Units, keys: list[str], rows: list[list[str]]) -> int:
    """Hold the numbers of counties equal to those of DuckDB; return how many."""
    by_code, compared = {str(row[0]): row[1:] for row in rows}, 0
    for unit in units.of_level("county"):
        told = iter(by_code[unit.code])
        for key in keys:
            for at in range(2):
                number = numbers.of(key, unit, at)
                assert number.numerator == Decimal(next(told)), (key, unit, at)
                if number.denominator is not None:
                    assert number.denominator == Decimal(next(told)), (key, unit, at)
                compared += 1
    return compared


async def compare_duckdb(url: str, asking: Asking, units: Units, keys: list[str]) -> None:
    """Answer the board by DuckDB, equal first."""
    week = period_at("week")
    periods = [week.previous, week]
    with tempfile.TemporaryDirectory() as folder:
        duck = Duck(url, Path(folder))
        found = [duck.ask(duck_board(periods)) for _ in range(10)]
        duck.close()
    numbers = await asking.ask(keys, ACTORS[2], periods, stored=True)
    compared = hold_equal(numbers, units, keys, found[0][1])
    print(f"{compared} numbers equal to those of DuckDB")
    print(f"board by DuckDB: {percentiles([took for took, _ in found])}")


async def measure(url: str, indicators: Indicators, rounds: int, *, duckdb: bool) -> None:
    """Compare and measure."""
    settings = Settings(database_url=url, pool_size=2, statement_timeout_ms=60_000)
    db = await Database.open(settings, url)
    units = await UnitReader(db).units()
    asking = Asking(db, indicators, units)
    keys = list(indicators.populations)
    compared = await asking.check(keys[:4])
    print(f"{compared} numbers equal")
    for stored in (True, False):
        many = rounds if stored else max(rounds // 10, 2)
        times = [(await asking.board(keys[:TILES], stored=stored))[0] for _ in range(many)]
        print(f"board from {'cells' if stored else 'rows'}: {percentiles(times)}")
    if duckdb:
        await compare_duckdb(url, asking, units, keys[:TILES])
    await db.close()


def main() -> None:
    """Fill, keep, compare, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--no-duckdb", action="store_true")
    parser.add_argument("--no-server", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        indicators = declare(Path(folder))
        fill(given.url, given.rows)
        keep(given.url, indicators)
        asyncio.run(measure(given.url, indicators, given.rounds, duckdb=not given.no_duckdb))
        if not given.no_server:
            served(given.url, Path(folder), list(indicators.populations)[:TILES])


if __name__ == "__main__":
    main()

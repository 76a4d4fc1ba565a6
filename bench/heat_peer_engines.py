"""Those who count in `heat_peers.py`, each asked in the same way."""

from __future__ import annotations

import gzip
import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import psycopg

from api.network.rule_models import RuleBook, read_rules
from bench import servers
from bench.heat_peer_data import (
    FINE,
    LEVEL,
    SINCE,
    UNTIL,
    Answer,
    Seen,
    Tile,
    held_cube,
    tile_key,
    to_client,
)  # fmt: skip
from layers.declare.catalog import Catalog
from layers.functions.catalogue import read_functions
from layers.functions.cell_tile import cells_in_tile, make_tile
from layers.functions.question import read_question
from spatial.geo.zorder import key_of_cell
from spatial.rule_files import FOLDER

WORLD_M = 40075016.68557849
SIDE_M = WORLD_M / (1 << LEVEL)
HEXAGON_M = SIDE_M * (2 / 27**0.5) ** 0.5
"""Edge of a hexagon as large as a cell."""
WHEN = f"\"at\" >= '{SINCE} 00:00:00' AND \"at\" < '{UNTIL} 00:00:00'"
COUNTS = "count(*) FILTER (WHERE kind = 0), count(*) FILTER (WHERE kind = 1)"
GRID = """
SELECT g.i, g.j, count(*) FILTER (WHERE p.kind = 0), count(*) FILTER (WHERE p.kind = 1)
FROM (SELECT ({shape}({side}, ST_TileEnvelope({z}, {x}, {y}))).*) g
JOIN seen p ON ST_Intersects(p.geom, g.geom)
WHERE p.geom && ST_TileEnvelope({z}, {x}, {y}) AND p.at >= '{since}' AND p.at < '{until}'
GROUP BY 1, 2"""
FILL = """
CREATE UNLOGGED TABLE seen AS SELECT at, kind,
  ST_Transform(ST_SetSRID(ST_MakePoint(lon, lat), 4326), 3857) AS geom FROM sent;
DROP TABLE sent;
CREATE INDEX ON seen USING gist (geom);
"""
SPATIAL = f"""
SELECT floor((ST_X(g) + {WORLD_M / 2}) / {SIDE_M})::INT,
  floor(({WORLD_M / 2} - ST_Y(g)) / {SIDE_M})::INT, {COUNTS}
FROM (
  SELECT kind, ST_Transform(ST_Point(lon, lat), 'EPSG:4326', 'EPSG:3857', always_xy := true) AS g
  FROM seen WHERE {WHEN} AND lon >= {{west}} AND lon < {{east}}
    AND lat > {{south}} AND lat <= {{north}})
WHERE ST_Intersects(g, ST_TileEnvelope({{z}}, {{x}}, {{y}})) GROUP BY ALL"""
BY_KEY = f"""
SELECT key >> {2 * (FINE - LEVEL)}, {COUNTS} FROM seen
WHERE key >= {{first}} AND key < {{last}} AND {WHEN} GROUP BY 1"""
BY_KEY_CHDB = f"""
SELECT bitShiftRight(key, {2 * (FINE - LEVEL)}) AS cell, countIf(kind = 0), countIf(kind = 1)
FROM seen WHERE key >= {{first}} AND key < {{last}} AND {WHEN} GROUP BY cell"""


@dataclass(frozen=True)
class Told:
    """An answer, seconds by the clock and of the processor, bytes that go to a page."""

    answer: Answer
    clock: float
    used: float
    sent: int = 0


class Engine(Protocol):
    """Who is asked."""

    name: str
    squares: bool

    def ask(self, tile: Tile) -> Told:
        """Count the cells of a tile."""


def where(tile: Tile) -> dict[str, Any]:
    """Return the bounds of a tile: in degrees, and as keys of the cube's cells."""
    z, x, y = tile
    north, south = (
        float(np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * edge / (1 << z))))))
        for edge in (y, y + 1)
    )
    west, east = (edge / (1 << z) * 360 - 180 for edge in (x, x + 1))
    first, last = ((tile_key(tile) + more) << 2 * (FINE - z) for more in (0, 1))
    return {
        "z": z, "x": x, "y": y, "west": west, "east": east, "north": north, "south": south,
        "first": first, "last": last, "since": SINCE, "until": UNTIL,
    }  # fmt: skip


def by_columns(rows: Sequence[Sequence[int]]) -> Answer:
    """Return an answer whose cells are told by column and row."""
    found = np.array(rows, np.int64).reshape(-1, 4)
    keys = key_of_cell(found[:, 0], found[:, 1]).tolist()
    return sorted(zip(keys, found[:, 2].tolist(), found[:, 3].tolist(), strict=True))


@dataclass
class Ours:
    """The cube that a process holds; a surface is made anew for each tile, or kept."""

    seen: Seen
    kept: bool = False
    squares: bool = True
    made: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.name = "Sigang, surface kept" if self.kept else "Sigang, nothing kept"
        now = datetime.now(UTC)
        self._rules = RuleBook.of(read_rules(), now).at(now)
        self._function = Catalog.load(FOLDER, read_functions).part(read_functions)["heat"]
        self._cube, self.ready_s = held_cube(self.seen)
        given = {"events": "case", "exposure": "passage", "level": str(LEVEL),
                 "since": str(SINCE), "until": str(UNTIL)}  # fmt: skip
        layer, engine = self._function.layer, self._function.engine
        self._asked = read_question(layer, engine.parameters, given).inputs

    def ask(self, tile: Tile) -> Told:
        """Make the tile."""
        layer, engine = self._function.layer, self._function.engine
        clock, used = time.perf_counter(), time.process_time()
        surface = self.made if self.kept else None
        if surface is None:
            surface = self.made = engine.compute(layer, self._asked, self._rules, self._cube)
        packed = make_tile(layer, surface, tile, None)
        took = time.perf_counter() - clock, time.process_time() - used
        of = cells_in_tile(surface, tile)
        columns = surface.keys[of], surface.events[of], surface.exposure[of]
        answer = list(zip(*(column.tolist() for column in columns), strict=True))
        return Told(answer, *took, len(packed.body))


class PostGIS:
    """Points with an index on their place, in the order of their keys."""

    def __init__(self, port: int, csv: Path, shape: str, *, fill: bool) -> None:
        self.name, self.squares = f"PostGIS {shape}", shape == "ST_SquareGrid"
        self._shape = shape
        self._conn = psycopg.connect(
            f"postgresql://sigang@127.0.0.1:{port}/postgres", autocommit=True
        )
        self._pid = self._conn.info.backend_pid
        began = self._used()
        if fill:
            self._fill(csv)
        self.ready_s = self._used() - began

    def _fill(self, csv: Path) -> None:
        for statement in (
            "CREATE EXTENSION IF NOT EXISTS postgis", "DROP TABLE IF EXISTS seen, sent",
            "CREATE UNLOGGED TABLE sent (lon float8, lat float8, at timestamp, kind int2)",
        ):  # fmt: skip
            self._conn.execute(statement)
        with (
            csv.open("rb") as file,
            self._conn.cursor().copy("COPY sent FROM STDIN (FORMAT csv)") as copy,
        ):
            while piece := file.read(1 << 20):
                copy.write(piece)
        self._conn.execute(FILL)
        self._conn.execute("VACUUM ANALYZE seen")

    def _used(self) -> float:
        """Return the seconds of the processor that the backend has taken."""
        return int(Path(f"/proc/{self._pid}/schedstat").read_text().split()[0]) / 1e9

    def ask(self, tile: Tile) -> Told:
        """Count on the fly."""
        side = SIDE_M if self.squares else HEXAGON_M
        sql = GRID.format(shape=self._shape, side=side, **where(tile))
        clock, used = time.perf_counter(), self._used()
        rows = self._conn.execute(sql).fetchall()
        took = time.perf_counter() - clock, self._used() - used
        half = 1 << LEVEL - 1
        if not self.squares:
            return Told([(0, sum(r[2] for r in rows), sum(r[3] for r in rows))], *took)
        return Told(by_columns([(i + half, half - 1 - j, a, b) for i, j, a, b in rows]), *took)


class Beside:
    """A process of another environment, or of Node, that answers line by line."""

    squares = True

    def __init__(self, name: str, command: Sequence[str | Path], sql: str) -> None:
        self.name, self._sql = name, sql
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        version, self.ready_s = self._read()
        self.name = name.format(version)

    def _read(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def ask(self, tile: Tile) -> Told:
        """Ask one statement."""
        assert self._process.stdin is not None
        sql = self._sql.format(**where(tile))
        print(json.dumps(sql), file=self._process.stdin, flush=True)
        clock, used, rows = self._read()
        answer = by_columns(rows) if len(rows[0]) == 4 else sorted(map(tuple, rows))
        return Told(answer, clock, used)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


class Client:
    """What a page does that is sent points: the bytes compressed, and the time to bin them."""

    squares, ready_s = True, 0.0
    name = "points binned by the page"

    def __init__(self, seen: Seen, folder: Path) -> None:
        self._seen, self._file = seen, folder / "points"
        self._sent: dict[Tile, tuple[int, int]] = {}
        script = servers.ROOT / "bench" / "heat_client.mjs"
        self._process = subprocess.Popen(
            ["node", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, tile: Tile) -> Told:
        """Bin the points of the tile; to find and pack them is not counted."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        file = self._file.with_suffix(f".{tile[0]}")
        if tile not in self._sent:
            points = to_client(self._seen, tile)
            file.write_bytes(points)
            self._sent[tile] = len(points) // 9, len(gzip.compress(points, 1))
        size, sent = self._sent[tile]
        print(file, size, LEVEL, file=self._process.stdin, flush=True)
        clock, used, rows = json.loads(self._process.stdout.readline())
        return Told(by_columns(rows), clock, used, sent)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

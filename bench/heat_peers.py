"""One question about enforcement heat, asked of Sigang and beside it of PostGIS, DuckDB and chDB.

    python -m bench.heat_peers [--passages 10000000] [--cases 100000] [--rounds 5]

Cases and passages by cell of level 14, of 200 days, in one tile at z7, z10 and z13. Everybody has
the same rows, one thread, an environment of its own (`requirements/bench-*.txt`). PostGIS counts
points in the cells of `ST_SquareGrid` and `ST_HexagonGrid`; DuckDB reads Parquet, once with its
spatial extension and once by the Z-order key; chDB reads a MergeTree in the order of that key; a
page's part, points sent and binned as deck.gl does without a graphics card, runs in Node. Sigang
makes the whole tile, with rates and intervals, from the cube that a process holds. Answers are held
equal before anything is timed; hexagons are no squares, there the sums are.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from bench import servers
from bench.heat_peer_data import FINE, Answer, Seen, Tile, answer_of, make_seen, to_csv, to_parquet
from bench.heat_peer_engines import (
    BY_KEY,
    BY_KEY_CHDB,
    SPATIAL,
    Beside,
    Client,
    Engine,
    Ours,
    PostGIS,
    Told,
)  # fmt: skip
from bench.report import Unequal, middle, ratio, table
from spatial.geo.zorder import columns_and_rows

ZOOMS = 7, 10, 13
PROCESS = servers.ROOT / "bench" / "heat_peer_process.py"


def busiest(seen: Seen, z: int) -> Tile:
    """Return the tile about the cell with most rows."""
    cells, n = np.unique(seen.key, return_counts=True)
    column, row = columns_and_rows(cells[n.argmax()] >> 2 * (FINE - z))
    return z, int(column), int(row)


@contextmanager
def engines(seen: Seen, folder: Path) -> Iterator[list[Engine]]:
    """Yield all who are asked, each ready."""
    parquet, csv = folder / "seen.parquet", folder / "seen.csv"
    to_parquet(seen, parquet)
    to_csv(seen, csv)
    with ExitStack() as stack:
        port = stack.enter_context(servers.cluster(servers.STATE / "heat-peers"))
        grids = [
            PostGIS(port, csv, shape, fill=shape == "ST_SquareGrid")
            for shape in ("ST_SquareGrid", "ST_HexagonGrid")
        ]
        duckdb, chdb = (servers.environment(n) / "python" for n in ("duckdb-spatial", "chdb"))
        beside = [
            Beside("DuckDB {} spatial", [duckdb, PROCESS, "duckdb", parquet, folder], SPATIAL),
            Beside("DuckDB {} by key", [duckdb, PROCESS, "duckdb", parquet, folder], BY_KEY),
            Beside("chDB {} by key", [chdb, PROCESS, "chdb", parquet, folder], BY_KEY_CHDB),
        ]
        client = [Client(seen, folder)] if shutil.which("node") else []
        for each in [*beside, *client]:
            stack.callback(each.close)
        yield [Ours(seen), Ours(seen, kept=True), *grids, *beside, *client]


def check(engine: Engine, tile: Tile, right: Answer) -> Told:
    """Ask once and hold the answer equal; hexagons by their sums."""
    told = engine.ask(tile)
    if not engine.squares:
        right = [(0, sum(r[1] for r in right), sum(r[2] for r in right))]
    if told.answer != right:
        raise Unequal(f"{engine.name}, tile {tile}: {len(told.answer)} cells for {len(right)}")
    return told


def ask_all(seen: Seen, asked: Sequence[Engine], rounds: int) -> str:
    """Hold everybody equal, then time the rounds; return the table."""
    lines = []
    for tile in (busiest(seen, z) for z in ZOOMS):
        inside = seen.asked(tile)
        right = answer_of(seen.key[inside], seen.kind[inside])
        sent = [check(engine, tile, right).sent for engine in asked]
        told = [[engine.ask(tile) for engine in asked] for _ in range(rounds)]
        ours = [one[0].used for one in told]
        for number, engine in enumerate(asked):
            used, clock = ([getattr(one[number], n) for one in told] for n in ("used", "clock"))
            lines.append([
                f"z{tile[0]}, {len(right)} cells, {int(inside.sum()):,} rows", engine.name,
                f"{middle(used) * 1000:.1f} ms", f"{middle(clock) * 1000:.1f} ms",
                f"{ratio(used, ours):.3g}", f"{sent[number]:,}" if sent[number] else "",
            ])  # fmt: skip
            print(" | ".join(lines[-1]), flush=True)
    return table(["tile", "who", "processor", "clock", "× ours", "bytes to the page"], lines)


def main() -> None:
    """Make the rows, ask everybody, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=10_000_000)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--sites", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    seen = make_seen(given.passages, given.cases, given.sites)
    print(f"{len(seen):,} rows", file=sys.stderr)
    with (
        tempfile.TemporaryDirectory(prefix="heat-peers-") as name,
        engines(seen, Path(name)) as asked,
    ):
        for engine in asked:
            print(f"{engine.name}: ready after {engine.ready_s:.1f} s of the processor")
        print(ask_all(seen, asked, given.rounds))


if __name__ == "__main__":
    main()

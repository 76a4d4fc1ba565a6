"""The cube of enforcement heat counted past one process: by dask, through a killed worker.

    python -m bench.heat_cluster [--sites 5000] [--blocks 32] [--workers 2]

The cube is written as Parquet by range of Z-order (`heat_blocks.py`). Workers of dask, which lies
in an environment of its own beside the server's packages (`requirements/bench-dask.txt`), sum the
blocks and find hot spots of the exposure-adjusted residual with halos. One run is left alone; in
another one a worker is killed when the first block is summed, and again when all are. Both are held
equal to what one process finds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np

from bench import servers
from bench.heat_blocks import write_blocks
from bench.heat_data import make_rows
from bench.report import Unequal
from layers.functions.cells import zorder_cells
from layers.heat.counted import Counted
from layers.heat.cube_rows import rows_of
from layers.heat.held_cube import HeldCube, Sums
from layers.processes.law.surfaces import hot_spot_surface
from layers.processes.readers.heat_rows import HeatCells
from routing.graph.weights import Floats, Ints

LEVEL = 14
ASKED = Counted(date(2026, 1, 1), date(2026, 7, 1), None, "case", None, "passage", None)
EQUAL = 1e-9


def on_one_machine(cube: HeldCube) -> tuple[Ints, Sums, Floats]:
    """Return the inspected cells, the sums of all, and z of Gi* of the inspected ones."""
    kind = zorder_cells(LEVEL)
    sums = cube.sum(ASKED, kind.name, kind.grouping)
    cells = HeatCells(sums.keys, [], sums.events, sums.exposure)
    surface = hot_spot_surface(cells, 0.1, adjusted=True)
    known = surface.state == "rated"
    return sums.keys[known], sums, np.asarray(surface.value[known])


def by_dask(
    folder: Path, first: Ints, workers: int, *, kill: bool
) -> tuple[dict[str, float], Path]:
    """Run the blocks in an environment with dask; return what it tells, and the file of results."""
    libraries = next((servers.environment("dask").parent / "lib").glob("*/site-packages"))
    out = folder / f"found-{kill}.npz"
    given = {"folder": str(folder), "first": first.tolist(), "workers": workers, "kill": kill,
             "out": str(out)}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "bench.heat_cluster_process"], input=json.dumps(given), text=True,
        stdout=subprocess.PIPE, check=True, cwd=servers.ROOT,
        env={**os.environ, "PYTHONPATH": f"{servers.ROOT}:{libraries}", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told, out


def check(out: Path, keys: Ints, sums: Sums, z: Floats) -> float:
    """Hold results equal to those of one machine; return the largest difference of z."""
    found = np.load(out)
    for name, right in (
        ("cells", sums.keys), ("events", sums.events), ("exposure", sums.exposure), ("keys", keys),
    ):  # fmt: skip
        if not np.array_equal(found[name], right):
            raise Unequal(f"{name} of the blocks are not those of one machine")
    off = float(np.abs(found["z"] - z).max())
    if not off <= EQUAL:
        raise Unequal(f"z of the blocks is off by {off}")
    return off


def main() -> None:
    """Make the cube, count it on one machine and by dask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=100_000_000)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--sites", type=int, default=5_000)
    parser.add_argument("--blocks", type=int, default=32)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    series, rows = make_rows("d", given.passages, given.cases, given.sites)
    cube = HeldCube(1, series, rows, rows_of(*np.zeros((5, 0), np.int64)))
    began = time.process_time()
    keys, sums, z = on_one_machine(cube)
    print(f"{len(rows):,} rows, {len(sums.keys):,} cells; one process, cube in memory:"
          f" {time.process_time() - began:.2f} s of the processor")  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="heat-blocks-") as name:
        folder = Path(name)
        began = time.process_time()
        first = write_blocks(cube, folder, LEVEL, given.blocks)
        size = sum(file.stat().st_size for file in folder.glob("*.parquet"))
        print(f"{len(first)} blocks, {size / 2**20:.1f} MB: {time.process_time() - began:.2f} s")
        for kill in (False, True):
            told, out = by_dask(folder, first, given.workers, kill=kill)
            off = check(out, keys, sums, z)
            print(f"{told['killed']:.0f} workers killed: equal, z within {off:.1e}, clock"
                  f" {told['clock_s']:.1f} s, tasks run {told['summed']:.0f} of {len(first)}"
                  " blocks' sums")  # fmt: skip


if __name__ == "__main__":
    main()

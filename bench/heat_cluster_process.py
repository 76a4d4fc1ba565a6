"""Blocks of the cube run by dask (see heat_cluster.py): JSON with what to do in, with times out.

A task leaves a mark whenever a block is summed, so that it is seen how often that was.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import numpy as np
from distributed import Client, LocalCluster, wait

from bench import heat_blocks as blocks
from bench.heat_cluster import ASKED, LEVEL
from layers.heat.held_cube import Sums


def sum_marked(folder: str, number: int) -> Sums:
    """Sum a block and leave a mark."""
    found = blocks.sum_block(Path(folder), number, ASKED, LEVEL)
    (Path(folder) / f"summed-{uuid.uuid4()}.mark").touch()
    return found


def kill_one(client: Client) -> None:
    """Kill a worker as a failing machine would end it."""
    pids = client.run(os.getpid)
    os.kill(next(iter(pids.values())), signal.SIGKILL)


def near(values: blocks.Values, number: int, first: np.ndarray) -> list[int]:
    """Return the other blocks that cells of one touch."""
    found = blocks.blocks_of(first, blocks.halo_of(values.keys))
    return [int(b) for b in found if b != number]


def hot_spots(own: blocks.Values, parts: list[blocks.Values], spread: blocks.Spread) -> np.ndarray:
    """Find the hot spots of a block with its halo."""
    halo = blocks.halo_of(own.keys)
    return blocks.hot_spots(own, [blocks.halo_part(part, halo) for part in parts], spread)


def spread_of(client: Client, values: list[Any]) -> blocks.Spread:
    """Return number, mean and deviation of all residuals; only sums leave the workers."""
    counts, sums = zip(*client.gather(client.map(blocks.count_and_sum, values)), strict=True)
    mean = math.fsum(sums) / sum(counts)
    squares = client.gather(client.map(blocks.squares_of, values, mean=mean))
    return blocks.Spread(sum(counts), mean, math.sqrt(math.fsum(squares) / sum(counts)))


def run(client: Client, given: dict[str, Any]) -> dict[str, np.ndarray]:
    """Sum the blocks, put the numbers of the whole together, find hot spots with halos."""
    folder, first, kill = given["folder"], np.array(given["first"]), given["kill"]
    numbers = range(len(first))
    sums = [client.submit(sum_marked, folder, n, pure=False) for n in numbers]
    if kill:
        wait(sums, return_when="FIRST_COMPLETED")
        kill_one(client)
    parts = client.gather(client.map(blocks.totals, sums))
    pooled = math.fsum(p[0] for p in parts) / math.fsum(p[1] for p in parts)
    squares = client.gather(client.map(blocks.squares_about, sums, pooled=pooled))
    if kill:
        kill_one(client)
    rates = blocks.rates_of(parts, squares)
    values = client.map(blocks.residuals, sums, rates=rates)
    touched = client.gather(client.map(near, values, numbers, first=first))
    spread = spread_of(client, values)
    z = [
        client.submit(hot_spots, values[n], [values[b] for b in touched[n]], spread)
        for n in numbers
    ]
    every = client.gather({"sums": sums, "values": values, "z": z})
    found = {
        name: np.concatenate([getattr(s, field) for s in every["sums"]])
        for name, field in (("cells", "keys"), ("events", "events"), ("exposure", "exposure"))
    }
    keys = np.concatenate([v.keys for v in every["values"]])
    return {**found, "keys": keys, "z": np.concatenate(every["z"])}


def main() -> None:
    """Start workers, run, write the results and print the times."""
    given = json.load(sys.stdin)
    folder = Path(given["folder"])
    for mark in folder.glob("*.mark"):
        mark.unlink()
    with (
        LocalCluster(
            n_workers=given["workers"], threads_per_worker=1, processes=True,
            dashboard_address=None, silence_logs=50,
        ) as cluster,
        Client(cluster) as client,
    ):  # fmt: skip
        began = time.perf_counter()
        found = run(client, given)
        took = time.perf_counter() - began
    np.savez(given["out"], **found)
    summed = len(list(folder.glob("*.mark")))
    print(json.dumps({"clock_s": took, "summed": summed, "killed": 2 * given["kill"]}))


if __name__ == "__main__":
    main()

"""How long the statistics of enforcement heat take, and whether that is within their goals.

    python -m bench.heat_statistics

Gi* of 52 weeks over 200,000 cells (goal 3 s), a quartic density on 1024 × 1024 cells (0.1 s), and
both kernels along a network of 100,000 edges with a million events (10 s). Kernels are compiled
before. Printed are the best of some rounds, by the clock and by the processor.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from routing.statistics.hot_spots import getis_ord_gi_star
from routing.statistics.kde import density_grid
from routing.statistics.neighbours import queen
from routing.statistics.network_density import Split, cut_into_lixels, network_density
from spatial.geo.zorder import key_of_cell

SIDE, WEEKS = 448, 52
"""448 × 448 cells are 200,704."""
GRID, EDGE_M, BANDWIDTH_M, LIXEL_M = 224, 800.0, 1000.0, 100.0
"""224 × 224 junctions in a square grid have 99,904 edges."""


def gi_star() -> Callable[[], object]:
    """Return the work of Gi* over all weeks; the neighbours are found once, before."""
    y, x = (part.ravel() for part in np.indices((SIDE, SIDE)))
    neighbours = queen(np.sort(key_of_cell(x + 54_600, y + 27_100)), with_self=True)
    values = np.random.default_rng(1).poisson(3.0, (WEEKS, SIDE * SIDE)).astype(np.float64)
    return lambda: getis_ord_gi_star(values, neighbours)


def plane() -> Callable[[], object]:
    """Return the work of a density on the plane: 12 cells of bandwidth."""
    weights = np.random.default_rng(2).poisson(0.2, (1024, 1024)).astype(np.float64)
    return lambda: density_grid(weights, (500.0, 500.0), 6000.0, "quartic")


def network(split: Split, events: int) -> Callable[[], object]:
    """Return the work of a density along a grid of roads."""
    node = np.arange(GRID * GRID).reshape(GRID, GRID)
    right = np.stack((node[:, :-1].ravel(), node[:, 1:].ravel()), axis=1)
    down = np.stack((node[:-1].ravel(), node[1:].ravel()), axis=1)
    ends, random = np.concatenate((right, down)), np.random.default_rng(3)
    length = EDGE_M * random.uniform(0.8, 1.2, len(ends))
    lixels = cut_into_lixels(ends, length, LIXEL_M)
    edge = random.integers(0, len(ends), events)
    offset = random.random(events) * length[edge]
    return lambda: network_density(lixels, edge, offset, None, BANDWIDTH_M, split)


def timed(work: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Return the least seconds by the clock and by the processor; one round before counts not."""
    work()
    found = []
    for _ in range(rounds):
        clock, processor = time.perf_counter(), time.process_time()
        work()
        found.append((time.perf_counter() - clock, time.process_time() - processor))
    return min(one[0] for one in found), min(one[1] for one in found)


def main() -> None:
    """Print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=1_000_000)
    given = parser.parse_args()
    cases: list[tuple[str, float, Callable[[], object]]] = [
        (f"Gi*, {SIDE * SIDE} cells, {WEEKS} weeks", 3.0, gi_star()),
        ("density, 1024 x 1024", 0.1, plane()),
        (f"network, {given.events} events, discontinuous", 10.0,
         network("discontinuous", given.events)),
        (f"network, {given.events} events, continuous", 10.0, network("continuous", given.events)),
    ]  # fmt: skip
    for name, goal, work in cases:
        clock, processor = timed(work, given.rounds)
        print(f"{name:45} {clock:8.3f} s {processor:8.3f} s of processor, goal {goal:g} s")


if __name__ == "__main__":
    main()

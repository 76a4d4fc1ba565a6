"""What a network of a million junctions costs in process: start, metrics, memory, live changes."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import psutil

from bench.networks import FOLDER, Network
from bench.routing_engine import Here, Pair
from routing.cch.engine import Metric, Topology
from routing.cost.profile import load_profiles
from routing.graph.weights import Ints
from routing.index.mapped_store import open_graph, save_graph
from routing.index.snap import SnapIndex
from routing.live.state_table import EdgeState, EdgeStates
from routing.query.model import Conditions, PathQuery
from routing.query.network import RoadNetwork
from spatial.networks.road import KIND as ROAD

CHANGED = 1_000
REPEATS = 5
METRICS = 4


@dataclass(frozen=True)
class Costs:
    """Seconds of a mapped start, a new metric, a path after changes; MB per million arcs."""

    start_s: float
    miss_s: float
    near_s: float
    anywhere_s: float
    metric_mb: float


def measure(here: Here, network: Network, pair: Pair) -> Costs:
    """Measure on one network; medians."""
    query = PathQuery("car", [(p[0], p[1]) for p in pair])
    here.roads.path(query, here.now)
    return Costs(
        start_s=_median(_starter(network)),
        miss_s=_median(_misser(here)),
        near_s=_changed_s(here, query, _around(network, pair)),
        anywhere_s=_changed_s(here, query, _anywhere(network)),
        metric_mb=metric_mb(here),
    )


def _median(run: Callable[[], object]) -> float:
    seconds = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def _starter(network: Network) -> Callable[[], object]:
    """Return a start as a worker makes it: graph, snapping index and hierarchy mapped."""
    place = FOLDER / network.name / "kept" / network.graph.digest
    if open_graph(place, ROAD) is None:
        save_graph(place, network.graph, SnapIndex(network.graph.edges))
    profiles = {k: v for k, v in load_profiles(ROAD).items() if k == "car"}

    def start() -> object:
        found = open_graph(place, ROAD)
        assert found is not None
        graph, index = found
        topology = Topology.open(graph, FOLDER / network.name / "order")
        return RoadNetwork(graph, topology, profiles, network.rules, index=index)

    return start


def _misser(here: Here) -> Callable[[], object]:
    """Return a question that needs a metric of its own: each time it keeps off another edge."""
    edges = iter(range(len(here.graph.edges)))

    def ask() -> object:
        row = here.graph.edges.row_id(next(edges))
        return here.roads.prepared(Conditions("car", avoid_edges=[row]), here.now)

    return ask


def _around(network: Network, pair: Pair) -> Ints:
    """Return the edges nearest to the middle of a pair, as a polygon closes them."""
    edges = network.graph.edges
    far = np.hypot(*(edges.shape[edges.shape_start[:-1]] - np.mean(pair, axis=0)).T)
    return np.asarray(np.argpartition(far, CHANGED)[:CHANGED])


def _anywhere(network: Network) -> Ints:
    """Return edges all over the network."""
    return np.random.default_rng(5).choice(len(network.graph.edges), CHANGED, replace=False)


def _changed_s(here: Here, query: PathQuery, edges: Ints) -> float:
    """Return seconds from a speed of 5 km/h on all edges to the next path; medians."""
    rows = range(1, len(edges) + 1)
    states = EdgeStates.of(
        EdgeState(row, int(edge), "speed", "both", 5.0, None, None, "bench")
        for row, edge in zip(rows, edges, strict=True)
    )
    seconds = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        here.roads.apply(here.roads.version + 1, [states], [], here.now)
        here.roads.path(query, here.now)
        seconds.append(time.perf_counter() - begin)
        here.roads.apply(here.roads.version + 1, [], rows, here.now)
        here.roads.path(query, here.now)
    return statistics.median(seconds)


def metric_mb(here: Here) -> float:
    """Return what one more metric takes, in MB per million arcs (measured)."""
    process = psutil.Process(os.getpid())
    weights = here.metric.weights
    gc.collect()
    before = process.memory_full_info().uss
    kept = [Metric(here.metric.topology, weights.copy()) for _ in range(METRICS)]
    taken = process.memory_full_info().uss - before
    return taken / len(kept) / 1e6 / (len(weights) / 1e6)

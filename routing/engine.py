"""Shortest paths: the contract, customisable contraction hierarchies, a plain reference.

The library below (pyroutingkit, RoutingKit's CCH) trusts its caller: a bad node number or a weight
above 2**31-1 crashes or hangs the process, a matrix beside another call on one metric crashes it,
customising beside a query hangs it. `Topology` and `Metric` are the only users of it and let none
of this through. Method: Dibbelt, Strasser, Wagner, "Customizable Contraction Hierarchies" (2014).
"""

from __future__ import annotations

import fcntl
import heapq
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import Any, Protocol

import numpy as np
import pyroutingkit
from numpy.typing import ArrayLike, NDArray

from routing.graph import Floats, Graph, Ints, Weights
from routing.saved import write_folder
from routing.sweep import Sweep

INFINITE = int(pyroutingkit.INF_WEIGHT)  # "may not pass"; also the length of no path
LARGEST = 2**30  # of a finite weight: two may be added without reaching INFINITE
SCATTERED = 3_000  # more changed arcs than this: a whole customise is faster (measured)
KEPT_ORDERS = 3
# The library searches once per source: towards few targets from more sources than this, one search
# per target over all nodes is faster (measured on 72,000 nodes: 20 ms each, 0.02 ms per source).
FEW, MANY, NODES_PER_ROW = 4, 64, 70
LIBRARY_BYTES = 11


Numbers = Sequence[int] | NDArray[np.integer[Any]]


class Engine(Protocol):
    """What a path search offers; node and arc numbers are those of the graph."""

    @property
    def weights(self) -> Weights:
        """The weights now, to be read only."""

    def path(self, source: int, target: int) -> tuple[int, Ints] | None:
        """Return weight and arcs of a shortest path, None when there is none."""

    def matrix(self, sources: Numbers, targets: Numbers) -> NDArray[np.uint32]:
        """Return the (sources, targets) lengths; `INFINITE` where there is no path."""

    def reach(
        self,
        sources: Numbers,
        offsets: Numbers,
        limit: int,
        *,
        backward: bool = False,
    ) -> tuple[Ints, Ints]:
        """Return the nodes whose length from the sources is at most `limit`, and that length.

        Source `i` starts with `offsets[i]`; `backward` measures towards the sources.
        """


def checked_weights(weights: ArrayLike, count: int) -> Weights:
    """Return weights as the library can take them, or raise ValueError."""
    array = np.asarray(weights)
    if array.shape == (0,) and count == 0:
        return np.zeros(0, np.uint32)
    if array.shape != (count,) or array.dtype.kind not in "iu":
        raise ValueError(f"need {count} integer weights, not {array.dtype} of {array.shape}")
    wide = array.astype(np.int64)
    if ((wide < 0) | (wide > LARGEST) & (wide != INFINITE)).any():
        raise ValueError(f"a weight is outside 0..{LARGEST} and not {INFINITE}")
    return wide.astype(np.uint32)


def checked_numbers(numbers: ArrayLike, count: int, what: str) -> NDArray[np.uint32]:
    """Return node or arc numbers below `count`, or raise ValueError."""
    array = np.atleast_1d(np.asarray(numbers))
    if array.size == 0:
        return np.zeros(0, np.uint32)
    if array.dtype.kind not in "iu" or int(array.min()) < 0 or int(array.max()) >= count:
        raise ValueError(f"{what} number outside 0..{count - 1}")
    return array.astype(np.uint32)


def checked_sources(
    sources: ArrayLike, offsets: ArrayLike, limit: int, count: int
) -> tuple[Ints, Ints]:
    """Return the sources of a reach that lie within its limit, or raise ValueError."""
    nodes = checked_numbers(sources, count, "node").astype(np.int64)
    begins = np.atleast_1d(np.asarray(offsets))
    if begins.shape != nodes.shape or (len(begins) and begins.dtype.kind not in "iu"):
        raise ValueError(f"need {len(nodes)} integer offsets")
    if (begins < 0).any() or not 0 <= limit < INFINITE:
        raise ValueError(f"an offset or the limit is outside 0..{INFINITE - 1}")
    near = begins <= limit
    return nodes[near], begins[near].astype(np.int64)


class Topology:
    """The contraction order of a graph and the hierarchy built from it."""

    def __init__(self, cch: pyroutingkit.CCHTopology, graph: Graph) -> None:
        self._cch = cch
        self._ends = graph.arcs.tail, graph.arcs.head
        self.node_count = graph.node_count
        self.arc_count = len(graph.arcs)

    @classmethod
    def build(cls, graph: Graph) -> Topology:
        """Order and contract a graph; about a minute for a million nodes."""
        cch = pyroutingkit.CCHTopology()
        count = graph.node_count
        tail = checked_numbers(graph.arcs.tail, count, "node")
        head = checked_numbers(graph.arcs.head, count, "node")
        cch.build(tail, head, graph.lat.astype(np.float32), graph.lon.astype(np.float32), count)
        return cls(cch, graph)

    @classmethod
    def open(cls, graph: Graph, folder: Path) -> Topology:
        """Load the order saved for this very graph, or build and save it; one builder at a time."""
        place = folder / graph.digest
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder / "lock"):
            if place.is_dir():
                cch = pyroutingkit.CCHTopology()
                cch.load(str(place))
                place.touch()
                return cls(cch, graph)
            topology = cls.build(graph)
            topology._save(place)
            return topology

    def _save(self, place: Path) -> None:
        write_folder(place, lambda folder: self._cch.save(str(folder)), KEPT_ORDERS)

    @cached_property
    def outward(self) -> Sweep:
        """The arcs by the node that they leave."""
        return Sweep(*self._ends, self.node_count)

    @cached_property
    def inward(self) -> Sweep:
        """The arcs by the node that they enter."""
        return Sweep(*self._ends[::-1], self.node_count)

    def customised(self, weights: Weights) -> pyroutingkit.CCHMetric:
        """Return a new metric of the library for weights that were checked."""
        metric = pyroutingkit.CCHMetric(self._cch)
        metric.customize(weights, thread_count=0)
        return metric


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold an exclusive lock between processes."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


class Metric:
    """Weights on a topology; every call is safe from any thread.

    `stamp` is the caller's name for the state that the weights show; hold `lock` to read it
    together with several answers.
    """

    def __init__(self, topology: Topology, weights: ArrayLike, stamp: Any = None) -> None:
        self.topology = topology
        self.lock = RLock()
        self._writing = RLock()
        self.stamp = stamp
        self._weights = checked_weights(weights, topology.arc_count)
        self._cch = topology.customised(self._weights)
        self._costs: dict[bool, Floats] = {}

    @property
    def weights(self) -> Weights:
        """The weights now, to be read only."""
        return self._weights

    @property
    def nbytes(self) -> int:
        """Memory of this metric, about (measured: the library's part is 11 bytes per arc)."""
        kept = sum(costs.nbytes for costs in self._costs.values())
        return LIBRARY_BYTES * self.topology.arc_count + self._weights.nbytes + kept

    def update(self, arcs: ArrayLike, weights: ArrayLike, stamp: Any = None) -> None:
        """Give some arcs new weights: in place when few, else on a shadow that is swapped in."""
        numbers = checked_numbers(arcs, self.topology.arc_count, "arc")
        fresh = checked_weights(weights, len(numbers))
        with self._writing:
            changed = self._weights[numbers] != fresh
            numbers, fresh = numbers[changed], fresh[changed]
            whole = self._weights.copy()
            whole[numbers] = fresh
            shadow = self.topology.customised(whole) if len(numbers) > SCATTERED else None
            with self.lock:
                if shadow is None and len(numbers):
                    self._cch.update_weights(numbers, fresh)
                self._cch = shadow or self._cch
                self._weights, self.stamp = whole, stamp
                self._costs.clear()

    def path(self, source: int, target: int) -> tuple[int, Ints] | None:
        """Return weight and arcs of a shortest path, None when there is none."""
        if not 0 <= min(source, target) <= max(source, target) < self.topology.node_count:
            raise ValueError(f"node number outside 0..{self.topology.node_count - 1}")
        with self.lock:
            weight, _, arcs = self._cch.query(int(source), int(target))
        return None if weight >= INFINITE else (int(weight), np.array(arcs, np.int64))

    def matrix(self, sources: Numbers, targets: Numbers) -> NDArray[np.uint32]:
        """Return the (sources, targets) lengths; `INFINITE` where there is no path."""
        count = self.topology.node_count
        rows = checked_numbers(sources, count, "node")
        columns = checked_numbers(targets, count, "node")
        if not len(rows) or not len(columns):
            return np.full((len(rows), len(columns)), INFINITE, np.uint32)
        if len(columns) <= FEW and len(rows) > max(MANY, count // NODES_PER_ROW):
            return np.column_stack([self._towards(int(column))[rows] for column in columns])
        with self.lock:
            lengths = self._cch.distances_many_to_many(rows, columns)
        return np.asarray(lengths, np.uint32)

    def _towards(self, target: int) -> Weights:
        """Return how far every node is from a target, by one search against the arcs."""
        lengths = np.full(self.topology.node_count, INFINITE, np.uint32)
        nodes, found = self.reach([target], [0], INFINITE - 1, backward=True)
        lengths[nodes] = found
        return lengths

    def reach(
        self,
        sources: Numbers,
        offsets: Numbers,
        limit: int,
        *,
        backward: bool = False,
    ) -> tuple[Ints, Ints]:
        """Return the nodes whose length from the sources is at most `limit`, and that length."""
        nodes, begins = checked_sources(sources, offsets, limit, self.topology.node_count)
        sweep = self.topology.inward if backward else self.topology.outward
        with self.lock:
            if backward not in self._costs:
                closed = self._weights == INFINITE
                self._costs[backward] = sweep.costs(np.where(closed, np.inf, self._weights))
            return sweep.run(self._costs[backward], nodes, begins, limit)


class Reference:
    """Dijkstra's algorithm as in the textbook: what the fast engine is tested against."""

    def __init__(self, graph: Graph, weights: ArrayLike) -> None:
        self.weights = checked_weights(weights, len(graph.arcs))
        self._weights = self.weights.tolist()
        self._tail = graph.arcs.tail.tolist()
        self._head = graph.arcs.head.tolist()
        self._out: list[list[int]] = [[] for _ in range(graph.node_count)]
        self._in: list[list[int]] = [[] for _ in range(graph.node_count)]
        for arc, (tail, head) in enumerate(zip(self._tail, self._head, strict=True)):
            self._out[tail].append(arc)
            self._in[head].append(arc)

    def path(self, source: int, target: int) -> tuple[int, Ints] | None:
        """Return weight and arcs of a shortest path, None when there is none."""
        best, entered = self._search({source: 0}, target)
        if target not in best:
            return None
        arcs: list[int] = []
        node = target
        while node != source:
            arcs.append(entered[node])
            node = self._tail[arcs[-1]]
        return best[target], np.array(arcs[::-1], np.int64)

    def matrix(self, sources: Numbers, targets: Numbers) -> NDArray[np.uint32]:
        """Return the (sources, targets) lengths; `INFINITE` where there is no path."""
        rows = [self._search({source: 0})[0] for source in sources]
        lengths = [[best.get(target, INFINITE) for target in targets] for best in rows]
        return np.array(lengths, np.uint32).reshape(len(sources), len(targets))

    def reach(
        self,
        sources: Numbers,
        offsets: Numbers,
        limit: int,
        *,
        backward: bool = False,
    ) -> tuple[Ints, Ints]:
        """Return the nodes whose length from the sources is at most `limit`, and that length."""
        begins: dict[int, int] = {}
        for node, offset in zip(sources, offsets, strict=True):
            begins[int(node)] = min(int(offset), begins.get(int(node), INFINITE))
        best, _ = self._search(begins, backward=backward)
        near = sorted((node, length) for node, length in best.items() if length <= limit)
        table = np.array(near, np.int64).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    def _search(
        self, begins: Mapping[int, int], target: int | None = None, *, backward: bool = False
    ) -> tuple[dict[int, int], dict[int, int]]:
        """Return how far each node is, and the arc that it was first reached by."""
        beside, ends = (self._in, self._tail) if backward else (self._out, self._head)
        best, entered = dict(begins), {}
        queue = [(length, node) for node, length in begins.items()]
        heapq.heapify(queue)
        while queue:
            length, node = heapq.heappop(queue)
            if node == target:
                break
            if length > best[node]:
                continue
            for arc in beside[node]:
                if self._weights[arc] == INFINITE:
                    continue
                further = length + self._weights[arc]
                if further < best.get(ends[arc], INFINITE):
                    best[ends[arc]] = further
                    entered[ends[arc]] = arc
                    heapq.heappush(queue, (further, ends[arc]))
        return best, entered

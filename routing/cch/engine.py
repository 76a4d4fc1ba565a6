"""Shortest paths: the contract, customisable contraction hierarchies, a plain reference.

Kernels check no number that they are given: `Topology` and `Metric` are their only users and let no
bad node, arc or weight through. Method: Dibbelt, Strasser, Wagner, "Customizable Contraction
Hierarchies" (2014).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from routing.cch.arc_search import Ends, search
from routing.cch.checked import checked_numbers, checked_sources, checked_weights
from routing.cch.dijkstra import within
from routing.cch.hierarchy import Hierarchy
from routing.cch.measured_table_kernels import measure_slots, measured_table
from routing.cch.query_kernels import join
from routing.cch.table_kernels import table
from routing.graph.enclaves import AtEnds
from routing.graph.graph import Graph
from routing.graph.weights import INFINITE, NOTHING_FIXED, Fixed, Floats, Ints, Signed, Weights

SCATTERED = 150  # more than one arc in so many changed: a whole customise is faster (measured)
# A table searches once per source: towards few targets from more sources than this, one search per
# target over all nodes is faster.
FEW, MANY, NODES_PER_ROW = 4, 64, 70
NO_COST = np.zeros(1)
NEARBY_MS, WIDER = 60_000, 4
"""How much longer a way may be for a first search, and how many times that for the next one."""

T = TypeVar("T")
Numbers = Sequence[int] | NDArray[np.integer[Any]]
Costs = Sequence[float] | Floats


class Joined(NamedTuple):
    """A way from `sources[source]` to `targets[target]` over `arcs`, both costs in its `weight`."""

    weight: float
    source: int
    target: int
    arcs: Ints


class Measure(NamedTuple):
    """What a way amounts to beside its weight, a sum over its arcs.

    `by_arc` makes whole numbers (uint32) of the weights of the arcs, at the ends of paths too;
    `name` stands for it.
    """

    name: str
    by_arc: Callable[[Weights], Weights]


class Measured(NamedTuple):
    """A measure by arc and by slot of the hierarchy, and the weights that both are of."""

    weights: Weights
    by_arc: Weights
    by_slot: Weights


class Engine(Protocol):
    """What a path search offers; node and arc numbers are those of the graph."""

    @property
    def weights(self) -> Weights:
        """The weights (ms) by arc now, to be read only."""

    @property
    def at_ends(self) -> AtEnds | None:
        """What holds at the ends of paths alone, None where nothing does."""

    @property
    def fixed(self) -> Fixed:
        """What of the weights is paid whole at begins and ends of arcs."""

    def path(self, source: int, target: int) -> tuple[int, Ints] | None:
        """Return weight (ms) and arcs of a shortest path, None when there is none."""

    def join(
        self, sources: Numbers, source_costs: Costs, targets: Numbers, target_costs: Costs
    ) -> Joined | None:
        """Return a cheapest way from one of several nodes to one of several, None without one.

        Each node has its own cost (ms), which counts with the way.
        """

    def matrix(self, sources: Numbers, targets: Numbers) -> NDArray[np.uint32]:
        """Return the (sources, targets) lengths (ms); `INFINITE` where there is no path."""

    def reach(
        self, sources: Numbers, offsets: Numbers, limit: int, *, backward: bool = False
    ) -> tuple[Ints, Ints]:
        """Return the nodes whose length (ms) from the sources is at most `limit`, and that length.

        Source `i` starts with `offsets[i]`; `backward` measures towards the sources.
        """


class Workspace:
    """The arrays of one search at a time; each leaves them as it found them."""

    def __init__(self, ranks: int) -> None:
        self.out, self.into = np.full(ranks, np.inf), np.full(ranks, np.inf)
        self.out_arc, self.into_arc = np.empty(ranks, np.int32), np.empty(ranks, np.int32)

    @cached_property
    def table(self) -> tuple[Ints, NDArray[np.int32]]:
        """The arrays of a table."""
        count = len(self.out)
        return np.full(count, INFINITE, np.int64), np.full(count, -1, np.int32)

    @cached_property
    def alongs(self) -> Ints:
        """The array of what a table measures beside."""
        return np.zeros(len(self.out), np.int64)


class Topology:
    """The hierarchy of a graph; safe from any thread."""

    def __init__(self, hierarchy: Hierarchy, graph: Graph) -> None:
        self.hierarchy = hierarchy
        self.graph = graph
        self._free: list[Workspace] = []
        self.node_count = graph.node_count
        self.arc_count = len(graph.arcs)

    @classmethod
    def build(cls, graph: Graph) -> Topology:
        """Order and contract a graph; about a minute for a million nodes."""
        return cls(Hierarchy.build(graph), graph)

    @classmethod
    def open(cls, graph: Graph, folder: Path, before: Graph | None = None) -> Topology:
        """Map the hierarchy kept of this very graph, or build it as a change of another one's."""
        return cls(Hierarchy.open(graph, folder, before), graph)

    def lend(self) -> Workspace:
        """Return a workspace for one search; give it back unless that failed half way."""
        try:
            return self._free.pop()
        except IndexError:
            return Workspace(self.node_count)

    def take_back(self, space: Workspace) -> None:
        """Keep a workspace for the next search."""
        self._free.append(space)


class Metric:
    """Weights on a topology; every call is safe from any thread.

    `weights` (by arc) are those now, to be read only, and `stamp` is the caller's name for the
    state that they show; hold `lock` to read both together with several answers. `fixed` (paid
    whole at begins and ends of arcs; it stays as it is) and `at_ends` are for those who join places
    to the network: no search here goes by them.
    """

    def __init__(
        self,
        topology: Topology,
        weights: ArrayLike,
        stamp: Any = None,
        at_ends: AtEnds | None = None,
        fixed: Fixed = NOTHING_FIXED,
    ) -> None:
        self.topology, self.fixed = topology, fixed
        self.lock = RLock()
        self._writing = RLock()
        self.stamp = stamp
        self.at_ends = at_ends
        self.weights = checked_weights(weights, topology.arc_count)
        self._measured: dict[str, Measured] = {}
        self._slots = topology.hierarchy.customised(self.weights)

    @property
    def nbytes(self) -> int:
        """Memory of this metric."""
        beside = sum(kept.by_arc.nbytes + kept.by_slot.nbytes for kept in self._measured.values())
        beside += 0 if self.at_ends is None else self.at_ends.weights.nbytes
        return self.weights.nbytes + sum(array.nbytes for array in self._slots) + beside

    def update(
        self,
        arcs: ArrayLike,
        weights: ArrayLike,
        stamp: Any = None,
        at_ends: ArrayLike | None = None,
    ) -> None:
        """Give some arcs new weights: in place when few, else on a shadow that is swapped in.

        `at_ends` are theirs at the ends of paths; without them these are `weights` too.
        """
        numbers = checked_numbers(arcs, self.topology.arc_count, "arc")
        fresh = checked_weights(weights, len(numbers))
        ends = fresh if at_ends is None else checked_weights(at_ends, len(numbers))
        hierarchy = self.topology.hierarchy
        with self._writing:
            beside = self._ends_with(numbers.astype(np.int64), ends)
            changed = self.weights[numbers] != fresh
            numbers, fresh = numbers[changed], fresh[changed]
            whole = self.weights.copy()
            whole[numbers] = fresh
            shadow = hierarchy.customised(whole) if len(numbers) * SCATTERED > len(whole) else None
            with self.lock:
                if shadow is None and len(numbers):
                    hierarchy.renew(whole, numbers, *self._slots)
                self._slots = shadow or self._slots
                self.weights, self.stamp, self.at_ends = whole, stamp, beside

    def _ends_with(self, arcs: Ints, weights: Weights) -> AtEnds | None:
        if self.at_ends is None:
            return None
        whole = self.at_ends.weights.copy()
        whole[arcs] = weights
        return self.at_ends._replace(weights=whole)

    def in_one_state(self, work: Callable[[Metric], T]) -> T:
        """Return what several answers amount to that all show one state; others ask meanwhile.

        Where the state of this metric changes, the work is done anew on a copy that stays as it is.
        """
        stamp = self.stamp
        try:
            found = work(self)
        except Exception:
            if self.stamp is stamp:
                raise
        else:
            if self.stamp is stamp:
                return found
        with self.lock:
            weights, stamp, at_ends = self.weights, self.stamp, self.at_ends
        return work(Metric(self.topology, weights, stamp, at_ends, self.fixed))

    def path(self, source: int, target: int) -> tuple[int, Ints] | None:
        """Return the weight (ms or mm) and arcs (n,) of a shortest path, None when there is none.

        Raises
        ------
        ValueError
            A node number is none of the graph's.
        """
        found = self.join([source], NO_COST, [target], NO_COST)
        return None if found is None else (int(found.weight), found.arcs)

    def join(
        self, sources: Numbers, source_costs: Costs, targets: Numbers, target_costs: Costs
    ) -> Joined | None:
        """Return a cheapest way from one of several nodes to one of several, None without one.

        Parameters
        ----------
        sources, targets
            Node numbers, (n,) and (m,).
        source_costs, target_costs
            What beginning and ending there costs, in the unit of the weights, not negative.

        Raises
        ------
        ValueError
            A node number is none of the graph's, or a cost is negative or not finite.
        """
        topology, tree = self.topology, self.topology.hierarchy
        space = topology.lend()
        with self.lock:
            weight, source, target, arcs = join(
                tree.rank, tree.parent, tree.up_first, tree.up_head, tree.up_tail, *self._slots,
                np.asarray(sources, np.int64), np.asarray(source_costs, np.float64),
                np.asarray(targets, np.int64), np.asarray(target_costs, np.float64),
                space.out, space.into, space.out_arc, space.into_arc,
            )  # fmt: skip
        topology.take_back(space)
        if math.isnan(weight):
            raise ValueError(f"a node number outside 0..{topology.node_count - 1}, or a bad cost")
        return Joined(weight, source, target, arcs) if weight < INFINITE else None

    def join_turning(self, ends: Ends, key: Ints, back_ms: Signed, least: float) -> Joined | None:
        """Return a cheapest way on which every turn round counts, None without one.

        `key` and `back_ms` are by arc: what it costs more right after the same edge, or `INFINITE`.
        `least` is the weight of the way that `join` finds between the same ends.
        """
        graph, weights, limit = self.topology.graph, self.weights, round(least) + NEARBY_MS
        first, arc, _ = graph.outward
        while True:
            near = ends.into_cost <= limit
            begins = ends.into_node[near], ends.into_cost[near].astype(np.int64)
            nodes, lengths = within(graph.inward, weights, *begins, limit)
            left = np.full(self.topology.node_count, INFINITE, np.uint32)
            left[nodes] = lengths
            weight, source, target, arcs = search(
                first, arc, graph.arcs.head, weights, left, key, back_ms, *ends
            )
            if weight <= limit or limit == INFINITE - 1:
                return Joined(weight, source, target, arcs) if weight < INFINITE else None
            limit = min(WIDER * limit, INFINITE - 1)

    def matrix(self, sources: Numbers, targets: Numbers) -> NDArray[np.uint32]:
        """Return the (sources, targets) lengths, in the unit of the weights.

        `INFINITE` is where there is no path.

        Raises
        ------
        ValueError
            A node number is none of the graph's.
        """
        count, tree = self.topology.node_count, self.topology.hierarchy
        rows = checked_numbers(sources, count, "node").astype(np.int64)
        columns = checked_numbers(targets, count, "node").astype(np.int64)
        if not len(rows) or not len(columns):
            return np.full((len(rows), len(columns)), INFINITE, np.uint32)
        most = max(MANY, count // NODES_PER_ROW)
        if len(columns) <= FEW and len(rows) > most:
            return np.column_stack([self._lengths(int(n), True)[rows] for n in columns])
        if len(rows) <= FEW and len(columns) > most:
            return np.stack([self._lengths(int(n), False)[columns] for n in rows])
        space = self.topology.lend()
        with self.lock:
            lengths = table(
                tree.rank, tree.parent, tree.up_first, tree.up_head, self._slots[0], rows, columns,
                *space.table,
            )  # fmt: skip
        self.topology.take_back(space)
        return lengths

    def measured_matrix(
        self, sources: Numbers, targets: Numbers, measure: Measure
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """Return the (sources, targets) lengths as `matrix` does, and what these ways measure.

        Raises
        ------
        ValueError
            A node number is none of the graph's.
        """
        count, tree = self.topology.node_count, self.topology.hierarchy
        rows = checked_numbers(sources, count, "node").astype(np.int64)
        columns = checked_numbers(targets, count, "node").astype(np.int64)
        space = self.topology.lend()
        with self.lock:
            lengths, told = measured_table(
                tree.rank, tree.parent, tree.up_first, tree.up_head, self._slots[0],
                self.measured(measure).by_slot, rows, columns, *space.table, space.alongs,
            )  # fmt: skip
        self.topology.take_back(space)
        return lengths, told

    def measured(self, measure: Measure) -> Measured:
        """Return a measure of the weights now, kept while these stay as they are."""
        with self.lock:
            kept = self._measured.get(measure.name)
            if kept is None or kept.weights is not self.weights:
                at_ends = self.at_ends
                by_arc = measure.by_arc(self.weights if at_ends is None else at_ends.weights)
                by_slot = measure_slots(self._slots[1], by_arc)
                kept = self._measured[measure.name] = Measured(self.weights, by_arc, by_slot)
            return kept

    def _lengths(self, node: int, backward: bool) -> Weights:
        """Return how far every node is from one, or to it, by one search along the arcs."""
        lengths = np.full(self.topology.node_count, INFINITE, np.uint32)
        nodes, found = self.reach([node], [0], INFINITE - 1, backward=backward)
        lengths[nodes] = found
        return lengths

    def reach(
        self, sources: Numbers, offsets: Numbers, limit: int, *, backward: bool = False
    ) -> tuple[Ints, Ints]:
        """Return the nodes whose length from the sources is at most `limit`, and that length.

        Both are (n,), the nodes ascending; lengths, `offsets` and `limit` are in the unit of the
        weights; `backward` measures towards the sources.

        Raises
        ------
        ValueError
            A node, an offset or the limit is out of range.
        """
        nodes, begins = checked_sources(sources, offsets, limit, self.topology.node_count)
        graph = self.topology.graph
        beside = graph.inward if backward else graph.outward
        return within(beside, self.weights, nodes, begins, limit)

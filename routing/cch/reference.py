"""Dijkstra's algorithm as it stands in textbooks, to test the engine against."""

from __future__ import annotations

import heapq
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from routing.cch.checked import checked_weights
from routing.cch.engine import Costs, Joined, Numbers
from routing.graph.graph import Graph
from routing.graph.weights import INFINITE, NOTHING_FIXED, Fixed, Ints


class Reference:
    """Dijkstra's algorithm as in the textbook: what the fast engine is tested against."""

    at_ends = None

    def __init__(self, graph: Graph, weights: ArrayLike, fixed: Fixed = NOTHING_FIXED) -> None:
        self.weights = checked_weights(weights, len(graph.arcs))
        self.fixed = fixed
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

    def join(
        self, sources: Numbers, source_costs: Costs, targets: Numbers, target_costs: Costs
    ) -> Joined | None:
        """Return a cheapest way from one of several nodes to one of several, None without one."""
        best = None
        for i, (source, out) in enumerate(zip(sources, source_costs, strict=True)):
            for j, (target, into) in enumerate(zip(targets, target_costs, strict=True)):
                found = self.path(int(source), int(target))
                if found and (best is None or out + found[0] + into < best.weight):
                    best = Joined(out + found[0] + into, i, j, found[1])
        return best

    def matrix(self, sources: Numbers, targets: Numbers) -> NDArray[np.uint32]:
        """Return the (sources, targets) lengths (ms); `INFINITE` where there is no path."""
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
        """Return the nodes whose length (ms) from the sources is at most `limit`, and it."""
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

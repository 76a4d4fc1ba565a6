"""A slow judge of paths whose ends lead over private roads: Dijkstra over arcs and phases.

It finds the core by itself, from the graph and what the vehicle may use of it, and shares nothing
with the engine but the weights of arcs.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping, Sequence

from routing.graph.graph import Graph
from routing.graph.weights import Fixed
from routing.index.snap import SnapPoint

BEFORE, ON, BEHIND = range(3)
Lengths = dict[tuple[int, int], float]


class Judge:
    """The ways between spots, by weights (ms) by arc; one that is not there may not be used.

    `through` are those of through traffic, `at_ends` those that hold at the ends of a path; `core`
    are the nodes of the main network; `fixed` is what of weights is paid whole by who passes.
    """

    def __init__(
        self,
        graph: Graph,
        through: Mapping[int, float],
        at_ends: Mapping[int, float],
        core: set[int],
        fixed: Fixed,
    ) -> None:
        self._graph, self._through, self._at_ends = graph, through, at_ends
        begin, end = (dict.fromkeys(at_ends, 0.0) | dict(enumerate(f.tolist())) for f in fixed)
        self._begin, self._end = begin, end
        self._driving = {arc: w - begin[arc] - end[arc] for arc, w in at_ends.items()}
        self._tail, self._head = graph.arcs.tail.tolist(), graph.arcs.head.tolist()
        self._out: list[list[int]] = [[] for _ in range(graph.node_count)]
        for arc in at_ends:
            self._out[self._tail[arc]].append(arc)
        self.core = core

    def lengths(self, spots: Sequence[SnapPoint]) -> Lengths:
        """Return how far (ms) each node and phase is from spots."""
        queue: list[tuple[float, int, int]] = []
        for spot in spots:
            for key in (2 * spot.edge, 2 * spot.edge + 1):
                arc = int(self._graph.arcs.first[key])
                if self._graph.arcs.first[key + 1] > arc and arc in self._at_ends:
                    left = spot.fraction if key & 1 else 1 - spot.fraction
                    node = self._head[arc]
                    phase = ON if node in self.core else BEFORE
                    queue.append((self._driving[arc] * left + self._end[arc], node, phase))
        heapq.heapify(queue)
        seen: Lengths = {}
        while queue:
            far, node, phase = heapq.heappop(queue)
            if (node, phase) in seen:
                continue
            seen[node, phase] = far
            for arc in self._out[node]:
                for after in self._phases(arc, phase):
                    heapq.heappush(queue, (far + self._at_ends[arc], self._head[arc], after))
        return seen

    def _phases(self, arc: int, phase: int) -> list[int]:
        """Return the phases in which one may be after driving an arc."""
        tail, head = self._tail[arc] in self.core, self._head[arc] in self.core
        if phase == BEFORE:
            return [ON if head else BEFORE]
        found = [ON] if phase == ON and arc in self._through else []
        if phase == ON or not tail:
            found.append(BEHIND)
        return found

    def weight(self, sources: Sequence[SnapPoint], targets: Sequence[SnapPoint]) -> float:
        """Return the weight (ms) of the cheapest way, infinite where there is none."""
        return min((self.arrival(self.lengths(sources), t, sources) for t in targets), default=0.0)

    def arrival(self, known: Lengths, spot: SnapPoint, sources: Sequence[SnapPoint]) -> float:
        """Return how far a spot is by the lengths from others."""
        best = float("inf")
        for key in (2 * spot.edge, 2 * spot.edge + 1):
            share = 1 - spot.fraction if key & 1 else spot.fraction
            low, high = self._graph.arcs.first[key : key + 2].tolist()
            for arc in range(low, high):
                if arc not in self._at_ends:
                    continue
                for phase in (BEFORE, ON, BEHIND):
                    behind_core = phase == BEHIND and self._tail[arc] in self.core
                    if (self._tail[arc], phase) in known and not behind_core:
                        far = known[self._tail[arc], phase] + self._begin[arc]
                        far += self._driving[arc] * share
                        best = min(best, far)
            if high > low and low in self._at_ends:
                for other in sources:
                    begun = 1 - other.fraction if key & 1 else other.fraction
                    if other.edge == spot.edge and begun <= share:
                        best = min(best, self._driving[low] * (share - begun))
        return best


def core_of(graph: Graph, through: Collection[int]) -> set[int]:
    """Return the nodes of the main network, where all roads are open to the vehicle at some end.

    Of what hangs together it is the largest part that does so for through traffic, if that is large
    (as large as any, on a small map); elsewhere the largest there is. With it go copies of its
    junctions from which one drives on in it.
    """
    every = range(len(graph.arcs))
    whole, own = (_parts(_ahead(graph, arcs)) for arcs in (every, through))
    loose = _parts([a | b for a, b in zip(_ahead(graph, every), _behind(graph), strict=True)])
    most = max(map(len, own))
    found = _largest([n for n in range(graph.node_count) if len(own[n]) == most], whole, own)
    rest = [n for n in range(graph.node_count) if not loose[n] & found]
    found |= _largest(rest, loose, own)
    ahead = _ahead(graph, through)
    place = [*zip(graph.lon.tolist(), graph.lat.tolist(), strict=True)]
    known = {place[node] for node in found}
    while True:
        more = {n for n, a in enumerate(ahead) if place[n] in known and a & found} - found
        if not more:
            return found
        found |= more


def _ahead(graph: Graph, arcs: Collection[int]) -> list[set[int]]:
    ahead: list[set[int]] = [set() for _ in range(graph.node_count)]
    for arc in arcs:
        ahead[int(graph.arcs.tail[arc])].add(int(graph.arcs.head[arc]))
    return ahead


def _behind(graph: Graph) -> list[set[int]]:
    behind: list[set[int]] = [set() for _ in range(graph.node_count)]
    for tail, head in zip(graph.arcs.tail.tolist(), graph.arcs.head.tolist(), strict=True):
        behind[head].add(tail)
    return behind


def _parts(ahead: list[set[int]]) -> list[frozenset[int]]:
    """Return for each node those that it reaches and that reach it."""
    reached = [_reached(ahead, node) for node in range(len(ahead))]
    return [frozenset(n for n in mine if node in reached[n]) for node, mine in enumerate(reached)]


def _largest(
    nodes: Sequence[int], whole: list[frozenset[int]], own: list[frozenset[int]]
) -> set[int]:
    """Return of each whole its largest part, of equal ones that of the first node."""
    best: dict[frozenset[int], frozenset[int]] = {}
    for node in nodes:
        known = best.setdefault(whole[node], own[node])
        if len(own[node]) > len(known):
            best[whole[node]] = own[node]
    return set().union(*best.values())


def _reached(ahead: Sequence[set[int]], node: int) -> set[int]:
    found, queue = {node}, [node]
    while queue:
        for other in ahead[queue.pop()] - found:
            found.add(other)
            queue.append(other)
    return found

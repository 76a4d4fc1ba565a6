"""The smallest set of missing values that would decide: what must be known for a vessel to pass.

Each edge that refuses nothing for sure has sets of unknowns of which one must become known. A way
needs the union of one set of each of its edges; what several edges wait for, such as the level of
one gauge, counts once. Without such sharing the least union is a shortest path by counts. With it,
the search branches on one shared unknown at a time: it is asked for (one more, and free from then
on), or no edge may wait for it. Unknowns that are undecided yet cost nothing, which is a lower
bound, so the first way whose unknowns are all decided has the least (branch and bound, best first).
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, product
from typing import NamedTuple

import numpy as np

from routing.cch.engine import Metric, Topology
from routing.graph.graph import Graph
from routing.graph.weights import INFINITE, Floats, Ints, Weights
from routing.index.snap import SnapPoint
from routing.query.driven_leg import Leg
from routing.query.leg import find_leg, find_legs
from routing.stopping import check
from routing.waterway.judge import Unknown, least_sets

Sets = Mapping[int, Sequence[frozenset[Unknown]]]
"""By edge the least sets of unknowns, where there are any: one of them must become known."""
COUNT = 1 << 16
"""What one unknown weighs; times of ways are scaled so that all together weigh less."""
MOST_STEPS = 400
"""Branches that are looked at before the best way so far is returned without proof."""


@dataclass(frozen=True)
class Missing:
    """The fewest unknowns that a way waits for, and that way; `proven` is that none has fewer."""

    unknowns: frozenset[Unknown]
    by_edge: Mapping[int, frozenset[Unknown]]
    legs: list[Leg]
    proven: bool


class _Branch(NamedTuple):
    """What is decided: unknowns that are asked for, and unknowns that no edge may wait for."""

    asked: frozenset[Unknown]
    barred: frozenset[Unknown]


class Waiting:
    """Of each edge the least sets of unknowns that it waits for, and what several edges share."""

    def __init__(self, sets: Sets, edges: int) -> None:
        self.sets = sets
        self.waiting: dict[Unknown, list[int]] = defaultdict(list)
        for edge, ways in sets.items():
            for unknown in frozenset().union(*ways):
                self.waiting[unknown].append(edge)
        self.shared = {unknown for unknown, own in self.waiting.items() if len(own) > 1}
        self.own = np.zeros(edges, np.int64)
        for edge in sets:
            self.own[edge] = self.least_own(sets[edge])

    def least_own(self, ways: Sequence[frozenset[Unknown]]) -> int:
        """Return what the way with the fewest unknowns of its own weighs; no way is infinite."""
        return COUNT * min((len(way - self.shared) for way in ways), default=INFINITE)


def fewest(
    graph: Graph,
    topology: Topology,
    weights: Weights,
    waiting: Waiting,
    places: Sequence[Sequence[SnapPoint]],
) -> Missing | None:
    """Return the least set of unknowns whose knowledge would decide, None where no way is left.

    Parameters
    ----------
    graph, topology
        The network.
    weights
        Travel times (ms) by arc, infinite where closed or refused for sure.
    waiting
        What edges that are not decided wait for.
    places
        Where the vessel begins, passes and ends.
    """
    found: Missing | None = None
    scaled = _scaled(weights)
    for spots in product(*places):
        one = _Search(graph, topology, scaled, waiting, spots).run()
        if one and (found is None or len(one.unknowns) < len(found.unknowns)):
            found = one
    return found


def fewest_of(sets: Sets) -> Missing:
    """Return the fewest unknowns of edges that are all to be passed.

    Edges are taken one after another, those of fewest ways first, and unions that hold another one
    are dropped: what is left at the end is the least.
    """
    unions: dict[frozenset[Unknown], dict[int, frozenset[Unknown]]] = {frozenset(): {}}
    proven = True
    for edge in sorted(sets, key=lambda one: (len(sets[one]), one)):
        found = {
            union | way: {**chosen, edge: way}
            for union, chosen in unions.items() for way in sets[edge]
        }  # fmt: skip
        kept = least_sets(found)
        proven &= len(kept) <= MOST_STEPS
        unions = {union: found[union] for union in kept[:MOST_STEPS]}
    best = min(unions, key=len, default=frozenset[Unknown]())
    return Missing(best, unions.get(best, {}), [], proven)


class _Search:
    """Looks for the fewest unknowns between spots that are each on one edge."""

    def __init__(
        self,
        graph: Graph,
        topology: Topology,
        time: Ints,
        waiting: Waiting,
        spots: Sequence[SnapPoint],
    ) -> None:
        self._graph, self._topology, self._waiting = graph, topology, waiting
        self._spots = [[spot] for spot in spots]
        # Every way runs over the edges that the spots are on: they weigh nothing in the search, as
        # part of an edge would weigh part of an unknown, and count with the way that is found.
        self._given = {spot.edge for spot in spots}
        self._shared = waiting.shared
        self._time = time

    def run(self) -> Missing | None:
        """Return the fewest, None where there is no way."""
        best: Missing | None = None
        number = count()
        root = _Branch(frozenset(), frozenset())
        queue: list[tuple[int, int, _Branch, list[Leg]]] = []
        self._push(queue, number, root)
        for _ in range(MOST_STEPS):
            if not queue:
                return best
            check()
            bound, _, branch, legs = heapq.heappop(queue)
            if best is not None and bound >= len(best.unknowns):
                return best
            way = self._waits(legs, branch)
            if best is None or len(way.unknowns) < len(best.unknowns):
                best = way
            undecided = (way.unknowns & self._shared) - branch.asked
            if not undecided:
                continue
            chosen = min(undecided)
            self._push(queue, number, branch._replace(asked=branch.asked | {chosen}))
            self._push(queue, number, branch._replace(barred=branch.barred | {chosen}))
        return None if best is None else Missing(best.unknowns, best.by_edge, best.legs, False)

    def _push(
        self, queue: list[tuple[int, int, _Branch, list[Leg]]], number: count[int], branch: _Branch
    ) -> None:
        metric = Metric(self._topology, self._weights(branch))
        legs = find_legs(partial(find_leg, self._graph, metric, metric.weights), self._spots)
        if legs is None:
            return
        private = [self._least(edge, branch) - self._shared for edge in _driven(legs)]
        bound = len(branch.asked) + len(frozenset().union(*private))
        heapq.heappush(queue, (bound, next(number), branch, legs))

    def _weights(self, branch: _Branch) -> Weights:
        """Return the weights on which a way with the fewest unknowns of its own is the cheapest."""
        extra = self._waiting.own.copy()
        for unknown in branch.barred:
            for edge in self._waiting.waiting[unknown]:
                extra[edge] = self._waiting.least_own(self._open(edge, branch))
        given = list(self._given)
        extra[given] = np.where(extra[given] >= INFINITE, INFINITE, 0)
        whole = self._time + extra[self._graph.arcs.edge]
        shut = (self._time >= INFINITE) | (whole >= INFINITE)
        return np.where(shut, INFINITE, whole).astype(np.uint32)

    def _open(self, edge: int, branch: _Branch) -> list[frozenset[Unknown]]:
        return [way for way in self._waiting.sets.get(edge, ()) if not way & branch.barred]

    def _least(self, edge: int, branch: _Branch) -> frozenset[Unknown]:
        """Return the set of an edge that adds fewest to what is asked for."""
        ways = self._open(edge, branch) or [frozenset()]
        return min(ways, key=lambda way: (len(way - self._shared), len(way - branch.asked)))

    def _waits(self, legs: list[Leg], branch: _Branch) -> Missing:
        by_edge = {edge: self._least(edge, branch) for edge in _driven(legs)}
        waiting = {edge: way for edge, way in by_edge.items() if way}
        return Missing(frozenset().union(*waiting.values()), waiting, legs, True)


def _driven(legs: Sequence[Leg]) -> list[int]:
    """Return the edges of which a part is passed, each once."""
    passed = [leg.edges[leg.stop > leg.start] for leg in legs]
    edges: Ints = np.concatenate(passed) if passed else np.zeros(0, np.int64)
    return [int(edge) for edge in dict.fromkeys(edges.tolist())]


def _scaled(weights: Weights) -> Ints:
    """Return times that all together weigh less than one unknown; `INFINITE` stays."""
    open_ = weights < INFINITE
    total: Floats = weights[open_].astype(np.float64).sum()
    scale = min(1.0, (COUNT - 1) / max(float(total), 1.0))
    scaled = np.floor(weights.astype(np.float64) * scale).astype(np.int64)
    return np.where(open_, scaled, INFINITE)

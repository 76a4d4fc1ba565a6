"""What must give for a refused vehicle to pass: the cheapest sets of places to waive.

A *place* is a run of blocked edges with no junction inside, such as one low tunnel. A way costs its
driving time plus a fixed number of hours (rule `road.relax`) for each place that it passes; a part
of a place counts by its length. The first set is that of the cheapest way of all. Each next one is
that of the cheapest way whose places hold none of the earlier sets: to miss a set is to miss one of
its places, so the ways are searched once for each place that may be shut instead (Lawler, "A
procedure for computing the k best solutions", Management Science 18, 1972).
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy  # loads its heavy parts when they are first used

from routing.cch.engine import Metric, Topology
from routing.graph.enclaves import AtEnds
from routing.graph.graph import Graph
from routing.graph.weights import INFINITE, LARGEST, Bools, Fixed, Floats, Ints, Weights
from routing.index.snap import SnapPoint
from routing.query.driven_leg import Leg
from routing.query.leg import find_leg, find_legs

MS_PER_H = 3_600_000
MOST_PLACES = 40  # of one way: each costs a search, and their hours must fit a weight


@dataclass(frozen=True)
class Relaxed:
    """A way that is open once some places are waived; `places` are their keys on the way."""

    legs: list[Leg]
    places: list[list[int]]
    cost_ms: float


@dataclass(frozen=True)
class BlockedPlaces:
    """Blocked keys by place: `of_key` is -1 off them, `share` the part of a place's length."""

    of_key: Ints
    share: Floats

    @classmethod
    def of(cls, graph: Graph, weights: Weights, blocked: Bools) -> BlockedPlaces:
        """Join blocked edges that meet where no other drivable edge does."""
        edges = graph.edges
        used = np.zeros(len(edges), np.bool_)
        used[graph.arcs.edge[weights < INFINITE]] = True
        count = int(max(edges.tail.max(initial=-1), edges.head.max(initial=-1))) + 1
        degree = np.bincount(np.concatenate([edges.tail[used], edges.head[used]]), minlength=count)
        chosen = np.flatnonzero((blocked[0::2] | blocked[1::2]) & used)
        tail, head = edges.tail[chosen].astype(np.int64), edges.head[chosen].astype(np.int64)
        label = _joined(tail, head, degree)
        length = np.maximum(edges.length_m[chosen], 0.001)
        whole = np.bincount(label, weights=length, minlength=1)
        of_edge = np.full(len(edges), -1, np.int64)
        share = np.zeros(len(edges))
        of_edge[chosen], share[chosen] = label, length / whole[label] if len(label) else 0.0
        of_key = np.where(blocked, np.repeat(of_edge, 2), -1)
        return cls(of_key, np.where(blocked, np.repeat(share, 2), 0.0))

    def on(self, legs: Sequence[Leg]) -> dict[int, list[int]]:
        """Return the places that a way passes in order, each with its keys on the way.

        Of an edge that is driven both ways the first key is there.
        """
        found: dict[int, list[int]] = {}
        for leg in legs:
            for key in leg.keys[leg.stop > leg.start].tolist():
                place = int(self.of_key[key])
                if place >= 0 and not {key, key ^ 1} & {*found.setdefault(place, [])}:
                    found[place].append(key)
        return found


def _joined(tail: Ints, head: Ints, degree: Ints) -> Ints:
    """Number groups of edges that hang together over nodes of degree 2."""
    ends = np.concatenate([tail, head])
    number = np.tile(np.arange(len(tail)), 2)
    inner = degree[ends] == 2
    order = np.argsort(ends[inner], kind="stable")
    node, edge = ends[inner][order], number[inner][order]
    same = node[1:] == node[:-1]
    pairs = edge[:-1][same], edge[1:][same]
    shape = len(tail), len(tail)
    matrix = scipy.sparse.coo_matrix((np.ones(len(pairs[0]), np.int8), pairs), shape=shape)
    label = scipy.sparse.csgraph.connected_components(matrix, directed=False)[1]
    return np.asarray(label, np.int64)


class _Search:
    """One metric on which blocked edges cost hours, some of them shut for a while."""

    def __init__(
        self,
        graph: Graph,
        topology: Topology,
        weights: Weights,
        at_ends: AtEnds | None,
        fixed: Fixed,
        places: BlockedPlaces,
        hours: float,
    ) -> None:
        self._graph, self._places = graph, places
        extra = np.rint(places.share[graph.arcs.key] * hours * MS_PER_H).astype(np.int64)
        self._weights = _heavier(weights, extra)
        self._at_ends = at_ends and at_ends._replace(weights=_heavier(at_ends.weights, extra))
        self._metric = Metric(topology, self._weights, None, self._at_ends, fixed)
        self._arc_place = places.of_key[graph.arcs.key]

    def without(self, shut: frozenset[int], spots: Sequence[list[SnapPoint]]) -> Relaxed | None:
        """Return the cheapest way that passes none of the places `shut`."""
        arcs = np.flatnonzero(np.isin(self._arc_place, list(shut)))
        self._metric.update(arcs, np.full(len(arcs), INFINITE, np.uint32))
        try:
            return self._way(spots)
        finally:
            before = self._at_ends and self._at_ends.weights[arcs]
            self._metric.update(arcs, self._weights[arcs], at_ends=before)

    def _way(self, spots: Sequence[list[SnapPoint]]) -> Relaxed | None:
        metric = self._metric
        legs = find_legs(partial(find_leg, self._graph, metric, metric.weights), spots)
        if legs is None:
            return None
        passed = self._places.on(legs)
        return Relaxed(legs, list(passed.values()), sum(leg.weight for leg in legs))


def _heavier(weights: Weights, extra: Ints) -> Weights:
    """Return weights with so much more each, those that are finite."""
    heavy = np.minimum(weights.astype(np.int64) + extra, LARGEST)
    return np.where(weights == INFINITE, INFINITE, heavy).astype(np.uint32)


def relaxations(
    graph: Graph,
    topology: Topology,
    weights: Weights,
    at_ends: AtEnds | None,
    fixed: Fixed,
    blocked: Bools,
    spots: Sequence[list[SnapPoint]],
    hours: float,
    count: int,
) -> list[Relaxed]:
    """Return the cheapest ways to pass if some places are waived, each with another set of them.

    `weights` are of a vehicle that nothing refuses, infinite where closures or avoidances hold,
    `at_ends` such at ends of paths, `fixed` what of both is paid whole; keys `blocked` refuse it.
    """
    places = BlockedPlaces.of(graph, at_ends.weights if at_ends else weights, blocked)
    search = _Search(graph, topology, weights, at_ends, fixed, places, hours)
    queue: list[tuple[float, int, frozenset[int], Relaxed]] = []
    seen, sets, found = set[frozenset[int]](), list[frozenset[int]](), list[Relaxed]()

    def look(shut: frozenset[int]) -> None:
        way = None if shut in seen else search.without(shut, spots)
        seen.add(shut)
        if way is not None:
            heapq.heappush(queue, (way.cost_ms, len(seen), shut, way))

    look(frozenset())
    while queue and len(found) < count:
        _, _, shut, way = heapq.heappop(queue)
        passed = frozenset(places.on(way.legs))
        if not 0 < len(passed) <= MOST_PLACES:
            break
        held = next((earlier for earlier in sets if earlier <= passed), None)
        if held is None:
            found.append(way)
            sets.append(passed)
        for place in passed if held is None and len(found) < count else held or ():
            look(shut | {place})
    return found

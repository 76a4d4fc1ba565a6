"""The two sides of a leg: how its places meet the nodes of the search, and what was driven."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from routing.cch.arc_search import Ends as TurningEnds
from routing.cch.engine import Joined
from routing.graph.enclaves import AtEnds
from routing.graph.graph import Graph
from routing.graph.weights import Fixed, Floats, Ints, Weights
from routing.index.snap import SnapPoint
from routing.query import enclave
from routing.query.access import flat
from routing.query.driven_leg import Leg
from routing.query.enclave import Ends, Gates, Stretch
from routing.query.leg_kernels import ALONG, SPOT, meet, parts


class _Way(NamedTuple):
    """A way from an end to another one; so many of its arcs are driven before and after the core.

    Off it where it never comes to the core.
    """

    weight: float
    i: int
    j: int
    arcs: Ints
    before: int
    after: int
    off: bool = False


class Sides:
    """The ways off the first `count` of some spots, and those to the others.

    `direct` is the weight (ms) of the cheapest drive along one edge, infinite where there is none.
    """

    def __init__(
        self,
        graph: Graph,
        weights: Weights,
        at_ends: AtEnds | None,
        fixed: Fixed,
        spots: Sequence[SnapPoint],
        count: int,
    ) -> None:
        self._graph, self._at_ends = graph, at_ends
        self._spots, self._count = spots, count
        arcs, open_ = graph.arcs, weights if at_ends is None else at_ends.weights
        outs, out_costs, intos, into_costs, self._ends, self.direct, self._i, self._j = meet(
            flat(spots), count, arcs.first, open_, *fixed, arcs.head, arcs.tail
        )
        self._out_count = len(outs)
        self._outs = Ends(outs, out_costs, self._ends[: len(outs)])
        self._intos = Ends(intos, into_costs, self._ends[len(outs) :])
        self._gates: tuple[Gates, Gates] | None = None
        if at_ends is not None and enclave.enclosed(at_ends, outs, intos):
            self._gates = (
                enclave.find_gates(graph, at_ends, self._outs, backward=False),
                enclave.find_gates(graph, at_ends, self._intos, backward=True),
            )

    @property
    def joins(self) -> tuple[Ints, Floats, Ints, Floats]:
        """The nodes off which the search begins and at which it ends, each with its cost (ms)."""
        if self._gates is None:
            return *self._outs[:2], *self._intos[:2]
        off, onto = self._gates
        return off.node, off.cost, onto.node, onto.cost

    @property
    def turning_joins(self) -> TurningEnds:
        """The `joins` with the keys beside them."""
        if self._gates is None:
            away, near = self._outs.keys(backward=False), self._intos.keys(backward=True)
            return TurningEnds(*self._outs[:2], away, *self._intos[:2], near, self._intos.arcs)
        off, onto = self._gates
        return TurningEnds(off.node, off.cost, off.key, onto.node, onto.cost, onto.key, onto.arc)

    def best(self, around: Joined | None) -> Leg | None:
        """Return the cheapest of a way over the core and those beside it, None without any."""
        inside = None if self._gates is None else self._inside(*self._gates)
        within = min(self.direct, math.inf if inside is None else inside.weight)
        if around is not None and around.weight < within:
            return self._over(self._way(around))
        if inside is not None and inside.weight < self.direct:
            return self._over(inside)
        return self._along() if self.direct < math.inf else None

    def _inside(self, off: Gates, onto: Gates) -> _Way | None:
        """Return the cheapest way that leaves the enclaves of the places nowhere."""
        if self._at_ends is None:
            return None
        enclaves = self._at_ends.enclaves
        ends = np.array([0, len(self._intos.nodes)], np.int64)
        found = enclave.drive_inside(self._graph, enclaves, self._outs, off, self._intos, ends)
        weight = float(found.cost[0])
        if weight == math.inf:
            return None
        i, arcs = enclave.driven_to(enclaves, off, int(found.state[0]))
        return _Way(weight, i, int(found.end[0]), arcs, 0, len(arcs), off=True)

    def _way(self, around: Joined) -> _Way:
        """Return a way over the core with what is driven before and after it."""
        weight, i, j, between = around
        if self._gates is None or self._at_ends is None:
            return _Way(weight, i, j, between, 0, 0)
        (off, onto), enclaves = self._gates, self._at_ends.enclaves
        first, before = enclave.driven_to(enclaves, off, int(off.state[i]))
        last, after = enclave.driven_from(enclaves, onto, int(onto.state[j]))
        arcs = np.concatenate([before, between, after])
        return _Way(weight, first, last, arcs, len(before), len(after))

    def _over(self, way: _Way) -> Leg:
        into = self._out_count + way.j
        driven = parts(self._ends, way.i, into, way.arcs, self._graph.arcs.key)
        source, target = self._spots_of(way.i, way.j)
        begin, end = self._stretches(way)
        return Leg(source, target, *driven, way.weight, begin, end)

    def _along(self) -> Leg:
        """Return the drive along one edge."""
        arc = self._outs.arcs[self._i : self._i + 1]
        ends = self._ends[[self._i, self._out_count + self._j], ALONG]
        last = None
        if self._at_ends is not None:
            last = enclave.last_stretch(self._at_ends.enclaves, arc)
        spots = self._spots_of(self._i, self._j)
        return Leg(
            *spots, self._graph.arcs.key[arc], ends[:1], ends[1:], arc, self.direct, None, last
        )

    def _spots_of(self, i: int, j: int) -> tuple[SnapPoint, SnapPoint]:
        source, target = int(self._outs.table[i, SPOT]), int(self._intos.table[j, SPOT])
        return self._spots[source], self._spots[self._count + target]

    def _stretches(self, way: _Way) -> tuple[Stretch | None, Stretch | None]:
        if self._at_ends is None:
            return None, None
        enclaves = self._at_ends.enclaves
        off = self._outs.arcs[way.i : way.i + 1]
        onto = self._intos.arcs[way.j : way.j + 1]
        if self._gates is None and not enclaves.private[[off[0], onto[0]]].any():
            return None, None
        first = np.concatenate([off, way.arcs[: way.before]])
        last = np.concatenate([way.arcs[len(way.arcs) - way.after :], onto])
        if way.off:
            return None, enclave.last_stretch(enclaves, np.concatenate([off, last]))
        begin = enclave.first_stretch(self._graph, enclaves, first)
        return begin, enclave.last_stretch(enclaves, last)

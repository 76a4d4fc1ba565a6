"""The earliest arrival under bans by the clock, which are looked at where a road is entered.

Nobody waits on the way. A ban that begins while one drives never makes it worse to be early, so
Dijkstra's algorithm is exact where no ban of the vehicle ends between departure and arrival (first
in, first out). Where one does, the way is legal and maybe not the fastest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

import numpy as np

from routing.cost.time_bans import Bans
from routing.cost.weekly_hours import WEEK_MIN, minute_of_week
from routing.graph.graph import Graph
from routing.graph.weights import Ints, Weights
from routing.index.snap import SnapPoint
from routing.query.access import flat
from routing.query.leg import Leg
from routing.query.leg_kernels import ALONG, KEY, SPOT, meet, parts
from routing.query.time_dependent_kernels import soonest
from routing.stopping import check


class TimeDependentSearch:
    """Searches on one graph with given weights (ms by arc) that leave at one time."""

    def __init__(self, graph: Graph, weights: Weights, bans: Bans, depart: datetime) -> None:
        arcs = graph.arcs
        self._graph, self._weights, self._bans = graph, weights, bans
        self._minute = minute_of_week(depart)
        self._row = bans.code[arcs.key].astype(np.int32)

    def legs(self, places: Sequence[Sequence[SnapPoint]]) -> list[Leg] | None:
        """Return the legs between places, each driven after the one before; None without a way."""
        legs: list[Leg] = []
        passed = 0.0
        for first, target in pairwise(places):
            check()
            leg = self._leg([legs[-1].target] if legs else first, target, passed)
            if leg is None:
                return None
            legs.append(leg)
            passed += leg.weight
        return legs

    def _leg(
        self, sources: Sequence[SnapPoint], targets: Sequence[SnapPoint], passed: float
    ) -> Leg | None:
        arcs, spots = self._graph.arcs, [*sources, *targets]
        outs, out_costs, intos, into_costs, ends, direct, i, j = meet(
            flat(spots), len(sources), arcs.first, self._weights, arcs.head, arcs.tail
        )
        rows = self._bans.code[ends[:, KEY].astype(np.int64)].astype(np.int32)
        leaving = self._graph.outward
        best, target, came = soonest(
            leaving.arc, leaving.first, arcs.head, self._weights, self._row, self._bans.weeks,
            self._minute, passed, outs, out_costs, rows[: len(outs)], intos, into_costs,
            rows[len(outs) :],
        )  # fmt: skip
        minute = int((self._minute + passed / 60_000) % WEEK_MIN)
        may = direct < math.inf and not self._bans.weeks[rows[i], minute]
        if may and passed + direct <= best:
            weight, (start, stop) = direct, ends[[i, len(outs) + j], ALONG].tolist()
            driven = ends[i : i + 1, KEY].astype(np.int64), np.array([start]), np.array([stop])
        elif best < math.inf:
            weight, j = best - passed, target
            i, between = self._unwind(int(intos[j]), came)
            driven = parts(ends, i, len(outs) + j, between, arcs.key)
        else:
            return None
        source, last = int(ends[i, SPOT]), int(ends[len(outs) + j, SPOT])
        return Leg(sources[source], targets[last], *driven, weight)

    def _unwind(self, node: int, came: Ints) -> tuple[int, Ints]:
        """Return the end from which a node was reached, and the arcs driven to it."""
        back = []
        while came[node] >= 0:
            back.append(int(came[node]))
            node = int(self._graph.arcs.tail[back[-1]])
        return -2 - int(came[node]), np.array(back[::-1], np.int64)

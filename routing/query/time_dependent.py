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
from routing.graph.enclaves import AtEnds
from routing.graph.graph import Graph
from routing.graph.weights import Fixed, Ints, Weights
from routing.index.snap import SnapPoint
from routing.query.access import flat
from routing.query.driven_leg import Leg
from routing.query.enclave import Stretch, first_stretch, last_stretch
from routing.query.leg import alone
from routing.query.leg_kernels import ALONG, ARC, KEY, SPOT, meet, parts
from routing.query.time_dependent_kernels import BEFORE, BEHIND, PHASES, soonest
from routing.stopping import check

NOTHING = np.zeros(0)


class TimeDependentSearch:
    """Searches on one graph with given weights (ms by arc) that leave at one time.

    `at_ends` are those at the ends of paths, None where they are no others; `fixed` is what of both
    is paid whole.
    """

    def __init__(
        self,
        graph: Graph,
        weights: Weights,
        at_ends: AtEnds | None,
        fixed: Fixed,
        bans: Bans,
        depart: datetime,
    ) -> None:
        arcs = graph.arcs
        self._graph, self._weights, self._bans, self._fixed = graph, weights, bans, fixed
        self._enclaves = None if at_ends is None else at_ends.enclaves
        self._ends, self._of_node = weights, np.full(graph.node_count, -1, np.int32)
        if at_ends is not None:
            self._ends, self._of_node = at_ends.weights, at_ends.enclaves.of_node
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
            flat(spots), len(sources), arcs.first, self._ends, *self._fixed, arcs.head, arcs.tail
        )
        rows = self._bans.code[ends[:, KEY].astype(np.int64)].astype(np.int32)
        leaving = self._graph.outward
        best, *target, came = soonest(
            leaving.arc, leaving.first, arcs.head, self._weights, self._ends, self._of_node,
            self._row, self._bans.weeks, self._minute, passed,
            outs, out_costs, rows[: len(outs)], intos, into_costs, rows[len(outs) :],
        )  # fmt: skip
        minute = int((self._minute + passed / 60_000) % WEEK_MIN)
        may = direct < math.inf and not self._bans.weeks[rows[i], minute]
        if may and passed + direct <= best:
            weight, (start, stop) = direct, ends[[i, len(outs) + j], ALONG].tolist()
            driven, (first, last) = alone(ends[i], start, stop), (NOTHING, ends[i : i + 1, ARC])
        elif best < math.inf:
            weight, (j, state) = best - passed, target
            i, between, phase = self._unwind(state, came)
            driven = parts(ends, i, len(outs) + j, between, arcs.key)
            off, onto = ends[[i], ARC], ends[[len(outs) + j], ARC]
            first = np.concatenate([off, between[phase == BEFORE]])
            last = np.concatenate([between[phase == BEHIND], onto])
            if state < self._graph.node_count:
                first, last = NOTHING, np.concatenate([first, onto])
        else:
            return None
        source, goal = int(ends[i, SPOT]), int(ends[len(outs) + j, SPOT])
        stretches = self._stretches(first.astype(np.int64), last.astype(np.int64))
        return Leg(sources[source], targets[goal], *driven, weight, *stretches)

    def _stretches(self, first: Ints, last: Ints) -> tuple[Stretch | None, Stretch | None]:
        """Return the stretches of arcs driven before the core, and of those driven off it."""
        if self._enclaves is None:
            return None, None
        begin = first_stretch(self._graph, self._enclaves, first)
        return begin, last_stretch(self._enclaves, last)

    def _unwind(self, state: int, came: Ints) -> tuple[int, Ints, Ints]:
        """Return the end from which a state was reached, and the arcs driven with their phases."""
        back, phases, count = [], [], self._graph.node_count
        while came[state] >= 0:
            arc, before = divmod(int(came[state]), PHASES)
            back.append(arc)
            phases.append(before if before == BEFORE else state // count)
            state = before * count + int(self._graph.arcs.tail[arc])
        driven = np.array(back[::-1], np.int64), np.array(phases[::-1], np.int64)
        return -2 - int(came[state]), *driven

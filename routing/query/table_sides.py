"""The two sides of a table: how its places meet the nodes of the search, also out of enclaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from routing.cch.engine import Metric
from routing.graph.enclaves import AtEnds
from routing.graph.graph import Graph
from routing.graph.weights import Floats, Ints, Weights
from routing.index.snap import SnapPoint
from routing.query.access import ends_of
from routing.query.enclave import Ends, Gates, drive_inside, enclosed, find_gates, measure_ways
from routing.query.leg_kernels import ALONG, ARC, SPOT

Places = Sequence[Sequence[SnapPoint]]
"""Of each place the spots that it may be snapped to."""
NO_ARC = -1, -2
"""What stands for the arc of a way out of an enclave, and into one: nothing else is on it."""


class Side(NamedTuple):
    """The ends of places as the kernels of tables take them; `nodes[at]` is by end.

    Those of place `p` are `first[p]` to `first[p + 1]`; `told` is by end what it measures.
    """

    nodes: Ints
    at: Ints
    costs: Floats
    table: Floats
    first: Ints
    told: Floats


class Within(NamedTuple):
    """Drives between places that stay inside an enclave.

    `row` and `column` are places of the sides; beside them weights (ms) and measures.
    """

    row: Ints
    column: Ints
    cost: Floats
    told: Floats

    def put_into(self, found: Floats, told: Floats | None = None) -> None:
        """Write those into a table that are cheaper than what stands there."""
        better = self.cost < found[self.row, self.column]
        at = self.row[better], self.column[better]
        found[at] = self.cost[better]
        if told is not None:
            told[at] = self.told[better]


class _Plain(NamedTuple):
    """The ends of places on their own edges, where each place begins, and what they measure.

    `enclosed` are the places of which some end lies in an enclave.
    """

    ends: Ends
    first: Ints
    told: Floats
    enclosed: list[int]

    def of(self, place: int) -> Ends:
        """Return the ends of one place."""
        return self.ends.of(slice(self.first[place], self.first[place + 1]))


class TargetSide(NamedTuple):
    """The targets of a table: their side, and their ends in enclaves by place."""

    side: Side
    plain: _Plain


def target_side(graph: Graph, metric: Metric, targets: Places, measure: Weights) -> TargetSide:
    """Return the side of targets; `measure` is by arc, or empty where nothing is measured."""
    plain = _plain(graph, metric, targets, measure, backward=True)
    parts = {}
    if metric.at_ends is not None:
        for place in plain.enclosed:
            ends = plain.of(place)
            gates = find_gates(graph, metric.at_ends, ends, backward=True)
            parts[place] = _through(metric.at_ends, plain, place, gates, measure, backward=True)
    return TargetSide(_side(plain, parts), plain)


def source_side(
    graph: Graph, metric: Metric, sources: Places, targets: TargetSide, measure: Weights
) -> tuple[Side, Within | None]:
    """Return the side of sources, and the drives to targets that need no core."""
    plain = _plain(graph, metric, sources, measure, backward=False)
    parts, within = {}, []
    if metric.at_ends is not None:
        goals = _goals(targets.plain)
        for place in plain.enclosed:
            ends = plain.of(place)
            gates = find_gates(graph, metric.at_ends, ends, backward=False)
            parts[place] = _through(metric.at_ends, plain, place, gates, measure, backward=False)
            if len(goals.places):
                begun = plain.told[plain.first[place] : plain.first[place + 1]]
                drives = _inside(graph, metric.at_ends, ends, begun, gates, goals, measure)
                within.append(Within(np.full(len(drives[0]), place), *drives))
    together = Within(*map(np.concatenate, zip(*within, strict=True))) if within else None
    return _side(plain, parts), together


def _plain(
    graph: Graph, metric: Metric, places: Places, measure: Weights, *, backward: bool
) -> _Plain:
    ends = ends_of(graph, metric, [s for place in places for s in place], backward=backward)
    first = np.searchsorted(ends.table[:, SPOT], np.cumsum([0, *map(len, places)]))
    along = ends.table[:, ALONG] if backward else 1 - ends.table[:, ALONG]
    told = measure[ends.arcs] * along if len(measure) else np.zeros(len(along))
    inside: list[int] = []
    if metric.at_ends is not None and enclosed(metric.at_ends, ends.nodes):
        rows = np.flatnonzero(metric.at_ends.enclaves.of_node[ends.nodes] >= 0)
        inside = np.unique(np.searchsorted(first, rows, side="right") - 1).tolist()
    return _Plain(ends, first.astype(np.int64), told, inside)


class _Part(NamedTuple):
    """Ends as a side has them: of places on the core, or the ways through their enclaves."""

    ends: Ends
    told: Floats


def _through(
    at_ends: AtEnds, plain: _Plain, place: int, gates: Gates, measure: Weights, *, backward: bool
) -> _Part:
    """Return the ends of a place, of which those in an enclave serve drives along one edge only."""
    ends, enclaves = plain.of(place), at_ends.enclaves
    begun = plain.told[plain.first[place] : plain.first[place + 1]]
    out = gates.state >= 0
    states, told = gates.state[out], np.zeros(int(out.sum()))
    if len(measure):
        told = measure_ways(enclaves, gates, states, begun, measure)
    table = np.zeros((len(told), ends.table.shape[1]))
    table[:, ARC], table[:, ALONG] = NO_ARC[backward], float(not backward)
    costs = np.where(enclaves.of_node[ends.nodes] >= 0, np.inf, ends.costs)
    whole = Ends(
        np.concatenate([ends.nodes, gates.node[out]]),
        np.concatenate([costs, gates.cost[out]]),
        np.concatenate([ends.table, table]),
    )
    return _Part(whole, np.concatenate([begun, told]))


def _side(plain: _Plain, parts: dict[int, _Part]) -> Side:
    """Return the ends of places, those of some replaced by the ways through their enclaves."""
    ends, first, told = plain.ends, plain.first, plain.told
    if parts:
        pieces, counts, at = list[_Part](), np.diff(first), 0
        for place, part in parts.items():
            rows = slice(at, int(first[place]))
            pieces += [_Part(ends.of(rows), told[rows]), part]
            at, counts[place] = int(first[place + 1]), len(part.told)
        pieces.append(_Part(ends.of(slice(at, None)), told[at:]))
        ends = Ends(
            np.concatenate([piece.ends.nodes for piece in pieces]),
            np.concatenate([piece.ends.costs for piece in pieces]),
            np.concatenate([piece.ends.table for piece in pieces]),
        )
        told = np.concatenate([piece.told for piece in pieces])
        first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    nodes, at_node = np.unique(ends.nodes, return_inverse=True)
    return Side(nodes, at_node, ends.costs, ends.table, first, told)


class _Goals(NamedTuple):
    """The ends of the targets in enclaves, where those of each begin, and what they measure."""

    places: Ints
    ends: Ends
    first: Ints
    told: Floats


def _goals(plain: _Plain) -> _Goals:
    places = np.array(plain.enclosed, np.int64)
    counts = plain.first[places + 1] - plain.first[places]
    rows = [np.arange(plain.first[p], plain.first[p + 1]) for p in plain.enclosed]
    chosen = np.concatenate([*rows, np.zeros(0, np.int64)]).astype(np.int64)
    ends = plain.ends.of(chosen)
    return _Goals(places, ends, np.concatenate([[0], np.cumsum(counts)]), plain.told[chosen])


def _inside(
    graph: Graph,
    at_ends: AtEnds,
    outs: Ends,
    begun: Floats,
    gates: Gates,
    goals: _Goals,
    measure: Weights,
) -> tuple[Ints, Floats, Floats]:
    """Return the targets that a place comes to inside its enclave, with weights and measures."""
    enclaves = at_ends.enclaves
    found = drive_inside(graph, enclaves, outs, gates, goals.ends, goals.first)
    cost, told = found.cost, np.zeros(len(found.cost))
    known = np.flatnonzero(np.isfinite(cost))
    if len(measure):
        told[known] = measure_ways(enclaves, gates, found.state[known], begun, measure)
        told[known] += goals.told[found.end[known]]
    return goals.places[known], cost[known], told[known]

"""From places to places: tables of driving times, and what lies within a limit of places."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from routing.cch.engine import Measure, Metric
from routing.graph.graph import Graph
from routing.graph.weights import INFINITE, Floats, Ints, Weights
from routing.index.snap import SnapPoint
from routing.query.access import End, Ends, arriving, flat, leaving
from routing.query.leg_kernels import SPOT, find_ends, tabulate, tabulate_measured
from routing.stopping import check

MS_PER_S = 1000
Places = Sequence[Sequence[SnapPoint]]
"""Of each place the spots that it may be snapped to."""
BLOCK_CELLS = 131_072
"""Cells of a table that are computed while others wait for the metric."""
LET_OTHERS_S = 0.001
"""Long enough for a thread that waits for the metric to wake up."""


@dataclass(frozen=True)
class Span:
    """The parts of edges within a limit: parallel arrays, a key may stand in several rows.

    Of `keys` (2 * edge + direction) the part `start`..`stop` (shares 0..1 in driving direction) is
    within the limit; `start_ms` and `stop_ms` say how far its two ends are from the places (or to
    them, backward), in ms.
    """

    keys: Ints
    start: Floats
    stop: Floats
    start_ms: Floats
    stop_ms: Floats


def durations(
    graph: Graph, metric: Metric, sources: Places, targets: Places, extra: Measure | None = None
) -> Floats:
    """Return the (sources, targets) driving times in seconds between places; infinite is no way.

    A place is given by the spots that it may be snapped to. What a drive weighs more than it takes
    is `extra` (ms).
    """
    if extra is not None:
        weighed, more = measured(graph, metric, sources, targets, extra)
        return (weighed - more) / MS_PER_S
    with metric.lock:
        outs, intos = _ends(graph, metric.weights, sources, targets)
        lengths = np.ascontiguousarray(metric.matrix(outs.nodes, intos.nodes))
        return tabulate(
            lengths, outs.at, outs.costs, outs.table, outs.first,
            intos.at, intos.costs, intos.table, intos.first, metric.weights,
        ) / MS_PER_S  # fmt: skip


def measured(
    graph: Graph, metric: Metric, sources: Places, targets: Places, measure: Measure
) -> tuple[Floats, Floats]:
    """Return the weights (ms) of drives between places, and their measures.

    Without a way the weight is infinite and the measure 0.
    """
    with metric.lock:
        weights = metric.weights
        outs, intos = _ends(graph, weights, sources, targets)
        lengths, alongs = metric.measured_matrix(outs.nodes, intos.nodes, measure)
        by_arc = metric.measured(measure).by_arc
        return tabulate_measured(
            lengths, alongs, outs.at, outs.costs, outs.table, outs.first,
            intos.at, intos.costs, intos.table, intos.first, weights, by_arc,
        )  # fmt: skip


def table(
    graph: Graph,
    metric: Metric,
    sources: Places,
    targets: Places,
    *,
    extra: Measure | None = None,
    length: Measure | None = None,
) -> tuple[Floats, Floats | None, Any]:
    """Return `durations` of one state of the metric and its stamp; others may ask meanwhile.

    Between them is what the same drives measure by `length`, None where it is not asked for.
    """
    block = max(1, BLOCK_CELLS // len(targets))

    def work(shown: Metric) -> tuple[Floats, Floats | None, Any]:
        times, lengths, stamp = [], [], shown.stamp
        for first in range(0, len(sources), block):
            check()
            if first:
                time.sleep(LET_OTHERS_S)
            if shown.stamp is not stamp:
                break
            some = sources[first : first + block]
            times.append(durations(graph, shown, some, targets, extra))
            if length is not None:
                along = measured(graph, shown, some, targets, length)[1]
                lengths.append(np.where(np.isfinite(times[-1]), along, np.inf))
        return np.concatenate(times), np.concatenate(lengths) if lengths else None, stamp

    return metric.in_one_state(work)


class _Side(NamedTuple):
    """The ends of places as the kernels of tables take them; `nodes[at]` is by end."""

    nodes: Ints
    at: Ints
    costs: Floats
    table: Floats
    first: Ints


def _ends(graph: Graph, weights: Weights, sources: Places, targets: Places) -> tuple[_Side, _Side]:
    sides = []
    for places, leave in ((sources, True), (targets, False)):
        ends, first = _ends_of(graph, weights, places, leave=leave)
        nodes, at = np.unique(ends.nodes, return_inverse=True)
        sides.append(_Side(nodes, at, ends.costs, ends.table, first))
    return sides[0], sides[1]


def _ends_of(graph: Graph, weights: Weights, places: Places, *, leave: bool) -> tuple[Ends, Ints]:
    """Return the ends of places, and where those of each place begin."""
    spots = flat([spot for place in places for spot in place])
    arcs = graph.arcs
    ends = Ends(*find_ends(spots, arcs.first, weights, arcs.head if leave else arcs.tail, leave))
    spot_first = np.cumsum([0, *map(len, places)])
    return ends, np.searchsorted(ends.table[:, SPOT], spot_first).astype(np.int64)


def span(
    graph: Graph,
    metric: Metric,
    spots: Sequence[SnapPoint],
    limit_ms: int,
    *,
    backward: bool = False,
) -> Span:
    """Return what can be driven within a limit from any of `spots` (or to any, backward)."""
    with metric.lock:
        weights = metric.weights
        find = arriving if backward else leaving
        ends = find(graph, weights, spots)
        offsets = [round(end.cost) for end in ends]
        nodes, lengths = metric.reach([e.node for e in ends], offsets, limit_ms, backward=backward)
    mapped = metric.topology.graph
    arcs, owner = (mapped.inward if backward else mapped.outward).arcs_of(nodes)
    passable = weights[arcs] < INFINITE
    arcs, far = arcs[passable], lengths[owner[passable]].astype(np.float64)
    cost = weights[arcs].astype(np.float64)
    part = np.clip((limit_ms - far) / np.maximum(cost, 1), 0, 1)
    rows = _rows(graph.arcs.key[arcs], np.zeros(len(arcs)), part, far, cost, backward)
    near = [_first(end, float(weights[end.arc]), limit_ms, backward) for end in ends]
    table = np.array(near, np.float64).reshape(-1, 5)
    keys, skipped, left, begin, whole = table.T
    first = _rows(keys.astype(np.int64), skipped, left, begin, whole, backward)
    return Span(*(np.concatenate(pair) for pair in zip(first, rows, strict=True)))


def _first(
    end: End, cost: float, limit_ms: int, backward: bool
) -> tuple[int, float, float, float, float]:
    """Return the row of the edge of a place: how far off its part begins, and how long it is."""
    left = end.along if backward else 1 - end.along
    skipped = 1 - end.along if backward else end.along
    return end.key, skipped, min(left, limit_ms / max(cost, 1)), 0.0, cost


def _rows(
    keys: Ints, skipped: Floats, part: Floats, far: Floats, cost: Floats, backward: bool
) -> tuple[Ints, Floats, Floats, Floats, Floats]:
    """Return the columns of a span; shares are counted from the side that is reached first."""
    near, off, near_ms, off_ms = skipped, skipped + part, far, far + part * cost
    if backward:
        return keys, 1 - off, 1 - near, off_ms, near_ms
    return keys, near, off, near_ms, off_ms

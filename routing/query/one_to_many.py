"""From places to places: tables of driving times, and what lies within a limit of places."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from routing.cch.engine import Measure, Metric
from routing.graph.graph import Graph
from routing.graph.weights import INFINITE, Floats, Ints, Weights, driving
from routing.index.snap import SnapPoint
from routing.query.access import arriving, ends_of, leaving
from routing.query.enclave import Ends
from routing.query.enclave_reach import reach_enclaves
from routing.query.leg_kernels import ALONG, KEY, tabulate, tabulate_measured
from routing.query.table_sides import Places, TargetSide, source_side, target_side
from routing.stopping import check

MS_PER_S = 1000
BLOCK_CELLS = 131_072
"""Cells of a table that are computed while others wait for the metric."""
LET_OTHERS_S = 0.001
"""Long enough for a thread that waits for the metric to wake up."""
NOTHING = np.zeros(0, np.uint32)
"""The measure of a table of which only the weights are asked for."""


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
    with metric.lock:
        return _times(graph, metric, sources, _targets(graph, metric, targets, extra), extra)


def _targets(graph: Graph, metric: Metric, targets: Places, measure: Measure | None) -> TargetSide:
    by_arc = NOTHING if measure is None else metric.measured(measure).by_arc
    return target_side(graph, metric, targets, by_arc)


def _times(
    graph: Graph, metric: Metric, sources: Places, targets: TargetSide, extra: Measure | None
) -> Floats:
    """Return `durations` to targets whose side was made by the same measure."""
    if extra is None:
        with metric.lock:
            return _weights(graph, metric, sources, targets) / MS_PER_S
    weighed, more = _measured(graph, metric, sources, targets, extra)
    return (weighed - more) / MS_PER_S


def _weights(graph: Graph, metric: Metric, sources: Places, targets: TargetSide) -> Floats:
    """Return the weights (ms) of drives between places; infinite is no way."""
    outs, within = source_side(graph, metric, sources, targets, NOTHING)
    intos, weights = targets.side, _at_ends(metric)
    lengths = np.ascontiguousarray(metric.matrix(outs.nodes, intos.nodes))
    found = tabulate(
        lengths, outs.at, outs.costs, outs.table, outs.first,
        intos.at, intos.costs, intos.table, intos.first, weights, *metric.fixed,
    )  # fmt: skip
    if within is not None:
        within.put_into(found)
    return found


def _at_ends(metric: Metric) -> Weights:
    return metric.weights if metric.at_ends is None else metric.at_ends.weights


def _measured(
    graph: Graph, metric: Metric, sources: Places, targets: TargetSide, measure: Measure
) -> tuple[Floats, Floats]:
    """Return the weights (ms) of drives between places, and their measures.

    Without a way the weight is infinite and the measure 0.
    """
    with metric.lock:
        by_arc = metric.measured(measure).by_arc
        outs, within = source_side(graph, metric, sources, targets, by_arc)
        intos, weights = targets.side, _at_ends(metric)
        lengths, alongs = metric.measured_matrix(outs.nodes, intos.nodes, measure)
        found, told = tabulate_measured(
            lengths, alongs, outs.at, outs.costs, outs.table, outs.first, outs.told,
            intos.at, intos.costs, intos.table, intos.first, intos.told,
            weights, *metric.fixed, by_arc,
        )  # fmt: skip
    if within is not None:
        within.put_into(found, told)
    return found, told


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
        times, lengths = [], []
        with shown.lock:
            stamp = shown.stamp
            goals, ends = (_targets(graph, shown, targets, one) for one in (extra, length))
        for first in range(0, len(sources), block):
            check()
            if first:
                time.sleep(LET_OTHERS_S)
            if shown.stamp is not stamp:
                break
            some = sources[first : first + block]
            times.append(_times(graph, shown, some, goals, extra))
            if length is not None:
                along = _measured(graph, shown, some, ends, length)[1]
                lengths.append(np.where(np.isfinite(times[-1]), along, np.inf))
        return np.concatenate(times), np.concatenate(lengths) if lengths else None, stamp

    return metric.in_one_state(work)


def span(
    graph: Graph,
    metric: Metric,
    spots: Sequence[SnapPoint],
    limit_ms: int,
    *,
    backward: bool = False,
) -> Span:
    """Return what can be driven within a limit from any of `spots` (or to any, backward)."""
    beside = metric.topology.graph.inward if backward else metric.topology.graph.outward
    with metric.lock:
        at_ends, weights, fixed = metric.at_ends, _at_ends(metric), metric.fixed
        ends = (arriving if backward else leaving)(graph, metric, spots)
        offsets = [round(end.cost) for end in ends]
        near = metric.reach([e.node for e in ends], offsets, limit_ms, backward=backward)
        own = ends_of(graph, metric, spots, backward=backward)
        beyond = np.zeros(0, np.int64), np.zeros(0, np.int64)
        if at_ends is not None:
            beyond = reach_enclaves(
                graph, at_ends, metric.weights, near, own, limit_ms, backward=backward
            )
            off = at_ends.enclaves.of_node[near[0]] < 0
            near = near[0][off], near[1][off]
        arcs, owner = beside.arcs_of(near[0])
        passable = metric.weights[arcs] < INFINITE
    arcs, far = arcs[passable], near[1][owner[passable]]
    arcs, away = np.concatenate([arcs, beyond[0]]), np.concatenate([far, beyond[1]]).astype(float)
    paid = fixed.end if backward else fixed.begin
    away += paid[arcs] if len(paid) else 0.0
    arcs, away = arcs[away <= limit_ms], away[away <= limit_ms]
    cost = driving(weights, fixed, arcs)
    part = np.clip((limit_ms - away) / np.maximum(cost, 1), 0, 1)
    rows = _rows(graph.arcs.key[arcs], np.zeros(len(arcs)), part, away, cost, backward)
    first = _first_rows(own, driving(weights, fixed, own.arcs), limit_ms, backward)
    return Span(*(np.concatenate(pair) for pair in zip(first, rows, strict=True)))


def _first_rows(
    own: Ends, cost: Floats, limit_ms: int, backward: bool
) -> tuple[Ints, Floats, Floats, Floats, Floats]:
    """Return the rows of the edges of places, of which the parts off them are driven.

    `cost` (ms) is by end that of driving its whole edge.
    """
    along = own.table[:, ALONG]
    left, skipped = (along, 1 - along) if backward else (1 - along, along)
    part = np.minimum(left, limit_ms / np.maximum(cost, 1))
    keys = own.table[:, KEY].astype(np.int64)
    return _rows(keys, skipped, part, np.zeros(len(keys)), cost, backward)


def _rows(
    keys: Ints, skipped: Floats, part: Floats, far: Floats, cost: Floats, backward: bool
) -> tuple[Ints, Floats, Floats, Floats, Floats]:
    """Return the columns of a span; shares are counted from the side that is reached first."""
    near, off, near_ms, off_ms = skipped, skipped + part, far, far + part * cost
    if backward:
        return keys, 1 - off, 1 - near, off_ms, near_ms
    return keys, near, off, near_ms, off_ms

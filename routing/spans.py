"""From places to places: tables of driving times, and what lies within a limit of places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from routing.ends import End, arriving, leaving
from routing.engine import INFINITE, Metric
from routing.graph import Floats, Graph, Ints, Weights
from routing.snap import Spot

MS_PER_S = 1000


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
    graph: Graph,
    metric: Metric,
    sources: Sequence[Sequence[Spot]],
    targets: Sequence[Sequence[Spot]],
) -> Floats:
    """Return the (sources, targets) driving times in seconds between places; infinite is no way.

    A place is given by the spots that it may be snapped to.
    """
    with metric.lock:
        weights = metric.weights
        outs = [leaving(graph, weights, place) for place in sources]
        intos = [arriving(graph, weights, place) for place in targets]
        rows, row_of = _nodes(outs)
        columns, column_of = _nodes(intos)
        lengths = metric.matrix(rows, columns)
    between = np.where(lengths >= INFINITE, np.inf, lengths)[row_of][:, column_of]
    between += _costs(outs)[:, None]
    between += _costs(intos)
    table = _least(_least(between, [len(e) for e in outs], 0), [len(e) for e in intos], 1)
    _along_one_edge(table, outs, intos, weights)
    return table / MS_PER_S


def _nodes(places: Sequence[Sequence[End]]) -> tuple[Ints, Ints]:
    """Return the distinct nodes of ends, and the position of the node of each end."""
    nodes = np.array([end.node for ends in places for end in ends], np.int64)
    return np.unique(nodes, return_inverse=True)


def _costs(places: Sequence[Sequence[End]]) -> Floats:
    return np.array([end.cost for ends in places for end in ends], np.float64)


def _least(table: Floats, counts: Sequence[int], axis: Literal[0, 1]) -> Floats:
    """Return the minima over groups of neighbouring rows or columns; of an empty group, inf."""
    shape = list(table.shape)
    shape[axis] = len(counts)
    least = np.full(shape, np.inf)
    some = np.flatnonzero(counts)
    if len(some):
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])[some]
        found = np.minimum.reduceat(table, starts, axis=axis)
        least[(some, slice(None)) if axis == 0 else (slice(None), some)] = found
    return least


def _along_one_edge(
    table: Floats, outs: Sequence[Sequence[End]], intos: Sequence[Sequence[End]], weights: Weights
) -> None:
    """Lower the times between places on one edge that is driven from the one to the other."""
    by_arc: dict[int, list[tuple[int, float]]] = {}
    for column, ends in enumerate(intos):
        for end in ends:
            by_arc.setdefault(end.arc, []).append((column, end.along))
    for row, ends in enumerate(outs):
        for end in ends:
            for column, along in by_arc.get(end.arc, ()):
                if along >= end.along:
                    direct = float(weights[end.arc]) * (along - end.along)
                    table[row, column] = min(table[row, column], direct)


def span(
    graph: Graph, metric: Metric, spots: Sequence[Spot], limit_ms: int, *, backward: bool = False
) -> Span:
    """Return what can be driven within a limit from any of `spots` (or to any, backward)."""
    with metric.lock:
        weights = metric.weights
        find = arriving if backward else leaving
        ends = find(graph, weights, spots)
        offsets = [round(end.cost) for end in ends]
        nodes, lengths = metric.reach([e.node for e in ends], offsets, limit_ms, backward=backward)
    sweep = metric.topology.inward if backward else metric.topology.outward
    arcs, owner = sweep.arcs(nodes)
    open_ = weights[arcs] < INFINITE
    arcs, far = arcs[open_], lengths[owner[open_]].astype(np.float64)
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

"""One leg: the cheapest way from a place on an edge to another one, and what it runs over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from routing.ends import End, arriving, leaving
from routing.engine import INFINITE, Engine
from routing.graph import Floats, Graph, Ints, Weights, expand
from routing.snap import Spot


@dataclass(frozen=True)
class Leg:
    """A way between two spots.

    `keys` are driven in order; of each one the part `start`..`stop` (0..1 in driving direction).
    `weight` is that of the search, in ms.
    """

    source: Spot
    target: Spot
    keys: Ints
    start: Floats
    stop: Floats
    weight: float

    @property
    def edges(self) -> Ints:
        """The edges in driving order."""
        return self.keys >> 1


def find_leg(
    graph: Graph,
    engine: Engine,
    weights: Weights,
    sources: Sequence[Spot],
    targets: Sequence[Spot],
) -> Leg | None:
    """Return the cheapest leg from one of `sources` to one of `targets`, None when there is none.

    Both ends of both snapped edges are tried, and driving along one and the same edge.
    """
    outs, intos = leaving(graph, weights, sources), arriving(graph, weights, targets)
    direct = _direct(weights, outs, intos)
    around = _around(engine, outs, intos)
    if direct and (around is None or direct.weight <= around[0]):
        return direct
    if around is None:
        return None
    weight, out, into = around
    found = engine.path(out.node, into.node)
    if found is None:
        return None
    keys = np.concatenate([[out.key], graph.arcs.key[found[1]], [into.key]])
    start, stop = np.zeros(len(keys)), np.ones(len(keys))
    start[0], stop[-1] = out.along, into.along
    return Leg(out.spot, into.spot, keys, start, stop, weight)


def _direct(weights: Weights, outs: Sequence[End], intos: Sequence[End]) -> Leg | None:
    """Return the cheapest drive that stays on one edge."""
    best = None
    for out in outs:
        for into in intos:
            if out.arc != into.arc or into.along < out.along:
                continue
            weight = float(weights[out.arc]) * (into.along - out.along)
            if best is None or weight < best.weight:
                ends = np.array([out.along]), np.array([into.along])
                best = Leg(out.spot, into.spot, np.array([out.key]), *ends, weight)
    return best


def _around(
    engine: Engine, outs: Sequence[End], intos: Sequence[End]
) -> tuple[float, End, End] | None:
    """Return cost and ends of the cheapest drive over at least one junction."""
    if not outs or not intos:
        return None
    lengths = engine.matrix([e.node for e in outs], [e.node for e in intos])
    total = lengths.astype(np.float64)
    total[lengths >= INFINITE] = np.inf
    total += np.array([e.cost for e in outs])[:, None] + np.array([e.cost for e in intos])
    row, column = divmod(int(total.argmin()), len(intos))
    if not np.isfinite(total[row, column]):
        return None
    return float(total[row, column]), outs[row], intos[column]


def line(graph: Graph, leg: Leg) -> Floats:
    """Return the (n, 2) vertices of a leg from its first spot to its last one, exactly."""
    first, last = int(leg.keys[0]), int(leg.keys[-1])
    begin = np.array([[leg.source.lon, leg.source.lat]])
    end = np.array([[leg.target.lon, leg.target.lat]])
    if len(leg.keys) == 1:
        middle = _between(graph, leg.source, leg.target, first)
    else:
        middle = np.concatenate(
            [
                _after(graph, leg.source, first),
                _whole(graph, leg.keys[1:-1]),
                _before(graph, leg.target, last),
            ]
        )
    points = np.concatenate([begin, middle, end])
    fresh = np.ones(len(points), np.bool_)
    fresh[1:] = (points[1:] != points[:-1]).any(axis=1)
    fresh[-1] |= fresh.sum() < 2
    return points[fresh]


def whole_line(graph: Graph, legs: Sequence[Leg]) -> Floats:
    """Return the (n, 2) vertices of legs one after another."""
    lines = [line(graph, leg) for leg in legs]
    return np.concatenate([lines[0], *(part[1:] for part in lines[1:])])


def _after(graph: Graph, spot: Spot, key: int) -> Floats:
    """Return the vertices of an edge that a vehicle at a spot still passes."""
    low, high = graph.edges.shape_start[key >> 1], graph.edges.shape_start[(key >> 1) + 1]
    shape = graph.edges.shape
    return shape[low : spot.vertex + 1][::-1] if key & 1 else shape[spot.vertex + 1 : high]


def _before(graph: Graph, spot: Spot, key: int) -> Floats:
    """Return the vertices of an edge that a vehicle at a spot has passed."""
    return _after(graph, spot, key ^ 1)[::-1]


def _between(graph: Graph, source: Spot, target: Spot, key: int) -> Floats:
    low, high = sorted((source.vertex, target.vertex))
    inner = graph.edges.shape[low + 1 : high + 1]
    return inner[::-1] if key & 1 else inner


def _whole(graph: Graph, keys: Ints) -> Floats:
    """Return the vertices of whole edges driven one after another."""
    starts, stops = graph.edges.shape_start[keys >> 1], graph.edges.shape_start[(keys >> 1) + 1]
    counts = stops - starts
    step = expand(np.zeros(len(keys), np.int64), counts)
    back = np.repeat((keys & 1).astype(np.bool_), counts)
    position = np.where(back, np.repeat(stops - 1, counts) - step, np.repeat(starts, counts) + step)
    return np.asarray(graph.edges.shape[position], np.float64)

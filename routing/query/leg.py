"""One leg: the cheapest way from a place on an edge to another one, and what it runs over."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from routing.cch.engine import Engine
from routing.graph.graph import Graph
from routing.graph.weights import Floats, Ints, Weights
from routing.index.snap import SnapPoint
from routing.query import leg_kernels
from routing.query.access import flat
from routing.query.leg_kernels import ALONG, KEY, SPOT, meet, parts
from routing.stopping import check


class Leg(NamedTuple):
    """A way between two spots.

    `keys` are driven in order; of each one the part `start`..`stop` (0..1 in driving direction).
    `weight` is that of the search, in ms.
    """

    source: SnapPoint
    target: SnapPoint
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
    sources: Sequence[SnapPoint],
    targets: Sequence[SnapPoint],
) -> Leg | None:
    """Return the cheapest leg from one of `sources` to one of `targets`, None when there is none.

    Both ends of both snapped edges are tried, and driving along one and the same edge.
    """
    count, arcs = len(sources), graph.arcs
    spots = [*sources, *targets]
    outs, out_costs, intos, into_costs, ends, direct, i, j = meet(
        flat(spots), count, arcs.first, weights, arcs.head, arcs.tail
    )
    around = engine.join(outs, out_costs, intos, into_costs)
    if around is not None and around.weight < direct:
        weight, i, j, between = around
        driven = parts(ends, i, len(outs) + j, between, arcs.key)
    elif direct < math.inf:
        weight, (begin, end) = direct, ends[[i, len(outs) + j], ALONG].tolist()
        driven = ends[i : i + 1, KEY].astype(np.int64), np.array([begin]), np.array([end])
    else:
        return None
    if len(spots) > 2:
        i, j = int(ends[i, SPOT]), int(ends[len(outs) + j, SPOT])
        return Leg(sources[i], targets[j], *driven, weight)
    return Leg(sources[0], targets[0], *driven, weight)


def find_legs(
    graph: Graph, engine: Engine, places: Sequence[Sequence[SnapPoint]]
) -> list[Leg] | None:
    """Return the cheapest legs from place to place, each from where the one before ends.

    None when there is no way; `Stopped` is raised between legs when nobody waits any more.
    """
    legs: list[Leg] = []
    for first, target in pairwise(places):
        if legs:
            check()
        source = [legs[-1].target] if legs else first
        leg = find_leg(graph, engine, engine.weights, source, target)
        if leg is None:
            return None
        legs.append(leg)
    return legs


def line(graph: Graph, leg: Leg) -> Floats:
    """Return the (n, 2) vertices of a leg from its first spot to its last one, exactly."""
    source, target, shape = leg.source, leg.target, graph.edges.shape
    ends = np.array([source.lon, source.lat, target.lon, target.lat])
    return leg_kernels.line(
        leg.keys, source.vertex, target.vertex, ends, shape, graph.edges.shape_start
    )


def whole_line(graph: Graph, legs: Sequence[Leg]) -> Floats:
    """Return the (n, 2) vertices of legs one after another."""
    lines = [line(graph, leg) for leg in legs]
    return lines[0] if len(lines) == 1 else np.concatenate([lines[0], *(p[1:] for p in lines[1:])])

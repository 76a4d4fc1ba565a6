"""One leg: the cheapest way from a place on an edge to another one, and what it runs over."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from routing.cch.engine import Engine, Metric
from routing.cost.profile import Costs
from routing.graph.graph import Graph
from routing.graph.weights import Floats, Ints, Weights
from routing.index.snap import SnapPoint
from routing.query import leg_kernels
from routing.query.access import flat
from routing.query.driven_leg import Leg
from routing.query.leg_kernels import (
    ALONG,
    ARC,
    KEY,
    SPOT,
    meet,
    on_private,
    parts,
    turns_anywhere,
)
from routing.query.sides import Sides
from routing.stopping import check

Place = Sequence[SnapPoint]


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
    count, arcs, at_ends = len(sources), graph.arcs, engine.at_ends
    spots, open_ = [*sources, *targets], weights if at_ends is None else at_ends.weights
    outs, out_costs, intos, into_costs, ends, direct, i, j = meet(
        flat(spots), count, arcs.first, open_, *engine.fixed, arcs.head, arcs.tail
    )
    if at_ends is not None:
        enclaves = at_ends.enclaves
        if on_private(outs, intos, ends, enclaves.of_node, enclaves.private):
            sides = Sides(graph, weights, at_ends, engine.fixed, spots, count)
            return sides.best(engine.join(*sides.joins))
    around = engine.join(outs, out_costs, intos, into_costs)
    if around is not None and around.weight < direct:
        weight, i, j, between = around
        driven = parts(ends, i, len(outs) + j, between, arcs.key)
    elif direct < math.inf:
        weight, (begin, end) = direct, ends[[i, len(outs) + j], ALONG].tolist()
        driven = alone(ends[i], begin, end)
    else:
        return None
    if len(spots) > 2:
        i, j = int(ends[i, SPOT]), int(ends[len(outs) + j, SPOT])
        return Leg(sources[i], targets[j], *driven, weight)
    return Leg(sources[0], targets[0], *driven, weight)


def alone(end: Floats, start: float, stop: float) -> tuple[Ints, Floats, Floats, Ints]:
    """Return what is driven on one edge alone: key, part and arc, each an array."""
    key, arc = end[[KEY]].astype(np.int64), end[[ARC]].astype(np.int64)
    return key, np.array([start]), np.array([stop]), arc


def find_legal_leg(
    graph: Graph,
    metric: Metric,
    costs: Costs,
    sources: Place,
    targets: Place,
    at_once: bool = False,
) -> Leg | None:
    """Return the cheapest leg from one of `sources` to one of `targets`, None when there is none.

    A leg that turns nowhere is the best one. Another one may turn where that is forbidden, or for
    nothing, as only junctions near restricted ones know how one came: then arcs are searched, but
    for `at_once`, where None is returned instead.
    """
    leg = find_leg(graph, metric, metric.weights, sources, targets)
    if leg is None or not turns_anywhere(leg.keys, leg.start, leg.stop):
        return leg
    if at_once:
        return None
    spots = [*sources, *targets]
    sides = Sides(graph, metric.weights, metric.at_ends, metric.fixed, spots, len(sources))
    around = metric.join_turning(sides.turning_joins, graph.arcs.key, costs.back_ms, leg.weight)
    return sides.best(around)


def find_legs(
    find: Callable[[Place, Place], Leg | None], places: Sequence[Place]
) -> list[Leg] | None:
    """Return the legs that are found from place to place, each from where the one before ends.

    None when there is no way; `Stopped` is raised between legs when nobody waits any more.
    """
    legs: list[Leg] = []
    for first, target in pairwise(places):
        if legs:
            check()
        source = [legs[-1].target] if legs else first
        leg = find(source, target)
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


def turning_points(graph: Graph, legs: Sequence[Leg]) -> list[tuple[float, float]]:
    """Return where legs turn round (EPSG:4326), at a stop between them too, in driving order."""
    found, last = [], -1
    for leg in legs:
        for i in np.flatnonzero(leg.stop > leg.start).tolist():
            key = int(leg.keys[i])
            if key ^ 1 == last:
                ends = graph.edges.vertices(key >> 1)[:: -1 if key & 1 else 1]
                point = ends[0].tolist() if leg.start[i] == 0 else (leg.source.lon, leg.source.lat)
                found.append((point[0], point[1]))
            last = key
    return found

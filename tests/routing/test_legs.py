"""Ends, legs and their lines against plain Python."""

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.cch.engine import Metric, Topology
from routing.cch.reference import Reference
from routing.graph.turns import Restriction, split
from routing.graph.weights import INFINITE
from routing.index.snap import SnapPoint
from routing.query.access import End, arriving, leaving
from routing.query.leg import find_leg, line, whole_line
from routing.query.one_to_many import durations
from tests.routing.maps import edge_id, edges_of, node_id

SIDE = 4


def town(seed):
    """Return a lattice of bent roads, some one-way, with forbidden turns, and weights."""
    rng = random.Random(seed)
    rows = []
    for here in range(SIDE * SIDE):
        for there in (here + 1, here + SIDE):
            if there < SIDE * SIDE and (there % SIDE or there != here + 1):
                rows.append(road(rng, here, there))
    edges = edges_of(rows)
    turns = [
        Restriction("no", (a, b))
        for a in range(len(edges))
        for b in range(len(edges))
        if edges.head[a] == edges.tail[b] and rng.random() < 0.2
    ]
    graph = split(edges, turns)
    costs = np.array([rng.choice([5, 100, 900, INFINITE]) for _ in range(2 * len(edges))])
    return graph, costs[graph.arcs.key], rng


def road(rng, here, there):
    ends = [(121 + n % SIDE * 1e-3, 30 + n // SIDE * 1e-3) for n in (here, there)]
    middle = [
        (round(ends[0][0] + rng.uniform(0, 1e-3), 7), round(ends[0][1] + rng.uniform(0, 1e-3), 7))
        for _ in range(rng.randrange(4))
    ]
    return {
        "id": edge_id(f"{here} {there}"),
        "from_node": node_id(str(here)),
        "to_node": node_id(str(there)),
        "length_m": 100.0,
        "oneway": rng.random() < 0.3,
        "shape": [ends[0], *middle, *middle[-1:], ends[1]],
    }


def spot_on(graph, rng, edge):
    """Return a spot after some vertex of an edge, at times on a vertex."""
    low, high = graph.edges.shape_start[edge : edge + 2].tolist()
    vertex = rng.randrange(low, high - 1)
    share = rng.choice([0.0, 0.25, 0.5, 1.0])
    here, there = graph.edges.shape[vertex], graph.edges.shape[vertex + 1]
    lon, lat = (here * (1 - share) + there * share).round(7).tolist()
    fraction = (vertex - low + share) / (high - 1 - low)
    return SnapPoint(edge, fraction, vertex, lon, lat, 1.0)


def ends_of(graph, weights, spots, leave):
    """Return the ends as plain Python finds them."""
    found, arcs = [], graph.arcs
    for spot in spots:
        for key in (2 * spot.edge, 2 * spot.edge + 1):
            share = 1 - spot.fraction if key & 1 else spot.fraction
            of_key = list(range(arcs.first[key], arcs.first[key + 1]))
            for arc in of_key[:1] if leave else of_key:
                if weights[arc] != INFINITE:
                    node = int((arcs.head if leave else arcs.tail)[arc])
                    cost = float(weights[arc]) * (1 - share if leave else share)
                    found.append(End(spot, key, arc, node, share, cost))
    return found


def best_leg(reference, weights, outs, intos):
    """Return weight and keys of a cheapest leg, by one search per pair of ends."""
    best = None
    for out in outs:
        for into in intos:
            if out.arc == into.arc and into.along >= out.along:
                straight = float(weights[out.arc]) * (into.along - out.along)
                best = min(best, straight) if best is not None else straight
            found = reference.path(out.node, into.node)
            if found is not None:
                around = out.cost + found[0] + into.cost
                best = min(best, around) if best is not None else around
    return best


def passed(graph, leg):
    """Return the vertices of a leg: those of its edges on the driven side of its spots."""
    points = [(leg.source.lon, leg.source.lat)]
    last = len(leg.keys) - 1
    for number, key in enumerate(leg.keys.tolist()):
        low, high = graph.edges.shape_start[key >> 1], graph.edges.shape_start[(key >> 1) + 1]
        rows = list(range(low, high))
        if key & 1:
            rows.reverse()
        if number == 0:
            at = leg.source.vertex
            rows = [v for v in rows if (v <= at if key & 1 else v > at)]
        if number == last:
            at = leg.target.vertex
            rows = [v for v in rows if (v > at if key & 1 else v <= at)]
        points += [tuple(graph.edges.shape[v].tolist()) for v in rows]
    points.append((leg.target.lon, leg.target.lat))
    kept = points[:1] + [b for a, b in pairwise(points) if a != b]
    return kept if len(kept) > 1 else kept * 2


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 10**6))
def test_legs_are_those_of_plain_python(seed):
    graph, costs, rng = town(seed)
    metric, reference = Metric(Topology.build(graph), costs), Reference(graph, costs)
    weights, edges = metric.weights, len(graph.edges)
    near = rng.randrange(edges)
    for goal in (near, rng.randrange(edges)):
        sources = [spot_on(graph, rng, near), spot_on(graph, rng, rng.randrange(edges))]
        targets = [spot_on(graph, rng, goal) for _ in range(rng.randrange(1, 3))]
        outs, intos = leaving(graph, metric, sources), arriving(graph, metric, targets)
        assert outs == ends_of(graph, weights, sources, True)
        assert intos == ends_of(graph, weights, targets, False)
        best = best_leg(reference, weights, outs, intos)
        for engine in (metric, reference):
            leg = find_leg(graph, engine, engine.weights, sources, targets)
            assert (leg is None) == (best is None)
            if leg is not None:
                check(graph, weights, leg, best)


def check(graph, weights, leg, best):
    """Hold a leg against the least weight, its own parts, and the vertices of its edges."""
    assert leg.weight == pytest.approx(best)
    assert ((leg.start == 0)[1:]).all()
    assert ((leg.stop == 1)[:-1]).all()
    driven = weights[graph.arcs.first[leg.keys]] * (leg.stop - leg.start)
    assert driven.sum() == pytest.approx(leg.weight)
    assert [tuple(point) for point in line(graph, leg).tolist()] == passed(graph, leg)


def test_the_line_of_legs_has_each_stop_once():
    graph, _, rng = town(3)
    metric = Metric(Topology.build(graph), np.full(len(graph.arcs), 100))
    stops = [spot_on(graph, rng, edge) for edge in (0, 9, 17)]
    legs = [find_leg(graph, metric, metric.weights, [a], [b]) for a, b in pairwise(stops)]
    whole = whole_line(graph, legs)
    assert whole.tolist() == line(graph, legs[0]).tolist() + line(graph, legs[1])[1:].tolist()
    assert whole_line(graph, legs[:1]).tolist() == line(graph, legs[0]).tolist()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_tables_hold_the_weights_of_single_legs(seed):
    graph, costs, rng = town(seed)
    metric, edges = Metric(Topology.build(graph), costs), len(graph.edges)
    few = [rng.randrange(edges) for _ in range(3)]
    sources, targets = (
        [[spot_on(graph, rng, rng.choice(few)) for _ in range(rng.randrange(3))] for _ in range(n)]
        for n in (4, 3)
    )
    expected = np.full((4, 3), np.inf)
    for i, place in enumerate(sources):
        for j, goal in enumerate(targets):
            leg = find_leg(graph, metric, metric.weights, place, goal)
            expected[i, j] = np.inf if leg is None else leg.weight / 1000
    assert durations(graph, metric, sources, targets) == pytest.approx(expected)
    assert durations(graph, metric, sources, []).shape == (4, 0)
    assert durations(graph, metric, [[]], targets).tolist() == [[np.inf] * 3]

"""Other ways: each criterion against brute force, the fast engine against the reference."""

import random
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.cch.engine import Metric, Topology
from routing.cch.reference import Reference
from routing.cost.network_rules import Bounds
from routing.graph.turns import Restriction, split
from routing.index.snap import SnapPoint
from routing.query.alternatives import find_alternatives
from routing.query.leg import find_leg
from routing.query.model import PathQuery
from tests.routing.maps import NOW, Town, edge_id, edges_of, end_nodes, node_id, shipped_rules

BOUNDS = shipped_rules()["road.alternatives"].value
WIDE = Bounds(shared=0.9, stretch=1.6, local=0.1)


def lattice(size, seed, turns=()):
    """Return a grid of two-way roads, and weights by edge that make some ways fast.

    They are so fine that hardly two ways weigh the same, of which either may be the best one.
    """
    rng = random.Random(seed)
    rows, weights = [], []
    for x in range(size):
        for y in range(size):
            for u, v in ((x + 1, y), (x, y + 1)):
                if u < size and v < size and rng.random() < 0.9:
                    name = f"{x},{y}-{u},{v}"
                    ends = (f"{x},{y}", f"{u},{v}")
                    rows.append(
                        {
                            "id": edge_id(name),
                            "from_node": node_id(ends[0]),
                            "to_node": node_id(ends[1]),
                            "length_m": 1.0,
                            "shape": [(x * 0.01, y * 0.01), (u * 0.01, v * 0.01)],
                        }
                    )
                    fast = rng.choice([100, 100, 150, 300]) + rng.randrange(40)
                    weights.append(10_000 * fast + rng.randrange(10_000))
    graph = split(edges_of(rows), [Restriction("no", turn) for turn in turns])
    return graph, np.array(weights)[graph.arcs.edge]


def spot(edge, fraction):
    return [SnapPoint(edge, fraction, 0, 0.0, 0.0, 0.0)]


def parts(graph, weights, leg):
    costs = [int(weights[graph.arcs.first[key]]) for key in leg.keys]
    share = leg.stop - leg.start
    return [c * float(s) for c, s in zip(costs, share, strict=True)]


def check(graph, weights, best, others, bounds):
    seen = set(best.keys.tolist())
    for other in others:
        leg, times = other.leg, parts(graph, weights, other.leg)
        assert sum(times) == pytest.approx(leg.weight, abs=0.01)
        shared = sum(t for k, t in zip(leg.keys.tolist(), times, strict=True) if k in seen)
        assert shared <= bounds.shared * best.weight + 0.01
        assert other.shared_share == pytest.approx(shared / leg.weight, abs=1e-6)
        assert other.stretch == pytest.approx(leg.weight / best.weight)
        assert detour(graph, weights, best, leg) <= bounds.stretch + 1e-6
        pieces_are_shortest(graph, weights, leg, bounds.local * best.weight)
        seen |= set(leg.keys.tolist())


def detour(graph, weights, best, leg):
    """Return how much longer the part is that lies off the best way."""
    mine, other = leg.keys.tolist(), best.keys.tolist()
    ahead = 0
    while ahead < min(len(mine), len(other)) and mine[ahead] == other[ahead]:
        ahead += 1
    behind = 0
    while behind < min(len(mine), len(other)) - ahead and mine[-1 - behind] == other[-1 - behind]:
        behind += 1
    off = sum(parts(graph, weights, leg)[ahead : len(mine) - behind])
    return off / sum(parts(graph, weights, best)[ahead : len(other) - behind])


def pieces_are_shortest(graph, weights, leg, reach):
    """Look at every piece of a way between two of its nodes that takes at most `reach`."""
    way = Reference(graph, weights)
    times = parts(graph, weights, leg)
    nodes = nodes_of(graph, leg)
    at = np.cumsum(times)[:-1]
    for i, j in combinations(range(len(nodes)), 2):
        if at[j] - at[i] <= reach:
            best = way.path(nodes[i], nodes[j])[0]
            assert best >= at[j] - at[i] - 0.01, (leg.keys, i, j)


def nodes_of(graph, leg):
    """Return the nodes between the keys of a way, copies of restricted junctions included."""
    arcs = graph.arcs
    nodes = [int(arcs.head[arcs.first[leg.keys[0]]])]
    for key in leg.keys[1:-1].tolist():
        for arc in range(int(arcs.first[key]), int(arcs.first[key + 1])):
            if int(arcs.tail[arc]) == nodes[-1]:
                nodes.append(int(arcs.head[arc]))
                break
        else:
            raise AssertionError("the way is not connected")
    last = int(leg.keys[-1])
    assert nodes[-1] in end_nodes(graph, last)
    return nodes


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([BOUNDS, WIDE]))
def test_every_alternative_is_admissible_and_both_engines_agree(seed, bounds):
    graph, weights = lattice(6, seed)
    rng = random.Random(seed)
    edges = len(graph.edges)
    places = [spot(rng.randrange(edges), rng.random()) for _ in range(2)]
    engines = Metric(Topology.build(graph), weights), Reference(graph, weights)
    answers = []
    for engine in engines:
        best = find_leg(graph, engine, engine.weights, *places)
        if best is None or best.weight <= 0:
            return
        others = find_alternatives(graph, engine, places, best, 3, bounds)
        check(graph, weights, best, others, bounds)
        answers.append([o.leg.weight for o in others])
    assert answers[0] == pytest.approx(answers[1])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_alternatives_keep_turn_restrictions(seed):
    rng = random.Random(seed)
    plain, _ = lattice(5, seed)
    edges = plain.edges
    turns = []
    for _ in range(6):
        a = rng.randrange(len(edges))
        near = [e for e in range(len(edges)) if edges.tail[e] == edges.head[a]]
        if near:
            turns.append((a, rng.choice(near)))
    graph, weights = lattice(5, seed, turns)
    places = [spot(rng.randrange(len(edges)), 0.3), spot(rng.randrange(len(edges)), 0.6)]
    metric = Metric(Topology.build(graph), weights)
    best = find_leg(graph, metric, metric.weights, *places)
    if best is None or best.weight <= 0:
        return
    others = find_alternatives(graph, metric, places, best, 3, WIDE)
    check(graph, weights, best, others, WIDE)
    for other in others:
        keys = other.leg.keys.tolist()
        driven = list(pairwise(keys))
        assert not [t for t in turns if (2 * t[0], 2 * t[1]) in driven]


TWO_WAYS = """
   B----C
  /      \\
 A        D
  \\      /
   E----F
"""
ROADS = {"AB": {}, "BC": {}, "CD": {}, "AE": {}, "EF": {}, "FD": {"length_m": 1100.0}}


def test_the_other_side_of_a_ring_is_offered():
    town = Town(TWO_WAYS, ROADS)
    query = PathQuery("car", [town.at("A"), town.at("D")], alternatives=3)
    best, other = town.network.paths(query, NOW)
    assert (town.nodes(best), town.nodes(other)) == ("ABCD", "AEFD")
    assert (best.shared_share, best.stretch) == (0.0, 1.0)
    assert other.shared_share == 0
    assert other.stretch == pytest.approx(3.1 / 3, abs=1e-4)


@pytest.mark.parametrize(("metres", "ways"), [(1700.0, 2), (1800.0, 1)])
def test_a_way_beyond_the_stretch_is_not_offered(metres, ways):
    town = Town(TWO_WAYS, {**ROADS, "FD": {"length_m": metres}})
    query = PathQuery("car", [town.at("A"), town.at("D")], alternatives=3)
    assert len(town.network.paths(query, NOW)) == ways


def test_alternatives_keep_off_closures_and_low_bridges():
    town = Town(TWO_WAYS, {**ROADS, "EF": {"max_height_m": 3.5}})
    query = PathQuery("car", [town.at("A"), town.at("D")], alternatives=2)
    truck = PathQuery("truck", [town.at("A"), town.at("D")], alternatives=2)
    assert [len(town.network.paths(q, NOW)) for q in (query, truck)] == [2, 1]
    town.close(1, "EF")
    assert len(town.network.paths(query, NOW)) == 1


def test_only_between_two_places():
    town = Town(TWO_WAYS, ROADS)
    query = PathQuery("car", [town.at(p) for p in "ABD"], alternatives=3)
    assert len(town.network.paths(query, NOW)) == 1

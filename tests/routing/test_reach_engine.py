"""Reach, tables of times and spans: the fast engine against the reference and against paths."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.cch.engine import MANY, Metric, Topology
from routing.cch.reference import Reference
from routing.graph.weights import INFINITE
from routing.query.leg import find_leg
from routing.query.model import Conditions, PathQuery
from routing.query.one_to_many import durations, span
from spatial.errors import SigangError
from tests.routing.maps import NOW, Town
from tests.routing.test_alternatives import lattice, spot

WEIGHT = st.one_of(st.integers(0, 400), st.just(INFINITE))


def turned(size, seed):
    """Return a lattice with some forbidden turns, and random weights that close some arcs."""
    rng = random.Random(seed)
    plain, _ = lattice(size, seed)
    pairs = [(rng.randrange(len(plain.edges)), rng.randrange(len(plain.edges))) for _ in range(40)]
    met = [(a, b) for a, b in pairs if plain.edges.head[a] == plain.edges.tail[b]]
    via = [(a, b, c) for a, b in met for c in range(len(plain.edges))
           if plain.edges.head[b] == plain.edges.tail[c]][:3]  # fmt: skip
    graph, weights = lattice(size, seed, [*met[:3], *via])
    by_key = {k: INFINITE for k in graph.arcs.key.tolist() if rng.random() < 0.1}
    closed = [by_key.get(k, 0) for k in graph.arcs.key.tolist()]
    return graph, np.maximum(weights, closed), rng


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**6), st.booleans(), st.data())
def test_reach_equals_the_reference_also_after_changes(seed, backward, data):
    graph, weights, rng = turned(4, seed)
    nodes = st.integers(0, graph.node_count - 1)
    sources = data.draw(st.lists(st.tuples(nodes, st.integers(0, 900)), min_size=1, max_size=4))
    limit = data.draw(st.integers(0, 1500))
    metric = Metric(Topology.build(graph), weights)
    for _ in range(3):
        reference = Reference(graph, weights)
        places, offsets = zip(*sources, strict=True)
        found = metric.reach(places, offsets, limit, backward=backward)
        truth = reference.reach(places, offsets, limit, backward=backward)
        assert [a.tolist() for a in found] == [a.tolist() for a in truth]
        arcs = rng.sample(range(len(weights)), min(5, len(weights)))
        fresh = [data.draw(WEIGHT) for _ in arcs]
        metric.update(arcs, fresh)
        weights = weights.copy()
        weights[arcs] = fresh


@pytest.mark.parametrize("backward", [False, True])
def test_reach_takes_lengths_from_and_to(backward):
    graph, weights = lattice(4, 1)
    metric = Metric(Topology.build(graph), weights)
    nodes, lengths = metric.reach([3], [0], 10**6, backward=backward)
    table = metric.matrix(nodes, [3])[:, 0] if backward else metric.matrix([3], nodes)[0]
    assert lengths.tolist() == table.tolist()


@pytest.mark.parametrize("targets", [[3], [3, 3], [0, 5, 9, 40], [1, 2, 3, 4, 5]])
def test_tables_from_many_to_few_are_the_same(targets):
    graph, weights, _ = turned(12, 5)
    sources = list(range(graph.node_count))
    metric, reference = Metric(Topology.build(graph), weights), Reference(graph, weights)
    table = metric.matrix(sources, targets)
    assert table.dtype == np.uint32
    assert len(sources) > MANY
    assert np.array_equal(table, reference.matrix(sources, targets))
    metric.update([0], [INFINITE])
    alone = np.concatenate([metric.matrix([source], targets) for source in sources])
    assert np.array_equal(metric.matrix(sources, targets), alone)


@pytest.mark.parametrize(
    ("sources", "offsets", "limit"),
    [([99], [0], 5), ([-1], [0], 5), ([0], [-1], 5), ([0], [0.5], 5), ([0], [0], -1),
     ([0], [0], INFINITE), ([0, 1], [0], 5)],
)  # fmt: skip
def test_a_wrong_reach_is_refused(sources, offsets, limit):
    graph, weights = lattice(3, 1)
    with pytest.raises(ValueError, match=r"node|offset|sources"):
        Metric(Topology.build(graph), weights).reach(sources, offsets, limit)


def test_sources_beyond_the_limit_reach_nothing():
    graph, weights = lattice(3, 1)
    metric = Metric(Topology.build(graph), weights)
    assert metric.reach([0, 1], [7, 9], 5)[0].tolist() == []
    assert metric.reach([], [], 5)[0].tolist() == []


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_durations_equal_single_legs(seed):
    graph, weights, rng = turned(4, seed)
    metric = Metric(Topology.build(graph), weights)
    edges = len(graph.edges)
    places = [spot(rng.randrange(edges), rng.random()) for _ in range(5)]
    places += [[*places[0], *places[1]], spot(places[0][0].edge, rng.random())]
    table = durations(graph, metric, places, places[::-1])
    for row, source in enumerate(places):
        for column, target in enumerate(places[::-1]):
            leg = find_leg(graph, metric, metric.weights, source, target)
            expected = np.inf if leg is None else leg.weight / 1000
            assert table[row, column] == pytest.approx(expected, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.booleans(), st.integers(1, 900))
def test_a_span_holds_exactly_the_places_within_the_limit(seed, backward, limit):
    graph, weights, rng = turned(4, seed)
    metric = Metric(Topology.build(graph), weights)
    here = spot(rng.randrange(len(graph.edges)), rng.random())
    found = span(graph, metric, here, limit, backward=backward)
    assert ((found.start >= 0) & (found.stop <= 1) & (found.start <= found.stop)).all()
    for edge in range(len(graph.edges)):
        there = spot(edge, rng.random())
        leg = find_leg(
            graph, metric, metric.weights, *((there, here) if backward else (here, there))
        )
        if leg is not None and abs(leg.weight - limit) < 2:
            continue  # offsets are whole milliseconds
        inside = leg is not None and leg.weight <= limit
        assert inside == covers(found, edge, there[0].fraction), (edge, leg)


def covers(found, edge, fraction):
    forward = (found.keys == 2 * edge) & (found.start <= fraction) & (fraction <= found.stop)
    back = 1 - fraction
    backward = (found.keys == 2 * edge + 1) & (found.start <= back) & (back <= found.stop)
    return bool((forward | backward).any())


def test_the_ends_of_a_span_tell_how_far_they_are():
    graph, weights = lattice(4, 2)
    metric = Metric(Topology.build(graph), weights)
    here = spot(5, 0.3)
    for backward in (False, True):
        found = span(graph, metric, here, 500, backward=backward)
        cost = weights[graph.arcs.first[found.keys]] * (found.stop - found.start)
        order = -1 if backward else 1
        assert np.allclose((found.stop_ms - found.start_ms) * order, cost)
        far = found.start_ms if backward else found.stop_ms
        assert far.max() <= 500 + 1


def test_adjacency_lists_the_arcs_of_nodes():
    graph, _ = lattice(3, 4)
    topology = Topology.build(graph)
    arcs, owner = topology.graph.outward.arcs_of(np.array([2, 0]))
    assert (graph.arcs.tail[arcs] == np.array([2, 0])[owner]).all()
    assert sorted(arcs) == sorted(np.flatnonzero(np.isin(graph.arcs.tail, [0, 2])))


TOWN = "A----B----C\n|    |    |\nD----E----F"
STREETS = {name: {} for name in ("AB", "BC", "AD", "BE", "CF", "DE", "EF")}


@settings(max_examples=25, deadline=None)
@given(
    st.sets(st.sampled_from(sorted(STREETS)), max_size=3),
    st.sampled_from(["car", "truck"]),
    st.tuples(*[st.sampled_from(sorted(STREETS))] * 2),
)
def test_a_ready_metric_forbids_what_paths_avoid(closed, profile, ends):
    town = Town(TOWN, {**STREETS, "BE": {"max_height_m": 3.0}})
    for version, name in enumerate(sorted(closed), 1):
        town.close(version, name)
    query = PathQuery(profile, [town.at(f"{name}:0.4") for name in ends])
    prepared = town.network.prepared(Conditions(profile), NOW)
    try:
        spots = town.network.snap(prepared, query.waypoints)
        times = prepared.durations(spots[:1], spots[1:])
        found = town.network.path(query, NOW)
    except SigangError as error:
        assert error.status == 422
        return
    seconds = sum(leg.weight for leg in found.legs) / 1000
    assert times[0, 0] == pytest.approx(seconds)
    assert prepared.version == found.version == len(closed)

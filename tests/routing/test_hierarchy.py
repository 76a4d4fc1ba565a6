"""The hierarchy: partial updates, tables of several blocks, several starts and goals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.cch.engine import Metric, Topology
from routing.cch.hierarchy import Hierarchy
from routing.cch.reference import Reference
from routing.graph.weights import INFINITE
from tests.routing.test_engine import graph_of

SIDE = 12


def grid():
    """Return a grid with both ways everywhere and a few long links."""
    ends = []
    for node in range(SIDE * SIDE):
        if node % SIDE < SIDE - 1:
            ends += [(node, node + 1), (node + 1, node)]
        if node < SIDE * (SIDE - 1):
            ends += [(node, node + SIDE), (node + SIDE, node)]
    ends += [(0, SIDE * SIDE - 1), (SIDE - 1, SIDE * (SIDE - 1)), (5, 5), (7, 8), (7, 8)]
    return graph_of(SIDE * SIDE, ends)


GRID = grid()
TOPOLOGY = Topology.build(GRID)
COUNT = len(GRID.arcs)
WEIGHTS = np.random.default_rng(5).integers(1, 1000, COUNT)

weights = st.one_of(st.integers(0, 3000), st.just(INFINITE))
arcs = st.integers(0, COUNT - 1)
changes = st.lists(st.dictionaries(arcs, weights, min_size=1, max_size=80), min_size=1, max_size=4)


def check_path(metric, found, source, target):
    assert found[0] == metric.weights[found[1]].sum(dtype=np.int64)
    at = source
    for arc in found[1]:
        assert GRID.arcs.tail[arc] == at
        at = GRID.arcs.head[arc]
    assert at == target


@settings(max_examples=60, deadline=None)
@given(changes, st.integers(0, 1000))
def test_a_partial_update_is_as_a_whole_customise(drawn, seed):
    hierarchy, now = TOPOLOGY.hierarchy, WEIGHTS.astype(np.uint32)
    weight, via = hierarchy.customised(now)
    for change in drawn:
        now[list(change)] = list(change.values())
        hierarchy.renew(now, np.array(list(change), np.uint32), weight, via)
        assert np.array_equal(weight, hierarchy.customised(now)[0])
    metric = Metric(TOPOLOGY, now)
    metric._slots = weight, via
    source, target = np.random.default_rng(seed).integers(0, SIDE * SIDE, 2).tolist()
    found = metric.path(source, target)
    if found is not None:
        check_path(metric, found, source, target)


@pytest.mark.parametrize("count", [1, 3, COUNT])
def test_an_update_in_place_or_on_a_shadow_is_as_new_weights(count):
    metric, now = Metric(TOPOLOGY, WEIGHTS), WEIGHTS.copy()
    now[:count] = 5
    metric.update(range(count), now[:count], "later")
    fresh, nodes = Metric(TOPOLOGY, now), range(SIDE * SIDE)
    assert metric.stamp == "later"
    assert np.array_equal(metric.matrix(nodes, nodes), fresh.matrix(nodes, nodes))


def test_tables_of_several_blocks_equal_the_reference():
    metric, reference = Metric(TOPOLOGY, WEIGHTS), Reference(GRID, WEIGHTS)
    nodes = list(range(SIDE * SIDE))
    assert np.array_equal(metric.matrix(nodes, nodes), reference.matrix(nodes, nodes))
    assert np.array_equal(metric.matrix([3, 3, 77], nodes), reference.matrix([3, 3, 77], nodes))


node = st.integers(0, SIDE * SIDE - 1)
places = st.lists(st.tuples(node, st.floats(0, 5000, width=32)), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(places, places)
def test_the_cheapest_way_between_several_places_equals_the_reference(outs, intos):
    metric, reference = Metric(TOPOLOGY, WEIGHTS), Reference(GRID, WEIGHTS)
    ends = [*zip(*outs, strict=True), *zip(*intos, strict=True)]
    found, expected = metric.join(*ends), reference.join(*ends)
    assert found.weight == pytest.approx(expected.weight, abs=1e-6)
    (source, cost), (target, last) = outs[found.source], intos[found.target]
    weight = metric.weights[found.arcs].sum(dtype=np.int64)
    assert cost + weight + last == pytest.approx(found.weight, abs=1e-6)
    check_path(metric, (weight, found.arcs), source, target)


@pytest.mark.parametrize(
    "ends",
    [([0], [-1.0], [1], [0.0]), ([0], [0.0], [SIDE * SIDE], [0.0]), ([0], [np.nan], [1], [0.0]),
     ([-1], [0.0], [1], [0.0]), ([0, 1], [0.0], [1], [0.0])],
)  # fmt: skip
def test_wrong_ends_are_refused(ends):
    metric = Metric(TOPOLOGY, WEIGHTS)
    with pytest.raises(ValueError, match="node"):
        metric.join(*ends)
    assert metric.path(0, 9) is not None  # the workspace is as it was


def test_no_ends_have_no_way():
    assert Metric(TOPOLOGY, WEIGHTS).join([], [], [1], [0.0]) is None


def test_any_order_of_the_nodes_gives_the_same_lengths():
    rank = np.random.default_rng(1).permutation(SIDE * SIDE).astype(np.uint32)
    other = Metric(Topology(Hierarchy.of(GRID.arcs, rank), GRID), WEIGHTS)
    nodes = list(range(0, SIDE * SIDE, 7))
    expected = Metric(TOPOLOGY, WEIGHTS).matrix(nodes, nodes)
    assert np.array_equal(other.matrix(nodes, nodes), expected)

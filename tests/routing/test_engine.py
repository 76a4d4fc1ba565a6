"""The fast engine against the reference, and what its wrapper does not let through."""

import csv
import gzip
import threading
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.cch.engine import Measure, Metric, Topology
from routing.cch.hierarchy import KEPT
from routing.cch.reference import Reference
from routing.graph.turns import split
from routing.graph.weights import INFINITE, LARGEST
from tests.conftest import shared_path
from tests.routing.maps import Town, edge_id, edges_of, node_id


def graph_of(nodes, ends):
    rows = [
        {
            "id": edge_id(str(i)),
            "from_node": node_id(str(a)),
            "to_node": node_id(str(b)),
            "oneway": True,
            "length_m": 1.0,
            "shape": [(a * 0.01, a % 3 * 0.01), (b * 0.01, b % 3 * 0.01)],
        }
        for i, (a, b) in enumerate(ends)
    ]
    return split(edges_of(rows), [], turn_costs=False)


@st.composite
def weighted(draw):
    nodes = draw(st.integers(1, 10))
    node = st.integers(0, nodes - 1)
    ends = draw(st.lists(st.tuples(node, node), min_size=1, max_size=30))
    weight = st.one_of(st.integers(0, 50), st.sampled_from([INFINITE, LARGEST, 10**6]))
    weights = draw(st.lists(weight, min_size=len(ends), max_size=len(ends)))
    arc = st.integers(0, len(ends) - 1)
    change = st.lists(st.tuples(arc, weight), max_size=6, unique_by=lambda c: c[0])
    return ends, weights, draw(st.lists(change, max_size=4))


def check_equal(graph, metric, reference):
    nodes = range(graph.node_count)
    lengths = reference.matrix(nodes, nodes)
    bounded = lengths < INFINITE
    assert (metric.matrix(nodes, nodes)[bounded] == lengths[bounded]).all()
    assert (metric.matrix(nodes, nodes)[~bounded] >= INFINITE).all()
    told, same = metric.measured_matrix(nodes, nodes, Measure("weights", lambda weights: weights))
    assert (told[bounded] == lengths[bounded]).all() and (told[~bounded] >= INFINITE).all()
    assert (same[bounded] == lengths[bounded]).all()
    for source in nodes:
        for target in nodes:
            found = metric.path(source, target)
            if lengths[source, target] >= INFINITE:
                assert found is None
                continue
            weight, arcs = found
            assert weight == lengths[source, target] == metric.weights[arcs].sum(dtype=np.int64)
            at = source
            for arc in arcs:
                assert graph.arcs.tail[arc] == at
                at = graph.arcs.head[arc]
            assert at == target


@settings(max_examples=150, deadline=None)
@given(weighted())
def test_equal_to_the_reference_also_after_changes(drawn):
    ends, weights, changes = drawn
    graph = graph_of(10, ends)
    metric = Metric(Topology.build(graph), weights)
    check_equal(graph, metric, Reference(graph, weights))
    weights = np.array(weights)
    for change in changes:
        arcs, fresh = [c[0] for c in change], [c[1] for c in change]
        metric.update(arcs, fresh)
        weights[arcs] = fresh
        check_equal(graph, metric, Reference(graph, weights))


GOOD = graph_of(3, [(0, 1), (1, 2), (2, 0)])


@pytest.mark.parametrize(
    "weights",
    [[1, 2], [1.0, 2.0, 3.0], [1, -1, 2], [1, 2, 2**31], [1, 2, LARGEST + 1], [[1, 2, 3]]],
)
def test_weights_that_would_break_the_library_are_refused(weights):
    with pytest.raises(ValueError, match="weight"):
        Metric(Topology.build(GOOD), weights)


@pytest.mark.parametrize("node", [-1, 3, 2**32, 2**40])
def test_node_numbers_that_would_crash_the_library_are_refused(node):
    metric = Metric(Topology.build(GOOD), [1, 2, 3])
    with pytest.raises(ValueError, match="node"):
        metric.path(0, node)
    with pytest.raises(ValueError, match="node"):
        metric.matrix([node], [0])


@pytest.mark.parametrize("arc", [-1, 3, 0.5])
def test_arc_numbers_that_would_crash_the_library_are_refused(arc):
    metric = Metric(Topology.build(GOOD), [1, 2, 3])
    with pytest.raises(ValueError, match="arc"):
        metric.update([arc], [1])


def test_no_sources_give_an_empty_matrix():
    metric = Metric(Topology.build(GOOD), [1, 2, 3])
    assert metric.matrix([], [0]).shape == (0, 1)


def test_the_saved_order_serves_again_and_only_for_the_same_graph(tmp_path):
    first = Metric(Topology.open(GOOD, tmp_path), [1, 2, 3])
    assert len([p for p in tmp_path.iterdir() if p.is_dir()]) == 1
    again = Metric(Topology.open(GOOD, tmp_path), [1, 2, 3])
    assert (
        first.matrix([0, 1, 2], [0, 1, 2]).tolist() == again.matrix([0, 1, 2], [0, 1, 2]).tolist()
    )
    Topology.open(graph_of(3, [(0, 1), (1, 2), (0, 2)]), tmp_path)
    assert len([p for p in tmp_path.iterdir() if p.is_dir()]) == 2


def test_orders_no_longer_used_are_deleted(tmp_path):
    for end in range(KEPT + 2):
        Topology.open(graph_of(9, [(0, end + 1), (1, 0)]), tmp_path)
    assert len([p for p in tmp_path.iterdir() if p.is_dir()]) == KEPT


def test_threads_that_ask_while_weights_change_see_one_state_or_the_other():
    town = Town("A----B\n|    |\nC----D", {"AB": {}, "BD": {}, "AC": {}, "CD": {}})
    graph = town.graph
    cheap, dear = np.full(len(graph.arcs), 10), np.full(len(graph.arcs), 1000)
    metric = Metric(Topology.build(graph), cheap)
    seen, stop = set(), threading.Event()

    def ask():
        while not stop.is_set():
            seen.add(metric.path(0, 3)[0])
            seen.add(int(metric.matrix([0], [3])[0, 0]))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(200):
        metric.update(np.arange(len(graph.arcs)), dear if turn % 2 else cheap)
    stop.set()
    for thread in threads:
        thread.join(10)
    assert seen <= {20, 2000}


@pytest.mark.shared
def test_luxembourg_equals_its_reference_answers():
    folder = shared_path("data/roads")

    def rows(name):
        with gzip.open(folder / f"luxembourg-rk.{name}.csv.gz", "rt") as file:
            next(file)
            yield from csv.reader(file)

    place = {int(r[0]): (float(r[2]), float(r[1])) for r in rows("nodes")}
    arcs = [tuple(int(v) for v in r) for r in rows("arcs")]
    edges = [
        {
            "id": edge_id(str(i)),
            "from_node": node_id(str(a)),
            "to_node": node_id(str(b)),
            "oneway": True,
            "length_m": float(m),
            "shape": [place[a], place[b]],
        }
        for i, (a, b, m, _) in enumerate(arcs)
    ]
    graph = split(edges_of(edges), [], turn_costs=False)
    number = {a[0]: int(t) for a, t in zip(arcs, graph.edges.tail, strict=True)}
    number |= {a[1]: int(h) for a, h in zip(arcs, graph.edges.head, strict=True)}
    metric = Metric(Topology.build(graph), np.array([a[3] for a in arcs])[graph.arcs.edge])
    wrong, asked, begin = 0, 0, datetime.now(UTC)
    for source, target, reference, _ in (tuple(map(int, r)) for r in rows("queries")):
        asked += 1
        if source == target or source not in number or target not in number:
            continue
        found = metric.path(number[source], number[target])
        wrong += (INFINITE if found is None else found[0]) != reference
        if (datetime.now(UTC) - begin).total_seconds() > 20:
            break
    assert asked > 10_000
    assert wrong == 0

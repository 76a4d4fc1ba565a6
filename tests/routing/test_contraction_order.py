"""An order carried over to a changed graph: exact answers, few changes of place, quick searches."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.cch.contraction_order import ranks_after
from routing.cch.engine import Metric, Topology
from routing.cch.hierarchy import MOST_EFFORT, Hierarchy
from routing.cch.reference import Reference
from routing.graph.graph import Ids
from routing.graph.turns import Restriction, split
from tests.routing.maps import edge_id, edges_of, node_id
from tests.routing.test_engine import check_equal

NODES, SIDE = 10, 25


def graph_of(ends, turns=()):
    """Return the graph of edges by the numbers of their ends; turns are pairs of places in it."""
    rows = [
        {
            "id": edge_id(f"{a} {b} {ends[:place].count((a, b))}"),
            "from_node": node_id(str(a)),
            "to_node": node_id(str(b)),
            "length_m": 1.0,
            "shape": [(a % SIDE * 0.01, a // SIDE * 0.01), (b % SIDE * 0.01, b // SIDE * 0.01)],
        }
        for place, (a, b) in enumerate(ends)
    ]
    edges = edges_of(rows)
    there = [Restriction("no", turn) for turn in turns if max(turn) < len(rows)]
    return split(edges, there)


node = st.integers(0, NODES - 1)
roads = st.lists(st.tuples(node, node), min_size=1, max_size=18)
bans = st.lists(st.lists(st.integers(0, 17), min_size=2, max_size=3).map(tuple), max_size=4)


@settings(max_examples=120, deadline=None)
@given(roads, roads, st.integers(0, 18), bans, st.integers(0, 99))
def test_any_edit_gives_the_paths_of_plain_dijkstra(before, added, kept, turns, seed):
    old, graph = graph_of(before, turns[:2]), graph_of([*before[:kept], *added], turns)
    known = Hierarchy.build(old)
    rank = ranks_after(old, known.rank, known.parent, graph, most_new=1.0)
    if rank is None:  # too little is left
        assert graph.node_count < old.node_count
        return
    assert sorted(rank.tolist()) == list(range(graph.node_count))
    weights = np.random.default_rng(seed).integers(0, 50, len(graph.arcs))
    topology = Topology(Hierarchy.of(graph.arcs, rank), graph)
    check_equal(graph, Metric(topology, weights), Reference(graph, weights))


def grid():
    numbers = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    across = zip(numbers[:, :-1].ravel().tolist(), numbers[:, 1:].ravel().tolist(), strict=True)
    along = zip(numbers[:-1].ravel().tolist(), numbers[1:].ravel().tolist(), strict=True)
    return [*across, *along]


def test_a_small_edit_keeps_the_order_and_its_speed():
    ends, drawn = grid(), np.random.default_rng(4)
    fewer = [ends[i] for i in np.sort(drawn.permutation(len(ends))[12:]).tolist()]
    streets = [(SIDE * SIDE + i, SIDE * SIDE + i + 1) for i in range(10)]
    old, graph = graph_of(fewer), graph_of([*ends, (5, SIDE * SIDE), *streets])
    known = Hierarchy.build(old)
    made = known.after(old, graph)
    own = Hierarchy.build(graph)
    assert made is not None
    assert made.whole_effort == known.whole_effort
    effort = Hierarchy.of(graph.arcs, made.rank).whole_effort[0]
    assert effort <= MOST_EFFORT * own.whole_effort[0]
    places = known.rank[: len(old.edges.node_ids)]  # without copies of junctions
    in_order = Ids(graph.edges.node_ids).find_all(old.edges.node_ids[np.argsort(places)])
    assert (np.diff(made.rank[in_order].astype(np.int64)) < 0).mean() < 0.1


def test_another_town_gets_an_order_of_its_own():
    ends = grid()
    old, more = graph_of(ends[: len(ends) // 2]), graph_of(ends)
    assert Hierarchy.build(old).after(old, more) is None
    assert Hierarchy.build(more).after(more, graph_of(ends[:50])) is None


def test_an_order_that_would_be_slow_is_not_carried_over():
    ends = grid()
    graph, path = graph_of(ends), graph_of([(i, i + 1) for i in range(SIDE * SIDE - 1)])
    assert Hierarchy.build(path).after(path, graph) is None


def test_what_is_kept_of_the_graph_before_gives_the_order(tmp_path, monkeypatch):
    old, graph = graph_of(grid()[:-1]), graph_of(grid())
    Hierarchy.open(old, tmp_path)
    monkeypatch.setattr(Hierarchy, "build", None)
    made = Hierarchy.open(graph, tmp_path, before=old)
    assert np.array_equal(made.rank, Hierarchy.find(graph, tmp_path).rank)
    monkeypatch.undo()
    assert made.whole_effort == Hierarchy.find(old, tmp_path).whole_effort

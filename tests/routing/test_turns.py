"""Turn restrictions against a search over arcs that remembers the arcs driven before."""

import heapq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.answer.summary import summarise
from routing.cch.reference import Reference
from routing.graph.arcs import BaseArcs
from routing.graph.turns import Restriction, split
from tests.routing.maps import Town, edge_id, edges_of, end_nodes, node_id, start_node

CROSS = """
       N
       |
  W----X----E
       |
       S
"""
ARMS = {"WX": {}, "NX": {}, "EX": {}, "SX": {}}


def test_a_forbidden_turn_is_not_driven_and_others_are():
    town = Town(CROSS, ARMS, [("no", "WX", "NX")])
    assert town.way("WX:0.1", "EX:0.1") == "X"
    assert town.way("NX:0.1", "WX:0.1") == "X"
    assert town.way("SX:0.1", "NX:0.1") == "X"
    assert town.way("WX:0.1", "NX:0.1") == "XEX"


def test_turning_round_is_counted_also_at_a_stop():
    town = Town(CROSS, ARMS, [("no", "WX", "NX")])
    counts = []
    for places in (["WX:0.1", "EX:0.1"], ["WX:0.1", "NX:0.1"], ["WX:0.1", "EX:0.1", "NX:0.1"]):
        found = town.find(*places)
        counts.append(summarise(town.graph.edges, found, found.legs).turns_round)
    assert counts == [0, 1, 1]


def test_a_forbidden_turn_at_once_after_the_start():
    town = Town(CROSS, ARMS, [("no", "WX", "NX")])
    assert town.way("WX:0.9", "NX:0.9") == "XEX"


def test_only_one_exit_is_allowed():
    town = Town(CROSS, ARMS, [("only", "WX", "EX")])
    assert town.way("WX:0.5", "EX:0.5") == "X"
    assert town.way("WX:0.5", "NX:0.5") == "XEX"


def test_no_u_turn():
    town = Town(CROSS, ARMS, [("no", "EX", "EX")])
    assert town.way("W", "N") == "WXN"
    found = town.find("EX:0.5", "EX:0.9")
    assert len(found.legs[0].keys) == 1


def test_a_restriction_over_an_edge_between():
    drawing = """
      A         D
      |         |
      B----C----E
      |         |
      F         G
    """
    roads = {"AB": {}, "FB": {"length_m": 500.0}, "BC": {}, "CE": {}, "ED": {}, "EG": {}}
    town = Town(drawing, roads, [("no", "AB", "BC", "CE", "ED")])
    assert town.way("FB:0.5", "ED:0.5") == "BCE"
    assert town.way("AB:0.5", "EG:0.5") == "BCE"
    assert town.way("AB:0.5", "ED:0.5") == "BFBCE"
    assert town.way("ED:0.5", "AB:0.5") == "ECB"


def test_exempt_vehicles_may_turn():
    town = Town(CROSS, ARMS, [("no", "WX", "NX", "exempt=hgv")])
    assert town.way("WX:0.1", "NX:0.1") == "XEX"
    assert town.way("WX:0.1", "NX:0.1", profile="truck") == "X"


def test_junctions_without_restrictions_stay_single():
    plain, one = (
        Town(CROSS, ARMS, turns, turn_costs=False) for turns in ([], [("no", "WX", "NX")])
    )
    assert plain.graph.node_count == 5
    # the copy at X, the turn never completed, and where one might come back from: E and S
    assert one.graph.node_count == 9


def forbidden_chains(base, restrictions):
    """Return the forbidden sequences as tuples of keys, spelled out independently."""
    ways = list(zip(base.key.tolist(), base.tail.tolist(), base.head.tolist(), strict=True))
    found = set()
    for r in restrictions:
        chains = [[w] for w in ways if w[0] >> 1 == r.edges[0]]
        for edge in r.edges[1:]:
            chains = [
                [*c, w] for c in chains for w in ways if w[0] >> 1 == edge and w[1] == c[-1][2]
            ]
        for chain in chains:
            if r.kind == "no":
                found.add(tuple(w[0] for w in chain))
            else:
                for i in range(1, len(chain)):
                    for w in ways:
                        if w[1] == chain[i - 1][2] and w[0] != chain[i][0]:
                            found.add((*(c[0] for c in chain[:i]), w[0]))
    return found


def over_arcs(base, weight, banned, start_key, end_key):
    """Return the cost from the end of `start_key` to the start of `end_key`, arcs as states."""
    longest = max((len(b) for b in banned), default=1)
    ways = list(zip(base.key.tolist(), base.tail.tolist(), base.head.tolist(), strict=True))
    head = {k: h for k, _, h in ways}
    queue, seen = [(0, (start_key,))], set()
    while queue:
        cost, past = heapq.heappop(queue)
        if past in seen:
            continue
        seen.add(past)
        for key, tail, _ in ways:
            if tail != head[past[-1]]:
                continue
            now = (*past, key)
            if any(now[-len(b) :] == b for b in banned if len(b) <= len(now)):
                continue
            if key == end_key:
                return cost
            heapq.heappush(queue, (cost + weight[key], now[-longest:]))
    return None


@st.composite
def networks(draw):
    nodes = draw(st.integers(2, 6))
    count = draw(st.integers(1, 9))
    node = st.integers(0, nodes - 1)
    ends = draw(st.lists(st.tuples(node, node, st.booleans()), min_size=count, max_size=count))
    edge = st.integers(0, count - 1)
    turn = st.tuples(st.sampled_from(["no", "only"]), st.lists(edge, min_size=2, max_size=4))
    turns = draw(st.lists(turn, max_size=4))
    weights = draw(st.lists(st.integers(1, 20), min_size=count, max_size=count))
    return ends, [Restriction(k, tuple(e)) for k, e in turns], weights


@settings(max_examples=150, deadline=None)
@given(networks())
def test_splitting_equals_a_search_over_arcs(drawn):
    ends, restrictions, by_edge = drawn
    rows = [
        {
            "id": edge_id(str(i)),
            "from_node": node_id(str(a)),
            "to_node": node_id(str(b)),
            "oneway": one,
            "length_m": 1.0,
            "shape": [(a, a), (b, b)],
        }
        for i, (a, b, one) in enumerate(ends)
    ]
    edges = edges_of(rows)
    graph, base = split(edges, restrictions), BaseArcs.of(edges)
    banned = forbidden_chains(base, restrictions)
    weight = {k: by_edge[k >> 1] for k in base.key.tolist()}
    engine = Reference(graph, np.array(by_edge)[graph.arcs.edge])
    for start in base.key.tolist():
        for end in base.key.tolist():
            ways = [engine.path(start_node(graph, start), node) for node in end_nodes(graph, end)]
            ours = min((w[0] for w in ways if w), default=None)
            truth = over_arcs(base, weight, banned, start, end)
            assert ours == truth, (start, end)


def test_a_restriction_of_edges_that_do_not_meet_forbids_nothing():
    town = Town(CROSS + "\n  P----Q", {**ARMS, "PQ": {}}, [("no", "WX", "PQ")], turn_costs=False)
    assert town.graph.node_count == 7
    assert town.way("W", "N") == "WXN"


@pytest.mark.parametrize("via", [0, 1])
def test_the_via_node_tells_where(via):
    town = Town("A----B", {"AB": {}, "BA": {"length_m": 500.0}})
    node = [int(town.graph.edges.tail[0]), int(town.graph.edges.head[0])][via]
    graph = split(town.graph.edges, [Restriction("no", (0, 1), via_node=node)])
    blocked = [start_node(graph, k) >= 2 for k in (0, 1)]
    assert blocked == ([False, True] if via == 0 else [True, False])

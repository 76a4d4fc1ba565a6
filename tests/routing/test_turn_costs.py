"""Turns that cost, against a search over arcs that looks at every bend, and on small maps."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.answer.summary import summarise
from routing.cch.engine import Metric, Topology
from routing.cost.profile import compile_costs, load_profiles
from routing.cost.rule_models import OF_ROADS
from routing.graph.arcs import BaseArcs
from routing.graph.turns import Restriction, split
from routing.index.snap import SnapPoint
from routing.query import one_to_many
from routing.query.leg import find_leg, find_legal_leg
from spatial.networks.road import KIND as ROAD
from tests.routing.maps import Town, changed, edge_id, edges_of, node_id, shipped_rules
from tests.routing.test_turns import forbidden_chains
from tests.routing.test_u_turns import RULE, Truth, plain_oneway

TURN_S, ACROSS_S, BACK_S = 3.0, 4.0, 20.0
SIZES = {"primary": 2, "tertiary": 4, "residential": 5, "service": 7}
VEHICLES = ("car", "heavy", "emergency", "bicycle")
SECONDS = {"turn": TURN_S, "across": ACROSS_S}
TURNING = {name: row | {"seconds": BACK_S} for name, row in RULE["vehicles"].items()}
RULES = (
    shipped_rules()
    | changed(OF_ROADS.turn_cost, {"vehicles": dict.fromkeys(VEHICLES, SECONDS)})
    | changed(OF_ROADS.u_turn, RULE | {"vehicles": TURNING})
)


class Bends(Truth):
    """What each bend costs, from the drawing alone."""

    each_ms = 1000 * BACK_S

    def course(self, key, *, end):
        (x, y), (u, v) = self.edges.vertices(key >> 1)[:: -1 if key & 1 else 1][[0, -1]]
        return math.degrees(math.atan2((u - x) * math.cos(math.radians(v if end else y)), v - y))

    def bend_ms(self, last, key):
        node, edges = self.head[last], self.edges
        arms = sum(
            int(edges.tail[e] == node) + int(edges.head[e] == node) for e in range(len(edges))
        )
        turn = self.between(self.course(last, end=True), self.course(key, end=False))
        if arms < 3 or abs(turn) < 45:
            return 0
        oncoming = [
            other for other, head in self.head.items()
            if head == node and other not in (last, key ^ 1)
            and SIZES[edges.edge_class.get(other >> 1)] <= 4
            and abs(self.between(self.course(last, end=True), self.course(other, end=True))) >= 135
        ]  # fmt: skip
        return 1000 * (TURN_S + (ACROSS_S if turn < 0 and oncoming else 0))

    @staticmethod
    def between(one, other):
        return (other - one + 180) % 360 - 180


def town(seed):
    """Return the edges of streets on a grid that may bend anywhere, and forbidden turns."""
    rng = random.Random(seed)
    places = rng.sample([(x, y) for x in range(4) for y in range(4)], rng.randint(4, 8))
    nodes = [  # no three on a line: who turns by 180° turns neither to the left nor to the right
        (121 + 0.0004 * (x + rng.uniform(0, 0.3)), 30 + 0.0004 * (y + rng.uniform(0, 0.3)))
        for x, y in places
    ]
    ends = [(rng.randrange(n), n) for n in range(1, len(nodes))]
    more = {tuple(sorted(rng.sample(range(len(nodes)), 2))) for _ in range(rng.randrange(5))}
    ends += sorted(more - set(ends))
    rows = [
        {
            "id": edge_id(f"{i}"), "from_node": node_id(f"{a}"), "to_node": node_id(f"{b}"),
            "oneway": rng.random() < 0.15, "length_m": float(rng.randint(5, 60)),
            "class": rng.choice([*SIZES]), "shape": [nodes[a], nodes[b]], "speed_kmh": 36.0,
        }
        for i, (a, b) in enumerate(ends)
    ]  # fmt: skip
    pairs = [(i, j) for i, a in enumerate(ends) for j, b in enumerate(ends) if set(a) & set(b)]
    turns = [Restriction("no", pair) for pair in rng.sample(pairs, rng.choice([0, 0, 1, 3]))]
    return edges_of(rows), turns


def built(edges, turns, *far):
    """Return graph, metric and costs of a car."""
    graph = split(edges, turns, *far)
    costs = compile_costs(load_profiles(ROAD)["car"], graph, RULES)
    free = np.zeros(2 * len(edges), np.bool_), np.full(2 * len(edges), np.nan, np.float32)
    weights = costs.weights(graph.arcs, np.arange(len(graph.arcs)), *free)
    return graph, Metric(Topology.build(graph), weights, fixed=costs.fixed), costs


def far(weight):
    return np.inf if weight is None else weight


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_paths_and_tables_equal_a_search_over_arcs(seed):
    edges, turns = town(seed)
    weights = (edges.length_m * 100).tolist()  # ms at 36 km/h
    truth = Bends(
        plain_oneway(edges),
        forbidden_chains(BaseArcs.of(plain_oneway(edges)), turns),
        weights,
        "car",
    )
    spots = [SnapPoint(e, f, 0, 0.0, 0.0, 0.0) for e in range(len(edges)) for f in (0.25, 0.75)]
    sources, targets = spots[::3], spots[::2]
    best = np.array(
        [[truth.way(a, b) or np.inf if a != b else 0 for b in targets] for a in sources]
    )
    usual, known = built(edges, turns), built(edges, turns, math.inf, math.inf)
    table = one_to_many.durations(*known[:2], [[s] for s in sources], [[t] for t in targets])
    assert table * 1000 == pytest.approx(best, abs=5)
    for i, source in enumerate(sources):
        for j, target in enumerate(targets):
            leg = find_legal_leg(*usual, [source], [target])
            assert far(leg and leg.weight) == pytest.approx(best[i, j], abs=5)
            if leg is not None:
                took = (
                    leg.waits_ms(usual[2]).sum()
                    + (np.array(weights)[leg.edges] * (leg.stop - leg.start)).sum()
                )
                assert took == pytest.approx(best[i, j], abs=5)
            plain = find_leg(known[0], known[1], known[1].weights, [source], [target])
            assert far(plain and plain.weight) == pytest.approx(best[i, j], abs=5)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_reach_ends_where_paths_do(seed, backward):
    edges, turns = town(seed)
    graph, metric, _ = built(edges, turns)
    spot = SnapPoint(0, 0.5, 0, 0.0, 0.0, 0.0)
    span = one_to_many.span(graph, metric, [spot], 12_000, backward=backward)
    goals = [SnapPoint(e, 0.5, 0, 0.0, 0.0, 0.0) for e in range(len(edges))]
    both = ([[g] for g in goals], [[spot]]) if backward else ([[spot]], [[g] for g in goals])
    table = one_to_many.durations(graph, metric, *both).ravel() * 1000
    for edge, far in enumerate(table.tolist()):
        on = span.keys >> 1 == edge
        share = np.where(span.keys & 1, 0.5, 0.5)
        within = on & (span.start <= share) & (span.stop >= share)
        part = (share - span.start) / np.maximum(span.stop - span.start, 1e-12)
        times = span.start_ms + (span.stop_ms - span.start_ms) * part
        assert bool(within.any()) == (far <= 12_000) or abs(far - 12_000) < 5
        if within.any():
            assert times[within].min() == pytest.approx(far, abs=5)


CROSS = """
     N
     |
W----X----E
     |
     S
"""


def cross(**roads):
    usual = {name: {"class": "tertiary"} for name in ("WX", "XE", "NX", "SX")}
    return Town(
        CROSS, {name: row | roads.get(name, {}) for name, row in usual.items()}, rules=RULES
    )


def cost(town, *way):
    found = town.find(*way)
    told = summarise(town.graph.edges, found, found.legs)
    assert found.weight == pytest.approx(1000 * told.duration_s, abs=10)
    return told.delay_s


@pytest.mark.parametrize(
    ("way", "expected"),
    [("WE", 0), ("EW", 0), ("WS", TURN_S), ("WN", TURN_S + ACROSS_S), ("SW", TURN_S + ACROSS_S)],
)
def test_turns_cost_and_left_ones_across_traffic_more(way, expected):
    assert cost(cross(), *way) == pytest.approx(expected)


def test_nobody_waits_for_a_quiet_street():
    quiet = {"class": "residential"}
    assert cost(cross(XE=quiet), "W", "N") == TURN_S
    assert cost(cross(XE={"oneway": True}), "W", "N") == TURN_S


def test_a_side_street_costs_no_copy_and_a_crossing_one():
    street = {"class": "residential"}
    tee = Town("W----X----E\n     |\n     S", {"WX": street, "XE": street, "SX": street})
    assert tee.graph.node_count == 4
    assert cross(**dict.fromkeys(("WX", "XE", "NX", "SX"), street)).graph.node_count == 6


def test_closing_and_slowing_keep_what_turning_costs():
    town = cross()
    before = town.find("W", "S").weight
    town.close(1, "WX", kind="speed", value=10.0)
    town.close(2, "SX", kind="speed", value=10.0)
    slowed = town.find("W", "S")
    assert slowed.weight == pytest.approx(2 * 360_000 + 1000 * TURN_S, abs=10)
    assert before < slowed.weight

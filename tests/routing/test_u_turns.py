"""Turning round against a search over arcs that remembers what was driven, and on small maps."""

import heapq
import math
import random
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.answer.summary import summarise
from routing.cch.engine import Metric, Topology
from routing.cost.delays import compile_delays
from routing.cost.rule_models import OF_ROADS
from routing.cost.u_turns import compile_u_turns
from routing.cost.weekly_hours import ZONE
from routing.graph.arcs import BaseArcs
from routing.graph.turns import HORIZON_M, Restriction, split
from routing.graph.weights import INFINITE
from routing.index.snap import SnapPoint
from routing.query.leg import find_leg, find_legal_leg, turning_points
from routing.query.model import Conditions, PathQuery
from tests.routing.maps import (
    NOW,
    Town,
    changed,
    edge_id,
    edges_of,
    free_rules,
    node_id,
    start_node,
)  # fmt: skip
from tests.routing.test_turns import forbidden_chains

UNDOING_M, TURN_MS = 50, 7
RULE = {
    "classes": ["primary_link"], "structures": ["bridge"], "crossings": True,
    "undoing_m": UNDOING_M,
    "vehicles": {
        name: {"seconds": TURN_MS / 1000, "where": where}
        for name, where in (
            ("car", "lawful"), ("heavy", "dead_ends"), ("bicycle", "anywhere"), ("foot", "anywhere")
        )
    },
}  # fmt: skip


def plain_oneway(edges):
    """Return edges without the arcs against one-way streets, which no rule opens to a car."""
    return replace(edges, oneway=edges.oneway | edges.opened)


class Truth:
    """Every turn round is looked at where it is made, from the tags and the chains alone."""

    each_ms = TURN_MS

    def __init__(self, edges, banned, weight, kind):
        base = BaseArcs.of(edges)
        ends = zip(base.key.tolist(), base.tail.tolist(), base.head.tolist(), strict=True)
        self.tail, self.head = {}, {}
        for key, tail, head in ends:
            self.tail[key], self.head[key] = tail, head
        self.edges, self.banned, self.weight, self.kind = edges, banned, weight, kind
        self.away = self.away_m()

    def onward(self, past):
        """Return the keys that may follow some, whoever drives."""
        return [
            key
            for key, tail in self.tail.items()
            if tail == self.head[past[-1]] and not self.completes((*past, key))
        ]

    def completes(self, keys):
        return any(keys[-len(b) :] == b for b in self.banned)

    def away_m(self):
        """Return how far keys end behind a junction at which they were not forbidden."""
        far, edges = {}, self.edges
        length = edges.length_m.tolist()
        queue = [
            (length[key >> 1], key)
            for chain in self.banned
            for at in range(1, len(chain))
            for key in self.onward(chain[:at])
            if key != chain[at] and not edges.oneway[key >> 1] and (at > 1 or key != chain[0] ^ 1)
        ]
        while queue:
            metres, last = queue.pop()
            if metres < far.get(last, math.inf):
                far[last] = metres
                queue += [
                    (metres + length[key >> 1], key)
                    for key, tail in self.tail.items()
                    if tail == self.head[last] and key != last ^ 1 and not edges.oneway[key >> 1]
                ]
        return far

    def turn_ms(self, past):
        """Return the cost of turning round after some keys, None where one may not."""
        last = past[-1]
        if self.kind in ("bicycle", "foot"):
            return self.each_ms
        edge, edges = last >> 1, self.edges
        ahead = self.head[last]
        if all(key == last ^ 1 for key, tail in self.tail.items() if tail == ahead):
            return self.each_ms
        law = edges.edge_class.get(edge) == "primary_link" or edges.structure.get(edge) == "bridge"
        if law or edges.crossing[ahead]:
            return None
        begun = any(
            past[-n:] == chain[:n]
            for chain in self.banned
            for n in range(1, min(len(chain), len(past) + 1))
        )
        near = begun or self.away.get(last, math.inf) < UNDOING_M
        return None if near or self.kind == "heavy" else self.each_ms

    def bend_ms(self, last, key):
        """Return the cost of going on by another edge."""
        return 0

    def way(self, source, target):
        """Return the cost (ms) from a spot to another one, None without a way."""
        longest = max((len(b) for b in self.banned), default=1)
        queue, seen = [], set()
        least = math.inf
        for key in (2 * source.edge, 2 * source.edge + 1):
            if key in self.tail:
                share = 1 - source.fraction if key & 1 else source.fraction
                heapq.heappush(queue, (self.weight[key >> 1] * (1 - share), (key,)))
                if source.edge == target.edge:
                    on = (1 - target.fraction if key & 1 else target.fraction) - share
                    least = min(least, self.weight[key >> 1] * on) if on >= 0 else least
        while queue and queue[0][0] < least:
            cost, past = heapq.heappop(queue)
            if past in seen:
                continue
            seen.add(past)
            for key in self.onward(past):
                back = key == past[-1] ^ 1
                more = self.turn_ms(past) if back else self.bend_ms(past[-1], key)
                if more is None:
                    continue
                if key >> 1 == target.edge:
                    share = 1 - target.fraction if key & 1 else target.fraction
                    least = min(least, cost + more + self.weight[key >> 1] * share)
                now = (*past, key)[-longest:]
                heapq.heappush(queue, (cost + more + self.weight[key >> 1], now))
        return None if least == math.inf else least


def town(seed):
    """Return the edges of a tree with a few more, forbidden turns among them, and weights."""
    rng = random.Random(seed)
    nodes = rng.randint(4, 9)
    ends = [(rng.randrange(n), n) for n in range(1, nodes)]
    ends += [(rng.randrange(nodes), rng.randrange(nodes)) for _ in range(rng.randrange(4))]
    rows = [
        {
            "id": edge_id(f"{i}"),
            "from_node": node_id(f"{tail}"),
            "to_node": node_id(f"{head}"),
            "oneway": rng.random() < 0.15,
            "length_m": float(rng.randint(5, 60)),
            "class": rng.choice(["primary"] * 5 + ["primary_link"]),
            "structure": rng.choice([None] * 5 + ["bridge"]),
            "shape": [(tail, tail), (head, head)],
        }
        for i, (tail, head) in enumerate(ends)
    ]
    chains = [[i] for i in range(len(ends))]
    for _ in range(rng.choice([1, 1, 2])):
        chains = [[*c, i] for c in chains for i, e in enumerate(ends) if set(ends[c[-1]]) & set(e)]
    turns = [
        Restriction(rng.choice(["no", "no", "no", "only"]), tuple(chain))
        for chain in rng.sample(chains, min(len(chains), rng.randint(1, 8)))
    ]
    crossings = [node_id(f"{rng.randrange(nodes)}")] if rng.random() < 0.5 else []
    return edges_of(rows, crossings), turns, [rng.randint(1, 20) for _ in ends]


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["car", "heavy", "bicycle"]))
def test_turning_round_equals_a_search_over_arcs(seed, kind):
    edges, restrictions, weights = town(seed)
    truth = Truth(
        plain_oneway(edges),
        forbidden_chains(BaseArcs.of(plain_oneway(edges)), restrictions),
        weights,
        kind,
    )
    spots = [SnapPoint(e, f, 0, 0.0, 0.0, 0.0) for e in range(len(edges)) for f in (0.25, 0.75)]
    for horizon_m in (HORIZON_M, math.inf, 0.0 if kind == "bicycle" else UNDOING_M):
        graph = split(edges, restrictions, horizon_m, turn_costs=False)
        admitted = np.ones(len(graph.arcs), np.bool_)
        turning = compile_u_turns(kind, graph, admitted, admitted, changed(OF_ROADS.u_turn, RULE))
        free = compile_delays(None, graph, {})
        costs = SimpleNamespace(back_ms=turning.by_arc(graph, admitted, admitted, free))
        metric = Metric(Topology.build(graph), weighed(graph, weights, turning))
        for source in spots[::3]:
            for target in spots[::2]:
                ours = find_legal_leg(graph, metric, costs, [source], [target])
                best = truth.way(source, target)
                assert (None if ours is None else ours.weight) == pytest.approx(best)
                if horizon_m == math.inf:  # then the hierarchy knows it all
                    known = find_leg(graph, metric, metric.weights, [source], [target])
                    assert (None if known is None else known.weight) == pytest.approx(best)


def weighed(graph, weights, turning):
    """Return the weights by arc, turning round included."""
    found = np.array(weights, np.int64)[graph.arcs.edge]
    back = graph.arcs.turn >= 0
    found[back] += turning.by_row[graph.arcs.turn[back]]
    return np.minimum(found, INFINITE)


STREET = """
          N
          |
W---------X----A----B----C
          |    |    |
          S    P    Q
"""
STREETS = {
    "WX": {}, "NX": {}, "SX": {}, "XA": {"length_m": 60.0}, "AP": {}, "AB": {"length_m": 100.0},
    "BQ": {}, "BC": {"length_m": 100.0},
}  # fmt: skip
NO_LEFT = ("no", "WX", "NX")


def street(**given):
    """Return the street on which a left turn at X is forbidden."""
    return Town(STREET, {name: row | given.get(name, {}) for name, row in STREETS.items()},
                [NO_LEFT, ("no", "WX", "SX")], free_rules())  # fmt: skip


def test_nobody_turns_round_just_behind_a_forbidden_turn():
    town = street()
    found = town.find("WX:0.5", "NX:0.5")
    assert town.nodes(found) == "XABAX"  # not at A, 60 m on
    told = summarise(town.graph.edges, found, found.legs)
    driving = 1320 / 50 * 3.6
    assert told.turns_round == 1
    assert told.duration_s == pytest.approx(driving + 30)
    assert found.weight == pytest.approx(1000 * (driving + 30), abs=10)
    assert found.sums()[1] == pytest.approx(found.weight, abs=10)
    assert turning_points(town.graph, found.legs) == [town.places["B"]]


def test_a_truck_turns_round_in_dead_ends_alone():
    assert street().way("WX:0.5", "NX:0.5", profile="truck") == "XABCBAX"
    assert street().way("WX:0.5", "NX:0.5", profile="bus") == "XABCBAX"


@pytest.mark.parametrize(
    "given",
    [{"structure": "bridge"}, {"structure": "tunnel"}, {"class": "secondary_link"},
     {"class": "motorway"}],
)  # fmt: skip
def test_the_law_forbids_turning_round_on_some_roads(given):
    assert street(AB=given).way("WX:0.5", "NX:0.5") == "XABCBAX"


def test_nobody_turns_round_on_a_crossing():
    town = Town(STREET, STREETS, [NO_LEFT, ("no", "WX", "SX")], crossings="B")
    assert town.way("WX:0.5", "NX:0.5") == "XABCBAX"


def test_a_place_beyond_the_copies_is_searched_for_over_arcs():
    town = street(XA={"length_m": HORIZON_M + 100})
    query = PathQuery("truck", [town.at("WX:0.5"), town.at("NX:0.5")])
    town.network.path(query, NOW)
    assert town.network.quick_path(query, NOW) is None
    assert town.way("WX:0.5", "NX:0.5", profile="truck") == "XABCBAX"
    assert town.way("WX:0.5", "NX:0.5") == "XAX"


@pytest.mark.parametrize("profile", ["car", "truck"])
def test_a_table_turns_where_paths_do(profile):
    long = {"structure": "bridge", "length_m": 240.0}
    net = street(XA=long, AB=long, BC=long).network
    points = [street().at("WX:0.5"), street().at("NX:0.5")]
    prepared = net.prepared(Conditions(profile), NOW)
    places = net.snap(prepared, points)
    found, _, _ = prepared.table(places[:1], places[1:])
    way = net.path(PathQuery(profile, points), NOW)
    assert found[0, 0] == pytest.approx(way.weight / 1000, abs=0.01)


def test_a_dead_end_on_a_bridge_is_left_all_the_same():
    bridge = {"structure": "bridge", "length_m": 30.0}
    assert street(BC=bridge).way("WX:0.5", "NX:0.5", profile="truck") == "XABCBAX"


def test_a_way_around_banned_hours_turns_where_it_may():
    drawing = STREET.replace("W---------X", "W----Y----X")
    by_day = {"access": '{"hgv:conditional": "no @ (06:00-22:00)"}', "length_m": 500.0}
    far = {"length_m": HORIZON_M + 100}
    roads = STREETS | {"XA": far, "AB": far, "WY": {"length_m": 1.0}, "YN": by_day, "YX": far}
    del roads["WX"]
    town = Town(drawing, roads, [("no", "YX", "NX"), ("no", "YX", "SX")])
    trip = {"profile": "truck", "depart_at": NOW.replace(tzinfo=ZONE, hour=12)}
    assert town.way("WY:0.5", "NX:0.5", **trip) == "YXABCBAX"


def test_a_forbidden_left_turn_forbids_turning_round_there():
    town = Town(STREET, STREETS)
    wx, nx = town.names.index("WX"), town.names.index("NX")
    graph = split(town.graph.edges, [Restriction("no", (wx, nx), no_left=True)])
    at = start_node(graph, 2 * wx)
    assert 2 * wx + 1 not in graph.arcs.key[graph.arcs.tail == at]

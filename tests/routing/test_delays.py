"""What is met on the way costs time, in paths, tables, reach and by the hour alike."""

import random

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.answer.summary import summarise
from routing.cch.engine import Topology
from routing.cost.profile import load_profiles
from routing.cost.rule_models import OF_ROADS
from routing.cost.weekly_hours import ZONE
from routing.graph.turns import split
from routing.index.snap import SnapPoint
from routing.query.leg import find_leg
from routing.query.model import Conditions
from routing.query.network import RoadNetwork
from spatial.networks.road import KIND as ROAD
from tests.routing.maps import NOW, Town, changed, edge_id, edges_of, node_id, shipped_rules

SECONDS = {"traffic_signals": 8, "stop": 5, "gate": 20, "join": 3, "join_main": 6}
KMH = 50.0


def delays(**seconds):
    kinds = ("car", "heavy", "emergency", "bicycle")
    return changed(OF_ROADS.turn_cost, {"vehicles": dict.fromkeys(kinds, seconds)})


RULES = shipped_rules() | delays(**SECONDS)


def met(**counts):
    return {"delays": orjson.dumps(counts).decode()}


LINE = "A----B----C----D"


def line(**roads):
    return Town(LINE, {"AB": {}, "BC": {}, "CD": {}} | roads, rules=RULES)


def seconds(town, *stops, **more):
    found = town.find(*stops, **more)
    told = summarise(town.graph.edges, found, found.legs)
    assert found.weight == pytest.approx(1000 * told.duration_s, abs=10)
    return told.duration_s, told.delay_s


def test_signals_count_for_who_comes_to_them():
    town = line(BC=met(traffic_signals=[1, 0], gate=[1, 1]))
    driving = 3000 / KMH * 3.6
    assert seconds(town, "A", "D") == pytest.approx((driving + 28, 28))
    assert seconds(town, "D", "A") == pytest.approx((driving + 20, 20))


def test_who_does_not_pass_the_end_of_an_edge_pays_nothing():
    town = line(BC=met(stop=[1, 0]))
    assert seconds(town, "BC:0.25", "BC:0.75")[1] == 0
    assert seconds(town, "A", "BC:0.9")[1] == 0
    assert seconds(town, "BC:0.9", "CD:0.1")[1] == 5


CROSS = """
     N
     |
W----X----E
     |
     S
"""


@pytest.mark.parametrize(
    ("classes", "way", "expected"),
    [
        (("tertiary", "residential"), ("S", "E"), 3),
        (("tertiary", "residential"), ("W", "N"), 0),
        (("primary", "residential"), ("S", "N"), 6),
        (("primary", "primary"), ("S", "N"), 0),
        (("motorway", "motorway_link"), ("S", "E"), 0),  # merges by its own lane
        (("secondary", "motorway_link"), ("S", "E"), 6),
        (("residential", "footway"), ("W", "E"), 0),
    ],
)
def test_the_smaller_road_gives_way(classes, way, expected):
    large, small = ({"class": name} for name in classes)
    town = Town(CROSS, {"WX": large, "XE": large, "NX": small, "SX": small}, rules=RULES)
    assert seconds(town, *way)[1] == expected


def test_a_sign_or_signals_stand_for_giving_way():
    large = {"class": "primary"}
    small = {"class": "residential", **met(stop=[1, 0])}
    town = Town(CROSS, {"WX": large, "XE": large, "SX": small}, rules=RULES)
    assert seconds(town, "S", "E")[1] == 5


def test_who_comes_to_a_roundabout_gives_way_and_who_is_in_it_does_not():
    ring = {"roundabout": True, "oneway": True}
    roads = {"WX": {}, "XN": ring, "NE": ring, "ES": ring, "SX": ring, "EQ": {"class": "primary"}}
    town = Town("   N\nW--X   E--Q\n   S", roads, rules=RULES)
    assert seconds(town, "W", "Q")[1] == 3


def test_a_vehicle_without_the_rule_is_not_delayed():
    town = line(BC=met(traffic_signals=[1, 1]))
    assert seconds(town, "A", "D", profile="truck")[1] == 8
    town = Town(LINE, {"AB": {}, "BC": met(traffic_signals=[1, 1]), "CD": {}},
                rules={k: r for k, r in RULES.items() if k != OF_ROADS.turn_cost.key})  # fmt: skip
    assert seconds(town, "A", "D")[1] == 0


def test_standing_counts_for_the_hour_at_which_the_next_road_is_driven():
    halves = {"week": [0.5 if hour % 2 else 1.0 for hour in range(168)]}
    rules = RULES | changed(OF_ROADS.hour_of_week, {"other": halves}) | delays(gate=3600)
    town = Town(LINE, {"AB": {}, "BC": met(gate=[1, 1]), "CD": {}}, rules=rules)
    noon = NOW.astimezone(ZONE).replace(hour=12, minute=0)
    found = town.find("A", "D", depart_at=noon, typical=True)
    each = 1000 / KMH * 3.6
    assert found.sums()[1] == pytest.approx(1000 * (each + each + 3600 + 2 * each))


def town(seed):
    """Return random streets with delays, and what driving and passing each key takes (ms)."""
    rng = random.Random(seed)
    nodes = rng.randint(3, 8)
    ends = [(rng.randrange(n), n) for n in range(1, nodes)]
    ends += [tuple(rng.sample(range(nodes), 2)) for _ in range(4)]
    counts = [{k: [rng.randrange(3), rng.randrange(3)] for k in ("stop", "gate")} for _ in ends]
    metres = [float(rng.randint(50, 900)) for _ in ends]
    rows = [
        {
            "id": edge_id(f"{i}"), "from_node": node_id(f"{a}"), "to_node": node_id(f"{b}"),
            "length_m": metres[i], "shape": [(a, a), (b, b)], **met(**counts[i]),
        }
        for i, (a, b) in enumerate(ends)
    ]  # fmt: skip
    takes = [
        (*both[:: -1 if way else 1], metres[i] / KMH * 3600,
         1000 * sum(SECONDS[k] * each[way] for k, each in counts[i].items()))
        for i, both in enumerate(ends) for way in (0, 1)
    ]  # fmt: skip
    graph = split(edges_of(rows), [], turn_costs=False)
    return RoadNetwork(
        graph, Topology.build(graph), {"car": load_profiles(ROAD)["car"]}, RULES
    ), takes


def far_from(takes, begins):
    """Return how far each node is from some, each with its own begin (ms)."""
    least, queue = {}, [(far, node) for node, far in begins]
    while queue:
        far, node = min(queue)
        queue.remove((far, node))
        if node not in least:
            least[node] = far
            queue += [(far + ms + met, head) for tail, head, ms, met in takes if tail == node]
    return least


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_paths_tables_and_reach_pay_alike(seed):
    net, takes = town(seed)
    prepared = net.prepared(Conditions("car"), NOW)
    spots = [SnapPoint(edge, 0.25, 0, 0.0, 0.0, 0.0) for edge in range(len(takes) // 2)]
    table = prepared.table([[s] for s in spots], [[s] for s in spots])[0] * 1000
    for i, (there, back) in enumerate(zip(takes[::2], takes[1::2], strict=True)):
        begins = [(there[1], 0.75 * there[2] + there[3]), (back[1], 0.25 * back[2] + back[3])]
        least = far_from(takes, begins)
        span = prepared.span([spots[i]], 3600)
        whole = span.stop == 1
        for j, (into, other) in enumerate(zip(takes[::2], takes[1::2], strict=True)):
            truth = min(least[into[0]] + 0.25 * into[2], least[other[0]] + 0.75 * other[2])
            truth = 0.0 if i == j else truth
            assert table[i, j] == pytest.approx(truth, abs=10)
            found = find_leg(net.graph, prepared.metric, prepared.metric.weights,
                             [spots[i]], [spots[j]])  # fmt: skip
            assert found.weight == pytest.approx(truth, abs=10)
            if i != j:
                reached = span.stop_ms[whole & (span.keys == 2 * j)].min()
                assert reached == pytest.approx(least[into[0]] + into[2], abs=10)

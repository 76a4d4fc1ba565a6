"""What must give for a refused vehicle to pass, against trying every set of places."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.cch.engine import Topology
from routing.cost.profile import compile_costs, load_profiles
from routing.graph.graph import Graph
from routing.graph.turns import split
from routing.graph.weights import INFINITE, NOTHING_FIXED
from routing.index.snap import SnapPoint
from routing.query.relaxation import BlockedPlaces, relaxations
from spatial.errors import LimitViolated
from spatial.networks.road import KIND as ROAD
from tests.routing.maps import Town, edge_id, shipped_rules

HOURS = 1
PAIRS = ["AB", "BC", "DE", "EF", "AD", "BE", "CF", "AE", "BF", "BD"]
SETS = 3
GRID = "X--A----B----C\n\n\n   D----E----F--Y"


@st.composite
def towns(draw):
    names = draw(st.lists(st.sampled_from(PAIRS), min_size=4, unique=True))
    roads = {n: {"length_m": float(draw(st.integers(1, 9)) * 1000)} for n in names}
    for name in names:
        roads[name]["max_height_m"] = 3.0 if draw(st.integers(0, 2)) else None
        roads[name]["oneway"] = draw(st.integers(0, 4)) == 0
    return roads


def ways(graph: Graph, weights, tail, head):
    """Yield the arcs of every simple way between two nodes."""
    stack = [(tail, [], {tail})]
    while stack:
        node, arcs, seen = stack.pop()
        if node == head:
            yield arcs
            continue
        for arc in np.flatnonzero((graph.arcs.tail == node) & (weights < INFINITE)).tolist():
            beyond = int(graph.arcs.head[arc])
            if beyond not in seen:
                stack.append((beyond, [*arcs, arc], seen | {beyond}))


def brute(graph, weights, places, tail, head):
    """Return cost and places of the cheapest way for each set in which earlier ones are not."""
    best = {}
    for arcs in ways(graph, weights, tail, head):
        keys = graph.arcs.key[arcs]
        held = frozenset(places.of_key[keys][places.of_key[keys] >= 0].tolist())
        cost = int(weights[arcs].sum()) + places.share[keys].sum() * HOURS * 3_600_000
        best[held] = min(best.get(held, np.inf), cost)
    chosen = []
    for held, cost in sorted(best.items(), key=lambda item: item[1]):
        if not any(earlier <= held for earlier, _ in chosen):
            chosen.append((held, cost))
    return chosen


def spots(town):
    """Return the far ends of the roads that lead in and out, which nothing blocks."""
    (x, y), (u, v) = town.places["X"], town.places["Y"]
    names = town.names
    return [
        [SnapPoint(names.index("XA"), 0.0, 0, x, y, 0.0)],
        [SnapPoint(names.index("FY"), 1.0, 0, u, v, 0.0)],
    ]


def free_weights(graph):
    """Return a car's weights: no limit holds for it."""
    costs = compile_costs(load_profiles(ROAD)["car"], graph, shipped_rules())
    keys = 2 * len(graph.edges)
    nothing, no_cap = np.zeros(keys, np.bool_), np.full(keys, np.nan, np.float32)
    return costs.weights(graph.arcs, np.arange(len(graph.arcs)), nothing, no_cap)


@settings(max_examples=80, deadline=None)
@given(towns())
def test_the_sets_are_the_cheapest_that_there_are(roads):
    town = Town(GRID, {"XA": {}, **roads, "FY": {}})
    graph = split(town.graph.edges, [], turn_costs=False)  # ways are enumerated from node to node
    weights, blocked = free_weights(graph), np.repeat(graph.edges.limits[:, 0] < 4, 2)
    places = BlockedPlaces.of(graph, weights, blocked)
    found = relaxations(
        graph,
        Topology.build(graph),
        weights,
        None,
        NOTHING_FIXED,
        blocked,
        spots(town),
        HOURS,
        SETS,
    )
    entry, leave = (town.names.index(name) for name in ("XA", "FY"))
    tail, head = int(graph.edges.head[entry]), int(graph.edges.tail[leave])
    expected = brute(graph, weights, places, tail, head)
    if expected and not expected[0][0]:
        assert found == []
        return
    approach = int(weights[graph.arcs.first[[2 * entry, 2 * leave]]].sum())
    assert len(found) == min(SETS, len(expected))
    for way, (_, cost) in zip(found, expected, strict=False):
        assert way.cost_ms == pytest.approx(cost + approach, abs=20)
    sets = [frozenset(places.on(way.legs)) for way in found]
    assert not any(a <= b or b <= a for a, b in combinations(sets, 2))


LOW = {"max_height_m": 3.0}


def test_one_low_tunnel_in_two_pieces_is_one_place():
    town = Town("X-A-B-C-D-Y", {"XA": {}, "AB": LOW, "BC": LOW, "CD": {}, "DY": LOW})
    graph = town.graph
    low = np.repeat(graph.edges.limits[:, 0] < 4, 2)
    low[3] = False  # from B to A
    places = BlockedPlaces.of(graph, free_weights(graph), low)
    assert places.of_key[2] == places.of_key[4] == places.of_key[5] != places.of_key[8]
    assert places.of_key[3] == -1
    assert places.share.tolist() == [0, 0, 0.5, 0, 0.5, 0.5, 0, 0, 1, 1]


def refuse(town, **query):
    with pytest.raises(LimitViolated) as caught:
        town.find("X", "Y", **query)
    return caught.value.extra


TWO_WAYS = "  B\n\nX-A   D-Y\n\n  C"


def two_ways():
    """Return a short way under 3.8 m and a long one under 4.2 m and over a bridge of 30 t."""
    return Town(
        TWO_WAYS,
        {
            "XA": {},
            "AB": {"max_height_m": 3.8},
            "BD": {},
            "AC": {"max_height_m": 4.2, "length_m": 5000.0},
            "CD": {"max_mass_t": 30.0, "length_m": 5000.0},
            "DY": {},
        },
    )


def test_relaxations_say_which_limit_from_where_to_where():
    extra = refuse(two_ways(), profile="truck", sizes={"height_m": 4.0, "mass_t": 40.0})
    low, heavy = extra["relaxations"]
    assert low["give"] == [{"limit": "max_height_m", "from": 3.8, "to": 4.0}]
    assert heavy["give"] == [{"limit": "max_mass_t", "from": 30.0, "to": 40.0}]
    assert low["edges"][0]["edge"] == str(edge_id("AB"))
    assert "公路法" in low["edges"][0]["law"]
    assert (low["length_m"], heavy["length_m"]) == (4000.0, 12000.0)
    assert low["geometry"]["coordinates"][0] == list(two_ways().places["X"])


def test_a_place_may_have_to_give_in_two_limits():
    extra = refuse(two_ways(), profile="truck", sizes={"height_m": 4.4, "mass_t": 40.0})
    assert [way["places"] for way in extra["relaxations"]] == [1, 1]
    assert [len(way["give"]) for way in extra["relaxations"]] == [1, 2]


def test_closed_and_avoided_roads_do_not_give():
    town = two_ways()
    town.close(1, "CD")
    extra = refuse(town, profile="truck", sizes={"height_m": 4.0, "mass_t": 40.0})
    assert len(extra["relaxations"]) == 1
    extra = refuse(
        two_ways(),
        profile="truck",
        sizes={"height_m": 4.0, "mass_t": 40.0},
        avoid_edges=[edge_id("AB")],
    )
    assert [way["give"][0]["limit"] for way in extra["relaxations"]] == ["max_mass_t"]


def test_what_gives_lets_the_vehicle_pass():
    town = two_ways()
    sizes = {"height_m": 4.0, "mass_t": 40.0}
    for way in refuse(town, profile="truck", sizes=sizes)["relaxations"]:
        lower = {row["limit"].removeprefix("max_"): row["from"] for row in way["give"]}
        found = town.find("X", "Y", profile="truck", sizes={**sizes, **lower})
        assert found.sums()[0] <= way["length_m"] + 1

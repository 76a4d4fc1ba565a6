"""Paths between places on edges, under random closures and limits, against plain Dijkstra.

The truth is a graph in which the two edges are cut at the places, so that each place is a node.
"""

import heapq
import threading
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from routing.cost.rule_models import OF_ROADS
from routing.query.model import Conditions, PathQuery
from spatial.errors import SigangError
from tests.routing.maps import NOW, Town, changed, free_rules

LETTERS = "ABCDEFGHI"
GRID = "A----B----C\n\n\n\nD----E----F\n\n\n\nG----H----I"
PAIRS = ["AB", "BC", "DE", "EF", "GH", "HI", "AD", "DG", "BE", "EH", "CF", "FI"]
TRUCK_M = 4.0
RULES = free_rules()
NO_ISLANDS = RULES | changed(OF_ROADS.snap, RULES[OF_ROADS.snap.key].given | {"island_nodes": 1})


@st.composite
def worlds(draw):
    roads = {}
    for name in draw(st.lists(st.sampled_from(PAIRS), min_size=4, unique=True)):
        roads[name] = {
            "oneway": draw(st.booleans()),
            "length_m": float(draw(st.integers(200, 3000))),
            "max_height_m": draw(st.sampled_from([None, None, 3.8, 4.5])),
        }
    names = list(roads)
    closures = draw(
        st.lists(
            st.tuples(st.sampled_from(names), st.sampled_from(["both", "forward", "backward"])),
            max_size=4,
        )
    )
    share = st.integers(1, 9).map(lambda tenth: tenth / 10)
    place = st.tuples(st.sampled_from(names), share)
    return roads, closures, draw(place), draw(place)


def usable(roads, closures, height):
    """Return the (name, direction) that the vehicle may drive."""
    shut = set()
    for name, direction in closures:
        shut |= {(name, d) for d in ("forward", "backward") if direction in ("both", d)}
    ways = set()
    for name, road in roads.items():
        if height > (road["max_height_m"] or 99):
            continue
        ways |= {(name, "forward")} | (set() if road["oneway"] else {(name, "backward")})
    return ways - shut


def truth(roads, ways, start, stop):
    """Return the metres of the shortest way, None when there is none."""
    arcs = []
    for name, direction in ways:
        cuts = {0.0: name[0], 1.0: name[1]}
        cuts |= {share: f"place {p}" for p, (n, share) in (("s", start), ("t", stop)) if n == name}
        if start == stop and start[0] == name:
            cuts[start[1]] = "place s"
        ordered = sorted(cuts)
        for low, high in pairwise(ordered):
            ends = (cuts[low], cuts[high])
            arcs.append(
                (
                    *(ends if direction == "forward" else ends[::-1]),
                    (high - low) * roads[name]["length_m"],
                )
            )
    goal = "place s" if start == stop else "place t"
    queue, seen = [(0.0, "place s")], set()
    while queue:
        far, node = heapq.heappop(queue)
        if node == goal:
            return far
        if node not in seen:
            seen.add(node)
            for tail, head, metres in arcs:
                if tail == node:
                    heapq.heappush(queue, (far + metres, head))
    return None


@settings(max_examples=250, deadline=None)
@given(worlds(), st.sampled_from(["car", "truck"]))
def test_a_path_is_as_short_as_dijkstra_says(world, profile):
    roads, closures, start, stop = world
    height = TRUCK_M if profile == "truck" else 0.0
    ways = usable(roads, closures, height)
    assume({start[0], stop[0]} <= {name for name, _ in ways})
    town = Town(GRID, roads, rules=NO_ISLANDS)
    for version, (name, direction) in enumerate(closures, 1):
        town.close(version, name, direction=direction)
    query = PathQuery(profile, [town.at(f"{n}:{s}") for n, s in (start, stop)])
    expected = truth(roads, ways, start, stop)
    try:
        (leg,) = town.network.path(query, NOW).legs
    except SigangError:
        assert expected is None
        assert town.network.quick_path(query, NOW) is None
        return
    quick = town.network.quick_path(query, NOW)
    assert quick is None or np.array_equal(quick.legs[0].keys, leg.keys)
    assert quick is not None or profile == "truck"
    edges = town.graph.edges
    metres = float((edges.length_m[leg.edges] * (leg.stop - leg.start)).sum())
    assert expected is not None
    assert metres == pytest.approx(expected, abs=0.5)
    driven = [(town.names[k >> 1], "backward" if k & 1 else "forward") for k in leg.keys]
    assert set(driven) <= ways


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_undoing_closures_restores_every_weight(world):
    roads, closures, _, _ = world
    town = Town(GRID, roads, rules=RULES)
    network, profiles = town.network, [Conditions(p) for p in town.network.profiles]
    before = [network.prepared(p, NOW).metric.weights.copy() for p in profiles]
    rows = [r for v, (n, d) in enumerate(closures, 1) for r in town.close(v, n, direction=d)]
    closed = [network.prepared(p, NOW).metric.weights.copy() for p in profiles]
    lost = usable(roads, [], 0.0) - usable(roads, closures, 0.0)
    assert all(map(np.array_equal, before, closed)) == (not lost)
    network.apply(99, [], rows, NOW)
    after = [network.prepared(p, NOW).metric.weights for p in profiles]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_answers_show_the_state_that_they_name_while_it_changes():
    roads = {"AB": {}, "BE": {}, "AD": {}, "DE": {"length_m": 2500.0, "max_height_m": 3.0}}
    town = Town(GRID, {**roads, "BC": {}, "CF": {}, "EF": {"length_m": 3000.0}}, rules=RULES)
    seen, stop, failed = [], threading.Event(), []

    def ask(profile):
        while not stop.is_set():
            try:
                found = town.find("AB:0.5", "BE:0.9", profile=profile)
                seen.append((profile, found.version, town.nodes(found)))
            except Exception as error:
                failed.append(error)
                return

    threads = [threading.Thread(target=ask, args=[p]) for p in ("car", "truck", "car")]
    for thread in threads:
        thread.start()
    for version in range(1, 81, 2):
        rows = town.close(version, "BE", direction="forward")
        time.sleep(0.005)
        town.network.apply(version + 1, [], rows, NOW)
        time.sleep(0.005)
    stop.set()
    for thread in threads:
        thread.join(10)
    assert failed == []
    closed = {"car": "ADE", "truck": "BCFE"}
    assert {version % 2 for _, version, _ in seen} == {0, 1}
    for profile, version, nodes in seen:
        assert nodes == (closed[profile] if version % 2 else "B")

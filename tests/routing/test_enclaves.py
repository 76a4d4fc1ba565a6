"""Private roads and gates at the ends of paths, against a slow judge and on small maps."""

import random
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.answer.stretches import private_ends
from routing.cost.rule_models import OF_ROADS
from routing.cost.time_bans import compile_bans
from routing.graph.weights import INFINITE
from routing.index.snap import SnapPoint
from routing.query.leg import find_legal_leg
from routing.query.measures import CM_PER_M, lengths_of
from routing.query.model import Conditions, PathQuery
from routing.query.one_to_many import MS_PER_S, span, table
from routing.query.time_dependent import TimeDependentSearch
from spatial.errors import LimitViolated, SigangError, Unreachable
from tests.routing.enclave_judge import Judge, core_of
from tests.routing.maps import NOW, SQUARE, Town, edge_id, shipped_rules
from tests.routing.test_reach_engine import covers

SIDE = 5
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXY"
DRAWING = "\n".join("    ".join(LETTERS[SIDE * row : SIDE * row + SIDE]) for row in range(SIDE))
GATE = "exempt=motorcar=private"
PRIVATE = {"access": '{"access": "private"}'}
ZONE = {"access": '{"vehicle": "destination"}'}
RULES = {key: rule for key, rule in shipped_rules().items() if key != OF_ROADS.u_turn.key}


def pairs():
    """Return the names of the edges of the drawing."""
    right = [LETTERS[i : i + 2] for i in range(len(LETTERS)) if i % SIDE < SIDE - 1]
    return right + [LETTERS[i] + LETTERS[i + SIDE] for i in range(len(LETTERS) - SIDE)]


def random_town(seed):
    """Return a town of which about a third is private, with gates, one-way streets and turns."""
    rng = random.Random(seed)
    share, roads = rng.choice([0.15, 0.3, 0.5]), {}
    for name in pairs():
        if rng.random() < 0.85:
            kind = rng.choice([PRIVATE, ZONE]) if rng.random() < share else {}
            roads[name] = {
                "length_m": 500 + 1000 * rng.random(), "oneway": rng.random() < 0.15, **kind,
            }  # fmt: skip
    met = [(a, b) for a in roads for b in roads if a != b and set(a) & set(b)]
    gates = [("no", *turn, GATE) for pair in rng.sample(met, 4) for turn in (pair, pair[::-1])]
    turns = [("no", *pair) for pair in rng.sample(met, rng.randrange(4))]
    return Town(DRAWING, roads, [*gates, *turns], rules=RULES), rng


def judged(town, metric, core):
    """Return the judge of a town by the weights of a metric; what is open it reads by itself."""
    arcs, shown = town.graph.arcs, metric.weights
    at_ends = shown if metric.at_ends is None else metric.at_ends.weights
    private = {number for number, road in enumerate(town.roads.values()) if "access" in road}
    through = {
        a for a, key in enumerate(arcs.key.tolist())
        if key >> 1 not in private and arcs.exempt.get(a) is None
    }  # fmt: skip
    core = core or core_of(town.graph, through)
    inside = [{t, h} <= core for t, h in zip(arcs.tail.tolist(), arcs.head.tolist(), strict=True)]
    public = {int(arcs.key[a]) for a in through if inside[a]}
    idle = {  # through a gate from the main network into a road of its own
        a for a, key in enumerate(arcs.key.tolist())
        if a not in through and inside[a] and key in public
    }  # fmt: skip
    kept = {a: float(w) for a, w in enumerate(at_ends.tolist()) if w < INFINITE}
    assert not idle & kept.keys()
    open_ = {a: w for a, w in kept.items() if a in through}
    assert open_ == {a: float(w) for a, w in enumerate(shown.tolist()) if w < INFINITE}
    return Judge(town.graph, open_, kept, core, metric.fixed)


def spots(town, rng, count):
    """Return places on edges, some on two at once."""
    found = []
    for _ in range(count):
        edges = rng.sample(range(len(town.graph.edges)), rng.choice([1, 1, 1, 2]))
        found.append([SnapPoint(e, rng.random(), 0, 0.0, 0.0, 0.0) for e in edges])
    return found


def after_closures(town, rng):
    """Return a metric of the town after some closures, and its judge."""
    metric = town.network.prepared(Conditions("car"), NOW).metric
    core = judged(town, metric, None).core
    if rng.random() < 0.5:
        for version, name in enumerate(rng.sample(list(town.roads), 4), 1):
            town.close(version, name, direction=rng.choice(["both", "forward", "backward"]))
        metric = town.network.prepared(Conditions("car"), NOW).metric
    return metric, judged(town, metric, core)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_paths_and_tables_are_as_the_judge_says(seed):
    town, rng = random_town(seed)
    metric, judge = after_closures(town, rng)
    graph, costs, places = town.graph, town.network.costs("car"), spots(town, rng, 6)
    find = partial(find_legal_leg, graph, metric, costs)
    seconds, lengths, _ = table(graph, metric, places, places, length=lengths_of(graph))
    bans = compile_bans(graph.edges, costs.profile, np.zeros(len(graph.edges), np.bool_), [])
    clock = TimeDependentSearch(graph, metric.weights, metric.at_ends, metric.fixed, bans, NOW)
    for row, source in enumerate(places):
        known = judge.lengths(source)
        for column, target in enumerate(places):
            wanted = min(judge.arrival(known, spot, source) for spot in target)
            leg, timed = find(source, target), clock.legs([source, target])
            assert (leg.weight if leg else np.inf) == pytest.approx(wanted, abs=0.01)
            assert (timed[0].weight if timed else np.inf) == pytest.approx(wanted, abs=0.01)
            assert seconds[row, column] * MS_PER_S == pytest.approx(wanted, abs=0.01)
            if leg is None:
                continue
            metres = float((graph.edges.length_m[leg.edges] * (leg.stop - leg.start)).sum())
            assert lengths[row, column] / CM_PER_M == pytest.approx(metres, abs=0.1)
            assert named(leg) == named(timed[0])


def named(leg):
    return [stretch and stretch.driven for stretch in (leg.begin, leg.end)]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_a_reach_is_as_the_judge_says(seed, backward):
    town, rng = random_town(seed)
    metric, judge = after_closures(town, rng)
    (here,), limit = spots(town, rng, 1), rng.randrange(20_000, 400_000)
    found = span(town.graph, metric, here, limit, backward=backward)
    for edge in range(len(town.graph.edges)):
        there = SnapPoint(edge, rng.random(), 0, 0.0, 0.0, 0.0)
        pair = ([there], here) if backward else (here, [there])
        far = judge.weight(*pair)
        if abs(far - limit) > 2:
            assert covers(found, edge, there.fraction) == (far <= limit)


# small maps

YARD = "A----B----C\n     |\n     G\n     |\n     Y----Z"
GATED = [("no", "BG", "GY", GATE), ("no", "GY", "BG", GATE)]
YARD_ROADS = {name: {} for name in ("AB", "BC", "BG", "GY", "YZ")}


def access_of(town, found):
    return [private_ends(town.graph, found.costs.profile, leg) for leg in found.legs]


def test_a_zone_is_entered_and_left_and_not_passed():
    town = Town(SQUARE, {"AB": ZONE, "BD": {}, "AC": {}, "CD": {"length_m": 3000.0}})
    assert town.way("A", "D") == "ACD"
    assert town.way("C", "AB:0.5") == "CA"
    assert town.way("AB:0.5", "BD:0.5") == "B"


def test_a_way_between_two_places_in_a_zone_stays_in_it():
    zone = {**ZONE, "length_m": 3000.0}
    town = Town(SQUARE, {"AB": zone, "BD": {}, "AC": {}, "CD": {}})
    found = town.find("AB:0.1", "AB:0.9")
    assert town.nodes(found) == ""
    assert access_of(town, found) == [
        {"begin": None, "end": {"length_m": 2400.0, "access": "destination"}}
    ]


def test_a_leg_names_what_is_private_at_its_ends():
    town = Town(YARD, {**YARD_ROADS, "BC": PRIVATE}, GATED)
    found = town.find("YZ:0.5", "BC:0.25", "AB:0.5")
    assert town.nodes(found) == "YGB"
    assert access_of(town, found) == [
        {
            "begin": {"length_m": 1500.0, "access": "private"},
            "end": {"length_m": 250.0, "access": "private"},
        },
        {"begin": {"length_m": 250.0, "access": "private"}, "end": None},
    ]
    assert access_of(town, town.find("AB:0.5", "BG:0.5")) == [None]


def test_a_place_beside_a_public_and_a_private_road_is_on_the_public_one():
    town = Town(SQUARE, {"AB": PRIVATE, "BD": {}, "AC": {}, "CD": {}})
    (leg,) = town.find("A", "D").legs
    assert (leg.begin, leg.end) == (None, None)


def test_limits_closures_and_what_is_avoided_hold_behind_a_gate():
    low = {"max_height_m": 3.0}
    town = Town(
        YARD, {**YARD_ROADS, "GY": low}, [(*turn[:3], f"{GATE},hgv=private") for turn in GATED]
    )
    with pytest.raises(LimitViolated) as refused:
        town.find("AB:0.5", "YZ:0.5", profile="truck")
    assert [row["limit"] for row in refused.value.extra["edges"]] == ["max_height_m"]
    with pytest.raises(SigangError):
        town.find("AB:0.5", "YZ:0.5", avoid_edges=[edge_id("GY")])
    rows = town.close(1, "GY", direction="forward")
    with pytest.raises(Unreachable) as shut:
        town.find("AB:0.5", "YZ:0.5")
    assert shut.value.extra["closures"]
    assert town.way("YZ:0.5", "AB:0.5") == "YGB"
    town.network.apply(2, [], rows, NOW)
    assert town.way("AB:0.5", "YZ:0.5") == "BGY"


def test_a_refusal_names_the_bridge_and_not_the_gate_behind_it():
    gates = [(*turn[:3], "exempt=hgv=private") for turn in GATED]
    town = Town(YARD, {**YARD_ROADS, "BG": {"max_mass_t": 5.0}}, gates)
    for ends in (("AB:0.5", "YZ:0.5"), ("YZ:0.5", "AB:0.5")):
        with pytest.raises(LimitViolated) as refused:
            town.find(*ends, profile="truck_rigid", sizes={"mass_t": 20.0})
        assert [row["limit"] for row in refused.value.extra["edges"]] == ["max_mass_t"]
        assert refused.value.extra["relaxations"][0]["give"][0]["to"] == 20.0


def test_other_ways_lead_out_of_the_same_yard():
    streets = {"BH": PRIVATE, "AB": {}, "BC": {}, "AD": {}, "CE": {}, "DE": {"length_m": 1200.0}}
    town = Town("     H\n     |\nA----B----C\n|         |\nD---------E", streets)
    query = PathQuery("car", [town.at("BH:0.5"), town.at("DE:0.45")], alternatives=1)
    best, other = town.network.paths(query, NOW)
    assert {town.nodes(best), town.nodes(other)} == {"BAD", "BCE"}
    for found in (best, other):
        begin = {"length_m": 500.0, "access": "private"}
        assert access_of(town, found) == [{"begin": begin, "end": None}]

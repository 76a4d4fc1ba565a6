"""Verdicts of edges and the smallest set of missing values, against judges of one row at a time."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from uuid import uuid4

import numpy as np
import pytest

from routing.query.model import PathQuery
from routing.waterway.describe import Teller
from routing.waterway.judge import FAIL, PASS, UNKNOWN, Unknown
from routing.waterway.limits import LimitRow, Opening, Structure
from routing.waterway.missing import Waiting, fewest
from spatial.errors import LimitViolated
from tests.routing.maps import NOW
from tests.routing.waterways import (
    VESSEL,
    World,
    edge_id,
    place,
    random_world,
    simple_paths,
    ways_of,
)

SEEDS = range(36)


def verdict_of(ways) -> int:
    return FAIL if not ways else PASS if frozenset() in ways else UNKNOWN


def judged(network, sizes):
    judge = network.limits.judge
    given = np.array([sizes[name] for name in judge.kind.sizes])
    state = judge.at(NOW.timestamp())
    return judge, given, state, judge.verdict(state, given)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_edge_has_the_verdict_of_its_rows(seed):
    world = random_world(seed)
    network = world.network()
    _, _, _, found = judged(network, VESSEL)
    expected = [verdict_of(ways_of(world, name, VESSEL, NOW)) for name in world.edges]
    assert found.edge.tolist() == expected


def test_worlds_hold_all_three_verdicts_and_shared_unknowns():
    seen, levels = set(), 0
    for seed in SEEDS:
        world = random_world(seed)
        for name in world.edges:
            ways = ways_of(world, name, VESSEL, NOW)
            seen.add(verdict_of(ways))
            levels += any(one[0] == "level" for way in ways for one in way)
    assert seen == {FAIL, UNKNOWN, PASS}
    assert levels > len(SEEDS) // 2


def cheapest(world, ways, start, end):
    """Return the fewest unknowns of any way, None where none is left."""
    sizes = [
        len(frozenset().union(*chosen))
        for path in simple_paths(world, start, end)
        for chosen in product(*(ways[name] for name in path))
    ]
    return min(sizes, default=None)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_set_of_missing_values_is_the_smallest(seed):
    world = random_world(seed)
    network = world.network()
    judge, sizes, state, found = judged(network, VESSEL)
    ways = {name: ways_of(world, name, VESSEL, NOW) for name in world.edges}
    sets = {
        edge: judge.ways_to_pass(edge, found, state, sizes)
        for edge in np.flatnonzero(found.edge == UNKNOWN).tolist()
    }
    costs = network.costs("barge")
    shut = np.repeat(found.edge == FAIL, 2)
    weights = costs.weights(
        network.graph.arcs, np.arange(len(network.graph.arcs)), shut,
        np.full(2 * len(world.edges), np.nan, np.float32),
    )  # fmt: skip
    for start, end in ("AF", "BE", "CD"):
        ends = network.snapper.find([place(start), place(end)], network.snapper.usable(None, costs))
        got = fewest(
            network.graph, network.topology, weights, Waiting(sets, len(world.edges)), ends
        )
        expected = cheapest(world, ways, start, end)
        assert (None if got is None else len(got.unknowns)) == expected
        if got is not None:
            assert got.proven
            assert got.unknowns == frozenset().union(*got.by_edge.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_path_is_sure_possible_or_refused_as_its_edges_are(seed):
    world = random_world(seed)
    # at one level throughout, as a drive may meet another one
    world.levels = [row for row in world.levels if row.kind == "reading"]
    network = world.network()
    at = NOW
    verdicts = {name: verdict_of(ways_of(still(world), name, VESSEL, at)) for name in world.edges}
    best = max(
        (min(verdicts[name] for name in path) for path in simple_paths(world, "A", "F")), default=0
    )
    query = PathQuery("barge", [place("A"), place("F")], sizes=VESSEL)
    assert answer(network, query, "refuse", at) == (best == PASS)
    assert answer(network, query, "allow", at) == (best >= UNKNOWN)


def still(world):
    """Return the world in which each reading holds on."""
    first = [row._replace(at=row.at, kind="reading") for row in world.levels]
    later = [row._replace(at=row.at.replace(day=row.at.day + 1)) for row in first]
    return type(world)(world.edges, world.limits, world.structures, world.gauges, first + later)


def answer(network, query, unknown, at) -> bool:
    try:
        found = network.path(type(query)(**{**vars(query), "unknown_limits": unknown}), at)
    except LimitViolated:
        return False
    return bool(len(found.keys))


@pytest.mark.parametrize(("days", "verdict"), [(None, PASS), (-1, UNKNOWN)])
def test_a_declared_value_settles_a_published_blank_only_as_long_as_it_holds(days, verdict):
    until = None if days is None else NOW + timedelta(days=days)
    edge = edge_id("AB")
    known = [LimitRow(kind, kind, 9999.0, edge=edge) for kind in ("depth", "width", "tonnage")]
    blank = LimitRow("blank", "bend_radius", None, edge=edge)
    own = LimitRow("own", "bend_radius", 900.0, edge=edge, valid_to=until, declared=True)

    def found(*limits):
        world = World({"AB": {}}, [*known, *limits], [], [], [])
        return judged(world.network(), VESSEL)[3].edge.tolist()

    assert (found(), found(blank), found(blank, own)) == ([PASS], [UNKNOWN], [verdict])


@pytest.mark.parametrize(("opening", "named"), [(None, None), (2, 2)])
def test_a_published_blank_of_a_structure_names_it_and_its_opening(opening, named):
    bridge, edge = uuid4(), edge_id("AB")
    known = [LimitRow(kind, kind, 9999.0, edge=edge) for kind in ("depth", "width", "tonnage")]
    blank = LimitRow("blank", "clearance", None, facility=bridge, opening=opening)
    wide = LimitRow("wide", "width", 9999.0, facility=bridge)
    spans = tuple(Opening(number, "opening", {"zh": None, "en": None}) for number in (1, 2))
    low = LimitRow("low", "clearance", 0.1, facility=bridge, opening=1)
    structure = Structure(bridge, "bridge", {"zh": "桥", "en": "Bridge"}, (edge,), spans)
    world = World({"AB": {}}, [*known, blank, wide, low], [structure], [], [])
    network = world.network()
    judge, sizes, state, verdict = judged(network, VESSEL)
    teller = Teller(judge, network.graph.edges, state, sizes, verdict)
    told = teller.unknown(Unknown("value", "blank", "clearance"), [0])
    assert told["structure"]["id"] == str(bridge)
    assert (told["opening"] or {}).get("number") == named
    assert told["limit"]["value"] is None

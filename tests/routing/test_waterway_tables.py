"""Tables and reach of vessels against single paths and distances of small random networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from routing.query.model import PathQuery
from routing.waterway.tables import ANSWERS, voyage_reach, voyage_table
from routing.waterway.voyage import find_voyage
from spatial.errors import BadParameter, LimitViolated, Unreachable
from tests.routing.maps import NOW
from tests.routing.waterways import VESSEL, place, random_world, simple_paths, ways_of

NODES = "ABCDEF"
FAR = (10.0, 10.0)
ASKED = PathQuery("barge", [], sizes=VESSEL, depart_at=NOW)


def still(seed):
    """Return a random network whose levels nobody tells, so that no edge opens or shuts."""
    world = random_world(seed)
    world.levels.clear()
    return world


def single(network, source, target):
    """Return what a path between two nodes answers: the answer, s and m of travel."""
    try:
        found = find_voyage(network, replace(ASKED, waypoints=[source, target]), NOW)
    except LimitViolated:
        return "refused", None, None
    except Unreachable:
        return "no_way", None, None
    metres, ms = found.paths[0].sums()
    return found.answer, ms / 1000, metres


@pytest.mark.parametrize("make", [still, random_world])
@pytest.mark.parametrize("seed", range(8))
def test_each_cell_is_as_its_path(make, seed):
    network = make(seed).network()
    places = [place(node) for node in NODES]
    found = voyage_table(network, ASKED, places, [*places, FAR], NOW)
    assert (found.answer[:, -1] == ANSWERS.index("no_snap")).all()
    assert found.targets[-1] is None
    for i, source in enumerate(places):
        for j, target in enumerate(places):
            answer, seconds, metres = single(network, source, target)
            assert ANSWERS[found.answer[i, j]] == answer
            if seconds is None:
                assert not np.isfinite(found.seconds[i, j])
            else:
                assert found.seconds[i, j] == pytest.approx(seconds, abs=0.01)
                assert found.metres[i, j] == pytest.approx(metres, abs=1.0)


def test_tables_hold_all_answers_and_are_made_in_both_ways():
    seen, changing = set(), 0
    for seed in range(8):
        for make in (still, random_world):
            network = make(seed).network()
            places = [place(node) for node in NODES]
            seen |= {ANSWERS[c] for c in
                     voyage_table(network, ASKED, places, places, NOW).answer.ravel()}  # fmt: skip
            changing += network.prepared(ASKED, NOW).costs.bans.any
    assert seen >= {"passes", "cannot_tell", "refused"}
    assert 0 < changing <= 8


def test_too_many_cells_that_open_at_their_hours_are_refused():
    for seed in range(8):
        network = random_world(seed).network()
        if network.prepared(ASKED, NOW).costs.bans.any:
            places = [place(NODES[n % 6]) for n in range(25)]
            with pytest.raises(BadParameter, match="at most 400"):
                voyage_table(network, ASKED, places, places, NOW)
            return
    raise AssertionError("no network whose edges open and shut")


@pytest.mark.parametrize("seed", range(8))
def test_what_is_reached_is_what_the_distances_say(seed):
    world = still(seed)
    network, speed = world.network(), 8 / 3.6
    lengths = {name: 1000.0 + number for number, name in enumerate(world.edges)}
    ways = {name: ways_of(world, name, VESSEL, NOW) for name in world.edges}
    admits = {"passes": lambda name: frozenset() in ways[name], "cannot_tell": ways.__getitem__}
    hours = [0.05, 0.2, 0.4]
    found = {one.answer: one for one in voyage_reach(network, ASKED, [place("A")], hours, NOW)}
    for answer, open_ in admits.items():
        away = {}
        for node in NODES:
            routes = [sum(lengths[n] for n in way) for way in simple_paths(world, "A", node)
                      if all(open_(n) for n in way)]  # fmt: skip
            away[node] = min(routes, default=np.inf) if node != "A" else 0.0
        for number, one in enumerate(hours):
            far = one * 3600 * speed
            km = sum(
                min(length, sum(max(0.0, far - away[node]) for node in name))
                for name, length in lengths.items()
                if open_(name)
            )
            told = found[answer].km[number] if answer in found else 0.0
            assert told * 1000 == pytest.approx(km, abs=2.0), (answer, one)

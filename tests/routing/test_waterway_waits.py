"""Waits at locks in the choice of ways: as the best of all ways, and by the queues of a chain."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import pairwise
from time import process_time

import pytest

from bench.locks_voyage import chain
from routing.locks.model import Chamber, Ship
from routing.locks.placement import Placer
from routing.query.model import PathQuery
from routing.waterway.limits import LimitRow, Opening, Structure
from routing.waterway.passed import Stage
from routing.waterway.queues import LockQueue, LockQueues
from routing.waterway.voyage import find_voyage
from spatial.ids import stable_uuid7
from tests.routing.lock_cases import PLAIN
from tests.routing.maps import NOW, edge_id
from tests.routing.test_lock_chain import RULE
from tests.routing.waterways import VESSEL, FixedWaits, World, place, simple_paths

SAILED_S = 3.6 / 8  # s a metre at the speed of an edge without a class
CHAMBER = Chamber("c", 60, 12, 1200, 1200, free_from=int(NOW.timestamp()))


def lock_on(name, number=0, lockage_s=None):
    chamber = Opening(1, "chamber", {"zh": None, "en": None}, None, lockage_s)
    row_id = stable_uuid7("lock", f"{name} {number}")
    return Structure(row_id, "lock", {"zh": name, "en": name}, (edge_id(name),), (chamber,))


def deep_world(names, locks):
    """Return a network deep enough for anybody, with locks large enough."""
    limits = [LimitRow(f"depth {n}", "depth", 9.0, edge=edge_id(n)) for n in names]
    limits += [
        LimitRow(f"{lock.id} {kind}", kind, 400.0, facility=lock.id)
        for lock in locks
        for kind in ("sill", "width", "length")
    ]
    return World({name: {} for name in names}, limits, locks, [], [])


def random_case(seed):
    draw = random.Random(seed)
    names = [draw.choice("ABCDEFG"[:n]) + "ABCDEFG"[n] for n in range(1, 7)]
    while len(names) < 12:
        a, b = draw.sample("ABCDEFG", 2)
        if a + b not in names and b + a not in names:
            names.append(a + b)
    locks = [lock_on(name, lockage_s=draw.choice([None, 600])) for name in draw.sample(names, 6)]
    waits = {
        (lock.id, against): 60 * draw.randint(5, 90)
        for lock in locks[:4]
        for against in (False, True)
    }
    return deep_world(names, locks), FixedWaits(waits)


def takes_s(world, waits, start, names):
    """Return what a way takes: travel, known waits, usual lockages of the other locks."""
    total, node = 0.0, start
    for name in names:
        total += (1000.0 + list(world.edges).index(name)) * SAILED_S
        for lock in world.structures:
            if edge_id(name) in lock.edges:
                usual = lock.openings[0].lockage_s or 0.0
                total += waits.seconds.get((lock.id, name[0] != node), usual)
        node = name.replace(node, "", 1)
    return total


def driven(world, found):
    keys, part, _ = found.parts()
    return [list(world.edges)[key >> 1] for key in keys[part > 1e-6].tolist()]


@pytest.mark.parametrize("seed", range(30))
def test_the_way_chosen_is_the_quickest_of_all(seed):
    world, waits = random_case(seed)
    network = world.network()
    for start, end in ("AG", "GB", "CF"):
        query = PathQuery("barge", [place(start), place(end)], sizes=VESSEL, depart_at=NOW)
        found = find_voyage(network, query, NOW, waits).paths[0]
        names = driven(world, found)
        least = min(takes_s(world, waits, start, way) for way in simple_paths(world, start, end))
        assert takes_s(world, waits, start, names) == pytest.approx(least, abs=2.0)


def test_waits_change_ways_and_never_the_travel_that_is_told():
    changed = 0
    for seed in range(30):
        world, waits = random_case(seed)
        network = world.network()
        query = PathQuery("barge", [place("A"), place("G")], sizes=VESSEL, depart_at=NOW)
        plain = find_voyage(network, query, NOW).paths[0]
        found = find_voyage(network, query, NOW, waits).paths[0]
        assert found.sums()[1] >= plain.sums()[1]
        changed += found.keys.tolist() != plain.keys.tolist()
    assert changed > 5


def jammed(ships):
    lock = lock_on("AB", lockage_s=1200)
    world = deep_world(["AB", "AC", "CD", "DB"], [lock])
    start = int(NOW.timestamp())
    queue = [Ship(f"s{k}", "down", start, 50, 10) for k in range(ships)]
    queues = {lock.id: LockQueue([CHAMBER], queue)}
    return world, lock, LockQueues(queues, 50, 10, Placer(PLAIN, 4000), RULE)


def test_a_jammed_lock_is_gone_round_and_a_free_one_is_not():
    query = PathQuery("barge", [place("A"), place("B")], sizes=VESSEL, depart_at=NOW)
    for ships, edges in ((12, ["AC", "CD", "DB"]), (0, ["AB"])):
        world, _, queues = jammed(ships)
        world.edges["CD"]["length_m"] = 6000.0
        found = find_voyage(world.network(), query, NOW, queues).paths[0]
        assert driven(world, found) == edges


def test_a_voyage_through_six_locks_is_told_anew_soon():
    locks = chain(random.Random(4))
    ids = [stable_uuid7("chain", lock.id) for lock in locks]
    queues = dict(zip(ids, (LockQueue(one.chambers, one.ships) for one in locks), strict=True))
    stages = [Stage(row_id, True, one.sail_s) for row_id, one in zip(ids, locks, strict=True)]
    begins = NOW.fromtimestamp(0, NOW.tzinfo)
    placer = Placer(PLAIN, 4000)
    first = LockQueues(queues, 55, 10.8, placer, RULE)
    told = first.along(stages, 1800.0, begins)
    assert len(told) == 7
    for before, after in pairwise(told):
        assert after.arrive.middle_s > before.arrive.middle_s + before.wait.middle_s * 0.5
    took = []
    for _ in range(5):
        start = process_time()
        LockQueues(queues, 55, 10.8, placer, RULE).along(stages, 1800.0, begins)
        took.append(process_time() - start)
    assert min(took) <= 0.1, took
    assert first.wait_s(ids[0], True, begins + timedelta(hours=2)) > 0


def test_a_lock_that_takes_no_such_vessel_is_not_known():
    _, lock, _ = jammed(1)
    queues = {lock.id: LockQueue([CHAMBER], [])}
    wide = LockQueues(queues, 50, 13, Placer(PLAIN, 4000), RULE)
    assert not wide.knows(lock.id)
    assert LockQueues(queues, 50, 12, Placer(PLAIN, 4000), RULE).knows(lock.id)

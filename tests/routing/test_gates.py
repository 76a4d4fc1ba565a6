"""Appointments of trucks: small cases by trial, queues by a replay of its own, who is refused."""

import itertools
import math
import random
from dataclasses import replace

import pytest

from routing.gates.appointments import appoint
from routing.gates.model import Asked, Gate, Wish
from routing.gates.risk import expected_queues, quotas, risk_of
from routing.gates.rule_models import Appointing, GateService
from spatial.errors import BadParameter
from tests.routing.gate_replay import longest_queue

RULE = Appointing(slot_min=30, risk_most=0.01, shift_most_min=240, seconds_most=10)
SERVICE = GateService(seconds=120, per_move_s=60, cv=0.6)


def asked(lanes, queue, wishes, rule=RULE, service=SERVICE):
    return Asked(Gate(0, lanes, queue), wishes, service, rule)


def best(task, quota):
    """Return how many come at most and their least deviation, by trying all."""
    own = [[None, *task.slots_of(wish)] for wish in task.wishes]
    found = (0, 0)
    for slots in itertools.product(*own):
        load = [0.0] * len(quota)
        for wish, slot in zip(task.wishes, slots, strict=True):
            if slot is not None:
                load[slot] += task.service.load(wish.moves)
        if all(one <= most + 1e-9 for one, most in zip(load, quota, strict=True)):
            kept = [(w, s) for w, s in zip(task.wishes, slots, strict=True) if s is not None]
            off = sum(task.deviation(wish, slot) for wish, slot in kept)
            found = max(found, (len(kept), -off))
    return found[0], -found[1]


def test_small_cases_are_as_good_as_trying_all():
    refused = 0
    for seed in range(40):
        rng = random.Random(seed)
        lanes = [rng.choice([0, 1, 1]) for _ in range(rng.randint(2, 4))] + [1]
        wishes = []
        for k in range(rng.randint(2, 5)):
            since = rng.randint(-2, 8) * 15
            wishes.append(Wish(f"t{k}", since, since + rng.choice([30, 60]), rng.choice([1, 1, 2]),
                               rng.choice([None, 0, 30])))  # fmt: skip
        slow = GateService(seconds=rng.choice([400, 700, 1100]), per_move_s=300, cv=0.5)
        task = asked(lanes, 1, wishes, RULE.model_copy(update={"risk_most": 0.3}), slow)
        made = appoint(task)
        served, deviation = best(task, made.quota)
        assert (len(made.slots), made.deviation_min) == (served, deviation), seed
        assert made.most_served == served and made.bound_min == deviation, seed
        assert set(made.refused) == {w.id for w in wishes} - set(made.slots)
        for wish in wishes:
            assert (made.refused.get(wish.id) == "closed") == (not task.slots_of(wish))
        refused += bool(made.refused)
    assert 10 < refused < 40


def busy(seed, count=260, moves=(1,)):
    """Return a day of twelve hours whose trucks all would rather come at two times of it."""
    rng = random.Random(seed)
    wishes = []
    for k in range(count):
        since = round(rng.choice([rng.gauss(150, 25), rng.gauss(420, 25)]) / 30) * 30
        wishes.append(Wish(f"t{k}", since, since + 60, rng.choice(moves)))
    return wishes


@pytest.mark.parametrize("moves", [(1,), (1, 2, 3)])
@pytest.mark.parametrize("cv", [0.3, 1.0])
def test_a_replay_of_its_own_hardly_ever_has_more_waiting_than_have_room(moves, cv):
    service = SERVICE.model_copy(update={"cv": cv})
    wishes = busy(3, 200 if moves == (1,) else 150, moves)
    task = asked([2] * 20 + [1] * 4, 8, wishes, service=service)
    made = appoint(task)
    assert not made.refused and made.risk <= RULE.risk_most
    moved = {wish.id: wish.moves for wish in wishes}
    given = [(slot, moved[key]) for key, slot in made.slots.items()]
    wished = [(min(range(24), key=lambda s, w=w: task.deviation(w, s)), w.moves) for w in wishes]
    how = task.gate.lanes, 1800, (120, 60, cv)
    for late_s in (0, 300):
        over = sum(longest_queue(given, *how, seed, late_s) > 8 for seed in range(200))
        assert over <= 2, "one in a hundred, by the rule"
    assert sum(longest_queue(wished, *how, seed) > 8 for seed in range(60)) > 30


def test_the_risk_is_that_of_a_simulated_chain():
    task = asked([2] * 6, 3, [Wish("t", 0, 30)])
    load = [12.0, 18.0, 8.0, 16.0, 14.0, 10.0]
    told, over, rounds = risk_of(task, load), 0, 4000
    rng = random.Random(5)
    for _ in range(rounds):
        over += _exceeds(rng, load, 2, 3, 1800, 120)
    assert abs(over / rounds - told) < 4 * (told * (1 - told) / rounds) ** 0.5
    assert 0.2 < told < 0.9


def _exceeds(rng, load, lanes, room, slot_s, seconds):
    there, now, end = 0, 0.0, len(load) * slot_s
    while True:
        slot = int(now // slot_s)
        comes, leaves = load[slot] / slot_s, min(there, lanes) / seconds
        step, last = rng.expovariate(comes + leaves), (slot + 1) * slot_s
        if now + step >= last:
            now = last
            if now >= end:
                return False
            continue
        now += step
        there += 1 if rng.random() < comes / (comes + leaves) else -1
        if there > lanes + room:
            return True


def test_the_expected_queue_is_that_of_erlang_where_load_is_steady_and_grows_by_what_is_too_much():
    lanes, comes = 2, 24.0
    task = asked([lanes] * 40, 8, [Wish("t", 0, 30)])
    offered = comes * SERVICE.seconds / 1800
    full = offered / lanes
    over = offered**lanes / math.factorial(lanes) / (1 - full)
    waits = over / (sum(offered**k / math.factorial(k) for k in range(lanes)) + over)
    assert expected_queues(task, [comes] * 40)[-1] == pytest.approx(waits * full / (1 - full), 1e-4)
    much = expected_queues(task, [60.0] * 40)
    assert much[-1] - much[-2] == pytest.approx(60 - 2 * 15, 1e-6)
    shut = asked([2, 0, 0, 2, 2], 8, task.wishes)
    queues = expected_queues(shut, [0.0, 10.0, 260.0, 0.0, 0.0])
    assert queues[:3] == pytest.approx([0, 10, 270], 1e-6)
    assert queues[3:] == pytest.approx([270 - 32, 270 - 62], 1e-3), "two are served, not waiting"


def test_the_quota_just_keeps_the_risk_and_follows_the_lanes():
    task = asked([2, 0, 4, 2], 6, [Wish("t", 0, 30)])
    quota = quotas(task).tolist()
    assert quota[1] == 0 and quota[2] == pytest.approx(2 * quota[0])
    assert risk_of(task, quota) <= RULE.risk_most < risk_of(task, [1.01 * q for q in quota])
    assert quotas(asked([2] * 4, 12, task.wishes))[0] > quotas(asked([2] * 4, 3, task.wishes))[0]


def test_too_many_are_told_with_the_time_that_is_too_full():
    wishes = [Wish(f"t{k}", 60, 120, shift_min=0) for k in range(80)]
    wishes += [Wish("night", 2000, 2060), Wish("free", 300, 360)]
    made = appoint(asked([2] * 24, 8, wishes))
    assert made.refused.pop("night") == "closed" and set(made.refused.values()) == {"full"}
    crowd = made.crowd
    assert (crowd.since, crowd.until, crowd.load) == (60, 120, 80)
    assert len(made.refused) == 80 - 2 * int(made.quota[2])
    assert crowd.places == int(made.quota[2]) + int(made.quota[3])
    assert "free" in made.slots and made.deviation_min == 0


GOOD = asked([1, 1], 5, [Wish("a", 0, 30)])


@pytest.mark.parametrize(
    "task",
    [
        asked([], 5, GOOD.wishes), asked([0, 0], 5, GOOD.wishes), asked([-1, 1], 5, GOOD.wishes),
        asked([1], -1, GOOD.wishes), asked([1], 5, []), asked([1], 5, [*GOOD.wishes] * 2),
        asked([1], 5, [Wish("a", 30, 30)]), asked([1], 5, [Wish("a", 0, 30, moves=0)]),
        asked([1], 5, [replace(GOOD.wishes[0], shift_min=-5)]), asked([1], 400, GOOD.wishes),
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_problem(task):
    with pytest.raises(BadParameter):
        appoint(task)

"""What happens to a plan: a vessel moved by hand, one that does not come, one that is late."""

import random
from dataclasses import replace

import pytest

from bench.locks_replay import faults
from routing.locks.model import Chamber, Ship, Task
from routing.locks.moves import loaded, move, overtaken_too_often
from routing.locks.placement import Placer
from routing.locks.planning import plan
from routing.locks.replanning import from_now, replan
from tests.routing.lock_cases import CARGO, EXTENT, PLAIN, order, queue

PLACER = Placer(PLAIN, 20_000)


def starts(made):
    return {key: lockage.start for lockage in made.lockages for key in lockage.ships}


def test_a_move_tells_what_it_costs_each_other_vessel():
    task = queue([0, 4, 9, 31, 33], [2, 15, 16, 40], 12)
    made = plan(task, EXTENT)
    free = replace(task, order=order(overtaken=3))
    moved = move(free, PLACER, made, "u1", loaded(made)[2])
    assert moved.stop is None
    now, before = starts(moved.plan), starts(made)
    assert moved.later_s == {key: now[key] - before[key] for key in before}
    assert moved.later_s["u0"] == -4
    assert moved.later_s["u1"] > 0
    assert not faults(free, moved.plan)


def test_a_vessel_gets_a_lockage_of_its_own():
    task = queue([0, 1], [5], 10)
    made = plan(task, EXTENT)
    moved = move(task, PLACER, made, "u1", None)
    assert sorted(x.ships for x in loaded(moved.plan)) == [("d0",), ("u0",), ("u1",)]
    assert not faults(task, moved.plan)


@pytest.mark.parametrize(
    ("ship", "to", "cause"), [("long", 0, "gap"), ("cone", 0, "cargo"), ("down", 0, "way")]
)
def test_a_move_that_may_not_be_names_the_rule(ship, to, cause):
    chamber = Chamber("c", 20, 8, 10, 10)
    ships = [
        Ship("one", "up", 0, 10, 6), Ship("long", "up", 100, 10, 6),
        Ship("cone", "up", 200, 4, 4, cargo="cone_2"), Ship("down", "down", 300, 4, 4),
    ]  # fmt: skip
    task = Task([chamber], ships, CARGO, order(overtaken=3))
    placer = Placer(CARGO, 20_000)
    made = plan(task, EXTENT)
    moved = move(task, placer, made, ship, loaded(made)[to])
    assert (moved.refusal.cause if moved.refusal else moved.stop) == cause


def random_day(seed, ships=24):
    rng = random.Random(seed)
    chambers = [Chamber("c", 60, 23, 30, 30), Chamber("d", 40, 12, 20, 20)]
    fleet = [
        Ship(f"s{k}", rng.choice(["up", "down"]), rng.randint(0, 400), rng.choice([18, 27, 38]), 10)
        for k in range(ships)
    ]
    return Task(chambers, fleet, PLAIN, order(overtaken=1))


def test_published_times_are_kept_when_one_does_not_come_and_one_is_late():
    better = 0
    for seed in range(12):
        task = random_day(seed)
        made, now = plan(task, EXTENT), 150
        left, done = from_now(task, made, now)
        waiting = sorted(left.ships, key=lambda ship: ship.promised)
        gone, late = waiting[0].id, waiting[3].id
        comes = {late: waiting[3].promised + 60}
        again = replan(task, made, now, EXTENT, absent=[gone], late=comes)
        before, after = starts(made), starts(again)
        assert again.bounds.promises_held
        assert set(after) == {ship.id for ship in left.ships} - {gone}
        assert all(after[key] <= before[key] for key in after if key != late)
        assert after[late] >= comes[late]
        assert min(x.start for x in again.lockages) >= now
        assert not set(after) & {key for x in done.lockages for key in x.ships}
        better += any(after[key] < before[key] for key in after)
    assert better


def test_a_chamber_that_fails_breaks_published_times_and_the_plan_says_so():
    task = random_day(1)
    made = plan(task, EXTENT)
    broken = replace(task, chambers=[replace(task.chambers[0], free_from=900)])
    again = replan(broken, made, 0, EXTENT)
    assert not again.bounds.promises_held
    assert set(starts(again)) >= {ship.id for ship in from_now(broken, made, 0)[0].ships}


def test_who_is_overtaken_too_often_is_counted_as_the_second_reading_does():
    for seed in range(10):
        task = random_day(seed)
        made = plan(task, EXTENT)
        strict = replace(task, order=order(overtaken=0))
        told = {text.split()[0] for text in faults(strict, made) if "overtaken" in text}
        assert set(overtaken_too_often(strict, PLACER, made)) == told

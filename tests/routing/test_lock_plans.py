"""Plans of a lock: the optimum of handed and of small cases, and nothing that breaks."""

import json
from dataclasses import replace

import pytest

from bench.locks_replay import faults
from routing.locks.first_come import first_come
from routing.locks.model import Chamber, Plan, Window
from routing.locks.placement import Placer
from routing.locks.planning import plan
from routing.locks.timing import cost_of
from spatial.errors import BadParameter, LimitViolated
from tests.conftest import shared_path
from tests.routing.lock_cases import EXTENT, order, queue, random_lock
from tests.routing.lock_reference import NEVER, least_cost


def waits_of_first_come(task):
    return sum(cost_of(task, first_come(task, Placer(task.gaps, 1000)))[1].values())


def loaded(made, task):
    ready = {ship.id: ship.ready for ship in task.ships}
    return [
        [x.start, x.way, [ready[key] for key in x.ships]] for x in made.lockages if x.ships
    ]  # fmt: skip


@pytest.mark.shared
def test_the_lockmasters_example():
    example = json.loads(shared_path("worked_examples.json").read_text("utf-8"))["lockmaster_small"]
    task = queue(example["arrivals_up"], example["arrivals_down"], example["lockage_time"])
    made = plan(task, EXTENT)
    assert (made.total_wait_s, made.proven) == (example["optimal_total_wait"], True)
    assert loaded(made, task) == example["optimal_plan"]
    assert waits_of_first_come(task) == example["myopic_total_wait"]


@pytest.mark.shared
@pytest.mark.parametrize("which", ["A", "B"])
def test_to_wait_a_minute_for_the_second_barge(which):
    cases = json.loads(shared_path("cases/heat-ports.json").read_text("utf-8"))
    case = next(one for one in cases if one["id"] == "H09")
    given, expected = case["input"][which], case["expected"][which]
    most = None if given["capacity"] == "unlimited" else given["capacity"]
    task = queue(given["up"], given["down"], given["lockage_min"], most, given["start_side"])
    made = plan(task, EXTENT)
    assert (made.total_wait_s, made.bound_s) == (expected["optimum"], expected["optimum"])
    assert waits_of_first_come(task) == expected["serve-what-is-there"]
    assert not faults(task, made)
    if which == "A":
        assert loaded(made, task) == expected["plan"]
    else:
        assert [start for start, *_ in loaded(made, task)] == [1, 21, 41, 61]


def test_a_plan_is_as_good_as_trying_every_order():
    widened = 0
    for seed in range(250):
        task = random_lock(seed)
        placer = Placer(task.gaps, 20_000)
        made = plan(task, EXTENT)
        assert made.proven, seed
        assert not faults(task, made), seed
        best = least_cost(task, placer.fits)
        if made.bounds.promises_held:
            assert made.cost_s == best, seed
        else:
            assert best == NEVER, seed
            widened += 1
    assert widened


def test_the_second_reading_notices_what_a_plan_breaks():
    """Each of these must be able to fail, or a plan without faults would say nothing."""
    task = queue([0, 4, 9, 31, 33], [2, 15, 16, 40], 12, most=3)
    made = plan(task, EXTENT)
    first, *rest = made.lockages

    def seen(*lockages):
        changed = Plan(lockages, made.waits, made.cost_s, made.bound_s, made.bounds)
        return " ".join(faults(task, changed))

    assert "not served" in seen(first)
    assert "other side" in seen(first, first, *rest)
    assert "lasts" in seen(replace(first, end=first.end + 1), *rest)
    assert "busy" in seen(first, *(replace(x, start=x.start - 9, end=x.end - 9) for x in rest))
    assert "is not there" in seen(replace(first, start=0, end=12), *rest)
    close = [replace(berth, x_m=0.0, y_m=1.0) for berth in first.berths]
    assert "m apart" in seen(replace(first, berths=close), *rest)
    out = [replace(first.berths[0], y_m=5.0), *first.berths[1:]]
    assert "walls" in seen(replace(first, berths=out), *rest)
    late = [replace(x, start=x.start + 1, end=x.end + 1) for x in rest]
    assert "waiting is not" in seen(first, *late)


def test_bounds_hold_and_are_told_where_no_order_keeps_them():
    task = queue([0, 1, 2, 3, 4, 5, 6], [], 10, most=2)
    tight = plan(replace(task, order=order(wait=30)), EXTENT)
    assert (tight.bounds.wait_s, tight.bounds.wait_held_s) == (30, 60)
    assert max(tight.waits.values()) == 55
    assert not faults(task, tight)


def test_a_published_time_is_kept_though_it_costs_more():
    task = queue([0, 4, 9, 31, 33], [2, 15, 16, 40], 12)
    free = plan(task, EXTENT)
    ships = [replace(s, promised=14) if s.id == "d0" else s for s in task.ships]
    held = plan(replace(task, ships=ships), EXTENT)
    start = {key: x.start for x in held.lockages for key in x.ships}
    assert start["d0"] <= 14 < {key: x.start for x in free.lockages for key in x.ships}["d0"]
    assert held.cost_s > free.cost_s
    assert held.bounds.promises_held


def test_what_cannot_be_planned_is_told():
    task = queue([0, 5], [3], 10)
    small = Chamber("small", 30, 5, 10, 10)
    shut = replace(task.chambers[0], windows=(Window(0, 9),))
    twice = [*task.ships, task.ships[0]]
    strange = [replace(task.ships[0], cargo="tea")]
    for error, change in (
        (LimitViolated, {"chambers": [small]}),
        (LimitViolated, {"chambers": [shut]}),
        (BadParameter, {"chambers": []}),
        (BadParameter, {"ships": twice}),
        (BadParameter, {"ships": strange}),
    ):
        with pytest.raises(error) as told:
            plan(replace(task, **change), EXTENT)
        assert told.value.zh != told.value.en
    with pytest.raises(LimitViolated, match=r"small: length 10\.0 m too great"):
        plan(replace(task, chambers=[small]), EXTENT)

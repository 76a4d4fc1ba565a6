"""Planning anew against trying everything, and against HiGHS over all itineraries."""

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from routing.disruption.cargo import group, locate
from routing.disruption.plan import solve
from routing.disruption.pricing import Pricer
from routing.disruption.replan import Case, price_hour, replan
from tests.routing.disruption_reference import (
    HOUR,
    RULE,
    draw_cargo,
    draw_closures,
    draw_world,
    every_way,
)


def cheapest(pricer, price, room):
    every = np.arange(len(pricer.groups))
    return pricer.find(every, price, room)


@pytest.mark.parametrize("seed", range(30))
def test_the_cheapest_itinerary_under_prices_is_that_of_trying_all(seed):
    rng, world = draw_world(seed, limited=[0])
    world = draw_closures(rng, world).apply(world)
    cargo = draw_cargo(rng, world, 4)
    places = [locate(world, one, 0) for one in cargo]
    groups = group(world, cargo, places, RULE, 0)
    room = world.room([3.0])
    price = rng.integers(0, 3, len(room)) * 60.0
    found = cheapest(Pricer(world, groups), price, room)
    for one, place, number in zip(cargo, places, groups.of, strict=True):
        ways = every_way(world, place, one.goal, one, 0)
        fitting = [cost + price[rooms].sum() for cost, rooms in ways
                   if not rooms or room[rooms].min() >= one.teu]  # fmt: skip
        best = min([*fitting, RULE.unserved_cny_per_teu])
        assert found.priced[number] == pytest.approx(best, abs=1e-6)


def programs(world, cargo, places, room, at):
    """Return the values of the relaxation and of the best plan, by HiGHS over all itineraries."""
    rows, cost, use = [], [], []
    for number, (one, place) in enumerate(zip(cargo, places, strict=True)):
        ways = every_way(world, place, one.goal, one, at, most=4)
        ways = [(c, r) for c, r in ways if not r or room[r].min() >= one.teu]
        for cny, rooms in [*ways, (RULE.unserved_cny_per_teu, [])]:
            rows.append(number)
            cost.append(cny * one.teu)
            taken = np.zeros(len(room))
            np.add.at(taken, rooms, one.teu)
            use.append(taken)
    used = np.array(use).T
    tight = np.flatnonzero(np.isfinite(room) & (used.sum(axis=1) > 0))
    parts = np.zeros((len(cargo), len(rows)))
    parts[rows, np.arange(len(rows))] = 1
    cost = np.array(cost)
    relaxed = linprog(cost, used[tight], room[tight], parts, np.ones(len(cargo)))
    whole = milp(cost, bounds=Bounds(0, 1), integrality=np.ones(len(cost)), constraints=[
        LinearConstraint(used[tight], ub=room[tight]), LinearConstraint(parts, 1, 1),
    ])  # fmt: skip
    return relaxed.fun, whole.fun


def small(seed, **more):
    rng, world = draw_world(seed, trucks=0.15, limited=[0], **more)
    return rng, world, draw_cargo(rng, world, 8), world.room([4.0])


@pytest.mark.parametrize("seed", range(100, 112))
def test_the_bound_is_sound_and_the_plan_holds_against_the_best(seed):
    rng, world, cargo, room = small(seed)
    world = draw_closures(rng, world).apply(world)
    places = [locate(world, one, 0) for one in cargo]
    groups = group(world, cargo, places, RULE, 0)
    solved = solve(Pricer(world, groups), room)
    relaxed, best = programs(world, cargo, places, room, 0)
    assert solved.relaxed.bound <= relaxed + 1e-6
    assert solved.relaxed.bound == pytest.approx(relaxed, rel=3e-4)
    assert best - 1e-6 <= solved.plan.cny <= best * 1.1 + 1e-6
    assert solved.plan.left.min() >= -1e-9


def case(seed, cargo=8, at=6 * HOUR):
    rng, world = draw_world(seed, trucks=0.25, limited=[0])
    return Case(world, draw_closures(rng, world), draw_cargo(rng, world, cargo), RULE, at,
                world.room([5.0]))  # fmt: skip


def test_what_is_touched_has_a_new_plan_and_what_is_not_keeps_its_own():
    touched = 0
    for seed in range(200, 225):
        asked = case(seed)
        found = replan(asked)
        after, first = found.world, found.solved_before
        sums = [sum(told.generalised_cny for told in side) for side in
                zip(*((one.before, one.after) for one in found.changes), strict=True)]  # fmt: skip
        not_proven = first.plan.cny - first.relaxed.bound
        assert not sums or sums[1] >= sums[0] - not_proven - 1e-6
        for one in found.changes:
            touched += 1
            for leg in one.after.legs[len(one.position.done) :].tolist():
                run, start, stop, hub, departs = leg[0], leg[1], leg[2], leg[3], leg[5]
                assert departs >= asked.at
                assert after.opened(hub, departs) == departs or (
                    run == one.position.run and start == one.position.halt
                )
                if run >= 0:
                    base = after.table[run]
                    assert not after.dead[base + start : base + stop].any()
    assert touched > 20


def test_an_hour_of_a_closure_is_worth_what_a_new_plan_without_it_saves():
    worth = 0
    for seed in range(300, 316):
        asked = case(seed, cargo=5)
        found = replan(asked)
        for thing in sorted({one.thing for one in asked.closures.closings}):

            def mine(one, thing=thing):
                return one.thing == thing

            hour = price_hour(asked, found, mine)
            if found.solved is None:
                continue
            shorter = asked.closures.shorter(mine).apply(asked.world)
            places = [one.position for one in found.changes]
            cargo = [found.cargo[one.number] for one in found.changes]
            plan = found.solved.plan
            teu = [plan.pricer.groups.teu[one.group] for one in plan.columns]
            room = plan.left.copy()
            for column, each in zip(plan.columns, teu, strict=True):
                np.add.at(room, column.rooms, each)
            _, before = programs(found.world, cargo, places, room, asked.at)
            _, after = programs(shorter, cargo, places, room, asked.at)
            assert hour.low - 1e-6 <= before - after <= hour.high + 1e-6
            worth += hour.saved > 1
    assert worth > 3

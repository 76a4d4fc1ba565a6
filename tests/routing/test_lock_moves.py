"""What a move costs every other vessel: as other code times the same order anew, and its stops."""

from collections import Counter
from dataclasses import replace

from bench.locks_replay import faults
from routing.locks.model import Window
from routing.locks.moves import bounded, by_hand, loaded, move, moves, past_promise
from routing.locks.placement import Placer
from routing.locks.planning import plan
from routing.locks.timing import Choice
from spatial.errors import LimitViolated
from tests.routing.lock_cases import CARGO, EXTENT, order, queue, random_lock
from tests.routing.lock_reference import NEVER, begins_by_ship, can_lie

PLACER = Placer(CARGO, 20_000)
SEEDS = range(90)


def planned(seed):
    """Return a random lock without promises, under a bound that lets be overtaken, and its plan."""
    task = random_lock(seed)
    ships = [replace(ship, promised=None) for ship in task.ships]
    task = replace(task, ships=ships, order=order(overtaken=1), _by_id={})
    try:
        return task, plan(task, EXTENT)
    except LimitViolated:
        return None


def order_after(made, ship, to):
    """Return lockages (chamber, way, ships) after a move, told apart from the engine's own."""
    out = []
    for x in made.lockages:
        keys = [key for key in x.ships if key != ship]
        if to is not None and x is to:
            keys.append(ship)
        if keys:
            out.append((x.chamber, x.way, keys))
        if to is None and ship in x.ships:
            out.append((x.chamber, x.way, [ship]))
    return out


def test_what_each_move_costs_is_what_the_same_order_timed_anew_by_other_code_says():
    compared, told = 0, Counter()
    for made in filter(None, map(planned, SEEDS)):
        task, held = made
        before = {key: x.start for x in held.lockages for key in x.ships}
        for ship in task.ships:
            for to, moved in moves(task, PLACER, held, ship.id):
                there = [task.ship(key) for key in [*(to.ships if to else ()), ship.id]]
                told[moved.refusal.cause if moved.refusal else moved.stop] += 1
                if to is not None and to.way != ship.way:
                    assert moved.stop == "way"
                    continue
                if moved.refusal is not None and moved.refusal.cause != "draught":
                    assert not can_lie(task.chamber(moved.chamber), there, CARGO)
                    continue
                after = begins_by_ship(task, order_after(held, ship.id, to))
                if moved.stop == "closed":
                    assert max(after.values()) >= NEVER
                    continue
                assert moved.later_s == {key: after[key] - before[key] for key in before}
                wrong = [text for text in faults(task, moved.plan) if "bound" not in text]
                assert bool(wrong) == (moved.stop == "order"), wrong
                compared += 1
    assert compared > 300
    assert {None, "way", "order", "cargo"} <= set(told)
    assert {"gap", "room", "size", "count"} & set(told)


def test_a_vessel_is_put_into_a_lockage_that_goes_empty():
    task = replace(queue([0, 30], [10, 11], 10), order=order(overtaken=3))
    index = [Choice(0, "up", ("u0",)), Choice(0, "down", ("d0",)), Choice(0, "down", ("d1",)),
             Choice(0, "up", ("u1",))]  # fmt: skip
    held = by_hand(task, PLACER, index)
    empty = next(x for x in held.lockages if not x.ships)
    assert (empty.way, empty.start) == ("up", 20)
    moved = move(task, PLACER, held, "u1", empty)
    assert moved.allowed
    assert [x.ships for x in moved.plan.lockages] == [("u0",), ("d0",), ("u1",), ("d1",)]
    assert moved.later_s == {"u0": 0, "d0": 0, "d1": 10, "u1": -10}


def test_a_move_that_breaks_a_published_begin_says_whose_and_by_how_much():
    task = replace(queue([0, 40], [11], 10), order=order(overtaken=3))
    held = plan(task, EXTENT)
    begins = {key: x.start for x in held.lockages for key in x.ships}
    ships = [replace(ship, promised=begins[ship.id]) for ship in task.ships]
    promised = replace(task, ships=ships, _by_id={})
    moved = move(promised, PLACER, held, "u0", loaded(held)[-1])
    assert moved.allowed
    assert past_promise(promised, moved.plan.lockages) == {"u0": moved.later_s["u0"]}
    assert not moved.plan.bounds.promises_held
    assert held.bounds.promises_held


def test_a_plan_by_hand_is_told_with_a_bound_that_no_plan_is_below():
    weak = told = 0
    for task, best in filter(None, map(planned, range(12))):
        assert best.proven
        for ship in task.ships:
            for _, moved in moves(task, PLACER, best, ship.id):
                if not moved.allowed:
                    continue
                one = bounded(task, moved.plan, PLACER, EXTENT)
                assert one.bound_s <= best.cost_s <= one.cost_s
                assert one.cost_s == best.cost_s or not one.proven
                told, weak = told + 1, weak + (one.bound_s < best.cost_s)
    assert told > 30
    assert weak < told / 4


def test_an_order_by_hand_begins_only_while_its_chamber_is_open():
    task = queue([0], [], 10)
    open_ = (Window(0, 30), Window(60, 90))
    task = replace(task, chambers=[replace(task.chambers[0], windows=open_)], _by_id={})
    begun = [
        by_hand(task, PLACER, [Choice(0, "up", ("u0",), start)]).lockages[0].start
        for start in (5, 20, 21, 59, 80)
    ]
    assert begun == [5, 20, 60, 60, 80]

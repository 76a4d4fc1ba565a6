"""From closures to a plan: who is touched, where each goes on from, the new plan of all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from routing.disruption.cargo import Cargo, Groups, Position, group, locate
from routing.disruption.closures import Closing, Closures, Touch
from routing.disruption.numbers import (
    LEG,
    LEG_ARRIVES,
    LEG_DEPARTS,
    LEG_FROM,
    LEG_FROM_HUB,
    LEG_RUN,
    NONE,
)
from routing.disruption.plan import Plan, Solved, solve, taken
from routing.disruption.pricing import Column, Pricer, rooms_of
from routing.disruption.rule_models import Replanning
from routing.disruption.told import Told, ready_at, tell
from routing.disruption.world import World
from routing.graph.weights import Floats, Ints


@dataclass(frozen=True)
class Change:
    """A shipment that closures touch: where it goes on from, its plan before and after.

    `causes` are the numbers of the disruptions; `number` is that of the shipment.
    """

    number: int
    position: Position
    causes: frozenset[int]
    before: Told
    after: Told


@dataclass(frozen=True)
class Replanned:
    """The answer: the shipments with their plans, what changes, and the plan of all that does.

    `arrived` are the numbers of those that have arrived, or were not to be served at all.
    """

    cargo: Sequence[Cargo]
    arrived: Sequence[int]
    unserved_before: Sequence[int]
    changes: Sequence[Change]
    solved: Solved | None
    solved_before: Solved | None
    world: World
    closures: Closures


@dataclass(frozen=True)
class Case:
    """A question: the world as planned, what is closed, the shipments, and the TEU of rooms."""

    world: World
    closures: Closures
    cargo: Sequence[Cargo]
    rule: Replanning
    at: int
    room: Floats


def replan(case: Case) -> Replanned:
    """Plan what has no plan yet as if nothing were closed, then all that the closures touch."""
    world, at = case.world, case.at
    cargo, solved_before, unserved = _first_plans(case)
    positions = [locate(world, one, at) for one in cargo]
    after, touch = case.closures.apply(world), Touch(world, case.closures)
    causes = [
        set() if place is None or one.legs is None
        else touch.causes(one.legs, ready_at(world, one, one.legs), at)
        for one, place in zip(cargo, positions, strict=True)
    ]  # fmt: skip
    arrived = [n for n, place in enumerate(positions) if place is None]
    hit = [n for n, own in enumerate(causes) if own]
    places = [_held_up(case, world, positions[n], at) for n in hit]
    left = _left(case, cargo, set(hit), places)
    chosen = [cargo[n] for n in hit]
    groups = group(after, chosen, places, case.rule, at)
    solved = solve(Pricer(after, groups), left) if hit else None
    changes = [
        Change(
            n, place, frozenset(causes[n]), tell(world, cargo[n], _legs(cargo[n]), case.rule),
            _told(after, cargo[n], place, column, case.rule),
        )
        for n, place, column in zip(hit, places, solved.plan.columns if solved else [], strict=True)
    ]  # fmt: skip
    return Replanned(cargo, arrived, unserved, changes, solved, solved_before, after, case.closures)


def _legs(one: Cargo) -> Ints:
    return np.empty((0, LEG), np.int64) if one.legs is None else one.legs


def _first_plans(case: Case) -> tuple[list[Cargo], Solved | None, list[int]]:
    """Return all shipments with plans; those without are planned together, nothing being closed."""
    cargo, world = list(case.cargo), case.world
    open_ones = [n for n, one in enumerate(cargo) if one.legs is None]
    if not open_ones:
        return cargo, None, []
    planned = [one for one in cargo if one.legs is not None]
    room = _without(case.room, world, planned)
    chosen = [cargo[n] for n in open_ones]
    places = [locate(world, one, world.since) for one in chosen]
    groups = group(world, chosen, [p for p in places if p], case.rule, world.since)
    solved = solve(Pricer(world, groups), room)
    unserved = []
    for n, column in zip(open_ones, solved.plan.columns, strict=True):
        if column.served:
            cargo[n] = cargo[n].planned(column.legs)
        else:
            unserved.append(n)
    return cargo, solved, unserved


def _without(room: Floats, world: World, cargo: Sequence[Cargo]) -> Floats:
    """Return the room that shipments with a plan leave."""
    rooms = [rooms_of(world, _legs(one)) for one in cargo]
    return np.maximum(room - taken(rooms, [one.teu for one in cargo], len(room)), 0.0)


def _left(case: Case, cargo: Sequence[Cargo], hit: set[int], places: Sequence[Position]) -> Floats:
    """Return the room that is left by what is not touched, and by legs that are done."""
    others = [one for n, one in enumerate(cargo) if n not in hit]
    room = _without(case.room, case.world, others)
    done = [rooms_of(case.world, place.done) for place in places]
    teu = [cargo[n].teu for n in sorted(hit)]
    return np.maximum(room - taken(done, teu, len(room)), 0.0)


def _held_up(case: Case, world: World, place: Position | None, at: int) -> Position:
    """Return where touched cargo goes on from: later, where the way it is on is blocked ahead."""
    assert place is not None  # noqa: S101
    if place.run == NONE:
        return place
    section = int(world.table[place.run]) + place.halt - 1
    leaves, arrives = (int(world.run_times[2 * section + n]) for n in (1, 2))
    late = arrives
    for one in case.closures.closings:
        part = one.blocked
        if part is None or part.halt != place.halt - 1:
            continue
        enters, ends = (leaves + share * (arrives - leaves) for share in (part.begin, part.end))
        if enters < one.window.until and ends >= max(one.window.since, at):
            late = max(late, int(one.window.until + arrives - max(enters, at)))
    if late == arrives:
        return place
    done = place.done.copy()
    done[-1, LEG_ARRIVES] = late
    return replace(place, at=late, done=done, run=NONE, halt=NONE)


def _told(after: World, one: Cargo, place: Position, column: Column, rule: Replanning) -> Told:
    """Return the whole itinerary of a shipment: what is behind it, and what was found."""
    legs, done = column.legs, place.done
    if len(legs) and len(done) and place.run != NONE and legs[0, LEG_RUN] == place.run:
        joined = legs.copy()
        kept = [LEG_FROM, LEG_FROM_HUB, LEG_DEPARTS]
        joined[0, kept] = done[-1, kept]
        legs, done = joined, done[:-1]
    return tell(after, one, np.concatenate([done, legs]), rule, column.served)


@dataclass(frozen=True)
class HourPrice:
    """What one hour less of a closure saves, yuan.

    `saved` is what the plan costs less once each shipment has looked for a cheaper way; the true
    saving of the best plans lies from `low` to `high`; `dual` is the drop of the bound with the
    prices of rooms as they are.
    """

    saved: float
    low: float
    high: float
    dual: float


def price_hour(case: Case, found: Replanned, chosen: Callable[[Closing], bool]) -> HourPrice:
    """Return what the last hour of chosen closings is worth to the shipments that they touch."""
    solved = found.solved
    if solved is None:
        return HourPrice(0.0, 0.0, 0.0, 0.0)
    world = found.closures.shorter(chosen).apply(case.world)
    old = solved.plan.pricer
    pricer = Pricer(world, old.groups)
    every = np.arange(len(old.groups))
    price, room = solved.relaxed.price, solved.plan.left + _used(solved.plan, old.groups)
    here = old.find(every, price, room).priced
    there = pricer.find(every, price, room, here).priced
    weight = old.groups.teu * old.groups.counts
    dual = float(((here - there) * weight).sum())
    gaining = set(np.flatnonzero(there < here - 1e-9).tolist())
    plan = Plan(pricer, list(solved.plan.columns), solved.plan.left.copy())
    saved = plan.better([n for n, g in enumerate(old.groups.of.tolist()) if g in gaining])
    over = solved.plan.cny - solved.relaxed.bound
    low = max(0.0, solved.relaxed.bound - (solved.plan.cny - saved))
    return HourPrice(saved, low, max(dual + over, saved), dual)


def _used(plan: Plan, groups: Groups) -> Floats:
    teu = [float(groups.teu[one.group]) for one in plan.columns]
    return taken([one.rooms for one in plan.columns], teu, len(plan.left))

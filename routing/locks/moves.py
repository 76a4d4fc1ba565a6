"""A vessel moved by hand to another lockage: what it costs each other vessel, or why it may not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from routing.locks.label_kernels import FAR
from routing.locks.model import Lockage, Plan, Ship, Task
from routing.locks.placement import Placer, Refusal
from routing.locks.timing import Choice, cost_of, timed

Stop = Literal["way", "order", "closed", "wait"]


@dataclass(frozen=True)
class Moved:
    """A plan after a move: what changed by ship in seconds, later is above 0.

    `refusal` or `stop` says why it may not be: a place in the chamber, or the way, order, windows
    or waiting; `ships` are those that the stop is about.
    """

    plan: Plan | None
    later_s: Mapping[str, int]
    refusal: Refusal | None = None
    stop: Stop | None = None
    ships: tuple[str, ...] = ()


def loaded(plan: Plan) -> list[Lockage]:
    """Return the lockages of a plan that carry ships, in their order."""
    return [lockage for lockage in plan.lockages if lockage.ships]


def move(task: Task, placer: Placer, plan: Plan, ship: str, to: int | None) -> Moved:
    """Move a ship to lockage number `to` of those with ships; None gives it one of its own.

    The order of the lockages stays; each begins as early as it can. One of its own comes right
    after the lockage that the ship leaves, in the same chamber.
    """
    moving, lockages = task.ship(ship), loaded(plan)
    index = {chamber.id: k for k, chamber in enumerate(task.chambers)}
    was = next(k for k, lockage in enumerate(lockages) if ship in lockage.ships)
    order = [Choice(index[x.chamber], x.way, tuple(x.ships), x.start) for x in lockages]
    order[was] = replace(order[was], ships=tuple(k for k in order[was].ships if k != ship))
    if to is None:
        order.insert(was + 1, replace(order[was], ships=(ship,)))
        to = was + 1
    elif to != was:
        if order[to].way != moving.way:
            return Moved(None, {}, stop="way", ships=(ship,))
        order[to] = replace(order[to], ships=(*order[to].ships, ship))
    chamber = task.chambers[order[to].chamber]
    there = [task.ship(key) for key in order[to].ships]
    if refusal := placer.refusal(chamber, there):
        return Moved(None, {}, refusal=refusal)
    return _retimed(task, placer, plan, [choice for choice in order if choice.ships])


def _retimed(task: Task, placer: Placer, plan: Plan, order: Sequence[Choice]) -> Moved:
    lockages = timed(task, placer, order, keep=False)
    if any(lockage.end >= FAR for lockage in lockages):
        late = next(x for x in lockages if x.end >= FAR)
        return Moved(None, {}, stop="closed", ships=tuple(late.ships))
    cost, waits = cost_of(task, lockages)
    later = {key: wait - plan.waits[key] for key, wait in waits.items()}
    changed = Plan(lockages, waits, cost, min(plan.bound_s, cost), plan.bounds)
    over = overtaken_too_often(task, placer, changed)
    if over:
        return Moved(changed, later, stop="order", ships=tuple(over))
    long = [key for key, wait in waits.items() if wait > plan.bounds.wait_held_s]
    return Moved(changed, later, stop="wait" if long else None, ships=tuple(long))


def overtaken_too_often(task: Task, placer: Placer, plan: Plan) -> list[str]:
    """Return the ships that more later ones go before than the rule of order allows."""
    when = {key: lockage for lockage in plan.lockages for key in lockage.ships}
    rank = {rule.name: k for k, rule in enumerate(task.order.ranks)}
    most = task.order.overtaken_most

    def passes(one: Ship, other: Ship) -> bool:
        if one.way != other.way or (other.ready, other.id) <= (one.ready, one.id):
            return False
        before = when[other.id].start < when[one.id].start and rank[other.rank] >= rank[one.rank]
        return before and placer.fits(task.chamber(when[other.id].chamber), [one])

    often = {one.id: sum(passes(one, other) for other in task.ships) for one in task.ships}
    return [key for key, times in often.items() if times > most]

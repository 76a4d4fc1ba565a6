"""A vessel moved by hand to another lockage: what it costs each other vessel, or why it may not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from routing.locks.label_kernels import FAR
from routing.locks.model import Bounds, Lockage, Plan, Ship, Task
from routing.locks.placement import Placer, Refusal
from routing.locks.planning import within
from routing.locks.rule_models import LockSearch
from routing.locks.timing import Choice, cost_of, timed

Stop = Literal["way", "order", "closed", "wait"]


@dataclass(frozen=True)
class Moved:
    """A plan after a move: what changed by ship in seconds, later is above 0.

    `refusal` or `stop` says why it may not be: a place in the chamber, or the way, order, windows
    or waiting; `ships` are those that the stop is about, `chamber` is the one that was to be used.
    """

    plan: Plan | None
    later_s: Mapping[str, int]
    refusal: Refusal | None = None
    stop: Stop | None = None
    ships: tuple[str, ...] = ()
    chamber: str = ""

    @property
    def allowed(self) -> bool:
        """Whether nothing forbids it."""
        return self.refusal is None and self.stop is None


def by_hand(task: Task, placer: Placer, order: Sequence[Choice]) -> Plan:
    """Return an order of lockages as a plan; none begins before its `start`, nothing is proven."""
    made = timed(task, placer, order)
    cost, waits = cost_of(task, made)
    wait = task.order.wait_most_s
    held, kept = max([wait, *waits.values()]), not past_promise(task, made)
    return Plan(made, waits, cost, 0, Bounds(task.order.overtaken_most, wait, held, kept))


def loaded(plan: Plan) -> list[Lockage]:
    """Return the lockages of a plan that carry ships, in their order."""
    return [lockage for lockage in plan.lockages if lockage.ships]


def move(task: Task, placer: Placer, plan: Plan, ship: str, to: Lockage | None) -> Moved:
    """Move a ship to a lockage of the plan, an empty one too; None gives it one of its own.

    The order of the lockages stays; each begins as early as it can. One of its own comes right
    after the lockage that the ship leaves, in the same chamber.
    """
    moving = task.ship(ship)
    index = {chamber.id: k for k, chamber in enumerate(task.chambers)}
    lockages = [x for x in plan.lockages if x.ships or x == to]
    was = next(k for k, lockage in enumerate(lockages) if ship in lockage.ships)
    order = [Choice(index[x.chamber], x.way, tuple(x.ships), x.start) for x in lockages]
    order[was] = replace(order[was], ships=tuple(k for k in order[was].ships if k != ship))
    at = was if to is None else lockages.index(to)
    chamber = task.chambers[order[at].chamber]
    if to is None:
        order.insert(was + 1, replace(order[was], ships=(ship,)))
        at = was + 1
    elif to.way != moving.way:
        return Moved(None, {}, stop="way", ships=(ship,), chamber=chamber.id)
    elif at != was:
        order[at] = replace(order[at], ships=(*order[at].ships, ship))
    else:
        order[at] = replace(order[at], ships=tuple(to.ships))
    there = [task.ship(key) for key in order[at].ships]
    if refusal := placer.refusal(chamber, there):
        return Moved(None, {}, refusal=refusal, chamber=chamber.id)
    moved = _retimed(task, placer, plan, [choice for choice in order if choice.ships])
    return replace(moved, chamber=chamber.id)


def moves(task: Task, placer: Placer, plan: Plan, ship: str) -> list[tuple[Lockage | None, Moved]]:
    """Return each lockage that a ship is not in, and one of its own, with what the move does."""
    was = next(lockage for lockage in plan.lockages if ship in lockage.ships)
    targets: list[Lockage | None] = [x for x in plan.lockages if x != was]
    if len(was.ships) > 1:
        targets.append(None)
    return [(to, move(task, placer, plan, ship, to)) for to in targets]


def _retimed(task: Task, placer: Placer, plan: Plan, order: Sequence[Choice]) -> Moved:
    lockages = timed(task, placer, order, keep=False)
    if any(lockage.end >= FAR for lockage in lockages):
        late = next(x for x in lockages if x.end >= FAR)
        return Moved(None, {}, stop="closed", ships=tuple(late.ships))
    cost, waits = cost_of(task, lockages)
    later = {key: wait - plan.waits[key] for key, wait in waits.items()}
    bounds = replace(plan.bounds, promises_held=not past_promise(task, lockages))
    changed = Plan(lockages, waits, cost, min(plan.bound_s, cost), bounds)
    before = overtaken_too_often(task, placer, plan)
    over = [key for key in overtaken_too_often(task, placer, changed) if key not in before]
    if over:
        return Moved(changed, later, stop="order", ships=tuple(over))
    most = plan.bounds.wait_held_s
    long = [key for key, wait in waits.items() if wait > most and later[key] > 0]
    return Moved(changed, later, stop="wait" if long else None, ships=tuple(long))


def past_promise(task: Task, lockages: Sequence[Lockage]) -> dict[str, int]:
    """Return the ships that begin later than published, and by how many seconds."""
    out = {}
    for lockage in lockages:
        for key in lockage.ships:
            promised = task.ship(key).promised
            if promised is not None and lockage.start > promised:
                out[key] = lockage.start - promised
    return out


def bounded(task: Task, made: Plan, placer: Placer, extent: LockSearch) -> Plan:
    """Return a plan made by hand with a proven bound: no plan within its bounds costs less.

    Published begins bind it no more, for it may have broken them; one pass of the search is made.
    """
    ships = [replace(ship, promised=None) for ship in task.ships]
    free = replace(task, ships=ships, _by_id={})
    quick = extent.model_copy(update={"exact": extent.exact[:1], "long": extent.long[:1]})
    best = within(free, placer, quick, made.bounds.wait_held_s, promised=False)
    return made if best is None else replace(made, bound_s=min(best.bound_s, made.cost_s))


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

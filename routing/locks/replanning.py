"""A plan made anew when a vessel does not come or comes late: what was published is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from routing.locks.checks import check_task
from routing.locks.model import Chamber, Lockage, Plan, Ship, Task
from routing.locks.moves import overtaken_too_often
from routing.locks.placement import Placer
from routing.locks.planning import plan, within
from routing.locks.rule_models import LockSearch
from routing.locks.timing import Choice, begins, cost_of, other, timed


def from_now(task: Task, made: Plan, now: int) -> tuple[Task, Plan]:
    """Return what is left to plan at a time, and what of a plan has begun by then.

    Chambers stand where their last begun lockage leaves them; ships of begun lockages are gone; the
    others keep their begin as published.
    """
    begun = [lockage for lockage in made.lockages if lockage.start <= now]
    gone = {key for lockage in begun for key in lockage.ships}
    starts = {key: x.start for x in made.lockages for key in x.ships}
    chambers = [_after(chamber, begun) for chamber in task.chambers]
    left = [
        replace(ship, promised=starts.get(ship.id)) for ship in task.ships if ship.id not in gone
    ]
    waits = {key: wait for key, wait in made.waits.items() if key in gone}
    done = replace(made, lockages=begun, waits=waits)
    return replace(task, chambers=chambers, ships=left, now=now, _by_id={}), done


def _after(chamber: Chamber, begun: Sequence[Lockage]) -> Chamber:
    own = [lockage for lockage in begun if lockage.chamber == chamber.id]
    if not own:
        return chamber
    last = max(own, key=lambda lockage: lockage.start)
    return replace(chamber, side=other(last.way), free_from=last.end)


def replan(
    task: Task, made: Plan, now: int, extent: LockSearch, *,
    absent: Collection[str] = (), late: Mapping[str, int] | None = None,
) -> Plan:  # fmt: skip
    """Return a plan from now on without the absent ships and with the late ones ready later.

    Nobody else begins later than published; a time changes only to an earlier one, and only where
    that waits less in all. `late` is when such ships are ready; they have no published time any
    more. Where the published times cannot be kept, as with a chamber that fails, it is a new plan.
    """
    later = late or {}
    left, _ = from_now(task, made, now)
    ships = [
        replace(ship, ready=later[ship.id], promised=None) if ship.id in later else ship
        for ship in left.ships
        if ship.id not in absent
    ]
    asked = replace(left, ships=ships, _by_id={})
    placer = Placer(task.gaps, extent.places_most)
    check_task(asked, placer)
    found = [
        kept(asked, made, placer),
        within(asked, placer, extent, made.bounds.wait_held_s, True),
    ]
    plans = [one for one in found if one is not None]
    if not plans:
        return plan(asked, extent)
    best = min(plans, key=lambda one: one.cost_s)
    return replace(best, bound_s=min(best.cost_s, max(one.bound_s for one in plans)))


def kept(task: Task, made: Plan, placer: Placer) -> Plan | None:
    """Return the published lockages for who is left; who has no place there gets one.

    That is the first lockage of its way with room, or one of its own after all others. None where
    a chamber cannot keep the times.
    """
    promised = {ship.id for ship in task.ships if ship.promised is not None}
    index = {chamber.id: k for k, chamber in enumerate(task.chambers)}
    order = []
    for lockage in made.lockages:
        ships = tuple(key for key in lockage.ships if key in promised)
        if ships and lockage.chamber in index:
            order.append(Choice(index[lockage.chamber], lockage.way, ships, lockage.start))
    for ship in task.ships:
        if ship.id not in promised:
            order = _joined(task, placer, order, ship)
    lockages = timed(task, placer, order)
    cost, waits = cost_of(task, lockages)
    whole = Plan(lockages, waits, cost, 0, made.bounds)
    starts = {key: lockage.start for lockage in lockages for key in lockage.ships}
    late = any(
        ship.id not in starts or starts[ship.id] > ship.promised
        for ship in task.ships
        if ship.promised is not None
    )
    if late:
        return None
    return None if promised.intersection(overtaken_too_often(task, placer, whole)) else whole


def _joined(task: Task, placer: Placer, order: list[Choice], ship: Ship) -> list[Choice]:
    """Return an order with one more ship, which goes before none that came before it."""
    before = (ship.ready, ship.id)
    after = max(
        (
            choice.start
            for choice in order
            for one in map(task.ship, choice.ships)
            if one.way == ship.way and (one.ready, one.id) < before
        ),
        default=ship.ready,
    )
    for k, choice in enumerate(order):
        chamber = task.chambers[choice.chamber]
        beside = [task.ship(key) for key in choice.ships]
        there = choice.way == ship.way and choice.start >= max(after, ship.ready)
        if there and begins(chamber, choice.start, ship.way, [ship]) == choice.start:
            joined = replace(choice, ships=(*choice.ships, ship.id))
            if placer.fits(chamber, [*beside, ship]):
                return [*order[:k], joined, *order[k + 1 :]]
    last = max((choice.start for choice in order), default=task.now)
    own = [k for k, chamber in enumerate(task.chambers) if placer.fits(chamber, [ship])]
    return [*order, Choice(own[0], ship.way, (ship.id,), max(last, ship.ready))]

"""A second reading of a lock's plan: replays each lockage and lists what it breaks.

It shares nothing with the engine but the shapes of what is asked and answered: it drives every
chamber through its lockages, lays each vessel where the plan says, lets it enter, and counts who
overtakes whom.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations, pairwise

from routing.locks.model import Lockage, Plan, Task

CM = 0.0101
"""Sizes are rounded to centimetres."""


def faults(task: Task, plan: Plan) -> list[str]:
    """Return what a plan breaks: each ship once, times, windows, gaps, order, capacity, bounds."""
    served = Counter(key for lockage in plan.lockages for key in lockage.ships)
    found = [f"{key} is served {n} times" for key, n in served.items() if n != 1]
    found += [f"{ship.id} is not served" for ship in task.ships if ship.id not in served]
    for chamber in task.chambers:
        found += _driven(task, chamber, [x for x in plan.lockages if x.chamber == chamber.id])
    for lockage in plan.lockages:
        found += _lying(task, lockage)
    if len(served) < len(task.ships):
        return found
    return found + _order(task, plan) + _sums(task, plan)


def _driven(task, chamber, lockages) -> list[str]:
    """Drive a chamber: its sides alternate, one lockage at a time, within what is open."""
    found, side, free = [], chamber.side, max(chamber.free_from, task.now)
    for lockage in lockages:
        name = f"{chamber.id} at {lockage.start}"
        lasts = chamber.lasts_up_s if lockage.way == "up" else chamber.lasts_down_s
        if lockage.way != side:
            found.append(f"{name}: stands on the other side")
        if lockage.start < free:
            found.append(f"{name}: still busy")
        if lockage.end - lockage.start != lasts:
            found.append(f"{name}: lasts {lockage.end - lockage.start}")
        deep = max((task.ship(key).draught_m or 0.0 for key in lockage.ships), default=0.0)
        within = [
            w for w in chamber.windows
            if w.since <= lockage.start and lockage.end <= w.until
            and (w.draught_m is None or deep <= w.draught_m)
        ]  # fmt: skip
        if chamber.windows and not within:
            found.append(f"{name}: not open for a draught of {deep} m")
        side, free = ("down" if lockage.way == "up" else "up"), lockage.end
    return found


def _lying(task, lockage: Lockage) -> list[str]:
    """Lay vessels in a chamber and let them enter in their order from the other gate."""
    chamber, name = task.chamber(lockage.chamber), f"{lockage.chamber} at {lockage.start}"
    if sorted(b.ship for b in lockage.berths) != sorted(lockage.ships):
        return [f"{name}: berths are not those of its ships"]
    found, boxes = [], {}
    if chamber.most is not None and len(lockage.ships) > chamber.most:
        found.append(f"{name}: {len(lockage.ships)} vessels")
    for berth in lockage.berths:
        ship = task.ship(berth.ship)
        box = berth.x_m, berth.x_m + ship.length_m, berth.y_m, berth.y_m + ship.beam_m
        found += [f"{name}: {fault}" for fault in _alone(task, chamber, lockage, ship, box)]
        found += [f"{name}: {ship.id} cannot pass {o}" for o in boxes if _blocks(boxes[o], box)]
        boxes[ship.id] = box
    return found + [
        f"{name}: {fault}"
        for one, other in combinations(boxes, 2)
        for fault in _close(task, one, boxes[one], other, boxes[other])
    ]


def _alone(task, chamber, lockage, ship, box):
    """Yield what is wrong with one vessel's place, whoever lies beside it."""
    walls = box[1] <= chamber.length_m + CM and box[3] <= chamber.beam_m + CM
    if min(box) < 0 or not walls:
        yield f"{ship.id} does not lie within the walls"
    if ship.way != lockage.way or ship.ready > lockage.start:
        yield f"{ship.id} is not there"
    if _aground(task, chamber, ship):
        yield f"{ship.id} touches the sill"


def _aground(task, chamber, ship) -> bool:
    if chamber.sill_depth_m is None or ship.draught_m is None:
        return False
    return ship.draught_m + task.gaps.sill_margin_m > chamber.sill_depth_m + 1e-6


def _blocks(there, box) -> bool:
    """Tell whether a vessel that lies already is in the way of one that moves up to its place."""
    beside = there[3] <= box[2] + CM or box[3] <= there[2] + CM
    return there[1] > box[0] + CM and not beside


def _close(task, one, a, other, b):
    """Yield what is wrong between two vessels."""
    along, across = _needed(task, one, other)
    long, wide = max(a[0] - b[1], b[0] - a[1]), max(a[2] - b[3], b[2] - a[3])
    if along is None:
        yield f"{one} and {other} may never be together"
    elif long < along - CM and wide < across - CM:
        yield f"{one} and {other} lie {long:.2f} and {wide:.2f} m apart"


def _needed(task, one: str, other: str):
    gaps, pair = task.gaps, {task.ship(one).cargo, task.ship(other).cargo}
    along, across = gaps.along_m, gaps.across_m
    for rule in gaps.differ:
        if {rule.a, rule.b} == pair:
            if not rule.together:
                return None, None
            along, across = max(along, rule.along_m), max(across, rule.across_m)
    return along, across


def _order(task, plan: Plan) -> list[str]:
    """Count for each ship who came later and went earlier by a chamber that it could have used."""
    when = {key: lockage for lockage in plan.lockages for key in lockage.ships}
    rank = {rule.name: k for k, rule in enumerate(task.order.ranks)}
    passed = Counter()
    for one in task.ships:
        for other in task.ships:
            if one.way != other.way or (other.ready, other.id) <= (one.ready, one.id):
                continue
            chamber = task.chamber(when[other.id].chamber)
            fits = one.length_m <= chamber.length_m and one.beam_m <= chamber.beam_m
            sill = chamber.sill_depth_m is None or one.draught_m is None
            fits = fits and (
                sill or one.draught_m + task.gaps.sill_margin_m <= chamber.sill_depth_m
            )
            earlier = when[other.id].start < when[one.id].start
            if fits and earlier and rank[other.rank] >= rank[one.rank]:
                passed[one.id] += 1
    most = task.order.overtaken_most
    found = [f"{key} is overtaken {n} times" for key, n in passed.items() if n > most]
    for ship in task.ships:
        wait = when[ship.id].start - ship.ready
        if wait > plan.bounds.wait_held_s:
            found.append(f"{ship.id} waits {wait} s")
        promised = ship.promised if plan.bounds.promises_held else None
        if promised is not None and when[ship.id].start > max(promised, ship.ready):
            found.append(f"{ship.id} is locked later than published")
    return found


def _sums(task, plan: Plan) -> list[str]:
    when = {key: lockage.start for lockage in plan.lockages for key in lockage.ships}
    weight = {rule.name: rule.weight for rule in task.order.ranks}
    waits = {ship.id: when[ship.id] - ship.ready for ship in task.ships}
    cost = sum(weight[task.ship(key).rank] * wait for key, wait in waits.items())
    cost += task.order.lockage_cost_s * len(plan.lockages)
    told = waits == dict(plan.waits) and cost == plan.cost_s
    found = [] if told else ["waiting is not what the plan says"]
    for lockages in ([x for x in plan.lockages if x.chamber == c.id] for c in task.chambers):
        found += [f"{a.chamber}: out of order" for a, b in pairwise(lockages) if a.start > b.start]
    return found

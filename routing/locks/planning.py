"""The plan of a lock: optimal, or with the gap that is proven."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from routing import stopping
from routing.graph.weights import Ints
from routing.locks.checks import check_task
from routing.locks.choice_kernels import LABELS, LOWER, UNTOLD
from routing.locks.encode import Encoded, encode, first_label
from routing.locks.label_kernels import CHAMBER, COST, FAR, FIRST, MASK, PARENT, SIDE, START
from routing.locks.model import WAYS, Bounds, Plan, Task
from routing.locks.placement import Placer
from routing.locks.rule_models import LockSearch
from routing.locks.timing import Choice, cost_of, timed
from spatial.errors import LimitViolated

WIDENED = (1, 2, 4, 16, 256)
"""The bound of waiting where no order keeps it, in that of the rule."""


def plan(task: Task, extent: LockSearch) -> Plan:
    """Return the plan of least weighted waiting within the bounds.

    No ship begins later than published. The bound of waiting is the rule's; where no order keeps
    both, it is widened until one does; where even that keeps no published time, published times are
    given up and the rule's bound is tried again. The plan tells what it holds.

    Raises
    ------
    BadParameter, LimitViolated
        As `check_task`.
    """
    placer = Placer(task.gaps, extent.places_most)
    check_task(task, placer)
    if not task.ships:
        most = task.order.wait_most_s
        return Plan([], {}, 0, 0, Bounds(task.order.overtaken_most, most, most, True))
    for promised in (True, False):
        for times in WIDENED:
            made = within(task, placer, extent, times * task.order.wait_most_s, promised)
            if made is not None:
                return made
    raise LimitViolated(
        "No order of lockages serves all ships", "没有能让全部船舶过闸的次序",
        mend_en="Open the chambers longer, or plan fewer ships.",
        mend_zh="请延长闸室开放时间或减少船舶。",
    )  # fmt: skip


def within(
    task: Task, placer: Placer, extent: LockSearch, held: int, promised: bool
) -> Plan | None:
    """Return the best plan found that waits `held` seconds at most, None where there is none.

    With `promised` no ship begins later than published.
    """
    until = {
        ship.id: last_begin(ship.ready, ship.promised if promised else None, held)
        for ship in task.ships
    }
    encoded = encode(task, placer, until)
    told = np.zeros(4, np.int64)
    best: Sequence[Choice] | None = None
    upper, lower, labels = FAR, 0, 0
    for width, passed in extent.passes(len(task.ships)):
        stopping.check()
        pool = first_label(task, encoded, extent.rows)
        rules = np.array(
            [task.order.overtaken_most, extent.places_most, task.order.lockage_cost_s, width,
             extent.labels_most, passed], np.int64,
        )  # fmt: skip
        last = encoded.search(rules, pool, told, upper)
        labels += int(told[LABELS])
        if last >= 0:
            upper, best = int(pool[last, COST]), choices(pool, last, encoded)
        lower = max(lower, int(told[LOWER]))
        if lower >= upper:
            break
    if best is None:
        return None
    bounds = Bounds(task.order.overtaken_most, task.order.wait_most_s, held, promised)
    lockages = timed(task, placer, best)
    cost, waits = cost_of(task, lockages)
    return Plan(lockages, waits, cost, min(lower, cost), bounds, labels, int(told[UNTOLD]))


def last_begin(ready: int, promised: int | None, held: int) -> int:
    """Return when a ship's lockage begins at the latest: within the bound, and as published."""
    within = ready + held
    return within if promised is None else min(within, max(promised, ready))


def choices(pool: Ints, last: int, encoded: Encoded) -> list[Choice]:
    """Return the lockages that lead to a label, in their order: chamber, way, ships."""
    out: list[Choice] = []
    row = last
    while pool[row, PARENT] >= 0:
        before, side = int(pool[row, PARENT]), int(pool[row, SIDE])
        gone = served(pool[before], side) ^ served(pool[row], side)
        ships = [ship for p, ship in enumerate(encoded.sides[side]) if gone >> p & 1]
        chamber = int(pool[row, CHAMBER])
        out.append(Choice(chamber, WAYS[side], tuple(s.id for s in ships), int(pool[row, START])))
        row = before
    return out[::-1]


def served(label: Ints, side: int) -> int:
    """Return the served vessels of a side as bits by arrival."""
    first = int(label[FIRST + side])
    return (1 << first) - 1 | int(label[MASK + side]) << first

"""A lock of one chamber as an integer programme, solved by HiGHS: a second opinion on plans.

Lockages alternate, the first from where the chamber stands; each may be empty. Vessels of a side go
by arrival, at most so many at once. SciPy's `milp` (HiGHS, MIT licence).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from routing.locks.model import Task


def least_wait(task: Task) -> int:
    """Return the least waiting in all of a lock of one chamber that holds `most` vessels."""
    (chamber,) = task.chambers
    ships = sorted(task.ships, key=lambda ship: (ship.ready, ship.id))
    n, slots, lasts = len(ships), 2 * len(ships) + 1, chamber.lasts_up_s
    horizon = max(ship.ready for ship in ships) + slots * lasts
    columns = slots + n * slots + n  # begin of each slot, vessel in slot, begin of each vessel
    rows, low, high = [], [], []

    def add(terms, least, most):
        row = np.zeros(columns)
        for column, value in terms:
            row[column] += value
        rows.append(row)
        low.append(least)
        high.append(most)

    def at(vessel, slot):
        return slots + vessel * slots + slot

    begins = [slots + n * slots + vessel for vessel in range(n)]
    for slot in range(slots):
        if slot:
            add([(slot, 1), (slot - 1, -1)], lasts, np.inf)
        add([(at(v, slot), 1) for v in range(n)], 0, chamber.most)
    side = ["up" if (slot % 2 == 0) == (chamber.side == "up") else "down" for slot in range(slots)]
    upper = np.concatenate([np.full(slots, horizon), np.ones(n * slots), np.full(n, horizon)])
    for v, ship in enumerate(ships):
        add([(at(v, slot), 1) for slot in range(slots)], 1, 1)
        for slot in range(slots):
            upper[at(v, slot)] = side[slot] == ship.way
            add([(begins[v], 1), (slot, -1), (at(v, slot), -horizon)], -horizon, np.inf)
            add([(slot, 1), (at(v, slot), -ship.ready)], 0, np.inf)
        for later in range(v + 1, n):
            if ships[later].way == ship.way:
                terms = [(at(later, slot), slot) for slot in range(slots)]
                add([*terms, *((at(v, slot), -slot) for slot in range(slots))], 0, np.inf)
    cost = np.zeros(columns)
    cost[begins] = 1
    whole = np.concatenate([np.zeros(slots), np.ones(n * slots), np.zeros(n)])
    found = milp(
        cost, constraints=LinearConstraint(np.array(rows), low, high), integrality=whole,
        bounds=Bounds(0, upper), options={"mip_rel_gap": 0.0},
    )  # fmt: skip
    return round(found.fun) - sum(ship.ready for ship in ships)

"""Slots for trucks: as many as can come, then as near to their wishes as can be, by HiGHS.

Each slot takes no more than its quota (`routing.gates.risk`), in services of one move.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import scipy  # loads its heavy optimisers when they are first used

from routing.gates.checks import check
from routing.gates.model import Appointments, Asked, Crowd
from routing.gates.risk import quotas, risk_of
from routing.graph.weights import Floats, Ints
from spatial.errors import Busy

SLACK = 1e-9


@dataclass(frozen=True)
class _Groups:
    """Trucks that wish for the same, and the slots that each group could have, a row each.

    Trucks of a group stand in for each other, which leaves few plans that differ by names alone.
    """

    trucks: list[list[int]]
    load: Floats
    group: Ints
    slot: Ints
    deviation: Ints

    @property
    def size(self) -> Floats:
        """How many trucks each group has."""
        return np.array([len(own) for own in self.trucks], np.float64)


def appoint(asked: Asked) -> Appointments:
    """Give trucks their slots.

    Raises
    ------
    BadParameter
        The gate or a wish cannot be.
    Busy
        No plan was found in the seconds of the rule.
    """
    check(asked)
    quota = quotas(asked)
    own = [asked.slots_of(wish) for wish in asked.wishes]
    load = np.array([asked.service.load(wish.moves) for wish in asked.wishes])
    groups = _groups(asked, own, load)
    taken, served, bound = _solve(asked, groups, quota)
    slots = dict(_named(asked, groups, taken))
    filled = np.bincount(
        groups.slot, taken * groups.load[groups.group], minlength=len(asked.gate.lanes)
    )
    refused = {
        wish.id: "full" if able else "closed"
        for wish, able in zip(asked.wishes, own, strict=True) if wish.id not in slots
    }  # fmt: skip
    return Appointments(
        slots, quota.tolist(), filled.tolist(), int(groups.deviation @ taken), bound, refused,
        served, _crowd(asked, own, load, quota) if "full" in refused.values() else None,
        risk_of(asked, filled.tolist()),
    )  # fmt: skip


def _groups(asked: Asked, own: list[list[int]], load: Floats) -> _Groups:
    found: dict[tuple[object, ...], list[int]] = {}
    for truck, wish in enumerate(asked.wishes):
        key = wish.since, wish.until, wish.moves, wish.shift_min
        found.setdefault(key, []).append(truck)
    trucks = list(found.values())
    rows = [
        (group, slot, asked.deviation(asked.wishes[members[0]], slot))
        for group, members in enumerate(trucks) for slot in own[members[0]]
    ]  # fmt: skip
    group, slot, deviation = np.array(rows, np.int64).reshape(-1, 3).T
    return _Groups(trucks, load[[one[0] for one in trucks]], group, slot, deviation)


def _named(asked: Asked, groups: _Groups, taken: Ints) -> Iterator[tuple[str, int]]:
    """Yield the trucks with their slots, those of a group in the order in which they are given."""
    waiting = [iter(own) for own in groups.trucks]
    for group, slot, count in zip(
        groups.group.tolist(), groups.slot.tolist(), taken.tolist(), strict=True
    ):
        for truck in islice(waiting[group], count):
            yield asked.wishes[truck].id, slot


def _solve(asked: Asked, groups: _Groups, quota: Floats) -> tuple[Ints, int, int]:
    """Return how many of each row come, how many could at most, and the least deviation proven.

    How many come is settled first; their deviation is least among plans of so many.
    """
    count = len(groups.group)
    if not count:
        return np.empty(0, np.int64), 0, 0
    size, ones, column = groups.size, np.ones(count), np.arange(count)
    each = scipy.sparse.csr_array((ones, (groups.group, column)), shape=(len(size), count))
    loads = scipy.sparse.csr_array(
        (groups.load[groups.group], (groups.slot, column)), shape=(len(quota), count)
    )
    limits = [
        scipy.optimize.LinearConstraint(each, -np.inf, size),
        scipy.optimize.LinearConstraint(loads, -np.inf, quota + SLACK),
    ]
    most = _milp(asked, -ones, limits)
    if most.x is None:
        raise _late()
    served = round(most.x.sum())
    served_all = scipy.optimize.LinearConstraint(ones[None, :], served, np.inf)
    least = _milp(asked, groups.deviation.astype(np.float64), [*limits, served_all])
    taken = np.rint(most.x if least.x is None else least.x).astype(np.int64)
    proven = least.mip_dual_bound
    bound = 0 if proven is None or not np.isfinite(proven) else max(0, int(np.ceil(proven - 1e-6)))
    return taken, int(np.floor(1e-6 - most.mip_dual_bound)), bound


def _milp(
    asked: Asked, cost: Floats, limits: list[scipy.optimize.LinearConstraint]
) -> scipy.optimize.OptimizeResult:
    """Return the numbers of least cost, within half the seconds of the rule."""
    return scipy.optimize.milp(
        cost, integrality=np.ones(len(cost), np.int64), bounds=scipy.optimize.Bounds(0, np.inf),
        constraints=limits,
        options={"time_limit": asked.rule.seconds_most / 2, "mip_rel_gap": 0.0},
    )  # fmt: skip


def _late() -> Busy:
    return Busy(
        "No appointments were found in the seconds of the rule", "在规则限定的秒数内未得到预约方案",
        mend_en="Ask for fewer trucks or hours.", mend_zh="请减少车辆或时段。",
    )  # fmt: skip


def _crowd(asked: Asked, own: list[list[int]], load: Floats, quota: Floats) -> Crowd | None:
    """Return the time in which the trucks that can come only then exceed its places most."""
    slots = len(quota)
    within: Floats = np.zeros((slots, slots))
    for mine, one in zip(own, load.tolist(), strict=True):
        if mine:
            within[mine[0], mine[-1]] += one
    within = np.cumsum(np.cumsum(within[::-1], axis=0)[::-1], axis=1)
    if (load == load[0]).all():  # parts of a truck are no places
        quota = np.floor(quota / load[0] + SLACK) * load[0]
    upto = np.concatenate(([0.0], np.cumsum(quota)))
    places = upto[None, 1:] - upto[:-1, None]
    over = np.triu(within - places)
    first, last = np.unravel_index(np.argmax(over), over.shape)
    if over[first, last] <= SLACK:
        return None
    return Crowd(
        asked.begins(int(first)), asked.begins(int(last) + 1), float(within[first, last]),
        float(places[first, last]),
    )  # fmt: skip

"""What a plan breaks, told from the task alone: knows nothing of how plans are found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

from routing.berths.model import Berthing, Task, Vessel

CLOSE_M = 1e-6


def faults(task: Task, berthings: Sequence[Berthing]) -> list[str]:
    """Return every breach: who is missing, lies beyond, too early, dry, or too near another."""
    counts = Counter(one.vessel for one in berthings)
    found = [f"{v.id}: berthed {counts[v.id]} times" for v in task.vessels if counts[v.id] != 1]
    vessels = {vessel.id: vessel for vessel in task.vessels}
    known = [one for one in berthings if one.vessel in vessels]
    found += [f"{one.vessel}: not asked for" for one in berthings if one not in known]
    for one in known:
        found += [f"{one.vessel}: {why}" for why in _alone(task, vessels[one.vessel], one)]
    for a, b in combinations(known, 2):
        if a.quay == b.quay and _too_near(task, a, b, vessels):
            found.append(f"{a.vessel}, {b.vessel}: too near")
    return found


def cost_of(task: Task, berthings: Sequence[Berthing]) -> int:
    """Return what a plan costs."""
    vessels = {vessel.id: vessel for vessel in task.vessels}
    return sum(vessels[one.vessel].cost(one.leaves) for one in berthings)


def _alone(task: Task, vessel: Vessel, one: Berthing) -> list[str]:
    quay = next((quay for quay in task.quays if quay.id == one.quay), None)
    lasts = vessel.lasts_on(one.quay)
    if quay is None or lasts is None:
        return ["at a quay that is none of hers"]
    found, end_m = [], one.from_m + vessel.length_m
    if one.from_m < -CLOSE_M or end_m > quay.length_m + CLOSE_M:
        found.append("beyond the quay")
    if one.start < max(vessel.arrival, quay.opens):
        found.append("too early")
    if one.handled != one.start + lasts or one.leaves < one.handled:
        found.append("not handled")
    out = vessel.draught_out_m or vessel.draught_m
    if not all(task.bears(draught, quay.depth_m) for draught in (vessel.draught_m, out)):
        found.append("quay too shallow")
    for draught, at in ((vessel.draught_m, one.start), (out, one.leaves)):
        depths = [task.depth_m, *(t.depth_m for t in task.tides if t.since <= at < t.until)]
        if not any(task.bears(draught, depth) for depth in depths):
            found.append("moves without water")
    for block in quay.blocks:
        beside = (
            block.from_m >= end_m + task.gaps.along_m - CLOSE_M
            or one.from_m >= block.to_m + task.gaps.along_m - CLOSE_M
        )
        apart = _apart(task, (block.since, block.until), (one.start, one.leaves))
        if not apart and (quay.single or not beside):
            found.append("where the quay is taken")
    return found


def _too_near(task: Task, a: Berthing, b: Berthing, vessels: dict[str, Vessel]) -> bool:
    left, right = sorted((a, b), key=lambda one: one.from_m)
    free = right.from_m - left.from_m - vessels[left.vessel].length_m
    single = next(quay.single for quay in task.quays if quay.id == a.quay)
    near = single or free < task.gaps.along_m - CLOSE_M
    return near and not _apart(task, (a.start, a.leaves), (b.start, b.leaves))


def _apart(task: Task, a: tuple[int, int], b: tuple[int, int]) -> bool:
    gap = task.gaps.between_min
    return a[0] >= b[1] + gap or b[0] >= a[1] + gap

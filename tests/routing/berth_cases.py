"""Quays and vessels that tests ask about, and the least cost by trying every berthing."""

import random

from routing.berths.model import Block, Quay, Task, Tide, Vessel
from routing.berths.rule_models import BerthGaps, BerthSearch

NO_GAPS = BerthGaps(along_m=0, between_min=0, under_keel_m=0)
EXTENT = BerthSearch(changes=8000, passes=3, seconds_most=30, seed=1)


def public_instance(given):
    """Return a case of three berths for one vessel each, as it is handed."""
    quays = [
        Quay(f"b{k}", 1, single=True, opens=opens) for k, opens in enumerate(given["berth_opens"])
    ]
    rows = given["handling_by_berth (99999 = not allowed)"]
    vessels = [
        Vessel(f"s{i}", 1, arrival, lasts_at={f"b{k}": t for k, t in enumerate(row) if t < 99_999})
        for i, (arrival, row) in enumerate(zip(given["arrival"], rows, strict=True))
    ]
    return Task(quays, vessels, NO_GAPS)


def random_task(seed):
    """Return a small task with whatever may meet: quays, single berths, blocks, tides, gaps."""
    rng = random.Random(seed)
    gaps = BerthGaps(along_m=rng.choice([0, 1]), between_min=rng.choice([0, 1]), under_keel_m=1)
    quays = []
    for k in range(rng.choice([1, 1, 2])):
        length = rng.randint(5, 8)
        blocks = [Block(1, 3, 2, 5)] if rng.random() < 0.3 else []
        quays.append(
            Quay(f"q{k}", length, rng.choice([None, 12.0]), rng.random() < 0.25, rng.randint(0, 2),
                 blocks)
        )  # fmt: skip
    tides = [Tide(since, since + 3, rng.choice([10.0, 11.0])) for since in (1, 7, 13, 19, 25)]
    vessels = []
    for v in range(rng.randint(2, 4)):
        draught = rng.choice([None, 4.0, 8.5, 9.5])
        at = {q.id: rng.randint(1, 5) for q in quays} if rng.random() < 0.4 else {}
        vessels.append(
            Vessel(
                f"v{v}", rng.randint(1, 5), rng.randint(0, 5), rng.randint(1, 5), at, draught,
                rng.choice([None, 5.0]), rng.randint(1, 3), rng.choice([None, 8]),
                rng.choice([0, 2]),
            )
        )  # fmt: skip
    deep = all(any(t.depth_m >= 1 + (v.draught_m or 0) for t in tides) for v in vessels)
    return Task(quays, vessels, gaps, rng.choice([None, 8.0]) if deep else None, tides)


def least_cost(task, most=float("inf"), latest=60):
    """Return the least cost over every quay, whole metre and minute, of plans of `most` or less.

    None is that there is none. Vessels are placed one after another at any place and time that is
    free; what costs too much already, with the others at their cheapest free places, is given up.
    """
    best = [most + 1]

    def go(cost, left):
        if not left:
            best[0] = cost
            return
        left = sorted(left, key=len)
        rest = sum(own[0][0] for own in left[1:])
        for more, *box in left[0]:
            if cost + more + rest >= best[0]:
                return
            free = [[o for o in own if not _meet(task.gaps, box, o[1:])] for own in left[1:]]
            if all(free) and cost + more + sum(own[0][0] for own in free) < best[0]:
                go(cost + more, free)

    options = [_options(task, vessel, latest) for vessel in task.vessels]
    if all(options):
        go(0, options)
    return None if best[0] == most + 1 else best[0]


def _options(task, vessel, latest):
    found = []
    out = vessel.draught_out_m or vessel.draught_m
    for quay in task.quays:
        lasts = vessel.lasts_at.get(quay.id) if vessel.lasts_at else vessel.lasts
        keel = task.gaps.under_keel_m
        dry = any(d and quay.depth_m and d + keel > quay.depth_m for d in (vessel.draught_m, out))
        if lasts is None or dry:
            continue
        last = int(quay.length_m - vessel.length_m)
        for start in range(max(vessel.arrival, quay.opens), latest):
            if not _moves(task, vessel.draught_m, start):
                continue
            leaves = next((t for t in range(start + lasts, latest) if _moves(task, out, t)), None)
            if leaves is None:
                continue
            cost = vessel.weight * (leaves - vessel.arrival)
            if vessel.due is not None:
                cost += vessel.late_weight * max(0, leaves - vessel.due)
            for x in range(last + 1):
                ends = (0, quay.length_m) if quay.single else (x, x + vessel.length_m)
                box = [quay.id, *ends, start, leaves]
                taken = [[quay.id, b.from_m, b.to_m, b.since, b.until] for b in quay.blocks]
                if not any(_meet(task.gaps, box, other) for other in taken):
                    found.append((cost, *box))
    return sorted(found)


def _moves(task, draught, at):
    if draught is None or task.depth_m is None:
        return True
    depth = max([task.depth_m, *(t.depth_m for t in task.tides if t.since <= at < t.until)])
    return draught + task.gaps.under_keel_m <= depth


def _meet(gaps, a, b):
    return (
        a[0] == b[0]
        and a[1] < b[2] + gaps.along_m and b[1] < a[2] + gaps.along_m
        and a[3] < b[4] + gaps.between_min and b[3] < a[4] + gaps.between_min
    )  # fmt: skip

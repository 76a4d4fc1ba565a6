"""Kernels of the order of lockages: labels by the vessels served, the dominated ones dropped.

A label is a set of served vessels with what the lock may do next. Labels are taken by the number of
vessels served, the best first; a label is dropped where another one with the same served may begin
in no chamber and from no side later and costs no more. Where a layer holds more than `width`
labels the rest is dropped, and the least of their bounds is what is proven. With a width that no
layer reaches the plan is optimal. Method: dynamic programming over the served vessels of both sides
as in Passchyn, Coene, Briskorn, Hurink, Spieksma and Vanden Berghe (2016), "The lockmaster's
problem", European Journal of Operational Research 251; chambers, placement, windows and bounds of
overtaking are part of the label here.
"""

from __future__ import annotations

import numpy as np

from routing.compiled import compiled, inlined
from routing.graph.weights import Ints
from routing.locks.choice_kernels import (
    BEST,
    LABELS,
    LEFT,
    LOWER,
    MOST,
    S_COLUMNS,
    S_COUNTS,
    S_FREE,
    S_KEY,
    S_MASK,
    S_OWN,
    S_START,
    S_TAKEN,
    S_UNTIL,
    UPPER,
    WATER,
    WIDTH,
    Arrays,
    list_places,
    passes,
    take,
)
from routing.locks.label_kernels import (
    BOUND,
    CHAMBER,
    COST,
    COUNTS,
    DEAD,
    FAR,
    FIRST,
    LAYER,
    MASK,
    PARENT,
    READY,
    SIDE,
    SIDES,
    START,
    UNTIL,
    WINDOW,
    awaited,
    enter,
    leave,
    opening,
)


@inlined
def put(row: int, new: int, chamber: int, side: int, state: Ints, pool: Ints, lasts: Ints,
        windows: Ints, first: Ints, water: int) -> None:  # fmt: skip
    """Write the label that follows from a lockage."""
    pool[new] = pool[row]
    begin = state[S_START]
    at, mask, counts = pool[row, FIRST + side], state[S_MASK], state[S_COUNTS]
    while mask & 1:
        at, mask, counts = at + 1, mask >> 1, counts >> 2
    pool[new, FIRST + side], pool[new, MASK + side], pool[new, COUNTS + side] = at, mask, counts
    came_empty = (pool[row, SIDES] >> chamber & 1) != side
    pool[new, COST] = pool[row, COST] + state[S_OWN] + water * (2 if came_empty else 1)
    pool[new, PARENT], pool[new, CHAMBER], pool[new, SIDE] = row, chamber, side
    pool[new, START] = begin
    pool[new, SIDES] = pool[row, SIDES] & ~(1 << chamber) | (1 - side) << chamber
    for k in range(READY, READY + 2 * len(lasts)):
        pool[new, k] = max(pool[row, k], begin)
    end = begin + lasts[chamber, side]
    back = opening(chamber, end, lasts[chamber, 1 - side], 0, windows, first)
    pool[new, READY + 2 * chamber + 1 - side] = end
    pool[new, READY + 2 * chamber + side] = min(FAR, back + lasts[chamber, 1 - side])


@inlined
def too_late(new: int, pool: Ints, ships: Ints, many: Ints, chambers: int) -> bool:
    """Tell whether one of the next vessels cannot begin in time any more."""
    for side in range(2):
        earliest = FAR
        for c in range(chambers):
            earliest = min(earliest, pool[new, READY + 2 * c + side])
        at, bits = pool[new, FIRST + side], pool[new, MASK + side]
        for p in range(at, min(at + WINDOW, many[side])):
            if not bits >> (p - at) & 1 and ships[side, p, UNTIL] < earliest:
                return True
    return False


@inlined
def waiting(row: int, pool: Ints, lock: Arrays, queue: Arrays, work: Arrays, rules: Ints)\
        -> int:  # fmt: skip
    """Return what those not served wait at least, both sides together."""
    ships, many, jump, area, slack = queue[:5]
    lasts, windows, first = lock[1:4]
    total = 0
    for side in range(2):
        total += awaited(side, row, pool, ships, many, jump, area, slack, lasts, windows, first,
                         rules[WATER], work[4])  # fmt: skip
    return total


@inlined
def add(row: int, chamber: int, side: int, served: int, state: Ints, pool: Ints, lock: Arrays,
        queue: Arrays, work: Arrays, rules: Ints, told: Ints, run: Ints) -> None:  # fmt: skip
    """Make the label that follows from a lockage; keep it where it may be part of a best plan."""
    lasts, windows, first = lock[1:4]
    ships, many = queue[:2]
    heads, layers, free = work[5:8]
    if run[LEFT] == 0:
        told[LOWER] = min(told[LOWER], pool[row, BOUND])
        return
    run[LEFT] -= 1
    new, kept, chambers = free[run[LEFT]], False, len(lasts)
    put(row, new, chamber, side, state, pool, lasts, windows, first, rules[WATER])
    bound = pool[new, COST] + waiting(new, pool, lock, queue, work, rules)
    pool[new, BOUND] = max(bound, pool[row, BOUND])
    told[LABELS] += 1
    layer = served + state[S_TAKEN]
    if pool[new, BOUND] < run[UPPER] and not too_late(new, pool, ships, many, chambers):
        if layer == len(layers) - 1:
            run[UPPER], run[BEST], kept = pool[new, COST], new, True
        else:
            kept = enter(new, layer, pool, heads, layers, chambers, rules[WATER])
    if not kept:
        free[run[LEFT]] = new
        run[LEFT] += 1


@inlined
def expand(row: int, chamber: int, side: int, served: int, pool: Ints, lock: Arrays, queue: Arrays,
           work: Arrays, rules: Ints, told: Ints, run: Ints) -> None:  # fmt: skip
    """Try every lockage of a chamber from one side that could follow a label.

    Vessels are taken or passed over one after another by arrival. What has just taken a vessel is a
    lockage, unless the next one could come along without anybody waiting for it.
    """
    places, decided, states = work[:3]
    n = list_places(row, side, pool, queue[1], places)
    start = pool[row, READY + 2 * chamber + side]
    if start >= FAR or n == 0:
        return
    states[0] = 0
    states[0, S_START], states[0, S_UNTIL] = start, FAR
    states[0, S_COUNTS], states[0, S_MASK] = pool[row, COUNTS + side], pool[row, MASK + side]
    states[0, S_KEY] = lock[7][-1 - chamber]
    j, decided[0] = 0, 0
    while j >= 0:
        further = False
        if j < n and decided[j] == 0:
            decided[j], states[j, S_FREE] = 1, 0
            further = take(j, side, chamber, row, pool, lock, queue, work, rules, told, run)
            if not further:
                continue
        elif j == n or decided[j] == 1:
            just = j > 0 and decided[j - 1] == 1
            if just and (j == n or not states[j, S_FREE]):
                add(
                    row, chamber, side, served, states[j], pool, lock, queue, work, rules, told, run
                )
            if j < n:
                decided[j] = 2
                further = passes(j, side, chamber, row, pool, queue, work, rules, told, run)
        j += 1 if further else -1
        if further:
            decided[j] = 0


@inlined
def gather(layer: int, pool: Ints, heads: Ints, layers: Ints, free: Ints, run: Ints) -> Ints:
    """Return the labels of a layer, the best first, without those that are dropped already."""
    count, row = 0, layers[layer]
    while row >= 0:
        count += 1
        row = pool[row, LAYER]
    rows, bounds, count, row = np.empty(count, np.int64), np.empty(count), 0, layers[layer]
    while row >= 0:
        after = pool[row, LAYER]
        if pool[row, DEAD] or pool[row, BOUND] >= run[UPPER]:
            run[LEFT] = leave(row, pool, heads, free, run[LEFT])
        else:
            rows[count], bounds[count] = row, pool[row, BOUND]
            count += 1
        row = after
    layers[layer] = -1
    return rows[np.argsort(bounds[:count], kind="mergesort")]


@inlined
def follow(served: int, pool: Ints, lock: Arrays, queue: Arrays, work: Arrays, rules: Ints,
           told: Ints, run: Ints) -> None:  # fmt: skip
    """Expand the labels of a layer, the best first; drop what goes beyond its width."""
    heads, layers, free = work[5:8]
    rows = gather(served, pool, heads, layers, free, run)
    for k in range(len(rows)):
        row = rows[k]
        if pool[row, BOUND] >= run[UPPER]:
            continue
        if k >= rules[WIDTH] or told[LABELS] > rules[MOST]:
            told[LOWER] = min(told[LOWER], pool[row, BOUND])
            run[LEFT] = leave(row, pool, heads, free, run[LEFT])
            continue
        for chamber in range(len(lock[0])):
            for side in range(2):
                expand(row, chamber, side, served, pool, lock, queue, work, rules, told, run)


@inlined
def prove(served: int, pool: Ints, layers: Ints, told: Ints, run: Ints) -> None:
    """Take into the bound what is left undone, in the layers from `served` on."""
    for layer in range(served, len(layers) - 1):
        row = layers[layer]
        while row >= 0:
            if not pool[row, DEAD]:
                told[LOWER] = min(told[LOWER], pool[row, BOUND])
            row = pool[row, LAYER]
    told[LOWER] = min(told[LOWER], run[UPPER])


@compiled(
    "int64(int64[:, ::1], int64[:, ::1], int64[:, ::1], int64[::1], int64[:, ::1], int64[::1],"
    " int64[:, :, ::1], int64[::1], int64[:, ::1], int64[:, :, ::1], int64[::1], int64[:, ::1],"
    " int64[:, ::1], int64[::1], int64[:, ::1], int64[::1], int64[:, ::1], int64[::1], int64)"
)
def search(chambers: Ints, lasts: Ints, windows: Ints, first: Ints, size: Ints, cargo: Ints,
           gap: Ints, salt: Ints, memo: Ints, ships: Ints, many: Ints, jump: Ints, area: Ints,
           slack: Ints, highest: Ints, rules: Ints, pool: Ints, told: Ints,
           upper: int) -> int:  # fmt: skip
    """Search an order that costs less than `upper`; return its last label, -1 for none.

    The arrays are those of `Encoded`; `rules` and `told` have the columns of `choice_kernels`. Row
    0 of `pool` is where the search begins; the other rows are written.
    """
    heads, layers = np.full(1 << 17, -1), np.full(many.sum() + 1, -1)
    free = np.arange(len(pool) - 1, 0, -1)
    run = np.array([len(free), upper, -1])
    lock = (chambers, lasts, windows, first, size, cargo, gap, salt, memo)
    queue = (ships, many, jump, area, slack, highest)
    places, decided = np.empty(WINDOW + 1, np.int64), np.empty(WINDOW + 1, np.int64)
    states, taken = np.zeros((WINDOW + 2, S_COLUMNS), np.int64), np.empty(WINDOW + 1, np.int64)
    begins = np.empty(len(chambers), np.int64)
    work = (places, decided, states, taken, begins, heads, layers, free)
    told[LOWER], told[LABELS], served = FAR, 0, 0
    pool[0, BOUND] = waiting(0, pool, lock, queue, work, rules)
    enter(0, 0, pool, heads, layers, len(chambers), rules[WATER])
    while served < len(layers) - 1 and told[LABELS] <= rules[MOST]:
        follow(served, pool, lock, queue, work, rules, told, run)
        served += 1
    prove(served, pool, layers, told, run)
    return int(run[BEST])

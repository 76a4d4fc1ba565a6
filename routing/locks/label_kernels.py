"""Labels of the search for an order of lockages: what they hold, which drops which, their bounds.

Times are whole seconds; `FAR` is never. A label is a row of whole numbers; columns that stand for
each side are two, the lower (0) and the upper (1).
"""

from __future__ import annotations

import numpy as np

from routing.compiled import inlined
from routing.graph.weights import Ints

FAR = 1 << 50
HOLD = 1 << 20
"""What one lockage holds, in the unit of `area`."""
WINDOW = 31
"""Vessels of one side, from the first that is not served, among which a lockage takes its own."""

FIRST, MASK, COUNTS = 0, 2, 4
"""By side: first vessel not served, the served from it on as bits, how often each was overtaken."""
COST, BOUND, PARENT, CHAMBER, SIDE, START, CHAIN, LAYER, DEAD, SIDES, READY = range(6, 17)
"""`READY` and what follows: when each chamber may begin from each side, two columns a chamber."""

AT, UNTIL, WEIGHT, RANK, TYPE, SUITS, DRAUGHT = range(7)
"""Of a vessel: ready, last start, weight, rank, size and cargo, chambers it fits, draught in cm."""


@inlined
def opening(chamber: int, at: int, lasts: int, draught: int, windows: Ints, first: Ints) -> int:
    """Return the earliest time from `at` on at which a lockage that lasts so long may begin."""
    if first[chamber] == first[chamber + 1] or at >= FAR:
        return at
    best = FAR
    for k in range(first[chamber], first[chamber + 1]):
        begin = max(at, windows[k, 0])
        if begin + lasts <= windows[k, 1] and draught <= windows[k, 2]:
            best = min(best, begin)
    return best


@inlined
def awaited(side: int, row: int, pool: Ints, ships: Ints, many: Ints, jump: Ints, area: Ints,
            slack: Ints, lasts: Ints, windows: Ints, first: Ints, water: int, begins: Ints)\
        -> int:  # fmt: skip
    """Return what the vessels of a side wait at least that are not served yet.

    In whatever order they are served, of k lockages none begins before the k-th time at which a
    chamber may begin from this side, and no more are served by them than the first that they can
    hold: as `jump` says, or by `area` and the `slack` vessels that may have overtaken one of those.
    """
    total, earliest, p = 0, FAR, pool[row, FIRST + side]
    for c in range(len(lasts)):
        begins[c] = pool[row, READY + 2 * c + side]
        earliest = min(earliest, begins[c])
    bits = pool[row, MASK + side]
    while bits:
        if not bits & 1:
            total += ships[side, p, WEIGHT] * max(0, earliest - ships[side, p, AT])
        bits >>= 1
        p += 1
    held, full = p, area[side, p]
    while p < many[side]:
        c = int(begins.argmin())
        at = begins[c]
        if at >= FAR:
            return FAR
        end = jump[side, p]
        if slack[side] >= 0:
            full += HOLD
            while held < many[side] and area[side, held + 1] <= full:
                held += 1
            end = min(end, max(p, min(many[side], held + slack[side])))
        while p < end and ships[side, p, AT] < at:
            more = (ships[side, p, WEIGHT] - 1) * max(0, earliest - ships[side, p, AT])
            total += at - ships[side, p, AT] + more
            p += 1
        p = end
        total += water
        back = opening(c, at + lasts[c, side], lasts[c, 1 - side], 0, windows, first)
        begins[c] = opening(c, back + lasts[c, 1 - side], lasts[c, side], 0, windows, first)
    return total


@inlined
def drops(one: int, other: int, pool: Ints, chambers: int, water: int) -> bool:
    """Tell whether a label is nowhere worse than another with the same vessels served."""
    empty = 0
    differ = pool[one, SIDES] ^ pool[other, SIDES]
    while differ:
        empty += differ & 1
        differ >>= 1
    if pool[one, COST] + empty * water > pool[other, COST]:
        return False
    begins = slice(READY, READY + 2 * chambers)
    return bool(np.all(pool[one, begins] <= pool[other, begins]))


@inlined
def bucket(row: int, pool: Ints, heads: Ints) -> int:
    """Return where the labels with these vessels served are chained."""
    key = 0
    for k in range(6):
        key = (key ^ pool[row, k]) * 0x9E3779B97F4A7C1
        key ^= key >> 29
    return key & (len(heads) - 1)


@inlined
def same(one: int, other: int, pool: Ints) -> bool:
    """Tell whether two labels have the same vessels served and the same overtaken."""
    return bool(np.all(pool[one, :COST] == pool[other, :COST]))


@inlined
def enter(row: int, layer: int, pool: Ints, heads: Ints, layers: Ints, chambers: int, water: int)\
        -> bool:  # fmt: skip
    """Chain a label unless another one drops it; mark those that it drops."""
    at = bucket(row, pool, heads)
    other = heads[at]
    while other >= 0:
        if not pool[other, DEAD] and same(row, other, pool):
            if drops(other, row, pool, chambers, water):
                return False
            if drops(row, other, pool, chambers, water):
                pool[other, DEAD] = 1
        other = pool[other, CHAIN]
    pool[row, CHAIN], pool[row, LAYER], pool[row, DEAD] = heads[at], layers[layer], 0
    heads[at], layers[layer] = row, row
    return True


@inlined
def leave(row: int, pool: Ints, heads: Ints, free: Ints, left: int) -> int:
    """Take a label out of its chain and give its row back; return how many rows are free."""
    at = bucket(row, pool, heads)
    if heads[at] == row:
        heads[at] = pool[row, CHAIN]
    else:
        other = heads[at]
        while pool[other, CHAIN] != row:
            other = pool[other, CHAIN]
        pool[other, CHAIN] = pool[row, CHAIN]
    free[left] = row
    return left + 1

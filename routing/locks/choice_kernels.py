"""Kernels of one lockage: which of the waiting vessels it takes, which it passes over."""

from __future__ import annotations

import numpy as np

from routing.compiled import inlined
from routing.graph.weights import Ints
from routing.locks.label_kernels import (
    AT,
    BOUND,
    COST,
    DRAUGHT,
    FIRST,
    MASK,
    RANK,
    SUITS,
    TYPE,
    UNTIL,
    WEIGHT,
    WINDOW,
    opening,
)
from routing.locks.placement_kernels import UNDECIDED, YES, fits

Arrays = tuple[Ints, ...]

S_START, S_DRAUGHT, S_UNTIL, S_COUNTS, S_KEY, S_MASK, S_TAKEN, S_OWN, S_NEW = range(9)
S_PAST, S_PAST_AT, S_PASSED, S_FREE, S_COLUMNS = range(9, 14)
"""Of a lockage in the making, before it is said whether the next vessel is taken."""

OVERTAKEN, PLACES, WATER, WIDTH, MOST, PASSED = range(6)
"""Of the rules of a search."""

LOWER, LABELS, UNTOLD, TESTED = range(4)
"""Of what a search tells."""

LEFT, UPPER, BEST = range(3)
"""Of how a search stands: rows that are free, the least cost, the label that has it."""


@inlined
def may_lie(chamber: int, key: int, n: int, taken: Ints, chambers: Ints, size: Ints, cargo: Ints,
            gap: Ints, memo: Ints, most: int, told: Ints) -> bool:  # fmt: skip
    """Tell whether vessels of these types fit a chamber together; known sets are not tried anew."""
    at = key & (len(memo) - 1)
    for _ in range(64):
        if memo[at, 1] == 0 or memo[at, 0] == key:
            break
        at = (at + 1) & (len(memo) - 1)
    if memo[at, 1] and memo[at, 0] == key:
        return bool(memo[at, 1] == 1)
    sizes, kinds = np.empty((n, 2), np.int64), np.empty(n, np.int64)
    for k in range(n):
        sizes[k, 0], sizes[k, 1], kinds[k] = size[taken[k], 0], size[taken[k], 1], cargo[taken[k]]
    order, x, y = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    answer = fits(chambers[chamber], sizes, kinds, gap, most, order, x, y)
    told[UNTOLD] += answer == UNDECIDED
    told[TESTED] += 1
    if memo[at, 1] == 0:
        memo[at, 0], memo[at, 1] = key, 1 if answer == YES else 2
    return bool(answer == YES)


@inlined
def overtaken(j: int, side: int, chamber: int, places: Ints, decided: Ints, ships: Ints, first: int,
              counts: int, most: int) -> int:  # fmt: skip
    """Count how often those passed over were overtaken with vessel `j` taken; -1 is too often."""
    rank = ships[side, places[j], RANK]
    for k in range(j):
        who = places[k]
        if decided[k] < 2 or not ships[side, who, SUITS] >> chamber & 1:
            continue
        if ships[side, who, RANK] < rank:
            continue
        shift = 2 * (who - first)
        if (counts >> shift & 3) >= most:
            return -1
        counts += 1 << shift
    return counts


@inlined
def take(j: int, side: int, chamber: int, row: int, pool: Ints, lock: Arrays, queue: Arrays,
         work: Arrays, rules: Ints, told: Ints, run: Ints) -> bool:  # fmt: skip
    """Add vessel `j` to a choice where it may be added; tell whether it was."""
    chambers, lasts, windows, first, size, cargo, gap, salt, memo = lock
    places, decided, states, taken = work[:4]
    ships = queue[0]
    who, n, base = places[j], states[j, S_TAKEN], pool[row, FIRST + side]
    ship = ships[side, who]
    if not ship[SUITS] >> chamber & 1 or n >= chambers[chamber, 2]:
        return False
    draught = max(states[j, S_DRAUGHT], ship[DRAUGHT])
    begin = max(states[j, S_START], ship[AT])
    begin = opening(chamber, begin, lasts[chamber, side], draught, windows, first)
    until = min(states[j, S_UNTIL], ship[UNTIL])
    own = states[j, S_OWN] + states[j, S_NEW] * (begin - states[j, S_START])
    own += ship[WEIGHT] * (begin - ship[AT])
    held = pool[row, COST] + own + states[j, S_PAST] * begin - states[j, S_PAST_AT]
    if begin > until or held >= run[UPPER]:
        return False
    counts = overtaken(
        j, side, chamber, places, decided, ships, base, states[j, S_COUNTS], rules[OVERTAKEN]
    )
    if counts < 0:
        return False
    taken[n] = ship[TYPE]
    key = states[j, S_KEY] + salt[ship[TYPE]]
    if n > 0 and not may_lie(
        chamber, key, n + 1, taken, chambers, size, cargo, gap, memo, rules[PLACES], told
    ):
        return False
    after = states[j + 1]
    after[:] = states[j]
    after[S_START], after[S_DRAUGHT], after[S_UNTIL] = begin, draught, until
    after[S_COUNTS], after[S_OWN] = counts, own
    after[S_KEY], after[S_MASK] = key, states[j, S_MASK] | 1 << (who - base)
    after[S_TAKEN], after[S_NEW], after[S_FREE] = n + 1, states[j, S_NEW] + ship[WEIGHT], 0
    states[j, S_FREE] = n > 0 and begin == states[j, S_START] and counts == states[j, S_COUNTS]
    return True


@inlined
def passes(j: int, side: int, chamber: int, row: int, pool: Ints, queue: Arrays, work: Arrays,
           rules: Ints, told: Ints, run: Ints) -> bool:  # fmt: skip
    """Pass over vessel `j` where another may be taken behind it; tell whether it was."""
    places, _, states = work[:3]
    ships, highest = queue[0], queue[5]
    ship = ships[side, places[j]]
    suits = ship[SUITS] >> chamber & 1
    if rules[OVERTAKEN] == 0 and suits and highest[side, places[j]] <= ship[RANK]:
        return False
    if suits and states[j, S_PASSED] >= rules[PASSED]:
        told[LOWER] = min(told[LOWER], pool[row, BOUND])
        return False
    begin = max(states[j, S_START], ship[AT])
    held = states[j, S_OWN] + states[j, S_NEW] * (begin - states[j, S_START])
    past = states[j, S_PAST] + ship[WEIGHT]
    past_at = states[j, S_PAST_AT] + ship[WEIGHT] * ship[AT]
    if pool[row, COST] + held + past * begin - past_at >= run[UPPER]:
        return False
    states[j + 1] = states[j]
    states[j + 1, S_PAST], states[j + 1, S_PAST_AT], states[j + 1, S_FREE] = past, past_at, 0
    states[j + 1, S_PASSED] += suits
    return True


@inlined
def list_places(row: int, side: int, pool: Ints, many: Ints, places: Ints) -> int:
    """Write the vessels of a side that are not served, by arrival; return how many."""
    at, bits, n = pool[row, FIRST + side], pool[row, MASK + side], 0
    for p in range(at, min(at + WINDOW, many[side])):
        if not bits >> (p - at) & 1:
            places[n] = p
            n += 1
    return n

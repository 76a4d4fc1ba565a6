"""Kernels that put vessels at quays one after another, each as early as her place lets her.

A vessel is a rectangle of length and time with its gaps to the right and after it. Every plan in
which no vessel could berth earlier where she lies comes out of some order with those places: taken
by their begins, each vessel berths no later than there.
"""

from __future__ import annotations

import numpy as np

from routing.compiled import compiled, inlined
from routing.graph.weights import Ints

FAR = 1 << 40
"""A time that never comes, and what a vessel without a place costs."""
CAP, SINGLE = 0, 1
"""Columns of quays: length with one gap, whether it is for one vessel."""
ARRIVAL, WEIGHT, DUE, LATE, GATE_IN, GATE_OUT = range(6)
"""Columns of vessels."""
B_QUAY, B_X, B_SIZE, B_START, B_END = range(5)
"""Columns of blocks."""
LEFT, RIGHT = -1, -2
"""Places that a vessel finds herself: the first that she leaves soonest, from either end."""
ROOM, START, END, X = range(4)
"""Rows of what is written of each vessel: her size, begin, leaving and place."""

Port = tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints, int]
"""quays, vessels, size, lasts, ready, gates, blocks, gap in time: as `Encoded` has them."""


@inlined
def opened(gates: Ints, row: int, at: int) -> int:
    """Return the first time from `at` on when a gate is open."""
    end = gates.shape[1] - 1
    if at < end:
        return int(gates[row, at])
    return at if gates[row, end] < FAR else FAR


@inlined
def cost_of(vessels: Ints, v: int, leaves: int) -> int:
    """Return what it costs that a vessel leaves at a time."""
    if leaves >= FAR:
        return FAR
    late = max(0, leaves - vessels[v, DUE])
    return int(vessels[v, WEIGHT] * (leaves - vessels[v, ARRIVAL]) + vessels[v, LATE] * late)


@inlined
def earliest(v: int, k: int, x: int, port: Port, lying: Ints, count: int, before: int)\
        -> tuple[int, int]:  # fmt: skip
    """Return when a vessel berths earliest at a place and leaves; FAR where not by `before`."""
    _, vessels, size, lasts, ready, gates, _, gap = port
    begin, room = opened(gates, vessels[v, GATE_IN], ready[v, k]), size[v, k]
    while begin < FAR:
        end = opened(gates, vessels[v, GATE_OUT], begin + lasts[v, k])
        if end > before or end >= FAR:
            return FAR, FAR
        free = begin
        for i in range(count):
            beside = lying[X, i] >= x + room or lying[X, i] + lying[ROOM, i] <= x
            if not beside and begin < lying[END, i] + gap and lying[START, i] < end + gap:
                free = max(free, lying[END, i] + gap)
        if free == begin:
            return begin, end
        begin = opened(gates, vessels[v, GATE_IN], free)
    return FAR, FAR


@inlined
def find(v: int, k: int, wish: int, port: Port, lying: Ints, count: int)\
        -> tuple[int, int, int]:  # fmt: skip
    """Return place, begin and leaving of a vessel at a quay; `wish` is a place or LEFT or RIGHT."""
    quays, size = port[0], port[2]
    room, last = size[v, k], quays[k, CAP] - size[v, k]
    if quays[k, SINGLE] or wish >= 0:
        x = 0 if quays[k, SINGLE] else min(wish, last)
        begin, end = earliest(v, k, x, port, lying, count, FAR)
        return x, begin, end
    place, start, leaves = 0, FAR, FAR
    for i in range(-1, count):
        if wish == LEFT:
            x = 0 if i < 0 else lying[X, i] + lying[ROOM, i]
        else:
            x = last if i < 0 else lying[X, i] - room
        if x < 0 or x > last:
            continue
        begin, end = earliest(v, k, x, port, lying, count, leaves)
        nearer = x < place if wish == LEFT else x > place
        if begin < FAR and (end < leaves or nearer):
            place, start, leaves = x, begin, end
    return place, start, leaves


@inlined
def begin_quay(k: int, blocks: Ints, lying: Ints) -> int:
    """Put the blocks of a quay; return how many there are."""
    count = 0
    for b in range(len(blocks)):
        if blocks[b, B_QUAY] == k:
            lying[ROOM, count], lying[X, count] = blocks[b, B_SIZE], blocks[b, B_X]
            lying[START, count], lying[END, count] = blocks[b, B_START], blocks[b, B_END]
            count += 1
    return count


@inlined
def lay(k: int, order: Ints, quay: Ints, wish: Ints, port: Port, lying: Ints, found: Ints) -> int:
    """Put all vessels of a quay in their order; return what they cost."""
    vessels, size, count, total = port[1], port[2], begin_quay(k, port[6], lying), 0
    for v in order:
        if quay[v] != k:
            continue
        x, begin, end = find(v, k, wish[v], port, lying, count)
        found[START, v], found[END, v], found[X, v], found[ROOM, v] = begin, end, x, size[v, k]
        total += cost_of(vessels, v, end)
        if end < FAR:
            lying[:, count] = found[:, v]
            count += 1
    return total


@compiled(
    "int64(int64[:, ::1], int64[:, ::1], int64[:, ::1], int64[:, ::1], int64[:, ::1],"
    " int64[:, ::1], int64[:, ::1], int64, int64[::1], int64[::1], int64[::1], int64[:, ::1])"
)
def place(quays: Ints, vessels: Ints, size: Ints, lasts: Ints, ready: Ints, gates: Ints,
          blocks: Ints, gap: int, order: Ints, quay: Ints, wish: Ints,
          found: Ints) -> int:  # fmt: skip
    """Put all vessels in an order at their quays, write where and when; return the cost."""
    port = (quays, vessels, size, lasts, ready, gates, blocks, gap)
    lying, total = np.empty((4, len(order) + len(blocks)), np.int64), 0
    for k in range(len(quays)):
        total += lay(k, order, quay, wish, port, lying, found)
    return total


@compiled(
    "int64(int64[:, ::1], int64[:, ::1], int64[:, ::1], int64[:, ::1], int64[:, ::1],"
    " int64[:, ::1], int64[:, ::1], int64, int64[::1], int64[::1], int64[:, ::1])"
)
def come(quays: Ints, vessels: Ints, size: Ints, lasts: Ints, ready: Ints, gates: Ints,
         blocks: Ints, gap: int, order: Ints, quay: Ints, found: Ints) -> int:  # fmt: skip
    """Put each vessel, in order, at the quay that she leaves first; write `quay`, return the cost.

    No vessel goes before one that came before her where both would lie.
    """
    port, total = (quays, vessels, size, lasts, ready, gates, blocks, gap), 0
    lying = np.empty((len(quays), 4, len(order) + len(blocks)), np.int64)
    counts = np.zeros(len(quays), np.int64)
    for k in range(len(quays)):
        counts[k] = begin_quay(k, blocks, lying[k])
    for v in order:
        quay[v], found[END, v], found[START, v] = -1, FAR, FAR
        for k in range(len(quays)):
            if size[v, k] < 0:
                continue
            x, begin, end = find(v, k, LEFT, port, lying[k], counts[k])
            if quay[v] < 0 or end < found[END, v]:
                quay[v], found[X, v], found[ROOM, v] = k, x, size[v, k]
                found[START, v], found[END, v] = begin, end
        total += cost_of(vessels, v, found[END, v])
        if found[END, v] < FAR:
            lying[quay[v], :, counts[quay[v]]] = found[:, v]
            counts[quay[v]] += 1
    return total

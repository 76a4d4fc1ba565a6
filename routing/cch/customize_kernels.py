"""Kernels that make a hierarchy and give it weights; nodes are named by their rank in the order.

An upward arc `a` leads from a lower rank to a higher one; slot `2 * a` is its way up, `2 * a + 1`
its way down. `weight[slot]` is the length of the shortest way between the two ends over lower
ranks, and `via[slot]` says what it runs over: the upward arcs from a rank below to the lower end
(its upper 32 bits) and to the higher end, or `ARC - i` for arc `i` of the graph, or `NOTHING`.
The upward arcs of a rank are sorted by their heads, all of them by their tails.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from routing.compiled import compiled, inlined
from routing.graph.weights import INFINITE, Numbers, Signed, Via, Weights

NOTHING = -1
ARC = -2


@inlined
def longer(array: Any, size: int, extra: int = 16) -> Any:
    """Return an array with room for twice `size` elements and more, the first `size` copied."""
    more = np.empty(2 * size + extra, array.dtype)
    more[:size] = array[:size]
    return more


@inlined
def gather(near: Numbers, rank: int, seen: Signed, found: Numbers, size: int) -> int:
    """Append those of `near` that `rank` has not seen; return the new size."""
    for other in near:
        if other != rank and seen[other] != rank:
            seen[other] = rank
            found[size] = other
            size += 1
    return size


@compiled("Tuple((uint32[::1], uint32[::1], int32[::1]))(uint32[::1], uint32[::1])")
def contract(first: Numbers, head: Numbers) -> tuple[Numbers, Numbers, Signed]:
    """Return `up_first`, `up_head` and each rank's parent in the elimination tree (-1: a root).

    `head[first[v] : first[v + 1]]` are the higher neighbours of rank `v` in the graph. A rank hands
    its higher neighbours on to the lowest of them, its parent.
    """
    count = len(first) - 1
    up_first, up_head = np.zeros(count + 1, np.uint32), np.empty(2 * len(head) + 16, np.uint32)
    parent, seen = np.full(count, -1, np.int32), np.full(count, -1, np.int32)
    child, sibling = np.full(count, -1, np.int32), np.full(count, -1, np.int32)
    size = 0
    for rank in range(count):
        begin = size
        if size + count > len(up_head):
            up_head = longer(up_head, size, count)
        size = gather(head[first[rank] : first[rank + 1]], rank, seen, up_head, size)
        lower = child[rank]
        while lower >= 0:
            near = up_head[up_first[lower] : up_first[lower + 1]]
            size = gather(near, rank, seen, up_head, size)
            lower = sibling[lower]
        up_head[begin:size].sort()
        up_first[rank + 1] = size
        if size > begin:
            above = up_head[begin]
            parent[rank], sibling[rank], child[above] = above, child[above], rank
    return up_first, up_head[:size].copy(), parent


@compiled("float64(uint32[::1], int32[::1])")
def effort(up_first: Numbers, parent: Signed) -> float:
    """Return how many upward arcs a search from a rank looks at, on average over all ranks."""
    count = len(parent)
    looked = np.empty(count, np.int64)
    whole = 0.0
    for rank in range(count - 1, -1, -1):
        looked[rank] = up_first[rank + 1] - up_first[rank]
        if parent[rank] >= 0:
            looked[rank] += looked[parent[rank]]
        whole += looked[rank]
    return whole / max(count, 1)


@inlined
def relax(weight: Weights, via: Via, slot: int, length: int, over: int | np.int64) -> None:
    """Let a way over arcs below be the shortest one of a slot if it is shorter."""
    if length < weight[slot]:
        weight[slot] = length
        via[slot] = over


@compiled(
    "void(uint32[::1], uint32[::1], uint32[::1], uint32[::1], uint32[::1], int32[::1], uint32[::1],"
    " uint32[::1], int64[::1])",
    at_start=True,
)
def customise(
    up_first: Numbers,
    up_head: Numbers,
    up_tail: Numbers,
    down_first: Numbers,
    down_arc: Numbers,
    slots: Signed,
    arc_weights: Weights,
    weight: Weights,
    via: Via,
) -> None:
    """Fill `weight` and `via` from the weights of the graph's arcs, arc `i` in `slots[i]`."""
    weight[:] = INFINITE
    via[:] = NOTHING
    for arc in range(len(slots)):
        slot = slots[arc]
        if slot >= 0:
            relax(weight, via, slot, arc_weights[arc], ARC - arc)
    place = np.empty(len(up_first), np.uint32)
    for rank in range(len(up_first) - 1):
        for arc in range(up_first[rank], up_first[rank + 1]):
            place[up_head[arc]] = arc
        for k in range(down_first[rank], down_first[rank + 1]):
            lower = down_arc[k]
            middle = up_tail[lower]
            here = np.int64(weight[2 * lower])  # middle to rank
            there = np.int64(weight[2 * lower + 1])
            if here == INFINITE and there == INFINITE:
                continue
            for other in range(lower + 1, up_first[middle + 1]):
                arc = place[up_head[other]]
                over = np.int64(lower) << 32 | other
                relax(weight, via, 2 * arc, there + weight[2 * other], over)
                relax(weight, via, 2 * arc + 1, weight[2 * other + 1] + here, over)

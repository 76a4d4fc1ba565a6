"""Kernels that bring a hierarchy (see hierarchy_kernels) up to new weights of a few arcs.

Ranks are visited in ascending order, each at most once and only when something below it changed.
What changed at a rank is handed on to the ranks above that may have run over it: their arcs are
looked at again, and computed anew only where the change can matter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routing.cch.customize_kernels import ARC, NOTHING, relax
from routing.compiled import compiled, inlined
from routing.graph.weights import INFINITE, Numbers, Signed, Via, Weights

ROW = 6  # more waiting arcs of one rank than this are computed in one pass

Marks = NDArray[np.uint8]


@inlined
def mark_arcs(
    rank: int, pending: Signed, after: Signed, up_first: Numbers, up_head: Numbers,
    up_tail: Numbers, place: Numbers, changed: Marks, waiting: Marks, weight: Weights, via: Via,
) -> None:  # fmt: skip
    """Mark the arcs of a rank that ran over a changed one below, or are shorter over it now."""
    lower = pending[rank]
    while lower >= 0:
        middle = up_tail[lower]
        here, there = np.int64(weight[2 * lower]), np.int64(weight[2 * lower + 1])
        for other in range(lower + 1, up_first[middle + 1]):
            if changed[lower] or changed[other]:
                arc = place[up_head[other]]
                if (
                    via[2 * arc] >> 32 == lower
                    or via[2 * arc + 1] >> 32 == lower
                    or there + weight[2 * other] < weight[2 * arc]
                    or weight[2 * other + 1] + here < weight[2 * arc + 1]
                ):
                    waiting[arc] = 1
        lower = after[lower]


@inlined
def reset_arc(
    arc: int, input_first: Numbers, input_arc: Numbers, arc_weights: Weights, weight: Weights,
    via: Via,
) -> None:  # fmt: skip
    """Give both slots of an upward arc what the graph's own arcs give them."""
    for slot in range(2 * arc, 2 * arc + 2):
        weight[slot], via[slot] = INFINITE, NOTHING
        for k in range(input_first[slot], input_first[slot + 1]):
            relax(weight, via, slot, arc_weights[input_arc[k]], ARC - input_arc[k])


@inlined
def relax_arc(
    arc: int, up_head: Numbers, up_tail: Numbers, down_first: Numbers, down_arc: Numbers,
    weight: Weights, via: Via,
) -> None:  # fmt: skip
    """Let both slots of an upward arc run over each rank below its two ends."""
    low, high = up_tail[arc], up_head[arc]
    i, j = down_first[low], down_first[high]
    last_i, last_j = down_first[low + 1], down_first[high + 1]
    while i < last_i and j < last_j:
        one, two = down_arc[i], down_arc[j]
        middle, other = up_tail[one], up_tail[two]
        if middle == other:
            over = np.int64(one) << 32 | two
            relax(weight, via, 2 * arc, np.int64(weight[2 * one + 1]) + weight[2 * two], over)
            relax(weight, via, 2 * arc + 1, np.int64(weight[2 * two + 1]) + weight[2 * one], over)
        i += middle <= other
        j += other <= middle


@inlined
def relax_row(
    rank: int, up_first: Numbers, up_head: Numbers, up_tail: Numbers, down_first: Numbers,
    down_arc: Numbers, place: Numbers, waiting: Marks, weight: Weights, via: Via,
) -> None:  # fmt: skip
    """Let all waiting arcs of a rank run over each rank below."""
    for k in range(down_first[rank], down_first[rank + 1]):
        lower = down_arc[k]
        middle = up_tail[lower]
        here, there = np.int64(weight[2 * lower]), np.int64(weight[2 * lower + 1])
        if here == INFINITE and there == INFINITE:
            continue
        for other in range(lower + 1, up_first[middle + 1]):
            arc = place[up_head[other]]
            if waiting[arc]:
                over = np.int64(lower) << 32 | other
                relax(weight, via, 2 * arc, there + weight[2 * other], over)
                relax(weight, via, 2 * arc + 1, weight[2 * other + 1] + here, over)


@inlined
def renew_rank(
    rank: int, up_first: Numbers, up_head: Numbers, up_tail: Numbers, down_first: Numbers,
    down_arc: Numbers, input_first: Numbers, input_arc: Numbers, arc_weights: Weights,
    place: Numbers, waiting: Marks, changed: Marks, old: Weights, weight: Weights, via: Via,
) -> int:  # fmt: skip
    """Compute the waiting arcs of a rank anew; return the number of the last that changed."""
    begin, end, count, last = up_first[rank], up_first[rank + 1], 0, -1
    for arc in range(begin, end):
        if waiting[arc]:
            old[2 * (arc - begin)], old[2 * (arc - begin) + 1] = (
                weight[2 * arc],
                weight[2 * arc + 1],
            )
            reset_arc(arc, input_first, input_arc, arc_weights, weight, via)
            count += 1
    if count > ROW:
        relax_row(
            rank, up_first, up_head, up_tail, down_first, down_arc, place, waiting, weight, via
        )
    for arc in range(begin, end):
        if waiting[arc]:
            if count <= ROW:
                relax_arc(arc, up_head, up_tail, down_first, down_arc, weight, via)
            k = 2 * (arc - begin)
            if weight[2 * arc] != old[k] or weight[2 * arc + 1] != old[k + 1]:
                changed[arc], last = 1, arc
    return last


@compiled(
    "void(uint32[::1], uint32[::1], uint32[::1], uint32[::1], uint32[::1], uint32[::1],"
    " uint32[::1], int32[::1], uint32[::1], uint32[::1], uint32[::1], int64[::1])"
)
def renew(
    up_first: Numbers,
    up_head: Numbers,
    up_tail: Numbers,
    down_first: Numbers,
    down_arc: Numbers,
    input_first: Numbers,
    input_arc: Numbers,
    slots: Signed,
    arc_weights: Weights,
    arcs: Numbers,
    weight: Weights,
    via: Via,
) -> None:
    """Bring `weight` and `via` up to new `arc_weights` of some `arcs` of the graph."""
    count = len(up_first) - 1
    waiting, changed = np.zeros(len(up_head), np.uint8), np.zeros(len(up_head), np.uint8)
    dirty, place = np.zeros(count, np.uint8), np.empty(count, np.uint32)
    pending, after = np.full(count, -1, np.int32), np.empty(len(up_head), np.int32)
    old = np.empty(2 * count, np.uint32)
    for slot in slots[arcs]:
        if slot >= 0:
            waiting[slot // 2], dirty[up_tail[slot // 2]] = 1, 1
    for rank in range(count):
        if not dirty[rank]:
            continue
        for arc in range(up_first[rank], up_first[rank + 1]):
            place[up_head[arc]] = arc
        mark_arcs(
            rank, pending, after, up_first, up_head, up_tail, place, changed, waiting, weight, via
        )
        last = renew_rank(
            rank, up_first, up_head, up_tail, down_first, down_arc, input_first, input_arc,
            arc_weights, place, waiting, changed, old, weight, via,
        )  # fmt: skip
        for arc in range(up_first[rank], last + 1):
            above = up_head[arc]
            after[arc], pending[above], dirty[above] = pending[above], arc, 1

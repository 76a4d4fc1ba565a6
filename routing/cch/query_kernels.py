"""Kernels that search a hierarchy (see hierarchy_kernels) and a graph's arcs.

A search up the elimination tree meets each rank that can matter exactly once, in ascending order,
so it needs no queue, and leaves its workspace as it found it: every length infinite.
Method: Dibbelt, Strasser, Wagner, "Customizable Contraction Hierarchies" (2014), section 4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routing.cch.customize_kernels import ARC, longer
from routing.compiled import compiled, inlined
from routing.graph.weights import INFINITE, Numbers, Signed, Via, Weights

Lengths = NDArray[np.float64]
Ints = NDArray[np.int64]


@inlined
def lowest(ranks: Numbers, count: int) -> int:
    """Return the lowest of the first `count` ranks."""
    least = ranks[0]
    for k in range(1, count):
        least = min(least, ranks[k])
    return int(least)


@inlined
def climb(ranks: Numbers, count: int, rank: int, parent: Signed) -> int:
    """Move all that stand on `rank` to its parent, as one; return how many are left."""
    above, left = parent[rank], 0
    for k in range(count):
        if ranks[k] != rank:
            if ranks[k] == above:
                above = -1
            ranks[left] = ranks[k]
            left += 1
    if above >= 0:
        ranks[left] = above
        left += 1
    return left


@inlined
def sound(nodes: Ints, costs: Lengths, count: int) -> bool:
    """Tell whether nodes are some of `count`, each with a cost of its own that is not negative."""
    for k in range(len(nodes)):
        if not (0 <= nodes[k] < count and costs[k] >= 0):
            return False
    return len(nodes) == len(costs)


@inlined
def start(
    rank: Numbers, nodes: Ints, costs: Lengths, length: Lengths, entered: Signed, ranks: Numbers
) -> None:
    """Set the lengths of the nodes that a search begins with; `entered` says from which one."""
    for k in range(len(nodes)):
        here = rank[nodes[k]]
        ranks[k] = here
        if costs[k] < length[here]:
            length[here] = costs[k]
            entered[here] = -1 - k


@inlined
def meet(
    parent: Signed,
    up_first: Numbers,
    up_head: Numbers,
    weight: Weights,
    ranks: Numbers,
    out: Lengths,
    into: Lengths,
    out_arc: Signed,
    into_arc: Signed,
) -> tuple[float, int]:
    """Search up from both sides at once; return the least length and the rank where they meet."""
    best, met, count = np.inf, -1, len(ranks)
    while count:
        here = lowest(ranks, count)
        count = climb(ranks, count, here, parent)
        from_source, to_target = out[here], into[here]
        out[here], into[here] = np.inf, np.inf
        if from_source + to_target < best:
            best, met = from_source + to_target, here
        if from_source >= best and to_target >= best:
            continue
        for arc in range(up_first[here], up_first[here + 1]):
            above = up_head[arc]
            away = from_source + weight[2 * arc]
            if away < out[above]:
                out[above], out_arc[above] = away, arc
            back = to_target + weight[2 * arc + 1]
            if back < into[above]:
                into[above], into_arc[above] = back, arc
    return best, met


@inlined
def unpack(
    slot: int, via: Via, arcs: Ints, size: int
) -> tuple[Ints, int]:  # fmt: skip
    """Append the graph's arcs of a slot; return the array, maybe a longer one, and its size."""
    stack, depth = np.empty(64, np.int64), 1
    stack[0] = slot
    while depth:
        depth -= 1
        slot = stack[depth]
        over = via[slot]
        if over <= ARC:
            if size == len(arcs):
                arcs = longer(arcs, size)
            arcs[size] = ARC - over
            size += 1
            continue
        to_low, to_high = over >> 32, over & 0xFFFFFFFF
        if depth + 2 > len(stack):
            stack = longer(stack, depth)
        if slot % 2:
            stack[depth], stack[depth + 1] = 2 * to_low, 2 * to_high + 1
        else:
            stack[depth], stack[depth + 1] = 2 * to_high, 2 * to_low + 1
        depth += 2
    return arcs, size


@inlined
def walk(
    met: int, up_tail: Numbers, via: Via, out_arc: Signed, into_arc: Signed
) -> tuple[int, int, Ints]:
    """Return the source, the target and the graph's arcs of the way over a rank."""
    arcs, size = np.empty(128, np.int64), 0
    climbed, steps, here = np.empty(64, np.uint32), 0, met
    while out_arc[here] >= 0:
        if steps == len(climbed):
            climbed = longer(climbed, steps)
        climbed[steps] = out_arc[here]
        steps += 1
        here = up_tail[out_arc[here]]
    source = -1 - out_arc[here]
    for k in range(steps - 1, -1, -1):
        arcs, size = unpack(2 * climbed[k], via, arcs, size)
    here = met
    while into_arc[here] >= 0:
        arc = into_arc[here]
        arcs, size = unpack(2 * arc + 1, via, arcs, size)
        here = up_tail[arc]
    return source, -1 - into_arc[here], arcs[:size]


@compiled(
    "Tuple((float64, int64, int64, int64[::1]))(uint32[::1], int32[::1], uint32[::1], uint32[::1],"
    " uint32[::1], uint32[::1], int64[::1], int64[::1], float64[::1], int64[::1], float64[::1],"
    " float64[::1], float64[::1], int32[::1], int32[::1])",
    at_start=True,
)
def join(
    rank: Numbers,
    parent: Signed,
    up_first: Numbers,
    up_head: Numbers,
    up_tail: Numbers,
    weight: Weights,
    via: Via,
    sources: Ints,
    source_costs: Lengths,
    targets: Ints,
    target_costs: Lengths,
    out: Lengths,
    into: Lengths,
    out_arc: Signed,
    into_arc: Signed,
) -> tuple[float, int, int, Ints]:
    """Return length, source, target and arcs of a cheapest way from any source to any target.

    Nodes are those of the graph, each with its own cost. Without a way the length is `INFINITE` or
    more, with a wrong node or cost it is NaN. The last four arrays are the workspace, one element
    per rank, of lengths that are infinite.
    """
    if not (sound(sources, source_costs, len(rank)) and sound(targets, target_costs, len(rank))):
        return np.nan, -1, -1, np.empty(0, np.int64)
    ranks = np.empty(len(sources) + len(targets), np.uint32)
    start(rank, sources, source_costs, out, out_arc, ranks)
    start(rank, targets, target_costs, into, into_arc, ranks[len(sources) :])
    best, met = meet(parent, up_first, up_head, weight, ranks, out, into, out_arc, into_arc)
    if best >= INFINITE:
        return best, -1, -1, np.empty(0, np.int64)
    source, target, arcs = walk(met, up_tail, via, out_arc, into_arc)
    return best, source, target, arcs

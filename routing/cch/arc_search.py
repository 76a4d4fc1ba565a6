"""Cheapest ways on which every turn round is paid for: a search over arcs instead of nodes.

Where a junction has no copies (`routing.graph.turns`) the hierarchy turns round there for nothing,
and so its lengths are never too long. They lead this search (A*, Hart, Nilsson and Raphael, 1968),
which looks at little more than the way that it finds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from routing.cch.customize_kernels import longer
from routing.cch.heap_kernels import pop, push
from routing.compiled import compiled, inlined
from routing.graph.weights import INFINITE, Floats, Ints, Signed, Weights

NOWHERE = -2  # the key of an end at which nothing is driven
NOBODY = -1


class Ends(NamedTuple):
    """The ways off the places and those to them: nodes, costs (ms) and keys; `into_arc` their arcs.

    Where nothing of an end is driven its key is `NOWHERE`.
    """

    out_node: Ints
    out_cost: Floats
    out_key: Ints
    into_node: Ints
    into_cost: Floats
    into_key: Ints
    into_arc: Ints


@inlined
def _turned(last: int, key: int, back_ms: int) -> int:
    """Return what a key costs after the last one (ms) beside the drive itself."""
    return back_ms if key == last ^ 1 else 0


@inlined
def _unwound(state: int, came: Ints) -> tuple[int, Ints]:
    """Return the end that a state comes from, and the arcs driven since."""
    driven, passed = np.empty(64, np.int64), 0
    while state < len(came):
        if passed == len(driven):
            driven = longer(driven, passed)
        driven[passed] = state
        passed += 1
        state = came[state]
    return state - len(came), driven[:passed][::-1].copy()


@inlined
def _arrived(
    node: int, last: int, begun: float, back_ms: Signed,
    into_node: Ints, into_cost: Floats, into_key: Ints, into_arc: Ints,
) -> tuple[float, int]:  # fmt: skip
    """Return the weight of the cheapest way that ends from a node on, and its end."""
    best, target = np.inf, NOBODY
    for j in range(len(into_node)):
        if into_node[j] == node:
            more = _turned(last, into_key[j], back_ms[into_arc[j]])
            if more < INFINITE and begun + more + into_cost[j] < best:
                best, target = begun + more + into_cost[j], j
    return best, target


@inlined
def _begun(count: int, left: Weights, out_node: Ints, out_cost: Floats) -> tuple[Ints, int]:
    """Return a heap with the ends from which something leads on, and how many they are."""
    heap, size = np.empty(256 + len(out_node), np.int64), 0
    for i in range(len(out_node)):
        if left[out_node[i]] < INFINITE:
            push(heap, size, (int(out_cost[i]) + left[out_node[i]]) << 32 | (count + i))
            size += 1
    return heap, size


@compiled(
    "Tuple((float64, int64, int64, int64[::1]))"
    "(int32[::1], int32[::1], uint32[::1], uint32[::1], uint32[::1], int64[::1], int32[::1],"
    " int64[::1], float64[::1], int64[::1], int64[::1], float64[::1], int64[::1], int64[::1])"
)
def search(
    first: Signed, arcs: Signed, head: Weights, weights: Weights, left: Weights, key: Ints,
    back_ms: Signed,
    out_node: Ints, out_cost: Floats, out_key: Ints,
    into_node: Ints, into_cost: Floats, into_key: Ints, into_arc: Ints,
) -> tuple[float, int, int, Ints]:  # fmt: skip
    """Return the weight (infinite: none), source and target of a cheapest way, and its arcs.

    `first` and `arcs` are a sweep's; `left` is by node never more than what is left from there to
    the targets, `INFINITE` where nothing leads on; `back_ms` is what an arc costs more right after
    the same edge. A state is an arc just driven, or, above them, an end just left.
    """
    count, best, target, final = len(weights), np.inf, NOBODY, 0
    length, came = np.full(count + len(out_node), np.inf), np.empty(count, np.int64)
    length[count:] = out_cost
    heap, size = _begun(count, left, out_node, out_cost)
    while size and (heap[0] >> 32) < best:
        state = pop(heap, size) & 0xFFFFFFFF
        size -= 1
        begun = length[state]
        node = int(head[state] if state < count else out_node[state - count])
        last = key[state] if state < count else out_key[state - count]
        there, end = _arrived(
            node, last, begun, back_ms, into_node, into_cost, into_key, into_arc
        )  # fmt: skip
        if there < best:
            best, target, final = there, end, state
        for k in range(first[node], first[node + 1]):
            arc = np.int64(arcs[k])
            more = _turned(last, key[arc], back_ms[arc])
            further = begun + more + weights[arc]
            if max(weights[arc], left[head[arc]], more) < INFINITE and further < length[arc]:
                length[arc], came[arc] = further, state
                if size == len(heap):
                    heap = longer(heap, size)
                push(heap, size, (int(further) + left[head[arc]]) << 32 | arc)
                size += 1
    source, driven = _unwound(final, came) if target >= 0 else (NOBODY, came[:0].copy())
    return best, source, target, driven

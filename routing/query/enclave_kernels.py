"""Kernels of the ways through an enclave, between places in it and the core beside it.

A state is an arc just driven (or, backward, the next one to be driven), so that turning round and
restrictions count as on any path. Only arcs of the enclaves begun in are looked at; `lengths` and
`came` hold theirs, from place `low` on. An end of a place is as in `leg_kernels`; its `key` is none
of the graph's where nothing of it is driven.
"""

from __future__ import annotations

import numpy as np

from routing.cch.customize_kernels import longer
from routing.cch.heap_kernels import pop, push
from routing.compiled import compiled, inlined
from routing.graph.weights import INFINITE, Floats, Ints, Signed, Weights

NOBODY = -1


@inlined
def _bounds(node: Ints, of_node: Signed, first: Ints) -> tuple[int, int]:
    """Return where the arcs of the enclaves begin and end that some nodes lie in."""
    low, high = first[len(first) - 1], np.int64(0)
    for n in node:
        if of_node[n] >= 0:
            low, high = min(low, first[of_node[n]]), max(high, first[of_node[n] + 1])
    return low, max(low, high)


@inlined
def _begun(node: Ints, cost: Floats, of_node: Signed, count: int) -> tuple[Ints, int]:
    """Return a heap with the ends that lie in enclaves, above `count` states; how many they are."""
    heap, size = np.empty(64 + len(node), np.int64), 0
    for i in range(len(node)):
        if of_node[node[i]] >= 0:
            push(heap, size, int(cost[i]) << 32 | (count + i))
            size += 1
    return heap, size


@compiled(
    "Tuple((int64, float64[::1], int64[::1]))(int32[::1], int32[::1], uint32[::1], int64[::1],"
    " int32[::1], uint32[::1], int32[::1], int64[::1], int64[::1], int32[::1], int64[::1],"
    " float64[::1], int64[::1], int64[::1], boolean)"
)
def spread(
    beside: Signed, arc_at: Signed, onto: Weights, key: Ints, back_ms: Signed, weights: Weights,
    of_node: Signed, arcs: Ints, first: Ints, place: Signed,
    node: Ints, cost: Floats, end_key: Ints, end_arc: Ints, backward: bool,
) -> tuple[int, Floats, Ints]:  # fmt: skip
    """Return `low`, how far each arc of the enclaves leads from the ends, and what came before it.

    `beside` and `arc_at` are the arcs that leave nodes, backward those that enter them; `onto` is
    by arc the node that it leads to, backward the one that it leaves; the other arrays are as in
    `Enclaves`. Lengths (ms) include the arc's own. In `came` an end stands as `-1 - end`.
    """
    low, high = _bounds(node, of_node, first)
    count = high - low
    lengths, came = np.full(count, np.inf), np.full(count, NOBODY, np.int64)
    heap, size = _begun(node, cost, of_node, count)
    while size:
        item = pop(heap, size)
        size -= 1
        state = item & 0xFFFFFFFF
        if state < count:
            before = arcs[low + state]
            here, begun, driven, source = np.int64(onto[before]), lengths[state], key[before], state
        else:
            i = state - count
            before, here, begun, driven, source = end_arc[i], node[i], cost[i], end_key[i], -1 - i
        if (item >> 32) > int(begun) or of_node[here] < 0:
            continue
        for k in range(beside[here], beside[here + 1]):
            arc = np.int64(arc_at[k])
            turned = back_ms[before] if backward else back_ms[arc]
            more = turned if key[arc] == driven ^ 1 else 0
            then = place[arc] - low
            further = begun + more + weights[arc]
            if max(weights[arc], more) < INFINITE and then >= 0 and further < lengths[then]:
                lengths[then], came[then] = further, source
                if size == len(heap):
                    heap = longer(heap, size)
                push(heap, size, int(further) << 32 | then)
                size += 1
    return low, lengths, came


@compiled(
    "Tuple((float64[::1], int64[::1], int64[::1]))(int32[::1], int32[::1], int64[::1], int32[::1],"
    " int32[::1], int32[::1], int64, float64[::1], int64[::1], float64[::1], int64[::1],"
    " int64[::1], int64[::1], float64[::1], int64[::1], int64[::1])"
)
def arrive(
    entering: Signed, arc_at: Signed, key: Ints, back_ms: Signed, of_node: Signed, place: Signed,
    low: int, lengths: Floats, node: Ints, cost: Floats, end_key: Ints,
    into_first: Ints, into_node: Ints, into_cost: Floats, into_key: Ints, into_arc: Ints,
) -> tuple[Floats, Ints, Ints]:  # fmt: skip
    """Return the cheapest ways (ms; infinite is none) inside enclaves from ends to some places.

    Beside each stands the state that it comes from (an end as in `came`), and the end that it comes
    to. Place `p` is come to by the ends `into_first[p]` to `into_first[p + 1]`; `entering` and
    `arc_at` are the arcs that enter nodes, the others are those of `spread` forward.
    """
    places = len(into_first) - 1
    best = np.full(places, np.inf)
    source, target = np.full(places, NOBODY, np.int64), np.full(places, NOBODY, np.int64)
    for p in range(places):
        for j in range(into_first[p], into_first[p + 1]):
            here = into_node[j]
            if of_node[here] < 0:
                continue
            turned = back_ms[into_arc[j]]
            for i in range(len(node)):
                more = turned if into_key[j] == end_key[i] ^ 1 else 0
                there = cost[i] + more + into_cost[j]
                if node[i] == here and more < INFINITE and there < best[p]:
                    best[p], source[p], target[p] = there, -1 - i, j
            for k in range(entering[here], entering[here + 1]):
                arc = arc_at[k]
                state = place[arc] - low
                if 0 <= state < len(lengths):
                    more = turned if into_key[j] == key[arc] ^ 1 else 0
                    there = lengths[state] + more + into_cost[j]
                    if more < INFINITE and there < best[p]:
                        best[p], source[p], target[p] = there, state, j
    return best, source, target


@compiled("Tuple((int64, int64[::1]))(int64, int64, int64[::1], int64[::1])")
def unwind(state: int, low: int, came: Ints, arcs: Ints) -> tuple[int, Ints]:
    """Return the end that a state comes from, and the arcs from the state back to it."""
    driven, passed = np.empty(64, np.int64), 0
    while state >= 0:
        if passed == len(driven):
            driven = longer(driven, passed)
        driven[passed] = arcs[low + state]
        passed += 1
        state = came[state]
    return -1 - state, driven[:passed].copy()


@compiled("float64[::1](int64[::1], int64, int64[::1], int64[::1], float64[::1], uint32[::1])")
def measured(
    states: Ints, low: int, came: Ints, arcs: Ints, begun: Floats, measure: Weights
) -> Floats:
    """Return what the ways to some states amount to, of which `begun` is by end that on its edge.

    A state below 0 stands for an end.
    """
    told = np.zeros(len(states))
    for i in range(len(states)):
        state = states[i]
        while state >= 0:
            told[i] += measure[arcs[low + state]]
            state = came[state]
        told[i] += begun[-1 - state]
    return told

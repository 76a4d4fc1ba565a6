"""Everything within a limit of several sources, in either direction: Dijkstra's algorithm."""

from __future__ import annotations

import numpy as np

from routing.cch.customize_kernels import longer
from routing.cch.heap_kernels import pop, push
from routing.compiled import compiled
from routing.graph.adjacency import Adjacency
from routing.graph.weights import INFINITE, Ints, Signed, Weights


@compiled(
    "UniTuple(int64[::1], 2)(int32[::1], int32[::1], int32[::1], uint32[::1], int64[::1],"
    " int64[::1], int64)"
)
def spread(
    first: Signed, arc: Signed, far: Signed, weights: Weights, sources: Ints, offsets: Ints,
    limit: int,
) -> tuple[Ints, Ints]:  # fmt: skip
    """Return the nodes within a limit of the sources, nearest first, and how far each one is.

    An item of the heap is a length above a node number of 32 bits.
    """
    best = np.full(len(first) - 1, INFINITE, np.uint32)
    heap, size = np.empty(256 + len(sources), np.int64), 0
    nodes, lengths, count = np.empty(256, np.int64), np.empty(256, np.int64), 0
    for k in range(len(sources)):
        if offsets[k] <= limit and offsets[k] < best[sources[k]]:
            best[sources[k]] = offsets[k]
            push(heap, size, offsets[k] << 32 | sources[k])
            size += 1
    while size:
        item = pop(heap, size)
        size -= 1
        length, node = item >> 32, item & 0xFFFFFFFF
        if length > best[node]:
            continue
        if count == len(nodes):
            nodes, lengths = longer(nodes, count), longer(lengths, count)
        nodes[count], lengths[count] = node, length
        count += 1
        for k in range(first[node], first[node + 1]):
            further = length + weights[arc[k]]
            if further <= limit and further < best[far[k]]:
                best[far[k]] = further
                if size == len(heap):
                    heap = longer(heap, size)
                push(heap, size, further << 32 | far[k])
                size += 1
    return nodes[:count], lengths[:count]


def within(
    beside: Adjacency, weights: Weights, sources: Ints, offsets: Ints, limit: int
) -> tuple[Ints, Ints]:
    """Return the nodes within a limit of the sources, ascending, and how far each one is.

    Parameters
    ----------
    beside
        The arcs that leave a node, or those that enter it: then lengths are to the sources.
    weights
        By arc, in ms or mm; `INFINITE` may not pass.
    sources, offsets
        Nodes to begin from, and how far off each one is.
    limit
        How far to go, in the unit of the weights.
    """
    nodes, lengths = spread(*beside, weights, sources, offsets, limit)
    order = np.argsort(nodes)
    return nodes[order], lengths[order]

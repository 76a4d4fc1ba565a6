"""Kernels of a heap of whole numbers, the least first, in an array that its caller makes longer."""

from __future__ import annotations

from routing.compiled import inlined
from routing.graph.weights import Ints


@inlined
def push(heap: Ints, size: int, item: int) -> None:
    """Put an item into a heap of `size` items; there is room."""
    at = size
    while at > 0:
        above = (at - 1) // 2
        if heap[above] <= item:
            break
        heap[at] = heap[above]
        at = above
    heap[at] = item


@inlined
def pop(heap: Ints, size: int) -> int:
    """Take the least item out of a heap of `size` items."""
    least, item, at = heap[0], heap[size - 1], 0
    while 2 * at + 1 < size - 1:
        below = 2 * at + 1
        if below + 1 < size - 1 and heap[below + 1] < heap[below]:
            below += 1
        if heap[below] >= item:
            break
        heap[at] = heap[below]
        at = below
    heap[at] = item
    return int(least)

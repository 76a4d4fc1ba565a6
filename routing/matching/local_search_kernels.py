"""A search on the arcs around a place: A* with a queue that knows where each node stands.

The workspace is made once for a graph and used again: what an earlier search left in it has an
older stamp. `marks` has one row per node, `STAMP`, `ENTERED` (the arc it was reached by, -1 at the
source), `FROM` (the node before) and `SLOT` (in the queue, -1 when it has left), and one more row
whose stamp is that of the last search. `length` is by node, `due` and `queue` by slot.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routing.compiled import inlined
from routing.graph.weights import Floats

STAMP, ENTERED, FROM, SLOT, MARKS = range(5)
LAST_STAMP = 2**31 - 2
Small = NDArray[np.int32]


@inlined
def fresh_stamp(marks: Small) -> int:
    """Return the stamp of a new search."""
    nodes = len(marks) - 1
    if marks[nodes, STAMP] >= LAST_STAMP:
        marks[:, STAMP] = 0
    marks[nodes, STAMP] += 1
    return int(marks[nodes, STAMP])


@inlined
def _rise(due: Floats, queue: Small, marks: Small, at: int, node: int, when: float) -> None:
    """Put a node into the queue at a slot or nearer to its head."""
    while at > 0:
        above = (at - 1) >> 1
        if due[above] <= when:
            break
        due[at], queue[at] = due[above], queue[above]
        marks[queue[at], SLOT] = at
        at = above
    due[at], queue[at] = when, node
    marks[node, SLOT] = at


@inlined
def take_first(due: Floats, queue: Small, marks: Small, size: int) -> int:
    """Take the head out of a queue of `size` nodes and return it."""
    first, last = queue[0], queue[size - 1]
    when, size, at = due[size - 1], size - 1, 0
    marks[first, SLOT] = -1
    while 2 * at + 1 < size:
        below = 2 * at + 1
        if below + 1 < size and due[below + 1] < due[below]:
            below += 1
        if due[below] >= when:
            break
        due[at], queue[at] = due[below], queue[below]
        marks[queue[at], SLOT] = at
        at = below
    if size > 0:
        due[at], queue[at] = when, last
        marks[last, SLOT] = at
    return int(first)


@inlined
def put(
    due: Floats, queue: Small, marks: Small, size: int, node: int, when: float, stamp: int
) -> int:
    """Put a node into the queue, or nearer to its head; return the size of the queue."""
    waits = marks[node, STAMP] == stamp and marks[node, SLOT] >= 0
    at = marks[node, SLOT] if waits else size
    _rise(due, queue, marks, at, node, when)
    return size if waits else size + 1

"""Kernel of the earliest arrival under bans by the clock."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled, inlined
from routing.cost.weekly_hours import WEEK_MIN
from routing.graph.weights import INFINITE, Bools, Floats, Ints, Weights

Rows = NDArray[np.int32]

NOBODY = -1


@inlined
def _banned(weeks: Bools, row: int, minute: float, passed_ms: float) -> bool:
    """Tell whether a row of `weeks` bans entering some ms after a minute of the week."""
    return bool(weeks[row, int((minute + passed_ms / 60_000.0) % WEEK_MIN)])


@compiled(
    "Tuple((float64, int64, int64[::1]))"
    "(int32[::1], int32[::1], uint32[::1], uint32[::1], int32[::1], boolean[:, ::1], float64,"
    " float64, int64[::1], float64[::1], int32[::1], int64[::1], float64[::1], int32[::1])"
)
def soonest(
    by_tail: Rows, first: Rows, head: Weights, weights: Weights, row: Rows, weeks: Bools,
    minute: float, passed_ms: float,
    out_node: Ints, out_cost: Floats, out_row: Rows,
    into_node: Ints, into_cost: Floats, into_row: Rows,
) -> tuple[float, int, Ints]:  # fmt: skip
    """Return the earliest arrival (ms; infinite is none), its last end, and how nodes were reached.

    `by_tail[first[n] : first[n + 1]]` are the arcs that leave node `n`; `row` (by arc) and those of
    the ends name rows of `weeks`. The drive begins `passed_ms` after `minute` of the week. A node
    was reached by its arc, or by end `-2 - i`; `NOBODY` where it was not.
    """
    least = np.full(len(first) - 1, np.inf)
    came = np.full(len(first) - 1, NOBODY, np.int64)
    queue = [(np.inf, np.int64(0))]
    for i in range(len(out_node)):
        node, time = out_node[i], passed_ms + out_cost[i]
        if time < least[node] and not _banned(weeks, out_row[i], minute, passed_ms):
            least[node], came[node] = time, -2 - i
            heapq.heappush(queue, (time, node))
    best, target = np.inf, NOBODY
    while queue[0][0] < best:
        time, node = heapq.heappop(queue)
        if time > least[node]:
            continue
        for j in range(len(into_node)):
            near = into_node[j] == node and time + into_cost[j] < best
            if near and not _banned(weeks, into_row[j], minute, time):
                best, target = time + into_cost[j], j
        for arc in by_tail[first[node] : first[node + 1]]:
            then = time + weights[arc]
            sooner = weights[arc] < INFINITE and then < least[head[arc]]
            if sooner and not _banned(weeks, row[arc], minute, time):
                least[head[arc]], came[head[arc]] = then, arc
                heapq.heappush(queue, (then, np.int64(head[arc])))
    return best, target, came

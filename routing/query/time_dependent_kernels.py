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
BEFORE, ON, BEHIND = range(3)
PHASES = 3


@inlined
def _banned(weeks: Bools, row: int, minute: float, passed_ms: float) -> bool:
    """Tell whether a row of `weeks` bans entering some ms after a minute of the week."""
    return bool(weeks[row, int((minute + passed_ms / 60_000.0) % WEEK_MIN)])


@inlined
def _onward(
    phase: int, near: int, far: int, weights: Weights, at_ends: Weights, arc: int
) -> tuple[int, int]:
    """Return the weight of an arc in a phase, and the phase after it; its nodes' enclaves count."""
    through, off = int(weights[arc]), int(at_ends[arc])
    if through < INFINITE and (phase == ON or near < 0):
        return through, phase
    if phase == BEFORE:
        return off, BEFORE if far >= 0 else ON
    return (off if far >= 0 else INFINITE), BEHIND


@compiled(
    "Tuple((float64, int64, int64, int64[::1]))"
    "(int32[::1], int32[::1], uint32[::1], uint32[::1], uint32[::1], int32[::1], int32[::1],"
    " boolean[:, ::1], float64, float64, int64[::1], float64[::1], int32[::1], int64[::1],"
    " float64[::1], int32[::1])"
)
def soonest(
    by_tail: Rows, first: Rows, head: Weights, weights: Weights, at_ends: Weights, of_node: Rows,
    row: Rows, weeks: Bools, minute: float, passed_ms: float,
    out_node: Ints, out_cost: Floats, out_row: Rows,
    into_node: Ints, into_cost: Floats, into_row: Rows,
) -> tuple[float, int, int, Ints]:  # fmt: skip
    """Return the earliest arrival (ms; infinite is none), its last end and state, and how it came.

    `by_tail[first[n] : first[n + 1]]` are the arcs that leave node `n`; `row` (by arc) and those of
    the ends name rows of `weeks`. The drive begins `passed_ms` after `minute` of the week. State
    `phase * nodes + node` is a node before the core, on it, or behind it; `at_ends` weighs arcs off
    it. A state was reached by `arc * PHASES + phase` or end `-2 - i`; `NOBODY` where it was not.
    """
    count = len(first) - 1
    least, came = np.full(PHASES * count, np.inf), np.full(PHASES * count, NOBODY, np.int64)
    queue = [(np.inf, np.int64(0))]
    for i in range(len(out_node)):
        time = passed_ms + out_cost[i]
        state = out_node[i] + (0 if of_node[out_node[i]] >= 0 else count)
        if time < least[state] and not _banned(weeks, out_row[i], minute, passed_ms):
            least[state], came[state] = time, -2 - i
            heapq.heappush(queue, (time, state))
    best, target, final = np.inf, NOBODY, NOBODY
    while queue[0][0] < best:
        time, state = heapq.heappop(queue)
        if time > least[state]:
            continue
        phase, node = int(state // count), int(state % count)
        for j in range(len(into_node)):
            met = into_node[j] == node and time + into_cost[j] < best
            if met and not _banned(weeks, into_row[j], minute, time):
                best, target, final = time + into_cost[j], j, int(state)
        for arc in by_tail[first[node] : first[node + 1]]:
            weight, after = _onward(phase, of_node[node], of_node[head[arc]], weights, at_ends, arc)
            then, next_ = time + weight, after * count + head[arc]
            sooner = weight < INFINITE and then < least[next_]
            if sooner and not _banned(weeks, row[arc], minute, time):
                least[next_], came[next_] = then, np.int64(arc) * PHASES + phase
                heapq.heappush(queue, (then, np.int64(next_)))
    return best, target, final, came

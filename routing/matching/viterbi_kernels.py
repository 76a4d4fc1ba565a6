"""The kernel that follows the likeliest sequences from fix to fix (Viterbi's algorithm).

From each state of a fix one local search finds the ways to those of the next one: on ahead, and
after turning round at the fix, where the road may be driven both ways. It goes no farther than a
way can matter: a sequence is given up when it is `BEAM` less likely (in natural logarithms) than
the best one to any state of the next fix, or `MARGIN` less than the best one to the same state.
States are searched from in the order of their likelihood, so that most of them need few ways.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled, inlined
from routing.graph.weights import INFINITE, Floats, Ints, Weights
from routing.index.rtree_kernels import metres_per_degree
from routing.matching.candidate_kernels import (
    ALONG,
    ALPHA,
    ARC,
    BACK,
    COUNT,
    HEAD,
    KEY,
    METRES,
    PLACE,
    SCORE,
    TAIL,
    TURN,
    VIA,
)  # fmt: skip
from routing.matching.local_search_kernels import ENTERED, FROM, STAMP, fresh_stamp, put, take_first

# the model: see routing.matching.hmm.Model; `STRETCH` is the least weight of a straight metre
BETA_M, BETA_SHARE, UTURN_M, DETOUR_M, BACK_M, BEAM, MARGIN, STRETCH, UNIT_M, MODEL = range(10)
# a column: the fix, its first state, the first chance of the step to it, the end of its ways in
# the list, the break before it
FIX, FIRST, CHANCE, WAYS, CUT, COLUMN = range(6)
LON, LAT = range(2)
STAYS, TURNS, DRIVES = -1, -2, -3  # in the place of a count of arcs: see `_direct`
NEVER = -math.inf
TINY = 2.3e-308
# a step: metres between the fixes, of the scale, of the longest way; the best sequence so far;
# metres per degree at the second fix
STRAIGHT, SCALE, LONGEST, BEST, EAST, NORTH, STEP = range(7)
# a target: its tail in metres from the fix, how far to look for it (unit of the weights)
X, Y, REACH, TARGET = range(4)
NO_NEED, KNOWN = -1.0, -2.0  # in the place of a reach
AHEAD, TURNED = -1, -2  # in the place of the arc that a search entered its first node by
Small = NDArray[np.int32]


@inlined
def _direct(i: int, j: int, model: Floats, whole: Ints, real: Floats) -> tuple[int, float]:
    """Return how, and metres, when one state follows another without passing a junction.

    It goes on along the same arc (a little backwards is taken for standing), or it turns around
    on the same edge; else it drives over junctions, and the metres are not known here.
    """
    if whole[i, KEY] >> 1 == whole[j, KEY] >> 1:
        metres = real[j, METRES]
        done, place = real[i, ALONG] * real[i, METRES], real[j, ALONG] * metres
        if whole[i, ARC] == whole[j, ARC]:
            if place - done >= -model[BACK_M]:
                return STAYS, abs(place - done)
        elif whole[i, KEY] != whole[j, KEY]:
            return TURNS, abs(metres - place - done) + model[UTURN_M]
    return DRIVES, 0.0


@inlined
def _note(
    i: int, j: int, how: int, driven: float, step: Floats, bounds: Ints, chances: Floats,
    whole: Ints, real: Floats,
) -> None:  # fmt: skip
    """Note a way between two states; keep it when it is the best one to the second."""
    if driven > step[LONGEST]:
        return
    low, mid, begin = bounds[0], bounds[1], bounds[3]
    logp = real[j, PLACE] - abs(driven - step[STRAIGHT]) / step[SCALE]
    chances[begin + (j - mid) * (mid - low) + i - low] = logp
    total = real[i, SCORE] + logp
    if total > real[j, SCORE]:
        real[j, SCORE], whole[j, BACK], whole[j, COUNT] = total, i - low, how
        step[BEST] = max(step[BEST], total)


@inlined
def _mate(i: int, bounds: Ints, whole: Ints) -> int:
    """Return the state of the same fix that looks the other way, -1 without one."""
    for mate in range(bounds[0], bounds[1]):
        if whole[mate, KEY] == whole[i, KEY] ^ 1:
            return mate
    return -1


@inlined
def _rest(i: int, more_m: float, model: Floats, real: Floats) -> float:
    """Return the weight of the rest of a state's arc, and of some metres more."""
    return float((real[i, METRES] - real[i, ALONG] * real[i, METRES] + more_m) / model[UNIT_M])


@inlined
def _aim(
    i: int, mate: int, step: Floats, bounds: Ints, model: Floats, targets: Floats, apart: Floats,
    goals: Ints, whole: Ints, real: Floats,
) -> tuple[int, float]:  # fmt: skip
    """Write how far to look for each target, and the places to look at; return how many, how far.

    Targets with the same tail are one place; `goals` numbers one state of each.
    """
    low, mid, count, widest = bounds[0], bounds[1], 0, NO_NEED
    rest, turned = _rest(i, 0.0, model, real), _rest(mate, model[UTURN_M], model, real)
    for j in range(mid, bounds[2]):
        if targets[j - mid, REACH] == KNOWN:
            continue
        least = max(real[j, SCORE] - model[MARGIN], step[BEST] - model[BEAM])
        hope = real[i, SCORE] + real[j, PLACE] - least
        longest = min(step[STRAIGHT] + hope * step[SCALE], step[LONGEST])
        reach = (longest - real[j, ALONG] * real[j, METRES]) / model[UNIT_M] + 0.1
        nearest = rest + apart[i - low, j - mid]
        if mate >= 0:
            nearest = min(nearest, turned + apart[mate - low, j - mid])
        if hope < 0 or reach < nearest:
            targets[j - mid, REACH] = NO_NEED
            continue
        targets[j - mid, REACH] = reach
        widest = max(widest, reach)
        fresh = True
        for goal in goals[:count]:
            fresh &= whole[goal, TAIL] != whole[j, TAIL]
        if fresh:
            goals[count] = j
            count += 1
    return count, widest


@inlined
def _left(x: float, y: float, targets: Floats, goals: Ints, count: int, mid: int) -> float:
    """Return the straight metres from a place to the nearest goal."""
    least = math.inf
    for k in range(count):
        u, v = targets[goals[k] - mid, X] - x, targets[goals[k] - mid, Y] - y
        least = min(least, u * u + v * v)
    return math.sqrt(least)


@inlined
def _arrive(
    i: int, node: int, length: float, step: Floats, bounds: Ints, model: Floats, targets: Floats,
    chances: Floats, whole: Ints, real: Floats,
) -> bool:  # fmt: skip
    """Note the ways to all states whose arc leaves a node; tell whether there is any."""
    found, mid = False, bounds[1]
    for j in range(mid, bounds[2]):
        if whole[j, TAIL] == node and targets[j - mid, REACH] != KNOWN:
            driven = length * model[UNIT_M] + real[j, ALONG] * real[j, METRES]
            _note(i, j, DRIVES, driven, step, bounds, chances, whole, real)
            targets[j - mid, REACH] = KNOWN
            found = True
    return found


@inlined
def _learn(
    widest: float, stamp: int, bounds: Ints, targets: Floats, apart: Floats, length: Floats,
    marks: Small, whole: Ints,
) -> None:  # fmt: skip
    """Note how far apart states are at least: a search found some targets nowhere within `widest`.

    From a state that it passed they are not nearer than the rest of that length.
    """
    for i in range(bounds[0], bounds[1]):
        head = whole[i, HEAD]
        if marks[head, STAMP] == stamp:
            for j in range(bounds[2] - bounds[1]):
                if targets[j, REACH] >= 0:
                    beyond = widest - length[head]
                    apart[i - bounds[0], j] = max(apart[i - bounds[0], j], beyond)


@inlined
def _set_out(
    node: int, done: float, how: int, size: int, stamp: int, length: Floats, marks: Small,
    due: Floats, queue: Small,
) -> int:  # fmt: skip
    """Let a search begin at a node, too, that is so far away; return the size of the queue."""
    if marks[node, STAMP] == stamp and length[node] <= done:
        return size
    size = put(due, queue, marks, size, node, done, stamp)
    length[node] = done
    marks[node, STAMP], marks[node, ENTERED] = stamp, how
    return size


@inlined
def _seek(
    i: int, fix: Floats, step: Floats, bounds: Ints, model: Floats, targets: Floats,
    apart: Floats, goals: Ints, chances: Floats, whole: Ints, real: Floats,
    first: Small, far: Small, cost: Weights, out: Small, lon: Floats, lat: Floats,
    length: Floats, marks: Small, due: Floats, queue: Small,
) -> None:  # fmt: skip
    """Search the ways from a state that can matter, on ahead and after turning round."""
    mate = _mate(i, bounds, whole)
    count, widest = _aim(i, mate, step, bounds, model, targets, apart, goals, whole, real)
    if count == 0:
        return
    stamp, stretch = fresh_stamp(marks), model[STRETCH] / model[UNIT_M]
    size = _set_out(whole[i, HEAD], _rest(i, 0.0, model, real), AHEAD, 0, stamp, length, marks,
                    due, queue)  # fmt: skip
    if mate >= 0:
        size = _set_out(whole[mate, HEAD], _rest(mate, model[UTURN_M], model, real), TURNED, size,
                        stamp, length, marks, due, queue)  # fmt: skip
    while size > 0 and due[0] <= widest:
        when, node = due[0], take_first(due, queue, marks, size)
        size -= 1
        here = length[node]
        if when == here and _arrive(  # else nothing to look for is there
            i, node, here, step, bounds, model, targets, chances, whole, real
        ):
            count, widest = _aim(i, mate, step, bounds, model, targets, apart, goals, whole, real)
            if count == 0:
                break
        for at in range(first[node], first[node + 1]):
            head, total = far[at], here + cost[at]
            if cost[at] >= INFINITE or (marks[head, STAMP] == stamp and length[head] <= total):
                continue
            x, y = (lon[head] - fix[LON]) * step[EAST], (lat[head] - fix[LAT]) * step[NORTH]
            when = total + stretch * _left(x, y, targets, goals, count, bounds[1])
            if when <= widest:
                size = put(due, queue, marks, size, head, when, stamp)
                length[head] = total
                marks[head, STAMP], marks[head, ENTERED] = stamp, out[at]
                marks[head, FROM] = node
    if count > 0:
        _learn(widest, stamp, bounds, targets, apart, length, marks, whole)


@inlined
def _keep_ways(
    i: int, bounds: Ints, used: int, ways: Small, marks: Small, whole: Ints, real: Floats
) -> int:
    """Write down the arcs of the new best ways from a state; return the end, -1 without room."""
    for j in range(bounds[1], bounds[2]):
        if whole[j, COUNT] != DRIVES or whole[j, BACK] != i - bounds[0]:
            continue
        count, node = 0, whole[j, TAIL]
        while marks[node, ENTERED] >= 0:
            node = marks[node, FROM]
            count += 1
        if used + count > len(ways):
            return -1
        whole[j, TURN] = marks[node, ENTERED] == TURNED
        whole[j, VIA], whole[j, COUNT], node = used, count, whole[j, TAIL]
        used += count
        for at in range(count):
            ways[used - 1 - at] = marks[node, ENTERED]
            node = marks[node, FROM]
    return used


@inlined
def _begin_step(
    row: int, model: Floats, columns: Ints, fixes: Floats, bounds: Ints, step: Floats,
    targets: Floats, lon: Floats, lat: Floats, chances: Floats, whole: Ints, real: Floats,
) -> None:  # fmt: skip
    """Measure a step, and note the ways that need no search."""
    low, mid, high = columns[row - 1, FIRST], columns[row, FIRST], columns[row + 1, FIRST]
    bounds[0], bounds[1], bounds[2], bounds[3] = low, mid, high, columns[row, CHANCE]
    step[EAST], step[NORTH] = metres_per_degree(fixes[row, LAT])
    x = (fixes[row, LON] - fixes[row - 1, LON]) * step[EAST]
    y = (fixes[row, LAT] - fixes[row - 1, LAT]) * step[NORTH]
    step[STRAIGHT], step[BEST] = math.hypot(x, y), NEVER
    step[SCALE] = model[BETA_M] + model[BETA_SHARE] * step[STRAIGHT]
    step[LONGEST] = step[STRAIGHT] + model[DETOUR_M]
    chances[bounds[3] : bounds[3] + (high - mid) * (mid - low)] = NEVER
    for j in range(mid, high):
        real[j, SCORE], whole[j, BACK], whole[j, COUNT] = NEVER, -1, STAYS
        node = whole[j, TAIL]
        targets[j - mid, X] = (lon[node] - fixes[row, LON]) * step[EAST]
        targets[j - mid, Y] = (lat[node] - fixes[row, LAT]) * step[NORTH]
        for i in range(low, mid):
            how, driven = _direct(i, j, model, whole, real)
            if how != DRIVES and real[i, SCORE] > NEVER:
                _note(i, j, how, driven, step, bounds, chances, whole, real)


@inlined
def _order(low: int, mid: int, order: Ints, real: Floats) -> int:
    """Write the states that a sequence leads to, the best one first; return how many."""
    count = 0
    for i in range(low, mid):
        if real[i, SCORE] == NEVER:
            continue
        at = count
        while at > 0 and real[order[at - 1], SCORE] < real[i, SCORE]:
            order[at] = order[at - 1]
            at -= 1
        order[at] = i
        count += 1
    return count


@inlined
def _end_step(bounds: Ints, chances: Floats, real: Floats) -> None:
    """Make likelihoods of their logarithms, and the chance of each state given the fixes so far."""
    low, mid, high, begin = bounds[0], bounds[1], bounds[2], bounds[3]
    end = begin + (high - mid) * (mid - low)
    most, best, total = NEVER, NEVER, 0.0
    for at in range(begin, end):
        most = max(most, chances[at])
    for j in range(mid, high):
        real[j, ALPHA] = 0.0
        best = max(best, real[j, SCORE])
        for i in range(low, mid):
            at = begin + (j - mid) * (mid - low) + i - low
            chances[at] = math.exp(chances[at] - most) if chances[at] > NEVER else 0.0
            real[j, ALPHA] += chances[at] * real[i, ALPHA]
        total += real[j, ALPHA]
    for j in range(mid, high):
        if total > TINY:
            real[j, ALPHA] /= total
        else:
            real[j, ALPHA] = math.exp(real[j, SCORE] - best)


@compiled("void(int64, int64[:, ::1], int64[:, ::1], float64[:, ::1])")
def begin(row: int, columns: Ints, whole: Ints, real: Floats) -> None:
    """Start a sequence with a column."""
    low, high = columns[row, FIRST], columns[row + 1, FIRST]
    best, total = NEVER, 0.0
    for i in range(low, high):
        best = max(best, real[i, PLACE])
    for i in range(low, high):
        real[i, SCORE], whole[i, BACK], whole[i, COUNT] = real[i, PLACE], -1, STAYS
        real[i, ALPHA] = math.exp(real[i, PLACE] - best)
        total += real[i, ALPHA]
    for i in range(low, high):
        real[i, ALPHA] /= total
    columns[row, WAYS] = columns[row - 1, WAYS] if row > 0 else 0


@compiled(
    "int64(int64, int64, float64[::1], int64[:, ::1], float64[:, ::1], int64[:, ::1],"
    " float64[:, ::1], float64[::1], int32[::1], int32[::1], int32[::1], uint32[::1], int32[::1],"
    " float64[::1], float64[::1], float64[::1], int32[:, ::1], float64[::1], int32[::1])"
)
def follow(
    row: int, stop: int, model: Floats, columns: Ints, fixes: Floats, whole: Ints, real: Floats,
    chances: Floats, ways: Small, first: Small, far: Small, cost: Weights, out: Small, lon: Floats,
    lat: Floats, length: Floats, marks: Small, due: Floats, queue: Small,
) -> int:  # fmt: skip
    """Follow the sequences through columns; return the first one that none leads to, else `stop`.

    When the list of ways has no room, `-1 - row` of the first column that is not followed yet.
    Arcs by the node they leave: those of node `n` at `first[n]:first[n + 1]`, `far` their heads,
    `cost` their weights, `out` their numbers. See `local_kernels` for the last four.
    """
    width = 1
    for at in range(row - 1, stop):
        width = max(width, columns[at + 1, FIRST] - columns[at, FIRST])
    step, bounds, targets = np.empty(STEP), np.empty(4, np.int64), np.empty((width, TARGET))
    goals, order = np.empty(width, np.int64), np.empty(width, np.int64)
    apart = np.empty((width, width))
    while row < stop:
        _begin_step(
            row, model, columns, fixes, bounds, step, targets, lon, lat, chances, whole, real
        )
        used = columns[row - 1, WAYS]
        apart[: bounds[1] - bounds[0], : bounds[2] - bounds[1]] = 0.0
        for k in range(_order(bounds[0], bounds[1], order, real)):
            for j in range(bounds[1], bounds[2]):
                how, _ = _direct(order[k], j, model, whole, real)
                targets[j - bounds[1], REACH] = NO_NEED if how == DRIVES else KNOWN
            _seek(
                order[k], fixes[row], step, bounds, model, targets, apart, goals, chances, whole,
                real, first, far, cost, out, lon, lat, length, marks, due, queue,
            )  # fmt: skip
            used = _keep_ways(order[k], bounds, used, ways, marks, whole, real)
            if used < 0:
                return -1 - row
        if step[BEST] == NEVER:
            return row
        _end_step(bounds, chances, real)
        columns[row, WAYS] = used
        row += 1
    return stop

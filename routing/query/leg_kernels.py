"""Kernels about legs: how places meet the nodes of the search, and the vertices that are passed."""

from __future__ import annotations

import math

import numpy as np

from routing.compiled import compiled, inlined
from routing.graph.weights import INFINITE, Bools, Floats, Ints, Signed, Weights

KEY, ARC, ALONG, SPOT = range(4)  # columns of the table of ends
EDGE, SHARE, WAYS, EACH = range(4)  # numbers of a spot, and how many there are
_ENDS = "Tuple((int64[::1], float64[::1], float64[:, ::1]))"  # node, cost in ms, table


@inlined
def _along(edges: Floats, spot: int, key: int) -> float:
    """Return the share of a spot along its edge in the direction of a key."""
    share = float(edges[EACH * spot + SHARE])
    return 1.0 - share if key & 1 else share


@inlined
def driven_ms(arc: int, weights: Weights, begin: Weights, end: Weights) -> float:
    """Return what of the weight of an arc is shared out over its length."""
    fixed = begin[arc] + end[arc] if len(begin) else 0
    return float(weights[arc]) - fixed


@compiled(
    f"{_ENDS}(float64[::1], int64[::1], uint32[::1], uint32[::1], uint32[::1], uint32[::1],"
    " boolean)"
)
def find_ends(
    spots: Floats, first: Ints, weights: Weights, begin: Weights, end: Weights, node: Weights,
    leaving: bool,
) -> tuple[Ints, Floats, Floats]:  # fmt: skip
    """Return every way to leave spots, or to come to them.

    `spots` holds edge, fraction and ways of each one after another. Of a key the arc that everyone
    may take is left by; all its arcs may be come by. `begin` and `end` are as `Fixed` has them: who
    leaves pays the end, who comes the begin. `node` is by arc where the way meets the
    search: the head of an arc that is left, the tail of one that is come by.
    """
    count = 0
    for edge in spots[EDGE::EACH]:
        key = 2 * int(edge)
        count += 2 if leaving else first[key + 2] - first[key]
    nodes, costs, table = np.empty(count, np.int64), np.empty(count), np.empty((count, 4))
    row = 0
    for spot in range(len(spots) // EACH):
        edge, ways = int(spots[EACH * spot + EDGE]), int(spots[EACH * spot + WAYS])
        for key in range(2 * edge, 2 * edge + 2):
            if not ways >> (key & 1) & 1:
                continue
            share = _along(spots, spot, key)
            for arc in range(first[key], first[key + 1]):
                if weights[arc] != INFINITE:
                    nodes[row] = node[arc]
                    costs[row] = driven_ms(arc, weights, begin, end) * (
                        1.0 - share if leaving else share
                    )
                    if len(begin):
                        costs[row] += end[arc] if leaving else begin[arc]
                    table[row, KEY], table[row, ARC] = key, arc
                    table[row, ALONG], table[row, SPOT] = share, spot
                    row += 1
                if leaving:
                    break
    return nodes[:row], costs[:row], table[:row]


@compiled(
    "Tuple((int64[::1], float64[::1], int64[::1], float64[::1], float64[:, ::1], "
    "float64, int64, int64))"
    "(float64[::1], int64, int64[::1], uint32[::1], uint32[::1], uint32[::1], uint32[::1],"
    " uint32[::1])",
    at_start=True,
)
def meet(
    spots: Floats, count: int, first: Ints, weights: Weights, begin: Weights, end: Weights,
    head: Weights, tail: Weights,
) -> tuple[Ints, Floats, Ints, Floats, Floats, float, int, int]:  # fmt: skip
    """Return nodes and costs of the ways off the first `count` spots, then of those to the others.

    Then follow both tables of ends in one, and the cheapest drive (ms) that stays on one edge with
    its two ends; infinite is none.
    """
    out_node, out_cost, outs = find_ends(
        spots[: EACH * count], first, weights, begin, end, head, True
    )
    into_node, into_cost, intos = find_ends(
        spots[EACH * count :], first, weights, begin, end, tail, False
    )
    best, source, target = math.inf, 0, 0
    for i in range(len(outs)):
        for j in range(len(intos)):
            if outs[i, ARC] == intos[j, ARC] and intos[j, ALONG] >= outs[i, ALONG]:
                whole = driven_ms(int(outs[i, ARC]), weights, begin, end)
                weight = whole * (intos[j, ALONG] - outs[i, ALONG])
                if weight < best:
                    best, source, target = weight, i, j
    return out_node, out_cost, into_node, into_cost, np.vstack((outs, intos)), best, source, target


@compiled(
    "boolean(int64[::1], int64[::1], float64[:, ::1], int32[::1], boolean[::1])", at_start=True
)
def on_private(outs: Ints, intos: Ints, ends: Floats, of_node: Signed, private: Bools) -> bool:
    """Tell whether one of the ends that `meet` found lies in an enclave or on a private road."""
    found = False
    for nodes in (outs, intos):
        for node in nodes:
            found |= of_node[node] >= 0
    for arc in ends[:, ARC]:
        found |= private[int(arc)]
    return found


@compiled(
    "float64[:, ::1](uint32[:, ::1], int64[::1], float64[::1], float64[:, ::1], int64[::1],"
    " int64[::1], float64[::1], float64[:, ::1], int64[::1], uint32[::1], uint32[::1],"
    " uint32[::1])"
)
def tabulate(
    lengths: Weights,
    row: Ints, out_cost: Floats, outs: Floats, out_first: Ints,
    column: Ints, into_cost: Floats, intos: Floats, into_first: Ints,
    weights: Weights, begin: Weights, end: Weights,
) -> Floats:  # fmt: skip
    """Return the cheapest drives (ms) from places to places; infinite is none.

    Place `i` is left by the ends `out_first[i]:out_first[i + 1]`, whose nodes are the rows `row` of
    `lengths`; `outs` is their table. It is come to likewise, in columns. Driving along one edge
    counts too.
    """
    found = np.full((len(out_first) - 1, len(into_first) - 1), np.inf)
    arc = intos[:, ARC].copy()
    for i in range(len(out_first) - 1):
        for a in range(out_first[i], out_first[i + 1]):
            at, cost = row[a], out_cost[a]
            for j in range(len(into_first) - 1):
                for b in range(into_first[j], into_first[j + 1]):
                    length = lengths[at, column[b]]
                    if length < INFINITE:
                        found[i, j] = min(found[i, j], cost + length + into_cost[b])
                    if arc[b] == outs[a, ARC] and intos[b, ALONG] >= outs[a, ALONG]:
                        whole = driven_ms(int(arc[b]), weights, begin, end)
                        straight = whole * (intos[b, ALONG] - outs[a, ALONG])
                        found[i, j] = min(found[i, j], straight)
    return found


@compiled(
    "UniTuple(float64[:, ::1], 2)(uint32[:, ::1], uint32[:, ::1], int64[::1], float64[::1],"
    " float64[:, ::1], int64[::1], float64[::1], int64[::1], float64[::1], float64[:, ::1],"
    " int64[::1], float64[::1], uint32[::1], uint32[::1], uint32[::1], uint32[::1])"
)
def tabulate_measured(
    lengths: Weights, alongs: Weights,
    row: Ints, out_cost: Floats, outs: Floats, out_first: Ints, out_told: Floats,
    column: Ints, into_cost: Floats, intos: Floats, into_first: Ints, into_told: Floats,
    weights: Weights, begin: Weights, end: Weights, measure: Weights,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return what `tabulate` does, and what these drives measure.

    `alongs` are the measures of the `lengths`, `out_told` and `into_told` those of the ends,
    `measure` is by arc. Of drives of one length it is that of the first found.
    """
    shape = len(out_first) - 1, len(into_first) - 1
    found, told = np.full(shape, np.inf), np.zeros(shape)
    for i in range(shape[0]):
        for a in range(out_first[i], out_first[i + 1]):
            left, leaves = int(outs[a, ARC]), outs[a, ALONG]
            for j in range(shape[1]):
                for b in range(into_first[j], into_first[j + 1]):
                    come, comes = int(intos[b, ARC]), intos[b, ALONG]
                    length = lengths[row[a], column[b]]
                    if length < INFINITE:
                        drive = out_cost[a] + length + into_cost[b]
                        if drive < found[i, j]:
                            found[i, j] = drive
                            along = alongs[row[a], column[b]]
                            told[i, j] = out_told[a] + along + into_told[b]
                    if come == left and comes >= leaves:
                        straight = driven_ms(come, weights, begin, end) * (comes - leaves)
                        if straight < found[i, j]:
                            found[i, j], told[i, j] = straight, measure[come] * (comes - leaves)
    return found, told


@compiled(
    "Tuple((int64[::1], float64[::1], float64[::1], int64[::1]))"
    "(float64[:, ::1], int64, int64, int64[::1], int64[::1])",
    at_start=True,
)
def parts(
    ends: Floats, source: int, target: int, arcs: Ints, key: Ints
) -> tuple[Ints, Floats, Floats, Ints]:
    """Return the keys driven from an end over arcs to another one, the part of each, and all arcs.

    `ends` is a table of ends, `key` is by arc.
    """
    count = len(arcs) + 2
    driven, start, stop = np.empty(count, np.int64), np.zeros(count), np.ones(count)
    driven[0], start[0] = int(ends[source, KEY]), ends[source, ALONG]
    for i in range(len(arcs)):
        driven[i + 1] = key[arcs[i]]
    driven[count - 1], stop[count - 1] = int(ends[target, KEY]), ends[target, ALONG]
    passed = np.empty(count, np.int64)
    passed[0], passed[count - 1] = int(ends[source, ARC]), int(ends[target, ARC])
    passed[1 : count - 1] = arcs
    return driven, start, stop, passed


@compiled("boolean(int64[::1], float64[::1], float64[::1])", at_start=True)
def turns_anywhere(keys: Ints, start: Floats, stop: Floats) -> bool:
    """Tell whether a key drives back the edge just driven; see `find_turns`."""
    last = -1
    for i in range(len(keys)):
        if stop[i] > start[i]:
            if keys[i] ^ 1 == last:
                return True
            last = keys[i]
    return False


@compiled("boolean[::1](int64[::1], float64[::1], float64[::1])", at_start=True)
def find_turns(keys: Ints, start: Floats, stop: Floats) -> Bools:
    """Return which keys drive back the edge just driven; parts are `start`..`stop`, maybe empty."""
    turns, last = np.zeros(len(keys), np.bool_), -1
    for i in range(len(keys)):
        if stop[i] > start[i]:
            turns[i] = keys[i] ^ 1 == last
            last = keys[i]
    return turns


@inlined
def _add(points: Floats, count: int, lon: float, lat: float) -> int:
    """Add a vertex unless it repeats the one before; return how many there are."""
    if count and points[count - 1, 0] == lon and points[count - 1, 1] == lat:
        return count
    points[count, 0], points[count, 1] = lon, lat
    return count + 1


@compiled(
    "float64[:, ::1](int64[::1], int64, int64, float64[::1], float64[:, ::1], int64[::1])",
    at_start=True,
)
def line(
    keys: Ints, after: int, before: int, ends: Floats, shape: Floats, shape_start: Ints
) -> Floats:
    """Return the (n, 2) vertices of a leg over `keys`, none twice on end.

    It begins on the first key after shape vertex `after` and ends on the last one after vertex
    `before` (both in the edge's own direction), at the longitudes and latitudes `ends`.
    """
    room = 2
    for key in keys:
        room += shape_start[(key >> 1) + 1] - shape_start[key >> 1]
    points, last = np.empty((room, 2)), len(keys) - 1
    count = _add(points, 0, ends[0], ends[1])
    for i in range(len(keys)):
        edge, back = keys[i] >> 1, (keys[i] & 1) > 0
        low, high = shape_start[edge], shape_start[edge + 1]
        if i == 0:
            low, high = (low, after + 1) if back else (after + 1, high)
        if i == last:
            low, high = (max(low, before + 1), high) if back else (low, min(high, before + 1))
        for step in range(high - low):
            at = high - 1 - step if back else low + step
            count = _add(points, count, shape[at, 0], shape[at, 1])
    passed = count
    count = _add(points, count, ends[2], ends[3])
    if count == passed == 1:  # a standstill has two ends
        points[1] = points[0]
        count = 2
    return points[:count]

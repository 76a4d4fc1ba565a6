"""Kernels that find the edges near each fix, and make the states of them.

States stand in two tables, one row each: `whole` numbers and `real` ones; the names below are their
columns. Those of one fix stand together.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled, inlined
from routing.graph.weights import INFINITE, Bools, Floats, Ints, Weights
from routing.index.rtree import FAN
from routing.index.rtree_kernels import beside, inside, metres_per_degree, square_of, to_box

# `back` is the best state of the fix before, `count` how many arcs lie between (or how it goes on
# without), `via` where they stand in the list of ways, `turn` whether the state before turns round
ARC, KEY, TAIL, HEAD, BACK, COUNT, VIA, TURN, WHOLE = range(9)
# shares and metres along the arc, metres of the arc (as weights count them), to the fix,
# logarithms of the likelihoods of place and best sequence, chance given the fixes so far
ALONG, METRES, AWAY, PLACE, SCORE, ALPHA, REAL = range(7)
EDGE, SHARE, APART = range(3)  # columns of the edges near a fix
Small = NDArray[np.int32]


@inlined
def _note(near: Floats, count: int, edge: int, share: float, apart: float) -> int:
    """Keep the nearest edges, each once, sorted by distance and number; return how many."""
    at = count
    for row in range(count):
        if near[row, EDGE] == edge:
            if apart >= near[row, APART]:
                return count
            at = row
            break
    fresh = at == count
    if fresh and count == len(near):
        at = count - 1
        if (near[at, APART], near[at, EDGE]) <= (apart, float(edge)):
            return count
    while at > 0 and (near[at - 1, APART], near[at - 1, EDGE]) > (apart, float(edge)):
        near[at] = near[at - 1]
        at -= 1
    near[at, EDGE], near[at, SHARE], near[at, APART] = edge, share, apart
    return count + 1 if fresh and count < len(near) else count


@inlined
def _find(
    lon: float, lat: float, radius_m: float, near: Floats, boxes: Ints,
    shape: Floats, first_vertex: Ints, before: Floats,
    vertex: Small, edge: Small, bounds: Floats, start: Ints, usable: Bools,
) -> int:  # fmt: skip
    """Write the usable edges nearest to a point within a radius; return how many."""
    east, north = metres_per_degree(lat)
    limit, count, top = square_of(radius_m), 0, min(len(bounds), 1)
    boxes[0] = len(bounds) - 1
    while top > 0:
        top -= 1
        level, low, high = inside(start, boxes[top], len(vertex))
        for at in range(low, high):
            if level > 0:
                if to_box(bounds, at, lon, lat, east, north) <= limit:
                    boxes[top] = at
                    top += 1
                continue
            if not usable[edge[at]]:
                continue
            share, apart = beside(shape, vertex[at], lon, lat, east, north)
            if apart <= limit and math.sqrt(apart) <= radius_m:
                low_m, high_m = before[vertex[at]], before[vertex[at] + 1]
                whole = max(before[first_vertex[edge[at] + 1] - 1], 1e-9)
                place = min(max((low_m + share * (high_m - low_m)) / whole, 0.0), 1.0)
                count = _note(near, count, edge[at], place, math.sqrt(apart))
    return count


@compiled(
    "int64(float64[:, ::1], float64[::1], float64[:, ::1], int64[::1], float64[::1], int32[::1],"
    " int32[::1], float64[:, ::1], int64[::1], boolean[::1], int64[::1], uint32[::1],"
    " float64[:, :, ::1], int64[::1], int64[::1])"
)
def find(
    points: Floats, radius_m: Floats, shape: Floats, first_vertex: Ints, before: Floats,
    vertex: Small, edge: Small, bounds: Floats, start: Ints, usable: Bools, first: Ints,
    weights: Weights, near: Floats, found: Ints, states: Ints,
) -> int:  # fmt: skip
    """Write the edges near each point and how many; how many states they make, and return all."""
    boxes, total = np.empty(FAN * len(start) + 1, np.int64), 0
    for i in range(len(points)):
        found[i] = states[i] = 0
        if radius_m[i] > 0:
            found[i] = _find(
                points[i, 0], points[i, 1], radius_m[i], near[i], boxes, shape, first_vertex,
                before, vertex, edge, bounds, start, usable,
            )  # fmt: skip
        for row in range(found[i]):
            key = 2 * int(near[i, row, EDGE])
            for arc in range(first[key], first[key + 2]):
                states[i] += weights[arc] < INFINITE
        total += states[i]
    return total


@compiled(
    "void(int64[::1], float64[::1], float64[:, :, ::1], int64[::1], float64, int64[::1],"
    " uint32[::1], int64[::1], uint32[::1], uint32[::1], int64[:, ::1], float64[:, ::1])"
)
def fill(
    columns: Ints, sigma_m: Floats, near: Floats, found: Ints, unit_m: float, first: Ints,
    weights: Weights, key: Ints, tail: Weights, head: Weights, whole: Ints, real: Floats,
) -> None:  # fmt: skip
    """Write the states of the fixes of columns, one after another."""
    at = 0
    for i in columns:
        for row in range(found[i]):
            edge, share, apart = int(near[i, row, EDGE]), near[i, row, SHARE], near[i, row, APART]
            for arc in range(first[2 * edge], first[2 * edge + 2]):
                if weights[arc] >= INFINITE:
                    continue
                whole[at, ARC], whole[at, KEY] = arc, key[arc]
                whole[at, TAIL], whole[at, HEAD] = tail[arc], head[arc]
                real[at, ALONG] = 1 - share if key[arc] & 1 else share
                real[at, METRES], real[at, AWAY] = weights[arc] * unit_m, apart
                real[at, PLACE] = -0.5 * (apart / sigma_m[i]) ** 2
                at += 1

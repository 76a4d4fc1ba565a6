"""Kernels that look for the segments near a place in the tree of `routing.index.rtree`.

They go down from the nearest box on and pass over those that cannot hold anything better, so that
what they find is exact. Near a place the earth is flat: metres by the scale at its latitude.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled, inlined
from routing.graph.weights import INFINITE, Bools, Floats, Ints, Weights
from routing.index.rtree import FAN
from spatial.geo.crs import GEOD

ROOM = 16  # edges at one place that find room at first
_AXIS_M, _SQUASH = float(GEOD.a), float(GEOD.es)
_TREE = "int32[::1], int32[::1], float64[:, ::1], int64[::1]"  # as in Segments
_USABLE = "int64[::1], uint32[::1], boolean[::1], boolean[::1]"  # as in routing.index.snap.Usable
Small = NDArray[np.int32]


@compiled("UniTuple(float64, 2)(float64)")
def metres_per_degree(lat: float) -> tuple[float, float]:
    """Return metres per degree of longitude and latitude on the ellipsoid at a latitude."""
    angle = math.radians(lat)
    root = math.sqrt(1 - _SQUASH * math.sin(angle) ** 2)
    east = math.radians(1.0) * _AXIS_M / root * math.cos(angle)
    north = math.radians(1.0) * _AXIS_M * (1 - _SQUASH) / root**3
    return east, north


@inlined
def inside(start: Ints, box: int, places: int) -> tuple[int, int, int]:
    """Return the level of a box, and the first and the last but one thing that it holds.

    At level 0 these are places of the tree, else boxes.
    """
    level = len(start) - 2
    while box < start[level]:
        level -= 1
    first = (box - start[level]) * FAN
    if level == 0:
        return level, first, min(first + FAN, places)
    below = start[level - 1]
    return level, below + first, min(below + first + FAN, start[level])


@inlined
def to_box(bounds: Floats, box: int, lon: float, lat: float, east: float, north: float) -> float:
    """Return how far a point is from a box, in m², 0 inside."""
    x = max(bounds[box, 0] - lon, lon - bounds[box, 2], 0.0) * east
    y = max(bounds[box, 1] - lat, lat - bounds[box, 3], 0.0) * north
    return float(x * x + y * y)


@inlined
def square_of(metres: float) -> float:
    """Return the square of a limit, a hair wider so that rounding shuts nothing out."""
    wide = metres * (1 + 1e-9) + 1e-9
    return wide * wide


@inlined
def beside(
    shape: Floats, vertex: int, lon: float, lat: float, east: float, north: float
) -> tuple[float, float]:
    """Return the share along a segment nearest to a point, and its distance in m²."""
    x, y = (shape[vertex, 0] - lon) * east, (shape[vertex, 1] - lat) * north
    u = (shape[vertex + 1, 0] - shape[vertex, 0]) * east
    v = (shape[vertex + 1, 1] - shape[vertex, 1]) * north
    share = min(max(-(x * u + y * v) / max(u * u + v * v, 1e-12), 0.0), 1.0)
    x, y = x + u * share, y + v * share
    return share, x * x + y * y


@inlined
def _may(edge: int, first: Ints, weights: Weights, off: Bools, only: Bools) -> bool:
    """Tell whether an edge is usable."""
    if (len(off) > 0 and off[edge]) or (len(only) > 0 and not only[edge]):
        return False
    if len(first) == 0:
        return True
    for key in range(2 * edge, 2 * edge + 2):
        if first[key] < first[key + 1] and weights[first[key]] < INFINITE:
            return True
    return False


@inlined
def _queue(away: Floats, boxes: Ints, low: int, top: int, square: float, box: int) -> int:
    """Put a box among its siblings, those from `low` on, the nearest last; return the new top."""
    at = top
    while at > low and away[at - 1] < square:
        away[at], boxes[at] = away[at - 1], boxes[at - 1]
        at -= 1
    away[at], boxes[at] = square, box
    return top + 1


@inlined
def _note(
    found: Floats, count: int, edge: int, vertex: int, share: float, distance: float
) -> tuple[Floats, int]:
    """Add the nearest place of an edge so far to the (n, 4) rows; return them and their number."""
    for row in range(count):
        if found[row, 0] == edge:
            nearer = distance < found[row, 3]
            if nearer or (distance == found[row, 3] and vertex < found[row, 1]):
                found[row, 1], found[row, 2], found[row, 3] = vertex, share, distance
            return found, count
    if count == len(found):
        more = np.empty((2 * count, 4))
        more[:count] = found
        found = more
    found[count, 0], found[count, 1] = edge, vertex
    found[count, 2], found[count, 3] = share, distance
    return found, count + 1


@inlined
def _within(found: Floats, count: int, limit: float) -> int:
    """Move the rows within a limit (m) to the front; return their number."""
    kept = 0
    for row in range(count):
        if found[row, 3] <= limit:
            found[kept] = found[row]
            kept += 1
    return kept


@inlined
def _sort(found: Floats, count: int) -> None:
    """Sort rows by distance and edge."""
    for row in range(1, count):
        edge, vertex, share, distance = found[row]
        at = row
        while at > 0 and (
            found[at - 1, 3] > distance
            or (found[at - 1, 3] == distance and found[at - 1, 0] > edge)
        ):
            found[at] = found[at - 1]
            at -= 1
        found[at, 0], found[at, 1], found[at, 2], found[at, 3] = edge, vertex, share, distance


@inlined
def _fraction(shape: Floats, first: int, last: int, vertex: int, share: float) -> float:
    """Return the share along an edge of a share along its segment after a vertex."""
    east, north = metres_per_degree(shape[vertex, 1])
    before = total = 0.0
    for at in range(first, last - 1):
        x, y = (shape[at + 1, 0] - shape[at, 0]) * east, (shape[at + 1, 1] - shape[at, 1]) * north
        length = math.sqrt(x * x + y * y)
        total += length
        if at < vertex:
            before += length
        elif at == vertex:
            before += share * length
    return min(max(before / total, 0.0), 1.0) if total > 0 else 0.0


@inlined
def _place(
    lon: float, lat: float, max_m: float, tie_m: float, shape: Floats,
    vertex: Small, edge: Small, bounds: Floats, start: Ints,
    first: Ints, weights: Weights, off: Bools, only: Bools,
    found: Floats, away: Floats, boxes: Ints,
) -> tuple[Floats, int]:  # fmt: skip
    """Return rows with edge, vertex, share, distance: the place nearest to a point; their number.

    `away` and `boxes` have room for the boxes to be looked at: `FAN` of each level.
    """
    east, north = metres_per_degree(lat)
    limit, best, count, top = max_m, math.inf, 0, min(len(bounds), 1)
    away[0], boxes[0] = 0.0, len(bounds) - 1
    while top > 0:
        top -= 1
        if away[top] > square_of(limit):
            continue
        siblings = top
        level, low, high = inside(start, boxes[top], len(vertex))
        for at in range(low, high):
            if level > 0:
                square = to_box(bounds, at, lon, lat, east, north)
                if square <= square_of(limit):
                    top = _queue(away, boxes, siblings, top, square, at)
                continue
            share, square = beside(shape, vertex[at], lon, lat, east, north)
            distance = math.sqrt(square)
            if distance <= limit and _may(edge[at], first, weights, off, only):
                found, count = _note(found, count, edge[at], vertex[at], share, distance)
                best = min(best, distance)
                limit = min(best + tie_m, max_m)
    count = _within(found, count, limit)
    _sort(found, count)
    return found, count


@inlined
def _tell(spot: Floats, row: Floats, shape: Floats, shape_start: Ints) -> None:
    """Write the columns that `nearest` promises from a row of `_place`, but for the first."""
    edge, vertex, share = int(row[0]), int(row[1]), row[2]
    spot[1], spot[3], spot[6] = edge, vertex, row[3]
    spot[2] = _fraction(shape, shape_start[edge], shape_start[edge + 1], vertex, share)
    for side in range(2):
        at = shape[vertex, side] * (1 - share) + shape[vertex + 1, side] * share
        spot[4 + side] = np.rint(at * 1e7) / 1e7


@compiled(
    "float64[:, ::1](float64[:, ::1], float64, float64, float64[:, ::1], int64[::1], "
    f"{_TREE}, {_USABLE})",
    at_start=True,
)
def nearest(
    points: Floats, max_m: float, tie_m: float, shape: Floats, shape_start: Ints,
    vertex: Small, edge: Small, bounds: Floats, start: Ints,
    first: Ints, weights: Weights, off: Bools, only: Bools,
) -> Floats:  # fmt: skip
    """Return (n, 7) the spots at the place nearest to each point, point by point, nearest first.

    Columns: point, edge, fraction, vertex, longitude, latitude, distance in m, as in
    `routing.index.snap.SnapPoint`.
    """
    found, room = np.empty((ROOM, 4)), FAN * len(start)
    away, boxes = np.empty(room), np.empty(room, np.int64)
    spots, size = np.empty((4 * len(points), 7)), 0
    for point in range(len(points)):
        found, count = _place(
            points[point, 0], points[point, 1], max_m, tie_m, shape, vertex, edge, bounds, start,
            first, weights, off, only, found, away, boxes,
        )  # fmt: skip
        if size + count > len(spots):
            more = np.empty((2 * (size + count), 7))
            more[:size] = spots[:size]
            spots = more
        for row in range(count):
            spots[size, 0] = point
            _tell(spots[size], found[row], shape, shape_start)
            size += 1
    return spots[:size]


@inlined
def _meet(
    west: float, south: float, east: float, north: float,
    left: float, low: float, right: float, high: float,
) -> bool:  # fmt: skip
    """Tell whether two boxes meet."""
    return west <= right and left <= east and south <= high and low <= north


@compiled(f"int32[::1](float64, float64, float64, float64, float64[:, ::1], int64[::1], {_TREE})")
def in_box(
    west: float, south: float, east: float, north: float,
    shape: Floats, shape_start: Ints, vertex: Small, edge: Small, bounds: Floats, start: Ints,
) -> Small:  # fmt: skip
    """Return the edges of the segments whose own box meets a box; an edge may come often."""
    found, count = np.empty(64, np.int32), 0
    boxes, top = np.empty(FAN * len(start), np.int64), min(len(bounds), 1)
    boxes[0] = len(bounds) - 1
    while top > 0:
        top -= 1
        level, low, high = inside(start, boxes[top], len(vertex))
        for at in range(low, high):
            if level > 0:
                if _meet(
                    bounds[at, 0], bounds[at, 1], bounds[at, 2], bounds[at, 3],
                    west, south, east, north,
                ):  # fmt: skip
                    boxes[top] = at
                    top += 1
                continue
            x, y = shape[vertex[at], 0], shape[vertex[at], 1]
            u, v = shape[vertex[at] + 1, 0], shape[vertex[at] + 1, 1]
            if _meet(min(x, u), min(y, v), max(x, u), max(y, v), west, south, east, north):
                if count == len(found):
                    found = np.concatenate((found, found))
                found[count] = edge[at]
                count += 1
    return found[:count].copy()

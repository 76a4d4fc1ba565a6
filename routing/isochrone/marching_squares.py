"""Outlines of marked points of a lattice: marching squares whose holes know their polygon.

A boundary runs through the middles between marked and unmarked points. Two marked points that meet
only across a corner stay apart, so that the parts of the outline are exactly the parts of the
lattice joined along its lines, no two boundaries touch, and a lattice with more marked points has
an outline that holds the other one.
"""

from __future__ import annotations

import numpy as np
import scipy  # loads its heavy parts when they are first used
import shapely
from numpy.typing import NDArray

from routing.compiled import compiled
from routing.graph.weights import Bools, Floats, Ints

# Sides of a square and, by which of its corners are marked (1 south-west, 2 south-east,
# 4 north-east, 8 north-west), the boundaries through it, the marked ones on the left.
_S, _E, _N, _W = range(4)
_THROUGH = {
    1: ((_S, _W),), 2: ((_E, _S),), 4: ((_N, _E),), 8: ((_W, _N),),
    3: ((_E, _W),), 6: ((_N, _S),), 12: ((_W, _E),), 9: ((_S, _N),),
    7: ((_N, _W),), 11: ((_E, _N),), 13: ((_S, _E),), 14: ((_W, _S),),
    5: ((_S, _W), (_N, _E)), 10: ((_E, _S), (_W, _N)),
}  # fmt: skip


def outline(
    marked: Bools, west: float, south: float, step: tuple[float, float]
) -> shapely.Geometry:
    """Return the MultiPolygon around the marked points of a lattice.

    Parameters
    ----------
    marked
        (rows, columns) points, rows from south to north.
    west, south, step
        Place of the first point and distances between columns and rows.
    """
    lattice = np.pad(marked, 1)
    if not marked.any():
        return shapely.MultiPolygon()
    begin, end = _boundaries(lattice)
    rings, first = _rings(begin, end)
    parts = np.asarray(scipy.ndimage.label(lattice)[0], np.int32)
    part = _inside(parts, rings[first[:-1]])
    points, ring = _corners(_middles(rings, lattice.shape[1]), first)
    places = np.array([west, south]) - step + points * step
    return _joined(shapely.linearrings(places, indices=ring), part, _turn_left(points, ring))


def _joined(rings: NDArray[np.object_], part: NDArray[np.int32], shell: Bools) -> shapely.Geometry:
    """Return the polygons of rings: a part's shell, and its holes after it."""
    shells = np.flatnonzero(shell)
    place = np.empty(int(part.max()) + 1, np.int64)
    place[part[shells]] = np.arange(len(shells))
    order = np.lexsort((~shell, place[part]))
    return shapely.multipolygons(shapely.polygons(rings[order], indices=place[part][order]))


def _boundaries(lattice: Bools) -> tuple[Ints, Ints]:
    """Return where each piece of boundary begins and ends: numbers of middles.

    The middle east of point p (counted along the rows) is 2p, the one north of it 2p + 1.
    """
    columns = lattice.shape[1]
    west, east = lattice[:, :-1].astype(np.int8), lattice[:, 1:].astype(np.int8)
    code = west[:-1] + 2 * east[:-1] + 4 * east[1:] + 8 * west[1:]
    begins, ends = [], []
    for corners, pieces in _THROUGH.items():
        row, column = np.nonzero(code == corners)
        point = row * columns + column
        middles = (2 * point, 2 * (point + 1) + 1, 2 * (point + columns), 2 * point + 1)
        for first, last in pieces:
            begins.append(middles[first])
            ends.append(middles[last])
    return np.concatenate(begins), np.concatenate(ends)


def _rings(begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Return the closed boundaries as the numbers of their middles, and where each one begins."""
    order = np.argsort(begin)
    names = begin[order]
    places, first = _walked(np.searchsorted(names, end[order]))
    return names[places], first


@compiled("UniTuple(int64[::1], 2)(int64[::1])")
def _walked(follow: Ints) -> tuple[Ints, Ints]:
    """Return all places in the order of their rings, and where each ring begins."""
    count = len(follow)
    seen = np.zeros(count, np.bool_)
    places, first = np.empty(count, np.int64), np.empty(count + 1, np.int64)
    size, rings = 0, 0
    for start in range(count):
        if seen[start]:
            continue
        first[rings] = size
        rings += 1
        here = start
        while not seen[here]:
            seen[here] = True
            places[size] = here
            size += 1
            here = follow[here]
    first[rings] = size
    return places, first[: rings + 1].copy()


def _inside(parts: NDArray[np.int32], middles: Ints) -> NDArray[np.int32]:
    """Return the part to which the marked one of the two points beside each middle belongs."""
    point, flat = middles // 2, parts.ravel()
    beside = point + np.where(middles % 2, parts.shape[1], 1)
    return np.where(flat[point], flat[point], flat[beside])


def _middles(numbers: Ints, columns: int) -> Floats:
    """Return the places (column, row) of middles."""
    row, column = np.divmod(numbers // 2, columns)
    north = numbers % 2
    return np.column_stack([column + (1 - north) / 2, row + north / 2])


def _corners(points: Floats, first: Ints) -> tuple[Floats, Ints]:
    """Return the points of rings at which they turn, and the ring of each."""
    ring = np.repeat(np.arange(len(first) - 1), np.diff(first))
    following = np.arange(1, len(points) + 1)
    following[first[1:] - 1] = first[:-1]
    ahead = points[following] - points
    turns = np.empty(len(points), np.bool_)
    turns[following] = (ahead[following] != ahead).any(axis=1)
    return points[turns], ring[turns]


def _turn_left(points: Floats, ring: Ints) -> Bools:
    """Tell of each ring whether it runs around its inside, which lies on the left."""
    first = np.searchsorted(ring, np.arange(int(ring[-1]) + 2))
    following = np.arange(1, len(points) + 1)
    following[first[1:] - 1] = first[:-1]
    (x, y), (to_x, to_y) = points.T, points[following].T
    return np.asarray(np.add.reduceat(x * to_y - to_x * y, first[:-1]) > 0)

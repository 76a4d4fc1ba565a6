"""Outlines of marked points of a lattice: marching squares whose holes know their polygon.

A boundary runs through the middles between marked and unmarked points. Two marked points that meet
only across a corner stay apart, so that the parts of the outline are exactly the parts of the
lattice joined along its lines, no two boundaries touch, and a lattice with more marked points has
an outline that holds the other one.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import label

from routing.graph import Bools, Floats, Ints

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
    begin, end = _boundaries(lattice)
    parts = np.asarray(label(lattice)[0], np.int32)
    origin = np.array([west, south]) - step
    shells: dict[int, Floats] = {}
    holes: dict[int, list[Floats]] = {}
    for ring in _rings(begin, end):
        part = int(_inside(parts, ring[0]))
        points = _corners(_middles(ring, lattice.shape[1]))
        if _turns_left(points):
            shells[part] = origin + points * step
        else:
            holes.setdefault(part, []).append(origin + points * step)
    polygons = [shapely.Polygon(shell, holes.get(part, ())) for part, shell in shells.items()]
    return shapely.MultiPolygon(polygons)


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


def _rings(begin: Ints, end: Ints) -> list[Ints]:
    """Return the closed boundaries, each as the numbers of its middles in order."""
    order = np.argsort(begin)
    names = begin[order]
    follow = np.searchsorted(names, end[order]).tolist()
    seen = np.zeros(len(names), np.bool_).tolist()
    rings = []
    for start in range(len(names)):
        if seen[start]:
            continue
        ring, here = [], start
        while not seen[here]:
            seen[here] = True
            ring.append(here)
            here = follow[here]
        rings.append(names[ring])
    return rings


def _inside(parts: NDArray[np.int32], middle: int) -> int:
    """Return the part to which the marked one of the two points beside a middle belongs."""
    point = middle // 2
    flat = parts.ravel()
    return int(flat[point] or flat[point + (parts.shape[1] if middle % 2 else 1)])


def _middles(numbers: Ints, columns: int) -> Floats:
    """Return the places (column, row) of middles."""
    row, column = np.divmod(numbers // 2, columns)
    north = numbers % 2
    return np.column_stack([column + (1 - north) / 2, row + north / 2])


def _corners(points: Floats) -> Floats:
    """Return the points of a ring at which it turns."""
    ahead = np.roll(points, -1, axis=0) - points
    before = np.roll(ahead, 1, axis=0)
    turns = (ahead[:, 0] != before[:, 0]) | (ahead[:, 1] != before[:, 1])
    return np.asarray(points[turns], np.float64)


def _turns_left(points: Floats) -> bool:
    x, y = points.T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) > 0

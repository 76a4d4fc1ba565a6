"""All segments of a network in a packed tree of boxes: which of them are near a place.

The tree is a Hilbert R-tree (Kamel, Faloutsos, 1993) filled to the last place: segments stand in
the order of a space-filling curve, `FAN` of them share a box, `FAN` boxes share one of the level
above. It fits towns and empty country alike, and takes 13 bytes a segment. Kernels here search
it from the nearest box on and pass over those that cannot hold anything better, so that what they
find is exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled, inlined
from routing.graph.adjacency import expand
from routing.graph.weights import Floats, Ints

FAN = 8
_CURVE = 2**16 - 1  # steps of the curve along each side


@dataclass(frozen=True, slots=True)
class Segments:
    """The tree, as plain arrays for kernels.

    Place `i` of it holds the segment from shape vertex `vertex[i]` to the next one, which is part
    of `edge[i]`. `bounds` are the boxes (west, south, east, north in degrees), those of the lowest
    level first; those of level `k` are `start[k]:start[k + 1]`. The box `b` (counted in its level)
    holds the places, or boxes of the level below, `FAN * b` up to `FAN * (b + 1)`.
    """

    vertex: NDArray[np.int32]
    edge: NDArray[np.int32]
    bounds: Floats
    start: Ints

    @classmethod
    def of(cls, shape: Floats, shape_start: Ints) -> Segments:
        """Return the tree of the segments of edges (see `routing.graph.graph.Edges`)."""
        counts = np.diff(shape_start) - 1
        vertex = expand(shape_start[:-1], counts).astype(np.int32)
        edge = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        order = np.argsort(_along_the_curve(shape, vertex), kind="stable")
        vertex, edge = vertex[order], edge[order]
        sizes, size = [0], len(vertex)
        while size > 1 or len(sizes) == 1 < size + 1:
            size = -(-size // FAN)
            sizes.append(size)
        start = np.cumsum(sizes)
        bounds = np.empty((int(start[-1]), 4), np.float64)
        _fill(shape, vertex, bounds, start)
        return cls(vertex, edge, bounds, start)


@inlined
def _hilbert(x: int, y: int) -> int:
    """Return how far along the curve a place of the square is."""
    found, side = 0, (_CURVE + 1) >> 1
    while side:
        right, up = (x & side) > 0, (y & side) > 0
        found += side * side * ((3 * right) ^ up)
        if not up:
            if right:
                x, y = _CURVE - x, _CURVE - y
            x, y = y, x
        side >>= 1
    return found


@compiled("uint32[::1](float64[:, ::1], int32[::1])")
def _along_the_curve(shape: Floats, vertex: NDArray[np.int32]) -> NDArray[np.uint32]:
    """Return how far along the curve the middle of each segment is."""
    west = south = math.inf
    size = 1e-12
    for at in range(len(shape)):
        west, south = min(west, shape[at, 0]), min(south, shape[at, 1])
    for at in range(len(shape)):
        size = max(size, shape[at, 0] - west, shape[at, 1] - south)
    scale = _CURVE / size
    found = np.empty(len(vertex), np.uint32)
    for i in range(len(vertex)):
        at = vertex[i]
        x = ((shape[at, 0] + shape[at + 1, 0]) / 2 - west) * scale
        y = ((shape[at, 1] + shape[at + 1, 1]) / 2 - south) * scale
        found[i] = _hilbert(int(x), int(y))
    return found


@compiled("void(float64[:, ::1], int32[::1], float64[:, ::1], int64[::1])")
def _fill(shape: Floats, vertex: NDArray[np.int32], bounds: Floats, start: Ints) -> None:
    """Write the boxes, the lowest level first."""
    bounds[:, :2] = math.inf
    bounds[:, 2:] = -math.inf
    for i in range(len(vertex)):
        box = i // FAN
        for at in range(vertex[i], vertex[i] + 2):
            for side in range(2):
                bounds[box, side] = min(bounds[box, side], shape[at, side])
                bounds[box, side + 2] = max(bounds[box, side + 2], shape[at, side])
    for level in range(1, len(start) - 1):
        for below in range(start[level - 1], start[level]):
            box = start[level] + (below - start[level - 1]) // FAN
            for side in range(2):
                bounds[box, side] = min(bounds[box, side], bounds[below, side])
                bounds[box, side + 2] = max(bounds[box, side + 2], bounds[below, side + 2])

"""Kernels that find places along the lines of edges."""

from __future__ import annotations

import numpy as np

from routing.compiled import compiled
from routing.graph.weights import Floats, Ints
from routing.index.rtree_kernels import metres_per_degree


@compiled("float64[::1](float64[:, ::1], int64[::1])")
def metres_before(shape: Floats, start: Ints) -> Floats:
    """Return the metres before each vertex, 0 at the first one of each edge."""
    before = np.zeros(len(shape))
    for edge in range(len(start) - 1):
        for at in range(start[edge] + 1, start[edge + 1]):
            east, north = metres_per_degree((shape[at, 1] + shape[at - 1, 1]) / 2)
            x = (shape[at, 0] - shape[at - 1, 0]) * east
            y = (shape[at, 1] - shape[at - 1, 1]) * north
            before[at] = before[at - 1] + np.sqrt(x * x + y * y)
    return before


@compiled(
    "Tuple((int64, float64, float64))(int64, float64, float64[:, ::1], int64[::1], float64[::1])"
)
def place(
    edge: int, share: float, shape: Floats, start: Ints, before: Floats
) -> tuple[int, float, float]:
    """Return the vertex before a share (0..1) of an edge, and its longitude and latitude."""
    low, high = start[edge], start[edge + 1] - 1
    metres = share * before[high]
    while high - low > 1:
        middle = (low + high) >> 1
        if before[middle] <= metres:
            low = middle
        else:
            high = middle
    part = (metres - before[low]) / max(before[low + 1] - before[low], 1e-9)
    if part >= 1:
        return low, shape[low + 1, 0], shape[low + 1, 1]
    part = max(part, 0.0)
    lon = shape[low, 0] + (shape[low + 1, 0] - shape[low, 0]) * part
    lat = shape[low, 1] + (shape[low + 1, 1] - shape[low, 1]) * part
    return low, np.rint(lon * 1e7) / 1e7, np.rint(lat * 1e7) / 1e7


@compiled(
    "void(int64[::1], float64[::1], float64[:, ::1], int64[::1], float64[::1], float64[:, ::1])"
)
def place_all(
    edge: Ints, share: Floats, shape: Floats, start: Ints, before: Floats, places: Floats
) -> None:
    """Write the longitude and latitude at a share (0..1) of each edge into `places`."""
    for row in range(len(edge)):
        _, places[row, 0], places[row, 1] = place(edge[row], share[row], shape, start, before)

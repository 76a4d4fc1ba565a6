"""Kernels of plane density: events stamped onto a grid, each with the same pattern."""

from __future__ import annotations

from routing.compiled import compiled
from routing.graph.weights import Floats


@compiled("void(float64[:, ::1], float64[:, ::1], float64[:, ::1])")
def stamp(weights: Floats, pattern: Floats, out: Floats) -> None:
    """Add the pattern, whose sides are odd, around each cell that has a weight."""
    rows, columns = weights.shape
    up, left = pattern.shape[0] // 2, pattern.shape[1] // 2
    for row in range(rows):
        for column in range(columns):
            weight = weights[row, column]
            if weight == 0.0:
                continue
            west, east = max(column - left, 0), min(column + left + 1, columns)
            for y in range(max(row - up, 0), min(row + up + 1, rows)):
                line = pattern[y - row + up]
                for x in range(west, east):
                    out[y, x] += weight * line[x - column + left]

"""Kernels of the scan for clusters: the best circle of each centre."""

from __future__ import annotations

import math

import numpy as np

from routing.compiled import compiled, inlined
from routing.graph.weights import Floats, Ints


@inlined
def ratio(cases: float, expected: float, total: float) -> float:
    """Return Kulldorff's log likelihood ratio of more cases inside than expected, else 0."""
    if cases <= expected or expected <= 0:
        return 0.0
    inside = cases * math.log(cases / expected)
    left = total - cases
    return inside + (left * math.log(left / (total - expected)) if left > 0 else 0.0)


@compiled(
    "void(int64[:, ::1], float64[:, ::1], float64[::1], float64[::1], float64, float64[::1],"
    " int64[::1])"
)
def best_circles(
    near: Ints, away: Floats, cases: Floats, expected: Floats, most: float, best: Floats, size: Ints
) -> None:
    """Write the highest ratio of the circles around each centre, and how many cells it holds.

    Cells at the same distance go in together; `most` is what a circle may expect.
    """
    total = cases.sum()
    for centre in range(len(near)):
        inside, awaited = 0.0, 0.0
        best[centre], size[centre] = 0.0, 0
        for step in range(near.shape[1]):
            cell = near[centre, step]
            if cell < 0:
                break
            inside += cases[cell]
            awaited += expected[cell]
            if awaited > most:
                break
            last = step + 1 == near.shape[1] or near[centre, step + 1] < 0
            if not last and away[centre, step + 1] <= away[centre, step]:
                continue
            found = ratio(inside, awaited, total)
            if found > best[centre]:
                best[centre], size[centre] = found, step + 1


@compiled(
    "float64(int64[:, ::1], float64[:, ::1], float64[::1], float64[::1], float64)",
)
def highest(near: Ints, away: Floats, cases: Floats, expected: Floats, most: float) -> float:
    """Return the highest ratio of all circles."""
    best, size = np.empty(len(near)), np.empty(len(near), np.int64)
    best_circles(near, away, cases, expected, most, best, size)
    return float(best.max())

"""Kernels of hot spots over many slices of time, and of their trends.

Arrays are (slices, cells); NaN is what was not seen and counts for nothing.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled, inlined
from routing.graph.weights import Floats, Ints

States = NDArray[np.int8]


@compiled("void(int64[::1], int64[::1], float64[::1], float64[::1], float64[::1])")
def gi_star(first: Ints, index: Ints, weight: Floats, values: Floats, out: Floats) -> None:
    """Write z of Gi* of one slice; NaN where it is not defined."""
    count, total, squares = 0, 0.0, 0.0
    for value in values:
        if not math.isnan(value):
            count += 1
            total += value
    mean = total / max(count, 1)
    for value in values:
        if not math.isnan(value):
            squares += (value - mean) * (value - mean)
    spread = math.sqrt(squares / max(count, 1))
    for cell in range(len(values)):
        local, weights, quadratic = 0.0, 0.0, 0.0
        for at in range(first[cell], first[cell + 1]):
            value = values[index[at]]
            if not math.isnan(value):
                local += weight[at] * (value - mean)
                weights += weight[at]
                quadratic += weight[at] * weight[at]
        below = (count * quadratic - weights * weights) / max(count - 1, 1)
        known = not math.isnan(values[cell]) and spread > 0 and below > 1e-12 * quadratic
        out[cell] = local / (spread * math.sqrt(below)) if known else math.nan


@compiled("void(float64[:, ::1], float64[::1], float64[::1], float64[::1])")
def mann_kendall(series: Floats, statistic: Floats, variance: Floats, score: Floats) -> None:
    """Write S, its variance with ties and z of each cell; NaN z where S cannot vary."""
    slices, cells = series.shape
    known = np.empty(slices, np.float64)
    for cell in range(cells):
        size = 0
        for at in range(slices):
            if not math.isnan(series[at, cell]):
                known[size] = series[at, cell]
                size += 1
        total = 0
        for later in range(1, size):
            for earlier in range(later):
                total += (known[later] > known[earlier]) - (known[later] < known[earlier])
        values = np.sort(known[:size])
        spread, run = float(size * (size - 1) * (2 * size + 5)), 0
        for at in range(size):
            run += 1
            if at + 1 == size or values[at + 1] != values[at]:
                spread -= run * (run - 1) * (2 * run + 5)
                run = 0
        statistic[cell], variance[cell] = total, spread / 18
        sign = (total > 0) - (total < 0)
        score[cell] = (total - sign) / math.sqrt(spread / 18) if spread > 0 else math.nan


@inlined
def kind(known: States, sign: int, rising: float, critical: float, share: float) -> int:
    """Return which kind of hot spots the slices of a cell are, or of cold ones by sign."""
    same, against, run = 0, 0, 0
    for state in known:
        same += state == sign
        against += state == -sign
        run = run + 1 if state == sign else 0
    often = same >= share * len(known) - 1e-9
    if run == 0:
        return 8 if often else 0
    if same == 1:
        return 1
    if often:
        return 3 if rising >= critical else 5 if rising <= -critical else 4
    if same == run:
        return 2
    return 7 if against > 0 else 6


@compiled("void(int8[:, ::1], float64[::1], float64, float64, int64, int8, int8[::1])")
def classify(
    states: States,
    trend: Floats,
    critical: float,
    share: float,
    least: int,
    unknown: int,
    out: States,
) -> None:
    """Write the class of each cell from its slices, 1 hot, -1 cold, 0 neither, or `unknown`.

    1 new, 2 consecutive, 3 intensifying, 4 persistent, 5 diminishing, 6 sporadic, 7 oscillating,
    8 historical; the same below 0 for cold; 0 no pattern; `unknown` with too few slices.
    """
    slices, cells = states.shape
    known = np.empty(slices, np.int8)
    for cell in range(cells):
        size = 0
        for at in range(slices):
            if states[at, cell] != unknown:
                known[size] = states[at, cell]
                size += 1
        if size < least:
            out[cell] = unknown
            continue
        out[cell] = 0
        for sign in (1, -1):
            found = kind(known[:size], sign, trend[cell] * sign, critical, share)
            if found > 0:
                out[cell] = sign * found
                break

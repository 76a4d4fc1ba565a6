"""Kernels that judge the fixes of a trace one by one, and set aside those off the roads."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled, inlined
from routing.graph.weights import Bools, Floats, Ints
from routing.index.rtree_kernels import metres_per_degree

USED, MERGED, INVALID, LATE, DUPLICATE, JUMP, OFF_ROAD = range(7)  # as in trace.STATUS
NONE, START, GAP, JUMPED, LEFT, NO_PATH = range(6)  # as in trace.BREAKS
SUSPECTS = 3  # fixes that agree with each other against the one before are believed
NOISE = 6  # deviations that two fixes may lie apart without any movement
MS_PER_KMH = 1 / 3.6
# what is kept between calls: two fixes (longitude, latitude, seconds, deviation), whether each is
# there, how many suspects agree; the break that waits for its column, the time of the last column,
# whether fixes were off the roads since
LAST, SUSPECT = 0, 4
HAS_LAST, HAS_SUSPECT, AGREEING, CUT, SECONDS, LOST, KEPT = range(8, 15)
Codes = NDArray[np.int8]


@inlined
def _apart(kept: Floats, place: int, fix: Floats, east: float, north: float) -> float:
    """Return the metres between a place kept and a fix."""
    return math.hypot((fix[0] - kept[place]) * east, (fix[1] - kept[place + 1]) * north)


@inlined
def _jumps(kept: Floats, place: int, fix: Floats, apart: float, max_kmh: float) -> bool:
    """Tell whether nobody drives that fast; with unknown times nobody jumps."""
    moved = apart - NOISE * max(kept[place + 3], fix[3])
    return bool(moved > max_kmh * MS_PER_KMH * (fix[2] - kept[place + 2]))


@inlined
def _take(kept: Floats, fix: Floats) -> None:
    """Keep a good fix as the last one."""
    for i in range(4):
        kept[LAST + i] = fix[i]
    kept[HAS_LAST], kept[HAS_SUSPECT], kept[AGREEING] = 1.0, 0.0, 0.0


@inlined
def _doubt(kept: Floats, fix: Floats, east: float, north: float, max_kmh: float) -> tuple[int, int]:
    """Refuse a jump; several that agree with each other show that the one before was wrong."""
    agrees = kept[HAS_SUSPECT] > 0 and not _jumps(
        kept, SUSPECT, fix, _apart(kept, SUSPECT, fix, east, north), max_kmh
    )
    kept[AGREEING] = kept[AGREEING] + 1 if agrees else 1.0
    if kept[AGREEING] >= SUSPECTS:
        _take(kept, fix)
        return USED, JUMPED
    for i in range(4):
        kept[SUSPECT + i] = fix[i]
    kept[HAS_SUSPECT] = 1.0
    return JUMP, NONE


@inlined
def _judge(
    kept: Floats, fix: Floats, max_kmh: float, thin_m: float, gap_s: float, stand_m: float
) -> tuple[int, int]:
    """Return the status of a fix and the break before it."""
    if not (abs(fix[0]) <= 180 and abs(fix[1]) <= 90 and fix[3] > 0):
        return INVALID, NONE
    if kept[HAS_LAST] == 0:
        _take(kept, fix)
        return USED, START
    east, north = metres_per_degree(fix[1])
    apart = _apart(kept, LAST, fix, east, north)
    if fix[2] <= kept[LAST + 2]:
        return (DUPLICATE if fix[2] == kept[LAST + 2] and apart == 0 else LATE), NONE
    if _jumps(kept, LAST, fix, apart, max_kmh):
        return _doubt(kept, fix, east, north, max_kmh)
    kept[HAS_SUSPECT] = 0.0
    seconds = fix[2] - kept[LAST + 2]
    if math.isnan(seconds):
        late = apart > max_kmh * MS_PER_KMH * gap_s
    else:
        late = seconds > gap_s and apart > stand_m
    if apart < thin_m and not late:
        if not math.isnan(fix[2]):
            kept[LAST + 2] = fix[2]
        return MERGED, NONE
    _take(kept, fix)
    return USED, GAP if late else NONE


@compiled(
    "void(float64[:, ::1], float64[::1], float64[::1], float64, float64, float64, float64,"
    " float64[::1], int8[::1], int8[::1])"
)
def judge(
    points: Floats, seconds: Floats, sigma_m: Floats, max_kmh: float, thin_m: float, gap_s: float,
    stand_m: float, kept: Floats, status: Codes, cut: Codes,
) -> None:  # fmt: skip
    """Write the status of each fix, and the break before it."""
    fix = np.empty(4)
    for i in range(len(points)):
        fix[0], fix[1], fix[2], fix[3] = points[i, 0], points[i, 1], seconds[i], sigma_m[i]
        status[i], cut[i] = _judge(kept, fix, max_kmh, thin_m, gap_s, stand_m)


@compiled(
    "int64(float64[::1], boolean[::1], float64, float64[::1], int8[::1], int8[::1], int64[::1])"
)
def admit(
    seconds: Floats, on_road: Bools, gap_s: float, kept: Floats, status: Codes, cut: Codes,
    columns: Ints,
) -> int:  # fmt: skip
    """Write which fixes make columns, and the break before each; return how many do.

    The others of those that are used are off the roads.
    """
    count = 0
    for i in range(len(seconds)):
        if cut[i] != NONE:
            kept[CUT] = cut[i]
        if status[i] != USED:
            continue
        if not on_road[i]:
            status[i] = OFF_ROAD
            kept[LOST] = 1.0
            continue
        if kept[LOST] > 0 and kept[CUT] == NONE and seconds[i] - kept[SECONDS] > gap_s:
            kept[CUT] = LEFT
        cut[i] = int(kept[CUT])
        kept[CUT], kept[SECONDS], kept[LOST] = NONE, seconds[i], 0.0
        columns[count] = i
        count += 1
    return count

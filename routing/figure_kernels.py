"""The kernels that add up what a path amounts to, in one pass over its parts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled, inlined
from routing.graph import Bools, Floats, Ints

UNSURE, TOLLED, UNSAID, BASIS, ORIGIN = 0, 1, 2, 3, 6
"""Places in the sums: metres with unknown limits, metres with a toll, parts that do not say whether
they are tolled, metres by basis of speed, metres by origin; then m and ms of each leg."""
MS_PER_M_AT_1_KMH = 3600.0

Codes = NDArray[np.int32]
Kmh = NDArray[np.float32]


@inlined
def slower(speed: float, cap: float) -> float:
    """Return the lower of two speeds of which each may be unknown (NaN)."""
    return cap if cap < speed or np.isnan(speed) else speed


@compiled(
    "void(int64[::1], float64[::1], float64[::1], int64[::1], float64[::1], float64[::1],"
    " float32[::1], uint8[::1], int32[::1], int64, float64[::1])"
)
def add_up(
    keys: Ints,
    start: Floats,
    stop: Floats,
    first: Ints,
    length_m: Floats,
    speed_kmh: Floats,
    cap_kmh: Kmh,
    basis: NDArray[np.uint8],
    origin: Codes,
    legs: int,
    sums: Floats,
) -> None:
    """Add to the sums all but those of limits and tolls; those of legs begin at `legs`.

    `keys` are driven in order, of each one the part `start`..`stop`; leg `i` has those at
    `first[i]:first[i + 1]`. `cap_kmh` is by key, other columns are by edge.
    """
    for leg in range(len(first) - 1):
        for i in range(first[leg], first[leg + 1]):
            edge, part = keys[i] >> 1, stop[i] - start[i]
            if part > 0:
                metres = length_m[edge] * part
                speed = slower(speed_kmh[edge], cap_kmh[keys[i]])
                sums[legs + 2 * leg] += metres
                sums[legs + 2 * leg + 1] += metres * MS_PER_M_AT_1_KMH / speed
                sums[BASIS + basis[edge]] += metres
                if origin[edge] >= 0:
                    sums[ORIGIN + origin[edge]] += metres


@compiled(
    "void(int64[::1], float64[::1], float64[::1], float64[::1], boolean[::1], boolean,"
    " boolean[::1], boolean[::1], int32[::1], boolean[::1], float64[::1], int64[::1])"
)
def look_up(
    keys: Ints,
    start: Floats,
    stop: Floats,
    length_m: Floats,
    unsure: Bools,
    by_part: bool,
    tolled: Bools,
    said: Bools,
    ref: Codes,
    carrying: Bools,
    sums: Floats,
    noted: Ints,
) -> None:
    """Add limits and tolls to the sums; note codes of road numbers, and edges that carry.

    `unsure` marks places in `keys`, or by edge those that are sure; other columns are by edge,
    `tolled` is empty where no toll is known, `carrying` where nothing is carried. `noted` gets how
    many codes and how many edges there are, then the codes (not twice in a row), from `2 + n` on
    the edges.
    """
    count = found = 0
    for i in range(len(keys)):
        edge, part = keys[i] >> 1, stop[i] - start[i]
        if part > 0:
            metres = length_m[edge] * part
            sums[UNSURE] += metres * (unsure[i] if by_part else not unsure[edge])
            if len(tolled) and metres > 0:
                sums[TOLLED] += metres * tolled[edge]
                sums[UNSAID] += not said[edge]
            if ref[edge] >= 0 and (count == 0 or noted[1 + count] != ref[edge]):
                noted[2 + count] = ref[edge]
                count += 1
            if len(carrying) and carrying[edge]:
                noted[2 + len(keys) + found] = edge
                found += 1
    noted[0], noted[1] = count, found

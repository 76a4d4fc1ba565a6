"""The kernel that turns what a profile makes of edges into the weights of arcs."""

from __future__ import annotations

import numpy as np

from routing.compiled import compiled
from routing.figure_kernels import MS_PER_M_AT_1_KMH, Kmh, slower
from routing.graph import Bools, Floats, Ints, Weights
from routing.hierarchy_kernels import INFINITE, Signed


@compiled(
    "uint32[::1](int64[::1], int64[::1], int32[::1], boolean[::1], boolean[::1], boolean[::1],"
    " float32[::1], float64[::1], float64[::1], float64[::1], int64)"
)
def weigh(
    chosen: Ints,
    key: Ints,
    exempt: Signed,
    spared: Bools,
    open_: Bools,
    shut: Bools,
    cap_kmh: Kmh,
    length_m: Floats,
    speed_kmh: Floats,
    factor: Floats,
    largest: int,
) -> Weights:
    """Return the weights (ms, from 1 to `largest`, or `INFINITE`) of chosen arcs.

    `key` and `exempt` are by arc, the latter the class that alone may use it (-1: everyone may);
    `spared` tells by class whether the vehicle is of it. `open_`, `shut` and `cap_kmh` (NaN: none)
    are by key, the others by edge.
    """
    weights = np.empty(len(chosen), np.uint32)
    for i in range(len(chosen)):
        arc = chosen[i]
        here, kind = key[arc], exempt[arc]
        edge = here >> 1
        speed = slower(speed_kmh[edge], cap_kmh[here])
        weight = length_m[edge] * MS_PER_M_AT_1_KMH / speed * factor[edge]
        passes = open_[here] and not shut[here] and (kind < 0 or spared[kind])
        if passes and np.isfinite(weight):
            weights[i] = min(max(np.rint(weight), 1.0), largest)
        else:
            weights[i] = INFINITE
    return weights

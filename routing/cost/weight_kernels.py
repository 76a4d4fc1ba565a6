"""Kernels that turn what a profile makes of edges into the weights of arcs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled, inlined
from routing.graph.weights import INFINITE, Bools, Floats, Ints, Signed, Weights

MS_PER_M_AT_1_KMH = 3600.0

Kmh = NDArray[np.float32]


@inlined
def slower(speed: float, cap: float) -> float:
    """Return the lower of two speeds of which each may be unknown (NaN)."""
    return cap if cap < speed or np.isnan(speed) else speed


@compiled(
    "uint32[::1](int64[::1], int64[::1], int32[::1], boolean[::1], int32[::1], int32[::1],"
    " int32[::1], int32[::1], boolean[::1], boolean[::1], float32[::1], float64[::1],"
    " float64[::1], float64[::1], int64)",
    at_start=True,
)
def weigh(
    chosen: Ints, key: Ints, exempt: Signed, spared: Bools, turn: Signed, turn_ms: Signed,
    end_ms: Signed, enter_ms: Signed, passable: Bools, shut: Bools, cap_kmh: Kmh,
    length_m: Floats, speed_kmh: Floats, factor: Floats, largest: int,
) -> Weights:  # fmt: skip
    """Return the weights (ms, from 1 to `largest`, or `INFINITE`) of chosen arcs.

    `key` and `exempt` are by arc, the latter the class that alone may use it (-1: everyone may);
    `spared` tells by class whether the vehicle is of it. `turn` is by arc the place in `turn_ms`
    (ms or `INFINITE`) of what turning round costs, -1 where an arc does not. `enter_ms` (paid to go
    into an arc) is by arc; `end_ms` (paid at its end), `passable`, `shut`, `speed_kmh` and
    `cap_kmh` (NaN: none) are by key, the others by edge.
    """
    weights = np.empty(len(chosen), np.uint32)
    for i in range(len(chosen)):
        arc = chosen[i]
        here, kind = key[arc], exempt[arc]
        edge = here >> 1
        speed = slower(speed_kmh[here], cap_kmh[here])
        weight = (
            length_m[edge] * MS_PER_M_AT_1_KMH / speed * factor[edge] + end_ms[here] + enter_ms[arc]
        )
        passes = passable[here] and not shut[here] and (kind < 0 or spared[kind])
        if turn[arc] >= 0:
            weight += turn_ms[turn[arc]]
            passes = passes and turn_ms[turn[arc]] < INFINITE
        if passes and np.isfinite(weight):
            weights[i] = min(max(np.rint(weight), 1.0), largest)
        else:
            weights[i] = INFINITE
    return weights

"""Kernels of a cube of counts: sums of the rows that a question is about, by group."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled
from routing.graph.weights import Floats, Ints

UInt8: TypeAlias = NDArray[np.uint8]
UInt16: TypeAlias = NDArray[np.uint16]
UInt32: TypeAlias = NDArray[np.uint32]
Int32: TypeAlias = NDArray[np.int32]


@compiled("void(int64[::1], int64[::1], uint32[::1], int32[::1], int32[::1], float64[::1])")
def add_up(start: Ints, end: Ints, counter: UInt32, n: Int32, target: Int32, sums: Floats) -> None:
    """Add the rows of some runs to sums: of each counter `target` tells to which, below 0 to none.

    A run is of the rows from its start to before its end.
    """
    for run in range(len(start)):
        for i in range(start[run], end[run]):
            at = target[counter[i]]
            if at >= 0:
                sums[at] += n[i]


@compiled("void(int64[::1], int64[::1], uint32[::1], uint8[::1])")
def note_counters(start: Ints, end: Ints, counter: UInt32, noted: UInt8) -> None:
    """Note by counter whether some runs have a row of it."""
    for run in range(len(start)):
        for i in range(start[run], end[run]):
            noted[counter[i]] = 1

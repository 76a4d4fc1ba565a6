"""Kernels of a cube of counts: sums of the rows that a question is about, by group."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled, inlined
from routing.graph.weights import Floats, Ints

UInt8: TypeAlias = NDArray[np.uint8]
UInt16: TypeAlias = NDArray[np.uint16]
UInt32: TypeAlias = NDArray[np.uint32]
Int32: TypeAlias = NDArray[np.int32]
Counts: TypeAlias = NDArray[np.int16] | NDArray[np.int32]


@inlined
def _add(start: Ints, end: Ints, counter: UInt32, n: Counts, target: Int32, sums: Floats) -> None:
    for run in range(len(start)):
        for i in range(start[run], end[run]):
            at = target[counter[i]]
            if at >= 0:
                sums[at] += n[i]


@compiled("void(int64[::1], int64[::1], uint32[::1], int32[::1], int32[::1], float64[::1])")
def add_up(start: Ints, end: Ints, counter: UInt32, n: Counts, target: Int32, sums: Floats) -> None:
    """Add the rows of some runs to sums: of each counter `target` tells to which, below 0 to none.

    A run is of the rows from its start to before its end.
    """
    _add(start, end, counter, n, target, sums)


@compiled("void(int64[::1], int64[::1], uint32[::1], int16[::1], int32[::1], float64[::1])")
def add_up_short(
    start: Ints, end: Ints, counter: UInt32, n: Counts, target: Int32, sums: Floats
) -> None:
    """Do as `add_up` with numbers of two bytes."""
    _add(start, end, counter, n, target, sums)


@compiled("void(int64[::1], int64[::1], uint32[::1], uint8[::1])")
def note_counters(start: Ints, end: Ints, counter: UInt32, noted: UInt8) -> None:
    """Note by counter whether some runs have a row of it."""
    for run in range(len(start)):
        for i in range(start[run], end[run]):
            noted[counter[i]] = 1


@compiled("int64(int64[::1], int64[::1], uint32[::1], int64, uint32[::1])")
def number_keys(keys: Ints, table: Ints, numbers: UInt32, count: int, found: UInt32) -> int:
    """Number keys in the order in which they come first; return how many numbers there are then.

    `table` is open with linear probing (Knuth, The Art of Computer Programming 3, 6.4), its size a
    power of 2 and more than the keys it comes to hold; a free place is -1. `numbers` are those of
    its keys, `count` of them before, `found` those of the keys told.
    """
    mask = len(table) - 1
    for i in range(len(keys)):
        key = keys[i]
        at = (key ^ (key >> 32)) * 0x9E3779B1 >> 8 & mask
        while table[at] != key and table[at] >= 0:
            at = (at + 1) & mask
        if table[at] < 0:
            table[at] = key
            numbers[at] = count
            count += 1
        found[i] = numbers[at]
    return count


@compiled(
    "void(uint32[::1], uint32[::1], int32[::1], uint32[::1], uint32[::1], int64[::1],"
    " uint32[::1], int32[::1])"
)
def put_in_slots(
    number: UInt32, slot: UInt32, n: Int32, rank: UInt32, place: UInt32, behind: Ints,
    counter: UInt32, out: Int32,
) -> None:  # fmt: skip
    """Put rows behind those that their slots have: `behind` tells by slot where, and moves on.

    `rank` and `place` tell which counter and slot a number stands for.
    """
    for i in range(len(n)):
        at = behind[place[slot[i]]]
        behind[place[slot[i]]] = at + 1
        counter[at] = rank[number[i]]
        out[at] = n[i]

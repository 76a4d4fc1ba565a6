"""Kernels of a cube of counts: sums of the rows that a question is about, by group."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled
from routing.graph.weights import Floats

UInt8: TypeAlias = NDArray[np.uint8]
UInt16: TypeAlias = NDArray[np.uint16]
UInt32: TypeAlias = NDArray[np.uint32]
Int32: TypeAlias = NDArray[np.int32]
UNSTATED, MIXED = -1, -2
"""Of a group: no row states a code, or rows state several."""


@compiled(
    "void(uint32[::1], uint8[::1], uint16[::1], int32[::1], uint8[::1], uint8[::1], uint32[::1],"
    " float64[::1], float64[::1])"
)
def add_up(
    place: UInt32,
    hour: UInt8,
    series: UInt16,
    n: Int32,
    hours: UInt8,
    measure: UInt8,
    group_of_place: UInt32,
    events: Floats,
    exposure: Floats,
) -> None:
    """Add rows to the sums of their groups.

    `hours` tells by hour whether it counts, and `measure` by series what it is: 0 nothing, 1 an
    event, 2 exposure. A row's group is that of its place.
    """
    for i in range(len(n)):
        what = measure[series[i]]
        if what == 0 or hours[hour[i]] == 0:
            continue
        at = group_of_place[place[i]]
        if what == 1:
            events[at] += n[i]
        else:
            exposure[at] += n[i]


@compiled("void(uint8[::1], uint16[::1], int32[::1], uint8[::1], float64[::1])")
def add_up_series(hour: UInt8, series: UInt16, n: Int32, hours: UInt8, totals: Floats) -> None:
    """Add rows of the hours that count to the total of their series."""
    for i in range(len(n)):
        if hours[hour[i]]:
            totals[series[i]] += n[i]


@compiled(
    "void(uint32[::1], uint8[::1], uint16[::1], uint8[::1], uint8[::1], uint32[::1], int32[::1],"
    " int32[::1])"
)
def note_codes(
    place: UInt32,
    hour: UInt8,
    series: UInt16,
    hours: UInt8,
    measure: UInt8,
    group_of_place: UInt32,
    code_of_series: Int32,
    codes: Int32,
) -> None:
    """Note by group the code that all of its rows state, or that they state several.

    Rows count as those of `add_up`; `codes` holds `UNSTATED` at first.
    """
    for i in range(len(place)):
        code = code_of_series[series[i]]
        if code < 0 or measure[series[i]] == 0 or hours[hour[i]] == 0:
            continue
        at = group_of_place[place[i]]
        if codes[at] == UNSTATED:
            codes[at] = code
        elif codes[at] != code:
            codes[at] = MIXED

"""The kernel that adds up what a path amounts to, in one pass over its parts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled, inlined
from routing.cost.weight_kernels import MS_PER_M_AT_1_KMH, Kmh, slower
from routing.graph.weights import Floats, Ints

UNSURE, TOLLED, UNSAID, TURNS, DELAY, BASIS, ORIGIN = 0, 1, 2, 3, 4, 5, 8
"""Places in the sums: metres with unknown limits, metres with a toll, parts that do not say whether
they are tolled, edges driven back at once, ms of turning and of what is met, metres by basis of
speed, metres by origin; then m and ms of each leg."""
LENGTH, MARKS = 0, 1
"""Columns of a row: m, and what is said of the edge as a whole number."""
SURE, TOLL, SAID, CARRYING = 1, 2, 4, 8
"""Bits of the marks; above them basis forward and backward, number of the origin, of the road."""
BASIS_AT, BASIS_BITS, ORIGIN_AT, REF_AT = 4, 2, 8, 16
MOST_ORIGINS = 2 ** (REF_AT - ORIGIN_AT) - 1

Bools = NDArray[np.bool_]


@inlined
def add_marked(sums: Floats, metres: float, marks: int, way: int, sure: bool) -> None:
    """Add metres in one direction to the sums of what the marks of their edge say."""
    sums[BASIS + ((marks >> (BASIS_AT + BASIS_BITS * way)) & 3)] += metres
    origin = (marks >> ORIGIN_AT) & MOST_ORIGINS
    if origin:
        sums[ORIGIN + origin - 1] += metres
    if not sure:
        sums[UNSURE] += metres
    if marks & TOLL:
        sums[TOLLED] += metres
    if metres > 0 and not marks & SAID:
        sums[UNSAID] += 1


@inlined
def note(noted: Ints, most: int, edge: int, marks: int) -> None:
    """Note the number of a road where it changes, and an edge that carries something."""
    ref = (marks >> REF_AT) - 1
    if ref >= 0 and (noted[0] == 0 or noted[1 + noted[0]] != ref):
        noted[2 + noted[0]] = ref
        noted[0] += 1
    if marks & CARRYING:
        noted[2 + most + noted[1]] = edge
        noted[1] += 1


@compiled(
    "void(int64[::1], float64[::1], float64[::1], int64[::1], float64[:, ::1], float64[::1],"
    " float32[::1], float64[::1], boolean[::1], float64[::1], int64[::1])",
    at_start=True,
)
def add_up(
    keys: Ints,
    start: Floats,
    stop: Floats,
    first: Ints,
    rows: Floats,
    speed_kmh: Floats,
    cap_kmh: Kmh,
    waits_ms: Floats,
    unsure: Bools,
    sums: Floats,
    noted: Ints,
) -> None:
    """Add up the parts `start`..`stop` of keys driven in order; `sums` and `noted` begin as zeros.

    Leg `i` has the keys `first[i]:first[i + 1]`. `rows` is by edge, `speed_kmh` and `cap_kmh` by
    key, `waits_ms` (what passing what is before a key takes) and `unsure` by place in `keys`, the
    latter empty where the marks tell. `noted` gets how many roads and how many edges there are,
    then the roads (none twice in a row), and from `2 + len(keys)` on the edges.
    """
    at, last = len(sums) - 2 * (len(first) - 1), -1
    for leg in range(len(first) - 1):
        for i in range(first[leg], first[leg + 1]):
            edge, part = keys[i] >> 1, stop[i] - start[i]
            sums[at + 1] += waits_ms[i]
            sums[DELAY] += waits_ms[i]
            if part > 0:
                marks, metres = int(rows[edge, MARKS]), rows[edge, LENGTH] * part
                sure = not unsure[i] if len(unsure) else marks & SURE != 0
                speed = slower(speed_kmh[keys[i]], cap_kmh[keys[i]])
                sums[at] += metres
                add_marked(sums, metres, marks, keys[i] & 1, sure)
                sums[at + 1] += metres * MS_PER_M_AT_1_KMH / speed
                sums[TURNS] += keys[i] ^ 1 == last
                last = keys[i]
                note(noted, len(keys), edge, marks)
        at += 2

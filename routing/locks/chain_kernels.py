"""Kernels of a voyage through a chain of locks: many possible courses of each lock's queue."""

from __future__ import annotations

import numpy as np

from routing.compiled import compiled, inlined
from routing.graph.weights import Floats, Ints


@inlined
def next_chamber(free: Floats) -> int:
    """Return the chamber that is free first."""
    best = 0
    for c in range(1, len(free)):
        if free[c] < free[best]:
            best = c
    return best


@inlined
def first_ready(first: int, arrive: Floats, gone: Ints, share: Floats) -> float:
    """Return when the first of those arrives that are not gone and fit the chamber."""
    for i in range(first, len(arrive)):
        if not gone[i] and share[i] <= 1:
            return float(arrive[i])
    return np.inf


@inlined
def board(first: int, at: float, way: int, ways: Ints, arrive: Floats, gone: Ints, share: Floats)\
        -> None:  # fmt: skip
    """Let those on one side go in by arrival as long as there is room."""
    room = 1.0
    for i in range(first, len(arrive)):
        if gone[i] or ways[i] != way or share[i] > 1:
            continue
        if arrive[i] > at or share[i] > room:
            break
        room -= share[i]
        gone[i] = 1


@inlined
def locked(own: int, ways: Ints, arrive: Floats, share: Floats, lasts: Floats, side: Ints,
           free: Floats, spread: float) -> float:  # fmt: skip
    """Return when vessel `own` is through a lock that serves whoever is there.

    Vessels are in the order of arrival; `share` is by chamber and vessel.
    """
    gone, first = np.zeros(len(arrive), np.int64), 0
    while True:
        while gone[first]:
            first += 1
        c = next_chamber(free)
        at = free[c]
        if at == np.inf:
            return np.inf
        soonest = first_ready(first, arrive, gone, share[c])
        if soonest > at:
            free[c] = soonest
            continue
        way = side[c]
        board(first, at, way, ways, arrive, gone, share[c])
        free[c] = at + lasts[c, way] * max(0.5, np.random.normal(1.0, spread))
        side[c] = 1 - way
        if gone[own]:
            return float(free[c])


@compiled(
    "void(int64[::1], int64[::1], int64[::1], int64[::1], float64[::1], float64[:, ::1],"
    " float64[:, ::1], int64[::1], float64[::1], float64[::1], float64[::1], int64,"
    " float64[:, :, ::1])"
)
def courses(first: Ints, first_ship: Ints, side: Ints, ways: Ints, eta: Floats, share: Floats,
            lasts: Floats, going: Ints, free: Floats, sail: Floats, spreads: Floats, seed: int,
            out: Floats) -> None:  # fmt: skip
    """Write when a voyage comes to each lock and is through it, in as many courses as `out` has.

    Parameters
    ----------
    first, first_ship
        Chambers of lock k are from `first[k]` to before `first[k + 1]`; its ships likewise, the
        voyage's own vessel last.
    side, free, lasts
        Of each chamber: side it stands on, when it is free, seconds of a lockage from each side.
    ways, eta, share
        Of each ship: the way it goes, when it is expected, what it takes of each chamber of the
        lock (columns by chamber; above 1 does not fit).
    going, sail
        By lock: the way of the voyage; seconds from what lies before it to the lock.
    spreads
        Standard deviations: of an arrival that is expected, seconds; of a lockage and of sailing,
        as shares. Then when the voyage begins.
    seed
        Of what is drawn: the same for the same seed.
    out
        By course and lock: arrival, end of the lockage.
    """
    np.random.seed(seed)
    for course in range(len(out)):
        at = spreads[3]
        for k in range(len(going)):
            at += sail[k] * max(0.5, np.random.normal(1.0, spreads[2]))
            a, b, c, d = first_ship[k], first_ship[k + 1], first[k], first[k + 1]
            arrive = eta[a:b] + np.random.normal(0.0, spreads[0], b - a)
            arrive[-1] = out[course, k, 0] = at
            order = np.argsort(arrive)
            own = int(np.flatnonzero(order == b - a - 1)[0])
            chambers = np.ascontiguousarray(share[a:b, : d - c][order].T)
            at = locked(own, ways[a:b][order], arrive[order], chambers, lasts[c:d],
                        side[c:d].copy(), free[c:d].copy(), spreads[1])  # fmt: skip
            out[course, k, 1] = at

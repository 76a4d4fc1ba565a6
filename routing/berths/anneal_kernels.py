"""Kernel of the search: order, quays and places of vessels changed one by one, by annealing.

Of a change only the quays that it touches are laid anew. Method: simulated annealing over the order
in which vessels are laid, as Kim and Moon (2003), "Berth scheduling by simulated annealing",
Transportation Research Part B 37; quays, tides and wished places are part of the state here.
"""

from __future__ import annotations

import math

import numpy as np

from routing.berths.place_kernels import CAP, LEFT, RIGHT, ROOM, SINGLE, X, lay
from routing.compiled import compiled, inlined
from routing.graph.weights import Floats, Ints

MOVED, SWAPPED, EXCHANGED, REQUAYED = 0.35, 0.55, 0.65, 0.85
"""Shares of changes, summed up: another turn, two turns swapped, quays too, another quay."""


@inlined
def turn(order: Ints, was: int, to: int) -> None:
    """Move what stands at `was` to `to`."""
    v, step = order[was], 1 if to > was else -1
    for p in range(was, to, step):
        order[p] = order[p + step]
    order[to] = v


@inlined
def wish_of(v: int, k: int, quays: Ints, size: Ints, quay: Ints, found: Ints) -> int:
    """Return a place to wish for: beside another vessel, at an end, or whatever is free first."""
    last, chance = quays[k, CAP] - size[v, k], np.random.random()
    if chance < 0.4:
        return LEFT if chance < 0.2 else RIGHT
    u = np.random.randint(len(quay))
    if chance < 0.5 or quay[u] != k or u == v:
        return 0 if np.random.random() < 0.5 else int(last)
    x = found[X, u] + found[ROOM, u] if chance < 0.75 else found[X, u] - size[v, k]
    return int(min(max(x, 0), last))


@inlined
def change(order: Ints, quay: Ints, wish: Ints, quays: Ints, size: Ints, found: Ints)\
        -> tuple[int, int]:  # fmt: skip
    """Change the state at one place; return the two vessels that it was about."""
    n, kind = len(order), np.random.random()
    p, q = np.random.randint(n), np.random.randint(n)
    v, u = order[p], order[q]
    if kind < MOVED:
        turn(order, p, q)
    elif kind < EXCHANGED:
        order[p], order[q] = u, v
        swapped = kind >= SWAPPED and size[v, quay[u]] >= 0 and size[u, quay[v]] >= 0
        if swapped:
            quay[v], quay[u] = quay[u], quay[v]
    elif kind < REQUAYED and len(quays) > 1:
        k = np.random.randint(len(quays))
        if size[v, k] >= 0:
            quay[v], wish[v] = k, min(wish[v], quays[k, CAP] - size[v, k])
        turn(order, p, q)
    elif quays[quay[v], SINGLE]:
        turn(order, p, q)
    else:
        wish[v] = wish_of(v, quay[v], quays, size, quay, found)
    return v, u


@compiled(
    "int64(int64[:, ::1], int64[:, ::1], int64[:, ::1], int64[:, ::1], int64[:, ::1],"
    " int64[:, ::1], int64[:, ::1], int64, int64[:, ::1], int64[:, ::1], int64[:, ::1],"
    " float64[::1], int64)"
)
def anneal(quays: Ints, vessels: Ints, size: Ints, lasts: Ints, ready: Ints, gates: Ints,
           blocks: Ints, gap: int, state: Ints, best: Ints, found: Ints, heat: Floats,
           seed: int) -> int:  # fmt: skip
    """Change `state` (rows: order, quay, wish), write the best to `best`; return its cost.

    `heat` is how many changes are tried, the temperature at first and at last.
    """
    np.random.seed(seed)
    port = (quays, vessels, size, lasts, ready, gates, blocks, gap)
    order, quay, wish = state[0], state[1], state[2]
    lying = np.empty((4, len(order) + len(blocks)), np.int64)
    costs, fresh = np.zeros(len(quays), np.int64), np.zeros(len(quays), np.int64)
    for k in range(len(quays)):
        costs[k] = lay(k, order, quay, wish, port, lying, found)
    total, least, kept = costs.sum(), costs.sum(), state.copy()
    best[:] = state
    steps = int(heat[0])
    warm, cooling = heat[1], (heat[2] / heat[1]) ** (1 / max(1, steps))
    for _ in range(steps):
        warm *= cooling
        kept[:] = state
        v, u = change(order, quay, wish, quays, size, found)
        delta = 0
        for k in range(len(quays)):
            fresh[k] = costs[k]
            if k == quay[v] or k == quay[u] or k == kept[1, v] or k == kept[1, u]:
                fresh[k] = lay(k, order, quay, wish, port, lying, found)
                delta += fresh[k] - costs[k]
        if delta <= 0 or np.random.random() < math.exp(-delta / warm):
            costs[:] = fresh
            total += delta
            if total < least:
                least = total
                best[:] = state
        else:
            state[:] = kept
    return int(least)

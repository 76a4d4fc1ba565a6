"""Kernel of the bound: a price for each minute of each quay, and the cheapest berthing at it.

Lagrangian relaxation of the room along the quays: vessels no longer keep apart, but pay for the
room that they and their gaps take. Whatever the prices, what all vessels pay less what all room is
worth is below every plan. Prices are raised where too much is asked, by subgradients.
"""

from __future__ import annotations

import numpy as np

from routing.berths.place_kernels import CAP, FAR, GATE_IN, GATE_OUT, cost_of, opened
from routing.compiled import compiled, inlined
from routing.graph.weights import Floats, Ints


@inlined
def cheapest(v: int, quays: Ints, vessels: Ints, size: Ints, lasts: Ints, ready: Ints,
             gates: Ints, gap: int, sums: Floats) -> tuple[float, int, int, int]:  # fmt: skip
    """Return least cost with prices of a vessel, and the quay, begin and end that it is at."""
    end = sums.shape[1] - 1
    least, quay, since, until = np.inf, -1, 0, 0
    for k in range(len(quays)):
        if size[v, k] < 0:
            continue
        share = size[v, k] / quays[k, CAP]
        begin = opened(gates, vessels[v, GATE_IN], ready[v, k])
        while begin < FAR:
            leaves = opened(gates, vessels[v, GATE_OUT], begin + lasts[v, k])
            own = float(cost_of(vessels, v, leaves))
            if leaves >= FAR or own >= least:
                break
            paid = own + share * (sums[k, min(leaves + gap, end)] - sums[k, min(begin, end)])
            if paid < least:
                least, quay, since, until = paid, k, begin, leaves + gap
            if begin >= end:
                break
            begin = opened(gates, vessels[v, GATE_IN], begin + 1)
    return least, quay, since, until


@inlined
def excess(prices: Floats, asked: Floats) -> float:
    """Sum up what begins and ends to what is asked for beyond the room; return its square.

    Where nothing is asked too much and nothing is paid, no price can change: it is not counted.
    """
    square, end = 0.0, prices.shape[1]
    for k in range(len(prices)):
        asked[k, :end] = np.cumsum(asked[k, :end]) - 1.0
        for t in range(end):
            if prices[k, t] > 0 or asked[k, t] > 0:
                square += asked[k, t] ** 2
    return float(square)


@compiled(
    "float64(int64[:, ::1], int64[:, ::1], int64[:, ::1], int64[:, ::1], int64[:, ::1],"
    " int64[:, ::1], int64, float64[:, ::1], float64[::1], int64, int64)"
)
def bound(quays: Ints, vessels: Ints, size: Ints, lasts: Ints, ready: Ints, gates: Ints, gap: int,
          prices: Floats, steps: Floats, upper: int, rounds: int) -> float:  # fmt: skip
    """Raise and lower `prices` (quays by minutes) some rounds; return the best bound in them.

    `steps` are the length of a step and the best bound, kept between calls.
    """
    many, end = prices.shape
    sums, asked = np.zeros((many, end + 1)), np.zeros((many, end + 1))
    idle = 0
    for _ in range(rounds):
        worth = prices.sum()
        for k in range(many):
            sums[k, 1:] = np.cumsum(prices[k])
        asked[:] = 0
        for v in range(len(vessels)):
            least, k, since, until = cheapest(
                v, quays, vessels, size, lasts, ready, gates, gap, sums
            )
            worth -= least
            if since < end:
                share = size[v, k] / quays[k, CAP]
                asked[k, since] += share
                asked[k, min(until, end)] -= share
        idle += 1
        if -worth > steps[1] + 1e-9:
            steps[1], idle = -worth, 0
        elif idle >= 15:
            steps[0], idle = steps[0] / 1.5, 0
        square = excess(prices, asked)
        if square <= 0 or steps[1] >= upper:
            break
        step = steps[0] * (upper + worth) / square
        for k in range(many):
            prices[k] = np.maximum(0.0, prices[k] + step * asked[k, :end])
    return float(steps[1])

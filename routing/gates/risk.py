"""How likely it is that more trucks ever wait at a gate than have room; the quota that keeps it.

The gate is an M(t)/M/c queue: trucks of a slot come at random over it, and services are taken as
exponential. Both spread more than what happens, as a slot holds a set number of trucks and services
spread less than their mean. The first time at which one truck too many waits ends the chain, so
that what has ended by the last slot is the chance of it happening at any time (a first-passage
probability; Kulkarni, Modeling and Analysis of Stochastic Systems, 2016, ch. 6). A truck with more
moves counts as several.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy  # loads its heavy parts when they are first used

from routing.gates.model import Asked
from routing.graph.weights import Floats

STEPS = 40
"""Halvings of the share of its lanes that a slot may be filled to."""
FULLEST = 2.0


def risk_of(asked: Asked, load: Sequence[float]) -> float:
    """Return how likely it is that at any time more trucks wait than have room.

    `load` is what comes in each slot, in services of one move.
    """
    room, slot_s = asked.gate.queue_most, asked.rule.slot_min * 60.0
    size = max(asked.gate.lanes) + room + 2
    state: Floats = np.zeros(size)
    state[0] = 1.0
    made: dict[tuple[int, float], Floats] = {}
    for lanes, comes in zip(asked.gate.lanes, load, strict=True):
        key = (lanes, comes)
        if key not in made:
            rates = _rates(lanes, room, size, comes / slot_s, 1 / asked.service.seconds)
            made[key] = scipy.linalg.expm(rates * slot_s)
        over = state[lanes + room + 1 : -1].sum()
        state[lanes + room + 1 : -1] = 0.0
        state[-1] += over
        state = state @ made[key]
    return float(min(1.0, max(0.0, state[-1])))


def _rates(lanes: int, room: int, size: int, comes: float, served: float) -> Floats:
    """Return the generator of the chain; its last state is that too many have waited."""
    rates: Floats = np.zeros((size, size))
    for there in range(lanes + room + 1):
        up = size - 1 if there == lanes + room else there + 1
        rates[there, up] += comes
        if there:
            rates[there, there - 1] += min(there, lanes) * served
        rates[there, there] = -rates[there].sum()
    return rates


def quotas(asked: Asked) -> Floats:
    """Return what may come in each slot, in services of one move, so that the risk is kept.

    All slots are filled to the same share of what their lanes serve. Slots filled less have no more
    risk, for fewer come at each time.
    """
    slot_s, seconds = asked.rule.slot_min * 60.0, asked.service.seconds
    full = np.array(asked.gate.lanes) * slot_s / seconds
    low, high = 0.0, FULLEST
    for _ in range(STEPS):
        middle = (low + high) / 2
        kept = risk_of(asked, (full * middle).tolist()) <= asked.rule.risk_most
        low, high = (middle, high) if kept else (low, middle)
    return np.asarray(full * low, np.float64)

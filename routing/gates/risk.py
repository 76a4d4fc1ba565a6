"""How likely it is that more trucks ever wait at a gate than have room; the quota that keeps it.

The gate is an M(t)/M/c queue: trucks of a slot come at random over it, and services are taken as
exponential. Both spread more than what happens, as a slot holds a set number of trucks and services
spread less than their mean. The first time at which one truck too many waits ends the chain, so
that what has ended by the last slot is the chance of it happening at any time (a first-passage
probability; Kulkarni, Modeling and Analysis of Stochastic Systems, 2016, ch. 6). A truck with more
moves counts as several.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy  # loads its heavy parts when they are first used

from routing.gates.model import Asked
from routing.graph.weights import Floats

STEPS = 40
"""Halvings of the share of its lanes that a slot may be filled to."""
FULLEST = 2.0
TAIL = 8.0
"""How many standard deviations of a Poisson number are taken in."""
PER_PART = 200.0
"""Events of a part of a slot: e^-200 is far from the least number that a float holds."""
LEAST = 1e-15
"""A chance that is taken to be none."""


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


def expected_queues(asked: Asked, load: Sequence[float]) -> list[float]:
    """Return how many trucks are expected to wait at the end of each slot, in services of one move.

    The same chain without an end: all who come wait, however little room there is. A closed slot
    serves nobody.
    """
    each = asked.rule.slot_min * 60.0 / asked.service.seconds
    state, waiting = np.ones(1), []
    for lanes, comes in zip(asked.gate.lanes, load, strict=True):
        state = _pass(state, comes, lanes, each)
        waiting.append(float(np.maximum(np.arange(len(state)) - lanes, 0) @ state))
    return waiting


def _pass(state: Floats, comes: float, lanes: int, each: float) -> Floats:
    """Return how likely it is a slot later that so many are there, by uniformization.

    `each` is what a lane serves in a slot. After Jensen, Markoff chains as an aid in the study of
    Markoff processes, 1953.
    """
    room = math.ceil(comes + TAIL * math.sqrt(comes) + TAIL) if comes else 0
    found: Floats = np.concatenate([state, np.zeros(room)])
    leaving = np.minimum(np.arange(len(found)), lanes) * each
    most = comes + float(leaving.max())
    parts = math.ceil(most / PER_PART)
    for _ in range(parts):
        found = _part(found, comes / parts, leaving / parts, most / parts)
    return found[: np.flatnonzero(found > LEAST)[-1] + 1]


def _part(state: Floats, comes: float, leaving: Floats, most: float) -> Floats:
    """Return the state after a part of a slot in which at most `most` events are expected."""
    up, down = comes / most, leaving[1:] / most
    stay = 1 - up - leaving / most
    stay[-1] += up
    weight = math.exp(-most)
    found = weight * state
    for number in range(1, math.ceil(most + TAIL * math.sqrt(most) + TAIL)):
        moved = state * stay
        moved[1:] += state[:-1] * up
        moved[:-1] += state[1:] * down
        state = moved
        weight *= most / number
        found += weight * state
    return found


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

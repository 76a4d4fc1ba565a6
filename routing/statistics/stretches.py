"""Stretches of a road: which segments are hot or cold, and which of them stand together."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.graph.weights import Floats, Ints
from routing.statistics.rates import Rates, chance_below

HOT: Final = 1
COLD: Final = -1
ORDINARY: Final = 0
NOT_INSPECTED: Final = 2
SHORT: Final = 3
JOINED = (HOT, COLD, NOT_INSPECTED)
"""States of segments that stand together where they touch."""


def segment_states(
    events: Floats, exposure: Floats, rates: Rates, ratio: float, false_share: float
) -> tuple[NDArray[np.int8], Floats]:
    """Return the state of each segment and the chance that it is wrong, NaN where it has no rate.

    Hot is a segment whose true rate is more than `ratio` times the pooled one, cold one below the
    pooled rate by as much, by the posterior of the rates: with a chance of at most `false_share`
    that it is not. The share of false findings that is to be expected, the mean of these chances,
    is then at most as much (Newton, Noueiry, Sarkar and Ahlquist 2004, Biostatistics 5(2)). A
    segment with more events than exposure is `SHORT`: records are missing.
    """
    state = np.full(events.shape, NOT_INSPECTED, np.int8)
    state[exposure > 0] = ORDINARY
    state[(exposure > 0) & (events > exposure)] = SHORT
    known = state == ORDINARY
    given = events[known], exposure[known], rates.pooled, rates.variance
    not_hot = chance_below(*given, rates.pooled * ratio)
    not_cold = 1.0 - chance_below(*given, rates.pooled / ratio)
    wrong = np.full(events.shape, np.nan)
    wrong[known] = np.minimum(not_hot, not_cold)
    side = np.full(events.shape, COLD, np.int8)
    side[known] = np.where(not_hot < not_cold, HOT, COLD)
    found = wrong <= false_share
    state[found] = side[found]
    return state, wrong


def join(state: NDArray[np.int8], run: Ints) -> Ints:
    """Return the number of the stretch of each segment, rising from 0.

    Segments that follow each other in a run and are both hot, both cold or both not inspected are
    one stretch; any other segment stands for itself.
    """
    if not len(state):
        return np.zeros(0, np.int64)
    same = (state[1:] == state[:-1]) & (run[1:] == run[:-1]) & np.isin(state[1:], JOINED)
    return np.concatenate([[0], np.cumsum(~same)]).astype(np.int64)

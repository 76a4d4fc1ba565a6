"""What a surface of heat says of each cell: state, value, and what they stand on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layers.declare.base import Text
from layers.functions.surface import (
    NO_STATISTIC,
    NOT_INSPECTED,
    ONE_PERIOD,
    RATED,
    SHORT,
    Before,
)
from layers.heat.held_cube import Sums
from layers.processes.law.surfaces import hot_spot_surface
from layers.processes.readers.heat_rows import HeatCells
from routing.graph.weights import Bools, Floats, Ints
from routing.statistics.neighbours import touching
from routing.statistics.rates import Posterior, posterior

States = NDArray[np.uint8]
NO_NEIGHBOURS, ALL_EQUAL = "no_neighbours", "all_equal"
REASONS = {
    NO_NEIGHBOURS: Text(
        zh="没有任何已检查的单元与另一个已检查的单元相邻",
        en="no inspected cell touches another inspected one",
    ),
    ALL_EQUAL: Text(
        zh="已检查的单元数值全部相同，或彼此全部相邻",
        en="all inspected cells are equal, or all of them touch the cell",
    ),
}
"""Why inspected cells have no statistic."""


@dataclass(frozen=True)
class Numbers:
    """State and value of each cell; rates with their posterior, hot spots with their signs."""

    sums: Sums
    state: States
    value: Floats
    posterior: Posterior | None = None
    spot: NDArray[np.int8] | None = None
    before: Before | None = None
    reason: str | None = None


def states_of_sums(events: Floats, exposure: Floats) -> States:
    """Return the state of each cell of one period."""
    short = np.where(events > exposure, SHORT, RATED)
    return np.where(exposure > 0, short, NOT_INSPECTED).astype(np.uint8)


def rate_numbers(sums: Sums) -> Numbers:
    """Return shrunk rates; their intervals are computed where they are shown."""
    state = states_of_sums(sums.events, sums.exposure)
    known: Bools = state == RATED
    value = np.full(len(state), np.nan)
    if not known.any():
        return Numbers(sums, state, value)
    found = posterior(sums.events[known], sums.exposure[known])
    value[known] = found.rate
    return Numbers(sums, state, value, found)


def difference_numbers(now: Sums, then: Sums) -> Numbers:
    """Return rates now minus those before, each shrunk among the cells of its own period.

    A cell that was inspected in one of both has no difference, and a state of its own.
    """
    keys = np.union1d(now.keys, then.keys)
    one, two = (rate_numbers(_spread(sums, keys)) for sums in (now, then))
    both: Bools = (one.state == RATED) & (two.state == RATED)
    seen = (one.state != NOT_INSPECTED) * 1 + (two.state != NOT_INSPECTED)
    state = np.select(
        [both, (one.state == SHORT) | (two.state == SHORT), seen == 1],
        [RATED, SHORT, ONE_PERIOD], NOT_INSPECTED,
    ).astype(np.uint8)  # fmt: skip
    value = np.where(both, one.value - two.value, np.nan)
    if one.posterior is None or two.posterior is None:
        return Numbers(one.sums, state, value)
    later, earlier = (
        _some(part.posterior, both[part.state == RATED])
        for part in (one, two) if part.posterior is not None
    )  # fmt: skip
    counts = two.sums.events.astype(np.int64), two.sums.exposure.astype(np.int64)
    return Numbers(one.sums, state, value, later, before=Before(earlier, *counts))


def hot_spot_numbers(sums: Sums, false_share: float, *, adjusted: bool) -> Numbers:
    """Return z of hot spots; inspected cells have no statistic where there is none, and why."""
    state = states_of_sums(sums.events, sums.exposure)
    known: Bools = state == RATED
    value, spot = np.full(len(state), np.nan), np.zeros(len(state), np.int8)
    reason = NO_NEIGHBOURS
    if touching(sums.keys[known]):
        found = hot_spot_surface(_cells(sums), false_share, adjusted=adjusted)
        value, reason = found.value, ALL_EQUAL
        spot = spot if found.spot is None else found.spot
    without = known & np.isnan(value)
    state[without] = NO_STATISTIC
    return Numbers(sums, state, value, spot=spot, reason=reason if without.any() else None)


def _cells(sums: Sums) -> HeatCells:
    return HeatCells(sums.keys, [], sums.events, sums.exposure)


def _spread(sums: Sums, keys: Ints) -> Sums:
    """Return sums of more cells, 0 where there were none."""
    at = np.searchsorted(keys, sums.keys)
    events, exposure = np.zeros(len(keys)), np.zeros(len(keys))
    events[at], exposure[at] = sums.events, sums.exposure
    return Sums(keys, events, exposure)


def _some(of: Posterior, kept: Bools) -> Posterior:
    return Posterior(of.pooled, of.variance, of.rate[kept], of.shape[kept], of.scale[kept])

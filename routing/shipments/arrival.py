"""When a shipment will arrive: its plan and what became of it so far, played through many times.

Departures wait for what came before and then are late by a draw of their mode; so are runs. Draws
come from what legs of a mode did before (their quantiles), or from stated scenarios. What has not
happened by now happens later than now: draws are conditioned on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from routing.graph.weights import Floats
from spatial.transport_modes import Mode

Scenario = tuple[float, Mapping[str, int]]
"""A state of the world: its share, and how late legs of a mode arrive in it (s)."""
PLAYED = 4096
_NOTHING_BEFORE = np.full(PLAYED, -np.inf)
_SEED = 20_260_302
"""Fixed, so that the same question has the same answer."""


@dataclass(frozen=True)
class LegTimes:
    """A leg in Unix seconds: planned, and what is known to have happened (None: not yet)."""

    mode: Mode
    departs: float
    arrives: float
    departed: float | None = None
    arrived: float | None = None


@dataclass
class Lateness:
    """What legs of one mode did: seconds after they could have left, seconds longer on the way."""

    departs_late_s: list[float] = field(default_factory=list)
    runs_late_s: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Prediction:
    """An arrival in Unix seconds: bounds of the interval, the median, what draws came from."""

    low: float
    middle: float
    high: float
    learnt: tuple[Mode, ...]
    assumed: tuple[Mode, ...]


def learn(past: Sequence[Sequence[LegTimes]], change_s: float) -> dict[Mode, Lateness]:
    """Return what the legs of past shipments did, by mode; only what both ends are known of."""
    found: dict[Mode, Lateness] = {}
    for legs in past:
        ready: float | None = None
        for number, leg in enumerate(legs):
            own = found.setdefault(leg.mode, Lateness())
            known = number == 0 or ready is not None
            if leg.departed is not None and known:
                base = leg.departs if ready is None else max(leg.departs, ready + change_s)
                own.departs_late_s.append(leg.departed - base)
            if leg.departed is not None and leg.arrived is not None:
                own.runs_late_s.append(leg.arrived - leg.departed - (leg.arrives - leg.departs))
            ready = leg.arrived
    return found


def predict(
    legs: Sequence[LegTimes],
    past: Mapping[Mode, Lateness],
    scenarios: Sequence[Scenario],
    now: float,
    *,
    change_s: float,
    least: int,
    share: float,
) -> Prediction:
    """Return when the last leg arrives.

    Parameters
    ----------
    legs
        At least one, in order.
    past
        What legs did before.
    scenarios
        What stands in for modes that are not known: late arrivals by mode (s) and their shares.
    now
        Unix seconds; what is not known to have happened had not by then.
    change_s
        The least time between an arrival and the next departure.
    least
        A mode of `past` counts from so many runs on.
    share
        How much of the distribution the interval holds.
    """
    known = {mode for mode, one in past.items() if len(one.runs_late_s) >= least}
    used = {mode: one for mode, one in past.items() if mode in known}
    ready = _play(legs, used, scenarios, now, change_s)
    tail = (1 - share) / 2
    low, middle, high = np.quantile(ready, [tail, 0.5, 1 - tail])
    modes = sorted({leg.mode for leg in legs})
    return Prediction(
        float(low), float(middle), float(high), tuple(mode for mode in modes if mode in known),
        tuple(mode for mode in modes if mode not in known),
    )  # fmt: skip


def _play(
    legs: Sequence[LegTimes], past: Mapping[Mode, Lateness], scenarios: Sequence[Scenario],
    now: float, change_s: float,
) -> Floats:  # fmt: skip
    """Return the arrivals (PLAYED,) of the last leg."""
    rng = np.random.default_rng(_SEED)
    world = rng.permutation((np.arange(PLAYED) + 0.5) / PLAYED)
    ready = _NOTHING_BEFORE
    for leg in legs:
        if leg.arrived is not None:
            ready = np.full(PLAYED, leg.arrived)
            continue
        own = past.get(leg.mode)
        left = _leaves(leg, ready, own, now, change_s, rng)
        run = leg.arrives - leg.departs
        if own is None:
            ready = np.maximum(left + run + _late(leg.mode, scenarios, world), now)
        else:
            ready = left + run + _drawn(own.runs_late_s, now - left - run, rng)
    return ready


def _leaves(
    leg: LegTimes, ready: Floats, own: Lateness | None, now: float, change_s: float,
    rng: np.random.Generator,
) -> Floats:  # fmt: skip
    if leg.departed is not None:
        return np.full(PLAYED, leg.departed)
    base = np.maximum(leg.departs, ready + change_s)
    if own is None or not own.departs_late_s:
        return np.maximum(base, now)
    return base + _drawn(own.departs_late_s, now - base, rng)


def _drawn(values: Sequence[float], least: Floats, rng: np.random.Generator) -> Floats:
    """Return draws of values, one for each of `least` that it is not below, where there are any.

    Between the values the quantiles are straight; where none is so large the bound itself is drawn.
    """
    known = np.sort(np.asarray(values, np.float64))
    at = (np.arange(len(known)) + 0.5) / len(known)
    begun = np.interp(least, known, at, left=0.0, right=1.0)
    u = rng.permutation((np.arange(len(least)) + 0.5) / len(least))
    drawn: Floats = np.maximum(np.interp(begun + u * (1 - begun), at, known), least)
    return drawn


def _late(mode: Mode, scenarios: Sequence[Scenario], world: Floats) -> Floats:
    """Return how late arrivals of a mode are in the scenario that each draw of the world is in."""
    ends = np.cumsum([share for share, _ in scenarios])
    which = np.minimum(np.searchsorted(ends, world), len(scenarios) - 1)
    late: Floats = np.array([late_s.get(mode, 0) for _, late_s in scenarios], np.float64)
    return late[which]

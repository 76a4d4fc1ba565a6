"""The few itineraries that people are shown of a front, and what is lost by showing so few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from routing.graph.weights import Floats
from routing.multimodal.bag_kernels import UNKNOWN
from routing.multimodal.hypervolume_kernels import choose, hypervolume
from routing.multimodal.itinerary import Itinerary

MARGIN = 0.1
"""How far beyond the worst of the front the volume reaches, as a share of its width."""
MOST_LOOKED_AT = 120
"""Of a larger front the best by each measure and evenly of the rest are looked at."""


@dataclass(frozen=True)
class Cards:
    """The numbers of the itineraries chosen, and their share of the front's hypervolume."""

    chosen: tuple[int, ...]
    share: float


def choose_cards(front: Sequence[Itinerary], most: int = 5) -> Cards:
    """Return up to so many itineraries of a front, in its order.

    They are chosen one after the other, each that which adds the most to the volume of what is
    worse in arrival, cost, CO2 and transfers. Of intervals the upper end counts, the lower one
    where no upper end is known.
    """
    if len(front) <= most:
        return Cards(tuple(range(len(front))), 1.0)
    points = _unit(np.array([_measures(one) for one in front], np.float64))
    looked = _spread(points)
    order = np.argsort(points[:, 0], kind="stable").astype(np.float64)
    slabs, levels = (np.append(np.unique(points[:, k]), 1.0) for k in (2, 3))
    everything = np.ones(len(points), np.bool_)
    whole = hypervolume(points, order, everything, slabs, levels)
    few = np.ascontiguousarray(points[looked])
    order_few = np.argsort(few[:, 0], kind="stable").astype(np.float64)
    slabs_few, levels_few = (np.append(np.unique(few[:, k]), 1.0) for k in (2, 3))
    chosen = looked[choose(few, order_few, slabs_few, levels_few, most)]
    kept = np.zeros(len(points), np.bool_)
    kept[chosen] = True
    share = hypervolume(points, order, kept, slabs, levels) / whole
    return Cards(tuple(sorted(chosen.tolist())), float(share))


def _measures(one: Itinerary) -> tuple[int, int, int, int]:
    low, high, light, heavy = one.amounts
    cost = low if high >= UNKNOWN else high
    return one.ready, cost, light if heavy >= UNKNOWN else heavy, one.transfers


def _unit(values: Floats) -> Floats:
    """Return values between 0, the best of each measure, and less than 1, beyond the worst."""
    best = values.min(axis=0)
    width = np.maximum((values.max(axis=0) - best) * (1 + MARGIN), 1e-9)
    return np.ascontiguousarray((values - best) / width)


def _spread(points: Floats) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the numbers of the points to look at."""
    if len(points) <= MOST_LOOKED_AT:
        return np.arange(len(points))
    even = np.linspace(0, len(points) - 1, MOST_LOOKED_AT - 4).round().astype(np.int64)
    return np.unique(np.concatenate([points.argmin(axis=0), even]))

"""The few itineraries that people are shown of a front, and what is lost by showing so few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from routing.graph.weights import Floats, Ints
from routing.multimodal.bag_kernels import UNKNOWN
from routing.multimodal.hypervolume_kernels import choose, choose_best, hypervolume
from routing.multimodal.itinerary import Itinerary

MARGIN = 0.1
"""How far beyond the worst of the front the volume reaches, as a share of its width."""
MOST_LOOKED_AT = 120
"""Of a larger front the best by each measure and evenly of the rest are looked at."""
WORK = 4e7
"""So much is done to prove that no others keep more: some hundredths of a second."""
ENOUGH = 0.95
"""The share that a reader should not fall short of."""


@dataclass(frozen=True)
class Cards:
    """The numbers of the itineraries chosen, and their share of the front's hypervolume.

    `best` tells that no other choice of as many is known to keep more: it is proven. `enough` is
    how many, one after the other, keep `ENOUGH`.
    """

    chosen: tuple[int, ...]
    share: float
    best: bool = True
    enough: int = 0


def choose_cards(front: Sequence[Itinerary], most: int = 5) -> Cards:
    """Return up to so many itineraries of a front, in its order.

    They are those that keep the most of the volume of what is worse in arrival, cost, CO2 and
    transfers. Of intervals the upper end counts, the lower one where no upper end is known.
    """
    if not front:
        return Cards((), 1.0)
    points = to_unit(np.array([_measures(one) for one in front], np.float64))
    looked = _spread(points)
    whole = Volume(points).of(np.arange(len(points)))
    few = Volume(np.ascontiguousarray(points[looked]))
    everything = choose(few.points, few.order, few.slabs, few.levels, len(looked))
    enough = next(
        (n for n in range(1, len(looked)) if few.of(everything[:n]) >= ENOUGH * whole), len(looked)
    )
    if len(front) <= most:
        return Cards(tuple(range(len(front))), 1.0, True, enough)
    found, best = choose_best(
        few.points, few.order, few.slabs, few.levels, everything[:most].copy(),
        int(WORK / (len(few.levels) * len(few.slabs) * len(looked))),
    )  # fmt: skip
    chosen = looked[found]
    share = Volume(points).of(chosen) / whole
    proven = best and len(looked) == len(points)
    return Cards(tuple(sorted(chosen.tolist())), float(share), proven, enough)


class Volume:
    """Points (n, 4) of the unit cube as kernels take them."""

    def __init__(self, points: Floats) -> None:
        self.points = points
        self.order = np.argsort(points[:, 0], kind="stable").astype(np.float64)
        self.slabs, self.levels = (np.append(np.unique(points[:, k]), 1.0) for k in (2, 3))

    def of(self, numbers: Ints) -> float:
        """Return the volume of what some of them are better than."""
        kept = np.zeros(len(self.points), np.bool_)
        kept[numbers] = True
        return float(hypervolume(self.points, self.order, kept, self.slabs, self.levels))


def _measures(one: Itinerary) -> tuple[int, int, int, int]:
    low, high, light, heavy = one.amounts
    cost = low if high >= UNKNOWN else high
    return one.ready, cost, light if heavy >= UNKNOWN else heavy, one.transfers


def to_unit(values: Floats) -> Floats:
    """Return values between 0, the best of each measure, and less than 1, beyond the worst."""
    best = values.min(axis=0)
    width = np.maximum((values.max(axis=0) - best) * (1 + MARGIN), 1e-9)
    return np.ascontiguousarray((values - best) / width)


def _spread(points: Floats) -> Ints:
    """Return the numbers of the points to look at."""
    if len(points) <= MOST_LOOKED_AT:
        return np.arange(len(points))
    even = np.linspace(0, len(points) - 1, MOST_LOOKED_AT - 4).round().astype(np.int64)
    return np.unique(np.concatenate([points.argmin(axis=0), even]))

"""A leg as it is driven from one place to the next: what it runs over, and what it takes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from routing.cost.profile import Costs
from routing.graph.weights import Floats, Ints
from routing.index.snap import SnapPoint
from routing.query.enclave import Stretch
from routing.query.leg_kernels import find_turns


class Leg(NamedTuple):
    """A way between two spots.

    `keys` are driven in order, over `arcs`; of each one the part `start`..`stop` (0..1 in driving
    direction). `weight` is that of the search, in ms. `begin` and `end` are what is driven before
    the core of the network and off it, where that is open at the ends of a path only.
    """

    source: SnapPoint
    target: SnapPoint
    keys: Ints
    start: Floats
    stop: Floats
    arcs: Ints
    weight: float
    begin: Stretch | None = None
    end: Stretch | None = None

    @property
    def edges(self) -> Ints:
        """The edges in driving order."""
        return self.keys >> 1

    def waits_ms(self, costs: Costs) -> Floats:
        """Return by key what passing what is before it, and turning there, take in ms."""
        found = np.zeros(len(self.keys))
        found[1:] = costs.waits.passing(self.keys, self.arcs)
        back = np.flatnonzero(find_turns(self.keys, self.start, self.stop))
        paid = costs.waits.turning(self.arcs[back], self.keys[back] ^ 1)
        found[back] += np.maximum(costs.turning.ms - paid, 0)
        return found

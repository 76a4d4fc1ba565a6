"""A computed surface: the numbers of all of its cells as parallel columns, and what they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from layers.functions.cells import CellKind
from layers.functions.polygons import Polygons
from routing.graph.weights import Bools, Floats, Ints
from routing.statistics.rates import Posterior, Rates, difference, gamma_interval
from spatial.json_types import Document

RATED, NOT_INSPECTED, SHORT, ONE_PERIOD, NO_STATISTIC = range(5)
STATES = ("rated", "not_inspected", "short", "one_period", "no_statistic")
NO_CLASS = -1


@dataclass(frozen=True, slots=True)
class Before:
    """The earlier period of a difference: counts of all cells, posterior of the rated ones."""

    posterior: Posterior
    events: Ints
    exposure: Ints


@dataclass(frozen=True)
class CellSurface:
    """Cells of the surface `name` by rising key, with state, value, class and counts.

    A value is NaN for none, a class −1 for none.

    `posterior` is that of the cells with state rated, in their order; the interval of a cell is
    computed when it is asked for. `before` is that of a difference. `reason` is why cells have no
    statistic. `summary` names method, parameters and rules.
    """

    name: str
    kind: CellKind
    keys: Ints
    state: NDArray[np.uint8]
    value: Floats
    colour: NDArray[np.int8]
    events: Ints
    exposure: Ints
    spot: NDArray[np.int8] | None
    posterior: Posterior | None
    interval_level: float
    summary: Document
    before: Before | None = None
    reason: str | None = None
    units: dict[int, str | None] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def _number_of_rated(self) -> Ints:
        return np.cumsum(self.state == RATED) - 1

    def interval(self, of: Ints) -> tuple[Floats, Floats]:
        """Return lower and upper bound of cells by their numbers; NaN where there is none."""
        lower, upper = np.full(len(of), np.nan), np.full(len(of), np.nan)
        if self.posterior is not None:
            rated: Bools = self.state[of] == RATED
            at = self._number_of_rated[of[rated]]
            now = _rates(self.posterior, at, self.interval_level)
            lower[rated], upper[rated] = now.lower, now.upper
            if self.before is not None:
                then = _rates(self.before.posterior, at, self.interval_level)
                _, lower[rated], upper[rated] = difference(now, then)
        return lower, upper

    def counts(self) -> dict[str, Ints]:
        """Return events and exposure of all cells, of a difference those before too."""
        found = {"events": self.events, "exposure": self.exposure}
        if self.before is not None:
            found |= {
                "events_before": self.before.events, "exposure_before": self.before.exposure,
            }  # fmt: skip
        return found

    @cached_property
    def world(self) -> Polygons:
        """All cells in shares of the web map's width, from the west and the north."""
        return self.kind.world(self.keys)

    @cached_property
    def boxes(self) -> Floats:
        """West, north, east and south of all cells, as shares like `world`."""
        return self.world.boxes()

    @cached_property
    def titles(self) -> NDArray[np.str_]:
        """What all cells are called."""
        return self.kind.titles(self.keys)

    @property
    def nbytes(self) -> int:
        """Bytes that the columns take, roughly."""
        a_cell = 48 + 24 * (self.posterior is not None) + 40 * (self.before is not None)
        return len(self.keys) * a_cell + 4_000


def _rates(of: Posterior, at: Ints, level: float) -> Rates:
    """Return rates of some cells with their intervals."""
    bounds = gamma_interval(of.shape[at], of.scale[at], level)
    return Rates(of.pooled, of.variance, of.rate[at], *bounds)

"""A computed surface: the numbers of all of its cells as parallel columns, and what they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from layers.functions.cells import CellKind
from routing.graph.weights import Floats, Ints
from routing.statistics.rates import Posterior, gamma_interval
from spatial.json_types import Document

RATED, NOT_INSPECTED, SHORT = 0, 1, 2
STATES = ("rated", "not_inspected", "short")
NO_CLASS = -1


@dataclass(frozen=True)
class CellSurface:
    """Cells by rising key, with state, value (NaN for none), class (−1 for none) and counts.

    `posterior` is that of the cells with state rated, in their order; the interval of a cell is
    computed when it is asked for. `summary` names method, parameters and rules.
    """

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
    counties: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def _number_of_rated(self) -> Ints:
        return np.cumsum(self.state == RATED) - 1

    def interval(self, of: Ints) -> tuple[Floats, Floats]:
        """Return lower and upper bound of cells by their numbers; NaN where there is none."""
        lower, upper = np.full(len(of), np.nan), np.full(len(of), np.nan)
        if self.posterior is not None:
            rated = self.state[of] == RATED
            at = self._number_of_rated[of[rated]]
            shape, scale = self.posterior.shape[at], self.posterior.scale[at]
            lower[rated], upper[rated] = gamma_interval(shape, scale, self.interval_level)
        return lower, upper

    @cached_property
    def world_rings(self) -> Floats:
        """Corners of all cells as shares of the web map's width, from the west and the north."""
        rings = self.kind.rings(self.keys)
        y = (1 - np.arcsinh(np.tan(np.radians(rings[..., 1]))) / np.pi) / 2
        return np.stack(((rings[..., 0] + 180) / 360, y), axis=-1)[:, ::-1]

    @cached_property
    def boxes(self) -> Floats:
        """Left, bottom, right and top of all cells, as shares like `world_rings`."""
        rings = self.world_rings
        low, high = rings.min(axis=1), rings.max(axis=1)
        return np.stack((low[:, 0], high[:, 1], high[:, 0], low[:, 1]), axis=1)

    @property
    def nbytes(self) -> int:
        """Bytes that the columns take, roughly."""
        return len(self.keys) * (48 if self.posterior is None else 72) + 4_000

"""How much a vessel may load by day: the deepest draught that passes, and the tonnes at it.

Each day counts with the worst level from its begin until a vessel that leaves at its end has
arrived: the p10 of a forecast for what is sure, p50 and p90 for what is expected and hoped for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from routing.graph.graph import Graph
from routing.graph.weights import Bools, Floats
from routing.waterway.judge import Judge, LevelState
from routing.waterway.largest import Bottleneck, Spots, bottleneck
from routing.waterway.levels import moments

DRAUGHT = "draught_m"
QUANTILES = ("p10", "p50", "p90")


@dataclass(frozen=True)
class PayloadTable:
    """Payload (t) by draught (m), both rising; between two rows it runs straight."""

    draught_m: Sequence[float]
    payload_t: Sequence[float]

    def tonnes(self, draught_m: float) -> float:
        """Return what is carried at a draught: none below the first row, the last above it."""
        return float(np.interp(draught_m, self.draught_m, self.payload_t, left=0.0))


@dataclass(frozen=True)
class LoadingDay:
    """One day: its begin, and by quantile the deepest draught (m), the tonnes, the limiting edge.

    A draught is None where it is not known, as no level is said for the time.
    """

    begin: datetime
    draught_m: dict[str, float | None]
    payload_t: dict[str, float | None]
    limiting: dict[str, int | None]
    known: bool


@dataclass(frozen=True)
class LoadingQuestion:
    """A vessel and where it goes: sizes by limit of the kind, of which the draught is asked for."""

    graph: Graph
    passable: Bools
    judge: Judge
    sizes: Floats
    table: PayloadTable
    sources: Spots
    targets: Spots
    voyage_s: float

    def day(self, begin: datetime, length: timedelta = timedelta(days=1)) -> LoadingDay:
        """Return what may be loaded on a day."""
        start = begin.timestamp()
        when = moments(start, start + length.total_seconds() + self.voyage_s)
        found = {
            name: self._deepest(self.judge.during(when, low, 2 - low))
            for low, name in enumerate(QUANTILES)
        }
        draught = {name: self._draught(one) for name, one in found.items()}
        tonnes = {name: None if d is None else self.table.tonnes(d) for name, d in draught.items()}
        limiting = {name: one.limiting for name, one in found.items()}
        return LoadingDay(begin, draught, tonnes, limiting, draught["p10"] is not None)

    def _draught(self, found: Bottleneck) -> float | None:
        """Return a draught within the vessel's table, None where none is sure."""
        if found.size == -np.inf:
            return None
        return round(min(found.size, self.table.draught_m[-1]), 3)

    def _deepest(self, state: LevelState) -> Bottleneck:
        place = self.judge.kind.sizes.index(DRAUGHT)
        capacity = self.judge.capacity(state, place, self.sizes, sure=True)
        return bottleneck(self.graph, self.passable, capacity, self.sources, self.targets)

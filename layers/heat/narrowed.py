"""A cube that a free filter narrows: of some series alone, or with events counted from rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

import numpy as np

from layers.heat.counted import Counted
from layers.heat.held_cube import Grouping, HeldCube, Sums, together
from routing.graph.weights import Floats, Ints

NOTHING = "nothing"
"""Events of which the cube has no series."""


class Summed(Protocol):
    """What sums of events and exposure by groups of cells come from."""

    def sum(self, asked: Counted, name: str, grouping: Grouping) -> Sums:
        """Return the sums of what is asked for by groups of cells."""


@dataclass(frozen=True)
class RowCounts:
    """Events by cell of the cube's level, as counted from rows; exposure where these have it."""

    cells: Ints
    events: Floats
    exposure: Floats | None
    admin_codes: tuple[str | None, ...]


Period = tuple[date, date]


@dataclass(frozen=True)
class Narrowed:
    """A cube of which only the series `among` count; `rows` stand for its events, by period."""

    cube: HeldCube
    among: frozenset[int]
    rows: Mapping[Period, RowCounts] | None = None

    def sum(self, asked: Counted, name: str, grouping: Grouping) -> Sums:
        """Return the sums of what is asked for by groups of cells; `name` stands for these."""
        if self.rows is None:
            return self.cube.sum(asked, name, grouping, self.among)
        found = self.rows[asked.since, asked.until]
        keys, at = np.unique(grouping(found.cells), return_inverse=True)
        exposure = np.zeros(len(found.cells)) if found.exposure is None else found.exposure
        own = Sums(keys, *(
            np.bincount(at, column, len(keys)).astype(np.float64)
            for column in (found.events, exposure)
        ))  # fmt: skip
        if found.exposure is not None:
            return own
        looked = self.cube.sum(replace(asked, events=NOTHING), name, grouping, self.among)
        return together(looked, own)

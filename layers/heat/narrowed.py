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
from spatial.errors import BadParameter

NOTHING = "nothing"
"""Events of which the cube has no series."""


class Summed(Protocol):
    """What sums of events and exposure by groups of cells come from."""

    @property
    def outlines(self) -> dict[str, object]:
        """What is kept for those who draw its cells."""

    def sum(self, asked: Counted, name: str, grouping: Grouping) -> Sums:
        """Return the sums of what is asked for by groups of cells."""

    def sum_by_county(self, asked: Counted) -> Sums:
        """Return the sums of what is asked for by the county that records state, as a number."""


@dataclass(frozen=True)
class RowCounts:
    """Events by cell of the cube's level, as counted from rows; exposure where these have it.

    `admin_codes` are the smallest units that have all rows of each cell.
    """

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

    @property
    def outlines(self) -> dict[str, object]:
        """What is kept for those who draw its cells."""
        return self.cube.outlines

    def sum_by_county(self, asked: Counted) -> Sums:
        """Return the sums of what is asked for by the county that records state, as a number.

        Raises
        ------
        BadParameter
            Events are counted from rows: these are told by cell.
        """
        if self.rows is None:
            return self.cube.sum_by_county(asked, self.among)
        raise BadParameter(
            "A filter by columns that the cube has not is counted by cell, not by county",
            "按数据立方体之外的列过滤时只能按单元统计，不能按县统计",
            parameter="cells",
            mend_en="Take cells=zorder, h3 or beidou.",
            mend_zh="请用 cells=zorder、h3 或 beidou。",
        )

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

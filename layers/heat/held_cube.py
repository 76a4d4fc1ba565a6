"""A cube in memory: what one scope sees of a grain, and sums of it by groups of cells."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from layers.heat.counted import Counted
from layers.heat.cube_rows import EPOCH, LAST_DAY, CubeRows, Series
from routing.graph.weights import Floats, Ints
from routing.statistics.cube_kernels import Int32, UInt8, UInt32, add_up, add_up_short

MOST_SERIES = 65_536
"""Ids of series are kept in two bytes."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums by group, keys rising; without groups in which both are 0."""

    keys: Ints
    events: Floats
    exposure: Floats


Grouping = Callable[[Ints], Ints]
"""Which group each cell of the cube's level belongs to."""


@dataclass(frozen=True)
class HeldCube:
    """Rows of one grain as of a version; never changed, only followed by another.

    `tail` is what changed since `base` was read, to be added to it. `outlines` is kept for those
    who draw its cells, from one cube to the next.
    """

    version: int
    series: Series
    base: CubeRows
    tail: CubeRows
    _groups: dict[tuple[str, int], tuple[Ints, UInt32]] = field(default_factory=dict)
    outlines: dict[str, object] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """Bytes that the rows take."""
        return self.base.nbytes + self.tail.nbytes

    def sum(
        self, asked: Counted, name: str, grouping: Grouping, among: Set[int] | None = None
    ) -> Sums:
        """Return the sums of what is asked for by groups of cells; `name` stands for these.

        Only series `among` these ids count; all do for None.
        """
        measures = self.measures(asked, among)
        one, two = (
            self._sums(rows, asked, measures, keys, groups)
            for rows, keys, groups in self.parts(name, grouping)
        )
        return together(one, two)

    def parts(self, name: str, grouping: Grouping) -> list[tuple[CubeRows, Ints, UInt32]]:
        """Return the rows of base and tail, each with keys of groups and the group by place."""
        return [
            (rows, *self._grouped(rows, (name, number), grouping))
            for number, rows in enumerate((self.base, self.tail))
        ]

    def sum_by_county(self, asked: Counted, among: Set[int] | None = None) -> Sums:
        """Return the sums of what is asked for by the county that records state, as a number.

        What states none is of county 0. Only series `among` these ids count; all do for None.
        """
        totals = np.zeros(MOST_SERIES)
        for rows in (self.base, self.tail):
            _add_up(rows, asked, rows.series.astype(np.int32), totals)
        codes = np.zeros(MOST_SERIES, np.int64)
        for series, number in self.series.at.items():
            code = self.series.admin_codes[number] or ""
            codes[series] = int(code) if code.isascii() and code.isdigit() else 0
        measures = self.measures(asked, among)
        keys, at = np.unique(codes, return_inverse=True)
        events, exposure = (
            np.bincount(at, totals * (measures == what), len(keys)) for what in (1, 2)
        )
        some = (events != 0) | (exposure != 0)
        return Sums(keys[some], events[some], exposure[some])

    def _grouped(
        self, rows: CubeRows, name: tuple[str, int], grouping: Grouping
    ) -> tuple[Ints, UInt32]:
        found = self._groups.get(name)
        if found is None:
            keys, at = np.unique(grouping(rows.cells), return_inverse=True)
            found = self._groups[name] = keys, at.astype(np.uint32)
        return found

    def _sums(
        self, rows: CubeRows, asked: Counted, measures: UInt8, keys: Ints, groups: UInt32
    ) -> Sums:
        sums = np.zeros(2 * len(keys))
        what = measures[rows.series].astype(np.int32)
        target = np.where(what > 0, 2 * groups[rows.place].astype(np.int32) + what - 1, -1)
        _add_up(rows, asked, target, sums)
        return Sums(keys, sums[::2], sums[1::2])

    def measures(self, asked: Counted, among: Set[int] | None = None) -> UInt8:
        """Return by id of series what it counts: 1 an event, 2 exposure, 0 nothing asked for."""
        series = self.series
        events, exposure = (
            series.measures == asked.events,
            (series.measures == "exposure") & (series.kinds == asked.exposure),
        )
        if asked.kinds is not None:
            events &= np.isin(series.kinds, list(asked.kinds))
        what = events * 1 + exposure * 2
        if asked.units is not None:
            what = what * np.isin(series.unit_ids, list(asked.units))
        if among is not None:
            what = what * np.isin(np.fromiter(series.at, np.int64), list(among))
        found = np.zeros(MOST_SERIES, np.uint8)
        if len(what):
            found[np.fromiter(series.at, np.int64)] = what
        return found


def together(one: Sums, two: Sums) -> Sums:
    """Return the sums of both."""
    if len(two.keys):
        keys, at = np.unique(np.concatenate((one.keys, two.keys)), return_inverse=True)
        one = Sums(keys, *(
            np.bincount(at, np.concatenate(both), len(keys)).astype(np.float64)
            for both in ((one.events, two.events), (one.exposure, two.exposure))
        ))  # fmt: skip
    some = (one.events != 0) | (one.exposure != 0)
    return Sums(one.keys[some], one.events[some], one.exposure[some])


def _add_up(rows: CubeRows, asked: Counted, target: Int32, sums: Floats) -> None:
    """Add the rows that are asked for to sums: `target` tells of each counter to which."""
    add = add_up_short if rows.n.dtype == np.int16 else add_up
    add(*runs_of(rows, asked), rows.counter, rows.n, target, sums)


def runs_of(rows: CubeRows, asked: Counted) -> tuple[Ints, Ints]:
    """Return where the runs of rows begin and end that are of the period and the hours."""
    days = np.array((_day(asked.since), _day(asked.until)))
    since, until = np.searchsorted(rows.day, days).tolist()
    if asked.hours is None:
        return rows.first[since : since + 1], rows.first[until : until + 1]
    wanted = np.isin(rows.hour[since:until], np.asarray(asked.hours, np.int64) + 1)
    return rows.first[since:until][wanted], rows.first[since + 1 : until + 1][wanted]


def _day(day: date) -> int:
    """Return a bound of days as rows have them."""
    days = (day - EPOCH).days
    return LAST_DAY + 1 if days > LAST_DAY else max(0, days)

"""What is known of controlled ground: each category loaded, empty or unknown, county by county.

Where one category is unknown nobody can say that flight is free; outside all counties everything
is unknown. Counties are found by a grid of cells, with an exact test in cells that a border
crosses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias, get_args

import numpy as np
import shapely
from numpy.typing import NDArray

from spatial.airspace_rules import Category
from spatial.geo.datum import Floats

Status = Literal["loaded", "empty", "unknown"]
CATEGORIES: tuple[Category, ...] = get_args(Category)
CELL_DEG = 0.02
EDGE_DEG = 1e-9
"""So much wider a cell must lie within a county: at its edge a place may belong to two."""
_BORDER, OUTSIDE = -2, -1
Whole: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class County:
    """A county, and the status of each category in it; one that is not named is unknown."""

    admin_code: str
    name_zh: str
    name_en: str
    shape: shapely.Geometry = field(repr=False)
    statuses: Mapping[str, str]

    def status_of(self, category: Category) -> Status:
        """Return the status of a category."""
        found = self.statuses.get(category)
        return "loaded" if found == "loaded" else "empty" if found == "empty" else "unknown"

    @property
    def unknown(self) -> tuple[Category, ...]:
        """The categories of which nothing is known here."""
        return tuple(c for c in CATEGORIES if self.status_of(c) == "unknown")


class Coverage:
    """The counties, found by place."""

    def __init__(self, counties: Sequence[County]) -> None:
        self.counties = tuple(counties)
        self._shapes = np.array([county.shape for county in counties], dtype=object)
        shapely.prepare(self._shapes)
        self._tree = shapely.STRtree(self._shapes)
        gaps = [bool(county.unknown) for county in counties]
        self._has_unknown = np.array([*gaps, True])  # the last one is outside all counties
        self._west, self._south, self._cells = self._grid()

    def _grid(self) -> tuple[float, float, NDArray[np.int32]]:
        if not self.counties:
            return 0.0, 0.0, np.full((1, 1), OUTSIDE, np.int32)
        boxes = shapely.bounds(self._shapes)
        west, south = np.floor(boxes[:, :2].min(axis=0) / CELL_DEG) * CELL_DEG
        size = np.ceil((boxes[:, 2:].max(axis=0) - [west, south]) / CELL_DEG).astype(int) + 1
        x, y = np.meshgrid(*(np.arange(n) for n in size))
        left, low = west + x * CELL_DEG, south + y * CELL_DEG
        squares = shapely.box(
            left - EDGE_DEG, low - EDGE_DEG, left + CELL_DEG + EDGE_DEG, low + CELL_DEG + EDGE_DEG
        ).ravel()
        cells = np.full(squares.shape, OUTSIDE, np.int32)
        touched, _ = self._tree.query(squares, predicate="intersects")
        cells[touched] = _BORDER
        inside, county = self._tree.query(squares, predicate="within")
        cells[inside] = county
        return float(west), float(south), cells.reshape(x.shape)

    def counties_of(self, lon: Floats, lat: Floats) -> Whole:
        """Return the number of the county of each place, -1 outside all.

        On a shared border it is one of which something is unknown, if there is one.
        """
        column = np.floor((lon - self._west) / CELL_DEG).astype(np.int64)
        row = np.floor((lat - self._south) / CELL_DEG).astype(np.int64)
        height, width = self._cells.shape
        on_grid = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        found = np.full(len(lon), OUTSIDE, np.int64)
        found[on_grid] = self._cells[row[on_grid], column[on_grid]]
        border = np.flatnonzero(found == _BORDER)
        if len(border):
            found[border] = OUTSIDE
            points = shapely.points(lon[border], lat[border])
            which, county = self._tree.query(points, predicate="intersects")
            order = np.lexsort((-county, self._has_unknown[county]))  # the last one stays
            found[border[which[order]]] = county[order]
        return found

    def touched_by(self, shape: shapely.Geometry) -> tuple[Whole, bool]:
        """Return the counties that a shape touches, and whether it reaches beyond all of them."""
        found = np.sort(self._tree.query(shape, predicate="intersects"))
        if not len(found):
            return found, True
        held = shapely.union_all(self._shapes[found])
        return found, not bool(shapely.covers(held, shape))

    @cached_property
    def _all(self) -> shapely.Geometry:
        held = shapely.union_all(self._shapes)
        shapely.prepare(held)
        return held

    def unknown_in(
        self, shapes: NDArray[np.object_]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Tell for shapes whether something is unknown somewhere in them, and everywhere.

        Where that cannot be told exactly it is somewhere, and not everywhere.
        """
        known, unknown = np.zeros(len(shapes), bool), np.zeros(len(shapes), bool)
        which, county = self._tree.query(shapes)
        order = np.argsort(county, kind="stable")
        which, county = which[order], county[order]
        starts = np.flatnonzero(np.diff(county, prepend=-1))
        for number, mine in zip(county[starts], np.split(which, starts[1:]), strict=False):
            touched = mine[shapely.intersects(self._shapes[number], shapes[mine])]
            (unknown if self._has_unknown[number] else known)[touched] = True
        left = np.flatnonzero(~unknown)
        unknown[left] = ~shapely.covers(self._all, shapes[left])
        return unknown, ~known

    def has_unknown(self, numbers: Whole) -> NDArray[np.bool_]:
        """Tell for counties by number (-1 outside) whether a category is unknown there."""
        return np.asarray(self._has_unknown[numbers])

"""Counties as cells: what is counted by the county that a record states, drawn as its outline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.functions.cells import CellKind
from layers.functions.polygons import Polygons, Shapes, polygons_of_shapes
from layers.heat.counted import Counted
from layers.heat.held_cube import HeldCube, Sums
from layers.heat.narrowed import Summed
from routing.graph.weights import Ints


@dataclass(frozen=True)
class Counties:
    """Outlines of counties in degrees, by rising code."""

    codes: Ints
    outlines: Shapes


NO_COUNTIES = Counties(np.zeros(0, np.int64), np.zeros(0, np.object_))


def counties_of(rows: Sequence[tuple[str, bytes]]) -> Counties:
    """Return the counties of rows of code and outline (WKB); of a code's further rows none."""
    first = {int(code): shape for code, shape in reversed(rows)}
    codes = sorted(first)
    shapes = shapely.from_wkb([first[code] for code in codes])
    return Counties(np.array(codes, np.int64), np.asarray(shapes, np.object_))


@dataclass(frozen=True)
class CountyCells(CellKind):
    """Counties as a kind of cells: their keys are their codes."""

    known: Counties

    def sum(self, cube: Summed, asked: Counted) -> Sums:
        """Return the sums of what states a county that has an outline."""
        found = cube.sum_by_county(asked)
        drawn = np.isin(found.keys, self.known.codes)
        return Sums(found.keys[drawn], found.events[drawn], found.exposure[drawn])

    def units(self, cube: HeldCube, periods: Sequence[Counted]) -> dict[int, str | None]:
        """Return the codes of all counties."""
        codes = self.known.codes
        return dict(zip(codes.tolist(), self.titles(codes).tolist(), strict=True))

    def polygons(self, keys: Ints) -> Polygons:
        """Return the outlines of counties, outer rings clockwise."""
        return polygons_of_shapes(self.shapes(keys), clockwise=True)

    def titles(self, keys: Ints) -> NDArray[np.str_]:
        """Return the codes as texts."""
        return np.array([f"{key:06d}" for key in keys.tolist()], np.str_)

    def shapes(self, keys: Ints) -> Shapes:
        """Return the outlines of counties as shapely has them."""
        return self.known.outlines[np.searchsorted(self.known.codes, keys)]


def county_cells(known: Counties) -> CountyCells:
    """Return the counties as cells."""
    return CountyCells("county", None, False, known)

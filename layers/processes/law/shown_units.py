"""Which unit may see what a cell shows, where that tells of other cells as well.

A sum over neighbours, less what one knows oneself, is what one does not know. So z of Gi* and
what is made of it belong to the smallest unit of all cells that it sums, a density to that of all.
What all cells have in common (pooled rate, variance, mean, spread) binds nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from layers.processes.law.surfaces import states_of
from layers.processes.readers.heat_rows import HeatCells
from layers.processes.readers.heat_slice_rows import HeatSlices
from routing.graph.weights import Ints
from routing.statistics.neighbours import Neighbours, queen, touching
from spatial.common_units import NO_ROWS, common_numbers, common_unit, unit_codes, unit_numbers

ALL, NEIGHBOURS = ("kde",), ("gi", "gi_count")
"""Surfaces whose values sum over all cells, and over those that touch."""


def units_of_surface(surface: str, cells: HeatCells) -> Sequence[str | None]:
    """Return the smallest unit that has all rows of what each cell shows."""
    if surface in ALL:
        return [common_unit(cells.admin_codes)] * len(cells.keys)
    rated = np.flatnonzero(states_of(cells) == "rated")
    if surface not in NEIGHBOURS or not touching(cells.keys[rated]):
        return cells.admin_codes
    units = unit_numbers(cells.admin_codes)
    units[rated] = _of_neighbours(units[rated], queen(cells.keys[rated], with_self=True))
    return unit_codes(units)


def units_of_slices(given: HeatSlices, skipped: int, neighbours: Neighbours) -> list[str | None]:
    """Return the same of classes by slices, the first of which are skipped.

    A cell without rows in the others shows none: it is of who has those before.
    """
    late, every = (_of_slices(given.units[first:]) for first in (skipped, 0))
    return unit_codes(np.where(late == NO_ROWS, every, _of_neighbours(late, neighbours)))


def _of_slices(units: Ints) -> Ints:
    slices, cells = units.shape
    return common_numbers(units.ravel(), np.tile(np.arange(cells), slices), cells)


def _of_neighbours(units: Ints, neighbours: Neighbours) -> Ints:
    of = np.repeat(np.arange(neighbours.size), np.diff(neighbours.first))
    return common_numbers(units[neighbours.index], of, neighbours.size)

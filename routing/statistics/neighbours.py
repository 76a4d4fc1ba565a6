"""Which cells are neighbours, and how much each counts: weights as sparse rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from routing.graph.weights import Floats, Ints
from spatial.errors import BadParameter
from spatial.geo.zorder import columns_and_rows, key_of_cell

QUEEN = tuple((dx, dy) for dy in (-1, 0, 1) for dx in (-1, 0, 1))


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Weights wᵢⱼ: those of cell i are `weight[first[i] : first[i + 1]]`, of cells `index`."""

    first: Ints
    index: Ints
    weight: Floats

    @property
    def size(self) -> int:
        """Return the number of cells."""
        return len(self.first) - 1

    def row_standardised(self) -> Neighbours:
        """Return weights that add up to 1 in each row that has any."""
        counts = np.diff(self.first)
        rows = np.repeat(np.arange(self.size), counts)
        sums = np.bincount(rows, self.weight, self.size)
        return replace(self, weight=self.weight / sums[rows])


def from_pairs(of: ArrayLike, to: ArrayLike, size: int, *, with_self: bool) -> Neighbours:
    """Return binary weights of pairs of cells, each given in both directions.

    Raises
    ------
    BadParameter
        No cell has a neighbour beside itself.
    """
    rows, columns = np.asarray(of, np.int64), np.asarray(to, np.int64)
    other = rows != columns
    if not other.any():
        raise BadParameter(
            "no cell has a neighbour",
            "没有任何单元有邻居",
            mend_en="Take larger cells, a longer period or a wider area.",
            mend_zh="请取更大的单元、更长的时段或更大的范围。",
        )
    rows, columns = rows[other], columns[other]
    if with_self:
        own = np.arange(size, dtype=np.int64)
        rows, columns = np.concatenate((rows, own)), np.concatenate((columns, own))
    order = np.lexsort((columns, rows))
    first = np.searchsorted(rows[order], np.arange(size + 1))
    return Neighbours(first.astype(np.int64), columns[order], np.ones(len(order)))


def queen(keys: ArrayLike, *, with_self: bool) -> Neighbours:
    """Return binary weights of cells of one level that share an edge or a corner.

    Parameters
    ----------
    keys
        Sorted Z-order keys of different cells, all of one level.
    with_self
        Whether each cell is its own neighbour, as Gi* wants it.

    Raises
    ------
    BadParameter
        No cell has a neighbour, or the keys are not sorted.
    """
    cells = np.asarray(keys, np.int64)
    if (np.diff(cells) <= 0).any():
        raise BadParameter("keys must be sorted, each once", "单元编码须升序且不重复")
    of, to = _queen_pairs(cells)
    return from_pairs(of, to, len(cells), with_self=with_self)


def touching(keys: Ints) -> bool:
    """Tell whether any two of some cells share an edge or a corner, so that they have weights."""
    return len(keys) > 1 and len(_queen_pairs(keys)[0]) > 0


def _queen_pairs(cells: Ints) -> tuple[Ints, Ints]:
    column, row = columns_and_rows(cells)
    pairs = [
        _found(cells, column + dx, row + dy) for dx, dy in QUEEN if (dx, dy) != (0, 0)
    ]  # fmt: skip
    of, to = (np.concatenate(part) for part in zip(*pairs, strict=True))
    return of, to


def _found(cells: Ints, column: Ints, row: Ints) -> tuple[Ints, Ints]:
    """Return which cells have a cell at a place, and which one that is."""
    wanted = key_of_cell(np.maximum(column, 0), np.maximum(row, 0))
    at = np.minimum(np.searchsorted(cells, wanted), len(cells) - 1)
    there = (cells[at] == wanted) & (column >= 0) & (row >= 0)
    return np.flatnonzero(there), at[there]

"""Assignment: which team goes where, so that all together get there soonest.

Solved exactly (modified Jonker-Volgenant, `scipy.optimize.linear_sum_assignment`; Crouse, "On
implementing 2D rectangular assignment algorithms", 2016). As many tasks as possible are served
first; among those answers the total cost is the least. Greedy is computed beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # loads its heavy optimisers when they are first used
from numpy.typing import ArrayLike

from routing.graph.weights import Floats, Ints


@dataclass(frozen=True)
class Pairing:
    """Pairs (n, 2) of row and column, in order of rows, and the sum of their costs."""

    pairs: Ints
    total: float

    def __len__(self) -> int:
        return len(self.pairs)


@dataclass(frozen=True)
class Assignment:
    """The best pairing, what greedy would do, and who is left over."""

    best: Pairing
    greedy: Pairing
    idle_rows: Ints
    unserved_columns: Ints

    @property
    def saved(self) -> float:
        """What the best pairing saves against greedy; NaN where it serves more."""
        same = len(self.best) == len(self.greedy)
        return self.greedy.total - self.best.total if same else float("nan")


def checked_costs(costs: ArrayLike) -> Floats:
    """Return a cost matrix (rows, columns), of any unit; inf marks a pair that cannot be.

    Raises
    ------
    ValueError
        It is no matrix, or a cost is negative or NaN.
    """
    matrix = np.asarray(costs, np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"need a matrix of costs, not {matrix.shape}")
    if np.isnan(matrix).any() or (matrix < 0).any():
        raise ValueError("a cost is negative or not a number")
    return matrix


def assign(costs: ArrayLike, most: float = np.inf) -> Assignment:
    """Pair rows with columns, each once.

    Parameters
    ----------
    costs
        (rows, columns), in any one unit; inf marks a pair that cannot be.
    most
        A pair that costs more is not made.

    Raises
    ------
    ValueError
        See `checked_costs`.
    """
    matrix = checked_costs(costs)
    matrix = np.where(matrix > most, np.inf, matrix)
    best, greedy = _optimal(matrix), _greedy(matrix)
    rows, columns = (np.arange(n) for n in matrix.shape)
    return Assignment(
        best,
        greedy,
        np.setdiff1d(rows, best.pairs[:, 0]),
        np.setdiff1d(columns, best.pairs[:, 1]),
    )


def _optimal(matrix: Floats) -> Pairing:
    """Let each impossible pair cost more than all possible ones together, then drop it."""
    possible = np.isfinite(matrix)
    if not possible.any():
        return _pairing(matrix, [])
    forbidden = float(matrix[possible].max()) * (min(matrix.shape) + 1) + 1
    rows, columns = scipy.optimize.linear_sum_assignment(np.where(possible, matrix, forbidden))
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return _pairing(matrix, [pair for pair in pairs if possible[pair]])


def _greedy(matrix: Floats) -> Pairing:
    """Take the cheapest pair that is left, again and again; ties in order of rows and columns."""
    order = np.argsort(matrix, axis=None, kind="stable")
    order = order[: int(np.isfinite(matrix).sum())]
    rows_left, columns_left = (np.ones(n, np.bool_) for n in matrix.shape)
    pairs = []
    for flat in order.tolist():
        row, column = divmod(flat, matrix.shape[1])
        if rows_left[row] and columns_left[column]:
            rows_left[row] = columns_left[column] = False
            pairs.append((row, column))
    return _pairing(matrix, sorted(pairs))


def _pairing(matrix: Floats, pairs: list[tuple[int, int]]) -> Pairing:
    chosen = np.array(pairs, np.int64).reshape(-1, 2)
    return Pairing(chosen, float(matrix[chosen[:, 0], chosen[:, 1]].sum()))


def ranked(costs: ArrayLike, column: int, count: int) -> Ints:
    """Return the numbers of up to `count` rows that can serve a column, the cheapest first.

    Raises
    ------
    ValueError
        `costs` (rows, columns) is no matrix, or a cost is negative or NaN.
    """
    matrix = checked_costs(costs)
    order = np.argsort(matrix[:, column], kind="stable")
    return np.asarray(order[np.isfinite(matrix[order, column])][:count], np.int64)

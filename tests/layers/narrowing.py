"""Everybody as an attacker: an integer programme over all that is told of enforcement cases.

The unknowns are numbers of cases, never negative: of each month, kind, county, cell and, of those
that are public one by one, how many months later they were closed. What is told are published
counts, and indicators over the public ones. `most` is the largest that a number can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

CLOSED = (0, 1, 2)
"""Months after its own in which a case is closed."""


@dataclass(frozen=True)
class Unknown:
    """One unknown number; `closed` is None of cases that are not public one by one."""

    month: int
    kind: str
    county: str
    cell: int
    closed: int | None


class Programme:
    """What is told, as equations over the unknowns."""

    def __init__(self, leaves: Iterable[tuple[int, str, str, int]]) -> None:
        self.unknowns = [Unknown(*leaf, c) for leaf in leaves for c in (None, *CLOSED)]
        self._rows: list[np.ndarray] = []
        self._told: list[int] = []
        self._least, self._most = np.zeros(len(self.unknowns)), np.full(len(self.unknowns), np.inf)

    def tell(self, n: int, of: Callable[[Unknown], bool]) -> None:
        """Add that so many cases are told of those unknowns."""
        self._rows.append(self.where(of))
        self._told.append(n)

    def where(self, of: Callable[[Unknown], bool]) -> np.ndarray:
        """Return where the unknowns are."""
        return np.flatnonzero([of(one) for one in self.unknowns])

    def know(self, numbers: Mapping[Unknown, int]) -> None:
        """Let the attacker know each of these numbers."""
        for at, one in enumerate(self.unknowns):
            if one in numbers:
                self._least[at] = self._most[at] = numbers[one]

    @property
    def size(self) -> tuple[int, int]:
        """Return the numbers of equations and unknowns."""
        return len(self._rows), len(self.unknowns)

    def most(self, at: np.ndarray, enough: int) -> float:
        """Return the most that some unknowns are together, `enough` where it is as much or more."""
        goal = np.zeros(len(self.unknowns))
        goal[at] = -1
        entries = np.concatenate(self._rows)
        starts = np.cumsum([0, *map(len, self._rows)])
        told = csr_matrix((np.ones(len(entries)), entries, starts), (len(starts) - 1, len(goal)))
        constraints = [LinearConstraint(told, self._told, self._told)]
        constraints.append(LinearConstraint(csr_matrix(-goal), -np.inf, enough))
        found = milp(
            goal, constraints=constraints, integrality=np.ones(len(goal)),
            bounds=Bounds(self._least, self._most),
        )  # fmt: skip
        assert found.status == 0, found.message
        return round(-found.fun)

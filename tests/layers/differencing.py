"""An attacker with all that is told of some numbers: how far each withheld one can be narrowed.

The unknowns are both sides of each finest unit, never negative, in each version; what is told of a
unit is the sum over those within it. What did not change from one version to the next is one
unknown of both, as whoever compares them would assume. Sums over a tree are totally unimodular:
the bounds of the linear programme are those of the integer one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy.optimize import linprog

Sides = tuple[int, int]
"""Numerator, and what the denominator has beyond it."""
Leaves = Mapping[str | None, Sides]
"""Rows by the code that they have, None without one; the truth."""
Told = Mapping[str | None, Sides]
"""What is told, by the prefix of units."""


def within(code: str | None, prefix: str | None) -> bool:
    """Tell whether rows of a code count in a prefix of the province 33."""
    if code is None or prefix is None:
        return code == prefix or prefix == "33"
    return code.startswith(prefix)


def highest(versions: Sequence[tuple[Leaves, Told]], prefix: str | None, at: int) -> Sides:
    """Return the most that both sides of a prefix can be in a version, as far as is told."""
    found = [_most(versions, prefix, at, side) for side in (0, 1)]
    return found[0], found[1]


def leaks(versions: Sequence[tuple[Leaves, Told]], k: int) -> Iterator[tuple[object, ...]]:
    """Yield each small number of a version that can be bounded below k: version, prefix, bounds."""
    for at, (truth, told) in enumerate(versions):
        prefixes = {None, "33", *(code[:length] for code in truth if code for length in (4, 6))}
        for prefix in sorted(prefixes - told.keys(), key=str):
            sides = _sides(truth, prefix)
            if not any(0 < true < k for true in (*sides, sum(sides))):
                continue
            most = highest(versions, prefix, at)
            small = [
                (true, bound)
                for true, bound in zip((*sides, sum(sides)), (*most, sum(most)), strict=True)
                if 0 < true < k and bound < k
            ]
            if small:
                yield at, prefix, small


def _sides(truth: Leaves, prefix: str | None) -> Sides:
    inside = [sides for code, sides in truth.items() if within(code, prefix)]
    return sum(one[0] for one in inside), sum(one[1] for one in inside)


def _most(versions: Sequence[tuple[Leaves, Told]], prefix: str | None, at: int, side: int) -> float:
    unknown: dict[object, int] = {}
    rows, sums = [], []
    wanted = None
    for number, (truth, told) in enumerate(versions):
        places = {code: _unknown(unknown, versions, number, code) for code in truth}
        for one, sides in told.items():
            rows.append({places[code] for code in truth if within(code, one)})
            sums.append(sides[side])
        if number == at:
            wanted = {places[code] for code in truth if within(code, prefix)}
    assert wanted is not None
    matrix = np.zeros((len(rows), len(unknown)))
    for row, columns in enumerate(rows):
        matrix[row, list(columns)] = 1
    goal = np.zeros(len(unknown))
    goal[list(wanted)] = -1
    found = linprog(goal, A_eq=matrix, b_eq=sums, bounds=(0, None), method="highs")
    if found.status == 3:  # unbounded
        return np.inf
    assert found.status == 0, found.message
    return round(-found.fun, 6)


def _unknown(
    unknown: dict[object, int], versions: Sequence[tuple[Leaves, Told]], number: int,
    code: str | None,
) -> int:  # fmt: skip
    """Return the column of a code in a version; that of the version before where it is the same."""
    while number and versions[number][0][code] == versions[number - 1][0][code]:
        number -= 1
    return unknown.setdefault((number, code), len(unknown))

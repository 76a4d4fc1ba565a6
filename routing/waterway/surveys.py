"""Which few surveys would let the most traffic pass: values that several demands wait for.

A demand is let through once all values of its smallest deciding set are known and favourable. That
is a closure under a budget, solved exactly by HiGHS with the bound that it proves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # loads its heavy parts when they are first used

from routing.waterway.judge import Unknown

EXACT_GAP = 1e-9


@dataclass(frozen=True)
class Surveys:
    """The values to find out, the demands (a mask) that then pass, what they amount to, a bound."""

    chosen: list[Unknown]
    unlocked: list[bool]
    value: float
    bound: float


def choose_surveys(
    waits: Sequence[frozenset[Unknown]],
    amount: Sequence[float],
    count: int,
    time_limit_s: float = 20.0,
) -> Surveys:
    """Choose up to `count` values that let the largest amount pass.

    Parameters
    ----------
    waits
        Of each demand the values that it waits for, none empty.
    amount
        Of each demand, such as t km, not negative.
    count
        Values that can be found out.
    time_limit_s
        After which the best choice so far is returned with its bound.
    """
    values = sorted(frozenset().union(*waits))
    if not values:
        return Surveys([], [], 0.0, 0.0)
    size, total = len(values), float(np.sum(amount))
    found = scipy.optimize.milp(
        np.concatenate([np.zeros(size), -np.asarray(amount, np.float64)]),
        integrality=np.ones(size + len(waits), np.int64),
        bounds=scipy.optimize.Bounds(0, 1),
        constraints=_constraints(waits, values, count),
        options={"time_limit": time_limit_s, "mip_rel_gap": EXACT_GAP},
    )
    if found.x is None:
        return Surveys([], [False] * len(waits), 0.0, total)
    bound = total if found.mip_dual_bound is None else min(total, -float(found.mip_dual_bound))
    unlocked = [bool(x > 0.5) for x in found.x[size:]]
    used = frozenset().union(*(each for each, let in zip(waits, unlocked, strict=True) if let))
    value = float(sum(a for a, let in zip(amount, unlocked, strict=True) if let))
    return Surveys(sorted(used), unlocked, value, max(bound, value))


def _constraints(
    waits: Sequence[frozenset[Unknown]], values: Sequence[Unknown], count: int
) -> list[scipy.optimize.LinearConstraint]:
    """Return: a demand passes only with all that it waits for; so many values are found out."""
    number = {value: place for place, value in enumerate(values)}
    size, demands = len(values), len(waits)
    pairs = [(d, number[value]) for d, each in enumerate(waits) for value in sorted(each)]
    rows = np.repeat(np.arange(len(pairs)), 2)
    columns = np.array([[size + d, v] for d, v in pairs], np.int64).ravel()
    signs = np.tile([1.0, -1.0], len(pairs))
    shape = len(pairs), size + demands
    needs = scipy.sparse.csr_array(scipy.sparse.coo_array((signs, (rows, columns)), shape=shape))
    budget = np.concatenate([np.ones(size), np.zeros(demands)])[None, :]
    return [
        scipy.optimize.LinearConstraint(needs, -np.inf, 0),
        scipy.optimize.LinearConstraint(budget, 0, count),
    ]

"""Maximal covering: which few sites reach the most demand (Church and ReVelle, 1974).

Solved exactly by HiGHS (`scipy.optimize.milp`); the answer carries the bound that was proven, so
that an answer cut off by the time limit shows how far from the best it may be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
import scipy  # loads its heavy optimisers when they are first used
from numpy.typing import ArrayLike

from routing.graph.weights import Bools, Floats, Ints

EXACT_GAP = 1e-9


@dataclass(frozen=True)
class Covering:
    """The chosen sites and how much demand they cover.

    `bound` is proven: no choice covers more. `greedy` and `uniform` are covers for comparison:
    of the greedy choice, and the mean over all choices of as many sites.
    """

    sites: Ints
    covered: Bools
    value: float
    bound: float
    total: float
    greedy: float
    uniform: float

    @property
    def gap(self) -> float:
        """How much of the bound may be missing, 0..1; 0 is proven to be the best."""
        return max(0.0, 1 - self.value / self.bound) if self.bound > 0 else 0.0


@dataclass(frozen=True)
class _Problem:
    """Demand with equal covering sites put together: `cover` is (demands, sites)."""

    cover: Bools
    weight: Floats
    count: int
    fixed: Ints


def cover_most(
    cover: ArrayLike,
    weight: ArrayLike,
    count: int,
    *,
    fixed: Sequence[int] = (),
    time_limit_s: float = 30.0,
) -> Covering:
    """Choose `count` sites that cover the most demand.

    Parameters
    ----------
    cover
        (demands, sites), True where a site covers a demand.
    weight
        Of each demand, not negative.
    count
        Sites to choose, those of `fixed` included.
    fixed
        Sites that are already there.
    time_limit_s
        After which the best answer found so far is returned with its gap.

    Raises
    ------
    ValueError
        Sizes do not fit, a weight is negative, or there are fewer sites than asked for.
    """
    table = np.asarray(cover, np.bool_)
    amount = np.asarray(weight, np.float64)
    _check(table, amount, count, fixed)
    kept = np.array(sorted(set(fixed)), np.int64)
    merged = _merge(table, amount, count, kept)
    sites, bound = _solve(merged, time_limit_s, start := _greedy(merged))
    covered = np.asarray(table[:, sites].any(axis=1), np.bool_)
    value, total = float(amount[covered].sum()), float(amount.sum())
    greedy = float(amount[table[:, start].any(axis=1)].sum())
    bound += float(amount[table[:, kept].any(axis=1)].sum())
    uniform = _uniform(table, amount, count)
    return Covering(sites, covered, value, min(max(bound, value), total), total, greedy, uniform)


def _check(table: Bools, amount: Floats, count: int, fixed: Sequence[int]) -> None:
    if table.ndim != 2 or amount.shape != table.shape[:1]:
        raise ValueError(f"cover of {table.shape} does not fit weights of {amount.shape}")
    if not np.isfinite(amount).all() or (amount < 0).any():
        raise ValueError("a weight is negative or not finite")
    sites = table.shape[1]
    if not len(set(fixed)) <= count <= sites or any(not 0 <= s < sites for s in fixed):
        raise ValueError(f"cannot choose {count} of {sites} sites with {len(set(fixed))} fixed")


def _merge(table: Bools, amount: Floats, count: int, fixed: Ints) -> _Problem:
    """Put demands together that the same sites cover; drop what none covers or is covered."""
    passable = table.any(axis=1) & ~table[:, fixed].any(axis=1) & (amount > 0)
    rows, which = np.unique(table[passable], axis=0, return_inverse=True)
    weight: Floats = np.zeros(len(rows))
    np.add.at(weight, which.ravel(), amount[passable])
    return _Problem(rows.reshape(-1, table.shape[1]), weight, count, fixed)


def _greedy(problem: _Problem) -> Ints:
    """Add the site that covers the most of what is left, again and again."""
    chosen = problem.fixed.tolist()
    left = problem.weight.copy()
    while len(chosen) < problem.count:
        gain = left @ problem.cover
        gain[chosen] = -1
        best = int(gain.argmax())
        chosen.append(best)
        left[problem.cover[:, best]] = 0
    return np.array(sorted(chosen), np.int64)


def _solve(problem: _Problem, time_limit_s: float, start: Ints) -> tuple[Ints, float]:
    """Return the sites and a bound on their cover; `start` where HiGHS finds nothing better."""
    demands, sites = problem.cover.shape
    already = float(problem.weight[problem.cover[:, start].any(axis=1)].sum())
    if not demands:
        return start, 0.0
    lower = np.zeros(sites + demands)
    lower[problem.fixed] = 1
    result = scipy.optimize.milp(
        np.concatenate([np.zeros(sites), -problem.weight]),
        integrality=np.concatenate([np.ones(sites), np.zeros(demands)]),
        bounds=scipy.optimize.Bounds(lower, np.ones(sites + demands)),
        constraints=_constraints(problem),
        options={"time_limit": time_limit_s, "mip_rel_gap": EXACT_GAP},
    )
    bound = float(problem.weight.sum())
    if result.mip_dual_bound is not None and np.isfinite(result.mip_dual_bound):
        bound = min(bound, -float(result.mip_dual_bound))
    if result.x is None or -float(result.fun) < already:
        return start, bound
    return np.flatnonzero(result.x[:sites] > 0.5), bound


def _constraints(problem: _Problem) -> list[scipy.optimize.LinearConstraint]:
    """Return: a demand is covered only by a chosen site; so many sites are chosen."""
    demands, sites = problem.cover.shape
    sparse = scipy.sparse
    cover = sparse.csr_array(problem.cover.astype(np.float64))
    reached = sparse.hstack([cover, -sparse.identity(demands)])
    sites_only = np.ones(sites), (np.zeros(sites, int), np.arange(sites))
    chosen = sparse.coo_array(sites_only, shape=(1, sites + demands))
    table = sparse.csr_array(sparse.vstack([reached, chosen]))
    low = np.concatenate([np.zeros(demands), [problem.count]])
    high = np.concatenate([np.full(demands, np.inf), [problem.count]])
    return [scipy.optimize.LinearConstraint(table, low, high)]


def _uniform(table: Bools, amount: Floats, count: int) -> float:
    """Return the mean cover over all choices of `count` sites, exactly."""
    sites = table.shape[1]
    every = comb(sites, count)
    missing = {d: comb(sites - d, count) / every for d in set(table.sum(axis=1).tolist())}
    share = np.array([1 - missing[d] for d in table.sum(axis=1).tolist()])
    return float((amount * share).sum())

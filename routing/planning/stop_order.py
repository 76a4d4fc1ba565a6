"""The best order of stops between two ends: exact up to twelve, bounded beyond.

Up to `EXACT` free stops: Held and Karp, "A dynamic programming approach to sequencing problems"
(1962), over all subsets at once. Beyond: cheapest insertion and moved stretches give an order; a
programme whose solutions may fall into separate rounds gives a bound below every order, and each
round found is cut off (Dantzig, Fulkerson and Johnson, 1954) until there is none or time is up.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import scipy  # loads its heavy optimisers when they are first used

from routing.graph.weights import Bools, Floats, Ints
from routing.stopping import check

Fixed = Literal["both", "start", "end", "none"]
EXACT = 12
BUDGET_S = 1.0
_NO_WAY = 1e9  # seconds; stands for "no path" where an order is improved
_SLACK = 1e-6
INFEASIBLE = 2  # status of scipy.optimize.milp


@dataclass(frozen=True)
class Order:
    """An order of stops: its cost, and a cost that no order is below."""

    stops: list[int]
    cost: float
    bound: float

    @property
    def proven(self) -> bool:
        """Whether no order is cheaper."""
        return self.cost <= self.bound * (1 + _SLACK) + _SLACK


def best_order(costs: Floats, fixed: Fixed = "both", budget_s: float = BUDGET_S) -> Order | None:
    """Return the cheapest order in which to visit all stops once, None when there is none.

    Parameters
    ----------
    costs
        (n, n) cost from stop to stop, infinite where there is no path.
    fixed
        Which ends stay: the first stop given, the last one, both or neither.
    budget_s
        Time for the proof beyond `EXACT` free stops.
    """
    tour = _closed(costs, fixed)
    if len(tour) - 1 - _fixed_count(fixed) <= EXACT or len(costs) <= EXACT:
        stops = _held_karp(tour)
        if stops is None:
            return None
        cost = _cost(tour, stops)
        return Order([s - 1 for s in stops[1:]], cost, cost)
    return _bounded(tour, budget_s)


def _fixed_count(fixed: Fixed) -> int:
    return {"both": 2, "start": 1, "end": 1, "none": 0}[fixed]


def _closed(costs: Floats, fixed: Fixed) -> Floats:
    """Return costs of a round trip from a stop 0 of no cost that stands before and after all."""
    count = len(costs)
    tour = np.full((count + 1, count + 1), np.inf)
    tour[1:, 1:] = costs
    np.fill_diagonal(tour, np.inf)
    tour[0, 1 if fixed in ("both", "start") else slice(1, None)] = 0
    tour[count if fixed in ("both", "end") else slice(1, None), 0] = 0
    return tour


def _cost(tour: Floats, stops: Sequence[int]) -> float:
    return float(sum(tour[a, b] for a, b in pairwise([*stops, stops[0]])))


def _held_karp(tour: Floats) -> list[int] | None:
    """Return the cheapest round trip from stop 0: all subsets of one size at a time."""
    free = len(tour) - 1
    between = tour[1:, 1:]
    best = np.full((1 << free, free), np.inf)
    best[1 << np.arange(free), np.arange(free)] = tour[0, 1:]
    came = np.zeros((1 << free, free), np.int8)
    members = (np.arange(1 << free)[:, None] >> np.arange(free) & 1).astype(np.bool_)
    size = members.sum(axis=1)
    for several in range(1, free):
        subsets = np.flatnonzero(size == several)
        subsets = subsets[np.isfinite(best[subsets]).any(axis=1)]
        for into in range(free):
            before = subsets[~members[subsets, into]]
            reached = best[before] + between[:, into]
            last = reached.argmin(axis=1)
            after = before | 1 << into
            best[after, into] = reached[np.arange(len(before)), last]
            came[after, into] = last
    ending = best[-1] + tour[1:, 0]
    stop, left = int(ending.argmin()), (1 << free) - 1
    if not np.isfinite(ending[stop]):
        return None
    stops: list[int] = []
    while left:
        stops.append(stop + 1)
        left, stop = left & ~(1 << stop), int(came[left, stop])
    return [0, *stops[::-1]]


def _bounded(tour: Floats, budget_s: float) -> Order | None:
    """Return a good order with a bound, or one that is proven best when time allows."""
    finite = np.where(np.isfinite(tour), tour, _NO_WAY)
    stops = _improved(finite, _inserted(finite))
    bound = 0.0
    for rounds, below in _programmes(tour, time.monotonic() + budget_s):
        bound = max(bound, below)
        if not rounds:
            return None
        joined = _improved(finite, _joined(finite, rounds))
        if _cost(finite, joined) < _cost(finite, stops):
            stops = joined
    cost = _cost(finite, stops)
    if cost >= _NO_WAY:
        return None
    return Order([s - 1 for s in stops[1:]], cost, min(bound, cost))


def _inserted(tour: Floats) -> list[int]:
    """Return a round trip by cheapest insertion."""
    stops, left = [0], set(range(1, len(tour)))
    while left:
        wanted = np.array(sorted(left))
        here, there = np.array(stops), np.roll(stops, -1)
        more = tour[here][:, wanted] + tour[wanted][:, there].T - tour[here, there][:, None]
        place, which = divmod(int(more.argmin()), len(wanted))
        stops.insert(place + 1, int(wanted[which]))
        left.remove(int(wanted[which]))
    return stops


def _improved(tour: Floats, stops: list[int]) -> list[int]:
    """Move stretches of up to three stops elsewhere while that is cheaper."""
    better: list[int] | None = stops
    while better is not None:
        check()
        stops = better
        better = next(_moved(tour, stops), None)
    return stops


def _moved(tour: Floats, stops: list[int]) -> Iterator[list[int]]:
    count = len(stops)
    for size in (1, 2, 3):
        for low in range(1, count - size + 1):
            piece = stops[low : low + size]
            rest = np.array(stops[:low] + stops[low + size :])
            follow = np.roll(rest, -1)
            closing = tour[stops[low - 1], stops[(low + size) % count]]
            saved = tour[stops[low - 1], piece[0]] - closing
            saved += tour[piece[-1], stops[(low + size) % count]]
            spent = tour[rest, piece[0]] + tour[piece[-1], follow] - tour[rest, follow]
            place = int(spent.argmin())
            if spent[place] < saved - _SLACK:
                yield [*rest[: place + 1].tolist(), *piece, *rest[place + 1 :].tolist()]


def _joined(tour: Floats, rounds: Sequence[Sequence[int]]) -> list[int]:
    """Return one round trip from several: each is broken into the first where it costs least."""
    first = next(r for r in rounds if 0 in r)
    stops = list(np.roll(first, -list(first).index(0)))
    for other in rounds:
        if other is first:
            continue
        turned = [list(np.roll(other, -shift)) for shift in range(len(other))]
        choices = [stops[:at] + t + stops[at:] for t in turned for at in range(1, len(stops) + 1)]
        stops = min(choices, key=lambda tried: _cost(tour, tried))
    return [int(s) for s in stops]


def _programmes(tour: Floats, until: float) -> Iterator[tuple[list[list[int]], float]]:
    """Yield the rounds of each programme and its bound, until there is one round or no time.

    No rounds mean that there is no order at all.
    """
    count = len(tour)
    tail, head = np.nonzero(np.isfinite(tour))
    size = len(tail)
    ones, column = np.ones(size, np.int64), np.arange(size)
    leave = scipy.sparse.csr_matrix((ones, (tail, column)), shape=(count, size))
    enter = scipy.sparse.csr_matrix((ones, (head, column)), shape=(count, size))
    rows, least = scipy.sparse.vstack([leave, enter]), np.ones(2 * count)
    most = np.ones(2 * count)
    while (left := until - time.monotonic()) > 0:
        check()
        found = scipy.optimize.milp(
            tour[tail, head], integrality=ones, bounds=scipy.optimize.Bounds(0, 1),
            constraints=scipy.optimize.LinearConstraint(rows, least, most),
            options={"time_limit": left, "mip_rel_gap": 0},
        )  # fmt: skip
        if found.status == INFEASIBLE:
            yield [], np.inf
        if found.x is None:
            return
        follow = np.zeros(count, np.int64)
        chosen = found.x > 0.5
        follow[tail[chosen]] = head[chosen]
        rounds = _rounds(follow)
        yield rounds, float(found.mip_dual_bound)
        if len(rounds) == 1 or found.status != 0:
            return
        cuts = np.array([_leaving(tail, head, r, count) for r in rounds], np.int64)
        rows = scipy.sparse.vstack([rows, scipy.sparse.csr_matrix(cuts)])
        least = np.concatenate([least, np.ones(len(rounds))])
        most = np.concatenate([most, np.full(len(rounds), np.inf)])


def _leaving(tail: Ints, head: Ints, members: Sequence[int], count: int) -> Bools:
    inside = np.zeros(count, np.bool_)
    inside[list(members)] = True
    return np.asarray(inside[tail] & ~inside[head], np.bool_)


def _rounds(follow: Ints) -> list[list[int]]:
    """Return the rounds of a permutation."""
    count = len(follow)
    steps = np.ones(count), (np.arange(count), follow)
    matrix = scipy.sparse.csr_matrix(steps, shape=(count, count))
    number, label = scipy.sparse.csgraph.connected_components(matrix, directed=False)
    rounds = []
    for which in range(number):
        stops = [int(np.flatnonzero(label == which)[0])]
        while (after := int(follow[stops[-1]])) != stops[0]:
            stops.append(after)
        rounds.append(stops)
    return rounds

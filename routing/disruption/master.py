"""All shipments together: column generation over the rooms that they share, and what it proves.

The relaxation lets a group be parted among itineraries. Its prices of rooms are those of a linear
program over the itineraries that are known; cheaper ones under these prices are added until there
are none. For any prices the costs of the cheapest itineraries, less what the rooms themselves are
worth, are no more than the cost of the best plan (Lagrange): the greatest of these is the bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import scipy  # loads its heavy optimisers when they are first used

from routing.disruption.numbers import UNSERVED
from routing.disruption.pricing import Column, Pricer
from routing.graph.weights import Floats, Ints

ROUNDS = 60
CLOSE = 2e-4
"""The relaxation is good enough when bound and value are so near each other."""
EPSILON = 1e-7


@dataclass(frozen=True)
class Relaxed:
    """The relaxation: a sound lower bound in yuan, prices per TEU of rooms, and shares of columns.

    `value` is that of the linear program over the columns known; `shares` are counts of shipments;
    `least` has the cheapest itinerary of each group where room is not scarce.
    """

    bound: float
    value: float
    price: Floats
    columns: Sequence[Column]
    shares: Floats
    least: Sequence[Column]


class Master:
    """The pool of itineraries of all groups, and the linear program over it."""

    def __init__(self, pricer: Pricer, room: Floats) -> None:
        self.pricer, self.groups, self.room = pricer, pricer.groups, room
        self.pool: list[Column] = []
        self._known: set[tuple[int, bytes]] = set()

    def add(self, columns: Sequence[Column]) -> int:
        """Add what is not known yet; return how many that is."""
        fresh = [one for one in columns if (one.group, one.key) not in self._known]
        self._known |= {(one.group, one.key) for one in fresh}
        self.pool += fresh
        return len(fresh)

    def relax(self) -> Relaxed:
        """Return the relaxation."""
        every = np.arange(len(self.groups))
        price = np.zeros(len(self.room))
        least = self.pricer.columns(every, self.pricer.find(every, price, self.room))
        self.add(least)
        free = np.array([one.cny for one in least])
        bound = self._bound(free, price)
        best, value, shares = price, bound, np.zeros(0)
        for _ in range(ROUNDS):
            value, trial, shares = self._solve()
            touched = np.array([trial[one.rooms].sum() > 0 for one in least], np.bool_)
            which = every[touched]
            known = self._known_cny(trial)[which]
            found = self.pricer.find(which, trial, self.room, known)
            priced = free.copy()
            priced[touched] = found.priced
            lower = self._bound(priced, trial)
            if lower > bound:
                bound, best = lower, trial
            cheaper = found.some(np.flatnonzero(found.priced < known))
            added = self.add(self.pricer.columns(which[found.priced < known], cheaper))
            if not added or value - bound <= CLOSE * abs(value):
                break
        return Relaxed(bound, value, best, self.pool[: len(shares)], shares, least)

    def _known_cny(self, price: Floats) -> Floats:
        """Return what the cheapest itinerary known of each group costs per TEU under prices."""
        cost = [one.cny + float(price[one.rooms].sum()) for one in self.pool]
        found = self.groups.money[:, UNSERVED].copy()
        np.minimum.at(found, [one.group for one in self.pool], cost)
        return found

    def _bound(self, priced: Floats, price: Floats) -> float:
        scarce = price > 0
        whole = (priced * self.groups.teu * self.groups.counts).sum()
        return float(whole - (price[scarce] * self.room[scarce]).sum())

    def _solve(self) -> tuple[float, Floats, Floats]:
        """Return the value of the program over the pool, prices of rooms, and shares."""
        groups, pool = self.groups, self.pool
        of = np.array([one.group for one in pool], np.int64)
        teu = groups.teu[of]
        column = np.repeat(np.arange(len(pool)), [len(one.rooms) for one in pool])
        rooms = np.concatenate([one.rooms for one in pool]) if pool else column
        tight = self._tight(of, column, rooms)
        number = np.full(len(self.room), -1)
        number[tight] = np.arange(len(tight))
        kept = number[rooms] >= 0
        unserved = groups.money[:, UNSERVED] * groups.teu
        cost = np.concatenate([np.array([one.cny for one in pool]) * teu, unserved])
        every = np.concatenate([of, np.arange(len(groups))])
        parts = scipy.sparse.csr_matrix(
            (np.ones(len(every)), (every, np.arange(len(every)))), (len(groups), len(every))
        )
        used = scipy.sparse.csr_matrix(
            (teu[column[kept]], (number[rooms[kept]], column[kept])), (len(tight), len(every))
        )
        dense = (cast("Floats", each) for each in (used, parts))  # what its stubs know
        found = scipy.optimize.linprog(
            cost, next(dense), self.room[tight], next(dense), groups.counts, method="highs"
        )
        price = np.zeros(len(self.room))
        if len(tight):
            price[tight] = np.maximum(-found.ineqlin.marginals, 0)
        assert found.x is not None and found.fun is not None  # noqa: S101  # nothing need be served
        return float(found.fun), price, found.x[: len(pool)]

    def _tight(self, of: Ints, column: Ints, rooms: Ints) -> Ints:
        """Return the rooms that could be too small if all groups that may use them did."""
        pairs, times = np.unique(np.stack([rooms, column]), axis=1, return_counts=True)
        owners = np.stack([pairs[0], of[pairs[1]]])
        owners, place = np.unique(owners, axis=1, return_inverse=True)
        twice = np.zeros(owners.shape[1])
        np.maximum.at(twice, place.ravel(), times)
        whole = (self.groups.counts * self.groups.teu)[owners[1]] * twice
        most = np.bincount(owners[0], whole, len(self.room))
        return np.flatnonzero(most > self.room + EPSILON)

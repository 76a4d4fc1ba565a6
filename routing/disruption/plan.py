"""A plan of whole shipments from a relaxation: rounded down, filled up, and bettered one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from routing.disruption.cargo import Groups
from routing.disruption.master import Master, Relaxed
from routing.disruption.pricing import Column, Pricer
from routing.graph.weights import Floats, Ints

MOST_TRIES = 3_000
"""So many single shipments are tried elsewhere at most in one pass."""
PASSES = 3
SAVES_CNY = 1e-6
FITS_TEU = 1e-9


@dataclass
class Plan:
    """An itinerary for each shipment, and the room that is left."""

    pricer: Pricer
    columns: list[Column]
    left: Floats

    @property
    def cny(self) -> float:
        """What all of it costs, time, CO2, lateness and what is not served included."""
        teu = self.pricer.groups.teu
        return float(sum(one.cny * teu[one.group] for one in self.columns))

    def take(self, column: Column, sign: int = 1) -> None:
        """Take the room of a shipment's itinerary, or give it back."""
        np.subtract.at(self.left, column.rooms, sign * self.pricer.groups.teu[column.group])

    def better(self, which: Iterable[int]) -> float:
        """Look for a cheaper way of each of some shipments; return the yuan that are saved."""
        saved, nothing = 0.0, np.zeros(len(self.left))
        for number in which:
            old = self.columns[number]
            self.take(old, -1)
            new = find_one(self.pricer, old.group, nothing, self.left, old.cny - SAVES_CNY)
            if new.served and new.cny < old.cny - SAVES_CNY:
                saved += (old.cny - new.cny) * float(self.pricer.groups.teu[old.group])
                self.columns[number] = new
            self.take(self.columns[number])
        return saved


@dataclass(frozen=True)
class Solved:
    """A plan with the relaxation that it is held against; `gap` is a share of the bound."""

    plan: Plan
    relaxed: Relaxed

    @property
    def gap(self) -> float:
        """By how much the plan costs more than the bound, as a share of it."""
        over = self.plan.cny - self.relaxed.bound
        return max(over, 0.0) / self.relaxed.bound if self.relaxed.bound > 0 else 0.0


def find_one(
    pricer: Pricer, group: int, price: Floats, left: Floats, most: float = np.inf
) -> Column:
    """Return the cheapest itinerary of a group's shipment in what room there is.

    One that costs `most` (yuan per TEU) or more is not looked for; none is not being served.
    A day of a hub is taken twice by what is unloaded and loaded there: where that is too much it is
    looked for without this day.
    """
    which, room, mosts = np.array([group]), np.maximum(left, 0.0), np.array([most])
    teu = float(pricer.groups.teu[group])
    while True:
        found = pricer.columns(which, pricer.find(which, price, room, mosts))[0]
        rooms, times = np.unique(found.rooms, return_counts=True)
        over = rooms[times * teu > left[rooms] + FITS_TEU]
        if not len(over):
            return found
        room[over] = 0.0


def solve(pricer: Pricer, room: Floats) -> Solved:
    """Plan all shipments of groups together in the room that there is (TEU)."""
    relaxed = Master(pricer, room).relax()
    plan = _rounded(pricer, room, relaxed)
    least = np.array([one.cny for one in relaxed.least])
    for _ in range(PASSES):
        excess = np.array([
            (one.cny - least[one.group]) * pricer.groups.teu[one.group] for one in plan.columns
        ])  # fmt: skip
        order = np.argsort(-excess, kind="stable")
        some = order[excess[order] > SAVES_CNY][:MOST_TRIES]
        if plan.better(some.tolist()) <= SAVES_CNY:
            break
    return Solved(plan, relaxed)


def _rounded(pricer: Pricer, room: Floats, relaxed: Relaxed) -> Plan:
    """Return the whole parts of the relaxation, and of what is left each by itself."""
    groups = pricer.groups
    members = _members(groups)
    columns: list[Column | None] = [None] * len(groups.of)
    plan = Plan(pricer, [], room.copy())
    for share, column in zip(relaxed.shares, relaxed.columns, strict=True):
        for _ in range(int(share + 1e-6)):
            if not members[column.group]:
                break
            columns[members[column.group].pop()] = column
            plan.take(column)
    rest = [number for own in members for number in own]
    rest.sort(key=lambda number: -groups.teu[groups.of[number]])
    for number in rest:
        found = find_one(pricer, int(groups.of[number]), relaxed.price, plan.left)
        columns[number] = found
        plan.take(found)
    plan.columns = [one for one in columns if one is not None]
    return plan


def _members(groups: Groups) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in range(len(groups))]
    for number, one in enumerate(groups.of.tolist()):
        found[one].append(number)
    return found


def taken(rooms: Sequence[Ints], teu: Sequence[float], count: int) -> Floats:
    """Return the TEU that shipments take of each of `count` rooms."""
    found = np.zeros(count)
    for own, each in zip(rooms, teu, strict=True):
        np.add.at(found, own, each)
    return found

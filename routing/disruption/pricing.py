"""The cheapest itinerary of each group of shipments in a world, under prices of its rooms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from routing.disruption.cargo import Groups
from routing.disruption.least_kernels import least_left
from routing.disruption.numbers import (
    DOCUMENTS,
    GATE_IN,
    HALT_HUB,
    HALT_MODE,
    LEG,
    LEG_ARRIVES,
    LEG_DEPARTS,
    LEG_FROM,
    LEG_FROM_HUB,
    LEG_RUN,
    LEG_TO,
    MASS,
    MOST_LEGS,
    NONE,
    PER_S,
    START_RUN,
    UNSERVED,
)
from routing.disruption.path_kernels import find_all
from routing.disruption.world import World
from routing.graph.weights import Floats, Ints
from routing.multimodal.timetable import PLACE, ROAD
from routing.stopping import check

AT_ONCE = 200
"""So many groups are asked between two looks whether anybody still waits."""


@dataclass(frozen=True)
class Column:
    """An itinerary of a group: yuan per TEU, when it is ready, and the rooms that a TEU takes.

    One without legs is not being served, at what that costs.
    """

    group: int
    cny: float
    ready: int
    legs: Ints
    rooms: Ints

    @property
    def served(self) -> bool:
        """Whether it leads to the goal."""
        return self.ready != NONE

    @property
    def key(self) -> bytes:
        """What tells it from others of its group."""
        return self.legs.tobytes()


@dataclass(frozen=True)
class Priced:
    """Itineraries of some groups, and what they cost per TEU with the prices of rooms."""

    priced: Floats
    plain: Floats
    ready: Ints
    counts: Ints
    legs: Ints

    def some(self, rows: Ints) -> Priced:
        """Return some rows of it."""
        return Priced(
            self.priced[rows], self.plain[rows], self.ready[rows], self.counts[rows],
            self.legs[rows],
        )  # fmt: skip


class Pricer:
    """Finds itineraries of groups in a world.

    Its costs are exact: no itinerary of the world is cheaper under the prices that it is given.
    """

    def __init__(self, world: World, groups: Groups) -> None:
        self.world, self.groups = world, groups
        table, roads = world.timetable, world.roads
        mass = float(groups.money[:, MASS].min()) if len(groups) else 0.0
        per_s = float(groups.money[:, PER_S].min()) if len(groups) else 0.0
        self._bounds = least_left(
            groups.goals, len(table.hub_ids), table.halt_first, world.halts, world.halt_cny,
            table.least_ride_s, *_least_changes(world), roads.rows, roads.cny, roads.near, mass,
            per_s,
        )  # fmt: skip

    def find(self, which: Ints, price: Floats, room: Floats, mosts: Floats | None = None) -> Priced:
        """Return the cheapest itineraries of some groups that find room for a shipment.

        Where there is none cheaper than what `mosts` (yuan per TEU) says, that is the cost, and
        there are no legs; without it, what not being served costs.
        """
        world, groups, roads = self.world, self.groups, self.world.roads
        count = len(which)
        found, ready = np.zeros((count, 2)), np.full(count, NONE, np.int64)
        counts = np.zeros(count, np.int64)
        legs = np.zeros((count, MOST_LEGS, LEG), np.int64)
        unserved = groups.money[which, UNSERVED]
        mosts = unserved if mosts is None else np.minimum(mosts, unserved)
        for first in range(0, count, AT_ONCE):
            check()
            part = slice(first, first + AT_ONCE)
            some = which[part]
            find_all(
                groups.rows[some], groups.money[some], groups.goal_of[some], self._bounds,
                world.events, world.event_at, world.halts, world.halt_cny, groups.takes,
                world.dead, room, price, world.hub_first, world.since, world.table,
                world.run_times, world.transfer_s, world.transfer_cny, world.closed_first,
                world.closed_from, world.closed_to, roads.near_first, roads.near_rows,
                roads.all_first, roads.rows, roads.cny, roads.first, roads.since, roads.until,
                mosts[part], found[part], ready[part], counts[part], legs[part],
            )  # fmt: skip
        return Priced(found[:, 0], found[:, 1], ready, counts, legs)

    def columns(self, which: Ints, found: Priced) -> list[Column]:
        """Return what was found as columns."""
        return [
            self._column(int(group), found, row) for row, group in enumerate(which)
        ]  # fmt: skip

    def _column(self, group: int, found: Priced, row: int) -> Column:
        count = int(found.counts[row])
        if count < 0:
            none = np.empty(0, np.int64)
            return Column(group, float(found.plain[row]), NONE, none.reshape(0, LEG), none)
        legs = found.legs[row, :count].copy()
        stays = int(self.groups.rows[group, START_RUN])
        rooms = rooms_of(self.world, legs, stays)
        return Column(group, float(found.plain[row]), int(found.ready[row]), legs, rooms)


def _least_changes(world: World) -> tuple[Floats, Ints, Floats, Ints]:
    """Return the least that loading at halts, and driving on and handing out at hubs, takes.

    Yuan per TEU and seconds, of any way that cargo may have come by; at hubs (hubs, 2).
    """
    seconds, cny, halts = world.transfer_s, world.transfer_cny, world.halts
    hub, mode = halts[:, HALT_HUB], halts[:, HALT_MODE]
    handled = seconds[hub, :, mode, 0] + halts[:, GATE_IN, None]
    papers = seconds[hub, :, mode, 1] + halts[:, DOCUMENTS, None]
    ends = [ROAD, PLACE]
    return (
        np.ascontiguousarray(cny[hub, :, mode].min(axis=1)),
        np.ascontiguousarray(np.maximum(handled, papers).min(axis=1)),
        np.ascontiguousarray(cny[:, :, ends].min(axis=1)),
        np.ascontiguousarray(seconds[:, :, ends].max(axis=3).min(axis=1)),
    )


def rooms_of(world: World, legs: Ints, stays: int = NONE) -> Ints:
    """Return the rooms that legs take; what `stays` on board of a run is not loaded first."""
    taken: list[int] = []
    for number, leg in enumerate(legs.tolist()):
        run = leg[LEG_RUN]
        if run < 0:
            continue
        base = int(world.table[run])
        taken += range(base + leg[LEG_FROM], base + leg[LEG_TO])
        ends = [(int(world.halts[leg[LEG_TO], HALT_HUB]), leg[LEG_ARRIVES])]
        ends = [(hub, world.opened(hub, at)) for hub, at in ends]
        if number or run != stays:
            ends.append((leg[LEG_FROM_HUB], leg[LEG_DEPARTS]))
        taken += [day for hub, at in ends if (day := world.hub_day(hub, at)) is not None]
    return np.array(taken, np.int64)

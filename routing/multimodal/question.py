"""A question made ready for kernels: load, road legs, prices and limits as arrays."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass

import numpy as np

from routing.graph.weights import Bools, Floats, Ints
from routing.multimodal.bag_kernels import END, END_HUB, END_WAY, NONE, SUM, UNKNOWN
from routing.multimodal.bound_kernels import bound
from routing.multimodal.prices import (
    Factors,
    Load,
    Tariffs,
    list_covers,
    price_halts,
    price_roads,
    price_transfers,
)
from routing.multimodal.timetable import PLACE, ROAD, Timetable
from spatial.transport_modes import HAULAGE, MODES


@dataclass(frozen=True)
class Drives:
    """Road legs between places: seconds and metres, infinite where there is no way.

    Whoever answers for roads makes them, in the state and at the hour that count.
    """

    seconds: Floats
    metres: Floats

    @classmethod
    def none(cls, count: int) -> Drives:
        """Return that there is no way."""
        return cls(np.full(count, np.inf), np.full(count, np.inf))


@dataclass(frozen=True)
class Roads:
    """The road legs of a question: from the start and to the goal (by hub), and between hubs.

    `direct` has one leg, from start to goal. `first` (hubs + 1) and `to` tell which hubs are driven
    to from each.
    """

    access: Drives
    egress: Drives
    direct: Drives
    first: Ints
    to: Ints
    between: Drives

    @classmethod
    def none(cls, hubs: int) -> Roads:
        """Return that nothing can be driven."""
        nowhere = np.zeros(hubs + 1, np.int64), np.empty(0, np.int64)
        return cls(Drives.none(hubs), Drives.none(hubs), Drives.none(1), *nowhere, Drives.none(0))


@dataclass(frozen=True)
class Limits:
    """What a question allows; `latest` is a Unix second, `carriers` None for all of them."""

    latest: int = UNKNOWN
    most_transfers: int = 5
    banned_modes: frozenset[str] = frozenset()
    carriers: frozenset[str] | None = None


class Question:
    """One question to a timetable.

    Parameters
    ----------
    start_hub, goal_hub
        Numbers of hubs at which the load is handed in or out, None where it is fetched or brought
        by road.
    """

    def __init__(
        self, timetable: Timetable, load: Load, roads: Roads, start_hub: int | None,
        goal_hub: int | None, factors: Factors, tariffs: Tariffs, limits: Limits,
    ) -> None:  # fmt: skip
        def priced(drives: Drives) -> Ints:
            return price_roads(drives.seconds, drives.metres, load, factors, tariffs)

        self._priced, self._drives = priced, HAULAGE not in limits.banned_modes
        self.timetable, self.limits = timetable, limits
        self.usable: Bools = np.ascontiguousarray(timetable.trip_capacity_teu >= load.teu)
        allowed = list_allowed(timetable, load, limits)
        self.halts = price_halts(timetable, load, factors, tariffs, allowed)
        self.transfers = price_transfers(timetable, load, tariffs)
        self.covers = list_covers(self.transfers)
        self.egress = roads.egress
        self.ends = _ends(roads.egress, priced, goal_hub, self._drives)
        kept = np.isfinite(roads.between.seconds) & self._drives
        hubs = np.arange(len(timetable.hub_ids) + 1)
        rows = np.repeat(hubs[:-1], np.diff(roads.first))[kept]
        self.road_first = np.searchsorted(rows, hubs).astype(np.int64)
        self.road_to = np.ascontiguousarray(roads.to[kept])
        self.between = Drives(roads.between.seconds[kept], roads.between.metres[kept])
        self.road_legs = priced(self.between)
        onward = np.ascontiguousarray(self.transfers[..., :SUM].min(axis=1))
        self.least, self.aboard = bound(
            self.ends, onward, self.road_first, self.road_to, self.road_legs, self.halts,
            timetable.halt_first, ROAD,
        )  # fmt: skip
        self._leave(roads.access, roads.direct, start_hub)

    def _leave(self, access: Drives, direct: Drives, hub: int | None) -> None:
        self.access, self.direct_leg = access, direct
        self.starts = _starts(access, self._priced, hub, self._drives)
        self.has_direct = self._drives and bool(np.isfinite(direct.seconds[0]))
        self.direct = self._priced(direct) if self.has_direct else np.zeros((1, SUM), np.int64)

    def leaving(self, access: Drives, direct: Drives) -> Question:
        """Return the question of a load that is fetched elsewhere, by its legs to hubs and goal.

        What is known of the way to the goal is shared.
        """
        other = copy(self)
        other._leave(access, direct, None)
        return other


def list_allowed(timetable: Timetable, load: Load, limits: Limits) -> Bools:
    """Return which patterns take the load: by mode, carrier, kind of cargo and mass of a unit."""
    of_service = [
        MODES[one.mode] not in limits.banned_modes
        and (limits.carriers is None or one.carrier in limits.carriers)
        and set(load.kinds) <= set(one.cargo)
        and (one.most_t is None or load.unit_t <= one.most_t)
        for one in timetable.services
    ]
    return np.array(of_service, np.bool_)[timetable.pattern_service]


Priced = Callable[[Drives], Ints]


def _starts(access: Drives, priced: Priced, hub: int | None, drives: bool) -> Ints:
    reached = np.flatnonzero(np.isfinite(access.seconds)) if drives else np.empty(0, np.int64)
    found = np.zeros((len(reached) + (hub is not None), END), np.int64)
    found[: len(reached), :SUM] = priced(Drives(access.seconds[reached], access.metres[reached]))
    found[: len(reached), END_HUB], found[: len(reached), END_WAY] = reached, ROAD
    if hub is not None:
        found[-1, END_HUB], found[-1, END_WAY] = hub, PLACE
    return found


def _ends(egress: Drives, priced: Priced, hub: int | None, drives: bool) -> Ints:
    found = np.zeros((len(egress.seconds), END), np.int64)
    found[:, END_HUB], found[:, END_WAY] = np.arange(len(found)), NONE
    reached = np.flatnonzero(np.isfinite(egress.seconds)) if drives else np.empty(0, np.int64)
    found[reached, :SUM] = priced(Drives(egress.seconds[reached], egress.metres[reached]))
    found[reached, END_WAY] = ROAD
    if hub is not None:
        found[hub, :SUM], found[hub, END_WAY] = 0, PLACE
    return found

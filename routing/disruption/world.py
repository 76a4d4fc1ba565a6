"""Hubs, runs and roads of some days as arrays, with what is closed: what itineraries are found in.

Costs are in yuan per TEU, an interval counts by its middle, and by its lower end where the upper
one is not known. Times are Unix seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from routing.disruption.numbers import (
    ALIGHTS,
    AT_HALT,
    AT_HUB,
    BOARDS,
    DEPARTS,
    DOCUMENTS,
    EVENT,
    EVENT_AT,
    GATE_IN,
    HALT,
    HALT_HUB,
    HALT_MODE,
    NONE,
    ON_RUN,
    PATTERN,
    SECTION,
)
from routing.disruption.roads import (
    Amounts,
    RoadLegs,
    RoadRows,
    Window,
    amounts_of,
    merge,
    middle,
    road_rows,
    worth,
)
from routing.graph.weights import Bools, Floats, Ints
from routing.multimodal.bag_kernels import COST_HIGH, LIFT, RIDE, UNKNOWN
from routing.multimodal.prices import (
    Factors,
    Load,
    Tariffs,
    price_halts,
    price_transfers,
)
from routing.multimodal.timetable import Timetable

DAY_S = 86_400


@dataclass(frozen=True)
class Blocked:
    """A part of a way between two halts that no run may be on in a window.

    The way is that from `halt` to the one after it, the part is told by its shares of it.
    """

    halt: int
    begin: float
    end: float
    window: Window


@dataclass(frozen=True)
class Prices:
    """What rides (to each halt), lifts and transfers amount to per TEU.

    `unpriced` are halts to which nobody knows what the ride costs at most.
    """

    ride: Amounts
    lift: Amounts
    transfer: Amounts
    unpriced: Bools


@dataclass(frozen=True)
class World:
    """What itineraries are found in: the arrays of `path_kernels.find_all`, and what they mean.

    `table[run] + halt` is the number of the section of a run that begins at a halt; `run_times`
    has arrival and departure of each. Rooms are numbered by sections, then days of limited hubs.
    """

    timetable: Timetable
    since: int
    until: int
    legs: RoadLegs
    factors: Factors
    tariffs: Tariffs
    co2_cny_per_kg: float
    prices: Prices
    halts: Ints
    halt_cny: Floats
    table: Ints
    run_times: Ints
    events: Ints
    event_at: Ints
    transfer_s: Ints
    transfer_cny: Floats
    dead: Bools
    closed_first: Ints
    closed_from: Ints
    closed_to: Ints
    hub_first: Ints
    roads: RoadRows

    @classmethod
    def build(
        cls, timetable: Timetable, legs: RoadLegs, factors: Factors, tariffs: Tariffs,
        co2_cny_per_t: float, period: Window, limited_hubs: Sequence[int] = (),
    ) -> World:  # fmt: skip
        """Return the world of a period in which nothing is closed beside what the timetable says.

        `limited_hubs` are those whose room a day is limited.
        """
        table, times = _runs(timetable)
        events = _events(timetable, table, times, period)
        per_kg = co2_cny_per_t / 1000
        prices = _prices(timetable, factors, tariffs)
        days = -(-(period.until - period.since) // DAY_S) + 1
        hub_first = np.full((len(timetable.hub_ids), 2), NONE, np.int64)
        for number, hub in enumerate(limited_hubs):
            hub_first[hub] = len(times) // 2 + number * days, days
        money = np.stack([worth(prices.ride.each, per_kg), worth(prices.ride.per_t, per_kg),
                          worth(prices.lift.each, per_kg)], -1)  # fmt: skip
        return cls(
            timetable, period.since, period.until, legs, factors, tariffs, per_kg, prices,
            _halts(timetable), np.ascontiguousarray(money), table, times, events,
            np.ascontiguousarray(events[:, EVENT_AT]),
            np.ascontiguousarray(np.stack([timetable.handling_s, timetable.information_s], -1)),
            np.ascontiguousarray(worth(prices.transfer.each, per_kg)),
            np.zeros(len(times) // 2, np.bool_), timetable.closed_first, timetable.closed_from,
            timetable.closed_to, hub_first,
            road_rows(len(timetable.hub_ids), legs, factors, tariffs, per_kg),
        )  # fmt: skip

    @property
    def rooms(self) -> int:
        """How many rooms there are."""
        first = self.hub_first
        return len(self.dead) + int(first[first[:, 0] >= 0, 1].sum())

    def hub_day(self, hub: int, at: int) -> int | None:
        """Return the number of the room of a hub's day, None where it is not limited."""
        first, days = (int(value) for value in self.hub_first[hub])
        return None if first < 0 else first + min(max((at - self.since) // DAY_S, 0), days - 1)

    def room(self, hub_teu: Sequence[float] = ()) -> Floats:
        """Return the TEU that each room holds; `hub_teu` is that of a day of each limited hub."""
        found, table = np.full(self.rooms, np.inf), self.timetable
        halts = np.diff(table.halt_first)[_pattern_of_runs(table)]
        found[: len(self.dead)] = np.repeat(table.trip_capacity_teu[table.run_trip], halts)
        limited = self.hub_first[self.hub_first[:, 0] >= 0]
        for (begin, days), teu in zip(limited[np.argsort(limited[:, 0])], hub_teu, strict=True):
            found[begin : begin + days] = teu
        return found

    def opened(self, hub: int, at: int) -> int:
        """Return when a hub works, at a time or after it."""
        for window in range(self.closed_first[hub], self.closed_first[hub + 1]):
            if self.closed_from[window] <= at < self.closed_to[window]:
                at = int(self.closed_to[window])
        return at

    def closing(
        self, hubs: Sequence[tuple[int, Window]], blocked: Sequence[Blocked],
        legs: RoadLegs | None = None,
    ) -> World:  # fmt: skip
        """Return the world with hubs closed in windows, ways blocked and road legs shut."""
        first, since, until = _merged(self.timetable, hubs)
        made = replace(
            self, closed_first=first, closed_from=since, closed_to=until, dead=_dead(self, blocked)
        )
        if legs is None:
            return made
        rows = road_rows(
            len(self.timetable.hub_ids), legs, self.factors, self.tariffs, self.co2_cny_per_kg
        )
        return replace(made, legs=legs, roads=rows)


def _pattern_of_runs(table: Timetable) -> Ints:
    return np.repeat(np.arange(len(table.run_first) - 1), np.diff(table.run_first))


def _runs(table: Timetable) -> tuple[Ints, Ints]:
    """Return where the sections of runs begin, and arrival and departure of each halt of runs."""
    pattern = _pattern_of_runs(table)
    halts = np.diff(table.halt_first)[pattern]
    first = np.cumsum(halts) - halts
    place = np.arange(int(halts.sum())) - np.repeat(first, halts)
    offset = np.repeat(table.trip_first[table.run_trip], halts) + place
    start = np.repeat(table.run_start, halts)
    times = np.stack([start + table.arrive_s[offset], start + table.depart_s[offset]], -1)
    return first - table.halt_first[pattern], times.ravel()


def _events(table: Timetable, first: Ints, times: Ints, period: Window) -> Ints:
    """Return departures and arrivals of a period in the order of time, arrivals first."""
    pattern = _pattern_of_runs(table)
    halts = np.diff(table.halt_first)[pattern]
    runs = np.repeat(np.arange(len(pattern)), halts)
    section = np.arange(len(times) // 2)
    halt = section - first[runs]
    found = []
    for departs in (0, 1):
        ends = table.halt_first[1:][pattern[runs]] - 1 == halt
        begins = table.halt_first[pattern[runs]] == halt
        kept = (~ends if departs else ~begins) & (
            (times[departs::2] >= period.since) & (times[departs::2] < period.until)
        )
        rows = np.zeros((int(kept.sum()), EVENT), np.int64)
        rows[:, EVENT_AT], rows[:, DEPARTS] = times[departs::2][kept], departs
        rows[:, ON_RUN], rows[:, AT_HALT] = runs[kept], halt[kept]
        rows[:, SECTION], rows[:, AT_HUB] = section[kept], table.hub[halt[kept]]
        found.append(rows)
    events = np.concatenate(found)
    order = np.lexsort((events[:, SECTION], events[:, DEPARTS], events[:, EVENT_AT]))
    return np.ascontiguousarray(events[order])


def _halts(table: Timetable) -> Ints:
    found = np.zeros((len(table.hub), HALT), np.int64)
    found[:, HALT_HUB], found[:, PATTERN] = table.hub, table.halt_pattern
    found[:, HALT_MODE] = table.modes[table.halt_pattern]
    found[:, GATE_IN], found[:, DOCUMENTS] = table.gate_in_s, table.documents_s
    found[:, BOARDS], found[:, ALIGHTS] = table.boards, table.alights
    return found


def _prices(table: Timetable, factors: Factors, tariffs: Tariffs) -> Prices:
    allowed = np.ones(len(table.pattern_service), np.bool_)
    empty, loaded = (
        price_halts(table, Load(1.0, mass), factors, tariffs, allowed) for mass in (0.0, 1.0)
    )
    cny = middle(empty[:, LIFT], empty[:, LIFT + 1], 100)
    lift = np.stack([cny, np.zeros(len(cny))], -1)
    transfers = price_transfers(table, Load(1.0, 0.0), tariffs)
    return Prices(
        amounts_of(loaded, empty, RIDE), Amounts(lift, np.zeros_like(lift)),
        amounts_of(transfers, transfers), empty[:, RIDE + COST_HIGH] >= UNKNOWN,
    )  # fmt: skip


def _merged(table: Timetable, hubs: Sequence[tuple[int, Window]]) -> tuple[Ints, Ints, Ints]:
    """Return the windows of all hubs with those of the timetable."""
    by_hub: list[list[Window]] = [[] for _ in table.hub_ids]
    for hub in range(len(by_hub)):
        for at in range(table.closed_first[hub], table.closed_first[hub + 1]):
            by_hub[hub].append(Window(int(table.closed_from[at]), int(table.closed_to[at])))
    for hub, window in hubs:
        by_hub[hub].append(window)
    merged = [merge(own) for own in by_hub]
    flat = [window for own in merged for window in own]
    return (
        np.cumsum([0, *map(len, merged)]).astype(np.int64),
        np.array([one.since for one in flat], np.int64),
        np.array([one.until for one in flat], np.int64),
    )


def _dead(world: World, blocked: Sequence[Blocked]) -> Bools:
    """Return the sections that no run is on: those blocked, and all that come after them."""
    table, found = world.timetable, np.zeros(len(world.dead), np.bool_)
    for one in blocked:
        pattern = int(table.halt_pattern[one.halt])
        runs = np.arange(table.run_first[pattern], table.run_first[pattern + 1])
        sections = world.table[runs] + one.halt
        leaves, arrives = world.run_times[2 * sections + 1], world.run_times[2 * sections + 2]
        enters = leaves + one.begin * (arrives - leaves)
        ends = leaves + one.end * (arrives - leaves)
        hit = sections[(enters < one.window.until) & (ends >= one.window.since)]
        for later in range(int(table.halt_first[pattern + 1]) - one.halt):
            found[hit + later] = True
    return found

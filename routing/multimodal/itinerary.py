"""Itineraries as they are read from labels: legs with times, amounts and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from routing.graph.weights import Ints
from routing.multimodal.bag_kernels import (
    AT,
    BY_DIRECT,
    BY_EGRESS,
    BY_ROAD,
    COST,
    DOCUMENTS,
    END_HUB,
    END_WAY,
    FROM,
    GATE_IN,
    HUB,
    INFORMATION,
    LIFT,
    MODE,
    NONE,
    PARENT,
    RIDE,
    RUN,
    SECONDS,
    SET_OUT,
    SUM,
    TO,
    UNKNOWN,
    WAY,
)
from routing.multimodal.question import Question
from routing.multimodal.timetable import ROAD, Timetable

Amounts = tuple[int, int, int, int]
"""Cost in hundredths of a yuan and CO2 equivalents in grams: each low, high (`UNKNOWN`)."""


@dataclass(frozen=True)
class Leg:
    """One leg, on a run of the timetable between two halts or by road (`run` None).

    `way` is the number of its mode; a hub of -1 is the start or the goal. Times are Unix seconds.
    A gate closes at `closes`; `moving` is what the ride itself amounts to, without lifts.
    """

    way: int
    from_hub: int
    to_hub: int
    departs: int
    arrives: int
    amounts: Amounts
    metres: float
    run: int | None = None
    from_halt: int = NONE
    to_halt: int = NONE
    closes: int | None = None


@dataclass(frozen=True)
class Itinerary:
    """A way from start to goal; `any_time` is one by road alone, that keeps no timetable.

    `ready` is when the goal has the load; `changes` are the amounts of all transfers.
    """

    departs: int
    ready: int
    amounts: Amounts
    changes: Amounts
    legs: tuple[Leg, ...]
    any_time: bool = False

    @property
    def transfers(self) -> int:
        """How often the cargo changes from one means to another."""
        return len(self.legs) - 1

    @property
    def vector(self) -> tuple[int, ...]:
        """What itineraries are compared by, beside when they set out."""
        return (self.ready, *self.amounts, len(self.legs))


def opened(table: Timetable, hub: int, at: int) -> int:
    """Return when a hub works, at a time or after it."""
    for window in range(table.closed_first[hub], table.closed_first[hub + 1]):
        if table.closed_from[window] <= at < table.closed_to[window]:
            at = int(table.closed_to[window])
    return at


def last_coming(table: Timetable, hub: int, by: int) -> int:
    """Return the latest time of coming to a hub whose work has begun by a time."""
    for window in reversed(range(table.closed_first[hub], table.closed_first[hub + 1])):
        if table.closed_from[window] <= by < table.closed_to[window]:
            by = int(table.closed_from[window]) - 1
    return by


def read_itinerary(question: Question, labels: Ints, number: int) -> Itinerary:
    """Return the itinerary of a label of the goal.

    It sets out as late as its first run allows, which may be later than the label did.
    """
    chain = [number]
    while (parent := int(labels[chain[-1], PARENT])) != NONE:
        chain.append(parent)
    chain.reverse()
    last = labels[number]
    ready, driven = int(last[AT]), int(last[RUN]) == BY_DIRECT
    if driven:
        leg = _road(
            question.direct[0], (NONE, NONE), int(last[SET_OUT]), question.direct_leg.metres[0]
        )
        return Itinerary(leg.departs, ready, leg.amounts, (0, 0, 0, 0), (leg,), any_time=True)
    legs = [leg for pair in pairwise(chain) for leg in _leg(question, labels, *pair)]
    departs, access = _access(question, labels[chain[0]], legs[0])
    legs = [*access, *legs]
    amounts = _amounts(last)
    ridden = [sum(parts) for parts in zip(*(leg.amounts for leg in legs), strict=True)]
    a, b, c, d = (
        UNKNOWN if whole >= UNKNOWN else whole - own
        for whole, own in zip(amounts, ridden, strict=True)
    )
    return Itinerary(departs, ready, amounts, (a, b, c, d), tuple(legs))


def _amounts(row: Ints) -> Amounts:
    a, b, c, d = (int(value) for value in row[COST:SUM])
    return a, b, c, d


def _road(amounts: Ints, hubs: tuple[int, int], departs: int, metres: float) -> Leg:
    arrives = departs + int(amounts[SECONDS])
    return Leg(ROAD, *hubs, departs, arrives, _amounts(amounts), float(metres))


def _access(question: Question, first: Ints, ride: Leg) -> tuple[int, list[Leg]]:
    """Return when to set out at the latest for the first ride, and the leg to its hub."""
    halt = question.halts[ride.from_halt]
    hub, way = int(first[HUB]), int(first[WAY])
    passed = question.transfers[hub, way, halt[MODE]]
    before = max(passed[SECONDS] + halt[GATE_IN], passed[INFORMATION] + halt[DOCUMENTS])
    comes = last_coming(question.timetable, hub, ride.departs - int(before))
    start = question.starts[first[FROM]]
    departs = comes - int(start[SECONDS])
    if start[END_WAY] != ROAD:
        return departs, []
    hubs = NONE, int(start[END_HUB])
    return departs, [_road(start, hubs, departs, question.access.metres[hub])]


def _leg(question: Question, labels: Ints, before: int, at: int) -> list[Leg]:
    """Return the leg that a label came by from another one; to be handed out is none."""
    row, table = labels[at], question.timetable
    hub, way, run = int(labels[before, HUB]), int(labels[before, WAY]), int(row[RUN])
    if run in (BY_ROAD, BY_EGRESS):
        if row[WAY] != ROAD:
            return []
        passed = question.transfers[hub, way, ROAD]
        released = int(labels[before, AT] + max(passed[SECONDS], passed[INFORMATION]))
        leaves = opened(table, hub, released)
        if run == BY_EGRESS:
            return [_road(question.ends[hub], (hub, NONE), leaves, question.egress.metres[hub])]
        road = int(row[FROM])
        legs, metres = question.road_legs, question.between.metres
        return [_road(legs[road], (hub, int(row[HUB])), leaves, metres[road])]
    return [_ride(question, hub, row)]


def _ride(question: Question, hub: int, row: Ints) -> Leg:
    table, halts = question.timetable, question.halts
    run, first, last = int(row[RUN]), int(row[FROM]), int(row[TO])
    offset = int(
        table.trip_first[table.run_trip[run]] - table.halt_first[table.halt_pattern[first]]
    )
    start = int(table.run_start[run])
    departs = start + int(table.depart_s[offset + first])
    ridden = halts[first + 1 : last + 1, RIDE + COST : RIDE + SUM].sum(axis=0)
    ridden[:2] += halts[first, LIFT : LIFT + 2]
    a, b, c, d = (min(int(value), UNKNOWN) for value in ridden)
    return Leg(
        int(halts[first, MODE]), hub, int(row[HUB]), departs,
        start + int(table.arrive_s[offset + last]), (a, b, c, d),
        float(table.distance_m[first + 1 : last + 1].sum()), run, first, last,
        departs - int(halts[first, GATE_IN]),
    )  # fmt: skip

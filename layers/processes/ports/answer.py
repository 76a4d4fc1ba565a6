"""Itineraries as answers tell them: legs with times, intervals, sheets of CO2, and lines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from pydantic import BaseModel, Field

from layers.processes.ports.itinerary_interval import Interval, clock, interval
from layers.processes.ports.shipment import Asked
from layers.processes.runtime.helpers import feature, path_shape
from layers.processes.runtime.model import Features
from routing.multimodal.bag_kernels import NONE, UNKNOWN
from routing.multimodal.itinerary import Itinerary, Leg
from routing.multimodal.prices import ANYTHING, Factors, emitted
from routing.multimodal.reliability import Scenario, on_time
from spatial.transport_modes import MODES

FORMULA = "t × km × g/tkm"


class Sheet(BaseModel):
    """How the CO2 equivalents of a leg are reckoned."""

    formula: str = FORMULA
    mass_t: float
    km: float
    g_per_tkm: Interval
    factor_set: str
    scope: str | None
    source: str | None


class LegOut(BaseModel):
    """One leg; a hub is null at the start and the goal themselves."""

    mode: str
    service: str | None
    service_name_zh: str | None
    service_name_en: str | None
    carrier: str | None
    trip: str | None
    from_hub: str | None
    to_hub: str | None
    gate_closes: datetime | None
    departs: datetime
    arrives: datetime
    km: float
    cost_cny: Interval
    co2_kg: Interval
    sheet: Sheet
    origin: str


class ItineraryOut(BaseModel):
    """One itinerary; `transfer_cost_cny` and `transfer_co2_kg` are those of changing at hubs."""

    id: int
    any_time: bool
    departs: datetime
    arrives: datetime
    hours: float
    cost_cny: Interval
    co2_kg: Interval
    transfer_cost_cny: Interval
    transfer_co2_kg: Interval
    transfers: int
    on_time: float = Field(description="Chance over the stated scenarios of delays")
    legs: list[LegOut]


class Co2Order(BaseModel):
    """The cards from the lowest CO2 by each set of factors, and whether the sets agree."""

    by_set: dict[str, list[int]]
    depends_on_factor_set: bool
    undecided: list[tuple[int, int]] = Field(
        description="Pairs of cards whose intervals overlap in the set that was used"
    )


def show(
    asked: Asked, found: Sequence[Itinerary], scenarios: Sequence[Scenario], by: int | None
) -> list[ItineraryOut]:
    """Return itineraries as answers give them; on time is by a time, else when promised."""
    shown = []
    for number, one in enumerate(found):
        amounts, changes = one.amounts, one.changes
        shown.append(
            ItineraryOut(
                id=number, any_time=one.any_time, departs=clock(one.departs),
                arrives=clock(one.ready), hours=round((one.ready - one.departs) / 3600, 2),
                cost_cny=interval(*amounts[:2], 100), co2_kg=interval(*amounts[2:], 1000),
                transfer_cost_cny=interval(*changes[:2], 100),
                transfer_co2_kg=interval(*changes[2:], 1000), transfers=one.transfers,
                on_time=round(on_time(asked.question, one, by or one.ready, scenarios), 4),
                legs=[_leg(asked, leg) for leg in one.legs],
            )
        )  # fmt: skip
    return shown


def _leg(asked: Asked, leg: Leg) -> LegOut:
    table, mode = asked.held.timetable, MODES[leg.way]
    service = trip = None
    if leg.run is not None:
        service = table.services[table.pattern_service[table.halt_pattern[leg.from_halt]]]
        trip = table.trip_ids[table.run_trip[leg.run]]
    chosen = asked.sets.sets[asked.factor_set]
    known = mode in chosen.g_per_tkm
    low, high = asked.sets.factors(asked.factor_set).g_per_tkm.get(mode, ANYTHING)
    return LegOut(
        mode=mode, service=service and service.id, service_name_zh=service and service.name_zh,
        service_name_en=service and service.name_en, carrier=service and service.carrier, trip=trip,
        from_hub=_hub(asked, leg.from_hub), to_hub=_hub(asked, leg.to_hub),
        gate_closes=None if leg.closes is None else clock(leg.closes), departs=clock(leg.departs),
        arrives=clock(leg.arrives), km=round(leg.metres / 1000, 3),
        cost_cny=interval(*leg.amounts[:2], 100), co2_kg=interval(*leg.amounts[2:], 1000),
        sheet=Sheet(
            mass_t=asked.load.mass_t, km=round(leg.metres / 1000, 3),
            g_per_tkm=Interval(low=low, high=high), factor_set=asked.factor_set,
            scope=chosen.scope if known else None, source=chosen.source if known else None,
        ),
        origin=service.origin if service else "derived",
    )  # fmt: skip


def _hub(asked: Asked, number: int) -> str | None:
    return None if number == NONE else asked.held.hubs[number].id


def order_by_co2(asked: Asked, found: Sequence[Itinerary], cards: Sequence[int]) -> Co2Order:
    """Return the order of cards by CO2 under each set of factors.

    By the middle of their intervals; an interval without an upper end comes last.
    """
    ends = {
        name: {card: _co2(asked, found[card], asked.sets.factors(name)) for card in cards}
        for name in asked.sets.sets
    }
    orders = {
        name: [card for _, card in sorted((sum(own[card]), card) for card in cards)]
        for name, own in ends.items()
    }
    used = ends[asked.factor_set]
    undecided = [
        (a, b)
        for at, a in enumerate(cards)
        for b in cards[at + 1 :]
        if max(used[a][0], used[b][0]) < min(used[a][1], used[b][1])
    ]
    differ = len({tuple(order) for order in orders.values()}) > 1
    return Co2Order(by_set=orders, depends_on_factor_set=differ, undecided=undecided)


def _co2(asked: Asked, one: Itinerary, factors: Factors) -> tuple[int, int]:
    low, high = one.changes[2], one.changes[3]
    for leg in one.legs:
        ends = emitted(asked.load, np.array([leg.metres]), factors.of(leg.way))
        low, high = low + int(ends[0][0]), high + int(ends[1][0])
    return low, min(high, UNKNOWN)


def lines(asked: Asked, shown: Sequence[ItineraryOut], chosen: Sequence[int]) -> Features:
    """Return the legs of some itineraries from hub to hub as straight lines, which say so."""
    at = {hub.id: (hub.lon, hub.lat) for hub in asked.held.hubs}
    features: list[object] = []
    for one in (shown[number] for number in chosen):
        for number, leg in enumerate(one.legs):
            ends = (
                at.get(leg.from_hub or "", asked.ends[0]),
                at.get(leg.to_hub or "", asked.ends[1]),
            )
            told = leg.model_dump(
                mode="json", include={"mode", "service", "departs", "arrives", "origin"}
            )
            shape = path_shape([list(end) for end in ends])
            key = f"{one.id}-{number}"
            features.append(
                feature(key, shape, itinerary=one.id, leg=number, drawn="straight line", **told)
            )
    return Features(features=features)

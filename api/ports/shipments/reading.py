"""Shipments as they stand at a time: plans and events of the database made into chains."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import asyncpg

from api.ports.shipments import shipment_rows as rows
from api.ports.shipments.places import KnownPlace, find_places
from layers.offload import offload
from routing.shipments.arrival import Lateness, LegTimes, Prediction, learn, predict
from routing.shipments.chain import Chain, read_chain
from routing.shipments.plan import Step, bag_steps, box_steps
from routing.shipments.rule_models import Arrival, Chaining
from spatial.logistics.events import Event, event_of
from spatial.logistics.plans import KeptPlan, Leg, plan_of
from spatial.transport_modes import Mode


@dataclass(frozen=True)
class Shipment:
    """A shipment with its events, whose places are under the ids that the plan has."""

    row: asyncpg.Record
    plan: KeptPlan
    events: list[Event]
    told: list[asyncpg.Record]

    @property
    def id(self) -> UUID:
        """Its id."""
        found: UUID = self.row["id"]
        return found

    def known_at(self, now: datetime) -> Shipment:
        """Return it without the made-up events that are told only after a time."""
        kept = [
            (event, row)
            for event, row in zip(self.events, self.told, strict=True)
            if row["origin"] != "synthetic" or (event.created_at or now) <= now
        ]
        return replace(self, events=[event for event, _ in kept], told=[row for _, row in kept])


@dataclass(frozen=True)
class Read:
    """A shipment at a time: the chain of each unit, and events of units that it does not have."""

    shipment: Shipment
    chains: dict[str, Chain]
    foreign: list[Event]

    @property
    def slowest(self) -> Chain:
        """The chain of the unit that is least far."""
        return min(self.chains.values(), key=lambda one: one.reached)


async def with_events(
    conn: asyncpg.Connection, found: Sequence[asyncpg.Record], *, raw: bool = False
) -> list[Shipment]:
    """Return shipments of rows with all events that belong to them, and what these came as."""
    told = await conn.fetch(rows.EVENTS, [one["id"] for one in found], raw)
    names = {row["place"] for row in told if row["place"] is not None}
    known = await find_places(conn, names) if names else {}
    return await offload(_shipments, found, told, known)


def _shipments(
    found: Sequence[asyncpg.Record], told: Sequence[asyncpg.Record], known: dict[str, KnownPlace]
) -> list[Shipment]:
    own: dict[UUID, list[asyncpg.Record]] = defaultdict(list)
    for row in told:
        own[row["shipment"]].append(row)

    def event(row: asyncpg.Record) -> Event:
        place = known.get(row["place"] or "")
        one = event_of(row["document"])
        return one if place is None else replace(one, place=place.id)

    return [
        Shipment(row, plan_of(row["plan"]), [event(e) for e in own[row["id"]]], own[row["id"]])
        for row in found
    ]


def steps_of(shipment: Shipment, kind: str, rule: Chaining) -> list[Step]:
    """Return the milestones of a kind of unit."""
    if kind == "bag":
        return bag_steps(shipment.plan.legs, rule.bag_not_loaded_s)
    plan = shipment.plan
    return box_steps(plan.legs, plan.empty_from, plan.empty_to)


def read_shipment(shipment: Shipment, now: datetime, rule: Chaining) -> Read:
    """Return the state of each unit of a shipment at a time."""
    shipment = shipment.known_at(now)
    units = {unit.number: unit.kind for unit in shipment.plan.units}
    common = [event for event in shipment.events if event.unit is None]
    chains = {}
    for number, kind in units.items():
        own = [event for event in shipment.events if event.unit == number]
        steps = steps_of(shipment, kind, rule)
        chains[number] = read_chain(steps, [*own, *common], now, rule.same_s)
    foreign = [e for e in shipment.events if e.unit is not None and e.unit not in units]
    return Read(shipment, chains, foreign)


def leg_times(legs: Sequence[Leg], chain: Chain) -> list[LegTimes]:
    """Return when legs were left and ended: as reported, of boxes and bags by their own points."""
    left: dict[int, float] = {}
    ended: dict[int, float] = {}
    for one in chain.milestones:
        if one.at is None:
            continue
        leg, name, at = one.step.leg, one.step.name, one.at.timestamp()
        if name in ("departed", "gate-out") and one.step.place == legs[leg].start:
            left[leg] = at
        elif name == "gate-out" and leg + 1 < len(legs):
            left[leg + 1] = at  # out of the port by road
        elif name in ("arrived", "delivered"):
            ended[leg] = at
        elif name == "gate-in" and leg:
            ended[leg - 1] = at  # the road leg to the port
    return [
        LegTimes(leg.mode, leg.departs.timestamp(), leg.arrives.timestamp(), left.get(n),
                 ended.get(n))
        for n, leg in enumerate(legs)
    ]  # fmt: skip


def lateness_of(past: Iterable[Shipment], now: datetime, chaining: Chaining, rule: Arrival) -> dict[
    Mode, Lateness
]:  # fmt: skip
    """Return what the legs of shipments did until a time."""
    times = [
        leg_times(one.plan.legs, chain)
        for one in past
        for chain in read_shipment(one, now, chaining).chains.values()
    ]
    return learn(times, rule.change_s)


def arrival_of(
    read: Read, past: dict[Mode, Lateness], scenarios: Sequence[tuple[float, dict[str, int]]],
    now: datetime, rule: Arrival,
) -> Prediction | None:  # fmt: skip
    """Return when the slowest unit arrives, None where it has."""
    times = leg_times(read.shipment.plan.legs, read.slowest)
    passed = (
        read.slowest.milestones[read.slowest.reached].step.leg if read.slowest.reached >= 0 else 0
    )
    times = [
        replace(one, arrived=one.arrived if one.arrived is not None else one.arrives)
        if number < passed else one
        for number, one in enumerate(times)
    ]  # fmt: skip
    if times[-1].arrived is not None:
        return None
    return predict(
        times, past, scenarios, now.timestamp(), change_s=rule.change_s, least=rule.least_legs,
        share=rule.share,
    )  # fmt: skip

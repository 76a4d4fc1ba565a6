"""What is sent about shipments: units, legs, events."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

import orjson
from pydantic import Field, model_validator

from api.http.values import Moment, Place, Strict, Visible
from api.law.records import Delivery, Key, SourceId
from spatial.logistics.events import CODES, Classifier, Event, EventType
from spatial.logistics.plans import UnitKind
from spatial.transport_modes import Mode

MOST_SHIPMENTS, MOST_EVENTS, MOST_UNITS, MOST_LEGS = 1000, 5000, 200, 12
Name = Annotated[str, Field(min_length=1, max_length=80), Visible]
Number = Annotated[str, Field(min_length=1, max_length=20), Visible]


class NamedPlace(Strict):
    """A place that no list has: its name, longitude and latitude in degrees."""

    name: Name
    at: Place


AnyPlace = Name | NamedPlace
"""Id of a hub, UN/LOCODE, IATA code of an airport; or a place of its own."""


def name_of(place: AnyPlace) -> str:
    """Return what events call a place."""
    return place.name if isinstance(place, NamedPlace) else place


class UnitBody(Strict):
    """A box, swap body, bag, or cargo that goes by a number of its own."""

    number: Number
    kind: UnitKind = "container"

    @property
    def plain(self) -> str:
        """The number without blanks and dashes, in capitals."""
        return plain_number(self.number)


def plain_number(number: str) -> str:
    """Return a unit's number without blanks and dashes, in capitals."""
    return "".join(sign for sign in number if not sign.isspace() and sign != "-").upper()


class LegBody(Strict):
    """A leg as planned, see `routing.shipments.plan.Leg`."""

    mode: Mode
    start: AnyPlace
    goal: AnyPlace
    departs: Moment
    arrives: Moment
    transport: Name | None = None
    gate_closes: Moment | None = None
    locks: list[Name] = Field(default=[], max_length=30)

    @model_validator(mode="after")
    def _possible(self) -> LegBody:
        if self.arrives < self.departs:
            raise ValueError("it arrives before it departs")
        if self.gate_closes is not None and self.gate_closes > self.departs:
            raise ValueError("the gate closes after the departure")
        if name_of(self.start) == name_of(self.goal):
            raise ValueError("it leads from a place to itself")
        return self


class ShipmentBody(Strict):
    """A shipment: its units, what else it goes by, its legs in order."""

    key: Key
    units: list[UnitBody] = Field(min_length=1, max_length=MOST_UNITS)
    references: list[Name] = Field(default=[], max_length=20)
    legs: list[LegBody] = Field(min_length=1, max_length=MOST_LEGS)
    empty_from: AnyPlace | None = None
    empty_to: AnyPlace | None = None
    teu: Annotated[float, Field(gt=0, le=20_000)] | None = None
    mass_t: Annotated[float, Field(gt=0, le=500_000)] | None = None

    @model_validator(mode="after")
    def _joined(self) -> ShipmentBody:
        for number, (one, other) in enumerate(pairwise(self.legs), 2):
            if other.departs < one.arrives:
                raise ValueError(f"leg {number} departs before the one before arrives")
        kinds = {unit.kind for unit in self.units}
        if "bag" in kinds and (kinds != {"bag"} or {leg.mode for leg in self.legs} != {"air"}):
            raise ValueError("bags go by air, and alone")
        if len({unit.plain for unit in self.units}) < len(self.units):
            raise ValueError("a unit stands twice")
        return self

    @property
    def places(self) -> list[AnyPlace]:
        """All places of the plan in order."""
        ends = [end for leg in self.legs for end in (leg.start, leg.goal)]
        empties = [place for place in (self.empty_from, self.empty_to) if place is not None]
        return [*ends, *empties]


class ShipmentsBody(Delivery):
    """Shipments of one source, each key once."""

    shipments: list[ShipmentBody] = Field(min_length=1, max_length=MOST_SHIPMENTS)

    @model_validator(mode="after")
    def _each_once(self) -> ShipmentsBody:
        if len({one.key for one in self.shipments}) < len(self.shipments):
            raise ValueError("a key stands twice among the shipments")
        return self


class EventBody(Strict):
    """An event, or a retraction of one (`retracts`), see `spatial.logistics.events.Event`."""

    id: Key
    at: Moment
    type: EventType = "EQUIPMENT"
    code: Annotated[str, Field(max_length=12)] = ""
    classifier: Classifier = "ACT"
    created_at: Moment | None = None
    place: Name | None = None
    unit: Number | None = None
    empty: bool | None = None
    transport: Name | None = None
    references: list[Name] = Field(default=[], max_length=20)
    retracts: Key | None = None
    mass_kg: Annotated[float, Field(gt=0, le=1e6)] | None = None

    @model_validator(mode="after")
    def _known(self) -> EventBody:
        if self.code and self.code not in CODES[self.type]:
            raise ValueError(f"{self.type} knows {', '.join(CODES[self.type])}")
        if not self.code and self.retracts is None:
            raise ValueError("it has neither a code nor an event that it retracts")
        if self.retracts == self.id:
            raise ValueError("it retracts itself")
        return self

    def event(self, source: str) -> Event:
        """Return the event as chains take it."""
        given = self.model_dump(exclude={"references", "unit"})
        unit = None if self.unit is None else plain_number(self.unit)
        return Event(source=source, unit=unit, references=tuple(self.references), **given)

    @property
    def raw(self) -> str:
        """What was sent, as JSON."""
        return orjson.dumps(self.model_dump(mode="json", exclude_unset=True)).decode()


class EventsBody(Strict):
    """Events of one source."""

    source: SourceId
    origin: Literal["real", "synthetic"] = "real"
    events: list[EventBody] = Field(min_length=1, max_length=MOST_EVENTS)

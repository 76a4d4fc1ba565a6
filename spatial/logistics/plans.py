"""Plans of shipments: legs, units, places by the ids that stand for all their codes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import orjson
from pydantic import TypeAdapter

from spatial.transport_modes import Mode

UnitKind = Literal["container", "swap_body", "bag", "cargo"]


@dataclass(frozen=True)
class Leg:
    """A leg as planned; places are those of the caller, times have an offset.

    `transport` is the voyage, trip or flight; the gate closes at `gate_closes`; `locks` are passed
    on the way, in this order.
    """

    mode: Mode
    start: str
    goal: str
    departs: datetime
    arrives: datetime
    transport: str | None = None
    gate_closes: datetime | None = None
    locks: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlanPlace:
    """A place of a plan: longitude and latitude in degrees, and what is known of it."""

    id: str
    at: tuple[float, float]
    basis: str
    name_zh: str | None = None
    name_en: str | None = None


@dataclass(frozen=True)
class PlanUnit:
    """A unit by its number without blanks."""

    number: str
    kind: UnitKind


@dataclass(frozen=True)
class KeptPlan:
    """A plan as the database keeps it: legs in order, units, places, and where empties go."""

    legs: list[Leg]
    units: list[PlanUnit]
    places: list[PlanPlace]
    empty_from: str | None = None
    empty_to: str | None = None

    @property
    def text(self) -> str:
        """The same as JSON."""
        return orjson.dumps(self).decode()


_PLAN = TypeAdapter(KeptPlan)


def plan_of(text: str | bytes) -> KeptPlan:
    """Return the plan of its JSON."""
    return _PLAN.validate_json(text)

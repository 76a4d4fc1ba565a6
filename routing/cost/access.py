"""Access tables: whom a road admits, in which direction, at which hours.

Of the keys that speak of a vehicle the more specific one counts, and of one key what it says of a
direction, and over both the condition that holds. What is not understood shuts out whoever may not
use private roads, and a condition that is no hour counts where it refuses, not where it admits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

import numpy as np

from routing.cost.weekly_hours import WEEK_MIN, read_clauses
from routing.graph.weights import Bools
from spatial.networks.access_values import ADMITTING, CLASSES

PRIVATE = "private"  # among those exempt from a restriction: whoever may use private roads
DIRECTIONS = ("forward", "backward")
_GENERAL = 2  # keys of a profile that open no class which is shut unless it is opened


class Vehicle(Protocol):
    """What an access table asks of a profile."""

    @property
    def access(self) -> tuple[str, ...]:
        """Keys that speak of the vehicle, general ones first."""

    @property
    def refused(self) -> tuple[str, ...]:
        """Values that shut it out."""

    @property
    def destination(self) -> tuple[str, ...]:
        """Values that let it in at the goal only."""


class Admission(NamedTuple):
    """Whether one direction is ever open, as a goal only, and in which minutes of the week not."""

    passable: bool
    goal: bool
    banned: Bools | None


def admission(
    vehicle: Vehicle, access: Mapping[str, object], direction: str, *, shut: bool = False
) -> Admission:
    """Read one direction of an access table; `shut` are classes of edges that must be opened."""
    admitted, goal = not shut, False
    week: Bools | None = None
    for key, name in _said(vehicle, direction):
        general = shut and key in vehicle.access[:_GENERAL]
        if name in access:
            found = admitting(vehicle, str(access[name]))
            admitted, week = bool(found) and not (general and not admitted), None
            goal = bool(found) and found <= set(vehicle.destination)
        for value, hours in read_clauses(str(access.get(f"{name}:conditional", ""))):
            found = admitting(vehicle, value)
            if general and found:
                continue
            when = _when(hours, bool(found))
            if week is None:
                week = np.full(WEEK_MIN, admitted)
            week = np.where(when, bool(found), week)
            goal |= bool(found) and found <= set(vehicle.destination)
    if week is None or bool(week.all()):
        return Admission(admitted if week is None else True, goal, None)
    return Admission(bool(week.any()), goal, ~week if week.any() else None)


def _said(vehicle: Vehicle, direction: str) -> Iterator[tuple[str, str]]:
    for key in vehicle.access:
        yield key, key
        yield key, f"{key}:{direction}"


def _when(hours: Bools | None, admits: bool) -> Bools:
    """Return when a clause holds; one that is no hour does where it refuses."""
    return np.full(WEEK_MIN, not admits) if hours is None else hours


def admitting(vehicle: Vehicle, value: str) -> set[str]:
    """Return those values of an access tag (`agricultural;forestry`) that admit a vehicle."""
    parts = {part.strip() for part in value.split(";")} - {*vehicle.refused}
    if PRIVATE not in vehicle.refused:
        return parts
    return parts & (ADMITTING | {*vehicle.destination} | (CLASSES & {*vehicle.access}))

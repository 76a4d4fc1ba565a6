"""Access tables: whom a road admits, in which direction, at which hours.

Of the keys that speak of a vehicle the more specific one counts, and of one key what it says of a
direction, and over both the condition that holds. What is not understood shuts out whoever may not
use private roads, and a condition that is no hour counts where it refuses, not where it admits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

import numpy as np

from routing.cost.weekly_hours import WEEK_MIN, read_clauses, read_condition
from routing.graph.weights import Bools
from spatial.networks.access_values import ADMITTING, CLASSES, OWN

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
        """Values that let it in at the ends of a path only."""


class Admission(NamedTuple):
    """Whether one direction is ever open, at the ends of paths only, and when in a week not."""

    passable: bool
    ends_only: bool
    banned: Bools | None


def admission(
    vehicle: Vehicle, access: Mapping[str, object], direction: str, *, shut: bool = False
) -> Admission:
    """Read one direction of an access table; `shut` are classes of edges that must be opened.

    What is private opens no such class to those who may come to it at the ends of a path only, and
    at hours it shuts them out.
    """
    admitted, ends_only = not shut, False
    week: Bools | None = None
    for key, name in _said(vehicle, direction):
        general = shut and key in vehicle.access[:_GENERAL]
        if name in access:
            found = admitting(vehicle, str(access[name]))
            opened = admitted or not (general or (shut and _own(vehicle, found)))
            admitted, week = bool(found) and opened, None
            ends_only = _ends_only(vehicle, found)
        for value, condition in read_clauses(str(access.get(f"{name}:conditional", ""))):
            found = admitting(vehicle, value)
            hours = read_condition(condition, surely=bool(found) and not _own(vehicle, found))
            if (general and found) or (hours is not None and not hours.any()):
                continue
            if _own(vehicle, found):
                found = set()
            when = _when(hours, bool(found))
            if week is None:
                week = np.full(WEEK_MIN, admitted)
            week = np.where(when, bool(found), week)
            ends_only |= _ends_only(vehicle, found)
    if week is None or bool(week.all()):
        return Admission(admitted if week is None else True, ends_only, None)
    return Admission(bool(week.any()), ends_only, ~week if week.any() else None)


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
    if uses_private(vehicle):
        return parts
    return parts & (ADMITTING | {*vehicle.destination} | (CLASSES & {*vehicle.access}))


def admits(vehicle: Vehicle, value: str, *, at_ends: bool) -> bool:
    """Tell whether a value of an access tag lets a vehicle through, or in at the ends of a path."""
    found = admitting(vehicle, value)
    return bool(found) and (at_ends or not _ends_only(vehicle, found))


def uses_private(vehicle: Vehicle) -> bool:
    """Tell whether a vehicle may use private roads as others use public ones."""
    return PRIVATE not in vehicle.refused and PRIVATE not in vehicle.destination


def _ends_only(vehicle: Vehicle, found: set[str]) -> bool:
    return bool(found) and found <= set(vehicle.destination)


def _own(vehicle: Vehicle, found: set[str]) -> bool:
    return _ends_only(vehicle, found) and found <= OWN


def purpose(vehicle: Vehicle, access: Mapping[str, object], direction: str) -> str:
    """Return what an access table says that opens a road at the ends of paths only, else ''."""
    found = ""
    for _, name in _said(vehicle, direction):
        if name in access:
            value = str(access[name])
            found = value if _ends_only(vehicle, admitting(vehicle, value)) else ""
        for value, _ in read_clauses(str(access.get(f"{name}:conditional", ""))):
            found = value if _ends_only(vehicle, admitting(vehicle, value)) else found
    return ";".join(sorted(admitting(vehicle, found))) if found else ""


def purpose_at_barrier(vehicle: Vehicle, exempt: str) -> str:
    """Return as whom a vehicle passes a barrier that opens at the ends of paths only, else ''.

    `exempt` is of an arc, as `routing.graph.graph.Arcs` tells.
    """
    for name in re.split(r"[,|]", exempt):
        known, _, value = name.partition("@")[0].partition("=")
        if known in vehicle.access and _ends_only(vehicle, admitting(vehicle, value)):
            return value
    return ""

"""What a voyage passes and when: structures in order, the time between them, waits at locks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import UUID

import numpy as np

from routing.query.model import Path
from routing.waterway.limits import LimitTable, Opening, Structure

CHAMBER = "chamber"


@dataclass(frozen=True)
class Passed:
    """A structure on a voyage.

    `enter_s` and `leave_s` are seconds of travel from the departure to the edge that it is on, and
    to its end, without waits and lockages; `against` tells whether that edge is passed against its
    own direction. `sizes` are the published limits (m, t) of each opening by kind, those of the
    whole structure under number None.
    """

    structure: Structure
    edge: int
    against: bool
    enter_s: float
    leave_s: float
    sizes: dict[int | None, dict[str, float]]

    @property
    def chambers(self) -> list[Opening]:
        """Its chambers; a structure with any is a lock."""
        return [one for one in self.structure.openings if one.kind == CHAMBER]

    @property
    def is_lock(self) -> bool:
        """Whether vessels are locked through it."""
        return self.structure.kind == "lock" or bool(self.chambers)


class Wait(NamedTuple):
    """A wait at a lock with the lockage after it (s): the middle, and an interval of 80 %."""

    low_s: float
    middle_s: float
    high_s: float


class Waits(Protocol):
    """Tells how long vessels wait at locks."""

    def wait(self, lock: UUID, against: bool, arrive: datetime) -> Wait | None:
        """Return the wait of one that arrives at a time, None where it is not known."""


@dataclass(frozen=True)
class Estimate:
    """When a voyage ends (s after its departure), and at which locks the wait is not known."""

    low_s: float
    middle_s: float
    high_s: float
    unknown: list[UUID]


def structures_on(table: LimitTable, found: Path) -> list[Passed]:
    """Return the structures that a path passes, in order."""
    keys, _, duration = found.parts()
    until = np.cumsum(duration) / 1000
    passed: list[Passed] = []
    seen: set[tuple[UUID, int]] = set()
    for number, key in enumerate(keys.tolist()):
        edge = key >> 1
        for option in table.options_of[edge]:
            structure = table.options[option].structure
            if structure is None or (structure.id, number) in seen or duration[number] <= 0:
                continue
            seen.add((structure.id, number))
            enter = float(until[number] - duration[number] / 1000)
            sizes = _sizes(table, structure)
            passed.append(
                Passed(structure, edge, bool(key & 1), enter, float(until[number]), sizes)
            )
    return passed


def _sizes(table: LimitTable, structure: Structure) -> dict[int | None, dict[str, float]]:
    found: dict[int | None, dict[str, float]] = {}
    for row in table.rows:
        if row.facility == structure.id and row.value is not None:
            mine = found.setdefault(row.opening, {})
            mine[row.kind] = min(row.value, mine.get(row.kind, np.inf))
    return found


def estimate(
    passed: Sequence[Passed], travel_s: float, depart: datetime, waits: Waits | None
) -> Estimate:
    """Add the waits at locks to the time of travel.

    Without `waits` a lock takes its usual lockage; where that is not said either it takes none, and
    is named. Each wait is that of an arrival after the middle of the waits before it.
    """
    low = middle = high = 0.0
    unknown = []
    for one in passed:
        if not one.is_lock:
            continue
        arrive = depart + timedelta(seconds=one.enter_s + middle)
        wait = waits.wait(one.structure.id, one.against, arrive) if waits else _usual(one)
        if wait is None:
            unknown.append(one.structure.id)
            continue
        low, middle, high = low + wait.low_s, middle + wait.middle_s, high + wait.high_s
    return Estimate(travel_s + low, travel_s + middle, travel_s + high, unknown)


def _usual(one: Passed) -> Wait | None:
    usual = [chamber.lockage_s for chamber in one.structure.openings if chamber.lockage_s]
    return Wait(min(usual), min(usual), max(usual)) if usual else None

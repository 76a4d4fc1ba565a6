"""What a voyage passes and when: structures in order, the time between them, waits at locks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

import numpy as np

from routing.query.model import Path
from routing.waterway.limits import LimitTable, Structure

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
    def is_lock(self) -> bool:
        """Whether vessels are locked through it."""
        return is_lock(self.structure)


class Spread(NamedTuple):
    """Seconds: the middle of what may be, and the interval that holds 80 % of it."""

    low_s: float
    middle_s: float
    high_s: float


class Stage(NamedTuple):
    """A lock with a queue on a voyage, and seconds from the one before it, lockages included."""

    lock: UUID
    against: bool
    sail_s: float


class Stop(NamedTuple):
    """A lock or the end of a voyage: s after the departure, and from arrival to the gate's end."""

    arrive: Spread
    wait: Spread


class Waits(Protocol):
    """Tells how long a vessel waits at the locks whose queue is known."""

    def knows(self, lock: UUID) -> bool:
        """Tell whether the queue of a lock is known."""

    def wait_s(self, lock: UUID, against: bool, arrive: datetime) -> float:
        """Return the middle wait of one that arrives at a time, its own lockage included."""

    def along(self, stages: Sequence[Stage], rest_s: float, depart: datetime) -> list[Stop]:
        """Return each lock of a voyage in order, then its end, `rest_s` of travel after them."""


class LockTold(NamedTuple):
    """A lock of a voyage; `stop` is None where no queue is known, `usual_s` its usual lockage."""

    lock: UUID
    stop: Stop | None
    usual_s: float | None


@dataclass(frozen=True)
class Estimate:
    """When a voyage ends (s after its departure), with what is known of each lock in order."""

    end: Spread
    locks: list[LockTold]

    @property
    def unknown(self) -> list[UUID]:
        """The locks whose queue is not known."""
        return [one.lock for one in self.locks if one.stop is None]


def is_lock(structure: Structure) -> bool:
    """Tell whether vessels are locked through a structure: one with any chamber is a lock."""
    return structure.kind == "lock" or any(one.kind == CHAMBER for one in structure.openings)


def usual_s(structure: Structure) -> float | None:
    """Return the shortest usual lockage (s) of a lock, None where none is said."""
    usual = [chamber.lockage_s for chamber in structure.openings if chamber.lockage_s]
    return min(usual) if usual else None


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

    A lock whose queue is not known takes its usual lockage; where that is not said either it takes
    none. Each queue is met when the vessel is there, after the waits before it.
    """
    stages: list[Stage] = []
    told: list[tuple[Passed, int | None]] = []
    before, more = 0.0, 0.0
    for one in passed:
        if not one.is_lock:
            continue
        if waits is not None and waits.knows(one.structure.id):
            told.append((one, len(stages)))
            stages.append(Stage(one.structure.id, one.against, one.enter_s - before + more))
            before, more = one.enter_s, 0.0
        else:
            told.append((one, None))
            more += usual_s(one.structure) or 0.0
    rest_s = travel_s - before + more
    stops = [] if waits is None or not stages else waits.along(stages, rest_s, depart)
    locks = [
        LockTold(one.structure.id, None if n is None else stops[n], usual_s(one.structure))
        for one, n in told
    ]
    return Estimate(stops[-1].arrive if stops else Spread(rest_s, rest_s, rest_s), locks)

"""Shipments that are planned together: where each is, what it needs, and what it shall do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from routing.disruption.numbers import (
    BY_ROAD,
    EARLIEST,
    GOAL,
    GROUP,
    GROUP_MONEY,
    KINDS,
    LATE_PER_S,
    LATEST,
    LEG,
    LEG_ARRIVES,
    LEG_DEPARTS,
    LEG_FROM,
    LEG_ROAD,
    LEG_RUN,
    LEG_TO,
    LEG_TO_HUB,
    MASS,
    NEVER,
    NONE,
    PER_S,
    READY,
    START_AT,
    START_HALT,
    START_HUB,
    START_RUN,
    START_WAY,
    TEU,
    UNSERVED,
)
from routing.disruption.rule_models import Replanning
from routing.disruption.world import World
from routing.graph.weights import Bools, Floats, Ints
from routing.multimodal.timetable import PLACE, ROAD, Timetable

HOUR_S = 3600


@dataclass(frozen=True)
class Cargo:
    """A shipment; hubs are numbers, times Unix seconds, `latest` None for any time.

    `legs` (n, `LEG`) are its plan, None where it has none yet.
    """

    start: int
    goal: int
    teu: float
    mass_t: float
    kinds: tuple[str, ...]
    ready: int
    latest: int | None = None
    legs: Ints | None = None

    @property
    def per_teu_t(self) -> float:
        """Tonnes in a TEU."""
        return self.mass_t / self.teu

    def planned(self, legs: Ints) -> Cargo:
        """Return it with a plan."""
        return replace(self, legs=legs)

    def ready_by(self, at: int) -> Cargo:
        """Return it ready at a time at the latest."""
        return replace(self, ready=min(self.ready, at))


@dataclass(frozen=True)
class Position:
    """Where cargo goes on from: a hub that it came to by a way; it may be on board of a run still.

    `done` are the legs behind it, the one that it is on included as far as the hub.
    """

    hub: int
    way: int
    at: int
    done: Ints
    run: int = NONE
    halt: int = NONE

    @property
    def under_way(self) -> bool:
        """Whether it has left."""
        return len(self.done) > 0


def locate(world: World, one: Cargo, at: int) -> Position | None:
    """Return where cargo is at a time, or will be next; None where its plan has ended."""
    legs = np.empty((0, LEG), np.int64) if one.legs is None else one.legs
    begun = legs[legs[:, LEG_DEPARTS] < at]
    if not len(begun):
        return Position(one.start, PLACE, one.ready, begun)
    leg = begun[-1].copy()
    if leg[LEG_ARRIVES] < at and len(begun) == len(legs):
        return None
    if leg[LEG_ARRIVES] < at:
        return Position(int(leg[LEG_TO_HUB]), _way(world, leg), int(leg[LEG_ARRIVES]), begun)
    if leg[LEG_RUN] < 0:
        return Position(int(leg[LEG_TO_HUB]), _way(world, leg), int(leg[LEG_ARRIVES]), begun)
    return _next_call(world, begun, leg, at)


def _next_call(world: World, begun: Ints, leg: Ints, at: int) -> Position:
    """Return the next call of the run that cargo is on; of a way blocked ahead the call is late."""
    run, halt = int(leg[LEG_RUN]), int(leg[LEG_FROM]) + 1
    base = int(world.table[run])
    alights = world.timetable.alights
    while halt < leg[LEG_TO] and (world.run_times[2 * (base + halt)] < at or not alights[halt]):
        halt += 1
    arrives = int(world.run_times[2 * (base + halt)])
    done = begun.copy()
    done[-1, LEG_TO], done[-1, LEG_TO_HUB] = halt, world.halts[halt, 0]
    done[-1, LEG_ARRIVES] = arrives
    way = int(world.halts[halt, 1])
    return Position(int(world.halts[halt, 0]), way, arrives, done, run, halt)


def _way(world: World, leg: Ints) -> int:
    if leg[LEG_RUN] >= 0:
        return int(world.halts[leg[LEG_FROM], 1])
    return ROAD if leg[LEG_RUN] == BY_ROAD else int(leg[LEG_ROAD])


@dataclass(frozen=True)
class Groups:
    """Shipments that have the same choice, one row each; `of` is the group of each shipment."""

    rows: Ints
    money: Floats
    counts: Ints
    of: Ints
    takes: Bools
    goals: Ints
    goal_of: Ints

    @property
    def teu(self) -> Floats:
        """TEU of one shipment of each group."""
        found: Floats = self.money[:, TEU]
        return found

    def __len__(self) -> int:
        return len(self.rows)


def group(
    world: World, cargo: Sequence[Cargo], positions: Sequence[Position], rule: Replanning, at: int
) -> Groups:
    """Return shipments as groups; time counts from when they are ready, not before `at`."""
    takes, mask_of = _masks(world.timetable, cargo)
    keys: dict[tuple[float, ...], int] = {}
    of = np.empty(len(cargo), np.int64)
    for number, (one, place) in enumerate(zip(cargo, positions, strict=True)):
        latest = NEVER if one.latest is None else one.latest
        key: tuple[float, ...] = (
            place.hub, place.way, place.at, place.run, place.halt, one.goal, mask_of[number],
            max(one.ready, at), latest, at, one.per_teu_t, one.teu, rule.time_cny(one.kinds),
        )  # fmt: skip
        of[number] = keys.setdefault(key, len(keys))
    rows, money = np.zeros((len(keys), GROUP), np.int64), np.zeros((len(keys), GROUP_MONEY))
    columns = (START_HUB, START_WAY, START_AT, START_RUN, START_HALT, GOAL, KINDS, READY, LATEST,
               EARLIEST)  # fmt: skip
    for key, number in keys.items():
        rows[number, columns] = key[:10]
        money[number, MASS], money[number, TEU] = key[10], key[11]
        money[number, PER_S] = key[12] / HOUR_S
    money[:, LATE_PER_S] = rule.late_cny_per_teu_h / HOUR_S
    money[:, UNSERVED] = rule.unserved_cny_per_teu
    goals, goal_of = np.unique(rows[:, GOAL], return_inverse=True)
    counts = np.bincount(of, minlength=len(keys)).astype(np.int64)
    return Groups(rows, money, counts, of, takes, goals, goal_of.astype(np.int64))


def _masks(table: Timetable, cargo: Sequence[Cargo]) -> tuple[Bools, list[int]]:
    """Return which patterns take cargo by its kinds and mass, and which row each shipment has."""
    rows: dict[bytes, int] = {}
    known: dict[tuple[tuple[str, ...], float], int] = {}
    masks: list[Bools] = []
    of: list[int] = []
    for one in cargo:
        unit = one.mass_t / max(one.teu, 1.0)
        key = tuple(sorted(one.kinds)), unit
        if key not in known:
            mask = np.array([
                set(one.kinds) <= set(service.cargo)
                and (service.most_t is None or unit <= service.most_t)
                for service in table.services
            ], np.bool_)[table.pattern_service]  # fmt: skip
            text = mask.tobytes()
            if text not in rows:
                rows[text] = len(masks)
                masks.append(mask)
            known[key] = rows[text]
        of.append(known[key])
    none = np.empty((0, len(table.pattern_service)), np.bool_)
    return np.ascontiguousarray(np.array(masks, np.bool_)) if masks else none, of

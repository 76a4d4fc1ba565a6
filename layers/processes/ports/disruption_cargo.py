"""Shipments as they are given, kept or drawn, as the engine takes them; legs found on runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches

import numpy as np

from layers.processes.ports.disruption_inputs import (
    DisruptionInputs,
    PlannedLeg,
    ShipmentGiven,
    Synthetic,
)
from layers.processes.readers.planned_shipment_rows import PlannedShipment
from layers.processes.readers.timetable_rows import HeldTimetable
from routing.disruption.cargo import Cargo
from routing.disruption.numbers import (
    BY_ROAD,
    LEG,
    LEG_ARRIVES,
    LEG_DEPARTS,
    LEG_FROM,
    LEG_FROM_HUB,
    LEG_ROAD,
    LEG_RUN,
    LEG_TO,
    LEG_TO_HUB,
    NONE,
    OWN,
)
from routing.disruption.world import World
from routing.graph.weights import Ints
from spatial.errors import BadParameter
from spatial.transport_modes import HAULAGE, MODES

HOUR_S, SAME_S = 3600, 300
ASSUMED_T_PER_TEU = 10.0
"""Of a shipment in the table that nobody told the mass of; the answer says how many there are."""
READY_BEFORE_H, READY_AFTER_H = 24, 48
"""When drawn shipments are ready, around the time of the question."""


@dataclass
class Gathered:
    """Shipments with their ids and where they are from, and what could not be taken."""

    cargo: list[Cargo] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)
    plans: list[Sequence[PlannedLeg] | None] = field(default_factory=list)
    off_hubs: int = 0
    assumed_mass: int = 0

    def add(
        self, identity: str, origin: str, one: Cargo, plan: Sequence[PlannedLeg] | None = None
    ) -> None:
        """Add a shipment; the plan is not on runs yet."""
        self.cargo.append(one)
        self.plans.append(plan)
        self.ids.append(identity)
        self.origins.append(origin)


def hub_of(held: HeldTimetable, name: str, where: str) -> int:
    """Return the number of a hub.

    Raises
    ------
    BadParameter
        There is none; codes like it are named.
    """
    hub = held.find(name)
    if hub is not None:
        return hub
    known = [n for one in held.hubs for n in (one.id, *one.un_locodes)]
    near = get_close_matches(name, known, 3, 0.5) or known[:3]
    raise BadParameter(
        f"{where}: there is no hub {name!r}", f"{where}：没有枢纽 {name!r}",
        mend_en=f"Perhaps {', '.join(near)}.", mend_zh=f"是否指 {'、'.join(near)}。",
        parameter=where,
    )  # fmt: skip


def gather(
    inputs: DisruptionInputs, held: HeldTimetable, table: Sequence[PlannedShipment], at: datetime
) -> Gathered:
    """Return the shipments that are asked about; plans are found on runs by `find_runs`."""
    found = Gathered()
    for one in inputs.shipments:
        found.add(one.id, "given", _given(held, one), one.planned)
    for kept in table:
        _keep(found, held, kept)
    if inputs.synthetic is not None:
        _draw(found, held, inputs.synthetic, int(at.timestamp()))
    return found


def _given(held: HeldTimetable, one: ShipmentGiven) -> Cargo:
    where = f"shipments.{one.id}"
    latest = None if one.latest_arrival is None else int(one.latest_arrival.timestamp())
    return Cargo(
        hub_of(held, one.start, where), hub_of(held, one.goal, where), one.teu, one.mass_t,
        tuple(one.kinds), int(one.ready_at.timestamp()), latest,
    )  # fmt: skip


def _keep(found: Gathered, held: HeldTimetable, kept: PlannedShipment) -> None:
    """Add a shipment of the table; one that starts or ends at no hub is counted only."""
    legs = kept.plan.legs
    places = [legs[0].start, *(leg.goal for leg in legs)]
    hubs = [held.find(place) for place in places]
    if any(hub is None for hub in hubs) or hubs[0] == hubs[-1]:
        found.off_hubs += 1
        return
    teu = kept.teu or float(max(len(kept.plan.units), 1))
    found.assumed_mass += kept.cargo_t is None
    mass = kept.cargo_t or ASSUMED_T_PER_TEU * teu
    origin = "synthetic" if kept.origin == "synthetic" else "table"
    ready = min(legs[0].gate_closes or legs[0].departs, legs[0].departs)
    found.add(
        kept.id, origin,
        Cargo(hubs[0] or 0, hubs[-1] or 0, teu, mass, ("container",), int(ready.timestamp())),
        [
            PlannedLeg(mode=leg.mode, start=leg.start, goal=leg.goal, departs=leg.departs,
                       arrives=leg.arrives, trip=leg.transport)
            for leg in legs
        ],
    )  # fmt: skip


def _draw(found: Gathered, held: HeldTimetable, asked: Synthetic, at: int) -> None:
    """Add drawn shipments between hubs that services call at."""
    rng = np.random.default_rng(asked.seed)
    hubs = np.unique(held.timetable.hub)
    if len(hubs) < 2:
        return
    for number in range(asked.count):
        start, goal = rng.choice(hubs, 2, replace=False).tolist()
        ready = at // HOUR_S + int(rng.integers(-READY_BEFORE_H, READY_AFTER_H))
        teu = float(rng.integers(1, 5))
        latest = None
        if rng.random() < 0.7:
            latest = (ready + int(rng.integers(3, 8)) * 24) * HOUR_S
        mass = teu * float(rng.integers(2, 6)) * 4
        one = Cargo(start, goal, teu, mass, ("container",), ready * HOUR_S, latest)
        found.add(f"synthetic-{number + 1}", "synthetic", one)


def find_runs(found: Gathered, held: HeldTimetable, world: World) -> int:
    """Find the legs of plans on runs; return how many shipments have legs of no known run."""
    finder, own = RunFinder(held, world), 0
    for number, plan in enumerate(found.plans):
        if plan is not None:
            identity = found.ids[number]
            legs = np.array([finder.row(leg, identity) for leg in plan], np.int64)
            _check_joined(found.cargo[number], legs, identity)
            own += bool((legs[:, LEG_RUN] == OWN).any())
            found.cargo[number] = found.cargo[number].planned(legs)
    return own


def _check_joined(one: Cargo, legs: Ints, identity: str) -> None:
    """Refuse a plan whose legs do not lead from its start to its goal, one after the other."""
    hubs = [one.start, *legs[:, LEG_TO_HUB].tolist()]
    joined = hubs[:-1] == legs[:, LEG_FROM_HUB].tolist() and hubs[-1] == one.goal
    times = legs[:, [LEG_DEPARTS, LEG_ARRIVES]].ravel()
    if joined and (np.diff(times) >= 0).all():
        return
    raise BadParameter(
        f"shipments.{identity}.planned: the legs do not lead from start to goal in order",
        f"shipments.{identity}.planned：各航段未按顺序由起点连到终点",
        mend_en="Each leg begins where the one before ended, and not before it arrived.",
        mend_zh="每一航段须自上一航段的终点出发，且不早于其到达。",
        parameter=f"shipments.{identity}.planned",
    )


class RunFinder:
    """Finds the run of a planned leg by mode, hubs and departure; of several that of its trip."""

    def __init__(self, held: HeldTimetable, world: World) -> None:
        self.held, self.world = held, world
        table = held.timetable
        self._runs: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
        for departs, run, halt in (
            (event[0], event[2], event[3]) for event in world.events.tolist() if event[1]
        ):
            self._runs.setdefault((int(table.hub[halt]), int(world.halts[halt, 1])), []).append(
                (departs, run, halt)
            )
        rows = world.roads.rows[: int(world.roads.all_first[-1])]
        self._roads = {(row[0], row[1]): number for number, row in enumerate(rows.tolist())}

    def row(self, leg: PlannedLeg, identity: str) -> list[int]:
        """Return a leg as the engine takes it; one of no known run says so."""
        where = f"shipments.{identity}.planned"
        start, goal = (hub_of(self.held, name, where) for name in (leg.start, leg.goal))
        departs, arrives = int(leg.departs.timestamp()), int(leg.arrives.timestamp())
        found = [NONE] * LEG
        found[LEG_FROM_HUB], found[LEG_TO_HUB] = start, goal
        found[LEG_DEPARTS], found[LEG_ARRIVES] = departs, arrives
        mode = MODES.index(leg.mode)
        if leg.mode == HAULAGE and (start, goal) in self._roads:
            found[LEG_RUN], found[LEG_ROAD] = BY_ROAD, self._roads[start, goal]
            return found
        run = self._find(leg, mode, start, goal, departs)
        if run is None:
            found[LEG_RUN], found[LEG_ROAD] = OWN, mode
        else:
            found[LEG_RUN], found[LEG_FROM], found[LEG_TO] = run
        return found

    def _find(
        self, leg: PlannedLeg, mode: int, start: int, goal: int, departs: int
    ) -> tuple[int, int, int] | None:
        table = self.held.timetable
        best: tuple[bool, int, tuple[int, int, int]] | None = None
        for at, run, halt in self._runs.get((start, mode), []):
            if abs(at - departs) > SAME_S:
                continue
            last = int(table.halt_first[table.halt_pattern[halt] + 1])
            ends = [n for n in range(halt + 1, last) if table.hub[n] == goal]
            if ends:
                other = table.trip_ids[table.run_trip[run]] != leg.trip
                ranked = other, abs(at - departs), (run, halt, ends[0])
                best = ranked if best is None else min(best, ranked)
        return None if best is None else best[2]

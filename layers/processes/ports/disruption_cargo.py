"""Shipments as they are given, kept or drawn, as the engine takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches

import numpy as np

from layers.processes.ports.disruption_inputs import (
    DisruptionInputs,
    Matched,
    PlannedLeg,
    ShipmentGiven,
    Synthetic,
)
from layers.processes.readers.planned_shipment_rows import PlannedShipment
from layers.processes.readers.timetable_rows import HeldTimetable
from routing.disruption.cargo import Cargo
from routing.disruption.rule_models import Drawing, Taking
from spatial.errors import BadParameter

HOUR_S = 3600


@dataclass
class Gathered:
    """Shipments with their ids and where they are from, and what could not be taken.

    `matched` tells of each planned leg how it was found on a run; `ready_told` whether anybody told
    when a shipment is ready.
    """

    cargo: list[Cargo] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)
    plans: list[Sequence[PlannedLeg] | None] = field(default_factory=list)
    matched: list[Sequence[Matched]] = field(default_factory=list)
    ready_told: list[bool] = field(default_factory=list)
    off_hubs: int = 0
    assumed_mass: int = 0

    def add(
        self, identity: str, origin: str, one: Cargo, plan: Sequence[PlannedLeg] | None = None,
        *, ready_told: bool = True,
    ) -> None:  # fmt: skip
        """Add a shipment; the plan is not on runs yet."""
        self.cargo.append(one)
        self.plans.append(plan)
        self.matched.append(())
        self.ready_told.append(ready_told)
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
    inputs: DisruptionInputs, held: HeldTimetable, table: Sequence[PlannedShipment], at: datetime,
    rule: Taking,
) -> Gathered:  # fmt: skip
    """Return the shipments that are asked about; plans are found on runs by `find_runs`."""
    found = Gathered()
    for one in inputs.shipments:
        found.add(one.id, "given", _given(held, one), one.planned)
    for kept in table:
        _keep(found, held, kept, rule.assumed_t_per_teu)
    if inputs.synthetic is not None:
        _draw(found, held, inputs.synthetic, int(at.timestamp()), rule.drawn)
    return found


def _given(held: HeldTimetable, one: ShipmentGiven) -> Cargo:
    where = f"shipments.{one.id}"
    latest = None if one.latest_arrival is None else int(one.latest_arrival.timestamp())
    return Cargo(
        hub_of(held, one.start, where), hub_of(held, one.goal, where), one.teu, one.mass_t,
        tuple(one.kinds), int(one.ready_at.timestamp()), latest,
    )  # fmt: skip


def _keep(
    found: Gathered, held: HeldTimetable, kept: PlannedShipment, assumed_t_per_teu: float
) -> None:
    """Add a shipment of the table; one that starts or ends at no hub is counted only."""
    legs = kept.plan.legs
    places = [legs[0].start, *(leg.goal for leg in legs)]
    hubs = [held.find(place) for place in places]
    if any(hub is None for hub in hubs) or hubs[0] == hubs[-1]:
        found.off_hubs += 1
        return
    teu = kept.teu or float(max(len(kept.plan.units), 1))
    found.assumed_mass += kept.cargo_t is None
    mass = kept.cargo_t or assumed_t_per_teu * teu
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
        ready_told=False,
    )  # fmt: skip


def _draw(found: Gathered, held: HeldTimetable, asked: Synthetic, at: int, like: Drawing) -> None:
    """Add drawn shipments between hubs that services call at."""
    rng = np.random.default_rng(asked.seed)
    hubs = np.unique(held.timetable.hub)
    if len(hubs) < 2:
        return
    for number in range(asked.count):
        start, goal = rng.choice(hubs, 2, replace=False).tolist()
        ready = at // HOUR_S + _whole(rng, like.ready_h)
        teu, latest = float(_whole(rng, like.teu)), None
        if rng.random() < like.with_latest_share:
            latest = (ready + _whole(rng, like.latest_days) * 24) * HOUR_S
        least, most = like.t_per_teu
        mass = teu * _whole(rng, (least // like.t_step, most // like.t_step)) * like.t_step
        one = Cargo(start, goal, teu, mass, ("container",), ready * HOUR_S, latest)
        found.add(f"synthetic-{number + 1}", "synthetic", one)


def _whole(rng: np.random.Generator, ends: tuple[int, int]) -> int:
    return int(rng.integers(ends[0], ends[1] + 1))

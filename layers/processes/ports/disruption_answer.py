"""How a plan made anew is told: who changes, who waits where, what an hour is worth, which way."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from layers.processes.ports.disruption_cargo import Gathered
from layers.processes.ports.disruption_inputs import Matched
from layers.processes.ports.itinerary_interval import clock
from layers.processes.readers.timetable_rows import HeldTimetable
from routing.disruption.numbers import (
    BY_ROAD,
    LEG_ARRIVES,
    LEG_DEPARTS,
    LEG_FROM,
    LEG_FROM_HUB,
    LEG_ROAD,
    LEG_RUN,
    LEG_TO_HUB,
)
from routing.disruption.replan import Change, Replanned
from routing.disruption.told import Told, dwell
from routing.disruption.world import World
from spatial.transport_modes import HAULAGE, MODES

HOUR_S, MOST_ROWS = 3600, 1_000
Status = Literal["rerouted", "waits", "unserved", "unchanged"]


class MovedLeg(BaseModel):
    """One leg of a plan."""

    mode: str
    service: str | None
    trip: str | None
    from_hub: str
    to_hub: str
    departs: datetime
    arrives: datetime


class PlanOut(BaseModel):
    """A plan; not served, it never arrives. Costs are null where a price is not known."""

    departs: datetime | None
    arrives: datetime | None
    cost_cny: float | None
    co2_kg: float | None
    legs: list[MovedLeg]


class AffectedOut(BaseModel):
    """A shipment that the closures touch, before and after."""

    id: str
    origin: str = Field(description="Where it is from: given, table or synthetic")
    start: str
    goal: str
    teu: float
    status: Status
    under_way: bool
    late: bool
    before: PlanOut
    after: PlanOut
    later_h: float | None
    dearer_cny: float | None
    more_co2_kg: float | None
    because: list[str]
    matched: list[Matched] = Field(description="How each planned leg was found on a run")


class WaitingOut(BaseModel):
    """TEU hours that affected shipments stand at a hub, handling included."""

    hub: str
    name_zh: str
    name_en: str | None
    lon: float
    lat: float
    before_teu_h: float
    after_teu_h: float
    more_teu_h: float
    shipments: int


class HourOut(BaseModel):
    """What the last hour of a closure is worth, yuan.

    `saved_cny` is by planning anew with the window an hour shorter; the true worth of an hour lies
    from `low_cny` to `high_cny`; `dual_cny` is by the prices of room as they are.
    """

    kind: str
    ref: str
    name_zh: str
    name_en: str | None
    disruptions: list[str]
    reopens: datetime
    saved_cny: float
    low_cny: float
    high_cny: float
    dual_cny: float


class HubShare(BaseModel):
    """A hub with the TEU that go over it instead."""

    hub: str
    teu: float


class DiversionOut(BaseModel):
    """Where what starts at a hub goes instead; `hub` takes the most of it, null for none."""

    start: str
    teu: float
    by: Literal["hub", "road", "other-runs"]
    hub: str | None
    hub_teu: float
    share: float
    hubs: list[HubShare]


class SideOut(BaseModel):
    """Sums of affected shipments on one side."""

    generalised_cny: float
    cost_cny: float
    co2_kg: float
    teu_h: float
    penalty_cny: float


class TotalsOut(BaseModel):
    """Sums of the answer; `gap` is how much the plan may be dearer than the best, as a share."""

    shipments: int
    arrived: int
    affected: int
    rerouted: int
    waits: int
    unserved: int
    unserved_before: int
    late: int
    teu: float
    affected_teu: float
    before: SideOut
    after: SideOut
    planned_cny: float
    bound_cny: float
    gap: float
    gap_before: float | None
    seconds: float
    proven_optimal: bool
    shown: int
    matched: dict[Matched, int] = Field(description="Planned legs of all, by how they were found")


@dataclass(frozen=True)
class Shown:
    """What an answer is told from."""

    held: HeldTimetable
    gathered: Gathered
    found: Replanned
    before: World
    causes: Sequence[str]

    def hub(self, number: int) -> str:
        """Return the id of a hub."""
        return self.held.hubs[number].id

    def mode(self, leg: Sequence[int]) -> str:
        """Return the mode of a leg."""
        if leg[LEG_RUN] == BY_ROAD:
            return HAULAGE
        if leg[LEG_RUN] < 0:
            return MODES[leg[LEG_ROAD]]
        return MODES[int(self.before.halts[leg[LEG_FROM], 1])]


def status_of(one: Change) -> Status:
    """Return what happens to a shipment: another way, the same later, or none."""
    if one.after.ready is None:
        return "unserved"
    before, after = ([(leg[3], leg[4], leg[0] == BY_ROAD) for leg in told.legs.tolist()]
                     for told in (one.before, one.after))  # fmt: skip
    if before != after:
        return "rerouted"
    return "waits" if (one.after.ready or 0) > (one.before.ready or 0) else "unchanged"


def affected(shown: Shown) -> list[AffectedOut]:
    """Return the shipments that change, the worst first, so many that they can be read."""
    ranked = sorted(
        shown.found.changes, key=lambda one: one.before.generalised_cny - one.after.generalised_cny
    )
    return [_affected(shown, one) for one in ranked[:MOST_ROWS]]


def _affected(shown: Shown, one: Change) -> AffectedOut:
    cargo, before, after = shown.found.cargo[one.number], one.before, one.after
    served = after.ready is not None and before.ready is not None
    priced = served and not before.unpriced and not after.unpriced
    later = (after.ready or 0) - (before.ready or 0)
    return AffectedOut(
        id=shown.gathered.ids[one.number], origin=shown.gathered.origins[one.number],
        start=shown.hub(cargo.start), goal=shown.hub(cargo.goal), teu=cargo.teu,
        status=status_of(one), under_way=one.position.under_way, late=after.late,
        before=_plan(shown, before), after=_plan(shown, after),
        later_h=round(later / HOUR_S, 3) if served else None,
        dearer_cny=round(after.cny - before.cny, 2) if priced else None,
        more_co2_kg=round(after.kg - before.kg, 3) if priced else None,
        because=sorted(shown.causes[cause] for cause in one.causes),
        matched=list(shown.gathered.matched[one.number]),
    )  # fmt: skip


def _plan(shown: Shown, told: Told) -> PlanOut:
    legs = [_leg(shown, leg) for leg in told.legs.tolist()]
    return PlanOut(
        departs=legs[0].departs if legs else None,
        arrives=None if told.ready is None else clock(told.ready),
        cost_cny=None if told.unpriced else round(told.cny, 2),
        co2_kg=None if told.unpriced else round(told.kg, 3), legs=legs,
    )  # fmt: skip


def _leg(shown: Shown, leg: Sequence[int]) -> MovedLeg:
    table, service, trip = shown.held.timetable, None, None
    if leg[LEG_RUN] >= 0:
        pattern = table.halt_pattern[leg[LEG_FROM]]
        service = table.services[table.pattern_service[pattern]].id
        trip = table.trip_ids[table.run_trip[leg[LEG_RUN]]]
    return MovedLeg(
        mode=shown.mode(leg), service=service, trip=trip, from_hub=shown.hub(leg[LEG_FROM_HUB]),
        to_hub=shown.hub(leg[LEG_TO_HUB]), departs=clock(leg[LEG_DEPARTS]),
        arrives=clock(leg[LEG_ARRIVES]),
    )  # fmt: skip


def waiting(shown: Shown) -> list[WaitingOut]:
    """Return where affected shipments stand, that with the most more hours first."""
    sums: list[dict[int, float]] = [defaultdict(float), defaultdict(float)]
    count: dict[int, int] = defaultdict(int)
    for one in shown.found.changes:
        cargo = shown.found.cargo[one.number]
        for side, told in enumerate((one.before, one.after)):
            for hub, hours in dwell(cargo, told):
                sums[side][hub] += hours
        for hub in {hub for hub, hours in dwell(cargo, one.after) if hours > 0}:
            count[hub] += 1
    told_hubs = [_waiting(shown, hub, sums, count) for hub in set(sums[0]) | set(sums[1])]
    return sorted(told_hubs, key=lambda row: (-row.more_teu_h, row.hub))


def _waiting(
    shown: Shown, number: int, sums: Sequence[dict[int, float]], count: dict[int, int]
) -> WaitingOut:
    hub = shown.held.hubs[number]
    before, after = (round(side.get(number, 0.0), 3) for side in sums)
    return WaitingOut(
        hub=hub.id, name_zh=hub.name_zh, name_en=hub.name_en, lon=hub.lon, lat=hub.lat,
        before_teu_h=before, after_teu_h=after, more_teu_h=round(after - before, 3),
        shipments=count.get(number, 0),
    )  # fmt: skip


def diversions(shown: Shown) -> list[DiversionOut]:
    """Return by start which hub takes most of the TEU that go another way."""
    rows: dict[int, list[tuple[float, set[int], bool]]] = defaultdict(list)
    for one in shown.found.changes:
        if status_of(one) != "rerouted":
            continue
        cargo = shown.found.cargo[one.number]
        before, after = (_hubs(told.legs.tolist()) for told in (one.before, one.after))
        by_road = any(leg[LEG_RUN] == BY_ROAD for leg in one.after.legs.tolist())
        rows[cargo.start].append((cargo.teu, after - before - {cargo.start, cargo.goal}, by_road))
    found = [_diversion(shown, start, own) for start, own in rows.items()]
    return sorted(found, key=lambda row: (-row.teu, row.start))


def _hubs(legs: Iterable[Sequence[int]]) -> set[int]:
    return {hub for leg in legs for hub in (leg[LEG_FROM_HUB], leg[LEG_TO_HUB])}


def _diversion(
    shown: Shown, start: int, rows: Sequence[tuple[float, set[int], bool]]
) -> DiversionOut:
    teu: dict[int, float] = defaultdict(float)
    for each, hubs, _ in rows:
        for hub in hubs:
            teu[hub] += each
    whole = sum(each for each, _, _ in rows)
    ranked = sorted(teu.items(), key=lambda item: (-item[1], shown.hub(item[0])))
    driven = sum(each for each, _, by_road in rows if by_road)
    by: Literal["hub", "road", "other-runs"] = "other-runs"
    if ranked:
        by = "hub"
    elif driven > whole / 2:
        by = "road"
    best = ranked[0] if ranked else None
    return DiversionOut(
        start=shown.hub(start), teu=whole, by=by, hub=None if best is None else shown.hub(best[0]),
        hub_teu=0.0 if best is None else best[1],
        share=0.0 if best is None else round(best[1] / whole, 4),
        hubs=[HubShare(hub=shown.hub(hub), teu=each) for hub, each in ranked[:5]],
    )  # fmt: skip


def totals(shown: Shown, seconds: float) -> TotalsOut:
    """Return the sums."""
    found, changes = shown.found, shown.found.changes
    states = [status_of(one) for one in changes]
    solved, first = found.solved, found.solved_before
    gap = 0.0 if solved is None else solved.gap
    return TotalsOut(
        shipments=len(found.cargo), arrived=len(found.arrived), affected=len(changes),
        rerouted=states.count("rerouted"), waits=states.count("waits"),
        unserved=states.count("unserved"), unserved_before=len(found.unserved_before),
        late=sum(one.after.late for one in changes if one.after.ready is not None),
        teu=sum(one.teu for one in found.cargo),
        affected_teu=sum(found.cargo[one.number].teu for one in changes),
        before=_side(one.before for one in changes), after=_side(one.after for one in changes),
        planned_cny=0.0 if solved is None else round(solved.plan.cny, 2),
        bound_cny=0.0 if solved is None else round(solved.relaxed.bound, 2), gap=round(gap, 6),
        gap_before=None if first is None else round(first.gap, 6), seconds=round(seconds, 2),
        proven_optimal=gap <= 1e-9, shown=min(len(changes), MOST_ROWS),
        matched=Counter(how for own in shown.gathered.matched for how in own),
    )  # fmt: skip


def _side(told: Iterable[Told]) -> SideOut:
    rows = list(told)
    return SideOut(
        generalised_cny=round(sum(one.generalised_cny for one in rows), 2),
        cost_cny=round(sum(one.cny for one in rows), 2),
        co2_kg=round(sum(one.kg for one in rows), 3),
        teu_h=round(sum(one.teu_h for one in rows), 2),
        penalty_cny=round(sum(one.penalty_cny for one in rows), 2),
    )

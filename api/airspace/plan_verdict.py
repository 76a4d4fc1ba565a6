"""What the air says of a plan: each of its volumes judged, the worst told.

A verdict is that of one version of the air and of the rules as the flight begins, which it names.
It is computed as a plan is filed; while the plan waits, again whenever either has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from uuid import UUID

import asyncpg
import orjson
import shapely
from starlette.requests import Request

from api.airspace import operation_store as store
from api.airspace.air_changes import AirChanges, Reach
from api.airspace.air_keeper import AirKeeper, HeldAir
from api.airspace.extents import Extent
from api.http.app_state import own
from api.http.concurrency import ask
from api.services import services
from layers.processes.airspace.answer import said
from layers.processes.airspace.question import check_horizon, read_area
from routing.airspace.ask import Footprint as Area
from routing.airspace.ask import Heights, judge_footprint
from routing.airspace.judge import Flight
from spatial.airspace_rules import BOUNDS, FILING, Aircraft, Bounds, Clock, Task
from spatial.errors import BadParameter, RuleMissing
from spatial.geo.volumes import Circle
from spatial.json_types import Document, JsonObject
from spatial.rules import get_rule

MOST_FOUND = 1_000
EACH_S = 0.002
"""What one volume is likely to take."""
WORST_FIRST = ("prohibited", "undetermined", "needs_approval", "needs_confirmation", "suitable")


@dataclass(frozen=True)
class Subject:
    """What of a plan is judged; `aircraft` None: its class is not named, so nothing is."""

    extents: Sequence[Extent]
    aircraft: Aircraft | None
    task: Task

    @property
    def begin(self) -> datetime:
        """Its begin, whose rules count."""
        return min(one.begin for one in self.extents)


class FoundVerdicts:
    """Verdicts of waiting plans that one process has found and nobody has stored yet.

    What is judged of a plan does not change while it waits.
    """

    def __init__(self) -> None:
        self._found: dict[UUID, JsonObject] = {}

    def keep(self, plan: UUID, verdict: JsonObject | None) -> None:
        """Keep what was found of a plan."""
        if verdict is not None:
            if len(self._found) >= MOST_FOUND:
                self._found.clear()
            self._found[plan] = verdict

    def forget(self, plan: UUID) -> None:
        """Keep what was found of a plan no longer."""
        self._found.pop(plan, None)

    def find(self, plan: UUID, air: HeldAir) -> JsonObject | None:
        """Return what was found of a plan by an air and its rules."""
        found = self._found.get(plan)
        if found is None or found["airspace_version"] != air.known.version:
            return None
        return found if found["rules"] == air.rules.digest else None


async def judge_plan(request: Request, subject: Subject) -> JsonObject | None:
    """Return the verdict of a plan; None where it cannot be judged.

    See Also
    --------
    judged
    """
    if subject.aircraft is None:
        return None
    try:
        air = await own(request.app, AirKeeper).at(services(request), subject.begin)
    except RuleMissing:
        return None
    return await ask(request, lambda: judged(subject, air), EACH_S * len(subject.extents))


async def judge_waiting(
    request: Request, plans: Sequence[asyncpg.Record], parts: Sequence[Sequence[Extent]]
) -> list[JsonObject | None]:
    """Return the verdicts of plans by the air as it is now: what is kept where that is of now.

    `parts` are the extents of each plan.
    """
    subjects = [subject_of(plan, part) for plan, part in zip(plans, parts, strict=True)]
    kept = [plan["verdict"] for plan in plans]
    try:
        keeper, begins = own(request.app, AirKeeper), [one.begin for one in subjects]
        airs = await keeper.of_times(services(request), begins)
    except RuleMissing:
        return kept
    named = [(told or {}).get(name) for told in kept for name in ("airspace_version", "rules")]
    versions, rules = named[::2], named[1::2]
    reaches = [reach_of(part) for part in parts]
    stale = [n for n, air in enumerate(airs)
             if not is_of(versions[n], rules[n], air, keeper.changes, reaches[n])]  # fmt: skip
    if not stale:
        return kept
    found = own(request.app, FoundVerdicts)
    held = {n: found.find(plans[n]["id"], airs[n]) for n in stale}
    left = [n for n in stale if held[n] is None]
    cost_s = EACH_S * sum(len(parts[n]) for n in left)
    anew = await ask(request, lambda: [judged(subjects[n], airs[n]) for n in left], cost_s)
    for n, told in zip(left, anew, strict=True):
        found.keep(plans[n]["id"], told)
        held[n] = told
    return [held.get(n, told) for n, told in enumerate(kept)]


def reach_of(extents: Sequence[Extent]) -> Reach:
    """Return the box around all footprints, and the time from the first begin to the last end."""
    west, south, east, north = zip(*(one.footprint.polygon.bounds for one in extents), strict=True)
    begin, end = min(one.begin for one in extents), max(one.end for one in extents)
    return Reach(min(west), min(south), max(east), max(north), begin, end)


def subject_of(plan: asyncpg.Record, extents: Sequence[Extent] | None = None) -> Subject:
    """Return what is judged of a stored plan, with its extents where they are read already."""
    return Subject(extents or store.extents_of(plan), plan["aircraft"], plan["task"])


def is_of(
    version: int | None, rules: str | None, air: HeldAir, changes: AirChanges, reach: Reach
) -> bool:
    """Tell whether a verdict that names a version and rules is what an air says of a plan."""
    if version is None or rules != air.rules.digest:
        return False
    return not changes.touch(version, air.known.version, reach)


def judged(subject: Subject, air: HeldAir) -> JsonObject | None:
    """Return verdict and zones of a plan, and what air and rules they are of.

    None where it cannot be judged: it names no class of aircraft, a rule is missing, or it is
    larger than a question may be.
    """
    if subject.aircraft is None:
        return None
    now = datetime.now(UTC)
    try:
        bounds = get_rule(air.rules, BOUNDS).value
        clock = get_rule(air.rules, FILING).value.root[subject.task]
        areas = [_area(one, bounds, now) for one in subject.extents]
        answers = [_told(one, area, subject.aircraft, clock, air)
                   for one, area in zip(subject.extents, areas, strict=True)]  # fmt: skip
    except (RuleMissing, BadParameter):
        return None
    worst = min(answers, key=lambda one: WORST_FIRST.index(str(one["verdict"])))
    told: Document = {name: worst[name] for name in ("verdict", "verdict_range", "missing")}
    told |= {"airspace_version": air.known.version, "rules": air.rules.digest, "judged_at": now}
    kept: JsonObject = orjson.loads(orjson.dumps(told, default=str))
    zones: list[list[JsonObject]] = orjson.loads(
        orjson.dumps([one["zones"] for one in answers], default=str)
    )
    return kept | {"zones": _each_once(chain.from_iterable(zones))}


def _each_once(zones: Iterable[JsonObject]) -> list[JsonObject]:
    """Return zones that speak of any volume, each once, those that hold surely first."""
    found: dict[object, JsonObject] = {}
    for zone in zones:
        if found.get(zone["id"], {}).get("state") != "inside":
            found[zone["id"]] = zone
    return sorted(found.values(), key=lambda one: one["state"] != "inside")


def _area(extent: Extent, bounds: Bounds, now: datetime) -> Area:
    """Return where a volume lies, checked as what is asked for.

    Raises
    ------
    BadParameter
        It is not what may be asked.
    """
    check_horizon("/until", extent.end, bounds, now)
    footprint = extent.footprint
    if isinstance(footprint, Circle):
        return read_area(shapely.Point(footprint.centre), footprint.radius_m, bounds)
    return read_area(footprint.polygon, 0.0, bounds)


def _told(extent: Extent, area: Area, aircraft: Aircraft, clock: Clock, air: HeldAir) -> Document:
    flight = Flight(aircraft, extent.begin.timestamp(), extent.end.timestamp(), clock)
    heights = Heights("W84", extent.lower_m, extent.upper_m)
    return said(judge_footprint(air.judge, area, heights, flight, air.judge.air.joins), flight, air)

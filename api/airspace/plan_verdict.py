"""What the air says of a plan: each of its volumes judged, the worst told.

A verdict is that of one version of the air and of the rules as the flight begins, which it names.
It is computed as a plan is filed; while the plan waits, again whenever either has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import orjson
from starlette.requests import Request

from api.airspace import operation_store as store
from api.airspace.air_changes import AirChanges, Box
from api.airspace.air_keeper import AirKeeper, HeldAir
from api.airspace.extents import Extent
from api.http.app_state import own
from api.http.concurrency import ask
from api.services import services
from layers.processes.airspace.answer import answer_one
from layers.processes.airspace.question import CheckInputs, read_question
from spatial.airspace_rules import ACCURACY, BOUNDS, Aircraft, Task
from spatial.errors import BadParameter, RuleMissing
from spatial.geo.volumes import Circle
from spatial.json_types import Document, JsonObject
from spatial.rules import get_rule

EACH_S = 0.004
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
    boxes = [box_of(part) for part in parts]
    stale = [n for n, air in enumerate(airs)
             if not is_of(versions[n], rules[n], air, keeper.changes, boxes[n])]  # fmt: skip
    if not stale:
        return kept
    cost_s = EACH_S * sum(len(parts[n]) for n in stale)
    anew = await ask(request, lambda: [judged(subjects[n], airs[n]) for n in stale], cost_s)
    for n, told in zip(stale, anew, strict=True):
        kept[n] = told
    return kept


def box_of(extents: Sequence[Extent]) -> Box:
    """Return the box around all footprints."""
    west, south, east, north = zip(*(one.footprint.polygon.bounds for one in extents), strict=True)
    return min(west), min(south), max(east), max(north)


def subject_of(plan: asyncpg.Record, extents: Sequence[Extent] | None = None) -> Subject:
    """Return what is judged of a stored plan, with its extents where they are read already."""
    return Subject(extents or store.extents_of(plan), plan["aircraft"], plan["task"])


def is_of(
    version: int | None, rules: str | None, air: HeldAir, changes: AirChanges, box: Box
) -> bool:
    """Tell whether a verdict that names a version and rules is what an air says within a box."""
    if version is None or rules != air.rules.digest:
        return False
    return not changes.touch(version, air.known.version, box)


def judged(subject: Subject, air: HeldAir) -> JsonObject | None:
    """Return verdict and zones of a plan, and what air and rules they are of.

    None where it cannot be judged: it names no class of aircraft, a rule is missing, or it is
    larger than a question may be.
    """
    if subject.aircraft is None:
        return None
    now = datetime.now(UTC)
    questions = [_question(one, subject.aircraft, subject.task) for one in subject.extents]
    try:
        bounds, accuracy = get_rule(air.rules, BOUNDS).value, get_rule(air.rules, ACCURACY).value
        asked = [read_question(one, bounds, now, accuracy.qnh_m) for one in questions]
        answers = [answer_one(q, a, air, now) for q, a in zip(questions, asked, strict=True)]
    except (RuleMissing, BadParameter):
        return None
    worst = min(answers, key=lambda one: WORST_FIRST.index(str(one["verdict"])))
    zones = [zone for one in answers for zone in _zones_of(one)]
    told: Document = {name: worst[name] for name in ("verdict", "verdict_range", "missing")}
    told |= {"airspace_version": air.known.version, "rules": air.rules.digest, "judged_at": now}
    kept: JsonObject = orjson.loads(orjson.dumps(told, default=str))
    return kept | {"zones": _each_once(zones)}


def _zones_of(answer: Document) -> list[JsonObject]:
    zones: list[JsonObject] = orjson.loads(orjson.dumps(answer["zones"], default=str))
    return zones


def _each_once(zones: Iterable[JsonObject]) -> list[JsonObject]:
    """Return zones that speak of any volume, each once, those that hold surely first."""
    found: dict[object, JsonObject] = {}
    for zone in zones:
        if found.get(zone["id"], {}).get("state") != "inside":
            found[zone["id"]] = zone
    return sorted(found.values(), key=lambda one: one["state"] != "inside")


def _question(extent: Extent, aircraft: Aircraft, task: Task) -> CheckInputs:
    footprint, heights = extent.footprint, (extent.lower_m, extent.upper_m)
    if isinstance(footprint, Circle):
        where = {"type": "Circle", "coordinates": list(footprint.centre),
                 "radius_m": footprint.radius_m}  # fmt: skip
    else:
        ring = [list(position) for position in footprint.polygon.exterior.coords]
        where = {"type": "Polygon", "coordinates": [ring]}
    lower, upper = ({"value": h, "datum": "W84", "unit": "m"} for h in heights)
    return CheckInputs.model_validate({
        "geometry": where, "band": {"lower": lower, "upper": upper}, "aircraft": aircraft,
        "at": extent.begin, "until": extent.end, "task": task, "alternatives": False,
    })  # fmt: skip

"""What the air says of a plan as it is filed: each of its volumes judged, the worst told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import orjson
from starlette.requests import Request

from api.airspace.air_keeper import AirKeeper
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


async def judge_plan(
    request: Request, extents: Sequence[Extent], aircraft: Aircraft | None, task: Task
) -> JsonObject | None:
    """Return verdict and zones of a plan; None where it cannot be judged.

    That is where it names no class of aircraft, where a rule is missing, or where it is larger than
    a question may be.
    """
    if aircraft is None:
        return None
    now = datetime.now(UTC)
    questions = [_question(one, aircraft, task) for one in extents]
    try:
        air = await own(request.app, AirKeeper).at(services(request), extents[0].begin)
        bounds, accuracy = get_rule(air.rules, BOUNDS).value, get_rule(air.rules, ACCURACY).value
        asked = [read_question(one, bounds, now, accuracy.qnh_m) for one in questions]
    except (RuleMissing, BadParameter):
        return None

    def judged() -> list[Document]:
        return [answer_one(q, a, air, now) for q, a in zip(questions, asked, strict=True)]

    answers = await ask(request, judged, EACH_S * len(questions))
    worst = min(answers, key=lambda one: WORST_FIRST.index(str(one["verdict"])))
    told = {name: worst[name] for name in ("verdict", "verdict_range", "zones", "missing")}
    kept: JsonObject = orjson.loads(orjson.dumps(told, default=str))
    return kept


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

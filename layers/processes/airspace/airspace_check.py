"""May one fly here, this high, at this time? One flight, or many points as columns."""

from __future__ import annotations

from layers.declare.base import Text
from layers.processes.airspace.answer import answer_many, answer_one
from layers.processes.airspace.question import CheckInputs, read_question
from layers.processes.readers.airspace_rows import airspace_at
from layers.processes.runtime.model import Outputs, Process, Scene, titled
from spatial.actor import ROLES
from spatial.airspace_rules import ACCURACY, BOUNDS
from spatial.json_types import JsonBody
from spatial.rules import get_rule

AIR = airspace_at("at")


class CheckOutputs(Outputs):
    """The answer, as POST /api/airspace/check gives it but for its number."""

    answer: JsonBody = titled("答复", "Answer")


def run(inputs: CheckInputs, scene: Scene) -> CheckOutputs:
    """Answer the question."""
    air = scene.get(AIR)
    bounds, accuracy = get_rule(air.rules, BOUNDS).value, get_rule(air.rules, ACCURACY).value
    asked = read_question(inputs, bounds, scene.now, accuracy.qnh_m)
    if inputs.points is not None:
        return CheckOutputs(answer=answer_many(inputs, asked, air))
    return CheckOutputs(answer=answer_one(inputs, asked, air, scene.now))


PROCESS = Process(
    id="airspace-check",
    title=Text(zh="适飞查询", en="May I fly?"),
    description=Text(
        zh="按空域类别、地面管制区域、临时管制与机型高度，判断能否飞行，并给出依据与最近可行方案。",
        en="Judges a flight by classes of airspace, controlled ground, temporary restrictions and"
        " the aircraft's ceiling; names who says so, and what would do.",
    ),
    inputs=CheckInputs,
    outputs=CheckOutputs,
    run=run,
    reads=(AIR,),
    quick=True,
    roles=tuple(ROLES),
)

"""Which vessel lies where along which quay, and when: quays, tides and vessels as given."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from layers.declare.base import Text
from layers.processes.readers.rules_in_force import rules_at
from layers.processes.runtime.model import Inputs, Number, Outputs, Process, Scene, titled
from routing.berths.checks import (
    MOST_QUAYS,
    MOST_VESSELS,
    Refusal,
    check_extent,
    check_quays,
    refusals,
    without,
)
from routing.berths.faults import faults
from routing.berths.model import Block, Quay, Task, Tide, Vessel
from routing.berths.planning import plan
from routing.berths.rule_models import GAPS, SEARCH
from spatial.rules import Rules, get_rule

MOST_MIN = 100_000_000


class Minutes(Inputs):
    """A time: whole minutes on the caller's clock, from `since` until `until`."""

    since: int = Field(ge=-MOST_MIN, le=MOST_MIN)
    until: int = Field(ge=-MOST_MIN, le=MOST_MIN)


class TideIn(Minutes):
    """A time in which the channel is `depth_m` deep."""

    depth_m: Number


class BlockIn(Minutes):
    """A stretch of a quay that is taken for a time, in metres from its end 0."""

    from_m: Number
    to_m: Number


class QuayIn(Inputs):
    """A quay; with `single` a berth for one vessel at a time."""

    id: str = Field(min_length=1, max_length=80)
    length_m: Number
    depth_m: Number | None = None
    single: bool = False
    opens: int = Field(default=-MOST_MIN, ge=-MOST_MIN, le=MOST_MIN)
    blocks: list[BlockIn] = Field(default=[], max_length=100)


class VesselIn(Inputs):
    """A vessel; what no plan could take is refused by itself, so that the rest is planned.

    `lasts_min` are the minutes of handling, `lasts_at` those by quay.
    """

    id: str = Field(min_length=1, max_length=80)
    length_m: Number
    arrival: int = Field(ge=-MOST_MIN, le=MOST_MIN)
    lasts_min: int | None = Field(default=None, ge=-MOST_MIN, le=MOST_MIN)
    lasts_at: dict[str, int] = Field(default={}, max_length=MOST_QUAYS)
    draught_m: Number | None = None
    draught_out_m: Number | None = None
    weight: int = 1
    due: int | None = Field(default=None, ge=-MOST_MIN, le=MOST_MIN)
    late_weight: int = 0
    origin: Literal["real", "synthetic"] = "real"

    def vessel(self) -> Vessel:
        """Return her as the engine takes her."""
        return Vessel(
            self.id, self.length_m, self.arrival, self.lasts_min, self.lasts_at, self.draught_m,
            self.draught_out_m, self.weight, self.due, self.late_weight,
        )  # fmt: skip


class BerthPlanInputs(Inputs):
    """Quays, the channel and its tides, vessels; times are whole minutes on the caller's clock."""

    quays: list[QuayIn] = titled("岸线", "Quays", min_length=1, max_length=MOST_QUAYS)
    vessels: list[VesselIn] = titled("船舶", "Vessels", min_length=1, max_length=MOST_VESSELS)
    channel_depth_m: Number | None = titled("航道水深（米）", "Depth of the channel", default=None)
    tides: list[TideIn] = titled("潮窗", "Tides", default=[], max_length=1000)
    along_m: Number | None = titled(
        "船舶间距（米）", "Gap along the quay", default=None, ge=0, le=200
    )
    between_min: int | None = titled(
        "前后船间隔（分）", "Minutes between vessels", default=None, ge=0, le=1440
    )


class BerthingOut(BaseModel):
    """Where and when a vessel lies; she waits from her arrival to `start`."""

    vessel: str
    quay: str
    from_m: float
    to_m: float
    start: int
    handled: int
    leaves: int
    waits_min: int
    late_min: int
    origin: str


class RefusedOut(BaseModel):
    """A vessel that is not planned, why, and how to mend it."""

    vessel: str
    cause: str
    text: Text
    mend: Text


class BerthPlanOutputs(Outputs):
    """The plan by begin of berthing; no plan costs less than `bound`."""

    berthings: list[BerthingOut] = titled("靠泊计划", "Berthings")
    refused: list[RefusedOut] = titled("未列入计划的船舶", "Vessels not planned")
    cost: int = titled("总代价", "Cost")
    bound: int = titled("下界", "Bound")
    gap: float = titled("与下界差距", "Gap")
    first_come: int | None = titled("先到先靠的代价", "Cost of first come, first served")
    ended: Literal["proven", "passes", "time"] = titled("搜索结束原因", "Why the search ended")
    faults: list[str] = titled("核查发现的冲突", "What the checker found")
    origin: Literal["real", "synthetic"] = titled("数据来源", "Origin")
    rules: dict[str, str] = titled("所用规则版本", "Versions of rules")


RULES = rules_at(lambda inputs: None)


def task_of(inputs: BerthPlanInputs, rules: Rules) -> Task:
    """Return what is asked, under the gaps of the rule where none are given."""
    given = {"along_m": inputs.along_m, "between_min": inputs.between_min}
    gaps = get_rule(rules, GAPS).value.model_copy(
        update={name: value for name, value in given.items() if value is not None}
    )
    quays = [
        Quay(q.id, q.length_m, q.depth_m, q.single, q.opens,
             [Block(b.from_m, b.to_m, b.since, b.until) for b in q.blocks])
        for q in inputs.quays
    ]  # fmt: skip
    tides = [Tide(tide.since, tide.until, tide.depth_m) for tide in inputs.tides]
    vessels = [one.vessel() for one in inputs.vessels]
    return Task(quays, vessels, gaps, inputs.channel_depth_m, tides)


def check(inputs: BerthPlanInputs, scene: Scene) -> None:
    """Refuse quays and tides that cannot be, and a question of which no vessel is left."""
    task = task_of(inputs, scene.get(RULES))
    check_quays(task)
    refused = refusals(task)
    left = without(task, refused)
    if not left.vessels:
        raise refused[0].error()
    check_extent(left)


def run(inputs: BerthPlanInputs, scene: Scene) -> BerthPlanOutputs:
    """Plan the vessels that can be planned."""
    rules = scene.get(RULES)
    task = task_of(inputs, rules)
    refused = refusals(task)
    task = without(task, refused)
    made = plan(task, get_rule(rules, SEARCH).value)
    vessels, rows = {one.id: one for one in task.vessels}, {one.id: one for one in inputs.vessels}
    shown = []
    for one in made.berthings:
        vessel = vessels[one.vessel]
        shown.append(
            BerthingOut(
                vessel=one.vessel, quay=one.quay, from_m=one.from_m,
                to_m=round(one.from_m + vessel.length_m, 3), start=one.start,
                handled=one.handled, leaves=one.leaves, waits_min=one.start - vessel.arrival,
                late_min=0 if vessel.due is None else max(0, one.leaves - vessel.due),
                origin=rows[one.vessel].origin,
            )
        )  # fmt: skip
    invented = any(one.origin == "synthetic" for one in shown)
    return BerthPlanOutputs(
        berthings=shown, refused=[_refused(one) for one in refused], cost=made.cost,
        bound=made.bound, gap=round(made.gap, 6), first_come=made.first_come, ended=made.ended,
        faults=faults(task, made.berthings), origin="synthetic" if invented else "real",
        rules={kind.key: get_rule(rules, kind).version for kind in (GAPS, SEARCH)},
    )  # fmt: skip


def _refused(one: Refusal) -> RefusedOut:
    return RefusedOut(
        vessel=one.vessel, cause=one.cause, text=Text(zh=one.zh, en=one.en),
        mend=Text(zh=one.mend_zh, en=one.mend_en),
    )  # fmt: skip


PROCESS = Process(
    id="berth-plan",
    title=Text(zh="泊位计划", en="Berth plan"),
    description=Text(
        zh="按到达、作业时长、吃水与潮窗，在岸线长度与时间上无重叠地安排船舶，并给出已证明的下界。",
        en="Vessels along quays without overlap in length and time, by arrival, handling, draught "
        "and tides, with a proven bound.",
    ),
    inputs=BerthPlanInputs,
    outputs=BerthPlanOutputs,
    run=run,
    reads=(RULES,),
    check=check,
)

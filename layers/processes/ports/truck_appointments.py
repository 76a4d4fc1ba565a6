"""Appointments of trucks at a gate whose queue has room for so many: who comes in which slot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
from pydantic import BaseModel, Field, model_validator

from layers.declare.base import Text
from layers.processes.ports.gate_rows import gate_of, wishes_of
from layers.processes.readers.rows import rows
from layers.processes.readers.rules_in_force import rules_at
from layers.processes.runtime.model import (
    Inputs,
    Moment,
    Outputs,
    Process,
    RowsFrom,
    Scene,
    titled,
    wrong_input,
)
from routing.cost.weekly_hours import minute_of_week, read_hours
from routing.gates.appointments import appoint
from routing.gates.checks import MOST_LANES, MOST_MOVES, MOST_QUEUE, MOST_SLOTS, MOST_WISHES, check
from routing.gates.model import Appointments, Asked, Gate, Wish
from routing.gates.risk import expected_queues, risk_of
from routing.gates.rule_models import APPOINTING, SERVICE
from spatial.rules import Rules, get_rule

MINUTE = timedelta(minutes=1)
Origin = Literal["real", "synthetic"]


class GateIn(Inputs):
    """A gate: lanes that work, trucks that have room to wait, hours as OpenStreetMap has them."""

    lanes: int = Field(ge=1, le=MOST_LANES)
    queue_most: int = Field(ge=0, le=MOST_QUEUE)
    hours: str | None = Field(default=None, max_length=200)
    origin: Origin = "real"


class LanesIn(Inputs):
    """A time in which another number of lanes works; none of them closes the gate."""

    since: Moment
    until: Moment
    lanes: int = Field(ge=0, le=MOST_LANES)


class RequestIn(Inputs):
    """A truck that wants to come in a window and make so many moves."""

    id: str = Field(min_length=1, max_length=80)
    since: Moment
    until: Moment
    moves: int = Field(default=1, ge=1, le=MOST_MOVES)
    shift_min: int | None = Field(default=None, ge=0, le=10_080)
    origin: Origin = "real"


class TruckAppointmentsInputs(Inputs):
    """A gate, given or the row of a layer; requests, given or rows of a layer; and the time."""

    since: Moment = titled("起", "From")
    until: Moment = titled("止", "Until")
    gate: GateIn | None = titled("闸口", "Gate", default=None)
    terminal: RowsFrom | None = titled("码头", "Terminal", default=None)
    lanes: list[LanesIn] = titled("车道变化", "Changes of lanes", default=[], max_length=50)
    requests: list[RequestIn] | None = titled(
        "预约申请", "Requests", default=None, min_length=1, max_length=MOST_WISHES
    )
    requests_from: RowsFrom | None = titled("申请图层", "Requests of a layer", default=None)

    @model_validator(mode="after")
    def _one_of_each(self) -> TruckAppointmentsInputs:
        if (self.gate is None) == (self.terminal is None):
            raise ValueError("give either gate or terminal")
        if (self.requests is None) == (self.requests_from is None):
            raise ValueError("give either requests or requests_from")
        if self.until <= self.since:
            raise ValueError("until is not after since")
        return self


class AppointmentOut(BaseModel):
    """The slot of a truck; `deviation_min` is how far of it, at most, is not in the window."""

    id: str
    begins: datetime
    ends: datetime
    deviation_min: int
    moves: int
    origin: Origin


class RefusedOut(BaseModel):
    """A truck without a slot, when it wanted to come, and why it has none."""

    id: str
    since: datetime
    until: datetime
    moves: int
    cause: Literal["closed", "full"]
    text: Text


class SlotOut(BaseModel):
    """A slot: lanes, trucks in it, their load and its quota in services of one move.

    `wished` is the load where each truck comes in the slot that it likes best; `queue` and
    `queue_wished` are how many are expected to wait at its end with either load.
    """

    begins: datetime
    lanes: int
    trucks: int
    load: float
    quota: float
    wished: float
    queue: float
    queue_wished: float


class CrowdOut(BaseModel):
    """The time in which the trucks that can come only then are most above its places."""

    since: datetime
    until: datetime
    load: float
    places: float
    text: Text


class TruckAppointmentsOutputs(Outputs):
    """Slots of trucks, as near to their windows as the queue allows."""

    appointments: list[AppointmentOut] = titled("预约", "Appointments")
    refused: list[RefusedOut] = titled("未获预约", "Without a slot")
    slots: list[SlotOut] = titled("时段", "Slots")
    deviation_min: int = titled("总偏移（分）", "Deviation in all")
    bound_min: int = titled("偏移下界（分）", "No plan deviates less")
    most_served: int = titled("最多可约", "No plan serves more")
    crowd: CrowdOut | None = titled("最拥挤时段", "Where too many want to come")
    queue_most: int = titled("排队上限", "Trucks that may wait")
    risk: float = titled("排队超限概率", "Chance that more ever wait")
    risk_as_wished: float = titled("按意愿到达的超限概率", "The same, all coming as they wish")
    origin: Origin = titled("数据来源", "Origin")
    rules: dict[str, str] = titled("所用规则版本", "Versions of rules")


RULES = rules_at(lambda inputs: inputs.since)
TERMINAL, REQUESTS = rows("terminal"), rows("requests_from")


def gates(inputs: TruckAppointmentsInputs, scene: Scene) -> GateIn:
    """Return the gate that is given, or that of the terminal's row."""
    return inputs.gate or GateIn(**gate_of("terminal", scene.get(TERMINAL)))


def requests(inputs: TruckAppointmentsInputs, scene: Scene) -> list[RequestIn]:
    """Return the requests that are given, or those of the rows within the time."""
    if inputs.requests is not None:
        return inputs.requests
    own = [RequestIn(**one) for one in wishes_of("requests_from", scene.get(REQUESTS))]
    own = [one for one in own if one.until > inputs.since and one.since < inputs.until]
    if not own:
        raise wrong_input("requests_from", "no request lies within the time", "该时段内没有申请")
    return own


def asked_of(inputs: TruckAppointmentsInputs, scene: Scene) -> Asked:
    """Return what is asked as the engine takes it, in minutes since 1970."""
    rules, gate = scene.get(RULES), gates(inputs, scene)
    rule = get_rule(rules, APPOINTING).value
    count = -(-(_minute(inputs.until) - _minute(inputs.since)) // rule.slot_min)
    if count > MOST_SLOTS:
        raise wrong_input("until", f"more than {MOST_SLOTS} slots", f"超过 {MOST_SLOTS} 个时段")
    begins = [inputs.since + k * rule.slot_min * MINUTE for k in range(count)]
    lanes = [_lanes(inputs, gate, at, rule.slot_min) for at in begins]
    wishes = [
        Wish(one.id, _minute(one.since), _minute(one.until), one.moves, one.shift_min)
        for one in requests(inputs, scene)
    ]
    return Asked(
        Gate(_minute(inputs.since), lanes, gate.queue_most), wishes,
        get_rule(rules, SERVICE).value, rule,
    )  # fmt: skip


def _lanes(inputs: TruckAppointmentsInputs, gate: GateIn, at: datetime, slot_min: int) -> int:
    """Return how many lanes work during a whole slot."""
    until = at + slot_min * MINUTE
    if gate.hours is not None:
        week = read_hours(gate.hours)
        if week is None:
            raise wrong_input("gate", f"hours {gate.hours!r} cannot be read", "开放时间无法识读")
        minutes = int(minute_of_week(at)) + np.arange(slot_min)
        if not week[minutes % len(week)].all():
            return 0
    changed = [one.lanes for one in inputs.lanes if one.since < until and one.until > at]
    return min(changed) if changed else gate.lanes


def _minute(at: datetime) -> int:
    return int(at.timestamp()) // 60


def _when(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def refuse(inputs: TruckAppointmentsInputs, scene: Scene) -> None:
    """Refuse a gate and requests that cannot be."""
    check(asked_of(inputs, scene))


def run(inputs: TruckAppointmentsInputs, scene: Scene) -> TruckAppointmentsOutputs:
    """Find the appointments and tell how sure they are."""
    asked, rules = asked_of(inputs, scene), scene.get(RULES)
    made = appoint(asked)
    rows_ = {one.id: one for one in requests(inputs, scene)}
    wishes = {wish.id: wish for wish in asked.wishes}
    shown = [
        AppointmentOut(
            id=key, begins=_when(asked.begins(slot)),
            ends=_when(asked.begins(slot) + asked.rule.slot_min),
            deviation_min=asked.deviation(wishes[key], slot), moves=rows_[key].moves,
            origin=rows_[key].origin,
        )
        for key, slot in made.slots.items()
    ]  # fmt: skip
    wished = _wished(asked)
    made_up = gates(inputs, scene).origin == "synthetic" or any(
        one.origin == "synthetic" for one in rows_.values()
    )
    return TruckAppointmentsOutputs(
        appointments=sorted(shown, key=lambda one: (one.begins, one.id)),
        refused=[_refused(rows_[key], cause) for key, cause in made.refused.items()],
        slots=_slots(asked, made, wished), deviation_min=made.deviation_min,
        bound_min=made.bound_min, most_served=made.most_served, crowd=_crowd(made),
        queue_most=asked.gate.queue_most, risk=round(made.risk, 6),
        risk_as_wished=round(risk_of(asked, wished), 6),
        origin="synthetic" if made_up else "real", rules=_versions(rules),
    )  # fmt: skip


def _versions(rules: Rules) -> dict[str, str]:
    return {kind.key: get_rule(rules, kind).version for kind in (SERVICE, APPOINTING)}


def _wished(asked: Asked) -> list[float]:
    """Return the load of each slot where every truck comes in the one that it likes best."""
    load = [0.0] * len(asked.gate.lanes)
    for wish in asked.wishes:
        open_ = asked.slots_of(wish)
        if open_:
            best = min(open_, key=lambda slot: asked.deviation(wish, slot))
            load[best] += asked.service.load(wish.moves)
    return load


def _slots(asked: Asked, made: Appointments, wished: list[float]) -> list[SlotOut]:
    trucks = np.bincount(list(made.slots.values()), minlength=len(wished)).tolist()
    queue, queue_wished = expected_queues(asked, made.load), expected_queues(asked, wished)
    return [
        SlotOut(
            begins=_when(asked.begins(k)), lanes=asked.gate.lanes[k], trucks=trucks[k],
            load=round(made.load[k], 3), quota=round(made.quota[k], 3), wished=round(wished[k], 3),
            queue=round(queue[k], 3), queue_wished=round(queue_wished[k], 3),
        )
        for k in range(len(wished))
    ]  # fmt: skip


WHY = {
    "closed": Text(
        zh="允许偏移内闸口均未开放", en="The gate is closed at all times near enough to the window"
    ),
    "full": Text(
        zh="允许偏移内的时段均已约满：再约将使排队超过上限",
        en="All slots near enough are full: with one more the queue would have no room",
    ),
}


def _refused(one: RequestIn, cause: str) -> RefusedOut:
    return RefusedOut(
        id=one.id, since=one.since, until=one.until, moves=one.moves,
        cause="closed" if cause == "closed" else "full", text=WHY[cause],
    )  # fmt: skip


def _crowd(made: Appointments) -> CrowdOut | None:
    one = made.crowd
    if one is None:
        return None
    return CrowdOut(
        since=_when(one.since), until=_when(one.until), load=round(one.load, 2),
        places=round(one.places, 2),
        text=Text(
            zh=f"该时段只能容纳 {one.places:.1f} 次单箱服务，而只能在此时到达的车辆需要"
            f" {one.load:.1f} 次",
            en=f"There is room for {one.places:.1f} services of one move, and the trucks that can"
            f" come at no other time need {one.load:.1f}",
        ),
    )  # fmt: skip


PROCESS = Process(
    id="truck-appointments",
    title=Text(zh="集卡预约", en="Truck appointments"),
    description=Text(
        zh="为集卡安排到闸时段：先使可约车辆最多，再使偏移最小，且排队超过上限的概率不高于规则。",
        en="A slot for each truck: as many as can come, as near to their windows as can be, the "
        "chance that the queue has no room bound by the rule.",
    ),
    inputs=TruckAppointmentsInputs,
    outputs=TruckAppointmentsOutputs,
    run=run,
    reads=(TERMINAL, REQUESTS, RULES),
    check=refuse,
    quick=True,
)

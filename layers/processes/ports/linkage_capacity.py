"""How much can pass from hubs to hubs in a week, at what cost, and what binds."""

from __future__ import annotations

from datetime import timedelta

from layers.declare.base import Text
from layers.processes.ports.capacity_answer import (
    Binding,
    ServiceFlow,
    flow_lines,
    list_bindings,
    sum_services,
)
from layers.processes.ports.hub_closing import Closure, resolve_closures
from layers.processes.ports.itinerary_interval import Interval, interval
from layers.processes.ports.shipment import CargoKind, find_carriers
from layers.processes.readers.rules_in_force import rules_at
from layers.processes.readers.timetable_rows import HeldTimetable, timetable
from layers.processes.runtime.model import (
    Features,
    Inputs,
    Moment,
    Outputs,
    Process,
    Scene,
    titled,
    wrong_input,
)
from routing.multimodal.closing import close_hubs
from routing.multimodal.expanded import Passing, count_unlimited, expand
from routing.multimodal.flow import find_flow
from routing.multimodal.prices import Factors, Load
from routing.multimodal.question import Limits
from routing.multimodal.rule_models import HUB_CHOICE, PRICES
from spatial.rules import get_rule
from spatial.transport_modes import Mode

LONGEST = timedelta(days=7)
MOST_HUBS, MOST_TEU = 500, 100_000
HubNames = list[str]


class CapacityInputs(Inputs):
    """From which hubs to which, within which period of up to seven days."""

    starts: HubNames = titled("起始枢纽", "From", min_length=1, max_length=MOST_HUBS)
    goals: HubNames = titled("目的枢纽", "To", min_length=1, max_length=MOST_HUBS)
    since: Moment = titled("起始", "From the time")
    until: Moment = titled("截止", "Until")
    mass_t: float | None = titled(
        "每标准箱货重（吨）", "Mass of a TEU (t)", default=None, gt=0, le=100
    )
    kinds: list[CargoKind] = titled(
        "货类", "Kinds of cargo", default=["container"], min_length=1, max_length=5
    )
    ban_modes: list[Mode] = titled("不用的方式", "Modes not used", default=[], max_length=6)
    carriers: list[str] | None = titled("承运人", "Carriers", default=None, max_length=50)
    gate_teu_per_day: dict[str, int] = titled(
        "闸口日能力（标准箱）",
        "TEU a day through the gates of hubs",
        default={},
        max_length=MOST_HUBS,
    )
    closed: list[Closure] = titled("封闭的枢纽", "Hubs closed", default=[], max_length=100)


class CapacityOutputs(Outputs):
    """What passes at the most, at the least cost, and what more room would be worth."""

    teu: int = titled("通过量（标准箱）", "TEU that pass")
    cost_cny: Interval = titled("费用（元）", "Cost (CNY)")
    proven: bool = titled("由对偶证明", "Proven by duality")
    binding: list[Binding] = titled("瓶颈", "What binds")
    binding_in_all: int = titled("瓶颈总数", "How many bind")
    services: list[ServiceFlow] = titled("各班线", "Services")
    without_capacity: int = titled("未给出能力的班次", "Runs whose capacity is not given")
    timetable_version: int = titled("班期版本", "Version of the services")
    flows: Features = titled("流量", "Flows")


SERVICES, RULES = timetable(lambda inputs: inputs.since), rules_at(lambda inputs: inputs.since)


def check(inputs: CapacityInputs, scene: Scene) -> None:
    """Refuse unknown hubs, a period that is none or too long, and limits that are none."""
    held = scene.get(SERVICES)
    _passing(inputs, held)
    resolve_closures(inputs.closed, held)
    if not timedelta(0) < inputs.until - inputs.since <= LONGEST:
        raise wrong_input(
            "until", "it must be after since, and seven days at most", "须晚于 since，且不超过 7 天"
        )


def _passing(inputs: CapacityInputs, held: HeldTimetable) -> Passing:
    starts = _hubs("starts", inputs.starts, held)
    goals = _hubs("goals", inputs.goals, held)
    if set(starts) & set(goals):
        raise wrong_input("goals", "a hub is among starts and goals", "同一枢纽既是起点又是终点")
    gates = _hubs("gate_teu_per_day", list(inputs.gate_teu_per_day), held)
    for teu in inputs.gate_teu_per_day.values():
        if not 0 <= teu <= MOST_TEU:
            raise wrong_input("gate_teu_per_day", f"{teu} is not 0 to {MOST_TEU}",
                              f"{teu} 不在 0 至 {MOST_TEU} 之间")  # fmt: skip
    return Passing(
        starts, goals, int(inputs.since.timestamp()), int(inputs.until.timestamp()),
        dict(zip(gates, inputs.gate_teu_per_day.values(), strict=True)),
    )  # fmt: skip


def _hubs(name: str, given: HubNames, held: HeldTimetable) -> list[int]:
    found = list[int]()
    for hub in given:
        number = held.find(hub)
        if number is None:
            raise wrong_input(name, f"no hub {hub!r}", f"没有枢纽 {hub!r}")
        if number in found:
            raise wrong_input(name, f"{hub!r} is named twice", f"{hub!r} 重复")
        found.append(number)
    return found


def run(inputs: CapacityInputs, scene: Scene) -> CapacityOutputs:
    """Send the greatest flow at the least cost."""
    held, rules = scene.get(SERVICES), scene.get(RULES)
    usual = get_rule(rules, HUB_CHOICE).value
    load = Load(1.0, inputs.mass_t or usual.mass_t / usual.teu, tuple(inputs.kinds))
    limits = Limits(
        banned_modes=frozenset(inputs.ban_modes),
        carriers=find_carriers(inputs.carriers, held),
    )
    table = close_hubs(held.timetable, resolve_closures(inputs.closed, held))
    asked, tariffs = _passing(inputs, held), get_rule(rules, PRICES).value.tariffs
    network = expand(table, load, Factors("none", {}), tariffs, limits, asked)
    flow = find_flow(network)
    bindings = list_bindings(held, network, flow)
    return CapacityOutputs(
        teu=flow.teu,
        cost_cny=interval(flow.low, flow.high, 100),
        proven=flow.gap == 0,
        binding=bindings[:MOST_TOLD],
        binding_in_all=len(bindings),
        services=sum_services(held, network, flow),
        without_capacity=count_unlimited(table, asked.since, asked.until),
        timetable_version=held.version,
        flows=Features(features=flow_lines(held, network, flow)),
    )


MOST_TOLD = 200

PROCESS = Process(
    id="linkage-capacity",
    title=Text(zh="四港联运通过能力", en="What can pass over the services"),
    description=Text(
        zh="一周内由若干枢纽到若干枢纽经班线最多通过多少标准箱、最低费用、哪些班次与闸口是瓶颈、"
        "多一个标准箱的能力值多少(对偶)。公路无能力限制，不计入。",
        en="The most TEU that pass from hubs to hubs by services in a week, at the least cost, "
        "which runs and gates bind, and what one more TEU of room is worth (dual). Roads have no "
        "capacity and do not count.",
    ),
    inputs=CapacityInputs,
    outputs=CapacityOutputs,
    run=run,
    reads=(SERVICES, RULES),
    check=check,
    quick=True,
)

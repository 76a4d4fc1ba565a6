"""Disruptions of the linkage: affected shipments planned anew together under what room is left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
from pydantic import BaseModel

from layers.declare.base import Text
from layers.processes.ports.disruption_answer import (
    AffectedOut,
    DiversionOut,
    HourOut,
    Shown,
    TotalsOut,
    WaitingOut,
    affected,
    diversions,
    totals,
    waiting,
)
from layers.processes.ports.disruption_cargo import Gathered, gather, hub_of
from layers.processes.ports.disruption_inputs import (
    MOST_SHIPMENTS,
    DisruptionGiven,
    DisruptionInputs,
)
from layers.processes.ports.disruption_layers import (
    closed_features,
    flow_features,
    price_hours,
)
from layers.processes.ports.disruption_runs import find_runs
from layers.processes.ports.disruption_world import (
    Closed,
    close_area,
    close_flights,
    close_hub,
    close_water,
    read_roads,
)
from layers.processes.ports.itinerary_interval import clock
from layers.processes.readers.closable_rows import Closables, closables
from layers.processes.readers.network import READER as NETWORK
from layers.processes.readers.network import network
from layers.processes.readers.planned_shipment_rows import PlansAsked, planned_shipments
from layers.processes.readers.rules_in_force import rules_at
from layers.processes.readers.timetable_rows import HeldTimetable, timetable
from layers.processes.runtime.model import (
    Features,
    Need,
    Outputs,
    Process,
    Scene,
    titled,
    wrong_input,
)
from routing.disruption.closures import Closures
from routing.disruption.replan import Case, replan
from routing.disruption.roads import Window
from routing.disruption.rule_models import REPLANNING, TAKING
from routing.disruption.world import DAY_S, World
from routing.graph.weights import Floats
from routing.multimodal.prices import Factors
from routing.multimodal.rule_models import CO2, PRICES, TRANSFERS
from routing.query.network import RoadNetwork
from spatial.networks.road import KIND as ROAD
from spatial.networks.waterway import KIND as WATERWAY
from spatial.rules import Rules, get_rule

PLANNING = Text(zh="重排受影响货运", en="Planning affected shipments anew")
PRICING = Text(zh="计算关闭时段的影子价格", en="Pricing the hours of closures")
LONGEST = timedelta(days=14)
"""No window is longer."""


class CannotTell(BaseModel):
    """A way of a service of which nobody knows whether it passes what is closed."""

    service: str
    from_hub: str
    to_hub: str
    why_en: str
    why_zh: str


class Note(BaseModel):
    """Something that the reader of the answer should know."""

    en: str
    zh: str


class DisruptionOutputs(Outputs):
    """Who changes, who waits where, prices of hours, diversions, sums, and layers."""

    affected: list[AffectedOut] = titled("受影响货运", "Affected shipments")
    waiting: list[WaitingOut] = titled("滞留", "Waiting")
    prices: list[HourOut] = titled("关闭时段的影子价格", "Prices of hours")
    diversions: list[DiversionOut] = titled("最佳替代", "Diversions")
    totals: TotalsOut = titled("合计", "Totals")
    cannot_tell: list[CannotTell] = titled("无法判断", "Cannot tell")
    notes: list[Note] = titled("说明", "Notes")
    origins: list[str] = titled("货运来源", "Where shipments are from")
    network_version: int = titled("路网版本", "Version of the road network")
    timetable_version: int = titled("班期版本", "Version of the services")
    closed: Features = titled("关闭对象", "What is closed")
    flows: Features = titled("改道流量", "Flows")


def _at(inputs: DisruptionInputs) -> datetime:
    return inputs.time(datetime.now(UTC))


def _water(inputs: DisruptionInputs) -> list[tuple[int, DisruptionGiven]]:
    return [
        (number, one)
        for number, one in enumerate(inputs.disruptions)
        if one.kind in ("lock", "waterway")
    ]


def _numbers(inputs: DisruptionInputs) -> Sequence[UUID]:
    return [one.number for one in inputs.disruptions if one.number is not None]


def _plans(inputs: DisruptionInputs) -> PlansAsked | None:
    return PlansAsked(_at(inputs), MOST_SHIPMENTS) if inputs.table else None


SERVICES, RULES = timetable(_at), rules_at(_at)
KNOWN, PLANS, ROADS = closables(_numbers), planned_shipments(_plans), network(ROAD.name)
WATERS: Need[RoadNetwork] = Need(
    NETWORK.name, f"network {WATERWAY.name}",
    lambda inputs: WATERWAY.name if _water(inputs) else None,
)  # fmt: skip


def check(inputs: DisruptionInputs, scene: Scene) -> None:
    """Refuse windows that are none, unknown things, areas off everything, too many shipments."""
    held, known = scene.get(SERVICES), scene.get(KNOWN)
    at = inputs.time(scene.now)
    if not held.since <= at.timestamp() < held.until:
        raise wrong_input("at", "no services are held for this time", "该时刻没有班期数据")
    for number, one in enumerate(inputs.disruptions):
        _check_one(one, number, held, known, at)
    for hub in inputs.hub_teu_per_day:
        hub_of(held, hub, "hub_teu_per_day")
    kept = scene.get(PLANS) if inputs.table else []
    count = len(inputs.shipments) + len(kept) + (inputs.synthetic.count if inputs.synthetic else 0)
    if count > MOST_SHIPMENTS:
        raise wrong_input(
            "shipments", f"{count} shipments; at most {MOST_SHIPMENTS} are planned at once",
            f"共 {count} 票；一次最多重排 {MOST_SHIPMENTS} 票",
        )  # fmt: skip
    for given in inputs.shipments:
        ends = [hub_of(held, name, f"shipments.{given.id}") for name in (given.start, given.goal)]
        where = f"shipments.{given.id}"
        if ends[0] == ends[1]:
            raise wrong_input(where, "start and goal are the same", "起点与终点相同")
        if not held.since <= given.ready_at.timestamp() < held.until:
            raise wrong_input(
                where, "no services are held for ready_at", "ready_at 时刻没有班期数据"
            )


def _check_one(
    one: DisruptionGiven, number: int, held: HeldTimetable, known: Closables, at: datetime
) -> None:
    where = f"disruptions.{one.id}"
    if one.since >= one.until:
        raise wrong_input(
            where, "the window ends before it begins: until must be after since",
            "时段的结束早于开始：until 须晚于 since",
        )  # fmt: skip
    if one.until - one.since > LONGEST:
        raise wrong_input(where, "a window lasts 14 days at most", "时段最长 14 天")
    if one.kind in ("hub", "flights"):
        hub = held.hubs[hub_of(held, one.ref or "", where)]
        if one.kind == "flights" and hub.kind != "air":
            raise wrong_input(where, f"{hub.id} is no airport", f"{hub.id} 不是机场")
    elif one.kind == "typhoon":
        if close_area(Closed(), held, one, number, at) == (0, 0):
            raise wrong_input(
                where, "the polygon lies off all hubs and services",
                "多边形未覆盖任何枢纽或班线",
            )  # fmt: skip
    else:
        _check_structure(one, known, where)


def _check_structure(one: DisruptionGiven, known: Closables, where: str) -> None:
    found = known.get(str(one.number))
    on_water = found is not None and found.mode in WATERWAY.modes
    wanted = {"lock": ("lock",), "waterway": ("edge",)}.get(one.kind)
    if found is None or (one.kind == "road") == on_water or (wanted and found.kind not in wanted):
        raise wrong_input(
            where, f"there is no {one.kind} {one.ref!r} that may be closed",
            f"没有可关闭的对象 {one.ref!r}（{one.kind}）",
        )  # fmt: skip


@dataclass(frozen=True)
class _Made:
    """The case of a question with what its answer tells of."""

    case: Case
    gathered: Gathered
    closed: Closed
    network_version: int


def run(inputs: DisruptionInputs, scene: Scene) -> DisruptionOutputs:
    """Plan what is touched anew, and tell it."""
    begun = time.monotonic()
    held, known, given = scene.get(SERVICES), scene.get(KNOWN), inputs.disruptions
    scene.progress(0.05, PLANNING)
    made = _make(inputs, scene)
    found = replan(made.case)
    shown = Shown(held, made.gathered, found, made.case.world, [one.id for one in given])
    scene.progress(0.6, PRICING)
    prices, left_off = price_hours(shown, made.case, given, known)
    return DisruptionOutputs(
        affected=affected(shown), waiting=waiting(shown), prices=prices,
        diversions=diversions(shown), totals=totals(shown, time.monotonic() - begun),
        cannot_tell=[CannotTell(**vars(one)) for one in made.closed.unsure],
        notes=_notes(inputs, made, left_off, scene),
        origins=sorted(set(made.gathered.origins)), network_version=made.network_version,
        timetable_version=held.version, closed=closed_features(shown, given, known),
        flows=flow_features(shown),
    )  # fmt: skip


def _make(inputs: DisruptionInputs, scene: Scene) -> _Made:
    held, known, rules = scene.get(SERVICES), scene.get(KNOWN), scene.get(RULES)
    at, now = inputs.time(scene.now), int(inputs.time(scene.now).timestamp())
    taking = get_rule(rules, TAKING).value
    gathered = gather(inputs, held, scene.get(PLANS) if inputs.table else [], at, taking)
    closed = _close(inputs, scene, at)
    coming = [(n, one) for n, one in enumerate(inputs.disruptions) if one.until > at]
    on_road = [(n, one) for n, one in coming if one.kind == "road" or one.roads]
    transfers = get_rule(rules, TRANSFERS).value
    legs, shut, version = read_roads(
        held, scene.get(ROADS), transfers, on_road, known, scene.now, at, closed
    )
    rule = get_rule(rules, REPLANNING).value
    limited = {hub_of(held, hub, "hub_teu_per_day"): teu
               for hub, teu in inputs.hub_teu_per_day.items()}  # fmt: skip
    world = World.build(
        held.timetable, legs, _factors(inputs, rules), get_rule(rules, PRICES).value.tariffs,
        rule.co2_cny_per_t, _period(inputs, gathered, held, now, rule.horizon_days), list(limited),
    )  # fmt: skip
    find_runs(gathered, held, world, taking)
    room = world.room(list(limited.values()))
    _lower(room, inputs, held, world)
    closures = Closures(closed.closings, shut if on_road else None, closed.lines)
    case = Case(world, closures, gathered.cargo, rule, now, room)
    return _Made(case, gathered, closed, version)


def _factors(inputs: DisruptionInputs, rules: Rules) -> Factors:
    sets = get_rule(rules, CO2).value
    chosen = inputs.factor_set or sets.default
    if chosen not in sets.sets:
        known = list(sets.sets)
        raise wrong_input(
            "factor_set", f"there are {', '.join(known)}", f"可用：{'、'.join(known)}"
        )
    return sets.factors(chosen)


def _close(inputs: DisruptionInputs, scene: Scene, at: datetime) -> Closed:
    """Return what is closed; windows that have ended close nothing."""
    held, known, found = scene.get(SERVICES), scene.get(KNOWN), Closed()
    for number, one in enumerate(inputs.disruptions):
        if one.until <= at:
            continue
        if one.kind in ("hub", "flights"):
            hub = hub_of(held, one.ref or "", f"disruptions.{one.id}")
            close_hub(found, one, number, hub, at)
            if one.kind == "flights":
                close_flights(found, held, one, number, hub, at)
        elif one.kind == "typhoon":
            close_area(found, held, one, number, at)
    water = [(number, one) for number, one in _water(inputs) if one.until > at]
    if water:
        close_water(found, held, water, known, scene.get(WATERS), scene.now, at)
    return found


def _period(
    inputs: DisruptionInputs, gathered: Gathered, held: HeldTimetable, at: int, days: int
) -> Window:
    """Return the time that is planned over: from the earliest cargo to so long after the last."""
    ready = [one.ready for one in gathered.cargo]
    ends = [int(one.until.timestamp()) for one in inputs.disruptions]
    last = max([at, *ready, *ends]) + days * DAY_S
    return Window(max(min([at, *ready]), held.since), min(last, held.until))


def _lower(
    room: Floats, inputs: DisruptionInputs, held: HeldTimetable, world: World
) -> None:  # fmt: skip
    """Write what is left of trips on their days.

    Raises
    ------
    BadParameter
        There is no such trip.
    """
    table = held.timetable
    known = set(table.trip_ids)
    for one in inputs.trip_teu_left:
        if one.trip not in known:
            raise wrong_input(
                "trip_teu_left", f"there is no trip {one.trip!r}", f"没有班次 {one.trip!r}"
            )
    left = {(one.trip, one.day.isoformat()): one.teu for one in inputs.trip_teu_left}
    pattern = np.repeat(np.arange(len(table.run_first) - 1), np.diff(table.run_first))
    for run, start in enumerate(table.run_start.tolist()):
        teu = left.get((table.trip_ids[table.run_trip[run]], clock(start).date().isoformat()))
        if teu is not None:
            first = int(world.table[run] + table.halt_first[pattern[run]])
            last = int(world.table[run] + table.halt_first[pattern[run] + 1])
            room[first:last] = teu


def _notes(inputs: DisruptionInputs, made: _Made, left_off: int, scene: Scene) -> list[Note]:
    found, at = [], inputs.time(scene.now)
    assumed = get_rule(scene.get(RULES), TAKING).value.assumed_t_per_teu
    own, shifted = (sum(bool(kinds & set(how)) for how in made.gathered.matched)
                    for kinds in ({"none"}, {"named", "near"}))  # fmt: skip
    counts = (
        (made.gathered.off_hubs, "shipments start or end at no hub and are not planned",
         "票货运的起终点不是枢纽，未参与重排"),
        (made.gathered.assumed_mass, f"shipments have no mass; {assumed:g} t per TEU are assumed",
         f"票货运没有货重，按每标箱 {assumed:g} 吨假定"),
        (shifted, "shipments have legs at other times than runs: the run of the trip or service "
         "that they name, or the nearest one, stands for them",
         "票货运的航段与班期时刻不符：以其所称班次或最近班次代之"),
        (own, "shipments have legs that no run of the timetable is known for: nothing is "
         "known of their price and the locks that they pass", "票货运含有班期中找不到的航段："
         "其价格与途经船闸未知"),
        (sum(one.until <= at for one in inputs.disruptions), "windows have ended and close nothing",
         "个中断时段已过，不产生影响"),
        (left_off, "closed things are not priced", "个关闭对象未计算影子价格"),
    )  # fmt: skip
    for count, en, zh in counts:
        if count:
            found.append(Note(en=f"{count} {en}.", zh=f"{count} {zh}。"))
    if "synthetic" in made.gathered.origins:
        found.append(Note(en="Shipments are synthetic.", zh="含合成货运。"))
    if not made.gathered.cargo:
        found.append(Note(en="There are no shipments.", zh="没有货运。"))
    return found


PROCESS = Process(
    id="linkage-disruption",
    title=Text(zh="联运中断与重排", en="Disruptions of the linkage"),
    description=Text(
        zh="枢纽、船闸、航道、公路、航班时段关闭或台风过境：受影响货运在剩余能力下统一重排，"
        "给出滞留、关闭时段的影子价格、最佳替代与最优性差距。",
        en="Hubs, locks, waterways, roads or flights closed, or a typhoon: affected shipments are "
        "planned anew together under the capacities that are left, with who waits where, the price "
        "of each closed hour, the best diversion and the gap to a bound.",
    ),
    inputs=DisruptionInputs,
    outputs=DisruptionOutputs,
    run=run,
    reads=(SERVICES, RULES, KNOWN, PLANS, ROADS, WATERS),
    check=check,
)

"""Where an empty container is returned or picked up: depots by road time at the planned hour."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
from pydantic import BaseModel

from layers.declare.base import Text
from layers.processes.ports.gate_rows import origin_of
from layers.processes.readers.network import network
from layers.processes.readers.rows import Rows, rows
from layers.processes.readers.rules_in_force import rules_at
from layers.processes.runtime.helpers import feature, point_shape
from layers.processes.runtime.model import (
    Features,
    Inputs,
    Lat,
    Lon,
    Moment,
    Outputs,
    Process,
    RowsFrom,
    Scene,
    Traffic,
    titled,
    wrong_input,
)
from routing.cost.weekly_hours import ZONE
from routing.gates.hours import opening_at
from routing.gates.rule_models import DEPOTS
from routing.planning import island_rule
from routing.query.model import Conditions
from spatial.errors import BadParameter
from spatial.geo.codes import parse_container
from spatial.geo.geojson import Feature
from spatial.json_types import Shown
from spatial.networks.road import KIND as ROAD
from spatial.rules import get_rule

Size = Literal["20", "40", "45"]
Kind = Literal["dry", "reefer", "tank", "open_top", "flat_rack"]
Cause = Literal["kind", "no-room", "no-stock", "no-road", "closed"]


class EmptyDepotsInputs(Inputs):
    """A container (its number is checked by ISO 6346), where the truck is, and when it sets out."""

    container: str = titled("箱号", "Container", min_length=4, max_length=20)
    size: Size = titled("尺寸（英尺）", "Size (ft)", default="40")
    kind: Kind = titled("箱型", "Kind", default="dry")
    act: Literal["return", "pick_up"] = titled("还箱或提箱", "Return or pick up", default="return")
    start: tuple[Lon, Lat] = titled("出发点", "Start")
    depart_at: Moment = titled("计划出发", "Sets out at")
    traffic: Traffic | None = titled("车辆", "Vehicle", default=None)
    depots: RowsFrom = titled("还箱点", "Depots", default=RowsFrom(layer="container_depots"))


class DepotOut(BaseModel):
    """A depot: when the truck is there, whether it is open and takes the box, in words.

    `rank` counts from 1 those that take it; others tell `cause`. Hours, stock or room that are not
    known stop nothing and are named in `unknown`.
    """

    id: str
    name: str
    rank: int | None
    drive_s: float | None
    drive_m: float | None
    arrives_at: datetime | None
    open: bool | None
    opens_at: datetime | None
    closes_at: datetime | None
    cause: Cause | None
    text: Text
    unknown: list[str]
    origin: Literal["real", "synthetic"]


class EmptyDepotsOutputs(Outputs):
    """The depots: those that take the box by arrival, then the others."""

    container: str = titled("箱号", "Container")
    depots: list[DepotOut] = titled("还箱点", "Depots")
    best: str | None = titled("首选", "Best")
    network_version: int = titled("路网版本", "Version of the road network")
    rules: dict[str, str] = titled("所用规则版本", "Versions of rules")
    places: Features = titled("地图", "On the map")


DEPOT_ROWS = rows("depots")
RULES = rules_at(lambda inputs: inputs.depart_at)


def check(inputs: EmptyDepotsInputs, scene: Scene) -> None:
    """Refuse a number that is none, and a layer of which nothing has a place."""
    try:
        parse_container(inputs.container)
    except BadParameter as error:
        error.extra |= {"parameter": "container"}
        raise
    if not any(_is_point(one) for one in scene.get(DEPOT_ROWS)):
        raise wrong_input("depots", "no depot with a place matches", "没有符合条件的还箱点")


def _is_point(one: Feature) -> bool:
    return one["geometry"] is not None and one["geometry"]["type"] == "Point"


def conditions_of(inputs: EmptyDepotsInputs, profile: str) -> Conditions:
    """Return the vehicle at the hour of setting out."""
    traffic = inputs.traffic or Traffic(profile=profile)
    return traffic.model_copy(update={"depart_at": inputs.depart_at}).conditions


def run(inputs: EmptyDepotsInputs, scene: Scene) -> EmptyDepotsOutputs:
    """Rank the depots by when the truck is there."""
    rule = get_rule(scene.get(RULES), DEPOTS)
    found = [one for one in scene.get(DEPOT_ROWS) if _is_point(one)]
    drives = _drives(inputs, scene, found, rule.value.profile)
    seconds, metres = drives.seconds[0], np.asarray(drives.metres)[0]
    told = [
        _depot(inputs, one, s, m)
        for one, s, m in zip(found, seconds.tolist(), metres.tolist(), strict=True)
    ]
    takes = sorted(
        (one for one in told if one.cause is None), key=lambda one: (one.drive_s, one.id)
    )
    ranked = [one.model_copy(update={"rank": n}) for n, one in enumerate(takes, 1)]
    rest = sorted(
        (one for one in told if one.cause is not None),
        key=lambda one: (one.drive_s is None, one.drive_s or 0.0, one.id),
    )
    every = [*ranked, *rest]
    at = {str(one.get("id")): _point(one) for one in found}
    return EmptyDepotsOutputs(
        container=parse_container(inputs.container), depots=every,
        best=ranked[0].id if ranked else None, network_version=drives.version,
        rules={DEPOTS.key: rule.version}, places=_shown(every, at),
    )  # fmt: skip


def _point(one: Feature) -> tuple[float, float]:
    shape = one["geometry"]
    lon, lat = np.asarray(shape["coordinates"] if shape else (0.0, 0.0), np.float64)[:2].tolist()
    return lon, lat


def _drives(
    inputs: EmptyDepotsInputs, scene: Scene, found: Rows, profile: str
) -> island_rule.Drives:
    road = scene.network
    prepared = road.prepared(conditions_of(inputs, profile), scene.now)
    usable = road.snapper.usable(prepared.metric, prepared.costs)
    sides = [
        (points, road.snapper.find(points, usable, prepared.resolved.snap))
        for points in ([inputs.start], [_point(one) for one in found])
    ]
    if not sides[0][1][0]:
        raise wrong_input("start", "no usable road is near", "附近没有可用道路")
    return island_rule.table(road, prepared, sides[0], sides[1], lengths=True)


def _depot(inputs: EmptyDepotsInputs, one: Feature, seconds: float, metres: float) -> DepotOut:
    row, driven = one["properties"], bool(np.isfinite(seconds))
    arrives = inputs.depart_at + timedelta(seconds=round(seconds)) if driven else None
    hours = row.get("opening_hours")
    opening = (
        None if arrives is None else opening_at(None if hours is None else str(hours), arrives)
    )
    cause, text, unknown = _judged(inputs, row)
    closes = opens = None
    if opening is not None and not opening.known:
        unknown.append("opening_hours")
    if opening is not None:
        opens, closes = (None, opening.changes) if opening.open else (opening.changes, None)
    if cause is None and arrives is None:
        cause, text = "no-road", Text(zh="没有可行的道路", en="No road leads there")
    if cause is None and opening is not None and not opening.open:
        cause, text = "closed", _closed(arrives, opens)
    return DepotOut(
        id=str(one.get("id")), name=str(row.get("name_zh") or row.get("name_en") or one.get("id")),
        rank=None, drive_s=round(seconds, 1) if driven else None,
        drive_m=round(metres, 1) if driven else None, arrives_at=arrives,
        open=None if opening is None else opening.open, opens_at=opens, closes_at=closes,
        cause=cause, text=text or _takes(arrives, closes), unknown=unknown,
        origin="synthetic" if origin_of(row) == "synthetic" else "real",
    )  # fmt: skip


def _judged(
    inputs: EmptyDepotsInputs, row: Mapping[str, Shown]
) -> tuple[Cause | None, Text | None, list[str]]:
    """Return why a depot does not take the box, the same in words, and what is not known."""
    unknown: list[str] = []
    kinds = row.get("accepts")
    if kinds is None:
        unknown.append("accepts")
    elif inputs.kind not in str(kinds).replace(",", " ").split():
        return (
            "kind",
            Text(
                zh=f"不接收此箱型（接收：{kinds}）", en=f"It does not take this kind, but {kinds}"
            ),
            unknown,
        )
    size = "20" if inputs.size == "20" else "40"
    name = f"{'room' if inputs.act == 'return' else 'stock'}_{size}"
    count = row.get(name)
    if count is None:
        unknown.append(name)
    elif not isinstance(count, int | float) or count < 1:
        if inputs.act == "return":
            return "no-room", Text(zh=f"{size} 英尺箱位已满", en=f"No room for {size} ft"), unknown
        return "no-stock", Text(zh=f"无 {size} 英尺空箱", en=f"No {size} ft box there"), unknown
    return None, None, unknown


def _clock(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%m-%d %H:%M}"


def _closed(arrives: datetime | None, opens: datetime | None) -> Text:
    there = "" if arrives is None else _clock(arrives)
    if opens is None:
        return Text(zh="按登记的时间从不开放", en="By its hours it never opens")
    return Text(
        zh=f"{there} 到达时未开放，{_clock(opens)} 开放",
        en=f"Closed when the truck is there ({there}); it opens at {_clock(opens)}",
    )


def _takes(arrives: datetime | None, closes: datetime | None) -> Text:
    there = "" if arrives is None else _clock(arrives)
    if closes is None:
        return Text(zh=f"{there} 到达", en=f"There at {there}")
    return Text(
        zh=f"{there} 到达，开放至 {_clock(closes)}",
        en=f"There at {there}, open until {_clock(closes)}",
    )


def _shown(every: list[DepotOut], at: Mapping[str, tuple[float, float]]) -> Features:
    return Features(features=[
        feature(
            one.id, point_shape(at[one.id]), name=one.name, rank=one.rank, cause=one.cause,
            drive_s=one.drive_s, made_up=one.origin == "synthetic",
        )
        for one in every
    ])  # fmt: skip


PROCESS = Process(
    id="empty-depots",
    title=Text(zh="空箱还提箱点选择", en="Depots for an empty container"),
    description=Text(
        zh="按计划时刻的道路行驶时间给可接收该箱的还（提）箱点排序，并说明未开放、箱型不符或无箱位的原因。",
        en="Ranks the depots that take a container by road time at the planned hour; tells why the "
        "others do not: closed, kind, room or stock, no road.",
    ),
    inputs=EmptyDepotsInputs,
    outputs=EmptyDepotsOutputs,
    run=run,
    reads=(DEPOT_ROWS, RULES, network(ROAD.name)),
    check=check,
    quick=True,
)

"""When is it fastest? One drive timed for every departure of up to a week."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
from pydantic import BaseModel, Field

from layers.declare.base import Text
from layers.processes.readers.network import network
from layers.processes.runtime.helpers import feature, path_shape, show_rule
from layers.processes.runtime.model import (
    Features,
    Inputs,
    Moment,
    Outputs,
    Place,
    Process,
    Scene,
    Traffic,
    titled,
    wrong_input,
)
from routing.cost.network_rules import rules_of
from routing.cost.speed_profiles import ZONE
from routing.query.departures import Departure
from routing.query.leg import whole_line
from routing.query.model import Path
from spatial.networks.road import KIND as ROAD
from spatial.rules import get_rule

LONGEST = timedelta(days=7)
DAY = timedelta(days=1)
TIMING = Text(zh="逐时段计算", en="Timing the departures")


class DeparturesInputs(Inputs):
    """From where to where, with what, and between which times; `traffic` names no departure."""

    origin: Place = titled("起点", "Origin")
    destination: Place = titled("终点", "Destination")
    traffic: Traffic = titled("车辆", "Vehicle", default=Traffic())
    start: Moment | None = titled("最早出发", "Earliest departure; now", default=None)
    until: Moment | None = titled("最晚出发", "Latest departure; a day later", default=None)
    step_min: int = titled("间隔（分钟）", "Minutes between departures", default=30, ge=5, le=180)


class Timed(BaseModel):
    """One departure; without a legal way the members after it are null."""

    depart_at: datetime
    arrive_at: datetime | None = None
    duration_s: float | None = None
    delay_s: float | None = Field(default=None, description="More than at the fastest departure")
    length_m: float | None = None
    way: int | None = Field(default=None, description="Which of the ways")


class Hour(BaseModel):
    """An hour of the day in Asia/Shanghai: the delay of leaving in it, over the days asked."""

    hour: int
    departures: int
    without_way: int
    least_delay_s: float | None
    median_delay_s: float | None
    most_delay_s: float | None


class DeparturesSummary(BaseModel):
    """The best departures, what the speeds are from, and the state of the network."""

    fastest: Timed
    first_arrival: Timed
    without_way: int
    ways: int
    speeds_rule: dict[str, object]
    speeds_measured_share: float
    network_version: int


class DeparturesOutputs(Outputs):
    """Every departure, the delay by hour of the day, the best ones, and the ways on the map."""

    departures: list[Timed] = titled("各出发时刻", "Departures")
    by_hour: list[Hour] = titled("分时延误", "Delay by hour")
    summary: DeparturesSummary = titled("汇总", "Summary")
    ways: Features = titled("路线", "Ways")


def check(inputs: DeparturesInputs, scene: Scene) -> None:
    """Refuse a span that ends before it begins, is over a week long, or has begun already."""
    start, until = _span(inputs, scene)
    if inputs.traffic.depart_at is not None:
        raise wrong_input(
            "traffic.depart_at", "departures are between start and until",
            "出发时刻由 start 与 until 给出",
        )  # fmt: skip
    if start < scene.now - timedelta(minutes=1):
        raise wrong_input("start", "it has passed", "已经过去")
    if not start <= until <= start + LONGEST:
        raise wrong_input(
            "until", "it lies between start and seven days later", "须在 start 之后七天以内"
        )


def run(inputs: DeparturesInputs, scene: Scene) -> DeparturesOutputs:
    """Time the drive for every departure."""
    start, until = _span(inputs, scene)
    step = timedelta(minutes=inputs.step_min)
    times = [start + step * i for i in range((until - start) // step + 1)]
    query = inputs.traffic.between(inputs.origin, inputs.destination)
    found = scene.network.departures(
        query, times, scene.now, lambda share: scene.progress(share, TIMING)
    )
    return _answer(scene, found)


def _span(inputs: DeparturesInputs, scene: Scene) -> tuple[datetime, datetime]:
    start = inputs.start or scene.now
    return start, inputs.until or start + DAY


def _answer(scene: Scene, found: Sequence[Departure]) -> DeparturesOutputs:
    shown = {one.found.keys.tobytes(): one.found for one in found if one.found is not None}
    numbers = {name: number for number, name in enumerate(shown)}
    least_s = min(one.found.sums()[1] / 1000 for one in found if one.found is not None)
    rows = [_timed(one, numbers, least_s) for one in found]
    ways = list(shown.values())
    return DeparturesOutputs(
        departures=rows,
        by_hour=_by_hour(rows),
        summary=_summary(scene, rows, ways),
        ways=_map(scene, ways, rows),
    )


def _timed(one: Departure, numbers: Mapping[bytes, int], least_s: float) -> Timed:
    if one.found is None:
        return Timed(depart_at=one.at)
    length_m, passed_ms = one.found.sums()
    return Timed(
        depart_at=one.at,
        arrive_at=one.at + timedelta(milliseconds=passed_ms),
        duration_s=round(passed_ms / 1000, 1),
        delay_s=round(passed_ms / 1000 - least_s, 1),
        length_m=round(length_m, 1),
        way=numbers[one.found.keys.tobytes()],
    )


def _summary(scene: Scene, rows: Sequence[Timed], ways: Sequence[Path]) -> DeparturesSummary:
    driven = [row for row in rows if row.arrive_at is not None]
    rule = show_rule(get_rule(scene.network.rules, rules_of(ROAD).hour_of_week))
    return DeparturesSummary(
        fastest=min(driven, key=lambda row: row.duration_s or 0.0),
        first_arrival=min(driven, key=lambda row: row.arrive_at or row.depart_at),
        without_way=len(rows) - len(driven),
        ways=len(ways),
        speeds_rule={name: said for name, said in rule.items() if name != "value"},
        speeds_measured_share=round(scene.network.week.measured_share, 4),
        network_version=ways[0].version,
    )


def _by_hour(rows: Sequence[Timed]) -> list[Hour]:
    """Return the delays by hour of the day, hours without a departure left out."""
    hours: dict[int, list[float | None]] = {}
    for row in rows:
        hours.setdefault(row.depart_at.astimezone(ZONE).hour, []).append(row.delay_s)
    told = []
    for hour, delays in sorted(hours.items()):
        known = [delay for delay in delays if delay is not None]
        least, median, most = (
            (round(float(v), 1) for v in np.quantile(known, [0.0, 0.5, 1.0]))
            if known
            else (None, None, None)
        )
        told.append(
            Hour(
                hour=hour,
                departures=len(delays),
                without_way=len(delays) - len(known),
                least_delay_s=least,
                median_delay_s=median,
                most_delay_s=most,
            )
        )
    return told


def _map(scene: Scene, shown: Sequence[Path], rows: Sequence[Timed]) -> Features:
    used = Counter(row.way for row in rows if row.way is not None)
    graph = scene.network.graph
    return Features(
        features=[
            feature(
                f"way {number}",
                path_shape(np.round(whole_line(graph, way.legs), 6).tolist()),
                way=number,
                departures=used[number],
                length_m=round(way.sums()[0], 1),
            )
            for number, way in enumerate(shown)
        ]
    )


PROCESS = Process(
    id="departures",
    title=Text(zh="何时出发最快", en="When is it fastest"),
    description=Text(
        zh="按典型时段速度计算一周以内各出发时刻的行程时间、分时延误与路线；封闭与限时段禁行按出发时刻计入。",
        en="Times one drive for every departure of up to a week at typical speeds by hour: "
        "duration, delay by hour of the day, the ways; closures and banned hours count.",
    ),
    inputs=DeparturesInputs,
    outputs=DeparturesOutputs,
    run=run,
    reads=(network(ROAD.name),),
    check=check,
)

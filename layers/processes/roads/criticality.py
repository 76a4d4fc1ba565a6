"""Which bridges and tunnels the traffic can least do without."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, Field

from layers.declare.base import Text
from layers.processes.readers.network import network
from layers.processes.readers.places import places
from layers.processes.readers.structure_rows import Structure, fit_structures, structures
from layers.processes.runtime.helpers import (
    SNAPPING,
    TABLES,
    feature,
    placed,
    point_shape,
    prepare,
    rule_shown,
    rule_value,
)
from layers.processes.runtime.model import (
    Features,
    Inputs,
    Outputs,
    PlacesFrom,
    Process,
    Scene,
    Seconds,
    Traffic,
    titled,
    wrong_input,
)
from layers.processes.runtime.rule_models import DEMAND
from routing.graph.weights import Floats
from routing.planning.criticality import Loss, Vulnerability, gravity
from spatial.geo.geojson import Feature
from spatial.networks.road import KIND as ROAD

MOST_PLACES = 600
STRUCTURES = structures(lambda _: "all")
CLOSING = Text(zh="逐座封闭计算", en="Closing one structure after another")


class Relation(Inputs):
    """Trips a day from one place to another, by the ids of the places."""

    origin: str = Field(max_length=80)
    target: str = Field(max_length=80)
    trips: float = Field(ge=0, le=1e9, allow_inf_nan=False)


class CriticalityInputs(Inputs):
    """Places with weights, or trips between them; which structures; who drives."""

    places: PlacesFrom = titled(
        "起讫点", "Places", default=PlacesFrom(layer="places", filter="kind = 'place'")
    )
    trips: list[Relation] | None = titled(
        "日出行量", "Trips a day", default=None, max_length=100_000
    )
    trips_per_day: float | None = titled(
        "假定日出行总量", "Assumed trips a day", default=None, gt=0, le=1e9, allow_inf_nan=False
    )
    decay_s: Seconds | None = titled("阻抗衰减（秒）", "Decay (s)", default=None)
    kinds: list[Literal["bridge", "tunnel"]] = titled(
        "结构物类别", "Kinds", default=["bridge", "tunnel"], min_length=1, max_length=2
    )
    count: int = titled("返回数量", "Structures wanted", default=50, ge=1, le=10_000)
    traffic: Traffic = titled("车辆与时间", "Vehicle and time", default=Traffic())


class Ranked(BaseModel):
    """One structure; `cut_trips_per_day` have no other way and are not in the vehicle-hours."""

    rank: int
    structure: str
    kind: str
    name_zh: str | None
    name_en: str | None
    edges: int
    trips_per_day: float
    added_vehicle_h_per_day: float
    added_s_per_trip: float
    most_added_s: float
    cut_trips_per_day: float


class CriticalitySummary(BaseModel):
    """What was closed, between how many places, with which demand."""

    structures: int
    used: int
    cutting: int = Field(description="Structures whose closing leaves trips without a way")
    places: int
    trips_per_day: float
    demand: Literal["given", "assumed"]
    unconnected_trips_per_day: float = Field(description="Without a way even with all open")
    no_road_nearby: list[str]
    rule: dict[str, object]
    network_version: int


class CriticalityOutputs(Outputs):
    """The ranking by added vehicle-hours, the structures that cut places off, and the map."""

    ranking: list[Ranked] = titled("排名", "Ranking")
    cut_off: list[Ranked] = titled("造成中断的结构物", "Structures that cut places off")
    summary: CriticalitySummary = titled("汇总", "Summary")
    structures: Features = titled("结构物图层", "Structures")


def check(inputs: CriticalityInputs, scene: Scene) -> None:
    """Refuse too many places, and trips between places that are not there."""
    ids = scene.places["places"].ids
    if len(ids) > MOST_PLACES:
        raise wrong_input(
            "places", f"more than {MOST_PLACES} places", f"起讫点超过 {MOST_PLACES} 个"
        )
    named = {name for row in inputs.trips or () for name in (row.origin, row.target)}
    for name in sorted(named - set(ids)):
        raise wrong_input("trips", f"no place {name!r}", f"没有地点 {name!r}")


def run(inputs: CriticalityInputs, scene: Scene) -> CriticalityOutputs:
    """Close each structure's bundle in turn and sum up what the trips lose."""
    asked = scene.places["places"]
    known = fit_structures(scene.get(STRUCTURES), scene.network.graph)
    chosen = [s for s in known if s.kind in inputs.kinds]
    prepared = prepare(scene, inputs.traffic)
    scene.progress(0.02, SNAPPING)
    found = placed(scene, prepared, "places")
    scene.progress(0.05, TABLES)
    times = prepared.durations(found.spots, found.spots)
    trips = _trips(inputs, scene, times)
    work = Vulnerability(scene.network.graph, prepared.metric, found.spots, trips)
    losses = work.rank(
        [s.edges for s in chosen], lambda share: scene.progress(0.1 + 0.88 * share, CLOSING)
    )
    rows = [_ranked(rank, chosen[loss.structure], loss) for rank, loss in enumerate(losses, 1)]
    cutting = sorted(
        (r for r in rows if r.cut_trips_per_day > 0), key=lambda r: -r.cut_trips_per_day
    )
    shown = [_feature(row, chosen[loss.structure]) for row, loss in zip(rows, losses, strict=True)]
    missing = [asked.ids[i] for i in found.missing.tolist()]
    return CriticalityOutputs(
        ranking=rows[: inputs.count],
        cut_off=cutting[: inputs.count],
        summary=_summary(inputs, scene, rows, times, trips, missing, prepared.version),
        structures=Features(features=shown),
    )


def _trips(inputs: CriticalityInputs, scene: Scene, times: Floats) -> Floats:
    """Return trips a day (places, places): those given, else by gravity."""
    asked = scene.places["places"]
    if inputs.trips is None:
        rule = rule_value(scene.network, DEMAND)
        total = inputs.trips_per_day or rule.trips_per_day
        return gravity(times, asked.weights, total, inputs.decay_s or rule.decay_s)
    position = {name: number for number, name in enumerate(asked.ids)}
    trips = np.zeros((len(asked), len(asked)))
    for row in inputs.trips:
        trips[position[row.origin], position[row.target]] += row.trips
    return trips


def _summary(
    inputs: CriticalityInputs, scene: Scene, rows: list[Ranked], times: Floats, trips: Floats,
    missing: list[str], version: int,
) -> CriticalitySummary:  # fmt: skip
    return CriticalitySummary(
        structures=len(rows),
        used=sum(row.trips_per_day > 0 for row in rows),
        cutting=sum(row.cut_trips_per_day > 0 for row in rows),
        places=len(scene.places["places"]),
        trips_per_day=round(float(trips.sum()), 3),
        demand="given" if inputs.trips is not None else "assumed",
        unconnected_trips_per_day=round(float(trips[~np.isfinite(times)].sum()), 3),
        no_road_nearby=missing,
        rule=rule_shown(scene.network, DEMAND),
        network_version=version,
    )


def _ranked(rank: int, structure: Structure, loss: Loss) -> Ranked:
    return Ranked(
        rank=rank,
        structure=structure.id,
        kind=structure.kind,
        name_zh=structure.name["zh"],
        name_en=structure.name["en"],
        edges=len(structure.edges),
        trips_per_day=round(loss.trips, 3),
        added_vehicle_h_per_day=round(loss.added_vehicle_h, 3),
        added_s_per_trip=round(loss.added_s_per_trip, 1),
        most_added_s=round(loss.most_added_s, 1),
        cut_trips_per_day=round(loss.cut_trips, 3),
    )


def _feature(row: Ranked, structure: Structure) -> Feature:
    return feature(
        row.structure, point_shape(structure.point), **row.model_dump(exclude={"structure"})
    )


PROCESS = Process(
    id="criticality",
    title=Text(zh="桥隧重要度排名", en="Criticality of bridges and tunnels"),
    description=Text(
        zh="逐座封闭桥隧（含并行边），按出行需求计算每日增加的车时并排名；无替代路线的出行单列。",
        en="Closes each bridge and tunnel with its parallel edges and ranks them by the "
        "vehicle-hours a day that the trips lose; trips without another way stand apart.",
    ),
    inputs=CriticalityInputs,
    outputs=CriticalityOutputs,
    run=run,
    reads=(places("places"), STRUCTURES, network(ROAD.name)),
    check=check,
)

"""Density of events along the roads, by kernels that keep their mass at junctions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pydantic import BaseModel, Field

from layers.declare.base import Text
from layers.heat.counted import Counted
from layers.processes.law.event_inputs import HOURS, EventInputs, Hours, Name
from layers.processes.law.road_lixels import (
    RoadLixels,
    check_classes,
    cut_roads,
    put_on_edges,
)
from layers.processes.readers.network import network
from layers.processes.readers.route_rows import routes
from layers.processes.readers.rules_in_force import rules_at
from layers.processes.runtime.helpers import feature, path_shape, show_rule
from layers.processes.runtime.model import (
    ENFORCERS,
    Features,
    Outputs,
    Process,
    Scene,
    titled,
    wrong_input,
)
from layers.processes.runtime.ring import Ring, places_inside
from routing.statistics.network_density import NetworkDensity, Split, network_density
from routing.statistics.rule_models import BANDWIDTH, STRETCHES
from spatial.geo.geojson import Feature
from spatial.networks.road import KIND as ROAD
from spatial.rules import get_rule

KM = 1000.0
PLACING = Text(zh="将事件置于道路上", en="Putting events on roads")
SPREADING = Text(zh="沿路网计算密度", en="Spreading along the roads")
METHODS: dict[Split, str] = {
    "continuous": "equal-split continuous quartic kernel (Okabe and Sugihara 2012)",
    "discontinuous": "equal-split discontinuous quartic kernel (Okabe and Sugihara 2012)",
}


class NetworkHeatInputs(EventInputs):
    """Which events, when, of whom, on which roads; which kernel."""

    hours: Hours | None = HOURS
    classes: list[Name] = titled(
        "道路等级（空为全部）", "Classes of roads (none: all)", default=[], max_length=50
    )
    kernel: Split = titled("等分核函数", "Equal-split kernel", default="continuous")
    bandwidth_m: float | None = titled(
        "沿路带宽（米）", "Bandwidth along roads", default=None, allow_inf_nan=False
    )
    least_share: float | None = titled(
        "路径份额下限", "Least share of an event that is walked on with",
        default=None, ge=0, le=0.1, allow_inf_nan=False,
    )  # fmt: skip
    area: Ring | None = titled("范围（只计其中的事件）", "Area: events inside alone", default=None)


class NetworkHeatParameters(BaseModel):
    """What the density took, by hand or by rule; metres."""

    kernel: Split
    bandwidth_m: float
    lixel_m: float
    least_share: float
    reach_m: float


class NetworkHeatSummary(BaseModel):
    """What was spread, how, and by which rules."""

    lixels: int = Field(description="Parts of roads with a density above 0")
    events: int = Field(description="On roads: what the lixels have together")
    off_road: int = Field(description="Events on no road within reach")
    mass: float = Field(description="Of all lixels; that of the events")
    cut: float = Field(description="Of it laid where ways of a smaller share end")
    most_per_km: float | None
    parameters: NetworkHeatParameters
    method: str
    network_version: int
    rules: list[dict[str, object]]
    sentence: Text


class NetworkHeatOutputs(Outputs):
    """The lixels with their density, and what it is."""

    lixels: Features = titled("路段单元", "Lixels")
    summary: NetworkHeatSummary = titled("汇总", "Summary")


def asked(inputs: NetworkHeatInputs) -> Counted:
    """Return which records a question is about."""
    return Counted(
        inputs.since, inputs.until, inputs.hours, inputs.events, inputs.kinds, "inspection",
        inputs.units,
    )  # fmt: skip


RULES = rules_at(lambda _: None)
RECORDS = routes(asked)
ROADS = network(ROAD.name)


def check(inputs: NetworkHeatInputs, scene: Scene) -> None:
    """Refuse a bandwidth beyond those of the rule."""
    _parameters(inputs, scene)


def _parameters(inputs: NetworkHeatInputs, scene: Scene) -> NetworkHeatParameters:
    rules = scene.get(RULES)
    rule, wide = get_rule(rules, BANDWIDTH).value, inputs.bandwidth_m
    if wide is not None and not rule.lixel_m <= wide <= rule.network_most_m:
        raise wrong_input(
            "bandwidth_m",
            f"give {rule.lixel_m:g} to {rule.network_most_m:g} metres",
            f"须为 {rule.lixel_m:g} 至 {rule.network_most_m:g} 米",
        )
    return NetworkHeatParameters(
        kernel=inputs.kernel,
        bandwidth_m=wide or rule.network_m,
        lixel_m=rule.lixel_m,
        least_share=rule.network_share if inputs.least_share is None else inputs.least_share,
        reach_m=get_rule(rules, STRETCHES).value.reach_m,
    )


def run(inputs: NetworkHeatInputs, scene: Scene) -> NetworkHeatOutputs:
    """Put the events on roads and spread each along them."""
    took, records, roads = _parameters(inputs, scene), scene.get(RECORDS).records, scene.get(ROADS)
    check_classes(roads.graph.edges, inputs.classes)
    scene.progress(0.05, PLACING)
    at, many = records.place, len(records.places.lon)
    count = np.bincount(at, records.events, many).astype(np.float64)
    if inputs.area is not None:
        count *= places_inside(inputs.area, records.places.lon, records.places.lat)
    events = put_on_edges(roads, records.places, count, inputs.classes, took.reach_m)
    part = cut_roads(roads, events, inputs.classes, took.bandwidth_m, took.lixel_m)
    scene.progress(0.3, SPREADING)
    density = network_density(
        part.lixels, part.edge, events.fraction * part.lixels.length_m[part.edge], events.weight,
        took.bandwidth_m, took.kernel, least_share=took.least_share,
    )  # fmt: skip
    scene.progress(0.8, SPREADING)
    return NetworkHeatOutputs(
        lixels=Features(features=list(_shown(part, density))),
        summary=_summary(scene, took, density, events.weight.sum(), count.sum()),
    )


def _shown(part: RoadLixels, density: NetworkDensity) -> Iterator[Feature]:
    """Yield the lixels on which something lies, those of each road in its own direction."""
    from_m, to_m, per_km = density.lixels.from_m, density.lixels.to_m, density.per_m * KM
    edges = part.edges
    for number in np.flatnonzero(density.mass > 0).tolist():
        road = int(density.lixels.edge[number])
        own = int(part.roads[road])
        within = number - int(density.lixels.first[road])
        yield feature(
            f"{edges.row_id(own)}-{within}",
            path_shape(part.line(number)),
            road_class=edges.edge_class.get(own),
            ref=edges.ref.get(own),
            name_zh=edges.name_zh.get(own),
            name_en=edges.name_en.get(own),
            from_m=round(float(from_m[number]), 2),
            to_m=round(float(to_m[number]), 2),
            mass=float(density.mass[number]),
            per_km=float(per_km[number]),
        )


def _summary(
    scene: Scene, took: NetworkHeatParameters, density: NetworkDensity, laid: float, all_in: float
) -> NetworkHeatSummary:  # fmt: skip
    lixels = int((density.mass > 0).sum())
    rules = scene.get(RULES)
    off = int(all_in - laid)
    return NetworkHeatSummary(
        lixels=lixels,
        events=int(laid),
        off_road=off,
        mass=float(density.mass.sum()),
        cut=density.cut,
        most_per_km=float(density.per_m.max() * KM) if lixels else None,
        parameters=took,
        method=METHODS[took.kernel],
        network_version=scene.get(ROADS).version,
        rules=[dict(show_rule(get_rule(rules, kind))) for kind in (BANDWIDTH, STRETCHES)],
        sentence=Text(
            zh=f"沿路网等分核密度：{int(laid)} 件在 {lixels} 个路段单元上，合计不变；{off} 件附近"
            "没有道路。密度不管查了多少。",
            en=f"Equal-split density along roads: {int(laid)} events on {lixels} lixels, together"
            f" as many; {off} have no road nearby. A density knows nothing of how much was looked.",
        ),
    )


PROCESS = Process(
    id="network-heat",
    title=Text(zh="沿路网执法密度", en="Density of enforcement along roads"),
    description=Text(
        zh="以等分连续或等分不连续核函数沿路网计算事件密度，在路口不增不减；结果为路段单元。",
        en="Density of events along roads by equal-split kernels, continuous or discontinuous,"
        " which keep their mass at junctions; told by lixels.",
    ),
    inputs=NetworkHeatInputs,
    outputs=NetworkHeatOutputs,
    run=run,
    reads=(RULES, RECORDS, ROADS),
    check=check,
    roles=ENFORCERS,
)

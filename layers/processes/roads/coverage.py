"""Coverage by county: what share of its roads lies within a driving time of the nearest place."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel

from layers.declare.base import Text
from layers.processes.readers.county_rows import Counties, counties
from layers.processes.readers.network import network
from layers.processes.readers.places import places
from layers.processes.runtime.helpers import (
    SNAPPING,
    feature,
    placed,
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
)
from layers.processes.runtime.rule_models import COVERAGE
from routing.graph.graph import Edges
from routing.graph.weights import Floats
from routing.planning.coverage import by_group, reached_share
from spatial.networks.road import KIND as ROAD

SPREADING = Text(zh="计算可达范围", en="Computing what is reached")
M_PER_KM = 1000
COUNTIES = counties()


class CoverageInputs(Inputs):
    """Where resources stand, and how long they may drive."""

    resources: PlacesFrom = titled("资源点", "Resources", default=PlacesFrom(layer="rescue_bases"))
    limit_s: Seconds | None = titled("时限（秒，默认 30 分钟）", "Driving time (s)", default=None)
    traffic: Traffic = titled("车辆与时间", "Vehicle and time", default=Traffic())


class CountyCoverage(BaseModel):
    """One county: the covered share of the length of its roads."""

    code: str
    name_zh: str
    name_en: str
    covered_share: float | None
    covered_km: float
    roads_km: float


class CoverageSummary(BaseModel):
    """All counties together, what was assumed, the state of the network."""

    limit_s: float
    covered_share: float | None
    covered_km: float
    roads_km: float
    resources: int
    no_road_nearby: list[str]
    rule: dict[str, object]
    network_version: int


class CoverageOutputs(Outputs):
    """Coverage by county, the least covered first, and as a layer."""

    counties: list[CountyCoverage] = titled("各县覆盖率", "Counties")
    summary: CoverageSummary = titled("汇总", "Summary")
    areas: Features = titled("县域图层", "County areas")


def run(inputs: CoverageInputs, scene: Scene) -> CoverageOutputs:
    """Spread from all resources at once and sum up the reached roads by county."""
    resources = scene.places["resources"]
    limit = inputs.limit_s or rule_value(scene.network, COVERAGE).limit_s
    prepared = prepare(scene, inputs.traffic)
    scene.progress(0.1, SNAPPING)
    with prepared.metric.lock:
        found = placed(scene, prepared, "resources")
        scene.progress(0.4, SPREADING)
        spots = [spot for place in found.spots for spot in place]
        span = prepared.span(spots, limit)
        version = prepared.version
    edges = scene.network.graph.edges
    share = reached_share(span, len(edges))
    known = scene.get(COUNTIES).fit(scene.network.graph)
    rows = county_rows(known, edges, share)
    covered, whole = sum(row.covered_km for row in rows), sum(row.roads_km for row in rows)
    summary = CoverageSummary(
        limit_s=limit,
        covered_share=_share(covered, whole),
        covered_km=round(covered, 3),
        roads_km=round(whole, 3),
        resources=len(resources),
        no_road_nearby=[resources.ids[i] for i in found.missing.tolist()],
        rule=rule_shown(scene.network, COVERAGE),
        network_version=version,
    )
    return CoverageOutputs(
        counties=sorted(rows, key=lambda row: (row.covered_share is None, row.covered_share)),
        summary=summary,
        areas=_areas(known, rows),
    )


def county_rows(known: Counties, edges: Edges, share: Floats) -> list[CountyCoverage]:
    """Return the coverage of each county, in their order."""
    count = len(known.rows)
    of_edge = np.full(len(edges), -1, np.int64)
    of_edge[: len(known.of_edge)] = known.of_edge
    covered, whole = by_group(share, edges.length_m, of_edge, count)
    return [
        CountyCoverage(
            code=county.code,
            name_zh=county.name["zh"],
            name_en=county.name["en"],
            covered_share=_share(part, total),
            covered_km=round(part / M_PER_KM, 3),
            roads_km=round(total / M_PER_KM, 3),
        )
        for county, part, total in zip(known.rows, covered.tolist(), whole.tolist(), strict=True)
    ]


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 6) if whole > 0 else None


def _areas(known: Counties, rows: list[CountyCoverage]) -> Features:
    shown = [
        feature(row.code, county.geometry, **row.model_dump(exclude={"code"}), admin_code=row.code)
        for county, row in zip(known.rows, rows, strict=True)
    ]
    return Features(features=shown)


PROCESS = Process(
    id="coverage",
    title=Text(zh="分县到达覆盖率", en="Coverage by county"),
    description=Text(
        zh="按当前路网（含封闭）计算各县道路里程中、最近资源点在时限内可到达的比例。",
        en="The share of each county's road length that the nearest resource reaches in time, on "
        "the network as it is, closures included.",
    ),
    inputs=CoverageInputs,
    outputs=CoverageOutputs,
    run=run,
    reads=(places("resources"), COUNTIES, network(ROAD.name)),
)

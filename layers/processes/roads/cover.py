"""Choose the few sites that reach the most demand within a driving time."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, Field

from layers.declare.base import Text
from layers.processes.readers.network import network
from layers.processes.readers.places import places
from layers.processes.runtime.helpers import (
    SNAPPING,
    TABLES,
    check_pairs,
    feature,
    placed,
    point_shape,
    prepare,
    seconds,
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
from routing.graph.weights import Floats
from routing.planning.maximal_covering import Covering, cover_most
from spatial.networks.road import KIND as ROAD

SOLVING = Text(zh="求解覆盖", en="Solving the covering")


class CoverInputs(Inputs):
    """Sites to choose from, demand to reach, how many sites, and how far a site reaches."""

    sites: PlacesFrom = titled("候选站点", "Sites")
    demand: PlacesFrom = titled("需求点", "Demand")
    count: int = titled("选址数量", "Sites wanted", ge=0, le=500)
    fixed: list[str] = titled("已有站点", "Sites that stay", default=[], max_length=500)
    max_duration_s: Seconds = titled("行程时限（秒）", "Driving time (s)")
    traffic: Traffic = titled("车辆与时间", "Vehicle and time", default=Traffic())
    time_limit_s: float = titled(
        "求解时限（秒）", "Time to solve (s)", default=30.0, ge=0.01, le=600, allow_inf_nan=False
    )


class CoverSummary(BaseModel):
    """What is covered, and the bound that was proven: no choice of as many sites covers more."""

    covered: float
    total: float
    covered_share: float
    bound: float
    gap: float = Field(description="0 is proven to be the best")
    greedy: float
    uniform: float = Field(description="Mean of all choices of as many sites")
    no_road_nearby: list[str]
    network_version: int


class CoverOutputs(Outputs):
    """The chosen sites, the sums, and sites and demand on the map."""

    sites: list[str] = titled("选中站点", "Chosen sites")
    summary: CoverSummary = titled("汇总", "Summary")
    places: Features = titled("点位", "Places")


def check(inputs: CoverInputs, scene: Scene) -> None:
    """Refuse sites that stay but are not there, and a number that cannot be chosen."""
    sites, demand = scene.places["sites"], scene.places["demand"]
    check_pairs(sites, demand)
    fixed = _fixed(inputs, list(sites.ids))
    if not len(fixed) <= inputs.count <= len(sites):
        raise wrong_input(
            "count",
            f"{inputs.count} of {len(sites)} sites with {len(fixed)} that stay",
            f"共 {len(sites)} 个站点，保留 {len(fixed)} 个，无法选 {inputs.count} 个",
        )


def run(inputs: CoverInputs, scene: Scene) -> CoverOutputs:
    """Choose the sites exactly, or as well as the time to solve allows."""
    sites, demand = scene.places["sites"], scene.places["demand"]
    fixed = _fixed(inputs, list(sites.ids))
    prepared = prepare(scene, inputs.traffic)
    scene.progress(0.05, SNAPPING)
    with prepared.metric.lock:
        rows, columns = placed(scene, prepared, "sites"), placed(scene, prepared, "demand")
        scene.progress(0.2, TABLES)
        times = prepared.durations(rows.spots, columns.spots)
        version = prepared.version
    scene.progress(0.4, SOLVING)
    cover = (times <= inputs.max_duration_s).T
    found = cover_most(
        cover, demand.weights, inputs.count, fixed=fixed, time_limit_s=inputs.time_limit_s
    )
    missing = [sites.ids[i] for i in rows.missing.tolist()]
    missing += [demand.ids[i] for i in columns.missing.tolist()]
    return CoverOutputs(
        sites=[sites.ids[i] for i in found.sites.tolist()],
        summary=_summary(found, missing, version),
        places=_places(scene, found, times),
    )


def _fixed(inputs: CoverInputs, ids: list[str]) -> list[int]:
    unknown = sorted(set(inputs.fixed) - set(ids))
    if unknown:
        raise wrong_input("fixed", f"no site {unknown[0]!r}", f"没有站点 {unknown[0]!r}")
    return sorted({ids.index(name) for name in inputs.fixed})


def _summary(found: Covering, missing: list[str], version: int) -> CoverSummary:
    return CoverSummary(
        covered=round(found.value, 6),
        total=round(found.total, 6),
        covered_share=round(found.value / found.total, 6) if found.total else 0.0,
        bound=round(found.bound, 6),
        gap=round(found.gap, 6),
        greedy=round(found.greedy, 6),
        uniform=round(found.uniform, 6),
        no_road_nearby=missing,
        network_version=version,
    )


def _places(scene: Scene, found: Covering, times: Floats) -> Features:
    sites, demand = scene.places["sites"], scene.places["demand"]
    chosen = set(found.sites.tolist())
    shown = [
        feature(
            f"site/{sites.ids[i]}", point_shape(sites.points[i]),
            role="site", name=sites.names[i], chosen=i in chosen,
        )
        for i in range(len(sites))
    ]  # fmt: skip
    near = times[found.sites].min(axis=0) if chosen else np.full(len(demand), np.inf)
    shown += [
        feature(
            f"demand/{demand.ids[i]}", point_shape(demand.points[i]),
            role="demand", name=demand.names[i], weight=float(demand.weights[i]),
            covered=bool(found.covered[i]), duration_s=seconds(near[i]),
        )
        for i in range(len(demand))
    ]  # fmt: skip
    return Features(features=shown)


PROCESS = Process(
    id="cover",
    title=Text(zh="最大覆盖选址", en="Cover the most demand"),
    description=Text(
        zh="在候选站点中选出给定数量，使时限内可达的需求最多；精确求解并给出最优性差距。",
        en="Chooses so many sites that the most demand lies within a driving time of them; solved "
        "exactly, with the gap to the proven bound.",
    ),
    inputs=CoverInputs,
    outputs=CoverOutputs,
    run=run,
    reads=(places("sites"), places("demand"), network(ROAD.name)),
    check=check,
    roles=("admin", "planner", "dispatcher", "developer"),
)

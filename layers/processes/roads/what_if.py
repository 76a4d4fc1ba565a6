"""What if: the same questions asked of the network as it is and as changed, and the difference."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from pydantic import BaseModel, Field

from layers.declare.base import Text
from layers.processes.readers.county_rows import counties
from layers.processes.readers.lane_rows import LanesOf, lanes
from layers.processes.readers.network import network
from layers.processes.readers.places import places
from layers.processes.readers.structure_rows import fit_structures, structures
from layers.processes.roads.coverage import county_rows
from layers.processes.roads.difference import edge_features, effect, pair_features
from layers.processes.roads.network_changes import ChangesGiven, noted, resolve_changes
from layers.processes.roads.volumes import resolve_volumes
from layers.processes.runtime.helpers import (
    SNAPPING,
    TABLES,
    check_pairs,
    finite_sum,
    placed,
    prepare,
    rule_value,
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
)
from layers.processes.runtime.rule_models import COVERAGE
from routing.cost.profile import load_profiles
from routing.graph.weights import Floats
from routing.planning.coverage import reached_share, soonest
from routing.planning.snap_all import Placed, place_all
from routing.planning.whatif import vary
from routing.query.network import RoadNetwork
from routing.query.prepare import PreparedMetric
from spatial.geo.geojson import Feature
from spatial.networks.road import KIND as ROAD

BUILDING = Text(zh="建立变更后的路网", en="Building the changed network")
COMPARING = Text(zh="比较前后", en="Comparing before and after")
MOST_ROWS = 1_000
M_PER_KM = 1000
COUNTIES = counties(lambda inputs: inputs.resources is not None)
ROADS = network(ROAD.name)
CLOSED = structures(lambda inputs: inputs.changes.close_structures)


def _lanes_wanted(inputs: WhatIfInputs) -> LanesOf:
    given = inputs.changes.volumes
    return LanesOf(
        [row.edge for row in given if row.edge],
        sorted({row.road_class for row in given if row.road_class}),
    )


LANES = lanes(_lanes_wanted)


class WhatIfInputs(Inputs):
    """The changes, and what is asked before and after: times between places, reach, coverage."""

    changes: ChangesGiven = titled("变更", "Changes")
    origins: PlacesFrom | None = titled("起点", "Origins", default=None)
    targets: PlacesFrom | None = titled("终点", "Targets", default=None)
    resources: PlacesFrom | None = titled("资源点", "Resources", default=None)
    limit_s: Seconds | None = titled("覆盖时限（秒）", "Driving time (s)", default=None)
    traffic: Traffic = titled("车辆与时间", "Vehicle and time", default=Traffic())

    def model_post_init(self, _context: object) -> None:
        """Refuse a question that asks nothing."""
        if (self.origins is None) != (self.targets is None):
            raise ValueError("origins and targets belong together")
        if self.origins is None and self.resources is None:
            raise ValueError("name origins and targets, or resources, or both")


class PairChange(BaseModel):
    """The time between two places before and after; null is no way."""

    origin: str
    target: str
    before_s: float | None
    after_s: float | None
    change_s: float | None
    effect: str = Field(description="slower, faster, cut or connected")


class TimesSummary(BaseModel):
    """Times between all pairs that have a way both before and after, and those that do not."""

    pairs: int
    changed: int
    cut: int
    connected: int
    mean_before_s: float | None
    mean_after_s: float | None
    most_added_s: float | None


class ReachSummary(BaseModel):
    """Roads within the limit of the nearest resource."""

    limit_s: float
    before_km: float
    after_km: float
    lost_km: float
    gained_km: float


class CountyChange(BaseModel):
    """The covered share of a county's roads before and after."""

    code: str
    name_zh: str
    name_en: str
    before_share: float | None
    after_share: float | None


class WhatIfSummary(BaseModel):
    """What was changed, from what to what, and the sums of the difference."""

    changes: list[dict[str, object]]
    times: TimesSummary | None
    reach: ReachSummary | None
    shown: int
    of: int = Field(description="Changed pairs and edges in all; the layer shows the greatest")
    network_version: int


class WhatIfOutputs(Outputs):
    """The sums, the pairs and counties that change, and the difference as a layer."""

    summary: WhatIfSummary = titled("汇总", "Summary")
    pairs: list[PairChange] = titled("行程时间变化", "Changed pairs")
    counties: list[CountyChange] = titled("各县覆盖变化", "Changed counties")
    difference: Features = titled("差异图层", "Difference")


@dataclass(frozen=True)
class _Side:
    """One side of the comparison."""

    network: RoadNetwork
    prepared: PreparedMetric
    origins: Placed | None
    targets: Placed | None
    times: Floats
    soonest_s: Floats
    share: Floats


def check(_: WhatIfInputs, scene: Scene) -> None:
    """Refuse too large tables of times."""
    for name in {"origins", "targets"} & scene.places.keys():
        check_pairs(scene.places["origins"], scene.places[name])


def run(inputs: WhatIfInputs, scene: Scene) -> WhatIfOutputs:
    """Ask both networks the same and show what differs."""
    limit = inputs.limit_s or rule_value(scene.network, COVERAGE).limit_s
    prepared = prepare(scene, inputs.traffic)
    scene.progress(0.05, BUILDING)
    streams = resolve_volumes(scene, scene.get(LANES), inputs.changes.volumes)
    closed = fit_structures(scene.get(CLOSED), scene.network.graph)
    changes = replace(resolve_changes(scene, closed, inputs.changes), stream_kmh=streams.kmh)
    profile = load_profiles(scene.network.graph.edges.kind)[inputs.traffic.profile]
    variant = vary(scene.network, prepared, inputs.traffic.conditions, profile, changes)
    scene.progress(0.4, SNAPPING)
    before = _ask(scene, scene.network, prepared, limit)
    scene.progress(0.65, TABLES)
    other = variant.network.prepared(variant.conditions, scene.now)
    after = _ask(scene, variant.network, other, limit)
    scene.progress(0.9, COMPARING)
    pairs = _pairs(scene, before, after)
    shown, total = _difference(scene, before, after)
    summary = WhatIfSummary(
        changes=[*noted(scene, closed, changes, variant.joined_m), *streams.notes],
        times=_times(before, after) if inputs.origins else None,
        reach=_reach(before, after, limit) if inputs.resources else None,
        shown=len(shown),
        of=total,
        network_version=prepared.version,
    )
    return WhatIfOutputs(
        summary=summary,
        pairs=pairs[:MOST_ROWS],
        counties=_counties(scene, before, after) if inputs.resources else [],
        difference=Features(features=shown),
    )


def _ask(scene: Scene, network: RoadNetwork, prepared: PreparedMetric, limit: float) -> _Side:
    count = len(network.graph.edges)
    origins = targets = None
    times, soon, share = np.zeros((0, 0)), np.full(count, np.inf), np.zeros(count)
    if "origins" in scene.places:
        origins = place_all(network, prepared, scene.places["origins"].points)
        targets = place_all(network, prepared, scene.places["targets"].points)
        times = prepared.durations(origins.spots, targets.spots)
    if "resources" in scene.places:
        aside = replace(scene, found={**scene.found, ROADS.name: network})
        found = placed(aside, prepared, "resources")
        span = prepared.span([spot for place in found.spots for spot in place], limit)
        soon, share = soonest(span, count), reached_share(span, count)
    return _Side(network, prepared, origins, targets, times, soon, share)


def changed_pairs(before: Floats, after: Floats, least_s: float = 0.5) -> list[tuple[int, int]]:
    """Return the pairs whose time differs, those without a way first, then by the difference."""
    with np.errstate(invalid="ignore"):
        change = np.nan_to_num(after - before, nan=0.0, posinf=np.inf, neginf=-np.inf)
    size = np.abs(change)
    rows, columns = np.nonzero(size >= least_s)
    order = np.argsort(-size[rows, columns], kind="stable")
    return [(int(rows[i]), int(columns[i])) for i in order]


def _pairs(scene: Scene, before: _Side, after: _Side) -> list[PairChange]:
    if before.origins is None:
        return []
    origins, targets = scene.places["origins"], scene.places["targets"]
    found = []
    for row, column in changed_pairs(before.times, after.times):
        old, new = float(before.times[row, column]), float(after.times[row, column])
        found.append(
            PairChange(
                origin=origins.ids[row],
                target=targets.ids[column],
                before_s=seconds(old),
                after_s=seconds(new),
                change_s=seconds(new - old),
                effect=effect(old, new),
            )
        )
    return found


def _times(before: _Side, after: _Side) -> TimesSummary:
    old, new = before.times, after.times
    both = np.isfinite(old) & np.isfinite(new)
    count = int(both.sum())
    added = new[both] - old[both]
    return TimesSummary(
        pairs=old.size,
        changed=len(changed_pairs(old, new)),
        cut=int((np.isfinite(old) & np.isinf(new)).sum()),
        connected=int((np.isinf(old) & np.isfinite(new)).sum()),
        mean_before_s=round(finite_sum(old[both]) / count, 1) if count else None,
        mean_after_s=round(finite_sum(new[both]) / count, 1) if count else None,
        most_added_s=round(float(added.max()), 1) if count else None,
    )


def _reach(before: _Side, after: _Side, limit: float) -> ReachSummary:
    length = after.network.graph.edges.length_m / M_PER_KM
    old = np.zeros(len(length))
    old[: len(before.share)] = before.share
    change = after.share - old
    return ReachSummary(
        limit_s=limit,
        before_km=round(float((old * length).sum()), 3),
        after_km=round(float((after.share * length).sum()), 3),
        lost_km=round(float((np.clip(-change, 0, None) * length).sum()), 3),
        gained_km=round(float((np.clip(change, 0, None) * length).sum()), 3),
    )


def _counties(scene: Scene, before: _Side, after: _Side) -> list[CountyChange]:
    known = scene.get(COUNTIES).fit(scene.network.graph)
    old = county_rows(known, before.network.graph.edges, before.share)
    new = county_rows(known, after.network.graph.edges, after.share)
    return [
        CountyChange(
            code=a.code, name_zh=a.name_zh, name_en=a.name_en,
            before_share=a.covered_share, after_share=b.covered_share,
        )
        for a, b in zip(old, new, strict=True)
        if a.covered_share != b.covered_share
    ]  # fmt: skip


def _difference(scene: Scene, before: _Side, after: _Side) -> tuple[list[Feature], int]:
    edges, of_edges = edge_features(after.network.graph.edges, before.soonest_s, after.soonest_s)
    if before.origins is None or after.origins is None or after.targets is None:
        return edges, of_edges
    assert before.targets is not None  # noqa: S101
    changed = changed_pairs(before.times, after.times)
    pairs = pair_features(
        scene,
        changed,
        (before.network, before.prepared, before.origins, before.targets, before.times),
        (after.network, after.prepared, after.origins, after.targets, after.times),
    )
    return [*pairs, *edges], of_edges + len(changed)


PROCESS = Process(
    id="what-if",
    title=Text(zh="路网变更推演", en="What if the network changed"),
    description=Text(
        zh="封闭桥隧或路段、改限高限速、给定预测流量、新增路段：同一问题在变更前后各算一次，"
        "给出行程时间、可达里程、分县覆盖率的差异和差异图层。",
        en="Close structures or edges, change limits, speeds or volumes, add edges: the same "
        "question is asked before and after; the answer is the difference in times, reach and "
        "coverage, with a layer that shows it.",
    ),
    inputs=WhatIfInputs,
    outputs=WhatIfOutputs,
    run=run,
    reads=(
        places("origins"),
        places("targets"),
        places("resources"),
        COUNTIES,
        CLOSED,
        LANES,
        ROADS,
    ),
    check=check,
    roles=("admin", "planner", "dispatcher", "duty", "developer"),
)

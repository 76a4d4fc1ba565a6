"""Can a team be at a point before a vehicle? The next points, both times, the team."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, Field

from layers.declare.base import Text
from layers.processes.readers.network import network
from layers.processes.readers.places import places
from layers.processes.runtime.helpers import (
    check_pairs,
    feature,
    placed,
    point_shape,
    prepare,
    rule_shown,
    rule_value,
    seconds,
)
from layers.processes.runtime.model import (
    Features,
    Inputs,
    Outputs,
    Place,
    PlacesFrom,
    Process,
    Scene,
    Seconds,
    Traffic,
    titled,
)
from layers.processes.runtime.rule_models import INTERCEPTION
from routing.graph.weights import Floats
from routing.planning.interception import (
    Margins,
    Meeting,
    choose,
    find_next,
    meetings,
    vehicle_times,
)
from routing.planning.snap_all import place_all
from spatial.networks.road import KIND as ROAD

MOST_CANDIDATES = 500


class Vehicle(Inputs):
    """The vehicle sought: where it was seen last, where it headed, how long ago."""

    point: Place
    bearing_deg: float | None = Field(default=None, ge=0, le=360, allow_inf_nan=False)
    seen_s_ago: float = Field(default=0, ge=0, le=86_400, allow_inf_nan=False)
    traffic: Traffic = Traffic()


class InterceptInputs(Inputs):
    """The vehicle, the teams, the points to wait at; a place's weight is how likely it is next."""

    vehicle: Vehicle = titled("被查车辆", "Vehicle")
    teams: PlacesFrom = titled("队伍", "Teams")
    points: PlacesFrom = titled(
        "候选拦截点", "Points to wait at", default=PlacesFrom(layer="checkpoints")
    )
    team_traffic: Traffic = titled("队伍车辆", "What teams drive", default=Traffic())
    count: int = titled("返回点数", "Points wanted", default=3, ge=1, le=20)
    horizon_s: Seconds | None = titled("预测时段（秒）", "Horizon (s)", default=None)


class Chance(BaseModel):
    """One point with both times, counted from now."""

    point: str
    name: str
    vehicle_s: float
    team: str | None
    team_name: str | None
    team_s: float | None = Field(description="Drive and setting up")
    margin_s: float | None
    possible: bool
    next: bool = Field(description="The vehicle can come here without passing another point")


class InterceptSummary(BaseModel):
    """The best chance, the margins that were used, the state of the network."""

    best: str | None
    points_in_horizon: int
    rule: dict[str, object]
    network_version: int


class InterceptOutputs(Outputs):
    """The likeliest next points, points further on where a team can be, and all on the map."""

    next_points: list[Chance] = titled("下一可能点", "Next points")
    further_points: list[Chance] = titled("更远可拦截点", "Further points")
    summary: InterceptSummary = titled("汇总", "Summary")
    places: Features = titled("点位", "Places")


def check(_: InterceptInputs, scene: Scene) -> None:
    """Refuse too large tables of times."""
    check_pairs(scene.places["teams"], scene.places["points"])
    check_pairs(scene.places["points"], scene.places["points"])


def run(inputs: InterceptInputs, scene: Scene) -> InterceptOutputs:
    """Compare the vehicle's time with the teams' at every point."""
    rule = rule_value(scene.network, INTERCEPTION)
    points = scene.places["points"]
    sought = inputs.vehicle
    seen = prepare(scene, sought.traffic)
    with seen.metric.lock:
        at = place_all(scene.network, seen, points.points)
        (spots,) = scene.network.snap(seen, [sought.point.point])
        graph = scene.network.graph
        vehicle = vehicle_times(graph, seen.metric, spots, sought.bearing_deg, at.spots)
        between = seen.durations(at.spots, at.spots)
        version = seen.version
    driven = prepare(scene, inputs.team_traffic)
    with driven.metric.lock:
        rows = placed(scene, driven, "teams")
        columns = place_all(scene.network, driven, points.points)
        team = driven.durations(rows.spots, columns.spots)
    passed = sought.seen_s_ago * rule.vehicle_factor
    ahead = np.where(vehicle >= passed, vehicle - passed, np.inf)
    return _answer(inputs, scene, ahead, between, team, version)


def _answer(
    inputs: InterceptInputs, scene: Scene, ahead: Floats, between: Floats, team: Floats,
    version: int,
) -> InterceptOutputs:  # fmt: skip
    """Choose the points from the vehicle's times, those between points, and the teams'."""
    rule = rule_value(scene.network, INTERCEPTION)
    horizon = inputs.horizon_s or rule.horizon_s
    next_ = find_next(ahead, between, horizon)
    margins = Margins(rule.vehicle_factor, rule.set_up_s, rule.least_s)
    found = meetings(ahead, team, margins)
    first, further = choose(found, next_, scene.places["points"].weights, inputs.count)
    further = further[ahead[further] <= horizon]
    next_points, further_points = (
        [_chance(scene, found[i], bool(next_[i])) for i in chosen.tolist()]
        for chosen in (first, further)
    )
    summary = InterceptSummary(
        best=next((c.point for c in [*next_points, *further_points] if c.possible), None),
        points_in_horizon=int((ahead <= horizon).sum()),
        rule=rule_shown(scene.network, INTERCEPTION),
        network_version=version,
    )
    shown = [found[i] for i in [*first.tolist(), *further.tolist()]]
    return InterceptOutputs(
        next_points=next_points,
        further_points=further_points,
        summary=summary,
        places=_places(scene, inputs, shown),
    )


def _chance(scene: Scene, meeting: Meeting, next_: bool) -> Chance:
    teams, points = scene.places["teams"], scene.places["points"]
    team = meeting.team
    return Chance(
        point=points.ids[meeting.point],
        name=points.names[meeting.point],
        vehicle_s=round(meeting.vehicle_s, 1),
        team=None if team is None else teams.ids[team],
        team_name=None if team is None else teams.names[team],
        team_s=seconds(meeting.team_s),
        margin_s=seconds(meeting.margin_s),
        possible=meeting.possible,
        next=next_,
    )


def _places(scene: Scene, inputs: InterceptInputs, found: list[Meeting]) -> Features:
    teams, points = scene.places["teams"], scene.places["points"]
    vehicle = inputs.vehicle.point
    shown = [feature(vehicle.id, point_shape(vehicle.point), role="vehicle", name=vehicle.name)]
    for meeting in found:
        at = meeting.point
        shown.append(
            feature(
                points.ids[at],
                point_shape(points.points[at]),
                role="point",
                name=points.names[at],
                possible=meeting.possible,
                vehicle_s=seconds(meeting.vehicle_s),
                team_s=seconds(meeting.team_s),
            )
        )
    for team in sorted({m.team for m in found if m.team is not None}):
        place = point_shape(teams.points[team])
        shown.append(feature(teams.ids[team], place, role="team", name=teams.names[team]))
    return Features(features=shown)


PROCESS = Process(
    id="intercept",
    title=Text(zh="车辆拦截研判", en="Intercept a vehicle"),
    description=Text(
        zh="比较被查车辆与队伍到达各点的路网时间，给出前几个下一可能点的两方时间、余量与最先到达的队伍。",
        en="Compares the network times of a vehicle and of teams to points: the next points with "
        "both times, the margin, and the team that can be there first.",
    ),
    inputs=InterceptInputs,
    outputs=InterceptOutputs,
    run=run,
    reads=(places("teams"), places("points"), network(ROAD.name)),
    check=check,
    quick=True,
    roles=("admin", "dispatcher", "duty", "planner"),
)

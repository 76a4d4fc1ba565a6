"""Assign teams to tasks, so that together they arrive soonest."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, Field

from layers.declare.base import Text
from layers.processes.readers.network import network
from layers.processes.readers.places import places
from layers.processes.runtime.helpers import (
    check_pairs,
    feature,
    path_shape,
    placed,
    prepare,
    seconds,
    way,
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
from routing.graph.weights import Floats
from routing.planning.assignment import Assignment, assign, ranked
from spatial.networks.road import KIND as ROAD

MOST_LINES = 200


class AssignInputs(Inputs):
    """Teams, tasks, and what a team drives."""

    teams: PlacesFrom = titled("队伍", "Teams")
    tasks: PlacesFrom = titled("任务", "Tasks")
    traffic: Traffic = titled("车辆与时间", "Vehicle and time", default=Traffic())
    max_duration_s: Seconds | None = titled("最长到达时间（秒）", "Longest drive (s)", default=None)
    candidates: int = titled("每个任务的候选数", "Candidates per task", default=3, ge=0, le=50)


class Candidate(BaseModel):
    """A team that can serve a task."""

    team: str
    name: str
    duration_s: float


class Served(BaseModel):
    """One pair of the assignment; `duration_s` is its drive."""

    task: str
    task_name: str
    team: str
    team_name: str
    duration_s: float


class TaskCandidates(BaseModel):
    """The nearest teams of a task by driving time, assigned or not."""

    task: str
    teams: list[Candidate]


class AssignSummary(BaseModel):
    """Sums of the assignment beside those of greedy, the cheapest pair first."""

    served: int
    total_s: float
    greedy_served: int
    greedy_total_s: float
    saved_s: float | None = Field(description="Null where greedy serves fewer tasks")
    unserved: list[str]
    idle: list[str]
    no_road_nearby: list[str]
    network_version: int


class AssignOutputs(Outputs):
    """The pairs, their sums, who else could come, and the ways on the map."""

    assignments: list[Served] = titled("派单", "Assignments")
    summary: AssignSummary = titled("汇总", "Summary")
    candidates: list[TaskCandidates] = titled("候选队伍", "Candidates")
    paths: Features = titled("行驶路线", "Ways")


def check(_: AssignInputs, scene: Scene) -> None:
    """Refuse too large a table of times."""
    check_pairs(scene.places["teams"], scene.places["tasks"])


def run(inputs: AssignInputs, scene: Scene) -> AssignOutputs:
    """Assign as many tasks as can be served, at the least total driving time."""
    teams, tasks = scene.places["teams"], scene.places["tasks"]
    prepared = prepare(scene, inputs.traffic)
    with prepared.metric.lock:
        rows, columns = placed(scene, prepared, "teams"), placed(scene, prepared, "tasks")
        times = prepared.durations(rows.spots, columns.spots)
        version = prepared.version
    most = np.inf if inputs.max_duration_s is None else inputs.max_duration_s
    found = assign(times, most)
    lines = []
    for row, column in found.best.pairs[:MOST_LINES].tolist():
        points = way(scene.network, prepared, rows.spots[row], columns.spots[column])
        if points is not None:
            shown = {"team": teams.names[row], "task": tasks.names[column]}
            time = seconds(times[row, column])
            lines.append(feature(tasks.ids[column], path_shape(points), duration_s=time, **shown))
    missing = [teams.ids[i] for i in rows.missing.tolist()]
    missing += [tasks.ids[i] for i in columns.missing.tolist()]
    return AssignOutputs(
        assignments=_served(scene, times, found),
        summary=_summary(scene, found, missing, version),
        candidates=_candidates(scene, times, inputs.candidates),
        paths=Features(features=lines),
    )


def _served(scene: Scene, times: Floats, found: Assignment) -> list[Served]:
    teams, tasks = scene.places["teams"], scene.places["tasks"]
    return [
        Served(
            task=tasks.ids[column],
            task_name=tasks.names[column],
            team=teams.ids[row],
            team_name=teams.names[row],
            duration_s=round(float(times[row, column]), 1),
        )
        for row, column in found.best.pairs.tolist()
    ]


def _summary(scene: Scene, found: Assignment, missing: list[str], version: int) -> AssignSummary:
    teams, tasks = scene.places["teams"], scene.places["tasks"]
    return AssignSummary(
        served=len(found.best),
        total_s=round(found.best.total, 1),
        greedy_served=len(found.greedy),
        greedy_total_s=round(found.greedy.total, 1),
        saved_s=seconds(found.saved),
        unserved=[tasks.ids[i] for i in found.unserved_columns.tolist()],
        idle=[teams.ids[i] for i in found.idle_rows.tolist()],
        no_road_nearby=missing,
        network_version=version,
    )


def _candidates(scene: Scene, times: Floats, count: int) -> list[TaskCandidates]:
    teams, tasks = scene.places["teams"], scene.places["tasks"]
    return [
        TaskCandidates(
            task=tasks.ids[column],
            teams=[
                Candidate(
                    team=teams.ids[row],
                    name=teams.names[row],
                    duration_s=round(float(times[row, column]), 1),
                )
                for row in ranked(times, column, count).tolist()
            ],
        )
        for column in range(len(tasks) if count else 0)
    ]


PROCESS = Process(
    id="assign",
    title=Text(zh="队伍派单", en="Assign teams"),
    description=Text(
        zh="按当前路网行程时间把队伍派给任务：先尽量多服务任务，再使总行程时间最短（精确解），并列出贪心解。",
        en="Assigns teams to tasks by driving time on the network as it is: as many tasks as can "
        "be served, then the least total time, exactly; greedy stands beside it.",
    ),
    inputs=AssignInputs,
    outputs=AssignOutputs,
    run=run,
    reads=(places("teams"), places("tasks"), network(ROAD.name)),
    check=check,
    quick=True,
)

"""Interception: can a team be at a point before a vehicle? Two network times are compared.

The vehicle is taken to be faster than the network says, the team needs time to set up: both come
from the caller. A *next* point is one that the vehicle can reach without passing another one first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from routing.cch.engine import Metric
from routing.graph.graph import Graph
from routing.graph.weights import INFINITE, Bools, Floats, Ints, driving
from routing.index.snap import SnapPoint, metres_per_degree
from routing.query.access import End, arriving, leaving
from routing.query.one_to_many import MS_PER_S

AHEAD_DEG = 90.0
TIE_S = 1.0  # weights are whole ms per edge: sums over a long path may differ by so much


@dataclass(frozen=True)
class Margins:
    """What is added for safety.

    `vehicle_factor`: the vehicle is so many times faster than the network says; `set_up_s`: what a
    team needs at the point; `least_s`: a team must be ready so long before.
    """

    vehicle_factor: float
    set_up_s: float
    least_s: float


@dataclass(frozen=True)
class Meeting:
    """A point with both times: the vehicle there at the earliest, the first team ready there."""

    point: int
    vehicle_s: float
    team: int | None
    team_s: float
    margin_s: float
    possible: bool


def vehicle_times(
    graph: Graph,
    metric: Metric,
    spots: Sequence[SnapPoint],
    bearing_deg: float | None,
    targets: Sequence[Sequence[SnapPoint]],
) -> Floats:
    """Return how long a vehicle needs to each place, in s; infinite is no way.

    With a bearing (degrees from north) it does not turn round on the edge that it is on.
    """
    with metric.lock:
        outs = _ahead(graph, leaving(graph, metric, spots), bearing_deg)
        intos = [arriving(graph, metric, place) for place in targets]
        columns = np.array([end.node for ends in intos for end in ends], np.int64)
        lengths = metric.matrix(np.array([end.node for end in outs], np.int64), columns)
        weights = metric.weights if metric.at_ends is None else metric.at_ends.weights
    table = np.where(lengths >= INFINITE, np.inf, lengths)
    table += np.array([end.cost for end in outs])[:, None]
    best = table.min(axis=0, initial=np.inf) + [end.cost for ends in intos for end in ends]
    times = np.full(len(targets), np.inf)
    owner = np.repeat(np.arange(len(targets)), [len(ends) for ends in intos])
    np.minimum.at(times, owner, best)
    for number, ends in enumerate(intos):
        for into in ends:
            for out in outs:
                if out.arc == into.arc and into.along >= out.along:
                    whole = driving(weights, metric.fixed, np.array([out.arc]))[0]
                    direct = float(whole) * (into.along - out.along)
                    times[number] = min(times[number], direct)
    return times / MS_PER_S


def _ahead(graph: Graph, ends: list[End], bearing_deg: float | None) -> list[End]:
    """Keep the ways that lead ahead; all where none does."""
    if bearing_deg is None:
        return ends
    kept = [e for e in ends if _turn(_course(graph, e), bearing_deg) <= AHEAD_DEG]
    return kept or ends


def _course(graph: Graph, end: End) -> float:
    """Return the course (degrees from north) of the edge at a spot, in driving direction."""
    start, stop = graph.edges.shape[end.spot.vertex : end.spot.vertex + 2]
    east, north = (stop - start) * metres_per_degree(end.spot.lat) * (-1 if end.key & 1 else 1)
    return float(np.degrees(np.arctan2(east, north)))


def _turn(one: float, other: float) -> float:
    return abs((one - other + 180) % 360 - 180)


def find_next(vehicle_s: Floats, between_s: Floats, horizon_s: float) -> Bools:
    """Return which points the vehicle may come to next, within a horizon.

    Parameters
    ----------
    vehicle_s
        The vehicle's time to each point.
    between_s
        (points, points) times from point to point.
    horizon_s
        Points that the vehicle reaches later do not count.
    """
    near = np.isfinite(vehicle_s) & (vehicle_s <= horizon_s)
    via = vehicle_s[:, None] + between_s <= vehicle_s[None, :] + TIE_S
    earlier = vehicle_s[:, None] < vehicle_s[None, :]
    number = np.arange(len(vehicle_s))
    same = (vehicle_s[:, None] == vehicle_s[None, :]) & (number[:, None] < number[None, :])
    behind = (via & (earlier | same) & near[:, None]).any(axis=0)
    return np.asarray(near & ~behind, np.bool_)


def meetings(vehicle_s: Floats, team_s: Floats, margins: Margins) -> list[Meeting]:
    """Compare both times at each point.

    Parameters
    ----------
    vehicle_s
        The vehicle's time to each point by the network.
    team_s
        (teams, points) times by the network.
    margins
        What is added for safety.
    """
    soonest = vehicle_s / margins.vehicle_factor
    found = []
    for point, vehicle in enumerate(soonest.tolist()):
        times = team_s[:, point] + margins.set_up_s
        team = int(times.argmin()) if len(times) else None
        ready = float(times[team]) if team is not None else np.inf
        margin = vehicle - ready
        known = np.isfinite(ready) and np.isfinite(vehicle)
        possible = bool(known and margin >= margins.least_s)
        team = team if np.isfinite(ready) else None
        found.append(Meeting(point, vehicle, team, ready, margin, possible))
    return found


def choose(
    found: Sequence[Meeting], next_: Bools, likelihood: Floats, count: int
) -> tuple[Ints, Ints]:
    """Return the likeliest next points, and the first points beyond where a team can be ready.

    Among equally likely points the one that the vehicle reaches first comes first.
    """
    soonest = np.array([m.vehicle_s for m in found])
    possible = np.array([m.possible for m in found], np.bool_)
    order = np.lexsort((soonest, -likelihood))
    first = order[next_[order]][:count]
    beyond = np.flatnonzero(possible & ~next_ & np.isfinite(soonest))
    return first, beyond[np.argsort(soonest[beyond], kind="stable")][:count]

"""Criticality: how many vehicle-hours a day the traffic loses when a bridge or tunnel is closed.

For each structure all edges of its bundle are shut on a metric of this work's own, the trips that
use it are asked again, and the edges are opened again. Which trips use it follows from tables of
times alone: a trip from o to d uses an edge exactly where time(o, start of the edge) + time of the
edge + time(end of the edge, d) is not more than time(o, d). Compare Jenelius, Petersen and
Mattsson, "Importance and exposure in road network vulnerability analysis" (2006).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from routing.cch.engine import Metric
from routing.graph.graph import Graph
from routing.graph.weights import INFINITE, Bools, Floats, Ints, driving
from routing.index.snap import SnapPoint
from routing.query.one_to_many import MS_PER_S, durations

TIE_S = 0.002  # of times from tables of whole ms
SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class Loss:
    """What closing one structure costs.

    `trips` use it; `cut_trips` have no other way and are not in `added_vehicle_h`.
    """

    structure: int
    trips: float
    added_vehicle_h: float
    cut_trips: float
    most_added_s: float

    @property
    def added_s_per_trip(self) -> float:
        """The mean loss of the trips that have another way."""
        left = self.trips - self.cut_trips
        return self.added_vehicle_h * SECONDS_PER_HOUR / left if left > 0 else 0.0


def gravity(time_s: Floats, weights: Floats, trips: float, decay_s: float) -> Floats:
    """Return trips between places: each pair by both weights and exp(-time / decay), summing up.

    Pairs without a way, and a place with itself, have none.

    Parameters
    ----------
    time_s
        Driving times (places, places), infinite where there is no way.
    weights
        Weight of each place.
    trips
        Trips of all pairs together.
    decay_s
        Time after which a pair draws e times less.
    """
    pull = np.outer(weights, weights) * np.exp(-time_s / decay_s)
    np.fill_diagonal(pull, 0)
    total = float(pull.sum())
    return np.asarray(pull * (trips / total) if total > 0 else pull, np.float64)


class Vulnerability:
    """Places, the trips between them, and a metric that structures are shut on one by one."""

    def __init__(
        self, graph: Graph, metric: Metric, places: Sequence[list[SnapPoint]], trips: Floats
    ) -> None:
        self._graph = graph
        with metric.lock:
            weights = metric.weights.copy()
            self._metric = Metric(metric.topology, weights, None, metric.at_ends, metric.fixed)
        self._places = list(places)
        self._trips = trips
        self.time_s = durations(graph, self._metric, self._places, self._places)
        self._counts = np.isfinite(self.time_s) & (trips > 0)

    def rank(
        self, bundles: Sequence[Ints], told: Callable[[float], None] = lambda _: None
    ) -> list[Loss]:
        """Return the loss of each structure (its edges), the greatest first.

        `told` is called with the share (0..1) that is done.
        """
        users = self._users(bundles)
        losses = []
        for number, edges in enumerate(bundles):
            losses.append(self._loss(number, edges, users[number]))
            told((number + 1) / len(bundles))
        return sorted(losses, key=lambda loss: (-loss.added_vehicle_h, -loss.cut_trips))

    def _users(self, bundles: Sequence[Ints]) -> list[Bools]:
        """Return for each structure which (origin, destination) pairs use it."""
        edges = np.unique(np.concatenate([*bundles, np.zeros(0, np.int64)])).astype(np.int64)
        begins = [[_at(edge, 0.0)] for edge in edges.tolist()]
        ends = [[_at(edge, 1.0)] for edge in edges.tolist()]
        graph, metric, places = self._graph, self._metric, self._places
        to_begin, to_end = (durations(graph, metric, places, s) for s in (begins, ends))
        from_begin, from_end = (durations(graph, metric, s, places) for s in (begins, ends))
        position = {edge: number for number, edge in enumerate(edges.tolist())}
        found = []
        for bundle in bundles:
            used = np.zeros(self.time_s.shape, np.bool_)
            for edge in bundle.tolist():
                at = position[edge]
                forward, backward = self._cost_s(2 * edge), self._cost_s(2 * edge + 1)
                used |= to_begin[:, at, None] + (forward + from_end[at]) <= self.time_s + TIE_S
                used |= to_end[:, at, None] + (backward + from_begin[at]) <= self.time_s + TIE_S
            on_it = np.array([any(s.edge in bundle for s in place) for place in places], np.bool_)
            found.append((used | on_it[:, None] | on_it) & self._counts)
        return found

    def _cost_s(self, key: int) -> float:
        """Return the time of driving a whole edge in one direction; infinite where it is shut.

        What is paid at its ends is in the times to and from them.
        """
        arcs, weights = self._graph.arcs.of_keys(np.array([key])), self._metric.weights
        arcs = arcs[weights[arcs] < INFINITE]
        driven = driving(weights, self._metric.fixed, arcs)
        return float(driven.min()) / MS_PER_S if len(arcs) else np.inf

    def _loss(self, number: int, edges: Ints, users: Bools) -> Loss:
        if not users.any():
            return Loss(number, 0.0, 0.0, 0.0, 0.0)
        rows, columns = np.flatnonzero(users.any(axis=1)), np.flatnonzero(users.any(axis=0))
        part = np.ix_(rows, columns)
        after = self._without(edges, rows, columns)
        used, trips = users[part], self._trips[part]
        cut = used & ~np.isfinite(after)
        added, left = np.zeros(after.shape), used & ~cut
        added[left] = after[left] - self.time_s[part][left]
        hours = float((added * trips).sum()) / SECONDS_PER_HOUR
        return Loss(
            number, float(trips[used].sum()), hours, float(trips[cut].sum()), float(added.max())
        )

    def _without(self, edges: Ints, rows: Ints, columns: Ints) -> Floats:
        """Return the times between places while edges are shut."""
        keys = np.concatenate([2 * edges, 2 * edges + 1])
        arcs = self._graph.arcs.of_keys(keys)
        at_ends = self._metric.at_ends
        before = self._metric.weights[arcs].copy()
        before_at_ends = None if at_ends is None else at_ends.weights[arcs].copy()
        self._metric.update(arcs, np.full(len(arcs), INFINITE, np.int64))
        try:
            sources = [self._places[row] for row in rows.tolist()]
            targets = [self._places[column] for column in columns.tolist()]
            return durations(self._graph, self._metric, sources, targets)
        finally:
            self._metric.update(arcs, before, at_ends=before_at_ends)


def _at(edge: int, fraction: float) -> SnapPoint:
    """Return an end of an edge as a spot; its place on the map does not matter here."""
    return SnapPoint(edge, fraction, 0, 0.0, 0.0, 0.0)

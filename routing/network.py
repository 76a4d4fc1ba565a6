"""The living network: topology, profiles and live state behind one question, `path`."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from itertools import pairwise
from threading import RLock
from typing import Any, overload
from uuid import UUID

import numpy as np
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from routing.engine import Metric, Topology
from routing.graph import Bools, Graph, Ints, Weights, expand
from routing.legs import Leg, find_leg
from routing.live import EdgeState, LiveState, Picture
from routing.profile import UNLIMITED, Costs, Profile, Rules, Vehicle, compile_costs, get_rule
from routing.refusal import no_snap, refused, unreachable
from routing.snap import SnapIndex, Spot
from spatial.errors import BadParameter, SigangError

KEPT_METRICS = 6
SNAP_RULE = "road.snap"


@dataclass(frozen=True)
class PathQuery:
    """What is asked: places (EPSG:4326), vehicle, what to avoid, when to leave."""

    profile: str
    waypoints: Sequence[tuple[float, float]]
    sizes: Mapping[str, float] = field(default_factory=dict)
    unknown_limits: str = "allow"
    avoid_edges: Sequence[UUID] = ()
    avoid_classes: Sequence[str] = ()
    avoid_polygons: Sequence[Any] = ()
    depart_at: datetime | None = None


@dataclass(frozen=True)
class Found:
    """The answer: legs between the waypoints, and the state that they were found in."""

    legs: list[Leg]
    costs: Costs
    vehicle: Vehicle
    version: int
    picture: Picture


@dataclass(frozen=True)
class Structures:
    """Named structures (bridges, tunnels) that edges carry: parallel arrays of edge and row."""

    edge: Ints
    row: Ints
    facilities: Sequence[Mapping[str, Any]]

    def on(self, edges: Ints) -> list[Mapping[str, Any]]:
        """Return the structures on edges, in the order of the edges, each once."""
        wanted = np.isin(self.edge, edges)
        position = {int(e): i for i, e in reversed(list(enumerate(edges)))}
        pairs = zip(self.edge[wanted].tolist(), self.row[wanted].tolist(), strict=True)
        ordered = sorted(pairs, key=lambda pair: position[pair[0]])
        return [self.facilities[row] for row in dict.fromkeys(row for _, row in ordered)]


@dataclass(frozen=True)
class _Stamp:
    """The live state that a metric shows; `live` is False for one made for another time."""

    version: int
    serial: int
    picture: Picture
    live: bool = True


@dataclass(frozen=True)
class _Slot:
    """A metric with the blocked edges that it was made for."""

    metric: Metric
    costs: Costs
    blocked: Bools | None


@dataclass(frozen=True)
class _Task:
    """A query with everything looked up."""

    query: PathQuery
    costs: Costs
    vehicle: Vehicle
    avoided: Bools | None
    picture: Picture | None  # None: as it is now
    at: datetime


class RoadNetwork:
    """Answers paths on the network as it is now; safe from any thread."""

    def __init__(
        self,
        graph: Graph,
        topology: Topology,
        profiles: Mapping[str, Profile],
        rules: Rules,
        structures: Structures | None = None,
    ) -> None:
        self.graph = graph
        self.rules = rules
        nothing = np.zeros(0, np.int64)
        self.structures = structures or Structures(nothing, nothing, [])
        self.live = LiveState(len(graph.edges))
        self._topology = topology
        self._snap = SnapIndex(graph.edges)
        self._lock = RLock()
        self._overlays: OrderedDict[bytes, _Slot] = OrderedDict()
        costs = [compile_costs(p, graph.edges, rules) for p in profiles.values()]
        self._core = {c.profile.id: self._core_edges(c) for c in costs}
        self._base = {c.profile.id: self._make(c, None, self._stamp()) for c in costs}

    @property
    def profiles(self) -> list[str]:
        """The ids of the profiles."""
        return list(self._base)

    @property
    def version(self) -> int:
        """The network version applied so far."""
        return self.live.version

    def apply(
        self, version: int, added: Sequence[EdgeState], removed: Iterable[int], at: datetime
    ) -> None:
        """Take over live state and bring the profiles' own metrics up to date."""
        with self._lock:
            if version <= self.live.version and not added:
                return
            self.live.apply(version, added, removed, at)
            for slot in self._base.values():
                self._bring(slot)

    def path(self, query: PathQuery, now: datetime) -> Found:
        """Return the best path.

        Raises
        ------
        BadParameter
            The profile or an edge to avoid is unknown.
        NoSnap, Unreachable, LimitViolated
            There is no such path; the error says why.
        """
        task = self._task(query, now)
        found = self._search(task, self._spots(task, None))
        if found is None:
            core = self._core[query.profile]
            spots = self._spots(task, None)
            if not all(core[spot.edge] for place in spots for spot in place):
                found = self._search(task, self._spots(task, core, spots))
        if found is None:
            raise self._refusal(task)
        return found

    def _task(self, query: PathQuery, now: datetime) -> _Task:
        if query.profile not in self._base:
            known = ", ".join(self._base)
            raise BadParameter(
                f"Unknown profile {query.profile!r}; known: {known}",
                f"未知车型 {query.profile!r}；可用：{known}",
            )
        costs = self._base[query.profile].costs
        vehicle = Vehicle.of(costs.profile, self.rules, query.sizes, query.unknown_limits)
        at = query.depart_at or now
        with self._lock:
            self.live.advance(now)
            picture = self.live.at(at) if query.depart_at else None
            if picture is not None and picture.token == self.live.now.token:
                picture = None
        return _Task(query, costs, vehicle, self._avoided(query), picture, at)

    def _avoided(self, query: PathQuery) -> Bools | None:
        if not (query.avoid_edges or query.avoid_classes or query.avoid_polygons):
            return None
        edges = self.graph.edges
        avoided = edges.klass.mask(query.avoid_classes)
        for row_id in query.avoid_edges:
            edge = self.graph.ids.find(row_id)
            if edge is None:
                raise BadParameter(f"No edge {row_id}", f"没有路段 {row_id}")
            avoided[edge] = True
        for polygon in query.avoid_polygons:
            avoided[self.inside(polygon)] = True
        return avoided

    def inside(self, polygon: Any) -> Ints:
        """Return the edges that a polygon (EPSG:4326) touches."""
        candidates = self._snap.in_box(*polygon.bounds)
        shapely.prepare(polygon)
        edges = self.graph.edges
        start = edges.shape_start[candidates]
        counts = edges.shape_start[candidates + 1] - start
        owner = np.repeat(np.arange(len(candidates)), counts)
        lines = shapely.linestrings(edges.shape[expand(start, counts)], indices=owner)
        touched = shapely.intersects(polygon, lines)
        return np.asarray(candidates[np.asarray(touched, np.bool_)])

    def _usable(self, task: _Task, edges: Ints) -> Bools:
        shut = (task.picture or self.live.now).shut
        open_, forward, backward = task.costs.open_, 2 * edges, 2 * edges + 1
        usable = (open_[forward] & ~shut[forward]) | (open_[backward] & ~shut[backward])
        usable &= ~task.vehicle.refused(self.graph.edges, edges)
        if task.avoided is not None:
            usable &= ~task.avoided[edges]
        return np.asarray(usable, np.bool_)

    def _spots(
        self, task: _Task, core: Bools | None, known: Sequence[list[Spot]] = ()
    ) -> list[list[Spot]]:
        """Snap the waypoints; with `core`, those again that lie on a small island."""
        rule = get_rule(self.rules, SNAP_RULE).value
        limits = float(rule["max_m"]), float(rule["tie_m"])

        def usable(edges: Ints) -> Bools:
            mask = self._usable(task, edges)
            return mask if core is None else mask & core[edges]

        places = []
        for number, (lon, lat) in enumerate(task.query.waypoints):
            kept = known[number] if known else []
            if core is not None and kept and all(core[s.edge] for s in kept):
                places.append(kept)
                continue
            place = self._snap.nearest(lon, lat, usable, *limits) or kept
            if not place:
                anything = self._snap.nearest(lon, lat, _every, *limits)
                raise no_snap(number, limits[0], anything)
            places.append(place)
        return places

    def _search(self, task: _Task, spots: list[list[Spot]]) -> Found | None:
        """Look on the profile's own metric first; a path that breaks nothing there is the best."""
        if task.picture is None:
            found = self._on(self._bring(self._base[task.query.profile]), task, spots)
            if found is None or not self._blocked(task, found).any():
                return found
        return self._on(self._overlay(task), task, spots)

    def _blocked(self, task: _Task, found: Found) -> Bools:
        edges = np.concatenate([leg.edges for leg in found.legs])
        blocked = task.vehicle.refused(self.graph.edges, edges)
        return blocked if task.avoided is None else blocked | task.avoided[edges]

    def _on(self, slot: _Slot, task: _Task, spots: list[list[Spot]]) -> Found | None:
        metric = slot.metric
        with metric.lock:
            legs: list[Leg] = []
            for first, target in pairwise(spots):
                source = [legs[-1].target] if legs else first
                leg = find_leg(self.graph, metric, metric.weights, source, target)
                if leg is None:
                    return None
                legs.append(leg)
            stamp = metric.stamp
            return Found(legs, task.costs, task.vehicle, stamp.version, stamp.picture)

    def _stamp(self) -> _Stamp:
        with self._lock:
            return _Stamp(self.live.version, self.live.serial, self.live.now)

    def _bring(self, slot: _Slot) -> _Slot:
        """Bring a metric up to the live state."""
        with self._lock:
            old, new = slot.metric.stamp, self._stamp()
            if not old.live or old == new:
                return slot
            keys = self.live.changed_since(old.serial)
            keys = np.arange(2 * len(self.graph.edges)) if keys is None else keys
            arcs = self.graph.arcs.of_keys(keys)
            weights = self._weights(slot.costs, arcs, slot.blocked, new.picture)
            slot.metric.update(arcs, weights, new)
            return slot

    def _weights(
        self, costs: Costs, arcs: Ints, blocked: Bools | None, picture: Picture
    ) -> Weights:
        shut = picture.shut if blocked is None else picture.shut | np.repeat(blocked, 2)
        return costs.weights(self.graph.arcs, arcs, shut, picture.cap_kmh)

    def _make(self, costs: Costs, blocked: Bools | None, stamp: _Stamp) -> _Slot:
        weights = self._weights(costs, np.arange(len(self.graph.arcs)), blocked, stamp.picture)
        return _Slot(Metric(self._topology, weights, stamp), costs, blocked)

    def _overlay(self, task: _Task) -> _Slot:
        """Return the metric without the edges that the task may not use, from the cache if there.

        It is made outside the lock, so that other paths go on meanwhile.
        """
        blocked = task.vehicle.refused(self.graph.edges, slice(None))
        if task.avoided is not None:
            blocked = blocked | task.avoided
        name = _name(task, blocked)
        slot = self._cached(name)
        if slot is None:
            stamp = self._stamp()
            if task.picture is not None:
                stamp = replace(stamp, picture=task.picture, live=False)
            slot = self._cached(name, self._make(task.costs, blocked, stamp))
        return self._bring(slot)

    @overload
    def _cached(self, name: bytes) -> _Slot | None: ...
    @overload
    def _cached(self, name: bytes, made: _Slot) -> _Slot: ...
    def _cached(self, name: bytes, made: _Slot | None = None) -> _Slot | None:
        """Look a metric up, or keep a new one, and drop the one unused for longest."""
        with self._lock:
            slot = self._overlays.pop(name, made)
            if slot is not None:
                self._overlays[name] = slot
            if len(self._overlays) > KEPT_METRICS:
                self._overlays.popitem(last=False)
            return slot

    def _core_edges(self, costs: Costs) -> Bools:
        """Return the edges that are no island: both ends in large strongly connected parts."""
        arcs = self.graph.arcs
        keep = costs.open_[arcs.key]
        tail, head = arcs.tail[keep], arcs.head[keep]
        count = self.graph.node_count
        matrix = coo_matrix((np.ones(len(tail), np.int8), (tail, head)), shape=(count, count))
        _, label = connected_components(matrix, connection="strong")
        sizes = np.bincount(label, minlength=1)
        least = min(get_rule(self.rules, SNAP_RULE).value["island_nodes"], int(sizes.max()))
        edges = self.graph.edges
        large = sizes[label] >= least
        return np.asarray(large[edges.tail] & large[edges.head], np.bool_)

    def _refusal(self, task: _Task) -> SigangError:
        """Return the error that says what stands in the way: limits, closures, or no road."""
        free = replace(task, vehicle=UNLIMITED, avoided=None)
        found = self._search(free, self._spots(free, None))
        if found is not None:
            return refused(self.graph.edges, task.vehicle, found.legs)
        free = replace(free, picture=Picture.empty(len(self.graph.edges)))
        found = self._search(free, self._spots(free, None))
        return unreachable(self.graph.edges, self.live, found.legs if found else [], task.at)


def _name(task: _Task, blocked: Bools) -> bytes:
    """Return what distinguishes the metric that a task needs."""
    name = blake2b(task.query.profile.encode(), digest_size=16)
    name.update(np.packbits(blocked).tobytes())
    name.update(b"now" if task.picture is None else task.picture.token)
    return name.digest()


def _every(edges: Ints) -> Bools:
    return np.ones(len(edges), np.bool_)

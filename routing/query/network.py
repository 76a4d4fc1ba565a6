"""The living network: topology, profiles and live state behind a few questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from threading import RLock

import numpy as np

from routing.cch.engine import Metric, Topology
from routing.cost.profile import Costs, Profile
from routing.cost.rule_models import ALTERNATIVES
from routing.cost.speed_profiles import MeasuredWeek, TypicalSpeeds, hour_of_week
from routing.cost.vehicle import UNLIMITED
from routing.graph.graph import Graph
from routing.graph.structures import Structures
from routing.graph.weights import Floats
from routing.index.snap import SnapIndex, Spot, Usable
from routing.live.edge_states import EdgeState, LiveState, Picture, Snapshot
from routing.live.speed_feeds import Feed
from routing.query import one_to_many
from routing.query.alternatives import find_alternatives
from routing.query.held_lock import Held
from routing.query.leg import Leg, find_leg
from routing.query.lru import Memo
from routing.query.metric_cache import Metrics
from routing.query.model import Conditions, Found, PathQuery, Ready, Task
from routing.query.one_to_many import Span
from routing.query.planner import Tasks
from routing.query.refusal import Obstacle, opening, unreachable
from routing.query.snapping import Places, Point
from routing.query.time_dependent import ClockedSearch
from routing.query.travel_times import by_the_clock
from routing.stopping import check
from spatial.errors import BadParameter, NoSnap, SigangError
from spatial.rules import Rules, get_rule

KEPT = 24  # pictures by hour
Snapped = Sequence[list[Spot]]
PREPARED = 8  # vehicles whose metrics a new network has before it serves


class RoadNetwork:
    """Answers on the network as it is now; safe from any thread."""

    def __init__(
        self,
        graph: Graph,
        topology: Topology,
        profiles: Mapping[str, Profile],
        rules: Rules,
        structures: Structures | None = None,
        index: SnapIndex | None = None,
        beside: RoadNetwork | None = None,  # whose live state and equal metrics it shares
    ) -> None:
        self.graph, self.topology = graph, topology
        self.rules = rules
        self.structures = structures or Structures.none()
        self.live: LiveState = beside.live if beside else LiveState(len(graph.edges))
        self.measured_weeks: Sequence[MeasuredWeek] = beside.measured_weeks if beside else ()
        self.places = Places(graph, rules, index)
        self._lock: RLock = beside._lock if beside else RLock()
        self._tasks = Tasks(graph, rules, profiles, self.places)
        self._memo = Memo(KEPT)
        self._metrics = Metrics(graph, topology, self.live, self._lock)
        if beside is not None:
            self._metrics.take_over(beside._metrics, self._tasks.take_over(beside._tasks))

    @property
    def profiles(self) -> list[str]:
        """The ids of the profiles."""
        return list(self._tasks.profiles)

    def needs_permit(self, profile: str) -> bool:
        """Tell whether a profile goes by a permit that names the units passed."""
        known = self._tasks.profiles.get(profile)
        return known is not None and known.permit

    @property
    def version(self) -> int:
        """The network version applied so far."""
        return self.live.version

    def apply(
        self, version: int, added: Sequence[EdgeState | Feed], removed: Iterable[int], at: datetime
    ) -> None:
        """Take over live state; a metric follows when it is asked next."""
        with self._lock:
            if version > self.live.version or added:
                self.live.apply(version, added, removed, at)

    def snapshot(self, states: Iterable[EdgeState], version: int | None = None) -> Snapshot:
        """Return the network as some states alone make it, for `Conditions.as_of`."""
        return Snapshot(self.live.picture(states), version)

    def prepare_for(self, old: RoadNetwork, now: datetime) -> None:
        """Make the metrics that another network has, so that no question has to wait for them."""
        for asked in old._tasks.recent()[:PREPARED]:
            with suppress(BadParameter):
                task, before = (one._tasks.task(asked, None, now) for one in (self, old))
                if old._metrics.has(before.base):
                    self._metrics.get(task.base)
                if old._made(before):
                    self._exact(task)

    # questions

    def ready(self, conditions: Conditions, now: datetime) -> Ready:
        """Return a metric for the conditions; of banned hours those at departure hold throughout.

        Raises
        ------
        BadParameter
            The profile or an edge to avoid is unknown.
        """
        task = self._task(conditions, now)
        bans = task.base.costs.bans
        return self._exact(task.keeping_off(bans.at(task.at)) if bans.any else task)

    def snap(self, ready: Ready, points: Sequence[tuple[float, float]]) -> list[list[Spot]]:
        """Return for each point the spots on the nearest usable edge and on those at its place.

        Raises
        ------
        NoSnap
            There is none within the limit; the error names the point.
        """
        return self.places.snap(points, self.places.usable(ready.metric))

    def durations(self, ready: Ready, sources: Snapped, targets: Snapped) -> Floats:
        """Return the (sources, targets) driving times between places, in s; infinite is no way."""
        return one_to_many.durations(self.graph, ready.metric, sources, targets)

    def table(self, ready: Ready, sources: Snapped, targets: Snapped) -> tuple[Floats, int]:
        """Return `durations` in one state of the network, and its version; others are let in."""
        found, stamp = one_to_many.table(self.graph, ready.metric, sources, targets)
        return found, ready.plan.version(stamp)

    def span(
        self, ready: Ready, spots: Sequence[Spot], limit_s: float, *, backward: bool = False
    ) -> Span:
        """Return what can be driven within a limit from any of the spots, or to any of them."""
        limit_ms = round(limit_s * one_to_many.MS_PER_S)
        return one_to_many.span(self.graph, ready.metric, spots, limit_ms, backward=backward)

    def path(self, query: PathQuery, now: datetime) -> Found:
        """Return the best path.

        Raises
        ------
        BadParameter, NoSnap, Unreachable, LimitViolated
            Something named is unknown, or there is no such path; the error says why.
        """
        task = self._task(query, now)
        found = self._at_hand(task, query.waypoints) or self._searched(task, query.waypoints)
        return self._clocked(query, found, now)

    def quick_path(self, query: PathQuery, now: datetime) -> Found | None:
        """Return the best path if it is found with what is there already, else None: ask `paths`.

        It makes no metric, looks for no reasons, waits for no lock: ask it between other requests.
        """
        with Held(self._lock, wait=False) as ours:
            if not (ours and query.plain and self._tasks.has_costs(query)):
                return None
            return self._at_hand(self._task(query, now), query.waypoints, wait=False)

    def paths(self, query: PathQuery, now: datetime) -> list[Found]:
        """Return the best path and up to `query.alternatives` other ones, best first.

        There are other ones between two places only. Of hours at which roads are banned those at
        departure hold throughout for them.
        """
        best = self.path(query, now)
        if not query.alternatives or len(query.waypoints) != 2:
            return [best]
        task = self._task(query, now)
        metric = self.ready(query, now).metric
        ends = [[best.legs[0].source], [best.legs[0].target]]
        bounds = get_rule(self.rules, ALTERNATIVES).value
        graph, count = self.graph, query.alternatives

        def search(shown: Metric) -> list[Found]:
            found = self._on(shown, task, ends)
            if found is None:
                return []
            others = find_alternatives(graph, shown, ends, found.legs[0], count, bounds)
            return [found, *(found.another(o.leg, o.shared_share, o.stretch) for o in others)]

        all_ = metric.in_one_state(search)
        legal = [one for one in all_ if not len(one.banned_edges(task.at))] or [best]
        return [self._clocked(query, one, now) for one in legal] if all_ else [best]

    # looking up

    def costs(self, profile: str) -> Costs:
        """Return what a profile makes of the edges.

        Raises
        ------
        BadParameter
            There is no such profile.
        """
        return self._tasks.costs(profile)

    def _task(self, conditions: Conditions, now: datetime) -> Task:
        at = conditions.depart_at or now
        snapshot = self._state(conditions, now)
        if conditions.typical:
            snapshot = self._at_hour(snapshot, at)
        return self._tasks.task(conditions, snapshot, at)

    def _state(self, asked: Conditions, now: datetime) -> Snapshot | None:
        """Return the state of another time or of a replay, None for that of now."""
        if asked.as_of is not None:
            return asked.as_of
        with self._lock:
            self.live.advance(now)
            picture = self.live.at(asked.depart_at, now) if asked.depart_at else None
            return None if picture is None else Snapshot(picture, self.live.version)

    @property
    def week(self) -> TypicalSpeeds:
        """The typical speeds by hour of the week."""

        def make() -> TypicalSpeeds:
            return TypicalSpeeds.of(self.graph.edges, self.rules, self.measured_weeks)

        return self._memo.get("typical speeds", make)

    def _at_hour(self, state: Snapshot | None, at: datetime) -> Snapshot:
        """Return a state in which nobody is faster than is typical at the hour of a time."""
        picture = self.live.now if state is None else state.picture
        name = f"typical {hour_of_week(at)} {picture.token.hex()}"
        slowed = self._memo.get(name, lambda: picture.slowed(slice(None), self.week.at(at)))
        return Snapshot(slowed, self.live.version if state is None else state.version)

    def _clocked(self, query: PathQuery, found: Found, now: datetime) -> Found:
        """Return an answer whose times are those of driving through the hours of the week."""
        if not query.typical:
            return found
        picture = state.picture if (state := self._state(query, now)) else self.live.now
        return by_the_clock(found, self.graph.edges, picture, self.week, query.depart_at or now)

    def _made(self, task: Task) -> bool:
        """Tell whether the metric on which nothing forbidden can be driven is there already."""
        return self._tasks.knows_blocked(task) and self._metrics.has(self._tasks.whole(task))

    def _exact(self, task: Task) -> Ready:
        plan = self._tasks.whole(task)
        edges = None if plan.blocked is None else plan.blocked.edges
        return Ready(self._metrics.get(plan), task.base, task.vehicle, edges, task.at)

    # places

    def _snapped(self, task: Task, points: Sequence[tuple[float, float]]) -> list[list[Spot]]:
        """Return the spots of points on edges that a task may use.

        All edges are tested only where one of those found is refused.
        """
        spots = self.places.snap(points, self._usable(task))
        if not (task.free or self._tasks.knows_blocked(task)) and self._refuses(task, spots):
            return self.places.snap(points, self._usable(task, strict=True))
        return spots

    def _refuses(self, task: Task, spots: list[list[Spot]]) -> bool:
        edges = np.array([spot.edge for place in spots for spot in place])
        return bool(self._tasks.refused(task, edges).any())

    def _usable(self, task: Task, *, strict: bool = False) -> Usable:
        """Return the edges that a task may use, without a metric made only for it.

        Unless `strict`, some may be among them that the vehicle or the task refuses.
        """
        if task.base.snapshot is not None or self._made(task):
            return self.places.usable(self._exact(task).metric)
        return self._without(task, self._metrics.get(task.base), strict=strict)

    def _without(self, task: Task, metric: Metric, *, strict: bool = False) -> Usable:
        """Return the edges open on a metric but for those known as refused; `strict` asks."""
        usable = self.places.usable(metric)
        if task.free or not (strict or self._tasks.knows_blocked(task)):
            return usable
        blocked = self._tasks.blocked(task)
        return usable if blocked is None else usable._replace(off=blocked.edges)

    # searching

    def _at_hand(self, task: Task, points: Sequence[Point], wait: bool = True) -> Found | None:
        """Return the best path where metrics that are there already tell it."""
        if task.base.snapshot is not None or task.base.costs.bans.any:
            return None
        known = task.free or self._tasks.knows_blocked(task)
        metric = self._metrics.current(self._tasks.whole(task)) if known else None
        exact = metric is not None
        if metric is None:
            metric = self._metrics.current(task.base)
        if metric is None:
            return None
        usable = self.places.usable(metric) if exact else self._without(task, metric)
        try:
            spots = self.places.snap(points, usable)
        except NoSnap:
            return None
        if not known and self._refuses(task, spots):
            return None
        with Held(metric.lock, wait=wait) as ours:
            found = self._on(metric, task, spots) if ours else None
        sure = exact or found is None or not self._tasks.refused(task, found.edges).any()
        return found if sure else None

    def _searched(self, task: Task, points: Sequence[tuple[float, float]]) -> Found:
        """Return the best path, or raise what stands in its way."""
        spots = self._snapped(task, points)
        found = self._search(task, spots)
        if found is None:
            usable = self._usable(task, strict=True)
            main = self.places.off_islands(points, usable, task.base.costs, spots)
            found = self._search(task, main) if main != spots else None
        if found is None:
            raise self._refusal(task, points)
        return found

    def _search(self, task: Task, spots: list[list[Spot]]) -> Found | None:
        """Search, and search again without the edges that would be entered at a banned hour.

        The second time only those are left out, later all that are banned during the drive. Where
        that was needed, a search that looks at each ban by the clock may find a faster way.
        """
        asked, bans, again = task, task.base.costs.bans, False
        found = self._fastest(task, spots)
        while found is not None and task.by_the_clock and bans.any:
            entered = found.banned_edges(task.at)
            if not len(entered):
                break
            during = bans.during(task.at, found.sums()[1]) if again else np.False_
            banned = np.zeros(len(self.graph.edges), np.bool_) | during
            banned[entered] = True
            task, again = task.keeping_off(banned), True
            found = self._fastest(task, spots)
        return self._soonest(asked, spots, found) if again else found

    def _soonest(self, task: Task, spots: list[list[Spot]], other: Found | None) -> Found | None:
        """Return the way that arrives first under the bans, or another one that is no slower."""
        metric = self._exact(task).metric
        with metric.lock:
            stamp, weights = metric.stamp, metric.weights
        legs = ClockedSearch(self.graph, weights, task.base.costs.bans, task.at).legs(spots)
        if legs is None:
            return other
        state = task.base.version(stamp), stamp.picture
        found = Found(legs, task.base.costs, task.vehicle, *state)
        slower = other is not None and found.weight >= other.weight
        return other if slower or len(found.banned_edges(task.at)) else found

    def _fastest(self, task: Task, spots: list[list[Spot]]) -> Found | None:
        """Look on the profile's own metric first; a path that breaks nothing there is the best."""
        if task.base.snapshot is None and not self._made(task):
            found = self._on(self._metrics.get(task.base), task, spots)
            if found is None or task.free:
                return found
            if not self._tasks.refused(
                task, np.concatenate([leg.edges for leg in found.legs])
            ).any():
                return found
        return self._on(self._exact(task).metric, task, spots)

    def _on(self, metric: Metric, task: Task, spots: list[list[Spot]]) -> Found | None:
        with metric.lock:
            legs: list[Leg] = []
            for first, target in pairwise(spots):
                check()
                source = [legs[-1].target] if legs else first
                leg = find_leg(self.graph, metric, metric.weights, source, target)
                if leg is None:
                    return None
                legs.append(leg)
            state = task.base.version(metric.stamp), metric.stamp.picture
            return Found(legs, task.base.costs, task.vehicle, *state)

    def _refusal(self, task: Task, points: Sequence[tuple[float, float]]) -> SigangError:
        """Return the error that says what stands in the way: limits, closures, or no road."""
        free = replace(task, vehicle=UNLIMITED, avoided=None, name="free", by_the_clock=False)
        spots = self._snapped(free, points)
        found = self._search(free, spots)
        if found is not None:
            obstacle = Obstacle(self.graph, self.rules, task.vehicle, task.at, task.avoided)
            own = self._snapped(task, points)
            later = opening(
                task.base.costs.bans, task.at, lambda t: self._search(replace(task, at=t), own)
            )
            return obstacle.error(self._metrics.get(task.base), found, spots, later)
        nothing = Snapshot(Picture.empty(len(self.graph.edges)))
        free = replace(free, base=replace(free.base, snapshot=nothing))
        found = self._search(free, self._snapped(free, points))
        return unreachable(self.graph.edges, self.live, found.legs if found else [], task.at)

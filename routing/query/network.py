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
from routing.index.snap import SnapIndex, SnapPoint, Usable
from routing.live.edge_states import EdgeState, EdgeStateView, LiveState, Snapshot
from routing.live.speed_feeds import Feed
from routing.query import one_to_many
from routing.query.alternatives import find_alternatives
from routing.query.held_lock import Held
from routing.query.leg import Leg, find_leg
from routing.query.lru import Lru
from routing.query.metric_cache import Metrics
from routing.query.model import Conditions, Path, PathQuery, PreparedMetric, ResolvedQuery
from routing.query.one_to_many import Span
from routing.query.planner import Resolver
from routing.query.refusal import Obstacle, opening, unreachable
from routing.query.snapping import Point, Snapper
from routing.query.time_dependent import TimeDependentSearch
from routing.query.travel_times import by_the_clock
from routing.stopping import check
from spatial.errors import BadParameter, NoSnap, SigangError
from spatial.rules import Rules, get_rule

KEPT = 24  # views by hour
Snapped = Sequence[list[SnapPoint]]
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
        self.snapper = Snapper(graph, rules, index)
        self._lock: RLock = beside._lock if beside else RLock()
        self._resolver = Resolver(graph, rules, profiles, self.snapper)
        self._memo = Lru(KEPT)
        self._metrics = Metrics(graph, topology, self.live, self._lock)
        if beside is not None:
            self._metrics.take_over(beside._metrics, self._resolver.take_over(beside._resolver))

    @property
    def profiles(self) -> list[str]:
        """The ids of the profiles."""
        return list(self._resolver.profiles)

    def needs_permit(self, profile: str) -> bool:
        """Tell whether a profile goes by a permit that names the units passed."""
        known = self._resolver.profiles.get(profile)
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
        return Snapshot(self.live.view(states), version)

    def prepare_for(self, old: RoadNetwork, now: datetime) -> None:
        """Make the metrics that another network has, so that no question has to wait for them."""
        for asked in old._resolver.recent()[:PREPARED]:
            with suppress(BadParameter):
                resolved, before = (one._resolver.resolved(asked, None, now) for one in (self, old))
                if old._metrics.has(before.base):
                    self._metrics.get(resolved.base)
                if old._made(before):
                    self._exact(resolved)

    # questions

    def prepare(self, conditions: Conditions, now: datetime) -> PreparedMetric:
        """Return a metric for the conditions; of banned hours those at departure hold throughout.

        Raises
        ------
        BadParameter
            The profile or an edge to avoid is unknown.
        """
        resolved = self._task(conditions, now)
        bans = resolved.base.costs.bans
        return self._exact(resolved.keeping_off(bans.at(resolved.at)) if bans.any else resolved)

    def snap(
        self, prepared: PreparedMetric, points: Sequence[tuple[float, float]]
    ) -> list[list[SnapPoint]]:
        """Return for each point the spots on the nearest usable edge and on those at its place.

        Raises
        ------
        NoSnap
            There is none within the limit; the error names the point.
        """
        return self.snapper.snap(points, self.snapper.usable(prepared.metric))

    def durations(self, prepared: PreparedMetric, sources: Snapped, targets: Snapped) -> Floats:
        """Return the (sources, targets) driving times between places, in s; infinite is no way."""
        return one_to_many.durations(self.graph, prepared.metric, sources, targets)

    def table(
        self, prepared: PreparedMetric, sources: Snapped, targets: Snapped
    ) -> tuple[Floats, int]:
        """Return `durations` in one state of the network, and its version; others are let in."""
        found, stamp = one_to_many.table(self.graph, prepared.metric, sources, targets)
        return found, prepared.plan.version(stamp)

    def span(
        self,
        prepared: PreparedMetric,
        spots: Sequence[SnapPoint],
        limit_s: float,
        *,
        backward: bool = False,
    ) -> Span:
        """Return what can be driven within a limit from any of the spots, or to any of them."""
        limit_ms = round(limit_s * one_to_many.MS_PER_S)
        return one_to_many.span(self.graph, prepared.metric, spots, limit_ms, backward=backward)

    def path(self, query: PathQuery, now: datetime) -> Path:
        """Return the best path.

        Raises
        ------
        BadParameter, NoSnap, Unreachable, LimitViolated
            Something named is unknown, or there is no such path; the error says why.
        """
        resolved = self._task(query, now)
        found = self._at_hand(resolved, query.waypoints) or self._searched(
            resolved, query.waypoints
        )
        return self._clocked(query, found, now)

    def quick_path(self, query: PathQuery, now: datetime) -> Path | None:
        """Return the best path if it is found with what is there already, else None: ask `paths`.

        It makes no metric, looks for no reasons, waits for no lock: ask it between other requests.
        """
        with Held(self._lock, wait=False) as ours:
            if not (ours and query.plain and self._resolver.has_costs(query)):
                return None
            return self._at_hand(self._task(query, now), query.waypoints, wait=False)

    def paths(self, query: PathQuery, now: datetime) -> list[Path]:
        """Return the best path and up to `query.alternatives` other ones, best first.

        There are other ones between two places only. Of hours at which roads are banned those at
        departure hold throughout for them.
        """
        best = self.path(query, now)
        if not query.alternatives or len(query.waypoints) != 2:
            return [best]
        resolved = self._task(query, now)
        metric = self.prepare(query, now).metric
        ends = [[best.legs[0].source], [best.legs[0].target]]
        bounds = get_rule(self.rules, ALTERNATIVES).value
        graph, count = self.graph, query.alternatives

        def search(shown: Metric) -> list[Path]:
            found = self._on(shown, resolved, ends)
            if found is None:
                return []
            others = find_alternatives(graph, shown, ends, found.legs[0], count, bounds)
            return [found, *(found.another(o.leg, o.shared_share, o.stretch) for o in others)]

        all_ = metric.in_one_state(search)
        legal = [one for one in all_ if not len(one.banned_edges(resolved.at))] or [best]
        return [self._clocked(query, one, now) for one in legal] if all_ else [best]

    # looking up

    def costs(self, profile: str) -> Costs:
        """Return what a profile makes of the edges.

        Raises
        ------
        BadParameter
            There is no such profile.
        """
        return self._resolver.costs(profile)

    def _task(self, conditions: Conditions, now: datetime) -> ResolvedQuery:
        at = conditions.depart_at or now
        snapshot = self._state(conditions, now)
        if conditions.typical:
            snapshot = self._at_hour(snapshot, at)
        return self._resolver.resolved(conditions, snapshot, at)

    def _state(self, asked: Conditions, now: datetime) -> Snapshot | None:
        """Return the state of another time or of a replay, None for that of now."""
        if asked.as_of is not None:
            return asked.as_of
        with self._lock:
            self.live.advance(now)
            view = self.live.at(asked.depart_at, now) if asked.depart_at else None
            return None if view is None else Snapshot(view, self.live.version)

    @property
    def week(self) -> TypicalSpeeds:
        """The typical speeds by hour of the week."""

        def make() -> TypicalSpeeds:
            return TypicalSpeeds.of(self.graph.edges, self.rules, self.measured_weeks)

        return self._memo.get("typical speeds", make)

    def _at_hour(self, state: Snapshot | None, at: datetime) -> Snapshot:
        """Return a state in which nobody is faster than is typical at the hour of a time."""
        view = self.live.now if state is None else state.view
        name = f"typical {hour_of_week(at)} {view.token.hex()}"
        slowed = self._memo.get(name, lambda: view.slowed(slice(None), self.week.at(at)))
        return Snapshot(slowed, self.live.version if state is None else state.version)

    def _clocked(self, query: PathQuery, found: Path, now: datetime) -> Path:
        """Return an answer whose times are those of driving through the hours of the week."""
        if not query.typical:
            return found
        view = state.view if (state := self._state(query, now)) else self.live.now
        return by_the_clock(found, self.graph.edges, view, self.week, query.depart_at or now)

    def _made(self, resolved: ResolvedQuery) -> bool:
        """Tell whether the metric on which nothing forbidden can be driven is there already."""
        return self._resolver.knows_blocked(resolved) and self._metrics.has(
            self._resolver.whole(resolved)
        )

    def _exact(self, resolved: ResolvedQuery) -> PreparedMetric:
        plan = self._resolver.whole(resolved)
        edges = None if plan.blocked is None else plan.blocked.edges
        return PreparedMetric(
            self._metrics.get(plan), resolved.base, resolved.vehicle, edges, resolved.at
        )

    # places

    def _snapped(
        self, resolved: ResolvedQuery, points: Sequence[tuple[float, float]]
    ) -> list[list[SnapPoint]]:
        """Return the spots of points on edges that a task may use.

        All edges are tested only where one of those found is refused.
        """
        spots = self.snapper.snap(points, self._usable(resolved))
        if not (resolved.free or self._resolver.knows_blocked(resolved)) and self._refuses(
            resolved, spots
        ):
            return self.snapper.snap(points, self._usable(resolved, strict=True))
        return spots

    def _refuses(self, resolved: ResolvedQuery, spots: list[list[SnapPoint]]) -> bool:
        edges = np.array([spot.edge for place in spots for spot in place])
        return bool(self._resolver.refused(resolved, edges).any())

    def _usable(self, resolved: ResolvedQuery, *, strict: bool = False) -> Usable:
        """Return the edges that a task may use, without a metric made only for it.

        Unless `strict`, some may be among them that the vehicle or the task refuses.
        """
        if resolved.base.snapshot is not None or self._made(resolved):
            return self.snapper.usable(self._exact(resolved).metric)
        return self._without(resolved, self._metrics.get(resolved.base), strict=strict)

    def _without(self, resolved: ResolvedQuery, metric: Metric, *, strict: bool = False) -> Usable:
        """Return the edges open on a metric but for those known as refused; `strict` asks."""
        usable = self.snapper.usable(metric)
        if resolved.free or not (strict or self._resolver.knows_blocked(resolved)):
            return usable
        blocked = self._resolver.blocked(resolved)
        return usable if blocked is None else usable._replace(off=blocked.edges)

    # searching

    def _at_hand(
        self, resolved: ResolvedQuery, points: Sequence[Point], wait: bool = True
    ) -> Path | None:
        """Return the best path where metrics that are there already tell it."""
        if resolved.base.snapshot is not None or resolved.base.costs.bans.any:
            return None
        known = resolved.free or self._resolver.knows_blocked(resolved)
        metric = self._metrics.current(self._resolver.whole(resolved)) if known else None
        exact = metric is not None
        if metric is None:
            metric = self._metrics.current(resolved.base)
        if metric is None:
            return None
        usable = self.snapper.usable(metric) if exact else self._without(resolved, metric)
        try:
            spots = self.snapper.snap(points, usable)
        except NoSnap:
            return None
        if not known and self._refuses(resolved, spots):
            return None
        with Held(metric.lock, wait=wait) as ours:
            found = self._on(metric, resolved, spots) if ours else None
        sure = exact or found is None or not self._resolver.refused(resolved, found.edges).any()
        return found if sure else None

    def _searched(self, resolved: ResolvedQuery, points: Sequence[tuple[float, float]]) -> Path:
        """Return the best path, or raise what stands in its way."""
        spots = self._snapped(resolved, points)
        found = self._search(resolved, spots)
        if found is None:
            usable = self._usable(resolved, strict=True)
            main = self.snapper.off_islands(points, usable, resolved.base.costs, spots)
            found = self._search(resolved, main) if main != spots else None
        if found is None:
            raise self._refusal(resolved, points)
        return found

    def _search(self, resolved: ResolvedQuery, spots: list[list[SnapPoint]]) -> Path | None:
        """Search, and search again without the edges that would be entered at a banned hour.

        The second time only those are left out, later all that are banned during the drive. Where
        that was needed, a search that looks at each ban by the clock may find a faster way.
        """
        asked, bans, again = resolved, resolved.base.costs.bans, False
        found = self._fastest(resolved, spots)
        while found is not None and resolved.by_the_clock and bans.any:
            entered = found.banned_edges(resolved.at)
            if not len(entered):
                break
            during = bans.during(resolved.at, found.sums()[1]) if again else np.False_
            banned = np.zeros(len(self.graph.edges), np.bool_) | during
            banned[entered] = True
            resolved, again = resolved.keeping_off(banned), True
            found = self._fastest(resolved, spots)
        return self._soonest(asked, spots, found) if again else found

    def _soonest(
        self, resolved: ResolvedQuery, spots: list[list[SnapPoint]], other: Path | None
    ) -> Path | None:
        """Return the way that arrives first under the bans, or another one that is no slower."""
        metric = self._exact(resolved).metric
        with metric.lock:
            stamp, weights = metric.stamp, metric.weights
        legs = TimeDependentSearch(self.graph, weights, resolved.base.costs.bans, resolved.at).legs(
            spots
        )
        if legs is None:
            return other
        state = resolved.base.version(stamp), stamp.view
        found = Path(legs, resolved.base.costs, resolved.vehicle, *state)
        slower = other is not None and found.weight >= other.weight
        return other if slower or len(found.banned_edges(resolved.at)) else found

    def _fastest(self, resolved: ResolvedQuery, spots: list[list[SnapPoint]]) -> Path | None:
        """Look on the profile's own metric first; a path that breaks nothing there is the best."""
        if resolved.base.snapshot is None and not self._made(resolved):
            found = self._on(self._metrics.get(resolved.base), resolved, spots)
            if found is None or resolved.free:
                return found
            if not self._resolver.refused(
                resolved, np.concatenate([leg.edges for leg in found.legs])
            ).any():
                return found
        return self._on(self._exact(resolved).metric, resolved, spots)

    def _on(
        self, metric: Metric, resolved: ResolvedQuery, spots: list[list[SnapPoint]]
    ) -> Path | None:
        with metric.lock:
            legs: list[Leg] = []
            for first, target in pairwise(spots):
                check()
                source = [legs[-1].target] if legs else first
                leg = find_leg(self.graph, metric, metric.weights, source, target)
                if leg is None:
                    return None
                legs.append(leg)
            state = resolved.base.version(metric.stamp), metric.stamp.view
            return Path(legs, resolved.base.costs, resolved.vehicle, *state)

    def _refusal(
        self, resolved: ResolvedQuery, points: Sequence[tuple[float, float]]
    ) -> SigangError:
        """Return the error that says what stands in the way: limits, closures, or no road."""
        free = replace(resolved, vehicle=UNLIMITED, avoided=None, name="free", by_the_clock=False)
        spots = self._snapped(free, points)
        found = self._search(free, spots)
        if found is not None:
            obstacle = Obstacle(
                self.graph, self.rules, resolved.vehicle, resolved.at, resolved.avoided
            )
            own = self._snapped(resolved, points)
            later = opening(
                resolved.base.costs.bans,
                resolved.at,
                lambda t: self._search(replace(resolved, at=t), own),
            )
            return obstacle.error(self._metrics.get(resolved.base), found, spots, later)
        nothing = Snapshot(EdgeStateView.empty(len(self.graph.edges)))
        free = replace(free, base=replace(free.base, snapshot=nothing))
        found = self._search(free, self._snapped(free, points))
        return unreachable(self.graph.edges, self.live, found.legs if found else [], resolved.at)

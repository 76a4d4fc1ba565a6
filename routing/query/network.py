"""The living network: topology, profiles and live state behind a few questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from threading import RLock

from routing.cch.engine import Topology
from routing.cost.conditional import ConditionalLimits, LimitSource, MakeLimits
from routing.cost.profile import Costs, Profile
from routing.cost.speed_profiles import MeasuredWeek, TypicalSpeeds
from routing.graph.graph import Graph
from routing.graph.structures import Structures
from routing.index.snap import SnapIndex
from routing.live.edge_states import LiveState
from routing.live.speed_feeds import Feed
from routing.live.state_table import EdgeStates
from routing.query.alternatives import find_others
from routing.query.departures import Departure, compare_departures
from routing.query.derived import Derived
from routing.query.explain import explain
from routing.query.held_lock import Held
from routing.query.metric_cache import Metrics
from routing.query.model import Conditions, Path, PathQuery
from routing.query.prepare import PreparedMetric, Preparer, SnapPoints
from routing.query.resolve import Resolver
from routing.query.search import search, search_at_once
from routing.query.snapping import Point, Snapper
from spatial.errors import BadParameter
from spatial.rules import Rules

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
        self.graph, self.topology, self.rules = graph, topology, rules
        self.structures = structures or Structures.none()
        self.live: LiveState = beside.live if beside else LiveState(len(graph.edges))
        self.snapper = Snapper(graph, rules, index)
        self.derived: Derived[RoadNetwork] = Derived(self)
        self._lock: RLock = beside._lock if beside else RLock()
        self._source: LimitSource = beside._source if beside else LimitSource()
        self._resolver = Resolver(
            graph, rules, profiles, self.snapper, self.live, self._lock, self._source
        )
        self._metrics = Metrics(graph, topology, self.live, self._lock)
        self._preparer = Preparer(graph, rules, self.live, self._metrics, self.snapper)
        if beside is not None:
            same = self._resolver.take_over(beside._resolver)
            self._metrics.take_over(beside._metrics, same)

    @property
    def profiles(self) -> list[str]:
        """The ids of the profiles."""
        return list(self._resolver.profiles)

    def needs_permit(self, profile: str) -> bool:
        """Tell whether a profile goes by a permit that names the units passed."""
        known = self._resolver.profiles.get(profile)
        return known is not None and known.permit

    def costs(self, profile: str) -> Costs:
        """Return what a profile makes of the edges; BadParameter where there is no such one."""
        return self._resolver.costs(profile)

    @property
    def week(self) -> TypicalSpeeds:
        """The typical speeds by hour of the week."""
        return self._resolver.week

    # the live state

    @property
    def version(self) -> int:
        """The network version applied so far."""
        return self.live.version

    def apply(
        self, version: int, added: Sequence[EdgeStates | Feed], removed: Iterable[int], at: datetime
    ) -> None:
        """Take over live state; a metric follows when it is asked next."""
        with self._lock:
            if version > self.live.version or added:
                self.live.apply(version, added, removed, at)

    def measure(self, weeks: Sequence[MeasuredWeek]) -> None:
        """Take over measured speeds by hour of the week, before the first question."""
        self._resolver.measured_weeks = weeks

    def take_limits(self, make: MakeLimits) -> None:
        """Take over limits that hold by the levels of a time; those beside it have them too."""
        self._source.take(make)

    @property
    def limits(self) -> ConditionalLimits:
        """The limits that hold by the levels of a time.

        Raises
        ------
        SetupError
            They were not taken over.
        """
        return self._resolver.limits

    def prepare_for(self, old: RoadNetwork, now: datetime) -> None:
        """Make the metrics that another network has, so that no question has to wait for them."""
        for asked in old._resolver.recent()[:PREPARED]:
            with suppress(BadParameter):
                mine, its = (one._resolver.resolve(asked, now) for one in (self, old))
                if old._metrics.has(its.base):
                    self._metrics.get(mine.base)
                if old._preparer.is_made(its):
                    self._preparer.exactly(mine)

    # questions

    def prepared(self, conditions: Conditions, now: datetime) -> PreparedMetric:
        """Return an exact metric; of banned hours those at departure hold throughout.

        Raises
        ------
        BadParameter
            The profile or an edge to avoid is unknown.
        """
        resolved = self._resolver.resolve(conditions, now)
        bans = resolved.base.costs.bans
        held = resolved.keeping_off(bans.at(resolved.at)) if bans.any else resolved
        return self._preparer.exactly(held)

    def snap(self, prepared: PreparedMetric, points: Sequence[Point]) -> SnapPoints:
        """Return for each point (EPSG:4326) the places on the nearest usable edge and beside it.

        Raises
        ------
        NoSnap
            There is none within the limit; the error names the point.
        """
        usable = self.snapper.usable(prepared.metric, prepared.costs)
        return self.snapper.snap(points, usable, prepared.resolved.snap)

    def path(self, query: PathQuery, now: datetime) -> Path:
        """Return the best path.

        Raises
        ------
        BadParameter, NoSnap, Unreachable, LimitViolated
            Something named is unknown, or there is no such path; the error says why.
        """
        resolved = self._resolver.resolve(query, now)
        prepared = self._preparer.prepare(resolved)
        found = search(prepared)
        if found is None:
            raise explain(prepared)
        return found

    def find_path(self, query: PathQuery, now: datetime) -> Path | None:
        """Return the best path, None where there is none; nobody looks for the reasons.

        Raises
        ------
        BadParameter, NoSnap
            Something named is unknown.
        """
        return search(self._preparer.prepare(self._resolver.resolve(query, now)))

    def quick_path(self, query: PathQuery, now: datetime) -> Path | None:
        """Return the best path if it is found with what is there already, else None: ask `paths`.

        It makes no metric, looks for no reasons, waits for no lock: ask it between other requests.
        """
        with Held(self._lock, wait=False) as ours:
            if not (ours and query.plain and self._resolver.has_costs(query)):
                return None
            if self.graph.edges.kind.levelled:
                return None
            prepared = self._preparer.at_hand(self._resolver.resolve(query, now))
            return None if prepared is None else search_at_once(prepared)

    def paths(self, query: PathQuery, now: datetime) -> list[Path]:
        """Return the best path and up to `query.alternatives` other ones, best first.

        There are other ones between two places only. Of hours at which roads are banned those at
        departure hold throughout for them.
        """
        best = self.path(query, now)
        if not query.alternatives or len(query.waypoints) != 2:
            return [best]
        return find_others(self.prepared(query, now), best, query.alternatives)

    def departures(
        self,
        query: PathQuery,
        times: Sequence[datetime],
        now: datetime,
        progress: Callable[[float], None],
    ) -> list[Departure]:
        """Return the fastest way for each time of departure by the typical speeds of its hours.

        Raises
        ------
        BadParameter, NoSnap, Unreachable, LimitViolated
            Something named is unknown, or there is no way at any of the times.
        """
        return compare_departures(
            self.graph.edges, query, times, lambda q: self._resolver.resolve(q, now),
            lambda q: self.path(q, now), progress,
        )  # fmt: skip

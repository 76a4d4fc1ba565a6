"""From what a question comes to, to what is searched: a metric, and its places on the edges.

A metric of the profile alone serves all its vehicles: a path on it that refuses a vehicle nothing
is the best one. Only where it does refuse something, a metric is made for that vehicle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from routing.cch.engine import Metric
from routing.cost.profile import Costs
from routing.cost.vehicle import Vehicle
from routing.graph.graph import Graph
from routing.graph.weights import Bools, Floats, Ints
from routing.index.snap import SnapPoint, Usable
from routing.live.edge_states import EdgeStateView, LiveState
from routing.query import one_to_many
from routing.query.lru import Lru
from routing.query.measures import CM_PER_M, lengths_of, weighed_more
from routing.query.metric_cache import Blocked, Metrics, Plan, Stamp
from routing.query.model import Path, ResolvedQuery
from routing.query.one_to_many import Span
from routing.query.snapping import Snapper
from spatial.errors import NoSnap
from spatial.rules import Rules

KEPT = 96  # masks, a byte an edge, and plans with them
SnapPoints = list[list[SnapPoint]]
"""Of each place the points on edges that it may be at."""


class PreparedMetric(NamedTuple):
    """A metric for some conditions, and where their places lie on it.

    On an `exact` one everything that the conditions forbid is infinite; on another one a path may
    use what the vehicle or the conditions refuse. A metric follows the live state: hold
    `metric.lock` to read `version` and `view` together with answers of the metric.
    """

    metric: Metric
    graph: Graph
    resolved: ResolvedQuery
    places: SnapPoints
    exact: bool
    preparer: Preparer

    @property
    def plan(self) -> Plan:
        """What the metric of the profile alone is made from."""
        return self.resolved.base

    @property
    def costs(self) -> Costs:
        """What the profile makes of the edges."""
        return self.resolved.base.costs

    @property
    def vehicle(self) -> Vehicle:
        """The vehicle whose limits count."""
        return self.resolved.vehicle

    @property
    def blocked(self) -> Bools | None:
        """The edges that the vehicle or the conditions refuse, None where there are none."""
        blocked = self.preparer.whole(self.resolved).blocked
        return None if blocked is None else blocked.edges

    @property
    def version(self) -> int:
        """The network version that the metric shows."""
        return self.plan.version(self.metric.stamp)

    @property
    def view(self) -> EdgeStateView:
        """The closures and speeds that the metric shows."""
        stamp: Stamp = self.metric.stamp
        return stamp.view

    def durations(self, sources: SnapPoints, targets: SnapPoints) -> Floats:
        """Return the (sources, targets) driving times between places, in s; infinite is no way.

        They are those of the paths: what the profile weighs more is not in them.
        """
        extra = weighed_more(self.graph, self.costs)
        return one_to_many.durations(self.graph, self.metric, sources, targets, extra)

    def table(
        self, sources: SnapPoints, targets: SnapPoints, *, lengths: bool = False
    ) -> tuple[Floats, Floats | None, int]:
        """Return `durations` in one state of the network, and its version; others are let in.

        Between them are the lengths in m of the same drives, where they are asked for.
        """
        extra = weighed_more(self.graph, self.costs)
        length = lengths_of(self.graph) if lengths else None
        seconds, centimetres, stamp = one_to_many.table(
            self.graph, self.metric, sources, targets, extra=extra, length=length
        )
        metres = None if centimetres is None else centimetres / CM_PER_M
        return seconds, metres, self.plan.version(stamp)

    def span(self, spots: Sequence[SnapPoint], limit_s: float, *, backward: bool = False) -> Span:
        """Return what can be driven within a limit from any of the spots, or to any of them."""
        limit_ms = round(limit_s * one_to_many.MS_PER_S)
        return one_to_many.span(self.graph, self.metric, spots, limit_ms, backward=backward)

    def refuses(self, found: Path) -> bool:
        """Tell whether the vehicle or the conditions refuse one of the keys of a path."""
        return not self.exact and self.preparer.refuses(self.resolved, found.keys)

    def exactly(self) -> PreparedMetric:
        """Return the same places on a metric on which nothing forbidden can be driven."""
        return self if self.exact else self.preparer.exactly(self.resolved, self.places)

    def off_islands(self) -> PreparedMetric | None:
        """Return places on small islands moved to the main network, None where none moves."""
        moved = self.preparer.off_islands(self.resolved, self.places)
        return None if moved == self.places else self._replace(places=moved)

    def anew(self, resolved: ResolvedQuery) -> PreparedMetric:
        """Return the same places under other conditions."""
        return self.preparer.at(resolved, self.places)


class Preparer:
    """Makes metrics and finds places for what is searched; safe from any thread."""

    def __init__(
        self, graph: Graph, rules: Rules, live: LiveState, metrics: Metrics, snapper: Snapper
    ) -> None:
        self.graph, self.rules, self.live = graph, rules, live
        self.metrics = metrics
        self._snapper = snapper
        self._masks = Lru(KEPT)

    def prepare(self, resolved: ResolvedQuery) -> PreparedMetric:
        """Return a metric and the places of a query on it.

        All edges are tested only where one of those found is refused. Where limits depend on the
        level a place is on what lies nearest, whether it is open or not.

        Raises
        ------
        NoSnap
            There is no edge within the limit that may be used; the error names the point.
        """
        metric, exact = self._metric(resolved)
        usable = (
            self._snapper.usable(metric, resolved.base.costs)
            if exact
            else self._usable(resolved, metric)
        )
        places = self._snapper.snap(resolved.waypoints, usable, resolved.snap)
        if self.graph.edges.kind.levelled:
            return PreparedMetric(metric, self.graph, resolved, places, exact, self)
        if not (exact or self._knows_blocked(resolved)) and self._off(resolved, places):
            usable = self._usable(resolved, metric, strict=True)
            places = self._snapper.snap(resolved.waypoints, usable, resolved.snap)
        return PreparedMetric(metric, self.graph, resolved, places, exact, self)

    def at_hand(self, resolved: ResolvedQuery) -> PreparedMetric | None:
        """Return what `prepare` does where all is there already, else None."""
        if resolved.base.snapshot is not None or resolved.base.costs.bans.any:
            return None
        metric, exact = self._metric_at_hand(resolved)
        if metric is None:
            return None
        usable = (
            self._snapper.usable(metric, resolved.base.costs)
            if exact
            else self._usable(resolved, metric)
        )
        try:
            places = self._snapper.snap(resolved.waypoints, usable, resolved.snap)
        except NoSnap:
            return None
        if not (exact or self._knows_blocked(resolved)) and self._off(resolved, places):
            return None
        return PreparedMetric(metric, self.graph, resolved, places, exact, self)

    def exactly(self, resolved: ResolvedQuery, places: SnapPoints | None = None) -> PreparedMetric:
        """Return places on a metric on which nothing forbidden can be driven."""
        metric = self.metrics.get(self.whole(resolved))
        return PreparedMetric(metric, self.graph, resolved, places or [], True, self)

    def at(self, resolved: ResolvedQuery, places: SnapPoints) -> PreparedMetric:
        """Return a metric for a query whose places are known."""
        metric, exact = self._metric(resolved)
        return PreparedMetric(metric, self.graph, resolved, places, exact, self)

    def off_islands(self, resolved: ResolvedQuery, places: SnapPoints) -> SnapPoints:
        """Return places, those on small islands on the main network where it is near."""
        metric, exact = self._metric(resolved)
        usable = self._snapper.usable(metric, resolved.base.costs)
        if not exact:
            usable = self._usable(resolved, metric, strict=True)
        costs, snap = resolved.base.costs, resolved.snap
        return self._snapper.off_islands(resolved.waypoints, usable, costs, places, snap)

    def is_made(self, resolved: ResolvedQuery) -> bool:
        """Tell whether the metric on which nothing forbidden can be driven is there already."""
        return self._knows_blocked(resolved) and self.metrics.has(self.whole(resolved))

    def _metric(self, resolved: ResolvedQuery) -> tuple[Metric, bool]:
        """Return a metric, and whether it is exact; none is made for this vehicle only."""
        if resolved.free:
            return self.metrics.get(resolved.base), True
        exact = resolved.base.snapshot is not None or self.is_made(resolved)
        return self.metrics.get(self.whole(resolved) if exact else resolved.base), exact

    def _metric_at_hand(self, resolved: ResolvedQuery) -> tuple[Metric | None, bool]:
        """Return a metric that is there and current, if there is one, and whether it is exact."""
        if resolved.free:
            return self.metrics.current(resolved.base), True
        known = self._knows_blocked(resolved)
        metric = self.metrics.current(self.whole(resolved)) if known else None
        return (self.metrics.current(resolved.base), False) if metric is None else (metric, True)

    def _usable(self, resolved: ResolvedQuery, metric: Metric, *, strict: bool = False) -> Usable:
        """Return the edges that may be used, by the metric of the profile alone.

        Unless `strict`, some may be among them that the vehicle or the conditions refuse.
        """
        usable = self._snapper.usable(metric, resolved.base.costs)
        if self.graph.edges.kind.levelled:
            return usable
        blocked = self._blocked(resolved) if strict or self._knows_blocked(resolved) else None
        return usable if blocked is None else usable._replace(off=blocked.edges)

    # edges that are refused

    def _off(self, resolved: ResolvedQuery, places: SnapPoints) -> bool:
        """Tell whether one of the edges of places is refused in both directions."""
        keys = 2 * np.array([spot.edge for place in places for spot in place], np.int64)
        return bool((self._refused(resolved, keys) & self._refused(resolved, keys + 1)).any())

    def refuses(self, resolved: ResolvedQuery, keys: Ints) -> bool:
        """Tell whether the vehicle or the conditions refuse one of some keys."""
        return bool(self._refused(resolved, keys).any())

    def _refused(self, resolved: ResolvedQuery, keys: Ints) -> Bools:
        if self._knows_blocked(resolved):
            blocked = self._blocked(resolved)
            return np.zeros(len(keys), np.bool_) if blocked is None else blocked.keys[keys]
        refused = resolved.vehicle.refused(self.graph.edges, keys)
        return refused if resolved.avoided is None else refused | resolved.avoided[keys]

    def _knows_blocked(self, resolved: ResolvedQuery) -> bool:
        """Tell whether `_blocked` is known, or is worth knowing as others will ask for it too."""
        usual = resolved.avoided is None and not resolved.vehicle.given
        return usual or ("blocked", resolved.name) in self._masks

    def _blocked(self, resolved: ResolvedQuery) -> Blocked | None:
        """Return all keys that the vehicle or the conditions refuse, None where none is."""

        def make() -> Blocked | None:
            blocked = resolved.vehicle.all_refused(self.graph.edges)
            avoided = resolved.avoided
            return Blocked.of(blocked if avoided is None else blocked | avoided)

        return self._masks.get(("blocked", resolved.name), make)

    def whole(self, resolved: ResolvedQuery) -> Plan:
        """Return the plan of the metric on which nothing forbidden can be driven."""
        base = resolved.base
        if resolved.free:
            return base
        if base.snapshot is not None:
            return replace(base, blocked=self._blocked(resolved))
        named = "whole", base.name, resolved.name
        return self._masks.get(named, lambda: replace(base, blocked=self._blocked(resolved)))

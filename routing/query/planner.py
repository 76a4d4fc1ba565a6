"""From what is asked to what is searched: costs of a profile, vehicle, edges to keep off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from routing.cost.profile import Costs, Profile, compile_costs, loaded_as
from routing.cost.rule_models import PREFER
from routing.cost.vehicle import Vehicle
from routing.graph.graph import Graph
from routing.graph.weights import Bools, Ints
from routing.live.edge_states import Snapshot
from routing.query.lru import Lru
from routing.query.metric_cache import Blocked, Plan
from routing.query.model import Conditions, ResolvedQuery
from routing.query.snapping import Snapper
from spatial.errors import BadParameter
from spatial.rules import Rules, get_rule

KEPT = 96  # masks, a byte an edge, and plans with them
VEHICLES = 1000


class Resolver:
    """Looks conditions up and remembers what it found; safe from any thread."""

    def __init__(
        self, graph: Graph, rules: Rules, profiles: Mapping[str, Profile], places: Snapper
    ) -> None:
        self._graph = graph
        self._rules = rules
        self._profiles = dict(profiles)
        self._snapper = places
        self._costs: dict[str, Costs] = {}
        self._memo = Lru(KEPT)
        self._vehicles = Lru(VEHICLES)

    @property
    def profiles(self) -> Mapping[str, Profile]:
        """The profiles by id."""
        return self._profiles

    def costs(self, profile: str) -> Costs:
        """Return what a profile makes of the edges.

        Raises
        ------
        BadParameter
            There is no such profile.
        """
        if profile not in self._costs:
            loaded_as(self._profiles, profile, None)
            made = compile_costs(self._profiles[profile], self._graph.edges, self._rules)
            self._costs[profile] = made
        return self._costs[profile]

    def take_over(self, other: Resolver) -> set[str]:
        """Take the costs of another one that are the same here; return their profiles."""
        for name, costs in list(other._costs.items()):
            mine, its = self._profiles.get(name), other._profiles[name]
            if mine == its and all(self._same(other, key) for key in its.cost_rules):
                self._costs[name] = costs
        return set(self._costs)

    def _same(self, other: Resolver, key: str) -> bool:
        mine, its = self._rules.get(key), other._rules.get(key)
        return mine is its or (mine is not None and its is not None and mine.stamp == its.stamp)

    def has_costs(self, asked: Conditions) -> bool:
        """Tell whether what the profile makes of the edges is there already."""
        return loaded_as(self._profiles, asked.profile, asked.hazmat) in self._costs

    def resolved(self, asked: Conditions, snapshot: Snapshot | None, at: datetime) -> ResolvedQuery:
        """Return the task that some conditions come to in a state, None being that of now.

        Raises
        ------
        BadParameter
            The profile or an edge to avoid is unknown.
        """
        plan, vehicle, name = self._vehicle(asked)
        if asked.prefer_classes:
            plan = self._preferring(plan, sorted(set(asked.prefer_classes)))
        if snapshot is not None:
            plan = replace(plan, snapshot=snapshot)
        avoided, avoidance = self._avoided(asked)
        return ResolvedQuery(plan, vehicle, avoided, name + avoidance, at)

    def recent(self) -> list[Conditions]:
        """Return the vehicles that were asked for, the latest first."""
        return [
            Conditions(profile, sizes=dict(sizes), hazmat=hazmat, unknown_limits=unknown)
            for profile, hazmat, unknown, sizes in self._vehicles.names()
        ]

    def _vehicle(self, asked: Conditions) -> tuple[Plan, Vehicle, str]:
        """Return the plan of the profile whose rules hold, the vehicle, and what it is called."""
        sizes = tuple(sorted(asked.sizes.items())) if asked.sizes else ()
        named = asked.profile, asked.hazmat, asked.unknown_limits, sizes

        def make() -> tuple[Plan, Vehicle, str]:
            profile = loaded_as(self._profiles, asked.profile, asked.hazmat)
            own = self._profiles[asked.profile]
            unknown, cargo = asked.unknown_limits, asked.hazmat
            vehicle = Vehicle.of(own, self._rules, asked.sizes, unknown, cargo)
            return Plan(profile, self.costs(profile)), vehicle, f"{named}"

        return self._vehicles.get(named, make)

    def _preferring(self, plan: Plan, classes: Sequence[str]) -> Plan:
        """Return a plan in which all other classes weigh more."""
        costs, name = plan.costs, f"{plan.name} {classes}"

        def make() -> Plan:
            factor = get_rule(self._rules, PREFER).value.factor
            preferred = self._graph.edges.edge_class.mask(classes)
            weighed = np.where(preferred, costs.factor, costs.factor * factor)
            return Plan(name, replace(costs, factor=weighed))

        return self._memo.get(("preferring", name), make)

    # edges to keep off

    def _avoided(self, asked: Conditions) -> tuple[Bools | None, str]:
        """Return the edges to keep off, and what the set is called."""
        if not (asked.avoid_edges or asked.avoid_classes or asked.avoid_polygons):
            return None, ""
        polygons = [polygon.wkb_hex for polygon in asked.avoid_polygons]
        ids = [row_id.hex for row_id in asked.avoid_edges]
        name = f" {sorted(ids)} {sorted(asked.avoid_classes)} {sorted(polygons)}"
        return self._memo.get(("avoided", name), lambda: self._avoid(asked)), name

    def _avoid(self, asked: Conditions) -> Bools:
        avoided = self._graph.edges.edge_class.mask(asked.avoid_classes)
        for row_id in asked.avoid_edges:
            edge = self._graph.ids.find(row_id)
            if edge is None:
                raise BadParameter(f"No edge {row_id}", f"没有路段 {row_id}")
            avoided[edge] = True
        for polygon in asked.avoid_polygons:
            avoided[self._snapper.inside(polygon)] = True
        return avoided

    def refused(self, resolved: ResolvedQuery, edges: Ints) -> Bools:
        """Return which of some edges the vehicle or the task refuses."""
        if self.knows_blocked(resolved):
            blocked = self.blocked(resolved)
            return np.zeros(len(edges), np.bool_) if blocked is None else blocked.edges[edges]
        refused = resolved.vehicle.refused(self._graph.edges, edges)
        return refused if resolved.avoided is None else refused | resolved.avoided[edges]

    def knows_blocked(self, resolved: ResolvedQuery) -> bool:
        """Tell whether `blocked` is known, or is worth knowing as others will ask for it too."""
        usual = resolved.avoided is None and not resolved.vehicle.given
        return usual or ("blocked", resolved.name) in self._memo

    def blocked(self, resolved: ResolvedQuery) -> Blocked | None:
        """Return all edges that the vehicle or the task refuses, None where there are none."""

        def make() -> Blocked | None:
            blocked = resolved.vehicle.refused(self._graph.edges, slice(None))
            return Blocked.of(blocked if resolved.avoided is None else blocked | resolved.avoided)

        return self._memo.get(("blocked", resolved.name), make)

    def whole(self, resolved: ResolvedQuery) -> Plan:
        """Return the plan of the metric on which nothing forbidden can be driven."""
        base = resolved.base
        if resolved.free:
            return base
        if base.snapshot is not None:
            return replace(base, blocked=self.blocked(resolved))
        named = "whole", base.name, resolved.name
        return self._memo.get(named, lambda: replace(base, blocked=self.blocked(resolved)))

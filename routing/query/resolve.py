"""From what is asked to what it comes to: costs of a profile, a vehicle, edges to keep off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from threading import RLock

import numpy as np

from routing.cost.conditional import ConditionalLimits, LimitSource, MakeLimits
from routing.cost.limit_hours import broken_at_hours, name_of, with_limits, with_weeks
from routing.cost.network_rules import rules_of
from routing.cost.profile import Costs, Profile, compile_costs, loaded_as
from routing.cost.speed_profiles import MeasuredWeek, TypicalSpeeds, hour_of_week
from routing.cost.time_bans import Bans
from routing.cost.vehicle import Vehicle
from routing.cost.zones import Riding, list_zones
from routing.graph.graph import Graph
from routing.graph.weights import Bools
from routing.live.edge_states import EdgeStateView, LiveState, Snapshot
from routing.query.approach import AS_THE_RULE_SAYS, SnapOptions
from routing.query.lru import Lru
from routing.query.metric_cache import Plan
from routing.query.model import Conditions, Feature, PathQuery, ResolvedQuery, TypicalDrive
from routing.query.snapping import Snapper
from spatial.errors import BadParameter
from spatial.rules import Rules, get_rule

KEPT = 96  # masks, a byte an edge
KEPT_HOURS = 24  # views of edge states by hour
VEHICLES = 1000


class Resolver:
    """Looks conditions up and remembers what it found; safe from any thread."""

    def __init__(
        self,
        graph: Graph,
        rules: Rules,
        profiles: Mapping[str, Profile],
        snapper: Snapper,
        live: LiveState,
        lock: RLock,
        limits: LimitSource,
    ) -> None:
        self._graph = graph
        self._rules = rules
        self._source = limits
        self._limits: tuple[MakeLimits, ConditionalLimits] | None = None
        self.profiles = dict(profiles)
        self._snapper = snapper
        self._live = live
        self._lock = lock  # guards the live state
        self.measured_weeks: Sequence[MeasuredWeek] = ()
        self._costs: dict[str, Costs] = {}
        self._masks = Lru(KEPT)
        self._hours = Lru(KEPT_HOURS)
        self._vehicles = Lru(VEHICLES)

    def resolve(self, asked: Conditions, now: datetime) -> ResolvedQuery:
        """Return what some conditions come to as of now.

        Raises
        ------
        BadParameter
            The profile, a class, or an edge to avoid is unknown.
        """
        if asked.avoid_classes or asked.prefer_classes:
            self._check_classes([*asked.avoid_classes, *asked.prefer_classes])
        points, snap = _places(asked)
        named = (asked.profile, asked.hazmat, asked.unknown_limits, asked.occupants,
                 asked.emission_stage, _sorted(asked.sizes))  # fmt: skip
        at, typical = asked.depart_at or now, None
        state = self._state(asked, now) if asked.as_of is None else asked.as_of
        if asked.typical:
            view = self._live.now if state is None else state.view
            typical = TypicalDrive(view, self.week)
            state = self._at_hour(state, view, at)
        plan, vehicle, name = self._vehicles.get(named, lambda: self._vehicle(asked, f"{named}"))
        if self._graph.edges.kind.levelled:
            plan, vehicle, name = self._conditioned(asked, plan, vehicle, name, at)
        avoided = None
        if (asked.avoid_edges or asked.avoid_classes or asked.avoid_polygons
                or asked.avoid_features):  # fmt: skip
            avoided, avoidance = self._avoided(asked)
            name += avoidance
        if plan.costs.speed_hours.weeks:
            plan = self._slowing(plan, plan.costs.speed_hours.at(at))
        if plan.costs.turn_hours.weeks:
            plan = plan.shutting_turns(plan.costs.turn_hours.at(at))
        if asked.prefer_classes:
            plan = self._preferring(plan, sorted(set(asked.prefer_classes)))
        if vehicle.zones or self._graph.edges.timed_limits:
            plan = self._with_hours(plan, vehicle)
        if state is not None:
            plan = replace(plan, snapshot=state)
        return ResolvedQuery(plan, vehicle, avoided, name, at, points, typical, snap)

    # profiles and vehicles

    def costs(self, profile: str) -> Costs:
        """Return what a profile makes of the edges.

        Raises
        ------
        BadParameter
            There is no such profile.
        """
        if profile not in self._costs:
            loaded_as(self.profiles, profile, None)
            made = compile_costs(self.profiles[profile], self._graph, self._rules)
            self._costs[profile] = made
        return self._costs[profile]

    def has_costs(self, asked: Conditions) -> bool:
        """Tell whether what the profile makes of the edges is there already."""
        if asked.hazmat:
            return loaded_as(self.profiles, asked.profile, asked.hazmat) in self._costs
        return asked.profile in self._costs

    def take_over(self, other: Resolver) -> set[str]:
        """Take the costs of another one that are the same here; return their profiles."""
        self.measured_weeks = other.measured_weeks
        for name, costs in list(other._costs.items()):
            mine, its = self.profiles.get(name), other.profiles[name]
            named = rules_of(self._graph.edges.kind)
            keys = (*its.cost_rules, named.u_turn.key, named.turn_cost.key, named.snap.key,
                    named.contraflow.key)  # fmt: skip
            if mine == its and all(self._same(other, key) for key in keys):
                self._costs[name] = costs
        return set(self._costs)

    def _same(self, other: Resolver, key: str) -> bool:
        mine, its = self._rules.get(key), other._rules.get(key)
        return mine is its or (mine is not None and its is not None and mine.stamp == its.stamp)

    def recent(self) -> list[Conditions]:
        """Return the vehicles that were asked for, the latest first."""
        return [
            Conditions(
                profile,
                sizes=dict(sizes),
                hazmat=hazmat,
                unknown_limits=unknown,
                occupants=occupants,
                emission_stage=stage,
            )
            for profile, hazmat, unknown, occupants, stage, sizes in self._vehicles.names()
        ]

    def _vehicle(self, asked: Conditions, name: str) -> tuple[Plan, Vehicle, str]:
        """Return the plan of the profile whose rules hold, the vehicle, and what it is called."""
        profile = loaded_as(self.profiles, asked.profile, asked.hazmat)
        own = self.profiles[asked.profile]
        unknown, cargo, kind = asked.unknown_limits, asked.hazmat, self._graph.edges.kind
        vehicle = Vehicle.of(own, kind, self._rules, asked.sizes, unknown, cargo)
        riding = Riding(own.id, own.access, asked.occupants, asked.emission_stage)
        zones = list_zones(self._graph.edges, self._rules, riding, self._snapper.inside)
        vehicle = replace(vehicle, zones=zones) if zones else vehicle
        return Plan(profile, self.costs(profile)), vehicle, name

    def _with_hours(self, plan: Plan, vehicle: Vehicle) -> Plan:
        """Return a plan with the bans of limits and zones that refuse a vehicle at some hours."""
        edges, bans = self._graph.edges, plan.costs.bans
        weeks = broken_at_hours(edges, vehicle) if edges.timed_limits and vehicle.tested else {}
        zones = [zone for zone in vehicle.zones if zone.week is not None]
        if not weeks and not zones:
            return plan

        def make() -> Bans:
            made = with_limits(bans, edges, weeks) if weeks else bans
            for zone in zones:
                row = np.repeat(zone.edges.astype(np.int64), 2)
                made = with_weeks(made, row, [np.asarray(zone.week)])
            return made

        told = tuple((zone.needed, str(zone.rule and zone.rule.stamp)) for zone in zones)
        named = "limits at hours", plan.costs.profile.id, name_of(weeks), told
        return replace(plan, costs=replace(plan.costs, bans=self._masks.get(named, make)))

    @property
    def limits(self) -> ConditionalLimits:
        """The limits that hold by the levels of a time, as they are known now.

        Raises
        ------
        SetupError
            They were not read.
        """
        make, made = self._source.make, self._limits
        if made is None or made[0] is not make:
            made = self._limits = make, make(self._graph, self._rules)
        return made[1]

    def _conditioned(
        self, asked: Conditions, plan: Plan, vehicle: Vehicle, name: str, at: datetime
    ) -> tuple[Plan, Vehicle, str]:
        """Return plan, vehicle and name of one that leaves at a time; what is not known refuses."""
        wary = replace(vehicle, unknown=asked.unknown_limits or "refuse")
        limits = asked.limits or self.limits
        found = limits.condition(wary, plan.costs.bans, at)
        costs, called = replace(plan.costs, bans=found.bans), plan.name
        if asked.waits is not None:
            costs = replace(costs, waits=costs.waits.and_at(asked.waits))
            called = f"{called} waits {asked.waits.name}"
        return replace(plan, name=called, costs=costs), found.vehicle, name + found.name

    def _slowing(self, plan: Plan, holding: frozenset[str]) -> Plan:
        """Return a plan on which the speeds of some conditions hold."""
        if holding == plan.costs.speed_hours.holding:
            return plan
        named = "speeds", plan.name, holding
        return self._masks.get(named, lambda: plan.slowing(holding))

    def _preferring(self, plan: Plan, classes: Sequence[str]) -> Plan:
        """Return a plan in which all other classes weigh more."""
        costs, name = plan.costs, f"{plan.name} {classes}"

        def make() -> Plan:
            prefer = rules_of(self._graph.edges.kind).prefer
            factor = get_rule(self._rules, prefer).value.factor
            preferred = self._graph.edges.edge_class.mask(classes)
            weighed = np.where(preferred, costs.factor, costs.factor * factor)
            return Plan(name, replace(costs, factor=weighed))

        return self._masks.get(("preferring", name), make)

    # edges to keep off

    def _check_classes(self, named: Sequence[str]) -> None:
        known = self._graph.edges.kind.class_names
        for name in named:
            if name not in known and name not in self._graph.edges.edge_class.values:
                raise BadParameter(
                    f"Unknown class {name!r}; there are: {', '.join(known)}",
                    f"未知道路等级 {name!r}；可用：{', '.join(known)}",
                )

    def _avoided(self, asked: Conditions) -> tuple[Bools, str]:
        """Return the keys (a mask) to keep off, and what the set is called."""
        polygons = [polygon.wkb_hex for polygon in asked.avoid_polygons]
        ids = [row_id.hex for row_id in asked.avoid_edges]
        features = [
            f"{feature} {asked.profile} {asked.hazmat}" for feature in sorted(asked.avoid_features)
        ]
        name = f" {sorted(ids)} {sorted(asked.avoid_classes)} {sorted(polygons)} {features}"
        return self._masks.get(("avoided", name), lambda: self._avoid(asked)), name

    def _avoid(self, asked: Conditions) -> Bools:
        avoided = self._graph.edges.edge_class.mask(asked.avoid_classes)
        for feature in asked.avoid_features:
            avoided |= self._with_feature(asked, feature)
        for row_id in asked.avoid_edges:
            edge = self._graph.ids.find(row_id)
            if edge is None:
                raise BadParameter(f"No edge {row_id}", f"没有路段 {row_id}")
            avoided[edge] = True
        for polygon in asked.avoid_polygons:
            avoided[self._snapper.inside(polygon)] = True
        return np.repeat(avoided, 2)

    def _with_feature(self, asked: Conditions, feature: Feature) -> Bools:
        """Return the edges (a mask) that a feature is told of; those that say nothing lack it."""
        edges = self._graph.edges
        if feature == "toll":
            tolls = self.costs(loaded_as(self.profiles, asked.profile, asked.hazmat)).tolls
            return np.asarray(edges.toll == 1 if tolls is None else tolls.tolled)
        if feature == "ferry":
            return edges.mode.mask(["ferry"]) | edges.edge_class.mask(["ferry"])
        return edges.structure.mask([feature])

    # the state of the edges

    @property
    def week(self) -> TypicalSpeeds:
        """The typical speeds by hour of the week."""

        def make() -> TypicalSpeeds:
            return TypicalSpeeds.of(self._graph.edges, self._rules, self.measured_weeks)

        return self._hours.get("typical speeds", make)

    def _state(self, asked: Conditions, now: datetime) -> Snapshot | None:
        """Return the state that is expected at another time, None for that of now."""
        with self._lock:
            self._live.advance(now)
            view = self._live.at(asked.depart_at, now) if asked.depart_at else None
            return None if view is None else Snapshot(view, self._live.version)

    def _at_hour(self, state: Snapshot | None, view: EdgeStateView, at: datetime) -> Snapshot:
        """Return a state in which nobody is faster than is typical at the hour of a time."""
        name = f"typical {hour_of_week(at)} {view.token.hex()}"
        slowed = self._hours.get(name, lambda: view.slowed(slice(None), self.week.at(at)))
        return Snapshot(slowed, self._live.version if state is None else state.version)


def _sorted(sizes: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(sizes.items())) if sizes else ()


def _places(asked: Conditions) -> tuple[Sequence[tuple[float, float]], SnapOptions]:
    points, approaches = (
        (asked.waypoints, asked.approaches) if isinstance(asked, PathQuery) else ((), ())
    )
    usual = asked.snap_radius_m is None and not approaches
    return points, AS_THE_RULE_SAYS if usual else SnapOptions(asked.snap_radius_m, approaches)

"""Why there is no path: the errors that name what stands in the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypedDict

import numpy as np
from pydantic import BaseModel

from routing.cch.engine import Metric
from routing.cost.network_rules import rules_of
from routing.cost.vehicle import Vehicle
from routing.cost.weekly_hours import DAYS, ZONE
from routing.cost.zones import ZONES
from routing.graph.graph import Edges, Graph
from routing.graph.weights import INFINITE, Bools, Ints, Weights
from routing.index.snap import SnapPoint
from routing.live.edge_states import LiveState
from routing.query.approach import Approach
from routing.query.driven_leg import Leg
from routing.query.leg import whole_line
from routing.query.model import Path
from routing.query.relaxation import Relaxed, relaxations
from spatial.errors import LimitViolated, NoSnap, Unreachable
from spatial.json_types import Document, Shown
from spatial.networks.model import NetworkKind
from spatial.rules import Rule, Rules, find_rule

NAMED = 20  # blocking edges listed at most
Refusal = LimitViolated | Unreachable
"""Why there is no path between places that lie on the network."""


def no_snap(number: int, max_m: float, nearest: Sequence[SnapPoint], kind: NetworkKind) -> NoSnap:
    """Return the error for a waypoint without usable network nearby."""
    if nearest:
        far = round(nearest[0].distance_m)
        return NoSnap(
            f"Waypoint {number}: the network {far} m away is closed to this vehicle",
            f"第 {number + 1} 个点：{far} 米处的路段该车不可通行",
            mend_en="Move the point, change the vehicle or wait for the closure to end.",
            mend_zh="请移动该点、更换车型，或等待封闭解除。",
            waypoint=number,
            nearest_m=far,
        )
    return NoSnap(
        f"Waypoint {number}: no {kind.en} within {max_m:.0f} m",
        f"第 {number + 1} 个点：{max_m:.0f} 米内无{kind.zh}",
        mend_en=f"Move the point closer to a {kind.en}.",
        mend_zh=f"请将该点移近{kind.zh}。",
        waypoint=number,
        max_snap_m=max_m,
    )


def none_heading_so(number: int, approach: Approach, far_m: float, kind: NetworkKind) -> NoSnap:
    """Return the error for a waypoint beside which no edge is driven in the direction asked for."""
    heading = approach.heading or 0.0
    return NoSnap(
        f"Waypoint {number}: no {kind.en} near it is driven towards {heading:g}°"
        f" ± {approach.tolerance:g}°, nor within {far_m:g} m of the nearest one",
        f"第 {number + 1} 个点：附近没有沿 {heading:g}° ± {approach.tolerance:g}° 方向行驶的"
        f"{kind.zh}（已查至最近一条之外 {far_m:g} 米）",
        mend_en="Turn the heading round, widen heading_tolerance, or leave the heading out.",
        mend_zh="请核对方向，加大 heading_tolerance，或不给出 heading。",
        waypoint=number,
        heading=heading,
    )


@dataclass(frozen=True)
class Obstacle:
    """What keeps a vehicle that leaves at a time, and avoids some edges, from its way."""

    graph: Graph
    rules: Rules
    vehicle: Vehicle
    at: datetime
    avoided: Bools | None

    def error(
        self,
        metric: Metric,
        found: Path,
        spots: Sequence[list[SnapPoint]],
        later: tuple[datetime, Path] | None,
    ) -> Refusal:
        """Return the error that names what blocks, and what must give for the vehicle to pass.

        `found` is the path that an unlimited vehicle would take between the spots, `metric` that
        of the profile without limits, `later` the path that is open to this one at another time.
        """
        edges = self.graph.edges
        blocking = list_blocking(edges, self.rules, self.vehicle, found.keys)
        blocking += _banned(edges, self.rules, self.vehicle, found, self.at)
        if blocking:
            waits = [] if later is None else [self._waiting(*later)]
            ways = waits + self._ways(metric, found, spots)
            return _violated(self.vehicle, blocking, ways, later and later[0])
        return Unreachable(
            "Everything that leads there is to be avoided",
            "避让条件排除了所有可达路线",
            mend_en="Avoid less.",
            mend_zh="请减少避让条件。",
        )

    def _waiting(self, depart: datetime, found: Path) -> Document:
        """Write down the path that a later departure opens."""
        until = depart.isoformat(timespec="minutes")
        give = {"limit": "hours", "from": self.at.isoformat(timespec="minutes"), "to": until}
        return {"edges": [], "places": 0, "give": [give], **_drive(self.graph, found)}

    def _ways(
        self, metric: Metric, found: Path, spots: Sequence[list[SnapPoint]]
    ) -> list[Document]:
        """Return what must give, written down; avoided and banned edges do not give."""
        rule = find_rule(self.rules, rules_of(self.graph.edges.kind).relax)
        if rule is None:
            return []
        graph, hard = self.graph, found.costs.bans.at(self.at)
        hard = hard if self.avoided is None else hard | self.avoided
        shut = hard[graph.arcs.key]

        def kept(weights: Weights) -> Weights:
            return np.where(shut, INFINITE, weights).astype(np.uint32)

        with metric.lock:
            weights, at_ends = kept(metric.weights), metric.at_ends
        at_ends = at_ends and at_ends._replace(weights=kept(at_ends.weights))
        blocked = self.vehicle.all_refused(graph.edges)
        limits = rule.value.hours_per_place, rule.value.sets
        ways = relaxations(
            graph, metric.topology, weights, at_ends, metric.fixed, blocked, spots, *limits
        )
        return [_described(graph, self.rules, self.vehicle, found, way) for way in ways]


def _violated(
    vehicle: Vehicle,
    blocking: list[Blocking],
    ways: list[Document],
    later: datetime | None,
) -> LimitViolated:
    first, rule = blocking[0], vehicle.rule
    doubted = [row for row in blocking if row["limit"] == "unknown"]
    if len(doubted) == len(blocking):
        return _unchecked(vehicle, doubted, ways)
    hour_en = f"Leave at {later:%H:%M} or later, use" if later else "Use"
    hour_zh = f"请在{later:%H:%M}以后出发，或" if later else "请"
    if first["limit"] in ZONES:
        hour_en, hour_zh = (
            f"State {ZONES[first['limit']]} under vehicle, use",
            "请申报乘员数或排放阶段，或",
        )
    first_en, first_zh = _broken(first)
    return LimitViolated(
        f"Every path breaks a limit of the vehicle, first {first_en}",
        f"所有路线均超出限制，首个为{first_zh}",
        mend_en=f"{hour_en} a smaller vehicle, or apply for a permit for the named edges.",
        mend_zh=f"{hour_zh}换用较小车辆，或为所列路段申请通行许可。",
        edges=blocking[:NAMED],
        blocking_count=len(blocking),
        vehicle={**vehicle.described, **({"hazmat": vehicle.cargo} if vehicle.cargo else {})},
        rule=_named(rule) if rule else None,
        relaxations=ways,
        structures_to_check=doubted[:NAMED],
    )


def _broken(row: Blocking) -> tuple[str, str]:
    """Return in English and Chinese which limit is broken, and by what."""
    value, given = row["value"], row["vehicle"]
    if not isinstance(value, list):
        en, zh = ("what is not told", "未申报") if given is None else (given, given)
        return f"{row['limit']} {value} against {en}", f" {row['limit']} {value}（车辆 {zh}）"
    hours, at = ", ".join(map(str, value)), datetime.fromisoformat(str(given)).astimezone(ZONE)
    entered = f"{DAYS[at.weekday()]} {at:%H:%M}"
    return f"closed {hours}, asked for {entered}", f"禁行时段 {hours}（查询时间 {entered}）"


def _unchecked(vehicle: Vehicle, doubted: list[Blocking], ways: list[Document]) -> LimitViolated:
    """Return the error for a vehicle that is too large, or carries too much, to take a chance."""
    count = len(doubted)
    return LimitViolated(
        f"Limits that matter to the vehicle are not known of {count} roads on its way",
        f"途经 {count} 个路段的限制未知，该车须先核实",
        mend_en='Check the structures named; then ask with "unknown_limits": "allow".',
        mend_zh='请先核实所列桥隧，再以 "unknown_limits": "allow" 查询。',
        edges=doubted[:NAMED],
        blocking_count=count,
        vehicle={**vehicle.described, **({"hazmat": vehicle.cargo} if vehicle.cargo else {})},
        rule=_named(vehicle.rule) if vehicle.rule else None,
        relaxations=ways,
        structures_to_check=doubted[:NAMED],
    )


class About(TypedDict):
    """What is told of an edge."""

    ref: str | None
    structure: str | None
    name: dict[str, str | None]
    source: str | None
    origin: str | None


class Checked(About):
    """An edge whose limits should be checked."""

    edge: str


class Law(TypedDict):
    """Which law says so."""

    legal_text: str | None
    law: str | None
    rule_version: str | None


class Blocking(About, Law):
    """An edge that stops a vehicle, with one limit that it breaks."""

    edge: str
    limit: str
    value: Shown
    vehicle: Shown


def list_blocking(edges: Edges, rules: Rules, vehicle: Vehicle, keys: Ints) -> list[Blocking]:
    """List the edges of a path that stop a vehicle, each with every limit that it breaks."""
    chosen = keys >> 1
    broken, doubted = vehicle.broken(edges, keys), vehicle.doubted(edges, chosen)
    shut = vehicle.shut_out(edges, chosen)
    kinds = rules_of(edges.kind)
    law, goods = _law(rules.get(kinds.limit_law.key)), _law(rules.get(kinds.hazmat_law.key))
    found: list[Blocking] = []

    def note(edge: int, limit: str, value: Shown, given: Shown, under: Law) -> None:
        about, own = _about(edges, edge), str(edges.row_id(edge))
        found.append(
            {**about, **under, "edge": own, "limit": limit, "value": value, "vehicle": given}
        )

    for position, (key, edge) in enumerate(zip(keys.tolist(), chosen.tolist(), strict=True)):
        for column in np.flatnonzero(broken[position]).tolist():
            value, size = vehicle.limit(edges, key, column), vehicle.sizes[column]
            note(edge, edges.kind.columns[column], value, size, law)
        if shut[position]:
            note(edge, "hazmat", edges.hazmat.get(edge), vehicle.cargo, goods)
        for zone in vehicle.zones:
            if zone.week is None and zone.edges[edge]:
                note(edge, zone.limit, zone.needed, zone.given, _law(zone.rule))
        if doubted[position] and not broken[position].any():
            note(edge, "unknown", None, vehicle.tested, _law(None))
    return found


def list_to_check(edges: Edges, vehicle: Vehicle, driven: Ints) -> list[Checked]:
    """List the bridges and tunnels on a path whose limits should be checked, each edge once.

    A vehicle of which no dimension is tested has nothing to check.
    """
    if not vehicle.tested:
        return []
    found = driven[vehicle.to_check(edges, driven)].tolist()
    return [{"edge": str(edges.row_id(e)), **_about(edges, e)} for e in dict.fromkeys(found)]


def first_unsure(edges: Edges, found: Path) -> tuple[Checked, float, tuple[float, float]] | None:
    """Return the first edge of a path of which a limit that matters to the vehicle is not known.

    With it come the metres driven before it, and where that is (EPSG:4326). None where there is
    none, or where no dimension of the vehicle is tested.
    """
    if not found.vehicle.tested:
        return None
    metres = 0.0
    for leg in found.legs:
        part = leg.stop - leg.start
        unsure = found.vehicle.unsure(edges, leg.edges) & (part > 0)
        driven = edges.length_m[leg.edges] * part
        if unsure.any():
            at = int(unsure.argmax())
            key = int(leg.keys[at])
            ends = edges.vertices(key >> 1)[:: -1 if key & 1 else 1]
            begins = leg.start[at] == 0
            lon, lat = ends[0].tolist() if begins else (leg.source.lon, leg.source.lat)
            about: Checked = {"edge": str(edges.row_id(key >> 1)), **_about(edges, key >> 1)}
            return about, metres + float(driven[:at].sum()), (lon, lat)
        metres += float(driven.sum())
    return None


def _banned(
    edges: Edges, rules: Rules, vehicle: Vehicle, found: Path, at: datetime
) -> list[Blocking]:
    """List the edges of a path that are entered at a banned hour."""
    bans = found.costs.bans
    usual = rules.get(found.costs.profile.bans or "")

    def rule(edge: int) -> Rule[BaseModel] | None:
        zones = [z.rule for z in vehicle.zones if z.week is not None and z.edges[edge]]
        return zones[0] if zones else usual

    return [
        {
            "edge": str(edges.row_id(key >> 1)),
            **_about(edges, key >> 1),
            "limit": "hours",
            "value": bans.hours(key),
            "vehicle": at.isoformat(),
            **_law(rule(key >> 1)),
        }
        for key in found.banned_keys(at).tolist()
    ]


def _named(rule: Rule[BaseModel]) -> dict[str, str | None]:
    about = {"source": rule.source, "legal_text": rule.legal_text}
    return {"key": rule.key, "version": rule.version, **about}


def _law(rule: Rule[BaseModel] | None) -> Law:
    return {
        "legal_text": rule.legal_text if rule else None,
        "law": rule.source if rule else None,
        "rule_version": f"{rule.key}@{rule.version}" if rule else None,
    }


def _described(graph: Graph, rules: Rules, vehicle: Vehicle, found: Path, way: Relaxed) -> Document:
    passed = replace(found, legs=way.legs)
    waived = np.array([key for place in way.places for key in place], np.int64)
    blocking = list_blocking(graph.edges, rules, vehicle, waived)
    return {
        "edges": blocking[:NAMED],
        "places": len(way.places),
        "give": _give(blocking),
        **_drive(graph, passed),
    }


def _drive(graph: Graph, found: Path) -> Document:
    length, duration = found.sums()
    return {
        "length_m": round(length, 1),
        "duration_s": round(duration / 1000, 1),
        "geometry": {"type": "LineString", "coordinates": whole_line(graph, found.legs).tolist()},
    }


def _give(blocking: Sequence[Blocking]) -> list[Document]:
    """Return how far each limit would have to move: from its lowest value to the vehicle's."""
    give: dict[str, Document] = {}
    lowest: dict[str, float] = {}
    for row in blocking:
        limit, value = row["limit"], row["value"]
        known = give.setdefault(limit, {"limit": limit, "from": value, "to": row["vehicle"]})
        if isinstance(value, float):
            known["from"] = lowest[limit] = min(lowest.get(limit, value), value)
    return list(give.values())


def _about(edges: Edges, edge: int) -> About:
    return {
        "ref": edges.ref.get(edge),
        "structure": edges.structure.get(edge),
        "name": {"zh": edges.name_zh.get(edge), "en": edges.name_en.get(edge)},
        "source": edges.source.get(edge),
        "origin": edges.origin.get(edge),
    }


def unreachable(edges: Edges, live: LiveState, legs: Sequence[Leg], at: datetime) -> Unreachable:
    """Return the error for a place cut off by closures, or by land; `legs` ignore closures."""
    closed = []
    for edge in {int(e): None for leg in legs for e in leg.edges}:
        for state in live.reasons(edge, at):
            until = state.until.isoformat() if state.until else None
            closed.append({"edge": str(edges.row_id(edge)), "event": state.event, "until": until})
    if closed:
        return Unreachable(
            "Closures cut every path",
            "封闭切断了所有路线",
            mend_en="Wait for a closure to end, or depart later (depart_at).",
            mend_zh="请等待封闭解除，或推迟出发（depart_at）。",
            closures=closed[:NAMED],
        )
    return Unreachable(
        f"No {edges.kind.en} leads from one waypoint to the next",
        f"两点之间没有{edges.kind.zh}相连",
        mend_en="Choose points on one connected network; islands may be reached otherwise only.",
        mend_zh="请选择同一连通路网上的点；部分岛屿只能以其他方式到达。",
    )

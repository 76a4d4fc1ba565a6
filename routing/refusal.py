"""Why there is no path: the errors that name what stands in the way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from routing.graph import LIMITS, Edges
from routing.legs import Leg
from routing.live import LiveState
from routing.profile import Vehicle
from routing.snap import Spot
from spatial.errors import LimitViolated, NoSnap, SigangError, Unreachable

NAMED = 20  # blocking edges listed at most


def no_snap(number: int, max_m: float, nearest: Sequence[Spot]) -> NoSnap:
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
        f"Waypoint {number}: no road within {max_m:.0f} m",
        f"第 {number + 1} 个点：{max_m:.0f} 米内无道路",
        mend_en="Move the point closer to a road.",
        mend_zh="请将该点移近道路。",
        waypoint=number,
        max_snap_m=max_m,
    )


def refused(edges: Edges, vehicle: Vehicle, legs: Sequence[Leg]) -> SigangError:
    """Return the error for a vehicle or an avoidance that leaves no path.

    `legs` is the path that an unlimited vehicle would take now: its blocking edges are named.
    """
    blocking = list(_blocking(edges, vehicle, legs))
    if not blocking:
        return Unreachable(
            "Everything that leads there is to be avoided",
            "避让条件排除了所有可达路线",
            mend_en="Avoid less.",
            mend_zh="请减少避让条件。",
        )
    first = blocking[0]
    rule = vehicle.rule
    return LimitViolated(
        f"Every path breaks a limit of the vehicle, first {first['limit']} {first['value']}"
        f" against {first['vehicle']}",
        f"所有路线均超出限制，首个为 {first['limit']} {first['value']}（车辆 {first['vehicle']}）",
        mend_en="Use a smaller vehicle, or apply for a permit for the named edges.",
        mend_zh="请换用较小车辆，或为所列路段申请通行许可。",
        edges=blocking[:NAMED],
        blocking_count=len(blocking),
        vehicle=vehicle.described,
        rule={"key": rule.key, "source": rule.source, "legal_text": rule.legal_text}
        if rule
        else None,
    )


def _blocking(edges: Edges, vehicle: Vehicle, legs: Sequence[Leg]) -> list[dict[str, Any]]:
    """List the edges of a path that stop a vehicle, each with every limit that it breaks."""
    chosen = np.concatenate([leg.edges for leg in legs])
    broken, unsure = vehicle.broken(edges, chosen), vehicle.unsure(edges, chosen)
    found = []
    for position, edge in enumerate(chosen.tolist()):
        about = {"edge": str(edges.row_id(edge)), **_about(edges, edge)}
        for column in np.flatnonzero(broken[position]):
            value, size = float(edges.limits[edge, column]), vehicle.sizes[column]
            found.append(
                {**about, "limit": f"max_{LIMITS[column]}", "value": value, "vehicle": size}
            )
        if vehicle.unknown == "refuse" and unsure[position] and not broken[position].any():
            found.append({**about, "limit": "unknown", "value": None, "vehicle": vehicle.tested})
    return found


def _about(edges: Edges, edge: int) -> dict[str, Any]:
    return {
        "ref": edges.ref.get(edge),
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
        "No road leads from one waypoint to the next",
        "两点之间没有道路相连",
        mend_en="Choose points on one connected network; islands may be reached by water only.",
        mend_zh="请选择同一连通路网上的点；部分岛屿只能水路到达。",
    )

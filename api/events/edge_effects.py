"""What an event does to the edges that it names: shut, slowed by lost lanes, or limited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from api.events.store import Effect
from api.events.targets import Road, Target
from routing.cost.traffic_flow import lane_loss, usual_kmh
from spatial.errors import BadParameter
from spatial.json_types import Document
from spatial.networks.road import KIND as ROAD
from spatial.networks.waterway import KIND as WATERWAY
from spatial.rules import NotedRules, Rules

Kind = Literal["closure", "lane_loss", "speed", "weather_limit", "depth_limit"]
FASTEST_KMH = 200.0
MOST_LANES = 12
DEEPEST_M = 30.0


@dataclass(frozen=True)
class Effects:
    """The states of all edges, and what the event keeps to explain them."""

    states: Sequence[Effect]
    lanes: str | None = None
    rule_version: str | None = None
    """All rules that were read, each as `key@version`."""
    attributes: Document = field(default_factory=dict)


def check_value(kind: Kind, value: float | None, lanes: Sequence[int]) -> None:
    """Refuse a value that its kind of event cannot have.

    Raises
    ------
    BadParameter
        A closure with a value; lost lanes without a number of lanes; a speed or depth out of range.
    """
    if kind == "closure":
        if value is not None or lanes:
            raise _bad("a closure has no value; lost lanes are a lane_loss", "封闭不带数值")
    elif kind == "lane_loss":
        closed = value if value is not None else float(len(set(lanes)))
        if not 1 <= closed <= MOST_LANES or closed != int(closed):
            raise _bad(
                f"lane_loss needs the number of closed lanes, 1 to {MOST_LANES}",
                f"车道封闭须给出封闭车道数（1–{MOST_LANES}）",
            )
        if lanes and len(set(lanes)) != int(closed):
            raise _bad("value and lanes disagree", "value 与 lanes 不一致")
    elif kind == "depth_limit":
        if value is None or not 0 <= value <= DEEPEST_M:
            raise _bad(
                f"depth_limit needs the depth that is left, 0 to {DEEPEST_M:.0f} m",
                f"水深通告须给出剩余水深（0–{DEEPEST_M:.0f} 米）",
            )
    elif value is None or not 1 <= value <= FASTEST_KMH:
        raise _bad(
            f"{kind} needs a speed of 1 to {FASTEST_KMH:.0f} km/h",
            f"{kind} 须给出 1–{FASTEST_KMH:.0f} 公里/小时的速度",
        )


def find_effects(
    rules: Rules, kind: Kind, value: float | None, lanes: Sequence[int], target: Target
) -> Effects:
    """Return what an event does to each edge of its target."""
    check_value(kind, value, lanes)
    named = "、".join(map(str, sorted(set(lanes)))) or None
    if kind == "closure":
        return Effects([Effect(edge, way, "closure") for edge, way in target.edges])
    if kind == "depth_limit":
        if any(network != WATERWAY.name for network in target.networks):
            raise _bad("depths are those of waterways", "水深通告仅适用于航道")
        edges = dict.fromkeys(edge for edge, _ in target.edges)
        states = [Effect(edge, "both", kind, value) for edge in edges]
        return Effects(states, named, None, {"value": value, "unit": "m"})
    if kind != "lane_loss":
        states = [Effect(edge, way, kind, value) for edge, way in target.edges]
        return Effects(states, named, None, {"value": value, "unit": "km/h"})
    if any(network != ROAD.name for network in target.networks):
        raise _bad("lanes are those of roads", "车道封闭仅适用于道路")
    closed, noted = int(value if value is not None else len(set(lanes))), NotedRules(rules)
    states = [_lost(edge, way, target.roads[edge], closed, noted) for edge, way in target.edges]
    return Effects(states, named, noted.read, {"value": closed, "unit": "lanes"})


def _lost(edge: UUID, way: str, road: Road, closed: int, rules: Rules) -> Effect:
    """Turn lost lanes into the speed of the stream, or into a closure where none is left."""
    free = road.speed_kmh or usual_kmh(road.road_class, rules)
    left = lane_loss(free, road.lanes, road.road_class, closed, rules)
    if left.speed_kmh is None:
        return Effect(edge, way, "closure")
    return Effect(edge, way, "lane_loss", round(left.speed_kmh, 1))


def _bad(en: str, zh: str) -> BadParameter:
    return BadParameter(en[0].upper() + en[1:], zh, parameter="value")

"""What the law allows at low visibility: a speed and a gap by class of road (rules by step)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from routing.corridor.directed_search import At, Opening, Streets, keys_in
from routing.cost.rule_models import LOW_VISIBILITY, LOW_VISIBILITY_OTHER, LowVisibility
from routing.graph.weights import Bools, Ints
from spatial.rules import Rule, Rules, get_rule

Law = TypeVar("Law", bound=LowVisibility)


@dataclass(frozen=True)
class Limit:
    """A speed limit (km/h) of a rule; `leave` orders drivers off at the next exit."""

    max_kmh: float
    gap_m: float | None
    leave: bool
    rule: Rule[Any]


@dataclass(frozen=True)
class Limited:
    """A direction of an edge with its limit."""

    key: int
    limit: Limit


def find_limit(road_class: str | None, visibility_m: float, rules: Rules) -> Limit | None:
    """Return the limit on a class of road at a visibility, None where the law sets none."""
    expressway = get_rule(rules, LOW_VISIBILITY)
    if road_class in expressway.value.classes:
        return _limit(expressway, visibility_m)
    return _limit(get_rule(rules, LOW_VISIBILITY_OTHER), visibility_m)


def _limit(rule: Rule[Law], visibility_m: float) -> Limit | None:
    for step in sorted(rule.value.steps, key=lambda step: step.below_m):
        if visibility_m < step.below_m:
            return Limit(step.max_kmh, step.gap_m, step.leave, rule)
    return None


def limit_keys(streets: Streets, edges: Ints, visibility_m: float, rules: Rules) -> list[Limited]:
    """Return the directions of some edges that the law limits, each with its limit."""
    road_class = streets.graph.edges.edge_class
    limits = {name: find_limit(name, visibility_m, rules) for name in (*road_class.values, None)}
    found = []
    for key in keys_in(streets, edges).tolist():
        limit = limits[road_class.get(key >> 1)]
        if limit is not None:
            found.append(Limited(key, limit))
    return found


def control_points(
    streets: Streets, edges: Ints, within_m: float, *, exits: bool = False
) -> list[Opening]:
    """Return the entrances to the expressways upstream of some edges, or the exits downstream.

    Distances are driven metres from where the edges begin (end); those on them count as 0.
    """
    kept: Bools = streets.expressway
    keys = keys_in(streets, edges)
    inside = keys[kept[keys]]
    if exits:
        places = [At(int(key), streets.length_m(int(key))) for key in inside]
        return streets.openings(places, kept, within_m, "downstream")
    places = [At(int(key), 0.0) for key in inside]
    return streets.openings(places, kept, within_m, "upstream")


def length_limited_m(streets: Streets, limited: list[Limited]) -> float:
    """Return the length (m) of the limited directions."""
    keys = np.array([one.key for one in limited], np.int64)
    return float(streets.graph.edges.length_m[keys >> 1].sum())

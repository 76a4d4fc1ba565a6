"""Traffic flow: delay by load (BPR), what lost lanes leave, shock waves and queue tails.

Speeds in km/h, flows in vehicles or pcu per hour, densities in vehicles per km. Volume-delay
function: Bureau of Public Roads, Traffic Assignment Manual, 1964. Shock wave: Lighthill and
Whitham, "On kinematic waves II", Proc. R. Soc. Lond. A 229, 1955.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from routing.cost.rule_models import BPR, LANE_LOSS, LOAD, OF_ROADS, QUEUE
from routing.graph.weights import Bools, Floats, Ints
from spatial.errors import BadParameter
from spatial.networks.road import KIND as ROAD
from spatial.rules import Rules, get_rule


def bpr_factor(load: ArrayLike, alpha: float, beta: float) -> NDArray[np.float64]:
    """Return how much longer a trip takes at a load (volume over capacity) than on an empty road.

    Raises
    ------
    BadParameter
        A load is negative or not finite.
    """
    ratio = np.asarray(load, np.float64)
    if not np.isfinite(ratio).all() or (ratio < 0).any():
        raise BadParameter("A load is a number of 0 or more", "流量与通行能力之比须不小于 0")
    return np.asarray(1.0 + alpha * ratio**beta, np.float64)


def predicted_time(t0: ArrayLike, load: ArrayLike, rules: Rules) -> NDArray[np.float64]:
    """Return the travel time at a predicted load, in the unit of the free-flow time `t0`.

    Raises
    ------
    BadParameter
        A load (volume over capacity) is negative or not finite.
    RuleMissing
        Rule `road.bpr` is not in force.
    """
    value = get_rule(rules, BPR).value
    factor = bpr_factor(load, value.alpha, value.beta)
    return np.asarray(np.asarray(t0, np.float64) * factor)


@dataclass(frozen=True)
class Predicted:
    """What predicted volumes do to roads; arrays with one entry per road and direction.

    `lanes` are those of one direction, `lanes_known` where they are recorded and not assumed.
    `load` is volume over capacity, `level` the level of service from 1 (free) to 6 (forced).
    """

    lanes: Ints
    lanes_known: Bools
    capacity_pcu_h: Floats
    load: Floats
    level: Ints
    factor: Floats


def predict(
    road_class: Sequence[str | None],
    lanes: Ints,
    volume_pcu_h: Floats,
    capacity_pcu_h: Floats,
    rules: Rules,
) -> Predicted:
    """Return load, level of service and the factor of the free-flow time by BPR.

    Parameters
    ----------
    road_class
        Class of each road.
    lanes
        Of one direction; 0 where unknown: then the rule's lanes of the class.
    volume_pcu_h
        Predicted volume of one direction.
    capacity_pcu_h
        Of one direction; NaN where unknown: then the rule's capacity of a lane times the lanes.
    rules
        With the bounds of the levels, capacities, lanes and BPR's numbers.
    """
    rule, assumed = get_rule(rules, LOAD).value, get_rule(rules, LANE_LOSS).value.lanes
    count = np.where(lanes > 0, lanes, _by_class(road_class, assumed).astype(np.int64))
    own = np.isfinite(capacity_pcu_h)
    capacity = np.where(own, capacity_pcu_h, count * _by_class(road_class, rule.lane_pcu_h))
    load = volume_pcu_h / capacity
    level = 1 + np.searchsorted(np.array(rule.levels, np.float64), load, side="left")
    return Predicted(count, lanes > 0, capacity, load, level, predicted_time(1.0, load, rules))


def _by_class(road_class: Sequence[str | None], values: Mapping[Any, float]) -> Floats:
    """Return the value of each class, that of `other` where a class has none."""
    return np.array([values.get(name or "", values["other"]) for name in road_class], np.float64)


def usual_kmh(road_class: str | None, rules: Rules) -> float:
    """Return the speed that is assumed on a class of road where none is known."""
    assumed: Mapping[Any, float] = get_rule(rules, OF_ROADS.class_speed).value.root
    return assumed.get(road_class, assumed[ROAD.usual_class])


@dataclass(frozen=True)
class LaneLoss:
    """What is left where lanes are closed; `speed_kmh` is None where nothing may pass."""

    lanes: int
    closed: int
    lanes_basis: str
    share: float
    speed_kmh: float | None


def lane_loss(
    free_kmh: float, lanes: int | None, road_class: str | None, closed: int, rules: Rules
) -> LaneLoss:
    """Return the stream's speed where some lanes of one direction are closed.

    The usual load of the rule meets the remaining share of the capacity; the speed falls as BPR
    says, measured against the usual load, and not below the rule's crawling speed. All of it is
    gone where as many lanes are closed as there are.
    """
    rule = get_rule(rules, LANE_LOSS).value
    lanes_of: Mapping[Any, int] = rule.lanes
    assumed = lanes_of.get(road_class, lanes_of["other"])
    count, basis = (lanes, "recorded") if lanes else (assumed, "assumed")
    if closed >= count:
        return LaneLoss(count, closed, basis, 0.0, None)
    share = (count - closed) / count
    bpr = get_rule(rules, BPR).value
    usual, now = bpr_factor([rule.load, rule.load / share], bpr.alpha, bpr.beta)
    speed = max(free_kmh * float(usual / now), rule.least_kmh)
    return LaneLoss(count, closed, basis, share, min(speed, free_kmh))


@dataclass(frozen=True)
class State:
    """A traffic state: flow (veh/h) and density (veh/km)."""

    flow_veh_h: float
    density_veh_km: float


def wave_speed(upstream: State, downstream: State) -> float:
    """Return the speed (km/h) of the wave between two states; negative runs upstream.

    Raises
    ------
    BadParameter
        Both states have one density: there is no wave.
    """
    step = downstream.density_veh_km - upstream.density_veh_km
    if abs(step) < 1e-9:
        raise BadParameter(
            "Both traffic states have the same density", "两种交通状态的密度相同，没有激波"
        )
    return (downstream.flow_veh_h - upstream.flow_veh_h) / step


def tail_m(upstream: State, queue: State, elapsed_s: float) -> float:
    """Return how far (m) upstream of its head a queue reaches after a time; 0 where none grows."""
    return max(-wave_speed(upstream, queue), 0.0) * elapsed_s / 3.6


def queue_margin_m(rules: Rules) -> float:
    """Return how far (m) upstream of the tail drivers must be told."""
    return get_rule(rules, QUEUE).value.sign_margin_m

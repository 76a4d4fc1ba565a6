"""What an itinerary amounts to as a whole: yuan, CO2, when it is ready, what it waits for where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from routing.disruption.cargo import Cargo
from routing.disruption.numbers import (
    BY_ROAD,
    LEG_ARRIVES,
    LEG_DEPARTS,
    LEG_FROM,
    LEG_FROM_HUB,
    LEG_ROAD,
    LEG_RUN,
    LEG_TO,
    LEG_TO_HUB,
    OWN,
)
from routing.disruption.rule_models import Replanning
from routing.disruption.world import World
from routing.graph.weights import Floats, Ints
from routing.multimodal.timetable import PLACE, ROAD

HOUR_S = 3600


@dataclass(frozen=True)
class Told:
    """What a shipment's TEU amount to; `generalised_cny` counts time, CO2 and penalties too.

    `unpriced` is whether a price of it is not known, so that its lower end or nothing stands for
    it. `ready` is None for what is not served.
    """

    legs: Ints
    ready: int | None
    cny: float
    kg: float
    penalty_cny: float
    generalised_cny: float
    teu_h: float
    late: bool
    unpriced: bool = False


def tell(world: World, one: Cargo, legs: Ints, rule: Replanning, served: bool = True) -> Told:
    """Return what legs amount to; of what is not served, what was driven and the penalty."""
    amounts, way, unpriced = np.zeros(2), PLACE, False
    for leg in legs:
        more, unknown, way = _leg(world, one, leg, way)
        amounts, unpriced = amounts + more, unpriced or unknown
    if not served:
        penalty = rule.unserved_cny_per_teu * one.teu
        cny, kg = (amounts * one.teu).tolist()
        whole = cny + rule.co2_cny_per_t * kg / 1000 + penalty
        return Told(legs, None, cny, kg, penalty, whole, 0.0, late=True, unpriced=unpriced)
    ready = ready_at(world, one, legs)
    amounts = amounts + world.prices.transfer.of((one.goal, way, PLACE), 0.0)
    cny, kg = (amounts * one.teu).tolist()
    hours = (ready - one.ready) / HOUR_S
    over = 0.0 if one.latest is None else max(ready - one.latest, 0) / HOUR_S
    penalty = rule.late_cny_per_teu_h * over * one.teu
    time = rule.time_cny(one.kinds) * hours * one.teu
    whole = cny + rule.co2_cny_per_t * kg / 1000 + time + penalty
    return Told(legs, ready, cny, kg, penalty, whole, hours * one.teu, over > 0, unpriced)


def _leg(world: World, one: Cargo, leg: Ints, way: int) -> tuple[Floats, bool, int]:
    """Return the amounts per TEU of a leg and of changing to it, and its way."""
    hub, mass = int(leg[LEG_FROM_HUB]), one.per_teu_t
    if leg[LEG_RUN] == OWN:
        return np.zeros(2), True, int(leg[LEG_ROAD])
    if leg[LEG_RUN] == BY_ROAD:
        changed = world.prices.transfer.of((hub, way, ROAD), 0.0)
        return changed + world.roads.amounts.of(int(leg[LEG_ROAD]), mass), False, ROAD
    first, last = int(leg[LEG_FROM]), int(leg[LEG_TO])
    mode = int(world.halts[first, 1])
    rides = slice(first + 1, last + 1)
    more = world.prices.transfer.of((hub, way, mode), 0.0) + world.prices.lift.of(first, mass)
    more = more + world.prices.ride.of(rides, mass).sum(axis=0)
    return more, bool(world.prices.unpriced[rides].any()), mode


def ready_at(world: World, one: Cargo, legs: Ints) -> int:
    """Return when the goal has the load at the end of legs."""
    last = legs[-1]
    way = ROAD if last[LEG_RUN] == BY_ROAD else int(last[LEG_ROAD])
    if last[LEG_RUN] >= 0:
        way = int(world.halts[last[LEG_FROM], 1])
    takes = int(max(world.transfer_s[one.goal, way, PLACE]))
    return world.opened(one.goal, world.opened(one.goal, int(last[LEG_ARRIVES])) + takes)


def dwell(one: Cargo, told: Told) -> Iterator[tuple[int, float]]:
    """Yield the hubs at which a shipment stands, each with TEU hours, handling included."""
    at, hub = one.ready, one.start
    for leg in told.legs.tolist():
        yield hub, max(leg[LEG_DEPARTS] - at, 0) / HOUR_S * one.teu
        at, hub = leg[LEG_ARRIVES], leg[LEG_TO_HUB]
    if told.ready is not None:
        yield hub, max(told.ready - at, 0) / HOUR_S * one.teu

"""The kernel before a search: the least that is left to a goal from each hub, room not priced."""

from __future__ import annotations

import numpy as np

from routing.compiled import compiled, inlined
from routing.disruption.numbers import (
    ALIGHTS,
    BOARDS,
    HALT_HUB,
    LIFT_CNY,
    RIDE_CNY,
    RIDE_PER_T,
    ROAD_FROM,
    ROAD_S,
    ROAD_TO,
    WAY_CNY,
    WAY_PER_T,
)
from routing.graph.weights import Bools, Floats, Ints


@inlined
def _along(
    least: Floats, aboard: Floats, first: int, last: int, halts: Ints, halt_cny: Floats,
    ride_s: Ints, load_cny: Floats, load_s: Ints, mass: float, per_s: float,
) -> bool:  # fmt: skip
    """Lower the least of hubs along the halts of a pattern, from the last one to the first."""
    lower, left = False, np.inf
    for halt in range(last - 1, first - 1, -1):
        hub = halts[halt, HALT_HUB]
        aboard[halt] = left
        loaded = left + halt_cny[halt, LIFT_CNY] + load_cny[halt] + per_s * load_s[halt]
        if halts[halt, BOARDS] and loaded < least[hub]:
            least[hub] = loaded
            lower = True
        if halts[halt, ALIGHTS]:
            left = min(left, least[hub])
        left += halt_cny[halt, RIDE_CNY] + mass * halt_cny[halt, RIDE_PER_T]
        left += per_s * ride_s[halt]
    return lower


@compiled(
    "f8[:,:,::1](i8[::1],i8,i8[::1],i8[:,::1],f8[:,::1],i8[::1],f8[::1],i8[::1],f8[:,::1],i8[:,::1],"
    "i8[:,::1],f8[:,::1],b1[::1],f8,f8)"
)
def least_left(
    goals: Ints, hubs: int, halt_first: Ints, halts: Ints, halt_cny: Floats, ride_s: Ints,
    load_cny: Floats, load_s: Ints, change_cny: Floats, change_s: Ints, roads: Ints,
    road_cny: Floats, near: Bools, mass: float, per_s: float,
) -> Floats:  # fmt: skip
    """Return (goals, 2, hubs and halts) the least that is left per TEU: with time, and without it.

    That of a halt is what is left on board of a run that leaves it. `load_cny` and `load_s` are the
    least that loading at a halt takes, `change_cny` and `change_s` (hubs, 2) driving on from a hub
    and handing out there.

    `mass` and `per_s` are the least of all shipments; `near` tells which road legs may lead
    anywhere, others are driven to the goal alone.
    """
    found = np.full((len(goals), 2, hubs + len(halts)), np.inf)
    for number in range(len(goals)):
        for part in range(2):
            least, second = found[number, part], per_s if part == 0 else 0.0
            goal = goals[number]
            least[goal] = change_cny[goal, 1] + second * change_s[goal, 1]
            lower = True
            while lower:
                lower = False
                for row in range(len(roads)):
                    if not near[row] and roads[row, ROAD_TO] != goals[number]:
                        continue
                    left = road_cny[row, WAY_CNY] + mass * road_cny[row, WAY_PER_T]
                    left += second * roads[row, ROAD_S] + least[roads[row, ROAD_TO]]
                    hub = roads[row, ROAD_FROM]
                    left += change_cny[hub, 0] + second * change_s[hub, 0]
                    if left < least[hub]:
                        least[hub] = left
                        lower = True
                for pattern in range(len(halt_first) - 1):
                    lower |= _along(
                        least, least[hubs:], halt_first[pattern], halt_first[pattern + 1], halts,
                        halt_cny, ride_s, load_cny, load_s, mass, second,
                    )  # fmt: skip
    return found

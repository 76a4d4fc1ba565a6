"""The kernels before a search: what is left to the goal at least, and when one may set out."""

from __future__ import annotations

import numpy as np

from routing.compiled import compiled, inlined
from routing.graph.weights import Bools, Ints
from routing.multimodal.bag_kernels import (
    ALIGHTS,
    AT_HALT,
    BOARDS,
    BOUND,
    BY_END,
    CHANCE,
    COST,
    COST_HIGH,
    DOCUMENTS,
    DUE,
    END_HUB,
    END_WAY,
    GATE_IN,
    HALT_HUB,
    INFORMATION,
    LEGS,
    LIFT,
    LIFT_HIGH,
    MODE,
    NONE,
    ON_RUN,
    PATTERN,
    RIDE,
    SECONDS,
    SUM,
    UNKNOWN,
    find_run,
    next_run,
    opened,
)  # fmt: skip


@inlined
def _lower(least: Ints, hub: int, left: Ints) -> bool:
    """Lower a hub's bounds to what is less; tell whether anything is."""
    lower = False
    for k in range(BOUND):
        if left[k] < least[hub, k]:
            least[hub, k] = left[k]
            lower = True
    return lower


@inlined
def _bound_drives(
    least: Ints, onward: Ints, road_first: Ints, road_to: Ints, roads: Ints, road_way: int,
    left: Ints,
) -> bool:  # fmt: skip
    """Lower the bounds of hubs by those of the hubs that are driven to."""
    lower = False
    for hub in range(len(least)):
        for road in range(road_first[hub], road_first[hub + 1]):
            left[:] = least[road_to[road]]
            left[:SUM] += onward[hub, road_way] + roads[road]
            left[LEGS] += 1
            lower |= _lower(least, hub, left)
    return lower


@inlined
def _bound_rides(
    least: Ints, aboard: Ints, onward: Ints, halts: Ints, first: int, last: int, left: Ints
) -> bool:
    """Lower the bounds along the halts of a pattern, from the last one to the first."""
    lower = False
    left[:] = UNKNOWN
    for halt in range(last - 1, first - 1, -1):
        hub = halts[halt, HALT_HUB]
        aboard[halt] = left
        if halts[halt, BOARDS]:
            left[:SUM] += onward[hub, halts[halt, MODE]]
            left[LEGS] += 1
            left[SECONDS] += halts[halt, GATE_IN]
            left[COST] += halts[halt, LIFT]
            left[COST_HIGH] += halts[halt, LIFT_HIGH]
            lower |= _lower(least, hub, left)
            left[:] = aboard[halt]
        if halts[halt, ALIGHTS]:
            for k in range(BOUND):
                left[k] = min(left[k], least[hub, k])
        for k in range(SUM):
            left[k] = min(left[k] + halts[halt, RIDE + k], UNKNOWN)
    return lower


@compiled(
    "Tuple((i8[:,::1],i8[:,::1]))(i8[:,::1],i8[:,:,::1],i8[::1],i8[::1],i8[:,::1],i8[:,::1],"
    "i8[::1],i8)"
)
def bound(
    ends: Ints, onward: Ints, road_first: Ints, road_to: Ints, roads: Ints, halts: Ints,
    halt_first: Ints, road_way: int,
) -> tuple[Ints, Ints]:  # fmt: skip
    """Return the least to the goal from hubs and departures: time, cost, CO2, legs, each by itself.

    They are (hubs, `BOUND`) and (halts, `BOUND`). `onward` (hubs, ways, `SUM`) is the least that a
    transfer to a way takes, whatever came before.
    """
    least = np.full((len(ends), BOUND), UNKNOWN, np.int64)
    aboard = np.full((len(halts), BOUND), UNKNOWN, np.int64)
    left = np.empty(BOUND, np.int64)
    for hub in range(len(ends)):
        if ends[hub, END_WAY] >= 0:
            left[:SUM] = onward[hub, ends[hub, END_WAY]] + ends[hub, :SUM]
            left[LEGS] = 1 if ends[hub, END_WAY] == road_way else 0
            _lower(least, hub, left)
    lower = True
    while lower:
        lower = _bound_drives(least, onward, road_first, road_to, roads, road_way, left)
        for pattern in range(len(halt_first) - 1):
            first, last = halt_first[pattern], halt_first[pattern + 1]
            lower |= _bound_rides(least, aboard, onward, halts, first, last, left)
    return least, aboard


@inlined
def _before(passed: Ints, halt: Ints) -> int:
    """Return how long before departure cargo must come: gate and papers each have a cut-off."""
    gate, papers = passed[SECONDS] + halt[GATE_IN], passed[INFORMATION] + halt[DOCUMENTS]
    return int(max(gate, papers))


@inlined
def _last_coming(hub: int, by: int, closed_first: Ints, closed_from: Ints, closed_to: Ints) -> int:
    """Return the latest time of coming to a hub whose work has begun by a time."""
    for window in range(closed_first[hub + 1] - 1, closed_first[hub] - 1, -1):
        if closed_from[window] <= by < closed_to[window]:
            by = closed_from[window] - 1
    return by


@inlined
def _room(found: Ints, size: int) -> Ints:
    """Return the chances with room for one more."""
    if size < len(found):
        return found
    larger = np.empty((2 * size, CHANCE), np.int64)
    larger[:size] = found
    return larger


@compiled(
    "i8[:,::1](i8[:,::1],i8[:,:,:,::1],i8[:,::1],i8[::1],i8[::1],i8[::1],i8[::1],i8[::1],i8[::1],"
    "i8[::1],i8[::1],b1[::1],i8[::1],i8[::1],i8[::1],i8,i8)"
)
def list_chances(
    starts: Ints, transfers: Ints, halts: Ints, halt_first: Ints, at_first: Ints, at_halt: Ints,
    run_first: Ints, run_start: Ints, run_trip: Ints, trip_first: Ints, depart_s: Ints,
    usable: Bools, closed_first: Ints, closed_from: Ints, closed_to: Ints, since: int, until: int,
) -> Ints:  # fmt: skip
    """Return (n, `CHANCE`) each run that may be the first, with the latest time of setting out.

    Those whose latest time lies within `since` and `until`, both included. Where both are one time,
    the first run of each pattern that is made when one sets out then.
    """
    found, size = np.empty((256, CHANCE), np.int64), 0
    for end in range(len(starts)):
        hub, way = starts[end, END_HUB], starts[end, END_WAY]
        comes = opened(hub, since + starts[end, SECONDS], closed_first, closed_from, closed_to)
        for place in range(at_first[hub], at_first[hub + 1]):
            halt = at_halt[place]
            if not halts[halt, BOARDS]:
                continue
            before = _before(transfers[hub, way, halts[halt, MODE]], halts[halt])
            run = find_run(
                halt, comes + before, halts, halt_first, run_first, run_start, run_trip, trip_first,
                depart_s, usable, closed_first, closed_from, closed_to,
            )  # fmt: skip
            while run != NONE:
                due, offset = since, trip_first[run_trip[run]] - halt_first[halts[halt, PATTERN]]
                if since < until:
                    by = run_start[run] + depart_s[offset + halt] - before
                    last = _last_coming(hub, by, closed_first, closed_from, closed_to)
                    due = last - starts[end, SECONDS]
                if due > until:
                    break
                found = _room(found, size)
                found[size, DUE], found[size, BY_END] = due, end
                found[size, AT_HALT], found[size, ON_RUN] = halt, run
                size += 1
                run = NONE if since == until else next_run(
                    halt, run + 1, halts, halt_first, run_first, run_start, run_trip, trip_first,
                    depart_s, usable, closed_first, closed_from, closed_to,
                )  # fmt: skip
    return found[:size].copy()

"""The kernels that find the cheapest itinerary of each group of shipments under prices of room.

All departures and arrivals are gone through once in the order of time. A label is cargo at a hub by
a way: when, at which cost; of one hub and way a later one is kept only if it is cheaper. What lies
on board of a run has the least cost of all that was loaded before, so that a dearer run, a later
one or another that has room all are looked at. Every price counts from the ready time, and what
comes later is dearer: no label that another one beats is part of a cheapest itinerary.
"""

from __future__ import annotations

import numpy as np

from routing.compiled import compiled, inlined
from routing.disruption.label_kernels import (
    BEST,
    BEST_LABEL,
    BEST_PLAIN,
    BEST_READY,
    SIZE,
    expand,
    put,
    roomy,
)
from routing.disruption.numbers import (
    ALIGHTS,
    AROUND,
    AT,
    AT_HALT,
    AT_HUB,
    BOARDS,
    BY_ROAD,
    DEPARTS,
    DOCUMENTS,
    EARLIEST,
    EVENT_AT,
    FROM,
    GATE_IN,
    HALT_HUB,
    HALT_MODE,
    HUB,
    KINDS,
    LABEL,
    LEFT,
    LEG_ARRIVES,
    LEG_DEPARTS,
    LEG_FROM,
    LEG_FROM_HUB,
    LEG_ROAD,
    LEG_RUN,
    LEG_TO,
    LEG_TO_HUB,
    LIFT_CNY,
    MASS,
    MOST_LEGS,
    NEXT,
    NONE,
    ON_RUN,
    PARENT,
    PATTERN,
    PER_S,
    PLAIN,
    PRICED,
    READY,
    RIDE_CNY,
    RIDE_PER_T,
    ROAD_TO,
    RUN,
    SECTION,
    START_AT,
    START_HALT,
    START_HUB,
    START_RUN,
    START_WAY,
    TEU,
    TO,
    WAY,
    WAY_CNY,
    WAY_PER_T,
)
from routing.graph.weights import Bools, Floats, Ints
from routing.multimodal.bag_kernels import opened
from routing.multimodal.timetable import WAYS

DAY_S, LOOKS = 86_400, 1_024
FIRST_SHARE, GROWS = 0.5, 2.0
"""What costs up to so much more than the least is looked for first, then so many times as much."""


@inlined
def _hub_day(hub: int, at: int, hub_first: Ints, since: int) -> int:
    """Return the number of the room of a hub's day, -1 where it is not limited."""
    first = hub_first[hub, 0]
    if first < 0:
        return NONE
    return int(first + min(max((at - since) // DAY_S, 0), hub_first[hub, 1] - 1))


@inlined
def _load(
    event: Ints, halt: Ints, labels: Ints, costs: Floats, heads: Ints, transfer_s: Ints,
    transfer_cny: Floats, most: float,
) -> tuple[int, float]:  # fmt: skip
    """Return the label that is loaded cheapest on a departure, -1 without one, and its cost.

    What costs `most` or more is not looked for; the newest label of a bag is the cheapest.
    """
    chosen, cost, hub = NONE, most, halt[HALT_HUB]
    for way in range(WAYS):
        label = heads[hub * WAYS + way]
        if label == NONE or costs[label, PRICED] >= cost:
            continue
        handled = transfer_s[hub, way, halt[HALT_MODE], 0] + halt[GATE_IN]
        papers = transfer_s[hub, way, halt[HALT_MODE], 1] + halt[DOCUMENTS]
        need = event[EVENT_AT] - max(handled, papers)
        while label != NONE and labels[label, AT] > need:
            label = labels[label, NEXT]
        if label != NONE:
            value = costs[label, PRICED] + transfer_cny[hub, way, halt[HALT_MODE]]
            if value < cost:
                chosen, cost = label, value
    return chosen, cost


@inlined
def _depart(
    event: Ints, halts: Ints, halt_cny: Floats, takes: Bools, dead: Bools, room: Floats,
    price: Floats, hub_first: Ints, since: int, group: Ints, worth: Floats, labels: Ints,
    costs: Floats, heads: Ints, transfer_s: Ints, transfer_cny: Floats, closed_first: Ints,
    closed_from: Ints, closed_to: Ints, aboard: Ints, carried: Floats, stamp: int, best: Floats,
    aboard_cny: Floats,
) -> None:  # fmt: skip
    """Load a departure with what is cheapest, or keep on board what is."""
    run, at, section = event[ON_RUN], event[EVENT_AT], event[SECTION]
    if dead[section] or room[section] < worth[TEU]:
        aboard[run, 0] = NONE
        return
    cost = carried[run, PRICED] if aboard[run, 0] == stamp else np.inf
    halt = event[AT_HALT]
    hub = halts[halt, HALT_HUB]
    if (
        takes[halts[halt, PATTERN]]
        and halts[halt, BOARDS]
        and at >= group[EARLIEST]
        and opened(hub, at, closed_first, closed_from, closed_to) == at
    ):
        most = min(cost, best[BEST] - aboard_cny[halt] - worth[PER_S] * (at - group[READY]))
        label, value = _load(
            event, halts[halt], labels, costs, heads, transfer_s, transfer_cny,
            most - halt_cny[halt, LIFT_CNY],
        )  # fmt: skip
        if label != NONE:
            day = _hub_day(hub, at, hub_first, since)
            more = value - costs[label, PRICED] + halt_cny[halt, LIFT_CNY]
            extra = price[day] if day != NONE else 0.0
            roomy = day == NONE or room[day] >= worth[TEU]
            if roomy and costs[label, PRICED] + more + extra < cost:
                cost = costs[label, PRICED] + more + extra
                aboard[run, 0], aboard[run, 1], aboard[run, 2] = stamp, label, halt
                carried[run, PLAIN] = costs[label, PLAIN] + more
    carried[run, PRICED] = cost + price[section]
    waits = worth[PER_S] * (at - group[READY])
    if carried[run, PRICED] + aboard_cny[halt] + waits >= best[BEST]:
        aboard[run, 0] = NONE


@inlined
def _arrive(
    event: Ints, halts: Ints, halt_cny: Floats, room: Floats, price: Floats, hub_first: Ints,
    since: int, group: Ints, worth: Floats, least: Floats, labels: Ints, costs: Floats,
    heads: Ints, low: Floats, closed_first: Ints, closed_from: Ints, closed_to: Ints,
    aboard: Ints, carried: Floats, best: Floats, state: Ints,
) -> int:  # fmt: skip
    """Set the label of what a run brings to a hub; return its number, -1 where it is none."""
    run, halt = event[ON_RUN], event[AT_HALT]
    ride = halt_cny[halt, RIDE_CNY] + worth[MASS] * halt_cny[halt, RIDE_PER_T]
    carried[run, PRICED] += ride
    carried[run, PLAIN] += ride
    if not halts[halt, ALIGHTS]:
        return NONE
    hub, new = halts[halt, HALT_HUB], state[SIZE]
    at = opened(hub, event[EVENT_AT], closed_first, closed_from, closed_to)
    day = _hub_day(hub, at, hub_first, since)
    extra = price[day] if day != NONE else 0.0
    cost = carried[run, PRICED] + extra
    if cost + least[hub] + worth[PER_S] * (at - group[READY]) >= best[BEST]:
        return NONE
    if day != NONE and room[day] < worth[TEU]:
        return NONE
    labels[new, AT], labels[new, HUB], labels[new, WAY] = at, hub, halts[halt, HALT_MODE]
    labels[new, PARENT], labels[new, RUN] = aboard[run, 1], run
    labels[new, FROM], labels[new, TO], labels[new, LEFT] = aboard[run, 2], halt, NONE
    costs[new, PRICED], costs[new, PLAIN] = cost, carried[run, PLAIN]
    if not put(labels, costs, heads, low, new):
        return NONE
    state[SIZE] += 1
    return int(new)


@inlined
def _begin(
    group: Ints, labels: Ints, costs: Floats, heads: Ints, low: Floats, aboard: Ints,
    carried: Floats, stamp: int, closed_first: Ints, closed_from: Ints, closed_to: Ints,
    state: Ints,
) -> None:  # fmt: skip
    """Set the label of where the cargo is; what is on board of a run may stay there."""
    heads[:], low[:] = NONE, np.inf
    low[group[START_HUB]] = 0.0
    labels[0, AT] = opened(group[START_HUB], group[START_AT], closed_first, closed_from, closed_to)
    labels[0, HUB], labels[0, WAY] = group[START_HUB], group[START_WAY]
    labels[0, PARENT], labels[0, RUN], labels[0, NEXT] = NONE, NONE, NONE
    costs[0, PRICED] = costs[0, PLAIN] = 0.0
    heads[group[START_HUB] * WAYS + group[START_WAY]] = 0
    state[BEST_LABEL], state[SIZE] = NONE, 1
    if group[START_RUN] != NONE:
        run = group[START_RUN]
        aboard[run, 0], aboard[run, 1], aboard[run, 2] = stamp, 0, group[START_HALT]
        carried[run, PRICED] = carried[run, PLAIN] = 0.0


@inlined
def _tell(
    labels: Ints, table: Ints, run_times: Ints, state: Ints, legs: Ints
) -> int:  # fmt: skip
    """Write the legs of the best label, in order; return how many, -1 where they are too many."""
    count, at = 0, state[BEST_LABEL]
    while at != NONE and labels[at, PARENT] != NONE:
        count, at = count + 1, labels[at, PARENT]
    if count > MOST_LEGS or at == NONE:
        return NONE
    at = state[BEST_LABEL]
    for number in range(count - 1, -1, -1):
        leg, run = legs[number], labels[at, RUN]
        leg[LEG_RUN], leg[LEG_ROAD] = run, NONE
        leg[LEG_TO_HUB], leg[LEG_FROM_HUB] = labels[at, HUB], labels[labels[at, PARENT], HUB]
        if run == BY_ROAD:
            leg[LEG_ROAD], leg[LEG_FROM], leg[LEG_TO] = labels[at, FROM], NONE, NONE
            leg[LEG_DEPARTS], leg[LEG_ARRIVES] = labels[at, LEFT], labels[at, TO]
        else:
            leg[LEG_FROM], leg[LEG_TO] = labels[at, FROM], labels[at, TO]
            base = table[run]
            leg[LEG_DEPARTS] = run_times[2 * (base + leg[LEG_FROM]) + 1]
            leg[LEG_ARRIVES] = run_times[2 * (base + leg[LEG_TO])]
        at = labels[at, PARENT]
    return count


@inlined
def _cheapest_way_out(
    group: Ints, worth: Floats, cash: Floats, hubs: int, all_first: Ints, roads: Ints,
    road_cny: Floats,
) -> float:  # fmt: skip
    """Return the least that is paid from the start, or on board of a run there, to the goal."""
    hub = group[START_HUB]
    found = cash[hub]
    if group[START_RUN] != NONE:
        found = min(found, cash[hubs + group[START_HALT]])
    for road in range(all_first[hub], all_first[hub + 1]):
        paid = road_cny[road, WAY_CNY] + worth[MASS] * road_cny[road, WAY_PER_T]
        found = min(found, paid + cash[roads[road, ROAD_TO]])
        other = roads[road, AROUND]
        if other != NONE:
            paid = road_cny[other, WAY_CNY] + worth[MASS] * road_cny[other, WAY_PER_T]
            found = min(found, paid + cash[roads[road, ROAD_TO]])
    return float(found)


@inlined
def _over(low: Floats, least: Floats, most: float) -> bool:
    """Tell whether nothing that stands at any hub comes to the goal for less than `most`."""
    return bool(np.all(low + least >= most))


@inlined
def _idle(event: Ints, low: Floats, aboard_cny: Floats, most: float) -> bool:
    """Tell whether nothing on an empty run can come to the goal for less than `most`."""
    return bool(not event[DEPARTS] or low[event[AT_HUB]] + aboard_cny[event[AT_HALT]] >= most)


@inlined
def _beginning(group: Ints, table: Ints, run_times: Ints) -> tuple[int, int, int]:
    """Return from when on events matter, until when cargo is on board if it is, and zero looks."""
    run, begins, busy = group[START_RUN], max(group[START_AT], group[EARLIEST]), 0
    if run != NONE:
        begins, busy = group[START_AT], run_times[2 * (table[run] + group[START_HALT]) + 1]
    return begins, busy, 0


@inlined
def _bring(
    event: Ints, halts: Ints, halt_cny: Floats, room: Floats, price: Floats, hub_first: Ints,
    since: int, group: Ints, worth: Floats, least: Floats, transfer_s: Ints, transfer_cny: Floats,
    closed_first: Ints, closed_from: Ints, closed_to: Ints, near_first: Ints, near: Ints,
    all_first: Ints, roads: Ints, road_cny: Floats, road_first: Ints, road_since: Ints,
    road_until: Ints, labels: Ints, costs: Floats, heads: Ints, low: Floats, state: Ints,
    aboard: Ints, carried: Floats, best: Floats,
) -> None:  # fmt: skip
    """Set the label of what a run brings to a hub, and drive on from there."""
    new = _arrive(event, halts, halt_cny, room, price, hub_first, since, group, worth, least,
                  labels, costs, heads, low, closed_first, closed_from, closed_to, aboard, carried,
                  best, state)  # fmt: skip
    if new != NONE:
        expand(new, labels, costs, heads, low, group, worth, least, near_first, near, all_first,
               roads, road_cny, road_first, road_since, road_until, transfer_s, transfer_cny,
               closed_first, closed_from, closed_to, best, state)  # fmt: skip


@inlined
def _search(
    number: int, group: Ints, worth: Floats, bound: Floats, events: Ints, event_at: Ints,
    halts: Ints, halt_cny: Floats, takes: Bools, dead: Bools, room: Floats, price: Floats,
    hub_first: Ints, since: int, transfer_s: Ints, transfer_cny: Floats, closed_first: Ints,
    closed_from: Ints, closed_to: Ints, near_first: Ints, near: Ints, all_first: Ints, roads: Ints,
    road_cny: Floats, road_first: Ints, road_since: Ints, road_until: Ints, labels: Ints,
    costs: Floats, heads: Ints, low: Floats, state: Ints, aboard: Ints, carried: Floats,
    best: Floats, longest: int, table: Ints, run_times: Ints,
) -> tuple[Ints, Floats]:  # fmt: skip
    """Go through all events for one group; `best` and `state` tell what was found."""
    least, aboard_cny = bound[0, : len(low)], bound[0, len(low) :]
    _begin(group, labels, costs, heads, low, aboard, carried, number, closed_first, closed_from,
           closed_to, state)  # fmt: skip
    labels, costs = roomy(labels, costs, state[SIZE], longest)
    expand(0, labels, costs, heads, low, group, worth, least, near_first, near, all_first, roads,
           road_cny, road_first, road_since, road_until, transfer_s, transfer_cny, closed_first,
           closed_from, closed_to, best, state)  # fmt: skip
    paid = _cheapest_way_out(group, worth, bound[1], len(low), all_first, roads, road_cny)
    begins, busy, looked = _beginning(group, table, run_times)
    for place in range(np.searchsorted(event_at, begins), len(events)):
        waits, looked = worth[PER_S] * (event_at[place] - group[READY]), looked + 1
        looks = looked % LOOKS == 0 and event_at[place] > busy
        if paid + waits >= best[BEST] or (looks and _over(low, least, best[BEST] - waits)):
            break
        run, event = events[place, ON_RUN], events[place]
        if aboard[run, 0] != number and _idle(event, low, aboard_cny, best[BEST] - waits):
            continue
        if event[DEPARTS]:
            _depart(event, halts, halt_cny, takes, dead, room, price, hub_first, since, group,
                    worth, labels, costs, heads, transfer_s, transfer_cny, closed_first,
                    closed_from, closed_to, aboard, carried, number, best, aboard_cny)  # fmt: skip
            busy = max(busy, run_times[2 * event[SECTION] + 3] * (aboard[run, 0] == number))
        elif run != group[START_RUN] or event[AT_HALT] > group[START_HALT]:
            labels, costs = roomy(labels, costs, state[SIZE], longest)
            _bring(event, halts, halt_cny, room, price, hub_first, since, group, worth, least,
                   transfer_s, transfer_cny, closed_first, closed_from, closed_to, near_first, near,
                   all_first, roads, road_cny, road_first, road_since, road_until, labels, costs,
                   heads, low, state, aboard, carried, best)  # fmt: skip
    return labels, costs


@compiled(
    "void(i8[:,::1],f8[:,::1],i8[::1],f8[:,:,::1],i8[:,::1],i8[::1],i8[:,::1],f8[:,::1],b1[:,::1],"
    "b1[::1],f8[::1],f8[::1],i8[:,::1],i8,i8[::1],i8[::1],i8[:,:,:,::1],f8[:,:,::1],i8[::1],"
    "i8[::1],i8[::1],i8[::1],i8[::1],i8[::1],i8[:,::1],f8[:,::1],i8[::1],i8[::1],i8[::1],"
    "f8[::1],f8[:,::1],i8[::1],i8[::1],i8[:,:,::1])"
)
def find_all(
    groups: Ints, worths: Floats, goal_of: Ints, bounds: Floats, events: Ints, event_at: Ints,
    halts: Ints, halt_cny: Floats, takes: Bools, dead: Bools, room: Floats, price: Floats,
    hub_first: Ints, since: int, table: Ints, run_times: Ints, transfer_s: Ints,
    transfer_cny: Floats, closed_first: Ints, closed_from: Ints, closed_to: Ints, near_first: Ints,
    near: Ints, all_first: Ints, roads: Ints, road_cny: Floats, road_first: Ints, road_since: Ints,
    road_until: Ints, mosts: Floats, found: Floats, ready: Ints, counts: Ints, legs: Ints,
) -> None:  # fmt: skip
    """Write of each group the cheapest itinerary: cost with and without prices, when it is ready.

    Costs are per TEU; a count of -1 is a group of which there is none cheaper than its one of
    `mosts`, which is its cost then. `bounds` (goals, 2, hubs and halts) are the least that is left
    to a goal from a hub, and on board from a halt: with time, and without it.
    """
    hubs = len(hub_first)
    longest = 2 * (all_first[1:] - all_first[:-1]).max() + 2 if hubs else 2
    labels, costs = np.empty((4096, LABEL), np.int64), np.empty((4096, 2))
    heads, low, state = np.empty(hubs * WAYS, np.int64), np.empty(hubs), np.zeros(3, np.int64)
    aboard, carried = np.full((len(table), 3), NONE, np.int64), np.zeros((len(table), 2))
    best, stamp = np.empty(2), 0
    for number in range(len(groups)):
        group, worth = groups[number], worths[number]
        bound = bounds[goal_of[number]]
        left = _cheapest_way_out(group, worth, bound[0], hubs, all_first, roads, road_cny)
        slack, most = max(FIRST_SHARE * left, DAY_S * worth[PER_S], 1.0), -np.inf
        while most < mosts[number]:
            most, slack, stamp = min(left + slack, mosts[number]), slack * GROWS, stamp + 1
            best[BEST] = best[BEST_PLAIN] = most
            labels, costs = _search(
                stamp, group, worth, bound, events, event_at, halts, halt_cny, takes[group[KINDS]],
                dead, room, price, hub_first, since, transfer_s, transfer_cny, closed_first,
                closed_from, closed_to, near_first, near, all_first, roads, road_cny, road_first,
                road_since, road_until, labels, costs, heads, low, state, aboard, carried, best,
                longest, table, run_times,
            )  # fmt: skip
            if state[BEST_LABEL] != NONE:
                break
        found[number, PRICED], found[number, PLAIN] = best[BEST], best[BEST_PLAIN]
        ready[number] = state[BEST_READY]
        counts[number] = _tell(labels, table, run_times, state, legs[number])

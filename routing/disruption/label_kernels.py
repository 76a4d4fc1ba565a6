"""The kernels of labels: put by time into bags, handed out at the goal, driven on from.

A label is cargo at a hub by a way: when, and at which cost per TEU with and without prices of room.
"""

from __future__ import annotations

import numpy as np

from routing.compiled import inlined
from routing.disruption.numbers import (
    AROUND,
    AT,
    BY_ROAD,
    EARLIEST,
    FROM,
    GOAL,
    HUB,
    LABEL,
    LATE_PER_S,
    LATEST,
    LEFT,
    MASS,
    NEXT,
    NONE,
    PARENT,
    PER_S,
    PLAIN,
    PRICED,
    READY,
    ROAD_S,
    ROAD_TO,
    RUN,
    TO,
    WAY,
    WAY_CNY,
    WAY_PER_T,
    WINDOWS,
)
from routing.graph.weights import Floats, Ints
from routing.multimodal.bag_kernels import opened
from routing.multimodal.timetable import PLACE, ROAD, WAYS

BEST, BEST_PLAIN = range(2)
BEST_LABEL, BEST_READY, SIZE = range(3)


@inlined
def put(labels: Ints, costs: Floats, heads: Ints, low: Floats, new: int) -> bool:
    """Put the label that stands in a row into its bag, by time; tell whether it belongs there.

    `low` is the least cost of all labels at each hub.
    """
    slot, at, cost = labels[new, HUB] * WAYS + labels[new, WAY], labels[new, AT], costs[new, PRICED]
    newer, older = NONE, heads[slot]
    while older != NONE and labels[older, AT] > at:
        if costs[older, PRICED] < cost:
            newer = older
        older = labels[older, NEXT]
    if older != NONE and costs[older, PRICED] <= cost:
        return False
    while older != NONE and labels[older, AT] == at:
        older = labels[older, NEXT]
    labels[new, NEXT] = older
    low[labels[new, HUB]] = min(low[labels[new, HUB]], cost)
    if newer == NONE:
        heads[slot] = new
    else:
        labels[newer, NEXT] = new
    return True


@inlined
def _finish(
    new: int, labels: Ints, costs: Floats, group: Ints, worth: Floats, transfer_s: Ints,
    transfer_cny: Floats, closed_first: Ints, closed_from: Ints, closed_to: Ints, best: Floats,
    state: Ints,
) -> None:  # fmt: skip
    """Hand a label out at the goal, and keep it if it is the cheapest."""
    hub, way = labels[new, HUB], labels[new, WAY]
    if hub != group[GOAL]:
        return
    takes = max(transfer_s[hub, way, PLACE, 0], transfer_s[hub, way, PLACE, 1])
    ready = opened(hub, labels[new, AT] + takes, closed_first, closed_from, closed_to)
    more = transfer_cny[hub, way, PLACE] + worth[PER_S] * (ready - group[READY])
    more += worth[LATE_PER_S] * max(ready - group[LATEST], 0)
    if costs[new, PRICED] + more < best[BEST]:
        best[BEST], best[BEST_PLAIN] = costs[new, PRICED] + more, costs[new, PLAIN] + more
        state[BEST_LABEL], state[BEST_READY] = new, ready


@inlined
def _clear(leaves: int, takes: int, number: int, first: Ints, since: Ints, until: Ints) -> int:
    """Return when a road leg may be begun: it is on the way in no window of its closures."""
    for window in range(first[number], first[number + 1]):
        if leaves < until[window] and leaves + takes > since[window]:
            leaves = until[window]
    return leaves


@inlined
def _drive(
    old: int, road: int, released: int, cost: float, plain: float, labels: Ints, costs: Floats,
    heads: Ints, low: Floats, group: Ints, worth: Floats, least: Floats, roads: Ints,
    road_cny: Floats, road_first: Ints, road_since: Ints, road_until: Ints, transfer_s: Ints,
    transfer_cny: Floats, closed_first: Ints, closed_from: Ints, closed_to: Ints, best: Floats,
    state: Ints,
) -> None:  # fmt: skip
    """Set the labels of a road leg: straight, after its closures, and the way around them."""
    while road != NONE:
        leaves, hub = released, roads[road, ROAD_TO]
        if roads[road, WINDOWS] != NONE:
            leaves = _clear(leaves, roads[road, ROAD_S], roads[road, WINDOWS], road_first,
                            road_since, road_until)  # fmt: skip
        arrives = leaves + roads[road, ROAD_S]
        more = road_cny[road, WAY_CNY] + worth[MASS] * road_cny[road, WAY_PER_T]
        new = state[SIZE]
        labels[new, AT] = opened(hub, arrives, closed_first, closed_from, closed_to)
        labels[new, HUB], labels[new, WAY], labels[new, PARENT] = hub, ROAD, old
        labels[new, RUN], labels[new, FROM], labels[new, LEFT] = BY_ROAD, road, leaves
        labels[new, TO] = arrives
        costs[new, PRICED], costs[new, PLAIN] = cost + more, plain + more
        waits = worth[PER_S] * (labels[new, AT] - group[READY])
        if cost + more + least[hub] + waits < best[BEST] and put(labels, costs, heads, low, new):
            state[SIZE] += 1
            _finish(new, labels, costs, group, worth, transfer_s, transfer_cny, closed_first,
                    closed_from, closed_to, best, state)  # fmt: skip
        road = roads[road, AROUND]


@inlined
def expand(
    at: int, labels: Ints, costs: Floats, heads: Ints, low: Floats, group: Ints, worth: Floats,
    least: Floats, near_first: Ints, near: Ints, all_first: Ints, roads: Ints, road_cny: Floats,
    road_first: Ints, road_since: Ints, road_until: Ints, transfer_s: Ints, transfer_cny: Floats,
    closed_first: Ints, closed_from: Ints, closed_to: Ints, best: Floats, state: Ints,
) -> None:  # fmt: skip
    """Hand a label out where it is, and drive on from it: to hubs near, and to the goal.

    From where the cargo starts any hub is driven to.
    """
    _finish(at, labels, costs, group, worth, transfer_s, transfer_cny, closed_first, closed_from,
            closed_to, best, state)  # fmt: skip
    hub, way = labels[at, HUB], labels[at, WAY]
    if way == ROAD and labels[at, PARENT] != NONE:
        return
    takes = max(transfer_s[hub, way, ROAD, 0], transfer_s[hub, way, ROAD, 1])
    released = max(labels[at, AT] + takes, group[EARLIEST])
    released = opened(hub, released, closed_first, closed_from, closed_to)
    cost = costs[at, PRICED] + transfer_cny[hub, way, ROAD]
    plain = costs[at, PLAIN] + transfer_cny[hub, way, ROAD]
    start = labels[at, PARENT] == NONE
    if not start:
        for place in range(near_first[hub], near_first[hub + 1]):
            _drive(at, near[place], released, cost, plain, labels, costs, heads, low, group, worth,
                   least, roads, road_cny, road_first, road_since, road_until, transfer_s,
                   transfer_cny, closed_first, closed_from, closed_to, best, state)  # fmt: skip
    for road in range(all_first[hub], all_first[hub + 1]):
        if start or roads[road, ROAD_TO] == group[GOAL]:
            _drive(at, road, released, cost, plain, labels, costs, heads, low, group, worth, least,
                   roads, road_cny, road_first, road_since, road_until, transfer_s, transfer_cny,
                   closed_first, closed_from, closed_to, best, state)  # fmt: skip


@inlined
def roomy(labels: Ints, costs: Floats, size: int, more: int) -> tuple[Ints, Floats]:
    """Return labels and costs with room for some more."""
    if size + more <= len(labels):
        return labels, costs
    larger, dearer = np.empty((2 * size + more, LABEL), np.int64), np.empty((2 * size + more, 2))
    larger[:size], dearer[:size] = labels[:size], costs[:size]
    return larger, dearer

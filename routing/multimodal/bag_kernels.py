"""Labels in bags, and the next run of a halt: what the kernels of itineraries stand on.

All numbers are whole: seconds, hundredths of a yuan, grams of CO2 equivalents.
"""

from __future__ import annotations

import numpy as np

from routing.compiled import inlined
from routing.graph.weights import Bools, Ints

UNKNOWN = 2**60
"""An upper end that nobody knows; sums do not pass it."""
# what a label amounts to, and a way between hubs (`SECONDS` in the place of `AT`)
AT, COST, COST_HIGH, CO2, CO2_HIGH, LEGS = range(6)
SECONDS, SUM = AT, CO2_HIGH + 1
BOUND = LEGS + 1  # what is left to the goal at least: the sums and legs
# a label: the amounts, then the next one of its bag, when it set out, whether it is beaten, where
# it is, how it came, from which label, by which run, between which halts
NEXT, SET_OUT, STATE, HUB, WAY, PARENT, RUN, FROM, TO, LABEL = range(LEGS + 1, LEGS + 11)
OPEN, BEATEN = 0, 1
NONE = -1
BY_ROAD, BY_ACCESS, BY_EGRESS, BY_DIRECT = -1, -2, -3, -4  # in the place of a run
# a halt: prices are those of the way from the halt before; loading takes `LIFT`
(HALT_HUB, PATTERN, GATE_IN, DOCUMENTS, BOARDS, ALIGHTS, RIDE, RIDE_COST, RIDE_COST_HIGH, RIDE_CO2,
 RIDE_CO2_HIGH, LIFT, LIFT_HIGH, MODE, HALT) = range(15)  # fmt: skip
# a transfer: handling in place of time, then prices and CO2, then papers
INFORMATION, TRANSFER = SUM, SUM + 1
# an end of the way: seconds and amounts, then the hub and by what it is reached or left
END_HUB, END_WAY, END = SUM, SUM + 1, SUM + 2
# a chance to set out: when at the latest, by which end, at which halt, on which run
DUE, BY_END, AT_HALT, ON_RUN, CHANCE = range(5)
# limits of a question
LATEST, MOST_LEGS, DIRECT, ROAD_WAY, GOAL, LIMIT = range(6)


@inlined
def opened(hub: int, at: int, closed_first: Ints, closed_from: Ints, closed_to: Ints) -> int:
    """Return when a hub works, at a time or after it."""
    for window in range(closed_first[hub], closed_first[hub + 1]):
        if closed_from[window] <= at < closed_to[window]:
            at = closed_to[window]
    return at


@inlined
def next_run(
    halt: int, run: int, halts: Ints, halt_first: Ints, run_first: Ints, run_start: Ints,
    run_trip: Ints, trip_first: Ints, depart_s: Ints, usable: Bools, closed_first: Ints,
    closed_from: Ints, closed_to: Ints,
) -> int:  # fmt: skip
    """Return a run or the first after it that has room and leaves a halt while its hub works."""
    pattern, hub = halts[halt, PATTERN], halts[halt, HALT_HUB]
    for later in range(run, run_first[pattern + 1]):
        trip = run_trip[later]
        leaves = run_start[later] + depart_s[trip_first[trip] + halt - halt_first[pattern]]
        if usable[trip] and opened(hub, leaves, closed_first, closed_from, closed_to) == leaves:
            return later
    return NONE


@inlined
def find_run(
    halt: int, at: int, halts: Ints, halt_first: Ints, run_first: Ints, run_start: Ints,
    run_trip: Ints, trip_first: Ints, depart_s: Ints, usable: Bools, closed_first: Ints,
    closed_from: Ints, closed_to: Ints,
) -> int:  # fmt: skip
    """Return the first run that leaves a halt at a time or after it, -1 without one."""
    pattern = halts[halt, PATTERN]
    place = halt - halt_first[pattern]
    low, high = run_first[pattern], run_first[pattern + 1]
    while low < high:
        mid = (low + high) >> 1
        if run_start[mid] + depart_s[trip_first[run_trip[mid]] + place] < at:
            low = mid + 1
        else:
            high = mid
    return next_run(
        halt, low, halts, halt_first, run_first, run_start, run_trip, trip_first, depart_s, usable,
        closed_first, closed_from, closed_to,
    )  # fmt: skip


@inlined
def beats(one: Ints, new: Ints) -> bool:
    """Tell whether amounts are nowhere worse than others."""
    return bool(
        one[AT] <= new[AT]
        and one[COST] <= new[COST]
        and one[CO2] <= new[CO2]
        and one[LEGS] <= new[LEGS]
        and one[COST_HIGH] <= new[COST_HIGH]
        and one[CO2_HIGH] <= new[CO2_HIGH]
    )


@inlined
def add(new: Ints, old: Ints, more: Ints) -> None:
    """Write the costs and CO2 of a label and of what follows it."""
    for k in range(COST, SUM):
        new[k] = min(old[k] + more[k], UNKNOWN)


@inlined
def beaten(labels: Ints, bags: Ints, bag: int, new: Ints) -> bool:
    """Tell whether a label of a bag is nowhere worse than amounts; that one is asked first then."""
    before, at = NONE, bags[bag]
    while at != NONE:
        if beats(labels[at], new):
            if before != NONE:
                labels[before, NEXT] = labels[at, NEXT]
                labels[at, NEXT] = bags[bag]
                bags[bag] = at
            return True
        before, at = at, labels[at, NEXT]
    return False


@inlined
def put(labels: Ints, size: int, bags: Ints, bag: int, new: Ints) -> int:
    """Put a label into a bag unless it is beaten there; return the new number of labels.

    Of those that it beats, none is needed any more to judge later ones. Those that set out at the
    same time are beaten; the others are still answers of their own time.
    """
    if beaten(labels, bags, bag, new):
        return size
    before, at = NONE, bags[bag]
    while at != NONE:
        after = labels[at, NEXT]
        if beats(new, labels[at]):
            if labels[at, SET_OUT] == new[SET_OUT]:
                labels[at, STATE] = BEATEN
            if before == NONE:
                bags[bag] = after
            else:
                labels[before, NEXT] = after
        else:
            before = at
        at = after
    labels[size, :] = new
    labels[size, NEXT] = bags[bag]
    bags[bag] = size
    return size + 1


@inlined
def roomy(labels: Ints, size: int, more: int) -> Ints:
    """Return the labels with room for some more."""
    if size + more <= len(labels):
        return labels
    larger = np.empty((2 * len(labels) + more, LABEL), np.int64)
    larger[:size] = labels[:size]
    return larger

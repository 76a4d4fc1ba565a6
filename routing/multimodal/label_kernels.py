"""The kernels that set labels: rounds of rides over bags that nothing beats (McRAPTOR).

Method: D. Delling, T. Pajor, R. Werneck, "Round-Based Public Transit Routing" (2015), with the bags
kept from later departures to earlier ones as in its range queries. A label is cargo at a hub: when,
at what cost and CO2 in the best and the worst case, after how many legs. Labels of one hub share a
bag only if they came by the same way, because handling, papers and prices of a transfer depend on
it; a label of another way counts only where all its transfers are as good (`covers`). Cargo that
stays on a train is part of a ride and never a label, so that it needs no gate-in.

A destination's labels bound all others: what cannot arrive with some advantage, by lower bounds of
the way that is left, is not set.
"""

from __future__ import annotations

import numpy as np

from routing.compiled import compiled, inlined
from routing.graph.weights import Bools, Ints
from routing.multimodal.bag_kernels import (
    ALIGHTS,
    AT,
    AT_HALT,
    BEATEN,
    BOARDS,
    BY_ACCESS,
    BY_DIRECT,
    BY_EGRESS,
    BY_END,
    BY_ROAD,
    COST,
    COST_HIGH,
    DIRECT,
    DOCUMENTS,
    DUE,
    END_HUB,
    END_WAY,
    FROM,
    GATE_IN,
    GOAL,
    HALT_HUB,
    HUB,
    INFORMATION,
    LABEL,
    LATEST,
    LEGS,
    LIFT,
    LIFT_HIGH,
    MODE,
    MOST_LEGS,
    NEXT,
    NONE,
    ON_RUN,
    OPEN,
    PARENT,
    PATTERN,
    RIDE,
    ROAD_WAY,
    RUN,
    SECONDS,
    SET_OUT,
    STATE,
    SUM,
    TO,
    UNKNOWN,
    WAY,
    add,
    beaten,
    find_run,
    opened,
    put,
    roomy,
)  # fmt: skip


@inlined
def _hopeless(
    hub: int, new: Ints, hope: Ints, limits: Ints, least: Ints, labels: Ints, bags: Ints
) -> bool:
    """Tell whether the goal is out of reach of a label, or reached as well already as it may be.

    `hope` is room for the least that a label amounts to at the goal.
    """
    legs = new[LEGS] + least[hub, LEGS]
    if least[hub, SECONDS] >= UNKNOWN or legs > limits[MOST_LEGS]:
        return True
    hope[AT], hope[LEGS] = new[AT] + least[hub, SECONDS], legs
    add(hope, new, least[hub])
    return beaten(labels, bags, len(bags) - 1, hope)


@inlined
def _covered(
    hub: int, new: Ints, labels: Ints, bags: Ints, covers: Bools, ways: int, bag: int
) -> bool:
    """Tell whether a label that came by another way, with transfers as good, beats a new one."""
    way = new[WAY]
    for other in range(ways):
        if other != way and covers[hub, other, way] and beaten(labels, bags, bag + other, new):
            return True
    return False


@inlined
def _ride(
    labels: Ints, size: int, bags: Ints, new: Ints, hope: Ints, parent: int, halt: int, run: int,
    limits: Ints, covers: Bools, least: Ints, aboard: Ints, halts: Ints, halt_first: Ints,
    run_start: Ints, run_trip: Ints, trip_first: Ints, arrive_s: Ints, depart_s: Ints,
    closed_first: Ints, closed_from: Ints, closed_to: Ints,
) -> int:  # fmt: skip
    """Set labels at all halts that a run comes to after a halt; `new` is what boarding amounts to.

    Return the new number of labels.
    """
    pattern, ways = halts[halt, PATTERN], covers.shape[1]
    offset = trip_first[run_trip[run]] - halt_first[pattern]
    hope[AT] = run_start[run] + depart_s[offset + halt] + aboard[halt, SECONDS]
    hope[LEGS] = new[LEGS] + 1 + aboard[halt, LEGS]
    add(hope, new, aboard[halt])
    late = hope[AT] > limits[LATEST] or hope[LEGS] > limits[MOST_LEGS]
    if late or beaten(labels, bags, len(bags) - 1, hope):
        return size
    new[LEGS] += 1
    new[PARENT], new[RUN], new[FROM], new[WAY] = parent, run, halt, halts[halt, MODE]
    new[STATE] = OPEN
    for later in range(halt + 1, halt_first[pattern + 1]):
        for k in range(COST, SUM):
            new[k] = min(new[k] + halts[later, RIDE + k], UNKNOWN)
        if not halts[later, ALIGHTS]:
            continue
        hub = halts[later, HALT_HUB]
        arrives = run_start[run] + arrive_s[offset + later]
        new[AT] = opened(hub, arrives, closed_first, closed_from, closed_to)
        new[HUB], new[TO] = hub, later
        bag = hub * ways
        if (
            new[AT] + least[hub, SECONDS] <= limits[LATEST]
            and not _covered(hub, new, labels, bags, covers, ways, bag)
            and not _hopeless(hub, new, hope, limits, least, labels, bags)
        ):
            size = put(labels, size, bags, bag + new[WAY], new)
    return size


@inlined
def _drive_all(
    labels: Ints, size: int, bags: Ints, new: Ints, due: int, limits: Ints, direct: Ints
) -> int:
    """Set the label of the way by road alone, at the goal."""
    if not limits[DIRECT] or due + direct[0, SECONDS] > limits[LATEST]:
        return size
    new[:SUM] = direct[0, :SUM]
    new[AT], new[LEGS] = due + direct[0, SECONDS], 1
    new[HUB], new[WAY], new[PARENT], new[RUN] = limits[GOAL], limits[ROAD_WAY], NONE, BY_DIRECT
    new[FROM], new[TO], new[STATE] = NONE, NONE, OPEN
    return put(labels, size, bags, len(bags) - 1, new)


@inlined
def _begin(
    labels: Ints, size: int, new: Ints, chance: Ints, starts: Ints, limits: Ints, transfers: Ints,
    halts: Ints, closed_first: Ints, closed_from: Ints, closed_to: Ints,
) -> bool:  # fmt: skip
    """Set the label of cargo that came to its first hub, and write what boarding amounts to.

    Tell whether another leg is allowed. The label is ridden on from at once, never looked at again.
    """
    start, halt = starts[chance[BY_END]], chance[AT_HALT]
    hub, way = start[END_HUB], start[END_WAY]
    new[:SUM] = start[:SUM]
    new[AT] = opened(hub, chance[DUE] + start[SECONDS], closed_first, closed_from, closed_to)
    new[LEGS] = 1 if way == limits[ROAD_WAY] else 0
    new[HUB], new[WAY], new[PARENT], new[RUN] = hub, way, NONE, BY_ACCESS
    new[FROM], new[TO], new[STATE], new[NEXT] = chance[BY_END], NONE, BEATEN, NONE
    labels[size, :] = new
    _load(new, labels[size], transfers[hub, way, halts[halt, MODE]], halts[halt])
    return bool(new[LEGS] < limits[MOST_LEGS])


@inlined
def _load(new: Ints, old: Ints, passed: Ints, halt: Ints) -> None:
    """Write what a label amounts to once the cargo is on board."""
    add(new, old, passed)
    new[COST] = min(new[COST] + halt[LIFT], UNKNOWN)
    new[COST_HIGH] = min(new[COST_HIGH] + halt[LIFT_HIGH], UNKNOWN)
    new[LEGS] = old[LEGS]


@inlined
def _released(
    label: Ints, passed: Ints, closed_first: Ints, closed_from: Ints, closed_to: Ints
) -> int:
    """Return when cargo may leave a hub by road or be handed out: handled, its papers there."""
    ready = label[AT] + max(passed[SECONDS], passed[INFORMATION])
    return opened(label[HUB], ready, closed_first, closed_from, closed_to)


@inlined
def _finish(
    labels: Ints, size: int, bags: Ints, new: Ints, at: int, limits: Ints, ends: Ints,
    transfers: Ints, closed_first: Ints, closed_from: Ints, closed_to: Ints,
) -> int:  # fmt: skip
    """Set the label of the goal that is reached from a label's hub."""
    hub, way = labels[at, HUB], labels[at, WAY]
    out = ends[hub, END_WAY]
    by_road = 1 if out == limits[ROAD_WAY] else 0
    legs = labels[at, LEGS] + by_road
    if out < 0 or legs > limits[MOST_LEGS] or (by_road and way == out):
        return size
    passed = transfers[hub, way, out]
    ready = _released(labels[at], passed, closed_first, closed_from, closed_to)
    add(new, labels[at], passed)
    add(new, new, ends[hub])
    new[AT], new[LEGS] = ready + ends[hub, SECONDS], legs
    new[HUB], new[WAY], new[PARENT], new[RUN] = limits[GOAL], out, at, BY_EGRESS
    new[FROM], new[TO], new[STATE] = hub, NONE, OPEN
    return size if new[AT] > limits[LATEST] else put(labels, size, bags, len(bags) - 1, new)


@inlined
def _drive_on(
    labels: Ints, size: int, bags: Ints, new: Ints, hope: Ints, at: int, limits: Ints,
    transfers: Ints, covers: Bools, least: Ints, road_first: Ints, road_to: Ints, roads: Ints,
    closed_first: Ints, closed_from: Ints, closed_to: Ints,
) -> int:  # fmt: skip
    """Set labels at the hubs that are driven to from a label's hub; not twice in a row."""
    hub, way, road_way, ways = labels[at, HUB], labels[at, WAY], limits[ROAD_WAY], covers.shape[1]
    if way == road_way:
        return size
    passed = transfers[hub, way, road_way]
    ready = _released(labels[at], passed, closed_first, closed_from, closed_to)
    for road in range(road_first[hub], road_first[hub + 1]):
        to = road_to[road]
        add(new, labels[at], passed)
        add(new, new, roads[road])
        arrives = ready + roads[road, SECONDS]
        new[AT] = opened(to, arrives, closed_first, closed_from, closed_to)
        new[LEGS], new[HUB], new[WAY] = labels[at, LEGS] + 1, to, road_way
        new[PARENT], new[RUN], new[FROM], new[TO], new[STATE] = at, BY_ROAD, road, NONE, OPEN
        if (
            new[AT] + least[to, SECONDS] <= limits[LATEST]
            and not _covered(to, new, labels, bags, covers, ways, to * ways)
            and not _hopeless(to, new, hope, limits, least, labels, bags)
        ):
            size = put(labels, size, bags, to * ways + road_way, new)
    return size


@inlined
def _boardable(label: Ints, passed: Ints, halt: Ints) -> int:
    """Return the first departure that cargo makes: gate and papers each before their cut-off."""
    return int(
        label[AT] + max(passed[SECONDS] + halt[GATE_IN], passed[INFORMATION] + halt[DOCUMENTS])
    )


@inlined
def _board_all(
    labels: Ints, size: int, bags: Ints, new: Ints, hope: Ints, at: int, limits: Ints,
    transfers: Ints, covers: Bools, least: Ints, aboard: Ints, halts: Ints, halt_first: Ints,
    at_first: Ints, at_halt: Ints, run_first: Ints, run_start: Ints, run_trip: Ints,
    trip_first: Ints, arrive_s: Ints, depart_s: Ints, usable: Bools, closed_first: Ints,
    closed_from: Ints, closed_to: Ints, longest: int,
) -> tuple[Ints, int]:  # fmt: skip
    """Ride on from a label by the first run of each pattern that it makes."""
    hub, way = labels[at, HUB], labels[at, WAY]
    for place in range(at_first[hub], at_first[hub + 1]):
        halt = at_halt[place]
        if not halts[halt, BOARDS]:
            continue
        passed = transfers[hub, way, halts[halt, MODE]]
        run = find_run(
            halt, _boardable(labels[at], passed, halts[halt]), halts, halt_first, run_first,
            run_start, run_trip, trip_first, depart_s, usable, closed_first, closed_from, closed_to,
        )  # fmt: skip
        if run == NONE:
            continue
        labels = roomy(labels, size, longest)
        _load(new, labels[at], passed, halts[halt])
        size = _ride(
            labels, size, bags, new, hope, at, halt, run, limits, covers, least, aboard, halts,
            halt_first, run_start, run_trip, trip_first, arrive_s, depart_s, closed_first,
            closed_from, closed_to,
        )  # fmt: skip
    return labels, size


@inlined
def _set_out(
    labels: Ints, size: int, bags: Ints, new: Ints, hope: Ints, chance: Ints, starts: Ints,
    limits: Ints, transfers: Ints, covers: Bools, least: Ints, aboard: Ints, halts: Ints,
    halt_first: Ints, run_start: Ints, run_trip: Ints, trip_first: Ints, arrive_s: Ints,
    depart_s: Ints, closed_first: Ints, closed_from: Ints, closed_to: Ints,
) -> int:  # fmt: skip
    """Ride on from the first hub of a chance; without a label there the one of the hub goes too."""
    if chance[ON_RUN] == NONE or not _begin(
        labels, size, new, chance, starts, limits, transfers, halts, closed_first, closed_from,
        closed_to,
    ):  # fmt: skip
        return size
    reached = _ride(
        labels, size + 1, bags, new, hope, size, chance[AT_HALT], chance[ON_RUN], limits, covers,
        least, aboard, halts, halt_first, run_start, run_trip, trip_first, arrive_s, depart_s,
        closed_first, closed_from, closed_to,
    )  # fmt: skip
    return reached if reached > size + 1 else size


@inlined
def _go_on(
    labels: Ints, size: int, bags: Ints, new: Ints, hope: Ints, at: int, limits: Ints, ends: Ints,
    transfers: Ints, covers: Bools, road_first: Ints, road_to: Ints, roads: Ints, least: Ints,
    aboard: Ints, halts: Ints, halt_first: Ints, at_first: Ints, at_halt: Ints, run_first: Ints,
    run_start: Ints, run_trip: Ints, trip_first: Ints, arrive_s: Ints, depart_s: Ints,
    usable: Bools, closed_first: Ints, closed_from: Ints, closed_to: Ints, longest: int,
) -> tuple[Ints, int]:  # fmt: skip
    """Set all labels one leg on from a label: at the goal, by road, by the services of its hub."""
    hub = labels[at, HUB]
    labels = roomy(labels, size, 1 + road_first[hub + 1] - road_first[hub])
    size = _finish(
        labels, size, bags, new, at, limits, ends, transfers, closed_first, closed_from, closed_to
    )
    if labels[at, LEGS] >= limits[MOST_LEGS]:
        return labels, size
    size = _drive_on(
        labels, size, bags, new, hope, at, limits, transfers, covers, least, road_first, road_to,
        roads, closed_first, closed_from, closed_to,
    )  # fmt: skip
    return _board_all(
        labels, size, bags, new, hope, at, limits, transfers, covers, least, aboard, halts,
        halt_first, at_first, at_halt, run_first, run_start, run_trip, trip_first, arrive_s,
        depart_s, usable, closed_first, closed_from, closed_to, longest,
    )  # fmt: skip


@compiled(
    "i8[:,::1](i8[:,::1],i8[:,::1],i8[:,::1],i8[::1],i8[:,::1],i8[:,:,:,::1],"
    "b1[:,:,::1],i8[::1],i8[::1],i8[:,::1],i8[:,::1],i8[:,::1],i8[:,::1],i8[::1],i8[::1],i8[::1],"
    "i8[::1],i8[::1],i8[::1],i8[::1],i8[::1],i8[::1],b1[::1],i8[::1],i8[::1],i8[::1])"
)
def set_labels(
    chances: Ints, starts: Ints, ends: Ints, limits: Ints, direct: Ints, transfers: Ints,
    covers: Bools, road_first: Ints, road_to: Ints, roads: Ints, least: Ints, aboard: Ints,
    halts: Ints, halt_first: Ints, at_first: Ints, at_halt: Ints, run_first: Ints, run_start: Ints,
    run_trip: Ints, trip_first: Ints, arrive_s: Ints, depart_s: Ints, usable: Bools,
    closed_first: Ints, closed_from: Ints, closed_to: Ints,
) -> Ints:  # fmt: skip
    """Return all labels of a question, (n, `LABEL`); those of the goal have its number as `HUB`.

    The arrays are those of `Question` and of its timetable; `chances` go from the latest time of
    setting out to the earliest.
    """
    bags = np.full(len(least) * covers.shape[1] + 1, NONE, np.int64)
    labels = np.empty((1024, LABEL), np.int64)
    new, hope = np.zeros(LABEL, np.int64), np.zeros(LABEL, np.int64)
    longest = int((halt_first[1:] - halt_first[:-1]).max()) if len(halt_first) > 1 else 0
    size = number = 0
    while number < len(chances):
        due, at = chances[number, DUE], size
        new[SET_OUT] = due
        labels = roomy(labels, size, 1)
        size = _drive_all(labels, size, bags, new, due, limits, direct)
        while number < len(chances) and chances[number, DUE] == due:
            labels = roomy(labels, size, longest + 1)
            size = _set_out(
                labels, size, bags, new, hope, chances[number], starts, limits, transfers, covers,
                least, aboard, halts, halt_first, run_start, run_trip, trip_first, arrive_s,
                depart_s, closed_first, closed_from, closed_to,
            )  # fmt: skip
            number += 1
        while at < size:
            if labels[at, STATE] == OPEN and labels[at, HUB] != limits[GOAL]:
                labels, size = _go_on(
                    labels, size, bags, new, hope, at, limits, ends, transfers, covers, road_first,
                    road_to, roads, least, aboard, halts, halt_first, at_first, at_halt, run_first,
                    run_start, run_trip, trip_first, arrive_s, depart_s, usable, closed_first,
                    closed_from, closed_to, longest,
                )  # fmt: skip
            at += 1
    return labels[:size].copy()

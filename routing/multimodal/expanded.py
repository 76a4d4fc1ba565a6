"""Services as a network of events for flows: arrivals, waiting cargo and departures, in arrays.

Of each call of a run there are three nodes: on board when it arrives, on board when it leaves, and
its cargo once it is off. Cargo of a hub that came by the same way waits in one row by time, for
what a transfer takes depends on the way; each departure is joined with the last of each row that
still makes it. So the arcs are a few times the departures, however many services a hub has.
Nothing is drawn on roads, which have no capacity here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from routing.graph.weights import Bools, Ints
from routing.multimodal.bag_kernels import (
    ALIGHTS,
    BOARDS,
    COST,
    COST_HIGH,
    DOCUMENTS,
    GATE_IN,
    INFORMATION,
    LIFT,
    LIFT_HIGH,
    MODE,
    RIDE_COST,
    RIDE_COST_HIGH,
    SECONDS,
    UNKNOWN,
)
from routing.multimodal.prices import Factors, Load, Tariffs, price_halts, price_transfers
from routing.multimodal.question import Limits, list_allowed
from routing.multimodal.timetable import PLACE, WAYS, Timetable

DAY_S = 86_400
ROOMY = 10**9
"""TEU that no arc ever carries."""
UNPRICED = 10**8
"""What an arc without an upper end of its price counts as more, hundredths of a yuan."""


@dataclass(frozen=True)
class Events:
    """Calls of the runs within a period: `run`, `halt` and `hub` of each, and its times (Unix s).

    `last` tells those after which the run does not go on; `come_s` is when a hub has what arrived.
    """

    run: Ints
    halt: Ints
    hub: Ints
    come_s: Ints
    leave_s: Ints
    last: Bools

    def __len__(self) -> int:
        return len(self.run)


@dataclass(frozen=True)
class Expanded:
    """Arcs from `tail` to `head` for `room` TEU at `low` to `high` hundredths of a yuan each.

    `rides` are the numbers of the arcs that are rides, `ride_event` the calls that they leave;
    `gates` those of the arcs at gates that have a limit, with hub and day of each. The last two
    nodes are source and sink; `since` (Unix s) is when the first day begins.
    """

    nodes: int
    tail: Ints
    head: Ints
    room: Ints
    low: Ints
    high: Ints
    events: Events
    rides: Ints
    ride_event: Ints
    gates: Sequence[tuple[int, int, int]]
    since: int

    @property
    def cost(self) -> Ints:
        """What arcs are compared by: both ends together; `UNPRICED` in place of an unknown one."""
        unknown = self.high >= UNKNOWN
        return np.where(unknown, self.low + UNPRICED, np.minimum(self.low + self.high, UNPRICED))


@dataclass(frozen=True)
class Passing:
    """What may pass: from which hubs to which, within which period, through which gates.

    `gate_teu` is what a hub hands in, or out, a day; a hub that is left out has no limit.
    """

    starts: Sequence[int]
    goals: Sequence[int]
    since: int
    until: int
    gate_teu: Mapping[int, int]


class _Arcs:
    """Arcs as they are added, column by column."""

    def __init__(self) -> None:
        self.parts: list[tuple[Ints, ...]] = []
        self.count = 0

    def add(
        self, tail: Ints, head: Ints, room: Ints | int, low: Ints | int, high: Ints | int
    ) -> int:
        """Add arcs; return the number of the first."""
        first, columns = self.count, (tail, head, room, low, high)
        size = len(tail)
        self.parts.append(tuple(np.broadcast_to(np.asarray(c, np.int64), size) for c in columns))
        self.count += size
        return first

    def columns(self) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """Return tail, head, room, low and high of all arcs."""
        tail, head, room, low, high = (
            np.concatenate([part[n] for part in self.parts]) for n in range(5)
        )
        return tail, head, room, low, high


def expand(
    table: Timetable, load: Load, factors: Factors, tariffs: Tariffs, limits: Limits, asked: Passing
) -> Expanded:
    """Return the network of a period; `load` is one TEU, with what it weighs."""
    halts = price_halts(table, load, factors, tariffs, list_allowed(table, load, limits))
    transfers = price_transfers(table, load, tariffs)
    events = list_events(table, asked.since, asked.until)
    count, arcs = len(events), _Arcs()
    arrive, leave, off = (np.arange(count) + n * count for n in range(3))
    rides = np.flatnonzero(~events.last)
    costs = halts[events.halt[rides + 1]]
    room = np.floor(table.trip_capacity_teu[table.run_trip[events.run[rides]]]).astype(np.int64)
    first = arcs.add(leave[rides], arrive[rides + 1], room, costs[:, RIDE_COST],
                     costs[:, RIDE_COST_HIGH])  # fmt: skip
    arcs.add(arrive, leave, ROOMY, 0, 0)
    alights = np.flatnonzero(halts[events.halt, ALIGHTS].astype(np.bool_))
    arcs.add(arrive[alights], off[alights], ROOMY, 0, 0)
    source = 3 * count + (len(asked.starts) + len(asked.goals)) * _days(asked)
    rows, gates = _wait(arcs, events, halts, off, alights), list[tuple[int, int, int]]()
    rows += _hand_in(arcs, asked, 3 * count, source, gates)
    _load_all(arcs, table, events, halts, transfers, asked, leave, rows)
    _hand_out(arcs, table, events, halts, transfers, asked, off, alights, source, gates)
    columns, numbers = arcs.columns(), first + np.arange(len(rides))
    return Expanded(source + 2, *columns, events, numbers, rides, gates, asked.since)


def count_unlimited(table: Timetable, since: int, until: int) -> int:
    """Return how many runs within a period have no capacity that anybody gave."""
    begins = table.run_start + table.depart_s[table.trip_first[table.run_trip]]
    given = np.isfinite(table.trip_capacity_teu[table.run_trip])
    return int(((begins >= since) & (begins < until) & ~given).sum())


def list_events(table: Timetable, since: int, until: int) -> Events:
    """Return the calls of all runs that are under way at some time of a period, with capacity.

    A run whose capacity nobody gave is left out: it would carry anything.
    """
    pattern = np.repeat(np.arange(len(table.run_first) - 1), np.diff(table.run_first))
    first, last = table.halt_first[pattern], table.halt_first[pattern + 1]
    offset = table.trip_first[table.run_trip]
    begins = table.run_start + table.depart_s[offset]
    ends = table.run_start + table.arrive_s[offset + last - first - 1]
    known = np.isfinite(table.trip_capacity_teu[table.run_trip])
    runs = np.flatnonzero((ends > since) & (begins < until) & known)
    counts = (last - first)[runs]
    run = np.repeat(runs, counts)
    place = np.arange(len(run)) - np.repeat(np.cumsum(counts) - counts, counts)
    call, halt = offset[run] + place, first[run] + place
    hub = table.hub[halt]
    come = opened_all(table, hub, table.run_start[run] + table.arrive_s[call])
    leaves = table.run_start[run] + table.depart_s[call]
    return Events(run, halt, hub, come, leaves, place == (last - first)[run] - 1)


def opened_all(table: Timetable, hub: Ints, at: Ints) -> Ints:
    """Return when each hub works, at a time or after it."""
    found = at.copy()
    known = np.repeat(np.arange(len(table.hub_ids)), np.diff(table.closed_first))
    for closed, since, until in zip(known, table.closed_from, table.closed_to, strict=True):
        found[(hub == closed) & (found >= since) & (found < until)] = until
    return found


def _days(asked: Passing) -> int:
    return -(-(asked.until - asked.since) // DAY_S)


Row = tuple[Ints, Ints, Ints, Ints]
"""Waiting cargo: nodes with hub, way and time (Unix s) of each."""


def _wait(arcs: _Arcs, events: Events, halts: Ints, off: Ints, alights: Ints) -> list[Row]:
    """Let cargo wait for later cargo of its hub and way; return the rows."""
    way = halts[events.halt[alights], MODE]
    hub, come = events.hub[alights], events.come_s[alights]
    order = np.lexsort((come, way, hub))
    node, hub, way, come = off[alights][order], hub[order], way[order], come[order]
    same = (hub[1:] == hub[:-1]) & (way[1:] == way[:-1])
    arcs.add(node[:-1][same], node[1:][same], ROOMY, 0, 0)
    return [(node, hub, way, come)]


def _gate(arcs: _Arcs, asked: Passing, hub: int, outer: Ints, inner: Ints,
          gates: list[tuple[int, int, int]]) -> None:  # fmt: skip
    """Add the arcs through a gate, one a day, limited where its hub has a limit."""
    most = asked.gate_teu.get(hub)
    first = arcs.add(outer, inner, ROOMY if most is None else most, 0, 0)
    if most is not None:
        gates += [(first + day, hub, day) for day in range(len(outer))]


def _hand_in(
    arcs: _Arcs, asked: Passing, base: int, source: int, gates: list[tuple[int, int, int]]
) -> list[Row]:
    """Let cargo in through the gates of the starts, day by day; return who waits there."""
    days, rows = _days(asked), list[Row]()
    for number, hub in enumerate(asked.starts):
        node = base + number * days + np.arange(days)
        _gate(arcs, asked, hub, np.full(days, source), node, gates)
        arcs.add(node[:-1], node[1:], ROOMY, 0, 0)
        at = asked.since + np.arange(days) * DAY_S
        rows.append((node, np.full(days, hub), np.full(days, PLACE), at))
    return rows


def _load_all(
    arcs: _Arcs, table: Timetable, events: Events, halts: Ints, transfers: Ints, asked: Passing,
    leave: Ints, rows: Sequence[Row],
) -> None:  # fmt: skip
    """Join each departure with the last waiting cargo of each way that makes it."""
    node, hub, way, at = (np.concatenate([row[n] for row in rows]) for n in range(4))
    at = opened_all(table, hub, at)
    group, span = hub * WAYS + way, asked.until - asked.since + 30 * DAY_S
    key = group * span + np.clip(at - asked.since + 15 * DAY_S, 0, span - 1)
    order = np.argsort(key, kind="stable")
    key, node, group = key[order], node[order], group[order]
    open_ = opened_all(table, events.hub, events.leave_s) == events.leave_s
    boards = halts[events.halt, BOARDS].astype(np.bool_) & ~events.last & open_
    boards &= (events.leave_s >= asked.since) & (events.leave_s < asked.until)
    mine = np.flatnonzero(boards)
    halt = halts[events.halt[mine]]
    for come in np.unique(group % WAYS).tolist():
        passed = transfers[events.hub[mine], come, halt[:, MODE]]
        gate, papers = passed[:, SECONDS] + halt[:, GATE_IN], halt[:, DOCUMENTS]
        by = events.leave_s[mine] - np.maximum(gate, passed[:, INFORMATION] + papers)
        wanted = events.hub[mine] * WAYS + come
        found = np.searchsorted(
            key, wanted * span + np.clip(by - asked.since + 15 * DAY_S, 0, span - 1), "right"
        ) - 1  # fmt: skip
        makes = (found >= 0) & (group[found] == wanted)
        low = passed[makes, COST] + halt[makes, LIFT]
        high = np.minimum(passed[makes, COST_HIGH] + halt[makes, LIFT_HIGH], UNKNOWN)
        arcs.add(node[found[makes]], leave[mine[makes]], ROOMY, low, high)


def _hand_out(
    arcs: _Arcs, table: Timetable, events: Events, halts: Ints, transfers: Ints, asked: Passing,
    off: Ints, alights: Ints, source: int, gates: list[tuple[int, int, int]],
) -> None:  # fmt: skip
    """Let cargo out through the gates of the goals on the day on which it may be handed out."""
    days = _days(asked)
    base = source - len(asked.goals) * days
    for number, hub in enumerate(asked.goals):
        node = base + number * days + np.arange(days)
        _gate(arcs, asked, hub, node, np.full(days, source + 1), gates)
        arcs.add(node[:-1], node[1:], ROOMY, 0, 0)
        mine = alights[events.hub[alights] == hub]
        passed = transfers[hub, halts[events.halt[mine], MODE], PLACE]
        held = np.maximum(passed[:, SECONDS], passed[:, INFORMATION])
        ready = opened_all(table, events.hub[mine], events.come_s[mine] + held)
        kept = (ready >= asked.since) & (ready < asked.until)
        day = (ready[kept] - asked.since) // DAY_S
        arcs.add(off[mine[kept]], node[day], ROOMY, passed[kept, COST], passed[kept, COST_HIGH])

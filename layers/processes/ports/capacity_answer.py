"""Flows as answers tell them: what binds and what it is worth, services, lines from hub to hub."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

import numpy as np
from pydantic import BaseModel, Field

from layers.processes.ports.itinerary_interval import clock
from layers.processes.readers.timetable_rows import DAY_S, HeldTimetable
from layers.processes.runtime.helpers import feature, path_shape
from routing.multimodal.expanded import Expanded
from routing.multimodal.flow import Flow
from spatial.transport_modes import MODES

MIDDLES = 200
"""Twice the middle of an interval in hundredths of a yuan makes so many to a yuan."""


class Binding(BaseModel):
    """A run, or the gate of a hub on a day, that is full and of which more room is worth something.

    One more TEU of room on all its full legs lets `worth_teu` more pass and saves `worth_cny`
    beside (less than 0: what the further TEU cost).
    """

    trip: str | None
    service: str | None
    hub: str | None = Field(description="Of a gate; of a run where it begins")
    at: datetime = Field(description="When the run leaves its first hub; of a gate the day's begin")
    full_legs: list[tuple[str, str]]
    room_teu: int
    worth_teu: int
    worth_cny: float


class ServiceFlow(BaseModel):
    """What a service carries: TEU-legs of all its runs within the period, and of how many."""

    service: str
    name_zh: str
    name_en: str | None
    mode: str
    runs: int
    carried_teu_legs: int
    room_teu_legs: int


def list_bindings(held: HeldTimetable, network: Expanded, flow: Flow) -> list[Binding]:
    """Return what binds, that which is worth most first."""
    arcs = np.flatnonzero((flow.worth_teu > 0) | (flow.worth_cost != 0))
    gates = {arc: (hub, day) for arc, hub, day in network.gates}
    event_of = dict(zip(network.rides.tolist(), network.ride_event.tolist(), strict=True))
    by_run: dict[int, list[int]] = defaultdict(list)
    found = []
    for arc in arcs.tolist():
        if arc in event_of:
            by_run[int(network.events.run[event_of[arc]])].append(arc)
        elif arc in gates:
            found.append(_gate(held, network, flow, arc, gates[arc]))
    found += [_run(held, network, flow, run, own, event_of) for run, own in by_run.items()]
    return sorted(found, key=lambda one: (-one.worth_teu, -one.worth_cny, one.at))


def _gate(
    held: HeldTimetable, network: Expanded, flow: Flow, arc: int, at: tuple[int, int]
) -> Binding:
    hub, day = at
    return Binding(
        trip=None, service=None, hub=held.hubs[hub].id, at=clock(network.since + day * DAY_S),
        full_legs=[], room_teu=int(network.room[arc]), worth_teu=int(flow.worth_teu[arc]),
        worth_cny=round(float(flow.worth_cost[arc]) / MIDDLES, 2),
    )  # fmt: skip


def _run(
    held: HeldTimetable, network: Expanded, flow: Flow, run: int, arcs: list[int],
    event_of: dict[int, int],
) -> Binding:  # fmt: skip
    table, hubs, events = held.timetable, held.hubs, network.events
    full = [(hubs[events.hub[event_of[arc]]].id, hubs[events.hub[event_of[arc] + 1]].id)
            for arc in arcs]  # fmt: skip
    trip = int(table.run_trip[run])
    pattern = int(table.halt_pattern[events.halt[event_of[arcs[0]]]])
    leaves = int(table.run_start[run] + table.depart_s[table.trip_first[trip]])
    return Binding(
        trip=table.trip_ids[trip], service=table.services[table.pattern_service[pattern]].id,
        hub=hubs[table.hub[table.halt_first[pattern]]].id, at=clock(leaves), full_legs=full,
        room_teu=int(network.room[arcs[0]]), worth_teu=int(flow.worth_teu[arcs].sum()),
        worth_cny=round(float(flow.worth_cost[arcs].sum()) / MIDDLES, 2),
    )  # fmt: skip


def sum_services(held: HeldTimetable, network: Expanded, flow: Flow) -> list[ServiceFlow]:
    """Return the services that carry anything, by id."""
    table, events = held.timetable, network.events
    pattern = table.halt_pattern[events.halt[network.ride_event]]
    service = table.pattern_service[pattern]
    on, room = flow.on[network.rides], network.room[network.rides]
    runs = events.run[network.ride_event]
    found = []
    for number in np.unique(service[on > 0]).tolist():
        mine, one = service == number, table.services[number]
        found.append(
            ServiceFlow(
                service=one.id, name_zh=one.name_zh, name_en=one.name_en, mode=MODES[one.mode],
                runs=len(np.unique(runs[mine])), carried_teu_legs=int(on[mine].sum()),
                room_teu_legs=int(room[mine].sum()),
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: one.service)


def flow_lines(held: HeldTimetable, network: Expanded, flow: Flow) -> list[object]:
    """Return what passes from hub to hub by mode as straight lines, which say so."""
    table, events = held.timetable, network.events
    sums: dict[tuple[int, int, int], int] = defaultdict(int)
    modes = table.modes
    for arc, event in zip(network.rides.tolist(), network.ride_event.tolist(), strict=True):
        if flow.on[arc]:
            mode = int(modes[table.halt_pattern[events.halt[event]]])
            sums[int(events.hub[event]), int(events.hub[event + 1]), mode] += int(flow.on[arc])
    features: list[object] = []
    for (one, other, mode), teu in sorted(sums.items()):
        ends = held.hubs[one], held.hubs[other]
        shape = path_shape([[hub.lon, hub.lat] for hub in ends])
        features.append(
            feature(
                f"{ends[0].id}-{ends[1].id}-{MODES[mode]}", shape, from_hub=ends[0].id,
                to_hub=ends[1].id, mode=MODES[mode], teu=teu, drawn="straight line",
                origin="synthetic" if held.synthetic else "derived",
            )
        )  # fmt: skip
    return features

"""How likely an itinerary is on time: it is played through each stated scenario of delays.

Where a cut-off is missed, the cargo takes the next run of the same service that it makes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from routing.graph.weights import Ints
from routing.multimodal.bag_kernels import DOCUMENTS, GATE_IN, INFORMATION, NONE, SECONDS
from routing.multimodal.itinerary import Itinerary, Leg, opened
from routing.multimodal.question import Question
from routing.multimodal.timetable import PLACE
from spatial.transport_modes import MODES


@dataclass(frozen=True)
class Scenario:
    """A state of the world: how likely it is, by how much legs of a mode arrive late (s)."""

    name: str
    share: float
    late_s: Mapping[str, int]


def on_time(question: Question, one: Itinerary, by: int, scenarios: Sequence[Scenario]) -> float:
    """Return the chance that the goal has the load by a time (Unix s)."""
    ready = [(scenario.share, ready_in(question, one, scenario)) for scenario in scenarios]
    return sum(share for share, at in ready if at is not None and at <= by)


def ready_in(question: Question, one: Itinerary, scenario: Scenario) -> int | None:
    """Return when the goal has the load in a scenario, None where no later run makes up."""
    at, way, hub = one.departs, PLACE, one.legs[0].from_hub
    for leg in one.legs:
        begun = _begun(question, leg, at, way, hub)
        if begun is None:
            return None
        at = begun + leg.arrives - leg.departs + scenario.late_s.get(MODES[leg.way], 0)
        way, hub = leg.way, leg.to_hub
        at = opened(question.timetable, hub, at) if hub != NONE else at
    if hub == NONE:
        return at
    passed = question.transfers[hub, way, PLACE]
    return opened(question.timetable, hub, at + int(max(passed[SECONDS], passed[INFORMATION])))


def _begun(question: Question, leg: Leg, at: int, way: int, hub: int) -> int | None:
    """Return when a leg begins for cargo that is at its hub."""
    if hub == NONE:
        return at
    passed: Ints = question.transfers[hub, way, leg.way]
    if leg.run is None:
        ready = at + int(max(passed[SECONDS], passed[INFORMATION]))
        return opened(question.timetable, hub, ready)
    halt = question.halts[leg.from_halt]
    handled = at + int(passed[SECONDS] + halt[GATE_IN])
    return _next_departure(
        question, leg, max(handled, at + int(passed[INFORMATION] + halt[DOCUMENTS]))
    )


def _next_departure(question: Question, leg: Leg, at: int) -> int | None:
    table = question.timetable
    pattern = int(table.halt_pattern[leg.from_halt])
    place = leg.from_halt - int(table.halt_first[pattern])
    for run in range(leg.run or 0, int(table.run_first[pattern + 1])):
        trip = int(table.run_trip[run])
        leaves = int(table.run_start[run] + table.depart_s[table.trip_first[trip] + place])
        if leaves >= at and question.usable[trip] and opened(table, leg.from_hub, leaves) == leaves:
            return leaves
    return None

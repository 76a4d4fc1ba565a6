"""Planned legs found on the runs of the timetable, each with how it was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from layers.processes.ports.disruption_cargo import Gathered, hub_of
from layers.processes.ports.disruption_inputs import Matched, PlannedLeg
from layers.processes.readers.timetable_rows import HeldTimetable
from routing.disruption.cargo import Cargo
from routing.disruption.numbers import (
    BY_ROAD,
    DOCUMENTS,
    GATE_IN,
    LEG,
    LEG_ARRIVES,
    LEG_DEPARTS,
    LEG_FROM,
    LEG_FROM_HUB,
    LEG_ROAD,
    LEG_RUN,
    LEG_TO,
    LEG_TO_HUB,
    NONE,
    OWN,
)
from routing.disruption.rule_models import Taking
from routing.disruption.world import World
from routing.graph.weights import Ints
from routing.multimodal.timetable import PLACE
from spatial.errors import BadParameter
from spatial.transport_modes import HAULAGE, MODES

HOUR_S = 3600
CLOSENESS: tuple[Matched, ...] = ("exact", "named", "near")


class _Call(NamedTuple):
    """A run at a halt where it loads, with its times there and at the goal (Unix s)."""

    run: int
    halt: int
    goal_halt: int
    departs: int
    arrives: int


def find_runs(found: Gathered, held: HeldTimetable, world: World, rule: Taking) -> None:
    """Find the legs of plans on runs, and write how each was found."""
    finder = _Finder(held, world, rule)
    for number, plan in enumerate(found.plans):
        if plan is None:
            continue
        identity, one = found.ids[number], found.cargo[number]
        rows, how = finder.rows(plan, identity)
        if not _joined(one, rows):
            raise _not_joined(identity)
        found.matched[number] = how
        found.cargo[number] = finder.ready(one, rows, found.ready_told[number]).planned(rows)


def _joined(one: Cargo, legs: Ints) -> bool:
    """Tell whether legs lead from a start to a goal, one after the other."""
    hubs = [one.start, *legs[:, LEG_TO_HUB].tolist()]
    joined = hubs[:-1] == legs[:, LEG_FROM_HUB].tolist() and hubs[-1] == one.goal
    return joined and _ordered(legs)


def _ordered(legs: Ints) -> bool:
    return bool((np.diff(legs[:, [LEG_DEPARTS, LEG_ARRIVES]].ravel()) >= 0).all())


def _not_joined(identity: str) -> BadParameter:
    return BadParameter(
        f"shipments.{identity}.planned: the legs do not lead from start to goal in order",
        f"shipments.{identity}.planned：各航段未按顺序由起点连到终点",
        mend_en="Each leg begins where the one before ended, and not before it arrived.",
        mend_zh="每一航段须自上一航段的终点出发，且不早于其到达。",
        parameter=f"shipments.{identity}.planned",
    )


class _Finder:
    """Finds the runs of planned legs, as the rule says."""

    def __init__(self, held: HeldTimetable, world: World, rule: Taking) -> None:
        self.held, self.world, self.rule = held, world, rule
        table = held.timetable
        self._runs: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
        for departs, run, halt in (
            (event[0], event[2], event[3]) for event in world.events.tolist() if event[1]
        ):
            self._runs.setdefault((int(table.hub[halt]), int(world.halts[halt, 1])), []).append(
                (departs, run, halt)
            )
        rows = world.roads.rows[: int(world.roads.all_first[-1])]
        self._roads = {(row[0], row[1]): number for number, row in enumerate(rows.tolist())}

    def rows(self, plan: Sequence[PlannedLeg], identity: str) -> tuple[Ints, list[Matched]]:
        """Return legs as the engine takes them, and how each was found.

        Runs at other times than planned are taken only if the legs still follow on each other.
        """
        for widest in (len(CLOSENESS), 1):
            told = [self._row(leg, identity, CLOSENESS[:widest]) for leg in plan]
            legs = np.array([row for row, _ in told], np.int64)
            if _ordered(legs):
                break
        return legs, [how for _, how in told]

    def ready(self, one: Cargo, legs: Ints, told: bool) -> Cargo:
        """Return a shipment ready early enough for its first run, where nobody told when it is."""
        run, halt = legs[0, LEG_RUN], legs[0, LEG_FROM]
        if told or run < 0:
            return one
        halts, mode = self.world.halts, int(self.world.halts[halt, 1])
        takes = self.world.transfer_s[one.start, PLACE, mode]
        need = max(takes[0] + halts[halt, GATE_IN], takes[1] + halts[halt, DOCUMENTS])
        return one.ready_by(int(legs[0, LEG_DEPARTS] - need))

    def _row(
        self, leg: PlannedLeg, identity: str, ways: Sequence[Matched]
    ) -> tuple[list[int], Matched]:
        where = f"shipments.{identity}.planned"
        start, goal = (hub_of(self.held, name, where) for name in (leg.start, leg.goal))
        row = [NONE] * LEG
        row[LEG_FROM_HUB], row[LEG_TO_HUB] = start, goal
        row[LEG_DEPARTS] = int(leg.departs.timestamp())
        row[LEG_ARRIVES] = int(leg.arrives.timestamp())
        mode = MODES.index(leg.mode)
        if leg.mode == HAULAGE and (start, goal) in self._roads:
            row[LEG_RUN], row[LEG_ROAD] = BY_ROAD, self._roads[start, goal]
            return row, "road"
        calls = list(self._calls(mode, start, goal))
        for how in ways:
            call = self._nearest(leg, calls, how)
            if call is not None:
                row[LEG_RUN], row[LEG_FROM], row[LEG_TO] = call.run, call.halt, call.goal_halt
                row[LEG_DEPARTS], row[LEG_ARRIVES] = call.departs, call.arrives
                return row, how
        row[LEG_RUN], row[LEG_ROAD] = OWN, mode
        return row, "none"

    def _calls(self, mode: int, start: int, goal: int) -> list[_Call]:
        """Return the runs of a mode from a hub to another one, to the first call there."""
        table, found = self.held.timetable, []
        for departs, run, halt in self._runs.get((start, mode), []):
            last = int(table.halt_first[table.halt_pattern[halt] + 1])
            ends = np.flatnonzero(table.hub[halt + 1 : last] == goal)
            if len(ends):
                end = halt + 1 + int(ends[0])
                arrives = int(self.world.run_times[2 * (int(self.world.table[run]) + end)])
                found.append(_Call(run, halt, end, departs, arrives))
        return found

    def _nearest(self, leg: PlannedLeg, calls: Sequence[_Call], how: Matched) -> _Call | None:
        """Return the run that is nearest in time of those that are near enough, if any is."""
        departs, arrives = (int(at.timestamp()) for at in (leg.departs, leg.arrives))

        def fits(call: _Call) -> bool:
            off = abs(call.departs - departs)
            if how == "exact":
                return off <= self.rule.same_s
            if how == "named":
                named = leg.trip in (self._trip(call), self._service(call))
                return named and off <= self.rule.named_h * HOUR_S
            return max(off, abs(call.arrives - arrives)) <= self.rule.near_h * HOUR_S

        near = [call for call in calls if fits(call)]
        if how == "exact":  # of several at once that of the trip that is named
            return min(near, key=lambda c: (self._trip(c) != leg.trip, c), default=None)
        return min(near, key=lambda c: (abs(c.departs - departs), c), default=None)

    def _trip(self, call: _Call) -> str:
        table = self.held.timetable
        return str(table.trip_ids[table.run_trip[call.run]])

    def _service(self, call: _Call) -> str:
        table = self.held.timetable
        return str(table.services[table.pattern_service[table.halt_pattern[call.halt]]].id)

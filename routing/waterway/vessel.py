"""Vessels, as the search takes vehicles: what refuses them depends on the levels of the time."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property
from typing import NamedTuple
from uuid import uuid4

import numpy as np

from routing.cost.conditional import Conditioned, MakeLimits
from routing.cost.time_bans import Bans
from routing.cost.vehicle import Vehicle
from routing.graph.graph import Edges, Graph
from routing.graph.weights import Bools, Floats, Ints
from routing.query.lru import Lru
from routing.waterway.judge import FAIL, UNKNOWN, Judge, Verdict
from routing.waterway.limits import LimitRows, compile_limits
from routing.waterway.missing import Waiting
from routing.waterway.windows import Windows, look_ahead, with_windows
from spatial.rules import Rules

KEPT = 64
SURE = "refuse"
"""What a vessel thinks of unknown limits unless it is said: what is not known refuses it."""


@dataclass(frozen=True)
class Vessel(Vehicle):
    """A vehicle that leaves at a time; `windows` say when edges are shut to it from then on."""

    judge: Judge = field(kw_only=True)
    windows: Windows = field(kw_only=True)

    @property
    def unlimited(self) -> bool:
        """Whether no edge can refuse the vehicle: of none is that known before it is looked at."""
        return False

    @property
    def dimensions(self) -> Floats:
        """The sizes by limit; NaN is not known."""
        return np.array(self.sizes, np.float64)

    def broken(self, edges: Edges, keys: Ints) -> Bools:
        """Return (keys, limits): which limits refuse the vessel at its departure."""
        numbers = keys >> 1
        found = np.zeros((len(numbers), len(self.sizes)), np.bool_)
        judged = self.verdict
        for place in np.flatnonzero(self.windows.verdict[numbers] == FAIL).tolist():
            for option in failing_options(self.judge, judged, int(numbers[place])):
                for term in self.judge.terms_of(option):
                    failed = judged.term[term] == FAIL
                    found[place, self.judge.table.term_column[term]] |= failed
        return found

    @cached_property
    def verdict(self) -> Verdict:
        """What the vessel finds at its departure."""
        return self.judge.verdict(self.windows.state, self.dimensions)

    @cached_property
    def waiting(self) -> Waiting:
        """What edges of which it is not known whether they let the vessel pass wait for."""
        judge, state, sizes, judged = (
            self.judge, self.windows.state, self.dimensions, self.verdict
        )  # fmt: skip
        undecided = np.flatnonzero(judged.edge == UNKNOWN).tolist()
        sets = {edge: judge.ways_to_pass(edge, judged, state, sizes) for edge in undecided}
        return Waiting(sets, judge.table.edge_count)

    def limit(self, edges: Edges, key: int, column: int) -> float | str:
        """Return the largest size that an edge admits at the most favourable level of departure."""
        sizes = np.where(np.arange(len(self.sizes)) == column, np.nan, self.dimensions)
        found = self.judge.capacity(self.windows.state, column, sizes, sure=False, others=False)[
            key >> 1
        ]
        return round(float(found), 3)

    def unsure(self, edges: Edges, chosen: Ints | slice) -> Bools:
        """Return of which chosen edges it is not known whether the vessel passes."""
        return np.asarray(self.windows.verdict[chosen] == UNKNOWN)

    def doubted(self, edges: Edges, chosen: Ints | slice) -> Bools:
        """Return which chosen edges refuse the vessel because something is not known."""
        return self.unsure(edges, chosen) & (self.unknown == SURE)

    def refused(self, edges: Edges, keys: Ints) -> Bools:
        """Return which keys never let the vessel pass in the coming days."""
        return np.asarray(self.windows.shut[keys >> 1] | self.shut_out(edges, keys >> 1), np.bool_)


def failing_options(judge: Judge, judged: Verdict, edge: int) -> list[int]:
    """Return of each structure that refuses a vessel the opening that does so for fewest limits."""
    best: dict[int, tuple[int, int]] = {}
    for option in judge.table.options_of[edge]:
        group = int(judge.table.option_group[option])
        failed = sum(judged.term[term] == FAIL for term in judge.terms_of(option))
        if judged.option[option] != FAIL:
            best[group] = (-1, option)
        elif group not in best or failed < best[group][0]:
            best[group] = (failed, option)
    return [option for failed, option in best.values() if failed >= 0]


class _Kept(NamedTuple):
    """A vessel with the bans that it was made of, so that no other object gets their id."""

    conditioned: Conditioned
    bans: Bans


class VesselLimits:
    """The limits of one graph under some rules; safe from any thread."""

    def __init__(self, graph: Graph, rules: Rules, rows: LimitRows) -> None:
        self.graph, self.rules, self.rows = graph, rules, rows
        self.judge = Judge(compile_limits(graph, rows, rules), rows.levels, graph.edges.kind, rules)
        self._serial = uuid4().hex
        self._kept = Lru(KEPT)

    def condition(self, vehicle: Vehicle, bans: Bans, at: datetime) -> Conditioned:
        """Return a vessel that leaves at a time, and when edges are shut to it from then on.

        Of two that leave within the same ten minutes it is one.
        """
        sizes, sure = np.array(vehicle.sizes, np.float64), vehicle.unknown == SURE
        begin = int(at.timestamp() // 600)
        named = vehicle.sizes, vehicle.unknown, vehicle.cargo, vehicle.keys, begin, id(bans)

        def make() -> _Kept:
            windows = look_ahead(self.judge, at, sizes, sure=sure)
            own = {one.name: getattr(vehicle, one.name) for one in fields(Vehicle)}
            vessel = Vessel(**own, judge=self.judge, windows=windows)
            name = f" limits {self._serial} {named}"
            return _Kept(Conditioned(vessel, with_windows(bans, self.graph, windows), name), bans)

        return self._kept.get(named, make).conditioned


def makes_limits(rows: LimitRows) -> MakeLimits:
    """Return what makes the limits of a graph under some rules of what is known of them."""
    return lambda graph, rules: VesselLimits(graph, rules, rows)

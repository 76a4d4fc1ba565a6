"""Turns that are forbidden at some hours: which of them are shut to a vehicle at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from routing.cost.access import PRIVATE, Vehicle, admits, uses_private
from routing.cost.weekly_hours import WEEK_MIN, minute_of_week, minutes_after, read_condition
from routing.graph.graph import Coded
from routing.graph.weights import Bools


@dataclass(frozen=True)
class TurnHours:
    """The hours that restrictions of turns name, as minutes of the week, and those shut now."""

    weeks: Mapping[str, Bools]
    shut: frozenset[str]

    @classmethod
    def of(cls, exempt: Coded) -> TurnHours:
        """Return the hours that arcs name, as `routing.graph.graph.Arcs.exempt` tells."""
        texts = {ban.partition("@")[2] for text in exempt.values for ban in text.split("|")} - {""}
        weeks = {}
        for text in sorted(texts):
            week = read_condition(text)
            weeks[text] = np.ones(WEEK_MIN, np.bool_) if week is None else week
        return cls(weeks, frozenset(text for text, week in weeks.items() if week.all()))

    def at(self, time: datetime) -> frozenset[str]:
        """Return the hours that hold at a time."""
        minute = int(minute_of_week(time))
        return frozenset(text for text, week in self.weeks.items() if week[minute])

    def during(self, depart: datetime, passed_ms: float) -> frozenset[str]:
        """Return the hours that hold at some minute of a drive."""
        minutes = minutes_after(depart, np.append(np.arange(0, passed_ms, 60_000.0), passed_ms))
        return frozenset(text for text, week in self.weeks.items() if week[minutes].any())


def spared_classes(
    vehicle: Vehicle, exempt: Coded, shut: Collection[str], *, at_ends: bool
) -> Bools:
    """Return by code of `Arcs.exempt` whether a vehicle may use such arcs; the last is -1.

    `shut` are the hours of turns that hold. What a barrier says of a class, `motorcar=private`, is
    read as a road's access is: `at_ends` that of destination traffic counts too, and what opens at
    some hours to such traffic alone is open to no other at all.
    """
    own = {*vehicle.access, *((PRIVATE,) if uses_private(vehicle) else ())}

    def passes(name: str, *, at_ends: bool) -> bool:
        known, _, value = name.partition("=")
        return known in own and (not value or admits(vehicle, value, at_ends=at_ends))

    def may(ban: str) -> bool:
        told, _, hours = ban.partition("@")
        names = told.split(",")
        if any(passes(name, at_ends=at_ends) for name in names):
            return True
        inward = any(passes(name, at_ends=True) for name in names)
        return bool(hours) and hours not in shut and not inward

    return np.array([*(all(map(may, text.split("|"))) for text in exempt.values), True], np.bool_)

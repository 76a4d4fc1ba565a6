"""What is closed when: hubs, parts of ways of services, road legs, each told with its cause."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from routing.disruption.numbers import (
    LEG_ARRIVES,
    LEG_DEPARTS,
    LEG_FROM,
    LEG_FROM_HUB,
    LEG_RUN,
    LEG_TO,
    LEG_TO_HUB,
    OWN,
)
from routing.disruption.roads import RoadLegs, Window, merge
from routing.disruption.world import Blocked, World
from routing.graph.weights import Ints

HOUR_S = 3600


@dataclass(frozen=True)
class Closing:
    """One thing that is closed for a window: a hub, a part of a way, or a closure of roads.

    `thing` names it, `cause` is the number of the disruption; exactly one of the others is told,
    `road` as the number of a closure of the road legs.
    """

    thing: str
    cause: int
    window: Window
    hub: int | None = None
    blocked: Blocked | None = None
    road: int | None = None


class OnLine(NamedTuple):
    """A disruption that a line crosses between two shares of it, in a window."""

    cause: int
    begin: float
    end: float
    window: Window


@dataclass(frozen=True)
class Closures:
    """All that is closed, the road legs in the state that follows, and what lies on which line.

    `lines` are by the hubs that legs lead between which are no runs of the timetable.
    """

    closings: Sequence[Closing] = ()
    legs: RoadLegs | None = None
    lines: Mapping[tuple[int, int], Sequence[OnLine]] = field(default_factory=dict)

    def apply(self, world: World) -> World:
        """Return the world with all of it closed."""
        hubs = [(one.hub, one.window) for one in self.closings if one.hub is not None]
        blocked = [replace(one.blocked, window=one.window) for one in self.closings if one.blocked]
        legs = self.legs
        if legs is not None:
            windows = {one.road: one.window for one in self.closings if one.road is not None}
            shut = [(hit, windows[n]) for n, (hit, _) in enumerate(legs.shut) if n in windows]
            legs = replace(legs, shut=shut)
        return world.closing(hubs, blocked, legs)

    def shorter(self, chosen: Callable[[Closing], bool]) -> Closures:
        """Return the same with the last hour of what is chosen taken away."""
        merged = merge([one.window for one in self.closings if chosen(one)])
        if not merged:
            return self
        end = merged[-1].until - HOUR_S
        kept = []
        for one in self.closings:
            if chosen(one) and one.window.until > end:
                if one.window.since < end:
                    kept.append(replace(one, window=Window(one.window.since, end)))
                continue
            kept.append(one)
        return Closures(kept, self.legs, self.lines)


class Touch:
    """Tells by which disruptions an itinerary is touched, in a world without them."""

    def __init__(self, before: World, closures: Closures) -> None:
        self.before, self._lines = before, closures.lines
        self._hubs: dict[int, list[Closing]] = {}
        self._sections: dict[int, set[int]] = {}
        self._roads = [one for one in closures.closings if one.road is not None]
        self._shut = () if closures.legs is None else closures.legs.shut
        self._pairs = {} if closures.legs is None else _pairs(closures.legs)
        for one in closures.closings:
            if one.hub is not None:
                self._hubs.setdefault(one.hub, []).append(one)
            elif one.blocked is not None:
                part = replace(one.blocked, window=one.window)
                for section in np.flatnonzero(before.closing([], [part]).dead).tolist():
                    self._sections.setdefault(section, set()).add(one.cause)

    def causes(self, legs: Ints, ready: int, at: int) -> set[int]:
        """Return the numbers of the disruptions that touch legs from a time on.

        `ready` is when the goal has the load; work at a hub before `at` was done.
        """
        found: set[int] = set()
        for leg in legs.tolist():
            if leg[LEG_ARRIVES] < at:
                continue
            found |= self._at_hub(leg[LEG_TO_HUB], leg[LEG_ARRIVES])
            if leg[LEG_DEPARTS] >= at:
                found |= self._at_hub(leg[LEG_FROM_HUB], leg[LEG_DEPARTS])
            found |= self._on_way(leg, at)
        if len(legs):
            found |= self._at_hub(int(legs[-1, LEG_TO_HUB]), ready)
        return found

    def _at_hub(self, hub: int, at: int) -> set[int]:
        closed = self._hubs.get(hub, ())
        return {one.cause for one in closed if one.window.since <= at < one.window.until}

    def _on_way(self, leg: Sequence[int], at: int) -> set[int]:
        if leg[LEG_RUN] >= 0:
            base = int(self.before.table[leg[LEG_RUN]])
            found: set[int] = set()
            for section in range(base + leg[LEG_FROM], base + leg[LEG_TO]):
                if self.before.run_times[2 * section + 2] >= at:
                    found |= self._sections.get(section, set())
            return found
        if leg[LEG_RUN] == OWN:
            return self._on_line(leg, at)
        if leg[LEG_DEPARTS] < at:
            return set()
        place = self._pairs.get((leg[LEG_FROM_HUB], leg[LEG_TO_HUB]))
        return {
            one.cause for one in self._roads
            if place is not None and self._shut[one.road or 0][0][place]
            and leg[LEG_DEPARTS] < one.window.until and leg[LEG_ARRIVES] > one.window.since
        }  # fmt: skip

    def _on_line(self, leg: Sequence[int], at: int) -> set[int]:
        takes = leg[LEG_ARRIVES] - leg[LEG_DEPARTS]
        found = set()
        for one in self._lines.get((leg[LEG_FROM_HUB], leg[LEG_TO_HUB]), ()):
            enters, ends = (leg[LEG_DEPARTS] + share * takes for share in (one.begin, one.end))
            if enters < one.window.until and ends >= max(one.window.since, at):
                found.add(one.cause)
        return found


def _pairs(legs: RoadLegs) -> dict[tuple[int, int], int]:
    pairs = zip(legs.one.tolist(), legs.to.tolist(), strict=True)
    return {pair: place for place, pair in enumerate(pairs)}

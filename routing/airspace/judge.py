"""May one fly here, this high, at this time? What each zone says, and what follows.

A verdict lies between what holds surely and what may hold: `least` and `most` of the weights.
Classes A, D and E lie above the ceiling of every aircraft, which speaks for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.airspace.coverage import OUTSIDE, Coverage
from routing.airspace.held import (
    NO,
    PERHAPS,
    YES,
    Held,
    Limits,
    States,
    above_ground,
    limit_of_rule,
    within,
)
from routing.airspace.levels import Joins, Levels, Missing
from routing.airspace.verdict import Weight
from routing.airspace.zones import Whole, Zone, Zones
from spatial.airspace_rules import Aircraft, Ceilings, ClassBands, Clock

Weights = NDArray[np.int8]
_WEIGHTS = {
    "PROHIBITED": Weight.PROHIBIT,
    "REQ_AUTHORISATION": Weight.APPROVE,
    "CONDITIONAL": Weight.CONFIRM,
    "NO_RESTRICTION": Weight.FREE,
}
CEILING = "height"


@dataclass(frozen=True)
class Air:
    """All that a judgement stands on: zones, what is known of the ground, rules, joins."""

    zones: Zones
    coverage: Coverage
    bands: ClassBands
    ceilings: Ceilings
    joins: Joins


@dataclass(frozen=True)
class Flight:
    """Who flies when: class of aircraft, and time (s since 1970), half-open.

    Equal ends are a moment. `clock` is that of its task; it may exempt from application, for
    `own_zone` alone where it says so.
    """

    aircraft: Aircraft
    begin_s: float
    end_s: float
    clock: Clock | None = None
    own_zone: str | None = None

    @property
    def exempt_to_agl_m(self) -> float | None:
        """Up to which true height (m) no application is made in controlled airspace."""
        return None if self.clock is None else self.clock.exempt_to_agl_m


@dataclass(frozen=True)
class Finding:
    """A zone, or the ceiling of an aircraft, that speaks: surely, or perhaps and why."""

    sort: str
    name: str
    """Id of the zone, or class of aircraft."""
    zone: Zone | None
    least: int
    most: int
    missing: int


@dataclass(frozen=True)
class Judgement:
    """What follows for one flight."""

    least: int
    most: int
    findings: tuple[Finding, ...]
    classes: tuple[str, ...]
    """The class of airspace; several where it is undetermined or the flight passes through them."""
    counties: Whole
    beyond: bool
    """Part of the flight lies outside all counties."""
    unknown: bool


@dataclass(frozen=True)
class Columns:
    """What follows for many places, and which pairs of place and zone speak."""

    least: Weights
    most: Weights
    unknown: NDArray[np.bool_]
    county: Whole
    place: Whole
    zone: Whole
    surely: NDArray[np.bool_]


class Judge:
    """Judges flights in the air as it is known."""

    def __init__(self, air: Air) -> None:
        self.air = air
        zones = air.zones.all
        bands = air.bands.root  # which follow the zones as if they lay over every place
        self._floors = Limits(
            [*(zone.floor for zone in zones), *(limit_of_rule(band.floor) for band in bands)]
        )
        self._tops = Limits(
            [*(zone.ceiling for zone in zones), *(limit_of_rule(band.top) for band in bands)]
        )
        self._uncertain = np.array([zone.uncertain for zone in zones] + [False] * len(bands), bool)
        self._weights = np.array([weight_of(zone) for zone in zones], np.int8)
        self._may_be_exempt = np.array([may_be_exempt(zone) for zone in zones], bool)
        self._of_class = {
            name: np.array([z.sort == "airspace" and z.level == name for z in zones], bool)
            for name in ("B", "C")
        }

    @property
    def zone_weights(self) -> Weights:
        """What each zone weighs where it holds."""
        return self._weights

    def columns(self, levels: Levels, flight: Flight) -> Columns:
        """Judge each place by itself."""
        place, zone = self.air.zones.over_points(levels.lon, levels.lat)
        use = self.in_force(zone, flight)
        place, zone = place[use], zone[use]
        held = self.held(levels, place, zone)
        low, high = self._of_pairs(levels, place, zone, held, flight)
        least, most = self._heaviest(levels, place, (low, high), flight)
        county = self.air.coverage.counties_of(levels.lon, levels.lat)
        unknown = self.air.coverage.has_unknown(county)
        speaks = high > Weight.FREE
        return Columns(
            least, most, unknown, county, place[speaks], zone[speaks], held.state[speaks] == YES
        )

    def weights(
        self, levels: Levels, pairs: tuple[Whole, Whole], flight: Flight
    ) -> tuple[Weights, Weights]:
        """Return the least and most weight of each place, from pairs of place and zone over it."""
        use = self.in_force(pairs[1], flight)
        place, zone = pairs[0][use], pairs[1][use]
        held = self.held(levels, place, zone)
        weighed = self._of_pairs(levels, place, zone, held, flight)
        return self._heaviest(levels, place, weighed, flight)

    def hindering(
        self, levels: Levels, pairs: tuple[Whole, Whole], flight: Flight, target: int
    ) -> tuple[bool, Whole]:
        """Tell whether the ceiling weighs more than a target, and which zones would in force."""
        place, zone = pairs
        held = self.held(levels, place, zone)
        _, most = self._of_pairs(levels, place, zone, held, flight)
        _, _, ceiling = self._ceiling(levels, flight)
        return bool((ceiling > target).any()), np.unique(zone[most > target])

    def _heaviest(
        self, levels: Levels, place: Whole, weighed: tuple[Weights, Weights], flight: Flight
    ) -> tuple[Weights, Weights]:
        _, least, most = self._ceiling(levels, flight)
        np.maximum.at(least, place, weighed[0])
        np.maximum.at(most, place, weighed[1])
        return least, most

    def whole(
        self, levels: Levels, pairs: tuple[Whole, Whole], flight: Flight, counties: Whole,
        *, beyond: bool,
    ) -> Judgement:  # fmt: skip
        """Judge all places as those of one flight, from pairs of place and zone over it.

        `counties` are those that the flight touches; `beyond`: it reaches outside all of them.
        """
        place, zone = pairs
        use = self.in_force(zone, flight)
        place, zone = place[use], zone[use]
        held, bands = self._with_bands(levels, place, zone)
        findings = list(self._above_ceiling(levels, flight))
        low, high = self._of_pairs(levels, place, zone, held, flight)
        for number in np.unique(zone).tolist():
            mine = zone == number
            one = self.air.zones.all[number]
            state, missing = Held(held.state[mine], held.missing[mine]).anywhere()
            if state != NO:
                least, most = int(low[mine].max()), int(high[mine].max())
                findings.append(Finding(one.sort, one.id, one, least, most, missing))
        numbers = np.append(counties, OUTSIDE) if beyond else counties
        return Judgement(
            max((one.least for one in findings), default=0),
            max((one.most for one in findings), default=0),
            tuple(findings),
            self._classes(place, zone, held, bands),
            counties,
            beyond,
            bool(self.air.coverage.has_unknown(numbers).any()),
        )

    def in_force(self, zone: Whole, flight: Flight) -> NDArray[np.bool_]:
        """Tell which zones are in force while the flight is under way."""
        return self.air.zones.in_force(zone, flight.begin_s, flight.end_s)

    def held(self, levels: Levels, place: Whole, zone: Whole) -> Held:
        """Tell for pairs of place and zone over it whether the heights there lie in the zone."""
        held = within(levels, place, zone, self._floors, self._tops)
        unsure = self._uncertain[zone] & (held.state != NO)
        state = np.where(unsure, np.int8(PERHAPS), held.state)
        return Held(state, held.missing | unsure * np.uint8(Missing.TOWER))

    def _ceiling(self, levels: Levels, flight: Flight) -> tuple[Held, Weights, Weights]:
        """Tell where the flight is above what its aircraft may, and what that weighs."""
        count = len(levels.lon)
        ceiling_m = self.air.ceilings.find(flight.aircraft)
        if ceiling_m is None:
            held = Held(np.full(count, YES, np.int8), np.zeros(count, np.uint8))
        else:
            held = above_ground(levels, ceiling_m)
        weight = np.full(count, Weight.APPROVE, np.int8)
        meant = np.full(count, self._exempt_everywhere(flight))
        return held, *self._weighed(levels, held.state, weight, meant, flight)

    def _above_ceiling(self, levels: Levels, flight: Flight) -> Iterator[Finding]:
        held, low, high = self._ceiling(levels, flight)
        state, missing = held.anywhere()
        if state != NO:
            name = flight.aircraft
            yield Finding(CEILING, name, None, int(low.max()), int(high.max()), missing)

    @staticmethod
    def _exempt_everywhere(flight: Flight) -> bool:
        clock = flight.clock
        return flight.exempt_to_agl_m is not None and clock is not None and not clock.own_zone_only

    def _of_pairs(
        self, levels: Levels, place: Whole, zone: Whole, held: Held, flight: Flight
    ) -> tuple[Weights, Weights]:
        """Return what each pair weighs at least and at most."""
        meant = self._may_be_exempt[zone]
        if flight.clock is not None and flight.clock.own_zone_only:
            meant = meant & (zone == self.air.zones.numbers.get(flight.own_zone or "", -1))
        return self._weighed(levels, held.state, self._weights[zone], meant, flight, place)

    @staticmethod
    def _weighed(
        levels: Levels, state: NDArray[np.int8], weight: Weights, meant: NDArray[np.bool_],
        flight: Flight, place: Whole | None = None,
    ) -> tuple[Weights, Weights]:  # fmt: skip
        """Return the least and most weight by state, milder where the task is exempt."""
        least, most = weight, weight
        if flight.exempt_to_agl_m is not None and meant.any():
            high = above_ground(levels, flight.exempt_to_agl_m).state
            high = high if place is None else high[place]
            mild = np.minimum(weight, np.int8(Weight.CONFIRM))
            least = np.where(meant & (high != YES), mild, weight)
            most = np.where(meant & (high == NO), mild, weight)
        none = np.int8(Weight.FREE)
        return np.where(state == YES, least, none), np.where(state != NO, most, none)

    def _with_bands(self, levels: Levels, place: Whole, zone: Whole) -> tuple[Held, States]:
        """Return what `held` tells, and of each band of heights (rows) whether places are in it."""
        places, bands = len(levels.lon), len(self.air.bands.root)
        over = np.tile(np.arange(places), bands)
        band = np.repeat(np.arange(bands) + len(self.air.zones), places)
        both = self.held(levels, np.concatenate([place, over]), np.concatenate([zone, band]))
        count = len(place)
        held = Held(both.state[:count], both.missing[:count])
        return held, both.state[count:].reshape(bands, places)

    def _classes(self, place: Whole, zone: Whole, held: Held, bands: States) -> tuple[str, ...]:
        """Return the classes of airspace that the flight is in, or may be in.

        B and C go before classes by height, of which one that is sure leaves no doubt of others.
        """
        left = np.ones(bands.shape[1], bool)
        found: list[str] = []
        for name, mine in self._of_class.items():
            state = np.zeros(len(left), np.int8)
            pairs = mine[zone]
            np.maximum.at(state, place[pairs], held.state[pairs])
            if (left & (state != NO)).any():
                found.append(name)
            left &= state != YES
        sure = (bands == YES).any(axis=0)
        for band, state in zip(self.air.bands.root, bands, strict=True):
            if (left & ((state == YES) | ((state == PERHAPS) & ~sure))).any():
                found.append(band.klass)
        return tuple(found)


def may_be_exempt(zone: Zone) -> bool:
    """Tell whether a task may be exempt from application in a zone."""
    return weight_of(zone) == Weight.APPROVE and zone.sort != "airspace_restriction"


def weight_of(zone: Zone) -> Weight:
    """Return what a zone weighs where it holds."""
    return _WEIGHTS[zone.restriction]

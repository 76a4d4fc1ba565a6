"""The heights of a question in every datum, at many places at once.

A height becomes one of another datum only through terrain, geoid or QNH; where one of these is
lacking it is NaN there, and what is lacking is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spatial.geo.datum import Floats
from spatial.geo.geoid import Geoid
from spatial.geo.heights import STANDARD_HPA, Datum, Qnh, reset
from spatial.geo.terrain import Terrain

Flags = NDArray[np.uint8]


class Missing(IntFlag):
    """Why it cannot be said whether a height lies within limits."""

    NOTHING = 0
    TERRAIN = 1
    GEOID = 2
    QNH = 4
    ELEVATION = 8
    TOWER = 16
    ACCURACY = 32


LACKING: dict[Missing, str] = {
    Missing.TERRAIN: "terrain",
    Missing.GEOID: "geoid",
    Missing.QNH: "qnh",
    Missing.ELEVATION: "aerodrome_elevation",
    Missing.TOWER: "aerodrome_tower",
    Missing.ACCURACY: "accuracy",
}


def names_of(flags: int) -> list[str]:
    """Return the names of what is lacking."""
    return [name for flag, name in LACKING.items() if flags & flag]


@dataclass(frozen=True)
class Level:
    """Lowest and highest height (m) per place in one datum, ± slack; NaN with what is lacking."""

    low_m: Floats
    high_m: Floats
    slack_m: Floats
    missing: Flags

    def moved(self, by: Between, slack_m: float, lacking: Missing) -> Level:
        """Return the level in a datum that lies so much lower."""
        missing = self.missing | np.isnan(by.low_m) * np.uint8(lacking)
        low, high = self.low_m + by.low_m, self.high_m + by.high_m
        return Level(low, high, self.slack_m + slack_m, missing)


@dataclass(frozen=True)
class Between:
    """A height (m) per place as the lowest and the highest one that it may be; NaN where unknown.

    The lower end of a level is moved by the first, its upper end by the second.
    """

    low_m: Floats
    high_m: Floats

    def __neg__(self) -> Between:
        return Between(-self.high_m, -self.low_m)


@dataclass(frozen=True)
class Joins:
    """What joins datums: terrain, geoid, QNH; None where there is none."""

    terrain: Terrain | None
    geoid: Geoid | None
    qnh: Qnh | None = None


class Levels:
    """The band of heights of a question at places in degrees, asked in one datum."""

    def __init__(
        self, lon: Floats, lat: Floats, datum: Datum, low_m: Floats, high_m: Floats,
        slack_m: Floats, joins: Joins, below: tuple[Between, Between] | None = None,
    ) -> None:  # fmt: skip
        """Take heights (m); `below`, ground and geoid, stands for what lies below the places."""
        self.lon, self.lat = lon, lat
        self._joins = joins
        self._below = below
        none = np.zeros(len(lon), np.uint8)
        self._known: dict[Datum, Level] = {datum: Level(low_m, high_m, slack_m, none)}

    @cached_property
    def ground_m(self) -> Floats:
        """The ground (m AMSL) below each place, NaN where unknown."""
        terrain = self._joins.terrain
        if terrain is None:
            return np.full(len(self.lon), np.nan)
        return terrain.elevations_m(self.lon, self.lat)

    @cached_property
    def _ground(self) -> Between:
        return self._below[0] if self._below else Between(self.ground_m, self.ground_m)

    @cached_property
    def _undulation(self) -> Between:
        if self._below:
            return self._below[1]
        geoid = self._joins.geoid
        if geoid is None:
            unknown = np.full(len(self.lon), np.nan)
            return Between(unknown, unknown)
        found = geoid.undulations_m(self.lon, self.lat)
        return Between(found, found)

    def of(self, datum: Datum) -> Level:
        """Return the heights in a datum."""
        found = self._known.get(datum)
        if found is None:
            found = self._to_sea() if datum == "AMSL" else self._from_sea(datum)
            self._known[datum] = found
        return found

    def _to_sea(self) -> Level:
        """Return the heights asked for above mean sea level."""
        (asked, level), *_ = self._known.items()
        if asked == "AGL":
            return level.moved(self._ground, self._terrain_slack_m, Missing.TERRAIN)
        if asked == "W84":
            return level.moved(-self._undulation, self._geoid_slack_m, Missing.GEOID)
        return self._reset(level, to_sea=True)

    def _from_sea(self, datum: Datum) -> Level:
        sea = self.of("AMSL")
        if datum == "AGL":
            return sea.moved(-self._ground, self._terrain_slack_m, Missing.TERRAIN)
        if datum == "W84":
            return sea.moved(self._undulation, self._geoid_slack_m, Missing.GEOID)
        return self._reset(sea, to_sea=False)

    def _reset(self, level: Level, *, to_sea: bool) -> Level:
        """Return heights by pressure above mean sea level, or the other way round."""
        qnh = self._joins.qnh
        if qnh is None:
            unknown = np.full(len(self.lon), np.nan)
            return level.moved(Between(unknown, unknown), 0.0, Missing.QNH)
        pair = (STANDARD_HPA, qnh.hpa) if to_sea else (qnh.hpa, STANDARD_HPA)
        low, high = reset(level.low_m, *pair), reset(level.high_m, *pair)
        return Level(low, high, level.slack_m + qnh.accuracy_m, level.missing)

    @property
    def _terrain_slack_m(self) -> float:
        return self._joins.terrain.accuracy_m if self._joins.terrain else 0.0

    @property
    def _geoid_slack_m(self) -> float:
        return self._joins.geoid.accuracy_m if self._joins.geoid else 0.0


def same_everywhere(values: Sequence[float], places: int) -> tuple[Floats, ...]:
    """Return numbers as columns that hold the same at each place."""
    return tuple(np.full(places, value) for value in values)

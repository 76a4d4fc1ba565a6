"""Many places on carriageways at once: by the stake that they state, or as the nearest line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial.geo.crs import distance_m
from spatial.geo.datum import Floats
from spatial.geo.linear_reference import Carriageway

Ints = NDArray[np.int64]
_DEG_M = 110_000.0
"""Metres of a degree of latitude, rather too few."""


@dataclass(frozen=True)
class Measured:
    """Where places lie: number of the carriageway (-1 for none), chainage and distance off it (m).

    A place on none has no chainage (NaN) and is infinitely far off.
    """

    way: Ints
    chainage_m: Floats
    off_m: Floats

    @classmethod
    def nowhere(cls, count: int) -> Measured:
        """Return so many places on none."""
        return cls(np.full(count, -1, np.int64), np.full(count, np.nan), np.full(count, np.inf))

    def put(self, at: Ints, way: int, chainage_m: Floats, off_m: Floats) -> None:
        """Put the places `at` on a carriageway where it is nearer than what they lie on."""
        nearer = off_m < self.off_m[at]
        kept = at[nearer]
        self.way[kept] = way
        self.chainage_m[kept] = chainage_m[nearer]
        self.off_m[kept] = off_m[nearer]


def nearest(
    ways: Sequence[Carriageway], among: Sequence[int], lon: Floats, lat: Floats, within_m: float
) -> Measured:
    """Return the nearest place on some of the carriageways within a distance.

    Parameters
    ----------
    ways, among
        All carriageways, and the numbers of those that count.
    lon, lat
        Degrees, one of each place.
    within_m
        How far off a place may lie.
    """
    found = Measured.nowhere(len(lon))
    up = within_m / _DEG_M
    aside = up / np.maximum(np.cos(np.radians(np.abs(lat) + up)), 0.01)
    for number in among:
        way = ways[number]
        (west, south), (east, north) = way.xy.min(axis=0), way.xy.max(axis=0)
        inside = (lon >= west - aside) & (lon <= east + aside)
        at = np.flatnonzero(inside & (lat >= south - up) & (lat <= north + up))
        if len(at):
            chainage, off = way.chainages_of(lon[at], lat[at])
            near = off <= within_m
            found.put(at[near], number, chainage[near], off[near])
    return found


def at_stakes(
    ways: Sequence[Carriageway], among: Sequence[int], k_m: Floats, lon: Floats, lat: Floats,
    within_m: float,
) -> Measured:  # fmt: skip
    """Return the place of a stake on some of the carriageways, of several the nearest to a point.

    A stake in a gap, or farther than `within_m` from the point, is on none. NaN is no stake.
    """
    found = Measured.nowhere(len(k_m))
    for number in among:
        way = ways[number]
        for piece in way.pieces:
            low, high = piece.k_range()
            at = np.flatnonzero((k_m >= low) & (k_m <= high))
            if len(at):
                chainage = piece.chainages_at(k_m[at])
                point = way.points_at(chainage)
                off = distance_m(lon[at], lat[at], point[:, 0], point[:, 1])
                near = off <= within_m
                found.put(at[near], number, chainage[near], off[near])
    return found

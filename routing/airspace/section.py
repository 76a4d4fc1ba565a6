"""A section through the air along a line: terrain, classes by height, and zones at a time.

All heights are metres above mean sea level as they are drawn (`routing.airspace.drawn`), NaN where
nobody knows them: over unknown ground no limit above the ground is known either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from routing.airspace.drawn import OPEN_TOP_M, Ground, limit_amsl
from routing.airspace.held import limit_of_rule
from routing.airspace.judge import Air
from routing.airspace.zones import Limit, Zone
from spatial.airspace_rules import ClassBand
from spatial.geo.crs import GEOD
from spatial.geo.datum import Floats

SAMPLES = 400


@dataclass(frozen=True)
class Stretch:
    """A zone over samples `first` to `last` of the line, with its floor and ceiling there."""

    zone: Zone
    first: int
    last: int
    floor_m: Floats
    top_m: Floats


@dataclass(frozen=True)
class BandAlong:
    """A class by height along the line."""

    band: ClassBand
    floor_m: Floats
    top_m: Floats


@dataclass(frozen=True)
class Section:
    """What a line runs through; places are in degrees, `along_m` the geodesic from its start."""

    along_m: Floats
    lon: Floats
    lat: Floats
    ground_m: Floats
    unknown: NDArray[np.int64]
    """Categories of controlled ground of which nothing is known there; -1 outside all counties."""
    bands: Sequence[BandAlong]
    stretches: Sequence[Stretch]


def section(air: Air, line: shapely.LineString, at_s: float, samples: int = SAMPLES) -> Section:
    """Return the section along a line in degrees at a time (s since 1970)."""
    along, lon, lat = _sampled(line, samples)
    below = Ground.at(lon, lat, air.joins)
    county = air.coverage.counties_of(lon, lat)
    gaps = np.array([*(len(one.unknown) for one in air.coverage.counties), -1])
    return Section(
        along, lon, lat, below.ground_m, gaps[county],
        [_band(one, below) for one in air.bands.root], list(_stretches(air, lon, lat, below, at_s)),
    )  # fmt: skip


def _sampled(line: shapely.LineString, samples: int) -> tuple[Floats, Floats, Floats]:
    """Return distances and places along a line, its vertices among them."""
    xy = np.asarray(line.coords)[:, :2]
    azimuth, _, metres = GEOD.inv(xy[:-1, 0], xy[:-1, 1], xy[1:, 0], xy[1:, 1])
    ends = np.concatenate([[0.0], np.cumsum(metres)])
    along = np.unique(np.concatenate([ends, np.linspace(0.0, ends[-1], samples)]))
    leg = np.clip(np.searchsorted(ends, along, side="right") - 1, 0, len(metres) - 1)
    lon, lat, _ = GEOD.fwd(xy[leg, 0], xy[leg, 1], azimuth[leg], along - ends[leg])
    return along, np.asarray(lon), np.asarray(lat)


def _band(band: ClassBand, below: Ground) -> BandAlong:
    floor = limit_of_rule(band.floor) or Limit(0.0, "AGL")
    top = limit_of_rule(band.top)
    open_top = np.full(len(below.ground_m), np.inf)
    return BandAlong(
        band, limit_amsl(floor, below), open_top if top is None else limit_amsl(top, below)
    )


def _stretches(air: Air, lon: Floats, lat: Floats, below: Ground, at_s: float) -> Sequence[Stretch]:
    place, number = air.zones.over_points(lon, lat)
    found: list[Stretch] = []
    for one in np.unique(number).tolist():
        if not air.zones.in_force(np.array([one]), at_s, at_s)[0]:
            continue
        zone, mine = air.zones.all[one], place[number == one]
        floor, top = _limits(zone, below)
        for run in np.split(mine, np.flatnonzero(np.diff(mine) > 1) + 1):
            first, last = int(run[0]), int(run[-1])
            part = slice(first, last + 1)
            found.append(Stretch(zone, first, last, floor[part], top[part]))
    return sorted(found, key=lambda one: (one.first, one.zone.id))


def _limits(zone: Zone, below: Ground) -> tuple[Floats, Floats]:
    """Return floor and ceiling along the line; one that is not stated is drawn `OPEN_TOP_M` up."""
    floor = zone.floor or Limit(0.0, "AGL")
    base = limit_amsl(floor, below)
    return base, base + OPEN_TOP_M if zone.ceiling is None else limit_amsl(zone.ceiling, below)

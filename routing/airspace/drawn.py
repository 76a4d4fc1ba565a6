"""Heights as they are drawn, above the ground and above the sea: a picture, never a judgement.

A picture needs one number where a judgement keeps an interval. Heights of standard pressure are
drawn as in the standard atmosphere at 1013.25 hPa, and a zone has one ground: the mean below it.
What cannot be drawn even so stays unknown, as NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from routing.airspace.levels import Joins
from routing.airspace.zones import Limit, Zone
from spatial.geo.datum import Floats

OPEN_TOP_M = 600.0
"""So high above the ground a zone is drawn for which no ceiling is stated."""
_PROBES = 9


@dataclass(frozen=True)
class Ground:
    """What lies below places: the ground (m AMSL) and the geoid (m above the ellipsoid), or NaN."""

    ground_m: Floats
    undulation_m: Floats

    @classmethod
    def at(cls, lon: Floats, lat: Floats, joins: Joins) -> Ground:
        """Return what lies below places in degrees."""
        unknown = np.full(len(lon), np.nan)
        terrain, geoid = joins.terrain, joins.geoid
        return cls(
            unknown if terrain is None else terrain.elevations_m(lon, lat),
            unknown if geoid is None else geoid.undulations_m(lon, lat),
        )


def limit_amsl(limit: Limit, below: Ground) -> Floats:
    """Return a limit as it is drawn above the sea (m), NaN where it is unknown."""
    if limit.value_m is None or limit.datum is None:
        return np.full(len(below.ground_m), np.nan)
    base = {"AGL": below.ground_m, "W84": -below.undulation_m}.get(limit.datum)
    return limit.value_m + (np.zeros(len(below.ground_m)) if base is None else base)


def limit_agl(limit: Limit, below: Ground) -> Floats:
    """Return a limit as it is drawn above the ground (m), NaN where it is unknown."""
    if limit.datum == "AGL" and limit.value_m is not None:
        return np.full(len(below.ground_m), limit.value_m)
    return limit_amsl(limit, below) - below.ground_m


@dataclass(frozen=True)
class DrawnBands:
    """Base and top (m, above the ground and above the sea) of zones as they are drawn, or NaN."""

    ground_m: Floats
    agl_m: Floats
    amsl_m: Floats


def drawn_bands(zones: Sequence[Zone], joins: Joins) -> DrawnBands:
    """Return the bands (n, 2) of zones, each over the mean of the ground below it."""
    grounds = _mean_grounds(zones, joins)
    agl, amsl = np.full((len(zones), 2), np.nan), np.full((len(zones), 2), np.nan)
    for number, zone in enumerate(zones):
        middle = zone.shape.centroid
        below = Ground.at(np.array([middle.x]), np.array([middle.y]), joins)
        below = Ground(grounds[number : number + 1], below.undulation_m)
        floor = zone.floor or Limit(0.0, "AGL")
        top = zone.ceiling or Limit(_open_top(floor), "AGL")
        for side, limit in enumerate((floor, top)):
            agl[number, side] = limit_agl(limit, below)[0]
            amsl[number, side] = limit_amsl(limit, below)[0]
    return DrawnBands(grounds, np.fmax(agl, 0.0, where=~np.isnan(agl), out=agl), amsl)


def _open_top(floor: Limit) -> float:
    return OPEN_TOP_M + (floor.value_m or 0.0)


def _mean_grounds(zones: Sequence[Zone], joins: Joins) -> Floats:
    """Return the mean of the known ground below each zone, NaN where none is known."""
    found = np.full(len(zones), np.nan)
    if joins.terrain is None:
        return found
    share = (np.arange(_PROBES) + 0.5) / _PROBES
    for number, zone in enumerate(zones):
        west, south, east, north = zone.shape.bounds
        lon, lat = np.meshgrid(west + share * (east - west), south + share * (north - south))
        inside = shapely.intersects_xy(zone.shape, lon.ravel(), lat.ravel())
        heights = joins.terrain.elevations_m(lon.ravel()[inside], lat.ravel()[inside])
        known = heights[~np.isnan(heights)]
        if len(known):
            found[number] = known.mean()
    return found

"""Zones and flights as a map draws them in space and time: one document for a day and a place.

Heights are drawn above the ground, above the sea and, of flights, above the ellipsoid; null is a
height that cannot be given, for want of what `missing` names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
import orjson
import shapely

from layers.processes.readers.airspace_rows import AirOfTime
from routing.airspace.drawn import OPEN_TOP_M, Ground, drawn_bands
from routing.airspace.levels import Joins
from routing.airspace.planned_path import PlannedPath, Slot, planned_path
from routing.airspace.zones import Limit, Zone
from spatial.geo.datum import Floats
from spatial.json_types import Document, Shown

LAYERS = {
    "airspace": "airspace",
    "controlled_ground": "controlled_ground",
    "airspace_restriction": "airspace_restrictions",
}
"""The layer that shows a sort of zone on the map."""
DEGREE_DIGITS, METRE_DIGITS = 6, 1


@dataclass(frozen=True)
class FlightVolume:
    """One of a plan's volumes: footprint (degrees), heights (m above the ellipsoid), time."""

    part: int
    shape: shapely.Geometry
    lower_m: float
    upper_m: float
    begin: datetime
    end: datetime


@dataclass(frozen=True)
class DrawnFlight:
    """A plan of our own door, or an entity of the standard's."""

    id: str
    layer: Literal["operations", "intents"]
    kind: Literal["operational_intent", "constraint"]
    state: str | None
    priority: int | None
    name: dict[str, str] | None
    manager: str | None
    origin: str | None
    volumes: Sequence[FlightVolume]
    path: PlannedPath


def air_facts(air: AirOfTime) -> Document:
    """Return what heights stand on, and the version of the air."""
    joins = air.judge.air.joins
    terrain, geoid = joins.terrain, joins.geoid
    return {
        "airspace_version": air.known.version,
        "terrain": None
        if terrain is None
        else {"name": terrain.name, "origin": terrain.origin, "accuracy_m": terrain.accuracy_m},
        "geoid": None if geoid is None else geoid.name,
        "missing": [name for name, one in (("terrain", terrain), ("geoid", geoid)) if one is None],
        "open_top_m": OPEN_TOP_M,
    }  # fmt: skip


def show_zones(zones: Sequence[Zone], joins: Joins) -> list[Document]:
    """Return zones with the heights that they are drawn at."""
    bands = drawn_bands(zones, joins)
    return [
        {
            "id": zone.id, "layer": LAYERS[zone.sort], "class": zone.level,
            "restriction": zone.restriction, "name": {"zh": zone.name_zh, "en": zone.name_en},
            "origin": zone.origin, "uncertain": zone.uncertain,
            "floor": show_limit(zone.floor), "ceiling": show_limit(zone.ceiling),
            "ground_m": _metres(bands.ground_m[n]), "agl_m": _metres(bands.agl_m[n]),
            "amsl_m": _metres(bands.amsl_m[n]), "begin": zone.begin, "end": zone.end,
            "geometry": _geometry(zone.shape),
        }
        for n, zone in enumerate(zones)
    ]  # fmt: skip


def show_limit(limit: Limit | None) -> Document | None:
    """Return a limit as it is stated; None where none is."""
    if limit is None:
        return None
    return {"value_m": limit.value_m, "datum": limit.datum, "included": limit.included}


def show_flights(flights: Sequence[DrawnFlight], joins: Joins) -> list[Document]:
    """Return flights with their volumes, and the planned path of those that move."""
    moving = [one for one in flights if one.kind != "constraint"]
    along = _Heights([one.path for one in moving], joins)
    middles = shapely.centroid([v.shape for one in flights for v in one.volumes])
    below = Ground.at(shapely.get_x(middles), shapely.get_y(middles), joins)
    shown: list[Document] = []
    first = 0
    for one in flights:
        last = first + len(one.volumes)
        part = Ground(below.ground_m[first:last], below.undulation_m[first:last])
        first = last
        shown.append(
            {
                "id": one.id, "layer": one.layer, "kind": one.kind, "state": one.state,
                "priority": one.priority, "name": one.name, "manager": one.manager,
                "origin": one.origin,
                "begin": min(volume.begin for volume in one.volumes),
                "end": max(volume.end for volume in one.volumes),
                "volumes": _volumes(one.volumes, part),
                "path": None if one.kind == "constraint" else along.show(one.path),
            }
        )  # fmt: skip
    return shown


class _Heights:
    """Ground and geoid along many paths, found at once and given back in their order."""

    def __init__(self, paths: Sequence[PlannedPath], joins: Joins) -> None:
        none = [np.empty(0)]
        lon = np.concatenate([*none, *(path.lon for path in paths)])
        lat = np.concatenate([*none, *(path.lat for path in paths)])
        self._below = Ground.at(lon, lat, joins)
        self._next = 0

    def show(self, path: PlannedPath) -> Document:
        """Return the next path as columns: s since 1970, degrees, m in each datum."""
        part = slice(self._next, self._next + len(path.at_s))
        self._next += len(path.at_s)
        amsl = path.height_m - self._below.undulation_m[part]
        return {
            "at_s": np.round(path.at_s, 1), "lon": np.round(path.lon, DEGREE_DIGITS),
            "lat": np.round(path.lat, DEGREE_DIGITS), "w84_m": _metres(path.height_m),
            "amsl_m": _metres(amsl), "ground_m": _metres(self._below.ground_m[part]),
        }  # fmt: skip


def through(volumes: Sequence[FlightVolume]) -> PlannedPath:
    """Return the planned path that leads through volumes, one at least."""
    return planned_path([
        Slot(one.shape, (one.lower_m + one.upper_m) / 2, one.begin.timestamp(), one.end.timestamp())
        for one in volumes
    ])  # fmt: skip


def _volumes(volumes: Sequence[FlightVolume], below: Ground) -> list[Document]:
    w84 = np.array([[one.lower_m, one.upper_m] for one in volumes])
    amsl = w84 - below.undulation_m[:, None]
    agl = np.maximum(amsl - below.ground_m[:, None], 0.0)
    return [
        {
            "part": one.part, "begin": one.begin, "end": one.end, "w84_m": _metres(w84[n]),
            "amsl_m": _metres(amsl[n]), "agl_m": _metres(agl[n]), "geometry": _geometry(one.shape),
        }
        for n, one in enumerate(volumes)
    ]  # fmt: skip


def _metres(values: Floats | float) -> Shown:
    return np.round(values, METRE_DIGITS)


def _geometry(shape: shapely.Geometry) -> Document:
    rounded = shapely.transform(shape, lambda xy: np.round(xy, DEGREE_DIGITS))
    found: Document = orjson.loads(shapely.to_geojson(rounded))
    return found

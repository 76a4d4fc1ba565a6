"""Planned 4D paths of many flights as columns: positions in time and height above three datums."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg
import numpy as np
import orjson

from api.airspace.extents import Extent
from api.airspace.operation_store import extents_of
from routing.airspace.levels import Joins
from routing.airspace.planned_path import PlannedPath, Slot, planned_path
from spatial.geo.datum import Floats
from spatial.json_types import Document

TEXTS = (
    "id", "title_zh", "title_en", "state", "priority", "task", "mission", "aircraft", "manager",
    "admin_code", "visibility", "origin", "floor_m", "ceiling_m",
)  # fmt: skip
_DECIMALS = 1


class Path(NamedTuple):
    """Positions (n, 4): lon, lat, height (m, W84), seconds from the begin; and who says so."""

    positions: Floats
    source: str
    """`filed` with the plan, or made from its `volumes`."""


def columns_of(flights: Sequence[asyncpg.Record], joins: Joins) -> Document:
    """Return flights and the positions of all of them, those of one after those of another.

    Parameters
    ----------
    flights
        Rows of `FLIGHTS`.
    joins
        Terrain and geoid; positions have null where either is lacking.
    """
    paths = [path_of(row) for row in flights]
    counts = np.array([len(path.positions) for path in paths], np.int64)
    begins = np.array([row["planned_start"].timestamp() for row in flights])
    parts = [path.positions for path in paths]
    lon, lat, height, seconds = np.concatenate([np.empty((0, 4)), *parts]).T
    told: Document = {name: [row[name] for row in flights] for name in TEXTS}
    told["start"] = begins
    told["end"] = [row["planned_end"].timestamp() for row in flights]
    told["path"] = [path.source for path in paths]
    told["first_position"] = np.append(0, np.cumsum(counts))
    return {
        "flights": told,
        "positions": {
            "lon": np.ascontiguousarray(lon), "lat": np.ascontiguousarray(lat),
            "time": np.repeat(begins, counts) + seconds, **_heights(lon, lat, height, joins),
        },
    }  # fmt: skip


def _heights(lon: Floats, lat: Floats, height: Floats, joins: Joins) -> Document:
    """Return heights (m) above the ellipsoid, the sea and the ground, and the ground itself."""
    nothing = np.full(len(lon), np.nan)
    terrain, geoid = joins.terrain, joins.geoid
    ground = nothing if terrain is None else terrain.elevations_m(lon, lat)
    raised = nothing if geoid is None else geoid.undulations_m(lon, lat)
    named = {"w84_m": height, "amsl_m": height - raised, "agl_m": height - raised - ground,
             "ground_amsl_m": ground}  # fmt: skip
    return {name: np.round(values, _DECIMALS) for name, values in named.items()}


def path_of(row: asyncpg.Record) -> Path:
    """Return the path of a flight as it was filed, or through the middles of its volumes."""
    if row["path"] is not None:
        path = orjson.loads(row["path"])
        columns = [np.asarray(path[name], float) for name in ("lon", "lat", "height_m", "s")]
        return Path(np.column_stack(columns), "filed")
    if not row["extents"]:
        return Path(np.empty((0, 4)), "none")
    return Path(_through(extents_of(row), row["planned_start"]), "volumes")


def path_through(extents: Sequence[Extent]) -> PlannedPath:
    """Return the planned path that leads through extents, one at least."""
    return planned_path([
        Slot(one.footprint.polygon, (one.lower_m + one.upper_m) / 2, one.begin.timestamp(),
             one.end.timestamp())
        for one in extents
    ])  # fmt: skip


def _through(extents: Sequence[Extent], begin: datetime) -> Floats:
    path = path_through(extents)
    seconds = path.at_s - begin.timestamp()
    return np.column_stack([path.lon, path.lat, path.height_m, seconds])

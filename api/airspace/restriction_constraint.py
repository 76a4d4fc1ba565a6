"""A restriction of ours at the standard's door: a constraint whose heights are above the ellipsoid.

Limits above the ground or the sea become the widest that they may be over the area; a limit that
nothing joins to the ellipsoid is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import asyncpg
import numpy as np
import shapely
from fastapi import Request

from api.airspace import utm_core, utm_store
from api.airspace.affected import Row
from api.airspace.air_keeper import AirKeeper
from api.airspace.dss_door import written_entity
from api.airspace.dss_tokens import Manager
from api.airspace.extents import HIGHEST_M, LOWEST_M, Extent, written
from api.airspace.operations import own_url
from api.airspace.own_door import MANAGER
from api.airspace.utm_core import Done, Wish, let_stand
from api.http.app_state import own
from api.services import services
from layers.processes.airspace.question import refused
from layers.processes.readers.airspace_rows import make_zone, words_of
from routing.airspace.levels import Joins, Levels
from routing.airspace.zones import Limit, Zone
from spatial.errors import BodyTooLarge
from spatial.geo.datum import Floats
from spatial.geo.volumes import Area, Footprint
from spatial.json_types import Document

_SAMPLES = 16


async def extents_of_restriction(request: Request, row: Row) -> list[Extent]:
    """Return the volumes of a restriction; none where it is larger than the standard's may be."""
    air = await own(request.app, AirKeeper).at(services(request), row["valid_from"])
    zone = make_zone(row, words_of(air.rules))
    lower, upper = _widest(zone, air.judge.air.joins)
    footprints: list[Footprint] = (
        [zone.circle] if zone.circle else [Area(part) for part in shapely.get_parts(zone.shape)]
    )
    extents = [Extent(one, lower, upper, row["valid_from"], row["valid_to"]) for one in footprints]
    try:
        _ = [one.cover for one in extents]
    except BodyTooLarge:
        return []
    return extents


async def refuse_void(request: Request, row: Row) -> None:
    """Refuse a restriction that surely holds nowhere: its ceiling lies below floor or ground.

    Raises
    ------
    BadParameter
    """
    air = await own(request.app, AirKeeper).at(services(request), row["valid_from"])
    zone = make_zone(row, words_of(air.rules))
    floored = replace(zone, floor=zone.floor or Limit(0.0, "AGL"))
    low, high = _extremes(floored, air.judge.air.joins)
    if high <= low:
        raise refused("/upper", "it lies below the lower limit or the ground everywhere",
                      "各处均低于下限或地面")  # fmt: skip


async def put_constraint(
    conn: asyncpg.Connection, request: Request, number: UUID, extents: Sequence[Extent]
) -> Done | None:
    """Write the constraint of a restriction as it stands now, or its next version."""
    if not extents:
        return None
    known = await utm_store.find(conn, number)
    wish = Wish(
        number, "constraint", MANAGER, extents, own_url(request),
        ovn=known["ovn"] if known is not None else None,
    )  # fmt: skip
    return await utm_core.put(conn, wish, let_stand)


async def end_constraint(conn: asyncpg.Connection, number: UUID) -> Done | None:
    """End the constraint of a restriction, where it still is one."""
    known = await utm_store.find(conn, number)
    if known is None:
        return None
    return await utm_core.remove(conn, "constraint", number, MANAGER, known["ovn"])


def constraint_details(entity: asyncpg.Record, extents: Sequence[Extent]) -> Document:
    """Return a constraint of ours whole, as the standard writes it."""
    return {
        "reference": written_entity(entity, Manager(MANAGER, frozenset())),
        "details": {"volumes": [written(one) for one in extents]},
    }


def _widest(zone: Zone, joins: Joins) -> tuple[float, float]:
    """Return the lowest floor and the highest ceiling (m, W84) over an area, in their order."""
    low, high = _extremes(zone, joins)
    return low, (high if high > low else HIGHEST_M)


def _extremes(zone: Zone, joins: Joins) -> tuple[float, float]:
    """Return the lowest floor and the highest ceiling (m, W84) that there may be over an area."""
    west, south, east, north = zone.shape.bounds
    lon, lat = (
        side.ravel()
        for side in np.meshgrid(
            np.linspace(west, east, _SAMPLES), np.linspace(south, north, _SAMPLES)
        )
    )
    inside = shapely.intersects_xy(zone.shape, lon, lat)
    lon, lat = lon[inside], lat[inside]
    low = _height(zone.floor, lon, lat, joins, -1) if len(lon) else LOWEST_M
    high = _height(zone.ceiling, lon, lat, joins, 1) if len(lon) else HIGHEST_M
    return low, high


def _height(limit: Limit | None, lon: Floats, lat: Floats, joins: Joins, side: int) -> float:
    opened = LOWEST_M if side < 0 else HIGHEST_M
    if limit is None or limit.value_m is None or limit.datum is None:
        return opened
    value, none = np.full(len(lon), limit.value_m), np.zeros(len(lon))
    level = Levels(lon, lat, limit.datum, value, value, none, joins).of("W84")
    metres = level.low_m - level.slack_m if side < 0 else level.high_m + level.slack_m
    if not np.isfinite(metres).all():
        return opened
    return round(float(metres.min() if side < 0 else metres.max()), 1)

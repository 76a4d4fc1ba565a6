"""GET /airspace/picture: the zones and flights of a time and place, to be drawn and played."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Annotated

import asyncpg
import numpy as np
import orjson
import shapely
from fastapi import Query, Request
from starlette.responses import Response

from api.airspace import picture_rows as rows
from api.airspace.air_keeper import AirKeeper
from api.airspace.extents import Extent, footprint_of
from api.airspace.flight_columns import path_of
from api.airspace.operation_store import extents_of
from api.airspace.picture_document import (
    DrawnFlight,
    FlightVolume,
    air_facts,
    show_flights,
    show_zones,
    through,
)
from api.http.app_state import own
from api.http.auth import actor_of
from api.http.concurrency import ask
from api.http.media_types import JSON
from api.http.responses import NO_STORE
from api.http.routes import Routes
from api.http.values import Moment
from api.services import services
from layers.query.filters import Box, parse_bbox
from routing.airspace.planned_path import PlannedPath, dense
from routing.airspace.zones import Zone, Zones
from spatial.actor import Actor
from spatial.errors import BadParameter
from spatial.geo.volumes import geodesic_ring
from spatial.json_types import Document
from spatial.postgres.db import Database

MOST_FLIGHTS = 1_000
LONGEST = timedelta(days=2)
_LEAST_S, _EACH_S = 0.05, 0.001
_RING = 32
routes = Routes("airspace")


@routes.get("/api/airspace/picture")
async def get_picture(
    request: Request,
    bbox: Annotated[str, Query(max_length=200, description="West, south, east, north.")],
    begin: Moment,
    end: Moment,
) -> Response:
    """Return zones in force and flights planned within a time, with the heights they are drawn at.

    Flights are those that the caller sees, and for signed-in accounts the airspace that all others
    take, without a name. Their paths are planned: as they were filed, or through their volumes.
    """
    if not begin < end <= begin + LONGEST:
        raise BadParameter(
            "end must be after begin, within two days",
            "end 须晚于 begin 且在两天内",
            parameter="end",
        )
    box, actor, served = parse_bbox(bbox), actor_of(request), services(request)
    air = await own(request.app, AirKeeper).at(served, begin)
    found = await read_flights(served.db, actor, box, begin, end)

    def drawn() -> bytes:
        flights, joins = [drawn_flight(one) for one in found], air.judge.air.joins
        document: Document = {
            "begin": begin, "end": end, **air_facts(air),
            "zones": show_zones(_zones(air.judge.air.zones, box, begin, end), joins),
            "flights": show_flights(flights, joins), "others_shown": not actor.anonymous,
            "truncated": len(found) >= MOST_FLIGHTS,
        }  # fmt: skip
        return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)

    text = await ask(request, drawn, _LEAST_S + _EACH_S * len(found))
    served.audit.record(actor, "items", "airspace-picture", rows=len(found))
    return Response(text, headers=NO_STORE, media_type=JSON)


Found = Sequence[asyncpg.Record]
"""A plan of our own in one row, or the volumes of an entity in one each."""


async def read_flights(
    db: Database, actor: Actor, box: Box, begin: datetime, end: datetime
) -> list[Found]:
    """Return the flights of a box and a time that an actor sees, `MOST_FLIGHTS` at most."""
    async with db.session(actor) as conn:
        plans = await conn.fetch(rows.PLANS, begin, end, *box, MOST_FLIGHTS)
        ours, left = [row["id"] for row in plans], MOST_FLIGHTS - len(plans)
        others = (
            [] if actor.anonymous else await conn.fetch(rows.ENTITIES, begin, end, *box, ours, left)
        )
    by_entity = groupby(others, key=lambda row: row["id"])
    return [*([row] for row in plans), *(list(volumes) for _, volumes in by_entity)]


def drawn_flight(found: Found) -> DrawnFlight:
    """Return a flight as it is drawn."""
    first = found[0]
    if "extents" in first:
        name = {"zh": first["name_zh"], "en": first["name_en"]}
        volumes = list(_planned(extents_of(first), first["actual_end"]))
        return DrawnFlight(
            str(first["id"]), "operations", "operational_intent", first["state"],
            first["priority"], name, None, first["origin"], volumes, _path(first),
        )  # fmt: skip
    volumes = [_told(row) for row in found]
    return DrawnFlight(
        str(first["id"]), "intents", first["kind"], first["state"], first["priority"], None,
        first["manager"], None, volumes, through(volumes),
    )  # fmt: skip


def _path(row: asyncpg.Record) -> PlannedPath:
    """Return the path of a plan of our own, with short steps."""
    lon, lat, height, seconds = path_of(row).positions.T
    return dense(PlannedPath(row["planned_start"].timestamp() + seconds, lon, lat, height))


def _planned(extents: Iterable[Extent], ended: datetime | None) -> Iterable[FlightVolume]:
    """Return the volumes of a plan, up to when it ended; the first at least."""
    for number, extent in enumerate(extents):
        if number and ended is not None and extent.begin >= ended:
            continue
        end = extent.end if ended is None else max(min(extent.end, ended), extent.begin)
        yield FlightVolume(
            number, extent.footprint.polygon, extent.lower_m, extent.upper_m, extent.begin, end
        )


def _told(row: asyncpg.Record) -> FlightVolume:
    shape = footprint_of(row["shape"], row["radius_m"])
    polygon = shape.polygon
    if row["radius_m"] is not None:
        polygon = shapely.Polygon(geodesic_ring(*shape.middle, row["radius_m"], _RING))
    return FlightVolume(
        row["part"], polygon, row["lower_m"], row["upper_m"], row["begins"], row["ends"]
    )


def _zones(zones: Zones, box: Box, begin: datetime, end: datetime) -> list[Zone]:
    """Return the zones that touch a box and are in force at some time between two."""
    timely = zones.in_force(np.arange(len(zones)), begin.timestamp(), end.timestamp())
    near = shapely.intersects(zones.shapes, shapely.box(*box)) if len(zones) else timely
    return [zones.all[number] for number in np.flatnonzero(timely & near).tolist()]

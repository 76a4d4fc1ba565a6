"""/api/airspace/flights and /conflicts: what is planned in a time, to be played and compared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import asyncpg
from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from api.airspace import flight_rows as rows
from api.airspace.air_keeper import AirKeeper
from api.airspace.extents import Extent, written_time
from api.airspace.flight_columns import columns_of
from api.airspace.operation_store import extents_of
from api.airspace.pairs import overlapping_pairs
from api.http.app_state import own
from api.http.auth import actor_of
from api.http.concurrency import ask
from api.http.responses import fresh
from api.http.routes import Routes
from api.http.values import Moment
from api.services import services
from layers.query.filters import parse_bbox
from routing.airspace.levels import Joins
from spatial.errors import BadParameter
from spatial.json_types import Document

LONGEST = timedelta(days=31)
MOST = 5_000
EACH_S, EACH_PAIRED_S = 1e-4, 2e-3
"""What one flight is likely to take to be told, and to be held against the others."""
From = Annotated[Moment, Query(alias="from")]
Until = Annotated[Moment, Query(alias="to")]
Limit = Annotated[int, Field(ge=1, le=MOST)]
Box = Annotated[str | None, Query(max_length=200)]
routes = Routes("airspace")


@routes.get("/api/airspace/flights")
async def flights(
    request: Request, begin: From, end: Until, bbox: Box = None, limit: Limit = 2_000
) -> Response:
    """Return the plans that run in a time, with their planned 4D paths, as columns.

    Positions of flight *n* are `first_position[n]` until before `first_position[n + 1]`; times are
    seconds since 1970, heights metres above the ellipsoid, the sea and the ground.
    """
    found = await _read(request, rows.FLIGHTS, begin, end, bbox, limit)
    air = await own(request.app, AirKeeper).at(services(request), datetime.now(UTC))
    joins, terrain = air.judge.air.joins, air.known.terrain
    kept = Joins(terrain, joins.geoid)
    told = await ask(request, lambda: columns_of(found[:limit], kept), EACH_S * (len(found) + 1))
    services(request).audit.record(
        actor_of(request), "items", "airspace-flights", rows=min(len(found), limit), area=bbox
    )
    return fresh({
        **_head(begin, end, found, limit),
        "terrain": terrain and {"name": terrain.name, "origin": terrain.origin,
                                "accuracy_m": terrain.accuracy_m},
        **told,
    })  # fmt: skip


@routes.get("/api/airspace/conflicts")
async def conflicts(
    request: Request, begin: From, end: Until, bbox: Box = None, limit: Limit = 1_000
) -> Response:
    """Return the pairs of plans that share space and time, whatever their state but denied.

    `refuses` are those of the pair that our own door would not accept beside the other one.
    """
    found = await _read(request, rows.EXTENTS, begin, end, bbox, limit)
    whole = found[:limit]

    def paired() -> list[Document]:
        plans = [extents_of(row) for row in whole]
        return [_pair(whole[n], whole[m], shared) for n, m, shared in overlapping_pairs(plans)]

    told = await ask(request, paired, EACH_PAIRED_S * (len(whole) + 1))
    services(request).audit.record(
        actor_of(request), "items", "airspace-conflicts", rows=len(told), area=bbox
    )
    return fresh({**_head(begin, end, found, limit), "conflicts": told})


async def _read(
    request: Request, sql: str, begin: datetime, end: datetime, bbox: str | None, limit: int
) -> Sequence[asyncpg.Record]:
    """Return the rows that the caller sees, one more than wanted where there are more."""
    if not begin < end <= begin + LONGEST:
        raise BadParameter(
            f"to must be after from, by at most {LONGEST.days} days",
            f"to 须晚于 from，且不超过 {LONGEST.days} 天", parameter="to",
        )  # fmt: skip
    box = None if bbox is None else list(parse_bbox(bbox))
    async with services(request).db.session(actor_of(request)) as conn:
        found: Sequence[asyncpg.Record] = await conn.fetch(sql, begin, end, box, limit + 1)
    return found


def _head(begin: datetime, end: datetime, found: Sequence[object], limit: int) -> Document:
    return {
        "from": written_time(begin)["value"], "to": written_time(end)["value"],
        "plans": min(len(found), limit), "complete": len(found) <= limit,
    }  # fmt: skip


def _pair(
    one: asyncpg.Record, other: asyncpg.Record, shared: Sequence[tuple[Extent, Extent]]
) -> Document:
    refuses = [
        str(a["id"]) for a, b in ((one, other), (other, one)) if b["priority"] >= a["priority"]
    ]
    begins = [max(a.begin, b.begin) for a, b in shared]
    ends = [min(a.end, b.end) for a, b in shared]
    return {
        "plans": [str(one["id"]), str(other["id"])],
        "states": [one["state"], other["state"]],
        "priorities": [one["priority"], other["priority"]],
        "origins": [one["origin"], other["origin"]],
        "refuses": refuses,
        "time_start": written_time(min(begins))["value"],
        "time_end": written_time(max(ends))["value"],
        "lower_m": min(max(a.lower_m, b.lower_m) for a, b in shared),
        "upper_m": max(min(a.upper_m, b.upper_m) for a, b in shared),
        "middle": list(shared[0][0].footprint.middle),
    }

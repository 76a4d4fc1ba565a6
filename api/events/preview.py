"""POST /events/preview: what an event would act on, before it is entered; nothing is written."""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg
import orjson
import shapely
from fastapi import Request
from starlette.responses import Response

from api.events import targets
from api.events.edge_effects import check_value, find_effects
from api.events.event_bodies import EventBody, find_target, read_lanes
from api.events.still_closed_rows import closed_by
from api.events.target_rows import MEASURED, TOWARDS
from api.events.targets import Target, check_scope
from api.http.auth import actor_of, require
from api.http.bodies import MB
from api.http.media_types import GEOJSON
from api.http.responses import fresh
from api.http.routes import Routes
from api.services import services
from layers.offload import offload_write
from spatial.actor import WRITERS, Actor
from spatial.errors import OutOfScope
from spatial.json_types import Document

LISTED_EDGES = 1_000

routes = Routes("events")


@routes.post("/api/events/preview", most_bytes=MB, question=True)
async def preview_event(body: EventBody, request: Request) -> Response:
    """Return place, direction, kilometres, number of edges and what is closed there already.

    `refused` says why the account may not enter it, null where it may. The geometry is that of the
    event: between stakes it is cut to them, though whole edges are closed (`edges_m`).
    """
    actor = actor_of(request)
    require(actor, *WRITERS)
    begin = body.valid_from or datetime.now(UTC)
    rules = services(request).rules.of_fact(begin)
    targets.check_interval(begin, body.valid_to, body.cause, rules)
    body, written = read_lanes(body)
    check_value(body.kind, body.value, body.lanes)
    async with services(request).db.session(actor) as conn:
        target = await find_target(conn, body, written)
        effects = await offload_write(
            find_effects, rules, body.kind, body.value, body.lanes, target
        )
        told = await _told(conn, target, actor, (begin, body.valid_to))
    speeds = [one.value for one in effects.states if one.value is not None]
    told |= {"kind": body.kind, "lanes": effects.lanes, "slowest": min(speeds, default=None)}
    services(request).audit.record(actor, "preview", "event", rows=len(target.edges))
    geometry = await offload_write(lambda: orjson.loads(shapely.to_geojson(target.geometry)))
    return fresh({"type": "Feature", "geometry": geometry, "properties": told}, media_type=GEOJSON)


async def _told(
    conn: asyncpg.Connection, target: Target, actor: Actor, span: tuple[datetime, datetime]
) -> Document:
    edges = list(dict.fromkeys(edge for edge, _ in target.edges))
    ids = ",".join(map(str, edges))
    sizes = await conn.fetchrow(MEASURED, ids, shapely.to_wkb(target.geometry))
    line = target.geometry.geom_type.endswith("LineString")
    route = target.span[0] if target.span else None
    towards = await conn.fetch(TOWARDS, route) if route else []
    return {
        "title": target.names, "route": route, "side": target.side,
        "k_from": target.span[1] if target.span else None,
        "k_to": target.span[2] if target.span else None,
        "towards": [
            {"side": row["side"], "zh": row["towards_zh"], "en": row["towards_en"]}
            for row in towards
        ],
        "edges": edges[:LISTED_EDGES], "edge_count": len(edges),
        "edges_m": round(sizes["edges_m"], 1),
        "length_m": round(sizes["drawn_m"], 1) if line else None,
        "stretch": target.stretch.told if target.stretch else None,
        "admin_code": target.admin_code, "refused": _refusal(actor, target),
        "closed_by": await closed_by(conn, target.edges, span),
    }  # fmt: skip


def _refusal(actor: Actor, target: Target) -> Document | None:
    try:
        check_scope(actor, target)
    except OutOfScope as error:
        return {"zh": error.zh, "en": error.en}
    return None

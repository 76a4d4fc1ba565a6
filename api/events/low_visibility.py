"""Fog: legal limits by edge and direction, entrances to control, applied in the same request."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Literal, TypedDict

import asyncpg
from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from api.events import store, targets
from api.events.store import Decision, Effect
from api.events.targets import Target, check_scope
from api.events.view import Event, shown
from api.http.auth import actor_of, require
from api.http.bodies import MB
from api.http.concurrency import ask
from api.http.media_types import GEOJSON
from api.http.polygons import read_polygon
from api.http.responses import fresh
from api.http.routes import Routes
from api.http.values import Moment, Strict
from api.roads.carriageway_queries import find_streets, opening_feature
from api.services import services
from api.write_once import write_once
from layers.offload import offload_write
from routing.corridor.directed_search import Streets
from routing.corridor.low_visibility import control_points, find_limit, length_limited_m, limit_keys
from routing.cost.rule_models import CONTROL
from routing.query.network import RoadNetwork
from spatial.actor import WRITERS
from spatial.errors import BadParameter
from spatial.geo.geojson import Feature
from spatial.json_types import Document, JsonBody
from spatial.rules import get_rule

routes = Routes("carriageways")

LISTED_EDGES = 10_000
TITLES = ("大雾限速", "Fog limits")


class ApplyBody(Strict):
    """How long the limits hold, and who may see the event."""

    valid_from: Moment | None = None
    valid_to: Moment
    title: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    visibility: Literal["public", "unit", "province"] = "public"


class FogBody(Strict):
    """A fog: its area (GeoJSON, EPSG:4326) and how far one sees in it."""

    polygon: JsonBody
    visibility_m: Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)]
    within_m: Annotated[float, Field(gt=0, le=200_000, allow_inf_nan=False)] | None = None
    apply: ApplyBody | None = None


class Fog(TypedDict):
    """What is limited in a fog, and where traffic is to be held or led off."""

    visibility_m: float
    network_version: int
    edge_count: int
    length_m: float
    edges: list[Document]
    entrances: list[Feature]
    exits: list[Feature]
    within_m: float
    rules: list[Document]


def describe_fog(network: RoadNetwork, streets: Streets, body: FogBody) -> Fog:
    """Return the limited edges by direction and the entrances and exits to control."""
    edges = network.snapper.inside(read_polygon(body.polygon))
    limited = limit_keys(streets, edges, body.visibility_m, network.rules)
    reach = body.within_m or get_rule(network.rules, CONTROL).value.entrances_m
    leave = any(one.limit.leave for one in limited)
    rules = {one.limit.rule.key: one.limit.rule for one in limited}
    entrances = control_points(streets, edges, reach) if limited else []
    exits = control_points(streets, edges, reach, exits=True) if leave else []
    graph = streets.graph.edges
    return {
        "visibility_m": body.visibility_m,
        "network_version": network.version,
        "edge_count": len({one.key >> 1 for one in limited}),
        "length_m": round(length_limited_m(streets, limited), 1),
        "edges": [
            {
                "edge": str(graph.row_id(one.key >> 1)),
                "direction": "backward" if one.key & 1 else "forward",
                "class": graph.edge_class.get(one.key >> 1),
                "ref": graph.ref.get(one.key >> 1),
                "limit_kmh": one.limit.max_kmh,
                "gap_m": one.limit.gap_m,
                "leave": one.limit.leave,
                "rule": one.limit.rule.key,
            }
            for one in limited[:LISTED_EDGES]
        ],
        "entrances": [opening_feature(streets, opening) for opening in entrances],
        "exits": [opening_feature(streets, opening) for opening in exits],
        "within_m": reach,
        "rules": [
            {"key": r.key, "version": r.version, "legal_text": r.legal_text, "source": r.source}
            for r in rules.values()
        ],
    }


async def apply_fog(
    request: Request, conn: asyncpg.Connection, network: RoadNetwork, body: FogBody
) -> Event:
    """Write the limits as one weather_limit event in a write's transaction and return it.

    Raises
    ------
    BadParameter
        The law limits nothing at this visibility, or the interval is over.
    """
    assert body.apply is not None  # noqa: S101
    asked, actor = body.apply, actor_of(request)
    begin = asked.valid_from or datetime.now(UTC)
    targets.check_interval(begin, asked.valid_to, "fog", network.rules)
    polygon = await offload_write(read_polygon, body.polygon)
    target = await targets.of_polygon(conn, polygon, "both")
    effects = await offload_write(_effects, target, network, body.visibility_m)
    target = replace(target, edges=[(e.edge, e.direction) for e in effects])
    check_scope(actor, target)
    zh, en = (asked.title or text for text in TITLES)
    lowest = min(e.value for e in effects if e.value is not None)
    told = {"value": lowest, "unit": "km/h", "visibility_m": body.visibility_m}
    event = await store.create(conn, actor, Decision(
        "weather_limit", target, effects, "both", "fog", begin, asked.valid_to, zh, en,
        asked.visibility, None, None, told,
    ))  # fmt: skip
    await services(request).audit.write(
        conn, actor, "weather_limit", f"event/{event}", area=target.admin_code,
        rows=len(effects), detail={"visibility_m": body.visibility_m},
    )  # fmt: skip
    return shown(await store.get(conn, event), actor)


def _effects(target: Target, network: RoadNetwork, visibility_m: float) -> list[Effect]:
    effects = []
    for edge, way in target.edges:
        limit = find_limit(target.roads[edge].road_class, visibility_m, network.rules)
        if limit is not None:
            effects.append(Effect(edge, way, "weather_limit", limit.max_kmh))
    if not effects:
        raise BadParameter(
            "At this visibility the law limits no road here", "该能见度下法规未对此处道路限速",
            parameter="visibility_m",
        )  # fmt: skip
    return effects


@routes.post("/api/carriageways/fog", hot=True, most_bytes=MB)
async def limit_for_fog(body: FogBody, request: Request) -> Response:
    """Return the legal speed of each road in a fog, and the entrances to control upstream.

    With `apply` the limits become a weather_limit event in the same request.
    """
    actor = actor_of(request)
    if body.apply is not None:
        require(actor, *WRITERS)
    network, streets = await find_streets(request)
    answer = await ask(request, lambda: describe_fog(network, streets, body))
    services(request).audit.record(actor, "carriageway", "fog", rows=answer["edge_count"])
    if body.apply is None:
        return fresh(answer, media_type=GEOJSON)

    async def work(conn: asyncpg.Connection) -> Response:
        return fresh(
            {**answer, "event": await apply_fog(request, conn, network, body)}, media_type=GEOJSON
        )

    return await write_once(request, actor, work)

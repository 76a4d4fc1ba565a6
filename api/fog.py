"""Fog: legal limits by edge and direction, entrances to control, applied in the same request."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import asyncpg
from fastapi import Request
from pydantic import Field

from api import closures, event_store
from api.auth import actor_of
from api.closures import Target, check_scope
from api.conditions import Moment, Strict
from api.event_store import Decision, Effect
from api.event_view import shown
from api.polygons import read_polygon
from api.services import services
from layers.offload import offload_write
from routing.corridor.directed_search import At, Opening, Streets
from routing.corridor.low_visibility import control_points, find_limit, length_limited_m, limit_keys
from routing.cost.rule_models import CONTROL
from routing.query.network import RoadNetwork
from spatial.errors import BadParameter
from spatial.rules import get_rule

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

    polygon: dict[str, Any]
    visibility_m: Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)]
    within_m: Annotated[float, Field(gt=0, le=200_000, allow_inf_nan=False)] | None = None
    apply: ApplyBody | None = None


def describe_fog(network: RoadNetwork, streets: Streets, body: FogBody) -> dict[str, Any]:
    """Return the limited edges by direction and the entrances and exits to control."""
    edges = network.places.inside(read_polygon(body.polygon))
    limited = limit_keys(streets, edges, body.visibility_m, network.rules)
    reach = body.within_m or get_rule(network.rules, CONTROL).value.entrances_m
    leave = any(one.limit.leave for one in limited)
    rules = {one.limit.rule.key: one.limit.rule for one in limited}
    entrances = control_points(streets, edges, reach) if limited else []
    exits = control_points(streets, edges, reach, exits=True) if leave else []
    graph = streets.graph.edges
    return {
        "visibility_m": body.visibility_m,
        "edge_count": len({one.key >> 1 for one in limited}),
        "length_m": round(length_limited_m(streets, limited), 1),
        "edges": [
            {
                "edge": str(graph.row_id(one.key >> 1)),
                "direction": "backward" if one.key & 1 else "forward",
                "class": graph.klass.get(one.key >> 1),
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
) -> dict[str, Any]:
    """Write the limits as one weather_limit event in a write's transaction and return it.

    Raises
    ------
    BadParameter
        The law limits nothing at this visibility, or the interval is over.
    """
    assert body.apply is not None  # noqa: S101
    asked, actor = body.apply, actor_of(request)
    begin = asked.valid_from or datetime.now(UTC)
    closures.check_interval(begin, asked.valid_to)
    polygon = await offload_write(read_polygon, body.polygon)
    target = await closures.of_polygon(conn, polygon, "both")
    effects = await offload_write(_effects, target, network, body.visibility_m)
    target = replace(target, edges=[(e.edge, e.direction) for e in effects])
    check_scope(actor, target)
    zh, en = (asked.title or text for text in TITLES)
    lowest = min(e.value for e in effects if e.value is not None)
    told = {"value": lowest, "unit": "km/h", "visibility_m": body.visibility_m}
    event = await event_store.create(conn, actor, Decision(
        "weather_limit", target, effects, "both", "fog", begin, asked.valid_to, zh, en,
        asked.visibility, None, None, told,
    ))  # fmt: skip
    await services(request).audit.write(
        conn, actor, "weather_limit", f"event/{event}", area=target.admin_code,
        rows=len(effects), detail={"visibility_m": body.visibility_m},
    )  # fmt: skip
    return shown(await event_store.get(conn, event), actor)


def _effects(target: Target, network: RoadNetwork, visibility_m: float) -> list[Effect]:
    effects = []
    for edge, way in target.edges:
        limit = find_limit(target.roads[edge].klass, visibility_m, network.rules)
        if limit is not None:
            effects.append(Effect(edge, way, "weather_limit", limit.max_kmh))
    if not effects:
        raise BadParameter(
            "At this visibility the law limits no road here", "该能见度下法规未对此处道路限速",
            parameter="visibility_m",
        )  # fmt: skip
    return effects


def opening_feature(streets: Streets, opening: Opening) -> dict[str, Any]:
    """Describe an entrance or exit as a point."""
    edges = streets.graph.edges
    ends = At(opening.joins, 0.0), At(opening.joins, streets.length_m(opening.joins))
    at_start = streets.end_node(opening.joins, first=True) == opening.node
    lon, lat = streets.point(ends[0] if at_start else ends[1])
    first = opening.others[0] >> 1
    name = {"zh": edges.name_zh.get(first), "en": edges.name_en.get(first)}
    told = {
        "distance_m": round(opening.distance_m, 1),
        "edge": str(edges.row_id(opening.joins >> 1)),
        "other_edges": sorted({str(edges.row_id(key >> 1)) for key in opening.others}),
        "other": {"ref": edges.ref.get(first), "name": name, "class": edges.klass.get(first)},
    }
    return point_feature(told, lon, lat)


def point_feature(properties: dict[str, Any], lon: float, lat: float) -> dict[str, Any]:
    """Return a GeoJSON point."""
    place = {"type": "Point", "coordinates": [round(lon, 7), round(lat, 7)]}
    return {"type": "Feature", "geometry": place, "properties": properties}

"""POST /incidents: a report of an incident; a second report of the same one joins it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
import shapely
from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from api.events import store
from api.events.edge_effects import MOST_LANES
from api.events.event_bodies import CAUSES, Cause, Text
from api.events.event_rows import EDGE_CODE, SAME_INCIDENT
from api.events.store import Decision
from api.events.targets import Target, check_scope
from api.events.view import Event, shown
from api.http.auth import actor_of, require
from api.http.concurrency import ask
from api.http.media_types import GEOJSON
from api.http.responses import fresh
from api.http.routes import Routes
from api.http.values import Visible
from api.roads.carriageway_queries import StakeBody, find_asked
from api.services import services
from api.write_once import write_once
from routing.cost.rule_models import INCIDENT_MERGE
from spatial.actor import WRITERS, Actor
from spatial.geo.linear_reference import StakeFix
from spatial.json_types import Document
from spatial.postgres.locks import wait_for
from spatial.rules import Rules, get_rule

MERGE_LOCK = 0x5369_6764
SEVERITIES = ("low", "medium", "high")

routes = Routes("events")


class IncidentBody(StakeBody):
    """What is reported: where (in one text or apart), on which lanes, how bad, by whom."""

    lanes: list[Annotated[int, Field(ge=1, le=MOST_LANES)]] = Field(
        default=[], max_length=MOST_LANES
    )
    cause: Cause = "accident"
    severity: Literal["low", "medium", "high"] = "medium"
    title: Text | None = None
    reporter: Annotated[str, Field(min_length=1, max_length=100), Visible] | None = None
    visibility: Literal["public", "unit", "province"] = "public"


@routes.post("/api/incidents", status=201)
async def report_incident(body: IncidentBody, request: Request) -> Response:
    """Place an incident, or join the report to the one that it is about (200)."""
    actor = actor_of(request)
    require(actor, *WRITERS)
    named = body.named
    body = body.model_copy(update={"lanes": [*body.lanes, *named.lanes]})
    asked = await find_asked(request, named.route, named.side)
    fix, at = await ask(request, lambda: asked.place(named.k_from, body.occurrence))
    edge = asked.network.graph.edges.row_id(at.key >> 1)

    async def work(conn: asyncpg.Connection) -> Response:
        code = await conn.fetchval(EDGE_CODE, edge)
        target = _target(fix, code)
        check_scope(actor, target)
        await wait_for(conn, MERGE_LOCK)
        same = await _same(conn, fix, asked.network.rules)
        if same is None:
            event = await store.create(conn, actor, _decision(body, target, fix, edge))
        else:
            event = same["id"]
            await store.add_report(conn, actor, event, _joined(same, body, fix, actor))
        detail = {"merged": same is not None, "stake": fix.stake, "route": fix.route_id}
        await services(request).audit.write(
            conn, actor, "report", f"event/{event}", area=code, detail=detail
        )
        return _respond(await store.get(conn, event), actor, merged=same is not None)

    return await write_once(request, actor, work)


def _respond(feature: Event, actor: Actor, *, merged: bool) -> Response:
    told = shown(feature, actor)
    told["properties"]["merged"] = merged
    headers = {"Location": f"/api/events/{feature['id']}"}
    return fresh(told, 200 if merged else 201, headers, GEOJSON)


async def _same(conn: asyncpg.Connection, fix: StakeFix, rules: Rules) -> asyncpg.Record | None:
    """Return the open incident that a report at a place is about, held until the end."""
    value = get_rule(rules, INCIDENT_MERGE).value
    return await conn.fetchrow(
        SAME_INCIDENT, fix.side, fix.route_id, value.within_s, fix.lon, fix.lat, value.within_m
    )


def _target(fix: StakeFix, code: str | None) -> Target:
    name = f"{fix.route_id} {fix.stake}"
    place = shapely.Point(round(fix.lon, 7), round(fix.lat, 7))
    codes = [code] if code else []
    return Target([], place, codes, {"zh": name, "en": name}, span=(fix.route_id, fix.k_m, fix.k_m))


def _decision(body: IncidentBody, target: Target, fix: StakeFix, edge: UUID) -> Decision:
    now, cause = datetime.now(UTC), CAUSES[body.cause]
    zh = body.title or f"{target.names['zh']} {cause[0]}"
    en = body.title or f"{target.names['en']} {cause[1].lower()}"
    attributes = {
        "edge": str(edge),
        "accuracy_m": fix.accuracy_m,
        "calibrated": fix.calibrated,
        "last_report": now.isoformat(),
        "reports": [_report(body, fix, now)],
    }
    return Decision(
        "incident", target, [], fix.side, body.cause, now, None, zh, en, body.visibility,
        _lanes(body.lanes), None, attributes, body.severity,
    )  # fmt: skip


def _joined(same: asyncpg.Record, body: IncidentBody, fix: StakeFix, actor: Actor) -> Document:
    """Return the event's members with one more report: the worst severity, all lanes named."""
    now = datetime.now(UTC)
    held = same["attributes"] or {}
    reports = [*held.get("reports", []), {**_report(body, fix, now), "by": actor.account_id}]
    known = {int(lane) for lane in (same["lanes"] or "").split("、") if lane.isdigit()}
    worst = max(body.severity, same["severity"] or SEVERITIES[0], key=SEVERITIES.index)
    return {
        "severity": worst,
        "lanes": _lanes([*known, *body.lanes]),
        "attributes": {**held, "last_report": now.isoformat(), "reports": reports},
    }


def _report(body: IncidentBody, fix: StakeFix, at: datetime) -> Document:
    return {
        "at": at.isoformat(),
        "stake": fix.stake,
        "reporter": body.reporter,
        "severity": body.severity,
        "lanes": sorted(set(body.lanes)),
    }


def _lanes(lanes: Sequence[int]) -> str | None:
    return "、".join(map(str, sorted(set(lanes)))) or None

"""Decisions: close, slow or limit roads for a time, undo, change, acknowledge; all is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import orjson
from fastapi import Request
from starlette.responses import Response

from api.events import store, targets
from api.events.edge_effects import Effects, Kind, check_value, find_effects
from api.events.event_bodies import (
    CAUSES,
    AcknowledgeBody,
    ChangeBody,
    EventBody,
    find_target,
    read_lanes,
)
from api.events.event_rows import awaits_receipt, history
from api.events.still_closed_rows import still_closed_by
from api.events.store import Decision
from api.events.targets import Target, check_scope
from api.events.view import Event, shown, shown_step
from api.http.auth import actor_of, require
from api.http.bodies import MB
from api.http.if_match import check_match
from api.http.media_types import GEOJSON
from api.http.negotiate import single_values
from api.http.responses import NO_STORE, fresh
from api.http.routes import Routes
from api.services import services
from api.write_once import write_once
from layers.offload import offload, offload_write
from spatial.actor import WRITERS, Actor
from spatial.desk_rules import ALARM, Alarming
from spatial.errors import BadParameter, OutOfScope
from spatial.networks.model import get_searched
from spatial.rules import Rule, get_rule

ACTS = {
    "closure": (" 封闭", " closed"),
    "lane_loss": (" 封闭车道", ": lanes closed"),
    "speed": (" 车速变化", ": speed"),
    "weather_limit": (" 恶劣天气限速", ": weather limit"),
    "depth_limit": (" 水深通告", ": depth notice"),
}
STATES = ("draft", "open", "undone", "ended")

routes = Routes("events")


@routes.post("/api/events", hot=True, most_bytes=MB, status=201)
async def create_event(body: EventBody, request: Request) -> Response:
    """Close, slow or limit something; every later path on every worker knows it."""
    actor = _writer(request)
    begin = body.valid_from or datetime.now(UTC)
    rules = services(request).rules.of_fact(begin)
    targets.check_interval(begin, body.valid_to, body.cause, rules)
    asked, written = read_lanes(body)
    check_value(asked.kind, asked.value, asked.lanes)

    async def work(conn: asyncpg.Connection) -> Response:
        target = await find_target(conn, asked, written)
        check_scope(actor, target)
        effects = await offload_write(
            find_effects, rules, asked.kind, asked.value, asked.lanes, target
        )
        event = await store.create(conn, actor, _decision(asked, target, effects, begin))
        await _note(request, conn, event, asked, target)
        feature = await store.get(conn, event)
        return _respond(request, feature, 201, {"Location": f"/api/events/{event}"})

    return await write_once(request, actor, work)


async def _note(
    request: Request, conn: asyncpg.Connection, event: UUID, body: EventBody, target: Target
) -> None:
    detail = {
        "edges": len(target.edges), "cause": body.cause, "direction": body.direction,
        "kind": body.kind, "value": body.value,
    }  # fmt: skip
    action = "close" if body.kind == "closure" else body.kind
    await services(request).audit.write(
        conn, actor_of(request), action, f"event/{event}", area=target.admin_code,
        rows=len(target.edges), detail=detail,
    )  # fmt: skip


@routes.get("/api/events", reads=("state", "kind", "of"))
async def list_events(request: Request) -> Response:
    """Return the newest events, by `state`, `kind`, and the edge or structure that they act on."""
    given = single_values(request)
    state = given.get("state")
    if state is not None and state not in STATES:
        raise BadParameter(
            f"state must be one of {', '.join(STATES)}", f"state 须为 {'、'.join(STATES)} 之一",
            parameter="state",
        )  # fmt: skip
    of = _id(given.get("of"))
    actor = actor_of(request)
    served = services(request)
    async with served.db.session(actor) as conn:
        features = await store.listed(conn, given.get("kind"), state, actor.scope, of)
    served.audit.record(actor, "items", "events", rows=len(features))
    rule = get_rule(served.rules.current, ALARM)
    return await offload(_listed, features, actor, rule)


def _id(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        raise BadParameter(
            "of must be the id of an edge or a structure", "of 须为路段或设施的 ID", parameter="of"
        ) from None


def _listed(features: Sequence[Event], actor: Actor, rule: Rule[Alarming]) -> Response:
    texts = [orjson.dumps(shown(feature, actor), default=str) for feature in features]
    numbers = b'"numberReturned":%d,' % len(texts)
    if len(texts) < store.LISTED_EVENTS:
        numbers += b'"numberMatched":%d,' % len(texts)
    alarm = {**rule.value.model_dump(), "rule": f"{rule.key}@{rule.version}"}
    numbers += b'"alarm":' + orjson.dumps(alarm) + b","
    head = b'{"type":"FeatureCollection",' + numbers + b'"features":['
    return Response(head + b",".join(texts) + b"]}", headers=NO_STORE, media_type=GEOJSON)


@routes.get("/api/events/{event_id}")
async def get_event(event_id: UUID, request: Request) -> Response:
    """Return one event; its ETag guards a change.

    `still_closed_by` of an open closure tells what would keep its roads closed without it.
    """
    actor = actor_of(request)
    served = services(request)
    async with served.db.session(actor) as conn:
        feature = await store.get(conn, event_id)
        if feature["properties"]["kind"] == "closure" and feature["properties"]["state"] == "open":
            still = await still_closed_by(conn, event_id, public_only=False)
            feature["properties"]["still_closed_by"] = still
    served.audit.record(actor, "item", f"event/{event_id}", rows=1)
    return _respond(request, feature)


@routes.get("/api/events/{event_id}/history")
async def get_history(event_id: UUID, request: Request) -> Response:
    """Return who did what to an event, oldest first; for signed-in accounts."""
    actor = actor_of(request)
    require(actor)
    async with services(request).db.session(actor) as conn:
        await store.get(conn, event_id)
        rows = await history(conn, event_id)
    services(request).audit.record(actor, "item", f"event/{event_id}/history", rows=len(rows))
    return fresh({"history": [shown_step(row, actor) for row in rows]}, media_type=GEOJSON)


@routes.post("/api/events/{event_id}/undo")
async def undo_event(event_id: UUID, request: Request) -> Response:
    """Take a closure back; an If-Match that names another version is refused."""
    actor, audit = _writer(request), services(request).audit

    async def work(conn: asyncpg.Connection) -> Response:
        held = await _own(conn, actor, event_id)
        if "if-match" in request.headers:
            check_match(request.headers["if-match"], held["version"])
        feature = await store.undo(conn, actor, held)
        await audit.write(conn, actor, "undo", f"event/{event_id}", area=held["admin_code"])
        return _respond(request, feature)

    return await write_once(request, actor, work)


@routes.patch("/api/events/{event_id}")
async def change_event(event_id: UUID, body: ChangeBody, request: Request) -> Response:
    """Change validity, title, cause or value; If-Match names the version that was read."""
    actor = _writer(request)
    given = {k: v for k, v in body.model_dump().items() if v is not None}
    if not given:
        raise BadParameter("Nothing to change is named", "未指定要修改的内容")
    if "title" in given:
        given["title_zh"] = given["title_en"] = given.pop("title")

    async def work(conn: asyncpg.Connection) -> Response:
        held = await _own(conn, actor, event_id)
        check_match(request.headers.get("if-match"), held["version"])
        if "value" in given:
            _check_new_value(held["kind"], given["value"])
        if {"valid_from", "valid_to"} & given.keys():
            interval = [given.get(name, held[name]) for name in ("valid_from", "valid_to")]
            rules = services(request).rules.of_fact(interval[0])
            targets.check_interval(
                interval[0], interval[1], given.get("cause", held["cause"]), rules
            )
        await store.change(conn, actor, held, given)
        detail = {name: str(value) for name, value in given.items()}
        await services(request).audit.write(
            conn, actor, "change", f"event/{event_id}", area=held["admin_code"], detail=detail
        )
        return _respond(request, await store.get(conn, event_id))

    return await write_once(request, actor, work)


@routes.post("/api/events/{event_id}/acknowledge")
async def acknowledge_event(
    event_id: UUID, request: Request, body: AcknowledgeBody | None = None
) -> Response:
    """Note that the account's desk has seen the event."""
    actor = _writer(request)
    party = (body.party if body else None) or actor.scope
    if not actor.covers(party):
        raise OutOfScope(f"{party} is another desk", f"{party} 不是本单位")

    async def work(conn: asyncpg.Connection) -> Response:
        held = await store.hold(conn, event_id)
        if not await awaits_receipt(conn, event_id, party):
            raise OutOfScope(
                f"The event waits for no receipt of {party}", f"该事件无需 {party} 签收"
            )
        await store.acknowledge(conn, actor, held, party)
        detail, audit = {"party": party}, services(request).audit
        await audit.write(conn, actor, "acknowledge", f"event/{event_id}", detail=detail)
        return _respond(request, await store.get(conn, event_id))

    return await write_once(request, actor, work)


def _writer(request: Request) -> Actor:
    actor = actor_of(request)
    require(actor, *WRITERS)
    return actor


async def _own(conn: asyncpg.Connection, actor: Actor, event_id: UUID) -> asyncpg.Record:
    """Return an event that the actor may decide on, held until the transaction ends."""
    held = await store.hold(conn, event_id)
    if held["admin_code"] is None or not actor.covers(held["admin_code"]):
        raise OutOfScope(
            f"The event lies in {held['admin_code']}, outside your area",
            f"事件位于 {held['admin_code']}，超出辖区",
        )
    return held


def _check_new_value(kind: Kind, value: float) -> None:
    """Refuse a value for an event that has none, or whose effect depends on each road."""
    if kind in ("closure", "lane_loss"):
        raise BadParameter(
            f"The value of a {kind} cannot be changed", f"{kind} 的数值不能修改",
            mend_en="Undo it and enter a new event.", mend_zh="请撤销后重新录入。",
            parameter="value",
        )  # fmt: skip
    check_value(kind, value, [])


def _decision(body: EventBody, target: Target, effects: Effects, begin: datetime) -> Decision:
    cause, act = CAUSES[body.cause], ACTS[body.kind]
    usual = get_searched(target.networks[0])
    zh = body.title or f"{target.names['zh'] or usual.zh}{act[0]}（{cause[0]}）"
    en = body.title or f"{target.names['en'] or usual.en.title()}{act[1]} ({cause[1].lower()})"
    kept = {**effects.attributes, **(target.stretch.told if target.stretch else {})}
    return Decision(
        body.kind, target, effects.states, target.side or body.direction, body.cause, begin,
        body.valid_to, zh, en, body.visibility, effects.lanes, effects.rule_version, kept,
    )  # fmt: skip


def _respond(
    request: Request,
    feature: Event,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    tag = {"ETag": f'"{feature["properties"]["version"]}"', **(headers or {})}
    return fresh(shown(feature, actor_of(request)), status, tag, GEOJSON)

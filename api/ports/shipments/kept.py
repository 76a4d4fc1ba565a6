"""/api/shipments: plans and events taken in batches, states and chains told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
from fastapi import Request
from starlette.responses import Response

from api.http.auth import actor_of, require
from api.http.bodies import MB
from api.http.links import api, link
from api.http.media_types import GEOJSON
from api.http.responses import NO_STORE, fresh
from api.http.routes import Routes
from api.http.values import Moment
from api.law.records import check_source, foreign_key
from api.ports.shipments import shipment_rows as rows
from api.ports.shipments.bodies import EventsBody, ShipmentsBody, plain_number
from api.ports.shipments.reading import (
    Read,
    Shipment,
    arrival_of,
    lateness_of,
    read_shipment,
    with_events,
)
from api.ports.shipments.taken import check_units, columns_of, counties, event_columns, place_all
from api.ports.shipments.told import told_summary, told_whole
from api.services import services
from api.write_once import write_once
from layers.offload import offload, offload_write
from routing.multimodal.rule_models import DELAYS
from routing.shipments.judge import ANOMALIES
from routing.shipments.rule_models import ARRIVAL, CHAINING
from spatial.actor import WRITERS
from spatial.errors import BadParameter, NotFound
from spatial.json_types import Document
from spatial.logistics.events import Event
from spatial.rules import Rules, get_rule

routes = Routes("ports")
MOST_LISTED, CHUNK, MOST_CHUNKS = 500, 200, 25


@routes.post("/api/shipments", most_bytes=8 * MB, status=201)
async def take_shipments(body: ShipmentsBody, request: Request) -> Response:
    """Take plans of shipments, known by source and key: sent again nothing changes."""
    actor, served = actor_of(request), services(request)
    require(actor, *WRITERS)
    rules = served.rules.current
    check_units(rules, body.shipments)
    chaining = get_rule(rules, CHAINING).value

    async def work(conn: asyncpg.Connection) -> Response:
        await check_source(conn, body.source)
        placed = await place_all(conn, body.shipments)
        codes = await counties(conn, actor, placed)
        columns = await offload_write(columns_of, body.source, body.shipments, placed, codes)
        ids, keys, _, begin, end, *_, plans, sets = columns
        try:
            put = await conn.fetch(rows.PUT, *body.head(actor), *columns[:8])
            changed = await conn.fetch(
                rows.PUT_PLANS, body.source, chaining.before_days, chaining.after_days, ids, keys,
                begin, end, plans, sets,
            )  # fmt: skip
        except asyncpg.InsufficientPrivilegeError as error:
            raise foreign_key() from error
        added = {row["id"] for row in put if row["fresh"]}
        touched = {row["id"] for row in (*put, *changed)}
        told = {
            "source": body.source, "added": len(added), "corrected": len(touched - added),
            "unchanged": len(ids) - len(touched),
        }  # fmt: skip
        audited = f"shipments/{body.source}"
        await served.audit.write(conn, actor, "record", audited, rows=len(touched), detail=told)
        return fresh({**told, "ids": ids}, 201)

    return await write_once(request, actor, work)


@routes.post("/api/shipments/{shipment}/events", most_bytes=8 * MB, status=201)
async def take_events(shipment: UUID, body: EventsBody, request: Request) -> Response:
    """Take events of a shipment in any order; what is there already changes nothing."""
    actor, served = actor_of(request), services(request)
    require(actor, *WRITERS)
    given = await offload_write(_given, body)

    async def work(conn: asyncpg.Connection) -> Response:
        await check_source(conn, body.source)
        await _get(conn, shipment)
        added = await add_events(conn, request, body.source, given, shipment, body.origin)
        (found,) = await with_events(conn, [await _get(conn, shipment)])
        told = {"added": added, "unchanged": len(given) - added}
        await served.audit.write(
            conn, actor, "record", f"shipments/{shipment}/events", rows=added, detail=told
        )
        read = await offload(_read, found, served.rules.current, datetime.now(UTC))
        return fresh({**told, "shipment": told_summary(read)}, 201)

    return await write_once(request, actor, work)


async def add_events(
    conn: asyncpg.Connection, request: Request, source: str, given: Sequence[tuple[Event, str]],
    shipment: UUID | None, origin: str,
) -> int:  # fmt: skip
    """Add events of a source with what they came as; return how many were not there."""
    actor = actor_of(request)
    if not given:
        return 0
    columns = await offload_write(event_columns, given, shipment)
    head = source, shipment, actor.account_id, actor.unit_id, origin
    return len(await conn.fetch(rows.ADD, *head, *columns))


@routes.get("/api/shipments")
async def list_shipments(
    request: Request, limit: int = 100, after: UUID | None = None, unit: str | None = None,
    reference: str | None = None, anomaly: str | None = None, at: Moment | None = None,
) -> Response:  # fmt: skip
    """Return shipments with their states, by id; of a unit, a reference or a kind of anomaly."""
    actor, served = actor_of(request), services(request)
    require(actor)
    _check_limit(limit)
    if anomaly is not None and anomaly not in ANOMALIES:
        raise BadParameter(
            f"There is no anomaly {anomaly!r}", f"没有异常类别 {anomaly!r}",
            mend_en=f"There are {', '.join(ANOMALIES)}.", mend_zh=f"可用：{'、'.join(ANOMALIES)}。",
            parameter="anomaly",
        )  # fmt: skip
    wanted = _Wanted(limit, after, unit and plain_number(unit), reference, anomaly)
    async with served.db.session(actor) as conn:
        kept, last = await _page(conn, wanted, served.rules.current, at or datetime.now(UTC))
    served.audit.record(actor, "items", "shipments", rows=len(kept))
    links = [link(api(request, "shipments"), "self", GEOJSON)]
    if last is not None:
        given = {"unit": unit, "reference": reference, "anomaly": anomaly}
        when = None if at is None else at.isoformat()
        href = api(request, "shipments", limit=str(limit), after=str(last), at=when, **given)
        links.append(link(href, "next", GEOJSON))
    features = await offload(_told_all, kept)
    told = {
        "type": "FeatureCollection", "features": features,
        "numberReturned": len(kept), "links": links,
    }  # fmt: skip
    return fresh(told, headers=NO_STORE, media_type=GEOJSON)


@dataclass(frozen=True)
class _Wanted:
    limit: int
    after: UUID | None
    unit: str | None
    reference: str | None
    anomaly: str | None


async def _page(
    conn: asyncpg.Connection, wanted: _Wanted, rules: Rules, now: datetime
) -> tuple[list[Read], UUID | None]:
    """Return shipments by id, and the id to go on behind where there may be more.

    A kind of anomaly is looked for among so many shipments; a page may have few, or none, of it.
    """
    kept: list[Read] = []
    last = wanted.after
    size = wanted.limit if wanted.anomaly is None else CHUNK
    for _ in range(MOST_CHUNKS):
        page = await conn.fetch(rows.PAGE, last, size, wanted.unit, wanted.reference)
        read = await offload(_read_all, await with_events(conn, page), rules, now)
        kept += [one for one in read if wanted.anomaly is None or _has(one, wanted.anomaly)]
        last = page[-1]["id"] if len(page) == size else None
        if last is None or len(kept) >= wanted.limit:
            break
    if len(kept) > wanted.limit:
        kept = kept[: wanted.limit]
        last = kept[-1].shipment.id
    return kept, last


@routes.get("/api/shipments/unclaimed-events")
async def list_unclaimed(request: Request, limit: int = 100, after: UUID | None = None) -> Response:
    """Return events that belong to no shipment that is known, as they came."""
    actor, served = actor_of(request), services(request)
    require(actor)
    _check_limit(limit)
    async with served.db.session(actor) as conn:
        found = await conn.fetch(rows.UNCLAIMED, after, limit)
    served.audit.record(actor, "items", "shipments/unclaimed-events", rows=len(found))
    told = [
        {"id": row["id"], "source": row["source_id"], "event": row["event_id"], "at": row["at"],
         "unit": row["unit"], "raw": row["raw"], "received_at": row["recorded_at"]}
        for row in found
    ]  # fmt: skip
    return fresh({"events": told, "next_after": found[-1]["id"] if len(found) == limit else None})


@routes.get("/api/shipments/{shipment}")
async def show_shipment(shipment: UUID, request: Request, at: Moment | None = None) -> Response:
    """Return one shipment: legs, milestones and anomalies by unit, expected arrival, events."""
    actor, served = actor_of(request), services(request)
    require(actor)
    now, rules = at or datetime.now(UTC), served.rules.current
    async with served.db.session(actor) as conn:
        (found,) = await with_events(conn, [await _get(conn, shipment)], raw=True)
        most = get_rule(rules, ARRIVAL).value.most_shipments
        past = await with_events(conn, await conn.fetch(rows.PAST, now, most, shipment))
    served.audit.record(actor, "items", f"shipments/{shipment}", rows=1)
    told = await offload(_told, found, past, rules, now)
    return fresh(told, headers=NO_STORE, media_type=GEOJSON)


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MOST_LISTED:
        raise BadParameter(
            f"limit must be 1 to {MOST_LISTED}", f"limit 须为 1 至 {MOST_LISTED}", parameter="limit"
        )


async def _get(conn: asyncpg.Connection, shipment: UUID) -> asyncpg.Record:
    row = await conn.fetchrow(rows.ONE, shipment)
    if row is None:
        raise NotFound(
            f"No shipment {shipment}", f"没有货物 {shipment}",
            mend_en="GET /api/shipments lists them.", mend_zh="可用货物见 GET /api/shipments。",
        )  # fmt: skip
    return row


def _given(body: EventsBody) -> list[tuple[Event, str]]:
    return [(one.event(body.source), one.raw) for one in body.events]


def _has(read: Read, anomaly: str) -> bool:
    return any(one.kind == anomaly for chain in read.chains.values() for one in chain.anomalies)


def _read(shipment: Shipment, rules: Rules, now: datetime) -> Read:
    return read_shipment(shipment, now, get_rule(rules, CHAINING).value)


def _told_all(kept: Sequence[Read]) -> list[Document]:
    return [told_summary(one) for one in kept]


def _read_all(shipments: Sequence[Shipment], rules: Rules, now: datetime) -> list[Read]:
    return [_read(one, rules, now) for one in shipments]


def _told(shipment: Shipment, past: Sequence[Shipment], rules: Rules, now: datetime) -> Document:
    rule, chaining = get_rule(rules, ARRIVAL).value, get_rule(rules, CHAINING).value
    read = read_shipment(shipment, now, chaining)
    if read.slowest.cancelled:
        return told_whole(read, None, now)
    scenarios = [(one.share, dict(one.late_s)) for one in get_rule(rules, DELAYS).value.played]
    learnt = lateness_of(past, now, chaining, rule)
    return told_whole(read, arrival_of(read, learnt, scenarios, now, rule), now)

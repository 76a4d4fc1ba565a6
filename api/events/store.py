"""Events in the database: one transaction for row, edge state, version, history, stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast
from uuid import UUID

import asyncpg
import orjson
import shapely

from api.events.place_rows import add_places
from api.events.still_closed_rows import still_closed_by
from api.events.targets import Target
from api.events.version_store import APPEND, Raised, raise_of, raise_version, tell_network
from api.events.view import LIVE_KINDS, Event, Properties
from layers.offload import offload_write
from spatial.actor import Actor
from spatial.errors import Conflict, NotFound
from spatial.json_types import Document, JsonObject, Shown

EXPIRY_LOCK = 0x5369_6763
LISTED_EDGES = 1_000
LISTED_EVENTS = 500

_FEATURE = """
SELECT v.id, v.kind, v.title_zh, v.title_en, v.severity, v.cause, v.direction, v.state, v.version,
  v.admin_code, v.unit_id, v.visibility, v.origin, v.facility_id, v.route_id, v.k_from, v.k_to,
  v.valid_from, v.valid_to, v.recorded_at, v.begun_at, v.created_by, v.updated_by, v.lanes,
  v.rule_version, v.props -> 'attributes' AS attributes,
  ST_AsGeoJSON(v.geom, 7)::json AS geometry,
  (SELECT coalesce(json_agg(json_build_object('party', r.party, 'required', r.required,
      'name', json_build_object('zh', z.name_zh, 'en', z.name_en),
      'delivered_at', r.delivered_at, 'acknowledged_at', r.acknowledged_at,
      'account_id', r.account_id) ORDER BY r.party), '[]')
    FROM sigang.event_receipt r LEFT JOIN LATERAL (SELECT name_zh, name_en FROM sigang.zone
      WHERE admin_code = r.party AND kind IN ('province', 'prefecture', 'county') LIMIT 1) z ON true
    WHERE r.event_id = v.id) AS receipts,
  (SELECT coalesce(array_agg(DISTINCT s.edge_id), '{}') FROM sigang.edge_state s
    WHERE s.event_id = v.id) AS edges,
  (SELECT max(greatest(s.version_from, s.version_to)) FROM sigang.edge_state s
    WHERE s.event_id = v.id) AS network_version
FROM sigang.event v """
_OPEN = """
WHERE v.id IN (
  SELECT e.id FROM sigang.event e
  WHERE ($1::text IS NULL OR e.kind = $1) AND ($2::text IS NULL OR (e.state = $2
    AND ($2 <> 'open' OR e.valid_to IS NULL OR e.valid_to > now())))
    AND ($5::uuid IS NULL OR e.id IN (SELECT s.event_id FROM sigang.edge_state s
      WHERE s.version_to IS NULL AND s.edge_id IN (SELECT $5::uuid UNION
        SELECT c.edge_id FROM sigang.edge_structure c
        WHERE c.facility_id = $5 AND c.relation = 'carries')))
  ORDER BY $2 = 'open' AND EXISTS (SELECT FROM sigang.event_receipt r
    WHERE r.event_id = e.id AND r.party = $4 AND r.acknowledged_at IS NULL) DESC,
    e.recorded_at DESC, e.id DESC LIMIT $3)
ORDER BY v.recorded_at DESC, v.id DESC"""
_INSERT = """
INSERT INTO sigang.event (kind, admin_code, unit_id, visibility, origin, source_id, valid_from,
  valid_to, title_zh, title_en, cause, direction, route_id, k_from, k_to, facility_id, created_by,
  updated_by, geom, lanes, rule_version, props, severity, parties, begun_at)
VALUES ($16, $1, $2, $3, 'real', 'decisions', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
  $14, $14, ST_GeomFromWKB($15, 4326), $17, $18, $19, $20, $21,
  CASE WHEN $4 <= now() THEN now() END)
RETURNING id"""
_ACT = """
INSERT INTO sigang.edge_state (edge_id, kind, direction, value, valid, event_id, version_from,
  recorded_from)
SELECT edge, kind, direction, value, tstzrange($5, $6), $7, $8, $9
FROM unnest(string_to_array($1, ',')::uuid[], string_to_array($2, ','), string_to_array($3, ','),
  string_to_array($4, ',', '')::float8[])
  AS given(edge, kind, direction, value)"""
_REOPEN = """
UPDATE sigang.edge_state SET version_to = $2, recorded_to = $3
WHERE event_id = $1 AND version_to IS NULL"""
_AGAIN = """
INSERT INTO sigang.edge_state (edge_id, kind, direction, value, valid, event_id, version_from,
  recorded_from)
SELECT edge_id, kind, direction, coalesce($5, value), tstzrange($2, $3), event_id, $4, $6
FROM sigang.edge_state WHERE event_id = $1 AND version_to = $4"""
_PARTIES = """
SELECT DISTINCT admin_code FROM sigang.zone
WHERE kind = 'prefecture' AND admin_code IS NOT NULL
  AND ST_Intersects(geom, ST_GeomFromWKB($1, 4326))"""
_COUNTY_DESKS = """
SELECT DISTINCT a.scope FROM sigang.account a
WHERE a.role IN ('dispatcher', 'duty') AND NOT a.disabled AND right(a.scope, 2) <> '00'
  AND (a.scope = ANY($2) OR EXISTS (SELECT FROM sigang.zone z WHERE z.kind = 'county'
    AND z.admin_code = a.scope AND ST_Intersects(z.geom, ST_GeomFromWKB($1, 4326))))"""
_RECEIPTS = """
INSERT INTO sigang.event_receipt (event_id, party) SELECT $1, unnest($2::text[])"""
_HISTORY = """
INSERT INTO sigang.event_history (event_id, version, account_id, action, body)
VALUES ($1, $2, $3, $4, $5)"""
_EXPIRED = """
SELECT id FROM sigang.event WHERE kind = ANY($1) AND source_id = 'decisions' AND state = 'open'
  AND valid_to <= now() ORDER BY id FOR UPDATE"""
_BEGINNING = """
SELECT id FROM sigang.event WHERE begun_at IS NULL AND valid_from <= now() AND kind = ANY($1)
  AND source_id = 'decisions' AND state = 'open' AND valid_to > now() ORDER BY id FOR UPDATE"""
_NEW_VALUE = "props = jsonb_set(props, '{{attributes,value}}', to_jsonb(${}::float8))"
_REMARK = """
UPDATE sigang.edge_state SET valid = valid WHERE event_id = $1 AND version_to IS NULL"""
_HELD = """
SELECT id, kind, state, version, admin_code, unit_id, visibility, valid_from, valid_to, created_by,
  cause
FROM sigang.event WHERE id = $1 FOR UPDATE"""


@dataclass(frozen=True)
class Effect:
    """What an event does to one edge; `value` is km/h or a depth in m, None for a closure."""

    edge: UUID
    direction: str
    kind: str
    value: float | None = None


@dataclass(frozen=True)
class Decision:
    """An event to be written, with what it does to each edge."""

    kind: str
    target: Target
    effects: Sequence[Effect]
    direction: str
    cause: str
    valid_from: datetime
    valid_to: datetime | None
    title_zh: str
    title_en: str
    visibility: str
    lanes: str | None = None
    rule_version: str | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)
    severity: str | None = None


async def create(conn: asyncpg.Connection, actor: Actor, decision: Decision) -> UUID:
    """Write an event with receipts, history and stream row, and its edge states where it acts."""
    target = decision.target
    code = target.admin_code or actor.scope
    wkb = shapely.to_wkb(target.geometry)
    route, k_from, k_to = target.span or (None, None, None)
    parties = await _parties(conn, target, wkb, actor)
    event: UUID = await conn.fetchval(
        _INSERT, code, actor.unit_id, decision.visibility, decision.valid_from, decision.valid_to,
        decision.title_zh, decision.title_en, decision.cause, decision.direction, route, k_from,
        k_to, target.facility_id, actor.account_id, wkb, decision.kind, decision.lanes,
        decision.rule_version, {"attributes": dict(decision.attributes)}, decision.severity,
        parties,
    )  # fmt: skip
    await conn.execute(_RECEIPTS, event, parties)
    done = decision.effects
    if not done:
        await _tell(conn, actor, event, "created", None)
        return event
    version = await raise_version(conn, target.networks)
    interval = (decision.valid_from, decision.valid_to)
    columns = await offload_write(_columns, done)
    await conn.execute(_ACT, *columns, *interval, event, version.number, version.at)
    await _tell(conn, actor, event, "created", version)
    return event


def _columns(effects: Sequence[Effect]) -> list[str]:
    """Return the columns of effects, each as one text, which the driver sends in no time."""
    values = ["" if e.value is None else repr(e.value) for e in effects]
    texts = [[str(e.edge) for e in effects], [e.kind for e in effects]]
    return [",".join(column) for column in (*texts, [e.direction for e in effects], values)]


async def _parties(conn: asyncpg.Connection, target: Target, wkb: bytes, actor: Actor) -> list[str]:
    """Return the desks that must know: province and prefectures touched, counties with a desk."""
    touched = {row["admin_code"] for row in await conn.fetch(_PARTIES, wkb)}
    prefectures = {code[:4] + "00" for code in [*target.codes, *touched]}
    provinces = {code[:2] + "0000" for code in [*prefectures, actor.scope]}
    desks = await conn.fetch(_COUNTY_DESKS, wkb, target.codes)
    return sorted((prefectures | provinces | {row["scope"] for row in desks}) - {"000000"})


async def undo(conn: asyncpg.Connection, actor: Actor, held: asyncpg.Record) -> Event:
    """Take an event back and return it; `still_closed_by` tells what keeps its edges closed."""
    if held["state"] != "open":
        raise Conflict(f"The event is {held['state']}", f"事件状态为 {held['state']}")
    version = await _reopen(conn, held["id"])
    await _step(conn, actor, held["id"], "state = 'undone'", [])
    still = await still_closed_by(conn, held["id"])
    return await _tell(conn, actor, held["id"], "undone", version, still)


async def _reopen(conn: asyncpg.Connection, event: UUID) -> Raised:
    version = await raise_of(conn, event)
    await conn.execute(_REOPEN, event, version.number, version.at)
    return version


async def end_expired(conn: asyncpg.Connection, actor: Actor) -> list[UUID]:
    """End the events whose time is over and return them; one process at a time does it."""
    if not await conn.fetchval("SELECT pg_try_advisory_xact_lock($1)", EXPIRY_LOCK):
        return []
    expired: list[UUID] = [row["id"] for row in await conn.fetch(_EXPIRED, LIVE_KINDS)]
    for event in expired:
        version = await _reopen(conn, event)
        await _step(conn, actor, event, "state = 'ended'", [])
        await _tell(conn, actor, event, "ended", version)
    return expired


async def begin_due(conn: asyncpg.Connection, actor: Actor) -> list[UUID]:
    """Announce the planned events whose time has come and return them.

    Their states hold by themselves; what is kept of the network elsewhere (tiles, counts, open
    maps) learns of them here.
    """
    if not await conn.fetchval("SELECT pg_try_advisory_xact_lock($1)", EXPIRY_LOCK):
        return []
    due: list[UUID] = [row["id"] for row in await conn.fetch(_BEGINNING, LIVE_KINDS)]
    for event in due:
        version = await raise_of(conn, event)
        await conn.execute(_REMARK, event)
        await _step(conn, actor, event, "begun_at = now()", [])
        await _tell(conn, actor, event, "begun", version)
    return due


async def change(
    conn: asyncpg.Connection, actor: Actor, held: asyncpg.Record, fields: Document
) -> None:
    """Change validity, title, cause or value of an open event."""
    if held["state"] != "open":
        raise Conflict(f"The event is {held['state']}", f"事件状态为 {held['state']}")
    value = fields.pop("value", None)
    version = None
    if value is not None or {"valid_from", "valid_to"} & fields.keys():
        interval = [fields.get(name, held[name]) for name in ("valid_from", "valid_to")]
        version = await _reopen(conn, held["id"])
        await conn.execute(_AGAIN, held["id"], *interval, version.number, value, version.at)
        fields["begun_at"] = version.at if interval[0] <= version.at else None
    names = [f"{name} = ${i}" for i, name in enumerate(fields, 3)]
    given = list(fields.values())
    if value is not None:
        names.append(_NEW_VALUE.format(len(given) + 3))
        given.append(value)
    await _step(conn, actor, held["id"], ", ".join(names), given)
    await _tell(conn, actor, held["id"], "changed", version)


async def add_report(
    conn: asyncpg.Connection, actor: Actor, event: UUID, fields: Mapping[str, Shown]
) -> None:
    """Add what a further report says to an event: severity, lanes and attributes."""
    assign = "severity = $3, lanes = $4, props = jsonb_set(props, '{attributes}', $5)"
    values = [fields[name] for name in ("severity", "lanes", "attributes")]
    await _step(conn, actor, event, assign, values)
    await _tell(conn, actor, event, "reported", None)


async def acknowledge(
    conn: asyncpg.Connection, actor: Actor, held: asyncpg.Record, party: str
) -> None:
    """Note that a party has seen the event; a second time changes nothing."""
    done = await conn.fetchval(
        "UPDATE sigang.event_receipt SET acknowledged_at = clock_timestamp(), account_id = $3,"
        " delivered_at = coalesce(delivered_at, clock_timestamp())"
        " WHERE event_id = $1 AND party = $2 AND acknowledged_at IS NULL RETURNING party",
        held["id"], party, actor.account_id,
    )  # fmt: skip
    if done:
        await _step(conn, actor, held["id"], "state = state", [])
        await _tell(conn, actor, held["id"], "acknowledged", None)


async def _step(
    conn: asyncpg.Connection, actor: Actor, event: UUID, assign: str, values: Sequence[Shown]
) -> None:
    """Raise the event's version; `assign` holds trusted column names only."""
    await conn.execute(
        f"UPDATE sigang.event SET version = version + 1, updated_by = $2, {assign} WHERE id = $1",  # noqa: S608
        event, actor.account_id, *values,
    )  # fmt: skip


async def _tell(
    conn: asyncpg.Connection, actor: Actor, event: UUID, action: str, version: Raised | None,
    still: Sequence[Shown] | None = None,
) -> Event:  # fmt: skip
    """Keep what was done and by whom, tell every worker and open map, and return the event."""
    feature = await get(conn, event)
    properties = feature["properties"]
    if still is not None:
        properties["still_closed_by"] = still
    body = {"action": action, "event": feature}
    await conn.execute(
        _HISTORY, event, properties["version"], actor.account_id, action, _plain(feature)
    )
    scope = [properties["admin_code"], feature["unit_id"], feature["visibility"]]
    if version is not None:
        await tell_network(conn, version)
    parties = [receipt["party"] for receipt in properties["receipts"]]
    await conn.execute(APPEND, "event", *scope, _plain(body), parties)
    return feature


def _plain(body: object) -> JsonObject:
    """Return a body with ids and times as the text that JSON carries."""
    plain: JsonObject = orjson.loads(orjson.dumps(body, default=str))
    return plain


async def get(conn: asyncpg.Connection, event: UUID) -> Event:
    """Return an event as a feature.

    Raises
    ------
    NotFound
    """
    row = await conn.fetchrow(_FEATURE + "WHERE v.id = $1", event)
    if row is None:
        raise _no_event(event)
    feature = feature_of(row)
    await add_places(conn, [feature])
    return feature


async def hold(conn: asyncpg.Connection, event: UUID) -> asyncpg.Record:
    """Return an event's row and keep others from changing it until the transaction ends."""
    row = await conn.fetchrow(_HELD, event)
    if row is None:
        raise _no_event(event)
    return row


def _no_event(event: UUID) -> NotFound:
    return NotFound(f"No event {event}", f"没有事件 {event}")


async def listed(
    conn: asyncpg.Connection, kind: str | None, state: str | None, party: str, of: UUID | None
) -> list[Event]:
    """Return the newest events of a kind and state; none that `party` has to sign is left out.

    `of` is an edge or a structure that they act on.
    """
    rows = await conn.fetch(_FEATURE + _OPEN, kind, state, LISTED_EVENTS, party, of)
    features = [feature_of(row) for row in rows]
    await add_places(conn, features)
    return features


def feature_of(row: asyncpg.Record) -> Event:
    """Return a row as a GeoJSON feature; scope columns stand beside its properties."""
    values = dict(row)
    edges, geometry = values.pop("edges"), values.pop("geometry")
    event, scope = values.pop("id"), {k: values.pop(k) for k in ("unit_id", "visibility")}
    title = {"zh": values.pop("title_zh"), "en": values.pop("title_en")}
    span = {k: values.pop(k) for k in ("route_id", "k_from", "k_to")}
    attributes = values.pop("attributes") or {}
    told: dict[str, object] = {
        **{name: attributes[name] for name in ("value", "unit") if name in attributes},
        **values,
        "attributes": attributes,
        "title": title,
        "edge_count": len(edges),
        "edges": edges if len(edges) <= LISTED_EDGES else edges[:LISTED_EDGES],
        "receipts": [r for r in values.pop("receipts") if isinstance(r, dict)],
        **({"stake": span} if span["route_id"] else {}),
    }
    properties = cast(Properties, told)
    return {
        "type": "Feature", "id": event, "geometry": geometry, "properties": properties,
        "unit_id": scope["unit_id"], "visibility": scope["visibility"],
    }  # fmt: skip

"""What events are found by in the database, and what is kept of their stream, as SQL."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import asyncpg

SAME_INCIDENT = """
SELECT id, version, severity, lanes, admin_code, props -> 'attributes' AS attributes
FROM sigang.event
WHERE kind = 'incident' AND source_id = 'decisions' AND state = 'open' AND direction = $1
  AND route_id = $2
  AND coalesce(sigang.json_time(props #> '{attributes,last_report}'), recorded_at)
    > now() - make_interval(secs => $3)
  AND ST_DWithin(geom::geography, ST_SetSRID(ST_MakePoint($4, $5), 4326)::geography, $6)
ORDER BY geom::geography <-> ST_SetSRID(ST_MakePoint($4, $5), 4326)::geography LIMIT 1
FOR UPDATE"""
EDGE_CODE = """
SELECT admin_code FROM sigang.edge WHERE id = $1"""
FORGET_LOG = """
DELETE FROM sigang.stream_log WHERE seq IN (SELECT seq FROM sigang.stream_log
  WHERE at < now() - make_interval(days => $1) ORDER BY seq LIMIT 10000)"""
FORGET_FEEDS = """
DELETE FROM sigang.edge_feed WHERE id IN (SELECT id FROM sigang.edge_feed
  WHERE upper(valid) < now() - make_interval(days => $1) ORDER BY id LIMIT 1000)"""
LOG_HEAD = "SELECT coalesce(max(seq), 0) FROM sigang.stream_log"
LOG_ROWS = """
SELECT seq, kind, payload FROM sigang.stream_log WHERE seq > $1 ORDER BY seq LIMIT $2"""
DELIVERED = """
UPDATE sigang.event_receipt SET delivered_at = clock_timestamp()
WHERE party = $1 AND delivered_at IS NULL AND ($2::uuid IS NULL OR event_id = $2)"""


async def history(conn: asyncpg.Connection, event: UUID) -> Sequence[asyncpg.Record]:
    """Return what was done to an event, oldest first."""
    rows: list[asyncpg.Record] = await conn.fetch(
        "SELECT version, at, account_id, action, body FROM sigang.event_history"
        " WHERE event_id = $1 ORDER BY version",
        event,
    )
    return rows


async def awaits_receipt(conn: asyncpg.Connection, event: UUID, party: str) -> bool:
    """Tell whether an event waits for the receipt of a party, or has it."""
    found = await conn.fetchval(
        "SELECT true FROM sigang.event_receipt WHERE event_id = $1 AND party = $2", event, party
    )
    return found is not None

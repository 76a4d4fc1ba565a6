"""What closes roads already, and what keeps them closed when one closure is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from spatial.json_types import Document

_STILL = """
SELECT e.id, e.title_zh, e.title_en, e.valid_to, coalesce(e.visibility, '') AS visibility
FROM (SELECT DISTINCT s.event_id FROM sigang.edge_state own
    JOIN sigang.edge_state s USING (edge_id, kind)
    WHERE own.event_id = $1 AND kind = 'closure' AND s.event_id <> $1
      AND s.version_to IS NULL AND s.valid @> now()
      AND (s.direction = own.direction OR 'both' IN (s.direction, own.direction))) other
LEFT JOIN sigang.event e ON e.id = other.event_id
ORDER BY e.recorded_at, e.id"""


_THERE = """
SELECT e.id, e.title_zh, e.title_en, e.valid_to, other.edges
FROM (SELECT s.event_id, count(DISTINCT s.edge_id) AS edges FROM unnest(
      string_to_array($1, ',')::uuid[], string_to_array($2, ',')) AS given(edge_id, direction)
    JOIN sigang.edge_state s USING (edge_id)
    WHERE s.kind = 'closure' AND s.version_to IS NULL AND s.valid && tstzrange($3, $4)
      AND (s.direction = given.direction OR 'both' IN (s.direction, given.direction))
    GROUP BY s.event_id) other
LEFT JOIN sigang.event e ON e.id = other.event_id
ORDER BY e.recorded_at, e.id"""


async def closed_by(
    conn: asyncpg.Connection,
    edges: Sequence[tuple[UUID, str]],
    span: tuple[datetime, datetime],
) -> list[Document]:
    """Return the closures of edges in a direction that overlap a time, each with its `edges`."""
    columns = [",".join(str(row[at]) for row in edges) for at in (0, 1)]
    rows = await conn.fetch(_THERE, *columns, *span)
    return [told(row) | {"edges": row["edges"]} for row in rows]


async def still_closed_by(
    conn: asyncpg.Connection, event: UUID, *, public_only: bool = True
) -> list[Document]:
    """Return the other closures in force now on an event's edges, in a direction it closed.

    Each that may be told has id, title and end; of the others only their presence is told, as
    nulls. With `public_only` those that everybody sees may be, else those that the session sees.
    """
    rows = await conn.fetch(_STILL, event)
    return [told(row, hidden=public_only and row["visibility"] != "public") for row in rows]


def told(row: asyncpg.Record, *, hidden: bool = False) -> Document:
    """Return id, title and end of a closure; nulls where it is hidden, or not seen at all."""
    if hidden or row["id"] is None:
        return {"id": None, "title": None, "valid_to": None}
    title = {"zh": row["title_zh"], "en": row["title_en"]}
    return {"id": row["id"], "title": title, "valid_to": row["valid_to"]}

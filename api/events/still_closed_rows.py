"""What else keeps roads closed when one closure is taken back."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from spatial.json_types import Document

_STILL = """
SELECT e.id, e.title_zh, e.title_en, coalesce(e.visibility, '') AS visibility
FROM (SELECT DISTINCT s.event_id FROM sigang.edge_state own
    JOIN sigang.edge_state s USING (edge_id, kind)
    WHERE own.event_id = $1 AND kind = 'closure' AND s.event_id <> $1
      AND s.version_to IS NULL AND s.valid @> now()
      AND (s.direction = own.direction OR 'both' IN (s.direction, own.direction))) other
LEFT JOIN sigang.event e ON e.id = other.event_id
ORDER BY e.recorded_at, e.id"""


async def still_closed_by(conn: asyncpg.Connection, event: UUID) -> list[Document]:
    """Return the other closures in force now on an event's edges, in a direction it closed.

    Public ones have id and title; of the others only their presence is told, as nulls.
    """
    return [
        {"id": row["id"], "title": {"zh": row["title_zh"], "en": row["title_en"]}}
        if row["visibility"] == "public"
        else {"id": None, "title": None}
        for row in await conn.fetch(_STILL, event)
    ]

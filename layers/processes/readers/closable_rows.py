"""Locks, bridges, tunnels and edges that may be closed, by their ids, with their edges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from layers.processes.runtime.model import Need, Reader, Sources
from layers.processes.runtime.readers import register

_FOUND = """
SELECT f.id, f.kind, f.name_zh, f.name_en, c.lon, c.lat, b.mode,
  array_agg(DISTINCT b.id) AS edges
FROM sigang.facility f
CROSS JOIN LATERAL (SELECT ST_X(p) AS lon, ST_Y(p) AS lat FROM ST_PointOnSurface(f.geom) p) c
JOIN sigang.edge_structure s ON s.facility_id = f.id AND s.relation = 'carries'
JOIN sigang.edge e ON e.id = s.edge_id
JOIN sigang.edge b ON b.id = e.id OR (b.bundle = e.bundle AND e.bundle IS NOT NULL)
WHERE f.id = ANY ($1) GROUP BY f.id, f.kind, f.name_zh, f.name_en, c.lon, c.lat, b.mode
UNION ALL
SELECT e.id, 'edge', e.name_zh, e.name_en, ST_X(c), ST_Y(c), e.mode,
  array_agg(DISTINCT b.id)
FROM sigang.edge e CROSS JOIN LATERAL ST_PointOnSurface(e.geom) c
JOIN sigang.edge b ON b.id = e.id OR (b.bundle = e.bundle AND e.bundle IS NOT NULL)
WHERE e.id = ANY ($1) GROUP BY e.id, e.name_zh, e.name_en, c, e.mode"""


@dataclass(frozen=True)
class Closable:
    """A structure or an edge with all edges that close with it; a point in EPSG:4326."""

    id: UUID
    kind: str
    name_zh: str | None
    name_en: str | None
    lon: float
    lat: float
    mode: str
    edges: tuple[UUID, ...]


Closables = Mapping[str, Closable]
"""By the id as text; what there is not is left out."""


async def _read(sources: Sources, _: str, wanted: Sequence[UUID]) -> Closables:
    if not wanted:
        return {}
    rows = await sources.db.public.fetch(_FOUND, list(wanted))
    return {str(row["id"]): Closable(**{**row, "edges": tuple(row["edges"])}) for row in rows}


READER = register(Reader("closables", _read))


def closables(of: Callable[..., Sequence[UUID]]) -> Need[Closables]:
    """Return the need of structures and edges by their ids."""
    return Need(READER.name, READER.name, of)

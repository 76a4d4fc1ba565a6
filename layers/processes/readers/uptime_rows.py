"""When assets that are watched were heard of, as the caller may see them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from layers.processes.runtime.model import Need, Reader, Sources
from layers.processes.runtime.readers import register
from spatial.geo.geojson import Geometry

Run = tuple[datetime, datetime]
"""First and last heartbeat of a run none of which came late."""
_RUNS = """
SELECT s.id::text AS id, s.name_zh, s.name_en, s.admin_code, s.period_s, s.valid_from,
  s.valid_to, ST_X(s.geom) AS lon, ST_Y(s.geom) AS lat,
  array_agg(u.first_seen ORDER BY u.first_seen) AS firsts,
  array_agg(u.last_seen ORDER BY u.first_seen) AS lasts
FROM sigang.asset_state s JOIN sigang.asset_uptime u ON u.asset_id = s.id
WHERE u.last_seen >= $1
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 ORDER BY 1"""


@dataclass(frozen=True)
class Heard:
    """One asset: its unit, its period (s), the runs of its heartbeats, when it was in service."""

    id: str
    name: str
    unit: str | None
    period_s: float
    runs: Sequence[Run]
    since: datetime | None = None
    until: datetime | None = None
    geometry: Geometry | None = None


async def _read(sources: Sources, _: str, since: datetime) -> list[Heard]:
    async with sources.db.session(sources.actor) as conn:
        rows = await conn.fetch(_RUNS, since)
    return [
        Heard(
            row["id"],
            row["name_zh"] or row["name_en"] or row["id"],
            row["admin_code"],
            row["period_s"],
            list(zip(row["firsts"], row["lasts"], strict=True)),
            row["valid_from"],
            row["valid_to"],
            None
            if row["lon"] is None
            else {"type": "Point", "coordinates": [row["lon"], row["lat"]]},
        )
        for row in rows
    ]


READER = register(Reader("uptimes", _read))


def uptimes(since: Callable[[Any], datetime | None]) -> Need[list[Heard]]:
    """Return the need of the watched assets that were heard of since a time; None for none."""
    return Need(READER.name, READER.name, since)

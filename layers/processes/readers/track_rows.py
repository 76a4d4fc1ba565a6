"""Kept positions of assets over a time, as the caller may see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from layers.processes.runtime.model import Need, Reader, Sources, wrong_input
from layers.processes.runtime.readers import register
from routing.graph.weights import Floats

MOST_FIXES = 200_000
_FIXES = """
SELECT asset_id::text AS id, extract(epoch FROM fix_time)::float8 AS at, ST_X(geom) AS lon,
  ST_Y(geom) AS lat, origin = 'synthetic' AS made_up
FROM sigang.position WHERE asset_id = ANY ($1::uuid[]) AND fix_time >= $2 AND fix_time < $3
ORDER BY asset_id, fix_time LIMIT $4"""


@dataclass(frozen=True)
class TracksOf:
    """Assets, and from when until when."""

    assets: Sequence[UUID]
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Track:
    """Fixes of an asset by time: EPSG:4326, Unix seconds, each of shape (n,)."""

    lon: Floats
    lat: Floats
    seconds: Floats
    made_up: bool = False


async def _read(sources: Sources, name: str, asked: TracksOf) -> Mapping[str, Track]:
    async with sources.db.session(sources.actor) as conn:
        rows = await conn.fetch(_FIXES, asked.assets, asked.since, asked.until, MOST_FIXES + 1)
    if len(rows) > MOST_FIXES:
        raise wrong_input(
            name, f"more than {MOST_FIXES} positions; ask for less time or fewer assets",
            f"超过 {MOST_FIXES} 个位置，请缩短时段或减少对象",
        )  # fmt: skip
    ids = np.array([row["id"] for row in rows])
    table = np.array([(row["lon"], row["lat"], row["at"]) for row in rows]).reshape(-1, 3)
    made_up = np.array([row["made_up"] for row in rows], np.bool_)
    found = {}
    for one in dict.fromkeys(ids.tolist()):
        own = ids == one
        lon, lat, seconds = table[own].T
        found[one] = Track(lon, lat, seconds, bool(made_up[own].any()))
    return found


READER = register(Reader("tracks", _read))


def tracks(of: Callable[[Any], TracksOf | None]) -> Need[Mapping[str, Track]]:
    """Return the need of kept positions of assets, None for none."""
    return Need(READER.name, "assets", of)

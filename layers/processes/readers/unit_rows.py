"""The prefectures and provinces, cut along a line by whoever asks which it crosses."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import asyncpg
import shapely

from layers.processes.runtime.model import Need, Reader, Sources
from layers.processes.runtime.readers import register
from routing.answer.admin_crossings import Unit, Units

# Prefectures before provinces: a province answers only where no prefecture of it is loaded.
_UNITS = """
SELECT admin_code, name_zh, name_en, ST_AsBinary(geom) AS geom FROM sigang.zone
WHERE kind IN ('prefecture', 'province') AND admin_code IS NOT NULL
ORDER BY kind = 'province', admin_code"""


async def _read(sources: Sources, _: str, _asked: bool) -> Units:
    rows = await sources.db.public.fetch(_UNITS)
    return await asyncio.to_thread(_units, rows)


def _units(rows: Sequence[asyncpg.Record]) -> Units:
    shapes = shapely.from_wkb([row["geom"] for row in rows])
    return Units(
        [
            Unit(row["admin_code"], row["name_zh"], row["name_en"], shape)
            for row, shape in zip(rows, shapes, strict=True)
        ]
    )


READER = register(Reader("units", _read))


def units() -> Need[Units]:
    """Return the need of the units."""
    return Need(READER.name, READER.name, lambda _: True)

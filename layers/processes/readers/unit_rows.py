"""The prefectures and provinces, cut along a line by whoever asks which it crosses."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import asyncpg
import shapely

from layers.processes.runtime.model import Need, Reader, Sources
from layers.processes.runtime.readers import register
from routing.answer.admin_crossings import Unit, Units

_KINDS = "('prefecture', 'neighbour', 'province')"
UNITS_STATE = f"""
SELECT count(*) AS rows, max(recorded_at) AS latest FROM sigang.zone
WHERE kind IN {_KINDS} AND admin_code IS NOT NULL"""  # noqa: S608
UNITS = f"""
SELECT admin_code, name_zh, name_en, ST_AsBinary(geom) AS geom FROM sigang.zone
WHERE kind IN {_KINDS} AND admin_code IS NOT NULL
ORDER BY kind = 'province', admin_code"""  # noqa: S608
"""Prefectures before provinces: a province answers only where no prefecture of it is loaded."""


async def _read(sources: Sources, _: str, _asked: bool) -> Units:
    rows = await sources.db.public.fetch(UNITS)
    return await asyncio.to_thread(make_units, rows)


def make_units(rows: Sequence[asyncpg.Record]) -> Units:
    """Return the units of such rows."""
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

"""What counties, prefectures and the province are called, for who has their codes."""

from __future__ import annotations

from collections.abc import Mapping

from layers.processes.runtime.model import Need, Reader, Sources
from layers.processes.runtime.readers import register

NAMES = """
SELECT DISTINCT ON (admin_code) admin_code, name_zh, name_en FROM sigang.zone
WHERE kind IN ('county', 'prefecture', 'province') AND admin_code IS NOT NULL
ORDER BY admin_code, id"""
Names = Mapping[str, tuple[str | None, str | None]]
"""Chinese and English name of each unit by its code."""


async def _read(sources: Sources, _: str, _asked: bool) -> Names:
    rows = await sources.db.public.fetch(NAMES)
    return {row["admin_code"]: (row["name_zh"], row["name_en"]) for row in rows}


def named(names: Names, code: str | None) -> dict[str, str | None]:
    """Return the names of a unit as properties, None where there is none."""
    zh, en = names.get(code or "", (None, None))
    return {"county_zh": zh, "county_en": en}


READER = register(Reader("county_names", _read))


def county_names() -> Need[Names]:
    """Return the need of the names."""
    return Need(READER.name, READER.name, lambda _: True)

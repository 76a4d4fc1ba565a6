"""What counties look like on a map, and what they are called, by their codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import orjson

from layers.processes.runtime.model import Need, Reader, Sources
from layers.processes.runtime.readers import register
from spatial.geo.geojson import Geometry

OUTLINE_DEG = 0.002  # they are shown, not measured: about 200 m
_SHAPES = """
SELECT DISTINCT ON (admin_code) admin_code, name_zh, name_en,
  ST_AsGeoJSON(ST_SimplifyPreserveTopology(geom, $1), 5) AS shape
FROM sigang.zone WHERE kind = 'county' AND admin_code IS NOT NULL ORDER BY admin_code, id"""


class CountyShape(NamedTuple):
    """Names and outline (EPSG:4326) of a county."""

    name_zh: str
    name_en: str | None
    geometry: Geometry


async def _read(sources: Sources, _: str, _asked: bool) -> Mapping[str, CountyShape]:
    rows = await sources.db.public.fetch(_SHAPES, OUTLINE_DEG)
    return {
        row["admin_code"]: CountyShape(row["name_zh"], row["name_en"], orjson.loads(row["shape"]))
        for row in rows
    }


READER = register(Reader("county_shapes", _read))


def county_shapes() -> Need[Mapping[str, CountyShape]]:
    """Return the need of names and outlines of all counties."""
    return Need(READER.name, READER.name, lambda _: True)

"""The counties, and in which of them each edge of the network lies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import numpy as np
import orjson

from layers.processes.runtime.model import Need, Reader, Sources
from layers.processes.runtime.readers import register
from routing.graph.graph import Graph, Ids
from routing.graph.weights import Ints
from spatial.errors import StaleVersion
from spatial.geo.geojson import Geometry
from spatial.networks.road import MOTOR

OUTLINE_DEG = 0.002  # counties are shown, not measured: about 200 m

_COUNTIES = """
SELECT DISTINCT ON (admin_code) admin_code, name_zh, name_en,
  ST_AsGeoJSON(ST_SimplifyPreserveTopology(geom, $1), 5) AS shape
FROM sigang.zone WHERE kind = 'county' AND admin_code IS NOT NULL ORDER BY admin_code"""
_EDGE_CODES = f"""
SELECT id, admin_code FROM sigang.edge WHERE mode IN {MOTOR.sql} ORDER BY id"""  # noqa: S608


@dataclass(frozen=True)
class County:
    """A county: code, names, and its outline as GeoJSON."""

    code: str
    name: Mapping[str, str]
    geometry: Geometry


@dataclass(frozen=True)
class Counties:
    """The counties, and for each edge of the network the position of its county, -1 for none."""

    rows: Sequence[County]
    of_edge: Ints


@dataclass(frozen=True)
class CountyRows:
    """What was read, before it is fitted to a network."""

    counties: Sequence[asyncpg.Record]
    edge_codes: Sequence[asyncpg.Record]

    def fit(self, graph: Graph) -> Counties:
        """Return the counties with the county of each edge of the network.

        Raises
        ------
        StaleVersion
            The edges have just been loaded anew.
        """
        pairs = Ids.of([row["id"] for row in self.edge_codes]).pairs
        if not np.array_equal(pairs, graph.edges.ids):
            raise StaleVersion(
                "The roads are just being loaded anew", "路网正在重新加载",
                mend_en="Try again shortly.", mend_zh="请稍后重试。",
            )  # fmt: skip
        rows = [
            County(
                row["admin_code"],
                {"zh": row["name_zh"], "en": row["name_en"] or row["name_zh"]},
                orjson.loads(row["shape"]),
            )
            for row in self.counties
        ]
        position = {county.code: number for number, county in enumerate(rows)}
        codes = [position.get(row["admin_code"], -1) for row in self.edge_codes]
        return Counties(rows, np.array(codes, np.int64))


async def _read(sources: Sources, _name: str, _asked: bool) -> CountyRows:
    async with sources.db.public.acquire() as conn:
        counties = await conn.fetch(_COUNTIES, OUTLINE_DEG)
        return CountyRows(counties, await conn.fetch(_EDGE_CODES))


READER = register(Reader("counties", _read))


def counties(when: Callable[[Any], bool] = lambda _: True) -> Need[CountyRows]:
    """Return the need of the counties, for inputs that want them."""
    return Need(READER.name, READER.name, lambda inputs: when(inputs) or None)

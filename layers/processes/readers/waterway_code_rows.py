"""In which county each edge of the waterways lies."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from layers.processes.runtime.model import Need, Reader, Sources
from layers.processes.runtime.readers import register
from routing.graph.graph import Graph, Ids
from spatial.networks.waterway import KIND as WATERWAY

EdgeCodes = Sequence[asyncpg.Record]

_CODES = "SELECT id, admin_code FROM sigang.edge WHERE mode = ANY ($1) ORDER BY id"


async def _read(sources: Sources, _: str, _asked: bool) -> EdgeCodes:
    rows: EdgeCodes = await sources.db.public.fetch(_CODES, list(WATERWAY.modes))
    return rows


def fit_codes(read: EdgeCodes, graph: Graph) -> list[str | None]:
    """Return the code of the county by edge of the network, None where it lies in none."""
    codes: list[str | None] = [None] * len(graph.edges)
    positions = graph.ids.find_all(Ids.of([row["id"] for row in read]).pairs)
    for edge, row in zip(positions.tolist(), read, strict=True):
        if edge >= 0:
            codes[edge] = row["admin_code"]
    return codes


READER = register(Reader("waterway_codes", _read))


def waterway_codes() -> Need[EdgeCodes]:
    """Return the need of the counties of the waterways."""
    return Need(READER.name, READER.name, lambda _: True)

"""Lanes of one direction: of named edges, and of all edges of named classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from layers.processes.runtime.model import Need, Reader, Sources
from layers.processes.runtime.readers import register
from routing.graph.graph import Graph, Ids
from spatial.networks.road import KIND as ROAD

LaneRows = Sequence[asyncpg.Record]

_LANES = f"""
SELECT id, CASE WHEN oneway THEN lanes ELSE greatest(lanes / 2, 1) END AS lanes
FROM sigang.edge WHERE lanes > 0 AND mode = {ROAD.mode!r} AND (id = ANY ($1) OR class = ANY ($2))"""  # noqa: S608


@dataclass(frozen=True)
class LanesOf:
    """Whose lanes are wanted."""

    edges: Sequence[UUID]
    classes: Sequence[str]


async def _read(sources: Sources, _: str, wanted: LanesOf) -> LaneRows:
    if not wanted.edges and not wanted.classes:
        return []
    rows: LaneRows = await sources.db.public.fetch(_LANES, list(wanted.edges), list(wanted.classes))
    return rows


def fit_lanes(read: LaneRows, graph: Graph) -> dict[int, int]:
    """Return the lanes of one direction by edge of the network."""
    positions = graph.ids.find_all(Ids.of([row["id"] for row in read]).pairs)
    found = zip(positions.tolist(), read, strict=True)
    return {edge: int(row["lanes"]) for edge, row in found if edge >= 0}


READER = register(Reader("lanes", _read))


def lanes(of: Callable[[Any], LanesOf]) -> Need[LaneRows]:
    """Return the need of lanes."""
    return Need(READER.name, READER.name, of)

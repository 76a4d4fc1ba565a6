"""Bridges and tunnels with all edges of their bundles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import asyncpg
import numpy as np

from layers.processes.runtime.model import Need, Reader, Sources
from layers.processes.runtime.readers import register
from routing.graph.graph import Graph
from routing.graph.weights import Ints
from spatial.errors import BadParameter

Wanted = Sequence[UUID] | Literal["all"]
StructureRows = Sequence[asyncpg.Record]

_STRUCTURES = """
SELECT DISTINCT f.id, f.kind, f.name_zh, f.name_en, b.id AS edge_id,
  ST_X(ST_PointOnSurface(f.geom)) AS lon, ST_Y(ST_PointOnSurface(f.geom)) AS lat
FROM sigang.edge_structure s
JOIN sigang.facility f ON f.id = s.facility_id
JOIN sigang.edge e ON e.id = s.edge_id
JOIN sigang.edge b ON b.id = e.id OR (b.bundle = e.bundle AND e.bundle IS NOT NULL)
WHERE s.relation = 'carries' AND ($1::uuid[] IS NULL OR f.id = ANY ($1))
ORDER BY f.id, edge_id"""


@dataclass(frozen=True)
class Structure:
    """A bridge or tunnel with all edges of its bundle: closing it closes them."""

    id: str
    kind: str
    name: Mapping[str, str]
    point: tuple[float, float]
    edges: Ints


async def _read(sources: Sources, _: str, wanted: Wanted) -> StructureRows:
    if not wanted:
        return []
    ids = None if wanted == "all" else list(wanted)
    rows: StructureRows = await sources.db.public.fetch(_STRUCTURES, ids)
    if ids is not None:
        _check_found(ids, rows)
    return rows


def _check_found(wanted: Sequence[UUID], rows: StructureRows) -> None:
    missing = sorted(str(w) for w in set(wanted) - {row["id"] for row in rows})
    if missing:
        raise BadParameter(
            f"No bridge or tunnel that carries a road: {', '.join(missing[:5])}",
            f"没有承载道路的桥梁或隧道：{'、'.join(missing[:5])}",
            mend_en="The layer structures lists the ids.",
            mend_zh="图层 structures 列出可用编号。",
        )


def fit_structures(read: StructureRows, graph: Graph) -> list[Structure]:
    """Return bridges and tunnels with their edges in the network; those without are left out."""
    edges: dict[UUID, list[int]] = defaultdict(list)
    rows: dict[UUID, asyncpg.Record] = {}
    for row in read:
        edge = graph.ids.find(row["edge_id"])
        if edge is not None:
            edges[row["id"]].append(edge)
            rows[row["id"]] = row
    return [
        Structure(
            str(key),
            row["kind"],
            {"zh": row["name_zh"], "en": row["name_en"] or row["name_zh"]},
            (row["lon"], row["lat"]),
            np.array(sorted(edges[key]), np.int64),
        )
        for key, row in rows.items()
    ]


READER = register(Reader("structures", _read))


def structures(of: Callable[[Any], Wanted]) -> Need[StructureRows]:
    """Return the need of structures: those of the ids, or all."""
    return Need(READER.name, READER.name, of)

"""Reads the scene of a process for its caller: places of layers, counties, structures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np
import orjson
import shapely

from layers.declare.catalog import Catalog
from layers.features.features import read_page
from layers.processes.runtime.model import (
    MOST_POINTS,
    Counties,
    County,
    Needs,
    Places,
    PlacesFrom,
    Process,
    Structure,
    wrong_input,
)
from layers.query.filters import read_query
from routing.graph.graph import Graph, Ids
from spatial.actor import Actor
from spatial.errors import BadParameter, StaleVersion
from spatial.postgres.db import Database

OUTLINE_DEG = 0.002  # counties are shown, not measured: about 200 m

_COUNTIES = """
SELECT DISTINCT ON (admin_code) admin_code, name_zh, name_en,
  ST_AsGeoJSON(ST_SimplifyPreserveTopology(geom, $1), 5) AS shape
FROM sigang.zone WHERE kind = 'county' AND admin_code IS NOT NULL ORDER BY admin_code"""
_EDGE_CODES = """
SELECT id, admin_code FROM sigang.edge WHERE mode IN ('road', 'ferry') ORDER BY id"""
_STRUCTURES = """
SELECT DISTINCT f.id, f.kind, f.name_zh, f.name_en, b.id AS edge_id,
  ST_X(ST_PointOnSurface(f.geom)) AS lon, ST_Y(ST_PointOnSurface(f.geom)) AS lat
FROM sigang.edge_structure s
JOIN sigang.facility f ON f.id = s.facility_id
JOIN sigang.edge e ON e.id = s.edge_id
JOIN sigang.edge b ON b.id = e.id OR (b.bundle = e.bundle AND e.bundle IS NOT NULL)
WHERE s.relation = 'carries' AND ($1::uuid[] IS NULL OR f.id = ANY ($1))
ORDER BY f.id, edge_id"""

_LANES = """
SELECT id, CASE WHEN oneway THEN lanes ELSE greatest(lanes / 2, 1) END AS lanes
FROM sigang.edge WHERE lanes > 0 AND mode = 'road' AND (id = ANY ($1) OR class = ANY ($2))"""


@dataclass(frozen=True)
class Read:
    """What was read, before it is fitted to a network."""

    places: Mapping[str, Places]
    counties: Sequence[asyncpg.Record] = ()
    edge_codes: Sequence[asyncpg.Record] = ()
    structures: Sequence[asyncpg.Record] = ()
    lanes: Sequence[asyncpg.Record] = ()


async def read_needs(
    db: Database, catalog: Catalog, actor: Actor, process: Process, inputs: Any
) -> Read:
    """Read what a process needs, as its caller may see it.

    Raises
    ------
    NotFound, BadParameter
        A layer is not there for the caller, has no features that match, or too many.
    """
    needs: Needs = process.needs(inputs)
    places = {
        name: await _places(db, catalog, actor, name, given) for name, given in needs.places.items()
    }
    counties: Sequence[asyncpg.Record] = ()
    codes: Sequence[asyncpg.Record] = ()
    structures: Sequence[asyncpg.Record] = ()
    lanes: Sequence[asyncpg.Record] = ()
    async with db.public.acquire() as conn:
        if needs.counties:
            counties = await conn.fetch(_COUNTIES, OUTLINE_DEG)
            codes = await conn.fetch(_EDGE_CODES)
        if needs.structures:
            structures = await conn.fetch(_STRUCTURES, None)
        elif needs.facilities:
            structures = await conn.fetch(_STRUCTURES, list(needs.facilities))
            _check_found(needs.facilities, structures)
        if needs.lanes_of or needs.lanes_of_classes:
            lanes = await conn.fetch(_LANES, list(needs.lanes_of), list(needs.lanes_of_classes))
    return Read(places, counties, codes, structures, lanes)


def _check_found(wanted: Sequence[UUID], rows: Sequence[asyncpg.Record]) -> None:
    missing = sorted(str(w) for w in set(wanted) - {row["id"] for row in rows})
    if missing:
        raise BadParameter(
            f"No bridge or tunnel that carries a road: {', '.join(missing[:5])}",
            f"没有承载道路的桥梁或隧道：{'、'.join(missing[:5])}",
            mend_en="The layer structures lists the ids.",
            mend_zh="图层 structures 列出可用编号。",
        )


async def _places(
    db: Database, catalog: Catalog, actor: Actor, name: str, given: PlacesFrom
) -> Places:
    if given.points is not None:
        return Places.of(given.points)
    relation = catalog.get_relation(given.layer or "", actor)
    if relation.geom is None:
        raise wrong_input(name, "this layer has no geometry", "该图层没有几何")
    query = await read_query(relation, {"filter": given.filter} if given.filter else {})
    page = await read_page(db, relation, actor, query, MOST_POINTS, None)
    if page.next is not None:
        many = f"more than {MOST_POINTS} features; use filter"
        raise wrong_input(name, many, f"超过 {MOST_POINTS} 个要素，请用 filter")
    found = [orjson.loads(text) for text in page.features]
    found = [feature for feature in found if feature["geometry"]]
    if not found:
        raise wrong_input(name, "no feature matches", "没有符合条件的要素")
    return _of_features(name, found, given.weight)


def _of_features(name: str, found: Sequence[dict[str, Any]], weight: str | None) -> Places:
    if weight is not None and all(weight not in f["properties"] for f in found):
        raise wrong_input(name, f"no column {weight!r}", f"没有列 {weight!r}")
    shapes = shapely.point_on_surface([shapely.geometry.shape(f["geometry"]) for f in found])
    properties = [f["properties"] for f in found]
    return Places(
        [str(f["id"]) for f in found],
        [str(p.get("name_zh") or p.get("name_en") or f["id"])
         for p, f in zip(properties, found, strict=True)],
        [(float(s.x), float(s.y)) for s in shapes],
        np.array([_amount(name, p.get(weight)) if weight else 1.0 for p in properties]),
        [p.get("admin_code") for p in properties],
    )  # fmt: skip


def _amount(name: str, value: Any) -> float:
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise wrong_input(name, f"{value!r} is no weight", f"{value!r} 不能作为权重")
    return float(value)


def fit_counties(read: Read, graph: Graph) -> Counties | None:
    """Return the counties with the county of each edge of the network, None where not wanted.

    Raises
    ------
    StaleVersion
        The edges have just been loaded anew.
    """
    if not read.edge_codes:
        return None
    pairs = Ids.of([row["id"] for row in read.edge_codes]).pairs
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
        for row in read.counties
    ]
    position = {county.code: number for number, county in enumerate(rows)}
    codes = [position.get(row["admin_code"], -1) for row in read.edge_codes]
    return Counties(rows, np.array(codes, np.int64))


def fit_lanes(read: Read, graph: Graph) -> dict[int, int]:
    """Return the lanes of one direction by edge of the network."""
    positions = graph.ids.find_all(Ids.of([row["id"] for row in read.lanes]).pairs)
    lanes = zip(positions.tolist(), read.lanes, strict=True)
    return {edge: int(row["lanes"]) for edge, row in lanes if edge >= 0}


def fit_structures(read: Read, graph: Graph) -> list[Structure]:
    """Return bridges and tunnels with their edges in the network; those without are left out."""
    edges: dict[UUID, list[int]] = defaultdict(list)
    rows: dict[UUID, asyncpg.Record] = {}
    for row in read.structures:
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

"""Reads the edges of a network by columns and makes the graph of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import numpy as np
from numpy.typing import NDArray

from api.network.key_rows import Key, read_key
from routing.graph.arcs import both_ways
from routing.graph.graph import Graph, Ids, edges_from_columns
from routing.graph.turns import Restriction, split
from routing.graph.weights import Floats, Ints
from spatial.json_types import Document, Shown
from spatial.networks.model import NetworkKind, Traffic

CHUNK = 50_000
_IDS = ("id", "from_node", "to_node")
_SIGNS = ("oneway", "limits_known", "toll", "roundabout")
_TEXTS = (
    "mode", "class", "ref", "name_zh", "name_en", "speed_basis", "access", "hazmat", "structure",
    "origin", "source", "delays",
)  # fmt: skip
_WKB_HEAD = 9  # bytes before the coordinates of a line
_TURNS = """
SELECT kind, from_edge, via_edges, via_node, to_edge, exempt, props ? 'barrier' AS barrier,
  props ->> 'hours' AS hours,
  coalesce(props ->> 'restriction' = 'no_left_turn', false) AS no_left
FROM sigang.turn_restriction"""
_CROSSINGS = """
SELECT id FROM sigang.node WHERE props ->> 'highway' = 'crossing'
  AND coalesce(props ->> 'crossing', '') NOT IN ('no', 'unmarked', 'informal')
  OR props ->> 'railway' IN ('level_crossing', 'tram_level_crossing')"""


def _numbers(kind: NetworkKind) -> tuple[str, ...]:
    return ("length_m", "speed_kmh", *kind.columns)


def _edges_sql(kind: NetworkKind) -> str:
    """Return the query of a piece of the edges, each column in one value."""
    numbers = _numbers(kind)
    packed = [
        *(f"string_agg(uuid_send({name}), '') AS {name}" for name in _IDS),
        *(
            f"string_agg(coalesce(float8send({name}::float8), '\\x7ff8000000000000'), '') AS {name}"
            for name in numbers
        ),
        *(f"string_agg(coalesce(boolsend({name}), '\\xff'), '') AS {name}" for name in _SIGNS),
        "string_agg(int4send(ST_NPoints(geom)), '') AS points",
        "string_agg(ST_AsBinary(geom, 'NDR'), '') AS geom",
        *(f"array_agg({name}) AS {name}" for name in _TEXTS),
    ]
    return f"""
SELECT count(*), {", ".join(packed)}
FROM (SELECT {", ".join((*_IDS, *numbers))}, oneway, limits_known, toll, mode, class, ref,
    name_zh, name_en, speed_basis, access::text AS access, hazmat, structure, origin,
    source_id AS source, (props -> 'delays')::text AS delays,
    coalesce(props ->> 'junction' IN ('roundabout', 'circular'), false) AS roundabout, geom
  FROM sigang.{kind.source} WHERE mode = ANY ($1) AND id >= $2 ORDER BY id LIMIT $3) e"""  # noqa: S608


@dataclass(frozen=True)
class Rows:
    """The edges as the database has them, before anything is computed."""

    key: Key
    columns: Mapping[str, Shown]
    point_counts: Ints
    points: Floats
    turns: list[asyncpg.Record]
    crossings: Sequence[UUID] = ()
    """Nodes where those on foot or a railway cross."""


async def read_rows(conn: asyncpg.Connection, kind: NetworkKind, traffic: Traffic) -> Rows:
    """Read the edges and turn restrictions in one snapshot, however long it takes."""
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        await conn.execute("SET LOCAL statement_timeout = 0")
        key = await read_key(conn, kind, traffic)
        parts: dict[str, list[bytes]] = defaultdict(list)
        begin, read, sql = UUID(int=0), 0, _edges_sql(kind)
        while read < key.edges:
            row = await conn.fetchrow(sql, traffic.modes, begin, CHUNK)
            for name, value in row.items():
                parts[name].append(value)
            read += row["count"]
            begin = UUID(int=int.from_bytes(row["id"][-16:]) + 1)
        turns = await conn.fetch(_TURNS)
        crossings = [row["id"] for row in await conn.fetch(_CROSSINGS)]
    counts = np.frombuffer(b"".join(parts["points"]), ">i4").astype(np.int64)
    points = [
        _coordinates(geom, np.frombuffer(count, ">i4").astype(np.int64))
        for geom, count in zip(parts["geom"], parts["points"], strict=True)
    ]
    places = np.concatenate([np.empty((0, 2)), *points])
    return Rows(key, _columns(parts, kind), counts, places, turns, crossings)


def _columns(parts: Mapping[str, list[bytes]], kind: NetworkKind) -> Document:
    """Return the columns that `edges_from_columns` takes."""
    numbers = _numbers(kind)
    whole = {name: b"".join(parts[name]) for name in (*_IDS, *numbers, *_SIGNS)}
    signs = {name: np.frombuffer(whole[name], np.int8) for name in _SIGNS}
    return {
        **{name: np.frombuffer(whole[name], ">u8").astype(np.uint64).reshape(-1, 2)
           for name in _IDS},
        **{name: np.frombuffer(whole[name], ">f8").astype(np.float64) for name in numbers},
        **signs,
        **{name: [text for part in parts[name] for text in part] for name in _TEXTS},
    }  # fmt: skip


def _coordinates(geometries: bytes, counts: Ints) -> NDArray[np.float64]:
    """Return the coordinates (n, 2) of lines whose binary forms stand one after another."""
    raw = np.frombuffer(geometries, np.uint8)
    begin = np.cumsum(_WKB_HEAD + 16 * counts) - (_WKB_HEAD + 16 * counts)
    kept = np.ones(len(raw), np.bool_)
    kept[(begin[:, None] + np.arange(_WKB_HEAD)).ravel()] = False
    return raw[kept].view("<f8").reshape(-1, 2)


def make_graph(rows: Rows, kind: NetworkKind, traffic: Traffic) -> Graph:
    """Build the graph; restrictions of edges that are not loaded are left out.

    For those on foot and bicycle every edge has arcs both ways; which of them are open is a matter
    of the profile.
    """
    columns = {**rows.columns, "crossings": rows.crossings}
    edges = edges_from_columns(columns, rows.point_counts, rows.points, kind)
    edges = both_ways(edges) if traffic.active else edges
    ids, node_ids = Ids(edges.ids), Ids(edges.node_ids)
    turns = [_restriction(ids, node_ids, row) for row in rows.turns]
    known = [turn for turn in turns if turn is not None]
    return split(edges, known, turn_costs=not traffic.active)


def _restriction(ids: Ids, node_ids: Ids, row: asyncpg.Record) -> Restriction | None:
    names = [row["from_edge"], *row["via_edges"], row["to_edge"]]
    numbers = [ids.find(name) for name in names]
    via = node_ids.find(row["via_node"]) if row["via_node"] else None
    if any(n is None for n in numbers) or (row["via_node"] and via is None):
        return None
    # No turn is forbidden to those on foot, but a wall is a wall.
    exempt = row["exempt"] if row["barrier"] else (*row["exempt"], "foot")
    moves = tuple(n for n in numbers if n is not None)
    hours = row["hours"] and row["hours"].replace("|", " ")
    return Restriction(
        row["kind"], moves, via, tuple(exempt), row["no_left"], row["barrier"], hours
    )

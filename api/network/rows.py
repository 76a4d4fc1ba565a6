"""Reads what holds on the roads: rules, closures, speeds, structures → what the network takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import numpy as np

from api.network.edge_rows import NETWORK
from routing.cost.speed_profiles import MeasuredWeek
from routing.graph.graph import Graph, Ids
from routing.graph.structures import Structures
from routing.live.edge_states import EdgeState
from routing.live.speed_feeds import Feed

CHUNK = 2_000
_STRUCTURES = """
SELECT s.edge_id, f.id, f.kind, f.name_zh, f.name_en
FROM sigang.edge_structure s JOIN sigang.facility f ON f.id = s.facility_id
WHERE s.relation = 'carries' ORDER BY f.id"""
_NOW = """
SELECT version FROM sigang.network_version WHERE network = $1"""
_STATE = """
SELECT id, edge_id, kind, direction, value, lower(valid) AS since, upper(valid) AS until, event_id,
  version_from, version_to
FROM sigang.edge_state WHERE version_to IS NULL AND (upper(valid) IS NULL OR upper(valid) > now())
"""
_CHANGES = """
SELECT v.version, s.id, s.edge_id, s.kind, s.direction, s.value, lower(s.valid) AS since,
  upper(s.valid) AS until, s.event_id, s.version_from, s.version_to
FROM sigang.network_version v
LEFT JOIN sigang.edge_state s ON s.version_from > $2 OR s.version_to > $2
WHERE v.network = $1"""
_FEEDS = """
SELECT id, source_id, edges, directions, values_kmh, lower(valid) AS since, upper(valid) AS until
FROM sigang.edge_feed
WHERE version_from > $1 AND version_to IS NULL AND upper(valid) > now() ORDER BY id"""
_WEEKS = """
SELECT edge_id, direction, speeds_kmh FROM sigang.edge_speed_profile ORDER BY edge_id, direction"""
_FEEDS_GONE = """
SELECT id FROM sigang.edge_feed WHERE version_to > $1"""
_UNIT_KINDS = "('prefecture', 'neighbour', 'province')"
UNITS_STATE = f"""
SELECT count(*) AS rows, max(recorded_at) AS latest FROM sigang.zone
WHERE kind IN {_UNIT_KINDS} AND admin_code IS NOT NULL"""  # noqa: S608
UNITS = f"""
SELECT admin_code, name_zh, name_en, ST_AsBinary(geom) AS geom FROM sigang.zone
WHERE kind IN {_UNIT_KINDS} AND admin_code IS NOT NULL
ORDER BY kind = 'province', admin_code"""  # noqa: S608
VERSION_NOW = """
SELECT version, topology FROM sigang.network_version WHERE network = 'road'"""


@dataclass(frozen=True)
class Live:
    """What holds on the roads as of a version, as the database has it."""

    version: int
    structures: list[asyncpg.Record]
    states: list[asyncpg.Record]
    weeks: list[asyncpg.Record]


async def read_live(conn: asyncpg.Connection) -> Live:
    """Read it in one snapshot, in pieces so that the process goes on serving."""
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        return Live(
            await conn.fetchval(_NOW, NETWORK),
            await _in_pieces(conn, _STRUCTURES),
            [*await _in_pieces(conn, _STATE), *await conn.fetch(_FEEDS, -1)],
            await _in_pieces(conn, _WEEKS),
        )


async def _in_pieces(conn: asyncpg.Connection, sql: str) -> list[asyncpg.Record]:
    return [row async for row in conn.cursor(sql, prefetch=CHUNK)]


async def read_changes(
    conn: asyncpg.Connection, after: int
) -> tuple[int, list[asyncpg.Record], list[int]]:
    """Return the version now, the states added since a version, and the ids of those removed.

    Feeds have the negative of their id.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        rows = await conn.fetch(_CHANGES, NETWORK, after)
        feeds = await conn.fetch(_FEEDS, after)
        gone = [-row["id"] for row in await conn.fetch(_FEEDS_GONE, after)]
    given = [row for row in rows if row["id"] is not None]
    added = [row for row in given if row["version_to"] is None]
    removed = [row["id"] for row in given if row["version_to"] is not None]
    return rows[0]["version"], [*added, *feeds], [*removed, *gone]


def make_structures(graph: Graph, rows: Sequence[asyncpg.Record]) -> Structures:
    """Map edges to the named structures that they are carried by."""
    facilities: dict[Any, dict[str, Any]] = {}
    order: dict[Any, int] = {}
    pairs = []
    for row in rows:
        edge = graph.ids.find(row["edge_id"])
        if edge is None:
            continue
        number = order.setdefault(row["id"], len(order))
        name = {"zh": row["name_zh"], "en": row["name_en"]}
        facilities[row["id"]] = {"id": str(row["id"]), "kind": row["kind"], "name": name}
        pairs.append((edge, number))
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return Structures(table[:, 0], table[:, 1], list(facilities.values()))


def make_states(graph: Graph, rows: Sequence[asyncpg.Record]) -> list[EdgeState | Feed]:
    """Translate rows of live state; those of edges that are not loaded are left out."""
    states: list[EdgeState | Feed] = [make_feed(graph, row) for row in rows if "edges" in row]
    own = [row for row in rows if "edges" not in row]
    edges = graph.ids.find_all(Ids.of([row["edge_id"] for row in own]).pairs).tolist()
    names = {row["event_id"]: str(row["event_id"]) for row in own}
    for row, edge in zip(own, edges, strict=True):
        if edge >= 0:
            states.append(
                EdgeState(
                    row["id"], edge, row["kind"], row["direction"], row["value"],
                    row["since"], row["until"], names[row["event_id"]],
                )
            )  # fmt: skip
    return states


def make_weeks(graph: Graph, rows: Sequence[asyncpg.Record]) -> list[MeasuredWeek]:
    """Translate measured speeds by hour; those of edges that are not loaded are left out.

    What is given for one direction comes after what is given for both, and so counts.
    """
    ordered = sorted(rows, key=lambda row: bool(row["direction"] != "both"))
    edges = graph.ids.find_all(Ids.of([row["edge_id"] for row in ordered]).pairs).tolist()
    return [
        MeasuredWeek(edge, row["direction"], row["speeds_kmh"])
        for row, edge in zip(ordered, edges, strict=True)
        if edge >= 0
    ]


def make_feed(graph: Graph, row: asyncpg.Record) -> Feed:
    """Translate one upload of a detector source."""
    columns = row["edges"], row["directions"], row["values_kmh"]
    return Feed.of(graph, -row["id"], row["source_id"], columns, (row["since"], row["until"]))

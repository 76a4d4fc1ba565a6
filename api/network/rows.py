"""Reads what holds on a network: rules, closures, speeds, structures → what the network takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import numpy as np

from routing.cost.speed_profiles import MeasuredWeek
from routing.graph.graph import Graph, Ids
from routing.graph.structures import Structures
from routing.live.speed_feeds import Feed
from routing.live.state_table import KINDS, EdgeStates, moment
from spatial.json_types import Document
from spatial.networks.model import NetworkKind

CHUNK = 2_000
_STRUCTURES = """
SELECT s.edge_id, f.id, f.kind, f.name_zh, f.name_en
FROM sigang.edge_structure s JOIN sigang.facility f ON f.id = s.facility_id
WHERE s.relation = 'carries' ORDER BY f.id"""
_NOW = """
SELECT version FROM sigang.network_version WHERE network = $1"""
STATES = """
SELECT kind, event_id, lower(valid) AS since, upper(valid) AS until,
  string_agg(int8send(id), '') AS ids, string_agg(uuid_send(edge_id), '') AS edge_ids,
  string_agg(CASE direction WHEN 'both' THEN '0' WHEN 'forward' THEN '1' ELSE '2' END, '') AS ways,
  string_agg(float8send(coalesce(value, 'NaN')), '') AS kmh
FROM sigang.edge_state WHERE kind <> 'depth_limit' AND {} GROUP BY kind, event_id, valid"""
"""Rows that differ in edge, direction and value alone are one row, in columns.

Notices of depth are limits, and read as such.
"""
_STATE = STATES.format("version_to IS NULL AND (upper(valid) IS NULL OR upper(valid) > now())")
_ADDED = STATES.format("version_from > $1 AND version_to IS NULL")
_GONE = """
SELECT string_agg(int8send(id), '') FROM sigang.edge_state WHERE version_to > $1"""
_FEEDS = """
SELECT id, source_id, edges, directions, values_kmh, lower(valid) AS since, upper(valid) AS until
FROM sigang.edge_feed
WHERE version_from > $1 AND version_to IS NULL AND upper(valid) > now() ORDER BY id"""
_WEEKS = """
SELECT edge_id, direction, speeds_kmh FROM sigang.edge_speed_profile ORDER BY edge_id, direction"""
_FEEDS_GONE = """
SELECT id FROM sigang.edge_feed WHERE version_to > $1"""
VERSION_NOW = """
SELECT version, topology FROM sigang.network_version WHERE network = $1"""


@dataclass(frozen=True)
class Live:
    """What holds on the edges as of a version, as the database has it."""

    version: int
    structures: list[asyncpg.Record]
    states: list[asyncpg.Record]
    weeks: list[asyncpg.Record]


async def read_live(conn: asyncpg.Connection, kind: NetworkKind) -> Live:
    """Read it in one snapshot, in pieces so that the process goes on serving."""
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        return Live(
            await conn.fetchval(_NOW, kind.name),
            await _in_pieces(conn, _STRUCTURES),
            [*await _in_pieces(conn, _STATE), *await conn.fetch(_FEEDS, -1)],
            await _in_pieces(conn, _WEEKS),
        )


async def _in_pieces(conn: asyncpg.Connection, sql: str) -> list[asyncpg.Record]:
    return [row async for row in conn.cursor(sql, prefetch=CHUNK)]


async def read_changes(
    conn: asyncpg.Connection, kind: NetworkKind, after: int
) -> tuple[int, list[asyncpg.Record], list[int]]:
    """Return the version now, the states added since a version, and the ids of those removed.

    Feeds have the negative of their id.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        version = await conn.fetchval(_NOW, kind.name)
        added = [*await conn.fetch(_ADDED, after), *await conn.fetch(_FEEDS, after)]
        states_gone = await conn.fetchval(_GONE, after)
        feeds_gone = [-row["id"] for row in await conn.fetch(_FEEDS_GONE, after)]
    return version, added, [*np.frombuffer(states_gone or b"", ">i8").tolist(), *feeds_gone]


def make_structures(graph: Graph, rows: Sequence[asyncpg.Record]) -> Structures:
    """Map edges to the named structures that they are carried by."""
    facilities: dict[UUID, Document] = {}
    order: dict[UUID, int] = {}
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


def make_states(graph: Graph, rows: Sequence[asyncpg.Record]) -> list[EdgeStates | Feed]:
    """Translate rows of `STATES` and uploads; edges that are not loaded are left out."""
    return [
        make_feed(graph, row) if "values_kmh" in row else _make_table(graph, row) for row in rows
    ]


def _make_table(graph: Graph, row: asyncpg.Record) -> EdgeStates:
    edges = graph.ids.find_all(
        np.frombuffer(row["edge_ids"], ">u8").astype(np.uint64).reshape(-1, 2)
    )
    count = len(edges)
    table = EdgeStates(
        np.frombuffer(row["ids"], ">i8").astype(np.int64),
        edges,
        np.full(count, KINDS.index(row["kind"]), np.int8),
        np.frombuffer(row["ways"].encode(), np.int8) - ord("0"),
        np.frombuffer(row["kmh"], ">f8").astype(np.float64),
        np.full(count, moment(row["since"], -np.inf)),
        np.full(count, moment(row["until"], np.inf)),
        np.zeros(count, np.int64),
        (str(row["event_id"]),),
    )
    return table.where(edges >= 0)


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

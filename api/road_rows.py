"""Reads the road network of the database: rows and geometries → the graph's arrays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import numpy as np
import shapely

from routing.feeds import Feed
from routing.graph import LIMITS, Edges, Graph, Ids, both_ways, edges_from_columns
from routing.live import EdgeState
from routing.network import Structures
from routing.profile import Rule
from routing.speeds import MeasuredWeek
from routing.turns import Restriction, split

CHUNK = 5_000
NETWORK = "road"
_LIMITS = ", ".join(f"max_{name}" for name in LIMITS)
_EDGES = f"""
SELECT id, from_node, to_node, oneway, length_m, speed_kmh, {_LIMITS}, limits_known, mode, class,
  ref, name_zh, name_en, speed_basis, access::text AS access, hazmat, structure, toll, origin,
  source_id AS source, coalesce(props ->> 'junction' IN ('roundabout', 'circular'), false) AS
  roundabout, ST_AsBinary(geom) AS geom
FROM sigang.edge WHERE mode = ANY ($1) ORDER BY id"""  # noqa: S608
_ROWS = """
SELECT concat_ws(' ', d.oid, v.topology, $2::text[], e.count, e.sum, e.max, t.count, t.sum, t.max)
FROM pg_database d, sigang.network_version v,
  (SELECT count(*), sum(xmin::text::bigint), max(xmin::text::bigint)
   FROM sigang.edge WHERE mode = ANY ($2)) e,
  (SELECT count(*), sum(xmin::text::bigint), max(xmin::text::bigint)
   FROM sigang.turn_restriction) t
WHERE d.datname = current_database() AND v.network = $1"""
_TURNS = """
SELECT kind, from_edge, via_edges, via_node, to_edge, exempt, props ? 'barrier' AS barrier
FROM sigang.turn_restriction"""
_RULES = """
SELECT DISTINCT ON (key) key, version, value, source, legal_text FROM sigang.rule
WHERE (key LIKE 'road.%' OR key LIKE 'vehicle.%')
  AND (valid_from IS NULL OR valid_from <= now()) AND (valid_to IS NULL OR valid_to > now())
ORDER BY key, valid_from DESC NULLS LAST, version DESC"""
_STRUCTURES = """
SELECT s.edge_id, f.id, f.kind, f.name_zh, f.name_en
FROM sigang.edge_structure s JOIN sigang.facility f ON f.id = s.facility_id
WHERE s.relation = 'carries' ORDER BY f.id"""
_NOW = """
SELECT version, topology FROM sigang.network_version WHERE network = $1"""
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


@dataclass(frozen=True)
class Traffic:
    """Who moves on a network: the modes of its edges, and whether on foot or bicycle."""

    modes: tuple[str, ...]
    active: bool


MOTOR = Traffic(("road", "ferry"), active=False)
ACTIVE = Traffic(("road", "ferry", "walk"), active=True)


@dataclass(frozen=True)
class Loaded:
    """What the database says of the network, before anything is computed.

    `rows` stands for the rows of edges and turn restrictions: another load or edit gives another
    one. `columns` and `turns` are empty where the graph of these very rows is kept.
    """

    version: int
    topology: int
    rows: str
    kept: bool
    columns: dict[str, list[Any]]
    turns: list[asyncpg.Record]
    rules: dict[str, Rule]
    structures: list[asyncpg.Record]
    states: list[asyncpg.Record]
    weeks: list[asyncpg.Record]


async def read_network(
    conn: asyncpg.Connection,
    traffic: Traffic = MOTOR,
    is_kept: Callable[[str], bool] = lambda _: False,
) -> Loaded:
    """Read everything in one snapshot, in pieces so that the process goes on serving.

    Edges and turn restrictions are left out where `is_kept` says that their graph is there.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        now = await conn.fetchrow(_NOW, NETWORK)
        rows = f"{traffic.active} {await conn.fetchval(_ROWS, NETWORK, traffic.modes)}"
        kept = is_kept(rows)
        columns: dict[str, list[Any]] = defaultdict(list)
        if not kept:
            async for row in conn.cursor(_EDGES, traffic.modes, prefetch=CHUNK):
                for name, value in row.items():
                    columns[name].append(value)
        return Loaded(
            now["version"],
            now["topology"],
            rows,
            kept,
            columns,
            [] if kept else await conn.fetch(_TURNS),
            await read_rules(conn),
            await conn.fetch(_STRUCTURES),
            [*await conn.fetch(_STATE), *await conn.fetch(_FEEDS, -1)],
            await conn.fetch(_WEEKS),
        )


async def read_rules(conn: asyncpg.Connection) -> dict[str, Rule]:
    """Return the rules of roads and vehicles that are in force, by key."""
    return {row["key"]: Rule(**row) for row in await conn.fetch(_RULES)}


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


def make_graph(loaded: Loaded, traffic: Traffic = MOTOR) -> Graph:
    """Build the graph; restrictions of edges that are not loaded are left out.

    For those on foot and bicycle every edge has arcs both ways; which of them are open is a matter
    of the profile.
    """
    shapes = np.array(shapely.from_wkb(loaded.columns["geom"]), object)
    counts = shapely.get_num_coordinates(shapes).astype(np.int64)
    edges = edges_from_columns(loaded.columns, counts, shapely.get_coordinates(shapes))
    edges = both_ways(edges) if traffic.active else edges
    ids = Ids(edges.ids)
    turns = [_restriction(edges, ids, row) for row in loaded.turns]
    return split(edges, [turn for turn in turns if turn is not None])


def _restriction(edges: Edges, ids: Ids, row: asyncpg.Record) -> Restriction | None:
    names = [row["from_edge"], *row["via_edges"], row["to_edge"]]
    numbers = [ids.find(name) for name in names]
    via = Ids(edges.node_ids).find(row["via_node"]) if row["via_node"] else None
    if any(n is None for n in numbers) or (row["via_node"] and via is None):
        return None
    # No turn is forbidden to those on foot, but a wall is a wall.
    exempt = row["exempt"] if row["barrier"] else (*row["exempt"], "foot")
    return Restriction(row["kind"], tuple(n for n in numbers if n is not None), via, tuple(exempt))


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

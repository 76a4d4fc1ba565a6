"""The networks of the sample: roads, railways, sea lanes, inland waterways and what joins them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from uuid import UUID

import psycopg
from psycopg import sql

from data.facts import read_facts
from data.sample.network.fairways import build_fairways
from data.sample.network.local import build_local
from data.sample.network.roads import (
    Roads,
    build_roads,
    road_edges,
    road_nodes,
    road_structures,
    write_carriageways,
)
from data.sample.network.rows import (
    Edge,
    Locator,
    write_edges,
    write_facilities,
    write_nodes,
    write_structures,
)
from data.sample.network.sea import build_lanes, build_rails
from data.sample.network.water import Waterways, build_waterways, crossings
from spatial.networks.model import network_kinds
from spatial.postgres.ingest import SourceInfo, save_source

Progress = Callable[[str], None]
NETWORKS = tuple(network_kinds())


def load_networks(conn: psycopg.Connection, progress: Progress) -> None:
    """Build and write every network; the caller commits."""
    load_sources(conn)
    clear_networks(conn)
    locator = Locator(conn)
    progress("trunk roads, corridors and structures")
    roads = build_roads()
    write_carriageways(conn, roads)
    water = build_waterways()
    _write_roads(conn, roads, water, locator)
    progress("railways, sea lanes and waterways")
    lanes = build_lanes()
    fairways = build_fairways(lanes[0], water)
    inland = (list(water.nodes.values()), water.edges)
    for nodes, edges in (build_rails(), lanes, inland, fairways):
        write_nodes(conn, nodes, locator)
        write_edges(conn, edges, locator)
    progress("local roads")
    local_nodes, local_edges = build_local(conn, roads, water)
    write_nodes(conn, local_nodes, locator)
    write_edges(conn, local_edges, locator)
    raise_topology(conn, NETWORKS)


def _write_roads(
    conn: psycopg.Connection, roads: Roads, water: Waterways, locator: Locator
) -> None:
    rows: dict[int, list[Edge]] = {}
    for edge, row in road_edges(roads):
        rows.setdefault(edge, []).append(row)
    edges = list(chain.from_iterable(rows.values()))
    ids: dict[int, list[UUID]] = {edge: [r.id for r in made] for edge, made in rows.items()}
    named, carries = road_structures(roads, ids)
    bridges, over = crossings(water, edges, named, carries)
    write_nodes(conn, road_nodes(roads), locator)
    write_edges(conn, edges, locator)
    write_facilities(conn, [*named, *bridges, *water.locks], locator)
    write_structures(conn, [*carries, *over, *water.structures])


def load_sources(conn: psycopg.Connection) -> None:
    """Write or refresh the sources of network_sources.toml."""
    for source in read_facts("network_sources")["source"]:
        save_source(conn, SourceInfo(**source))


def clear_networks(conn: psycopg.Connection) -> None:
    """Delete the rows of the networks' own sources."""
    own = [source["id"] for source in read_facts("network_sources")["source"]]
    conn.execute(
        "DELETE FROM sigang.edge_structure s USING sigang.edge e"
        " WHERE e.id = s.edge_id AND e.source_id = ANY(%s)",
        [own],
    )
    for table in ("stake", "carriageway", "edge", "node", "facility"):
        conn.execute(
            sql.SQL("DELETE FROM {} WHERE source_id = ANY(%s)").format(
                sql.Identifier("sigang", table)
            ),
            [own],
        )


def raise_topology(conn: psycopg.Connection, networks: tuple[str, ...]) -> None:
    """Tell every worker that the graph of these networks changed."""
    conn.execute(
        "UPDATE sigang.network_version SET topology = topology + 1, version = version + 1,"
        " changed_at = now() WHERE network = ANY(%s)",
        [list(networks)],
    )

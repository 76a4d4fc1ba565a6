"""Transfers: hubs become nodes and are joined to the road, rail, river and sea networks."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import numpy as np
import psycopg
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from shapely import LineString, Point

from data.facts import Facts, read_facts
from data.sample.network.graph import Floats, geodesic_m
from data.sample.network.rows import Edge, Locator, Node, stable, write_edges, write_nodes
from spatial.networks.rail import KIND as RAIL
from spatial.networks.road import KIND as ROAD

SOURCE = "sample-transfers"
CONNECTED = (ROAD.mode, RAIL.mode)  # a hub joins the largest part of these, not a fragment


@dataclass(frozen=True)
class Hub:
    """A facility that joins networks."""

    id: UUID
    kind: str
    name_zh: str
    name_en: str | None
    point: Point
    water_only: bool


class Nearest:
    """The nodes of one network, asked for the nearest to a point."""

    def __init__(self, conn: psycopg.Connection, mode: str) -> None:
        rows = conn.execute(
            "SELECT id, ST_X(geom), ST_Y(geom) FROM sigang.node WHERE %s = ANY(modes)"
            " AND kind <> 'hub' AND origin <> 'synthetic' ORDER BY id",
            [mode],
        ).fetchall()
        if mode in CONNECTED:
            main = _main_component(conn, mode)
            rows = [row for row in rows if row[0] in main]
        self.ids = [row[0] for row in rows]
        self.xy: Floats = np.array([row[1:] for row in rows], dtype=np.float64).reshape(-1, 2)
        self.scale = np.array([0.866, 1.0])  # shrinks degrees of longitude at 30° N
        self.tree = cKDTree(self.xy * self.scale) if rows else None

    def find(self, point: Point, reach_m: float) -> tuple[UUID, LineString, float] | None:
        """Return the nearest node within reach, the line to it and its length (metres)."""
        if self.tree is None:
            return None
        at = np.array([[point.x, point.y]])
        _, nearest = self.tree.query(at * self.scale)
        index = int(np.asarray(nearest)[0])
        metres = float(geodesic_m(at, self.xy[index : index + 1])[0])
        if metres > reach_m:
            return None
        return self.ids[index], LineString([point, Point(self.xy[index])]), max(metres, 1.0)


def _main_component(conn: psycopg.Connection, mode: str) -> set[UUID]:
    """Return the nodes of the largest connected part of a network."""
    pairs = conn.execute(
        "SELECT from_node, to_node FROM sigang.edge WHERE mode = %s AND origin <> 'synthetic'",
        [mode],
    ).fetchall()
    ids = sorted({node for pair in pairs for node in pair})
    index = {node: i for i, node in enumerate(ids)}
    ends = np.array([[index[a], index[b]] for a, b in pairs], dtype=np.int64).reshape(-1, 2)
    if not len(ends):
        return set()
    graph = csr_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), (len(ids), len(ids)))
    _, label = connected_components(graph, directed=False)
    main = int(np.bincount(label).argmax())
    return {node for node, component in zip(ids, label.tolist(), strict=True) if component == main}


def load_transfers(conn: psycopg.Connection) -> None:
    """Make a node of every hub and join it to the networks that its kind uses."""
    clear_transfers(conn)
    facts = read_facts("transfers")
    networks = {mode: Nearest(conn, mode) for mode in facts["reach_m"]}
    nodes: list[Node] = []
    edges: list[Edge] = []
    for hub in _hubs(conn, list(facts["modes"])):
        joined = []
        for mode in _modes(hub, facts):
            found = networks[mode].find(hub.point, facts["reach_m"][mode])
            if found is not None:
                joined.append(mode)
                edges.append(_transfer(hub, mode, *found))
        nodes.append(_node(hub, joined))
    locator = Locator(conn)
    write_nodes(conn, nodes, locator)
    write_edges(conn, edges, locator)


def clear_transfers(conn: psycopg.Connection) -> None:
    """Delete the hubs' nodes and transfers."""
    conn.execute("DELETE FROM sigang.edge WHERE source_id = %s", [SOURCE])
    conn.execute("DELETE FROM sigang.node WHERE source_id = %s", [SOURCE])


def _hubs(conn: psycopg.Connection, kinds: list[str]) -> list[Hub]:
    rows = conn.execute(
        "SELECT id, kind, name_zh, name_en, ST_AsBinary(ST_PointOnSurface(geom)),"
        " coalesce((props->>'water_only')::boolean, false)"
        " FROM sigang.facility WHERE kind = ANY(%s) AND admin_code LIKE '33%%' ORDER BY id",
        [kinds],
    ).fetchall()
    return [
        Hub(identity, kind, zh or "", en, shapely.from_wkb(bytes(point)), water_only)
        for identity, kind, zh, en, point, water_only in rows
    ]


def _modes(hub: Hub, facts: Facts) -> list[str]:
    modes = list(facts["modes"][hub.kind])
    if hub.water_only:
        return [mode for mode in modes if mode in ("waterway", "sea_lane")]
    return modes


def _node(hub: Hub, modes: list[str]) -> Node:
    return Node(
        id=stable(SOURCE, f"node:{hub.id}"),
        kind="hub",
        origin="schematic",
        source_id=SOURCE,
        modes=modes,
        geom=hub.point,
        name_zh=hub.name_zh,
        name_en=hub.name_en,
        facility_id=hub.id,
    )


def _transfer(hub: Hub, mode: str, node: UUID, line: LineString, metres: float) -> Edge:
    return Edge(
        id=stable(SOURCE, f"edge:{hub.id}:{mode}"),
        kind="transfer",
        origin="schematic",
        source_id=SOURCE,
        mode="transfer",
        class_=f"hub_{mode}",
        from_node=stable(SOURCE, f"node:{hub.id}"),
        to_node=node,
        length_m=metres,
        geom=line,
        name_zh=hub.name_zh,
        name_en=hub.name_en,
    )

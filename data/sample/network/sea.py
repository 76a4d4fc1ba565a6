"""Rows of the shipping lanes (searoute) and the railways (scgraph-data)."""

from __future__ import annotations

import numpy as np
import orjson
import shapely
from shapely import LineString, Point

from data.sample.network.graph import chainage_m, package_file, read_scgraph
from data.sample.network.rows import Edge, Node, stable

LANES = "searoute-marnet"
RAILS = "scgraph-railways"
SEA_BOX = (117.0, 24.0, 130.0, 35.0)  # degrees: East China Sea and the lanes that leave it
_GRID = 1e-4  # ends nearer than this are one node


def build_lanes() -> tuple[list[Node], list[Edge]]:
    """Return the lanes that touch the sea box, cut at every vertex that two lines share."""
    path = package_file("searoute", "data", "marnet_searoute.geojson")
    west, south, east, north = SEA_BOX
    box = shapely.box(west, south, east, north)
    features = orjson.loads(path.read_bytes())["features"]
    lines = [shapely.from_geojson(orjson.dumps(f["geometry"])) for f in features]
    inside = [line for line in lines if line.intersects(box)]
    nodes: dict[tuple[int, int], Node] = {}
    edges: dict[tuple[tuple[int, int], ...], Edge] = {}
    shared = _shared_vertices(inside)
    for line in inside:
        for part in _cut(line, shared):
            ends = (_key(part.coords[0]), _key(part.coords[-1]))
            if ends[0] != ends[1]:
                a, b = (_sea_node(nodes, key) for key in ends)
                points = [a.geom.coords[0], *part.coords[1:-1], b.geom.coords[0]]
                edges.setdefault(ends, _lane(LineString(points), ends, a, b))
    return list(nodes.values()), list(edges.values())


def _key(point: tuple[float, ...]) -> tuple[int, int]:
    return round(point[0] / _GRID), round(point[1] / _GRID)


def _shared_vertices(lines: list[LineString]) -> set[tuple[int, int]]:
    seen: set[tuple[int, int]] = set()
    shared: set[tuple[int, int]] = set()
    for line in lines:
        for key in {_key(p) for p in shapely.get_coordinates(line)}:
            (shared if key in seen else seen).add(key)
    return shared


def _cut(line: LineString, shared: set[tuple[int, int]]) -> list[LineString]:
    parts: list[LineString] = []
    for part in getattr(line, "geoms", [line]):
        run: list[tuple[float, ...]] = []
        for point in part.coords:
            run.append(point)
            if len(run) > 1 and _key(point) in shared:
                parts.append(LineString(run))
                run = [point]
        if len(run) > 1:
            parts.append(LineString(run))
    return parts


def _sea_node(nodes: dict[tuple[int, int], Node], key: tuple[int, int]) -> Node:
    if key not in nodes:
        nodes[key] = Node(
            id=stable(LANES, f"node:{key[0]}:{key[1]}"),
            kind="sea_node",
            origin="real",
            source_id=LANES,
            modes=["sea_lane"],
            geom=Point(key[0] * _GRID, key[1] * _GRID),
        )
    return nodes[key]


def _lane(line: LineString, ends: tuple[tuple[int, int], ...], a: Node, b: Node) -> Edge:
    return Edge(
        id=stable(LANES, f"edge:{ends[0]}-{ends[1]}"),
        kind="sea_lane",
        origin="real",
        source_id=LANES,
        mode="sea_lane",
        class_="lane",
        from_node=a.id,
        to_node=b.id,
        length_m=float(chainage_m(np.array(line.coords))[-1]),
        geom=line,
    )


def build_rails() -> tuple[list[Node], list[Edge]]:
    """Return the railways of the sample's box; gauge, use and speed are unknown."""
    graph = read_scgraph("world_railways", RAILS)
    nodes = [
        Node(graph.node_ids[i], "rail_node", "real", RAILS, ["rail"], Point(lon, lat))
        for i, (lon, lat) in enumerate(graph.xy)
    ]
    edges = [
        Edge(
            id=stable(RAILS, graph.edge_key(e)),
            kind="rail",
            origin="real",
            source_id=RAILS,
            mode="rail",
            class_="rail",
            from_node=graph.node_ids[u],
            to_node=graph.node_ids[v],
            length_m=max(float(graph.length_m[e]), 1.0),
            geom=LineString(graph.xy[[u, v]]),
        )
        for e, (u, v) in enumerate(zip(graph.u.tolist(), graph.v.tolist(), strict=True))
    ]
    return nodes, edges

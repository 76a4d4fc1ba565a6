"""Rows of the fairways between ports and shipping lanes, and of the river mouths."""

from __future__ import annotations

import numpy as np
from shapely import LineString, Point

from data.facts import Facts, read_facts
from data.sample.network.graph import chainage_m, geodesic_m
from data.sample.network.rows import Edge, Node, stable
from data.sample.network.water import Waterways

SOURCE = "sample-fairways"


def build_fairways(lanes: list[Node], water: Waterways) -> tuple[list[Node], list[Edge]]:
    """Return new nodes, fairways, and the transfers between sea and river at the mouths."""
    facts = read_facts("fairways")
    at = {name: _point(name, point, lanes) for name, point in facts["points"].items()}
    edges = [
        edge for fairway in facts["fairway"] for edge in _fairway(fairway, at, str(facts["source"]))
    ]
    for name, point in facts["points"].items():
        if "river" in point:
            edges.append(_mouth(name, at[name], water.nodes[point["river"]]))
    own = [node for node in at.values() if node.source_id == SOURCE]
    return own, edges


def _point(name: str, point: Facts, lanes: list[Node]) -> Node:
    if point.get("lane"):
        points = np.array([[node.geom.x, node.geom.y] for node in lanes])
        away = geodesic_m(np.repeat([point["at"]], len(points), 0), points)
        return lanes[int(away.argmin())]
    return Node(
        id=stable(SOURCE, f"node:{name}"),
        kind="sea_node",
        origin="schematic",
        source_id=SOURCE,
        modes=["sea_lane"],
        geom=Point(point["at"]),
    )


def _fairway(fairway: Facts, at: dict[str, Node], source: str) -> list[Edge]:
    edges = []
    start = at[fairway["path"][0]]
    points: list[tuple[float, float]] = [start.geom.coords[0]]
    for step in fairway["path"][1:]:
        if not isinstance(step, str):
            points.append(step)
            continue
        end = at[step]
        edge = _edge("sea_lane", "fairway", f"{fairway['id']}:{step}", start, end)
        edge.geom = LineString([*points, end.geom.coords[0]])
        edge.length_m = float(chainage_m(np.array(edge.geom.coords))[-1])
        edge.name_zh, edge.name_en = fairway["name_zh"], fairway["name_en"]
        edge.props["source"] = source
        edges.append(edge)
        start, points = end, [end.geom.coords[0]]
    return edges


def _mouth(name: str, sea: Node, river: Node) -> Edge:
    return _edge("transfer", "sea_river", f"mouth:{name}", sea, river)


def _edge(mode: str, class_: str, key: str, a: Node, b: Node) -> Edge:
    line = LineString([a.geom, b.geom])
    return Edge(
        id=stable(SOURCE, f"edge:{key}"),
        kind=mode,
        origin="schematic",
        source_id=SOURCE,
        mode=mode,
        class_=class_,
        from_node=a.id,
        to_node=b.id,
        length_m=float(chainage_m(np.array(line.coords))[-1]),
        geom=line,
    )

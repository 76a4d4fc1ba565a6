"""The network for planners' tools: networkx graphs with the attributes of osmnx, and back.

An arc becomes an edge of a MultiDiGraph keyed by its edge's position; junctions that were split for
turn restrictions become one node again, so turn restrictions are not in the graph. Both libraries
are imported where they are used: a server that exports nothing starts without them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
import shapely

from routing.graph.graph import Edges, Graph, edges_from_columns
from routing.graph.weights import Floats, Ints
from spatial.errors import BadParameter
from spatial.geo import crs
from spatial.networks.model import NetworkKind

if TYPE_CHECKING:
    import networkx

MOST_ARCS = 60_000
"""More need gigabytes in networkx."""
M_PER_KM = 1000.0
_TEXTS = {"ref": "ref", "name": "name_zh", "name_en": "name_en"}


@dataclass(frozen=True)
class Statistics:
    """What osmnx says of a network, in its own measures."""

    nodes: int
    edges: int
    arcs: int
    length_km: float
    mean_degree: float
    streets_per_node: float
    circuity: float | None
    self_loop_share: float
    strongly_connected_parts: int
    largest_part_share: float
    km_by_class: dict[str, float]


def to_networkx(graph: Graph, chosen: Ints, speed_kmh: Floats) -> networkx.MultiDiGraph:
    """Return some edges as osmnx has its graphs.

    Parameters
    ----------
    graph
        The network.
    chosen
        Positions of edges.
    speed_kmh
        Of every key of the network, by a profile.

    Raises
    ------
    BadParameter
        There are too many.
    """
    import networkx
    import osmnx

    edges = graph.edges
    _check_size(len(chosen) + int((~edges.legal_oneway[chosen]).sum()))
    made = networkx.MultiDiGraph(crs=f"epsg:{crs.WGS84}", simplified=True)
    nodes = np.unique(np.concatenate([edges.tail[chosen], edges.head[chosen]]))
    for node in nodes.tolist():
        made.add_node(node, x=float(graph.lon[node]), y=float(graph.lat[node]))
    for edge in chosen.tolist():
        for back in (False, True)[: 1 if edges.legal_oneway[edge] else 2]:
            tail, head = int(edges.tail[edge]), int(edges.head[edge])
            ends = (head, tail) if back else (tail, head)
            made.add_edge(
                *ends, key=edge, **_attributes(edges, edge, back, speed_kmh[2 * edge + back])
            )
    counts = osmnx.stats.count_streets_per_node(made)
    networkx.set_node_attributes(made, counts, "street_count")
    return made


def _check_size(arcs: int) -> None:
    if arcs > MOST_ARCS:
        raise BadParameter(
            f"{arcs} directed edges are too many for networkx, at most {MOST_ARCS}",
            f"有向边 {arcs} 条，超过 networkx 可处理的 {MOST_ARCS} 条",
            mend_en="Choose a smaller area or fewer classes.",
            mend_zh="请缩小范围或减少道路等级。",
        )


def _attributes(edges: Edges, edge: int, back: bool, speed_kmh: float) -> dict[str, Any]:
    points = edges.vertices(edge)
    found: dict[str, Any] = {
        "osmid": edge,
        "edge_id": str(edges.row_id(edge)),
        "highway": edges.edge_class.get(edge),
        "oneway": bool(edges.legal_oneway[edge]),
        "reversed": back,
        "length": float(edges.length_m[edge]),
        "geometry": shapely.LineString(points[::-1] if back else points),
    }
    for name, column in _TEXTS.items():
        text = getattr(edges, column).get(edge)
        if text is not None:
            found[name] = text
    if np.isfinite(edges.speed_kmh[edge]):
        found["maxspeed"] = f"{edges.speed_kmh[edge]:g}"
    if np.isfinite(speed_kmh) and speed_kmh > 0:
        found["speed_kph"] = float(speed_kmh)
        found["travel_time"] = found["length"] * 3.6 / float(speed_kmh)
    return found


def from_networkx(
    graph: networkx.MultiDiGraph, node_ids: Mapping[Any, UUID], kind: NetworkKind
) -> Edges:
    """Return the edges of a graph of osmnx, each street once; `node_ids` names its nodes."""
    kept = [
        (tail, head, row)
        for tail, head, row in graph.edges(data=True)
        if not row.get("reversed", False)
    ]
    shapes = [_line(graph, tail, head, row) for tail, head, row in kept]
    empty: Sequence[None] = [None] * len(kept)
    columns: dict[str, Sequence[Any]] = {
        "id": [UUID(str(row["edge_id"])) for _, _, row in kept],
        "from_node": [node_ids[tail] for tail, _, _ in kept],
        "to_node": [node_ids[head] for _, head, _ in kept],
        "oneway": [bool(row.get("oneway", False)) for _, _, row in kept],
        "length_m": [float(row["length"]) for _, _, row in kept],
        "speed_kmh": [float(row["maxspeed"]) if "maxspeed" in row else None for _, _, row in kept],
        "class": [row.get("highway") for _, _, row in kept],
        "ref": [row.get("ref") for _, _, row in kept],
        "name_zh": [row.get("name") for _, _, row in kept],
        "name_en": [row.get("name_en") for _, _, row in kept],
        "limits_known": [False] * len(kept),
        **dict.fromkeys((*kind.columns, "hazmat", "structure", "toll"), empty),
        **{name: [text] * len(kept) for name, text in
           (("mode", kind.mode), ("speed_basis", "posted"), ("access", "{}"),
            ("origin", "derived"), ("source", "networkx"))},
    }  # fmt: skip
    counts = np.array([len(shape) for shape in shapes], np.int64)
    return edges_from_columns(columns, counts, np.concatenate(shapes), kind)


def _line(graph: networkx.MultiDiGraph, tail: Any, head: Any, row: Mapping[str, Any]) -> Floats:
    if "geometry" in row:
        return np.asarray(shapely.get_coordinates(row["geometry"]), np.float64)
    ends = [(graph.nodes[node]["x"], graph.nodes[node]["y"]) for node in (tail, head)]
    return np.array(ends, np.float64)


def statistics(graph: networkx.MultiDiGraph) -> Statistics:
    """Return the basic statistics of a graph that `to_networkx` made; it has an edge at least."""
    import networkx
    import osmnx

    basic = osmnx.stats.basic_stats(graph)
    parts = [len(part) for part in networkx.strongly_connected_components(graph)]
    by_class: dict[str, float] = {}
    for _, _, row in graph.edges(data=True):
        if not row["reversed"]:
            name = row["highway"] or ""
            by_class[name] = by_class.get(name, 0.0) + row["length"] / M_PER_KM
    circuity = basic["circuity_avg"]
    return Statistics(
        nodes=graph.number_of_nodes(),
        edges=sum(not row["reversed"] for _, _, row in graph.edges(data=True)),
        arcs=graph.number_of_edges(),
        length_km=round(basic["street_length_total"] / M_PER_KM, 3),
        mean_degree=round(float(basic["k_avg"]), 6),
        streets_per_node=round(float(basic["streets_per_node_avg"]), 6),
        circuity=None if circuity is None else round(float(circuity), 6),
        self_loop_share=round(float(basic["self_loop_proportion"]), 6),
        strongly_connected_parts=len(parts),
        largest_part_share=round(max(parts) / graph.number_of_nodes(), 6),
        km_by_class={name: round(km, 3) for name, km in sorted(by_class.items())},
    )


def to_graphml(graph: networkx.MultiDiGraph) -> str:
    """Return a graph as GraphML that `osmnx.load_graphml` reads."""
    import networkx

    plain = networkx.MultiDiGraph(**{k: str(v) for k, v in graph.graph.items()})
    for node, row in graph.nodes(data=True):
        plain.add_node(node, **{k: str(v) for k, v in row.items()})
    for tail, head, key, row in graph.edges(keys=True, data=True):
        texts = {k: v.wkt if k == "geometry" else str(v) for k, v in row.items()}
        plain.add_edge(tail, head, key=key, **texts)
    return "\n".join(networkx.generate_graphml(plain, prettyprint=False))

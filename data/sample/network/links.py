"""Fixed links that the trunk graph lacks, and the gaps that clipping or rounding left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree
from shapely import LineString

from data.facts import Facts, read_facts
from data.sample.network.graph import Floats, Graph, Ints, chainage_m, geodesic_m

SOURCE = "sample-fixed-links"
GAP_M = 1000.0  # a fragment nearer than this to the main component is joined
STITCH_M = 150.0  # a dead end nearer than this to another node is joined: nodes lie on 0.001°
DETOUR_M = 1500.0  # unless the graph already leads there within this


@dataclass(frozen=True)
class Link:
    """A road that joins two nodes of the graph along its own line."""

    key: str
    u: int
    v: int
    line: LineString
    length_m: float
    road_class: str
    structure: str | None = None
    structure_id: str | None = None
    note: str = ""


def fixed_links(graph: Graph) -> list[Link]:
    """Add the nodes of fixed_links.toml to the graph and return the links between them."""
    facts = read_facts("fixed_links")
    at: dict[str, int] = {}
    for name, node in facts["nodes"].items():
        lon, lat = node["at"]
        if node.get("snap"):
            at[name] = int(geodesic_m(np.repeat([[lon, lat]], len(graph.xy), 0), graph.xy).argmin())
        else:
            at[name] = graph.add_node(f"link-{name}", lon, lat, SOURCE)
    return [_link(graph, at, link, facts["sources"]) for link in facts["link"]]


def _link(graph: Graph, at: dict[str, int], link: Facts, sources: dict[str, str]) -> Link:
    u, v = at[link["from"]], at[link["to"]]
    points = np.array([graph.xy[u], *link.get("via", []), graph.xy[v]], dtype=np.float64)
    return Link(
        key=f"{link['from']}-{link['to']}",
        u=u,
        v=v,
        line=LineString(points),
        length_m=float(chainage_m(points)[-1]),
        road_class=link["class"],
        structure=link.get("structure"),
        structure_id=link.get("structure_id"),
        note=sources[link["source"]],
    )


def components(graph: Graph, links: list[Link]) -> Ints:
    """Return the number of the weakly connected component of each node, 0 being the largest."""
    u = np.concatenate([graph.u, np.array([link.u for link in links], dtype=np.int64)])
    v = np.concatenate([graph.v, np.array([link.v for link in links], dtype=np.int64)])
    n = len(graph.xy)
    _, label = connected_components(csr_matrix((np.ones(len(u)), (u, v)), (n, n)), directed=False)
    rank = np.argsort(np.argsort(-np.bincount(label), kind="stable"))
    return np.asarray(rank[label], dtype=np.int64)


def stitches(graph: Graph) -> list[Link]:
    """Return links that join a dead end to a node beside it which the rounding tore away."""
    n = len(graph.xy)
    ends = np.concatenate([graph.u, graph.v])
    degree = np.bincount(ends, minlength=n)
    metres = csr_matrix((np.maximum(graph.length_m, 1.0), (graph.u, graph.v)), (n, n))
    plane = graph.xy * _plane_scale(graph) * 111_320.0
    tree = cKDTree(plane)
    found: dict[tuple[int, int], Link] = {}
    for end in np.flatnonzero(degree == 1).tolist():
        near = [j for j in tree.query_ball_point(plane[end], STITCH_M) if j != end]
        if not near:
            continue
        start = np.array([end])
        reached = dijkstra(metres, directed=False, indices=start, limit=DETOUR_M)[0]
        torn = [j for j in near if not np.isfinite(reached[j])]
        if torn:
            best = min(torn, key=lambda j: float(np.hypot(*(plane[j] - plane[end]))))
            found.setdefault(
                (min(end, best), max(end, best)), _straight(graph, end, best, "stitch")
            )
    return list(found.values())


def _straight(graph: Graph, u: int, v: int, kind: str) -> Link:
    ends: Floats = graph.xy[[u, v]]
    key = f"{kind}-{graph.keys[u]}-{graph.keys[v]}"
    metres = max(1.0, float(chainage_m(ends)[-1]))
    return Link(key, u, v, LineString(ends), metres, "trunk_unclassified", note=kind)


def _plane_scale(graph: Graph) -> Floats:
    return np.array([np.cos(np.radians(graph.xy[:, 1].mean())), 1.0])


def gap_links(graph: Graph, links: list[Link]) -> list[Link]:
    """Return links that join fragments lying within `GAP_M` of the main component."""
    label = components(graph, links)
    main = np.flatnonzero(label == 0)
    scale = _plane_scale(graph)
    tree = cKDTree(graph.xy[main] * scale)
    found = []
    for component in range(1, int(label.max()) + 1):
        nodes = np.flatnonzero(label == component)
        distance, nearest = map(np.asarray, tree.query(graph.xy[nodes] * scale))
        best = int(distance.argmin())
        link = _straight(graph, int(nodes[best]), int(main[nearest[best]]), "gap")
        if link.length_m <= GAP_M:
            found.append(link)
    return found

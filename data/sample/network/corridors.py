"""Match the numbered corridors of corridors.toml as paths over the trunk graph.

The graph does not say which edge belongs to which road. A corridor is therefore the cheapest chain
through discs around its towns, where every junction costs extra for a motorway (motorways have few)
and an edge that an earlier corridor took costs extra too. Edges that run beside the path within the
position error are its twins: the other carriageway, which the graph holds as a parallel edge.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from shapely import LineString, STRtree

from data.facts import Facts, read_facts
from data.sample.network.graph import Floats, Graph, Ints, chainage_m, geodesic_m
from data.sample.network.links import Link

DISC_M = 4000.0  # a town is any node this near to its point
OFFSET_COST = 2.0  # metres of cost per metre that the chosen node lies off the point
JUNCTION_COST_M = 350.0  # extra cost of an edge of a motorway: motorways have few junctions
REUSE_FACTOR = 1.5  # cost of an edge that an earlier corridor took
TWIN_OFFSET_M = 450.0  # how far the ends of a twin may lie off the path
TWIN_SAGITTA = 0.03  # and this share of its length more: edges are chords
TWIN_ANGLE_DEG = 20.0
NODE_ACCURACY_M = 100.0


@dataclass
class Net:
    """All road edges known before matching: the trunk graph's, then the links'."""

    xy: Floats
    u: Ints
    v: Ints
    length_m: Floats
    lines: list[LineString]
    pairs: dict[tuple[int, int], int] = field(default_factory=dict)

    @classmethod
    def build(cls, graph: Graph, links: list[Link]) -> Net:
        """Join graph and links; of two edges between the same nodes the link wins."""
        u = np.concatenate([graph.u, np.array([link.u for link in links], dtype=np.int64)])
        v = np.concatenate([graph.v, np.array([link.v for link in links], dtype=np.int64)])
        length = np.concatenate([graph.length_m, [link.length_m for link in links]])
        chords = shapely.linestrings(np.stack([graph.xy[graph.u], graph.xy[graph.v]], axis=1))
        net = cls(graph.xy, u, v, length, [*chords, *(link.line for link in links)])
        for edge, (a, b) in enumerate(zip(u.tolist(), v.tolist(), strict=True)):
            net.pairs[a, b] = net.pairs[b, a] = edge
        return net


@dataclass
class Corridor:
    """A matched corridor: the chain of nodes, its edges, and the twins beside it."""

    facts: Facts
    nodes: list[int]
    edges: list[int]
    chainage: Floats  # geodesic metres of each node of the chain from the first
    twins: dict[int, tuple[float, float]] = field(default_factory=dict)  # edge → k_from, k_to
    line: LineString = field(default_factory=LineString)

    @property
    def route_id(self) -> str:
        """Return the number that signs show, such as G60."""
        return str(self.facts["id"])


def match_corridors(net: Net) -> list[Corridor]:
    """Match every corridor of the facts file, in the file's order."""
    used = np.zeros(len(net.u), dtype=bool)
    tree = STRtree(net.lines)
    found = []
    for facts in read_facts("corridors")["corridor"]:
        corridor = _trace(net, facts, used)
        corridor.twins = _twins(net, corridor, tree, used)
        used[corridor.edges] = True
        used[list(corridor.twins)] = True
        found.append(corridor)
    return found


def accuracy_m(net: Net, corridor: Corridor) -> float:
    """Return the error of a stake: node accuracy + what chords are shorter than the road itself."""
    along = float(net.length_m[corridor.edges].sum())
    return round(NODE_ACCURACY_M + abs(along - float(corridor.chainage[-1])))


def _trace(net: Net, facts: Facts, used: NDArray[np.bool_]) -> Corridor:
    reuse = 1.0 if facts.get("concurrent") else REUSE_FACTOR
    extra = JUNCTION_COST_M if facts["class"] == "motorway" else 0.0
    cost = (np.maximum(net.length_m, 50.0) + extra) * np.where(used, reuse, 1.0)
    discs = [_disc(net, town[2:]) for town in facts["towns"]]
    reached = {int(n): float(d) for n, d in zip(*discs[0], strict=True)}
    steps = []
    for nodes, offset in discs[1:]:
        total, before = _relax(net, cost, reached)
        steps.append(before)
        reached = {
            int(n): float(total[n] + d)
            for n, d in zip(nodes, offset, strict=True)
            if np.isfinite(total[n])
        }
        if not reached:
            raise ValueError(f"corridor {facts['id']}: a town cannot be reached")
    chain = _walk_back(min(reached, key=lambda n: reached[n]), steps, len(net.xy))
    edges = [net.pairs[a, b] for a, b in pairwise(chain)]
    line = _chain_line(net, chain, edges)
    return Corridor(facts, chain, edges, _node_chainage(net, chain, edges), line=line)


def _disc(net: Net, point: list[float]) -> tuple[Ints, Floats]:
    scale = np.array([np.cos(np.radians(point[1])), 1.0]) * 111_320.0
    rough = np.hypot(*((net.xy - point) * scale).T)
    near = np.flatnonzero(rough <= max(DISC_M, float(rough.min())) * 1.05)
    distance = geodesic_m(np.repeat([point], len(near), 0), net.xy[near])
    kept = distance <= max(DISC_M, float(distance.min()))
    return near[kept], distance[kept] * OFFSET_COST


def _relax(net: Net, cost: Floats, start: dict[int, float]) -> tuple[Floats, Ints]:
    """Run Dijkstra from a virtual node that reaches each start node at its own cost."""
    n = len(net.xy)
    source = np.array(list(start), dtype=np.int64)
    rows = np.concatenate([net.u, net.v, np.full(len(source), n)])
    columns = np.concatenate([net.v, net.u, source])
    weights = np.concatenate([cost, cost, np.array(list(start.values())) + 1.0])
    graph = csr_matrix((weights, (rows, columns)), (n + 1, n + 1))
    total, before = dijkstra(graph, indices=np.array([n]), return_predecessors=True)
    return total[0], before[0].astype(np.int64)


def _walk_back(end: int, steps: list[Ints], virtual: int) -> list[int]:
    chain = [end]
    for before in reversed(steps):
        while before[chain[-1]] != virtual:
            chain.append(int(before[chain[-1]]))
    chain.reverse()
    return _without_spurs(chain)


def _without_spurs(chain: list[int]) -> list[int]:
    """Drop detours that return to the node where they left: a town's disc may lie off the road."""
    out: list[int] = []
    seen: dict[int, int] = {}
    for position, node in enumerate(chain):
        closing_ring = position == len(chain) - 1 and node == chain[0]
        if node in seen and not closing_ring:
            for gone in out[seen[node] + 1 :]:
                seen.pop(gone, None)
            del out[seen[node] + 1 :]
            continue
        seen.setdefault(node, len(out))
        out.append(node)
    return out


def directed_line(net: Net, edge: int, start: int) -> LineString:
    """Return the geometry of an edge running away from node `start`."""
    line = net.lines[edge]
    return line if int(net.u[edge]) == start else LineString(line.coords[::-1])


def _chain_line(net: Net, chain: list[int], edges: list[int]) -> LineString:
    points: list[tuple[float, float]] = [tuple(net.xy[chain[0]])]
    for node, edge in zip(chain, edges, strict=False):
        points.extend(directed_line(net, edge, node).coords[1:])
    return LineString(points)


def _node_chainage(net: Net, chain: list[int], edges: list[int]) -> Floats:
    parts = [
        float(chainage_m(np.array(directed_line(net, edge, node).coords))[-1])
        for node, edge in zip(chain, edges, strict=False)
    ]
    return np.concatenate([[0.0], np.cumsum(parts)])


def _twins(
    net: Net, corridor: Corridor, tree: STRtree, used: NDArray[np.bool_]
) -> dict[int, tuple[float, float]]:
    """Find unused edges that run beside the path: both ends near it, same bearing, same length."""
    own = set(corridor.edges)
    metre = np.array([np.cos(np.radians(net.xy[corridor.nodes, 1].mean())), 1.0]) * 111_320.0
    path = LineString(np.array(corridor.line.coords) * metre)
    scale = float(corridor.chainage[-1]) / path.length
    reach = shapely.buffer(corridor.line, (TWIN_OFFSET_M * 4) / 111_320.0)
    near = [int(e) for e in tree.query(reach, "intersects") if int(e) not in own and not used[e]]
    twins = {}
    for edge in near:
        ends = np.array([net.xy[net.u[edge]], net.xy[net.v[edge]]]) * metre
        if (span := _beside(path, ends)) is not None:
            twins[edge] = (span[0] * scale, span[1] * scale)
    return twins


def _beside(path: LineString, ends: Floats) -> tuple[float, float] | None:
    """Return where along the path (planar metres) an edge runs beside it, or None."""
    chord = float(np.hypot(*(ends[1] - ends[0])))
    points = shapely.points(ends)
    offset = shapely.distance(points, path)
    if chord < 1.0 or float(offset.max()) > TWIN_OFFSET_M + TWIN_SAGITTA * chord:
        return None
    at = sorted(float(k) for k in shapely.line_locate_point(path, points))
    covered = at[1] - at[0]
    if not 0.85 * chord <= covered <= 1.2 * chord:
        return None
    a, b = (shapely.line_interpolate_point(path, k) for k in at)
    bearing = np.degrees(np.arctan2(b.y - a.y, b.x - a.x) - np.arctan2(*(ends[1] - ends[0])[::-1]))
    turned = abs((bearing + 90.0) % 180.0 - 90.0)
    return (at[0], at[1]) if turned <= TWIN_ANGLE_DEG else None

"""A graph as an OpenStreetMap file that gives OSRM Sigang's own weights (see equal.lua).

OSRM keeps the weight of a segment in 22 bits: a longer one would silently be cut to 4,194.303 s
at three decimals, so long segments get vertices in between. It measures segments on the plane that
touches the ellipsoid at the middle of the segment's band of latitude, so speeds are written by that
measure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import osmium
from numpy.typing import NDArray

from routing.graph.adjacency import expand
from routing.graph.graph import Edges, Graph
from routing.graph.turns import Restriction
from routing.graph.weights import INFINITE, Floats, Ints

SEGMENT_MS = 4_000_000  # of a written segment at most; OSRM's limit is 2**22 - 1
BAND_DEG = 0.05  # of latitude, that OSRM measures with the same factors
SEMI_MAJOR_M, FLATTENING = 6_378_137.0, 1 / 298.257223563


@dataclass(frozen=True)
class Drawn:
    """The vertices of all edges, those of edge `e` at `start[e]:start[e + 1]`.

    `shape` is longitude and latitude (EPSG:4326) at OSRM's six decimals, `number` the node of the
    written file that a vertex is, `place` the place of each of those nodes, numbered from 1.
    """

    start: Ints
    shape: Floats
    number: Ints
    place: Floats

    def nodes(self, edge: int) -> list[int]:
        """Return the nodes of an edge in its own direction."""
        found: list[int] = self.number[self.start[edge] : self.start[edge + 1]].tolist()
        return found


def by_key(graph: Graph, weights: NDArray[np.uint32]) -> Ints:
    """Return the weight of each key `2 * edge + direction` (ms), INFINITE where there is no arc."""
    weight = np.full(2 * len(graph.edges), INFINITE, np.int64)
    first = graph.arcs.first
    there = np.flatnonzero(first[1:] > first[:-1])
    weight[there] = weights[first[there]]
    return weight


def draw(graph: Graph, weight: Ints) -> Drawn:
    """Return the vertices of a graph, with more of them where a segment would take too long."""
    edges = graph.edges
    both = weight.reshape(-1, 2)
    slowest = np.where(both < INFINITE, both, 0).max(axis=1)
    metres = _segment_m(edges.shape)
    metres[edges.shape_start[1:] - 1] = 0  # from an edge's end to the next one's start
    whole = np.add.reduceat(metres, edges.shape_start[:-1])
    of_edge = np.repeat(np.arange(len(edges)), np.diff(edges.shape_start))
    took = metres * (slowest / np.maximum(whole, 1e-3))[of_edge]
    pieces = np.maximum(np.ceil(took / SEGMENT_MS), 1).astype(np.int64)
    before = np.concatenate([[0], np.cumsum(pieces)])
    origin = np.repeat(np.arange(len(pieces)), pieces)
    share = expand(np.zeros(len(pieces), np.int64), pieces) / pieces[origin]
    following = edges.shape[np.minimum(origin + 1, len(edges.shape) - 1)]
    shape = edges.shape[origin] + (following - edges.shape[origin]) * share[:, None]
    start = before[edges.shape_start]
    number, place = _numbered(graph, start, shape)
    return Drawn(start, shape.round(6), number, place)


def _numbered(graph: Graph, start: Ints, shape: Floats) -> tuple[Ints, Floats]:
    """Return the node of the file that each vertex is, and the places of the nodes."""
    edges, count = graph.edges, len(graph.edges.node_ids)
    inner = np.ones(len(shape), np.bool_)
    inner[start[:-1]] = inner[start[1:] - 1] = False
    number = np.where(inner, count + np.cumsum(inner), 0)
    number[start[:-1]] = edges.tail + 1
    number[start[1:] - 1] = edges.head + 1
    junctions = np.stack([graph.lon[:count], graph.lat[:count]], 1)
    return number, np.concatenate([junctions, shape[inner]])


def _segment_m(shape: Floats) -> Floats:
    """Return the metres from each vertex to the next one as OSRM measures them, 0 at the last."""
    lon, lat = shape.round(6).T
    band = np.maximum(np.ceil(np.abs(lat[1:] + lat[:-1]) / 2 / BAND_DEG), 1) - 0.5
    cosine = np.cos(np.radians(band * BAND_DEG))
    eccentric = FLATTENING * (2 - FLATTENING)
    normal = 1 / np.sqrt(1 - eccentric * (1 - cosine**2))
    degree = np.radians(SEMI_MAJOR_M) * normal
    east, north = degree * cosine, degree * normal**2 * (1 - eccentric)
    return np.append(np.hypot(np.diff(lon) * east, np.diff(lat) * north), 0.0)


def edge_m(drawn: Drawn) -> Floats:
    """Return the length of each edge (m) as OSRM measures it."""
    along = np.concatenate([[0.0], _segment_m(drawn.shape)]).cumsum()
    return np.asarray(along[drawn.start[1:] - 1] - along[drawn.start[:-1]])


def write_equal(
    graph: Graph, turns: Sequence[Restriction], weights: NDArray[np.uint32], path: Path
) -> None:
    """Write a graph so that each edge is a way with its speeds as Sigang weighs it."""
    weight = by_key(graph, weights)
    drawn = draw(graph, weight)
    metres = edge_m(drawn)
    ways = (_way(drawn.nodes(e), weight, metres, e) for e in range(len(graph.edges)))
    shut = barriers(graph.edges, turns)
    nodes = {int(v) + 1: {"barrier": "yes"} for v in shut}
    relations = _relations(graph.edges, [turn for turn in turns if turn.via_node not in shut])
    write_osm(path, drawn.place, ways, relations, nodes)


def binding(turns: Sequence[Restriction]) -> list[Restriction]:
    """Return the restrictions that bind a car."""
    return [t for t in turns if not {"motorcar", "motor_vehicle", "vehicle"} & set(t.exempt)]


def barriers(edges: Edges, turns: Sequence[Restriction]) -> set[int]:
    """Return the nodes between two edges that no car passes; OSRM knows no restriction there."""
    count = np.bincount(np.concatenate([edges.tail, edges.head]))
    moves = {(turn.via_node, turn.edges) for turn in binding(turns) if turn.kind == "no"}
    return {
        node
        for node, pair in moves
        if node is not None and count[node] == 2 and (node, pair[::-1]) in moves
    }


def _way(
    nodes: list[int], weight: Ints, metres: Floats, edge: int
) -> tuple[list[int], dict[str, str]]:
    tags = {"highway": "road"}
    for name, value in zip("fb", weight[2 * edge : 2 * edge + 2].tolist(), strict=True):
        if value != INFINITE:
            tags[name] = f"{max(metres[edge] * 3600 / value, 1e-3):.9f}"
    return nodes, tags


def _relations(edges: Edges, turns: Sequence[Restriction]) -> Iterator[dict[str, Any]]:
    """Yield the restrictions that bind a car as relations."""
    for turn in binding(turns):
        first, *via, last = turn.edges
        node = turn.via_node
        if not via and node is None:
            node = next(iter({int(edges.tail[first]), int(edges.head[first])}
                             & {int(edges.tail[last]), int(edges.head[last])}))  # fmt: skip
        middle = [("w", e + 1, "via") for e in via] or [("n", int(node or 0) + 1, "via")]
        members = [("w", first + 1, "from"), *middle, ("w", last + 1, "to")]
        value = f"{turn.kind}_{'u_turn' if first == last else 'straight_on'}"
        yield {"tags": {"type": "restriction", "restriction": value}, "members": members}


def write_osm(
    path: Path,
    place: Floats,
    ways: Iterator[tuple[list[int], dict[str, str]]],
    relations: Iterable[dict[str, Any]] = (),
    node_tags: Mapping[int, dict[str, str]] | None = None,
) -> None:
    """Write nodes numbered from 1, ways in order, and restrictions."""
    made = path.with_name("new-" + path.name)
    made.unlink(missing_ok=True)
    tagged = node_tags or {}
    with osmium.SimpleWriter(str(made)) as writer:
        new = osmium.osm.mutable
        for i, at in enumerate(place.tolist(), 1):
            writer.add_node(new.Node(id=i, location=at, version=1, tags=tagged.get(i, {})))
        for i, (refs, tags) in enumerate(ways):
            writer.add_way(new.Way(id=i + 1, nodes=refs, tags=tags, version=1))
        for i, row in enumerate(relations):
            writer.add_relation(new.Relation(id=i + 1, version=1, **row))
    made.rename(path)

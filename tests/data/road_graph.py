"""The loaded road network as a matrix, for reference paths by plain Dijkstra."""

from dataclasses import dataclass

import numpy as np
import psycopg
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra


@dataclass
class Path:
    """A shortest path: length in metres and the edges by index."""

    length_m: float
    edges: list[int]


class RoadGraph:
    """All road edges of a database; `bundle`, `ref` and `key` are parallel to them."""

    def __init__(self, conn: psycopg.Connection) -> None:
        nodes = conn.execute(
            "SELECT id, ST_X(geom), ST_Y(geom) FROM sigang.node WHERE 'road' = ANY(modes)"
            " AND kind <> 'hub' ORDER BY id"
        ).fetchall()
        index = {row[0]: i for i, row in enumerate(nodes)}
        self.xy = np.array([row[1:] for row in nodes])
        edges = conn.execute(
            "SELECT from_node, to_node, length_m, oneway, coalesce(bundle, ''), coalesce(ref, ''),"
            " class, id FROM sigang.edge WHERE mode = 'road' ORDER BY id"
        ).fetchall()
        self.u = np.array([index[e[0]] for e in edges])
        self.v = np.array([index[e[1]] for e in edges])
        self.length_m = np.array([e[2] for e in edges])
        self.oneway = np.array([e[3] for e in edges])
        self.bundle = np.array([e[4] for e in edges])
        self.ref = np.array([e[5] for e in edges])
        self.class_ = np.array([e[6] for e in edges])
        self.id = [e[7] for e in edges]
        n = len(nodes)
        ones = csr_matrix((np.ones(len(edges)), (self.u, self.v)), (n, n))
        _, self.component = connected_components(ones, directed=False)
        self.main = int(np.bincount(self.component).argmax())

    def node_at(self, lon: float, lat: float) -> int:
        """Return the nearest node of the main component."""
        away = np.hypot((self.xy[:, 0] - lon) * 0.866, self.xy[:, 1] - lat)
        away[self.component != self.main] = np.inf
        return int(away.argmin())

    def path(self, start: int, end: int, closed: np.ndarray | None = None) -> Path | None:
        """Return the shortest path by length, without the closed edges."""
        graph, a, b, edge = self._matrix(closed)
        total, before = dijkstra(graph, indices=start, return_predecessors=True)
        if not np.isfinite(total[end]):
            return None
        by_ends = dict(zip((a * len(self.xy) + b).tolist(), edge.tolist(), strict=True))
        edges: list[int] = []
        while end != start:
            edges.append(by_ends[int(before[end]) * len(self.xy) + end])
            end = int(before[end])
        return Path(float(self.length_m[edges].sum()), edges[::-1])

    def reached(self, start: int, *, backwards: bool = False) -> np.ndarray:
        """Return which nodes can be reached from a node, or can reach it."""
        graph = self._matrix(None)[0]
        return np.isfinite(dijkstra(graph.T.tocsr() if backwards else graph, indices=start))

    def _matrix(self, closed: np.ndarray | None) -> tuple:
        is_open = np.ones(len(self.u), dtype=bool) if closed is None else ~closed
        ahead, back = np.flatnonzero(is_open), np.flatnonzero(is_open & ~self.oneway)
        edge = np.concatenate([ahead, back])
        a = np.concatenate([self.u[ahead], self.v[back]])
        b = np.concatenate([self.v[ahead], self.u[back]])
        order = np.lexsort((self.length_m[edge], b, a))
        a, b, edge = a[order], b[order], edge[order]
        first = np.append(True, (a[1:] != a[:-1]) | (b[1:] != b[:-1]))
        a, b, edge = a[first], b[first], edge[first]
        n = len(self.xy)
        return csr_matrix((np.maximum(self.length_m[edge], 0.01), (a, b)), (n, n)), a, b, edge

"""Everything within a limit of several sources, in either direction: Dijkstra's algorithm.

The search is scipy's on a sparse matrix. An extra node stands before the sources, with one arc to
each that costs its offset; the arrays keep room for these arcs, so that nothing is copied per call.
"""

from __future__ import annotations

from threading import Lock

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from routing.graph import Floats, Ints, expand

MOST_SOURCES = 4_096


class Sweep:
    """The arcs of a graph by the node that they leave, or by the one that they enter."""

    def __init__(self, tail: NDArray[np.uint32], head: NDArray[np.uint32], node_count: int) -> None:
        order = np.argsort(tail, kind="stable")
        self.node_count = node_count
        self._arc = order.astype(np.int32)
        self._far = np.zeros(len(tail) + MOST_SOURCES, np.int32)
        self._far[: len(tail)] = head[order]
        self._lock = Lock()
        self._first = np.zeros(node_count + 2, np.int32)
        self._first[1:-1] = np.cumsum(np.bincount(tail, minlength=node_count))

    def costs(self, weights: Floats) -> Floats:
        """Return weights by arc (infinite: may not pass) as `run` takes them."""
        room = np.zeros(len(self._far), np.float64)
        room[: len(self._arc)] = weights[self._arc]
        return room

    def run(self, costs: Floats, sources: Ints, offsets: Ints, limit: float) -> tuple[Ints, Ints]:
        """Return the nodes within `limit` of the sources, and how far each one is.

        One caller at a time: `costs` holds the arcs to the sources meanwhile.
        """
        if len(sources) > MOST_SOURCES:
            raise ValueError(f"more than {MOST_SOURCES} sources")
        begin, size = len(self._arc), self.node_count + 1
        end = begin + len(sources)
        with self._lock:
            self._far[begin:end], costs[begin:end], self._first[-1] = sources, offsets, end
            matrix = csr_matrix((costs[:end], self._far[:end], self._first), shape=(size, size))
            (lengths,) = dijkstra(matrix, indices=[self.node_count], limit=limit)
        nodes = np.flatnonzero(np.isfinite(lengths[:-1]))
        return nodes, lengths[nodes].astype(np.int64)

    def arcs(self, nodes: Ints) -> tuple[Ints, Ints]:
        """Return the arcs of nodes, and for each one the position of its node in `nodes`."""
        first = self._first[nodes].astype(np.int64)
        counts = self._first[nodes + 1] - first
        owner = np.repeat(np.arange(len(nodes)), counts)
        return self._arc[expand(first, counts)].astype(np.int64), owner

"""Which arcs meet at a node: built once for a graph, whoever searches along them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.graph.weights import Ints, Signed


def expand(starts: Ints, counts: Ints) -> Ints:
    """Return the concatenation of the ranges `starts[i] : starts[i] + counts[i]`."""
    total = int(counts.sum())
    if total == 0:
        return np.zeros(0, np.int64)
    ends = np.cumsum(counts)
    return np.asarray(np.arange(total) + np.repeat(starts - (ends - counts), counts), np.int64)


def grouped(group: NDArray[np.integer], count: int) -> tuple[Signed, Signed]:
    """Return where each of `count` groups begins, and the items by group, in their order.

    Parameters
    ----------
    group
        The number of each item's group.
    count
        How many groups there are; their numbers are below it.

    Returns
    -------
    first (count + 1,), item (len(group),)
        Of group `g` the items are `item[first[g] : first[g + 1]]`.
    """
    first = np.zeros(count + 1, np.int32)
    first[1:] = np.cumsum(np.bincount(group, minlength=count))
    return first, np.argsort(group, kind="stable").astype(np.int32)


class Adjacency(NamedTuple):
    """Arcs, or keys, by the node at one of their ends.

    `first[n] : first[n + 1]` are the places of node `n` in `arc`, the numbers of its arcs in
    ascending order, and in `far`, the nodes at their other ends. `first` is (nodes + 1,), the
    others are (arcs,).
    """

    first: Signed
    arc: Signed
    far: Signed

    @classmethod
    def of(cls, near: NDArray[np.integer], far: NDArray[np.integer], node_count: int) -> Adjacency:
        """Group arcs (arrays by arc) by the node `near`."""
        first, arc = grouped(near, node_count)
        return cls(first, arc, far[arc].astype(np.int32))

    def at(self, node: int) -> Signed:
        """Return the arcs of one node."""
        return self.arc[self.first[node] : self.first[node + 1]]

    def arcs_of(self, nodes: Ints) -> tuple[Ints, Ints]:
        """Return the arcs of nodes, and for each one the position of its node in `nodes`."""
        first = self.first[nodes].astype(np.int64)
        counts = self.first[nodes + 1] - first
        owner = np.repeat(np.arange(len(nodes)), counts)
        return self.arc[expand(first, counts)].astype(np.int64), owner

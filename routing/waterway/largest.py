"""The largest vessel from A to B in each dimension, and the edge that limits it.

The largest size that passes is the greatest bottleneck of all ways: the greatest threshold at which
the edges that admit it still join the two places. Thresholds are the sizes that edges admit, halved
by search; whether they join the places is looked at anew for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # loads its heavy parts when they are first used

from routing.graph.graph import Graph
from routing.graph.weights import Bools, Floats, Ints
from routing.index.snap import SnapPoint

Spots = Sequence[SnapPoint]


@dataclass(frozen=True)
class Bottleneck:
    """The largest size, -inf where there is no way and inf where no limit is known, and its edges.

    `edges` are those of a way that admits it, in order; `limiting` is the one that admits least.
    """

    size: float
    edges: list[int]
    limiting: int | None


def bottleneck(
    graph: Graph, passable: Bools, capacity: Floats, sources: Spots, targets: Spots
) -> Bottleneck:
    """Return the greatest bottleneck between two places.

    Parameters
    ----------
    graph, passable
        The network, and the keys that may be used at all.
    capacity
        By edge, what passes at most.
    sources, targets
        Spots of the two places, each on an edge that is passed in part.
    """
    sizes = np.unique(capacity[capacity > -np.inf])
    low, high = 0, len(sizes) - 1
    best: list[int] | None = None
    while low <= high:
        middle = (low + high) // 2
        way = _way(graph, passable, capacity >= sizes[middle], sources, targets)
        if way is None:
            high = middle - 1
        else:
            best, low = way, middle + 1
    if best is None:
        return Bottleneck(-np.inf, [], None)
    limiting = min(best, key=lambda edge: float(capacity[edge]))
    size = float(capacity[limiting])
    return Bottleneck(size, best, limiting if np.isfinite(size) else None)


def _way(
    graph: Graph, passable: Bools, wide: Bools, sources: Spots, targets: Spots
) -> list[int] | None:
    """Return the edges of some way over wide edges, None where there is none."""
    direct = _along(passable, wide, sources, targets)
    if direct is not None:
        return direct
    arcs, count = graph.arcs, graph.node_count
    open_ = np.flatnonzero(passable[arcs.key] & wide[arcs.edge])
    leave = _ends(graph, passable, wide, sources, leaving=True)
    reach = _ends(graph, passable, wide, targets, leaving=False)
    if not leave or not reach:
        return None
    begin = list(leave)
    tail = np.concatenate([arcs.tail[open_], np.full(len(begin), count)]).astype(np.int64)
    head = np.concatenate([arcs.head[open_], begin]).astype(np.int64)
    shape = count + 1, count + 1
    matrix = scipy.sparse.coo_matrix((np.ones(len(tail), np.int8), (tail, head)), shape=shape)
    order, before = scipy.sparse.csgraph.breadth_first_order(matrix.tocsr(), count)
    reached = set(order.tolist()) & set(reach)
    if not reached:
        return None
    node = min(reached)
    edges = [reach[node]]
    by_ends = _by_ends(graph, open_)
    while before[node] != count:
        edges.append(by_ends[int(before[node]), node])
        node = int(before[node])
    return [*dict.fromkeys([leave[node], *reversed(edges)])]


def _along(passable: Bools, wide: Bools, sources: Spots, targets: Spots) -> list[int] | None:
    """Return the edge that both places are on where one is reached along it."""
    for source in sources:
        for target in targets:
            if source.edge == target.edge and wide[source.edge]:
                against = target.fraction < source.fraction
                if passable[2 * source.edge + against]:
                    return [source.edge]
    return None


def _ends(
    graph: Graph, passable: Bools, wide: Bools, spots: Spots, *, leaving: bool
) -> dict[int, int]:
    """Return the nodes that are reached from spots along their edges, or left towards them."""
    arcs = graph.arcs
    found: dict[int, int] = {}
    for spot in spots:
        for way in (0, 1):
            key = 2 * spot.edge + way
            if wide[spot.edge] and passable[key]:
                chosen = np.arange(arcs.first[key], arcs.first[key + 1])
                nodes = arcs.head[chosen] if leaving else arcs.tail[chosen]
                found.update({int(node): spot.edge for node in nodes.tolist()})
    return found


def _by_ends(graph: Graph, arcs: Ints) -> dict[tuple[int, int], int]:
    """Return the edge of some arc between two nodes; of parallel ones all are wide enough."""
    tail, head, edge = graph.arcs.tail[arcs], graph.arcs.head[arcs], graph.arcs.edge[arcs]
    return dict(zip(zip(tail.tolist(), head.tolist(), strict=True), edge.tolist(), strict=True))

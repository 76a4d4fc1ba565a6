"""The order in which the nodes of a graph are contracted: made anew, or that of an older graph.

A new one comes from a library (pyroutingkit, RoutingKit's nested dissection by inertial flow); it
trusts its caller with node numbers, so they are checked first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyroutingkit
from numpy.typing import NDArray

from routing.graph.graph import Graph, Ids
from routing.graph.weights import Bools, Floats, Ints, Numbers, Signed

MOST_NEW = 0.05
"""Share of nodes that an older graph may lack before an order of its own is made."""
LEAST_LEFT = 0.5
"""Share of an older graph's nodes that must be left."""
_COPIES = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], np.uint64)


def ranks_of(graph: Graph) -> Numbers:
    """Return the rank of each node in an order that cuts the graph by few nodes again and again."""
    return _dissected(graph.arcs.tail, graph.arcs.head, graph.lon, graph.lat)


def ranks_after(
    old: Graph, rank: Numbers, parent: Signed, graph: Graph, most_new: float = MOST_NEW
) -> Numbers | None:
    """Return ranks in which the nodes that an older graph has too keep its order.

    New nodes come first, in an order of their own: they are contracted into the ends of the streets
    that lead to them. Where new streets join what the order has cut apart, their ends are lifted
    into the cut. None where too many nodes are new, or too few of the old ones are left.

    Parameters
    ----------
    old, rank, parent
        The older graph, and its hierarchy's arrays (see `routing.cch.hierarchy.Hierarchy`).
    graph, most_new
        The graph of now, and the share of new nodes beyond which there is no such order.
    """
    place, count = _same_nodes(old, graph), graph.node_count
    new = place < 0
    fresh = int(new.sum())
    if fresh > most_new * count or count < LEAST_LEFT * old.node_count:
        return None
    position = np.empty(count, np.float64)
    position[~new] = fresh + rank[place[~new]].astype(np.int64)
    position[new] = _among(graph, new)
    number = np.full(old.node_count, -1, np.int64)
    number[rank[place[~new]]] = np.flatnonzero(~new)
    for low, above in _lifted(_joined(old, rank, graph, place), parent.tolist()):
        node = number[low]
        position[node] = max(position[node], fresh + above - 0.5)
    ranks = np.empty(count, np.uint32)
    ranks[np.argsort(position, kind="stable")] = np.arange(count, dtype=np.uint32)
    return ranks


def _joined(old: Graph, rank: Numbers, graph: Graph, place: Ints) -> Iterator[list[int]]:
    """Yield the old ranks of nodes that new streets join, new nodes between them or not."""
    tail, head = place[graph.arcs.tail], place[graph.arcs.head]
    both = (tail >= 0) & (head >= 0) & (tail != head)
    joined_before = _pairs(old.arcs.tail, old.arcs.head)
    pairs = np.unique(_pairs(tail[both], head[both]))
    for pair in pairs[~np.isin(pairs, joined_before)].tolist():
        yield sorted((int(rank[pair >> 32]), int(rank[pair & 0xFFFFFFFF])), reverse=True)
    ends: dict[int, set[int]] = {}
    part = _parts(graph, place < 0)
    edge = (tail < 0) != (head < 0)
    known_end = np.where(tail < 0, head, tail)[edge]
    new_end = np.where(tail < 0, graph.arcs.tail, graph.arcs.head)[edge]
    for known_node, new_node in zip(known_end.tolist(), new_end.tolist(), strict=True):
        ends.setdefault(part(new_node), set()).add(int(rank[known_node]))
    yield from (sorted(some, reverse=True) for some in ends.values())


def _parts(graph: Graph, chosen: Bools) -> Callable[[int], int]:
    """Return what names the part of a few chosen nodes that one of them is connected with."""
    tail, head = graph.arcs.tail, graph.arcs.head
    inside = chosen[tail] & chosen[head]
    toward: dict[int, int] = {}

    def part(node: int) -> int:
        while (further := toward.get(node, node)) != node:
            toward[node] = toward.get(further, further)
            node = further
        return node

    for one, other in zip(tail[inside].tolist(), head[inside].tolist(), strict=True):
        toward[part(one)] = part(other)
    return part


def _lifted(joined: Iterable[list[int]], parent: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield (rank, rank above all that it must outrank) of nodes to be lifted.

    Nodes that are joined must lie one above the other in the elimination tree.
    """
    for ranks in joined:
        lowest = ranks[0]
        for rank in ranks[1:]:
            one, other = lowest, rank
            while one != other and one >= 0 and other >= 0:
                if one < other:
                    one = parent[one]
                else:
                    other = parent[other]
            if one == lowest == other:
                lowest = rank
            else:
                yield rank, one if one == other else len(parent)


def _pairs(tail: NDArray[Any], head: NDArray[Any]) -> NDArray[np.int64]:
    low, high = np.minimum(tail, head), np.maximum(tail, head)
    return np.asarray(low.astype(np.int64) << 32 | high.astype(np.int64), np.int64)


def _among(graph: Graph, chosen: Bools) -> Numbers:
    """Return ranks of some nodes among themselves."""
    number = np.cumsum(chosen) - 1
    inside = chosen[graph.arcs.tail] & chosen[graph.arcs.head]
    tail, head = (number[end[inside]] for end in (graph.arcs.tail, graph.arcs.head))
    return _dissected(
        tail.astype(np.uint32), head.astype(np.uint32), graph.lon[chosen], graph.lat[chosen]
    )


def _dissected(tail: Numbers, head: Numbers, lon: Floats, lat: Floats) -> Numbers:
    """Return the rank of each node in an order by nested dissection."""
    count = len(lon)
    if count == 0 or not len(tail):
        return np.arange(count, dtype=np.uint32)
    if max(int(tail.max()), int(head.max())) >= count:
        raise ValueError(f"an arc ends outside the nodes 0..{count - 1}")
    ordered = pyroutingkit.CCHTopology()
    ordered.build(tail, head, lat.astype(np.float32), lon.astype(np.float32), count)
    with TemporaryDirectory() as folder:
        ordered.save(folder)
        return np.fromfile(Path(folder) / "rank", np.uint32)


def _same_nodes(old: Graph, graph: Graph) -> Ints:
    """Return the node of an older graph that each node is, -1 for the new ones."""
    before, known = _names(old)
    names, named = _names(graph)
    at = np.flatnonzero(known)
    found = Ids(before[at]).find_all(names[named])
    same = np.full(graph.node_count, -1, np.int64)
    same[named] = np.where(found >= 0, at[np.maximum(found, 0)] if len(at) else -1, -1)
    return same


def _names(graph: Graph) -> tuple[NDArray[np.uint64], Bools]:
    """Return what each node is known by (n, 2) in any graph of these roads, and which have a name.

    A node of the roads has its id. The copy of a restricted junction is known by the way into it;
    a copy that only a longer way leads to has no name.
    """
    base, arcs = len(graph.edges.node_ids), graph.arcs
    names = np.zeros((graph.node_count, 2), np.uint64)
    named = np.arange(graph.node_count) < base
    names[:base] = graph.edges.node_ids
    keys = np.flatnonzero(arcs.first[:-1] < arcs.first[1:])
    entered = arcs.head[arcs.first[keys]]
    keys, copies = keys[entered >= base], entered[entered >= base]
    names[copies] = graph.edges.ids[keys >> 1]
    names[copies, 0] ^= _COPIES[keys & 1]
    named[copies] = True
    return names, named

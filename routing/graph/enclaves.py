"""The core of a network for one vehicle, and the enclaves outside it.

The core is the main network that through traffic uses. An *enclave* hangs together outside it over
roads of which some are open at the ends of a path only: an estate, the yard of a terminal, streets
behind a gate. A path may leave an enclave that it begins in and enter the one that it ends in; no
path passes one on its way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import scipy  # loads its heavy parts when they are first used

from routing.graph.graph import Graph
from routing.graph.weights import Bools, Ints, Signed, Weights


class Used(NamedTuple):
    """The arcs (masks) that a vehicle may use.

    `ever` are those of roads open to it, whoever passes their barriers; `at_ends` those that it may
    use at the ends of a path, `through` anywhere.
    """

    ever: Bools
    at_ends: Bools
    through: Bools


@dataclass(frozen=True)
class Enclaves:
    """The enclaves of a network.

    `of_node` is the number of a node's enclave, -1 outside any. `arcs` are those with an end in an
    enclave, by enclave: of enclave `e` they are `arcs[first[e] : first[e + 1]]`, and `place` is by
    arc where it stands there, -1 where it does not. `private` are all arcs (a mask) that are open
    at the ends of a path only; `idle` are those of them that no path uses: through a gate from the
    core to one of its own roads. `back_ms` is by arc what it costs more right after the same edge.
    """

    of_node: Signed
    arcs: Ints
    first: Ints
    place: Signed
    private: Bools
    idle: Bools
    back_ms: Signed


@dataclass(frozen=True)
class Core:
    """The edges (a mask) of the core, and the enclaves outside it, None where there are none.

    `joined` are those of the core and of what is left to it and entered from it at ends of paths.
    """

    edges: Bools
    joined: Bools
    enclaves: Enclaves | None


class AtEnds(NamedTuple):
    """What holds at the ends of paths alone: weights by arc, and where they reach to."""

    weights: Weights
    enclaves: Enclaves


def find_core(graph: Graph, used: Used, least: int, back_ms: Signed) -> Core:
    """Return the core: what hangs together in large parts.

    Parameters
    ----------
    graph, used
        A network, and the arcs that a vehicle may use.
    least
        Nodes of a part that is no island. A part that is cut off from a larger one only by what is
        open to others, or at the ends of a path, is outside the core however large it is. To its
        own enclaves an island is the core.
    back_ms
        By arc what it costs more right after the same edge (ms, or `INFINITE`).
    """
    arcs = graph.arcs
    whole, own = _parts(graph, used.ever), _parts(graph, used.through)
    sizes = np.bincount(own, minlength=1)
    largest = np.zeros(int(whole.max(initial=0)) + 1, np.int64)
    np.maximum.at(largest, whole, sizes[own])
    inside = (sizes[own] >= min(least, int(sizes.max()))) & (sizes[own] == largest[whole])
    edges = np.zeros(len(graph.edges), np.bool_)
    edges[arcs.edge[used.through & inside[arcs.tail] & inside[arcs.head]]] = True
    private = used.at_ends & ~used.through
    if not private.any():
        return Core(edges, edges, None)
    main = _largest(whole, own, sizes, inside)
    apart = _parts(graph, used.ever, "weak")
    served = np.zeros(int(apart.max(initial=0)) + 1, np.bool_)
    served[apart[main]] = True
    large = _leading_on(graph, main, used.through)
    main = main | _largest(apart, own, sizes, ~served[apart])
    main = _leading_on(graph, main, used.through)
    within = main[arcs.tail] & main[arcs.head]
    public = np.zeros(2 * len(graph.edges), np.bool_)
    public[arcs.key[used.through & within]] = True
    idle = private & within & public[arcs.key]
    open_ = used.at_ends & ~idle
    enclaves = _enclose(graph, ~main, open_, private & ~idle, idle, back_ms)
    return Core(edges, edges | _joined(graph, enclaves, large, open_), enclaves)


def _parts(graph: Graph, kept: Bools, connection: Literal["strong", "weak"] = "strong") -> Ints:
    """Return the part of each node, by the arcs kept."""
    count = graph.node_count
    ends = graph.arcs.tail[kept], graph.arcs.head[kept]
    matrix = scipy.sparse.coo_matrix((np.ones(len(ends[0]), np.int8), ends), shape=(count, count))
    label = scipy.sparse.csgraph.connected_components(matrix, connection=connection)[1]
    return np.asarray(label, np.int64)


def _largest(whole: Ints, own: Ints, sizes: Ints, among: Bools) -> Bools:
    """Return the nodes of the largest part of each whole, of equal ones that of its first node."""
    nodes = np.flatnonzero(among)
    order = nodes[np.argsort(-sizes[own[nodes]], kind="stable")]
    _, first = np.unique(whole[order], return_index=True)
    chosen = np.zeros(len(sizes), np.bool_)
    chosen[own[order[first]]] = True
    return np.asarray(chosen[own], np.bool_)


def _leading_on(graph: Graph, core: Bools, through: Bools) -> Bools:
    """Add the copies of the core's junctions from which through traffic goes on in the core.

    Only private roads lead to them, as restrictions of turns begin on these.
    """
    arcs, edges = graph.arcs, graph.edges
    ends = np.column_stack([edges.tail, edges.head]).ravel()
    junction = np.zeros(graph.node_count, np.int64)
    junction[arcs.tail], junction[arcs.head] = ends[arcs.key], ends[arcs.key ^ 1]
    known = np.zeros(len(core) + 1, np.bool_)
    known[junction[core]] = True
    beside = known[junction]
    tail, head = (side[through & beside[arcs.tail]] for side in (arcs.tail, arcs.head))
    while True:
        grown = tail[core[head] & ~core[tail]]
        if not len(grown):
            return core
        core = core.copy()
        core[grown] = True


def _joined(graph: Graph, enclaves: Enclaves, core: Bools, at_ends: Bools) -> Bools:
    """Return the edges of enclaves that are left to the core and entered from it."""
    arcs, of_node = graph.arcs, enclaves.of_node
    count = len(enclaves.first) - 1
    both = np.ones(count + 1, np.bool_)
    for near, far in ((arcs.tail, arcs.head), (arcs.head, arcs.tail)):
        led = np.zeros(count + 1, np.bool_)
        led[of_node[near[at_ends & core[far]]]] = True
        both &= led
    both[count] = False  # that of nodes in none
    mine = at_ends & (both[of_node[arcs.tail]] | both[of_node[arcs.head]])
    mine |= enclaves.private & core[arcs.tail] & core[arcs.head]
    edges = np.zeros(len(graph.edges), np.bool_)
    edges[arcs.edge[mine]] = True
    return edges


def _enclose(
    graph: Graph, outside: Bools, at_ends: Bools, private: Bools, idle: Bools, back_ms: Signed
) -> Enclaves:
    tail, head = graph.arcs.tail, graph.arcs.head
    part = _parts(graph, at_ends & outside[tail] & outside[head], "weak")
    chosen = np.zeros(int(part.max(initial=0)) + 1, np.bool_)
    for side in (tail[private], head[private]):
        chosen[part[side[outside[side]]]] = True
    number = np.where(chosen, np.cumsum(chosen) - 1, -1)
    of_node = np.where(outside, number[part], -1).astype(np.int32)
    of_arc = np.where(at_ends, np.maximum(of_node[tail], of_node[head]), -1)
    order = np.argsort(of_arc, kind="stable")
    arcs = order[np.searchsorted(of_arc[order], 0) :]
    place = np.full(len(tail), -1, np.int32)
    place[arcs] = np.arange(len(arcs))
    first = np.searchsorted(of_arc[arcs], np.arange(int(chosen.sum()) + 1))
    return Enclaves(of_node, arcs, first.astype(np.int64), place, private, idle, back_ms)

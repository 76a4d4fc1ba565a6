"""From a place on an edge to the nodes of the search, and back: which ways lead off and to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from routing.cch.engine import Engine
from routing.graph.graph import Graph
from routing.graph.weights import Floats
from routing.index.snap import SnapPoint
from routing.query.enclave import Ends, driven_from, driven_to, enclosed, find_gates
from routing.query.leg_kernels import find_ends


class End(NamedTuple):
    """A way to leave or reach a spot.

    It runs over `arc` of `key`, and `arcs` of an enclave, and meets the search at `node`; the spot
    lies at the share `along` (0..1 in driving direction), `cost` (ms) is that of what lies between
    the spot and the node.
    """

    spot: SnapPoint
    key: int
    arc: int
    node: int
    along: float
    cost: float
    arcs: tuple[int, ...] = ()


def leaving(graph: Graph, engine: Engine, spots: Sequence[SnapPoint]) -> list[End]:
    """Return every way to drive off from spots, out of an enclave to the core."""
    return _listed(graph, engine, spots, backward=False)


def arriving(graph: Graph, engine: Engine, spots: Sequence[SnapPoint]) -> list[End]:
    """Return every way to come to spots; a restricted junction before one gives several."""
    return _listed(graph, engine, spots, backward=True)


def ends_of(graph: Graph, engine: Engine, spots: Sequence[SnapPoint], *, backward: bool) -> Ends:
    """Return the ends of spots: on which node each way off them, or to them, meets the network."""
    arcs, at_ends = graph.arcs, engine.at_ends
    weights = engine.weights if at_ends is None else at_ends.weights
    node = arcs.tail if backward else arcs.head
    return Ends(*find_ends(flat(spots), arcs.first, weights, *engine.fixed, node, not backward))


def flat(spots: Sequence[SnapPoint]) -> Floats:
    """Return edge, fraction and ways of spots one after another, as kernels take them."""
    numbers = [number for s in spots for number in (s.edge, s.fraction, s.ways)]
    return np.array(numbers, np.float64)


def _listed(
    graph: Graph, engine: Engine, spots: Sequence[SnapPoint], *, backward: bool
) -> list[End]:
    ends, at_ends = ends_of(graph, engine, spots, backward=backward), engine.at_ends
    rows = zip(*(column.tolist() for column in ends), strict=True)
    plain = [
        End(spots[int(spot)], int(key), int(arc), node, along, cost)
        for node, cost, (key, arc, along, spot) in rows
    ]
    if at_ends is None or not enclosed(at_ends, ends.nodes):
        return plain
    gates = find_gates(graph, at_ends, ends, backward=backward)
    driven = driven_from if backward else driven_to
    found = []
    for node, cost, state in zip(*(column.tolist() for column in gates[:3]), strict=True):
        row, arcs = driven(at_ends.enclaves, gates, state)
        found.append(plain[row]._replace(node=node, cost=cost, arcs=tuple(arcs.tolist())))
    return found

"""From a place on an edge to the nodes of the search, and back: which ways lead off and to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from routing.graph import Floats, Graph, Ints, Weights
from routing.leg_kernels import find_ends
from routing.snap import Spot


class End(NamedTuple):
    """A way to leave or reach a spot.

    It runs over `arc` of `key` and meets the search at `node`; the spot lies at the share `along`
    (0..1 in driving direction), `cost` (ms) is that of the part between the spot and the node.
    """

    spot: Spot
    key: int
    arc: int
    node: int
    along: float
    cost: float


class Ends(NamedTuple):
    """The ways to leave or reach some spots: node, cost (ms), and the table of `leg_kernels`."""

    nodes: Ints
    costs: Floats
    table: Floats


def find_outs(graph: Graph, weights: Weights, spots: Sequence[Spot]) -> Ends:
    """Return every way to drive off from spots."""
    arcs = graph.arcs
    return Ends(*find_ends(_flat(spots), arcs.first, weights, arcs.head, True))


def find_intos(graph: Graph, weights: Weights, spots: Sequence[Spot]) -> Ends:
    """Return every way to come to spots; a restricted junction before one gives several."""
    arcs = graph.arcs
    return Ends(*find_ends(_flat(spots), arcs.first, weights, arcs.tail, False))


def leaving(graph: Graph, weights: Weights, spots: Sequence[Spot]) -> list[End]:
    """Return every way to drive off from spots, one by one."""
    return _listed(spots, find_outs(graph, weights, spots))


def arriving(graph: Graph, weights: Weights, spots: Sequence[Spot]) -> list[End]:
    """Return every way to come to spots, one by one."""
    return _listed(spots, find_intos(graph, weights, spots))


def _flat(spots: Sequence[Spot]) -> Floats:
    return np.array([number for spot in spots for number in (spot.edge, spot.fraction)], np.float64)


def _listed(spots: Sequence[Spot], ends: Ends) -> list[End]:
    rows = zip(ends.nodes.tolist(), ends.costs.tolist(), ends.table.tolist(), strict=True)
    return [
        End(spots[int(spot)], int(key), int(arc), node, along, cost)
        for node, cost, (key, arc, along, spot) in rows
    ]

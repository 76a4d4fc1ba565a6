"""From a place on an edge to the nodes of the search, and back: which ways lead off and to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from routing.graph.graph import Graph
from routing.graph.weights import Floats, Ints, Weights
from routing.index.snap import SnapPoint
from routing.query.leg_kernels import find_ends


class End(NamedTuple):
    """A way to leave or reach a spot.

    It runs over `arc` of `key` and meets the search at `node`; the spot lies at the share `along`
    (0..1 in driving direction), `cost` (ms) is that of the part between the spot and the node.
    """

    spot: SnapPoint
    key: int
    arc: int
    node: int
    along: float
    cost: float


class Ends(NamedTuple):
    """Many ends: their nodes, costs (ms), and the table of `leg_kernels`; sorted by spot."""

    nodes: Ints
    costs: Floats
    table: Floats


def leaving(graph: Graph, weights: Weights, spots: Sequence[SnapPoint]) -> list[End]:
    """Return every way to drive off from spots."""
    arcs = graph.arcs
    return _listed(spots, Ends(*find_ends(flat(spots), arcs.first, weights, arcs.head, True)))


def arriving(graph: Graph, weights: Weights, spots: Sequence[SnapPoint]) -> list[End]:
    """Return every way to come to spots; a restricted junction before one gives several."""
    arcs = graph.arcs
    return _listed(spots, Ends(*find_ends(flat(spots), arcs.first, weights, arcs.tail, False)))


def flat(spots: Sequence[SnapPoint]) -> Floats:
    """Return edge, fraction and ways of spots one after another, as kernels take them."""
    numbers = [number for s in spots for number in (s.edge, s.fraction, s.ways)]
    return np.array(numbers, np.float64)


def _listed(spots: Sequence[SnapPoint], ends: Ends) -> list[End]:
    rows = zip(*(column.tolist() for column in ends), strict=True)
    return [
        End(spots[int(spot)], int(key), int(arc), node, along, cost)
        for node, cost, (key, arc, along, spot) in rows
    ]

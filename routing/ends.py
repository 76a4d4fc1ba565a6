"""From a place on an edge to the nodes of the search, and back: which ways lead off and to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from routing.engine import INFINITE
from routing.graph import Graph, Weights
from routing.snap import Spot


@dataclass(frozen=True, slots=True)
class End:
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


def along(spot: Spot, key: int) -> float:
    """Return the share (0..1) of a spot along its edge in the direction of a key."""
    return 1 - spot.fraction if key & 1 else spot.fraction


def leaving(graph: Graph, weights: Weights, spots: Sequence[Spot]) -> list[End]:
    """Return every way to drive off from spots."""
    ends = []
    for spot in spots:
        for key in (2 * spot.edge, 2 * spot.edge + 1):
            first, last = graph.arcs.first[key], graph.arcs.first[key + 1]
            if first == last or weights[first] == INFINITE:
                continue
            share = along(spot, key)
            cost = float(weights[first]) * (1 - share)
            ends.append(End(spot, key, int(first), graph.start_node(key), share, cost))
    return ends


def arriving(graph: Graph, weights: Weights, spots: Sequence[Spot]) -> list[End]:
    """Return every way to come to spots; a restricted junction before one gives several."""
    ends = []
    for spot in spots:
        for key in (2 * spot.edge, 2 * spot.edge + 1):
            share = along(spot, key)
            for node, arc in graph.end_nodes(key):
                if weights[arc] != INFINITE:
                    ends.append(End(spot, key, arc, node, share, float(weights[arc]) * share))
    return ends

"""What drives amount to beside the weight that the search minimises."""

from __future__ import annotations

import numpy as np

from routing.cch.engine import Measure
from routing.cost.profile import Costs
from routing.graph.graph import Graph
from routing.graph.weights import INFINITE, Weights, driving

CM_PER_M = 100


def lengths_of(graph: Graph) -> Measure:
    """Return the measure of the length driven, in cm."""

    def by_arc(_: Weights) -> Weights:
        return np.round(graph.edges.length_m[graph.arcs.edge] * CM_PER_M).astype(np.uint32)

    return Measure("length", by_arc)


def weighed_more(graph: Graph, costs: Costs) -> Measure | None:
    """Return the measure of what arcs weigh more than driving along them takes, in ms.

    None where nothing does. Turning round and what is met on the way weigh what they take.
    """
    heavy = costs.factor > 1
    if not heavy.any():
        return None

    def by_arc(weights: Weights) -> Weights:
        arcs = np.arange(len(graph.arcs))
        factor = costs.factor[graph.arcs.edge]
        more = np.maximum(driving(weights, costs.fixed, arcs), 0) * (1 - 1 / factor)
        return np.where(weights < INFINITE, np.round(more), 0).astype(np.uint32)

    return Measure("weighed more", by_arc)

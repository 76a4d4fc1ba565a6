"""How far one comes into enclaves within a limit, from the core and from a place in one."""

from __future__ import annotations

import numpy as np

from routing.cch.dijkstra import within
from routing.graph.enclaves import AtEnds
from routing.graph.graph import Graph
from routing.graph.weights import INFINITE, Ints, Weights
from routing.query.enclave import Ends


def reach_enclaves(
    graph: Graph,
    at_ends: AtEnds,
    weights: Weights,
    near: tuple[Ints, Ints],
    own: Ends,
    limit: int,
    *,
    backward: bool,
) -> tuple[Ints, Ints]:
    """Return the arcs driven within a limit in enclaves and on private roads beside the core.

    Beside the arcs stands how far the end is that is reached first. `weights` (by arc) are those of
    through traffic; `near` are nodes reached by it, and how far each is; `own` are the ends of the
    places begun at: of those in an enclave one drives on there. `limit` is in the unit of the
    weights; `backward` is towards the places.
    """
    enclaves, arcs = at_ends.enclaves, graph.arcs
    beside = graph.inward if backward else graph.outward
    onto = arcs.tail if backward else arcs.head
    inner = enclaves.arcs[enclaves.of_node[onto[enclaves.arcs]] >= 0]
    inside = np.full(len(arcs), INFINITE, np.uint32)
    inside[inner] = at_ends.weights[inner]
    begun = enclaves.of_node[own.nodes] >= 0
    nodes, far = within(
        beside, inside, np.concatenate([near[0], own.nodes[begun]]),
        np.concatenate([near[1], np.round(own.costs[begun]).astype(np.int64)]), limit,
    )  # fmt: skip
    found, owner = beside.arcs_of(nodes)
    enclosed = enclaves.of_node[nodes[owner]] >= 0
    kept = (at_ends.weights[found] < INFINITE) & (enclosed | (weights[found] == INFINITE))
    return found[kept], far[owner[kept]]

"""From places in an enclave to the core and back, and between places in one enclave.

No path passes an enclave on its way, so that the hierarchy knows nothing of roads that are open at
the ends of paths only. A place in an enclave is joined with the core by a search over that enclave
alone (Dijkstra over its arcs); each way found is to the hierarchy one more way to leave a place.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from routing.cch.arc_search import NOWHERE
from routing.graph.enclaves import AtEnds, Enclaves
from routing.graph.graph import Graph
from routing.graph.weights import Floats, Ints, Weights
from routing.query.enclave_kernels import arrive, measured, spread, unwind
from routing.query.leg_kernels import ALONG, ARC, KEY


class Ends(NamedTuple):
    """The ends of places: their nodes, costs (ms), and the table of `leg_kernels`, by spot."""

    nodes: Ints
    costs: Floats
    table: Floats

    def of(self, rows: Ints | slice) -> Ends:
        """Return some of the ends."""
        return Ends(self.nodes[rows], self.costs[rows], self.table[rows])

    def keys(self, *, backward: bool) -> Ints:
        """Return the keys of the ends, `NOWHERE` where nothing of one is driven."""
        along = self.table[:, ALONG]
        driven = along > 0 if backward else along < 1
        return np.where(driven, self.table[:, KEY], NOWHERE).astype(np.int64)

    @property
    def arcs(self) -> Ints:
        """The arcs of the ends."""
        return self.table[:, ARC].astype(np.int64)


class Gates(NamedTuple):
    """The ways from ends to the core, or from it to them, with the cost (ms) to a `node` of it.

    `state` is a way's last state in the enclave (`enclave_kernels`), below 0 where the end lies on
    the core: then it is end `-1 - state`. `key` and `arc` are those next to the node. `lengths`,
    `came` and `low` tell of all states.
    """

    node: Ints
    cost: Floats
    state: Ints
    key: Ints
    arc: Ints
    low: int
    lengths: Floats
    came: Ints


class Inside(NamedTuple):
    """The cheapest ways inside enclaves to some places: ms, the last state, and the end come to."""

    cost: Floats
    state: Ints
    end: Ints


class Stretch(NamedTuple):
    """How many keys at the begin of a leg lie before the core, or at its end behind it.

    `arcs` are those among them, or through a barrier, that are open at the ends of a path only.
    """

    driven: int
    arcs: Ints


def enclosed(at_ends: AtEnds | None, *nodes: Ints) -> bool:
    """Tell whether one of the nodes of ends lies in an enclave."""
    if at_ends is None:
        return False
    of_node = at_ends.enclaves.of_node
    return any(bool((of_node[some] >= 0).any()) for some in nodes)


def find_gates(graph: Graph, at_ends: AtEnds, ends: Ends, *, backward: bool) -> Gates:
    """Return the ways from the ends of a place to the core, or backward those from it to them."""
    enclaves, arcs = at_ends.enclaves, graph.arcs
    beside, onto = (graph.inward, arcs.tail) if backward else (graph.outward, arcs.head)
    keys, end_arcs = ends.keys(backward=backward), ends.arcs
    low, lengths, came = spread(
        beside.first, beside.arc, onto, arcs.key, enclaves.back_ms, at_ends.weights,
        enclaves.of_node, enclaves.arcs, enclaves.first, enclaves.place,
        ends.nodes, ends.costs, keys, end_arcs, backward,
    )  # fmt: skip
    plain = np.flatnonzero(enclaves.of_node[ends.nodes] < 0)
    states = np.flatnonzero(np.isfinite(lengths))
    driven = enclaves.arcs[low + states]
    gate = enclaves.of_node[onto[driven]] < 0
    states, driven = states[gate], driven[gate]
    return Gates(
        np.concatenate([ends.nodes[plain], onto[driven].astype(np.int64)]),
        np.concatenate([ends.costs[plain], lengths[states]]),
        np.concatenate([-1 - plain, states]),
        np.concatenate([keys[plain], arcs.key[driven]]),
        np.concatenate([end_arcs[plain], driven]),
        low, lengths, came,
    )  # fmt: skip


def drive_inside(
    graph: Graph, enclaves: Enclaves, outs: Ends, gates: Gates, intos: Ends, first: Ints
) -> Inside:
    """Return the cheapest ways from one place to some others that leave its enclaves nowhere.

    `gates` are those of the place; of place `p` the ends are `intos[first[p] : first[p + 1]]`.
    """
    arcs, inward = graph.arcs, graph.inward
    within = np.flatnonzero(enclaves.of_node[outs.nodes] >= 0)
    keys = outs.keys(backward=False)
    cost, state, end = arrive(
        inward.first, inward.arc, arcs.key, enclaves.back_ms, enclaves.of_node, enclaves.place,
        gates.low, gates.lengths, outs.nodes[within], outs.costs[within], keys[within],
        first, intos.nodes, intos.costs, intos.keys(backward=True), intos.arcs,
    )  # fmt: skip
    of_end = state < 0
    state[of_end] = -1 - within[-1 - state[of_end]] if len(within) else -1
    return Inside(cost, state, end)


def driven_to(enclaves: Enclaves, gates: Gates, state: int) -> tuple[int, Ints]:
    """Return the end that a state of a place's ways off comes from, and the arcs driven to it."""
    end, arcs = unwind(state, gates.low, gates.came, enclaves.arcs)
    return end, np.ascontiguousarray(arcs[::-1])


def driven_from(enclaves: Enclaves, gates: Gates, state: int) -> tuple[int, Ints]:
    """Return the end that a state of the ways to a place leads to, and the arcs driven to it."""
    return unwind(state, gates.low, gates.came, enclaves.arcs)


def measure_ways(
    enclaves: Enclaves, gates: Gates, states: Ints, begun: Floats, measure: Weights
) -> Floats:
    """Return what the ways of some states amount to by a measure (by arc); `begun` is by end."""
    return measured(states, gates.low, gates.came, enclaves.arcs, begun, measure)


def first_stretch(graph: Graph, enclaves: Enclaves, arcs: Ints) -> Stretch | None:
    """Return what is driven before the core of the arcs driven first; None where all is public."""
    private = np.flatnonzero(enclaves.private[arcs])
    if not len(private):
        return None
    last = int(private[-1])
    road = enclaves.private[graph.arcs.first[graph.arcs.key[arcs[last]]]]
    return Stretch(last + bool(road), arcs[private])


def last_stretch(enclaves: Enclaves, arcs: Ints) -> Stretch | None:
    """Return what is driven off the core of the arcs driven last; None where all is public."""
    private = np.flatnonzero(enclaves.private[arcs])
    return Stretch(len(arcs) - int(private[0]), arcs[private]) if len(private) else None

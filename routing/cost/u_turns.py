"""What it costs a vehicle to turn round, and where it may not: rule `road.u_turn`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from routing.cost.delays import Waits
from routing.cost.network_rules import rules_of
from routing.graph.graph import Arcs, Graph
from routing.graph.weights import INFINITE, Bools, Ints, Signed, Weights
from spatial.rules import Rules, find_rule

MS_PER_S = 1000


@dataclass(frozen=True)
class TurningRound:
    """The cost (ms) of turning round wherever one may.

    `by_row` is that of each row of `Arcs.turn_m`, `INFINITE` where one may not; `barred` tells by
    key at whose end the law forbids it, and `dead_ends_only` whether one may in dead ends alone:
    these two decide at junctions that have no copies.
    """

    ms: int
    by_row: Signed
    barred: Bools
    dead_ends_only: bool

    def by_arc(self, graph: Graph, through: Bools, at_ends: Bools, waits: Waits) -> Signed:
        """Return what an arc costs more (ms) right after the same edge; `INFINITE`: one may not.

        It is 0 for those of which `by_row` tells, as their weights hold it; of others they hold
        what is paid as a turn.
        """
        arcs = graph.arcs
        dead = _others(graph, through, at_ends, arcs.tail, np.arange(len(arcs))) == 0
        may = self.may(arcs.key ^ 1, dead)
        paid = waits.turning(np.arange(len(arcs)), arcs.key ^ 1)
        cost = np.where(may, np.maximum(self.ms - paid, 0), INFINITE).astype(np.int32)
        cost[arcs.turn >= 0] = 0
        return cost

    def lawful(self, arcs: Arcs) -> Bools:
        """Return the arcs that do not turn round where one may not; `by_row` tells of few."""
        found = np.ones(len(arcs), np.bool_)
        turns = arcs.turn >= 0
        found[turns] = self.by_row[arcs.turn[turns]] < INFINITE
        return found

    def may(self, last: Ints, dead: Bools) -> Bools:
        """Return where one may turn round after some keys, of which `dead` end in dead ends.

        Nobody can do otherwise in a dead end: there it is allowed, also where a map is cut off.
        """
        if self.dead_ends_only:
            return dead
        return np.asarray(dead | ~self.barred[last], np.bool_)


def compile_u_turns(
    kind: str, graph: Graph, through: Bools, at_ends: Bools, rules: Rules
) -> TurningRound:
    """Return what turning round costs a kind of vehicle that may use the arcs `through`.

    `at_ends` are those and the ones that it may use at the ends of a path only. A dead end is where
    no other arc of the kind driven leads on, whatever signs forbid there. Without the rule turning
    round is free.
    """
    arcs, edges = graph.arcs, graph.edges
    rule = find_rule(rules, rules_of(edges.kind).u_turn)
    rows, keys = len(arcs.turn_m), 2 * len(edges)
    if rule is None:
        return TurningRound(0, np.zeros(rows, np.int32), np.zeros(keys, np.bool_), False)
    value, vehicle = rule.value, rule.value.vehicles[kind]
    ms = round(vehicle.seconds * MS_PER_S)
    if vehicle.where == "anywhere":
        return TurningRound(ms, np.full(rows, ms, np.int32), np.zeros(keys, np.bool_), False)
    barred = np.repeat(
        edges.edge_class.mask(value.classes) | edges.structure.mask(value.structures), 2
    )
    if value.crossings:
        barred[0::2] |= edges.crossing[edges.head]
        barred[1::2] |= edges.crossing[edges.tail]
    made = TurningRound(ms, np.zeros(0, np.int32), barred, vehicle.where == "dead_ends")
    back = np.flatnonzero(arcs.turn >= 0)
    dead = _others(graph, through, at_ends, arcs.turn_node, back) == 0
    may = made.may(arcs.key[back] ^ 1, dead) & (dead | (arcs.turn_m >= value.undoing_m))
    by_row = np.where(may, ms, INFINITE).astype(np.int32)
    return TurningRound(ms, by_row, barred, made.dead_ends_only)


def _others(
    graph: Graph, through: Bools, at_ends: Bools, nodes: Ints | Weights, chosen: Ints
) -> Ints:
    """Return how many arcs leave some nodes, but for one chosen arc of each.

    Those at the ends of paths count beside one of them only.
    """
    counts = []
    for used in (through, at_ends):
        leaving = np.bincount(graph.arcs.tail[used], minlength=graph.node_count)
        counts.append(leaving[nodes] - used[chosen])
    private = at_ends[chosen] & ~through[chosen]
    return np.asarray(np.where(private, counts[1], counts[0]), np.int64)

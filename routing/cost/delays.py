"""What junctions, signals, crossings and gates cost a vehicle: rule `road.turn_cost`."""

from __future__ import annotations

import numpy as np

from routing.cost.network_rules import rules_of
from routing.graph.delays import DELAYS
from routing.graph.graph import Graph
from routing.graph.weights import Signed
from spatial.rules import Rules, find_rule

MS_PER_S = 1000


def compile_delays(kind: str | None, graph: Graph, rules: Rules) -> Signed:
    """Return what each key (2 * edge + direction) costs a kind of vehicle beside driving it, in ms.

    Without the rule, and for a vehicle that is not of its kinds, that is nothing.
    """
    arcs = graph.arcs
    rule = find_rule(rules, rules_of(graph.edges.kind).turn_cost)
    if rule is None or kind is None:
        return np.zeros(len(arcs.delay), np.int32)
    each = rule.value.vehicles[kind].model_dump()
    ms = arcs.delay_counts @ np.array([each[name] * MS_PER_S for name in DELAYS])
    return np.asarray(np.rint(ms).astype(np.int32)[arcs.delay])

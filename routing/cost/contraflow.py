"""One-way streets that a rule lets some vehicles drive against: `<prefix>.contraflow`."""

from __future__ import annotations

import numpy as np

from routing.cost.network_rules import rules_of
from routing.graph.graph import Edges
from routing.graph.weights import Bools
from spatial.rules import Rules, find_rule


def against_oneway(profile: str, edges: Edges, rules: Rules) -> tuple[Bools, float]:
    """Return the one-way edges that a profile may drive against, and its speed there (km/h)."""
    rule = find_rule(rules, rules_of(edges.kind).contraflow)
    vehicle = rule.value.vehicles.get(profile) if rule else None
    if vehicle is None:
        return np.zeros(len(edges), np.bool_), np.nan
    named = edges.edge_class.mask({*vehicle.classes} & {*edges.kind.contraflow})
    return named & edges.legal_oneway & ~edges.oneway, vehicle.kmh

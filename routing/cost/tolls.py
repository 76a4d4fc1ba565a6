"""What driving costs beside time: road tolls and carbon dioxide, by rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from routing.cost.rule_models import FUEL, TOLL
from routing.graph.graph import Edges
from routing.graph.weights import Bools
from spatial.rules import Rules, find_rule


@dataclass(frozen=True)
class Tolls:
    """The tariff of a vehicle class (CNY per km), which edges it holds on, and which say so."""

    cny_km: float
    tolled: Bools
    said: Bools


def compile_tolls(toll_class: str | None, edges: Edges, rules: Rules) -> Tolls | None:
    """Return the tolls of a vehicle class, None where no rule tells them.

    A road that says whether it is tolled is believed; of the others the rule's classes are.
    """
    rule = find_rule(rules, TOLL)
    if rule is None or toll_class not in rule.value.classes:
        return None
    assumed = edges.edge_class.mask(rule.value.assumed_road_classes)
    said = edges.toll >= 0
    tolled = np.where(said, edges.toll == 1, assumed)
    return Tolls(rule.value.classes[toll_class], tolled, said)


def fuel_kg_km(fuel: str | None, rules: Rules) -> float:
    """Return kg of carbon dioxide per km, tank to wheel; NaN where no rule tells."""
    rule = find_rule(rules, FUEL)
    if fuel is None or rule is None or fuel not in rule.value.vehicles:
        return float("nan")
    use = rule.value.vehicles[fuel]
    return use.litres_100km / 100 * rule.value.kg_per_litre.get(use.fuel, 0.0)

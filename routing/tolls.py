"""What driving costs beside time: road tolls and carbon dioxide, by rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routing.graph import Edges

TOLL_RULE, FUEL_RULE = "vehicle.toll_cny_km", "vehicle.fuel"
FREE, ASSUMED, POSTED = 0, 1, 2


@dataclass(frozen=True)
class Tolls:
    """The tariff of a vehicle class (CNY per km) and how each edge is known to be tolled."""

    cny_km: float
    kind: NDArray[np.uint8]


def compile_tolls(toll_class: str | None, edges: Edges, rules: Mapping[str, Any]) -> Tolls | None:
    """Return the tolls of a vehicle class, None where no rule tells them.

    A road that says `toll` is believed; of the others the rule's classes are taken as tolled.
    """
    rule = rules.get(TOLL_RULE)
    if rule is None or toll_class not in rule.value["classes"]:
        return None
    tolled = edges.klass.mask(rule.value["assumed_road_classes"])
    kind = np.where(tolled, ASSUMED, FREE)
    kind = np.where(edges.toll == 1, POSTED, np.where(edges.toll == 0, FREE, kind))
    return Tolls(float(rule.value["classes"][toll_class]), kind.astype(np.uint8))


def fuel_kg_km(fuel: str | None, rules: Mapping[str, Any]) -> float:
    """Return kg of carbon dioxide per km, tank to wheel; NaN where no rule tells."""
    rule = rules.get(FUEL_RULE)
    if fuel is None or rule is None or fuel not in rule.value["vehicles"]:
        return float("nan")
    use = rule.value["vehicles"][fuel]
    litres = float(use["litres_100km"])
    return litres / 100 * float(rule.value["kg_per_litre"].get(use["fuel"], 0.0))

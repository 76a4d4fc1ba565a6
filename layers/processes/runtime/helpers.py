"""What several processes do alike: metrics, snapped places, lines, features, rules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel

from layers.declare.base import Text
from layers.processes.runtime.model import Places, Scene, Traffic, wrong_input
from routing.graph.weights import Floats
from routing.index.snap import SnapPoint
from routing.planning.snap_all import Placed, place_all
from routing.query.leg import find_legal_leg, line
from routing.query.network import RoadNetwork
from routing.query.prepare import PreparedMetric
from spatial.geo.geojson import Feature, Geometry
from spatial.json_types import Document, Shown
from spatial.rules import M, Rule, RuleKind, get_rule

MOST_PAIRS = 1_000_000
SNAPPING = Text(zh="吸附地点", en="Snapping places")
TABLES = Text(zh="计算行程时间", en="Computing travel times")


def prepare(scene: Scene, traffic: Traffic) -> PreparedMetric:
    """Return the metric of a question's vehicle and time."""
    return scene.network.prepared(traffic.conditions, scene.now)


def placed(scene: Scene, prepared: PreparedMetric, name: str) -> Placed:
    """Return the snapped places of an input.

    Raises
    ------
    BadParameter
        Not one of them has a road nearby.
    """
    found = place_all(scene.network, prepared, scene.places[name].points)
    if len(found.missing) == len(found.spots):
        raise wrong_input(name, "no place has a usable road nearby", "所有地点附近都没有可用道路")
    return found


def check_pairs(rows: Places, columns: Places) -> None:
    """Refuse a table of times that is too large.

    Raises
    ------
    BadParameter
    """
    if len(rows) * len(columns) > MOST_PAIRS:
        raise wrong_input(
            "inputs", f"more than {MOST_PAIRS} pairs of places", f"地点对超过 {MOST_PAIRS}"
        )


def rule_value(network: RoadNetwork, kind: RuleKind[M]) -> M:
    """Return the value of a rule."""
    return get_rule(network.rules, kind).value


def rule_shown(network: RoadNetwork, kind: RuleKind[BaseModel]) -> Document:
    """Return a rule of a network as answers name it."""
    return show_rule(get_rule(network.rules, kind))


def show_rule(rule: Rule[BaseModel]) -> Document:
    """Return a rule as answers name it."""
    return {"key": rule.key, "version": rule.version, "value": rule.given, "source": rule.source}


def way(
    network: RoadNetwork,
    prepared: PreparedMetric,
    sources: Sequence[SnapPoint],
    targets: Sequence[SnapPoint],
) -> list[list[float]] | None:
    """Return the vertices of the fastest way between two places, None where there is none."""
    with prepared.metric.lock:
        leg = find_legal_leg(network.graph, prepared.metric, prepared.costs, sources, targets)
    if leg is None:
        return None
    points: list[list[float]] = np.round(line(network.graph, leg), 6).tolist()
    return points


def feature(identity: str, shape: Geometry | None, **properties: Shown) -> Feature:
    """Return one GeoJSON feature; what is computed is `derived`."""
    return {
        "type": "Feature",
        "id": identity,
        "geometry": shape,
        "properties": {"origin": "derived", **properties},
    }


def path_shape(points: list[list[float]]) -> Geometry:
    """Return a line as GeoJSON."""
    return {"type": "LineString", "coordinates": points}


def point_shape(point: tuple[float, float]) -> Geometry:
    """Return a point as GeoJSON."""
    return {"type": "Point", "coordinates": list(point)}


def box_shape(west: float, south: float, east: float, north: float) -> Geometry:
    """Return a rectangle in degrees as GeoJSON."""
    corners = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [corners]}


def seconds(value: float) -> float | None:
    """Return a time as answers give it, null for none."""
    return round(float(value), 1) if np.isfinite(value) else None


def finite_sum(values: Floats) -> float:
    """Return the sum of what is finite."""
    return float(values[np.isfinite(values)].sum())

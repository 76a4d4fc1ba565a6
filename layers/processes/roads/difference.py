"""The layer of a what-if: pairs and edges that fare otherwise after the change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from layers.processes.runtime.helpers import feature, path_shape, seconds, way
from layers.processes.runtime.model import Scene
from routing.graph.graph import Edges
from routing.graph.weights import Floats
from routing.planning.snap_all import Placed
from routing.query.network import RoadNetwork
from routing.query.prepare import PreparedMetric
from spatial.geo.geojson import Feature

MOST_PAIRS = 200
MOST_EDGES = 20_000
LEAST_S = 1.0  # differences below are rounding of whole ms along a path

Asked = tuple[RoadNetwork, PreparedMetric, Placed, Placed, Floats]


def pair_features(
    scene: Scene, changed: Sequence[tuple[int, int]], before: Asked, after: Asked
) -> list[Feature]:
    """Return the way of each changed pair after the change, or before where none is left."""
    origins, targets = scene.places["origins"], scene.places["targets"]
    found = []
    for row, column in changed[:MOST_PAIRS]:
        old, new = float(before[4][row, column]), float(after[4][row, column])
        network, prepare, rows, columns, _ = after if np.isfinite(new) else before
        points = way(network, prepare, rows.spots[row], columns.spots[column])
        if points is None:
            continue
        shown = feature(
            f"{origins.ids[row]}>{targets.ids[column]}",
            path_shape(points),
            role="pair",
            side="after" if np.isfinite(new) else "before",
            effect=effect(old, new),
            before_s=seconds(old),
            after_s=seconds(new),
            change_s=seconds(new - old),
        )
        found.append(shown)
    return found


def effect(before: float, after: float) -> str:
    """Return what a change does to a time; infinite is no way."""
    if np.isinf(after):
        return "cut"
    if np.isinf(before):
        return "connected"
    return "slower" if after > before else "faster"


def edge_features(edges: Edges, before_s: Floats, after_s: Floats) -> tuple[list[Feature], int]:
    """Return the edges that the nearest resource reaches later or sooner, lost or gained ones.

    The greatest differences come first; the number of all goes with them.
    """
    old = np.full(len(edges), np.inf)
    old[: len(before_s)] = before_s
    with np.errstate(invalid="ignore"):
        change = np.nan_to_num(after_s - old, nan=0.0, posinf=np.inf, neginf=-np.inf)
    chosen = np.flatnonzero(np.abs(change) >= LEAST_S)
    chosen = chosen[np.argsort(-np.abs(change[chosen]), kind="stable")]
    found = []
    for edge in chosen[:MOST_EDGES].tolist():
        kind = {"cut": "lost", "connected": "gained"}
        told = effect(float(old[edge]), float(after_s[edge]))
        shown = feature(
            str(edges.row_id(edge)),
            path_shape(np.round(edges.vertices(edge), 6).tolist()),
            role="edge",
            effect=kind.get(told, told),
            before_s=seconds(old[edge]),
            after_s=seconds(after_s[edge]),
            change_s=seconds(change[edge]),
        )
        found.append(shown)
    return found, len(chosen)

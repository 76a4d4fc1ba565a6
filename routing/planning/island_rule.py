"""The island rule of paths for whatever else is asked from places.

Who finds no way from or to a small island starts from the main network near it, or ends there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from routing.graph.weights import INFINITE, Floats
from routing.index.snap import SnapPoint
from routing.query.network import RoadNetwork
from routing.query.one_to_many import span
from routing.query.prepare import PreparedMetric
from routing.query.snapping import Point

Side = tuple[Sequence[Point], list[list[SnapPoint]]]
"""Places (EPSG:4326) and the spots of each."""


def moved(network: RoadNetwork, prepared: PreparedMetric, side: Side) -> list[list[SnapPoint]]:
    """Return the spots of places, those on an island on the main network where it is near."""
    points, spots = side
    usable = network.snapper.usable(prepared.metric)
    return network.snapper.off_islands(points, usable, prepared.costs, spots)


def table(
    network: RoadNetwork, prepared: PreparedMetric, sources: Side, targets: Side
) -> tuple[Floats, int]:
    """Return the (sources, targets) driving times (s) by the island rule, and their version.

    Infinite is no way, neither between the places themselves nor from the main network.
    """
    found, version = prepared.table(sources[1], targets[1])
    cut = ~np.isfinite(found)
    rows, columns = np.flatnonzero(cut.any(axis=1)), np.flatnonzero(cut.any(axis=0))
    if not len(rows):
        return found, version
    outs, intos = _chosen(sources, rows.tolist()), _chosen(targets, columns.tolist())
    off, onto = moved(network, prepared, outs), moved(network, prepared, intos)
    if off == outs[1] and onto == intos[1]:
        return found, version
    again, version = prepared.table(off, onto)
    block = np.ix_(rows, columns)
    found[block] = np.where(cut[block], again, found[block])
    return found, version


def begins(
    network: RoadNetwork, prepared: PreparedMetric, side: Side, *, backward: bool = False
) -> list[SnapPoint]:
    """Return the spots from which what can be driven from places (or to them, backward) spreads.

    An island from which the main network cannot be reached has those on the latter as well, as a
    path to a place there begins on it, and one to a place on the island does not.
    """
    core = network.snapper.core_edges(prepared.costs)
    spots = [spot for place in side[1] for spot in place]
    for place, main in zip(side[1], moved(network, prepared, side), strict=True):
        if main != place:
            metric = prepared.metric
            all_ = span(network.graph, metric, place, INFINITE - 1, backward=backward)
            spots += [] if core[all_.keys >> 1].any() else main
    return spots


def _chosen(side: Side, numbers: Sequence[int]) -> Side:
    points, spots = side
    return [points[n] for n in numbers], [spots[n] for n in numbers]

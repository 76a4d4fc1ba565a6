"""The island rule of paths for whatever else is asked from places.

Who finds no way from or to a small island starts from the main network near it, or ends there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

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
    usable = network.snapper.usable(prepared.metric, prepared.costs)
    snap = prepared.resolved.snap
    return network.snapper.off_islands(points, usable, prepared.costs, spots, snap)


class Drives(NamedTuple):
    """A table: driving times in s and, where asked for, the lengths of the same ways in m.

    Both are (sources, targets); infinite is no way. `version` is that of the network.
    """

    seconds: Floats
    metres: Floats | None
    version: int


def table(
    network: RoadNetwork,
    prepared: PreparedMetric,
    sources: Side,
    targets: Side,
    *,
    lengths: bool = False,
) -> Drives:
    """Return the driving times by the island rule.

    Infinite is no way, neither between the places themselves nor from the main network, and from
    and to places without spots.
    """
    rows, columns = _placed(sources), _placed(targets)
    shape = len(sources[1]), len(targets[1])
    seconds, version = np.full(shape, np.inf), prepared.version
    metres = np.full(shape, np.inf) if lengths else None
    if rows and columns:
        some = _chosen(sources, rows), _chosen(targets, columns)
        found = _of_placed(network, prepared, *some, lengths=lengths)
        block, version = np.ix_(rows, columns), found.version
        seconds[block] = found.seconds
        if metres is not None:
            metres[block] = found.metres
    return Drives(seconds, metres, version)


def _placed(side: Side) -> list[int]:
    return [number for number, spots in enumerate(side[1]) if spots]


def _of_placed(
    network: RoadNetwork, prepared: PreparedMetric, sources: Side, targets: Side, *, lengths: bool
) -> Drives:
    drives = Drives(*prepared.table(sources[1], targets[1], lengths=lengths))
    cut = ~np.isfinite(drives.seconds)
    rows, columns = np.flatnonzero(cut.any(axis=1)), np.flatnonzero(cut.any(axis=0))
    if not len(rows):
        return drives
    outs, intos = _chosen(sources, rows.tolist()), _chosen(targets, columns.tolist())
    off, onto = moved(network, prepared, outs), moved(network, prepared, intos)
    if off == outs[1] and onto == intos[1]:
        return drives
    again = Drives(*prepared.table(off, onto, lengths=lengths))
    block = np.ix_(rows, columns)
    for mine, its in ((drives.seconds, again.seconds), (drives.metres, again.metres)):
        if mine is not None and its is not None:
            mine[block] = np.where(cut[block], its, mine[block])
    return drives._replace(version=again.version)


def begins(
    network: RoadNetwork, prepared: PreparedMetric, side: Side, *, backward: bool = False
) -> list[SnapPoint]:
    """Return the spots from which what can be driven from places (or to them, backward) spreads.

    An island from which the main network cannot be reached has those on the latter as well, as a
    path to a place there begins on it, and one to a place on the island does not.
    """
    core = prepared.costs.core.edges
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

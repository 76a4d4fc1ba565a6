"""The island rule of paths for whatever else is asked from places.

Who finds no way from or to a small island starts from the main network near it, or ends there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from routing.cch.engine import Metric
from routing.graph.weights import INFINITE, Floats
from routing.index.snap import SnapPoint
from routing.query.network import RoadNetwork
from routing.query.one_to_many import MS_PER_S, span
from routing.query.prepare import PreparedMetric
from routing.query.search import best_on
from routing.query.snapping import Point
from routing.stopping import check

Side = tuple[Sequence[Point], list[list[SnapPoint]]]
"""Places (EPSG:4326) and the spots of each."""


def moved(network: RoadNetwork, prepared: PreparedMetric, side: Side) -> list[list[SnapPoint]]:
    """Return the spots of places, those on an island on the main network where it is near."""
    points, spots = side
    usable = network.snapper.usable(prepared.metric)
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
        outs, intos, block = (
            _chosen(sources, rows),
            _chosen(targets, columns),
            np.ix_(rows, columns),
        )
        if metres is None:
            seconds[block], version = _seconds(network, prepared, outs, intos)
        else:
            seconds[block], metres[block], version = _lengths(network, prepared, outs, intos)
    return Drives(seconds, metres, version)


def _placed(side: Side) -> list[int]:
    return [number for number, spots in enumerate(side[1]) if spots]


def _seconds(
    network: RoadNetwork, prepared: PreparedMetric, sources: Side, targets: Side
) -> tuple[Floats, int]:
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


def _lengths(
    network: RoadNetwork, prepared: PreparedMetric, sources: Side, targets: Side
) -> tuple[Floats, Floats, int]:
    """Return times and lengths, cell by cell from the ways themselves, of one state."""
    off, onto = moved(network, prepared, sources), moved(network, prepared, targets)
    shape = len(off), len(onto)

    def work(shown: Metric) -> tuple[Floats, Floats, int]:
        seconds, metres = np.full(shape, np.inf), np.full(shape, np.inf)
        on = prepared._replace(metric=shown)
        for row, column in np.ndindex(shape):
            check()
            found = best_on(on._replace(places=[sources[1][row], targets[1][column]]))
            found = found or best_on(on._replace(places=[off[row], onto[column]]))
            if found is not None:
                metres[row, column], took_ms = found.sums()
                seconds[row, column] = took_ms / MS_PER_S
        return seconds, metres, on.version

    return prepared.metric.in_one_state(work)


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

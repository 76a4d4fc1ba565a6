"""From many places to many, and what lies within hours of some: for sure, maybe, or not.

A table answers each cell as the path between its places would. Where edges open or shut to the
vessel in the coming days its cells are searched one by one, as paths are; else all at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from routing.cost.vehicle import UNLIMITED
from routing.graph.graph import Graph
from routing.graph.weights import Floats
from routing.index.snap import SnapPoint
from routing.query.model import PathQuery
from routing.query.network import RoadNetwork
from routing.query.one_to_many import Span
from routing.query.prepare import PreparedMetric, SnapPoints
from routing.query.snapping import Point
from routing.stopping import check
from routing.waterway.lock_weights import DOUBTED
from spatial.errors import BadParameter

ANSWERS = ("passes", "cannot_tell", "refused", "no_way", "no_snap")
PASSES, CANNOT_TELL, REFUSED, NO_WAY, NO_SNAP = range(5)
MOST_SEARCHED = 400
"""Cells that are searched one by one at most."""
HOUR_S, M_PER_KM = 3600.0, 1000.0


@dataclass(frozen=True)
class VoyageTable:
    """Of each (source, target): its answer, and the travel (s, m); infinite where there is none.

    `sources` and `targets` are the nearest spots, None where no waterway is near.
    """

    answer: NDArray[np.int8]
    seconds: Floats
    metres: Floats
    sources: list[SnapPoint | None]
    targets: list[SnapPoint | None]
    version: int


@dataclass(frozen=True)
class Reached:
    """What lies within some hours of places: the parts of edges, and for whom, of `ANSWERS`."""

    answer: str
    span: Span
    hours: Sequence[float]
    km: Sequence[float]


def voyage_table(
    network: RoadNetwork,
    query: PathQuery,
    sources: Sequence[Point],
    targets: Sequence[Point],
    now: datetime,
) -> VoyageTable:
    """Return whether a vessel passes from each source to each target, and how long it travels.

    Raises
    ------
    BadParameter
        Something named is unknown, or too many cells have to be searched one by one.
    """
    sure, may = _sure_and_may(network, query, now)
    usable, snap = network.snapper.usable(sure.metric, sure.costs), sure.resolved.snap
    outs, intos = (network.snapper.find(places, usable, snap) for places in (sources, targets))
    anybody = replace(
        sure.resolved, vehicle=UNLIMITED, avoided=None, name="free", by_the_clock=False
    )
    free, _ = _travel(sure.anew(anybody), outs, intos)
    answer = np.where(np.isfinite(free), REFUSED, NO_WAY).astype(np.int8)
    off = [np.array([not spots for spots in side]) for side in (outs, intos)]
    answer[off[0][:, None] | off[1]] = NO_SNAP
    seconds, metres = np.full(answer.shape, np.inf), np.full(answer.shape, np.inf)
    if sure.costs.bans.any or may.costs.bans.any:
        _search_cells(network, query, sources, targets, now, answer, seconds, metres)
    else:
        for code, prepared in ((CANNOT_TELL, may), (PASSES, sure)):
            took, length = _travel(prepared, outs, intos)
            open_ = np.isfinite(took)
            answer[open_], seconds[open_], metres[open_] = code, took[open_], length[open_]
    first, last = ([spots[0] if spots else None for spots in side] for side in (outs, intos))
    return VoyageTable(answer, seconds, metres, first, last, sure.version)


def _travel(prepared: PreparedMetric, outs: SnapPoints, intos: SnapPoints) -> tuple[Floats, Floats]:
    """Return the (sources, targets) travel (s, m), infinite where there is no way or no spot."""
    rows, columns = ([n for n, spots in enumerate(side) if spots] for side in (outs, intos))
    seconds, metres = (np.full((len(outs), len(intos)), np.inf) for _ in range(2))
    if rows and columns:
        sides = [outs[n] for n in rows], [intos[n] for n in columns]
        took, length, _ = prepared.table(*sides, lengths=True)
        block = np.ix_(rows, columns)
        seconds[block] = took
        metres[block] = np.inf if length is None else length
    return seconds, metres


def _sure_and_may(
    network: RoadNetwork, query: PathQuery, now: datetime
) -> tuple[PreparedMetric, PreparedMetric]:
    """Return the metric of what passes for sure, and of what may, at departure."""
    return (
        network.prepared(replace(query, unknown_limits=None), now),
        network.prepared(replace(query, unknown_limits=DOUBTED), now),
    )


def _search_cells(
    network: RoadNetwork, query: PathQuery, sources: Sequence[Point], targets: Sequence[Point],
    now: datetime, answer: NDArray[np.int8], seconds: Floats, metres: Floats,
) -> None:  # fmt: skip
    """Write the answers of cells that anybody can travel, each as its path has it."""
    cells = np.argwhere(answer == REFUSED).tolist()
    if len(cells) > MOST_SEARCHED:
        raise BadParameter(
            f"Edges open or shut to this vessel: {len(cells)} cells, at most {MOST_SEARCHED}",
            f"部分航段对该船分时开放：{len(cells)} 组，至多 {MOST_SEARCHED} 组",
            mend_en="Ask for fewer places at a time.", mend_zh="请分批查询。",
        )  # fmt: skip
    for i, j in cells:
        check()
        asked = replace(query, waypoints=[sources[i], targets[j]])
        for code, unknown in ((PASSES, None), (CANNOT_TELL, DOUBTED)):
            found = network.find_path(replace(asked, unknown_limits=unknown), now)
            if found is not None:
                metres[i, j], took_ms = found.sums()
                answer[i, j], seconds[i, j] = code, took_ms / 1000
                break


def voyage_reach(
    network: RoadNetwork,
    query: PathQuery,
    points: Sequence[Point],
    hours: Sequence[float],
    now: datetime,
    *,
    backward: bool = False,
) -> list[Reached]:
    """Return what a vessel reaches within hours of travel of any of the points, or they of it.

    The span is that of the most hours; where nothing is left or reached there is none.

    Edges stay as they are at departure. What it may reach, where something is not known, holds what
    it reaches for sure.

    Raises
    ------
    BadParameter, NoSnap
        Something named is unknown; a point has no waterway near.
    """
    found: list[Reached] = []
    for word, prepared in zip(ANSWERS, _sure_and_may(network, query, now), strict=False):
        spots = [spot for place in network.snap(prepared, points) for spot in place]
        spans = [prepared.span(spots, one * HOUR_S, backward=backward) for one in hours]
        widest = spans[int(np.argmax(hours))]
        if len(widest.keys):
            km = [reached_km(network.graph, span) for span in spans]
            found.append(Reached(word, widest, hours, km))
    return found


def reached_km(graph: Graph, span: Span) -> float:
    """Return the length of what was reached; what is reached from both sides counts once."""
    back = (span.keys & 1).astype(np.bool_)
    low = np.where(back, 1 - span.stop, span.start)
    high = np.where(back, 1 - span.start, span.stop)
    edges = span.keys >> 1
    total, last, until = 0.0, -1, 0.0
    for row in np.lexsort((low, edges)).tolist():
        edge, start, stop = int(edges[row]), float(low[row]), float(high[row])
        until = start if edge != last else max(until, start)
        if stop > until:
            total += (stop - until) * float(graph.edges.length_m[edge])
            until = stop
        last = edge
    return total / M_PER_KM

"""Roads about events as lixels, and events on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from layers.processes.readers.route_rows import Places
from routing.graph.graph import Edges
from routing.graph.weights import Bools, Floats, Ints
from routing.index.snap import EVERY, Usable, metres_per_degree
from routing.query.network import RoadNetwork
from routing.statistics.network_density import Lixels, cut_into_lixels
from spatial.errors import BadParameter, TooComplex

MOST_LIXELS = 500_000
MARGIN = 1.01


@dataclass(frozen=True)
class OnEdges:
    """Events on edges of the roads: edge, share of its length, degrees, and what each counts."""

    edge: Ints
    fraction: Floats
    lon: Floats
    lat: Floats
    weight: Floats


@dataclass(frozen=True)
class RoadLixels:
    """Some edges of the roads as lixels; `roads` are their numbers, `edge` that of each event."""

    edges: Edges
    roads: Ints
    lixels: Lixels
    edge: Ints

    def line(self, lixel: int) -> list[list[float]]:
        """Return the vertices of a lixel, degrees (EPSG:4326)."""
        road = int(np.searchsorted(self.lixels.first, lixel, side="right")) - 1
        vertices = self.edges.vertices(int(self.roads[road]))
        steps = np.diff(vertices, axis=0) * metres_per_degree(float(vertices[:, 1].mean()))
        along = np.concatenate(([0.0], np.cumsum(np.hypot(*steps.T))))
        along *= self.lixels.length_m[road] / along[-1]
        at = lixel + road
        ends = self.lixels.bounds_m[at : at + 2]
        first, last = np.stack([np.interp(ends, along, side) for side in vertices.T], axis=1)
        inside = vertices[(along > ends[0]) & (along < ends[1])]
        points: list[list[float]] = np.round(np.vstack((first, inside, last)), 7).tolist()
        return points


def _usable(edges: Edges, classes: Sequence[str]) -> Bools:
    return edges.edge_class.mask(classes) if classes else np.ones(len(edges), np.bool_)


def check_classes(edges: Edges, classes: Sequence[str]) -> None:
    """Refuse classes that no road has: misspelt, they would look as if nothing lay on roads.

    Raises
    ------
    BadParameter
    """
    known = sorted({*edges.edge_class.values})
    for name in classes:
        if name not in known:
            raise BadParameter(
                f"No road is of class {name[:40]!r}", f"没有等级为 {name[:40]!r} 的道路",
                parameter="classes",
                mend_en=f"There are: {', '.join(known)}.", mend_zh=f"现有：{'、'.join(known)}。",
            )  # fmt: skip


def put_on_edges(
    roads: RoadNetwork, places: Places, count: Floats, classes: Sequence[str], reach_m: float
) -> OnEdges:
    """Put what places count on the nearest edge of some classes; none farther than `reach_m`."""
    some = np.flatnonzero(count > 0)
    usable = Usable.among(_usable(roads.graph.edges, classes)) if classes else EVERY
    points = list(zip(places.lon[some].tolist(), places.lat[some].tolist(), strict=True))
    found = roads.snapper.index.nearest_each(points, usable, reach_m, 0.0)
    near = [(own[0], weight) for own, weight in zip(found, count[some], strict=True) if own]
    spots = [spot for spot, _ in near]
    return OnEdges(
        np.array([spot.edge for spot in spots], np.int64),
        np.clip([spot.fraction for spot in spots], 0.0, 1.0),
        np.array([spot.lon for spot in spots], np.float64),
        np.array([spot.lat for spot in spots], np.float64),
        np.array([weight for _, weight in near], np.float64),
    )


def cut_roads(
    roads: RoadNetwork, events: OnEdges, classes: Sequence[str], wide_m: float, lixel_m: float
) -> RoadLixels:
    """Return all edges that a way of `wide_m` from an event can come to, cut into lixels.

    Raises
    ------
    TooComplex
        They are too many.
    """
    edges = roads.graph.edges
    reached = np.zeros(len(edges), np.bool_)
    for lon, lat in set(zip(events.lon.tolist(), events.lat.tolist(), strict=True)):
        x, y = (wide_m * MARGIN / degree for degree in metres_per_degree(lat))
        reached[roads.snapper.index.in_box(lon - x, lat - y, lon + x, lat + y)] = True
    reached &= _usable(edges, classes)
    reached[events.edge] = True
    chosen = np.flatnonzero(reached)
    lixels = cut_into_lixels(
        np.stack((edges.tail[chosen], edges.head[chosen]), axis=1), edges.length_m[chosen], lixel_m
    )
    if lixels.first[-1] > MOST_LIXELS:
        raise TooComplex(
            f"{lixels.first[-1]} lixels are too many",
            f"路段单元过多（{lixels.first[-1]} 个）",
            mend_en="Take a shorter period, fewer classes of roads or a smaller bandwidth.",
            mend_zh="请缩短时段、减少道路等级，或减小带宽。",
        )
    return RoadLixels(edges, chosen, lixels, np.searchsorted(chosen, events.edge))

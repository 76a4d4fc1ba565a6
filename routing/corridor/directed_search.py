"""The directed network searched in metres: places, what is up- and downstream, entrances."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import shapely
import shapely.ops

from routing.graph.adjacency import expand
from routing.graph.graph import Graph
from routing.graph.weights import Bools, Floats, Ints, Signed
from routing.index.snap import SnapIndex, SnapPoint, Usable, metres_per_degree

Way = Literal["upstream", "downstream"]
EXPRESSWAY = ("motorway", "motorway_link")
RAMP_SUFFIX = "_link"
TIE_M = 1.0
Heading = tuple[float, float]
"""Metres east and north of a short step in the driving direction."""


@dataclass(frozen=True)
class At:
    """A place on the network: metres driven along a key `2 * edge + direction` from its start."""

    key: int
    offset_m: float


@dataclass(frozen=True)
class Reached:
    """A key that a search drove over.

    `near_m` is the driven distance from the place to the key's nearer end; it is negative on the
    key where the search starts. `node` is the farther end's node.
    """

    key: int
    near_m: float
    length_m: float
    node: int

    def distance_m(self, offset_m: float, way: Way) -> float:
        """Return the driven distance between the search's place and an offset on this key."""
        along = self.length_m - offset_m if way == "upstream" else offset_m
        return self.near_m + along

    def offset_at(self, distance_m: float, way: Way) -> float:
        """Return the offset on this key at a driven distance."""
        along = distance_m - self.near_m
        return self.length_m - along if way == "upstream" else along


@dataclass(frozen=True)
class Opening:
    """A junction of the kept key `joins` with other keys: an entrance or an exit."""

    node: int
    distance_m: float
    joins: int
    others: tuple[int, ...]


class Streets:
    """The directed network for searches in metres; made once per topology."""

    def __init__(self, graph: Graph, snap: SnapIndex) -> None:
        self.graph = graph
        self.snap = snap
        self._free = graph.arcs.exempt.codes < 0

    @cached_property
    def all_keys(self) -> Bools:
        """Every key that has an arc."""
        found = np.zeros(2 * len(self.graph.edges), np.bool_)
        found[self.graph.arcs.key] = True
        return found

    def of_classes(self, *classes: str) -> Bools:
        """Return the keys of edges of some classes."""
        return self.all_keys & np.repeat(self.graph.edges.edge_class.mask(classes), 2)

    @cached_property
    def expressway(self) -> Bools:
        """The keys of motorways and their ramps."""
        return self.of_classes(*EXPRESSWAY)

    @cached_property
    def ramps(self) -> Bools:
        """The keys of ramps and slip roads of any road."""
        names = [name for name in self.graph.edges.edge_class.values if name.endswith(RAMP_SUFFIX)]
        return self.of_classes(*names)

    def length_m(self, key: int) -> float:
        """Return the length of a key."""
        return float(self.graph.edges.length_m[key >> 1])

    def point(self, at: At) -> tuple[float, float]:
        """Return longitude and latitude of a place."""
        edge = at.key >> 1
        share = np.clip(at.offset_m / max(self.length_m(at.key), 1e-9), 0.0, 1.0)
        line, scale = as_metric(self.graph.edges.vertices(edge))
        place = line.interpolate(1 - share if at.key & 1 else share, normalized=True)
        return round(float(place.x / scale[0]), 7), round(float(place.y / scale[1]), 7)

    def on_edge(self, spot: SnapPoint, way: int) -> At:
        """Return the place of a snapped spot on one direction (0 forward, 1 backward)."""
        length = self.length_m(2 * spot.edge)
        share = 1 - spot.fraction if way else spot.fraction
        return At(2 * spot.edge + way, share * length)

    def nearest(
        self, lon: float, lat: float, kept: Bools, max_m: float, heading: Heading | None = None
    ) -> list[At]:
        """Return the places nearest to a point on kept keys, driven in a direction where given.

        Twin edges at one place and the two directions of a street are all returned.
        """
        usable = Usable.among(kept[0::2] | kept[1::2])
        found = []
        for spot in self.snap.nearest(lon, lat, usable, max_m, TIE_M):
            ways = [w for w in (0, 1) if kept[2 * spot.edge + w]]
            if heading is not None:
                ways = [w for w in ways if self._runs(2 * spot.edge + w, spot, heading)]
            found += [self.on_edge(spot, way) for way in ways]
        return found

    def _runs(self, key: int, spot: SnapPoint, heading: Heading) -> bool:
        """Tell whether a key runs with a heading at a spot."""
        first = int(self.graph.edges.shape_start[key >> 1])
        shape = self.graph.edges.vertices(key >> 1)
        at = min(max(spot.vertex - first, 0), len(shape) - 2)
        step = (shape[at + 1] - shape[at]) * metres_per_degree(spot.lat)
        along = float(step @ np.array(heading))
        return along < 0 if key & 1 else along >= 0

    def search(
        self, places: Iterable[At], kept: Bools, within_m: float, way: Way
    ) -> Iterator[Reached]:
        """Yield the kept keys up- or downstream of places, nearest first, each once.

        Turn restrictions hold; nobody turns round on the road.
        """
        back = way == "upstream"
        queue: list[tuple[float, int, int]] = []
        for number, place in enumerate(places):
            length = self.length_m(place.key)
            near = place.offset_m - length if back else -place.offset_m
            queue += [(near, -1 - number, arc) for arc in self._arcs_of(place.key)]
        heapq.heapify(queue)
        seen: set[int] = set()
        yielded: set[int] = set()
        arcs = self.graph.arcs
        while queue:
            near, _, arc = heapq.heappop(queue)
            if arc in seen:
                continue
            seen.add(arc)
            key = int(arcs.key[arc])
            node = int(arcs.tail[arc] if back else arcs.head[arc])
            length = self.length_m(key)
            if key not in yielded:
                yielded.add(key)
                yield Reached(key, near, length, node)
            if near + length > within_m:
                continue
            for further in self.neighbours(arc, back):
                following = int(arcs.key[further])
                if kept[following] and following != key ^ 1 and further not in seen:
                    heapq.heappush(queue, (near + length, int(further), int(further)))

    def _arcs_of(self, key: int) -> Iterator[int]:
        first = self.graph.arcs.first
        return iter(range(int(first[key]), int(first[key + 1])))

    def neighbours(self, arc: int, back: bool) -> Signed:
        """Return the arcs that lead to (or from) an arc and that everyone may take."""
        graph = self.graph
        node = int(graph.arcs.tail[arc] if back else graph.arcs.head[arc])
        arcs = (graph.inward if back else graph.outward).at(node)
        return arcs[self._free[arcs]]

    def openings(
        self, places: Sequence[At], kept: Bools, within_m: float, way: Way
    ) -> list[Opening]:
        """Return where other roads enter the kept ones upstream, or leave them downstream.

        Nearest first; a junction counts once, with its shortest driven distance to a place.
        """
        back = way == "upstream"
        found: dict[int, Opening] = {}
        arcs = self.graph.arcs
        for reached in self.search(places, kept, within_m, way):
            distance = reached.near_m + reached.length_m
            if distance > within_m:
                continue
            others = set()
            for arc in self._arcs_of(reached.key):
                beyond = arcs.key[self.neighbours(arc, back)]
                others |= {int(k) for k in beyond if not kept[k] and k != reached.key ^ 1}
            node = self.end_node(reached.key, first=back)
            if others and node not in found:
                joined = tuple(sorted(others))
                found[node] = Opening(node, max(distance, 0.0), reached.key, joined)
        return sorted(found.values(), key=lambda opening: opening.distance_m)

    def end_node(self, key: int, *, first: bool) -> int:
        """Return the junction at a key's start or end; copies of split junctions are one."""
        edges, edge = self.graph.edges, key >> 1
        return int(edges.tail[edge] if first == (key & 1 == 0) else edges.head[edge])


def as_metric(shape: Floats) -> tuple[shapely.LineString, Floats]:
    """Return a line (degrees) in metres around its start, and the metres per degree used."""
    scale = np.array(metres_per_degree(float(shape[0, 1])))
    return shapely.LineString(shape * scale), scale


def keys_in(streets: Streets, edges: Ints) -> Ints:
    """Return the keys of some edges that may be driven."""
    keys = expand(2 * edges, np.full(len(edges), 2, np.int64))
    return np.asarray(keys[streets.all_keys[keys]], np.int64)

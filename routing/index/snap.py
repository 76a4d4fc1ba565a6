"""Snapping: the edges nearest to a point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.graph.graph import Edges
from routing.graph.weights import INFINITE, Bools, Ints, Weights
from routing.index.rtree import Segments
from routing.index.rtree_kernels import in_box, metres_per_degree, nearest

__all__ = [
    "AHEAD",
    "BACK",
    "BOTH",
    "EVERY",
    "SnapIndex",
    "SnapPoint",
    "Usable",
    "metres_per_degree",
]

_ALL = np.zeros(0, np.bool_)
_NONE = np.zeros(0, np.uint32)

AHEAD, BACK = 1, 2
BOTH = AHEAD | BACK
"""Directions of an edge in which a place may be left and come to: its own, against it, either."""


class SnapPoint(NamedTuple):
    """A place on an edge.

    `fraction` runs 0..1 in the edge's own direction, `vertex` is the number of the shape vertex
    before it, `distance_m` how far the snapped point lies from it. `ways` are the directions in
    which it may be left and come to.
    """

    edge: int
    fraction: float
    vertex: int
    lon: float
    lat: float
    distance_m: float
    ways: int = BOTH


class Usable(NamedTuple):
    """Which edges a place may be on, as plain arrays; an empty array asks for nothing.

    An edge must have an arc that `weights` leave open (`first` as in `routing.graph.graph.Arcs`);
    `off` and `only` are masks by edge: it must not be in the one and must be in the other. Of edges
    at one place those come first that `through` leaves open: what is private begins beside them.
    """

    first: Ints
    weights: Weights
    off: Bools = _ALL
    only: Bools = _ALL
    through: Weights = _NONE

    @classmethod
    def among(cls, only: Bools) -> Usable:
        """Return the edges of a mask, whether an arc of them is open or not."""
        return cls(*EVERY[:3], only)


EVERY = Usable(np.zeros(0, np.int64), np.zeros(0, np.uint32))


class SnapIndex:
    """All segments of a network by where they are; `segments` is their tree.

    `made` are the arrays of an index of the same edges, so that it need not be made again.
    """

    ARRAYS = ("vertex", "edge", "bounds", "start")

    def __init__(self, edges: Edges, made: Mapping[str, NDArray[Any]] | None = None) -> None:
        shape, shape_start = edges.shape, edges.shape_start
        self.segments = Segments.of(shape, shape_start) if made is None else Segments(**made)
        tree = self.segments
        self._lines = shape, shape_start, tree.vertex, tree.edge, tree.bounds, tree.start

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays from which the index can be had again."""
        return {name: getattr(self.segments, name) for name in self.ARRAYS}

    def in_box(self, west: float, south: float, east: float, north: float) -> Ints:
        """Return the edges that may meet a box; some that it returns may not."""
        found = in_box(west, south, east, north, *self._lines)
        return np.unique(found).astype(np.int64)

    def nearest(
        self, lon: float, lat: float, usable: Usable, max_m: float, tie_m: float
    ) -> list[SnapPoint]:
        """Return the nearest usable edge and those at the same place, nearest first.

        None farther than `max_m` is returned; edges that are farther than the nearest one by at
        most `tie_m` lie at the same place.
        """
        return self.nearest_each([(lon, lat)], usable, max_m, tie_m)[0]

    def nearest_each(
        self, points: Sequence[tuple[float, float]], usable: Usable, max_m: float, tie_m: float
    ) -> list[list[SnapPoint]]:
        """Return for each point what `nearest` does."""
        first, weights, off, only, through = usable
        array = np.array(points, np.float64).reshape(-1, 2)
        rows = nearest(array, max_m, tie_m, *self._lines, first, weights, off, only)
        places: list[list[SnapPoint]] = [[] for _ in points]
        for point, edge, fraction, vertex, x, y, distance in rows.tolist():
            places[int(point)].append(SnapPoint(int(edge), fraction, int(vertex), x, y, distance))
        if len(through):
            return [_public(place, first, through) for place in places]
        return places


def _public(place: list[SnapPoint], first: Ints, through: Weights) -> list[SnapPoint]:
    """Return the spots of a place on edges that are open to through traffic, all without any."""
    if len(place) < 2:
        return place
    kept = [
        spot
        for spot in place
        if (through[first[2 * spot.edge] : first[2 * spot.edge + 2]] != INFINITE).any()
    ]
    return kept or place

"""Snapping: the edges nearest to a point, by a grid over all segments."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routing.graph import Bools, Edges, Floats, Ints, expand
from spatial.crs import GEOD

CELL_DEG = 0.002
AROUND = 0.13  # cells
SEARCH_M = (40.0, 100.0, 250.0, 600.0, 1_500.0, 4_000.0, 10_000.0)


@dataclass(frozen=True)
class Spot:
    """A place on an edge.

    `fraction` runs 0..1 in the edge's own direction, `vertex` is the number of the shape vertex
    before it, `distance_m` how far the snapped point lies from it.
    """

    edge: int
    fraction: float
    vertex: int
    lon: float
    lat: float
    distance_m: float


def metres_per_degree(lat: float) -> tuple[float, float]:
    """Return metres per degree of longitude and latitude on the ellipsoid at a latitude."""
    angle = math.radians(lat)
    root = math.sqrt(1 - GEOD.es * math.sin(angle) ** 2)
    east = math.radians(1) * GEOD.a / root * math.cos(angle)
    north = math.radians(1) * GEOD.a * (1 - GEOD.es) / root**3
    return east, north


class SnapIndex:
    """All segments of a network by grid cell.

    `made` are the arrays of an index of the same edges, so that it need not be made again.
    """

    ARRAYS = ("vertex", "edge", "cell", "segment")

    def __init__(self, edges: Edges, made: Mapping[str, NDArray[Any]] | None = None) -> None:
        self._edges = edges
        self._shape = edges.shape
        self._low = np.floor(edges.shape.min(axis=0, initial=180) / CELL_DEG).astype(np.int64) - 1
        high = np.floor(edges.shape.max(axis=0, initial=-180) / CELL_DEG).astype(np.int64) + 2
        self._columns = int(high[0] - self._low[0])
        if made is None:
            self._make()
        else:
            self._vertex, self._edge, self._cell, self._segment = (made[n] for n in self.ARRAYS)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays from which the index can be had again."""
        parts = self._vertex, self._edge, self._cell, self._segment
        return dict(zip(self.ARRAYS, parts, strict=True))

    def _make(self) -> None:
        edges = self._edges
        counts = np.diff(edges.shape_start) - 1
        self._vertex = expand(edges.shape_start[:-1], counts).astype(np.int32)
        self._edge = np.repeat(np.arange(len(edges), dtype=np.int32), counts)
        cell, segment = self._cells()
        order = np.argsort(cell, kind="stable")
        self._cell, self._segment = cell[order], segment[order]

    def _cells(self) -> tuple[Ints, NDArray[np.int32]]:
        """Return (cell, segment) for points every quarter of a cell along each segment."""
        start, end = self._shape[self._vertex], self._shape[self._vertex + 1]
        steps = np.ceil(np.abs(end - start).max(axis=1, initial=0) / (CELL_DEG / 4)).astype(int) + 1
        segment = np.repeat(np.arange(len(self._vertex), dtype=np.int32), steps + 1)
        step = expand(np.zeros(len(steps), np.int64), steps + 1)
        share = (step / np.repeat(steps, steps + 1))[:, None]
        point = start[segment] * (1 - share) + end[segment] * share
        row_column = np.floor(point / CELL_DEG).astype(np.int64) - self._low
        cell = row_column[:, 1] * self._columns + row_column[:, 0]
        fresh = np.ones(len(cell), np.bool_)
        fresh[1:] = (cell[1:] != cell[:-1]) | (segment[1:] != segment[:-1])
        return cell[fresh], segment[fresh]

    def in_box(self, west: float, south: float, east: float, north: float) -> Ints:
        """Return the edges that may meet a box; some that it returns may not."""
        return np.unique(self._edge[self._in_cells(west, south, east, north)]).astype(np.int64)

    def _in_cells(self, west: float, south: float, east: float, north: float) -> NDArray[np.int32]:
        """Return the segments that may meet a box; some come twice.

        A point of a segment is no farther than an eighth of a cell from one that was noted.
        """
        (first, lowest), last = self._low.tolist(), self._columns - 1
        left = max(math.floor(west / CELL_DEG - AROUND) - first, 0)
        right = min(math.floor(east / CELL_DEG + AROUND) - first, last)
        low, high = (math.floor(south / CELL_DEG - AROUND), math.floor(north / CELL_DEG + AROUND))
        if right < left or high < low or not len(self._cell):
            return np.zeros(0, np.int32)
        height = int(self._cell[-1]) // self._columns
        rows = np.arange(max(low - lowest, 0), min(high - lowest, height) + 1) * self._columns
        start = self._cell.searchsorted(rows + left).tolist()
        stop = self._cell.searchsorted(rows + right, side="right").tolist()
        parts = [self._segment[a:b] for a, b in zip(start, stop, strict=True) if a < b]
        return np.concatenate(parts) if parts else np.zeros(0, np.int32)

    def nearest(
        self, lon: float, lat: float, usable: Callable[[Ints], Bools], max_m: float, tie_m: float
    ) -> list[Spot]:
        """Return the nearest usable edge and those at the same place, nearest first.

        `usable` tells which of the given edges may be used; none farther than `max_m` is returned;
        edges that are farther than the nearest one by at most `tie_m` lie at the same place.
        """
        scale = metres_per_degree(lat)
        for reach in [*(m for m in SEARCH_M if m < max_m), max_m]:
            edge, segment, share, distance = self._within(lon, lat, usable, reach, scale)
            least = float(distance.min()) + tie_m if len(edge) else math.inf
            if least <= reach or (len(edge) and reach == max_m):
                break
        else:
            return []
        near = np.flatnonzero(distance <= least)
        best: dict[int, Spot] = {}
        for i in near[distance[near].argsort(kind="stable")].tolist():
            number = int(edge[i])
            if number not in best:
                best[number] = self._spot(
                    number, int(segment[i]), float(share[i]), float(distance[i])
                )
        return sorted(best.values(), key=lambda spot: (spot.distance_m, spot.edge))

    def _within(
        self,
        lon: float,
        lat: float,
        usable: Callable[[Ints], Bools],
        reach_m: float,
        scale: tuple[float, float],
    ) -> tuple[Ints, NDArray[np.int32], Floats, Floats]:
        """Return usable edges in reach: segment, the share along it, and the distance (m)."""
        wide, high = reach_m / scale[0], reach_m / scale[1]
        segment = self._in_cells(lon - wide, lat - high, lon + wide, lat + high)
        share, distance = self._project(segment, lon, lat, scale)
        near = np.flatnonzero(distance <= reach_m)
        edge = self._edge[segment[near]].astype(np.int64)
        keep = usable(edge)
        near = near[keep]
        return edge[keep], segment[near], share[near], distance[near]

    def _project(
        self, segment: NDArray[np.int32], lon: float, lat: float, scale: tuple[float, float]
    ) -> tuple[Floats, Floats]:
        """Return the share along each segment nearest to a point, and the distance in metres."""
        vertex = self._vertex[segment]
        begin = self._shape[vertex]
        step = (self._shape[vertex + 1] - begin) * scale
        begin = (begin - (lon, lat)) * scale
        x, y, u, v = begin[:, 0], begin[:, 1], step[:, 0], step[:, 1]
        share = -(x * u + y * v) / np.maximum(u * u + v * v, 1e-12)
        share = np.minimum(np.maximum(share, 0.0), 1.0)
        return share, np.hypot(x + u * share, y + v * share)

    def _spot(self, edge: int, segment: int, share: float, distance: float) -> Spot:
        vertex = int(self._vertex[segment])
        first, last = self._edges.shape_start[edge : edge + 2].tolist()
        shape = self._shape[first:last].tolist()
        east, north = metres_per_degree(shape[vertex - first][1])
        lengths = [
            math.hypot((b[0] - a[0]) * east, (b[1] - a[1]) * north) for a, b in pairwise(shape)
        ]
        total, at = sum(lengths), vertex - first
        before = sum(lengths[:at]) + share * lengths[at]
        fraction = min(max(before / total, 0.0), 1.0) if total > 0 else 0.0
        start, end = shape[at], shape[at + 1]
        lon, lat = (round(a * (1 - share) + b * share, 7) for a, b in zip(start, end, strict=True))
        return Spot(edge, fraction, vertex, lon, lat, distance)

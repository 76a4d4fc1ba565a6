"""Snapping: the edges nearest to a point, by a grid over all segments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.graph import Bools, Edges, Floats, Ints, expand
from spatial.crs import GEOD

CELL_DEG = 0.01
SEARCH_M = (150.0, 1_000.0, 5_000.0, 20_000.0)


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
    sine = np.sin(np.radians(lat))
    root = np.sqrt(1 - GEOD.es * sine * sine)
    east = np.radians(1) * GEOD.a / root * np.cos(np.radians(lat))
    north = np.radians(1) * GEOD.a * (1 - GEOD.es) / root**3
    return float(east), float(north)


class SnapIndex:
    """All segments of a network by grid cell."""

    def __init__(self, edges: Edges) -> None:
        self._edges = edges
        counts = np.diff(edges.shape_start) - 1
        self._vertex = expand(edges.shape_start[:-1], counts).astype(np.int32)
        self._edge = np.repeat(np.arange(len(edges), dtype=np.int32), counts)
        self._low = np.floor(edges.shape.min(axis=0, initial=180) / CELL_DEG).astype(np.int64) - 1
        high = np.floor(edges.shape.max(axis=0, initial=-180) / CELL_DEG).astype(np.int64) + 2
        self._columns = int(high[0] - self._low[0])
        cell, segment = self._cells()
        order = np.argsort(cell, kind="stable")
        self._cell, self._segment = cell[order], segment[order]

    def _cells(self) -> tuple[Ints, NDArray[np.int32]]:
        """Return (cell, segment) for points every half cell along each segment."""
        start, end = self._edges.shape[self._vertex], self._edges.shape[self._vertex + 1]
        steps = np.ceil(np.abs(end - start).max(axis=1, initial=0) / (CELL_DEG / 2)).astype(int) + 1
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
        corners = np.array([west, south]), np.array([east, north])
        return np.unique(self._edge[self._in_cells(*corners)]).astype(np.int64)

    def _near(self, lon: float, lat: float, reach_m: float) -> NDArray[np.int32]:
        """Return the segments that may lie within a distance of a point."""
        scale = np.array(metres_per_degree(lat))
        reach = reach_m / scale
        return self._in_cells(np.array([lon, lat]) - reach, np.array([lon, lat]) + reach)

    def _in_cells(self, lower: Floats, upper: Floats) -> NDArray[np.int32]:
        """Return the segments of the cells of a box and half a cell around it."""
        low = np.floor(lower / CELL_DEG - 0.5).astype(np.int64) - self._low
        high = np.floor(upper / CELL_DEG + 0.5).astype(np.int64) - self._low
        low, right = np.maximum(low, 0), min(int(high[0]), self._columns - 1)
        if right < low[0] or high[1] < low[1]:
            return np.zeros(0, np.int32)
        rows = np.arange(low[1], high[1] + 1) * self._columns
        start = np.searchsorted(self._cell, rows + low[0])
        stop = np.searchsorted(self._cell, rows + right, side="right")
        return self._segment[expand(start, stop - start)]

    def nearest(
        self, lon: float, lat: float, usable: Callable[[Ints], Bools], max_m: float, tie_m: float
    ) -> list[Spot]:
        """Return the nearest usable edge and those at the same place, nearest first.

        `usable` tells which of the given edges may be used; none farther than `max_m` is returned;
        edges that are farther than the nearest one by at most `tie_m` lie at the same place.
        """
        for reach in [*(m for m in SEARCH_M if m < max_m), max_m]:
            segment, share, distance = self._within(lon, lat, usable, reach)
            if len(segment) and (distance.min() + tie_m <= reach or reach == max_m):
                break
        else:
            return []
        near = np.flatnonzero(distance <= distance.min() + tie_m)
        order = near[np.lexsort((self._edge[segment[near]], distance[near]))]
        best = {int(self._edge[segment[i]]): i for i in order[::-1]}
        spots = [self._spot(segment[i], share[i], distance[i]) for i in best.values()]
        return sorted(spots, key=lambda spot: (spot.distance_m, spot.edge))

    def _within(
        self, lon: float, lat: float, usable: Callable[[Ints], Bools], reach_m: float
    ) -> tuple[NDArray[np.int32], Floats, Floats]:
        """Return the usable segments in reach, the share along each, and the distance (m)."""
        segment = self._near(lon, lat, reach_m)
        share, distance = self._project(segment, lon, lat)
        keep = distance <= reach_m
        segment, share, distance = segment[keep], share[keep], distance[keep]
        keep = usable(self._edge[segment].astype(np.int64))
        return segment[keep], share[keep], distance[keep]

    def _project(self, segment: NDArray[np.int32], lon: float, lat: float) -> tuple[Floats, Floats]:
        """Return the share along each segment nearest to a point, and the distance in metres."""
        scale = np.array(metres_per_degree(lat))
        start = (self._edges.shape[self._vertex[segment]] - (lon, lat)) * scale
        along = (self._edges.shape[self._vertex[segment] + 1] - (lon, lat)) * scale - start
        square = (along * along).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = -(start * along).sum(axis=1) / square
        share = np.clip(np.where(square > 0, share, 0.0), 0.0, 1.0)
        return share, np.hypot(*(start + along * share[:, None]).T)

    def _spot(self, segment: int, share: float, distance: float) -> Spot:
        vertex, edge = int(self._vertex[segment]), int(self._edge[segment])
        start, end = self._edges.shape[vertex], self._edges.shape[vertex + 1]
        lon, lat = (round(float(v), 7) for v in start * (1 - share) + end * share)
        first = int(self._edges.shape_start[edge])
        shape = self._edges.vertices(edge)
        lengths = np.hypot(*(np.diff(shape, axis=0) * metres_per_degree(lat)).T)
        before = lengths[: vertex - first].sum() + share * lengths[vertex - first]
        total = lengths.sum()
        fraction = float(np.clip(before / total, 0, 1)) if total > 0 else 0.0
        return Spot(edge, fraction, vertex, lon, lat, float(distance))

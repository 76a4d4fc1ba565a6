"""The edges near many points at once: a fine grid over all segments, searched with arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.graph import Bools, Edges, Floats, Ints, expand
from spatial.crs import GEOD

CELL_DEG = 0.0015
BLOCK = 512  # points looked up together: bounds the memory of one search


def scales(lat: Floats) -> Floats:
    """Return (n, 2) metres per degree of longitude and latitude at latitudes."""
    sine = np.sin(np.radians(lat))
    root = np.sqrt(1 - GEOD.es * sine * sine)
    east = np.radians(1) * GEOD.a / root * np.cos(np.radians(lat))
    north = np.radians(1) * GEOD.a * (1 - GEOD.es) / root**3
    return np.column_stack([east, north])


@dataclass(frozen=True)
class Near:
    """Edges near points, sorted by point and distance; parallel arrays.

    `share` (0..1) is the nearest place along the edge in its own direction.
    """

    point: Ints
    edge: Ints
    share: Floats
    distance_m: Floats


class NearIndex:
    """All segments of a network by grid cell."""

    def __init__(self, edges: Edges) -> None:
        counts = np.diff(edges.shape_start) - 1
        self._shape = edges.shape
        self._vertex = expand(edges.shape_start[:-1], counts).astype(np.int32)
        self._edge = np.repeat(np.arange(len(edges), dtype=np.int32), counts)
        self._of_edge = edges.shape_start - np.arange(len(edges) + 1)  # its first segment
        self._metres = self._measure()
        self._low = np.floor(edges.shape.min(axis=0, initial=180) / CELL_DEG).astype(np.int64) - 2
        high = np.floor(edges.shape.max(axis=0, initial=-180) / CELL_DEG).astype(np.int64) + 2
        self._columns = max(int(high[0] - self._low[0]), 1)
        cell, segment = self._cells()
        order = np.argsort(cell, kind="stable")
        self._segment = segment[order]
        self._cell, first = np.unique(cell[order], return_index=True)
        self._first = np.append(first, len(cell)).astype(np.int64)

    def _measure(self) -> Floats:
        """Return the metres before each segment, all edges one after another."""
        start, end = self._shape[self._vertex], self._shape[self._vertex + 1]
        length = np.hypot(*((end - start) * scales((start[:, 1] + end[:, 1]) / 2)).T)
        return np.concatenate([[0.0], np.cumsum(length)])

    def _cells(self) -> tuple[Ints, NDArray[np.int32]]:
        """Return (cell, segment) for points every half cell along each segment."""
        start, end = self._shape[self._vertex], self._shape[self._vertex + 1]
        steps = np.ceil(np.abs(end - start).max(axis=1, initial=0) / (CELL_DEG / 2)).astype(int)
        steps = np.maximum(steps, 1)
        segment = np.repeat(np.arange(len(self._vertex), dtype=np.int32), steps + 1)
        step = expand(np.zeros(len(steps), np.int64), steps + 1)
        share = (step / np.repeat(steps, steps + 1))[:, None]
        point = start[segment] * (1 - share) + end[segment] * share
        place = np.floor(point / CELL_DEG).astype(np.int64) - self._low
        cell = place[:, 1] * self._columns + place[:, 0]
        fresh = np.ones(len(cell), np.bool_)
        fresh[1:] = (cell[1:] != cell[:-1]) | (segment[1:] != segment[:-1])
        return cell[fresh], segment[fresh]

    def find(self, points: Floats, radius_m: Floats, usable: Bools, most: int) -> Near:
        """Return the usable edges within a radius of each point, at most so many of each.

        Parameters
        ----------
        points, radius_m
            (n, 2) longitude and latitude (EPSG:4326), and metres for each.
        usable, most
            By edge; the nearest so many are returned.
        """
        parts = [
            self._block(points[at : at + BLOCK], radius_m[at : at + BLOCK], usable, most)
            for at in range(0, max(len(points), 1), BLOCK)
        ]
        return Near(
            np.concatenate([part.point + BLOCK * i for i, part in enumerate(parts)]),
            np.concatenate([part.edge for part in parts]),
            np.concatenate([part.share for part in parts]),
            np.concatenate([part.distance_m for part in parts]),
        )

    def place(self, edge: Ints, share: Floats) -> tuple[Ints, Floats]:
        """Return the vertex before a share (0..1) of each edge, and its longitude and latitude."""
        first, last = self._of_edge[edge], self._of_edge[edge + 1]
        metres = self._metres[first] + share * (self._metres[last] - self._metres[first])
        segment = np.clip(np.searchsorted(self._metres, metres, side="right") - 1, first, last - 1)
        length = self._metres[segment + 1] - self._metres[segment]
        part = np.clip((metres - self._metres[segment]) / np.maximum(length, 1e-9), 0.0, 1.0)
        vertex = self._vertex[segment].astype(np.int64)
        start, end = self._shape[vertex], self._shape[vertex + 1]
        whole = part[:, None] >= 1
        return vertex, np.where(whole, end, np.round(start + (end - start) * part[:, None], 7))

    def _block(self, points: Floats, radius_m: Floats, usable: Bools, most: int) -> Near:
        scale = scales(points[:, 1])
        point, segment = self._pairs(points, radius_m[:, None] / scale)
        open_ = usable[self._edge[segment]]
        point, segment = point[open_], segment[open_]
        share, distance = self._project(points[point], scale[point], segment)
        kept = distance <= radius_m[point]
        point, segment, share, distance = point[kept], segment[kept], share[kept], distance[kept]
        edge = self._edge[segment].astype(np.int64)
        order = np.lexsort((distance, edge, point))
        fresh = np.ones(len(order), np.bool_)
        fresh[1:] = np.diff(point[order]) != 0
        fresh[1:] |= np.diff(edge[order]) != 0
        best = order[fresh]
        best = best[np.lexsort((distance[best], point[best]))]
        rank = np.arange(len(best)) - np.searchsorted(point[best], point[best])
        best = best[rank < most]
        along = self._along(segment[best], share[best], edge[best])
        return Near(point[best], edge[best], along, distance[best])

    def _along(self, segment: NDArray[np.int32], share: Floats, edge: Ints) -> Floats:
        """Return the share along whole edges of a share along their segments."""
        first, last = self._metres[self._of_edge[edge]], self._metres[self._of_edge[edge + 1]]
        begin, end = self._metres[segment], self._metres[segment + 1]
        metres = begin + share * (end - begin) - first
        share = np.clip(metres / np.maximum(last - first, 1e-9), 0.0, 1.0)
        return np.asarray(share, np.float64)

    def _pairs(self, points: Floats, reach: Floats) -> tuple[Ints, NDArray[np.int32]]:
        """Return (point, segment) of all segments in the cells around each point, each once."""
        low = np.floor((points - reach) / CELL_DEG - 0.25).astype(np.int64) - self._low
        high = np.floor((points + reach) / CELL_DEG + 0.25).astype(np.int64) - self._low
        left, right = np.maximum(low[:, 0], 0), np.minimum(high[:, 0], self._columns - 1)
        rows = np.where(left <= right, high[:, 1] - low[:, 1] + 1, 0)
        point = np.repeat(np.arange(len(points)), rows)
        row = expand(low[:, 1], rows) * self._columns
        start = self._first[np.searchsorted(self._cell, row + left[point])]
        stop = self._first[np.searchsorted(self._cell, row + right[point], side="right")]
        point = np.repeat(point, stop - start)
        segment = self._segment[expand(start, stop - start)]
        return point, segment

    def _project(
        self, points: Floats, scale: Floats, segment: NDArray[np.int32]
    ) -> tuple[Floats, Floats]:
        """Return the share along each segment nearest to its point, and the distance in metres."""
        vertex = self._vertex[segment]
        start = (self._shape[vertex] - points) * scale
        along = (self._shape[vertex + 1] - points) * scale - start
        x, y, u, v = start[:, 0], start[:, 1], along[:, 0], along[:, 1]
        square = u * u + v * v
        share = -(x * u + y * v) / np.maximum(square, 1e-9)
        share = np.clip(share, 0.0, 1.0)
        return share, np.hypot(x + u * share, y + v * share)

"""Reach polygons: everything within some time or length of places, as areas with their holes.

The reached parts of edges are drawn exactly onto a grid of cells that holds the least time of each
cell. An area is the cells within its limit, widened and outlined, so that by construction

- every reached place of the network lies in the area,
- no place of the area is farther than the resolution from a reached place,
- areas of one answer lie in each other in the order of their limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # loads its heavy parts when they are first used
import shapely

from routing.cch.engine import Metric
from routing.graph.adjacency import expand
from routing.graph.graph import Graph
from routing.graph.weights import INFINITE, LARGEST, Bools, Floats, Ints, Weights
from routing.index.snap import metres_per_degree
from routing.isochrone.marching_squares import outline
from routing.query.one_to_many import Span
from routing.query.prepare import PreparedMetric
from routing.stopping import check

CELLS_ACROSS = 4
"""Cells of the grid per resolution."""
MOST_CELLS = 1_000_000
FINEST_M = 20.0
_STEPS_ACROSS = 120
_EDGE = 2.13  # cells by which drawing and outlining may pass a reached place: 1.5 * sqrt(2), up
_SLACK = 1.0  # ms, for the rounding of costs to whole ones
MM_PER_M = 1000.0


@dataclass(frozen=True)
class Pieces:
    """Straight reached pieces: ends in degrees, and how far off they are (ms, or mm)."""

    start: Floats
    end: Floats
    start_cost: Floats
    end_cost: Floats


@dataclass(frozen=True)
class Grid:
    """Square cells of degrees; `size_m` are the metres of a side at its longest."""

    west: float
    south: float
    step: tuple[float, float]
    size_m: float
    columns: int
    rows: int

    @property
    def resolution_m(self) -> float:
        """No place of an area is farther than this from a reached place."""
        return self.size_m * CELLS_ACROSS


def by_length(graph: Graph, prepared: PreparedMetric) -> Metric:
    """Return a metric of lengths (mm) that is shut where another one is."""
    metric = prepared.metric
    with metric.lock:
        weights, at_ends, stamp = metric.weights, metric.at_ends, metric.stamp
    length = np.clip(np.rint(graph.edges.length_m[graph.arcs.edge] * MM_PER_M), 1, LARGEST)

    def measured(shown: Weights) -> Weights:
        return np.where(shown >= INFINITE, INFINITE, length).astype(np.uint32)

    if at_ends is not None:
        at_ends = at_ends._replace(weights=measured(at_ends.weights))
    return Metric(metric.topology, measured(weights), stamp, at_ends)


def areas(
    graph: Graph, span: Span, limits: Sequence[float], resolution_m: float | None = None
) -> tuple[list[shapely.Geometry], float]:
    """Return a MultiPolygon (EPSG:4326) per limit, and the resolution (m) that they have.

    Parameters
    ----------
    graph, span
        The network and what was reached on it, within the largest limit at least.
    limits
        In the unit of the span: ms or mm.
    resolution_m
        How far an area may go beyond what is reached; chosen by the extent when None, and coarser
        than asked where the grid would have more than `MOST_CELLS` cells.
    """
    pieces = cut(graph, span)
    grid = _grid(pieces, resolution_m)
    least = draw(pieces, grid)
    return [_area(least <= limit + _SLACK, grid) for limit in limits], grid.resolution_m


def cut(graph: Graph, span: Span) -> Pieces:
    """Return the straight pieces of the reached parts of edges."""
    edges, back = span.keys >> 1, (span.keys & 1).astype(np.bool_)
    low, high = np.where(back, 1 - span.stop, span.start), np.where(back, 1 - span.start, span.stop)
    low_cost = np.where(back, span.stop_ms, span.start_ms)
    high_cost = np.where(back, span.start_ms, span.stop_ms)
    begin = graph.edges.shape_start[edges]
    count = graph.edges.shape_start[edges + 1] - begin
    vertex, share = _shares(graph, begin, count)
    first = np.ones(len(vertex), np.bool_)
    first[np.cumsum(count) - 1] = False
    here = np.flatnonzero(first)
    owner = np.repeat(np.arange(len(edges)), count)[here]
    f_0, f_1 = share[here], share[here + 1]
    a, b = np.maximum(f_0, low[owner]), np.minimum(f_1, high[owner])
    kept = a <= b
    here, owner = here[kept], owner[kept]
    f_0, f_1, a, b = f_0[kept], f_1[kept], a[kept], b[kept]
    shape = graph.edges.shape
    point, ahead = shape[vertex[here]], shape[vertex[here + 1]] - shape[vertex[here]]
    wide, part = _positive(f_1 - f_0), _positive(high[owner] - low[owner])
    grade = (high_cost - low_cost)[owner] / part
    return Pieces(
        point + ahead * ((a - f_0) / wide)[:, None],
        point + ahead * ((b - f_0) / wide)[:, None],
        low_cost[owner] + (a - low[owner]) * grade,
        low_cost[owner] + (b - low[owner]) * grade,
    )


def _positive(values: Floats) -> Floats:
    return np.where(values > 0, values, 1.0)


def _shares(graph: Graph, begin: Ints, count: Ints) -> tuple[Ints, Floats]:
    """Return the vertices of edges end to end, and how far along its edge (0..1) each one lies."""
    vertex = expand(begin, count)
    points = graph.edges.shape[vertex]
    scale = np.array(metres_per_degree(float(points[:, 1].mean()) if len(points) else 0.0))
    length = np.zeros(len(vertex))
    length[1:] = np.hypot(*(np.diff(points, axis=0) * scale).T)
    starts = np.cumsum(count) - count
    length[starts] = 0
    along = np.cumsum(length)
    along -= np.repeat(along[starts], count)
    return vertex, along / np.repeat(_positive(along[starts + count - 1]), count)


def _grid(pieces: Pieces, resolution_m: float | None) -> Grid:
    x, y = np.concatenate([pieces.start, pieces.end]).T.copy()  # rows: faster to reduce
    low, high = np.array([x.min(), y.min()]), np.array([x.max(), y.max()])
    from_equator = np.abs([low[1], high[1]])
    widest = 0.0 if low[1] <= 0 <= high[1] else float(from_equator.min())
    east, north = metres_per_degree(widest)[0], metres_per_degree(float(from_equator.max()))[1]
    scale = np.array([east, north])
    extent = (high - low) * scale
    wanted = resolution_m or max(float(extent.max()) / _STEPS_ACROSS, FINEST_M)
    size = wanted / CELLS_ACROSS
    margin = 2 * CELLS_ACROSS + 4
    while np.prod(extent / size + margin) > MOST_CELLS:
        size *= 1.25
    step = size / scale
    columns, rows = (np.floor(extent / size).astype(int) + margin).tolist()
    west, south = low - step * (margin // 2)
    return Grid(float(west), float(south), (float(step[0]), float(step[1])), size, columns, rows)


def draw(pieces: Pieces, grid: Grid) -> Floats:
    """Return the (rows, columns) least cost of each cell that a piece touches; else infinite."""
    origin = np.array([grid.west, grid.south])
    start, end = (pieces.start - origin) / grid.step, (pieces.end - origin) / grid.step
    least = np.full(grid.rows * grid.columns, np.inf)
    first, last = np.floor(start), np.floor(end)
    short = (first[:, 0] == last[:, 0]) & (first[:, 1] == last[:, 1])
    cell = first[short].astype(np.int64)
    cost = np.minimum(pieces.start_cost, pieces.end_cost)[short]
    np.minimum.at(least, cell[:, 1] * grid.columns + cell[:, 0], cost)
    long = ~short
    cell, cost = _crossed(start[long], end[long], pieces.start_cost[long], pieces.end_cost[long])
    np.minimum.at(least, cell[:, 1] * grid.columns + cell[:, 0], cost)
    return least.reshape(grid.rows, grid.columns)


def _crossed(
    start: Floats, end: Floats, start_cost: Floats, end_cost: Floats
) -> tuple[Ints, Floats]:
    """Return each cell (column, row) that pieces run through, with the least cost there."""
    count = len(start)
    owners, shares = [np.repeat(np.arange(count), 2)], [np.tile([0.0, 1.0], count)]
    for axis in (0, 1):
        first, last = np.floor(start[:, axis]), np.floor(end[:, axis])
        crossings = np.abs(last - first).astype(np.int64)
        owner = np.repeat(np.arange(count), crossings)
        line = expand(np.minimum(first, last).astype(np.int64) + 1, crossings)
        begin, ahead = start[owner, axis], (end - start)[owner, axis]
        owners.append(owner)
        shares.append(np.clip((line - begin) / np.where(ahead == 0, 1, ahead), 0, 1))
    owner, share = np.concatenate(owners), np.concatenate(shares)
    order = np.lexsort((share, owner))
    owner, share = owner[order], share[order]
    one = np.flatnonzero(owner[1:] == owner[:-1])
    of, before, after = owner[one], share[one], share[one + 1]
    middle = start[of] + (end - start)[of] * ((before + after) / 2)[:, None]
    grade = (end_cost - start_cost)[of]
    cost = start_cost[of] + np.minimum(grade * before, grade * after)
    return np.floor(middle).astype(np.int64), cost


def _area(reached: Bools, grid: Grid) -> shapely.Geometry:
    """Return the outline of cells widened to the grid's resolution."""
    check()
    if not reached.any():
        return shapely.MultiPolygon()
    wider = scipy.ndimage.distance_transform_edt(~reached) <= CELLS_ACROSS - _EDGE
    corners = np.zeros((grid.rows + 1, grid.columns + 1), np.bool_)
    for row in (slice(None, -1), slice(1, None)):
        for column in (slice(None, -1), slice(1, None)):
            corners[row, column] |= wider
    return outline(corners, grid.west, grid.south, grid.step)

"""Polygons of any shape as arrays: corners of rings, rings of polygons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from routing.graph.weights import Floats, Ints

Shapes: TypeAlias = NDArray[np.object_]
"""Polygons of shapely."""
_POLYGON = 3


@dataclass(frozen=True)
class Polygons:
    """Polygons, perhaps of several parts and with holes.

    Parameters
    ----------
    points
        (m, 2) corners of all rings, the first of a ring not repeated.
    rings
        Where each ring begins, and behind the last one.
    of
        Which ring is the first of each polygon, and behind the last one.
    """

    points: Floats
    rings: Ints
    of: Ints

    def __len__(self) -> int:
        return len(self.of) - 1

    def some(self, at: Ints) -> Polygons:
        """Return some of them by their numbers."""
        rings, of = _parts(self.of, at)
        points, first = _parts(self.rings, rings)
        return Polygons(self.points[points], first, of)

    def boxes(self) -> Floats:
        """Return left, bottom, right, top of each: the least and the largest of its corners."""
        if not len(self):
            return np.zeros((0, 4))
        first = self.rings[self.of[:-1]]
        low, high = (edge.reduceat(self.points, first) for edge in (np.minimum, np.maximum))
        return np.concatenate((low, high), axis=1)

    def shapes(self) -> Shapes:
        """Return them as shapely has them, where each has one ring."""
        counts = np.diff(self.rings)
        ends = np.concatenate(([0], np.cumsum(counts + 1)))
        step = np.arange(ends[-1]) - np.repeat(ends[:-1], counts + 1)
        corner = np.repeat(self.rings[:-1], counts + 1) + step % np.repeat(counts, counts + 1)
        parts = ends, np.arange(len(self) + 1)
        kind = shapely.GeometryType.POLYGON
        return np.asarray(shapely.from_ragged_array(kind, self.points[corner], parts), np.object_)


def on_the_web_map(places: Floats) -> Floats:
    """Return longitudes and latitudes as shares of the web map's width, from west and north."""
    y = (1 - np.arcsinh(np.tan(np.radians(places[:, 1]))) / np.pi) / 2
    return np.stack(((places[:, 0] + 180) / 360, y), axis=1)


def polygons_of_rings(rings: Floats) -> Polygons:
    """Return polygons of one ring each, (n, corners, 2); a last corner told again counts once."""
    count, corners, _ = rings.shape
    kept = np.ones((count, corners), bool)
    kept[:, 1:] = (rings[:, 1:] != rings[:, :-1]).any(axis=2)
    first = np.concatenate(([0], np.cumsum(kept.sum(axis=1))))
    return Polygons(rings[kept], first.astype(np.int64), np.arange(count + 1, dtype=np.int64))


def polygons_of_shapes(shapes: Shapes, *, clockwise: bool) -> Polygons:
    """Return polygons of shapely's, the outer rings in a direction and holes in the other one."""
    turned = shapely.orient_polygons(_many(shapes), exterior_cw=clockwise)
    _, corners, (rings, parts, of) = shapely.to_ragged_array(turned)
    last = np.zeros(len(corners), bool)
    last[np.asarray(rings[1:], np.int64) - 1] = True
    return Polygons(
        np.ascontiguousarray(corners[~last], np.float64),
        np.asarray(rings, np.int64) - np.arange(len(rings)),
        np.asarray(parts, np.int64)[np.asarray(of, np.int64)],
    )


def _many(shapes: Shapes) -> Shapes:
    """Return each as a multipolygon, without what is no area."""
    made = np.empty(len(shapes), np.object_)
    for at, shape in enumerate(shapes):
        parts = shapely.get_parts(shapely.get_parts([shape]))
        some = (shapely.get_type_id(parts) == _POLYGON) & ~shapely.is_empty(parts)
        made[at] = shapely.multipolygons(parts[some])
    return made


def _parts(first: Ints, at: Ints) -> tuple[Ints, Ints]:
    """Return the numbers of the parts of some wholes, and where those of each begin."""
    counts = first[at + 1] - first[at]
    ends = np.concatenate(([0], np.cumsum(counts)))
    steps = np.arange(ends[-1]) - np.repeat(ends[:-1], counts)
    return np.repeat(first[at], counts) + steps, ends.astype(np.int64)

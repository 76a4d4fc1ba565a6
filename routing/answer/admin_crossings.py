"""Which administrative units a path crosses, and how far in each: what a permit must name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from routing.graph.weights import Floats, Ints
from spatial.geo.crs import GEOD


@dataclass(frozen=True)
class Unit:
    """An administrative unit: GB/T 2260 code, names, polygon (EPSG:4326)."""

    code: str
    name_zh: str | None
    name_en: str | None
    shape: Any


@dataclass(frozen=True)
class Crossing:
    """The length of a path within a unit; no unit is outside all that are loaded."""

    unit: Unit | None
    length_m: float


class Units:
    """Units by rank: where several hold a place, the first of the list is its unit."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._units = list(units)
        shapes = np.array([unit.shape for unit in units], object)
        shapely.prepare(shapes)
        self._shapes = shapes
        self._tree = shapely.STRtree(shapes)

    def crossed(self, points: Floats, length_m: float) -> list[Crossing]:
        """Return the units along a line in the order in which it first enters them.

        The line is cut where it crosses a border, each piece belongs to one unit, and the pieces
        share the path's length by their own geodesic length: the lengths sum to `length_m`.

        Parameters
        ----------
        points
            (n, 2) longitude and latitude (EPSG:4326) of the path's vertices.
        length_m
            The path's length.
        """
        near = np.sort(self._tree.query(shapely.linestrings(_two(points)), "intersects"))
        cut = self._cut(points, near)
        owner = self._owner((cut[1:] + cut[:-1]) / 2, near)
        metres = np.array(GEOD.line_lengths(cut[:, 0], cut[:, 1]), np.float64)
        total = float(metres.sum())
        share = metres / total if total > 0 else np.full(len(metres), 1 / max(len(metres), 1))
        sums = np.bincount(owner + 1, weights=share, minlength=len(self._units) + 1)
        order = dict.fromkeys(owner[share > 0].tolist() or owner[:1].tolist())
        return [
            Crossing(self._units[u] if u >= 0 else None, float(sums[u + 1]) * length_m)
            for u in order
        ]

    def _cut(self, points: Floats, near: Ints) -> Floats:
        """Return the vertices with those added where a segment crosses a border."""
        lines = shapely.linestrings(np.stack([points[:-1], points[1:]], axis=1))
        borders = shapely.boundary(self._shapes[near])
        cuts: list[tuple[int, float]] = []
        for border in borders:
            shapely.prepare(border)
            for number in np.flatnonzero(shapely.intersects(border, lines)).tolist():
                met = shapely.get_coordinates(shapely.intersection(border, lines[number]))
                along = points[number + 1] - points[number]
                square = float(along @ along)
                if square > 0:
                    shares = (met - points[number]) @ along / square
                    cuts += [(number, float(s)) for s in shares if 0 < s < 1]
        added = np.array(sorted(set(cuts)), np.float64).reshape(-1, 2)
        at = added[:, 0].astype(np.int64)
        places = points[at] + (points[at + 1] - points[at]) * added[:, 1:]
        return np.asarray(np.insert(points, at + 1, places, axis=0), np.float64)

    def _owner(self, places: Floats, near: Ints) -> Ints:
        """Return the first unit that holds each place, -1 for none."""
        owner = np.full(len(places), -1, np.int64)
        for unit in near.tolist():
            free = np.flatnonzero(owner < 0)
            held = shapely.intersects_xy(self._shapes[unit], *places[free].T)
            owner[free[np.asarray(held, np.bool_)]] = unit
        return owner


def _two(points: Floats) -> Floats:
    return points if len(points) > 1 else np.repeat(points, 2, axis=0)


def rounded(crossings: Sequence[Crossing]) -> list[float]:
    """Return the lengths to 0.1 m such that they sum to the path's length to 0.1 m."""
    ends = np.round(np.cumsum([c.length_m for c in crossings]), 1)
    return [round(float(v), 1) for v in np.diff(np.concatenate([[0.0], ends]))]


def listed(crossings: Sequence[Crossing]) -> list[dict[str, Any]]:
    """Write crossings down as the API does."""
    outside = {"zh": "行政区划之外", "en": "Outside all units"}
    return [
        {
            "admin_code": c.unit.code if c.unit else None,
            "name": {"zh": c.unit.name_zh, "en": c.unit.name_en} if c.unit else outside,
            "length_m": metres,
        }
        for c, metres in zip(crossings, rounded(crossings), strict=True)
    ]

"""Outlines of units as maps of reports draw them: paths on a grid, with its scale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import cos, radians

import orjson

from layers.reports.seal import Told, digits

WIDTH = 1000
"""Units of the grid from west to east."""
KM_PER_DEGREE = 111.195
"""Of latitude, on the sphere of the Earth's mean radius."""
FEWEST = 3
"""Points of a ring that is drawn."""
Ring = Sequence[Sequence[float]]


def project(shapes: Mapping[str, str]) -> Told:
    """Return outlines, given as GeoJSON texts in degrees, on a grid of equal scale in its middle.

    Equirectangular: a degree of longitude is as wide as it is on the middle parallel.
    """
    rings = {code: list(_rings(orjson.loads(text))) for code, text in sorted(shapes.items())}
    points = [point for found in rings.values() for ring in found for point in ring]
    if not points:
        return {"width": WIDTH, "height": WIDTH, "km": None, "paths": {}}
    west, east = min(p[0] for p in points), max(p[0] for p in points)
    south, north = min(p[1] for p in points), max(p[1] for p in points)
    narrow = cos(radians((south + north) / 2))
    scale = WIDTH / max((east - west) * narrow, (north - south) / 2, 1e-6)
    place = _Place(west, north, scale * narrow, scale)
    paths = {code: "".join(place.path(ring) for ring in found) for code, found in rings.items()}
    height = max(1, round((north - south) * scale))
    width = max(1, round((east - west) * scale * narrow))
    km = digits(round(KM_PER_DEGREE / scale, 6))
    return {"width": width, "height": height, "km": km, "paths": paths}


class _Place:
    """Where a point of degrees lies on the grid."""

    def __init__(self, west: float, north: float, x: float, y: float) -> None:
        self._west, self._north, self._x, self._y = west, north, x, y

    def path(self, ring: Ring) -> str:
        """Return a ring as a closed path; none where it is too small to be seen."""
        points: list[tuple[int, int]] = []
        for lon, lat, *_ in ring[:-1]:
            at = round((lon - self._west) * self._x), round((self._north - lat) * self._y)
            if not points or points[-1] != at:
                points.append(at)
        if len(points) < FEWEST:
            return ""
        first, *rest = points
        return f"M{first[0]} {first[1]}L{' '.join(f'{x} {y}' for x, y in rest)}Z"


def _rings(shape: Told) -> Iterable[Ring]:
    parts = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
    return [ring for polygon in parts for ring in polygon]

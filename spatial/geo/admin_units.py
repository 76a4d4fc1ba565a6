"""Administrative units as loaded: which one holds a point, and the polygon of a code."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import psycopg
import shapely
from numpy.typing import ArrayLike

from spatial.geo.unit_rows import UNITS

LEVELS = ("county", "prefecture", "province")  # finest first; kind or level of `zone`


class AdminUnits:
    """Polygons (degrees) by GB/T 2260 code, finest level first."""

    def __init__(self, units: Mapping[str, shapely.Geometry]) -> None:
        self.units = dict(units)
        self._codes = list(self.units)
        shapes = np.array(list(self.units.values()), dtype=object)
        shapely.prepare(shapes)
        self._tree = shapely.STRtree(shapes)

    @classmethod
    def load(cls, conn: psycopg.Connection) -> AdminUnits:
        """Read the units from `zone`."""
        rows = conn.execute(UNITS, [list(LEVELS)]).fetchall()
        units: dict[str, shapely.Geometry] = {}
        for code, shape in rows:
            units.setdefault(code, shapely.from_wkb(bytes(shape)))
        return cls(units)

    def codes_of(self, lon: ArrayLike, lat: ArrayLike) -> list[str | None]:
        """Return the code of the finest unit that holds each point, or None."""
        points = shapely.points(np.asarray(lon, float), np.asarray(lat, float))
        found: list[str | None] = [None] * points.size
        if not self._codes:
            return found
        which, unit = self._tree.query(np.atleast_1d(points), predicate="intersects")
        for at, number in sorted(zip(which.tolist(), unit.tolist(), strict=True), reverse=True):
            found[at] = self._codes[number]
        return found

    def centre(self, code: str) -> tuple[float, float] | None:
        """Return a point inside the unit (degrees), or None when the code is not loaded."""
        shape = self.units.get(code)
        if shape is None:
            return None
        point = shapely.point_on_surface(shape)
        return float(point.x), float(point.y)

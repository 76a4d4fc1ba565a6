"""Administrative units as loaded: which one holds a point, and the polygon of a code."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import psycopg
import shapely
from numpy.typing import ArrayLike

from spatial.actor import scope_prefix
from spatial.geo.crs import distance_m
from spatial.geo.unit_rows import UNITS

SHORE_M = 5_000.0
"""So far before the coast, as outlines draw it, a quay is of the county beside it."""
LEVELS = ("county", "prefecture", "province")  # finest first; kind or level of `zone`


def is_unit(code: str, known: Collection[str]) -> bool | None:
    """Tell whether a GB/T 2260 code is that of a unit, by the codes of those that are loaded.

    It is compared at its own level, or where no unit of that is loaded at the next above. None says
    that what can be compared is no proof: nothing is loaded, or only levels above.
    """
    own = len(scope_prefix(code))
    for digits in range(own, 0, -2):
        level = {one[:digits] for one in known if len(scope_prefix(one)) >= digits}
        if level and code[:digits] not in level:
            return False
        if level:
            return True if digits == own else None
    return None


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

    def codes_of(
        self, lon: ArrayLike, lat: ArrayLike, at_shore: Sequence[bool] = ()
    ) -> list[str | None]:
        """Return the code of the finest unit that holds each point, or None.

        A point `at_shore` that none holds is of the finest unit near it: of the nearest of its
        level, `SHORE_M` away at most.
        """
        xs, ys = np.atleast_1d(np.asarray(lon, float)), np.atleast_1d(np.asarray(lat, float))
        found: list[str | None] = [None] * xs.size
        if not self._codes:
            return found
        which, unit = self._tree.query(shapely.points(xs, ys), predicate="intersects")
        for at, number in sorted(zip(which.tolist(), unit.tolist(), strict=True), reverse=True):
            found[at] = self._codes[number]
        for at in np.flatnonzero(at_shore).tolist():
            found[at] = found[at] or self._nearest(float(xs[at]), float(ys[at]))
        return found

    def _nearest(self, lon: float, lat: float) -> str | None:
        line = shapely.shortest_line(list(self.units.values()), shapely.Point(lon, lat))
        near = shapely.get_coordinates(shapely.get_point(line, 0))
        away = distance_m(near[:, 0], near[:, 1], lon, lat)
        reached = [
            (-len(scope_prefix(self._codes[at])), away[at], self._codes[at])
            for at in np.flatnonzero(away <= SHORE_M)
        ]
        return min(reached)[2] if reached else None

    def centre(self, code: str) -> tuple[float, float] | None:
        """Return a point inside the unit (degrees), or None when the code is not loaded."""
        shape = self.units.get(code)
        if shape is None:
            return None
        point = shapely.point_on_surface(shape)
        return float(point.x), float(point.y)

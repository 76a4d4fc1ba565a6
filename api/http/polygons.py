"""Polygons that requests name: each vertex checked, cut at the antimeridian, valid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
import shapely
from shapely.geometry import shape

from layers.offload import offload
from spatial.errors import BadCoordinate, BadParameter
from spatial.geo.antimeridian import TURN, split
from spatial.geo.crs import CRS84, MERCATOR_MAX_LAT, Crs, axes_swapped, check_lonlat
from spatial.geo.crs import transform_coordinates as transform
from spatial.geo.datum import Floats
from spatial.geo.geojson import Coordinates
from spatial.json_types import JsonBody

MOST_VERTICES = 10_000

MOST_IN_ALL = 20_000
"""Vertices of all polygons of one request."""

Path = tuple[int, ...]


async def read_polygons(geometries: Sequence[JsonBody], crs: Crs = CRS84) -> list[shapely.Geometry]:
    """Return GeoJSON polygons as `read_polygon` does, read in a thread.

    Raises
    ------
    BadCoordinate, BadParameter
        One cannot be used, or all have too many vertices.
    """
    return await offload(_read_all, geometries, crs)


def _read_all(geometries: Sequence[JsonBody], crs: Crs) -> list[shapely.Geometry]:
    polygons, count = [], 0
    for geometry in geometries:
        polygons.append(read_polygon(geometry, crs))
        count += int(shapely.get_num_coordinates(polygons[-1]))
        if count > MOST_IN_ALL:
            raise _bad_polygon(
                f"more than {MOST_IN_ALL} vertices in all", f"顶点总数超过 {MOST_IN_ALL} 个"
            )
    return polygons


def read_polygon(geometry: JsonBody, crs: Crs = CRS84) -> shapely.Geometry:
    """Return a GeoJSON polygon as a valid shapely one in EPSG:4326, within ±180°.

    Raises
    ------
    BadCoordinate
        A vertex lies where no tile can show it, or has its axes swapped; `index` and `value` name
        it, as the place in `coordinates` and as it was sent.
    BadParameter
        It is no polygon, too large, or crosses itself.
    """
    try:
        given = geometry["coordinates"]
        if not isinstance(given, list):
            raise TypeError("coordinates are no array")
        places = list(_places(given))
        turned = [place[1::-1] if crs.north_first else place for _, place in places]
        _check(places, turned, crs)
        moved = transform(given, crs, CRS84, official_axes=True)
        if crs is not CRS84:
            _check(places, [place for _, place in _places(moved)])
        polygon = shapely.force_2d(shape({"type": geometry["type"], "coordinates": moved}))
    except BadParameter:
        raise
    except Exception as error:  # whatever shapely meets in a geometry of a stranger
        raise _bad_polygon("it cannot be read", "无法解析") from error
    if polygon.geom_type not in ("Polygon", "MultiPolygon") or polygon.is_empty:
        raise _bad_polygon("it must be a Polygon or MultiPolygon", "须为 Polygon 或 MultiPolygon")
    within = split(polygon)
    if not within.is_valid:
        reason = shapely.is_valid_reason(within)
        raise _bad_polygon(reason, f"几何无效（{reason}）")
    return within


def _places(
    node: Coordinates, path: Path = (), seen: list[int] | None = None
) -> Iterator[tuple[Path, Coordinates]]:
    """Yield index and position of each vertex of a coordinate array of any depth, not too many."""
    count = [0] if seen is None else seen
    if node and isinstance(node[0], int | float):
        count[0] += 1
        if count[0] > MOST_VERTICES:
            raise _bad_polygon(
                f"more than {MOST_VERTICES} vertices", f"顶点超过 {MOST_VERTICES} 个"
            )
        yield path, node
        return
    for i, child in enumerate(node):
        yield from _places(cast(Coordinates, child), (*path, i), count)


def _check(
    given: Sequence[tuple[Path, Coordinates]], places: Sequence[Coordinates], crs: Crs = CRS84
) -> None:
    """Refuse the first vertex that cannot be; longitudes may run on over ±180°."""
    xy = np.array([place[:2] for place in places], np.float64).reshape(-1, 2)
    x, y = xy.T
    good = np.isfinite(xy).all(axis=1)
    if not crs.projected:
        good &= (np.abs(x) <= TURN) & (np.abs(y) <= MERCATOR_MAX_LAT) & ~axes_swapped(x, y)
        if len(xy) and good.all() and (x.min() >= TURN / 2 or x.max() <= -TURN / 2):
            good &= np.abs(x) <= TURN / 2
    if not good.all():
        worst = int(np.argmin(good))
        _refuse(xy[worst], *given[worst], crs)


def _refuse(xy: Floats, index: Path, value: Coordinates, crs: Crs) -> None:
    try:
        check_lonlat(float(xy[0]), float(xy[1]), north_first=crs.north_first)
    except BadCoordinate as error:
        place = ", ".join(map(str, index))
        raise BadCoordinate(
            f"Polygon, vertex [{place}]: {error.en}", f"多边形顶点 [{place}]：{error.zh}",
            mend_en=error.mend_en, mend_zh=error.mend_zh, index=list(index),
            value=[n if np.isfinite(n) else str(n) for n in cast(Sequence[float], value)],
        ) from None  # fmt: skip


def _bad_polygon(en: str, zh: str) -> BadParameter:
    return BadParameter(
        f"Polygon: {en}", f"多边形：{zh}",
        mend_en="Send a GeoJSON Polygon whose rings do not cross.",
        mend_zh="请提供环不自交的 GeoJSON Polygon。",
    )  # fmt: skip

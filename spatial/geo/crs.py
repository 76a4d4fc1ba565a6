"""Coordinate systems: the only file that names EPSG codes.

Inside the project every coordinate is [longitude, latitude] in degrees, CGCS2000 treated as equal
to WGS 84 (they differ by decimetres). Everything else is converted here, at the boundary, both on
the way in and on the way out. x comes first (always_xy) unless `official_axes` is asked for: in
files x is first, whatever their system; in requests and answers the order is that of the system.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast

import numpy as np
import pyproj
import shapely
from numpy.typing import ArrayLike, NDArray

from spatial.errors import BadCoordinate, BadParameter
from spatial.geo.datum import (
    Floats,
    bd09_to_wgs84,
    gcj02_to_wgs84,
    may_apply,
    offset_applies,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)
from spatial.geo.geojson import Coordinates
from spatial.geo.shapes import Shapes

__all__ = [
    "bd09_to_wgs84",
    "gcj02_to_wgs84",
    "offset_applies",
    "wgs84_to_bd09",
    "wgs84_to_gcj02",
]

WGS84 = 4326
WEB_MERCATOR = 3857
CGCS2000 = 4490
GK_CM117 = 4548
GK_CM120 = 4549
GK_CM123 = 4550
GK_ZONE40 = 4528
MERCATOR_MAX_LAT = 85.0511287798066

Box = tuple[float, float, float, float]
Datum = Literal["CGCS2000", "WGS84", "GCJ02", "BD09"]
DATUMS: tuple[Datum, ...] = ("CGCS2000", "WGS84", "GCJ02", "BD09")
GEOD = pyproj.Geod(ellps="GRS80")  # the figure of CGCS2000; WGS 84's differs by 0.1 mm


@dataclass(frozen=True)
class Crs:
    """A coordinate system that requests, answers and files may name.

    `north_first` tells that its authority puts northing or latitude first; `srid` is None for the
    two offset systems, which no database knows.
    """

    name: str
    uri: str
    srid: int | None
    datum: Datum
    projected: bool = False
    north_first: bool = False


def _epsg(code: int, datum: Datum, projected: bool, north_first: bool) -> Crs:
    uri = f"http://www.opengis.net/def/crs/EPSG/0/{code}"
    return Crs(str(code), uri, code, datum, projected, north_first)


CRS84 = Crs("CRS84", "http://www.opengis.net/def/crs/OGC/1.3/CRS84", WGS84, "WGS84")
GCJ02 = Crs("GCJ02", "urn:sigang:crs:GCJ02", None, "GCJ02")
BD09 = Crs("BD09", "urn:sigang:crs:BD09", None, "BD09")
SERVED: tuple[Crs, ...] = (
    CRS84,
    _epsg(WGS84, "WGS84", False, True),
    _epsg(CGCS2000, "CGCS2000", False, True),
    _epsg(GK_CM120, "CGCS2000", True, True),
    _epsg(WEB_MERCATOR, "WGS84", True, False),
    GCJ02,
    BD09,
)
_KNOWN: tuple[Crs, ...] = (
    *SERVED,
    *(_epsg(code, "CGCS2000", True, True) for code in (GK_CM117, GK_CM123, GK_ZONE40)),
)
_ALIASES = {
    "WGS84": CRS84,
    "CGCS2000": CRS84,
    "OGC:CRS84": CRS84,
    "URN:OGC:DEF:CRS:OGC:1.3:CRS84": CRS84,
    "GCJ-02": GCJ02,
    "BD-09": BD09,
}


def _table() -> dict[str, Crs]:
    table = dict(_ALIASES)
    for crs in _KNOWN:
        table[crs.name] = table[crs.uri.upper()] = crs
        if crs.srid is not None and crs is not CRS84:
            table[f"EPSG:{crs.name}"] = table[f"URN:OGC:DEF:CRS:EPSG::{crs.name}"] = crs
    return table


_BY_NAME = _table()


def parse_crs(name: str) -> Crs:
    """Return the system that a query parameter, header or mapping names.

    Names are CRS84, 4326, 4490, 4549, 3857, GCJ02, BD09 (and 4548, 4550, 4528), bare, as EPSG:n,
    as a URI, as a URN or as a safe CURIE in brackets.

    Raises
    ------
    BadParameter
        No system is called so.
    """
    found = _BY_NAME.get(name.strip().strip("[]<>").upper())
    if found is None:
        names = ", ".join(crs.name for crs in SERVED)
        raise BadParameter(
            f"unknown coordinate system {name!r}",
            f"未知坐标系 {name!r}",
            mend_en=f"Use one of {names}.",
            mend_zh=f"可用：{names}。",
        )
    return found


@lru_cache(maxsize=64)
def _transformer(source: int, target: int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def project(lon: ArrayLike, lat: ArrayLike, srid: int) -> tuple[Floats, Floats]:
    """Return easting and northing (m) of degrees in a projected system."""
    base = WGS84 if srid == WEB_MERCATOR else CGCS2000
    x, y = _transformer(base, srid).transform(np.asarray(lon, float), np.asarray(lat, float))
    return np.asarray(x), np.asarray(y)


def unproject(x: ArrayLike, y: ArrayLike, srid: int) -> tuple[Floats, Floats]:
    """Return degrees of easting and northing (m) in a projected system."""
    base = WGS84 if srid == WEB_MERCATOR else CGCS2000
    lon, lat = _transformer(srid, base).transform(np.asarray(x, float), np.asarray(y, float))
    return np.asarray(lon), np.asarray(lat)


def to_lonlat(x: ArrayLike, y: ArrayLike, crs: Crs) -> tuple[Floats, Floats]:
    """Return WGS 84 degrees of coordinates in `crs`, x (or longitude) first."""
    if crs.datum == "GCJ02":
        return gcj02_to_wgs84(x, y)
    if crs.datum == "BD09":
        return bd09_to_wgs84(x, y)
    if crs.projected and crs.srid is not None:
        return unproject(x, y, crs.srid)
    return np.asarray(x, float), np.asarray(y, float)


def from_lonlat(lon: ArrayLike, lat: ArrayLike, crs: Crs) -> tuple[Floats, Floats]:
    """Return coordinates in `crs`, x (or longitude) first, of WGS 84 degrees."""
    if crs.datum == "GCJ02":
        return wgs84_to_gcj02(lon, lat)
    if crs.datum == "BD09":
        return wgs84_to_bd09(lon, lat)
    if crs.projected and crs.srid is not None:
        return project(lon, lat, crs.srid)
    return np.asarray(lon, float), np.asarray(lat, float)


def _convert(xy: Floats, source: Crs, target: Crs, official_axes: bool) -> Floats:
    out = np.array(xy, dtype=float)
    x, y = (1, 0) if official_axes and source.north_first else (0, 1)
    lon, lat = to_lonlat(xy[:, x], xy[:, y], source)
    x, y = (1, 0) if official_axes and target.north_first else (0, 1)
    out[:, x], out[:, y] = from_lonlat(lon, lat, target)
    return out


def read_places(places: Floats, crs: Crs) -> Floats:
    """Return (n, 2) WGS 84 longitudes and latitudes of places in `crs`, its own axis order."""
    return places if crs is CRS84 else _convert(places, crs, CRS84, True)


def write_places(lonlat: Floats, crs: Crs) -> Floats:
    """Return (n, 2) WGS 84 longitudes and latitudes as places in `crs`, its own axis order."""
    return lonlat if crs is CRS84 else _convert(lonlat, CRS84, crs, True)


def box_in_degrees(box: Box, crs: Crs) -> Box:
    """Return the west, south, east, north of CRS84 around a box in `crs`, its own axis order.

    One in degrees whose west is east of its east crosses the antimeridian, and stays so.
    """
    if crs is CRS84:
        return box
    x0, y0, x1, y1 = box
    corners = np.array([[x0, y0], [x1, y1], [x1, y0] if crs.north_first else [x0, y1],
                        [x0, y1] if crs.north_first else [x1, y0]])  # fmt: skip
    lon, lat = read_places(corners, crs).T
    west, east = (lon, lon) if crs.projected else (lon[[0, 2]], lon[[1, 3]])
    return float(west.min()), float(lat.min()), float(east.max()), float(lat.max())


def transform_geometry(
    geometry: shapely.Geometry,
    source: Crs = CRS84,
    target: Crs = CRS84,
    *,
    official_axes: bool = False,
) -> shapely.Geometry:
    """Return a shapely geometry (or an array of them) in another system; z is kept as it is."""
    if source == target:
        return geometry
    include_z = bool(np.any(shapely.has_z(geometry)))
    return shapely.transform(
        geometry, lambda xy: _convert(xy, source, target, official_axes), include_z=include_z
    )


def transform_coordinates(
    coordinates: Coordinates,
    source: Crs = CRS84,
    target: Crs = CRS84,
    *,
    official_axes: bool = False,
) -> list[float | Coordinates]:
    """Return a GeoJSON coordinate array of any depth in another system; z is kept as it is."""
    (moved,) = transform_arrays([coordinates], source, target, official_axes=official_axes)
    return _listed(moved)


def transform_arrays(
    arrays: Sequence[Coordinates], source: Crs, target: Crs, *, official_axes: bool = False
) -> list[Coordinates]:
    """Return GeoJSON coordinate arrays, each of any depth, in another system at once.

    Lists of positions become NumPy arrays, which orjson writes; z is kept as it is.

    Raises
    ------
    BadCoordinate
        A position has not two numbers, or cannot be on a map.
    """
    parts: list[Floats] = []
    for array in arrays:
        _gather(array, parts)
    if not parts:
        return list(arrays)
    whole = all(part.shape[1] >= 2 and np.isfinite(part[:, :2]).all() for part in parts)
    if not whole:
        raise BadCoordinate("a position needs two numbers", "坐标至少需要两个数")
    xy = np.concatenate([part[:, :2] for part in parts])
    ends = np.cumsum([len(part) for part in parts])[:-1]
    moved = np.split(_convert(xy, source, target, official_axes), ends)
    pieces = iter(
        piece if part.shape[1] == 2 else np.column_stack([piece, part[:, 2:]])
        for part, piece in zip(parts, moved, strict=True)
    )
    return [_rebuild(array, pieces) for array in arrays]


def _is_position(node: float | Coordinates) -> bool:
    return isinstance(node, list | tuple) and len(node) > 0 and isinstance(node[0], int | float)


def _is_table(node: Coordinates) -> bool:
    """Tell whether a list is one of positions that all have a z or all have none."""
    return len(node) > 0 and _is_position(node[0]) and len(set(map(len, node))) == 1


def _gather(node: Coordinates, parts: list[Floats]) -> None:
    """Append each list of positions, and each position that stands alone, as a table."""
    if _is_position(node):
        parts.append(np.array([node], dtype=float))
    elif _is_table(node):
        parts.append(np.array(node, dtype=float))
    else:
        for child in node:
            _gather(cast(Coordinates, child), parts)


def _rebuild(node: Coordinates, pieces: Iterator[Floats]) -> Coordinates:
    if _is_position(node):
        return np.asarray(next(pieces)[0])
    if _is_table(node):
        return next(pieces)
    return [_rebuild(cast(Coordinates, child), pieces) for child in node]


def _listed(node: Coordinates) -> list[float | Coordinates]:
    if isinstance(node, np.ndarray):
        listed: list[float | Coordinates] = node.tolist()
        return listed
    return [_listed(cast(Coordinates, child)) for child in node]


def check_lonlat(lon: float, lat: float, *, north_first: bool = False) -> None:
    """Check that a pair of degrees is finite, on the map and not visibly swapped.

    Raises
    ------
    BadCoordinate
        It is not; said latitude first where it was sent so (`north_first`).
    """
    if abs(lon) <= 180.0 and abs(lat) <= MERCATOR_MAX_LAT and not may_apply(lat, lon):
        return
    first, second = (lat, lon) if north_first else (lon, lat)
    text = f"[{first:.6g}, {second:.6g}]"
    if not (np.isfinite(lon) and np.isfinite(lat)):
        raise BadCoordinate(f"coordinate is not finite: {text}", f"坐标不是有限数：{text}")
    if bool(axes_swapped(lon, lat)):
        names = ("[longitude, latitude]", "[经度, 纬度]"), ("[latitude, longitude]", "[纬度, 经度]")
        right, wrong = names[::-1] if north_first else names
        raise BadCoordinate(
            f"coordinates must be {right[0]}; {text} looks like {wrong[0]}",
            f"坐标顺序应为 {right[1]}，收到的 {text} 像是 {wrong[1]}",
            mend_en="Swap the two numbers.",
            mend_zh="请交换两个数的顺序。",
        )
    if abs(lon) > 180.0 or abs(lat) > MERCATOR_MAX_LAT:
        raise BadCoordinate(
            f"coordinate out of range: {text}",
            f"坐标超出范围：{text}",
            mend_en="A map reaches ±180° and ±85.0511°.",
            mend_zh="地图范围为经度 ±180°、纬度 ±85.0511°。",
        )


def axes_swapped(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Say for each pair whether it makes sense only swapped: impossible, or right in the hull."""
    x, y = np.asarray(lon, float), np.asarray(lat, float)
    impossible = (np.abs(y) > 90.0) & (np.abs(x) <= 90.0) & (np.abs(y) <= 180.0)
    elsewhere = offset_applies(y, x) & ~offset_applies(x, y)
    return np.asarray(impossible | (elsewhere & (np.abs(y) <= 90.0)))


def segment_lengths_m(lon: ArrayLike, lat: ArrayLike) -> Floats:
    """Return the geodesic length (m) of each segment between successive points."""
    x, y = np.asarray(lon, float), np.asarray(lat, float)
    if len(x) < 2:
        return np.empty(0)
    _, _, metres = GEOD.inv(x[:-1], y[:-1], x[1:], y[1:])
    return np.asarray(metres)


def lengths_m(lines: Shapes) -> Floats:
    """Return the geodesic length (m) of each line in an array of (multi)linestrings in degrees."""
    array = np.atleast_1d(np.asarray(lines, dtype=object))
    parts, owner = shapely.get_parts(array, return_index=True)
    xy, index = shapely.get_coordinates(parts, return_index=True)
    total: Floats = np.zeros(len(array))
    if len(xy) < 2:
        return total
    _, _, metres = GEOD.inv(xy[:-1, 0], xy[:-1, 1], xy[1:, 0], xy[1:, 1])
    same = index[:-1] == index[1:]
    np.add.at(total, owner[index[:-1][same]], np.asarray(metres)[same])
    return total


def length_m(line: shapely.Geometry) -> float:
    """Return the geodesic length (m) of one (multi)linestring in degrees."""
    return float(lengths_m(line)[0])


def area_m2(polygon: shapely.Geometry) -> float:
    """Return the geodesic area (m²) of a (multi)polygon in degrees; holes are subtracted."""
    total = 0.0
    for part in shapely.get_parts(polygon):
        total += abs(GEOD.polygon_area_perimeter(*shapely.get_coordinates(part.exterior).T)[0])
        for ring in part.interiors:
            total -= abs(GEOD.polygon_area_perimeter(*shapely.get_coordinates(ring).T)[0])
    return total


def distance_m(lon_1: ArrayLike, lat_1: ArrayLike, lon_2: ArrayLike, lat_2: ArrayLike) -> Floats:
    """Return geodesic distances (m) between points in degrees."""
    a, b, c, d = np.broadcast_arrays(
        *(np.asarray(value, float) for value in (lon_1, lat_1, lon_2, lat_2))
    )
    return np.asarray(GEOD.inv(a, b, c, d)[2])


def tile_bounds(z: int, x: int, y: int) -> tuple[float, float, float, float]:
    """Return west, south, east, north (degrees) of an XYZ tile."""
    n = 1 << z
    north, south = (
        float(np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * row / n))))) for row in (y, y + 1)
    )
    return x / n * 360.0 - 180.0, south, (x + 1) / n * 360.0 - 180.0, north

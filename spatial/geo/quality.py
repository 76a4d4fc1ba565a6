"""Quality rules of loaded features: each takes all rows and marks the bad ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from spatial.geo.crs import MERCATOR_MAX_LAT, axes_swapped, distance_m
from spatial.geo.shapes import Shapes
from spatial.geo.topology import Mask, Network, build_network, dangling_edges, in_small_component


def _objects(geometries: Shapes) -> NDArray[np.object_]:
    return np.asarray(geometries, dtype=object)


def missing(geometries: Shapes) -> Mask:
    """Mark absent and empty geometries."""
    array = _objects(geometries)
    return np.asarray(shapely.is_missing(array) | shapely.is_empty(array))


def not_finite(geometries: Shapes) -> Mask:
    """Mark geometries with a NaN or infinite coordinate."""
    array = _objects(geometries)
    xy, index = shapely.get_coordinates(array, include_z=False, return_index=True)
    bad = np.zeros(len(array), dtype=bool)
    bad[index[~np.isfinite(xy).all(axis=1)]] = True
    return bad


def off_map(geometries: Shapes) -> dict[int, tuple[int, float, float]]:
    """Return by row the first vertex (number from 1, x, y) that no map shows.

    Longitudes may run on over ±180° where a shape lies on both sides.
    """
    array = _objects(geometries)
    xy, owner = shapely.get_coordinates(array, return_index=True)
    west, _, east, _ = shapely.bounds(array).T
    with np.errstate(invalid="ignore"):
        most = np.where((west < 180) & (east > -180) & (east - west <= 360), 360.0, 180.0)
        most[east == west] = 180.0
        bad = ~((np.abs(xy[:, 0]) <= most[owner]) & (np.abs(xy[:, 1]) <= MERCATOR_MAX_LAT))
    rows, first = np.unique(owner[bad], return_index=True)
    at = np.flatnonzero(bad)[first]
    number = at - np.searchsorted(owner, rows) + 1
    return {
        int(row): (int(n), float(xy[i, 0]), float(xy[i, 1]))
        for row, n, i in zip(rows, number, at, strict=True)
    }


def zero_length(geometries: Shapes) -> Mask:
    """Mark lines of which all vertices are one point."""
    array = _objects(geometries)
    return np.asarray((shapely.get_dimensions(array) == 1) & (shapely.length(array) == 0))


def swapped_axes(geometries: Shapes) -> Mask:
    """Mark geometries whose first point makes sense only as [latitude, longitude]."""
    array = _objects(geometries)
    xy, index = shapely.get_coordinates(array, return_index=True)
    bad = np.zeros(len(array), dtype=bool)
    owners, first = np.unique(index, return_index=True)
    bad[owners] = axes_swapped(xy[first, 0], xy[first, 1])
    return bad


def duplicate_ids(keys: Sequence[Hashable]) -> Mask:
    """Mark every row but the first of those that share a key; absent keys never clash."""
    seen: Counter[Hashable] = Counter()
    bad = np.zeros(len(keys), dtype=bool)
    for i, key in enumerate(keys):
        bad[i] = key is not None and seen[key] > 0
        seen[key] += 1
    return bad


def self_intersecting(geometries: Shapes) -> Mask:
    """Mark polygons that are not valid and lines that cross themselves."""
    array = _objects(geometries)
    kind = shapely.get_dimensions(array)
    return np.asarray(
        ((kind == 2) & ~shapely.is_valid(array)) | ((kind == 1) & ~shapely.is_simple(array))
    )


def outside_unit(
    geometries: Shapes,
    admin_codes: Sequence[str | None],
    units: Mapping[str, shapely.Geometry],
    tolerance_m: float = 0.0,
) -> Mask:
    """Mark features that lie farther than `tolerance_m` outside the unit that they declare.

    `units` maps a GB/T 2260 code to its polygon (degrees). Rows without a code, or whose unit is
    not known, are not judged.
    """
    array = _objects(geometries)
    bad = np.zeros(len(array), dtype=bool)
    for i, (geometry, code) in enumerate(zip(array, admin_codes, strict=True)):
        unit = units.get(code) if code else None
        if unit is None or geometry is None or unit.intersects(geometry):
            continue
        near, foot = shapely.get_coordinates(shapely.shortest_line(geometry, unit))
        bad[i] = distance_m(*near, *foot) > tolerance_m
    return bad


def _over_lines(geometries: Shapes, judge: Callable[[Network], Mask]) -> Mask:
    array = _objects(geometries)
    bad = np.zeros(len(array), dtype=bool)
    lines = np.flatnonzero(shapely.get_type_id(array) == shapely.GeometryType.LINESTRING)
    if len(lines):
        bad[lines] = judge(build_network(array[lines]))
    return bad


def dangling(geometries: Shapes) -> Mask:
    """Mark lines with an end that no other line of the file shares."""
    return _over_lines(geometries, dangling_edges)


def small_component(geometries: Shapes, least_edges: int) -> Mask:
    """Mark lines in a connected part of fewer than `least_edges` lines."""
    return _over_lines(geometries, lambda network: in_small_component(network, least_edges))

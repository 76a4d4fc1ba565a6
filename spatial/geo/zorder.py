"""Z-order (Morton) keys of points: nearby points get nearby keys, a parent cell is a shift away.

A key interleaves the column and row of the web map's tile at level 24 (2.4 m at the equator), so
`key >> 2 * (24 - z)` is the key of the tile at level z that holds the point.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial.geo.crs import MERCATOR_MAX_LAT

LEVEL = 24


def keys_of(lon: ArrayLike, lat: ArrayLike, level: int = LEVEL) -> NDArray[np.int64]:
    """Return the keys of points (degrees) at a level of 0–24."""
    lons = np.asarray(lon, dtype=np.float64)
    lats = np.radians(np.clip(np.asarray(lat, np.float64), -MERCATOR_MAX_LAT, MERCATOR_MAX_LAT))
    size = 1 << level
    x = (lons + 180.0) / 360.0 * size
    y = (1.0 - np.arcsinh(np.tan(lats)) / np.pi) / 2.0 * size
    column = np.clip(x, 0, size - 1).astype(np.int64)
    row = np.clip(y, 0, size - 1).astype(np.int64)
    return key_of_cell(column, row)


def key_of_cell(column: NDArray[np.int64], row: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the keys of tiles by column and row, neither negative."""
    return _spread(column) | (_spread(row) << 1)


def columns_and_rows(keys: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return column and row of the tile of each key, whatever its level."""
    cells = np.asarray(keys, np.int64)
    return _gather(cells), _gather(cells >> 1)


def bounds_of(keys: ArrayLike, level: int) -> tuple[NDArray[np.float64], ...]:
    """Return west, south, east and north of cells of a level, degrees."""
    column, row = columns_and_rows(keys)
    size = 1 << level
    north, south = (
        np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * edge / size)))) for edge in (row, row + 1)
    )
    return column / size * 360 - 180, south, (column + 1) / size * 360 - 180, north


def _gather(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Put every second bit together: the opposite of `_spread`."""
    out = keys.astype(np.uint64) & np.uint64(0x5555555555555555)
    for shift, mask in (
        (1, 0x3333333333333333),
        (2, 0x0F0F0F0F0F0F0F0F),
        (4, 0x00FF00FF00FF00FF),
        (8, 0x0000FFFF0000FFFF),
        (16, 0x00000000FFFFFFFF),
    ):
        out = (out | (out >> np.uint64(shift))) & np.uint64(mask)
    return out.astype(np.int64)


def _spread(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Put a zero between the bits of numbers below 2³²."""
    out = values.astype(np.uint64)
    for shift, mask in (
        (16, 0x0000FFFF0000FFFF),
        (8, 0x00FF00FF00FF00FF),
        (4, 0x0F0F0F0F0F0F0F0F),
        (2, 0x3333333333333333),
        (1, 0x5555555555555555),
    ):
        out = (out | (out << np.uint64(shift))) & np.uint64(mask)
    return out.astype(np.int64)

"""GCJ-02 and BD-09 offsets: vectorised forward maps and exact (iterated) inverses.

The formulas are the public, reverse-engineered ones; no official text exists. The offset applies
on the mainland, Hong Kong and Macau; elsewhere (Taiwan included) map providers serve WGS 84, so
both maps are the identity there. `GCJ_HULL` is our own coarse outline of where the offset applies.
It says nothing about boundaries and is never drawn. Within one offset (about 0.7 km) outside the
hull the inverse is ambiguous by construction; the outline runs over open sea or beyond the border.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_A = 6378245.0
_EE = 0.00669342162296594323
_BD_TURNS = np.pi * 3000.0 / 180.0
_STEPS = 8

GCJ_HULL: tuple[tuple[float, float], ...] = (
    (73.2, 39.5), (74.7, 40.7), (76.3, 40.7), (78.3, 41.6), (80.0, 42.3), (80.0, 43.1),
    (80.4, 44.8), (79.7, 45.2), (82.2, 45.6), (82.8, 47.4), (85.3, 47.4), (85.4, 48.6),
    (87.0, 49.4), (88.3, 49.3), (90.3, 48.2), (91.4, 46.9), (91.2, 45.5), (93.7, 45.1),
    (95.7, 44.4), (96.6, 42.9), (101.8, 42.8), (105.0, 41.9), (107.5, 42.7), (109.5, 42.7),
    (111.8, 43.8), (111.6, 45.3), (113.8, 45.1), (115.8, 46.2), (117.0, 46.8), (118.2, 47.1),
    (119.8, 47.0), (118.3, 48.2), (115.8, 48.0), (115.4, 48.2), (116.3, 50.1), (118.0, 49.9),
    (119.1, 50.4), (120.6, 53.3), (123.5, 53.8), (125.8, 53.2), (127.9, 50.4), (127.9, 49.8),
    (131.0, 49.1), (131.2, 48.0), (132.5, 48.0), (134.8, 48.7), (135.3, 48.4), (134.2, 46.6),
    (133.3, 44.9), (132.0, 45.0), (131.4, 44.6), (131.6, 43.3), (130.8, 42.3), (130.3, 42.2),
    (129.7, 42.0), (128.4, 41.8), (127.0, 41.4), (125.2, 40.5), (124.3, 39.6), (123.8, 38.0),
    (123.6, 36.0), (123.6, 33.0), (124.5, 31.0), (124.3, 29.0), (122.0, 27.0), (118.0, 23.0),
    (116.5, 21.8), (114.5, 20.5), (111.8, 18.0), (109.5, 17.5), (107.9, 18.3), (107.5, 20.4),
    (107.9, 21.3), (106.4, 21.8), (106.4, 22.6), (105.3, 23.0), (103.9, 22.3), (102.2, 22.2),
    (101.9, 20.9), (100.0, 21.1), (98.9, 22.0), (98.5, 23.7), (97.3, 23.7), (97.7, 25.4),
    (98.3, 27.4), (97.2, 27.5), (95.3, 26.5), (92.0, 26.7), (91.4, 27.6), (89.6, 28.0),
    (88.9, 27.2), (87.9, 27.7), (86.0, 27.7), (84.0, 28.6), (81.2, 29.8), (78.5, 31.2),
    (78.3, 32.5), (78.7, 34.0), (77.6, 35.2), (75.9, 35.7), (74.7, 36.9), (74.4, 37.3),
    (73.6, 38.5),
)  # fmt: skip

_HULL = shapely.Polygon(GCJ_HULL)
shapely.prepare(_HULL)
_WEST, _SOUTH, _EAST, _NORTH = _HULL.bounds


def _pair(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    x, y = np.broadcast_arrays(np.asarray(lon, dtype=float), np.asarray(lat, dtype=float))
    return x, y


def offset_applies(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Say for each WGS 84 point (degrees) whether GCJ-02 shifts it."""
    x, y = _pair(lon, lat)
    return np.asarray(shapely.contains_xy(_HULL, x, y), dtype=bool)


def may_apply(lon: float, lat: float) -> bool:
    """Tell at little cost whether GCJ-02 can shift a point: False is certain."""
    return bool(_WEST <= lon <= _EAST and _SOUTH <= lat <= _NORTH)


def _offset(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    x, y = lon - 105.0, lat - 35.0
    common = (
        20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)
    ) * 2.0 / 3.0  # fmt: skip
    root = np.sqrt(np.abs(x))
    d_lat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common
    d_lat += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    d_lat += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    d_lon = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common
    d_lon += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    d_lon += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    rad = np.radians(lat)
    magic = 1.0 - _EE * np.sin(rad) ** 2
    d_lat = np.degrees(d_lat / ((_A * (1.0 - _EE)) / (magic * np.sqrt(magic))))
    return np.degrees(d_lon / (_A / np.sqrt(magic) * np.cos(rad))), d_lat


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Return GCJ-02 degrees of WGS 84 degrees; the identity where no offset applies."""
    x, y = _pair(lon, lat)
    inside = offset_applies(x, y)
    d_lon, d_lat = _offset(x, y)
    return np.where(inside, x + d_lon, x), np.where(inside, y + d_lat, y)


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Return WGS 84 degrees of GCJ-02 degrees by fixed-point iteration (error below 1e-9°)."""
    x, y = _pair(lon, lat)
    w_lon, w_lat = x, y
    for _ in range(_STEPS):
        d_lon, d_lat = _offset(w_lon, w_lat)
        w_lon, w_lat = x - d_lon, y - d_lat
    inside = offset_applies(w_lon, w_lat)
    return np.where(inside, w_lon, x), np.where(inside, w_lat, y)


def _bd_forward(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    z = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_TURNS)
    theta = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_TURNS)
    return z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006


def wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Return BD-09 degrees of WGS 84 degrees; the identity where no offset applies."""
    x, y = _pair(lon, lat)
    b_lon, b_lat = _bd_forward(*wgs84_to_gcj02(x, y))
    inside = offset_applies(x, y)
    return np.where(inside, b_lon, x), np.where(inside, b_lat, y)


def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Return WGS 84 degrees of BD-09 degrees by fixed-point iteration (error below 1e-9°)."""
    x, y = _pair(lon, lat)
    g_lon, g_lat = x - 0.0065, y - 0.006
    for _ in range(_STEPS):
        f_lon, f_lat = _bd_forward(g_lon, g_lat)
        g_lon, g_lat = g_lon + (x - f_lon), g_lat + (y - f_lat)
    w_lon, w_lat = gcj02_to_wgs84(g_lon, g_lat)
    inside = offset_applies(w_lon, w_lat)
    return np.where(inside, w_lon, x), np.where(inside, w_lat, y)

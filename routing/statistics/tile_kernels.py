"""Kernels of computed tiles: features of polygons as bytes, and numbers for different values.

A vector tile writes whole numbers as varints: seven bits a byte, the lowest first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled, inlined
from routing.graph.weights import Floats, Ints

_ID, _TAGS, _TYPE, _GEOMETRY, _FEATURE = 8, 18, 24, 34, 18
_POLYGON, _MOVE, _LINE, _CLOSE = 3, 9, 2, 15
_VALUE, _SIGNED = 34, 48
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


@inlined
def _size(number: int) -> int:
    size = 1
    while number > 127:
        number >>= 7
        size += 1
    return size


@inlined
def _put(out: NDArray[np.uint8], at: int, number: int) -> int:
    while number > 127:
        out[at] = number & 127 | 128
        number >>= 7
        at += 1
    out[at] = number
    return at + 1


@inlined
def _zigzag(step: int) -> int:
    return (step << 1) ^ (step >> 63)


@inlined
def _size_of_tags(tags: Ints, i: int) -> int:
    size = 0
    for key in range(len(tags)):
        if tags[key, i] >= 0:
            size += _size(key) + _size(tags[key, i])
    return size


@inlined
def _size_of_geometry(points: Ints, rings: Ints, first: int, last: int) -> int:
    size, x, y = 0, 0, 0
    for ring in range(first, last):
        size += 2 + _size(_LINE | (rings[ring + 1] - rings[ring] - 1) << 3)
        for at in range(rings[ring], rings[ring + 1]):
            size += _size(_zigzag(points[at, 0] - x)) + _size(_zigzag(points[at, 1] - y))
            x, y = points[at, 0], points[at, 1]
    return size


@inlined
def _put_geometry(
    out: NDArray[np.uint8], at: int, points: Ints, rings: Ints, first: int, last: int
) -> int:
    x, y = 0, 0
    for ring in range(first, last):
        at = _put(out, at, _MOVE)
        for corner in range(rings[ring], rings[ring + 1]):
            if corner == rings[ring] + 1:
                at = _put(out, at, _LINE | (rings[ring + 1] - rings[ring] - 1) << 3)
            at = _put(out, at, _zigzag(points[corner, 0] - x))
            at = _put(out, at, _zigzag(points[corner, 1] - y))
            x, y = points[corner, 0], points[corner, 1]
        at = _put(out, at, _CLOSE)
    return at


@inlined
def _cross(points: Floats, rings: Ints, first: int, last: int, y: float, crossings: Floats) -> int:
    """Note where the edges of some rings cross a height; return how many there are."""
    count = 0
    for ring in range(first, last):
        before = rings[ring + 1] - 1
        for at in range(rings[ring], rings[ring + 1]):
            y1, y2 = points[before, 1], points[at, 1]
            if (y1 <= y) != (y2 <= y):
                x1, x2 = points[before, 0], points[at, 0]
                crossings[count] = x1 + (y - y1) / (y2 - y1) * (x2 - x1)
                count += 1
            before = at
    return count


@compiled("uint8[::1](int64[::1], int64[:, ::1], int64[:, ::1], int64[::1], int64[::1])")
def write_polygons(ids: Ints, tags: Ints, points: Ints, rings: Ints, of: Ints) -> NDArray[np.uint8]:
    """Return features of polygons, each with its field of the layer before it.

    Ring r has the points from `rings[r]` up to `rings[r + 1]`, two at least; feature i the rings
    from `of[i]` up to `of[i + 1]`. `tags` has by key and feature the number of a value, or -1.
    """
    sizes = np.empty((len(ids), 3), np.int64)
    total = 0
    for i in range(len(ids)):
        sizes[i, 0] = _size_of_tags(tags, i)
        sizes[i, 1] = _size_of_geometry(points, rings, of[i], of[i + 1])
        sizes[i, 2] = (
            5 + _size(ids[i]) + _size(sizes[i, 0]) + sizes[i, 0] + _size(sizes[i, 1]) + sizes[i, 1]
        )
        total += 1 + _size(sizes[i, 2]) + sizes[i, 2]
    out, at = np.empty(total, np.uint8), 0
    for i in range(len(ids)):
        at = _put(out, _put(out, at, _FEATURE), sizes[i, 2])
        at = _put(out, _put(out, at, _ID), ids[i])
        at = _put(out, _put(out, at, _TAGS), sizes[i, 0])
        for key in range(len(tags)):
            if tags[key, i] >= 0:
                at = _put(out, _put(out, at, key), tags[key, i])
        at = _put(out, _put(out, at, _TYPE), _POLYGON)
        at = _put(out, _put(out, at, _GEOMETRY), sizes[i, 1])
        at = _put_geometry(out, at, points, rings, of[i], of[i + 1])
    return out


@compiled("uint8[::1](int64[::1])")
def write_numbers(values: Ints) -> NDArray[np.uint8]:
    """Return whole numbers as values of a layer."""
    total = 0
    for i in range(len(values)):
        total += 3 + _size(_zigzag(values[i]))
    out, at = np.empty(total, np.uint8), 0
    for i in range(len(values)):
        number = _zigzag(values[i])
        at = _put(out, _put(out, at, _VALUE), 1 + _size(number))
        at = _put(out, _put(out, at, _SIGNED), number)
    return out


@compiled("int64(int64[::1], int64[::1], int64[::1], int64[::1])")
def number_different(values: Ints, slots: Ints, number: Ints, different: Ints) -> int:
    """Number different values as they come; return how many there are.

    `slots` is filled with -1, its size a power of two and more than that of the values, of which
    `number` and `different` have the length.
    """
    mask, count = np.uint64(len(slots) - 1), 0
    for i in range(len(values)):
        hashed = np.uint64(values[i]) * _SPREAD
        slot = (hashed ^ (hashed >> np.uint64(32))) & mask
        while slots[slot] >= 0 and different[slots[slot]] != values[i]:
            slot = (slot + np.uint64(1)) & mask
        if slots[slot] < 0:
            slots[slot], different[count] = count, values[i]
            count += 1
        number[i] = slots[slot]
    return count


@compiled("void(float64[:, ::1], int64[::1], int64[::1], uint8[::1], uint8[:, ::1])")
def fill_polygons(
    points: Floats, rings: Ints, of: Ints, values: NDArray[np.uint8], grid: NDArray[np.uint8]
) -> None:
    """Fill the pixels whose middle lies in a polygon (even-odd), the last one stays.

    Points are in pixels; rings and polygons as `write_polygons` has them.
    """
    tall, wide = grid.shape
    for i in range(len(values)):
        first, last = rings[of[i]], rings[of[i + 1]]
        low, high = points[first:last, 1].min(), points[first:last, 1].max()
        crossings = np.empty(last - first)
        for row in range(max(0, int(np.ceil(low - 0.5))), min(tall, int(np.ceil(high - 0.5)))):
            count = _cross(points, rings, of[i], of[i + 1], row + 0.5, crossings)
            sides = np.sort(crossings[:count])
            for pair in range(0, count - 1, 2):
                left = max(0, int(np.ceil(sides[pair] - 0.5)))
                right = min(wide, int(np.ceil(sides[pair + 1] - 0.5)))
                if left < right:
                    grid[row, left:right] = values[i]

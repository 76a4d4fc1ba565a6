"""Encoded polylines with six decimals, latitude first.

This is Google's "Encoded Polyline Algorithm Format", here at 1e-6 degrees: differences of rounded
numbers in groups of five bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled, inlined
from routing.graph.weights import Floats

SCALE = 1e6
LONGEST = 7  # bytes of a difference of degrees
_CONTINUED, _OFFSET = 32, 63

Bytes = NDArray[np.uint8]


def encode(points: Floats) -> bytes:
    """Return the text of (n, 2) longitudes and latitudes."""
    return _write(np.ascontiguousarray(points, np.float64)).tobytes()


def decode(text: bytes) -> Floats:
    """Return the (n, 2) longitudes and latitudes of a text.

    Raises
    ------
    ValueError
        The text ends inside a number or a pair, or holds a byte that the code does not have.
    """
    digits = np.frombuffer(text, np.uint8).astype(np.int64) - _OFFSET
    ends = np.flatnonzero(digits < _CONTINUED)
    if len(digits) and (digits.min() < 0 or digits.max() >= 2 * _CONTINUED):
        raise ValueError("the text holds a byte that the code does not have")
    if len(ends) % 2 or (len(digits) and (not len(ends) or ends[-1] != len(digits) - 1)):
        raise ValueError("the text ends inside a number or a pair")
    starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.int64)[: len(ends)]
    place = np.arange(len(digits)) - np.repeat(starts, ends - starts + 1)
    parts = (digits & (_CONTINUED - 1)) << (5 * place)
    zigzag = np.add.reduceat(parts, starts) if len(starts) else parts
    values = (zigzag >> 1) ^ -(zigzag & 1)
    return np.asarray(np.cumsum(values.reshape(-1, 2), axis=0)[:, ::-1] / SCALE, np.float64)


@inlined
def _put(text: Bytes, size: int, value: int) -> int:
    """Write the code of one number; return how long the text is then."""
    rest = (value << 1) ^ (value >> 63)
    while rest >= _CONTINUED:
        text[size] = (rest & (_CONTINUED - 1)) + _CONTINUED + _OFFSET
        size += 1
        rest >>= 5
    text[size] = rest + _OFFSET
    return size + 1


@compiled("uint8[::1](float64[:, ::1])")
def _write(points: Floats) -> Bytes:
    """Return the text of points; every one is rounded by itself."""
    text, size = np.empty(2 * LONGEST * len(points), np.uint8), 0
    lat = lon = 0
    for row in range(len(points)):
        x, y = int(np.rint(points[row, 0] * SCALE)), int(np.rint(points[row, 1] * SCALE))
        size = _put(text, size, y - lat)
        size = _put(text, size, x - lon)
        lat, lon = y, x
    return text[:size]

"""Mapbox Vector Tiles of rectangles that a process made: version 2.1, one layer.

All numbers of a tile are written as varints, so its features are a table of numbers, one row each,
that becomes bytes at once.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

EXTENT = 4096
Value = str | int | float | bool
Whole: TypeAlias = NDArray[np.int64]
_POLYGON, _MOVE, _LINE, _CLOSE = 3, 1, 2, 7
_ID, _TAGS, _TYPE, _GEOMETRY = 1 << 3, 2 << 3 | 2, 3 << 3, 4 << 3 | 2
_FEATURE = 2 << 3 | 2
_BITS, _MOST_BYTES = 7, 5
_NONE = -1
_HEADS = tuple(bytes([4 << 3 | 2, size + 2, 1 << 3 | 2, size]) for size in range(126))
"""What stands before a short text that is a value, by its bytes."""


def encode_layer(
    name: str, rectangles: Whole, columns: Mapping[str, Sequence[Value | None]]
) -> bytes:
    """Return a tile of one layer of rectangles, numbered from 1, with their values.

    Parameters
    ----------
    name
        Of the layer.
    rectangles
        Left, top, right, bottom (n, 4) in units of the tile.
    columns
        By key the value of each rectangle, all of one type; None is left out.
    """
    values: dict[tuple[type, Value], int] = {}
    each = {key: dict.fromkeys(column) for key, column in columns.items()}
    few_first = sorted(each, key=lambda key: len(each[key]))  # small numbers take one byte
    numbers = {key: _numbers_of(each[key], values) for key in few_first}
    tags = [
        np.fromiter(map(numbers[key].__getitem__, column), np.int64, len(column))
        for key, column in columns.items()
    ]
    body = bytearray(_text(1, name))
    body += _features(rectangles, tags)
    for key in columns:
        body += _text(3, key)
    for _, value in values:
        body += _value(value)
    body += _whole(5, EXTENT) + _whole(15, 2)
    return _bytes(3, bytes(body))


def _numbers_of(
    own: Iterable[Value | None], values: dict[tuple[type, Value], int]
) -> dict[Value | None, int]:
    """Return the number of each value of a column among all, -1 for None; new ones are added."""
    number: dict[Value | None, int] = {None: _NONE}
    for value in own:
        if value is not None:
            number[value] = values.setdefault((type(value), value), len(values))
    return number


def _features(rectangles: Whole, tags: Sequence[Whole]) -> bytes:
    """Return all features, each a row of numbers of which the lengths are written before it."""
    count = len(rectangles)
    ring, pairs = _rings(rectangles), _pairs(tags, count)
    of_ring, of_tags = _sizes(ring), _sizes(pairs) * _there(tags, count)
    inner = np.column_stack([
        np.full(count, _ID), np.arange(1, count + 1), np.full(count, _TAGS), of_tags.sum(axis=1),
    ])  # fmt: skip
    before = np.tile([_TYPE, _POLYGON, _GEOMETRY, 0], (count, 1))
    before[:, 3] = of_ring.sum(axis=1)
    sizes = np.hstack([_sizes(inner), of_tags, _sizes(before), of_ring])
    outer = np.column_stack([np.full(count, _FEATURE), sizes.sum(axis=1)])
    numbers = np.hstack([outer, inner, pairs, before, ring])
    return _varints(numbers.ravel(), np.hstack([_sizes(outer), sizes]).ravel())


def _pairs(tags: Sequence[Whole], count: int) -> Whole:
    """Return keys and values by turns."""
    columns = [part for key, values in enumerate(tags) for part in (np.full(count, key), values)]
    return np.maximum(np.column_stack(columns), 0) if columns else np.empty((count, 0), np.int64)


def _there(tags: Sequence[Whole], count: int) -> NDArray[np.bool_]:
    """Tell which keys and values are written."""
    columns = [values != _NONE for values in tags for _ in range(2)]
    return np.column_stack(columns) if columns else np.empty((count, 0), bool)


def _rings(rectangles: Whole) -> Whole:
    """Return the commands of rings, clockwise as the tile has its rows downwards."""
    left, top, right, bottom = rectangles.T
    wide, tall, none = right - left, bottom - top, np.zeros(len(left), np.int64)
    steps = [(one << 1) ^ (one >> 63) for one in (left, top, wide, none, none, tall, -wide, none)]
    move, line, close = (
        np.full(len(left), command | count << 3)
        for command, count in ((_MOVE, 1), (_LINE, 3), (_CLOSE, 1))
    )
    return np.column_stack([move, *steps[:2], line, *steps[2:], close])


def _sizes(numbers: Whole) -> Whole:
    """Return how many bytes numbers take."""
    sizes = np.ones(numbers.shape, np.int64)
    for byte in range(1, _MOST_BYTES):
        sizes += numbers >= 1 << _BITS * byte
    return sizes


def _varints(numbers: Whole, sizes: Whole) -> bytes:
    """Return numbers as they are written, each in so many bytes; in none it is left out."""
    starts = np.cumsum(sizes) - sizes
    written = np.empty(int(sizes.sum()), np.uint8)
    for byte in range(_MOST_BYTES):
        mine = np.flatnonzero(sizes > byte)
        more = (sizes[mine] > byte + 1) << _BITS
        written[starts[mine] + byte] = numbers[mine] >> _BITS * byte & 0x7F | more
    return written.tobytes()


def _value(value: Value) -> bytes:
    """Return a value of the layer; most are short texts."""
    if isinstance(value, str):
        text = value.encode()
        return _HEADS[len(text)] + text if len(text) < len(_HEADS) else _bytes(4, _text(1, value))
    if isinstance(value, bool):
        return _bytes(4, _whole(7, int(value)))
    if isinstance(value, int):
        return _bytes(4, _whole(6, value << 1 if value >= 0 else (-value << 1) - 1))
    return _bytes(4, _varint(3 << 3 | 1) + struct.pack("<d", value))


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= _BITS
    out.append(number)
    return bytes(out)


def _whole(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _bytes(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _text(field: int, text: str) -> bytes:
    return _bytes(field, text.encode())

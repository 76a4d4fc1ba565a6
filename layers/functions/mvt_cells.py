"""Mapbox Vector Tiles 2.1 of many polygons with as many corners each, written by whole columns."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from layers.tiles.mvt import EXTENT
from routing.graph.weights import Bools, Ints

Bytes = NDArray[np.uint8]
Part = tuple[Bytes, Bools]
"""(n, width) bytes of n features, and which of them are written."""
_LONGEST = 10
_POLYGON, _MOVE, _LINE, _CLOSE = 3, 1, 2, 7


def encode_cells(
    name: str, ids: Ints, rings: Ints, columns: Mapping[str, tuple[np.ndarray, Bools | None]]
) -> bytes:
    """Return a tile of one layer; nothing where there is no feature.

    Parameters
    ----------
    name
        Of the layer.
    ids
        Of features, not negative.
    rings
        (n, corners, 2) units of the tile, clockwise with rows downwards, the first not repeated.
    columns
        Of each property its values (text, whole or other numbers), and where it has one.
    """
    if not len(ids):
        return b""
    keys, values, tags = _tags(columns, len(ids))
    parts = [
        *_field(0x08, [_varints(ids)]), *_sized(0x12, tags),
        *_field(0x18, [_constant(len(ids), _POLYGON)]), *_sized(0x22, [_geometry(rings)]),
    ]  # fmt: skip
    features = _written(_sized(0x12, parts))
    head = _prefixed(0x0A, name.encode())
    tail = b"".join(_prefixed(0x1A, key.encode()) for key in keys) + values
    body = head + features + tail + b"\x28" + _varint(EXTENT) + b"\x78\x02"
    return _prefixed(0x1A, body)


def _tags(
    columns: Mapping[str, tuple[np.ndarray, Bools | None]], size: int
) -> tuple[list[str], bytes, list[Part]]:
    """Return the names, the values as written, and the pairs of numbers of each feature."""
    parts, written, known = [], [], 0
    for number, (values, some) in enumerate(columns.values()):
        unique, at = np.unique(values, return_inverse=True)
        written += [_value(value) for value in unique.tolist()]
        pair = [_constant(size, number), _varints(at.astype(np.int64) + known)]
        known += len(unique)
        parts += pair if some is None else [(data, kept & some[:, None]) for data, kept in pair]
    return list(columns), b"".join(written), parts


def _geometry(rings: Ints) -> Part:
    """Return the commands of rings as bytes."""
    n, corners, _ = rings.shape
    steps = np.diff(rings, axis=1, prepend=np.zeros((n, 1, 2), rings.dtype))
    zigzag = (steps << 1) ^ (steps >> 63)
    numbers = [_varints(column) for column in zigzag.reshape(n, -1).T]
    move, line = _constant(n, _MOVE | 1 << 3), _constant(n, _LINE | (corners - 1) << 3)
    return _joined([move, *numbers[:2], line, *numbers[2:], _constant(n, _CLOSE | 1 << 3)])


def _varints(numbers: Ints) -> Part:
    """Return numbers, none negative, as they are written."""
    longest = max(1, -(-int(numbers.max()).bit_length() // 7)) if len(numbers) else 1
    assert longest <= _LONGEST  # noqa: S101
    shifted = numbers[:, None] >> np.arange(0, 7 * longest, 7)
    more = np.zeros(shifted.shape, bool)
    more[:, :-1] = shifted[:, 1:] > 0
    kept = shifted > 0
    kept[:, 0] = True
    return ((shifted & 0x7F) | (more << 7)).astype(np.uint8), kept


def _constant(size: int, number: int) -> Part:
    data, kept = _varints(np.array([number], np.int64))
    return np.repeat(data, size, axis=0), np.repeat(kept, size, axis=0)


def _field(tag: int, parts: Sequence[Part]) -> list[Part]:
    return [_constant(len(parts[0][0]), tag), *parts]


def _sized(tag: int, parts: Sequence[Part]) -> list[Part]:
    """Return parts after a tag and the number of their bytes."""
    size = sum(kept.sum(axis=1) for _, kept in parts)
    return _field(tag, [_varints(np.asarray(size, np.int64)), *parts])


def _joined(parts: Sequence[Part]) -> Part:
    return np.hstack([data for data, _ in parts]), np.hstack([kept for _, kept in parts])


def _written(parts: Sequence[Part]) -> bytes:
    data, kept = _joined(parts)
    return data[kept].tobytes()


def _value(value: str | int | float) -> bytes:
    if isinstance(value, str):
        return _prefixed(0x22, _prefixed(0x0A, value.encode()))
    if isinstance(value, int):
        zigzag = value << 1 if value >= 0 else (-value << 1) - 1
        return _prefixed(0x22, b"\x30" + _varint(zigzag))
    return _prefixed(0x22, b"\x19" + struct.pack("<d", value))


def _prefixed(tag: int, data: bytes) -> bytes:
    return bytes([tag]) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)

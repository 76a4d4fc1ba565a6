"""Mapbox Vector Tiles of polygons that were computed: version 2.1, one layer.

All numbers of a tile are written as varints, so its features are a table of bytes, one row each, of
which some are written.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

EXTENT = 4096
Value = str | int | float | bool
Whole: TypeAlias = NDArray[np.int64]
Part: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.bool_]]
"""(n, width) bytes of n features, and which of them are written."""
_POLYGON, _MOVE, _LINE, _CLOSE = 3, 1, 2, 7
_ID, _TAGS, _TYPE, _GEOMETRY = 1 << 3, 2 << 3 | 2, 3 << 3, 4 << 3 | 2
_FEATURE = 2 << 3 | 2
_BITS = 7
_NONE = -1
_HEADS = tuple(bytes([4 << 3 | 2, size + 2, 1 << 3 | 2, size]) for size in range(126))
"""What stands before a short text that is a value, by its bytes."""


@dataclass(frozen=True, slots=True)
class Column:
    """A property: its different values, all of one type, and which of them each feature has.

    `at` is -1 where a feature has none.
    """

    values: Sequence[Value]
    at: Whole


def column_of(values: Sequence[Value | None]) -> Column:
    """Return a property of a value per feature; None is left out."""
    found = [value for value in dict.fromkeys(values) if value is not None]
    number: dict[Value | None, int] = {value: at for at, value in enumerate(found)}
    number[None] = _NONE
    return Column(found, np.fromiter(map(number.__getitem__, values), np.int64, len(values)))


def column_of_array(
    values: NDArray[np.generic], known: NDArray[np.bool_] | None = None
) -> Column:  # fmt: skip
    """Return a property of an array; it is left out where it is not `known`."""
    unique, at = np.unique(values, return_inverse=True)
    numbers = at.astype(np.int64)
    return Column(unique.tolist(), numbers if known is None else np.where(known, numbers, _NONE))


def rectangle_rings(left: Whole, top: Whole, right: Whole, bottom: Whole) -> Whole:
    """Return rings (n, 4, 2) of rectangles, clockwise as a tile has its rows downwards."""
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return np.stack([np.stack(corner, axis=-1) for corner in corners], axis=1)


def encode_layer(name: str, ids: Whole, rings: Whole, columns: Mapping[str, Column]) -> bytes:
    """Return a tile of one layer of polygons with as many corners each.

    Parameters
    ----------
    name
        Of the layer.
    ids
        Of features, not negative.
    rings
        (n, corners, 2) units of the tile, clockwise with rows downwards, the first not repeated.
    columns
        The properties by key.
    """
    values: dict[tuple[type, Value], int] = {}
    few_first = sorted(columns, key=lambda key: len(columns[key].values))  # they take one byte
    numbers = {key: _numbers_of(columns[key], values) for key in few_first}
    body = bytearray(_text(1, name))
    body += _features(ids, rings, [numbers[key] for key in columns])
    for key in columns:
        body += _text(3, key)
    for _, value in values:
        body += _value(value)
    body += _whole(5, EXTENT) + _whole(15, 2)
    return _bytes(3, bytes(body))


def _numbers_of(column: Column, values: dict[tuple[type, Value], int]) -> Whole:
    """Return which of all values each feature has, -1 for none; new ones are added."""
    own = [values.setdefault((type(value), value), len(values)) for value in column.values]
    return np.array([*own, _NONE], np.int64)[column.at]


def _features(ids: Whole, rings: Whole, tags: Sequence[Whole]) -> bytes:
    """Return all features, one row of bytes each."""
    count = len(ids)
    pairs = [part for key, at in enumerate(tags) for part in _pair(key, at)]
    parts = [
        *_field(_ID, [_varints(ids)]), *_sized(_TAGS, pairs, count),
        *_field(_TYPE, [_constant(count, _POLYGON)]), *_sized(_GEOMETRY, [_commands(rings)], count),
    ]  # fmt: skip
    data, kept = _joined(_sized(_FEATURE, parts, count))
    return data[kept].tobytes()


def _pair(key: int, at: Whole) -> list[Part]:
    """Return number of the key and number of the value, where a feature has one."""
    there = (at != _NONE)[:, None]
    number, value = _constant(len(at), key), _varints(np.maximum(at, 0))
    return [(data, kept & there) for data, kept in (number, value)]


def _commands(rings: Whole) -> Part:
    """Return the commands that draw rings."""
    count, corners, _ = rings.shape
    steps = np.diff(rings, axis=1, prepend=0).reshape(count, 2 * corners)
    zigzag = [_varints(column) for column in ((steps << 1) ^ (steps >> 63)).T]
    move, line, close = (
        _constant(count, command | times << 3)
        for command, times in ((_MOVE, 1), (_LINE, corners - 1), (_CLOSE, 1))
    )
    return _joined([move, *zigzag[:2], line, *zigzag[2:], close])


def _field(tag: int, parts: Sequence[Part]) -> list[Part]:
    return [_constant(len(parts[0][0]), tag), *parts]


def _sized(tag: int, parts: Sequence[Part], count: int) -> list[Part]:
    """Return parts after a tag and the number of their bytes."""
    sizes = np.zeros(count, np.int64)
    for _, kept in parts:
        sizes += kept.sum(axis=1)
    return [_constant(count, tag), _varints(sizes), *parts]


def _joined(parts: Sequence[Part]) -> Part:
    return np.hstack([data for data, _ in parts]), np.hstack([kept for _, kept in parts])


def _varints(numbers: Whole) -> Part:
    """Return numbers as they are written."""
    longest = max(1, -(-int(numbers.max(initial=0)).bit_length() // _BITS))
    shifted = numbers[:, None] >> np.arange(0, _BITS * longest, _BITS)
    kept = shifted > 0
    kept[:, 0] = True
    more = np.zeros(shifted.shape, bool)
    more[:, :-1] = kept[:, 1:]
    return (shifted & 0x7F | more << _BITS).astype(np.uint8), kept


def _constant(count: int, number: int) -> Part:
    data, kept = _varints(np.array([number], np.int64))
    return np.repeat(data, count, axis=0), np.repeat(kept, count, axis=0)


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

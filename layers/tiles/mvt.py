"""Mapbox Vector Tiles of rectangles that a process made: version 2.1, one layer."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence

EXTENT = 4096
Value = str | int | float | bool
Rectangle = tuple[int, int, int, int]
"""Left, top, right, bottom in units of the tile."""
_POLYGON, _MOVE, _LINE, _CLOSE = 3, 1, 2, 7


def encode_layer(
    name: str, features: Iterable[tuple[int, Rectangle, Mapping[str, Value | None]]]
) -> bytes:
    """Return a tile of one layer of rectangles with their ids and values; None is left out."""
    keys: dict[str, int] = {}
    values: dict[tuple[type, Value], int] = {}
    body = bytearray(_text(1, name))
    for number, rectangle, given in features:
        tags: list[int] = []
        for key, value in given.items():
            if value is not None:
                tags.append(keys.setdefault(key, len(keys)))
                tags.append(values.setdefault((type(value), value), len(values)))
        parts = (
            _whole(1, number) + _packed(2, tags) + _whole(3, _POLYGON)
            + _packed(4, _ring(rectangle))
        )  # fmt: skip
        body += _bytes(2, parts)
    for key in keys:
        body += _text(3, key)
    for _, value in values:
        body += _bytes(4, _value(value))
    body += _whole(5, EXTENT) + _whole(15, 2)
    return bytes(_bytes(3, bytes(body)))


def _ring(rectangle: Rectangle) -> Sequence[int]:
    """Return the commands of a ring, clockwise as the tile has its rows downwards."""
    left, top, right, bottom = rectangle
    wide, tall = right - left, bottom - top
    steps = (wide, 0, 0, tall, -wide, 0)
    return [
        _MOVE | 1 << 3, _zigzag(left), _zigzag(top), _LINE | 3 << 3, *map(_zigzag, steps),
        _CLOSE | 1 << 3,
    ]  # fmt: skip


def _value(value: Value) -> bytes:
    if isinstance(value, bool):
        return _whole(7, int(value))
    if isinstance(value, int):
        return _whole(6, _zigzag(value))
    if isinstance(value, float):
        return _varint(3 << 3 | 1) + struct.pack("<d", value)
    return _text(1, value)


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def _long(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_SHORT = tuple(map(_long, range(1 << 14)))
"""The numbers that tiles are made of, as they are written."""


def _varint(number: int) -> bytes:
    return _SHORT[number] if number < len(_SHORT) else _long(number)


def _whole(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _bytes(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _text(field: int, text: str) -> bytes:
    return _bytes(field, text.encode())


def _packed(field: int, numbers: Sequence[int]) -> bytes:
    if max(numbers, default=0) < len(_SHORT):
        return _bytes(field, b"".join([_SHORT[number] for number in numbers]))
    return _bytes(field, b"".join(map(_varint, numbers)))

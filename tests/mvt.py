"""A small decoder of Mapbox Vector Tiles 2.1, to look into what the server sends."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Any


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
        elif wire == 1:
            value, at = data[at : at + 8], at + 8
        elif wire == 5:
            value, at = data[at : at + 4], at + 4
        else:
            size, at = _varint(data, at)
            value, at = data[at : at + size], at + size
        yield number, value


def _zigzag(n: int) -> int:
    return (n >> 1) ^ -(n & 1)


def _packed(data: bytes) -> list[int]:
    values, at = [], 0
    while at < len(data):
        value, at = _varint(data, at)
        values.append(value)
    return values


def _value(data: bytes) -> Any:
    for number, value in _fields(data):
        if number == 1:
            return value.decode()
        if number == 2:
            return struct.unpack("<f", value)[0]
        if number == 3:
            return struct.unpack("<d", value)[0]
        if number == 6:
            return _zigzag(value)
        if number == 7:
            return bool(value)
        return value - (1 << 64) if number == 4 and value >> 63 else value
    return None


def _rings(commands: list[int]) -> list[list[tuple[int, int]]]:
    parts: list[list[tuple[int, int]]] = []
    x = y = at = 0
    while at < len(commands):
        op, count = commands[at] & 7, commands[at] >> 3
        at += 1
        if op == 7:
            parts[-1].append(parts[-1][0])
            continue
        for _ in range(count):
            x += _zigzag(commands[at])
            y += _zigzag(commands[at + 1])
            at += 2
            if op == 1:
                parts.append([])
            parts[-1].append((x, y))
    return parts


def decode_tile(data: bytes) -> dict[str, list[dict[str, Any]]]:
    """Return the features of each layer: id, type (1 point, 2 line, 3 polygon), properties, parts.

    `parts` are lists of tile coordinates; a polygon's rings are closed.
    """
    return dict(_layer(layer) for number, layer in _fields(data) if number == 3)


def _layer(data: bytes) -> tuple[str, list[dict[str, Any]]]:
    name, keys, values, raw = "", [], [], []
    for number, value in _fields(data):
        if number == 1:
            name = value.decode()
        elif number == 2:
            raw.append(value)
        elif number == 3:
            keys.append(value.decode())
        elif number == 4:
            values.append(_value(value))
    return name, [_feature(item, keys, values) for item in raw]


def _feature(data: bytes, keys: list[str], values: list[Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"id": None, "type": 0, "properties": {}, "parts": []}
    for number, value in _fields(data):
        if number == 1:
            made["id"] = value
        elif number == 2:
            tags = _packed(value)
            pairs = zip(tags[::2], tags[1::2], strict=True)
            made["properties"] = {keys[k]: values[v] for k, v in pairs}
        elif number == 3:
            made["type"] = value
        elif number == 4:
            made["parts"] = _rings(_packed(value))
    return made


def tile_of(lon: float, lat: float, z: int) -> tuple[int, int]:
    """Return column and row of the XYZ tile of a place, clamped to the square world."""
    n = 1 << z
    rad = math.radians(min(max(lat, -85.0511287798066), 85.0511287798066))
    x = math.floor((lon + 180.0) / 360.0 * n)
    y = math.floor((1.0 - math.asinh(math.tan(rad)) / math.pi) / 2.0 * n)
    return min(max(x, 0), n - 1), min(max(y, 0), n - 1)

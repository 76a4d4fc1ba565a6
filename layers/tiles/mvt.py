"""Mapbox Vector Tiles of polygons that were computed: version 2.1, one layer."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from routing.statistics.tile_kernels import number_different, write_numbers, write_polygons

EXTENT = 4096
Value = str | int | float | bool
Whole: TypeAlias = NDArray[np.int64]
Real: TypeAlias = NDArray[np.float64]
_BITS = 7
_NONE = -1
_HEADS = tuple(bytes([4 << 3 | 2, size + 2, 1 << 3 | 2, size]) for size in range(126))
"""What stands before a short text that is a value, by its bytes."""
_REAL = np.dtype([("head", "u1", 3), ("value", "<f8")])
_REAL_HEAD = 4 << 3 | 2, 9, 3 << 3 | 1


@dataclass(frozen=True, slots=True)
class Column:
    """A property: its different values, all of one type, and which of them each feature has.

    `at` is -1 where a feature has none.
    """

    values: Sequence[Value] | Whole | Real
    at: Whole


@dataclass(frozen=True, slots=True)
class Outlines:
    """Polygons of any shape, in units of the tile.

    Parameters
    ----------
    points
        (m, 2) corners of all rings, outer ones clockwise with rows downwards, holes the other way,
        the first of a ring not repeated.
    rings
        Where each ring begins, and behind the last one.
    of
        Which ring is the first of each feature, and behind the last one.
    """

    points: Whole
    rings: Whole
    of: Whole


def column_of(values: Sequence[Value | None]) -> Column:
    """Return a property of a value per feature; None is left out."""
    found = [value for value in dict.fromkeys(values) if value is not None]
    number: dict[Value | None, int] = {value: at for at, value in enumerate(found)}
    number[None] = _NONE
    return Column(found, np.fromiter(map(number.__getitem__, values), np.int64, len(values)))


def column_of_array(values: Whole | Real, known: NDArray[np.bool_] | None = None) -> Column:
    """Return a property of an array of numbers; it is left out where it is not `known`."""
    real = values.dtype.kind == "f"
    exact = np.ascontiguousarray(values, np.float64 if real else np.int64)
    size = len(exact)
    numbers, different = np.empty(size, np.int64), np.empty(size, np.int64)
    slots = np.full(1 << (2 * size).bit_length(), _NONE, np.int64)
    count = number_different(exact.view(np.int64), slots, numbers, different)
    at = numbers if known is None else np.where(known, numbers, _NONE)
    found = different[:count]
    return Column(found.view(np.float64) if real else found, at)


def rectangle_rings(left: Whole, top: Whole, right: Whole, bottom: Whole) -> Whole:
    """Return rings (n, 4, 2) of rectangles, clockwise as a tile has its rows downwards."""
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return np.stack([np.stack(corner, axis=-1) for corner in corners], axis=1)


def outlines_of(rings: Whole) -> Outlines:
    """Return polygons of one ring each, with as many corners: (n, corners, 2)."""
    count, corners, _ = rings.shape
    steps = np.arange(count + 1, dtype=np.int64)
    return Outlines(np.ascontiguousarray(rings).reshape(-1, 2), steps * corners, steps)


def encode_layer(
    name: str, ids: Whole, outlines: Outlines | Whole, columns: Mapping[str, Column]
) -> bytes:
    """Return a tile of one layer of polygons.

    Parameters
    ----------
    name
        Of the layer.
    ids
        Of features, not negative.
    outlines
        Polygons, or rings (n, corners, 2) of one each.
    columns
        The properties by key.
    """
    shapes = outlines if isinstance(outlines, Outlines) else outlines_of(outlines)
    tags, values = _numbered(columns, len(ids))
    body = bytearray(_text(1, name))
    body += write_polygons(
        np.ascontiguousarray(ids, np.int64), tags, shapes.points, shapes.rings, shapes.of
    ).tobytes()
    for key in columns:
        body += _text(3, key)
    body += values + _whole(5, EXTENT) + _whole(15, 2)
    return _bytes(3, bytes(body))


def _numbered(columns: Mapping[str, Column], size: int) -> tuple[Whole, bytes]:
    """Return by key and feature which of all values it has, -1 for none, and these values.

    The values of the fewest come first: their numbers take one byte.
    """
    texts: dict[tuple[type, Value], int] = {}
    numbers: dict[str, Whole] = {}
    values, first = bytearray(), 0
    for key, column in sorted(columns.items(), key=lambda item: len(item[1].values)):
        if isinstance(column.values, np.ndarray):
            numbers[key] = np.where(column.at >= 0, column.at + first, _NONE)
            values += _numbers(column.values)
            first += len(column.values)
            continue
        own = []
        for value in column.values:
            at = texts.setdefault((type(value), value), first)
            own.append(at)
            if at == first:
                values += _value(value)
                first += 1
        numbers[key] = np.array([*own, _NONE], np.int64)[column.at]
    tags = np.empty((len(columns), size), np.int64)
    for row, key in enumerate(columns):
        tags[row] = numbers[key]
    return tags, bytes(values)


def _numbers(values: Whole | Real) -> bytes:
    """Return numbers as values of the layer."""
    if values.dtype.kind == "i":
        return write_numbers(np.ascontiguousarray(values, np.int64)).tobytes()
    rows = np.empty(len(values), _REAL)
    rows["head"], rows["value"] = _REAL_HEAD, values
    return rows.tobytes()


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

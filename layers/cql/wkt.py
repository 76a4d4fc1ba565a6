"""Geometry literals of CQL2 text: well-known text and BBOX, to GeoJSON geometries and boxes."""

from __future__ import annotations

from typing import Final

from layers.cql.cursor import Cursor, Expected
from layers.cql.types import Node

_COLLECTION: Final = "geometrycollection"
_TYPES: Final[dict[str, tuple[str, int]]] = {
    "point": ("Point", 0),
    "linestring": ("LineString", 1),
    "polygon": ("Polygon", 2),
    "multipoint": ("MultiPoint", 1),
    "multilinestring": ("MultiLineString", 2),
    "multipolygon": ("MultiPolygon", 3),
    _COLLECTION: ("GeometryCollection", 0),
}
"""GeoJSON type, and how many lists its coordinates lie in, by word."""
_NUMBER: Final = Expected("a number", "数字", "POINT(120.5 29)")
_BOX: Final = Expected("4 or 6 numbers", "4 个或 6 个数字", "BBOX(120, 29, 122, 31)")
_OPEN: Final = Expected("(", " (", "POLYGON((120 29, 122 29, 122 31, 120 29))")
_NEXT: Final = Expected("a comma or )", "逗号或 )", "LINESTRING(120 29, 122 31)")
_MEMBER: Final = Expected(
    "a geometry that is no collection", "非集合的几何", "GEOMETRYCOLLECTION(POINT(120 29))"
)


def begins_geometry(word: str, following: str) -> bool:
    """Tell whether a word with the word after it begins a geometry literal."""
    if following == "z":
        return word in _TYPES
    return following == "(" and word.removesuffix("z") in _TYPES


def geometry(cursor: Cursor) -> dict[str, Node]:
    """Return the geometry that begins at the cursor, as GeoJSON."""
    word = cursor.advance().word.removesuffix("z")
    cursor.take("z")
    type_, level = _TYPES[word]
    if word == _COLLECTION:
        return {"type": type_, "geometries": _members(cursor)}
    if word == "multipoint":
        return {"type": type_, "coordinates": _points(cursor)}
    return {"type": type_, "coordinates": _coordinates(cursor, level)}


def box(cursor: Cursor) -> dict[str, Node]:
    """Return the box that begins at the cursor."""
    cursor.advance()
    cursor.need("(", _OPEN)
    numbers: list[Node] = [cursor.signed_number(_BOX)]
    while cursor.take(","):
        numbers.append(cursor.signed_number(_BOX))
    if len(numbers) not in (4, 6):
        raise cursor.wrong(_BOX)
    cursor.need(")", _BOX)
    return {"bbox": numbers}


def _members(cursor: Cursor) -> list[Node]:
    cursor.need("(", _OPEN)
    found: list[Node] = [_member(cursor)]
    while cursor.take(","):
        found.append(_member(cursor))
    cursor.need(")", _NEXT)
    return found


def _member(cursor: Cursor) -> dict[str, Node]:
    word = cursor.now.word
    collection = word.removesuffix("z") == _COLLECTION
    if collection or not begins_geometry(word, cursor.following):
        raise cursor.wrong(_MEMBER)
    return geometry(cursor)


def _points(cursor: Cursor) -> list[Node]:
    """Return the positions of a MULTIPOINT, each in brackets of its own or not."""
    cursor.need("(", _OPEN)
    found: list[Node] = []
    while not found or cursor.take(","):
        bracket = cursor.now.word == "("
        found.append(_coordinates(cursor, 0) if bracket else _position(cursor))
    cursor.need(")", _NEXT)
    return found


def _coordinates(cursor: Cursor, level: int) -> list[Node]:
    """Return what stands in brackets: a position at level 0, else a list of the level below."""
    cursor.need("(", _OPEN)
    if level == 0:
        found: list[Node] = _position(cursor)
    else:
        found = [_part(cursor, level)]
        while cursor.take(","):
            found.append(_part(cursor, level))
    cursor.need(")", _NEXT)
    return found


def _part(cursor: Cursor, level: int) -> list[Node]:
    return _position(cursor) if level == 1 else _coordinates(cursor, level - 1)


def _position(cursor: Cursor) -> list[Node]:
    found: list[Node] = [cursor.signed_number(_NUMBER), cursor.signed_number(_NUMBER)]
    if cursor.now.kind == "number" or cursor.now.word in ("-", "+"):
        found.append(cursor.signed_number(_NUMBER))
    return found

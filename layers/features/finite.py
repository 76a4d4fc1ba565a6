"""Numbers that are none, in rows that were stored with them: answers say null.

JSON has neither NaN nor an infinity, and a position without both its numbers is nowhere.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import cast

import orjson

from layers.declare.relation import Relation
from spatial.geo.geojson import Coordinates, Geometry, GeometryCollection
from spatial.json_types import Json

_NUMBERS = frozenset({"NaN", "Infinity", "-Infinity"})
"""How the database writes such a number of a column into JSON: as a text."""


def suspect(text: str) -> bool:
    """Tell whether a text of the database may hold a number that is none."""
    return "NaN" in text or "Infinity" in text


def finite_feature(text: str, relation: Relation) -> str:
    """Return a feature's text; what is no number in it is null, as is a geometry that is nowhere.

    A text without such a number is returned as it is, at the cost of looking for two words.
    """
    if not suspect(text):
        return text
    feature = json.loads(text)
    feature["geometry"] = _geometry(feature["geometry"])
    values = feature["properties"]
    for column in relation.layer.columns:
        if column.type == "number" and values.get(column.name) in _NUMBERS:
            values[column.name] = None
    return orjson.dumps(feature).decode()


def _geometry(shape: Geometry | GeometryCollection | None) -> Mapping[str, object] | None:
    """Return a geometry with finite heights only, or None where a place is not finite."""
    if shape is None:
        return None
    try:
        if shape["type"] == "GeometryCollection":
            parts = cast(GeometryCollection, shape)["geometries"]
            return {**shape, "geometries": [_geometry(part) for part in parts]}
        return {**shape, "coordinates": _places(cast(Geometry, shape)["coordinates"])}
    except ValueError:
        return None


def _places(node: Coordinates) -> list[Json]:
    if len(node) == 0 or isinstance(node[0], list):
        return [_places(cast(Coordinates, child)) for child in node]
    position = cast(list[float], node)
    if not all(map(math.isfinite, position[:2])):
        raise ValueError(position)
    return [number for number in position if math.isfinite(number)]

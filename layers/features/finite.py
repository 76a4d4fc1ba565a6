"""Numbers that are none, in rows that were stored with them: answers say null.

JSON has neither NaN nor an infinity, and a position without both its numbers is nowhere.
"""

from __future__ import annotations

import json
import math
from typing import Any

import orjson

from layers.declare.relation import Relation

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


def _geometry(shape: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a geometry with finite heights only, or None where a place is not finite."""
    if shape is None:
        return None
    try:
        if "geometries" in shape:
            return shape | {"geometries": [_geometry(part) for part in shape["geometries"]]}
        return shape | {"coordinates": _places(shape["coordinates"])}
    except ValueError:
        return None


def _places(node: list[Any]) -> list[Any]:
    if not node or isinstance(node[0], list):
        return [_places(child) for child in node]
    if not all(map(math.isfinite, node[:2])):
        raise ValueError(node)
    return [number for number in node if math.isfinite(number)]

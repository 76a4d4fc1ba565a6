"""Many rectangles as GeoJSON at once: each feature's text made of those of its columns.

A dictionary for each feature and a list for each corner take ten times as long to make as their
text does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import orjson

from routing.graph.weights import Floats

Column = np.ndarray | Sequence[str | int | None]
_NUMBERS = orjson.OPT_SERIALIZE_NUMPY


def rectangles(ids: Column, boxes: Sequence[Floats], columns: Mapping[str, Column]) -> list[object]:
    """Return features, each as its JSON; what is computed is `derived`.

    Parameters
    ----------
    ids
        Of each feature.
    boxes
        West, south, east and north of all, degrees (EPSG:4326).
    columns
        Properties by name: an array of numbers, of which NaN is told as null, or values
        of one type and None.
    """
    west, south, east, north = map(texts, boxes)
    ring = (west, south, east, south, east, north, west, north, west, south)
    names = b"".join(b",%b:%%b" % orjson.dumps(name) for name in columns)
    pattern = (
        b'{"type":"Feature","id":%b,"geometry":{"type":"Polygon","coordinates":'
        b"[[[%b,%b],[%b,%b],[%b,%b],[%b,%b],[%b,%b]]]}"
        b',"properties":{"origin":"derived"' + names + b"}}"
    )
    rows = zip(texts(ids), *ring, *map(texts, columns.values()), strict=True)
    return [orjson.Fragment(pattern % row) for row in rows]


def texts(column: Column) -> Iterable[bytes]:
    """Return the JSON of each value of a column."""
    if isinstance(column, np.ndarray) and column.dtype.kind in "iuf":
        whole = orjson.dumps(np.ascontiguousarray(column), option=_NUMBERS)
        return whole[1:-1].split(b",") if len(column) else []
    values = column.tolist() if isinstance(column, np.ndarray) else column
    known = {value: orjson.dumps(value) for value in set(values)}
    return [known[value] for value in values]

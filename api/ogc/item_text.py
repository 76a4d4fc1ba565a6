"""Pages of features as text: GeoJSON in any served system of coordinates, tables for people.

Long pages are written in threads, some hundred features at a time, so that others are served.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import orjson

from api.http import html, links
from api.ogc.common import say
from layers.declare.layer import Column, Layer
from layers.offload import offload
from spatial.geo import crs
from spatial.geo.geojson import Geometry, GeometryCollection
from spatial.json_types import Document, Shown

AT_ONCE = 500
"""Features that are written between other requests, or in one go in a thread."""
LARGE = 2**20
"""Characters of features that are too many for that."""


async def write_collection(texts: Sequence[str], tail: Document, system: crs.Crs) -> bytes:
    """Return features as a FeatureCollection with further members."""
    if system is crs.CRS84 and len(texts) <= AT_ONCE and sum(map(len, texts)) <= LARGE:
        return _written(texts, tail, system)
    return await offload(_written, texts, tail, system)


def _written(texts: Sequence[str], tail: Document, system: crs.Crs) -> bytes:
    parts = [",".join(some).encode() for some in _moved(texts, system)]
    head = b'{"type":"FeatureCollection","features":['
    return b"".join([head, b",".join(parts), b"],", orjson.dumps(tail)[1:]])


def _moved(texts: Sequence[str], system: crs.Crs) -> Iterator[Sequence[str]]:
    for at in range(0, len(texts), AT_ONCE):
        some = texts[at : at + AT_ONCE]
        yield some if system is crs.CRS84 else in_crs(some, system)


def in_crs(texts: Sequence[str], system: crs.Crs) -> list[str]:
    """Return features' texts with their geometries in another coordinate system."""
    features = [orjson.loads(text) for text in texts]
    shapes: list[Geometry] = []
    for feature in features:
        if feature["geometry"] is not None:
            shapes.extend(_simple(feature["geometry"]))
    arrays = [shape["coordinates"] for shape in shapes]
    moved = crs.transform_arrays(arrays, crs.CRS84, system, official_axes=True)
    for shape, array in zip(shapes, moved, strict=True):
        shape["coordinates"] = array
    option = orjson.OPT_SERIALIZE_NUMPY
    return [orjson.dumps(feature, option=option).decode() for feature in features]


def _simple(shape: Geometry | GeometryCollection) -> Iterator[Geometry]:
    """Yield the geometries of a geometry that have coordinates."""
    if shape["type"] == "GeometryCollection":
        for part in cast(GeometryCollection, shape)["geometries"]:
            yield from _simple(part)
    else:
        yield cast(Geometry, shape)


def heading(column: Column, lang: str) -> str:
    """Return the title of a column with its unit."""
    return f"{column.title[lang]} ({column.unit})" if column.unit else column.title[lang]


def shown(column: Column, value: Shown, lang: str) -> Shown:
    """Return a value as people read it: a code by its title."""
    title = (column.values or {}).get(str(value))
    return title[lang] if title else value


def items_table(texts: Sequence[str], layer: Layer, lang: str, at: str) -> html.Markup:
    """Return features as rows of a table, each linked to its page below an address."""
    head = ["id", *(heading(c, lang) for c in layer.columns), say("origin", lang)]
    rows = []
    for feature in map(orjson.loads, texts):
        values = [shown(c, feature["properties"].get(c.name), lang) for c in layer.columns]
        origin = feature["properties"]["origin"]
        own = html.anchor(feature["id"], f"{at}/{links.escaped(feature['id'])}?f=html")
        rows.append([own, *values, origin])
    return html.table(head, rows)

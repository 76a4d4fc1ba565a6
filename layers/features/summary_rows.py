"""What a layer's rows are, as SQL: how many of which origin and source, from when, in which box."""
# ruff: noqa: S608

from __future__ import annotations

from layers.declare.layer import Layer
from layers.declare.relation import ALIAS
from layers.tiles.tile_sql import base_condition, relation

SIDES = {"ST_XMin": 180, "ST_XMax": 180, "ST_YMin": 90, "ST_YMax": 90}
"""Degrees up to which a side is a place: a row that is nowhere has no part in an extent."""
SOURCES = (
    "SELECT id, title_zh, title_en, license, license_url, attribution, props FROM sigang.source"
)


def boxes_of(layer: Layer, seen: str) -> str:
    """Return the statement of the rows of a layer that fulfil `seen`, by origin and source."""
    times = "NULL, NULL"
    if layer.time:
        first = f"{ALIAS}.{_column(layer, layer.time.field)}"
        last = f"{ALIAS}.{_column(layer, layer.time.end)}" if layer.time.end else first
        times = f"min({first}), max(coalesce({last}, {first}))"
    shape = f"{ALIAS}.{layer.geometry.column}" if layer.has_geometry else "NULL::geometry"
    placed = " AND ".join(f"{side}({shape}) BETWEEN -{m} AND {m}" for side, m in SIDES.items())
    return (
        f"WITH box AS (SELECT {ALIAS}.origin, {ALIAS}.source_id, count(*), {times},"
        f" (ST_Extent({shape}) FILTER (WHERE {placed}))::geometry AS box"
        f" FROM {_called(layer)}"
        f" WHERE {base_condition(layer)} AND {seen} GROUP BY 1, 2 ORDER BY 3 DESC)"
        " SELECT *, ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box) FROM box"
    )


def _column(layer: Layer, name: str) -> str:
    """Return the source's column of a time field."""
    declared = layer.by_name.get(name)
    return declared.column or name if declared else name


def _called(layer: Layer) -> str:
    """Return the layer's source, a function with its defaults and the world as its box."""
    if layer.source.function is None:
        return relation(layer)
    world = {"z": "0", "x": "0", "y": "0", "bbox": "'BOX(-180 -85,180 85)'"}
    names = [p.name for p in layer.source.parameters if p.name in world]
    arguments = ", ".join(f"{name} => {world[name]}" for name in names)
    return f"sigang.{layer.source.function}({arguments}) {ALIAS}"

"""Members of JSON columns that are not of the type that a layer declares: they read as null."""
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg

from layers.declare.layer import Layer
from layers.declare.relation import JSON_READERS
from layers.tiles.tile_sql import base_condition, member_sql, relation

LONGEST_S = 20


@dataclass(frozen=True, slots=True)
class BadValues:
    """How many values of a column are not of its type."""

    layer: str
    column: str
    type: str
    path: str
    count: int


def count_bad(conn: psycopg.Connection, layers: Iterable[Layer]) -> list[BadValues]:
    """Count the values that read as null although they are there, layer by layer.

    A layer that cannot be read, or not within `LONGEST_S` seconds, is passed over.
    """
    found = []
    for layer in layers:
        try:
            with conn.transaction():
                conn.execute(f"SET LOCAL statement_timeout = '{LONGEST_S}s'")
                found += _of_layer(conn, layer)
        except psycopg.Error:
            if conn.closed:
                raise
    return found


def _of_layer(conn: psycopg.Connection, layer: Layer) -> list[BadValues]:
    columns = [(c, str(c.path)) for c in layer.columns if c.path and c.type in JSON_READERS]
    if not columns or layer.source.function:
        return []
    counts = ", ".join(
        f"count(*) FILTER (WHERE jsonb_typeof({member_sql(path)}) <> 'null'"
        f" AND sigang.{JSON_READERS[column.type]}({member_sql(path)}) IS NULL)"
        for column, path in columns
    )
    row = conn.execute(
        f"SELECT {counts} FROM {relation(layer)} WHERE {base_condition(layer)}"
    ).fetchone()
    return [
        BadValues(layer.id, column.name, column.type, path, count)
        for (column, path), count in zip(columns, row or (), strict=True)
        if count
    ]

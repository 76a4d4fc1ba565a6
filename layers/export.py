"""Whole answers as files: CSV, GeoJSON sequence, FlatGeobuf, GeoParquet, GeoPackage.

Every file carries the origin of each row, and the sources with their licences: as columns where
the format has nothing better, as metadata where it has.
"""

from __future__ import annotations

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from sqlalchemy import Text, cast, func, select, true

from layers.features import (
    Statement,
    compile_statement,
    feature_text,
    reading,
)
from layers.filters import Query, conditions
from layers.relation import Relation
from layers.scope import visible
from spatial import crs
from spatial.actor import Actor
from spatial.db import Database
from spatial.errors import BadParameter

FORMATS = ("fgb", "parquet", "gpkg")
"""Formats made as one file."""
BATCH = 1000
FILE_ROWS = 500_000
"""Most rows of one made file; a stream has no such bound."""
_DRIVERS = {"fgb": "FlatGeobuf", "gpkg": "GPKG"}

Sources = list[dict[str, Any]]


def licence_text(sources: Sources) -> str:
    """Return sources and licences as one line."""
    return "; ".join(f"{s['attribution']} ({s['license']})" for s in sources)


def _statement(relation: Relation, actor: Actor, query: Query, columns: Iterable[Any]) -> Statement:
    return compile_statement(
        select(*columns)
        .select_from(relation.table)
        .where(conditions(relation, query), visible(relation.table, actor))
        .order_by(relation.id)
    )


async def _batches(
    db: Database, actor: Actor, statement: Statement, values: dict[str, Any], limit: int | None
) -> AsyncIterator[list[asyncpg.Record]]:
    """Yield the rows in batches from one cursor, so that memory does not grow with them."""
    left = limit
    async with reading(db, actor) as conn, conn.transaction(readonly=True):
        cursor = await conn.cursor(statement.sql, *statement.arguments(values))
        while left is None or left > 0:
            rows = await cursor.fetch(BATCH if left is None else min(BATCH, left))
            if not rows:
                return
            if left is not None:
                left -= len(rows)
            yield rows


async def stream_sequence(
    db: Database,
    relation: Relation,
    actor: Actor,
    query: Query,
    sources: Sources,
    limit: int | None,
) -> AsyncIterator[bytes]:
    """Yield features as a GeoJSON text sequence (RFC 8142), the sources' names in each feature."""
    feature, row = feature_text(relation)
    statement = compile_statement(
        select(feature)
        .select_from(relation.table.join(row, true()))
        .where(conditions(relation, query), visible(relation.table, actor))
        .order_by(relation.id)
    )
    tail = b',"attribution":' + orjson.dumps(licence_text(sources)) + b"}\n"
    async for rows in _batches(db, actor, statement, query.bound, limit):
        yield b"".join(b"\x1e" + text[:-1].encode() + tail for (text,) in rows)


async def stream_csv(
    db: Database,
    relation: Relation,
    actor: Actor,
    query: Query,
    sources: Sources,
    limit: int | None,
) -> AsyncIterator[bytes]:
    """Yield the rows as CSV (UTF-8 with a mark, so that Excel reads it), geometry as WKT."""
    names = [*relation.columns, "origin", "source_id"]
    columns = [cast(relation.id, Text).label("id"), *_values(relation)]
    if relation.geom is not None:
        columns.append(func.ST_AsText(relation.geom, 6).label("geometry"))
        names.append("geometry")
    statement = _statement(relation, actor, query, columns)
    yield _lines([["id", *names, "attribution"]], mark=True)
    licence = licence_text(sources)
    async for rows in _batches(db, actor, statement, query.bound, limit):
        yield _lines([*map(_cell, row), licence] for row in rows)


def _values(relation: Relation) -> list[Any]:
    listed = [column.label(name) for name, column in relation.columns.items()]
    return [*listed, relation.table.c.origin, relation.table.c.source_id]


def _cell(value: Any) -> Any:
    if isinstance(value, (dict, list)):
        value = orjson.dumps(value).decode()
    elif hasattr(value, "isoformat"):
        value = value.isoformat()
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value


def _lines(rows: Iterable[list[Any]], *, mark: bool = False) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return (b"\xef\xbb\xbf" if mark else b"") + text.getvalue().encode()


async def export_file(
    db: Database,
    relation: Relation,
    actor: Actor,
    query: Query,
    sources: Sources,
    limit: int | None,
    kind: str,
) -> bytes:
    """Return all rows as a FlatGeobuf, GeoParquet or GeoPackage file.

    Raises
    ------
    BadParameter
        More rows than one file may have.
    """
    columns = [cast(relation.id, Text).label("id"), *_values(relation)]
    shape = func.ST_AsBinary(relation.geom) if relation.geom is not None else None
    if shape is not None:
        columns.append(shape.label("geometry"))
    statement = _statement(relation, actor, query, columns)
    rows: list[asyncpg.Record] = []
    async for batch in _batches(db, actor, statement, query.bound, limit):
        rows += batch
        if len(rows) > FILE_ROWS:
            raise BadParameter(
                f"One file holds at most {FILE_ROWS} rows",
                f"单个文件最多 {FILE_ROWS} 行",
                mend_en="Ask for a smaller area, or for f=jsonseq or f=csv.",
                mend_zh="请缩小范围，或使用 f=jsonseq、f=csv。",
            )
    names = ["id", *relation.columns, "origin", "source_id"]
    return await asyncio.to_thread(_write, relation, names, rows, sources, kind)


def _write(
    relation: Relation, names: list[str], rows: list[asyncpg.Record], sources: Sources, kind: str
) -> bytes:
    import geopandas as gpd
    import pandas as pd
    import shapely

    types = {c.name: c.type for c in relation.layer.columns}
    columns = {
        name: _series([row[i] for row in rows], types.get(name, "text"), pd)
        for i, name in enumerate(names)
    }
    columns["attribution"] = pd.Series([licence_text(sources)] * len(rows), dtype="string")
    shapes = [None] * len(rows)
    if relation.geom is not None:
        shapes = shapely.from_wkb([row[len(names)] for row in rows])
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=crs.WGS84)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{relation.layer.id}.{kind}"
        if kind == "parquet":
            frame.to_parquet(path, schema_version="1.1.0", compression="zstd")
        else:
            frame.to_file(path, driver=_DRIVERS[kind], layer=relation.layer.id, engine="pyogrio")
        return path.read_bytes()


def _series(values: list[Any], type_: str, pd: Any) -> Any:
    kinds = {"int": "Int64", "number": "float64", "bool": "boolean"}
    if type_ in kinds:
        return pd.Series(values, dtype=kinds[type_])
    if type_ == "datetime":
        return pd.Series(pd.to_datetime(values, utc=True))
    texts = [None if value is None else _plain(value) for value in values]
    return pd.Series(texts, dtype="string")


def _plain(value: Any) -> str:
    return orjson.dumps(value).decode() if isinstance(value, (dict, list)) else str(value)

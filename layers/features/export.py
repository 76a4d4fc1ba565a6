"""Whole answers as files: CSV, GeoJSON sequence, FlatGeobuf, GeoParquet, GeoPackage.

Every file carries the origin of each row, and the sources with their licences: as columns where
the format has nothing better, as metadata where it has.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

import asyncpg
import orjson
from sqlalchemy import FromClause, Text, cast, func, select, true

from layers.cql.types import Expression
from layers.declare.relation import Relation
from layers.features.export_table import Table, make_file
from layers.features.features import (
    Statement,
    compile_beside,
    feature_text,
    reading,
)
from layers.features.finite import finite_feature, suspect
from layers.features.summary import Source
from layers.offload import offload_part
from layers.query.filters import Query, conditions
from layers.query.row_scope import visible
from spatial.actor import Actor
from spatial.csv_text import plain_text
from spatial.errors import BadParameter
from spatial.postgres.db import Database

FORMATS = ("fgb", "parquet", "gpkg")
"""Formats made as one file."""
BATCH = 1000
FILE_ROWS = 500_000
"""Most rows of one made file; a stream has no such bound."""

Sources = Sequence[Source]


def licence_text(sources: Sources) -> str:
    """Return sources and licences as one line."""
    return "; ".join(f"{s['attribution']} ({s['license']})" for s in sources)


async def statement_of(
    relation: Relation,
    actor: Actor,
    query: Query,
    columns: Iterable[Expression],
    rows: FromClause | None = None,
) -> Statement:
    """Return the statement that selects columns of all rows that match and that an actor sees."""
    return await compile_beside(
        query,
        lambda: (
            select(*columns)
            .select_from(relation.table if rows is None else rows)
            .where(conditions(relation, query), visible(relation.table, actor))
            .order_by(relation.id)
        ),
    )


async def _batches(
    db: Database,
    actor: Actor,
    statement: Statement,
    values: Mapping[str, object],
    limit: int | None,
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


async def read_rows(
    db: Database,
    actor: Actor,
    statement: Statement,
    values: Mapping[str, object],
    limit: int | None,
    most: int,
) -> list[asyncpg.Record]:
    """Return rows; those of a batch more than `most` where there are more."""
    rows: list[asyncpg.Record] = []
    async for batch in _batches(db, actor, statement, values, limit):
        rows += batch
        if len(rows) > most:
            break
    return rows


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
    rows = relation.table.join(row, true())
    statement = await statement_of(relation, actor, query, [feature], rows)
    tail = b',"attribution":' + orjson.dumps(licence_text(sources)) + b"}\n"
    async for batch in _batches(db, actor, statement, query.bound, limit):
        yield await offload_part(_rows_as_sequence, batch, relation, tail)


def _rows_as_sequence(rows: Iterable[asyncpg.Record], relation: Relation, tail: bytes) -> bytes:
    texts = (finite_feature(text, relation) for (text,) in rows)
    return b"".join([b"\x1e" + text[:-1].encode() + tail for text in texts])


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
    statement = await statement_of(relation, actor, query, columns)
    yield _lines([["id", *names, "attribution"]], mark=True)
    licence = licence_text(sources)
    async for rows in _batches(db, actor, statement, query.bound, limit):
        yield await offload_part(_rows_as_lines, rows, licence, relation.geom is not None)


def _rows_as_lines(rows: Iterable[asyncpg.Record], licence: str, shaped: bool) -> bytes:
    lines = [[*map(_cell, row), licence] for row in rows]
    for line in lines if shaped else ():
        if isinstance(line[-2], str) and suspect(line[-2]):
            line[-2] = None
    return _lines(lines)


def _values(relation: Relation) -> list[Expression]:
    listed = [column.label(name) for name, column in relation.columns.items()]
    return [*listed, relation.table.c.origin, relation.table.c.source_id]


def _cell(value: object) -> object:
    if isinstance(value, (float, Decimal)):
        return value if math.isfinite(value) else None
    if isinstance(value, (dict, list)):
        value = orjson.dumps(value).decode()
    elif hasattr(value, "isoformat"):
        value = value.isoformat()
    return plain_text(value) if isinstance(value, str) else value


def _lines(rows: Iterable[Sequence[object]], *, mark: bool = False) -> bytes:
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
    folder: Path | None = None,
) -> BinaryIO:
    """Return all rows as a FlatGeobuf, GeoParquet or GeoPackage file, which nobody else sees.

    It is made in `folder`, or where temporary files are.

    Raises
    ------
    BadParameter
        More rows than one file may have.
    """
    columns = [cast(relation.id, Text).label("id"), *_values(relation)]
    shape = func.ST_AsBinary(relation.geom) if relation.geom is not None else None
    if shape is not None:
        columns.append(shape.label("geometry"))
    statement = await statement_of(relation, actor, query, columns)
    rows = await read_rows(db, actor, statement, query.bound, limit, FILE_ROWS)
    if len(rows) > FILE_ROWS:
        raise BadParameter(
            f"One file holds at most {FILE_ROWS} rows",
            f"单个文件最多 {FILE_ROWS} 行",
            mend_en="Ask for a smaller area, or for f=jsonseq or f=csv.",
            mend_zh="请缩小范围，或使用 f=jsonseq、f=csv。",
        )
    table = Table(
        relation.layer.id, kind, ("id", *relation.columns, "origin", "source_id"),
        {c.name: c.type for c in relation.layer.columns}, shape is not None, licence_text(sources),
    )  # fmt: skip
    return await make_file(table, rows, folder)

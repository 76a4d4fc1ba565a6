"""Bulk insert into schema `sigang` by COPY: the fast way in for loaders and the sample."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import cast

import numpy as np
import orjson
import psycopg
import shapely
from psycopg import sql

_CHUNK = 10_000
_JSON_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def copy_rows(
    conn: psycopg.Connection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
) -> int:
    """Insert rows into `sigang.<table>` by COPY and return how many were sent.

    Parameters
    ----------
    conn
        An open connection; the caller commits.
    table, columns
        Name without schema; columns not listed take their default.
    rows
        One sequence per row in the order of `columns`. Geometry columns take shapely geometries
        (in the column's CRS; its SRID is set) or hex EWKB text; json columns any JSON value;
        arrays lists; ranges psycopg ranges. NaN becomes null: unknown.
    """
    kinds = _column_types(conn, table, columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier("sigang", table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    sent = 0
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        for chunk in _chunks(rows):
            encoded = [
                _encode(kind, srid, values)
                for (kind, srid), values in zip(kinds, zip(*chunk, strict=True), strict=True)
            ]
            for row in zip(*encoded, strict=True):
                copy.write_row(row)
            sent += len(chunk)
    return sent


def _chunks(rows: Iterable[Sequence[object]]) -> Iterator[list[Sequence[object]]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk


def _column_types(
    conn: psycopg.Connection, table: str, columns: Sequence[str]
) -> list[tuple[str, int]]:
    """Return type name and SRID (0: none) of each column; raise `LookupError` if one is missing."""
    listed = conn.execute(
        "SELECT c.column_name::text, c.udt_name::text, coalesce(g.srid, 0)"
        " FROM information_schema.columns c LEFT JOIN geometry_columns g"
        " ON (g.f_table_schema, g.f_table_name, g.f_geometry_column)"
        " = (c.table_schema, c.table_name, c.column_name)"
        " WHERE c.table_schema = 'sigang' AND c.table_name = %s",
        [table],
    ).fetchall()
    found = {str(name): (str(kind), int(srid)) for name, kind, srid in listed}
    missing = [column for column in columns if column not in found]
    if missing:
        raise LookupError(f"table sigang.{table} has no column {', '.join(missing)}")
    return [found[column] for column in columns]


def _encode(kind: str, srid: int, values: Sequence[object]) -> Sequence[object]:
    if kind == "geometry":
        return _encode_geometries(srid, values)
    if kind in ("json", "jsonb"):
        return [None if v is None else _json(v) for v in values]
    if kind in ("float4", "float8"):
        numbers = cast(Sequence[float | None], values)
        return [None if v is None or math.isnan(v) else float(v) for v in numbers]
    if kind in ("int2", "int4", "int8"):
        whole = cast(Sequence[int | None], values)
        return [None if v is None else int(v) for v in whole]
    return values


def _json(value: object) -> str:
    return orjson.dumps(value, option=_JSON_OPTIONS).decode()


def _encode_geometries(srid: int, values: Sequence[object]) -> Sequence[object]:
    shapes = np.array([None if isinstance(v, str) else v for v in values], dtype=object)
    with_srid = shapely.set_srid(shapes, srid)
    encoded = shapely.to_wkb(with_srid, hex=True, include_srid=True)
    return [v if isinstance(v, str) else e for v, e in zip(values, encoded, strict=True)]

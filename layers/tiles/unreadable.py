"""Layers whose declaration the database does not bear out: a column or view that is gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import asyncpg as postgres

from layers.cql.types import Expression
from layers.declare.relation import Relation
from layers.tiles.tile_sql import SCOPE_COLUMNS

ROLES = ("sigang_app", "sigang_public")


def list_unreadable(
    conn: psycopg.Connection, relations: Iterable[Relation]
) -> Iterator[tuple[str, str]]:
    """Yield id and reason of each layer that the roles of the server cannot read.

    No row is read.
    """
    for relation in relations:
        statement = _statement(relation)
        for role in ROLES if relation.layer.access.public else ROLES[:1]:
            try:
                with conn.transaction(force_rollback=True):
                    conn.execute(f"SET LOCAL ROLE {role}")
                    conn.execute(statement)
            except psycopg.Error as error:
                if conn.closed:
                    raise
                yield relation.layer.id, error.diag.message_primary or str(error)
                break


def _statement(relation: Relation) -> bytes:
    """Return a query of no rows that names all that queries of a layer name."""
    rows, shape = relation.table, relation.layer.geometry
    named: list[Expression] = [rows.c[name] for name in (*SCOPE_COLUMNS, "origin")]
    named += [relation.id, *relation.columns.values()]
    if relation.layer.has_geometry:
        named += [rows.c[name] for name in (shape.column, shape.column_3857) if name]
    chosen = select(*(one.label(f"c{n}") for n, one in enumerate(named)))
    chosen = chosen.where(relation.base).limit(0)
    dialect: Any = postgres.dialect
    text = chosen.compile(dialect=dialect(), compile_kwargs={"literal_binds": True})
    return str(text).encode()

"""Pages over wide boxes: walk the rows by id and stop when the page is full.

A page is ordered by id. Where a box holds many rows, collecting and sorting them all costs far more
than reading rows in the order of the id until enough lie inside. The planner does not know how many
rows an exact spatial test keeps, so the choice is made here, from its estimate of the box. The walk
is bounded: rows that lie in the order of their place would else be read to the end of the table.
"""

from __future__ import annotations

from typing import TypeVarTuple

import asyncpg
from sqlalchemy import ColumnElement, Select, bindparam, select
from sqlalchemy.sql.util import ClauseAdapter
from sqlalchemy.types import Integer

from layers.declare.relation import Relation
from layers.features.scan_rows import EXPLAIN, TABLE_ROWS
from layers.query.filters import Query, conditions
from layers.query.row_scope import visible
from spatial.actor import Actor
from spatial.geo.crs import CRS84

LEAST_ROWS = 20_000
"""Rows of a table below which every plan is quick."""
PATIENCE = 20
"""How many times the expected number of rows a walk may read."""
COST = 0.5
"""What walking over a row costs, in collected and sorted rows; measured: 0.2."""
P = TypeVarTuple("P")


def may_walk(relation: Relation, query: Query) -> bool:
    """Tell whether a question is one that a walk can answer: a box alone, ordered by the id."""
    ordered = bool(query.sortby or relation.layer.sort)
    narrowed = bool(query.equals or query.filter or query.timed)
    box = query.bbox is not None and query.bbox[0] <= query.bbox[2]
    return box and not ordered and not narrowed and relation.layer.source.table is not None


async def plan_walk(
    conn: asyncpg.Connection, relation: Relation, query: Query, limit: int
) -> int | None:
    """Return how many rows a walk may read, or None where collecting is the better way.

    The planner's estimate for boxes alone is within a few per cent; for the exact test it is not.
    """
    source = relation.layer.source
    table = f"sigang.{source.table}"
    rows = await conn.fetchval(TABLE_ROWS, table)
    if rows < LEAST_ROWS or query.bbox is None:
        return None
    explain = EXPLAIN.format(table=table, geom=relation.layer.geometry.column, srid=CRS84.srid)
    plan = await conn.fetchval(explain, *query.bbox)
    inside = max(1, plan[0]["Plan"]["Plan Rows"])
    expected = limit * rows / inside
    return int(min(rows, PATIENCE * expected)) if expected * COST < inside else None


def walked(
    relation: Relation,
    actor: Actor,
    query: Query,
    page: Select[*P],
    after: ColumnElement[bool] | None,
) -> Select[*P]:
    """Return a page's statement that takes its rows from a bounded walk.

    Parameters
    ----------
    relation, actor, query
        What, for whom, which.
    page
        Selects the features, without condition, order or limit.
    after
        Condition of coming after the cursor, or None; over the relation's id alone.
    """
    rows = select(relation.table).order_by(relation.id)
    if after is not None:
        rows = rows.where(after)
    inner = rows.limit(bindparam("walk", type_=Integer)).subquery("walk")
    adapt = ClauseAdapter(inner).traverse
    limit = bindparam("limit", type_=Integer)
    asked = [adapt(conditions(relation, query)), adapt(visible(relation.table, actor))]
    found = select(adapt(relation.id)).where(*asked).limit(limit)
    return page.where(relation.id.in_(found)).order_by(relation.id)

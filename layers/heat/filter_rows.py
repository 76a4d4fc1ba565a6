"""What a free filter leaves: the series of the cube that it means, or counts of rows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import asyncpg
import numpy as np
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Double,
    FromClause,
    Text,
    and_,
    any_,
    case,
    func,
    literal,
    or_,
    select,
)

from layers.cql.sql import condition
from layers.cql.types import Expression, Typed, day_start
from layers.declare.catalog import Catalog
from layers.declare.relation import Relation, SqlType, constant
from layers.features.features import Selection, compile_statement
from layers.heat.counted import Counted
from layers.heat.heat_filter import BUDGET_MS, LAYERS, HeatFilter, NeedsJob, read_filter
from layers.heat.narrowed import RowCounts
from layers.query.row_scope import visible
from spatial.actor import Actor
from spatial.common_units import common_units
from spatial.errors import BadParameter, NotFound, OutOfScope
from spatial.geo.crs import WGS84
from spatial.geo.zorder import keys_of
from spatial.schema.heat_tables import CUBE_LEVEL, heat_series

Box = tuple[float, float, float, float]
_TOO_LONG = "SET LOCAL statement_timeout = {}"


def resolve_filter(catalog: Catalog, actor: Actor, asked: Counted) -> tuple[HeatFilter, Relation]:
    """Return the filter of a question and the layer whose rows it is about.

    Raises
    ------
    OutOfScope
        The actor may not read that layer.
    BadParameter
        The filter names what the layer does not list, or cannot be used.
    """
    layer = LAYERS[asked.events]
    try:
        relation = catalog.get_relation(layer, actor)
    except NotFound as error:
        raise OutOfScope(
            f"A filter counts rows of {layer}, which you may not read",
            f"过滤条件涉及图层 {layer}，您无权读取",
            parameter="filter",
            mend_en="Leave filter out.", mend_zh="请去掉 filter。",
        ) from error  # fmt: skip
    return check_filter(relation, asked), relation


def check_filter(relation: Relation, asked: Counted) -> HeatFilter:
    """Return the filter of a question about the rows of a layer.

    Raises
    ------
    BadParameter
        It names what the layer does not list, or cannot be used.
    """
    try:
        found = read_filter(asked.filter or "", asked.events, asked.exposure)
        for node in found.conditions:
            condition(node, relation.names)
    except BadParameter as error:
        error.extra.setdefault("parameter", "filter")
        raise
    return found


async def find_series(
    conn: asyncpg.Connection, found: HeatFilter, asked: Counted
) -> frozenset[int]:
    """Return the ids of the series that a filter leaves, of events and of exposure."""
    table = heat_series.alias("s")
    names = {
        "violation": Typed(func.nullif(table.c.kind, constant("unknown")), "text"),
        "admin_code": Typed(table.c.admin_code, "text"),
    }
    looked = [condition(node, names) for node in found.shared]
    wanted: list[ColumnElement[bool]] = [
        and_(table.c.measure == constant("exposure"), *looked),
    ]
    if found.on_cube:
        events = [condition(node, names) for node in found.conditions]
        wanted.append(and_(table.c.measure == asked.events, *events))
    statement = compile_statement(select(table.c.id).where(or_(*wanted)))
    rows = await conn.fetch(statement.sql, *statement.arguments({}))
    return frozenset(row["id"] for row in rows)


async def count_rows(
    conn: asyncpg.Connection, relation: Relation, actor: Actor, found: HeatFilter, asked: Counted,
    *, budget_ms: int | None = BUDGET_MS, box: Box | None = None,
) -> RowCounts:  # fmt: skip
    """Return what the rows of a layer count, of those that a filter leaves.

    Parameters
    ----------
    conn
        A session of the actor, in a transaction.
    relation, actor, found, asked
        Whose rows, who sees them, which of them, when and what of them.
    budget_ms
        How long it may take; None for as long as any statement.
    box
        Within which degrees; None for everywhere.

    Raises
    ------
    NeedsJob
        It takes longer.
    """
    statement = compile_statement(_statement(relation, actor, found, asked, box))
    if budget_ms is not None:
        await conn.execute(_TOO_LONG.format(budget_ms))
    try:
        row = await conn.fetchrow(statement.sql, *statement.arguments({}))
    except asyncpg.QueryCanceledError as error:
        if budget_ms is None:
            raise
        raise NeedsJob(
            f"This filter takes longer than {budget_ms} ms to count from the rows",
            f"该过滤条件须逐条统计，超过 {budget_ms} 毫秒",
            parameter="filter", process="heat-surface",
            mend_en="Run the process heat-surface with the same inputs as a job (Prefer:"
            " respond-async), or filter by violation and admin_code alone.",
            mend_zh="请以任务方式（Prefer: respond-async）用相同参数运行 heat-surface，"
            "或仅按 violation、admin_code 过滤。",
        ) from error  # fmt: skip
    return await asyncio.to_thread(_counts, row, same=found.same_rows)


def _statement(
    relation: Relation, actor: Actor, found: HeatFilter, asked: Counted, box: Box | None
) -> Selection:
    """Return the selection of places, counties and numbers of the rows, each as one array."""
    column = relation.table.c
    point = case(
        (func.GeometryType(column.geom) == constant("POINT"), column.geom),
        else_=func.ST_PointOnSurface(column.geom),
    )
    hits, inspected = (_number(relation.table, name) for name in ("hits", "inspected"))
    where = [
        relation.base, visible(relation.table, actor), column.stage != constant("withdrawn"),
        column.geom.is_not(None), func.ST_IsEmpty(column.geom).is_(False),
        column.opened_at >= day_start(asked.since), column.opened_at < day_start(asked.until),
        *(condition(node, relation.names) for node in found.conditions),
        *_asked(relation.table, asked),
    ]  # fmt: skip
    if box is not None:
        where.append(column.geom.op("&&")(func.ST_MakeEnvelope(*box, WGS84)))
    told = [func.ST_X(point), func.ST_Y(point), column.admin_code]
    told += [hits, inspected] if asked.events == "hit" else []
    return select(*(func.array_agg(one) for one in told)).select_from(relation.table).where(*where)


def _number(table: FromClause, name: str) -> Expression:
    found = func.sigang.json_int(table.c.props.op("->")(constant(name)))
    return func.greatest(func.coalesce(found, 0), 0)


def _asked(table: FromClause, asked: Counted) -> list[ColumnElement[bool]]:
    """Return what a question asks beside its filter: units, kinds, hours of the week."""
    found: list[ColumnElement[bool]] = []
    column = table.c
    if asked.units is not None:
        found.append(column.unit_id == _any(asked.units, Text()))
    if asked.kinds is not None:
        kind = column.props.op("->>")(constant("violation"))
        said = func.coalesce(kind, constant("unknown"))
        found.append((said if asked.events == "case" else column.kind) == _any(asked.kinds, Text()))
    if asked.hours is not None:
        local = func.timezone(constant("Asia/Shanghai"), column.opened_at)
        day, hour = (func.date_part(constant(part), local) for part in ("isodow", "hour"))
        found.append((day - 1) * 24 + hour == _any(asked.hours, Double()))
    return found


def _any(values: Sequence[object], of: SqlType) -> Expression:
    return any_(literal(list(values), ARRAY(of)))


def _counts(row: asyncpg.Record, *, same: bool) -> RowCounts:
    lon, lat, codes, *more = (column or [] for column in row)
    keys = keys_of(np.array(lon, np.float64), np.array(lat, np.float64), CUBE_LEVEL)
    cells, at = np.unique(keys, return_inverse=True)
    sums = [_summed(at, column, len(cells)) for column in (more or [[1.0] * len(keys)])]
    exposure = sums[1] if same else None
    return RowCounts(cells, sums[0], exposure, tuple(common_units(codes, at, len(cells))))


def _summed(at: np.ndarray, column: Sequence[float], size: int) -> np.ndarray:
    return np.bincount(at, np.array(column, np.float64), size).astype(np.float64)

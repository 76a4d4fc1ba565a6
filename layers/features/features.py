"""Features: one query for every layer, compiled once per shape, text built by the database."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias
from typing import cast as cast_type
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import Integer, Numeric

from layers.cql.types import Expression
from layers.declare.relation import SQL_TYPES, Relation, constant
from layers.features.finite import finite_feature
from layers.features.keyset_scan import may_walk, plan_walk, walked
from layers.query.filter_thread import beside, is_long
from layers.query.filters import Query, conditions
from layers.query.row_scope import visible
from spatial.actor import Actor
from spatial.errors import BadParameter
from spatial.postgres.db import Database

MAX_LIMIT = 10_000
DEFAULT_LIMIT = 100
DIGITS = 6
"""Decimal places of a degree in GeoJSON: 0.1 m."""
EXACT_UP_TO = 10
"""A page of at most so many features carries the exact numberMatched: such a page asks for it."""
CACHED_STATEMENTS = 512

_DIALECT: Any = asyncpg_dialect.dialect
Selection: TypeAlias = Select[*tuple[Any, ...]]
"""A selection of whatever columns."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A compiled statement: text with $n, the name behind each n, constants of its own."""

    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, object]

    def arguments(self, values: Mapping[str, object]) -> list[object]:
        """Return the positional arguments for named values."""
        return [values[n] if n in values else self.constants[n] for n in self.names]


def compile_statement(statement: ClauseElement) -> Statement:
    """Return a statement as text for asyncpg."""
    compiled = cast_type(SQLCompiler, statement.compile(dialect=_DIALECT()))
    names = tuple(compiled.positiontup or ())
    return Statement(str(compiled), names, compiled.params)


async def compile_beside(query: Query, make: Callable[[], ClauseElement]) -> Statement:
    """Return a statement compiled; a long filter does not hold the event loop."""
    return await beside(query.filter, lambda: compile_statement(make()))


@dataclass(frozen=True, slots=True)
class Page:
    """One page of features as JSON texts."""

    features: list[str]
    next: str | None
    """Cursor of the next page."""
    matched: int | None
    """Exact number of all features that match, where it is known."""
    at_least: int
    """A lower bound of that number."""


@asynccontextmanager
async def reading(db: Database, actor: Actor) -> AsyncIterator[asyncpg.Connection]:
    """Yield a connection that sees the actor's rows: the public pool for anonymous callers."""
    if actor.anonymous:
        async with db.public.acquire() as conn:
            yield conn
    else:
        async with db.session(actor) as conn:
            yield conn


async def read_page(
    db: Database, relation: Relation, actor: Actor, query: Query, limit: int, cursor: str | None
) -> Page:
    """Return up to `limit` features after a cursor.

    Parameters
    ----------
    db, relation, actor, query
        Where, what, for whom, which.
    limit
        1 to `MAX_LIMIT`.
    cursor
        `next` of the page before, or None for the first.
    """
    keys = _sort_keys(relation, query)
    seen, after = _read_cursor(cursor, len(keys))
    nulls = tuple(value is None for value in after) if after else None
    statement = await _page_statement(relation, actor, query, nulls)
    values = query.bound | {"limit": limit + 1}
    values |= {f"after_{i}": value for i, value in enumerate(after or ())}
    async with reading(db, actor) as conn:
        rows = await _walk(conn, relation, actor, query, values, limit, nulls)
        if len(rows) <= limit:
            rows = await conn.fetch(statement.sql, *statement.arguments(values))
        more = len(rows) > limit
        rows = rows[:limit]
        total = seen + len(rows) if not more else None
        if total is None and limit <= EXACT_UP_TO and cursor is None:
            total = await _count(conn, relation, actor, query)
    last = _write_cursor(seen + len(rows), list(rows[-1])[1:]) if more else None
    texts = [finite_feature(row[0], relation) for row in rows]
    return Page(texts, last, total, seen + len(rows) + more)


async def _walk(
    conn: asyncpg.Connection, relation: Relation, actor: Actor, query: Query,
    values: dict[str, object], limit: int, nulls: tuple[bool, ...] | None,
) -> list[asyncpg.Record]:  # fmt: skip
    """Return a full page from a bounded walk; fewer rows mean that it was not the way to go."""
    if not may_walk(relation, query):
        return []
    bound = await plan_walk(conn, relation, query, limit + 1)
    if bound is None:
        return []
    statement = _walk_statement(relation, actor, query, nulls)
    return list(await conn.fetch(statement.sql, *statement.arguments(values | {"walk": bound})))


async def read_feature(
    db: Database, relation: Relation, actor: Actor, feature_id: str
) -> str | None:
    """Return one feature as JSON text, or None where the actor sees none."""
    value = parse_id(relation, feature_id)
    if value is None:
        return None
    statement = _feature_statement(relation, actor)
    values = statement.arguments({"feature_id": value})
    async with reading(db, actor) as conn:
        found: str | None = await conn.fetchval(statement.sql, *values)
    return None if found is None else finite_feature(found, relation)


async def count(db: Database, relation: Relation, actor: Actor, query: Query) -> int:
    """Return the exact number of features that match."""
    async with reading(db, actor) as conn:
        return await _count(conn, relation, actor, query)


async def _count(conn: asyncpg.Connection, relation: Relation, actor: Actor, query: Query) -> int:
    statement = await _count_statement(relation, actor, query)
    found: int = await conn.fetchval(statement.sql, *statement.arguments(query.bound))
    return found


def parse_id(relation: Relation, text: str) -> UUID | int | str | None:
    """Return a feature id as the source's type, or None where it cannot be one."""
    try:
        if relation.layer.source.id_type == "uuid":
            return UUID(text)
        if relation.layer.source.id_type == "int":
            return int(text) if abs(int(text)) < 2**63 else None
    except ValueError:
        return None
    return None if "\x00" in text else text


def _sort_keys(relation: Relation, query: Query) -> list[tuple[Expression, str, bool]]:
    """Return expression, type and direction of each part of the total order; the id ends it."""
    names = list(query.sortby)
    if not names and relation.layer.sort:
        names.append((relation.layer.sort, False))
    keys = [(relation.names[n].expression, relation.names[n].type, down) for n, down in names]
    return [*keys, (relation.id, relation.layer.source.id_type, False)]


def printed(relation: Relation) -> list[Expression]:
    """Return the listed columns as their JSON is made of.

    A number is never printed as a whole one, or programs that look at the first rows cut the
    others; what JSON has no number for is null.
    """
    numbers = {c.name for c in relation.layer.columns if c.type == "number"}
    return [
        (_with_fraction(c) if name in numbers else c).label(name)
        for name, c in relation.columns.items()
    ]


def exact(number: Expression) -> Expression:
    """Return a number as a numeric of the same shortest digits, null where JSON has none for it."""
    digits: Expression = cast(number, Text)
    for none in ("NaN", "Infinity", "-Infinity"):
        digits = func.nullif(digits, constant(none))
    return cast(digits, Numeric)


def _with_fraction(number: Expression) -> Expression:
    """Return a number exactly, with one digit at least after the point."""
    return exact(number) + literal_column("0.0", Numeric)


def feature_text(relation: Relation) -> tuple[ColumnElement[str], FromClause]:
    """Return the expression of a feature as GeoJSON text, and the lateral row it needs."""
    row = (
        select(*printed(relation), relation.table.c.origin.label("origin"))
        .correlate(relation.table)
        .lateral("p")
    )
    identity: Expression = cast(relation.id, Text)
    shape: Expression = constant("null")
    if relation.geom is not None:
        shape = func.coalesce(func.ST_AsGeoJSON(relation.geom, literal_column(str(DIGITS))), shape)
    joined = func.concat(
        constant('{"type":"Feature","id":'),
        func.to_json(identity),
        constant(',"geometry":'),
        shape,
        constant(',"properties":'),
        func.row_to_json(row.table_valued()),
        constant("}"),
    )
    return joined, row


def _page_rows(relation: Relation, keys: list[tuple[Expression, str, bool]]) -> Selection:
    """Return the selection of features with the values that a cursor is made of."""
    feature, row = feature_text(relation)
    return select(feature, *(cast(e, Text) for e, _, _ in keys)).select_from(
        relation.table.join(row, true())
    )


async def _page_statement(
    relation: Relation, actor: Actor, query: Query, nulls: tuple[bool, ...] | None
) -> Statement:
    def make() -> Selection:
        keys = _sort_keys(relation, query)
        order = [(e.desc() if down else e.asc()).nulls_last() for e, _, down in keys[:-1]]
        statement = (
            _page_rows(relation, keys)
            .where(conditions(relation, query), visible(relation.table, actor))
            .order_by(*order, relation.id)
            .limit(bindparam("limit", type_=Integer))
        )
        return statement if nulls is None else statement.where(_after(keys, nulls))

    return await _compiled(relation, query, ("page", query.shape, nulls, actor.digest), make)


def _walk_statement(
    relation: Relation, actor: Actor, query: Query, nulls: tuple[bool, ...] | None
) -> Statement:
    def make() -> Selection:
        keys = _sort_keys(relation, query)
        after = None if nulls is None else _after(keys, nulls)
        return walked(relation, actor, query, _page_rows(relation, keys), after)

    return _cached(relation, ("walk", query.shape, nulls, actor.digest), make)


def _feature_statement(relation: Relation, actor: Actor) -> Statement:
    def make() -> Selection:
        feature, row = feature_text(relation)
        wanted = bindparam("feature_id", type_=SQL_TYPES[relation.layer.source.id_type])
        return (
            select(feature)
            .select_from(relation.table.join(row, true()))
            .where(relation.base, visible(relation.table, actor), relation.id == wanted)
            .limit(literal_column("1"))  # no parameter, or it would be planned at each call
        )

    return _cached(relation, ("feature", actor.digest), make)


async def _count_statement(relation: Relation, actor: Actor, query: Query) -> Statement:
    def make() -> Selection:
        return (
            select(func.count())
            .select_from(relation.table)
            .where(conditions(relation, query), visible(relation.table, actor))
        )

    return await _compiled(relation, query, ("count", query.shape, actor.digest), make)


async def _compiled(
    relation: Relation, query: Query, key: Hashable, make: Callable[[], ClauseElement]
) -> Statement:
    """Return a compiled statement: a kept one, but for those of long filters, which are large."""
    if is_long(query.filter):
        return await compile_beside(query, make)
    return _cached(relation, key, make)


def _cached(relation: Relation, key: Hashable, make: Callable[[], ClauseElement]) -> Statement:
    """Return the compiled statement of a shape, made at most once; the oldest goes when full."""
    found = cast_type(Statement | None, relation.statements.get(key))
    if found is None:
        if len(relation.statements) >= CACHED_STATEMENTS:
            del relation.statements[next(iter(relation.statements))]
        found = relation.statements[key] = compile_statement(make())
    return found


def _after(
    keys: list[tuple[Expression, str, bool]], nulls: tuple[bool, ...]
) -> ColumnElement[bool]:
    """Return the condition of coming after the cursor in the total order, nulls last."""
    choices: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for i, (expression, type_, down) in enumerate(keys):
        value = cast(bindparam(f"after_{i}", type_=Text), SQL_TYPES[type_])
        if nulls[i]:
            equal.append(expression.is_(None))
            continue
        beyond = expression < value if down else expression > value
        if i < len(keys) - 1:
            beyond = or_(beyond, expression.is_(None))
        choices.append(and_(*equal, beyond))
        equal.append(expression == value)
    return or_(*choices)


def _write_cursor(seen: int, values: list[str | None]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([seen, *values])).decode().rstrip("=")


def _read_cursor(given: str | None, keys: int) -> tuple[int, list[str | None] | None]:
    if given is None:
        return 0, None
    try:
        seen, *values = orjson.loads(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)))
        good = len(values) == keys and values[-1] is not None and isinstance(seen, int)
        if not good or not all(
            v is None or (isinstance(v, str) and "\x00" not in v) for v in values
        ):
            raise ValueError
    except (ValueError, TypeError, binascii.Error):
        raise BadParameter(
            "The cursor is not one of this query",
            "游标不属于此查询",
            mend_en="Follow the next link of the page before.",
            mend_zh="请使用上一页的 next 链接。",
            parameter="cursor",
        ) from None
    return seen, values

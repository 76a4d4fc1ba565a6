"""The one statement of an indicator: both sides of its number by cell and period.

A cell is what the scope predicate looks at beside the unit, so that what is counted by cell can be
kept and told to each reader like the rows themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import asyncpg
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    and_,
    case,
    func,
    literal,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import array

from layers.cql.types import Expression
from layers.features.features import Statement, compile_statement, exact
from layers.indicators.periods import Period
from layers.indicators.population import Population, Side
from layers.query.row_scope import visible
from spatial.actor import Actor

KEYS = ("admin_code", "visibility", "unit_id", "parties", "origin")


@dataclass(frozen=True, slots=True)
class Cell:
    """Both sides of a number for one period, and whose rows they are of.

    Without an actor's scope the fields `visibility`, `unit_id` and `parties` say who sees them.
    """

    at: int
    """Number of the period."""
    admin_code: str | None
    origin: str
    by: tuple[str | None, ...]
    numerator: Decimal
    denominator: Decimal | None
    rows: int
    visibility: str = "public"
    unit_id: str | None = None
    parties: tuple[str, ...] = ()


def cell_statement(
    population: Population, periods: Sequence[Period], now: datetime, actor: Actor | None
) -> Statement:
    """Return the statement that counts cells over consecutive periods, oldest first.

    Parameters
    ----------
    population
        The indicator.
    periods, now
        When; what lasts is counted up to `now`.
    actor
        Whose rows; None counts all, by who may see them.
    """
    table = population.relation.table
    at, sign, source, timed = _times(population, periods, now)
    scope = () if actor is None else (visible(table, actor),)
    keys = [*_keys(population, owner=actor is None), *population.by]
    sides = [_side(population.numerator, sign)]
    if population.denominator is not None:
        sides.append(_side(population.denominator, sign))
    statement = (
        select(at, *keys, func.sum(sign), *sides)
        .select_from(source)
        .where(population.where, timed, *scope)
        .group_by(at, *keys)
        .order_by(literal_column("1"))
    )
    return compile_statement(statement)


def _keys(population: Population, *, owner: bool) -> list[Expression]:
    columns = population.relation.table.c
    if not owner:
        return [columns.admin_code, columns.origin]
    parties: Expression = literal_column("'{}'::text[]")
    if population.relation.layer.source.parties:
        parties = columns.parties
    return [columns.admin_code, columns.origin, columns.visibility, columns.unit_id, parties]


def _side(side: Side, sign: ColumnElement[int]) -> Expression:
    counted: Expression = sign if side.column is None else exact(side.column) * sign
    return func.coalesce(func.sum(counted).filter(side.where), literal_column("0"))


def _times(
    population: Population, periods: Sequence[Period], now: datetime
) -> tuple[Any, Any, Any, ColumnElement[bool]]:
    """Return the period's number, the sign with which a row counts, the source, the condition."""
    table, time = population.relation.table, population.indicator.time
    if time.flow is not None:
        column = population.relation.names[time.flow].expression
        moments = [p.start for p in periods] + [periods[-1].end]
        bounds, first, last = _bounds(population, time.flow, moments)
        number = func.width_bucket(column, bounds)
        return number, literal_column("1", Integer), table, and_(column >= first, column < last)
    lo, hi = _alive(population, periods, now)
    ends = func.unnest(array([lo, hi + literal_column("1")])).table_valued(
        "at", with_ordinality="nth"
    )
    ends = ends.render_derived()
    sign: Expression = case((ends.c.nth == literal_column("1"), literal_column("1")), else_=_MINUS)
    return ends.c.at, sign, table.join(ends, true()), lo <= hi


_MINUS: Expression = literal_column("-1")


def _alive(population: Population, periods: Sequence[Period], now: datetime) -> tuple[Any, Any]:
    """Return the numbers of the first and the last period at whose end a row is alive."""
    start, end = population.indicator.time.columns
    cutoffs = [period.cutoff(now) for period in periods]
    begun, ended = (population.relation.names[name].expression for name in (start, end))
    before, _, _ = _bounds(population, start, cutoffs)
    after, _, _ = _bounds(population, end, cutoffs)
    first = func.coalesce(func.width_bucket(begun, before), literal_column("0"))
    last = func.coalesce(func.width_bucket(ended, after), literal(len(cutoffs), Integer))
    return first + literal_column("1"), last


def _bounds(
    population: Population, column: str, moments: Sequence[datetime]
) -> tuple[Any, Any, Any]:
    """Return moments as a column has them: all as an array, the first, the last."""
    type_ = Date() if population.is_date(column) else DateTime(timezone=True)
    values = [population.instant(column, moment) for moment in moments]
    return (
        literal(values, ARRAY(type_)),
        literal(values[0], type_),
        literal(values[-1], type_),
    )


def read_cells(
    population: Population, rows: Iterable[asyncpg.Record], *, owner: bool
) -> list[Cell]:
    """Return the rows of a statement as cells; a stock's ends are not summed up yet."""
    found = []
    many, first = len(population.by), 6 if owner else 3
    for row in rows:
        by = tuple(row[first : first + many])
        rows_, numerator, *denominator = row[first + many :]
        scope = (row[3], row[4], tuple(row[5])) if owner else ()
        found.append(
            Cell(
                row[0], row[1], row[2], by, Decimal(numerator),
                Decimal(denominator[0]) if denominator else None, int(rows_), *scope,
            )
        )  # fmt: skip
    return found

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
    Text,
    and_,
    case,
    cast,
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


@dataclass(frozen=True, slots=True)
class Cell:
    """Both sides of a number for one period, of the rows of one unit and origin."""

    at: int
    """Number of the period, from 1."""
    admin_code: str | None
    origin: str
    by: tuple[str | None, ...]
    numerator: Decimal
    denominator: Decimal | None
    rows: int


def moments_of(population: Population, periods: Sequence[Period], now: datetime) -> list[datetime]:
    """Return what consecutive periods are counted by, in order.

    Of a flow the bounds, one more than periods; of a stock the time up to which each is counted.
    """
    if population.indicator.time.flow is not None:
        return [*(period.start for period in periods), periods[-1].end]
    return [period.cutoff(now) for period in periods]


def cell_statement(
    population: Population, moments: Sequence[datetime], actor: Actor | None
) -> Statement:
    """Return the statement that counts cells between or up to moments; see `moments_of`.

    Parameters
    ----------
    population
        The indicator.
    moments
        When, the oldest first.
    actor
        Whose rows; None counts all, by who may see them, and tells when a stock changes by itself.
    """
    table = population.relation.table
    at, sign, source, timed = _times(population, moments)
    if actor is None and population.indicator.time.stock is not None:
        sign, timed = case((timed, sign), else_=literal_column("0")), true()
    scope = () if actor is None else (visible(table, actor),)
    keys = [*_keys(population, owner=actor is None), *(cast(c, Text) for c in population.by)]
    sides = [_side(population.numerator, sign)]
    if population.denominator is not None:
        sides.append(_side(population.denominator, sign))
    if actor is None:
        sides += _next_changes(population, moments[-1])
    statement = (
        select(at, *keys, func.sum(sign), *sides)
        .select_from(source)
        .where(population.where, timed, *scope)
        .group_by(at, *keys)
        .order_by(literal_column("1"))
    )
    return compile_statement(statement)


def _next_changes(population: Population, moment: datetime) -> list[Expression]:
    """Return the first time after a moment at which a row of a stock begins, and ends, or null."""
    if population.indicator.time.stock is None:
        return []
    found: list[Expression] = []
    for name in population.indicator.time.columns:
        column = population.relation.names[name].expression
        _, _, after = _bounds(population, name, [moment])
        found.append(func.min(column).filter(column >= after, func.isfinite(column)))
    return found


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
    population: Population, moments: Sequence[datetime]
) -> tuple[Any, Any, Any, ColumnElement[bool]]:
    """Return the period's number, the sign with which a row counts, the source, the condition."""
    table, time = population.relation.table, population.indicator.time
    if time.flow is not None:
        column = population.relation.names[time.flow].expression
        bounds, first, last = _bounds(population, time.flow, moments)
        number = func.width_bucket(column, bounds)
        return number, literal_column("1", Integer), table, and_(column >= first, column < last)
    lo, hi = _alive(population, moments)
    ends = func.unnest(array([lo, hi + literal_column("1")])).table_valued(
        "at", with_ordinality="nth"
    )
    ends = ends.render_derived()
    sign: Expression = case((ends.c.nth == literal_column("1"), literal_column("1")), else_=_MINUS)
    return ends.c.at, sign, table.join(ends, true()), lo <= hi


_MINUS: Expression = literal_column("-1")


def _alive(population: Population, cutoffs: Sequence[datetime]) -> tuple[Any, Any]:
    """Return the numbers of the first and the last cutoff at which a row is alive."""
    start, end = population.indicator.time.columns
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


def read_cells(population: Population, rows: Iterable[asyncpg.Record]) -> list[Cell]:
    """Return what a statement counted for an actor; a stock's ends are not summed up yet."""
    found, many = [], len(population.by)
    for row in rows:
        by = tuple(row[3 : 3 + many])
        count, numerator, *below = row[3 + many :]
        denominator = Decimal(below[0]) if below else None
        found.append(Cell(row[0], row[1], row[2], by, Decimal(numerator), denominator, int(count)))
    return found

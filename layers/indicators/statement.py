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
    cast,
    func,
    literal,
    literal_column,
    select,
    true,
    tuple_,
)

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
    table, timed = population.relation.table, _times(population, moments)
    where, counted = [population.where], timed.condition
    if actor is not None:
        where.append(visible(table, actor))
    if actor is not None or population.indicator.time.flow is not None:
        where.append(timed.condition)  # rows of a stock that do not count yet tell when they will
        counted = true()
    keys = [*_keys(population, owner=actor is None), *(cast(c, Text) for c in population.by)]
    sides = [_side(population.numerator, counted)]
    if population.denominator is not None:
        sides.append(_side(population.denominator, counted))
    if actor is None:
        sides += _next_changes(population, moments[-1])
    groups = func.grouping_sets(*(tuple_(end, *keys) for end in timed.ends))
    statement = (
        select(timed.sign, timed.at, *keys, func.count().filter(counted), *sides)
        .select_from(table)
        .where(*where)
        .group_by(groups)
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


def _side(side: Side, counted: ColumnElement[bool]) -> Expression:
    rows = and_(counted, side.where)
    if side.column is None:
        return func.count().filter(rows)
    return func.coalesce(func.sum(exact(side.column)).filter(rows), literal_column("0"))


@dataclass(frozen=True, slots=True)
class _Times:
    """Where a row counts: at one moment in a flow; from its first on until its last in a stock.

    Parameters
    ----------
    sign, at
        1 where rows come and -1 where they go, and the number of the moment.
    ends
        By what rows are grouped beside their keys, each apart.
    condition
        Whether a row counts at all.
    """

    sign: Expression
    at: Expression
    ends: tuple[Expression, ...]
    condition: ColumnElement[bool]


def _times(population: Population, moments: Sequence[datetime]) -> _Times:
    time = population.indicator.time
    if time.flow is not None:
        column = population.relation.names[time.flow].expression
        bounds, first, last = _bounds(population, time.flow, moments)
        number = func.width_bucket(column, bounds)
        condition = and_(column >= first, column < last)
        return _Times(literal_column("1", Integer), number, (number,), condition)
    lo, hi = _alive(population, moments)
    sign = literal_column("1", Integer) - literal_column("2", Integer) * func.grouping(lo)
    at = func.coalesce(lo, hi + literal_column("1", Integer))
    return _Times(sign, at, (lo, hi), lo <= hi)


def _alive(population: Population, cutoffs: Sequence[datetime]) -> tuple[Expression, Expression]:
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
    for sign, at, code, origin, *rest in rows:
        count, numerator, *below = rest[many:]
        denominator = Decimal(below[0]) * sign if below else None
        by = tuple(rest[:many])
        cell = Cell(at, code, origin, by, Decimal(numerator) * sign, denominator, count * sign)
        found.append(cell)
    return found

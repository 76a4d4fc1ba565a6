"""What each row gives to the numbers of a period: one statement for all indicators of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Numeric, String, and_, case, cast, func, literal_column, null, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, array

from layers.cql.parse import parse
from layers.cql.sql import condition
from layers.cql.types import Expression
from layers.declare.relation import Relation
from layers.features.features import Statement, compile_statement, exact
from layers.indicators.periods import Period
from layers.indicators.population import Part, Population

COLUMNS = (
    "layer", "row_id", "admin_code", "unit_id", "visibility", "parties", "origin", "source_id",
    "numerators", "denominators",
)  # fmt: skip
"""The columns of a frozen row, in the order in which the statement gives them."""


def contribution_statement(
    populations: Sequence[Population], period: Period, cutoff: datetime
) -> Statement:
    """Return the statement of the rows of one layer that stand under a number of a period.

    Both sides are arrays in the order of the indicators; null where a row is not among the rows of
    a side, which are the rows that the number's links open.
    """
    relation = populations[0].relation
    sides = [
        [_side(one, part, period, cutoff) for one in populations]
        for part in ("numerator", "denominator")
    ]
    counted = or_(*(where for side in sides for where, _ in side))
    table = relation.table
    statement = (
        select(
            literal_column("'" + relation.layer.id + "'", String),
            cast(relation.id, String),
            table.c.admin_code, table.c.unit_id, table.c.visibility, _parties(relation),
            table.c.origin, table.c.source_id,
            *(array([value for _, value in side]) for side in sides),
        )
        .select_from(table)
        .where(relation.base, counted)
    )  # fmt: skip
    return compile_statement(statement)


def _parties(relation: Relation) -> Expression:
    if relation.layer.source.parties:
        found: Expression = relation.table.c.parties
        return found
    return literal_column("'{}'::text[]", ARRAY(String))


def _side(
    population: Population, part: Part, period: Period, cutoff: datetime
) -> tuple[Expression, Expression]:
    """Return which rows are on a side, and what each gives to it."""
    measure = population.measure(part)
    nothing = cast(null(), Numeric)
    if measure is None:
        return literal_column("false"), nothing
    relation = population.relation
    text = population.rows_filter(part, period, cutoff)
    rows = and_(condition(parse(text), relation.names))
    given: Expression = cast(literal_column("1"), Numeric)
    if measure.sum is not None:
        given = func.coalesce(exact(relation.columns[measure.sum]), literal_column("0"))
    return rows, case((rows, given), else_=nothing)

"""The one statement of a sheet of indicators: all their measures by cell and moment.

A cell is what the scope predicate looks at beside the unit, so that what is counted by cell can be
kept and told to each reader like the rows themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import asyncpg
from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Date,
    DateTime,
    FromClause,
    Integer,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
    true,
    union_all,
)

from layers.cql.types import Expression
from layers.features.features import Statement, compile_statement, exact
from layers.indicators.periods import Period
from layers.indicators.population import Population
from layers.indicators.sheet import Sheet, Told
from layers.query.row_scope import visible
from spatial.actor import Actor

OWNER = ("visibility", "unit_id", "parties", "sign")
"""What a cell has beside unit and origin that tells who sees it, and the sign of its rows."""
_ROWS = "r"
_ONE = literal_column("1", Integer)
_NOBODY = literal_column("'{}'::text[]", ARRAY(Text))


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
    The last of both is `now` while the period lasts.
    """
    if population.indicator.time.stock is None:
        return [*(period.start for period in periods), periods[-1].cutoff(now)]
    return [period.cutoff(now) for period in periods]


def bounds_of(population: Population, moments: Sequence[datetime]) -> dict[str, object]:
    """Return moments as the parameters of the statements: as each column of the time has them."""
    found: dict[str, object] = {}
    for name in population.indicator.time.columns:
        values: list[date] = [population.instant(name, moment) for moment in moments]
        found |= {f"all_{name}": values, f"first_{name}": values[0], f"last_{name}": values[-1]}
    return found


def cell_statement(
    sheet: Sheet, actor: Actor | None, *, images: bool = False, changing: bool = False
) -> Statement:
    """Return the statement that counts cells between or up to moments; see `bounds_of`.

    Its rows: 1 where rows come and -1 where they go, the number of the moment, unit, origin, codes,
    for no actor what `OWNER` names, then what is counted and what is summed up.

    Parameters
    ----------
    sheet
        The indicators.
    actor
        Whose rows; None counts all, by who may see them.
    images
        Whether to count logged images of rows, each with its sign; see `cell_store.with_images`.
    changing
        Whether to count only what begins or ends from the first moment to the last by itself.
    """
    rows = _Rows(sheet, owner=actor is None, images=images)
    where = [sheet.first.relation.base]
    if len(sheet.populations) == 1:
        where.append(sheet.first.where)
    if actor is not None:
        where.append(visible(sheet.first.relation.table, actor))
    if changing:
        where.append(or_(*(_between(sheet.first, n) for n in sheet.first.indicator.time.columns)))
    return compile_statement(rows.counted(where))


def next_statement(sheet: Sheet) -> Statement:
    """Return the statement of the first times after the last moment at which a row begins, ends."""
    population, found = sheet.first, []
    for name in population.indicator.time.columns:
        column, (_, _, after) = _column(population, name), _bounds(population, name)
        found.append(func.min(column).filter(column >= after, func.isfinite(column)))
    relation = population.relation
    return compile_statement(select(*found).select_from(relation.table).where(relation.base))


class _Rows:
    """The rows of a sheet's layer, and what of them is computed once for all of its measures."""

    def __init__(self, sheet: Sheet, *, owner: bool, images: bool) -> None:
        self._sheet, self._population = sheet, sheet.first
        self._keys = _keys(self._population, owner=owner, images=images)
        self._given: dict[int, tuple[str, Expression]] = {}

    def counted(self, where: list[ColumnElement[bool]]) -> Any:
        """Return the selection of cells of the rows that meet conditions."""
        told = [*self._sheet.counted, *self._sheet.summed]
        measures = [self._measure(one).label(f"m{at}") for at, one in enumerate(told)]
        if self._population.indicator.time.stock is None:
            at, within = _flow(self._population)
            rows = self._read([at.label("at")], [*where, within])
            keys = self._grouped(rows)
            select_ = select(_ONE, rows.c.at, *self._all(rows), *measures).select_from(rows)
            return select_.group_by(rows.c.at, *keys)
        lo, hi = _alive(self._population)
        rows = self._read([lo.label("lo"), hi.label("hi")], where)
        ends = [rows.c.lo, rows.c.hi]
        alive = select(*ends, *self._grouped(rows), *measures).select_from(rows)
        alive = alive.where(rows.c.lo <= rows.c.hi).group_by(*ends, *self._grouped(rows))
        return self._come_and_go(alive.cte("alive"))

    def _come_and_go(self, alive: CTE) -> Any:
        """Return cells with 1 where rows come, and with -1 after those at which they go."""
        counted, summed = len(self._sheet.counted), len(self._sheet.summed)
        measures = [func.sum(alive.c[f"m{at}"]) for at in range(counted + summed)]
        told = [*(cast(one, BigInteger) for one in measures[:counted]), *measures[counted:]]
        moments, _, _ = _bounds(self._population, self._population.indicator.time.columns[0])
        keys, every = self._grouped(alive), self._all(alive)
        lo, after = alive.c.lo, alive.c.hi + _ONE
        come = select(_ONE, lo, *every, *told).group_by(lo, *keys)
        go = select(literal_column("-1", Integer), after, *every, *told).group_by(after, *keys)
        return union_all(come, go.where(after <= func.cardinality(moments)))

    def _read(self, times: list[Any], where: list[ColumnElement[bool]]) -> FromClause:
        computed = [one.label(name) for name, one in self._given.values()]
        keys = [one.label(name) for name, one in self._keys.items() if name not in self._constant]
        # a fence, or what is computed would be once a measure; a bare 0 keeps workers out of it
        fence = literal_column("'0'", Integer)
        inner = select(*times, *keys, *computed).select_from(self._population.relation.table)
        return inner.where(*where).offset(fence).subquery(_ROWS)

    @property
    def _constant(self) -> set[str]:
        """The keys that are the same for all rows: they need no grouping."""
        return {name for name, one in self._keys.items() if one is _ONE or one is _NOBODY}

    def _grouped(self, rows: FromClause) -> list[Expression]:
        return [rows.c[name] for name in self._keys if name not in self._constant]

    def _all(self, rows: FromClause) -> list[Expression]:
        return [one if name in self._constant else rows.c[name] for name, one in self._keys.items()]

    def _measure(self, told: Told) -> Expression:
        single = len(self._sheet.populations) == 1
        conditions = [
            one for one in told.conditions if not (single and one is self._population.where)
        ]
        met = and_(true(), *(self._once(one) for one in conditions))
        if told.column is None:
            return func.count().filter(met) if conditions else func.count()
        total = func.sum(self._once(exact(told.column), told.column))
        return func.coalesce(total.filter(met) if conditions else total, literal_column("0"))

    def _once(self, computed: Expression, of: Expression | None = None) -> Expression:
        """Return what is computed of a row, or of a column, as a column of the rows read."""
        basis = computed if of is None else of
        name, _ = self._given.setdefault(id(basis), (f"x{len(self._given)}", computed))
        return literal_column(f"{_ROWS}.{name}", computed.type)


def _keys(population: Population, *, owner: bool, images: bool) -> dict[str, Expression]:
    columns = population.relation.table.c
    found: dict[str, Expression] = {"admin_code": columns.admin_code, "origin": columns.origin}
    found |= {f"by{number}": cast(one, Text) for number, one in enumerate(population.by)}
    if owner:
        parties = columns.parties if population.relation.layer.source.parties else _NOBODY
        sign = literal_column("t.sign", Integer) if images else _ONE
        found |= dict(zip(OWNER, (columns.visibility, columns.unit_id, parties, sign), strict=True))
    return found


def _flow(population: Population) -> tuple[Expression, ColumnElement[bool]]:
    """Return between which moments a row lies, and the condition that it does between any."""
    (name,) = population.indicator.time.columns
    bounds, _, _ = _bounds(population, name)
    return func.width_bucket(_column(population, name), bounds), _between(population, name)


def _alive(population: Population) -> tuple[Expression, Expression]:
    """Return the numbers of the first and the last moment at which a row is alive."""
    start, end = population.indicator.time.columns
    before, _, _ = _bounds(population, start)
    after, _, _ = _bounds(population, end)
    none, all_ = literal_column("0", Integer), func.cardinality(after)
    first = func.coalesce(func.width_bucket(_column(population, start), before), none)
    last = func.coalesce(func.width_bucket(_column(population, end), after), all_)
    return first + _ONE, last


def _between(population: Population, name: str) -> ColumnElement[bool]:
    column, (_, first, last) = _column(population, name), _bounds(population, name)
    return and_(column >= first, column < last)


def _column(population: Population, name: str) -> Expression:
    column: Expression = population.relation.names[name].expression
    return column


def _bounds(population: Population, name: str) -> tuple[Any, Any, Any]:
    """Return the parameters of moments as a column has them: all, the first, the last."""
    type_ = Date() if population.is_date(name) else DateTime(timezone=True)
    return (
        bindparam(f"all_{name}", type_=ARRAY(type_)),
        bindparam(f"first_{name}", type_=type_),
        bindparam(f"last_{name}", type_=type_),
    )


def read_cells(population: Population, rows: Iterable[asyncpg.Record]) -> list[Cell]:
    """Return what the statement of one indicator counted for an actor; a stock is not summed up."""
    found, many = [], len(population.by)
    sheet = Sheet((population,))
    slots = sheet.slots[population.indicator.id]
    for sign, at, code, origin, *rest in rows:
        by, told = tuple(rest[:many]), rest[many:]
        sides = told[: len(sheet.counted)], told[len(sheet.counted) :]
        count, numerator, *below = (
            sign * Decimal(sides[slot.summed][slot.at]) for slot in slots if slot is not None
        )
        denominator = below[0] if below else None
        found.append(Cell(at, code, origin, by, numerator, denominator, int(count)))
    return found

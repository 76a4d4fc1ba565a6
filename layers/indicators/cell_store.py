"""The stored cells of indicators: written by the keeper, read for each actor under its scope."""

# ruff: noqa: S608

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import orjson
import psycopg
from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb

from layers.features.features import Statement
from layers.indicators.periods import Kind, Period
from layers.indicators.population import Population
from layers.indicators.statement import Cell
from layers.query.row_scope import visible_sql
from spatial.actor import Actor

KEPT: Mapping[Kind, int] = {"week": 54, "month": 14}
"""Periods of each kind whose cells are stored, the one that lasts among them."""
LAG_S = 5.0
"""A change that waits longer than so for its cells has numbers counted from the rows."""
LOCK = 0x5369_6765  # "one keeps the cells at a time", an advisory lock's number
Conn = psycopg.Connection
Scope = tuple[str | None, str, str | None, tuple[str, ...]]
"""Unit, visibility, owner and desks of rows: who sees them."""
Key = tuple[str | None, str, str | None, tuple[str, ...], str, tuple[str | None, ...]]
"""The scope of rows, their origin, and their codes."""
Sides = tuple[list[Decimal], list[Decimal] | None, list[int]]

_MEMORY = "SET LOCAL work_mem = '128MB'"  # so that it need not sort all rows
_HEADS = """
SELECT indicator, period_kind, digest, first, last, as_of, valid_until
FROM sigang.indicator_series"""
_CHANGES = "SELECT seq, relation, kind FROM sigang.indicator_change ORDER BY seq"
_CLEAR = "DELETE FROM sigang.indicator_change WHERE seq = ANY(%s)"
_WATCHED = """
SELECT c.relname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
JOIN pg_class c ON c.oid = t.tgrelid WHERE p.proname = 'mark_cells'"""
_OLD = """
SELECT admin_code, visibility, unit_id, parties, origin, codes,
  numerators, denominators, counts
FROM sigang.indicator_cell WHERE indicator = %s AND period_kind = %s"""
_DROP = "DELETE FROM sigang.{} WHERE indicator = %s AND period_kind = ANY(%s)"
_FORGET = "DELETE FROM sigang.{} WHERE NOT indicator = ANY(%s)"
_COPY = """
COPY sigang.indicator_cell (indicator, period_kind, admin_code, visibility, unit_id, parties,
  origin, codes, numerators, denominators, counts) FROM STDIN"""
_HEAD = """
INSERT INTO sigang.indicator_series (indicator, period_kind, digest, first, last, as_of,
  computed_at, valid_until, rule_versions) VALUES (%s, %s, %s, %s, %s, %s, now(), %s, %s)"""
_TELL = """
INSERT INTO sigang.stream_log (kind, visibility, admin_code, unit_id, parties, payload)
VALUES ('indicators', %s, %s, %s, %s, %s)"""


@dataclass(frozen=True, slots=True)
class Head:
    """What is stored of an indicator for one kind of period.

    Parameters
    ----------
    digest
        Of the definition that was counted.
    first, last
        First days of the first and of the last period.
    as_of
        Up to when what lasts was counted.
    valid_until
        Until when that holds while no row changes; None for ever.
    """

    digest: str
    first: date
    last: date
    as_of: datetime
    valid_until: datetime | None

    def covers(self, digest: str, periods: Sequence[Period], now: datetime) -> bool:
        """Tell whether the numbers of periods are stored as they are now."""
        return (
            self.digest == digest
            and self.first <= periods[0].first
            and periods[-1].first <= self.last
            and (self.valid_until is None or now < self.valid_until)
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """The cells of each period, and up to when what lasts was counted."""

    cells: list[list[Cell]]
    as_of: datetime


def lock(conn: Conn) -> bool:
    """Take the keeper's lock until the connection ends; False where another has it."""
    row = conn.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
    conn.commit()
    return bool(row and row[0])


def read_changes(conn: Conn) -> list[tuple[int, str, str | None]]:
    """Return what was logged: number, relation and kind of the rows that changed."""
    return list(conn.execute(_CHANGES).fetchall())


def clear_changes(conn: Conn, numbers: Sequence[int]) -> None:
    """Forget what was logged and is done."""
    conn.execute(_CLEAR, [list(numbers)])


def read_heads(conn: Conn) -> dict[tuple[str, str], Head]:
    """Return what is stored, by indicator and kind of period."""
    return {(row[0], row[1]): Head(*row[2:]) for row in conn.execute(_HEADS).fetchall()}


def watched_tables(conn: Conn) -> frozenset[str]:
    """Return the tables whose changes are logged."""
    return frozenset(row[0] for row in conn.execute(_WATCHED).fetchall())


def forget_others(conn: Conn, indicators: Sequence[str]) -> None:
    """Drop what is stored of indicators that there are no more."""
    for table in ("indicator_cell", "indicator_series"):
        conn.execute(_FORGET.format(table), [list(indicators)])


def count_cells(conn: Conn, statement: Statement) -> list[tuple[Any, ...]]:
    """Return what a statement counts of all rows."""
    conn.execute(_MEMORY)
    with psycopg.RawCursor(conn, row_factory=tuple_row) as cursor:
        return cursor.execute(statement.sql, statement.arguments({})).fetchall()


def write_cells(
    conn: Conn, indicator: str, heads: Mapping[str, Head], cells: Mapping[str, Mapping[Key, Sides]],
    rules: Mapping[str, str],
) -> set[Scope]:  # fmt: skip
    """Exchange the cells of an indicator by kind of period; return whose rows changed."""
    changed: set[Scope] = set()
    for kind, found in cells.items():
        old = {
            (r[0], r[1], r[2], tuple(r[3]), r[4], tuple(r[5])): (r[6], r[7], r[8])
            for r in conn.execute(_OLD, [indicator, kind]).fetchall()
        }
        keys = old.keys() | found.keys()
        changed |= {key[:4] for key in keys if old.get(key) != found.get(key)}
    drop(conn, indicator, list(cells))
    with conn.cursor().copy(_COPY) as copy:
        for kind, found in cells.items():
            for key, sides in found.items():
                scope = (*key[:3], list(key[3]), key[4], list(key[5]))
                copy.write_row((indicator, kind, *scope, *sides))
    for kind, head in heads.items():
        ends = head.first, head.last, head.as_of, head.valid_until, Jsonb(dict(rules))
        conn.execute(_HEAD, [indicator, kind, head.digest, *ends])
    return changed


def drop(conn: Conn, indicator: str, kinds: Sequence[str]) -> None:
    """Drop what is stored of an indicator: its numbers are counted from the rows."""
    for table in ("indicator_cell", "indicator_series"):
        conn.execute(_DROP.format(table), [indicator, list(kinds)])


def tell(conn: Conn, changed: Mapping[str, Iterable[Scope]]) -> None:
    """Log for the stream which indicators changed, to each scope its own."""
    by_scope: dict[Scope, set[str]] = defaultdict(set)
    for indicator, scopes in changed.items():
        for admin_code, visibility, unit_id, parties in scopes:
            public = visibility == "public"
            scope = (
                (None, "public", None, ()) if public else (admin_code, visibility, unit_id, parties)
            )
            by_scope[scope].add(indicator)
    for (admin_code, visibility, unit_id, parties), ids in by_scope.items():
        payload = orjson.dumps({"indicators": sorted(ids)}).decode()
        conn.execute(_TELL, [visibility, admin_code, unit_id, list(parties), payload])


async def read_kept(
    conn: asyncpg.Connection,
    populations: Mapping[str, Population],
    actor: Actor,
    periods: Sequence[Period],
    now: datetime,
    *,
    split: bool,
) -> dict[str, Kept]:
    """Return what is stored of those indicators of which it holds now.

    Parameters
    ----------
    conn
        A connection that sees the actor's rows.
    populations, actor, periods, now
        What, for whom, when.
    split
        Whether the codes of `by` are asked for.
    """
    lag = await conn.fetchval("SELECT min(at) FROM sigang.indicator_change")
    if lag is not None and (now - lag).total_seconds() > LAG_S:
        return {}
    heads = await conn.fetch(
        f"{_HEADS} WHERE period_kind = $1 AND indicator = ANY($2)",
        periods[-1].kind, list(populations),
    )  # fmt: skip
    found: dict[str, Kept] = {}
    groups: dict[int, list[str]] = defaultdict(list)
    for indicator, _, *rest in heads:
        head = Head(*rest)
        if head.covers(populations[indicator].indicator.digest, periods, now):
            found[indicator] = Kept([[] for _ in periods], head.as_of)
            groups[_steps(head.first, periods[0])].append(indicator)
    for offset, indicators in groups.items():
        text, values = _cells(actor, periods, offset, split=split)
        rows = await conn.fetch(text, periods[-1].kind, indicators, *values)
        _sort_out(rows, populations, found)
    return found


def _steps(first: date, period: Period) -> int:
    """Return how many periods there are from one that begins on a day to another."""
    if period.kind == "month":
        return (period.first.year - first.year) * 12 + period.first.month - first.month
    return (period.first - first).days // (period.last - period.first).days


def _cells(
    actor: Actor, periods: Sequence[Period], offset: int, *, split: bool
) -> tuple[str, list[str]]:
    """Return the statement that adds up cells by unit and origin, with its values."""
    seen, values = visible_sql(actor, "c", 3, parties=True)
    codes = "c.codes" if split else "'{}'::text[]"
    sums = [
        f"sum(c.{name}[{offset + number}])"
        for number in range(1, len(periods) + 1)
        for name in ("counts", "numerators", "denominators")
    ]
    text = (
        f"SELECT c.indicator, c.admin_code, c.origin, {codes}, {', '.join(sums)}"
        " FROM sigang.indicator_cell c WHERE c.period_kind = $1 AND c.indicator = ANY($2)"
        f" AND {seen} GROUP BY 1, 2, 3, 4"
    )
    return text, values


def _sort_out(
    rows: Iterable[asyncpg.Record],
    populations: Mapping[str, Population],
    found: Mapping[str, Kept],
) -> None:
    for indicator, code, origin, codes, *sums in rows:
        has_below = populations[indicator].denominator is not None
        for number, cells in enumerate(found[indicator].cells):
            count, numerator, below = sums[3 * number : 3 * number + 3]
            if count:
                denominator = below if has_below else None
                cells.append(
                    Cell(number + 1, code, origin, tuple(codes), numerator, denominator, int(count))
                )

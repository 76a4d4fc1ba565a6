"""The stored cells of indicators: written by the keeper, one sheet at a time.

A sheet holds what its indicators count up to a snapshot of the database. What was logged and is
not in that snapshot is still to be added, so that nothing counts twice and nothing is left out,
whatever commits meanwhile.
"""

# ruff: noqa: S608

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, cast

import orjson
import psycopg
from psycopg.rows import tuple_row

from layers.features.features import Statement
from layers.indicators.periods import Kind, Period, period_at, series
from layers.indicators.population import Population
from layers.indicators.sheet import Sheet
from layers.indicators.statement import OWNER
from layers.indicators.tabulate import Cells, Key, Scope, Vector
from spatial.schema.columns import SCHEMA

KEPT: Mapping[Kind, int] = {"week": 54, "month": 14}
"""Periods of each kind whose cells are stored, the one that lasts among them."""
LOCK = 0x5369_6765  # "one keeps the cells at a time", an advisory lock's number
Conn = psycopg.Connection

_COUNTING = (
    "SET LOCAL work_mem = '128MB'",  # so that it need not sort all rows
    "SET LOCAL enable_sort = off",
    "SET LOCAL max_parallel_workers_per_gather = 1",  # all rows are counted by two processes
)
_HERE = """(SELECT system_identifier::text || '/' || (SELECT oid FROM pg_database
  WHERE datname = current_database()) FROM pg_control_system())"""
"""Where snapshots mean what they say: a restored database has others."""
HEADS = f"""
SELECT sheet, members, digests, as_of, next_change, valid_until FROM sigang.indicator_sheet
WHERE home = {_HERE}"""
_PENDING = """
SELECT s.sheet, c.relation, c.kind, c.image IS NULL, array_agg(c.seq)
FROM sigang.indicator_sheet s
JOIN sigang.indicator_change c ON NOT pg_visible_in_snapshot(c.xid, s.seen) GROUP BY 1, 2, 3, 4"""
_CLEAR = """
DELETE FROM sigang.indicator_change c WHERE NOT EXISTS (
  SELECT 1 FROM sigang.indicator_sheet s WHERE NOT pg_visible_in_snapshot(c.xid, s.seen))"""
_WATCHED = """
SELECT c.relname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
JOIN pg_class c ON c.oid = t.tgrelid WHERE p.proname = 'mark_cells'"""
_SCOPES = """
SELECT DISTINCT admin_code, visibility, unit_id, parties FROM sigang.indicator_cell
WHERE sheet = ANY(%s)"""
_OLD = """
SELECT ctid, period_kind, first, admin_code, visibility, unit_id, parties, origin, codes,
  counts, sums
FROM sigang.indicator_cell WHERE sheet = %s AND first = ANY(%s)
  AND (admin_code IS NULL OR admin_code = ANY(%s))"""
_GONE = "DELETE FROM sigang.indicator_cell WHERE ctid = ANY(%s::tid[])"
_COPY = """
COPY sigang.indicator_cell (sheet, period_kind, first, admin_code, visibility, unit_id, parties,
  origin, codes, counts, sums) FROM STDIN"""
_ELSEWHERE = f"SELECT sheet FROM sigang.indicator_sheet WHERE home <> {_HERE}"
_HEAD = f"""
INSERT INTO sigang.indicator_sheet (sheet, members, digests, as_of, next_change, valid_until, home,
  seen) VALUES (%s, %s, %s, %s, %s, %s, {_HERE}, pg_current_snapshot())"""
_SEEN = "UPDATE sigang.indicator_sheet SET seen = pg_current_snapshot() WHERE sheet = ANY(%s)"
_AS_OF = """
UPDATE sigang.indicator_sheet SET as_of = %s, next_change = %s, valid_until = %s
WHERE sheet = %s"""
_TELL = """
INSERT INTO sigang.stream_log (kind, visibility, admin_code, unit_id, parties, payload)
VALUES ('indicators', %s, %s, %s, %s, %s)"""


@dataclass(frozen=True, slots=True)
class Head:
    """What is stored of a sheet.

    Parameters
    ----------
    sheet
        Its key.
    members
        Digest of the definition of each indicator that was counted, by id.
    as_of
        Up to when what lasts was counted.
    next_change
        When a row comes, begins or ends by itself next; None for never.
    valid_until
        Until when numbers are told as they are while no row changes; None for ever.
    """

    sheet: str
    members: Mapping[str, str]
    as_of: datetime
    next_change: datetime | None
    valid_until: datetime | None

    def covers(self, periods: Sequence[Period], now: datetime) -> bool:
        """Tell whether the numbers of consecutive periods are stored as they are now."""
        if self.valid_until is not None and now >= self.valid_until:
            return False
        kept = kept_periods(self.as_of)[periods[-1].kind]
        return kept[0].first <= periods[0].first and periods[-1].first <= kept[-1].first


class Pending(NamedTuple):
    """What was logged of one kind of rows and is not in a sheet yet.

    `unknown` where it was too much to be logged row by row.
    """

    relation: str
    kind: str | None
    unknown: bool
    numbers: list[int]


def kept_periods(now: datetime) -> dict[Kind, list[Period]]:
    """Return the periods whose cells are stored."""
    return {kind: series(period_at(kind, now), count) for kind, count in KEPT.items()}


def read_head(row: Sequence[Any]) -> Head:
    """Return a row of `HEADS`."""
    sheet, members, digests, *times = row
    return Head(sheet, dict(zip(members, digests, strict=True)), *times)


def stored_sheet(head: Head, populations: Mapping[str, Population]) -> Sheet | None:
    """Return a stored sheet as it is declared; None where that is another one now."""
    found = tuple(populations[key] for key in head.members if key in populations)
    if len(found) < len(head.members):
        return None
    kept, key = found[0].relation.statements, ("sheet", head.sheet)
    if key not in kept:
        kept[key] = Sheet(found)
    sheet = cast("Sheet", kept[key])
    return sheet if sheet.members == head.members else None


def lock(conn: Conn) -> bool:
    """Take the keeper's lock until the connection ends; False where another has it."""
    row = conn.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
    conn.commit()
    return bool(row and row[0])


@contextmanager
def snapshot(conn: Conn) -> Iterator[None]:
    """Run statements on one snapshot of the database and commit what they write."""
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def read_pending(conn: Conn) -> dict[str, list[Pending]]:
    """Return what was logged and is not in the sheets yet, by sheet."""
    found: dict[str, list[Pending]] = defaultdict(list)
    for sheet, *rest in conn.execute(_PENDING).fetchall():
        found[sheet].append(Pending(*rest))
    return found


def clear_changes(conn: Conn) -> None:
    """Forget what was logged and is in all sheets."""
    conn.execute(_CLEAR)


def read_heads(conn: Conn) -> list[Head]:
    """Return what is stored; what was stored in another database is dropped."""
    drop(conn, [row[0] for row in conn.execute(_ELSEWHERE).fetchall()])
    return [read_head(row) for row in conn.execute(HEADS).fetchall()]


def watched_tables(conn: Conn) -> frozenset[str]:
    """Return the tables whose changes are logged."""
    return frozenset(row[0] for row in conn.execute(_WATCHED).fetchall())


def count(conn: Conn, sql: str, arguments: Sequence[object]) -> list[tuple[Any, ...]]:
    """Return what a statement counts of all rows."""
    for setting in _COUNTING:
        conn.execute(setting)
    with psycopg.RawCursor(conn, row_factory=tuple_row) as cursor:
        return cursor.execute(sql, arguments).fetchall()


def with_images(sheet: Sheet, statement: Statement) -> str:
    """Return a statement about the rows of a table as one about those that were logged.

    Its last parameter is that of the numbers in the log; a shape is null there.
    """
    table = sheet.first.relation.layer.source.table
    read = f"jsonb_populate_record(NULL::{SCHEMA}.{table}, c.image)"
    after = len(statement.names) + 1
    logged = (
        f"WITH {table} AS MATERIALIZED (SELECT i.*, c.sign FROM {SCHEMA}.indicator_change c,"
        f" {read} i WHERE c.seq = ANY(${after}))"
    )
    text = statement.sql.replace(f"FROM {SCHEMA}.{table} AS", f"FROM {table} AS")
    return f"{logged}, {text[5:]}" if text.startswith("WITH ") else f"{logged} {text}"


def by_key(sheet: Sheet, sql: str) -> str:
    """Return the statement that gathers the rows of `cell_statement` for no actor by key.

    Its rows: unit, origin, codes, what `OWNER` names but the sign, then lists: of the numbers of
    moments, of the signs, and of each measure.
    """
    keys = [f"k{at}" for at in range(2 + len(sheet.first.by) + len(OWNER) - 1)]
    measures = [f"m{at}" for at in range(len(sheet.counted) + len(sheet.summed))]
    names = ", ".join(("comes", "at", *keys, "sign", *measures))
    lists = [f"array_agg({one})" for one in ("at", "comes * sign", *measures)]
    grouped = ", ".join(keys)
    return f"SELECT {', '.join((grouped, *lists))} FROM ({sql}) c ({names}) GROUP BY {grouped}"


def scopes_of(conn: Conn, sheets: Sequence[str]) -> set[Scope]:
    """Return who sees cells of sheets."""
    rows = conn.execute(_SCOPES, [list(sheets)]).fetchall()
    return {Scope(row[0], row[1], row[2], tuple(row[3])) for row in rows}


def drop(conn: Conn, sheets: Sequence[str]) -> None:
    """Drop sheets: their numbers are counted from the rows."""
    for table in ("indicator_cell", "indicator_sheet"):
        conn.execute(f"DELETE FROM sigang.{table} WHERE sheet = ANY(%s)", [list(sheets)])


def write_sheet(conn: Conn, head: Head, cells: Cells) -> None:
    """Store a sheet as it was counted on this snapshot."""
    members, digests = list(head.members), list(head.members.values())
    times = head.as_of, head.next_change, head.valid_until
    conn.execute(_HEAD, [head.sheet, members, digests, *times])
    _copy(conn, head.sheet, cells)


def add_cells(conn: Conn, sheet: str, cells: Cells) -> None:
    """Add to the stored cells of a sheet."""
    if not cells:
        return
    firsts = list({first for (_, first), _ in cells})
    codes = list({key.scope.admin_code for _, key in cells} - {None})
    gone, made = [], dict(cells)
    for row in conn.execute(_OLD, [sheet, firsts, codes]).fetchall():
        scope = Scope(row[3], row[4], row[5], tuple(row[6]))
        at = (row[1], row[2]), Key(scope, row[7], tuple(row[8]))
        if at in made:
            gone.append(row[0])
            made[at] = made[at].plus(Vector(row[9], row[10]))
    conn.execute(_GONE, [gone])
    _copy(conn, sheet, {at: vector for at, vector in made.items() if not vector.empty})


def _copy(conn: Conn, sheet: str, cells: Cells) -> None:
    owners: dict[Key, tuple[str | None, ...]] = {}
    with conn.cursor().copy(_COPY) as copy:
        for ((kind, first), key), (counts, sums) in cells.items():
            if key not in owners:
                owners[key] = _owner(key)
            copy.write_row((sheet, kind, first, *owners[key], _numbers(counts), _numbers(sums)))


def _owner(key: Key) -> tuple[str | None, ...]:
    """Return who sees a cell, origin and codes, as text: lists are slow to write one by one."""
    scope = key.scope
    seen = scope.admin_code, scope.visibility, scope.unit_id, _texts(scope.parties)
    return *seen, key.origin, _texts(key.codes)


def _texts(values: Iterable[str | None]) -> str:
    """Return an array of texts as PostgreSQL writes it."""
    quoted = (
        "NULL" if one is None else '"' + one.replace("\\", r"\\").replace('"', r"\"") + '"'
        for one in values
    )
    return "{" + ",".join(quoted) + "}"


def _numbers(values: Iterable[int | Decimal]) -> str:
    """Return an array of numbers as PostgreSQL writes it."""
    return "{" + ",".join(map(str, values)) + "}"


def mark_seen(conn: Conn, sheets: Sequence[str]) -> None:
    """Remember that sheets hold all that this snapshot has."""
    conn.execute(_SEEN, [list(sheets)])


def mark_time(conn: Conn, head: Head) -> None:
    """Remember up to when a sheet was counted, and until when that holds."""
    conn.execute(_AS_OF, [head.as_of, head.next_change, head.valid_until, head.sheet])


def tell(conn: Conn, changed: Mapping[str, Iterable[Scope]]) -> None:
    """Log for the stream which indicators changed, to each scope its own."""
    by_scope: dict[Scope, set[str]] = defaultdict(set)
    for indicator, scopes in changed.items():
        for scope in scopes:
            public = scope.visibility == "public"
            by_scope[Scope(None, "public", None, ()) if public else scope].add(indicator)
    for (admin_code, visibility, unit_id, parties), ids in by_scope.items():
        payload = orjson.dumps({"indicators": sorted(ids)}).decode()
        conn.execute(_TELL, [visibility, admin_code, unit_id, list(parties), payload])

"""Frozen rows: written once, added up by who may see them, opened by a reader within its scope."""

# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import asyncpg
import psycopg
from psycopg.rows import TupleRow, tuple_row

from layers.features.features import Statement
from layers.indicators.numbers import Numbers
from layers.indicators.periods import Period
from layers.indicators.population import Part, Population
from layers.indicators.rollup import Tallies
from layers.indicators.statement import Cell
from layers.indicators.units import Unit
from layers.indicators.values import reader_of, told
from layers.query.row_scope import visible_sql
from layers.reports import store
from layers.reports.contributions import COLUMNS
from layers.reports.definitions import Definitions
from spatial.actor import Actor

Conn = psycopg.Connection
MEMORY = "SET LOCAL work_mem = '128MB'"
WRITE = """
INSERT INTO sigang.report_row (version_id, {columns})
SELECT '{version}'::uuid, {columns} FROM ({rows}) r ({columns})
WHERE num_nonnulls(VARIADIC numerators || denominators) > 0"""
SCOPE = "admin_code, visibility, unit_id, parties, origin"
DIGEST = """
SELECT count(*), encode(sha256(coalesce(string_agg(sha256(convert_to(
  (r.layer, r.row_id, r.admin_code, r.unit_id, r.visibility, r.parties, r.origin, r.source_id,
   r.numerators, r.denominators)::text, 'UTF8')), ''::bytea ORDER BY layer, row_id), '')), 'hex')
FROM sigang.report_row r WHERE version_id = {version}"""
"""Number of the rows of a version, and the SHA-256 of the SHA-256 of each in their order."""


@dataclass(frozen=True, slots=True)
class Group:
    """Both sides of one indicator, of the rows that the same readers see.

    Parameters
    ----------
    admin_code, visibility, unit_id, parties
        Who sees them.
    origin
        Of the rows.
    numerator, denominator
        Exact sums.
    rows
        How many.
    """

    admin_code: str | None
    visibility: str
    unit_id: str | None
    parties: tuple[str, ...]
    origin: str
    numerator: Decimal
    denominator: Decimal
    rows: int

    def seen_by(self, actor: Actor) -> bool:
        """Tell whether an actor sees the rows."""
        return actor.sees(self.admin_code, self.visibility, self.unit_id, self.parties)


Groups = Mapping[str, Sequence[Group]]
"""The groups of each indicator."""


def run(conn: Conn, statement: Statement) -> list[TupleRow]:
    """Return what a statement composed for asyncpg finds."""
    with psycopg.RawCursor(conn, row_factory=tuple_row) as cursor:
        return cursor.execute(statement.sql, statement.arguments({})).fetchall()


def write_rows(conn: Conn, version: UUID, statement: Statement) -> None:
    """Freeze the rows of a layer."""
    columns = ", ".join(COLUMNS)
    text = WRITE.format(columns=columns, version=version, rows=statement.sql)
    with psycopg.RawCursor(conn) as cursor:
        cursor.execute(text, statement.arguments({}))


def digest_rows(conn: Conn, version: UUID) -> tuple[int, str]:
    """Return the number of a version's rows and their digest."""
    found = conn.execute(DIGEST.format(version="%s"), [version]).fetchone()
    assert found is not None  # noqa: S101
    return found[0], found[1]


def read_groups(conn: Conn, version: UUID, definitions: Definitions) -> Groups:
    """Add up all frozen rows of a version."""
    found: dict[str, list[Group]] = {}
    for layer in definitions.layers:
        leaves = definitions.leaves_of(layer)
        text = _sums(len(leaves), "true")
        with psycopg.RawCursor(conn, row_factory=tuple_row) as cursor:
            rows = cursor.execute(text, [version, layer]).fetchall()
        found |= _grouped(leaves, rows)
    return found


async def read_seen(
    conn: asyncpg.Connection, version: UUID, definitions: Definitions, layers: Iterable[str],
    reader: Actor,
) -> Groups:  # fmt: skip
    """Add up the frozen rows that a reader sees, on a connection that sees no others."""
    found: dict[str, list[Group]] = {}
    seen, values = visible_sql(reader, "r", 3, parties=True)
    for layer in layers:
        leaves = definitions.leaves_of(layer)
        rows = await conn.fetch(_sums(len(leaves), seen), version, layer, *values)
        found |= _grouped(leaves, rows)
    return found


def _sums(count: int, seen: str) -> str:
    sums = [
        f"sum(numerators[{n}]), sum(denominators[{n}]), count(coalesce(numerators[{n}],"
        f" denominators[{n}]))"
        for n in range(1, count + 1)
    ]
    return (
        f"SELECT {SCOPE}, {', '.join(sums)} FROM sigang.report_row r"
        f" WHERE version_id = $1 AND layer = $2 AND {seen} GROUP BY {SCOPE}"
    )


def _grouped(leaves: Sequence[str], rows: Iterable[TupleRow]) -> dict[str, list[Group]]:
    found: dict[str, list[Group]] = {leaf: [] for leaf in leaves}
    for code, visibility, unit, parties, origin, *sums in rows:
        for number, leaf in enumerate(leaves):
            above, below, count = sums[3 * number : 3 * number + 3]
            if count:
                sides = Decimal(above or 0), Decimal(below or 0)
                group = Group(code, visibility, unit, tuple(parties), origin, *sides, count)
                found[leaf].append(group)
    return found


def read_corrected(
    conn: Conn, report: str, period: Period, version: int, actor: Actor
) -> Numbers | None:
    """Return the numbers that an actor was told in the version before one; None without one."""
    found: Numbers | None = None
    for row in store.list_earlier(conn, report, period.id, version):
        definitions = Definitions.load(row["definitions"])
        groups = read_groups(conn, row["id"], definitions)
        found = numbers_of(definitions, groups, actor, period, period.end, found)
    return found


def numbers_of(
    definitions: Definitions, groups: Groups, actor: Actor, period: Period, cutoff: datetime,
    before: Numbers | None = None,
) -> Numbers:  # fmt: skip
    """Return the numbers that frozen rows give to an actor, by the frozen definitions.

    `before` are those of the version that is corrected, as the actor is told them.
    """
    tallies: dict[str, Sequence[Tallies]] = {}
    home = definitions.units.home.prefix if definitions.units.home else None
    for leaf, found in groups.items():
        population = definitions.indicators.populations[leaf]
        reader = reader_of(population, actor)
        cells = [_cell(population, one) for one in found if one.seen_by(reader)]
        found_here = [Tallies(population, cells, home)]
        earlier = before.tallies[leaf][0] if before and leaf in before.tallies else None
        tallies[leaf] = told(population, actor, found_here, definitions.units, earlier)
    return Numbers(
        definitions.indicators, definitions.units, [period], cutoff,
        lambda _: definitions.rules, tallies, {},
    )  # fmt: skip


def _cell(population: Population, group: Group) -> Cell:
    below = group.denominator if population.denominator is not None else None
    return Cell(1, group.admin_code, group.origin, (), group.numerator, below, group.rows)


@dataclass(frozen=True, slots=True)
class OpenedRows:
    """Which frozen rows to open: those of one side of a number in a unit, after a row."""

    indicator: str
    part: Part
    unit: Unit
    limit: int
    after: str | None = None


async def open_rows(
    conn: asyncpg.Connection,
    version: UUID,
    definitions: Definitions,
    actor: Actor,
    opened: OpenedRows,
) -> list[asyncpg.Record]:
    """Return a page of frozen rows by id, as far as a reader sees them."""
    layer = definitions.indicators.populations[opened.indicator].relation.layer.id
    at = definitions.leaves_of(layer).index(opened.indicator) + 1
    seen, values = visible_sql(actor, "r", 6, parties=True)
    home = definitions.units.home
    rest = " OR admin_code IS NULL" if opened.unit == home else ""
    text = (
        f"SELECT row_id, admin_code, visibility, origin, source_id,"
        f" numerators[{at}] AS numerator, denominators[{at}] AS denominator"
        f" FROM sigang.report_row r WHERE version_id = $1 AND layer = $2"
        f" AND {opened.part}s[{at}] IS NOT NULL AND (admin_code LIKE $3{rest})"
        f" AND ($4::text IS NULL OR row_id > $4) AND {seen} ORDER BY row_id LIMIT $5"
    )
    place = f"{opened.unit.prefix}%"
    return list(await conn.fetch(text, version, layer, place, opened.after, opened.limit, *values))

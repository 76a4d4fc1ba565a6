"""Reading stored cells for an actor: those of all indicators asked for by one statement."""

# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from layers.indicators.cell_store import HEADS, Head, read_head, stored_sheet
from layers.indicators.periods import Period
from layers.indicators.population import Population
from layers.indicators.rollup import KeptTallies, Places, Rolled, Tallies
from layers.indicators.sheet import Slot, Slots
from layers.query.row_scope import visible_sql
from spatial.actor import Actor

LAG_S = 60.0
"""A change that waits longer than so for its cells has numbers counted from the rows.

Counting many rows for each reader would hold up the cells further: `as_of` tells of a shorter lag.
"""
_LAG = "SELECT min(at) FROM sigang.indicator_change"


@dataclass(frozen=True, slots=True)
class Kept:
    """The numbers of an indicator in each period, and up to when what lasts was counted."""

    tallies: Sequence[Tallies]
    as_of: datetime


@dataclass(frozen=True, slots=True)
class _Read:
    """What is read of one stored sheet: which of its indicators, and their slots."""

    head: Head
    keys: list[str]
    slots: Mapping[str, Slots]
    read: list[Slot]

    def places(self, key: str) -> Places:
        """Return where the measures of an indicator stand among those that are read."""
        rows, numerator, denominator = self.slots[key]
        below = None if denominator is None else self.read.index(denominator)
        return Places(self.read.index(rows), self.read.index(numerator), below)


async def read_kept(
    conn: asyncpg.Connection, populations: Mapping[str, Population], keys: Sequence[str],
    actor: Actor, periods: Sequence[Period], now: datetime, home: str | None, *, split: bool,
) -> dict[str, Kept]:  # fmt: skip
    """Return what is stored of those indicators of which it holds now.

    Parameters
    ----------
    conn
        A connection that sees the actor's rows.
    populations, keys, actor, periods, now
        All indicators as they are declared; of which, for whom, when.
    home
        Prefix to which rows without a unit count beside their own line; None for none.
    split
        Whether the codes of `by` are asked for.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        return await _read_at_once(conn, populations, keys, actor, periods, now, home, split=split)


async def _read_at_once(
    conn: asyncpg.Connection, populations: Mapping[str, Population], keys: Sequence[str],
    actor: Actor, periods: Sequence[Period], now: datetime, home: str | None, *, split: bool,
) -> dict[str, Kept]:  # fmt: skip
    """Return what is stored, of a transaction that sees heads and cells of one moment."""
    lag = await conn.fetchval(_LAG)
    if lag is not None and (now - lag).total_seconds() > LAG_S:
        return {}
    stored = [read_head(row) for row in await conn.fetch(HEADS)]
    heads = [head for head in stored if head.covers(periods, now)]
    reads = [read for head in heads if (read := _wanted(head, populations, keys))]
    if not reads:
        return {}
    text, values = _statement(reads, actor, periods, split=split)
    at = {period.first: number for number, period in enumerate(periods)}
    rolled = [[Rolled(home) for _ in periods] for _ in reads]
    for number, first, code, origin, codes, counts, sums in await conn.fetch(text, *values):
        rolled[number][at[first]].add(code, origin, tuple(codes), [*counts, *sums])
    return {
        key: Kept(
            [KeptTallies(populations[key], one, read.places(key)) for one in some],
            _as_of(read.head, lag or now, now),
        )
        for read, some in zip(reads, rolled, strict=True)
        for key in read.keys
    }


def _as_of(head: Head, counted: datetime, now: datetime) -> datetime:
    """Return up to when the numbers of a sheet hold, in whole minutes so that answers last.

    Nothing changed since they were counted but what is logged and what time changes by itself.
    """
    until = min(counted, head.next_change or now)
    return max(head.as_of, until.replace(second=0, microsecond=0))


def _wanted(head: Head, populations: Mapping[str, Population], keys: Sequence[str]) -> _Read | None:
    """Return what is read of a sheet; None where nothing is, or where it was declared otherwise."""
    wanted = [key for key in keys if key in head.members]
    sheet = stored_sheet(head, populations) if wanted else None
    if sheet is None:
        return None
    slots = {slot for key in wanted for slot in sheet.slots[key] if slot is not None}
    return _Read(head, wanted, sheet.slots, sorted(slots))


def _statement(
    reads: Sequence[_Read], actor: Actor, periods: Sequence[Period], *, split: bool
) -> tuple[str, list[object]]:
    """Return the statement that adds up cells by unit, origin and codes, with its values.

    Its rows: number of the sheet, first day of the period, unit, origin, codes, what is counted
    and what is summed up.
    """
    values: list[object] = [periods[-1].kind, [period.first for period in periods]]
    seen, scope = visible_sql(actor, "c", len(values) + 1, parties=True)
    values += scope
    codes = "c.codes" if split else "'{}'::text[]"
    texts = []
    for number, read in enumerate(reads):
        values.append(read.head.sheet)
        counts, sums = _sums(read.read, summed=False), _sums(read.read, summed=True)
        texts.append(
            f"SELECT {number}, c.first, c.admin_code, c.origin, {codes}, {counts}, {sums}"
            f" FROM sigang.indicator_cell c WHERE c.sheet = ${len(values)} AND c.period_kind = $1"
            f" AND c.first = ANY ($2) AND {seen} GROUP BY 2, 3, 4, 5"
        )
    return " UNION ALL ".join(texts), values


def _sums(slots: Sequence[Slot], *, summed: bool) -> str:
    column, type_ = ("sums", "numeric") if summed else ("counts", "bigint")
    found = [f"sum(c.{column}[{slot.at + 1}])::{type_}" for slot in slots if slot.summed == summed]
    return f"ARRAY[{', '.join(found)}]::{type_}[]"

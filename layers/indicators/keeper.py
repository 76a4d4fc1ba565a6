"""Keeping the cells of indicators fresh in the background of a serving process.

What rows change is logged by the triggers that mark tiles; one process at a time counts the
indicators that stand on them anew, each by one statement, exchanges its cells in one transaction,
and tells the stream whose numbers changed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any

import psycopg

from layers.cql.types import day_start
from layers.declare.catalog import Catalog
from layers.indicators import cell_store as store
from layers.indicators.catalog import read_indicators
from layers.indicators.cell_store import KEPT, Conn, Head, Key, Sides
from layers.indicators.periods import Period, period_at, series
from layers.indicators.population import Population
from layers.indicators.statement import cell_statement, moments_of
from layers.tiles.refresh import Notices
from spatial.postgres.db import connect
from spatial.postgres.notices import tell
from spatial.rules import Rules

log = logging.getLogger("sigang")
SETTLE_S = 1.0
CHECK_S = 10.0
"""Every so often it is looked whether a period ended, or a row began or ended by itself."""
AGAIN_S = 10.0
REST_S, REST_TIMES = 60.0, 60
"""What changes by time alone is counted anew after so many seconds at the earliest, and after so
many times what counting takes; numbers say up to when they were counted."""
BROKEN = (psycopg.DataError, psycopg.ProgrammingError, psycopg.InternalError)
"""Errors of one indicator's layer and its rows."""


class CellKeeper:
    """The background work on cells of one serving process."""

    def __init__(
        self, url: str, catalog: Catalog, bus: Notices, rules_at: Callable[[datetime], Rules]
    ) -> None:
        self._url, self._catalog, self._rules_at = url, catalog, rules_at
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        for kind in ("dirty", "catalog", "reconnected"):
            bus.subscribe(kind, lambda _: self._wake.set())

    async def start(self) -> None:
        """Keep cells from now on."""
        self._task = asyncio.create_task(self._forever())

    async def stop(self) -> None:
        """Keep them no longer."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _forever(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), CHECK_S)
            self._wake.clear()
            await asyncio.sleep(SETTLE_S)
            try:
                await asyncio.to_thread(self._keep)
            except Exception:  # whatever it was, numbers are counted from the rows meanwhile
                log.exception("cells of indicators could not be kept")
                await asyncio.sleep(AGAIN_S)

    def _keep(self) -> None:
        populations = self._catalog.part(read_indicators).populations
        with connect(self._url) as conn:
            if store.lock(conn):
                now = datetime.now(UTC)
                keep_cells(conn, populations, now, self._rules_at(now))


def keep_cells(
    conn: Conn, populations: Mapping[str, Population], now: datetime, rules: Rules
) -> list[str]:
    """Count anew what changed and what is not stored; return the indicators.

    Commits each indicator by itself. One that cannot be counted has no cells until its rows or
    its definition change.
    """
    changes, heads = store.read_changes(conn), store.read_heads(conn)
    tables = store.watched_tables(conn)
    store.forget_others(conn, list(populations))
    conn.commit()
    kept = {key: p for key, p in populations.items() if p.relation.layer.source.table in tables}
    touched = {key for key, p in kept.items() if _stands_on(p, changes)}
    due = [key for key, p in kept.items() if key in touched or not _current(p, heads, now)]
    told: dict[str, set[store.Scope]] = {}
    for key in due:
        try:
            with conn.transaction():
                changed = _renew(conn, kept[key], now, rules)
            if any(known == key for known, _ in heads):
                told[key] = changed
        except BROKEN as error:
            log.warning("indicator %s cannot be counted: %s", key, error)
            with conn.transaction():
                store.drop(conn, key, list(KEPT))
    with conn.transaction():
        store.clear_changes(conn, [number for number, _, _ in changes])
        store.tell(conn, told)
        if any(told.values()):
            tell(conn, "indicators", indicators=sorted(key for key, seen in told.items() if seen))
    conn.commit()
    return due


def _stands_on(population: Population, changes: Iterable[tuple[int, str, str | None]]) -> bool:
    source = population.relation.layer.source
    return any(
        relation == source.table and (kind is None or not source.kinds or kind in source.kinds)
        for _, relation, kind in changes
    )


def _current(population: Population, heads: Mapping[tuple[str, str], Head], now: datetime) -> bool:
    """Tell whether all that is to be stored of an indicator is, and holds."""
    digest = population.indicator.digest
    for kind in KEPT:
        head = heads.get((population.indicator.id, kind))
        if head is None or not head.covers(digest, [period_at(kind, now)], now):
            return False
    return True


def _renew(conn: Conn, population: Population, now: datetime, rules: Rules) -> set[store.Scope]:
    """Count an indicator by one statement and exchange its cells; return whose rows changed."""
    periods = {kind: series(period_at(kind, now), count) for kind, count in KEPT.items()}
    moments = sorted({m for some in periods.values() for m in moments_of(population, some, now)})
    statement = cell_statement(population, moments, None)
    began = time.monotonic()
    rows = store.count_cells(conn, statement)
    buckets, until = _add_up(population, rows, len(moments))
    if until is not None:
        rest = max(REST_S, REST_TIMES * (time.monotonic() - began))
        until = max(until, now + timedelta(seconds=rest))
    indicator, rule = population.indicator, population.indicator.rule
    cells: dict[str, dict[Key, Sides]] = {
        kind: _by_period(population, buckets, moments, some, now) for kind, some in periods.items()
    }
    found_heads: dict[str, Head] = {
        kind: Head(indicator.digest, some[0].first, some[-1].first, now, until)
        for kind, some in periods.items()
    }
    found = rules.get(rule) if rule else None
    versions = {found.key: found.version} if found else {}
    return store.write_cells(conn, indicator.id, found_heads, cells, versions)


def _add_up(
    population: Population, rows: Iterable[Sequence[Any]], moments: int
) -> tuple[dict[Key, Sides], datetime | None]:
    """Return both sides by key and moment, and until when a stock holds by itself."""
    many = len(population.by)
    stock, has_below = (
        population.indicator.time.stock is not None,
        population.denominator is not None,
    )
    found: dict[Key, Sides] = {}
    until: list[datetime] = []
    for row in rows:
        sign, at, code, origin, seen, unit, parties, *rest = row
        key = (code, seen, unit, tuple(parties), origin, tuple(rest[:many]))
        count, numerator, *more = rest[many:]
        sides = found.get(key)
        if sides is None:
            below = [Decimal(0)] * moments if has_below else None
            sides = found[key] = [Decimal(0)] * moments, below, [0] * moments
        if at <= moments:
            sides[0][at - 1] += sign * numerator
            sides[2][at - 1] += sign * count
            if sides[1] is not None:
                sides[1][at - 1] += sign * more[0]
        if stock:
            until += map(_after, (one for one in more[has_below:] if one is not None))
    if stock:
        found = {key: _accumulated(sides) for key, sides in found.items()}
    return found, min(until, default=None)


def _after(change: date) -> datetime:
    """Return the time from which on a stock may be another: after a day, or at a moment."""
    if isinstance(change, datetime):
        return change.astimezone(UTC)
    return day_start(change + timedelta(days=1))


def _accumulated(sides: Sides) -> Sides:
    numerators, below, counts = sides
    return (
        list(accumulate(numerators)),
        None if below is None else list(accumulate(below)),
        list(accumulate(counts)),
    )


def _by_period(
    population: Population,
    buckets: Mapping[Key, Sides],
    moments: Sequence[datetime],
    periods: Sequence[Period],
    now: datetime,
) -> dict[Key, Sides]:
    """Return both sides by key and period; keys without rows are left out."""
    place = {moment: number for number, moment in enumerate(moments)}
    if population.indicator.time.stock is not None:
        spans = [(at, at + 1) for at in (place[period.cutoff(now)] for period in periods)]
    else:
        spans = [(place[period.start], place[period.end]) for period in periods]
    found: dict[Key, Sides] = {}
    for key, (numerators, below, counts) in buckets.items():
        rows = [sum(counts[a:b]) for a, b in spans]
        if any(rows):
            found[key] = (
                [sum(numerators[a:b], Decimal(0)) for a, b in spans],
                None if below is None else [sum(below[a:b], Decimal(0)) for a, b in spans],
                rows,
            )
    return found

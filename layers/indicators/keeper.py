"""Keeping the cells of indicators fresh in the background of a serving process.

The triggers that mark tiles log each row as it was and as it is. One process at a time counts what
was logged and adds it to the cells; all rows are read for a sheet that is not stored, when a
period begins, and after more changes at once than are logged one by one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import psycopg

from layers.declare.catalog import Catalog
from layers.indicators import cell_store as store
from layers.indicators.catalog import read_indicators
from layers.indicators.cell_store import Conn, Head, Pending, kept_periods
from layers.indicators.counting import count_all, count_changes
from layers.indicators.population import Population
from layers.indicators.sheet import Sheet, sheets_of
from layers.indicators.tabulate import Cells, Scope
from spatial.postgres.db import connect, tell_failure
from spatial.postgres.notices import Notices, set_on, tell
from spatial.tasks import end_task, wait_at_most

log = logging.getLogger("sigang")
SETTLE_S, LEAST_S = 1.0, 0.1
"""Between the begin of one round and the next under steady changes, and between both at least."""
CHECK_S = 10.0
"""Every so often it is looked whether a period ended, or a row began or ended by itself."""
AGAIN_S = 10.0
MOST_LOGGED = 20_000
"""Changes of which a sheet is counted anew rather than that they are added to it."""
BROKEN = (psycopg.DataError, psycopg.ProgrammingError, psycopg.InternalError)
"""Errors of one indicator's layer and its rows."""
Told = dict[str, set[Scope]]


class CellKeeper:
    """The background work on cells of one serving process."""

    def __init__(self, url: str, catalog: Catalog, bus: Notices) -> None:
        self._url, self._catalog = url, catalog
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        set_on(self._wake, bus, "dirty", "catalog", "reconnected")

    async def start(self) -> None:
        """Keep cells from now on."""
        self._task = asyncio.create_task(self._forever())

    async def stop(self) -> None:
        """Keep them no longer."""
        await end_task(self._task)

    async def _forever(self) -> None:
        took = 0.0
        while True:
            await wait_at_most(self._wake, CHECK_S)
            self._wake.clear()
            await asyncio.sleep(max(SETTLE_S - took, LEAST_S))
            began = time.monotonic()
            try:
                await asyncio.to_thread(self._keep)
            except Exception as error:  # numbers are counted from the rows meanwhile
                tell_failure(log, "cells of indicators could not be kept", error)
                await asyncio.sleep(AGAIN_S)
            took = time.monotonic() - began

    def _keep(self) -> None:
        populations = self._catalog.part(read_indicators).populations
        with connect(self._url) as conn:
            if store.lock(conn):
                keep_cells(conn, populations)


def keep_cells(
    conn: Conn, populations: Mapping[str, Population], now: datetime | None = None
) -> list[str]:
    """Add what changed and count what is not stored; return the indicators.

    What lasts is counted up to `now`, or up to the time of each snapshot when that is left out: a
    row that a snapshot has may have begun a moment before.

    Commits each sheet by itself, and what changed after each, so that long counting holds up
    nothing. An indicator that cannot be counted has no cells.
    """
    conn.commit()
    keeping = _Keeping(conn, populations, now)
    keeping.run()
    return [key for key in populations if key in keeping.renewed]


class _Keeping:
    """One round of the keeper."""

    def __init__(
        self, conn: Conn, populations: Mapping[str, Population], now: datetime | None
    ) -> None:
        self._conn, self._at = conn, now
        with store.snapshot(conn):
            tables = store.watched_tables(conn)
        self._kept = {
            key: one
            for key, one in populations.items()
            if one.relation.layer.source.table in tables
        }
        self.renewed: set[str] = set()

    def _now(self) -> datetime:
        """Return the time up to which a snapshot that has begun is counted."""
        return self._at or datetime.now(UTC)

    def run(self) -> None:
        """Count all that is due and add what changed."""
        with store.snapshot(self._conn):
            stored = self._drop_useless()
            due = [one for key, one in self._kept.items() if key not in stored]
        for sheet in sheets_of(due):
            self._count(sheet)
            self._add_changes()
        self._add_changes()

    def _drop_useless(self) -> set[str]:
        """Drop sheets that nobody reads any more; return the indicators that need no counting."""
        pending, useless = store.read_pending(self._conn), []
        stored: set[str] = set()
        now = self._now()
        for head in store.read_heads(self._conn):
            sheet = store.stored_sheet(head, self._kept)
            if sheet is None:
                useless.append(head.sheet)
            elif _lasts(head, now) and not _unknown(sheet, pending[head.sheet]):
                stored.update(head.members)
        store.drop(self._conn, useless)
        return stored

    def _count(self, sheet: Sheet) -> None:
        """Count a sheet; where that fails, each of its indicators by itself."""
        self.renewed.update(sheet.members)
        try:
            with store.snapshot(self._conn):
                told = self._counted(sheet)
        except BROKEN as error:
            if len(sheet.populations) == 1:
                log.warning("indicator %s cannot be counted: %s", *sheet.members, error)
                with store.snapshot(self._conn):
                    store.drop(self._conn, self._holders(sheet))
            else:
                for one in sheet.populations:
                    self._count(Sheet((one,)))
            return
        self._tell(told)

    def _counted(self, sheet: Sheet) -> Told:
        before = self._holders(sheet)
        head, cells = count_all(self._conn, sheet, self._now())
        scopes = store.scopes_of(self._conn, before) if before else set()
        store.drop(self._conn, [*before, sheet.key])
        store.write_sheet(self._conn, head, cells)
        if before:
            scopes |= {key.scope for _, key in cells}
        return dict.fromkeys(sheet.members, scopes)

    def _holders(self, sheet: Sheet) -> list[str]:
        """Return the stored sheets that hold one of a sheet's indicators."""
        heads = store.read_heads(self._conn)
        return [head.sheet for head in heads if sheet.members.keys() & head.members.keys()]

    def _add_changes(self) -> None:
        """Add what was logged to all sheets on one snapshot, and forget it."""
        with store.snapshot(self._conn):
            pending, now = store.read_pending(self._conn), self._now()
            told, seen = Told(), []
            for head in store.read_heads(self._conn):
                sheet = store.stored_sheet(head, self._kept)
                logged = [one for one in pending[head.sheet] if sheet and _concerns(sheet, one)]
                if sheet is None or _unknown(sheet, logged) or not _lasts(head, now):
                    continue  # what was logged stays until all rows are counted
                seen.append(head.sheet)
                if logged or (head.valid_until is not None and head.valid_until <= now):
                    numbers = [number for one in logged for number in one.numbers]
                    told |= self._changed(sheet, head, numbers, now)
            store.mark_seen(self._conn, seen)
            store.clear_changes(self._conn)
        self._tell(told)

    def _changed(self, sheet: Sheet, head: Head, numbers: Sequence[int], now: datetime) -> Told:
        self.renewed.update(sheet.members)
        try:
            with self._conn.transaction():
                after, cells = count_changes(self._conn, sheet, head, numbers, now)
                store.add_cells(self._conn, head.sheet, cells)
                store.mark_time(self._conn, after)
        except BROKEN as error:
            log.warning("indicators %s are counted anew: %s", ", ".join(sheet.members), error)
            store.drop(self._conn, [head.sheet])
            return {}
        return _told(sheet, cells)

    def _tell(self, told: Told) -> None:
        ids = sorted(key for key, scopes in told.items() if scopes)
        if ids:
            with self._conn.transaction():
                store.tell(self._conn, told)
                tell(self._conn, "indicators", indicators=ids)


def _lasts(head: Head, now: datetime) -> bool:
    """Tell whether no period began since a sheet was counted."""
    return kept_periods(head.as_of) == kept_periods(now)


def _concerns(sheet: Sheet, logged: Pending) -> bool:
    source = sheet.first.relation.layer.source
    kinds = logged.kind is None or not source.kinds or logged.kind in source.kinds
    return logged.relation == source.table and kinds


def _unknown(sheet: Sheet, logged: Iterable[Pending]) -> bool:
    """Tell whether a sheet is to be counted anew for what was logged."""
    found = [one for one in logged if _concerns(sheet, one)]
    many = sum(len(one.numbers) for one in found) > MOST_LOGGED
    return many or any(one.unknown or sheet.needs_shapes for one in found)


def _told(sheet: Sheet, cells: Cells) -> Told:
    """Return who sees that which indicators changed."""
    found: defaultdict[str, set[Scope]] = defaultdict(set)
    for (_, key), vector in cells.items():
        sides = vector.counts, vector.sums
        for indicator, slots in sheet.slots.items():
            if any(sides[slot.summed][slot.at] for slot in slots if slot is not None):
                found[indicator].add(key.scope)
    return found

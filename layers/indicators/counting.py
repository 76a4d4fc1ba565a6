"""Counting the cells of a sheet: of all rows, or what logged changes and time add to them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import cast

from layers.cql.types import day_start
from layers.features.features import Statement
from layers.indicators import cell_store as store
from layers.indicators.cell_store import Conn, Head, kept_periods
from layers.indicators.sheet import Sheet
from layers.indicators.statement import (
    bounds_of,
    cell_statement,
    moments_of,
    next_statement,
)
from layers.indicators.tabulate import Cells, Grid, add, cells_of, grid_of

REST_S, REST_TIMES = 60.0, 60
"""What changes by time alone is counted anew after so many seconds at the earliest, and after so
many times what counting takes; numbers say up to when they were counted."""


def count_all(conn: Conn, sheet: Sheet, now: datetime) -> tuple[Head, Cells]:
    """Count all rows; return what a sheet holds then, and its cells."""
    began = time.monotonic()
    moments = _moments(sheet, now)
    cells = _cells(sheet, _grid(conn, sheet, moments), moments, now)
    head = Head(sheet.key, sheet.members, now, None, None)
    return _timed(head, _next_change(conn, sheet, now), now, began), cells


def count_changes(
    conn: Conn, sheet: Sheet, head: Head, numbers: Sequence[int], now: datetime
) -> tuple[Head, Cells]:
    """Count what logged changes and time add to the cells of a sheet.

    Parameters
    ----------
    conn
        On the snapshot up to which the log is counted.
    sheet, head
        The sheet, and what is stored of it, of periods that last until now.
    numbers
        Of the changes in the log.
    now
        Up to when what lasts is counted from then on.
    """
    began, now = time.monotonic(), max(now, head.as_of)
    due = head.next_change is not None and head.next_change <= now
    until = head.as_of if due else now  # rows that begin or end between both are counted below
    cells: Cells = {}
    if numbers:
        moments = _moments(sheet, until)
        cells = _cells(sheet, _grid(conn, sheet, moments, numbers=numbers), moments, until)
    if due:
        add(cells, _moved(conn, sheet, until, now))
        change = _next_change(conn, sheet, now)
    else:
        found = _next_change(conn, sheet, now, numbers) if numbers else None
        change = min(filter(None, (found, head.next_change)), default=None)
    cells = {at: vector for at, vector in cells.items() if not vector.empty}
    return _timed(replace(head, as_of=now), change, now, began), cells


def _moments(sheet: Sheet, now: datetime) -> list[datetime]:
    periods = kept_periods(now).values()
    return sorted({m for some in periods for m in moments_of(sheet.first, some, now)})


def _cells(sheet: Sheet, grid: Grid, moments: Sequence[datetime], now: datetime) -> Cells:
    return cells_of(sheet, grid, moments, kept_periods(now), now)


def _moved(conn: Conn, sheet: Sheet, since: datetime, now: datetime) -> Cells:
    """Return what the periods that last gain by what began and ended by itself since a time."""
    grid = _grid(conn, sheet, [since, now], changing=True)
    found: Cells = {}
    for kind, periods in kept_periods(now).items():
        place = kind, periods[-1].first
        if sheet.first.indicator.time.stock is None:
            add(found, grid.over(place, 0, 1))
            continue
        add(found, grid.over(place, 1, 2))
        add(found, grid.over(place, 0, 1), -1)
    return found


def _grid(
    conn: Conn, sheet: Sheet, moments: Sequence[datetime],
    *, numbers: Sequence[int] | None = None, changing: bool = False,
) -> Grid:  # fmt: skip
    images = numbers is not None
    statement = _kept_statement(
        sheet, f"cells {images} {changing}",
        lambda: cell_statement(sheet, None, images=images, changing=changing),
    )  # fmt: skip
    values = statement.arguments(bounds_of(sheet.first, moments))
    if numbers is None:
        rows = store.count(conn, store.by_key(sheet, statement.sql), values)
    else:
        logged = store.by_key(sheet, store.with_images(sheet, statement))
        rows = store.count(conn, logged, [*values, list(numbers)])
    return grid_of(sheet, rows, len(moments))


def _next_change(
    conn: Conn, sheet: Sheet, now: datetime, numbers: Sequence[int] | None = None
) -> datetime | None:
    """Return when a row, or one of those logged, comes, begins or ends by itself after now."""
    statement = _kept_statement(sheet, "next", lambda: next_statement(sheet))
    values = statement.arguments(bounds_of(sheet.first, [now]))
    if numbers is None:
        (found,) = store.count(conn, statement.sql, values)
    else:
        (found,) = store.count(conn, store.with_images(sheet, statement), [*values, list(numbers)])
    flow = sheet.first.indicator.time.flow is not None
    return min((_after(one, flow=flow) for one in found if one is not None), default=None)


def _kept_statement(sheet: Sheet, name: str, make: Callable[[], Statement]) -> Statement:
    """Return a statement of a sheet, compiled once while its layer is declared so."""
    kept, key = sheet.first.relation.statements, (name, sheet.key)
    if key not in kept:
        kept[key] = make()
    return cast("Statement", kept[key])


def _after(change: date, *, flow: bool) -> datetime:
    """Return the time from which on a number may be another: at a moment, after a day.

    Of a flow with the day's begin.
    """
    if isinstance(change, datetime):
        return change.astimezone(UTC)
    return day_start(change if flow else change + timedelta(days=1))


def _timed(head: Head, change: datetime | None, now: datetime, began: float) -> Head:
    """Return what is stored with the times until which it holds."""
    if change is None:
        return replace(head, next_change=None, valid_until=None)
    rest = max(REST_S, REST_TIMES * (time.monotonic() - began))
    return replace(head, next_change=change, valid_until=max(change, now + timedelta(seconds=rest)))

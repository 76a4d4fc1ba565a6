"""Rebuilding that no bad row, cell or layer can stop.

A rebuild that fails is tried without the rows that make it fail, found by halving, then cell by
cell. What is left over is set aside: its tiles stay as they were, everything beside it is new.
"""
# ruff: noqa: S608

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import psycopg

from layers.declare.layer import Layer
from layers.tiles import set_aside
from layers.tiles.level_sql import cell_zoom
from layers.tiles.level_tables import (
    Cell,
    announce_all,
    coarsen,
    declaration,
    disjoint,
    drop_orphans,
    fill_cells,
    rebuild_cells,
    sides,
    up,
    whole,
)
from layers.tiles.set_aside import WHOLE, Aside
from layers.tiles.tile_sql import (
    CELL_ZOOM,
    SCHEMA,
    base_condition,
    cell_sql,
    drawable_sql,
    geometry_sql,
    ident,
    quote,
    relation,
    stored,
    tiles_of,
)

LOG_LOCK = "hashtext('sigang.tiles')"
"""Held by whoever works off the log of changed cells; each layer has a lock of its own beside."""
BUILD_TIMEOUT_S = 600
MOST_BAD_ROWS, MOST_TRIES, LONGEST_SEARCH_S = 100, 400, 60.0
MOST_BAD_CELLS = 50

Conn = psycopg.Connection


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rebuild did.

    Parameters
    ----------
    cells
        That are new now.
    partly
        Whether some of those asked for stay as they were.
    again
        Whether something was tried again that had been set aside.
    aside
        What was set aside.
    """

    cells: list[Cell]
    partly: bool = False
    again: bool = False
    aside: list[Aside] = field(default_factory=list)

    @property
    def error(self) -> str | None:
        """The error of cells that stay as they were, None where all are new."""
        return next((one.error for one in self.aside if not one.feature), None)


class _TooMany(Exception):
    """The search for bad rows takes too long."""


def lock_layer(conn: Conn, layer: Layer, *, wait: bool = True) -> bool:
    """Take the lock of a layer until the transaction ends; tell whether it could be had."""
    how = "SELECT pg_advisory_xact_lock" if wait else "SELECT pg_try_advisory_xact_lock"
    row = conn.execute(f"{how}({LOG_LOCK}, hashtext(%s))", [layer.id]).fetchone()
    return wait or bool(row and row[0])


def refresh_tiles(
    conn: Conn, layers: Iterable[Layer], progress: Callable[[str], None] | None = None
) -> None:
    """Build the tile tables of all layers anew and tell every open map; the caller commits.

    Parameters
    ----------
    conn
        A connection with the owner's rights.
    layers
        The catalogue's layers; those without tiles of their own are passed over.
    progress
        Receives one line per layer.
    """
    conn.execute(f"SELECT pg_advisory_xact_lock({LOG_LOCK})")
    conn.execute("DELETE FROM sigang.tile_change")
    built = [layer for layer in layers if stored(layer)]
    drop_orphans(conn, {layer.id for layer in built})
    for layer in built:
        lock_layer(conn, layer)
        outcome = rebuild(conn, layer, [WHOLE])
        if progress:
            progress(f"tiles {layer.id}: {outcome.error or total_of(conn, layer)}")
    announce_all(conn, built)


def refresh_stale(conn: Conn, layers: Iterable[Layer], broken: Iterable[str] = ()) -> list[str]:
    """Build the tables of layers whose declaration changed or that lack one; return their ids.

    Each layer has a transaction of its own, which this commits.

    Parameters
    ----------
    conn
        A connection with the owner's rights and no transaction that must not be committed.
    layers
        The catalogue's layers.
    broken
        Ids of layers to build in any case.
    """
    built = []
    for layer in [one for one in layers if stored(one)]:
        with conn.transaction():
            lock_layer(conn, layer)
            stale = _stale(conn, layer)
            if stale:
                set_aside.release(conn, layer.id)
            if (stale or layer.id in broken) and rebuild(conn, layer, [WHOLE]).cells:
                built.append(layer.id)
                announce_all(conn, [layer])
    return built


def _stale(conn: Conn, layer: Layer) -> bool:
    names = [side.table(n) for side in sides(layer) for n in range(len(tiles_of(layer).levels) + 1)]
    row = conn.execute(
        f"SELECT (SELECT declaration FROM {SCHEMA}.layer_state WHERE layer = %s),"
        " (SELECT bool_and(to_regclass(name) IS NOT NULL) FROM unnest(%s::text[]) name)",
        [layer.id, names],
    ).fetchone()
    return row != (declaration(layer), True)


def total_of(conn: Conn, layer: Layer) -> int:
    """Return the number of public features in a layer's tile tables."""
    row = conn.execute(
        f"SELECT total FROM {SCHEMA}.layer_state WHERE layer = %s", [layer.id]
    ).fetchone()
    return int(row[0]) if row else 0


def rebuild(
    conn: Conn, layer: Layer, cells: Iterable[Cell], since: datetime | None = None
) -> Outcome:
    """Rebuild cells of a layer, and what of it is due; what fails is set aside.

    Parameters
    ----------
    conn
        Inside a transaction that holds the layer's lock.
    layer
        A layer with tile tables.
    cells
        (z, x, y) that changed; z = 0 stands for the whole layer.
    since
        When the oldest of the changes was made.

    Raises
    ------
    psycopg.Error
        The database as a whole is in trouble, not this layer.
    """
    conn.execute(f"SET LOCAL statement_timeout = '{BUILD_TIMEOUT_S}s'")
    taken = set_aside.take(conn, layer.id, cells)
    if not taken.cells:
        return Outcome([], partly=taken.shut)
    todo = [WHOLE] if whole(layer, taken.cells) else taken.cells
    bad = _Rebuild(conn, layer).run(todo, taken)
    before = {(one.cell, one.feature): one for one in taken.again}
    aside = []
    for cell, feature, error in bad:
        old = before.get((cell, feature))
        tries, first = (old.tries + 1, old.since) if old else (1, since)
        one = Aside(cell, feature, error, first, tries, due=False)
        set_aside.put(conn, layer.id, one)
        aside.append(one)
    failed = [one.cell for one in aside if not one.feature]
    fresh = set_aside.outside(taken.cells, failed)
    return Outcome(fresh, taken.shut or bool(failed), bool(taken.again), aside)


Bad = tuple[Cell, str, str]


class _Rebuild:
    """One rebuild of one layer, and the search for what makes it fail."""

    def __init__(self, conn: Conn, layer: Layer) -> None:
        self._conn, self._layer = conn, layer
        self._tries, self._started = 0, time.monotonic()

    def run(self, cells: list[Cell], taken: set_aside.Taken) -> list[Bad]:
        """Rebuild the cells; return cell, feature and error of all that could not be drawn."""
        known = [one.feature for one in taken.again if one.feature]
        error = self._attempt(cells, self._without(taken.waiting))
        if error is None:
            return []
        if _structural(error):
            return [(WHOLE, "", str(error))]
        bad = self._bad_rows(cells, taken.waiting, known) if known else []
        shut = [*taken.waiting, *(feature for _, feature, _ in bad)]
        if bad and self._attempt(cells, self._without(shut)) is None:
            return bad
        bad += self._bad_rows(cells, shut)
        shut = [*taken.waiting, *(feature for _, feature, _ in bad)]
        return [*bad, *self._bad_cells(cells, self._without(shut))]

    def _attempt(
        self, cells: Sequence[Cell], rows: str, *, undo: bool = False
    ) -> psycopg.Error | None:
        """Rebuild cells of some rows under a savepoint; return the error that it met."""
        self._tries += 1
        try:
            with self._conn.transaction(force_rollback=undo):
                rebuild_cells(self._conn, self._layer, cells, rows)
        except psycopg.Error as error:
            if self._conn.closed or not _of_layer(error):
                raise
            return error
        return None

    def _without(self, features: Sequence[str]) -> str:
        return f"NOT {self._within(features)}" if features else "true"

    def _within(self, features: Sequence[str]) -> str:
        return f"({self._id()} = ANY (ARRAY[{', '.join(map(quote, features))}]))"

    def _id(self) -> str:
        return f"t.{ident(self._layer.source.id)}::text"

    def _bad_rows(
        self, cells: list[Cell], shut: Sequence[str], among: Sequence[str] | None = None
    ) -> list[Bad]:
        """Find the rows that fail each by itself; none where there are too many to name."""
        levels = tiles_of(self._layer).levels
        zoom = min([CELL_ZOOM, *map(cell_zoom, levels)])
        rows = self._without(shut) + (" AND " + self._within(among) if among else "")
        found: list[Bad] = []
        try:
            with self._conn.transaction():
                count = self._number_rows([up(cell, zoom) for cell in cells], rows)
        except psycopg.Error as error:
            if self._conn.closed or not _of_layer(error):
                raise
            return []
        with suppress(_TooMany):
            self._halve_rows(cells, 0, count, found)
        return found

    def _number_rows(self, cells: list[Cell], rows: str) -> int:
        """Number the rows that the cells draw in the temporary table `probe_row`."""
        layer, geometry = self._layer, geometry_sql(self._layer)
        fill_cells(self._conn, "probe_cell", disjoint(cells))
        self._conn.execute("DROP TABLE IF EXISTS probe_row")
        self._conn.execute(
            "CREATE TEMP TABLE probe_row ON COMMIT DROP AS"
            f" SELECT (row_number() OVER () - 1)::int AS n, {self._id()} AS id,"
            f" {cell_sql('x', geometry)} AS x, {cell_sql('y', geometry)} AS y"
            f" FROM {relation(layer)} WHERE {base_condition(layer)} AND {drawable_sql(layer)}"
            f" AND {rows}"
            f" AND EXISTS (SELECT 1 FROM probe_cell d WHERE {geometry} && d.box)"
        )
        row = self._conn.execute("SELECT count(*) FROM probe_row").fetchone()
        return int(row[0]) if row else 0

    def _halve_rows(self, cells: list[Cell], first: int, last: int, found: list[Bad]) -> None:
        if self._tired() or len(found) >= MOST_BAD_ROWS:
            raise _TooMany
        if first == last:
            return
        rows = f"{self._id()} IN (SELECT id FROM probe_row WHERE n >= {first} AND n < {last})"
        error = self._attempt(cells, rows, undo=True)
        if error is None:
            return
        if last - first == 1:
            found.append((*self._numbered(first), str(error)))
            return
        middle = (first + last) // 2
        self._halve_rows(cells, first, middle, found)
        self._halve_rows(cells, middle, last, found)

    def _numbered(self, number: int) -> tuple[Cell, str]:
        """Return the cell and the id of a numbered row."""
        row = self._conn.execute("SELECT x, y, id FROM probe_row WHERE n = %s", [number]).fetchone()
        x, y, feature = row or (0, 0, "")
        return (CELL_ZOOM, x, y), feature

    def _bad_cells(self, cells: list[Cell], rows: str) -> list[Bad]:
        """Rebuild the cells by halves; return those that fail, few and coarse if they are many."""
        errors: dict[Cell, str] = {}
        self._halve_cells(cells, rows, errors)
        few = coarsen(errors, MOST_BAD_CELLS)
        text = next(iter(errors.values()), "")
        return [(cell, "", errors.get(cell, text)) for cell in few]

    def _halve_cells(self, cells: list[Cell], rows: str, errors: dict[Cell, str]) -> None:
        error = self._attempt(cells, rows)
        if error is None:
            return
        if len(cells) == 1 or self._tired():
            errors.update(dict.fromkeys(cells, str(error)))
            return
        middle = len(cells) // 2
        self._halve_cells(cells[:middle], rows, errors)
        self._halve_cells(cells[middle:], rows, errors)

    def _tired(self) -> bool:
        return self._tries > MOST_TRIES or time.monotonic() - self._started > LONGEST_SEARCH_S


def _structural(error: psycopg.Error) -> bool:
    """Tell whether no row can be drawn: a column or function is missing, or it takes for ever."""
    state = error.sqlstate or ""
    return state[:2] in ("42", "3F", "0A") or isinstance(error, psycopg.errors.QueryCanceled)


def _of_layer(error: psycopg.Error) -> bool:
    """Tell whether an error is one of a layer and its rows, not of the database as a whole."""
    state = error.sqlstate or ""
    if isinstance(error, psycopg.errors.QueryCanceled):
        return True
    trouble = ("08", "25", "40", "53", "55", "57", "58")
    return bool(state) and state[:2] not in trouble and state not in ("XX001", "XX002")

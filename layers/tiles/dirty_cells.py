"""Row-driven freshness: from the log of touched cells to rebuilt tables and told maps.

One worker at a time works the log off. Each layer has a transaction of its own, so that a broken
or slow one holds up no other. The notice goes out when the tables are new, so that whoever asks
after it gets the new tile; the log is cleared last, so that what was interrupted is done again.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import orjson
import psycopg

from layers.declare.layer import Access, Layer
from layers.tiles import set_aside
from layers.tiles.level_tables import Cell, announce, coarsen, whole
from layers.tiles.rebuild import LOG_LOCK, Outcome, lock_layer, rebuild
from layers.tiles.set_aside import WHOLE
from layers.tiles.tile_sql import stored

STREAM_CELLS = 500
TELL_S = 0.2
"""What is done is told after so long, also while other layers are still being rebuilt."""
_READ = """
SELECT seq, relation, kind, visibility, admin_code, unit_id, parties, z, x, y, at
FROM sigang.tile_change ORDER BY seq"""
_CLEAR = "DELETE FROM sigang.tile_change WHERE seq = ANY(%s)"
_VIEWS = """
SELECT v.relname, t.relname FROM pg_depend d
JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
JOIN pg_class v ON v.oid = r.ev_class JOIN pg_class t ON t.oid = d.refobjid
WHERE d.refclassid = 'pg_class'::regclass AND v.oid <> t.oid
  AND v.relnamespace = 'sigang'::regnamespace"""

Conn = psycopg.Connection
Scope = tuple[str, str | None, str | None, tuple[str, ...]]


class Touched(NamedTuple):
    """One row of the log: a cell that a statement touched, and whose rows these were."""

    seq: int
    relation: str
    kind: str | None
    visibility: str
    admin_code: str | None
    unit_id: str | None
    parties: list[str]
    z: int
    x: int
    y: int
    at: datetime

    @property
    def cell(self) -> Cell:
        """Return the cell as (z, x, y)."""
        return self.z, self.x, self.y

    @property
    def scope(self) -> Scope:
        """Return who may know of it."""
        if self.visibility == "public":
            return "public", None, None, ()
        return self.visibility, self.admin_code, self.unit_id, tuple(self.parties)


@dataclass(frozen=True, slots=True)
class Applied:
    """What one run brought up to date."""

    layers: tuple[str, ...]
    cells: tuple[Cell, ...]
    version: int


@dataclass(slots=True)
class _Work:
    """What is to be done of one layer: cells that changed, or only what is due again."""

    layer: Layer
    cells: set[Cell] = field(default_factory=set)
    since: datetime | None = None

    @property
    def cost(self) -> int:
        """The order of the work: what needs no rebuilding first, whole layers last."""
        if not stored(self.layer):
            return 0
        return 2 if not self.cells or whole(self.layer, self.cells) else 1


def apply_changes(conn: Conn, layers: Iterable[Layer]) -> Applied | None:
    """Bring the tile tables up to date with the log, layer by layer.

    Commits what the caller has begun, and each layer by itself. Waits while another worker is at
    it; returns None when nothing is left to do.

    Raises
    ------
    psycopg.Error
        The database as a whole is in trouble; what is not done stays in the log.
    """
    declared = {layer.id: layer for layer in layers}
    with _passing(conn):
        touched = [Touched(*found) for found in conn.execute(_READ).fetchall()]
        due = set_aside.due(conn)
        if not touched and not due:
            return None
        readers = _readers(conn, declared.values())
        set_aside.forget(conn, set(due) - set(declared))
        conn.commit()
        run = _Run(conn, readers, touched)
        run.work_off(_works(readers, touched, [declared[x] for x in due if x in declared]))
        return run.finish()


@contextmanager
def _passing(conn: Conn) -> Iterator[None]:
    """Hold the lock of whoever works off the log, over several transactions."""
    conn.commit()
    conn.execute(f"SELECT pg_advisory_lock({LOG_LOCK})")
    conn.commit()
    try:
        yield
    finally:
        if not conn.closed:
            conn.rollback()
            conn.execute(f"SELECT pg_advisory_unlock({LOG_LOCK})")
            conn.commit()


def _works(
    readers: dict[str, list[Layer]], touched: Iterable[Touched], due: Iterable[Layer]
) -> list[_Work]:
    works = {layer.id: _Work(layer) for layer in due}
    for change in touched:
        for layer in layers_of(readers, change.relation, change.kind):
            work = works.setdefault(layer.id, _Work(layer))
            work.cells.add(change.cell)
            work.since = min(work.since or change.at, change.at)
    return sorted(works.values(), key=lambda work: work.cost)


class _Run:
    """One pass over the log: what is new of each layer, and what of it was told."""

    def __init__(
        self, conn: Conn, readers: dict[str, list[Layer]], touched: Sequence[Touched]
    ) -> None:
        self._conn, self._readers, self._touched = conn, readers, touched
        self._version = max((change.seq for change in touched), default=0)
        self._new: dict[str, tuple[Layer, Outcome]] = {}
        self._told: dict[str, list[Cell]] = {}
        self._last = time.monotonic()

    def work_off(self, works: Sequence[_Work]) -> None:
        """Rebuild layer by layer; one that somebody else is building waits until the end."""
        busy = [work for work in works if not self._rebuild(work, wait=False)]
        for work in busy:
            self._rebuild(work, wait=True)

    def _rebuild(self, work: _Work, *, wait: bool) -> bool:
        """Rebuild one layer and tell what is done when it is time; False where it is locked."""
        layer, outcome = work.layer, Outcome(sorted(work.cells))
        if stored(layer):
            with self._conn.transaction():
                if not lock_layer(self._conn, layer, wait=wait):
                    return False
                outcome = rebuild(self._conn, layer, work.cells, work.since)
        if outcome.cells:
            self._new[layer.id] = layer, outcome
        if time.monotonic() - self._last > TELL_S:
            self._tell()
        return True

    def finish(self) -> Applied:
        """Tell the rest, clear the log and return what was done."""
        self._tell(clear=True)
        cells = {cell for fresh in self._told.values() for cell in fresh}
        everywhere = tuple(coarsen(cells, STREAM_CELLS))
        return Applied(tuple(sorted(self._told)), everywhere, self._version)

    def _tell(self, *, clear: bool = False) -> None:
        """Tell workers and open maps which cells are new since the last time, in one commit."""
        new, self._new = self._new, {}
        with self._conn.transaction():
            if clear:
                self._conn.execute(_CLEAR, [[change.seq for change in self._touched]])
            if new:
                self._log(new)
                cells = {cell for _, outcome in new.values() for cell in outcome.cells}
                announce(self._conn, sorted(new), coarsen(cells, STREAM_CELLS), self._version)
        self._told |= {layer: outcome.cells for layer, (_, outcome) in new.items()}
        self._last = time.monotonic()

    def _log(self, new: dict[str, tuple[Layer, Outcome]]) -> None:
        """Log for the stream which cells changed, to each scope its own.

        Layers that others may read stand in rows of their own: whose layers a client may not read
        is not told of their cells either.
        """
        groups: dict[tuple[Scope, Access], tuple[set[str], set[Cell]]]
        groups = defaultdict(lambda: (set(), set()))
        done = {x: set(o.cells) if o.partly else None for x, (_, o) in new.items()}
        for change in self._touched:
            for layer in layers_of(self._readers, change.relation, change.kind):
                fresh = done.get(layer.id, set())
                if fresh is None or set_aside.within(change.cell, fresh):
                    ids, cells = groups[change.scope, layer.access]
                    ids.add(layer.id)
                    cells.add(change.cell)
        for layer, outcome in new.values():
            if outcome.again and layer.access.public:
                ids, cells = groups[("public", None, None, ()), layer.access]
                ids.add(layer.id)
                cells.add(WHOLE)
        for ((visibility, admin_code, unit_id, parties), _), (ids, cells) in groups.items():
            told = coarsen(cells, STREAM_CELLS)
            payload = {"layers": sorted(ids), "cells": told, "version": self._version}
            self._conn.execute(
                "INSERT INTO sigang.stream_log"
                " (kind, visibility, admin_code, unit_id, parties, payload)"
                " VALUES ('cells', %s, %s, %s, %s, %s)",
                [visibility, admin_code, unit_id, list(parties), orjson.dumps(payload).decode()],
            )


def layers_of(readers: dict[str, list[Layer]], relation: str, kind: str | None) -> list[Layer]:
    """Return the layers that may show a row of a relation and kind."""
    return [
        layer
        for layer in readers.get(relation, [])
        if layer.source.name != relation
        or kind is None
        or not layer.source.kinds
        or kind in layer.source.kinds
    ]


def _readers(conn: Conn, layers: Iterable[Layer]) -> dict[str, list[Layer]]:
    """Map each table to the layers that read it; a function may read any."""
    below: dict[str, set[str]] = defaultdict(set)
    for view, table in conn.execute(_VIEWS).fetchall():
        below[view].add(table)
    readers: dict[str, list[Layer]] = defaultdict(list)
    mapped = [layer for layer in layers if layer.tiles is not None and layer.has_geometry]
    tables = {table for found in below.values() for table in found}
    tables |= {layer.source.table for layer in mapped if layer.source.table}
    for layer in mapped:
        name = layer.source.name
        for read in tables if layer.source.function else {name} | below[name]:
            readers[read].append(layer)
    return readers

"""Row-driven freshness: from the log of touched cells to rebuilt tables and told maps.

One worker at a time does it, under an advisory lock; the notice goes out with the commit, so that
whoever asks after it gets the new tile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
import psycopg

from layers.levels import LOCK, Cell, announce, coarsen, rebuild_cells
from layers.model import Layer
from layers.tile_sql import stored

STREAM_CELLS = 500
_TAKE = """
DELETE FROM sigang.tile_change
RETURNING seq, relation, kind, visibility, admin_code, unit_id, z, x, y"""
_VIEWS = """
SELECT v.relname, t.relname FROM pg_depend d
JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
JOIN pg_class v ON v.oid = r.ev_class JOIN pg_class t ON t.oid = d.refobjid
WHERE d.refclassid = 'pg_class'::regclass AND v.oid <> t.oid
  AND v.relnamespace = 'sigang'::regnamespace"""


class Touched(NamedTuple):
    """One row of the log: a cell that a statement touched, and whose rows these were."""

    seq: int
    relation: str
    kind: str | None
    visibility: str
    admin_code: str | None
    unit_id: str | None
    z: int
    x: int
    y: int

    @property
    def cell(self) -> Cell:
        """Return the cell as (z, x, y)."""
        return self.z, self.x, self.y

    @property
    def scope(self) -> tuple[str, str | None, str | None]:
        """Return who may know of it."""
        if self.visibility == "public":
            return "public", None, None
        return self.visibility, self.admin_code, self.unit_id


@dataclass(frozen=True, slots=True)
class Applied:
    """What one run brought up to date."""

    layers: tuple[str, ...]
    cells: tuple[Cell, ...]
    version: int


def apply_changes(conn: psycopg.Connection[Any], layers: Iterable[Layer]) -> Applied | None:
    """Bring the tile tables up to date with the log; the caller commits.

    Waits while another worker is at it; returns None when nothing is left to do.
    """
    conn.execute(f"SELECT {LOCK}")
    touched = [Touched(*found) for found in conn.execute(_TAKE).fetchall()]
    if not touched:
        return None
    readers = _readers(conn, layers)
    by_layer: dict[str, set[Cell]] = defaultdict(set)
    found: dict[str, Layer] = {}
    for change in touched:
        for layer in layers_of(readers, change.relation, change.kind):
            by_layer[layer.id].add(change.cell)
            found[layer.id] = layer
    for layer_id, cells in by_layer.items():
        if stored(found[layer_id]):
            rebuild_cells(conn, found[layer_id], sorted(cells))
    version = max(change.seq for change in touched)
    _tell(conn, readers, touched, version)
    everywhere = coarsen({change.cell for change in touched}, STREAM_CELLS)
    announce(conn, sorted(by_layer), everywhere, version)
    return Applied(tuple(sorted(by_layer)), tuple(everywhere), version)


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


def _readers(conn: psycopg.Connection[Any], layers: Iterable[Layer]) -> dict[str, list[Layer]]:
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


def _tell(
    conn: psycopg.Connection[Any],
    readers: dict[str, list[Layer]],
    touched: Sequence[Touched],
    version: int,
) -> None:
    """Log for the stream which cells changed, to each scope its own."""
    groups: dict[tuple[str, str | None, str | None], list[Touched]] = defaultdict(list)
    for change in touched:
        groups[change.scope].append(change)
    for (visibility, admin_code, unit_id), changes in groups.items():
        ids = {x.id for c in changes for x in layers_of(readers, c.relation, c.kind)}
        if not ids:
            continue
        cells = coarsen({change.cell for change in changes}, STREAM_CELLS)
        payload = {"layers": sorted(ids), "cells": cells, "version": version}
        conn.execute(
            "INSERT INTO sigang.stream_log (kind, admin_code, unit_id, visibility, payload)"
            " VALUES ('cells', %s, %s, %s, %s)",
            [admin_code, unit_id, visibility, orjson.dumps(payload).decode()],
        )

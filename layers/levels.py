"""Tile tables: built after a load, and rebuilt cell by cell when rows change.

Public and restricted rows lie in tables of their own. The role of anonymous reads has no right to
the restricted ones; those have row-level security beside the predicate of the query.
"""
# ruff: noqa: S608

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg

from layers.level_sql import cell_zoom, level_select
from layers.model import Layer
from layers.tile_sql import (
    CELL_ZOOM,
    SCHEMA,
    ident,
    narrow_select,
    stored,
    table,
    tiles_of,
    tolerance_m,
)
from spatial import crs

LOCK = "pg_advisory_xact_lock(hashtext('sigang.tiles'))"
Cell = tuple[int, int, int]
Conn = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two visibility classes of a layer's tables."""

    layer: Layer
    restricted: bool

    def table(self, level: int = 0) -> str:
        """Return the quoted name of the table of a level."""
        return table(self.layer.id, level, restricted=self.restricted)

    def select(self, level: int = 0, *, dirty: bool = False) -> str:
        """Return the select that fills the table of a level."""
        if level == 0:
            return narrow_select(self.layer, restricted=self.restricted, dirty=dirty)
        return level_select(self.layer, level, restricted=self.restricted, dirty=dirty)


def sides(layer: Layer) -> tuple[Side, Side]:
    """Return both visibility classes of a layer."""
    return Side(layer, restricted=False), Side(layer, restricted=True)


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
    conn.execute(f"SELECT {LOCK}")
    conn.execute("DELETE FROM sigang.tile_change")
    built = [layer for layer in layers if stored(layer)]
    for layer in built:
        rows = build_layer(conn, layer)
        if progress:
            progress(f"tiles {layer.id}: {rows}")
    _drop_orphans(conn, {layer.id for layer in built})
    _announce_all(conn, built)


def refresh_stale(conn: Conn, layers: Iterable[Layer]) -> list[str]:
    """Build the tile tables of layers whose declaration changed; return their ids."""
    conn.execute(f"SELECT {LOCK}")
    known = dict(conn.execute(f"SELECT layer, declaration FROM {SCHEMA}.layer_state").fetchall())
    stale = [x for x in layers if stored(x) and known.get(x.id) != declaration(x)]
    for layer in stale:
        build_layer(conn, layer)
    if stale:
        _announce_all(conn, stale)
    return [layer.id for layer in stale]


def declaration(layer: Layer) -> str:
    """Return the digest of what a layer's tile tables depend on."""
    parts = layer.model_dump_json(include={"source", "geometry", "columns", "access", "tiles"})
    return hashlib.blake2b(parts.encode(), digest_size=12).hexdigest()


def build_layer(conn: Conn, layer: Layer) -> int:
    """Build the tables of one layer and return its number of rows."""
    conn.execute("SET LOCAL work_mem = '128MB'")
    for side in sides(layer):
        for level in range(len(tiles_of(layer).levels) + 1):
            _build_table(conn, side, level)
    _count_cells(conn, layer, "true")
    return _write_state(conn, layer)


def _build_table(conn: Conn, side: Side, level: int) -> None:
    name = side.table(level)
    conn.execute(f"DROP TABLE IF EXISTS {name}")
    conn.execute(f"CREATE TABLE {name} AS SELECT * FROM ({side.select(level)}) t ORDER BY geom")
    conn.execute(
        f"ALTER TABLE {name} ALTER COLUMN geom TYPE geometry(Geometry, {crs.WEB_MERCATOR})"
    )
    conn.execute(f"CREATE INDEX ON {name} USING gist (geom)")
    conn.execute(f"CREATE INDEX ON {name} (_cx, _cy)")
    if side.restricted:
        _protect(conn, name)
    conn.execute(f"GRANT SELECT ON {name} TO sigang_app")
    conn.execute(f"ANALYZE {name}")


def _protect(conn: Conn, name: str) -> None:
    conn.execute(f"REVOKE ALL ON {name} FROM sigang_public")
    conn.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    conn.execute(
        f"CREATE POLICY app ON {name} FOR SELECT TO sigang_app"
        " USING (sigang.sees(admin_code, visibility, unit_id))"
    )


def _drop_orphans(conn: Conn, kept: set[str]) -> None:
    found = conn.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = %s"
        " AND tablename NOT IN ('layer_state', 'cell_count')",
        [SCHEMA],
    ).fetchall()
    for (name,) in found:
        if name.split(".")[0] not in kept:
            conn.execute(f"DROP TABLE {SCHEMA}.{ident(name)}")
    for support in ("layer_state", "cell_count"):
        conn.execute(f"DELETE FROM {SCHEMA}.{support} WHERE layer <> ALL(%s)", [sorted(kept)])


def _count_cells(conn: Conn, layer: Layer, where: str) -> None:
    """Count the public features anchored in each cell, all and those that each level keeps."""
    limits = [level.max_rank for level in tiles_of(layer).levels]
    kept = ", ".join(
        "count(DISTINCT _fid)::int"
        if limit is None
        else f"(count(DISTINCT _fid) FILTER (WHERE _rank <= {limit}))::int"
        for limit in limits
    )
    conn.execute(
        f"DELETE FROM {SCHEMA}.cell_count WHERE layer = '{layer.id}'"
        f" AND ({where.replace('_cx', 'x').replace('_cy', 'y')})"
    )
    conn.execute(
        f"INSERT INTO {SCHEMA}.cell_count (layer, x, y, n, kept)"
        f" SELECT '{layer.id}', _cx, _cy, count(DISTINCT _fid), ARRAY[{kept}]::int[]"
        f" FROM {table(layer.id)} WHERE part IS NULL AND ({where}) GROUP BY _cx, _cy"
    )


def _write_state(conn: Conn, layer: Layer) -> int:
    levels = tiles_of(layer).levels
    sums = ", ".join(f"coalesce(sum(kept[{i}]), 0)::bigint" for i in range(1, len(levels) + 1))
    row = conn.execute(
        f"SELECT coalesce(sum(n), 0)::bigint, ARRAY[{sums}]::bigint[]"
        f" FROM {SCHEMA}.cell_count WHERE layer = %s",
        [layer.id],
    ).fetchone()
    total, shown = row or (0, [])
    described = [
        {
            "maxzoom": level.maxzoom,
            "shown": shown[i],
            "total": total,
            "tolerance_m": round(tolerance_m(layer, i + 1), 1),
        }
        for i, level in enumerate(levels)
    ]
    conn.execute(
        f"""INSERT INTO {SCHEMA}.layer_state
          (layer, declaration, total, restricted, levels, bounds, built_at)
        SELECT %s, %s, %s, EXISTS (SELECT 1 FROM {table(layer.id, restricted=True)}), %s,
          (SELECT ARRAY[ST_XMin(b), ST_YMin(b), ST_XMax(b), ST_YMax(b)] FROM (
            SELECT ST_Transform(ST_SetSRID(ST_Extent(geom)::geometry, {crs.WEB_MERCATOR}),
              {crs.WGS84}) AS b FROM {table(layer.id)}) e), clock_timestamp()
        ON CONFLICT (layer) DO UPDATE SET declaration = excluded.declaration,
          version = layer_state.version + 1, total = excluded.total,
          restricted = excluded.restricted, levels = excluded.levels, bounds = excluded.bounds,
          built_at = excluded.built_at""",
        [layer.id, declaration(layer), total, orjson.dumps(described).decode()],
    )
    return int(total)


def rebuild_cells(conn: Conn, layer: Layer, cells: Sequence[Cell]) -> None:
    """Rebuild the cells of one layer: the narrow tables first, then each level.

    Parameters
    ----------
    conn
        Inside a transaction that holds the tiles' lock.
    layer
        A layer with tile tables.
    cells
        (z, x, y) with z ≤ 12; z = 0 stands for the whole layer.
    """
    apart = disjoint(cells)
    tiles = tiles_of(layer)
    if apart[0][0] == 0 or tiles.coverage or "line" in tiles.parts:
        build_layer(conn, layer)
        return
    _fill(conn, "dirty", apart)
    for side in sides(layer):
        _replace(conn, side, 0, "dirty", CELL_ZOOM)
        for number, level in enumerate(tiles.levels, start=1):
            zoom = cell_zoom(level)
            _fill(conn, "dirty_level", disjoint([up(cell, zoom) for cell in apart]))
            _replace(conn, side, number, "dirty_level", zoom)
    spans = (_span(cell, CELL_ZOOM) for cell in apart)
    where = " OR ".join(
        f"(_cx BETWEEN {x0} AND {x1} AND _cy BETWEEN {y0} AND {y1})" for x0, x1, y0, y1 in spans
    )
    _count_cells(conn, layer, where)
    _write_state(conn, layer)


def _fill(conn: Conn, name: str, cells: Sequence[Cell]) -> None:
    conn.execute(
        f"CREATE TEMP TABLE IF NOT EXISTS {name} (z int, x int, y int, box geometry) ON COMMIT DROP"
    )
    conn.execute(f"DELETE FROM {name}")
    conn.execute(
        f"INSERT INTO {name} SELECT z, x, y, ST_TileEnvelope(z, x, y)"
        " FROM unnest(%s::int[], %s::int[], %s::int[]) AS c(z, x, y)",
        [list(part) for part in zip(*cells, strict=True)],
    )


def _replace(conn: Conn, side: Side, level: int, dirty: str, zoom: int) -> None:
    name = side.table(level)
    shift = f"({zoom} - d.z)"
    conn.execute(
        f"DELETE FROM {name} t USING {dirty} d"
        f" WHERE t._cx BETWEEN d.x << {shift} AND ((d.x + 1) << {shift}) - 1"
        f" AND t._cy BETWEEN d.y << {shift} AND ((d.y + 1) << {shift}) - 1"
    )
    conn.execute(f"INSERT INTO {name} SELECT * FROM ({side.select(level, dirty=True)}) t")


def up(cell: Cell, zoom: int) -> Cell:
    """Return the cell itself, or the one of `zoom` that holds it."""
    z, x, y = cell
    return cell if z <= zoom else (zoom, x >> (z - zoom), y >> (z - zoom))


def disjoint(cells: Iterable[Cell]) -> list[Cell]:
    """Return the cells without those that lie in another one, coarse cells first."""
    kept: set[Cell] = set()
    for cell in sorted(set(cells)):
        if not any(up(cell, zoom) in kept for zoom in range(cell[0])):
            kept.add(cell)
    return sorted(kept)


def coarsen(cells: Iterable[Cell], most: int) -> list[Cell]:
    """Return at most `most` cells that cover the given ones."""
    found = disjoint(cells)
    while len(found) > most:
        zoom = max(cell[0] for cell in found) - 1
        found = disjoint([up(cell, zoom) for cell in found])
    return found


def _span(cell: Cell, zoom: int) -> tuple[int, int, int, int]:
    z, x, y = cell
    shift = zoom - z
    return x << shift, ((x + 1) << shift) - 1, y << shift, ((y + 1) << shift) - 1


def announce(conn: Conn, ids: Sequence[str], cells: Sequence[Cell], version: int) -> None:
    """Tell the workers, by one notice, which cells of which layers are new."""
    notice = {"k": "cells", "layers": list(ids), "cells": coarsen(cells, 200), "version": version}
    conn.execute("SELECT pg_notify('sigang', %s)", [orjson.dumps(notice).decode()])


def _announce_all(conn: Conn, layers: Sequence[Layer]) -> None:
    """Tell workers and open maps that whole layers are new."""
    cells: list[Cell] = [(0, 0, 0)]
    public = [layer.id for layer in layers if layer.access.public]
    payload = {"layers": public, "cells": cells, "version": 0}
    conn.execute(
        "INSERT INTO sigang.stream_log (kind, visibility, payload) VALUES ('cells', 'public', %s)",
        [orjson.dumps(payload).decode()],
    )
    announce(conn, [layer.id for layer in layers], cells, version=0)

"""Tile tables: built after a load, and rebuilt cell by cell when rows change.

Public and restricted rows lie in tables of their own. The role of anonymous reads has no right to
the restricted ones; those have row-level security beside the predicate of the query.
"""
# ruff: noqa: S608

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson
import psycopg

from layers.declare.layer import Layer
from layers.tiles.level_sql import cell_zoom, level_select
from layers.tiles.tile_sql import (
    CELL_ZOOM,
    SCHEMA,
    Part,
    ident,
    narrow_select,
    scope_columns,
    table,
    tiles_of,
    tolerance_m,
)
from spatial.geo import crs
from spatial.postgres.notices import tell

SUPPORT = ("layer_state", "cell_count", "set_aside")
"""Tables of the schema that are of no one layer."""
Cell = tuple[int, int, int]
Conn = psycopg.Connection


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two visibility classes of a layer's tables."""

    layer: Layer
    restricted: bool

    def table(self, level: int = 0) -> str:
        """Return the quoted name of the table of a level."""
        return table(self.layer.id, level, restricted=self.restricted)

    def select(self, level: int = 0, dirty: str = "", rows: str = "true") -> str:
        """Return the select that fills the table of a level, all of it or of dirty cells."""
        part = Part(self.restricted, dirty, rows)
        if level == 0:
            return narrow_select(self.layer, part)
        return level_select(self.layer, level, part)


def sides(layer: Layer) -> tuple[Side, Side]:
    """Return both visibility classes of a layer."""
    return Side(layer, restricted=False), Side(layer, restricted=True)


def declaration(layer: Layer) -> str:
    """Return the digest of what a layer's tile tables depend on."""
    parts = layer.model_dump_json(include={"source", "geometry", "columns", "access", "tiles"})
    return hashlib.blake2b(parts.encode(), digest_size=12).hexdigest()


def build_layer(conn: Conn, layer: Layer, rows: str = "true") -> int:
    """Build the tables of one layer of those source rows `t` and return their number."""
    conn.execute("SET LOCAL work_mem = '128MB'")
    for side in sides(layer):
        for level in range(len(tiles_of(layer).levels) + 1):
            _build_table(conn, side, level, rows)
    _count_cells(conn, layer, "true")
    return _write_state(conn, layer)


def _build_table(conn: Conn, side: Side, level: int, rows: str) -> None:
    name, select = side.table(level), side.select(level, rows=rows)
    conn.execute(f"DROP TABLE IF EXISTS {name}")
    conn.execute(f"CREATE TABLE {name} AS SELECT * FROM ({select}) t ORDER BY geom")
    conn.execute(
        f"ALTER TABLE {name} ALTER COLUMN geom TYPE geometry(Geometry, {crs.WEB_MERCATOR})"
    )
    conn.execute(f"CREATE INDEX ON {name} USING gist (geom)")
    conn.execute(f"CREATE INDEX ON {name} (_cx, _cy)")
    if side.restricted:
        _protect(conn, name, scope_columns(side.layer))
    conn.execute(f"GRANT SELECT ON {name} TO sigang_app")
    conn.execute(f"ANALYZE {name}")


def _protect(conn: Conn, name: str, columns: Sequence[str]) -> None:
    visibility, admin_code, *others = columns
    seen = ", ".join([admin_code, visibility, *others])
    conn.execute(f"REVOKE ALL ON {name} FROM sigang_public")
    conn.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    conn.execute(
        f"CREATE POLICY app ON {name} FOR SELECT TO sigang_app USING (sigang.sees({seen}))"
    )


def drop_orphans(conn: Conn, kept: set[str]) -> None:
    """Drop the tables of layers that are no more, and what is known of them."""
    found = conn.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename <> ALL(%s)",
        [SCHEMA, list(SUPPORT)],
    ).fetchall()
    for (name,) in found:
        if name.split(".")[0] not in kept:
            conn.execute(f"DROP TABLE {SCHEMA}.{ident(name)}")
    for support in SUPPORT:
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
            SELECT ST_Transform(ST_MakeEnvelope(
              greatest(ST_XMin(w), ST_XMin(m)), greatest(ST_YMin(w), ST_YMin(m)),
              least(ST_XMax(w), ST_XMax(m)), least(ST_YMax(w), ST_YMax(m)),
              {crs.WEB_MERCATOR}), {crs.WGS84}) AS b
            FROM ST_TileEnvelope(0, 0, 0) w,
              (SELECT ST_Extent(geom) AS m FROM {table(layer.id)}) x) e), clock_timestamp()
        ON CONFLICT (layer) DO UPDATE SET declaration = excluded.declaration,
          version = layer_state.version + 1, total = excluded.total,
          restricted = excluded.restricted, levels = excluded.levels, bounds = excluded.bounds,
          built_at = excluded.built_at""",
        [layer.id, declaration(layer), total, orjson.dumps(described).decode()],
    )
    return int(total)


def whole(layer: Layer, cells: Iterable[Cell]) -> bool:
    """Tell whether a change of cells rebuilds all of a layer: its parts share their lines."""
    tiles = tiles_of(layer)
    return tiles.coverage or "line" in tiles.parts or any(z == 0 for z, _, _ in cells)


def rebuild_cells(conn: Conn, layer: Layer, cells: Sequence[Cell], rows: str = "true") -> None:
    """Rebuild the cells of one layer: the narrow tables first, then each level.

    Parameters
    ----------
    conn
        Inside a transaction that holds the layer's lock.
    layer
        A layer with tile tables.
    cells
        (z, x, y) with z ≤ 12; z = 0 stands for the whole layer.
    rows
        Condition over the source `t`: which rows are drawn.
    """
    apart = disjoint(cells)
    if whole(layer, apart):
        build_layer(conn, layer, rows)
        return
    fill_cells(conn, "dirty", apart)
    for side in sides(layer):
        _replace(conn, side, 0, "dirty", CELL_ZOOM, rows)
        for number, level in enumerate(tiles_of(layer).levels, start=1):
            zoom = cell_zoom(level)
            fill_cells(conn, "dirty_level", disjoint([up(cell, zoom) for cell in apart]))
            _replace(conn, side, number, "dirty_level", zoom, rows)
    spans = (_span(cell, CELL_ZOOM) for cell in apart)
    where = " OR ".join(
        f"(_cx BETWEEN {x0} AND {x1} AND _cy BETWEEN {y0} AND {y1})" for x0, x1, y0, y1 in spans
    )
    _count_cells(conn, layer, where)
    _write_state(conn, layer)


def fill_cells(conn: Conn, name: str, cells: Sequence[Cell]) -> None:
    """Put cells into a temporary table that is there for this transaction."""
    conn.execute(
        f"CREATE TEMP TABLE IF NOT EXISTS {name} (z int, x int, y int, box geometry) ON COMMIT DROP"
    )
    conn.execute(f"DELETE FROM {name}")
    conn.execute(
        f"INSERT INTO {name} SELECT z, x, y, ST_TileEnvelope(z, x, y)"
        " FROM unnest(%s::int[], %s::int[], %s::int[]) AS c(z, x, y)",
        [list(part) for part in zip(*cells, strict=True)],
    )


def _replace(conn: Conn, side: Side, level: int, dirty: str, zoom: int, rows: str) -> None:
    name = side.table(level)
    shift = f"({zoom} - d.z)"
    conn.execute(
        f"DELETE FROM {name} t USING {dirty} d"
        f" WHERE t._cx BETWEEN d.x << {shift} AND ((d.x + 1) << {shift}) - 1"
        f" AND t._cy BETWEEN d.y << {shift} AND ((d.y + 1) << {shift}) - 1"
    )
    conn.execute(f"INSERT INTO {name} SELECT * FROM ({side.select(level, dirty, rows)}) t")


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
    tell(conn, "cells", layers=list(ids), cells=coarsen(cells, 200), version=version)


def announce_all(conn: Conn, layers: Sequence[Layer]) -> None:
    """Tell workers and open maps that whole layers are new."""
    cells: list[Cell] = [(0, 0, 0)]
    public = [layer.id for layer in layers if layer.access.public]
    payload = {"layers": public, "cells": cells, "version": 0}
    conn.execute(
        "INSERT INTO sigang.stream_log (kind, visibility, payload) VALUES ('cells', 'public', %s)",
        [orjson.dumps(payload).decode()],
    )
    announce(conn, [layer.id for layer in layers], cells, version=0)

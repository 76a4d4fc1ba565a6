"""SQL text of level tables: what stands for many features on a map of a whole province.

Features are merged within one visibility class, never across, and within one cell, so that a
change rebuilds the cells that it touched and nothing else. Only polygons that share boundaries are
rebuilt as a whole.
"""
# ruff: noqa: S608

from __future__ import annotations

from layers.declare.layer import Layer
from layers.declare.style import Level
from layers.tiles.tile_sql import (
    CELL_ZOOM,
    PX_M,
    Part,
    columns_of,
    ident,
    label_point,
    source_select,
    table,
    tiles_of,
    tolerance_m,
)

SLIVER_PX = 2.0
"""A face of a coverage smaller than this square, in px, is left out of a level."""


def cell_zoom(level: Level) -> int:
    """Return the zoom of the cells within which a level merges."""
    return min(CELL_ZOOM, level.maxzoom + 2)


def level_select(layer: Layer, level: int, part: Part) -> str:
    """Return the select that fills a level table.

    Polygons come whole from the source, all else from the narrow table.

    Parameters
    ----------
    layer, level
        Declaration and number of the level, from 1.
    part
        Which rows; of dirty cells those of the zoom within which the level merges.
    """
    shape = layer.geometry.type
    if shape == "polygon":
        return _polygons(layer, level, part)
    rows = _rows(layer, level, part)
    kept = _kept(layer, level, restricted=part.restricted)
    declared = tiles_of(layer).levels[level - 1]
    if shape == "point" and declared.cell_px:
        return _points(layer, level, rows, kept)
    if shape == "point":
        return _each(layer, level, rows, kept, "f.geom")
    if declared.by:
        return _lines(layer, level, rows, kept)
    thin = f"ST_Simplify(f.geom, {tolerance_m(layer, level)!r}, true)"
    return _each(layer, level, rows, kept, thin)


def _limit(layer: Layer, level: int) -> str:
    max_rank = tiles_of(layer).levels[level - 1].max_rank
    return "true" if max_rank is None else f"f._rank <= {max_rank}"


def _rows(layer: Layer, level: int, part: Part) -> str:
    source = f"{table(layer.id, restricted=part.restricted)} f"
    if part.dirty:
        shift = f"({CELL_ZOOM} - d.z)"
        source += (
            f" JOIN {part.dirty} d ON f._cx BETWEEN d.x << {shift} AND ((d.x + 1) << {shift}) - 1"
            f" AND f._cy BETWEEN d.y << {shift} AND ((d.y + 1) << {shift}) - 1"
        )
    return f"{source} WHERE {_limit(layer, level)}"


def _kept(layer: Layer, level: int, *, restricted: bool) -> str:
    names = columns_of(layer, level, restricted=restricted)
    return ", ".join(f"f.{ident(name)}" for name in names)


def _cells(layer: Layer, level: int) -> tuple[str, str]:
    shift = CELL_ZOOM - cell_zoom(tiles_of(layer).levels[level - 1])
    return f"f._cx >> {shift}", f"f._cy >> {shift}"


def _lines(layer: Layer, level: int, rows: str, kept: str) -> str:
    x, y = _cells(layer, level)
    return (
        f"SELECT min(f._fid) AS _fid, min(f._rank) AS _rank, {kept}, NULL::text AS part,"
        f" {x} AS _cx, {y} AS _cy,"
        f" ST_Simplify(ST_LineMerge(ST_Collect(DISTINCT ST_Normalize(f.geom))),"
        f" {tolerance_m(layer, level)!r}, true)"
        f" AS geom FROM {rows} GROUP BY {kept}, {x}, {y}"
    )


def _points(layer: Layer, level: int, rows: str, kept: str) -> str:
    declared = tiles_of(layer).levels[level - 1]
    x, y = _cells(layer, level)
    grid = (declared.cell_px or 1.0) * PX_M / (1 << declared.maxzoom)
    return (
        f"SELECT min(f._fid) AS _fid, min(f._rank) AS _rank, {kept}, NULL::text AS part,"
        f" {x} AS _cx, {y} AS _cy, ST_Centroid(ST_Collect(f.geom)) AS geom, count(*)::int AS n"
        f" FROM {rows} GROUP BY {kept}, {x}, {y}, ST_SnapToGrid(f.geom, {grid!r})"
    )


def _each(layer: Layer, level: int, rows: str, kept: str, shape: str) -> str:
    x, y = _cells(layer, level)
    return (
        f"SELECT f._fid, f._rank, {kept}, NULL::text AS part,"
        f" {x} AS _cx, {y} AS _cy, {shape} AS geom FROM {rows}"
    )


def _polygons(layer: Layer, level: int, part: Part) -> str:
    rows, restricted = source_select(layer, part), part.restricted
    source = f"(SELECT * FROM ({rows}) f WHERE {_limit(layer, level)})"
    x, y = _cells(layer, level)
    tolerance = tolerance_m(layer, level)
    kept = _kept(layer, level, restricted=restricted)
    thin = f"ST_SimplifyPreserveTopology(f.geom, {tolerance!r})"
    selects = [
        _coverage(layer, level, source, kept)
        if tiles_of(layer).coverage
        else _each(layer, level, f"{source} f", kept, thin)
    ]
    head = f"SELECT f._fid, f._rank, {kept}, 'label', {x}, {y}, "
    if "label" in tiles_of(layer).parts:
        selects.append(f"{head}{label_point('f.geom')} FROM {source} f")
    if "line" in tiles_of(layer).parts:
        selects.append(
            f"SELECT f._fid, f._rank, {kept}, f.part, {x}, {y}, {thin}"
            f" FROM {table(layer.id, restricted=restricted)} f"
            f" WHERE f.part = 'line' AND {_limit(layer, level)}"
        )
    return " UNION ALL ".join(f"({select})" for select in selects)


def _coverage(layer: Layer, level: int, source: str, kept: str) -> str:
    """Simplify the line work between polygons once and make the polygons of it again."""
    sliver = (SLIVER_PX * PX_M / (1 << tiles_of(layer).levels[level - 1].maxzoom)) ** 2
    x, y = _cells(layer, level)
    return (
        f"WITH whole AS MATERIALIZED {source},"
        " arc AS (SELECT _rank, (ST_Dump(ST_LineMerge(ST_UnaryUnion(ST_Collect("
        " ST_Boundary(geom)))))).geom AS geom FROM whole GROUP BY _rank),"
        " thin AS (SELECT _rank, ST_UnaryUnion(ST_Collect(ST_SimplifyPreserveTopology("
        f" geom, {tolerance_m(layer, level)!r}))) AS geom FROM arc GROUP BY _rank),"
        " face AS (SELECT _rank, (ST_Dump(ST_Polygonize(geom))).geom AS geom FROM thin"
        " GROUP BY _rank)"
        f" SELECT f._fid, f._rank, {kept}, NULL::text AS part, {x} AS _cx, {y} AS _cy,"
        " ST_Collect(face.geom) AS geom FROM whole f JOIN face ON face._rank = f._rank"
        f" AND ST_Area(face.geom) >= {sliver!r}"
        " AND ST_Intersects(f.geom, ST_PointOnSurface(face.geom))"
        f" GROUP BY f._fid, f._rank, {kept}, f._cx, f._cy"
    )

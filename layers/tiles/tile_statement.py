"""The statement of a tile: one prepared text per layer, level and class of caller.

$1, $2, $3 are z, x, y and $4 is the budget; what follows belongs to the scope or to a function.
"""
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from layers.declare.layer import Layer
from layers.declare.relation import ALIAS
from layers.query.row_scope import visible_sql
from layers.tiles.tile_sql import (
    BUFFER,
    CELL_ZOOM,
    EXTENT,
    SCHEMA,
    attribute_columns,
    attribute_list,
    base_condition,
    fid_sql,
    geometry_sql,
    ident,
    quote,
    rank_sql,
    relation,
    stored,
    table,
    tiles_of,
)
from spatial.actor import Actor

ENVELOPE = "ST_TileEnvelope($1, $2, $3)"
WINDOW = f"ST_TileEnvelope($1, $2, $3, margin => {BUFFER / EXTENT!r})"
FIRST_FREE = 5


@dataclass(frozen=True, slots=True)
class TileRequest:
    """What is asked for.

    Parameters
    ----------
    layer, level
        Declaration, and the tile table that serves the zoom.
    actor
        Whose rows beside the public ones; None for public rows only.
    values
        Values of a function's declared parameters.
    live
        Read the source itself although there should be tile tables.
    """

    layer: Layer
    level: int
    actor: Actor | None
    values: Mapping[str, object] = field(default_factory=dict)
    live: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement and the values of its parameters from $5 on."""

    text: str
    values: tuple[object, ...]


def tile_statement(asked: TileRequest, *, cut: bool) -> Statement:
    """Return the statement of a tile: columns mvt, rows, shown, total.

    Parameters
    ----------
    asked
        Layer, level and caller.
    cut
        More rows than the budget: keep the best ranked and count them all.
    """
    rows, values = _rows(asked)
    layer = asked.layer
    order = " ORDER BY _rank, _fid" if cut else ""
    names = "".join(f", {ident(name)}" for name in _carried(asked))
    shown = "count(DISTINCT t._fid) FILTER (WHERE t.part IS NULL)" if _cut_up(layer) else "count(*)"
    total = f"(SELECT count(DISTINCT _fid) FROM ({rows}) a)" if cut else "NULL"
    counted = f"{shown} AS shown, {total} AS total"
    if asked.level:
        counted = _counted(asked)
        if cut:
            drawn = "sum(t.n)" if _gridded(asked) else "count(*)"
            counted = f"{drawn} AS shown, {counted.partition(' AS shown, ')[2]}"
    text = (
        f"SELECT ST_AsMVT(t.*, {quote(layer.id)}, {EXTENT}, 'geom', '_fid') AS mvt,"
        f" count(*) AS rows, {counted}"
        f" FROM (SELECT _fid{names}, part,"
        f" ST_AsMVTGeom(geom, {ENVELOPE}, {EXTENT}, {BUFFER}, true) AS geom"
        f" FROM (SELECT * FROM ({rows}) r{order} LIMIT $4) k) t"
    )
    return Statement(text, values)


def _cut_up(layer: Layer) -> bool:
    return layer.geometry.type == "polygon" and stored(layer)


def _carried(asked: TileRequest) -> list[str]:
    names = attribute_columns(asked.layer, asked.level)
    if asked.level == 0:
        return ["id", *names]
    return [*names, "n"] if _gridded(asked) else names


def _gridded(asked: TileRequest) -> bool:
    declared = tiles_of(asked.layer).levels[asked.level - 1]
    return asked.layer.geometry.type == "point" and declared.cell_px is not None


def _rows(asked: TileRequest) -> tuple[str, tuple[object, ...]]:
    if asked.live or not stored(asked.layer):
        return _live_rows(asked)
    columns = ", ".join(["_fid", "_rank", *map(ident, _carried(asked)), "part", "geom"])
    layer_id, level = asked.layer.id, asked.level
    public = f"SELECT {columns} FROM {table(layer_id, level)} WHERE geom && {WINDOW}"
    if asked.actor is None:
        return public, ()
    seen, values = _seen(asked, "f", FIRST_FREE)
    mine = table(layer_id, level, restricted=True)
    return (
        f"{public} UNION ALL SELECT {columns} FROM {mine} f WHERE geom && {WINDOW} AND {seen}",
        tuple(values),
    )


def _seen(asked: TileRequest, alias: str, first: int) -> tuple[str, list[str]]:
    assert asked.actor is not None  # noqa: S101
    return visible_sql(asked.actor, alias, first, parties=asked.layer.source.parties)


def _live_rows(asked: TileRequest) -> tuple[str, tuple[object, ...]]:
    layer = asked.layer
    values: list[object] = []
    source = relation(layer)
    if layer.source.function:
        source, values = _call(layer, asked.values)
    seen = "t.visibility = 'public'"
    if asked.actor is not None:
        seen, scope = _seen(asked, ALIAS, FIRST_FREE + len(values))
        values.extend(scope)
    geometry = geometry_sql(layer)
    return (
        f"SELECT {fid_sql(layer)} AS _fid, {rank_sql(layer)} AS _rank,"
        f" t.{ident(layer.source.id)}::text AS id, {attribute_list(layer)},"
        f" NULL::text AS part, {geometry} AS geom FROM {source}"
        f" WHERE {base_condition(layer)} AND {geometry} && {WINDOW} AND {seen}",
        tuple(values),
    )


def _call(layer: Layer, given: Mapping[str, object]) -> tuple[str, list[object]]:
    """Return a function source with its arguments by name; z, x, y and bbox are the tile's."""
    tile = {"z": "$1", "x": "$2", "y": "$3", "bbox": f"ST_Transform({ENVELOPE}, 4326)::box2d::text"}
    arguments, values = [], []
    for parameter in layer.source.parameters:
        if parameter.name in tile:
            arguments.append(f"{ident(parameter.name)} => {tile[parameter.name]}")
            continue
        values.append(given.get(parameter.name, parameter.default))
        arguments.append(f"{ident(parameter.name)} => ${FIRST_FREE + len(values) - 1}")
    return f"sigang.{ident(layer.source.name)}({', '.join(arguments)}) {ALIAS}", values


def _counted(asked: TileRequest) -> str:
    """Return shown and total of a level's tile: the features anchored in the tile's area."""
    inside = " AND ".join(
        f"{{0}}{axis} BETWEEN ${n} << ({CELL_ZOOM} - $1) AND ((${n} + 1) << ({CELL_ZOOM} - $1)) - 1"
        for axis, n in (("x", 2), ("y", 3))
    )
    layer, level = asked.layer, asked.level
    source = f"FROM {SCHEMA}.cell_count WHERE layer = {quote(layer.id)} AND {inside.format('')}"
    shown = f"(SELECT coalesce(sum(kept[{level}]), 0) {source})"
    total = f"(SELECT coalesce(sum(n), 0) {source})"
    if asked.actor is None:
        return f"{shown} AS shown, {total} AS total"
    seen, _ = _seen(asked, "f", FIRST_FREE)
    limit = tiles_of(layer).levels[level - 1].max_rank
    mine = (
        f"(SELECT count(DISTINCT f._fid){{}} FROM {table(layer.id, restricted=True)} f"
        f" WHERE part IS NULL AND {inside.format('f._c')} AND {seen})"
    )
    kept = "" if limit is None else f" FILTER (WHERE f._rank <= {limit})"
    return f"{shown} + {mine.format(kept)} AS shown, {total} + {mine.format('')} AS total"

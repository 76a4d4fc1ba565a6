"""SQL text of tiles: from declarations to select lists, tile tables and tile statements.

Identifiers and codes come from checked declarations and are quoted here; what a request gives is
always a bound parameter.
"""
# ruff: noqa: S608

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import asyncpg as postgres

from layers.declare.layer import Column, Layer
from layers.declare.relation import ALIAS, JSON_READERS, resolve
from layers.declare.style import Rank, Tiles
from spatial.geo import crs

SCHEMA = "sigang_tiles"
CELL_ZOOM = 12
EXTENT = 4096
BUFFER = 64
EQUATOR_M = 40075016.685578488
PX_M = EQUATOR_M / 512
"""Width of a CSS pixel at zoom 0, in Web Mercator metres: a map draws a tile 512 px wide."""
FID_BITS = "x'FFFFFFFFFFFFF'::bigint"
SCOPE_COLUMNS = ("visibility", "admin_code", "unit_id")
VERTICES = 512
"""A polygon with more vertices is cut up, so that one tile does not clip a whole coast."""

_TYPES = {"int": "bigint", "number": "float8", "bool": "boolean"}


def ident(name: str) -> str:
    """Quote an identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote(value: str) -> str:
    """Quote a text constant of a declaration."""
    return "'" + value.replace("'", "''") + "'"


def tiles_of(layer: Layer) -> Tiles:
    """Return the layer's tile declaration; the caller knows that it has one."""
    if layer.tiles is None:
        raise ValueError(f"layer {layer.id} has no tiles")
    return layer.tiles


def stored(layer: Layer) -> bool:
    """Tell whether the layer is served from tile tables of its own."""
    return (
        layer.tiles is not None
        and layer.has_geometry
        and not layer.tiles.live
        and layer.source.function is None
    )


def table(layer_id: str, level: int = 0, *, restricted: bool = False, fresh: bool = False) -> str:
    """Return the quoted name of a tile table; level 0 holds the features themselves."""
    suffix = (str(level) if level else "") + ("r" if restricted else "") + ("~" if fresh else "")
    name = f"{layer_id}.{suffix}" if suffix else layer_id
    return f"{SCHEMA}.{ident(name)}"


def relation(layer: Layer, alias: str = ALIAS) -> str:
    """Return the layer's source with an alias."""
    return f"sigang.{ident(layer.source.name)} {alias}"


def base_condition(layer: Layer) -> str:
    """Return the condition that the declaration puts on its source, its constants written out."""
    dialect = postgres.dialect()  # type: ignore[no-untyped-call]
    options = {"literal_binds": True}
    return str(resolve(layer).base.compile(dialect=dialect, compile_kwargs=options))


def member_sql(path: str, operator: str = "#>", alias: str = ALIAS) -> str:
    """Return the expression of a member of a JSONB column, as `props.member`."""
    head, *rest = path.split(".")
    return f"({alias}.{ident(head)} {operator} '{{{','.join(rest)}}}')"


def column_sql(column: Column, alias: str = ALIAS) -> str:
    """Return the expression of a listed column, in a type that a tile can carry."""
    text = f"{alias}.{ident(column.column or column.name)}"
    if column.path:
        reader = JSON_READERS.get(column.type)
        text = member_sql(column.path, "#>" if reader else "#>>", alias)
        text = f"sigang.{reader}({text})" if reader else text
    if column.type == "datetime":
        local = f"{text}::timestamptz AT TIME ZONE 'Asia/Shanghai'"
        return f'to_char({local}, \'YYYY-MM-DD"T"HH24:MI:SS"+08:00"\')'
    return f"{text}::{_TYPES.get(column.type, 'text')}"


def rank_sql(layer: Layer, alias: str = ALIAS) -> str:
    """Return the expression of a feature's rank."""
    rank = tiles_of(layer).rank
    if rank is None:
        return "1"
    return _rank_case(rank, column_sql(layer.by_name[rank.column], alias))


def _rank_case(rank: Rank, value: str) -> str:
    if rank.values:
        arms = [f"WHEN {value} = {quote(k)} THEN {v}" for k, v in rank.values.items()]
    else:
        sign = ">=" if rank.order == "desc" else "<="
        arms = [f"WHEN {value} {sign} {s!r} THEN {i + 1}" for i, s in enumerate(rank.steps)]
    return f"(CASE {' '.join(arms)} ELSE {rank.default} END)"


def fid_sql(layer: Layer, alias: str = ALIAS) -> str:
    """Return the expression of the stable feature id of at most 52 bits."""
    id_ = f"{alias}.{ident(layer.source.id)}"
    if layer.source.id_type == "uuid":
        return f"(('x' || right(replace({id_}::text, '-', ''), 13))::bit(52)::bigint)"
    if layer.source.id_type == "int":
        return f"{id_}::bigint"
    return f"(hashtextextended({id_}, 0) & {FID_BITS})"


def geometry_sql(layer: Layer, alias: str = ALIAS) -> str:
    """Return the expression of the Web Mercator geometry."""
    if layer.geometry.column_3857:
        return f"{alias}.{ident(layer.geometry.column_3857)}"
    return f"ST_Transform({alias}.{ident(layer.geometry.column)}, {crs.WEB_MERCATOR})"


def cell_sql(axis: str, geometry: str, zoom: int = CELL_ZOOM) -> str:
    """Return the cell column (x) or row (y) that holds the middle of a geometry's box."""
    half, side = EQUATOR_M / 2, EQUATOR_M / (1 << zoom)
    if axis == "x":
        metres = f"(ST_XMin({geometry}) + ST_XMax({geometry})) / 2 + {half!r}"
    else:
        metres = f"{half!r} - (ST_YMin({geometry}) + ST_YMax({geometry})) / 2"
    return f"least({(1 << zoom) - 1}, greatest(0, floor(({metres}) / {side!r})))::int"


def scope_columns(layer: Layer) -> tuple[str, ...]:
    """Return the columns by which rows of a restricted tile table are seen."""
    return (*SCOPE_COLUMNS, "parties") if layer.source.parties else SCOPE_COLUMNS


def attributes(layer: Layer) -> list[str]:
    """Return the names that a feature's own tile carries beside its id."""
    names = [*tiles_of(layer).columns]
    return names if "origin" in names else [*names, "origin"]


def attribute_list(layer: Layer, alias: str = ALIAS) -> str:
    """Return the select list of the tile's attributes."""
    found = []
    for name in attributes(layer):
        column = layer.by_name.get(name)
        value = column_sql(column, alias) if column else f"{alias}.{ident(name)}::text"
        found.append(f"{value} AS {ident(name)}")
    return ", ".join(found)


@dataclass(frozen=True, slots=True)
class Part:
    """Which rows of a source fill a tile table.

    Parameters
    ----------
    restricted
        Which visibility class; the rows of a layer that is not public are all restricted.
    dirty
        Only what is anchored in the cells (z, x, y, box) of this temporary table; empty: all.
    rows
        Condition over `t` beside these, its constants written out.
    """

    restricted: bool
    dirty: str = ""
    rows: str = "true"


def drawable_sql(layer: Layer) -> str:
    """Return the condition of a geometry that tiles can show: finite, and within the square.

    One vertex that is no number makes GEOS simplify for ever, deaf to a cancel; and an index finds
    a point of such by any box.
    """
    geometry = geometry_sql(layer)
    sizes = {"line": ("Length",), "polygon": ("Perimeter",), "mixed": ("Length", "Perimeter")}
    measures = ["XMin", "YMin", *sizes.get(layer.geometry.type, ())]
    finite = " + ".join(f"ST_{measure}({geometry})" for measure in measures)
    return f"{geometry} && ST_TileEnvelope(0, 0, 0) AND {finite} < 'Infinity'::float8"


def source_select(layer: Layer, part: Part) -> str:
    """Return the select that fills a narrow table."""
    geometry, restricted = geometry_sql(layer), part.restricted
    side = "true" if not layer.access.public else f"(t.visibility <> 'public') = {restricted}"
    if restricted is False and not layer.access.public:
        side = "false"
    joined = relation(layer)
    condition = f"{base_condition(layer)} AND {side} AND {drawable_sql(layer)} AND {part.rows}"
    if part.dirty:
        joined += f" JOIN {part.dirty} d ON {geometry} && d.box"
        for axis in "xy":
            cell = cell_sql(axis, geometry)
            condition += f" AND ({cell} >> ({CELL_ZOOM} - d.z)) = d.{axis}"
    kept = scope_columns(layer) if restricted else ()
    scope = "".join(f" t.{name}," for name in kept if name not in attributes(layer))
    return (
        f"SELECT {fid_sql(layer)} AS _fid, t.{ident(layer.source.id)}::text AS id,"
        f" {rank_sql(layer)}::int AS _rank, {attribute_list(layer)},{scope} NULL::text AS part,"
        f" {cell_sql('x', geometry)} AS _cx, {cell_sql('y', geometry)} AS _cy,"
        f" {geometry} AS geom FROM {joined} WHERE {condition}"
    )


def narrow_select(layer: Layer, part: Part) -> str:
    """Return the select that fills a narrow table, polygons cut up and with their parts."""
    rows, restricted = source_select(layer, part), part.restricted
    if layer.geometry.type != "polygon":
        return rows
    names = ", ".join(map(ident, columns_of(layer, 0, restricted=restricted)))
    head = f"SELECT p._fid, p.id, p._rank, {names}, "
    tail = f" FROM ({rows}) p"
    cut = f"{head} p.part, p._cx, p._cy, c.geom{tail}, ST_Subdivide(p.geom, {VERTICES}) c(geom)"
    selects = [cut]
    if "label" in tiles_of(layer).parts:
        selects.append(f"{head} 'label', p._cx, p._cy, {label_point('p.geom')}{tail}")
    if "line" in tiles_of(layer).parts:
        selects.append(line_select(layer, f"({rows})", restricted=restricted))
    return " UNION ALL ".join(selects)


def label_point(geometry: str) -> str:
    """Return the expression of the point where a polygon is named: inside its largest part."""
    return (
        f"(SELECT ST_PointOnSurface(d.geom) FROM ST_Dump({geometry}) d"
        " ORDER BY ST_Area(d.geom) DESC LIMIT 1)"
    )


def line_select(layer: Layer, source: str, *, restricted: bool) -> str:
    """Return the select of each boundary once, as the best ranked of the polygons beside it.

    Parameters
    ----------
    layer
        Declaration of polygons; of a coverage only boundaries between two of a rank are drawn.
    source
        Relation of whole polygons with columns `_rank`, `origin`, the scope columns and `geom`.
    restricted
        Which visibility class; boundaries are shared within one scope only.
    """
    key = ["origin", *scope_columns(layer)] if restricted else ["origin"]
    names = ", ".join(
        f"b.{name}" if name in key else _line_value(layer, name)
        for name in columns_of(layer, 0, restricted=restricted)
    )
    keys = ", ".join(key)
    arcs = _shared_arcs(source, keys) if tiles_of(layer).coverage else _rings(source, keys)
    cells = f"{cell_sql('x', 'b.geom')}, {cell_sql('y', 'b.geom')}"
    return (
        f"SELECT NULL::bigint, NULL::text, b._rank, {names}, 'line', {cells},"
        f" ST_Subdivide(b.geom, {VERTICES}) FROM ({arcs}) b"
    )


def _rings(source: str, keys: str) -> str:
    return f"SELECT q._rank, {keys}, (ST_Dump(ST_Boundary(q.geom))).geom FROM {source} q"


def _shared_arcs(source: str, keys: str) -> str:
    """Return the select of the boundaries between two polygons of a rank, the best rank of each."""
    return (
        f"SELECT _rank, {keys}, (ST_Dump(ST_LineMerge(ST_Collect(edge)))).geom FROM ("
        f"SELECT min(_rank) AS _rank, {keys}, edge FROM ("
        f"SELECT _rank, {keys}, edge FROM ("
        f"SELECT q._rank, {keys}, ST_Normalize(ST_MakeLine(d.geom, lead(d.geom) OVER ("
        "PARTITION BY q._fid, d.path[1] ORDER BY d.path[2]))) AS edge"
        f" FROM {source} q, ST_DumpPoints(ST_Multi(ST_Boundary(q.geom))) d) points"
        f" WHERE ST_NPoints(edge) = 2 GROUP BY _rank, {keys}, edge HAVING count(*) >= 2) shared"
        f" GROUP BY {keys}, edge) once GROUP BY _rank, {keys}"
    )


def _line_value(layer: Layer, name: str) -> str:
    """Return what a boundary carries in a column: the kind of its better side, or nothing."""
    rank = tiles_of(layer).rank
    if rank is None or rank.column != name or not rank.values:
        return "NULL"
    arms = " ".join(f"WHEN {number} THEN {quote(k)}" for k, number in rank.values.items())
    return f"CASE b._rank {arms} END"


def attribute_columns(layer: Layer, level: int) -> list[str]:
    """Return the attribute columns of a tile table; a level keeps those it is merged by."""
    if level == 0:
        return attributes(layer)
    kept = list(tiles_of(layer).levels[level - 1].by) or attributes(layer)
    return kept if "origin" in kept else [*kept, "origin"]


def columns_of(layer: Layer, level: int, *, restricted: bool) -> list[str]:
    """Return the attribute columns of a tile table, and the scope columns of a restricted one."""
    names = attribute_columns(layer, level)
    if not restricted:
        return names
    return [*names, *(name for name in scope_columns(layer) if name not in names)]


def level_at(layer: Layer, z: int) -> int:
    """Return which tile table serves a zoom: 0 for the features themselves, else the level."""
    for number, level in enumerate(tiles_of(layer).levels, start=1):
        if z <= level.maxzoom:
            return number
    return 0


def tolerance_m(layer: Layer, level: int) -> float:
    """Return how far a level's geometry may lie off, in Web Mercator metres: half a pixel."""
    if level == 0:
        return 0.0
    return PX_M / (1 << tiles_of(layer).levels[level - 1].maxzoom) / 2

"""A layer's declaration resolved against the schema: relation, columns, fixed condition."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from geoalchemy2 import Geometry as GeometryColumn
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Double,
    FromClause,
    Integer,
    Numeric,
    Text,
    and_,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    table,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, REAL, UUID
from sqlalchemy.types import BigInteger, TypeEngine

from layers.cql.parse import parse
from layers.cql.sql import condition
from layers.cql.types import Expression, Typed
from layers.declare.layer import SYSTEM, Column, Layer, Parameter
from spatial.geo import crs
from spatial.schema.columns import SCHEMA
from spatial.schema.tables import metadata

ALIAS = "t"
GEOMETRY_NAMES = ("geom", "geometry")

SqlType: TypeAlias = TypeEngine[Any]
SQL_TYPES: dict[str, SqlType] = {
    "text": Text(),
    "int": BigInteger(),
    "number": Double(),
    "bool": Boolean(),
    "datetime": DateTime(timezone=True),
    "date": Date(),
    "uuid": UUID(),
    "json": JSONB(),
}

JSON_READERS = {
    "int": "json_int",
    "number": "json_number",
    "bool": "json_bool",
    "datetime": "json_time",
    "date": "json_date",
    "uuid": "json_uuid",
}
"""Functions of the schema that read a JSON member in a type: null for what is not of it."""


class UnknownColumn(ValueError):
    """A declaration names a column that its source does not have."""

    def __init__(self, key: str, name: str, source: str) -> None:
        super().__init__(f"{key}: {source} has no column {name!r}")


@dataclass(frozen=True, slots=True)
class Relation:
    """What queries of a layer are composed of."""

    layer: Layer
    table: FromClause
    id: Expression
    geom: Expression | None
    columns: Mapping[str, Expression]
    """Served value of each listed column."""
    names: Mapping[str, Typed]
    """What a filter may name: listed columns, id, origin and the geometry."""
    base: ColumnElement[bool]
    """Condition of the declaration itself: kinds and filter."""
    times: tuple[Expression, Expression | None] | None
    statements: dict[Hashable, object] = field(default_factory=dict, compare=False, repr=False)
    """Compiled statements by shape; they go when the catalogue is read again."""


def constant(value: str) -> ColumnElement[str]:
    """Return a constant of ours or of a declaration, written into the statement."""
    return literal_column("'" + value.replace("'", "''") + "'", Text)


def argument_name(name: str) -> str:
    """Return the name under which a function's parameter is bound."""
    return f"arg_{name}"


def resolve(layer: Layer, alias: str = ALIAS) -> Relation:
    """Resolve a declaration.

    Raises
    ------
    UnknownColumn, ValueError, BadParameter
        Names the wrong key.
    """
    rows = _rows(layer, alias)
    column_of = _Finder(layer, rows)
    served = {c.name: column_of.listed(c) for c in layer.columns}
    identity = column_of("source.id", layer.source.id)
    geom = column_of("geometry.column", layer.geometry.column) if layer.has_geometry else None
    names = {c.name: Typed(_comparable(served[c.name]), c.type) for c in layer.columns}
    names["id"] = Typed(identity, layer.source.id_type)
    names["origin"] = Typed(column_of("source", "origin"), "text")
    if geom is not None:
        names.update({name: Typed(geom, "geometry") for name in GEOMETRY_NAMES})
    return Relation(
        layer=layer,
        table=rows,
        id=identity,
        geom=geom,
        columns=served,
        names=names,
        base=_base(layer, rows, column_of),
        times=_times(layer, column_of),
    )


def _rows(layer: Layer, alias: str) -> FromClause:
    source = layer.source
    if source.table:
        found = metadata.tables.get(f"{SCHEMA}.{source.table}")
        if found is None:
            raise ValueError(f"source.table: no table {source.table!r}")
        return found.alias(alias)
    columns = [column(name, type_) for name, type_ in _declared(layer).items()]
    if source.view:
        return table(source.view, *columns, schema=SCHEMA).alias(alias)
    arguments = [_argument(p) for p in source.parameters]
    call = getattr(getattr(func, SCHEMA), str(source.function))(*arguments)
    rows: FromClause = call.table_valued(*columns).alias(alias)
    return rows


WORLD = {"z": "0", "x": "0", "y": "0", "bbox": "'BOX(-180 -85,180 85)'"}
"""Arguments by which a function learns of the tile asked; features ask it of the world."""


def _argument(parameter: Parameter) -> Expression:
    name: Expression = literal_column(f'"{parameter.name}"')
    value: Expression = bindparam(
        argument_name(parameter.name), parameter.default, SQL_TYPES[parameter.type]
    )
    if parameter.name in WORLD:
        value = literal_column(WORLD[parameter.name])
    return name.op("=>")(value)


def _declared(layer: Layer) -> dict[str, SqlType]:
    """Return the columns that a view or function must have."""
    found: dict[str, SqlType] = {name: Text() for name in ("kind", *SYSTEM)}
    found[layer.source.id] = SQL_TYPES[layer.source.id_type]
    if layer.source.parties:
        found["parties"] = ARRAY(Text())
    for listed in layer.columns:
        if listed.path:
            found[listed.path.partition(".")[0]] = JSONB()
        else:
            found[listed.column or listed.name] = SQL_TYPES[listed.type]
    if layer.has_geometry:
        found[layer.geometry.column] = GeometryColumn(srid=crs.WGS84)
        if layer.geometry.column_3857:
            found[layer.geometry.column_3857] = GeometryColumn(srid=crs.WEB_MERCATOR)
    if layer.time:
        for name in filter(None, (layer.time.field, layer.time.end)):
            found.setdefault(name, DateTime(timezone=True))
    return found


@dataclass(frozen=True, slots=True)
class _Finder:
    layer: Layer
    rows: FromClause

    def __call__(self, key: str, name: str) -> Expression:
        found = self.rows.c.get(name)
        if found is None:
            raise UnknownColumn(key, name, self.layer.source.name)
        return found

    def listed(self, declared: Column) -> Expression:
        key = f"columns.{declared.name}"
        if declared.path is None:
            return self(key, declared.column or declared.name)
        first, *rest = declared.path.split(".")
        holder = self(key, first)
        if declared.type == "text":
            return holder.op("#>>", return_type=Text())(_path(rest))
        value = holder.op("#>", return_type=JSONB())(_path(rest))
        if declared.type == "json":
            return value
        read = getattr(getattr(func, SCHEMA), JSON_READERS[declared.type])
        found: Expression = read(value, type_=SQL_TYPES[declared.type])
        return found


def _path(parts: list[str]) -> Expression:
    return constant("{" + ",".join(parts) + "}")


def _comparable(expression: Expression) -> Expression:
    """Return a column as filters compare it: a single-precision number by its decimal digits."""
    if isinstance(expression.type, REAL):
        return cast(cast(expression, Numeric), Double)
    return expression


def _base(layer: Layer, rows: FromClause, column_of: _Finder) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = []
    if layer.source.kinds:
        kind = column_of("source.kinds", "kind")
        parts.append(kind.in_([constant(k) for k in layer.source.kinds]))
    if layer.source.filter:
        names = {c.name: Typed(_comparable(c), type_of(c.type)) for c in rows.c}
        parts.append(condition(parse(layer.source.filter), names))
    return and_(true(), *parts)


def type_of(sql_type: SqlType) -> str:
    """Return the type, as declarations name it, of a column of the schema."""
    kinds: list[tuple[type[SqlType], str]] = [
        (GeometryColumn, "geometry"),
        (UUID, "uuid"),
        (Boolean, "bool"),
        (Integer, "int"),
        (Text, "text"),
        (DateTime, "datetime"),
        (Numeric, "number"),
        (Double, "number"),
    ]
    return next((name for kind, name in kinds if isinstance(sql_type, kind)), "json")


def _times(layer: Layer, column_of: _Finder) -> tuple[Expression, Expression | None] | None:
    if layer.time is None:
        return None
    start = column_of("time.field", layer.time.field)
    end = column_of("time.end", layer.time.end) if layer.time.end else None
    return start, end

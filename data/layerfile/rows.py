"""Rows of a layer file as rows of a table: types, kinds, props, codes, ids."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

import orjson
import shapely
from sqlalchemy import types
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import TypeEngine

from data.layerfile.mapping import LayerMapping
from data.layerfile.read import Row
from spatial.errors import BadParameter, ConfigError
from spatial.ids import stable_uuid7
from spatial.json_types import JsonObject
from spatial.postgres.ingest import storable
from spatial.schema.cells import as_bool, as_text, as_time
from spatial.schema.kinds import Kind, check_props
from spatial.schema.tables import metadata

_FIXED = {
    "id",
    "kind",
    "visibility",
    "origin",
    "source_id",
    "recorded_at",
    "props",
    "geom",
    "geom_3857",
    "admin_code",
    "unit_id",
    "from_node",
    "to_node",
    "length_m",
}


_REQUIRED = {"edge": ("class",)}


class RowMaker:
    """Turns the cells of one row into typed values for the mapped columns."""

    def __init__(self, kind: Kind, mapping: LayerMapping) -> None:
        self.kind, self.mapping = kind, mapping
        self.columns = self._columns()
        table = metadata.tables[f"sigang.{kind.table}"].columns
        self._filled = {name for name in self.columns if not table[name].nullable}
        self._readers = {name: _reader(_type(kind.table, name)) for name in self.columns}

    def _columns(self) -> list[str]:
        names = list(dict.fromkeys([*self.mapping.columns, *self.mapping.values]))
        known = metadata.tables[f"sigang.{self.kind.table}"].columns
        for name in names:
            if name in _FIXED or name not in known:
                raise ConfigError(
                    f"columns.{name}: table {self.kind.table} has no such column to fill",
                    f"columns.{name}：表 {self.kind.table} 没有可填的这一列",
                )
        for name in _REQUIRED.get(self.kind.table, ()):
            if name not in names:
                raise ConfigError(
                    f"columns.{name} must be mapped, or set in [values]",
                    f"columns.{name} 必须映射，或在 [values] 中写明",
                )
        return names

    def check_file(self, header: set[str]) -> None:
        """Raise when the mapping names a column or member that there is not."""
        mapping = self.mapping
        named = [
            *mapping.columns.values(),
            *mapping.props.values(),
            *mapping.attributes,
            *(c for c in (mapping.key, mapping.admin_code) if c),
            *(c for c in mapping.place.model_dump().values() if c),
        ]
        members = self.kind.props.model_fields
        for name in sorted(set(mapping.props) - set(members)):
            raise ConfigError(
                f"props.{name}: {self.kind.name} has no such member; it has {', '.join(members)}",
                f"props.{name}：类别 {self.kind.name} 没有此属性；现有：{'、'.join(members)}",
                mend_en="docs/add-a-layer.md says how a layer file declares one.",
                mend_zh="docs/add-a-layer.md 说明如何在图层文件中声明。",
            )
        for name in sorted(set(mapping.translate) - {*mapping.props, *self.columns}):
            raise ConfigError(
                f"translate.{name}: is none of {', '.join([*mapping.props, *self.columns])}",
                f"translate.{name}：不在 {'、'.join([*mapping.props, *self.columns])} 之中",
            )
        missing = sorted(set(named) - header)
        if missing:
            raise ConfigError(
                f"the file has no column {', '.join(missing)}; it has {', '.join(sorted(header))}",
                f"文件没有列 {'、'.join(missing)}；现有列：{'、'.join(sorted(header))}",
            )

    def values(self, row: Row) -> dict[str, object]:
        """Return the table's columns of a row; raise `BadParameter` naming the bad cell."""
        made: dict[str, object] = {}
        for name in self.columns:
            source = self.mapping.columns.get(name)
            value = row.get(source) if source else self.mapping.values[name]
            if value in (None, ""):
                value = self.mapping.values.get(name)
            value = self._translated(name, value)
            made[name] = None if value in (None, "") else self._read(name, value)
            if made[name] is None and name in self._filled:
                raise BadParameter(f"{name} is empty", f"{name} 为空")
        return made

    def _translated(self, name: str, value: object) -> object:
        return self.mapping.translate.get(name, {}).get(str(value), value)

    def _read(self, name: str, value: object) -> object:
        try:
            return self._readers[name](value)
        except (ValueError, TypeError, OverflowError) as error:
            raise BadParameter(
                f"{name}: {value!r} does not fit", f"{name}：{value!r} 不合格"
            ) from error

    def props(self, row: Row, placed: JsonObject | None) -> JsonObject:
        """Return the checked `props` of a row."""
        props: dict[str, object] = {
            name: self._translated(name, row.get(column))
            for name, column in self.mapping.props.items()
            if row.get(column) not in (None, "")
        }
        free = {n: _free(row[n]) for n in self.mapping.attributes if row[n] not in (None, "")}
        if free:
            props["attributes"] = free
        if placed:
            props["placed"] = placed
        if self.mapping.key and row.get(self.mapping.key) not in (None, ""):
            props["source_key"] = as_text(row[self.mapping.key])
        return check_props(self.kind, cast(JsonObject, props))


class Keys:
    """Gives each row the id that it keeps over loads: by its key, else by its content."""

    def __init__(self, mapping: LayerMapping) -> None:
        self._mapping = mapping
        self._seen: Counter[str] = Counter()

    def key_of(self, row: Row) -> str | None:
        """Return the row's key in its source; None where it has none."""
        value = row.get(self._mapping.key) if self._mapping.key else None
        return None if value in (None, "") else as_text(value)

    def id_of(self, row: Row, shape: shapely.Geometry) -> UUID:
        """Return the row's id; equal rows without a key are counted apart."""
        key = self.key_of(row)
        if key is None:
            body = orjson.dumps(row, default=str, option=orjson.OPT_SORT_KEYS)
            key = f"content/{body.hex()}/{shapely.to_wkb(shape, hex=True)}"
        else:
            key = f"key/{key}"
        self._seen[key] += 1
        number = self._seen[key]
        return stable_uuid7(self._mapping.source.id, key if number == 1 else f"{key}#{number}")


def admin_code(value: object) -> str | None:
    """Return a six-digit GB/T 2260 code of a cell (`3301`, 330100.0, `156330100`)."""
    if value in (None, ""):
        return None
    text = as_text(value)
    if re.fullmatch(r"156\d{6}", text):
        text = text[3:]
    if not re.fullmatch(r"\d{2}|\d{4}|\d{6}", text):
        raise BadParameter(f"not an admin code: {value!r}", f"不是行政区划代码：{value!r}")
    return text.ljust(6, "0")


def check_texts(row: Row) -> None:
    """Raise `BadParameter` where a cell holds a NUL or half a character: nothing stores these."""
    for name, value in row.items():
        text = value if isinstance(value, str) else str(value) if value else ""
        if storable(text) != text:
            raise BadParameter(f"{name}: a NUL or half a character", f"{name}：含 NUL 或残缺字符")


Read = Callable[[object], object]


def _type(table: str, name: str) -> TypeEngine[Any]:
    return metadata.tables[f"sigang.{table}"].columns[name].type


def _reader(type_: TypeEngine[Any]) -> Read:
    readers: list[tuple[type[TypeEngine[Any]], Read]] = [
        (ARRAY, _list),
        (JSONB, _json),
        (postgresql.UUID, lambda value: UUID(str(value))),
        (types.DateTime, as_time),
        (types.Boolean, as_bool),
        (types.Integer, lambda value: int(_finite(value))),
        (types.Float, _finite),
        (types.Numeric, _finite),
        (types.Text, as_text),
    ]
    for class_, read in readers:
        if isinstance(type_, class_):
            return read
    raise ConfigError(f"a column of type {type_} cannot be mapped", f"{type_} 类型的列不能映射")


def _finite(value: object) -> float:
    number = float(cast(float, value))
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number


def _free(value: object) -> object:
    return value if isinstance(value, str | int | float | bool) else str(value)


def _list(value: object) -> list[str]:
    if isinstance(value, list | tuple):
        return [str(item) for item in value]
    return [part.strip() for part in re.split(r"[;,，；、|]", str(value)) if part.strip()]


def _json(value: object) -> object:
    return orjson.loads(value) if isinstance(value, str) else value

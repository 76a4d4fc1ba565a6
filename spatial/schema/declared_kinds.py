"""Kinds whose `props` stand in a layer file: `[props]` of `<area>/*.layer.toml`.

A new kind is a name in `source.kinds`; its table is the layer's, its members are declared by type,
unit and range. A kind that `spatial.schema.kinds` lists keeps its own members and gets these.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
    model_validator,
)

from spatial.errors import ConfigError
from spatial.faults import list_faults, wrong_file
from spatial.schema.cells import as_bool, as_date, as_time
from spatial.schema.kinds import KINDS, TABLES, Kind, Props, Shape
from spatial.toml_file import Unreadable, parse_toml, read_bytes

PATTERN = "*/*.layer.toml"
NAME = re.compile(r"[a-z][a-z0-9_]*")
PropType = Literal["text", "int", "number", "bool", "datetime", "date"]
SHAPES: Mapping[str, Shape] = {
    "point": "point", "line": "line", "polygon": "polygon", "mixed": "any",
}  # fmt: skip
_TYPES: Mapping[str, Any] = {
    "text": str,
    "int": int,
    "number": float,
    "bool": Annotated[bool, BeforeValidator(as_bool)],
    "datetime": Annotated[datetime, BeforeValidator(as_time)],
    "date": Annotated[date, BeforeValidator(as_date)],
}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Title(_Part):
    """A name in both languages."""

    zh: str
    en: str


class Prop(_Part):
    """One member of a kind's `props`; `range` is least and most, `inf` for no end."""

    type: PropType
    title: Title
    description: Title | None = None
    unit: str | None = None
    range: tuple[float, float] | None = None
    values: dict[str, Title] | None = Field(default=None, min_length=1)
    """Codes that a text may be, with their titles."""

    @model_validator(mode="after")
    def _fits_its_type(self) -> Prop:
        numeric = self.type in ("int", "number")
        if not numeric and (self.range or self.unit):
            raise ValueError("unit and range belong to int or number")
        if self.range and not self.range[0] < self.range[1]:
            raise ValueError("range is [least, most], inf for no end")
        if self.values and self.type != "text":
            raise ValueError("values belong to text")
        return self

    @property
    def annotation(self) -> Any:
        """The type of the member in the model of its kind."""
        if self.values:
            return Literal[tuple(self.values)]
        if self.type not in ("int", "number"):
            return _TYPES[self.type]
        least, most = self.range or (-math.inf, math.inf)
        limits = Field(
            ge=least if math.isfinite(least) else None,
            le=most if math.isfinite(most) else None,
            allow_inf_nan=False if self.type == "number" else None,
        )
        return Annotated[_TYPES[self.type], limits]


class _Source(BaseModel):
    table: str | None = None
    kinds: tuple[str, ...] = ()


class _Geometry(BaseModel):
    type: str = "none"


class KindFile(BaseModel):
    """What a layer file says of its kind; the layer itself is read elsewhere."""

    source: _Source = _Source()
    geometry: _Geometry = _Geometry()
    props: dict[str, Prop] = {}


def declare(source: Any, geometry: Any, props: Mapping[str, Prop]) -> Kind | None:
    """Return the kind that a layer declares, None without `props`.

    Parameters
    ----------
    source, geometry
        Those of the layer: `table` and `kinds`, and `type`.
    props
        Its declared members by name.

    Raises
    ------
    ValueError
        Begins with the key that is wrong.
    """
    if not props:
        return None
    if len(source.kinds) != 1 or not NAME.fullmatch(source.kinds[0]):
        raise ValueError("source.kinds: props belong to one kind, so name one, in lower case")
    known = KINDS.get(source.kinds[0])
    table = source.table
    if table not in TABLES or (known and known.table != table):
        home = known.table if known else ", ".join(TABLES)
        raise ValueError(f"source.table: the kind lies in {home}")
    shape = SHAPES.get(geometry.type)
    if shape is None:
        raise ValueError(f"geometry.type: of a kind with props one of {', '.join(SHAPES)}")
    if TABLES[table] not in ("any", shape):
        raise ValueError(f"geometry.type: {table} holds {TABLES[table]}")
    base = known or Kind(source.kinds[0], table, shape)
    for name in props:
        if name in base.props.model_fields:
            raise ValueError(f"props.{name}: {base.name} has it already")
        if not NAME.fullmatch(name) or hasattr(BaseModel, name) or name.startswith("model_"):
            raise ValueError(f"props.{name}: cannot be a name; take lower case, digits and _")
    fields: dict[str, Any] = {
        name: (prop.annotation | None, Field(default=None, description=prop.title.en))
        for name, prop in props.items()
    }
    return Kind(base.name, table, base.shape, _extended(base, fields))


def _extended(base: Kind, fields: Mapping[str, Any]) -> type[Props]:
    return create_model(f"{base.name}_props", __base__=base.props, **fields)


def read_kinds(folder: Path) -> Mapping[str, Kind]:
    """Return all kinds by name: the listed ones, and those that layer files declare.

    Raises
    ------
    ConfigError
        A declaration is wrong; names file and key.
    """
    found, declared = dict(KINDS), dict[str, str]()
    for path in sorted(folder.glob(PATTERN)):
        place = f"{path.parent.name}/{path.name}"
        try:
            document = parse_toml(read_bytes(path))
            file = KindFile.model_validate(document)
            kind = declare(file.source, file.geometry, file.props)
        except ValidationError as error:
            key, why = list_faults(error, KindFile, document)[0]
            raise _wrong(place, f"{key}: {why}") from error
        except (Unreadable, ValueError) as error:
            raise _wrong(place, str(error)) from error
        if kind is None:
            continue
        if other := declared.get(kind.name):
            raise _wrong(place, f"props: {kind.name} has them in {other}")
        found[kind.name], declared[kind.name] = kind, place
    return MappingProxyType(found)


def _wrong(place: str, why: str) -> ConfigError:
    return wrong_file(
        place,
        why,
        mend_en="docs/add-a-layer.md says how the props of a kind are declared.",
        mend_zh="docs/add-a-layer.md 说明如何声明类别的属性。",
    )

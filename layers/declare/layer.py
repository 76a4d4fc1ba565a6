"""The Layer: something shown or queried, read from one TOML file and nothing else."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from layers.declare.base import Declaration, Text
from layers.declare.style import Legend, Style, Tiles
from spatial.schema.declared_kinds import Prop

Identifier = r"^[a-z][a-z0-9_]*$"
ColumnType = Literal["text", "int", "number", "bool", "datetime", "date", "uuid", "json"]
GeometryType = Literal["point", "line", "polygon", "mixed", "none"]
ParameterType = Literal["text", "int", "number", "bool", "datetime"]

RESERVED = frozenset(
    {"id", "origin", "geom", "geometry", "bbox", "datetime", "limit", "cursor", "offset"}
    | {"sortby", "filter", "crs", "f", "lang", "properties", "count"}
)
"""Names that no declared column may take: served by every layer, or query parameters."""

DERIVED = "derived_row"
"""Table of the rows that are computed."""

SYSTEM = ("admin_code", "unit_id", "visibility", "origin", "source_id")
"""Columns that every source has beside its id and geometry; scope and provenance need them."""


class Parameter(Declaration):
    """One declared parameter of a function source, passed by name."""

    name: str = Field(pattern=Identifier)
    type: ParameterType
    default: str | int | float | bool | None = None
    title: Text | None = None


class Source(Declaration):
    """Where the rows come from: a table of `spatial.schema.tables`, a view, or an SQL function.

    A view or function lives in schema `sigang`, gives the columns of `SYSTEM`, the id and the
    geometry beside the declared columns, and reads tables with the rights of its caller.
    """

    table: str | None = Field(default=None, pattern=Identifier)
    view: str | None = Field(default=None, pattern=Identifier)
    function: str | None = Field(default=None, pattern=Identifier)
    parameters: tuple[Parameter, ...] = ()
    kinds: tuple[Annotated[str, Field(pattern=Identifier)], ...] = ()
    filter: str | None = None
    """CQL2 text over columns of the table; always applied."""
    id: str = Field(default="id", pattern=Identifier)
    id_type: Literal["uuid", "text", "int"] = "uuid"
    parties: bool = False
    """Rows name in `parties` desks that see them, whatever their scope."""

    @model_validator(mode="after")
    def _one_kind_of_source(self) -> Source:
        if sum(x is not None for x in (self.table, self.view, self.function)) != 1:
            raise ValueError("name exactly one of table, view, function")
        if self.parameters and self.function is None:
            raise ValueError("parameters belong to a function source")
        return self

    @property
    def name(self) -> str:
        """Return the relation's name in the database, without schema."""
        return self.table or self.view or self.function or ""


class Geometry(Declaration):
    """Type and columns of the geometry; `none` for a layer without one."""

    type: GeometryType
    column: str = Field(default="geom", pattern=Identifier)
    """EPSG:4326 column, served as GeoJSON."""
    column_3857: str | None = "geom_3857"
    """EPSG:3857 column, served as tiles; null when the source has none."""


class Column(Declaration):
    """One property that the layer serves; nothing else ever leaves."""

    name: str = Field(pattern=Identifier)
    title: Text
    type: ColumnType
    description: Text | None = None
    unit: str | None = None
    range: tuple[float, float] | None = None
    """Least and most that a number may be; infinite for no end."""
    column: str | None = Field(default=None, pattern=Identifier)
    """Column of the source; the property's name when null."""
    path: str | None = Field(default=None, pattern=r"^[a-z_]+(\.[A-Za-z0-9_]+)+$")
    """Member of a JSONB column, as `props.member`."""
    values: dict[str, Text] | None = None
    """Titles of the codes of an enumerated column."""

    @model_validator(mode="after")
    def _column_or_path(self) -> Column:
        if self.column and self.path:
            raise ValueError("name column or path, not both")
        if self.name in RESERVED:
            raise ValueError(f"the name {self.name!r} is reserved")
        return self


class Access(Declaration):
    """Who may read: `public` opens the layer's public rows to everyone."""

    public: bool = False
    export: bool = True
    roles: tuple[Literal["dispatcher", "planner", "duty", "developer", "admin"], ...] = ()
    """Roles that may read a layer that is not public; empty: every signed-in account."""
    sensitive: bool = False
    """Rows concern persons: whoever may not read them learns of public ones by numbers only, and
    of these none below the `k` of an indicator."""

    @model_validator(mode="after")
    def _sensitive_is_not_public(self) -> Access:
        if self.sensitive and self.public:
            raise ValueError("a sensitive layer is not public")
        return self

    def within(self, roles: Collection[str]) -> bool:
        """Tell whether nobody may read but these roles."""
        return not self.public and bool(self.roles) and set(self.roles) <= set(roles)


class Editable(Declaration):
    """What the map offers to write with a layer's rows."""

    kind: Literal["closure", "undo", "event"]


class Computed(Declaration):
    """The process that makes the rows of a layer, with fixed inputs, and when it runs again.

    It runs anew when rows of the layers that its inputs name, its rules, its declaration or the
    network that it reads change, `rest_s` after the last run at the earliest; and every `every_s`.
    """

    process: str
    inputs: dict[str, object] = {}
    output: str
    """Output of features; the id of each is the key of its row, its properties are `props`."""
    visibility: Literal["public", "unit", "province"] = "unit"
    rules: tuple[str, ...] = ()
    """Rules that it stands on."""
    stands_on: tuple[str, ...] = ()
    """Layers that it reads beside those that its inputs name."""
    every_s: float | None = Field(default=None, ge=60, allow_inf_nan=False)
    rest_s: float = Field(default=60.0, ge=0, allow_inf_nan=False)


class Time(Declaration):
    """The time of a row: an instant column, or an interval from `field` to `end` (half-open)."""

    field: str = Field(default="valid_from", pattern=Identifier)
    end: str | None = Field(default=None, pattern=Identifier)


_TAKEN = ("title", "description", "type", "unit", "range", "values")


def _taking_after(column: Any, props: dict[str, Any]) -> Any:
    """Return a column as it is written, with what it leaves out of the member it shows."""
    path = column.get("path") if isinstance(column, dict) else None
    holder, _, name = path.partition(".") if isinstance(path, str) else ("", "", "")
    prop = props.get(name) if holder == "props" else None
    if not isinstance(prop, dict):
        _check_member(column, holder, name.partition(".")[0], props)
        return column
    for key in ("type", "unit", "range"):
        if key in column and column[key] != prop.get(key):
            raise ValueError(f"columns.{column.get('name')}.{key}: props.{name} says otherwise")
    return {key: prop[key] for key in _TAKEN if key in prop} | column


def _check_member(column: Any, holder: str, name: str, props: dict[str, Any]) -> None:
    """Refuse a column that leaves out what only a declared member could tell."""
    if holder == "props" and name not in props and not {"title", "type"} <= set(column):
        raise ValueError(
            f"columns.{column.get('name')}.path: props has no {name}; declared: {', '.join(props)}"
        )


class Layer(Declaration):
    """One layer: features, tiles, legend, queryables, access and tree entry follow from it."""

    id: str = Field(pattern=Identifier)
    area: str = Field(pattern=Identifier)
    """The folder that the file lies in; set by the catalogue."""
    title: Text
    description: Text
    source: Source
    geometry: Geometry
    props: dict[str, Prop] = {}
    """Members of the `props` of the layer's kind; a column with such a path takes after them."""
    columns: tuple[Column, ...]
    access: Access = Access()
    time: Time | None = None
    computed: Computed | None = None
    """Its rows are computed, and lie in `derived_row` as the kind that is the layer's id."""
    tiles: Tiles | None = None
    style: Style | None = None
    legend: Legend | None = None
    order: int = 100
    """Place in the tree and in the drawing, low numbers first and below."""
    visible: bool = False
    """Shown when a map opens."""
    editable: Editable | None = None
    """Kind of writing that the map may offer, as `{kind = "closure"}`."""
    search: bool = False
    search_words: tuple[str, ...] = ()
    """What people call the kind of thing, beside the title, in any language of theirs."""
    kpi: bool = False
    """Its count is a key figure of the map."""
    strip: bool = False
    """Named in the map's line of origins."""
    sort: str | None = Field(default=None, pattern=Identifier)
    """Column that orders the items by default; the id breaks ties."""

    @model_validator(mode="before")
    @classmethod
    def _columns_take_after_props(cls, given: Any) -> Any:
        """Give a column of a declared member what it leaves out; its type cannot be another."""
        props = given.get("props") if isinstance(given, dict) else None
        columns = given.get("columns") if props and isinstance(props, dict) else None
        if not isinstance(columns, list | tuple):
            return given
        return {**given, "columns": [_taking_after(column, props or {}) for column in columns]}

    @model_validator(mode="after")
    def _names_unique(self) -> Layer:
        names = [column.name for column in self.columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"columns: listed twice: {', '.join(twice)}")
        if self.sort and self.sort not in names:
            raise ValueError(f"sort: no listed column {self.sort!r}")
        return self

    @model_validator(mode="after")
    def _computed_rows_have_their_table(self) -> Layer:
        if (self.computed is not None) != (self.source.table == DERIVED):
            raise ValueError(f"source.table: {DERIVED} holds the rows of computed layers alone")
        if self.computed is not None and self.source.kinds != (self.id,):
            raise ValueError(f"source.kinds: the kind of a computed layer is its id, {self.id}")
        return self

    @model_validator(mode="after")
    def _tiles_carry_listed_columns(self) -> Layer:
        if self.tiles is None:
            return self
        ranked = [self.tiles.rank.column] if self.tiles.rank else []
        known = {column.name for column in self.columns} | {"origin"}
        missing = sorted({*self.tiles.columns, *ranked} - known)
        if missing:
            raise ValueError(f"tiles.columns: not listed: {', '.join(missing)}")
        return self

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Map each listed column's name to its declaration."""
        return {column.name: column for column in self.columns}

    @property
    def has_geometry(self) -> bool:
        """Tell whether features of this layer have a geometry."""
        return self.geometry.type != "none"

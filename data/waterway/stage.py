"""Read the tables of a delivery into typed rows; a bad row is refused with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psycopg
import shapely
from pydantic import ValidationError

from data.layerfile.georeference import Placer
from data.layerfile.read import Row as Cells
from data.layerfile.read import Table, read_table, refuse
from data.waterway.mapping import TableFile, WaterwayMapping
from data.waterway.tables import ROWS, Row, columns_of
from spatial.errors import ConfigError
from spatial.geo.admin_units import AdminUnits
from spatial.postgres.ingest import BadRow

R = TypeVar("R", bound=Row)

PLACED = ("reaches", "sites")
"""Tables whose rows lie somewhere."""


@dataclass
class Staged:
    """The rows of one table that are good so far, by their number in the file, and the bad ones."""

    name: str
    file: str
    rows: dict[int, Row] = field(default_factory=dict)
    shapes: dict[int, shapely.Geometry] = field(default_factory=dict)
    cells: list[Cells] = field(default_factory=list)
    bad: dict[int, tuple[str, str]] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    """Columns of the file that nothing is read from."""

    def refuse(self, index: int, reason: str, detail: str) -> None:
        """Mark a row bad; the first reason stays."""
        self.bad.setdefault(index, (reason, detail))
        self.rows.pop(index, None)

    def bad_rows(self) -> list[BadRow]:
        """Return the refused rows with their table and their number in it, from 1."""
        return [
            BadRow(i + 1, reason, f"{self.file}: {detail}", {"table": self.name, **self.cells[i]})
            for i, (reason, detail) in sorted(self.bad.items())
        ]


def stage_table(
    conn: psycopg.Connection, folder: Path, name: str, mapping: WaterwayMapping, table: TableFile,
    units: AdminUnits,
) -> Staged:  # fmt: skip
    """Read one table.

    Raises
    ------
    Quarantined, ConfigError
        Its file cannot be read; its mapping names a column that there is not.
    """
    path = folder / table.file
    layer = mapping.layer_mapping(table)
    content = read_table(path, layer)
    if not content.rows:
        raise refuse(path, "has no row", "没有数据行")
    staged = Staged(name, table.file, cells=content.rows)
    named, staged.unread = _columns(name, table, content)
    if name in PLACED:
        _place(staged, Placer(conn, layer, units), content)
    for i, cells in enumerate(content.rows):
        if i not in staged.bad:
            _take(staged, i, cells, table, named)
    return staged


def _columns(name: str, table: TableFile, content: Table) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return which column of the file each of ours is, and those that nothing is read from."""
    ours = columns_of(name)
    header = list(dict.fromkeys(column for row in content.rows for column in row))
    for key in (*table.columns, *table.values, *table.translate):
        if key not in ours:
            raise ConfigError(
                f"{name}.columns.{key}: {name} have {', '.join(ours)}",
                f"{name}.columns.{key}：{name} 只有 {'、'.join(ours)}",
            )
    for key, column in table.columns.items():
        if column not in header:
            raise ConfigError(
                f"{name}.columns.{key}: {table.file} has no column {column!r}",
                f"{name}.columns.{key}：{table.file} 没有列 {column!r}",
            )
    named = {key: table.columns.get(key, key) for key in ours}
    place = {v for v in table.place.model_dump().values() if v}
    unread = tuple(c for c in header if c not in {*named.values(), *place, "id"})
    return named, unread


def _place(staged: Staged, placer: Placer, content: Table) -> None:
    shapes = placer.place(content, staged.refuse)
    lines = staged.name == "reaches"
    for i, shape in enumerate(shapes):
        if i in staged.bad:
            continue
        if shape is None or shape.is_empty:
            staged.refuse(i, "no-geometry", "几何为空 / no geometry")
            continue
        single = shapely.get_num_geometries(shape) == 1
        staged.shapes[i] = shapely.get_geometry(shape, 0) if single else shape
        kind = staged.shapes[i].geom_type
        if lines and (kind != "LineString" or not shape.length):
            staged.refuse(i, "bad-geometry", f"{kind} is not one line with a length")


def _take(staged: Staged, i: int, cells: Cells, table: TableFile, named: dict[str, str]) -> None:
    """Make the typed row of some cells; empty ones take the mapping's value."""
    given: dict[str, object] = {}
    for ours, column in named.items():
        value = cells.get(column)
        if isinstance(value, str) and value in table.translate.get(ours, {}):
            value = table.translate[ours][value]
        given[ours] = table.values.get(ours) if value in (None, "") else value
    try:
        staged.rows[i] = ROWS[staged.name].model_validate(
            {key: value for key, value in given.items() if value is not None}
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        why = first["msg"].removeprefix("Value error, ")
        shown = f"{where}: {str(first['input'])[:60]!r}: {why}" if where else why
        staged.refuse(i, "bad-value", shown)


def good_rows(staged: Staged, model: type[R]) -> list[tuple[int, R]]:
    """Return the rows that are still good with their index."""
    return [(i, row) for i, row in staged.rows.items() if isinstance(row, model)]


def single_rows(
    staged: Staged, model: type[R], key_of: Callable[[R], object]
) -> list[tuple[int, R]]:
    """Return the good rows with their index; of those with one key the first stays, alone."""
    seen: set[object] = set()
    for i, row in good_rows(staged, model):
        key = key_of(row)
        if key in seen:
            staged.refuse(i, "duplicate-id", f"编号重复 / duplicate id: {key}")
        seen.add(key)
    return good_rows(staged, model)


def refused_by_reason(tables: list[Staged]) -> Counter[str]:
    """Count the refused rows of all tables by reason."""
    return Counter(reason for table in tables for reason, _ in table.bad.values())

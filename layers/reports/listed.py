"""Rows of a computed layer that a report lists by unit, as they stood when it was frozen."""

from __future__ import annotations

import math
from collections.abc import Mapping

from layers.declare.layer import Column, Layer
from layers.reports import store
from layers.reports.model import Listed
from layers.reports.seal import Told, digits
from spatial.actor import Actor

DIGITS = 4


def read_listed(
    conn: store.Conn, listed: Listed, layer: Layer, actor: Actor, *, late: bool
) -> Told:
    """Return a list of a document with the rows that an actor may see.

    It is without rows where it is too `late` to know those of then.
    """
    columns = {column.name: column for column in layer.columns}
    shown = [columns[name] for name in listed.columns]
    rows = [] if late else _rows(conn, listed, layer, columns, actor)
    return {
        "layer": layer.id,
        "title": {"zh": layer.title.zh, "en": layer.title.en},
        "late": late,
        "columns": [_column(column) for column in shown],
        "computed": max((str(row["valid_from"]) for row in rows), default=None),
        "rules": sorted({str(row["rule_version"]) for row in rows}),
        "origins": sorted({str(row["origin"]) for row in rows}),
        "sources": sorted({str(row["source_id"]) for row in rows if row["source_id"]}),
        "rows": [
            {"unit": row["admin_code"], "values": [_plain(_value(row, one)) for one in shown]}
            for row in rows
        ],
    }


def _rows(
    conn: store.Conn, listed: Listed, layer: Layer, columns: Mapping[str, Column], actor: Actor
) -> list[Told]:
    found = store.read_derived(conn, layer.source.kinds)
    chosen = [
        row
        for row in found
        if actor.sees(row["admin_code"], row["visibility"], row["unit_id"])
        and all(_value(row, columns[name]) == value for name, value in listed.only.items())
    ]
    first = columns[listed.order]
    return sorted(chosen, key=lambda row: _number(_value(row, first)), reverse=True)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else -math.inf


def _value(row: Told, column: Column) -> object:
    value: object = row
    for part in (column.path or column.column or column.name).split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _column(column: Column) -> Told:
    values = column.values or {}
    return {
        "name": column.name,
        "title": {"zh": column.title.zh, "en": column.title.en},
        "number": column.type in ("number", "int"),
        "values": {code: {"zh": text.zh, "en": text.en} for code, text in values.items()},
    }


def _plain(value: object) -> object:
    """Return a value as documents have it: numbers as decimal text."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return digits(round(value, DIGITS))

"""Rows of examples: written, counted by the statements of indicators, and taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import asyncpg

from layers.declare.catalog import Catalog
from layers.declare.layer import Layer
from layers.indicators.catalog import read_indicators
from layers.indicators.index import IndexValue
from layers.indicators.numbers import Number, Numbers
from layers.indicators.periods import parse_period
from layers.indicators.rollup import Tallies
from layers.indicators.units import Unit, units_of
from layers.indicators.values import count_tallies
from layers.scenarios.model import IndicatorExample
from spatial.actor import Actor
from spatial.ids import uuid7
from spatial.json_types import Document
from spatial.postgres.db import Database
from spatial.rules import Rules

WRITABLE = ("event",)
"""Tables in which the application may write the rows of an example."""
UNIT = "990101"
"""A county that there is not: rows of the database never count beside those of an example."""
NOBODY = Actor("example", "admin", "990000")
_PLAIN = {"admin_code": UNIT, "visibility": "unit", "origin": "synthetic", "source_id": "decisions"}
_INSERT = """
INSERT INTO sigang.{table} ({columns})
SELECT {columns} FROM jsonb_populate_record(NULL::sigang.{table}, $1)"""


class _TakenBack(Exception):
    """Ends the transaction of an example, so that nothing of it stays."""


async def count_example(
    example: IndicatorExample, db: Database, catalog: Catalog, rules: Rules
) -> Document:
    """Return the number that the rows of an example give, as its page shows it."""
    found: list[Number] = []
    try:
        async with db.write(NOBODY) as conn:
            for name, rows in example.rows.items():
                await _write(conn, catalog.get_layer(name), rows)
            found.append(await _count(conn, example, catalog, rules))
            raise _TakenBack
    except _TakenBack:
        return _shown(found[0])


async def _write(
    conn: asyncpg.Connection, layer: Layer, rows: Iterable[Mapping[str, object]]
) -> None:
    for row in rows:
        written = _stored(layer, row)
        columns = ", ".join(written)  # names of a declared layer's columns, and of ours
        sql = _INSERT.format(table=layer.source.table, columns=columns)
        await conn.execute(sql, written)


def _stored(layer: Layer, row: Mapping[str, object]) -> dict[str, object]:
    """Return a row as its table has it, by the columns of its layer."""
    kinds = {"kind": layer.source.kinds[0]} if layer.source.kinds else {}
    stored: dict[str, object] = {"id": str(uuid7()), **_PLAIN, **kinds}
    for name, value in row.items():
        column = layer.by_name[name]
        first, *rest = (column.path or column.column or name).split(".")
        stored[first] = _within(stored.get(first), rest, value)
    return stored


def _within(holder: object, path: list[str], value: object) -> object:
    """Return a JSON object with a value at a path; the value itself where there is none."""
    if not path:
        return value
    kept: dict[str, object] = holder if isinstance(holder, dict) else {}
    return {**kept, path[0]: _within(kept.get(path[0]), path[1:], value)}


async def _count(
    conn: asyncpg.Connection, example: IndicatorExample, catalog: Catalog, rules: Rules
) -> Number:
    indicators, period = catalog.part(read_indicators), parse_period(example.period)
    now, nowhere = datetime.now(UTC), units_of(())
    tallies: dict[str, Sequence[Tallies]] = {}
    for leaf in sorted(indicators.stands_on[example.indicator]):
        population = indicators.populations[leaf]
        tallies[leaf] = await count_tallies(conn, population, NOBODY, [period], now, nowhere)
    numbers = Numbers(indicators, nowhere, [period], now, lambda _: rules, tallies, {})
    unit = Unit(UNIT, "county", example.title)
    return numbers.of(example.indicator, unit)


def _shown(number: Number) -> Document:
    return {
        "value": number.value,
        "numerator": None if number.numerator is None else float(number.numerator),
        "denominator": None if number.denominator is None else float(number.denominator),
        **({} if number.index is None else _decomposed(number.index)),
    }


def _decomposed(index: IndexValue) -> Document:
    return {
        "raw": index.raw,
        "parts": {
            part.name: {"score": part.score, "weight": part.weight, "gives": part.gives}
            for part in index.parts
        },
        "vetoes": [held.veto.indicator for held in index.vetoes],
    }

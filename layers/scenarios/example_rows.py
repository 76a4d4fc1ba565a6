"""Rows of examples: written, counted by the statements of indicators, and taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import asyncpg

from layers.declare.base import Text
from layers.declare.catalog import Catalog
from layers.declare.layer import DERIVED, Layer
from layers.indicators.by_code import split_index
from layers.indicators.catalog import read_indicators
from layers.indicators.index import IndexValue
from layers.indicators.numbers import Number, Numbers
from layers.indicators.periods import parse_period
from layers.indicators.population import Population
from layers.indicators.ranking import rank_units
from layers.indicators.rollup import Tallies
from layers.indicators.statement import Cell
from layers.indicators.units import Unit, Units, units_of
from layers.indicators.values import count_tallies
from layers.scenarios.model import IndicatorExample
from spatial.actor import Actor
from spatial.ids import uuid7
from spatial.json_types import Document
from spatial.postgres.db import Database
from spatial.rules import Rules

_SEEN = {"visibility": "unit"}
_MADE = {"origin": "derived", "source_id": "computed", "run": str(UUID(int=0))}
WRITABLE: Mapping[str, Mapping[str, object]] = {
    "event": {**_SEEN, "origin": "synthetic", "source_id": "decisions"},
    "derived_row": {**_SEEN, **_MADE, "inputs_digest": "example"},
}
"""Tables in which the application may write the rows of an example, and what each row has."""
ELSEWHERE = "99"
"""A province that there is not: rows of the database never count beside those of an example. The
counties that its rows name lie there meanwhile."""
UNIT = f"{ELSEWHERE}0101"
NOBODY = Actor("example", "admin", f"{ELSEWHERE}0000")
_INSERT = """
INSERT INTO sigang.{table} ({columns})
SELECT {columns} FROM jsonb_populate_record(NULL::sigang.{table}, $1)"""


class _TakenBack(Exception):
    """Ends the transaction of an example, so that nothing of it stays."""


async def count_example(
    example: IndicatorExample, db: Database, catalog: Catalog, rules: Rules
) -> Document:
    """Return the number that the rows of an example give, as its page shows it."""
    found: list[Document] = []
    try:
        async with db.write(NOBODY) as conn:
            for name, rows in example.rows.items():
                await _write(conn, catalog.get_layer(name), rows)
            found.append(await _count(conn, example, catalog, rules))
            raise _TakenBack
    except _TakenBack:
        return found[0]


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
    plain = WRITABLE[str(layer.source.table)]
    identity = str(uuid7())
    keyed = {"key": identity} if layer.source.table == DERIVED else {}
    stored: dict[str, object] = {"id": identity, "admin_code": UNIT, **keyed, **plain, **kinds}
    for name, value in row.items():
        column = layer.by_name[name]
        first, *rest = (column.path or column.column or name).split(".")
        stored[first] = _within(stored.get(first), rest, value)
    stored["admin_code"] = _moved(str(stored["admin_code"]))
    return stored


def _moved(code: str) -> str:
    """Return the code of a county where its rows lie meanwhile."""
    return ELSEWHERE + code[len(ELSEWHERE) :]


def _within(holder: object, path: list[str], value: object) -> object:
    """Return a JSON object with a value at a path; the value itself where there is none."""
    if not path:
        return value
    kept: dict[str, object] = holder if isinstance(holder, dict) else {}
    return {**kept, path[0]: _within(kept.get(path[0]), path[1:], value)}


async def _count(
    conn: asyncpg.Connection, example: IndicatorExample, catalog: Catalog, rules: Rules
) -> Document:
    indicators, period = catalog.part(read_indicators), parse_period(example.period)
    now, nowhere = datetime.now(UTC), units_of(())
    tallies: dict[str, Sequence[Tallies]] = {}
    for leaf in sorted(indicators.stands_on[example.indicator]):
        population = indicators.populations[leaf]
        if leaf in example.sides:
            tallies[leaf] = [_given(population, example.sides[leaf])]
            continue
        tallies[leaf] = await count_tallies(conn, population, NOBODY, [period], now, nowhere)
    named = [row.get("admin_code") for rows in example.rows.values() for row in rows]
    codes = sorted({str(code) for code in named if code is not None})
    units = _units(codes, example.title)
    numbers = Numbers(indicators, units, [period], now, lambda _: rules, tallies, {})
    key, unit = example.indicator, Unit(UNIT, "county", example.title)
    if codes:
        return _of_units(numbers, key, codes)
    return {**_shown(numbers.of(key, unit)), **_split(numbers, key, unit)}


def _split(numbers: Numbers, key: str, unit: Unit) -> Document:
    """Return an index by the codes of each of its columns."""
    index = numbers.indicators.indices.get(key)
    if index is None or not index.by:
        return {}
    found = {
        column: {
            str(code): _shown(number)
            for code, number in split_index(numbers, index, unit, column).items()
        }
        for column in index.by
    }
    return {"by": found}


def _given(population: Population, sides: tuple[float, float]) -> Tallies:
    """Return a number of which both sides are given instead of rows."""
    above, below = (Decimal(str(side)) for side in sides)
    by = (None,) * len(population.by)
    has_below = population.denominator is not None
    cell = Cell(1, UNIT, "synthetic", by, above, below if has_below else None, 1)
    return Tallies(population, [cell], None)


def _units(codes: Sequence[str], title: Text) -> Units:
    """Return counties with their prefectures and the province, where their rows lie meanwhile."""
    prefectures = {f"{code[:4]}00" for code in codes}
    return Units(
        [
            *(Unit(_moved(code), "county", title) for code in codes),
            *(Unit(_moved(code), "prefecture", title) for code in prefectures),
            Unit(NOBODY.scope, "province", title),
        ]
    )


def _of_units(numbers: Numbers, key: str, codes: Sequence[str]) -> Document:
    """Return the number of the whole and of each unit by its own code, and who is first."""
    own = {_moved(code): code for code in codes}
    counties = numbers.units.of_level("county")
    prefectures = numbers.units.of_level("prefecture")
    home = f"{codes[0][:2]}"
    found = {home + unit.code[2:]: numbers.of(key, unit) for unit in [*counties, *prefectures]}
    ranked = rank_units(numbers, key, counties)
    return {
        **_shown(numbers.of(key, numbers.units.of_level("province")[0])),
        "units": {code: _shown(number) for code, number in found.items()},
        "ranking": {
            "ranks": {own[code]: place for code, place in ranked.ranks.items()},
            "order": [own[code] for code in ranked.order],
            "unranked": [own[code] for code in ranked.unranked],
        },
    }


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

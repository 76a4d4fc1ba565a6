"""Truths of the sample: looked for in the rows and numbers as they are, for the whole province."""

from __future__ import annotations

from datetime import datetime

import orjson

from layers.declare.catalog import Catalog
from layers.features.features import MAX_LIMIT, read_page
from layers.indicators.catalog import read_indicators
from layers.indicators.numbers import Asked, read_numbers
from layers.indicators.periods import period_at, series
from layers.indicators.units import UnitReader
from layers.query.filters import read_query
from spatial.actor import Actor
from spatial.json_types import Document
from spatial.postgres.db import Database
from spatial.rules import Rules
from spatial.truths import LOOKED_AT, Truth

PROVINCE = Actor("example", "admin", "330000")
SHOWN_DIGITS = 2
_ANCHOR = """
SELECT options ->> 'anchor' FROM sigang.load_run
WHERE kind = 'sample' AND state = 'done' AND options ? 'anchor' ORDER BY started_at DESC LIMIT 1"""


async def sample_anchor(db: Database) -> datetime | None:
    """Return the start of the day of the sample that is loaded, None where there is none."""
    found = await db.find(_ANCHOR)
    return datetime.fromisoformat(found[0]) if found else None


async def find_truth(
    truth: Truth, anchor: datetime, db: Database, catalog: Catalog, rules: Rules,
    reader: Actor = PROVINCE,
) -> Document:  # fmt: skip
    """Return what is found where a truth lies: `count`, and `finds` as the truth tells it.

    Parameters
    ----------
    truth, anchor
        What is looked for, and the start of the sample's day.
    db, catalog, rules
        Where.
    reader
        Who looks.
    """
    if truth.layer is not None:
        values = await _in_rows(truth, anchor, db, catalog, reader)
        return {"count": len(values), "finds": values}
    numbers = await _in_numbers(truth, anchor, db, catalog, rules, reader)
    return {"count": len(numbers), "finds": numbers}


async def _in_rows(
    truth: Truth, anchor: datetime, db: Database, catalog: Catalog, reader: Actor
) -> list[str]:
    relation = catalog.get_relation(str(truth.layer))
    query = await read_query(relation, truth.asks(anchor))
    page = await read_page(db, relation, reader, query, MAX_LIMIT, None)
    found = [orjson.loads(text)["properties"][truth.column] for text in page.features]
    return sorted(str(value) for value in found)


async def _in_numbers(
    truth: Truth, anchor: datetime, db: Database, catalog: Catalog, rules: Rules, reader: Actor
) -> dict[str, float]:
    """Return the numbers of counties that lie below what the truth names, as they are shown."""
    key, units = str(truth.indicator), await UnitReader(db).units()
    now = anchor + LOOKED_AT
    period = series(period_at("month", now), truth.months_ago + 1)[0]
    asked = Asked([key], reader, [period], now)
    indicators = catalog.part(read_indicators)
    numbers = await read_numbers(db, indicators, units, lambda _: rules, asked, stored=False)
    found = {}
    for unit in units.of_level("county"):
        value = numbers.of(key, unit).value
        if value is not None and truth.below is not None and value < truth.below:
            found[unit.code] = round(value, SHOWN_DIGITS)
    return found

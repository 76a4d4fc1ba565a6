"""Every number opens: for all shipped indicators, units, periods and readers, what is told is what
the rows of both links count or sum to."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import orjson
import pytest

from layers.declare.catalog import Catalog
from layers.features import features
from layers.indicators.catalog import read_indicators, shown_id
from layers.indicators.numbers import Asked, read_numbers
from layers.indicators.periods import parse_period, series
from layers.indicators.population import Population
from layers.indicators.units import UnitReader
from layers.query.filters import parse_query
from spatial.actor import ANONYMOUS, Actor, scope_prefix
from spatial.errors import BadParameter
from spatial.postgres.db import Database
from spatial.rules import RuleSet
from spatial.settings import Settings

pytestmark = pytest.mark.db

ACTORS = [
    ANONYMOUS,
    Actor("county", "duty", "330212"),
    Actor("prefecture", "duty", "330200"),
    Actor("province", "admin", "330000"),
]
AREAS = Settings().areas
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
UNITS = ("330000", "330200", "330212", "330100")
PERIODS = [series(parse_period("2026-02"), 2), [parse_period("2026-W10")]]


async def opened(db, population, actor, part, place, period, now):
    """Return what the rows of a link count or sum to."""
    text = f"{population.rows_filter(part, period, now)} AND {place}"
    query = parse_query(population.relation, {"filter": text})
    column = population.measure(part).sum
    if column is None:
        return Decimal(await features.count(db, population.relation, actor, query))
    page = await features.read_page(db, population.relation, actor, query, 10_000, None)
    assert page.next is None
    rows = [orjson.loads(text)["properties"][column] for text in page.features]
    return sum((Decimal(str(row)) for row in rows if row is not None), Decimal(0))


async def compare(db, indicators, units, actor, periods) -> int:
    keys = [shown_id(one) for one in indicators.list_all(actor) if isinstance(one, Population)]
    asked = Asked(keys, actor, periods, NOW)
    numbers = await read_numbers(db, indicators, units, lambda _: RuleSet(()), asked, stored=False)
    compared = 0
    for key in keys:
        population = indicators.populations[key]
        if isinstance(numbers.failed.get(key), BadParameter):
            assert actor.anonymous and periods[-1].kind == "week"
            continue
        tallies = numbers.tallies[key][-1]
        places = {code: units.place(units.get(code, ACTORS[3], public=False)) for code in UNITS}
        told = {code: tallies.of(scope_prefix(code)) for code in UNITS}
        home = units.home
        counties = units.within(home, "county")
        places["rest"] = units.rest_place(home, counties)
        told["rest"] = tallies.rest("33", [county.prefix for county in counties])
        for unit, place in places.items():
            if actor.anonymous and population.relation.layer.access.sensitive:
                continue
            for part in ("numerator", "denominator"):
                if population.measure(part) is None:
                    continue
                found = await opened(db, population, actor, part, place, periods[-1], NOW)
                assert found == getattr(told[unit], part), (key, unit, part, actor.account_id)
                compared += 1
    return compared


@pytest.mark.parametrize("actor", ACTORS, ids=lambda a: a.account_id or "anonymous")
def test_every_number_is_what_its_rows_count_or_sum_to(sample_url, actor):
    async def ask():
        db = await Database.open(Settings(database_url=sample_url, pool_size=2), sample_url)
        try:
            indicators = Catalog.load(AREAS, read_indicators).part(read_indicators)
            units = await UnitReader(db).units()
            compared = 0
            for periods in PERIODS:
                compared += await compare(db, indicators, units, actor, periods)
            return compared
        finally:
            await db.close()

    assert asyncio.run(ask()) > (20 if actor.anonymous else 200)

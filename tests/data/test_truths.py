"""What is planted in the sample is found, whole and alone; all else is clean."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest

from api.network.rule_models import RuleBook, read_rules
from api.services import load_catalog
from layers.indicators.catalog import read_indicators
from layers.indicators.numbers import Asked, read_numbers
from layers.indicators.periods import period_at
from layers.indicators.units import UnitReader
from layers.processes.registry import find_processes
from layers.scenarios.catalogue import read_scenarios
from layers.scenarios.model import Expected, SampleExample
from layers.scenarios.run import Ground, run_example
from layers.scenarios.truth_rows import PROVINCE, find_truth, sample_anchor
from spatial.actor import Actor
from spatial.postgres.db import Database, connect
from spatial.schema.declared_kinds import read_kinds
from spatial.schema.kinds import TABLES, check_props
from spatial.settings import Settings
from spatial.truths import LOOKED_AT, read_truths
from tests.conftest import ANCHOR

pytestmark = pytest.mark.db

NINGBO = Actor("ningbo", "duty", "330200", "330200-duty")
CATALOG = load_catalog(Settings().areas)
TRUTHS = read_truths()
EXAMPLES = [
    example
    for scenario in CATALOG.part(read_scenarios).values()
    for example in scenario.examples
    if isinstance(example, SampleExample)
]


def rules(at: datetime = ANCHOR + LOOKED_AT):
    return RuleBook.of(read_rules(), at).at(at)


def on(url, ask):
    """Return what `ask` does on a database."""

    async def run():
        db = await Database.open(replace(Settings(), pool_size=2), url)
        try:
            return await ask(db)
        finally:
            await db.close()

    return asyncio.run(run())


@pytest.mark.parametrize("name", TRUTHS)
def test_a_truth_is_found_and_nothing_beside_it(sample_url, name):
    truth = TRUTHS[name]
    found = on(sample_url, lambda db: find_truth(truth, ANCHOR, db, CATALOG, rules()))
    planted = dict(truth.finds) if isinstance(truth.finds, dict) else list(truth.finds)
    assert found == {"count": len(planted), "finds": planted}


def test_every_truth_is_an_example_of_a_scenario_and_comes_out(sample_url):
    assert {one.truth for one in EXAMPLES} == set(TRUTHS)

    async def ask(db):
        ground = Ground(db, CATALOG, find_processes(), rules())
        wrong = EXAMPLES[0].model_copy(update={"expect": (Expected(at="count", value=7),)})
        return [await run_example(one, ground) for one in [*EXAMPLES, wrong]]

    *results, wrong = on(sample_url, ask)
    for result in results:
        assert result.error is None
        assert result.skipped is None
        assert [one for one in result.compared if not one.ok] == [], result.example.title.en
    assert not wrong.ok


def test_without_a_sample_its_examples_are_skipped(database_url):
    async def ask(db):
        assert await sample_anchor(db) is None
        return await run_example(EXAMPLES[0], Ground(db, CATALOG, find_processes(), rules()))

    result = on(database_url, ask)
    assert result.skipped
    assert result.compared == ()


def test_a_prefecture_sees_another_share_of_the_partly_hidden_county(sample_url):
    truth = TRUTHS["partly_hidden_county"]
    found = on(sample_url, lambda db: find_truth(truth, ANCHOR, db, CATALOG, rules(), NINGBO))
    assert found["finds"] == {"330203": 77.78}


def test_the_index_of_the_capped_counties_alone_is_capped(sample_url):
    """In the month that runs and in the last whole one; in its first days few rows weigh much."""
    now = ANCHOR + LOOKED_AT
    month = period_at("month", now)
    whole = month.previous

    async def ask(db):
        units = await UnitReader(db).units()
        asked = Asked(["safety_index"], PROVINCE, [whole, month], now)
        indicators = CATALOG.part(read_indicators)
        numbers = await read_numbers(db, indicators, units, rules, asked, stored=False)
        return [
            {one.code: numbers.of("safety_index", one, at) for one in units.of_level("county")}
            for at in range(2)
        ]

    def others_of(found):
        vetoed = {code for code, number in found.items() if number.index and number.index.vetoes}
        assert vetoed == set(TRUTHS["capped_counties"].finds)
        assert all(found[code].value == 60 for code in vetoed)
        others = [n.value for c, n in found.items() if c not in vetoed and n.value is not None]
        assert len(others) > 60
        return others

    last_month, this_month = on(sample_url, ask)
    assert min(others_of(last_month)) > 60
    assert 60 not in others_of(this_month)


def test_generated_rows_have_the_props_of_their_kinds(sample_url):
    kinds = read_kinds(Settings().areas)
    checked = 0
    with connect(sample_url) as conn:
        for table in ("event", "zone"):
            for kind, props in conn.execute(
                f"SELECT kind, props FROM sigang.{table} WHERE source_id = 'sample-generated'"
            ):
                assert kinds[kind].table == table
                check_props(kinds[kind], props)
                checked += 1
        for table in TABLES:
            found = conn.execute(
                f"SELECT DISTINCT kind FROM sigang.{table} WHERE source_id = 'sample-generated'"
            ).fetchall()
            assert {kind for (kind,) in found} <= set(kinds)
    assert checked > 4000

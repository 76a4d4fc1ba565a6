"""Scenarios: one file each; a wrong name stops with file and key, and every example is run."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from api.network.rule_models import RuleBook, read_rules
from layers.declare.catalog import Catalog
from layers.indicators.catalog import read_indicators
from layers.processes.registry import find_processes
from layers.scenarios.catalogue import read_scenarios
from layers.scenarios.model import Expected, IndicatorExample, ProcessExample, maturity
from layers.scenarios.run import Ground, Result, run_example
from layers.scenarios.values import MISSING, agrees, look_up
from spatial import truths
from spatial.errors import ConfigError
from spatial.postgres.db import Database, connect
from spatial.settings import Settings
from tests.layers.scenarios.shipped import AREAS, copied

NOW = datetime(2026, 11, 29, tzinfo=UTC)
SHIPPED = Catalog.load(AREAS, read_indicators, read_scenarios)
EXAMPLES = [
    (scenario.id, number)
    for scenario in SHIPPED.part(read_scenarios).values()
    for number, example in enumerate(scenario.examples)
    if isinstance(example, ProcessExample)
]
COUNTED = [
    example
    for scenario in SHIPPED.part(read_scenarios).values()
    for example in scenario.examples
    if isinstance(example, IndicatorExample)
]

GOOD = """
rows = ["S09"]
title = { zh = "试", en = "Try" }
question = { zh = "谁问什么？", en = "Who asks what?" }
users = [{ zh = "村民", en = "Villagers" }]
team = "area_road"
order = 5

[view]
layers = ["roads", "rescue_bases"]
time = "2026-03-01/.."
table = { layer = "rescue_bases", columns = ["name_zh"], filter = "capacity > 3", order = "-capacity" }

[[processes]]
id = "coverage"
fixed = { resources = { layer = "rescue_bases", filter = "capacity > 3" } }
editable = ["limit_s"]

[[basis]]
rule = "road.coverage"

[[examples]]
kind = "process"
title = { zh = "例", en = "Example" }
process = "assign"
inputs = { teams = { points = [{ id = "t", point = "@A" }] }, tasks = { points = [{ id = "w", point = "@AB:0.5" }] } }
expect = [{ at = "summary.total_s", value = 30, tolerance = 0.5 }]
town = { drawing = "A-B", roads = { AB = {} } }
"""  # noqa: E501


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return copied(tmp_path_factory.mktemp("scenarios"))


@pytest.fixture
def drop(folder):
    """Return what writes one file, and takes it away at the end."""
    path = folder / "road" / "try.scenario.toml"

    def write(text: str) -> Catalog:
        path.write_text(text, encoding="utf-8")
        return Catalog.load(folder, read_scenarios)

    yield write
    path.unlink(missing_ok=True)


def ground(catalog: Catalog, db: Database | None = None) -> Ground:
    rules = RuleBook.of(read_rules(), NOW).at(NOW)
    return Ground(db, catalog, find_processes(), rules)


def counted(url: str, catalog: Catalog, examples: list[IndicatorExample]) -> list[Result]:
    """Return what examples that are counted give in a database."""

    async def run() -> list[Result]:
        db = await Database.open(replace(Settings(), pool_size=2), url)
        try:
            return [await run_example(one, ground(catalog, db)) for one in examples]
        finally:
            await db.close()

    return asyncio.run(run())


def test_a_scenario_is_one_file_and_is_read_again_without_another(folder, drop):
    before = Catalog.load(folder, read_scenarios)
    assert "try" not in before.part(read_scenarios)
    found = drop(GOOD).part(read_scenarios)["try"]
    assert (found.area, found.rows, found.basis[0].rule) == ("road", ("S09",), "road.coverage")
    assert before.reload()
    assert "try" in before.part(read_scenarios)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("order = 5", "odrer = 5", "odrer"),
        ("order = 5", 'id = "try"', "id"),
        ("order = 5", 'workflow = "case"', "workflow"),
        ('rows = ["S09"]', 'rows = ["S99"]', "rows"),
        ('rows = ["S09"]', 'rows = ["S42"]', "rows"),
        ('rows = ["S09"]', 'rows = ["M01"]', "rows"),
        ('team = "area_road"', 'team = "area_port"', "team"),
        ('"roads", ', '"raods", ', "view.layers.0"),
        ('time = "2026-03-01/.."', 'time = "March"', "view.time"),
        ('time = "2026-03-01/.."', 'colour = "safety"', "view.colour"),
        ('layer = "rescue_bases", col', 'layer = "bases", col', "view.table.layer"),
        ('["name_zh"]', '["nam"]', "view.table.columns.0"),
        ('filter = "capacity > 3", o', 'filter = "capcity > 3", o', "view.table.filter"),
        ('order = "-capacity"', 'order = "-capcity"', "view.table.order"),
        ('id = "coverage"', 'id = "cuverage"', "processes.0.id"),
        ("fixed = { res", "fixed = { ser", "processes.0.fixed.ser"+"ources"),
        ('["limit_s"]', '["limit_m"]', "processes.0.editable.limit_m"),
        ('["limit_s"]', '["resources"]', "processes.0.editable.resources"),
        ('id = "coverage"', 'id = "assign"', "processes.0.fixed.resources"),
        ('"rescue_bases", filter', '"bases", filter', "processes.0.fixed.resources.layer"),
        ('filter = "capacity > 3" }', 'filter = "cap > 3" }', "processes.0.fixed.resources.filter"),
        ('> 3" } }\neditable = ["limit_s"]', '> 3" }, limit_s = -1 }', "processes.0.fixed.limit_s"),
        ("[[basis]]", '[[numbers]]\nindicator = "nope"\n[[basis]]', "numbers.0.indicator"),
        ('"road.coverage"', '"road.cover"', "basis.0.rule"),
        ('process = "assign"', 'process = "sign"', "examples.0.process"),
        ('"@A"', '"@Z"', "examples.0.inputs"),
        ("@AB:0.5", "@AB:half", "examples.0.inputs"),
        ('id = "w"', 'di = "w"', "examples.0.inputs.tasks.points.0.id"),
        ("summary.total_s", "sum.total_s", "examples.0.expect.0.at"),
        ("AB = {}", "AC = {}", "examples.0.town"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_file_and_key(drop, old, new, key):
    assert old in GOOD
    with pytest.raises(ConfigError, match=r"road/try\.scenario\.toml") as caught:
        drop(GOOD.replace(old, new, 1))
    assert caught.value.extra["key"] == key


COUNTS = """
[[examples]]
kind = "indicator"
title = { zh = "例", en = "Example" }
indicator = "open_hazards"
period = "2026-03"
rows = { hazards = [{ severity = "high" }] }
expect = [{ at = "value", value = 1 }]
"""
TRUTH = """
[[examples]]
kind = "sample"
title = { zh = "例", en = "Example" }
truth = "nothing"
expect = [{ at = "count", value = 1 }]
"""
PLANTED = """
[nothing]
title = { zh = "例", en = "Example" }
layer = "hazards"
filter = "due_on < {day} AND severity = 'high'"
column = "admin_code"
finds = []
"""
INDICATOR = """
[[indicator]]
id = "open_hazards"
title = { zh = "隐患", en = "Hazards" }
layer = "hazards"
time = { stock = ["valid_from", "valid_to"] }

[[indicator]]
id = "bases"
title = { zh = "救援站", en = "Bases" }
layer = "rescue_bases"
time = { stock = ["valid_from", "valid_to"] }
"""


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('"open_hazards"', '"hazards"', "examples.1.indicator"),
        ('"2026-03"', '"March"', "examples.1.period"),
        ("hazards = [", "roads = [", "examples.1.rows.roads"),
        ("severity", "severty", "examples.1.rows.hazards.severty"),
        ('kind = "indicator"', 'kind = "sum"', "examples.1"),
        (COUNTS, TRUTH, "examples.1.truth"),
    ],
)
def test_a_mistake_in_counted_rows_is_named(folder, drop, old, new, key):
    (folder / "safety" / "few.indicator.toml").write_text(INDICATOR, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"road/try\.scenario\.toml") as caught:
        drop(GOOD + COUNTS.replace(old, new, 1))
    assert caught.value.extra["key"] == key


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("column = ", "colum = ", "nothing.colum: is not known; did you mean column"),
        ("finds = [", "finds = [[", "TOML: "),
        ('layer = "hazards"', 'layer = "hazrds"', "layer of nothing"),
        ('column = "admin_code"', 'column = "code"', "column of nothing"),
        ("{day}", "{dy}", "filter of nothing"),
        ("'high'", "'hgih'", "severity of hazards has no code 'hgih'"),
    ],
)
def test_a_mistake_in_a_truth_is_named_with_file_and_key(
    drop, tmp_path, monkeypatch, old, new, told
):
    file = tmp_path / "truths.toml"
    monkeypatch.setattr(truths, "FILE", file)
    file.write_text(PLANTED, encoding="utf-8")
    drop(GOOD + TRUTH)
    file.write_text(PLANTED.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(told)) as caught:
        drop(GOOD + TRUTH)
    assert "truths.toml" in str(caught.value)


def test_a_table_asks_for_codes_that_there_are(drop):
    asked = GOOD.replace('layer = "rescue_bases", columns', 'layer = "hazards", columns')
    asked = asked.replace(', order = "-capacity"', "")
    drop(asked.replace("capacity > 3", "severity = 'high'", 1))
    with pytest.raises(ConfigError, match="severity of hazards has no code 'hgih'"):
        drop(asked.replace("capacity > 3", "severity = 'hgih'", 1))


def test_rows_that_may_not_be_written_are_refused(folder, drop):
    (folder / "safety" / "few.indicator.toml").write_text(INDICATOR, encoding="utf-8")
    with pytest.raises(ConfigError, match="rows of facility cannot be tried out"):
        drop(GOOD + COUNTS.replace("open_hazards", "bases").replace("hazards =", "rescue_bases ="))


def test_rows_have_codes_that_there_are(folder, drop):
    (folder / "safety" / "few.indicator.toml").write_text(INDICATOR, encoding="utf-8")
    drop(GOOD + COUNTS)
    with pytest.raises(ConfigError, match="severity of hazards has no code 'hgih'"):
        drop(GOOD + COUNTS.replace('"high"', '"hgih"'))


@pytest.mark.parametrize("gone", ["basis", "examples"])
def test_without_basis_or_example_it_is_refused(drop, gone):
    blocks = [b for b in GOOD.split("\n\n") if not b.startswith(f"[[{gone}]]")]
    with pytest.raises(ConfigError) as caught:
        drop("\n\n".join(blocks))
    assert caught.value.extra["key"] == gone


def test_a_row_is_carried_once(folder, drop):
    other = folder / "law" / "again.scenario.toml"
    other.write_text(GOOD, encoding="utf-8")
    with pytest.raises(ConfigError, match="row S09 is carried by again"):
        drop(GOOD)
    other.unlink()


@pytest.mark.parametrize(("name", "number"), EXAMPLES)
def test_every_shipped_example_gives_what_it_says(name, number):
    example = SHIPPED.part(read_scenarios)[name].examples[number]
    result = asyncio.run(run_example(example, ground(SHIPPED)))
    assert result.error is None
    assert [one for one in result.compared if not one.ok] == []


@pytest.mark.db
def test_rows_of_examples_are_counted_and_nothing_of_them_stays(database_url):
    results = counted(database_url, SHIPPED, COUNTED)
    assert len(results) >= 3
    for result in results:
        assert result.error is None
        assert [one for one in result.compared if not one.ok] == [], result.example.title.en
    half = next(one for one in COUNTED if one.indicator == "hazards_closed_on_time")
    wrong = half.model_copy(update={"expect": (Expected(at="value", value=51.0),)})
    (failed,) = counted(database_url, SHIPPED, [wrong])
    assert not failed.ok
    assert failed.compared[0].got == 50.0
    with connect(database_url) as conn:
        assert conn.execute("SELECT count(*) FROM sigang.event").fetchone() == (0,)


def test_a_wrong_expected_value_fails(drop):
    catalog = drop(GOOD.replace("value = 30", "value = 31"))
    example = catalog.part(read_scenarios)["try"].examples[0]
    result = asyncio.run(run_example(example, ground(catalog)))
    assert not result.ok
    assert result.compared[0].got == 30.0


def test_an_example_that_a_process_refuses_fails_with_its_words(drop):
    catalog = drop(GOOD.replace("@AB:0.5", "@A").replace('id = "t", point = "@A"',
                                                          'id = "t", point = [0, 0]'))  # fmt: skip
    example = catalog.part(read_scenarios)["try"].examples[0]
    result = asyncio.run(run_example(example, ground(catalog)))
    assert not result.ok
    assert "no place has a usable road nearby" in result.error.en


def test_values_are_looked_up_and_compared():
    outputs = {"rows": [{"id": "a", "n": 1.5}]}
    assert look_up(outputs, "rows.0.id") == "a"
    assert look_up(outputs, "rows.1.id") is MISSING
    assert look_up(outputs, "rows.id") is MISSING
    near = Expected(at="x", value=1.5, tolerance=0.01)
    assert agrees(near, 1.505)
    assert not agrees(near, 1.52)
    assert not agrees(near, None)
    assert not agrees(Expected(at="x", value=1), True)
    assert agrees(Expected(at="x", value=None), None)


def test_maturity_follows_the_weakest_rows():
    assert maturity(["real", "synthetic"]) == "sample"
    assert maturity(["real", "schematic", "derived"]) == "schematic"
    assert maturity(["real", "derived"]) == "live"
    assert maturity([]) == "empty"
    assert maturity(["real"], hidden=True) == "unseen"
    assert maturity(["synthetic"], hidden=True) == "sample"

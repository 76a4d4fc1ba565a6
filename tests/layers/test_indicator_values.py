"""Numbers by unit and period: the worked examples, decompositions, vetoes, small numbers."""

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal

import psycopg
import pytest

from layers.declare.catalog import Catalog
from layers.indicators.catalog import read_indicators
from layers.indicators.index import combine, weigh
from layers.indicators.model import Index
from layers.indicators.numbers import Asked, Numbers, read_numbers
from layers.indicators.periods import parse_period, series
from layers.indicators.rollup import Tallies, rank
from layers.indicators.rule_models import IndexRule
from layers.indicators.statement import Cell
from layers.indicators.suppress import is_small, suppress
from layers.indicators.units import LEVELS, units_of
from spatial.actor import ANONYMOUS, Actor
from spatial.errors import BadParameter, NotFound
from spatial.postgres.db import Database
from spatial.rules import RuleSet
from spatial.settings import Settings
from tests.conftest import shared_path
from tests.layers.small import AREA

NOW = datetime(2026, 3, 20, tzinfo=UTC)
LAYER = """
id = "hazards"
title = { zh = "隐患", en = "Hazards" }
description = { zh = "隐患", en = "Hazards" }
source = { table = "event", kinds = ["hazard"], parties = true }
geometry = { type = "point" }
access = { public = true }
columns = [
  { name = "severity", type = "text", title = TEXT, values = { high = TEXT } },
  { name = "due_on", type = "date", path = "props.due_on", title = { zh = "期限", en = "Due" } },
  { name = "cost", type = "number", path = "props.cost", title = { zh = "费用", en = "Cost" } },
  { name = "valid_from", type = "datetime", title = { zh = "自", en = "From" } },
  { name = "valid_to", type = "datetime", title = { zh = "至", en = "Until" } },
  { name = "admin_code", type = "text", title = { zh = "代码", en = "Code" } },
]
""".replace("TEXT", '{ zh = "文", en = "Text" }')
DECLARED = """
[[indicator]]
id = "closed_on_time"
title = { zh = "按期率", en = "On time" }
layer = "hazards"
time = { due = "due_on" }
numerator = { where = "valid_to <= due_on" }
denominator = {}
by = ["severity"]
scale = 100
better = "higher"

[[indicator]]
id = "open"
title = { zh = "在册", en = "Open" }
layer = "hazards"
time = { stock = ["valid_from", "valid_to"] }

[[indicator]]
id = "overdue"
title = { zh = "逾期", en = "Overdue" }
layer = "hazards"
time = { stock = ["due_on", "valid_to"] }
where = "due_on IS NOT NULL"

[[indicator]]
id = "cost"
title = { zh = "费用", en = "Cost" }
layer = "hazards"
time = { flow = "due_on" }
numerator = { sum = "cost" }
"""
UNITS = [
    ("330000", "province", "浙江省", "Zhejiang"), ("330200", "prefecture", "宁波市", "Ningbo"),
    ("330100", "prefecture", "杭州市", "Hangzhou"), ("330203", "county", "海曙区", "Haishu"),
    ("330206", "county", "北仑区", "Beilun"), ("330212", "county", "鄞州区", "Yinzhou"),
    ("330102", "county", "上城区", None), ("320000", "province", "江苏省", "Jiangsu"),
]  # fmt: skip
INSERT = """
INSERT INTO sigang.event (kind, admin_code, visibility, origin, source_id, severity, valid_from,
  valid_to, props, state, geom)
VALUES ('hazard', %s, %s, 'synthetic', 't', %s, '2026-02-01T00:00:00+08:00', %s,
  jsonb_build_object('due_on', %s::text, 'cost', 0.1), 'open', 'SRID=4326;POINT(121 29)')"""
SOURCE = """
INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)
VALUES ('t', 't', 't', 'MIT', 't')"""
PROVINCE = Actor("p", "dispatcher", "330000")
NINGBO = Actor("n", "duty", "330200")


def example(name):
    text = shared_path("scenario_examples.json").read_text(encoding="utf-8")
    return json.loads(text)[name]


@pytest.fixture(scope="module")
def indicators(tmp_path_factory):
    area = tmp_path_factory.mktemp("areas") / "safety"
    area.mkdir()
    (area / "area.toml").write_text(AREA, encoding="utf-8")
    (area / "hazards.layer.toml").write_text(LAYER, encoding="utf-8")
    (area / "hazards.indicator.toml").write_text(DECLARED, encoding="utf-8")
    return Catalog.load(area.parent, read_indicators).part(read_indicators)


def units():
    return units_of(UNITS)


KEYS = ("closed_on_time", "open", "overdue", "cost")


def count(url, indicators, actor, periods, keys=KEYS, now=NOW):
    async def ask():
        db = await Database.open(Settings(database_url=url, pool_size=2), url)
        try:
            asked = Asked(keys, actor, periods, now)
            return await read_numbers(
                db, indicators, units(), lambda _: RuleSet(()), asked, stored=False
            )
        finally:
            await db.close()

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def counted(module_database_url, indicators):
    """Rows as the cells of the example, and two that no unit has."""
    with psycopg.connect(module_database_url) as conn:
        conn.execute(SOURCE)
        for cell in example("indicator_rollup")["cells"]:
            for number in range(cell["denominator"]):
                closed = "2026-03-10T23:59:00+08:00" if number < cell["numerator"] else None
                severity = "high" if number % 2 else None
                row = [cell["county"], cell["visibility"], severity, closed, "2026-03-10"]
                conn.execute(INSERT, row)
        conn.execute(INSERT, [None, "public", "high", None, "2026-04-10"])
        closed = "2026-03-11T00:00:00+08:00"
        conn.execute(INSERT, ["330200", "unit", None, closed, "2026-04-10"])
    return module_database_url


@pytest.mark.shared
def test_the_worked_example_rolls_up_for_each_actor(counted, indicators):
    period, said = [parse_period("2026-03")], example("indicator_rollup")
    example_only = count(counted, indicators, PROVINCE, period)
    ningbo_only = count(counted, indicators, NINGBO, period)
    for numbers, actor, wanted in (
        (example_only, PROVINCE, said["provincial_actor"]),
        (ningbo_only, NINGBO, said["ningbo_duty_330200"]),
    ):
        for code, cell in wanted.items():
            unit = units().get(code, actor, public=False)
            found = numbers.of("closed_on_time", unit)
            value = None if found.value is None else round(found.value, 2)
            assert (found.numerator, found.denominator, value) == (
                cell["numerator"], cell.get("denominator"), cell["value_pct"],
            ), code  # fmt: skip


def test_rows_without_a_county_count_in_what_holds_them(counted, indicators):
    numbers = count(counted, indicators, PROVINCE, [parse_period("2026-04")])
    province = units().get("33", PROVINCE, public=False)
    tallies = numbers.tallies["closed_on_time"][0]
    assert numbers.of("closed_on_time", province).denominator == 2
    assert tallies.of(None).denominator == 1
    counties = [unit.prefix for unit in units().within(province, "county")]
    assert tallies.rest("33", counties).denominator == 2
    assert tallies.rest("3302", counties[1:]).denominator == 1
    assert tallies.of("33").origins and not tallies.rest("33", ["33"]).origins
    split = tallies.split("33", 0)
    assert sum(one.denominator for one in split.values()) == 2
    assert list(split) == ["high", None]


def test_a_day_is_over_before_it_has_passed_and_sums_are_exact(counted, indicators):
    days = series(parse_period("2026-03-12"), 4)
    numbers = count(counted, indicators, PROVINCE, days)
    province = units().get("330000", PROVINCE, public=False)
    told = {
        key: [numbers.of(key, province, at).value for at in range(4)] for key in numbers.tallies
    }
    # 2026-03-09 … 12; nine of 14 are closed in the last minute of the 10th, one when it is over
    assert told["open"] == [14, 5, 4, 4]
    assert told["overdue"] == [0, 3, 3, 3]
    assert told["cost"] == [0, 1.2, 0, 0]
    assert numbers.of("cost", province, 1).numerator == Decimal("1.2")
    for key in numbers.tallies:
        alone = [
            count(counted, indicators, PROVINCE, [day], (key,)).of(key, province).value
            for day in days[:2]
        ]
        assert alone == told[key][:2], key


def test_what_lies_ahead_is_not_counted_yet(counted, indicators):
    """Of 2026-03, in which all is due on the 10th: what was due by then, and what had come."""
    province = units().get("330000", PROVINCE, public=False)
    told = []
    for now in ("2026-03-09T12:00", "2026-03-10T00:01", "2026-03-10T23:59", "2026-03-11T00:00"):
        at = datetime.fromisoformat(f"{now}:00+08:00")
        numbers = count(counted, indicators, PROVINCE, [parse_period("2026-03")], now=at)
        on_time, cost = numbers.of("closed_on_time", province), numbers.of("cost", province)
        filters = [
            indicators.populations[key].rows_filter("numerator", parse_period("2026-03"), at)
            for key in ("closed_on_time", "cost")
        ]
        until = [text.rsplit("due_on < ", 1)[1] for text in filters]
        told.append((on_time.denominator, on_time.value, cost.value, *until))
    days = [f"DATE('2026-03-{day:02}')" for day in range(9, 12)]
    assert told == [
        (0, None, 0, days[0], days[1]),
        (0, None, 1.2, days[1], days[2]),
        (0, None, 1.2, days[1], days[2]),
        (12, 75.0, 1.2, days[2], days[2]),
    ]


def test_units_out_of_scope_are_not_there():
    found = units()
    assert found.home is not None
    assert found.home.code == "330000"
    assert found.top(NINGBO, public=False).code == "330000"
    for code in ("330100", "330102", "320000", "999999", "3301"):
        with pytest.raises(NotFound):
            found.get(code, NINGBO, public=False)
    assert found.get("3301", ANONYMOUS, public=True).code == "330100"
    with pytest.raises(NotFound):
        found.get("3301", ANONYMOUS, public=False)
    for code in ("", "33020", "33０２", "33'--", "x" * 4000):
        with pytest.raises(BadParameter):
            found.get(code, PROVINCE, public=True)


@pytest.mark.shared
def test_ranks_are_those_of_the_worked_example():
    said = example("ranking")
    found = rank([(code, value) for code, value, _ in reversed(said["values"])], "higher")
    assert found.ranks == said["rank"]
    assert list(found.order) == said["order"]
    assert list(found.unranked) == said["unranked"]
    lower = rank([(code, value) for code, value, _ in said["values"]], "lower")
    assert lower.order == ("330205", "330206", "330212", "330203")
    assert [lower.ranks[code] for code in lower.order] == [1, 2, 2, 4]
    dense = rank([(code, value) for code, value, _ in said["values"]], "lower", "dense")
    assert [dense.ranks[code] for code in dense.order] == [1, 2, 2, 3]


SAFETY = {
    "weights": {
        "hazard_closure": 0.35, "risk_control": 0.25, "accident": 0.25, "supervision": 0.15,
    },
    "vetoes": [{"indicator": "overdue", "above": 0, "cap": 60}],
}  # fmt: skip


def combined(scores, overdue=0.0, **rule):
    index = Index.model_validate(
        {
            "id": "safety", "area": "safety", "title": {"zh": "指数", "en": "Index"},
            "parts": {name: name for name in SAFETY["weights"]}, "rule": "safety.index.safety",
        }
    )  # fmt: skip
    made = IndexRule.model_validate_json(json.dumps(SAFETY | rule))
    return combine(index, made, scores, lambda _: overdue)


@pytest.mark.shared
def test_the_safety_index_is_that_of_the_worked_example():
    said = example("safety_index")
    february = combined(said["feb"]["sub"], overdue=1)
    assert round(february.raw, 2) == said["feb"]["raw"]
    assert february.value == said["feb"]["index"]
    assert [one.veto.indicator for one in february.vetoes] == ["overdue"]
    march = combined(said["mar"]["sub"])
    assert round(march.value, 2) == said["mar"]["index"]
    gives = {part.name: round(part.gives, 2) for part in march.parts}
    assert gives == said["decomposition_mar"]
    moved = gives["hazard_closure"] - february.parts[0].gives
    assert round(moved, 2) == said["why_it_moved"]["hazard_closure"]
    assert round(march.value - february.value - moved, 2) == said["why_it_moved"]["veto lifted"]


def test_what_a_missing_part_does_is_the_rules_matter():
    scores = {"hazard_closure": None, "risk_control": 90, "accident": 100, "supervision": 75}
    void, full = combined(scores, missing="void"), combined(scores, missing="full")
    assert (void.value, void.raw) == (None, None)
    assert round(full.value, 2) == 35 + 22.5 + 25 + 11.25
    weighed = combined(scores, missing="reweigh")
    assert round(weighed.value, 6) == round((22.5 + 25 + 11.25) / 0.65, 6)
    assert sum(part.weight for part in weighed.parts) == pytest.approx(1)
    nothing = dict.fromkeys(scores)
    assert combined(nothing, missing="reweigh").value is None
    assert combined(nothing, overdue=1, missing="full").value == 60


@pytest.mark.shared
def test_shares_of_length_roll_up_by_length():
    said = example("rescue_coverage")
    cells = [
        Cell(1, code, "derived", (), Decimal(str(a)), Decimal(str(b)), 1)
        for code, (a, b) in said["covered_km_of_km"].items()
    ]
    found = Tallies(_share(), cells, "33")
    for code, share in said["share_pct"].items():
        value = found.of(code).value(found.indicator)
        assert (value if value is None else round(value, 2)) == share
    assert found.of("3302").value(found.indicator) == said["prefecture_330200_pct"]
    assert weigh([(90.0, 1.0), (60.0, 3.0), (None, 5.0), (10.0, None)]) == 67.5
    assert weigh([(None, 1.0)]) is None


def _share():
    from layers.indicators.model import Indicator
    from layers.indicators.population import Population, Side

    share = Indicator.model_validate(
        {
            "id": "share", "area": "safety", "title": {"zh": "率", "en": "Share"}, "layer": "x",
            "time": {"flow": "x"}, "denominator": {}, "scale": 100,
        }
    )  # fmt: skip
    side = Side(None, None)
    return Population(share, None, None, side, side, ())


@pytest.mark.parametrize("seed", range(40))
def test_no_small_number_is_told_or_had_by_difference(seed):
    import random

    draw, k, known = random.Random(seed), 5, units()
    cells = []
    for code in ("330203", "330206", "330212", "330102", None, "330200"):
        n, d = sorted((draw.randint(0, 14), draw.randint(0, 14)))
        cells.append(Cell(1, code, "real", (), Decimal(n), Decimal(d), d))
    found = Tallies(_share(), cells, "33")
    plain = {prefix: found.of(prefix) for prefix in (None, "33", "3301", "3302")}
    suppress(found, known, k)
    every = [u.prefix for level in LEVELS for u in known.of_level(level)]
    told = {p: found.of(p) for p in (None, *every) if not found.of(p).suppressed}
    assert not any(is_small(one, k) for one in told.values())
    for whole, parts in known.wholes():
        if whole not in told:
            continue
        left = found.rest(whole, [part for part in parts if part in told])
        assert not is_small(left, k), (whole, told)
        assert len([part for part in parts if part not in told]) != 1
    for whole, parts in known.wholes():  # a withheld whole is not the sum of told parts
        if whole not in told and plain[whole].denominator:
            assert any(part not in told for part in parts)


def test_numbers_of_nothing_are_zero_or_no_cases(counted, indicators):
    numbers = count(counted, indicators, ANONYMOUS, [parse_period("2020-01")])
    assert isinstance(numbers, Numbers)
    unit = units().get("330102", PROVINCE, public=False)
    assert numbers.of("closed_on_time", unit).value is None
    assert numbers.of("open", unit).value == 0
    assert numbers.of("cost", unit).origins == frozenset()

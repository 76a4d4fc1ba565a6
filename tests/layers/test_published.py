"""What is published of cases bounds no small number: over all that anybody can fetch of 24 months.

A world of 24 months with few cases in most places is published month by month, while late cases
come and others are withdrawn. Then an integer programme over everything that is told asks of each
small number that is not told how large it can be.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from api.network.rule_models import RuleBook, read_rules
from layers.declare.catalog import Catalog
from layers.features.features import read_page
from layers.indicators import suppress
from layers.indicators.catalog import read_indicators
from layers.indicators.numbers import Asked, read_numbers
from layers.indicators.periods import period_at, series
from layers.indicators.units import LEVELS
from layers.processes.registry import find_processes
from layers.processes.runtime.model import ENFORCERS
from layers.published import publication
from layers.published.publication import publish_due
from layers.query.filters import read_query
from spatial.actor import ANONYMOUS, Actor
from spatial.geo.zorder import keys_of
from spatial.ids import uuid7
from spatial.postgres.db import Database, connect
from spatial.settings import PROJECT, Settings
from tests.layers.narrowing import Programme, Unknown
from tests.layers.test_indicator_values import UNITS, units

pytestmark = pytest.mark.db
MONTHS = series(period_at("month", datetime(2026, 12, 5, tzinfo=UTC)), 24)
LEVEL, K = 10, 5
PLACES = {
    "330203": [(121.5, 29.8), (121.9, 29.8)],
    "330206": [(121.9, 29.8), (122.3, 29.8)],
    "330212": [(121.5, 29.5), (121.9, 29.5)],
    "330102": [(120.1, 30.2)],
}
"""Middles of cells of each county; two counties share one."""
KINDS = ("hazmat", "overload")
INDICATORS = ("cases_opened", "cases_pending", "cases_closed_on_time")
CASE = """
INSERT INTO sigang.case_file (id, kind, admin_code, visibility, origin, source_id, props, workflow,
  stage, opened_at, due_at, closed_at, geom)
SELECT u.id, 'enforcement', u.code, u.visibility, 'synthetic', 't',
  jsonb_build_object('violation', u.kind), 'enforcement', 'closed', u.opened, u.due, u.closed,
  ST_SetSRID(ST_MakePoint(u.lon, u.lat), 4326)
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[],
  %s::timestamptz[], %s::float8[], %s::float8[])
  AS u (id, code, visibility, kind, opened, due, closed, lon, lat)"""
TRUTH = """
SELECT admin_code, left(opened_at::text, 7), props ->> 'violation', visibility, count(*)
FROM sigang.case_file WHERE stage <> 'withdrawn' GROUP BY 1, 2, 3, 4"""
LEAVES = [
    (month, kind, code, int(keys_of(*place, LEVEL)))
    for month in range(len(MONTHS)) for kind in KINDS
    for code, places in PLACES.items() for place in places
]  # fmt: skip


def case_row(dice, month, leaf, closed):
    """Return a row of a case, `closed` so many months after; not public without."""
    opened = month.start + timedelta(days=9)
    due = month.end + timedelta(days=9)
    done = (month.end + timedelta(days=4), due + timedelta(days=40))
    at = {0: opened + timedelta(days=10), 1: done[0], 2: done[1], None: None}[closed]
    _, kind, code, cell = leaf
    lon, lat = next(p for p in PLACES[code] if keys_of(*p, LEVEL) == cell)
    seen = "unit" if closed is None else "public"
    return (uuid7(), code, seen, kind, opened, due, at, lon + dice.uniform(0, 0.01), lat)


def drawn(dice, at):
    """Return the numbers of a month's cases by unknown."""
    found = Counter()
    for leaf in LEAVES:
        if leaf[0] != at:
            continue
        found[Unknown(*leaf, None)] = dice.choice([0, 0, 1, 1, 2, 3, 5, 8])
        for closed in (0, 1, 2):
            found[Unknown(*leaf, closed)] = dice.choice([0] * 8 + [1, 2, 4])
    return found


@pytest.fixture(scope="module")
def catalog():
    return Catalog.load(PROJECT / "layers" / "areas", read_indicators)


@pytest.fixture(scope="module")
def rules():
    return RuleBook.of(read_rules(), MONTHS[-1].end).at(MONTHS[-1].end)


def insert(conn, rows):
    if rows:
        conn.execute(CASE, [list(column) for column in zip(*rows, strict=True)])


def live(conn, rules, seed):
    """Have 24 months go by, each published after its end; return what was true then."""
    dice, truth = random.Random(seed), Counter()
    insert_units(conn)
    before = publish_due(conn, rules, MONTHS[0].start + timedelta(days=6))
    assert len(before) == 24  # without a case, nothing is told of them
    for at, month in enumerate(MONTHS):
        numbers = drawn(dice, at)
        truth += numbers
        rows = [
            case_row(dice, month, (u.month, u.kind, u.county, u.cell), u.closed)
            for u, n in numbers.items() for _ in range(n)
        ]  # fmt: skip
        insert(conn, rows)
        assert publish_due(conn, rules, month.end + timedelta(days=6)) == [month.id]
        # late cases of past months, and withdrawn ones
        insert(conn, [case_row(dice, month, dice.choice(LEAVES), None) for _ in range(3)])
        gone = [row[0] for row in dice.sample(rows, min(2, len(rows)))]
        conn.execute(
            "UPDATE sigang.case_file SET stage = 'withdrawn' WHERE id = ANY(%s)"
            " AND visibility = 'unit'",
            [gone],
        )
        assert publish_due(conn, rules, month.end + timedelta(days=7)) == []
    conn.commit()
    return truth


def insert_units(conn):
    conn.execute(
        "INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)"
        " VALUES ('t', 't', 't', 'MIT', 't')"
    )
    for code, level, zh, en in UNITS:
        conn.execute(
            "INSERT INTO sigang.zone (id, kind, name_zh, name_en, admin_code, visibility, origin,"
            " source_id, geom) VALUES (gen_random_uuid(), %s, %s, %s, %s, 'public', 'synthetic',"
            " 't', ST_Multi(ST_MakeEnvelope(118, 27, 123, 31, 4326)))",
            [level, zh, en, code],
        )


def fetch(url, catalog, rules):
    """Return all that anybody can fetch: published counts, and numbers of units by month."""

    async def ask():
        db = await Database.open(Settings(database_url=url), url)
        try:
            published, cursor = [], None
            relation = catalog.get_relation("cases_published", ANONYMOUS)
            while True:
                query = await read_query(relation, {})
                page = await read_page(db, relation, ANONYMOUS, query, 1000, cursor)
                published += [json.loads(text)["properties"] for text in page.features]
                cursor = page.next
                if cursor is None:
                    break
            asked = Asked(INDICATORS, ANONYMOUS, MONTHS, MONTHS[-1].end + timedelta(days=90))
            declared = catalog.part(read_indicators)
            return published, await read_numbers(db, declared, units(), lambda _: rules, asked)
        finally:
            await db.close()

    return asyncio.run(ask())


def programme(published, numbers):
    """Return all of it as equations."""
    found = Programme(LEAVES)
    for one in published:
        at = next(i for i, month in enumerate(MONTHS) if month.id == one["month"])
        prefix = one["admin_code"].rstrip("0") if one["level"] != "county" else one["admin_code"]
        prefix = one["admin_code"] if one["level"] in ("county", "cell") else prefix
        found.tell(one["n"], lambda u, one=one, at=at, prefix=prefix: (
            u.month == at and u.kind == one["violation"] and u.county.startswith(prefix)
            and one["cell"] in (None, u.cell)
        ))  # fmt: skip
    for key in INDICATORS:
        for at in range(len(MONTHS)):
            for unit in (u for level in LEVELS for u in units().of_level(level)):
                number = numbers.of(key, unit, at)
                if not number.suppressed:
                    equations(found, key, at, unit.prefix, number)
    return found


def equations(found, key, at, prefix, number):
    def inside(u):
        return u.closed is not None and u.county.startswith(prefix)

    if key == "cases_opened":
        found.tell(int(number.numerator), lambda u: inside(u) and u.month == at)
    elif key == "cases_pending":
        found.tell(
            int(number.numerator),
            lambda u: inside(u) and u.month <= at and u.closed > at - u.month,
        )
    elif at:
        found.tell(int(number.denominator), lambda u: inside(u) and u.month == at - 1)
        found.tell(
            int(number.numerator),
            lambda u: inside(u) and u.month == at - 1 and u.closed < 2,
        )


def small_numbers(truth, *, public=False):
    """Yield where all numbers from 1 to k − 1 are: of cells and counties by kind.

    Or, of public cases alone, of counties.
    """
    found = Counter()
    for u, n in truth.items():
        if public and u.closed is not None:
            found[u.month, None, u.county, None] += n
        elif not public:
            found[u.month, u.kind, u.county, u.cell] += n
            found[u.month, u.kind, u.county, None] += n
    for (month, kind, county, cell), n in found.items():
        if 0 < n < K:
            yield lambda u, month=month, kind=kind, county=county, cell=cell: (
                (u.month, u.county) == (month, county) and kind in (None, u.kind)
                and cell in (None, u.cell) and not (public and u.closed is None)
            )  # fmt: skip


def bounded(found, numbers):
    """Return which of some numbers everything that is told bounds below k."""
    return [of for of in numbers if found.most(found.where(of), K) < K]


@pytest.fixture(scope="module")
def published_world(databases, migrated, catalog, rules):
    with databases.fresh(migrated) as url:
        with connect(url) as conn:
            truth = live(conn, rules, 3)
        yield url, truth, *fetch(url, catalog, rules)


def test_no_small_number_is_bounded_below_k(published_world):
    _, truth, published, numbers = published_world
    found, small = programme(published, numbers), list(small_numbers(truth))
    assert {one["level"] for one in published} == {"province", "prefecture", "county", "cell"}
    assert found.size[0] > 200 and found.size[1] > 1000 and len(small) > 100
    assert bounded(found, small) == []


def test_no_small_number_of_public_cases_is_bounded_by_all_indicators_together(published_world):
    _, truth, published, numbers = published_world
    small = list(small_numbers(truth, public=True))
    assert len(small) > 20
    assert bounded(programme(published, numbers), small) == []


def test_the_same_programme_finds_what_indicators_told_by_unit_can_be_combined_to(
    published_world, catalog, rules, monkeypatch
):
    url, truth, *_ = published_world
    monkeypatch.setattr(suppress, "_within", lambda units: set())
    small = list(small_numbers(truth, public=True))
    assert bounded(programme([], fetch(url, catalog, rules)[1]), small)


def test_no_layer_and_no_process_counts_anew_for_who_may_not(catalog):
    for actor in (ANONYMOUS, Actor("developer", "developer", "330000", "330000-app")):
        seen = [layer for layer in catalog.list_layers(actor) if layer.area == "law"]
        assert {one.id for one in seen} <= {"checkpoints", "cases_published", "cases_published_map"}
        kinds = {kind for layer in catalog.list_layers(actor) for kind in layer.source.kinds}
        assert kinds.isdisjoint({"enforcement", "inspection"})
    counting = [
        process for process in find_processes().values()
        if process.run.__module__.startswith("layers.processes.law.")
    ]  # fmt: skip
    assert counting and all(set(process.roles) <= set(ENFORCERS) for process in counting)


def test_what_was_published_never_changes(published_world):
    url, *_ = published_world
    for text in ("DELETE FROM sigang.heat_published", "UPDATE sigang.heat_published SET n = 9",
                 "TRUNCATE sigang.heat_publication"):  # fmt: skip
        with connect(url) as conn, pytest.raises(psycopg.errors.CheckViolation, match="stays"):
            conn.execute(text)


def test_nor_by_one_who_knows_every_public_case(published_world):
    _, truth, published, numbers = published_world
    found = programme(published, numbers)
    found.know({u: truth[u] for u in found.unknowns if u.closed is not None})
    private = [
        of for of in small_numbers(truth)
        if any(truth[found.unknowns[i]] for i in found.where(of)
               if found.unknowns[i].closed is None)
    ]  # fmt: skip
    assert len(private) > 50
    assert bounded(found, private) == []


def test_the_same_programme_finds_the_leaks_without_the_guard(
    database_url, catalog, rules, monkeypatch
):
    def every_large_one(leaves, k):
        found = Counter()
        for leaf, count in leaves.items():
            found.update({leaf[:depth]: count.n for depth in range(1, len(leaf) + 1)})
        return {path: n for path, n in found.items() if n >= k}

    monkeypatch.setattr(publication, "tell", every_large_one)
    with connect(database_url) as conn:
        truth = live(conn, rules, 3)
    found = programme(*fetch(database_url, catalog, rules))
    some = random.Random(1).sample(list(small_numbers(truth)), 40)
    bad = bounded(found, some)
    assert len(bad) > 10

"""CQL2 in the database: whatever is not refused is SQL that PostgreSQL takes, and right."""

from __future__ import annotations

import asyncio
from itertools import product

import asyncpg
import pytest
from sqlalchemy import func, select

from layers.cql.parse import parse
from layers.cql.sql import condition
from layers.cql.types import Typed
from layers.features.features import compile_statement
from spatial.errors import BadParameter
from spatial.postgres.db import connect
from tests.layers.cql.hostile import HOSTILE
from tests.layers.small import seed

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def ask(module_database_url):
    """Yield a function that returns the one row of a statement; or prepares it only."""
    with connect(module_database_url) as conn:
        seed(conn)
    loop = asyncio.new_event_loop()
    database = loop.run_until_complete(asyncpg.connect(module_database_url))

    def run(statement, *, prepare: bool = False):
        made = compile_statement(statement)
        if prepare:
            return loop.run_until_complete(database.prepare(made.sql))
        return loop.run_until_complete(database.fetchrow(made.sql, *made.arguments({})))

    yield run
    loop.run_until_complete(database.close())
    loop.close()


EXPRESSIONS = (
    "name_zh", "'a'", "capacity", "1.5", "berths", "2", "(origin = 'x')", "TRUE", "since",
    "TIMESTAMP('2026-01-01T00:00:00Z')", "DATE('2026-01-01')", "'2026-01-01'", "id", "props",
    "geom", "POINT(1 2)", "BBOX(1, 2, 3, 4)", "INTERVAL('..', '2026-01-01')",
    "INTERVAL(since, '..')",
)  # fmt: skip
TEMPLATES = (
    "{a} = {b}", "{a} < {b}", "{a} BETWEEN {b} AND {b}", "{a} IN ({b})", "{a} NOT IN ({b}, {a})",
    "{a} LIKE {b}", "{a} IS NULL", "{a} + {b} = 1", "{a} / {b} = 1", "{a} % {b} = 1",
    "{a} div {b} = 1", "{a} ^ -{b} = 1", "-{a} * ({b} - {b}) = {a}", "CASEI({a}) = {b}",
    "ACCENTI({a}) LIKE CASEI({b})", "S_INTERSECTS({a}, {b})", "S_DWITHIN({a}, {b}, 1)",
    "T_AFTER({a}, {b})", "T_DURING({a}, INTERVAL({b}, '..'))", "({a} = {b}) = ({b} IS NULL)",
    "NOT ({a} IN ({b}) AND {b} < {a} OR {a})", "({a} = {b}) IN (TRUE)", "({a} < {b}) IS NOT NULL",
)  # fmt: skip


def test_any_two_types_are_refused_or_taken_by_the_database(ports, ask):
    names = {**ports.names, "props": Typed(ports.table.c.props, "json")}
    taken = []
    for template, a, b in product(TEMPLATES, EXPRESSIONS, EXPRESSIONS):
        try:
            taken.append(condition(parse(template.format(a=a, b=b)), names))
        except BadParameter:
            continue
    assert len(taken) > 500
    for begin in range(0, len(taken), 250):
        ask(select(*taken[begin : begin + 250]).select_from(ports.table), prepare=True)


def matching(ports, ask, text: str) -> int:
    made = select(func.count()).where(condition(parse(text), ports.names), ports.base)
    return ask(made.select_from(ports.table))[0]


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("berths IN (1, 3)", "(props->>'berths')::int IN (1, 3)"),
        ("capacity IN (1, 3)", "capacity IN (1, 3)"),
        ("capacity NOT IN (1, 3)", "capacity NOT IN (1, 3)"),
        ("NOT berths IN (1, 3, 2.5)", "(props->>'berths')::int NOT IN (1, 3)"),
        ("name_zh NOT IN ('港''\"<1', 'x')", "name_zh NOT IN ('港''\"<1', 'x')"),
        ("capacity IN (berths, 3)", "capacity IN ((props->>'berths')::int, 3)"),
        ("3 IN (berths, capacity)", "3 IN ((props->>'berths')::int, capacity)"),
        ("capacity BETWEEN berths AND 6", "capacity BETWEEN (props->>'berths')::int AND 6"),
        ("capacity % 4 = 1", "capacity IN (1, 5, 9)"),
        ("-capacity % 4 = -1", "capacity IN (1, 5, 9)"),
        ("depth_m % 0.5 = 0.25 OR capacity % 0 = 1", "false"),
        ("(capacity > 3) IN (TRUE)", "capacity > 3"),
        ("INTERVAL(since, '..') IS NOT NULL AND capacity > 3", "capacity > 3"),
    ],
)
def test_a_filter_finds_what_sql_finds(ports, ask, module_database_url, text, sql):
    with connect(module_database_url) as conn:
        (wanted,) = conn.execute(
            f"SELECT count(*) FROM sigang.facility WHERE kind = 'port' AND ({sql})"
        ).fetchone()
    assert matching(ports, ask, text) == wanted
    assert wanted or sql == "false"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_filters_are_refused_or_answered(ports, ask, name):
    try:
        made = condition(parse(HOSTILE[name]), ports.names)
    except BadParameter:
        return
    assert ask(select(func.count()).where(made).select_from(ports.table))[0] >= 0

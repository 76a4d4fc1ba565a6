"""What is over goes by itself: kept answers after their days; synthetic plans begin and end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import psycopg
import pytest

from api.airspace.answer_store import Given, find, forget, keep
from api.airspace.operation_rows import BEGIN_SYNTHETIC, END_OVER
from spatial.airspace_rules import ANSWERS_KEPT
from spatial.rule_files import read_rule
from tests.api.roadworld import LAT, LON

pytestmark = pytest.mark.db

NOW = datetime.now(UTC)
PLAN = """
INSERT INTO sigang.operation (id, kind, visibility, origin, source_id, name_zh, name_en, state,
  planned_start, planned_end, geom)
VALUES (%s, 'uas_flight', 'public', %s, 'sky', '', '', %s, %s, %s,
  ST_SetSRID(ST_MakePoint(%s, %s), 4326))"""
ENTITY = """
INSERT INTO sigang.utm_entity (id, kind, manager, state, priority, version, ovn, uss_base_url,
  begins, ends, lower_m, upper_m, cells)
VALUES (%s, 'operational_intent', 'sigang', %s, 0, 1, %s, '', %s, %s, 0, 100, '{1}')"""


def test_answers_are_kept_for_the_days_of_the_rule(database_url):
    days, now = read_rule(ANSWERS_KEPT).value.root, datetime.now(UTC)

    async def kept() -> list[bool]:
        conn = await asyncpg.connect(database_url)
        try:
            await conn.execute("SET ROLE sigang_app")  # as what a server sweeps
            ages = (timedelta(days=days, hours=1), timedelta(days=days, hours=-1), timedelta(0))
            numbers = [uuid4() for _ in ages]
            for number, age in zip(numbers, ages, strict=True):
                await keep(conn, Given(number, now - age, None, 1, "x", b"{}", b'{"a":1}'))
            await forget(conn, days)
            return [await find(conn, number) is not None for number in numbers]
        finally:
            await conn.close()

    assert asyncio.run(kept()) == [False, True, True]


def filed(
    conn: psycopg.Connection, origin: str, state: str, begins_h: float, ends_h: float
) -> UUID:
    number = uuid4()
    times = [NOW + timedelta(hours=hours) for hours in (begins_h, ends_h)]
    conn.execute(PLAN, [number, origin, state, *times, LON, LAT])
    if state != "Filed":  # a plan that waits takes no airspace
        conn.execute(ENTITY, [number, state, f"first {number}", *times])
    return number


def test_synthetic_plans_begin_and_all_plans_end_by_themselves(conn):
    conn.execute(
        "INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)"
        " VALUES ('sky', '', '', '', '')"
    )
    expected = {
        filed(conn, "synthetic", "Accepted", -1, 1): ("Activated", 2),
        filed(conn, "synthetic", "Accepted", 1, 2): ("Accepted", 1),
        filed(conn, "synthetic", "Filed", -1, 1): ("Filed", None),
        filed(conn, "real", "Accepted", -1, 1): ("Accepted", 1),
        filed(conn, "synthetic", "Accepted", -2, -1): ("Ended", 1),
        filed(conn, "real", "Activated", -2, -1): ("Ended", 1),
        filed(conn, "synthetic", "Filed", -2, -1): ("Filed", None),
    }
    for _ in range(2):  # the second time nothing is left to do
        conn.execute(BEGIN_SYNTHETIC)
        conn.execute(END_OVER)
    found = {
        number: (state, version)
        for number, state, version in conn.execute(
            "SELECT o.id, o.state, e.version FROM sigang.operation o"
            " LEFT JOIN sigang.utm_entity e USING (id)"
        ).fetchall()
    }
    assert found == expected
    (begun,) = (number for number, (state, _) in expected.items() if state == "Activated")
    row = conn.execute(
        "SELECT o.actual_start = o.planned_start, e.state, e.previous_ovn, e.ovn <> e.previous_ovn"
        " FROM sigang.operation o JOIN sigang.utm_entity e USING (id) WHERE o.id = %s", [begun]
    ).fetchone()  # fmt: skip
    assert row == (True, "Activated", f"first {begun}", True)
    over = conn.execute(
        "SELECT bool_and(actual_end = planned_end) FROM sigang.operation WHERE state = 'Ended'"
    ).fetchone()
    assert over == (True,)

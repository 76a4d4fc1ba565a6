"""The cube of enforcement heat is what a recount gives, whatever was changed and in what order."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from spatial.geo.zorder import keys_of
from spatial.ids import uuid7
from spatial.postgres.bulk import copy_rows

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
CASE = ["id", "kind", "admin_code", "unit_id", "visibility", "origin", "source_id", "props",
        "workflow", "stage", "opened_at", "geom"]  # fmt: skip
SEEN = ["source_id", "key", "kind", "admin_code", "unit_id", "visibility", "origin", "at", "n",
        "z_key"]  # fmt: skip
DIFFERENT = """
SELECT count(*) FROM (SELECT * FROM sigang.heat_cube WHERE n <> 0) c
FULL JOIN sigang.heat_recount() r USING (grain, at, hour, series, cell, n)
WHERE c.series IS NULL OR r.series IS NULL"""
TOTALS = """
SELECT s.measure, s.kind, sum(c.n)::int FROM sigang.heat_cube c
JOIN sigang.heat_series s ON s.id = c.series WHERE c.grain = %s GROUP BY 1, 2 ORDER BY 1, 2"""

pytestmark = pytest.mark.db


def place(dice):
    return f"SRID=4326;POINT({dice.uniform(119, 121):.6f} {dice.uniform(28, 30):.6f})"


def when(dice):
    return BEGIN + timedelta(minutes=dice.randrange(200 * 1440))


def case_row(dice, source):
    inspected = dice.random() < 0.4
    props = {"inspected": dice.randrange(90), "hits": dice.randrange(9)}
    if not inspected:
        props = {"violation": dice.choice(["overload", "hazmat"])} if dice.random() < 0.9 else {}
    return (
        uuid7(), "inspection" if inspected else "enforcement",
        dice.choice(["330702", "330203", None]), dice.choice(["330702-law", None]),
        dice.choice(["public", "unit"]), "synthetic", source, props, "enforcement",
        "investigating", when(dice), place(dice),
    )  # fmt: skip


def seen_row(dice, source, number):
    lon, lat = dice.uniform(119, 121), dice.uniform(28, 30)
    return (
        source, str(number), dice.choice(["passage", "shift"]), "330702", "330702-law", "unit",
        "synthetic", when(dice), dice.randrange(1, 50), int(keys_of(lon, lat)),
    )  # fmt: skip


@pytest.fixture
def source(conn):
    conn.execute(
        "INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)"
        " VALUES ('heat', '热力', 'Heat', 'internal', 'test')"
    )
    return "heat"


def insert_cases(conn, rows):
    text = [(*r[:7], json.dumps(r[7]), *r[8:]) for r in rows]
    with conn.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO sigang.case_file ({', '.join(CASE)}) VALUES"
            " (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            text,
        )


EDITS = (
    "UPDATE sigang.case_file SET stage = 'withdrawn' WHERE id = ANY(%(some)s)",
    "UPDATE sigang.case_file SET stage = 'closed' WHERE id = ANY(%(some)s)",
    "UPDATE sigang.case_file SET geom = %(place)s, unit_id = '330203-law' WHERE id = ANY(%(some)s)",
    "UPDATE sigang.case_file SET opened_at = %(when)s, kind = 'enforcement'"
    " WHERE id = ANY(%(some)s)",
    'UPDATE sigang.case_file SET props = props || \'{"inspected": 7, "hits": "two"}\''
    " WHERE id = ANY(%(some)s)",
    "UPDATE sigang.case_file SET geom = NULL WHERE id = ANY(%(some)s)",
    "UPDATE sigang.exposure SET n = n + 1, at = %(when)s WHERE key = ANY(%(keys)s)",
    "DELETE FROM sigang.exposure WHERE key = ANY(%(keys)s)",
    "DELETE FROM sigang.case_file WHERE id = ANY(%(some)s)",
    # a merge: one case takes the place of another, which goes, in one statement
    "WITH gone AS (DELETE FROM sigang.case_file WHERE id = %(one)s RETURNING geom)"
    " UPDATE sigang.case_file c SET geom = gone.geom FROM gone WHERE c.id = %(other)s",
)


def test_ten_thousand_edits_are_a_recount(conn, source):
    dice = random.Random(20260101)
    cases = [case_row(dice, source) for _ in range(1500)]
    insert_cases(conn, cases)
    copy_rows(conn, "exposure", SEEN, (seen_row(dice, source, n) for n in range(1500)))
    edits, number, ids = 3000, 1500, [row[0] for row in cases]
    while edits < 10_000:
        some = dice.sample(ids, dice.choice([1, 3, 40]))
        keys = [str(dice.randrange(number)) for _ in range(dice.choice([1, 20]))]
        text = dice.choices(EDITS, [4, 4, 4, 4, 3, 1, 4, 1, 1, 2])[0]
        values = {"some": some, "keys": keys, "place": place(dice), "when": when(dice),
                  "one": some[0], "other": dice.choice(ids)}  # fmt: skip
        edits += conn.execute(text, values).rowcount + 1
        if dice.random() < 0.1:  # late ones
            late = [case_row(dice, source) for _ in range(20)]
            insert_cases(conn, late)
            ids += [row[0] for row in late]
            copy_rows(
                conn, "exposure", SEEN, (seen_row(dice, source, number + i) for i in range(20))
            )
            number, edits = number + 20, edits + 40
    assert conn.execute(DIFFERENT).fetchone() == (0,)
    by_day = conn.execute(TOTALS, ["d"]).fetchall()
    assert (
        by_day == conn.execute(TOTALS, ["h"]).fetchall() == conn.execute(TOTALS, ["m"]).fetchall()
    )
    expected = conn.execute(
        "SELECT count(*) FROM sigang.case_file WHERE kind = 'enforcement' AND stage <> 'withdrawn'"
        " AND geom IS NOT NULL"
    ).fetchone()[0]
    assert sum(n for measure, _, n in by_day if measure == "case") == expected


def test_a_cell_is_that_of_the_key(conn):
    random_ = np.random.default_rng(3)
    lon, lat = random_.uniform(117, 124, 500), random_.uniform(26, 32, 500)
    found = conn.execute(
        "SELECT sigang.heat_cell(ST_SetSRID(ST_MakePoint(x, y), 4326))"
        " FROM unnest(%s::float8[], %s::float8[]) p (x, y)",
        [lon.tolist(), lat.tolist()],
    ).fetchall()
    assert [row[0] for row in found] == (keys_of(lon, lat) >> 16).tolist()


def test_an_hour_of_the_week_is_that_of_the_day_here(conn, source):
    at = datetime(2026, 1, 4, 16, 30, tzinfo=UTC)  # Monday 00:30 in Asia/Shanghai
    row = (source, "1", "passage", None, None, "unit", "synthetic", at, 4, 0)
    copy_rows(conn, "exposure", SEEN, [row])
    found = conn.execute(
        "SELECT grain, at::text, hour, n FROM sigang.heat_cube ORDER BY grain"
    ).fetchall()
    assert found == [
        ("d", "2026-01-05", -1, 4),
        ("h", "2026-01-01", 0, 4),
        ("m", "2026-01-01", -1, 4),
    ]

"""The synthetic day: its size, its planted truths, its silence about persons."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from data.generate.cases import judge_overload
from data.generate.fleet import safety_code
from spatial.geo.zorder import LEVEL, keys_of
from spatial.postgres.db import connect
from spatial.rule_files import read_rule
from spatial.rule_models import (
    COMMITMENTS,
    OVERLOAD_BANDS,
    OVERLOAD_FINE,
    OVERLOAD_LIMIT,
    RISK_COLOURS,
    SAFETY_CODE,
)
from tests.conftest import ANCHOR

pytestmark = pytest.mark.db

TABLES = (
    "case_file", "event", "observation", "position", "asset", "latest_position", "project",
    "project_section", "facility", "zone", "feed", "asset_uptime",
)  # fmt: skip
PERSONAL = re.compile(r"phone|mobile|id_card|person|driver|birth|email|address|\bplate\b", re.I)
PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][A-Z0-9]{5,6}"
)


@pytest.fixture(scope="module")
def rows(sample_url: str) -> Iterator[psycopg.Connection[Any]]:
    with connect(sample_url) as connection:
        yield connection


def count(rows: psycopg.Connection[Any], table: str, condition: str) -> int:
    query = f"SELECT count(*) FROM sigang.{table} WHERE {condition}"  # type: ignore[arg-type]
    found = rows.execute(query).fetchone()
    assert found is not None
    return int(found[0])


@pytest.mark.parametrize(
    ("table", "condition", "least", "most"),
    [
        ("case_file", "kind = 'enforcement'", 18_000, 24_000),
        ("case_file", "kind = 'inspection'", 3_500, 4_000),
        ("event", "kind = 'incident'", 3_000, 3_000),
        ("event", "kind = 'incident' AND state = 'open'", 24, 60),
        ("event", "kind = 'risk'", 900, 900),
        ("event", "kind = 'hazard'", 300, 300),
        ("asset", "kind = 'vehicle'", 2_000, 2_000),
        ("asset", "kind = 'vessel'", 300, 300),
        ("asset", "kind IN ('uas', 'aircraft')", 60, 60),
        ("asset", "kind = 'sensor'", 100, 400),
        ("facility", "kind = 'rescue_base'", 96, 96),
        ("facility", "kind = 'wim_site' AND origin = 'schematic'", 4, 4),
        ("project", "kind = 'works'", 40, 40),
        ("project_section", "geom IS NOT NULL AND k_to > k_from", 120, 200),
        ("observation", "kind = 'bridge_monitoring'", 15_000, 60_000),
        ("position", "true", 14_000, 15_000),
    ],
)
def test_as_many_rows_as_planned(rows, table, condition, least, most):
    assert least <= count(rows, table, condition) <= most


@pytest.mark.parametrize("table", ["case_file", "event", "position", "asset", "observation"])
def test_every_generated_row_says_that_it_is_synthetic(rows, table):
    assert count(rows, table, "source_id = 'sample-generated' AND origin <> 'synthetic'") == 0
    assert count(rows, table, "source_id = 'sample-generated'") > 0


@pytest.mark.parametrize(
    ("table", "kind"),
    [("case_file", "enforcement"), ("event", "incident"), ("event", "risk"), ("event", "hazard"),
     ("facility", "rescue_base"), ("asset", "vehicle")],
)  # fmt: skip
def test_all_prefectures_have_rows_that_only_their_unit_sees(rows, table, kind):
    found = rows.execute(
        sql.SQL("SELECT count(DISTINCT left(admin_code, 4)) FROM {} WHERE kind = %s"
                " AND visibility = 'unit' AND starts_with(unit_id, admin_code)").format(
            sql.Identifier("sigang", table)), [kind],
    ).fetchone()  # fmt: skip
    assert found == (11,)


@pytest.mark.parametrize("level", [11, 12, 13])
def test_the_planted_cell_is_first_by_count_and_last_by_rate(rows, level):
    cells = rows.execute(
        "WITH c AS (SELECT z_key >> %(s)s AS cell, count(*) AS n FROM sigang.case_file"
        "  WHERE kind = 'enforcement' GROUP BY 1),"
        " i AS (SELECT z_key >> %(s)s AS cell, sum((props ->> 'inspected')::int) AS seen"
        "  FROM sigang.case_file WHERE kind = 'inspection' GROUP BY 1)"
        " SELECT cell, n, n::float / seen FROM c JOIN i USING (cell) WHERE seen >= 50",
        {"s": 2 * (LEVEL - level)},
    ).fetchall()
    by_count = max(cells, key=lambda cell: cell[1])
    by_rate = min(cells, key=lambda cell: cell[2])
    assert len(cells) > 50
    assert by_count[0] == by_rate[0]
    assert by_count[1] > 2 * sorted(cell[1] for cell in cells)[-2]


def test_the_planted_cell_lies_on_the_g104_corridor(rows):
    cell = rows.execute(
        "SELECT min(props ->> 'route_id'), count(DISTINCT props ->> 'route_id'),"
        " array_agg(DISTINCT admin_code) FROM sigang.case_file WHERE kind = 'inspection'"
        " AND (props ->> 'inspected')::int >= 150"
    ).fetchone()
    assert cell is not None
    assert cell[:2] == ("G104", 1)
    assert set(cell[2]) <= {"330624", "330683"}


def test_each_shift_has_the_cases_that_it_found(rows):
    wrong = rows.execute(
        "SELECT i.id FROM sigang.case_file i LEFT JOIN sigang.case_file c"
        " ON c.kind = 'enforcement' AND c.props ->> 'inspection_id' = i.id::text"
        " WHERE i.kind = 'inspection' GROUP BY i.id"
        " HAVING count(c.id) <> (i.props ->> 'hits')::int"
    ).fetchall()
    assert wrong == []


def test_fines_follow_from_the_weighings(rows):
    found = rows.execute(
        "SELECT verdict, amount_cny, (props ->> 'over_kg')::int, rule_version"
        " FROM sigang.case_file WHERE props ->> 'violation' = 'overload'"
    ).fetchall()
    assert len(found) > 5_000
    for verdict, amount, over, rule in found:
        assert rule.startswith("law.overload_limit_kg@")
        assert verdict == ("warning" if over <= 1000 else "fine")
        assert amount == (0 if over <= 1000 else min(over // 1000 * 500, 30_000))


@pytest.mark.parametrize(
    ("vehicle", "axles", "gross", "limit", "outcome", "fine"),
    [
        ("train", 6, 58_600, 49_000, "fine", 4_500),
        ("truck", 2, 18_900, 18_000, "warning", 0),
        ("train", 6, 112_000, 49_000, "fine", 30_000),
        ("train", 5, 44_000, 43_000, "warning", 0),
    ],
)
def test_known_weighings_are_judged_as_the_law_says(vehicle, axles, gross, limit, outcome, fine):
    weighed, verdict, amount = judge_overload(
        vehicle, axles, (gross - limit) / limit,
        read_rule(OVERLOAD_LIMIT).value, read_rule(OVERLOAD_FINE).value,
        read_rule(OVERLOAD_BANDS).value.root,
    )  # fmt: skip
    assert (weighed["limit_kg"], weighed["gross_kg"]) == (limit, gross)
    assert (verdict, amount) == (outcome, fine)


@pytest.mark.parametrize(
    ("score", "colour"),
    [(70, "red"), (55, "orange"), (30, "orange"), (20, "yellow"), (10, "yellow"), (5, "blue")],
)
def test_the_colour_of_a_risk_at_the_bounds(score, colour):
    assert read_rule(RISK_COLOURS).value.colour_of(score) == colour


@pytest.mark.parametrize(
    ("points", "overspeed", "expired", "code"),
    [(0, 0, False, "blue"), (6, 0, False, "yellow"), (2, 3, False, "yellow"), (0, 0, True, "red"),
     (12, 0, False, "red")],
)  # fmt: skip
def test_a_safety_code_follows_from_its_record(points, overspeed, expired, code):
    rule = read_rule(SAFETY_CODE).value
    assert safety_code(points, overspeed, expired, rule)["safety_code"] == code


def test_hazmat_vehicles_alone_carry_a_code_of_every_colour(rows):
    found = rows.execute(
        "SELECT class = 'hazmat', props ->> 'safety_code', rule_version FROM sigang.asset"
        " WHERE kind = 'vehicle' GROUP BY 1, 2, 3"
    ).fetchall()
    rule = "safety.code_colour@2026-01"
    assert set(found) == {
        (False, None, None), *((True, colour, rule) for colour in ("blue", "yellow", "red")),
    }  # fmt: skip


def test_stored_colours_follow_from_the_scores(rows):
    colours = read_rule(RISK_COLOURS).value
    for colour, props, rule in rows.execute(
        "SELECT colour, props, rule_version FROM sigang.event WHERE kind = 'risk'"
    ):
        assert props["score"] == pytest.approx(props["likelihood"] * props["consequence"])
        assert colour == colours.colour_of(props["score"])
        assert rule == "safety.risk_four_colour@dlc-2018"


def test_open_incidents_hold_through_the_day_and_have_an_end(rows):
    states = rows.execute(
        "SELECT state, valid_from <= %s, valid_to > %s, valid_to IS NOT NULL"
        " FROM sigang.event WHERE kind = 'incident'",
        [ANCHOR, ANCHOR],
    ).fetchall()
    assert {row for row in states if row[0] == "open"} == {("open", True, True, True)}
    assert {row for row in states if row[0] == "ended"} == {("ended", True, False, True)}


def test_a_hazard_leaves_registered_only_with_all_five_commitments(rows):
    wanted = read_rule(COMMITMENTS).value.root
    stages = rows.execute("SELECT props FROM sigang.event WHERE kind = 'hazard'").fetchall()
    for (props,) in stages:
        complete = sorted(props["commitments"]) == sorted(wanted)
        assert (props["stage"] != "registered") == complete
        assert ("due_on" in props) == ("deadline" in props["commitments"])
    assert {props["stage"] for (props,) in stages} == {"registered", "rectifying", "closed"}
    grades = rows.execute(
        "SELECT DISTINCT props ->> 'stage', severity FROM sigang.event WHERE kind = 'hazard'"
    ).fetchall()
    assert len(grades) == 9  # how grave a hazard is does not follow from what is settled of it


def test_vehicles_stand_on_roads(rows):
    off = rows.execute(
        "SELECT count(*) FROM sigang.latest_position p WHERE p.kind = 'vehicle' AND NOT EXISTS ("
        " SELECT FROM sigang.edge e WHERE e.mode = 'road'"
        " AND ST_DWithin(e.geom, ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326), 1e-6))"
    ).fetchone()
    assert off == (0,)


def test_vessels_are_on_the_water_networks(rows):
    off = rows.execute(
        "SELECT count(*) FROM sigang.latest_position p WHERE p.kind = 'vessel' AND NOT EXISTS ("
        " SELECT FROM sigang.edge e WHERE e.mode IN ('sea_lane', 'waterway')"
        " AND ST_DWithin(e.geom, ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326), 1e-6))"
    ).fetchone()
    assert off == (0,)


def test_a_track_ends_where_the_latest_position_is(rows):
    apart = rows.execute(
        "SELECT count(*) FROM sigang.latest_position l JOIN sigang.position p"
        " ON p.asset_id = l.asset_id AND p.fix_time = l.fix_time"
        " WHERE ST_X(p.geom) <> l.lon OR ST_Y(p.geom) <> l.lat"
    ).fetchone()
    assert apart == (0,)


@pytest.mark.parametrize("table", ["case_file", "event", "asset", "facility", "project"])
def test_nothing_tells_of_a_person(rows, table):
    texts = rows.execute(
        sql.SQL("SELECT (to_jsonb(t) - 'geom' - 'geom_3857')::text FROM {} t"
                " WHERE source_id = 'sample-generated'").format(sql.Identifier("sigang", table))
    ).fetchall()  # fmt: skip
    assert texts
    keys: set[str] = set()
    for (text,) in texts:
        assert not PLATE.search(text)
        body = json.loads(text)
        for part in (body.get("props"), body.get("identifiers")):
            keys |= set(part or {})
    assert not [key for key in keys if PERSONAL.search(key)]


def hashes(conn: psycopg.Connection[Any]) -> dict[str, Any]:
    """Return count and hash of the rows of each table, without when they were written."""
    found = {}
    for table in TABLES:
        key = {"latest_position": "asset_id", "asset_uptime": "first_seen, asset_id"}.get(
            table, "id"
        )
        found[table] = conn.execute(
            sql.SQL(
                "SELECT count(*), md5(string_agg(md5((to_jsonb(t) - 'recorded_at' - 'geom_3857')"
                "::text), '' ORDER BY {key})) FROM {table} t"
            ).format(table=sql.Identifier("sigang", table), key=sql.SQL(key))
        ).fetchone()
    return found


def test_loading_twice_gives_the_same_ids_and_rows(module_sample_url):
    from data.generate.load import load_generated
    from data.sample.airspace import load_airspace
    from data.sample.facilities import load_facilities
    from data.sample.search import load_search
    from data.sample.zones import load_zones

    silent = lambda _: None  # noqa: E731
    with connect(module_sample_url) as conn:
        before = hashes(conn)
        index = conn.execute("SELECT * FROM sigang.search_entry ORDER BY 1, 2").fetchall()
        load_zones(conn, silent)
        load_facilities(conn, silent)
        load_airspace(conn)
        load_generated(conn, ANCHOR, silent)
        load_search(conn)
        assert hashes(conn) == before
        again = conn.execute("SELECT * FROM sigang.search_entry ORDER BY 1, 2").fetchall()
        assert again == index


def tile_of(key: int) -> tuple[int, int]:
    """Return column and row of the tile that a key stands for."""

    def gathered(bits: int) -> int:
        return sum((bits >> (2 * bit) & 1) << bit for bit in range(LEVEL + 1))

    return gathered(key), gathered(key >> 1)


def test_a_key_is_its_tile_interleaved():
    key = int(keys_of([120.15507], [30.274085])[0])
    for level, tile in {7: (106, 52), 12: (3415, 1686), 15: (27320, 13490)}.items():
        assert tile_of(key >> 2 * (LEVEL - level)) == tile
        assert int(keys_of([120.15507], [30.274085], level)[0]) == key >> 2 * (LEVEL - level)


def test_cases_carry_the_key_of_their_place(rows):
    found = rows.execute(
        "SELECT ST_X(geom), ST_Y(geom), z_key FROM sigang.case_file ORDER BY id LIMIT 500"
    ).fetchall()
    lon, lat, keys = zip(*found, strict=True)
    assert keys_of(lon, lat).tolist() == list(keys)

"""Features against SQL truth: pages, counts, one feature and exports, for every kind of reader."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from datetime import UTC, datetime
from threading import get_ident

import geopandas
import psycopg
import pytest

from layers.declare.catalog import Catalog
from layers.features import export_table, features
from layers.features.export import export_file, stream_csv, stream_sequence
from layers.query.filter_thread import beside
from layers.query.filters import parse_query, read_query
from spatial.actor import ANONYMOUS, Actor
from spatial.errors import BadParameter
from spatial.postgres.db import Database, connect
from spatial.settings import Settings
from tests.layers.small import seed, write_areas

pytestmark = pytest.mark.db

DUTY = Actor("ningbo", "duty", "330200", "u1")
PROVINCE = Actor("province", "dispatcher", "330000")
ACTORS = [ANONYMOUS, DUTY, PROVINCE]
SEEN = {
    "public": "visibility = 'public'",
    DUTY.digest: "visibility = 'public' OR (visibility = 'unit' AND"
    " (admin_code LIKE '3302%' OR unit_id = 'u1'))",
    PROVINCE.digest: "visibility = 'public' OR admin_code LIKE '33%'",
}
QUERIES = [
    ({}, "true"),
    ({"bbox": "120.5,29.5,121.5,30.5"},
     "ST_Intersects(geom, ST_MakeEnvelope(120.5, 29.5, 121.5, 30.5, 4326))"),
    ({"capacity": "5"}, "capacity = 5"),
    ({"berths": "2"}, "(props->>'berths')::int = 2"),
    ({"datetime": "2026-02-01T00:00:00+08:00/2026-02-20T00:00:00+08:00"},
     "(valid_from IS NULL OR valid_from <= '2026-02-20T00:00:00+08:00')"
     " AND (valid_to IS NULL OR valid_to > '2026-02-01T00:00:00+08:00')"),
    ({"filter": "capacity > 3 AND NOT name_zh LIKE '%1'"},
     "capacity > 3 AND NOT name_zh LIKE '%1'"),
    ({"filter": "depth_m BETWEEN 1 AND 2 OR berths IN (1, 3)"},
     "(props->>'depth_m')::float BETWEEN 1 AND 2 OR (props->>'berths')::int IN (1, 3)"),
    ({"filter": "S_DWITHIN(geom, POINT(121 30), 30, 'km')"},
     "ST_DWithin(geom::geography, 'SRID=4326;POINT(121 30)'::geography, 30000)"),
    ({"filter": "T_AFTER(since, DATE('2026-02-01'))"},
     "valid_from >= '2026-02-02T00:00:00+08:00'"),
]  # fmt: skip
SORTS = ["", "capacity", "-capacity,name_zh", "since,-depth_m", "-name_zh", "id"]


@pytest.fixture(scope="module")
def truth(module_database_url):
    with connect(module_database_url) as conn:
        seed(conn)
        yield conn


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    return Catalog.load(write_areas(tmp_path_factory.mktemp("areas")))


@pytest.fixture(scope="module")
def run(module_database_url, truth):
    """Run a function of the database in one event loop."""
    loop = asyncio.new_event_loop()
    db = loop.run_until_complete(Database.open(Settings(), module_database_url))
    yield lambda work: loop.run_until_complete(work(db))
    loop.run_until_complete(db.close())
    loop.close()


def ids_of(conn: psycopg.Connection, actor: Actor, condition: str) -> set[str]:
    rows = conn.execute(
        f"SELECT id FROM sigang.facility WHERE kind = 'port' AND ({condition})"
        f" AND ({SEEN[actor.digest]})"
    ).fetchall()
    return {str(row[0]) for row in rows}


def walk(run, relation, actor, given, limit) -> list[dict]:
    """Follow the cursors to the end."""
    query, found, cursor = parse_query(relation, given), [], None
    while True:
        page = run(lambda db, c=cursor: features.read_page(db, relation, actor, query, limit, c))
        found += map(json.loads, page.features)
        assert page.at_least >= len(found)
        cursor = page.next
        if cursor is None:
            assert page.matched == len(found)
            return found
        assert len(page.features) == limit


@pytest.mark.parametrize("actor", ACTORS, ids=lambda a: a.role)
@pytest.mark.parametrize(("given", "condition"), QUERIES, ids=lambda q: str(q)[:40])
def test_pages_and_counts_equal_sql(run, truth, catalog, actor, given, condition):
    relation = catalog.get_relation("ports", actor)
    expected = ids_of(truth, actor, condition)
    found = walk(run, relation, actor, given, 7)
    assert len(found) == len(expected)
    assert {feature["id"] for feature in found} == expected
    query = parse_query(relation, given)
    assert run(lambda db: features.count(db, relation, actor, query)) == len(expected)


@pytest.mark.parametrize("sortby", SORTS)
@pytest.mark.parametrize("limit", [1, 3, 50])
def test_every_order_pages_without_gap_or_twin(run, truth, catalog, sortby, limit):
    relation = catalog.get_relation("ports")
    given = {"sortby": sortby} if sortby else {}
    found = walk(run, relation, PROVINCE, given, limit)
    assert len(found) == len({f["id"] for f in found}) == len(ids_of(truth, PROVINCE, "true"))
    for name, down in reversed(parse_query(relation, given).sortby):
        if name == "capacity":
            values = [f["properties"]["capacity"] for f in found]
            known = [v for v in values if v is not None]
            assert values[len(known) :] == [None] * (len(values) - len(known))
            if sortby.lstrip("-").startswith("capacity"):
                assert known == sorted(known, reverse=down)


def test_a_page_stays_right_while_rows_come_and_go(run, truth, catalog):
    relation = catalog.get_relation("ports")
    query = parse_query(relation, {})
    first = run(lambda db: features.read_page(db, relation, PROVINCE, query, 10, None))
    ids = [json.loads(text)["id"] for text in first.features]
    truth.execute("UPDATE sigang.facility SET name_zh = name_zh WHERE id = %s", [ids[0]])
    truth.execute("DELETE FROM sigang.facility WHERE id = %s", [ids[3]])
    truth.commit()
    rest = run(lambda db: features.read_page(db, relation, PROVINCE, query, 200, first.next))
    others = {json.loads(text)["id"] for text in rest.features}
    assert others.isdisjoint(ids)
    assert len(others) == len(ids_of(truth, PROVINCE, "true")) - 9


def test_a_small_page_knows_the_exact_number(run, truth, catalog):
    relation = catalog.get_relation("ports")
    query = parse_query(relation, {})
    page = run(lambda db: features.read_page(db, relation, PROVINCE, query, 1, None))
    assert page.matched == len(ids_of(truth, PROVINCE, "true"))


def test_listed_columns_and_origin_leave_and_nothing_else(run, catalog):
    relation = catalog.get_relation("ports")
    for feature in walk(run, relation, PROVINCE, {}, 100):
        assert list(feature["properties"]) == [
            "name_zh", "capacity", "since", "depth_m", "berths", "origin"]  # fmt: skip
        assert feature["properties"]["origin"] == "synthetic"


def test_one_feature_is_seen_or_not_by_scope(run, truth, catalog):
    relation = catalog.get_relation("ports")
    every = ids_of(truth, PROVINCE, "true")
    for actor in ACTORS:
        mine = ids_of(truth, actor, "true")
        for feature_id in sorted(every)[:40]:
            text = run(lambda db, a=actor, f=feature_id: features.read_feature(db, relation, a, f))
            assert (text is not None) == (feature_id in mine)


@pytest.mark.parametrize("wrong", ["", "x", "0" * 40, "00000000-0000-7000-8000-000000000000"])
def test_an_id_that_is_none_finds_nothing(run, catalog, wrong):
    relation = catalog.get_relation("ports")
    assert run(lambda db: features.read_feature(db, relation, PROVINCE, wrong)) is None


@pytest.mark.parametrize("cursor", ["", "x", "!!", "WzFd", "W10", "WzAsbnVsbF0", "e30", "é"])
def test_a_foreign_cursor_is_refused(run, catalog, cursor):
    relation = catalog.get_relation("ports")
    query = parse_query(relation, {})
    with pytest.raises(BadParameter):
        run(lambda db: features.read_page(db, relation, ANONYMOUS, query, 5, cursor))


def test_a_line_layer_tests_the_shape_not_its_box(run, truth, catalog):
    relation = catalog.get_relation("roads")
    box = "120.6,29.2,120.9,29.5"
    expected = truth.execute(
        "SELECT count(*) FROM sigang.edge WHERE mode = 'road' AND"
        f" ST_Intersects(geom, ST_MakeEnvelope({box}, 4326))"
    ).fetchone()[0]
    boxes = truth.execute(
        f"SELECT count(*) FROM sigang.edge WHERE mode = 'road' AND geom && "
        f"ST_MakeEnvelope({box}, 4326)"
    ).fetchone()[0]
    assert len(walk(run, relation, ANONYMOUS, {"bbox": box}, 5)) == expected < boxes


def test_a_single_precision_number_compares_by_its_digits(run, catalog):
    relation = catalog.get_relation("roads")
    found = walk(run, relation, ANONYMOUS, {"max_height_m": "4.2"}, 50)
    assert len(found) == 20
    assert {f["properties"]["max_height_m"] for f in found} == {4.2}


def test_statements_are_compiled_once_per_shape(run, catalog):
    relation = catalog.get_relation("ports")
    relation.statements.clear()
    for west in range(100, 120):
        query = parse_query(relation, {"bbox": f"{west},20,125,35"})
        run(lambda db, q=query: features.read_page(db, relation, ANONYMOUS, q, 5, None))
    assert len(relation.statements) <= 2


SOURCES = [{"attribution": 'Tester & "co"', "license": "CC0-1.0"}]


async def collected(stream) -> bytes:
    return b"".join([part async for part in stream])


@pytest.mark.parametrize("actor", ACTORS, ids=lambda a: a.role)
def test_streams_hold_what_the_reader_sees(run, truth, catalog, actor):
    relation = catalog.get_relation("ports")
    query = parse_query(relation, {"filter": "capacity > 2"})
    expected = ids_of(truth, actor, "capacity > 2")
    text = run(lambda db: collected(stream_csv(db, relation, actor, query, SOURCES, None)))
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))
    assert {row["id"] for row in rows} == expected
    assert {row["origin"] for row in rows} == {"synthetic"}
    assert {row["attribution"] for row in rows} == {'Tester & "co" (CC0-1.0)'}
    text = run(lambda db: collected(stream_sequence(db, relation, actor, query, SOURCES, None)))
    parts = [json.loads(part) for part in text.split(b"\x1e") if part]
    assert {part["id"] for part in parts} == expected


@pytest.mark.parametrize(
    ("kind", "here"), [("fgb", 1_000), ("gpkg", 1_000), ("parquet", 1_000), ("gpkg", 0)]
)
def test_files_hold_rows_types_and_sources(run, truth, catalog, tmp_path, monkeypatch, kind, here):
    monkeypatch.setattr(export_table, "HERE", here)  # with 0 another process writes it
    relation = catalog.get_relation("ports")
    query = parse_query(relation, {})
    file = run(lambda db: export_file(db, relation, DUTY, query, SOURCES, None, kind, tmp_path))
    path = tmp_path / f"ports.{kind}"
    with file:
        path.write_bytes(file.read())
    assert list(tmp_path.iterdir()) == [path]
    read = geopandas.read_parquet if kind == "parquet" else geopandas.read_file
    frame = read(path)
    assert set(frame["id"]) == ids_of(truth, DUTY, "true")
    assert set(frame["origin"]) == {"synthetic"}
    assert set(frame["attribution"]) == {'Tester & "co" (CC0-1.0)'}
    assert frame.crs.to_epsg() == 4326
    assert frame.geometry.x.between(120, 123).all()
    since = frame["since"].dropna().min()
    assert since.astimezone(UTC) >= datetime(2026, 1, 1, tzinfo=UTC)


FUNCTION = """
CREATE FUNCTION sigang.ports_deeper(at_least float8, bbox box2d DEFAULT NULL) RETURNS TABLE (
  id uuid, kind text, admin_code text, unit_id text, visibility text, origin text, source_id text,
  depth_m float8, geom geometry) LANGUAGE sql STABLE AS $$
  SELECT id, kind, admin_code, unit_id, visibility, origin, source_id,
    (props->>'depth_m')::float8, geom
  FROM sigang.facility WHERE kind = 'port' AND (props->>'depth_m')::float8 >= at_least
    AND (bbox IS NULL OR geom && ST_SetSRID(bbox::geometry, 4326)) $$
"""
DEEP = """
id = "deep"
title = {zh = "深水", en = "Deep"}
description = {zh = "深水", en = "Deep"}
[source]
function = "ports_deeper"
parameters = [{name = "at_least", type = "number", default = 6}, {name = "bbox", type = "text"}]
[geometry]
type = "point"
column_3857 = "geom"
[access]
public = true
[[columns]]
name = "depth_m"
title = {zh = "水深", en = "Depth"}
type = "number"
"""


@pytest.mark.parametrize(("given", "least"), [({}, 6), ({"at_least": "9"}, 9)])
def test_a_function_is_a_layer(run, truth, tmp_path, given, least):
    truth.execute(FUNCTION.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    truth.commit()
    folder = write_areas(tmp_path / "areas")
    (folder / "port" / "deep.layer.toml").write_text(DEEP, encoding="utf-8")
    relation = Catalog.load(folder).get_relation("deep")
    for actor in ACTORS:
        expected = ids_of(truth, actor, f"(props->>'depth_m')::float8 >= {least}")
        found = walk(run, relation, actor, given, 5)
        assert {feature["id"] for feature in found} == expected


def test_a_long_filter_leaves_the_event_loop_free_and_is_not_kept(run, catalog):
    relation = catalog.get_relation("ports", ANONYMOUS)
    short, long = "capacity > 3", " OR ".join(["capacity > 3"] * 100)

    async def ask(db, text):
        assert (await beside(text, get_ident) == get_ident()) == (text == short)
        query = await read_query(relation, {"filter": text})
        page = await features.read_page(db, relation, ANONYMOUS, query, 5, None)
        return page.matched, await features.count(db, relation, ANONYMOUS, query)

    relation.statements.clear()
    assert run(lambda db: ask(db, long)) == run(lambda db: ask(db, short))
    kept = {part for key in relation.statements for part in key[1] if isinstance(part, str)}
    assert short in kept
    assert long not in kept

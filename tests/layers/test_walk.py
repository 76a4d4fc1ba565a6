"""Wide boxes: a bounded walk by id gives the pages that collecting and sorting gives."""

import asyncio
import json

import pytest

from layers.declare.catalog import Catalog
from layers.features import features, keyset_scan
from layers.query.filters import parse_query
from spatial.actor import ANONYMOUS, Actor
from spatial.postgres.db import Database
from spatial.settings import Settings
from tests.layers.small import seed, write_areas

pytestmark = pytest.mark.db

PROVINCE = Actor("province", "dispatcher", "330000")
ROWS = 4000
INSERT = """
INSERT INTO sigang.facility (id, kind, admin_code, visibility, origin, source_id, geom)
SELECT ('01970000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'port', '330200',
  CASE n % 3 WHEN 0 THEN 'unit' ELSE 'public' END, 'synthetic', 'test',
  ST_SetSRID(ST_MakePoint(120 + {x}, 29 + (n * 7919 % 1000) / 1000.0), 4326)
FROM generate_series(1, {rows}) n"""
SCATTERED = "(n * 104729 % 1000) / 1000.0"
IN_PLACE = "n / 4000.0"


def pages(url, areas, actor, box, limit, count=3):
    async def ask():
        db = await Database.open(Settings(database_url=url, pool_size=1), url)
        try:
            relation = Catalog.load(areas).get_relation("ports")
            found, cursor = [], None
            for _ in range(count):
                query = parse_query(relation, {"bbox": box}, set())
                page = await features.read_page(db, relation, actor, query, limit, cursor)
                found += [json.loads(text)["id"] for text in page.features]
                cursor = page.next
                if cursor is None:
                    break
            return found
        finally:
            await db.close()

    return asyncio.run(ask())


@pytest.fixture
def filled(conn, database_url, tmp_path, request):
    seed(conn)
    conn.execute(INSERT.format(x=request.param, rows=ROWS))
    conn.commit()
    conn.execute("ANALYZE sigang.facility")
    conn.commit()
    return database_url, write_areas(tmp_path)


@pytest.fixture
def walks(monkeypatch):
    """Walk wherever it is possible, and note how often."""
    monkeypatch.setattr(keyset_scan, "LEAST_ROWS", 0)
    monkeypatch.setattr(keyset_scan, "COST", 0.0)
    bounds, plan = [], features.plan_walk

    async def noted(*given):
        bounds.append(await plan(*given))
        return bounds[-1]

    monkeypatch.setattr(features, "plan_walk", noted)
    return bounds


@pytest.mark.parametrize("filled", [SCATTERED, IN_PLACE], indirect=True)
@pytest.mark.parametrize("actor", [ANONYMOUS, PROVINCE], ids=["anonymous", "province"])
@pytest.mark.parametrize("patience", [20, 1])
def test_a_walk_gives_the_same_pages(filled, actor, patience, walks, monkeypatch):
    monkeypatch.setattr(keyset_scan, "PATIENCE", patience)
    url, areas = filled
    for box in ("120.2,29.2,120.9,29.9", "120.8,29.1,121,30", "120.5,29.5,120.51,29.51"):
        for limit in (7, 50):
            walked = pages(url, areas, actor, box, limit)
            with monkeypatch.context() as plain:
                plain.setattr(features, "may_walk", lambda *_: False)
                assert walked == pages(url, areas, actor, box, limit)
    assert any(bound is not None for bound in walks)


@pytest.mark.parametrize("filled", [SCATTERED], indirect=True)
def test_the_plan_weighs_walking_against_collecting(filled, monkeypatch):
    url, areas = filled
    monkeypatch.setattr(keyset_scan, "LEAST_ROWS", 1000)
    relation = Catalog.load(areas).get_relation("ports")

    async def ask(box, limit):
        db = await Database.open(Settings(database_url=url, pool_size=1), url)
        try:
            async with features.reading(db, ANONYMOUS) as conn:
                query = parse_query(relation, {"bbox": box}, set())
                return await keyset_scan.plan_walk(conn, relation, query, limit)
        finally:
            await db.close()

    wide = asyncio.run(ask("120,29,121,30", 10))
    assert wide is not None
    assert wide <= ROWS + 100
    assert asyncio.run(ask("120.5,29.5,120.51,29.51", 10)) is None
    assert asyncio.run(ask("120,29,121,30", 10_000)) is None


@pytest.mark.parametrize("filled", [SCATTERED], indirect=True)
def test_other_orders_and_filters_are_not_walked(filled):
    _, areas = filled
    relation = Catalog.load(areas).get_relation("ports")
    box = {"bbox": "120,29,121,30"}
    assert keyset_scan.may_walk(relation, parse_query(relation, box, set()))
    for more in ({"sortby": "capacity"}, {"capacity": "5"}, {"filter": "capacity > 3"}):
        assert not keyset_scan.may_walk(relation, parse_query(relation, box | more, set()))
    assert not keyset_scan.may_walk(relation, parse_query(relation, {}, set()))

"""Tiles that no row, cell or layer can stop: what fails is set aside, all else is drawn."""

from __future__ import annotations

import asyncio
import random

import psycopg
import pytest

from api.cli.doctor import _tiles
from layers.declare.catalog import Catalog
from layers.declare.relation import resolve
from layers.features.features import read_page
from layers.features.summary import Summaries
from layers.query.filters import parse_query
from layers.tiles.dirty_cells import apply_changes
from layers.tiles.rebuild import refresh_stale, refresh_tiles
from layers.tiles.set_aside import STANDING, listed, release
from layers.tiles.values import count_bad
from spatial.actor import ANONYMOUS
from spatial.errors import TilesNotReady
from spatial.postgres.db import Database, connect
from spatial.settings import Settings
from tests.layers.small import AREA, PORTS, SEED
from tests.layers.tiled import fetch, run

pytestmark = pytest.mark.db

TILES = """
[tiles]
minzoom = 0
columns = ["name_zh", "depth_m", "berths"]
levels = [{maxzoom = 6}]
"""
ZONES = """
id = "zones"
title = {zh = "区", en = "Zones"}
description = {zh = "区", en = "Zones"}
source = {table = "zone", kinds = ["area"]}
geometry = {type = "polygon"}
access = {public = true}
columns = [{name = "size", path = "props.size", title = {zh = "数", en = "Size"}, type = "number"}]
tiles = {columns = ["size"], levels = [{maxzoom = 6}], parts = ["label"]}
"""
FRAGILE = """
id = "fragile"
title = {zh = "易碎", en = "Fragile"}
description = {zh = "易碎", en = "Fragile"}
source = {view = "fragile"}
geometry = {type = "line"}
access = {public = true}
columns = [{name = "share", title = {zh = "比", en = "Share"}, type = "number"}]
tiles = {columns = ["share"], levels = [{maxzoom = 7, by = ["share"]}]}
"""
VIEW = """
CREATE VIEW sigang.fragile WITH (security_invoker = true) AS
SELECT id, kind, admin_code, unit_id, visibility, origin, source_id, geom, geom_3857,
  100.0 / (coalesce(lanes, 1) - 7) AS share FROM sigang.edge"""
LAYERS = {"ports": PORTS + TILES, "zones": ZONES, "fragile": FRAGILE}
FACILITY = """
INSERT INTO sigang.facility (kind, visibility, origin, source_id, name_zh, props, geom)
VALUES ('port', %(seen)s, 'synthetic', 'test', %(name)s, %(props)s,
  ST_SetSRID(ST_MakePoint(%(x)s, %(y)s), 4326))"""
ZONE = """
INSERT INTO sigang.zone (kind, visibility, origin, source_id, props, geom)
VALUES ('area', 'public', 'synthetic', 'test', %(props)s,
  ST_Multi(ST_SetSRID(ST_MakePolygon(ST_MakeLine(ARRAY(
    SELECT ST_MakePoint(p[1], p[2]) FROM unnest(%(ring)s::text[]) r,
    LATERAL (SELECT string_to_array(r, ' ')::float8[] AS p) q))), 4326)))"""
EDGE = """
INSERT INTO sigang.edge (kind, mode, class, from_node, to_node, length_m, visibility, origin,
  source_id, lanes, geom)
VALUES ('road', 'road', 'primary', gen_random_uuid(), gen_random_uuid(), 1, 'public', 'synthetic',
  'test', %(lanes)s, ST_SetSRID(ST_MakeLine(ARRAY[ST_MakePoint(%(x)s, %(y)s), ST_MakePoint(%(via)s,
  %(y)s), ST_MakePoint(%(to)s, %(y)s)]), 4326))"""


@pytest.fixture(scope="module")
def declared(tmp_path_factory):
    area = tmp_path_factory.mktemp("areas") / "port"
    area.mkdir()
    (area / "area.toml").write_text(AREA, encoding="utf-8")
    for name, text in LAYERS.items():
        (area / f"{name}.layer.toml").write_text(text, encoding="utf-8")
    return area.parent


@pytest.fixture(scope="module")
def ground(module_database_url, declared):
    """Return a database that each test leaves with nothing set aside."""
    with connect(module_database_url) as conn:
        conn.execute(SEED)
        make_view(conn)
        refresh_tiles(conn, Catalog.load(declared).layers.values())
        conn.commit()
    return module_database_url


def make_view(conn):
    conn.execute(VIEW)
    conn.execute("GRANT SELECT ON sigang.fragile TO sigang_app, sigang_public")


def layers_of(declared):
    return list(Catalog.load(declared).layers.values())


def contents(conn):
    names = [n for (n,) in conn.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'sigang_tiles' AND tablename NOT IN"
        " ('layer_state', 'set_aside')")]  # fmt: skip
    return {
        name: sorted(conn.execute(
            f"SELECT (to_jsonb(t) - 'geom')::text FROM sigang_tiles.\"{name}\" t"
        ).fetchall())
        for name in names
    } | {
        f"{name} geom": sorted(conn.execute(
            f"SELECT ST_AsText(geom, 3) FROM sigang_tiles.\"{name}\" t").fetchall())
        for name in names if name != "cell_count"
    }  # fmt: skip


def standing(conn):
    cursor = conn.cursor(row_factory=psycopg.rows.dict_row)
    return cursor.execute(STANDING).fetchone()


def draw(rng):
    """Return a statement and its values: a row that is good, odd or impossible."""
    x, y = rng.uniform(119, 122), rng.uniform(28, 31)
    odd_x = rng.choice([x, x, 180, -180, 179.99999, "NaN", "Infinity"])
    odd_y = rng.choice([y, y, y, 89.99, -90, 85.06, "NaN"])
    value = rng.choice(["1.5", '"2.5"', '"deep"', "true", "[1]", "1e400", '"1e999"', "null"])
    props = f'{{"depth_m": {value}, "berths": {value}, "size": {value}}}'
    kind = rng.randrange(3)
    if kind == 0:
        name, seen = rng.choice(["甲", None]), rng.choice(["public", "unit"])
        return FACILITY, {"seen": seen, "name": name, "props": props, "x": odd_x, "y": odd_y}
    if kind == 1:
        far = rng.choice([0.1, 0.1, 1, 300])
        ring = [(x, y), (x + far, y), (odd_x, odd_y), (x, y + 0.1), (x, y)]
        if rng.random() < 0.2:
            ring = [(-180, -90), (180, -90), (180, 90), (-180, 90), (-180, -90)]
        return ZONE, {"props": props, "ring": [f"{a} {b}" for a, b in ring]}
    to = rng.choice([x + 0.1, x + 0.1, x])
    return EDGE, {"lanes": rng.choice([2, None, 3, 7]), "x": x, "y": y, "via": odd_x, "to": to}


def change(conn, rng, count):
    """Write rows at random, and delete some."""
    for _ in range(count):
        statement, values = draw(rng)
        try:
            with conn.transaction():
                conn.execute(statement, values)
        except psycopg.Error as error:  # such a place the schema itself refuses
            assert "Invalid coordinate" in str(error)
    for table in ("facility", "zone", "edge"):
        few = f"SELECT id FROM sigang.{table} ORDER BY md5(id::text) LIMIT 3"
        conn.execute(f"DELETE FROM sigang.{table} WHERE id IN ({few})")


def test_good_and_bad_rows_mixed_draw_what_a_fresh_build_draws(ground, declared):
    rng, layers = random.Random(1), layers_of(declared)
    with connect(ground) as conn:
        for _ in range(2):
            change(conn, rng, 20)
            apply_changes(conn, layers)
            assert standing(conn)["lag_s"] == 0
        aside = {row["feature"] for row in listed(conn, 1000)}
        dividing = conn.execute(
            "SELECT id::text, ST_Length(geom_3857) < 'Infinity'::float8 FROM sigang.edge"
            " WHERE lanes = 7"
        ).fetchall()
        drawable = {row for row, finite in dividing if finite}
        assert drawable <= aside <= {row for row, _ in dividing}
        by_cells = contents(conn)
        refresh_tiles(conn, layers)
        assert by_cells == contents(conn)
        assert {row["feature"] for row in listed(conn, 1000)} == aside
        conn.execute("UPDATE sigang.edge SET lanes = 1 WHERE lanes = 7")
        apply_changes(conn, layers)
        assert listed(conn, 1000) == []


def test_a_text_in_a_number_column_is_null_to_everyone(ground, declared):
    with connect(ground) as conn:
        conn.execute("UPDATE sigang.facility SET props = '{\"depth_m\": \"deep\", \"berths\": 2.5}'"
                     " WHERE kind = 'port' AND visibility = 'public'")  # fmt: skip
        apply_changes(conn, layers_of(declared))
        assert listed(conn, 10) == []
        bad = {(one.layer, one.column): one.count for one in count_bad(conn, layers_of(declared))}
        public = conn.execute("SELECT count(*) FROM sigang.facility WHERE kind = 'port'"
                              " AND visibility = 'public'").fetchone()[0]  # fmt: skip
        assert bad["ports", "depth_m"] >= public
        assert bad["ports", "berths"] >= public

    async def ask(service, catalog, _):
        _, features = await fetch(service, catalog, "ports", (8, 214, 105))
        assert features
        assert not {"depth_m", "berths"} & {name for f in features for name in f["properties"]}
        relation = resolve(catalog.get_layer("ports"))
        db = await Database.open(Settings(database_url=ground, pool_size=1), ground)
        try:
            for text, count in (("depth_m > 1 OR berths = 2", 0), ("depth_m IS NULL", 10)):
                query = parse_query(relation, {"filter": text, "sortby": "-depth_m"})
                page = await read_page(db, relation, ANONYMOUS, query, 10, None)
                assert len(page.features) == count
                assert all('"depth_m":null' in feature for feature in page.features)
        finally:
            await db.close()

    run(ground, declared, ask)


def test_a_broken_layer_stops_no_other_and_comes_back(ground, declared):
    layers = layers_of(declared)
    with connect(ground) as conn:
        conn.execute("ALTER VIEW sigang.fragile RENAME COLUMN share TO part")
        conn.execute("UPDATE sigang.edge SET lanes = 3")
        conn.execute("UPDATE sigang.facility SET name_zh = '新' WHERE kind = 'port'")
        applied = apply_changes(conn, layers)
        assert applied.layers == ("ports",)
        assert conn.execute("SELECT count(*) FROM sigang.tile_change").fetchone() == (0,)
        [named] = conn.execute('SELECT DISTINCT name_zh FROM sigang_tiles."ports"').fetchall()
        assert named == ("新",)
        [aside] = listed(conn, 10)
        assert (aside["layer"], aside["z"], aside["feature"]) == ("fragile", 0, "")
        assert "share" in aside["error"]
        assert standing(conn)["lag_s"] > 0
        told = [finding.text for finding in _tiles(conn, declared) if finding.state == "warn"]
        assert any("fragile 0/0/0 (all)" in text and "share" in text for text in told)
        told = conn.execute(
            "SELECT payload -> 'layers' FROM sigang.stream_log WHERE kind = 'cells'"
            " AND (payload ->> 'version')::bigint = %s", [applied.version]
        ).fetchall()  # fmt: skip
        assert told
        assert all(names == ["ports"] for (names,) in told)

        conn.execute("UPDATE sigang.edge SET lanes = 4")
        assert apply_changes(conn, layers).layers == ()
        [again] = listed(conn, 10)
        assert (again["tries"], again["since"]) == (1, aside["since"])

        conn.execute("ALTER VIEW sigang.fragile RENAME COLUMN part TO share")
        release(conn, "fragile")
        assert apply_changes(conn, layers).layers == ("fragile",)
        assert listed(conn, 10) == []
        assert standing(conn)["lag_s"] == 0
        [value] = conn.execute('SELECT DISTINCT share FROM sigang_tiles."fragile"').fetchall()
        assert value == (pytest.approx(100 / (4 - 7)),)


def test_a_corrected_row_is_drawn_at_once(ground, declared):
    layers = layers_of(declared)
    with connect(ground) as conn:
        conn.execute("UPDATE sigang.edge SET lanes = 7 WHERE id IN (SELECT id FROM sigang.edge"
                     " WHERE mode = 'road' LIMIT 1)")  # fmt: skip
        apply_changes(conn, layers)
        [aside] = listed(conn, 10)
        assert "division by zero" in aside["error"]
        assert standing(conn)["rows"] == 1
        conn.execute("UPDATE sigang.edge SET lanes = 6 WHERE id = %s", [aside["feature"]])
        apply_changes(conn, layers)
        assert listed(conn, 10) == []
        found = conn.execute(
            'SELECT share FROM sigang_tiles."fragile" WHERE id = %s', [aside["feature"]]
        ).fetchall()
        assert found == [(-100.0,)]


def test_a_bad_row_keeps_no_corrected_or_deleted_one_aside(ground, declared):
    layers = layers_of(declared)
    with connect(ground) as conn:
        for y in (28.1, 28.2, 28.3):
            conn.execute(EDGE, {"lanes": 7, "x": 120, "y": y, "via": 120.01, "to": 120.02})
        apply_changes(conn, layers)
        corrected, deleted, bad = (row["feature"] for row in listed(conn, 10))
        conn.execute("UPDATE sigang.edge SET lanes = 6 WHERE id = %s", [corrected])
        conn.execute("DELETE FROM sigang.edge WHERE id = %s", [deleted])
        release(conn, "fragile")
        apply_changes(conn, layers)
        [aside] = listed(conn, 10)
        assert (aside["feature"], aside["tries"]) == (bad, 2)
        drawn = conn.execute(
            'SELECT share FROM sigang_tiles."fragile" WHERE id = %s', [corrected]
        ).fetchall()
        assert drawn == [(-100.0,)]
        conn.execute("DELETE FROM sigang.edge WHERE id = %s", [bad])
        apply_changes(conn, layers)
        assert listed(conn, 10) == []


def test_a_new_layer_that_cannot_be_built_stops_no_other_new_one(ground, declared):
    with connect(ground) as conn:
        conn.execute("DELETE FROM sigang_tiles.layer_state")
        conn.execute("DROP VIEW sigang.fragile")
        conn.commit()
        assert refresh_stale(conn, layers_of(declared)) == ["ports", "zones"]
        assert [row["layer"] for row in listed(conn, 10)] == ["fragile"]
        make_view(conn)
        conn.commit()
        assert refresh_stale(conn, layers_of(declared)) == ["fragile"]
        assert listed(conn, 10) == []


def test_tiles_without_their_tables_come_from_what_is_left(ground, declared):
    asked = {"zones": (5, 26, 13), "ports": (5, 26, 13), "fragile": (5, 26, 13)}
    with connect(ground) as conn:
        conn.execute('DROP TABLE sigang_tiles."zones", sigang_tiles."zones.1"')
        conn.execute('DROP TABLE sigang_tiles."ports.1"')
        conn.execute("DELETE FROM sigang_tiles.layer_state WHERE layer = 'zones'")
        conn.execute(ZONE, {"props": "{}", "ring": ["119 28", "123 28", "121 31", "119 28"]})
        conn.execute('DROP TABLE sigang_tiles."fragile", sigang_tiles."fragile.1"')
        conn.execute("DROP VIEW sigang.fragile")
        conn.commit()
        conn.execute("SELECT pg_advisory_xact_lock(hashtext('sigang.tiles'), hashtext(layer))"
                     " FROM unnest(%s::text[]) layer", [list(LAYERS)])  # fmt: skip

        async def look(service, catalog):
            found = {}
            for layer, zxy in asked.items():
                try:
                    tile, features = await fetch(service, catalog, layer, zxy)
                    found[layer] = (tile.passing, len(features) > 0, tile.level)
                except TilesNotReady as error:
                    found[layer] = error.status
            return found

        async def ask(service, catalog, bus):
            meanwhile = await look(service, catalog)
            summaries = await Summaries(service._db, bus).of_all(catalog.layers.values(), ANONYMOUS)
            assert summaries["ports"].count > 0
            assert summaries["fragile"].count == 0
            conn.rollback()  # from here on the tables may be built
            for _ in range(300):
                found = await look(service, catalog)
                if not any(one[0] for one in found.values() if one != 503):
                    break
                await asyncio.sleep(0.1)
            return meanwhile, found

        meanwhile, later = run(ground, declared, ask)
    passing = (True, True, 0)
    assert meanwhile == {"zones": passing, "ports": passing, "fragile": 503}
    assert later == {"zones": (False, True, 1), "ports": (False, True, 1), "fragile": 503}


def test_a_row_that_is_nowhere_has_no_part_in_an_extent(ground, declared):
    async def box(service, catalog, bus):
        return (await Summaries(service._db, bus).of(catalog.layers["ports"], ANONYMOUS)).box

    before = run(ground, declared, box)
    odd = [("NaN", "30"), ("30", "NaN"), ("Infinity", "30"), ("500", "30"), ("-170", "20")]
    with connect(ground) as conn:
        for x, y in odd:
            row = {"seen": "public", "name": "odd place", "props": "{}", "x": x, "y": y}
            conn.execute(FACILITY, row)
        conn.commit()
        after = run(ground, declared, box)
        conn.execute("DELETE FROM sigang.facility WHERE name_zh = 'odd place'")
        conn.commit()
    assert after == (min(before[0], -170), min(before[1], 20), before[2], before[3])

"""Tiles against SQL truth: detail, levels, budget, scope, cache and freshness."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager

import pytest

from api.bus import Bus
from layers.catalog import Catalog
from layers.levels import coarsen, disjoint, refresh_stale, refresh_tiles, up
from layers.tile_cache import TileCache, TileKey, pack
from layers.tiles import TileService
from spatial.actor import ANONYMOUS, Actor
from spatial.db import Database, connect
from spatial.errors import BadParameter, NotFound
from spatial.settings import Settings
from tests.layers.small import AREA, CASES, PORTS, ROADS, SEED
from tests.mvt import decode_tile

pytestmark = pytest.mark.db

NINGBO = Actor("ningbo", "duty", "330200", "u1")
WENZHOU = Actor("wenzhou", "duty", "330300", "x")
PROVINCE = Actor("province", "dispatcher", "330000")
SEEN = {
    ANONYMOUS: "visibility = 'public'",
    NINGBO: "visibility = 'public' OR (visibility = 'unit' AND"
    " (admin_code LIKE '3302%' OR unit_id = 'u1'))",
    WENZHOU: "visibility = 'public' OR (visibility = 'unit' AND admin_code LIKE '3303%')",
    PROVINCE: "visibility = 'public' OR admin_code LIKE '33%'",
}
TILED = {
    "ports": PORTS
    + """
[tiles]
minzoom = 4
maxzoom = 14
columns = ["name_zh", "capacity"]
rank = {column = "capacity", steps = [8.0, 5.0], default = 3}
budget = 50
levels = [{maxzoom = 6, by = ["name_zh"], cell_px = 40}]
""",
    "roads": ROADS
    + """
[tiles]
columns = ["class", "max_height_m"]
levels = [{maxzoom = 7, by = ["class"]}, {maxzoom = 10, by = ["class", "max_height_m"]}]
""",
    "cases": CASES
    + """
[tiles]
columns = ["workflow"]
""",
    "closures": """
id = "closures"
title = {zh = "封闭", en = "Closures"}
description = {zh = "封闭", en = "Closures"}
source = {view = "closure", id_type = "int"}
geometry = {type = "line"}
access = {public = true}
columns = [{name = "cause", title = {zh = "原因", en = "Cause"}, type = "text"}]
tiles = {live = true, columns = ["cause"]}
""",
    "ring": """
id = "ring"
title = {zh = "圈", en = "Ring"}
description = {zh = "函数图层", en = "A function layer"}
geometry = {type = "point", column_3857 = "geom_3857"}
access = {public = true}
columns = [{name = "n", title = {zh = "数", en = "Number"}, type = "int"}]
tiles = {columns = ["n"]}
[source]
function = "ring"
id_type = "int"
parameters = [{name = "z", type = "int"}, {name = "days", type = "int", default = 3}]
""",
}
FUNCTION = """
CREATE FUNCTION sigang.ring(z int, days int DEFAULT 3) RETURNS TABLE (id bigint, kind text,
  admin_code text, unit_id text, visibility text, origin text, source_id text, n bigint,
  geom geometry, geom_3857 geometry) LANGUAGE sql STABLE AS $$
  SELECT i, 'ring', NULL::text, NULL::text, CASE WHEN i = 2 THEN 'unit' ELSE 'public' END,
    'derived', 'test', i + 100 * z, ST_SetSRID(ST_MakePoint(120 + i, 30), 4326),
    ST_Transform(ST_SetSRID(ST_MakePoint(120 + i, 30), 4326), 3857)
  FROM generate_series(1, days) i $$"""
ZJ_Z4 = (4, 13, 6)
ZJ_Z6 = (6, 53, 26)


@pytest.fixture(scope="module")
def areas(tmp_path_factory):
    area = tmp_path_factory.mktemp("areas") / "port"
    area.mkdir()
    (area / "area.toml").write_text(AREA, encoding="utf-8")
    for name, text in TILED.items():
        (area / f"{name}.layer.toml").write_text(text, encoding="utf-8")
    return area.parent


@pytest.fixture
def built(database_url, areas):
    with connect(database_url) as conn:
        conn.execute(SEED)
        conn.execute(FUNCTION)
        refresh_tiles(conn, Catalog.load(areas).layers.values())
        conn.commit()
    return database_url


@asynccontextmanager
async def tiles_of(url, areas, *, live=False):
    settings = Settings(database_url=url, areas=areas, pool_size=2, tile_cache_mb=4)
    db = await Database.open(settings, url)
    bus = Bus(url)
    catalog = Catalog.load(areas)
    service = TileService(db, catalog, bus, settings)
    if live:
        await bus.start()
    await service.start()
    try:
        yield service, catalog, bus
    finally:
        await service.stop()
        if live:
            await bus.stop()
        await db.close()


def run(url, areas, ask, **how):
    async def go():
        async with tiles_of(url, areas, **how) as (service, catalog, bus):
            return await ask(service, catalog, bus)

    return asyncio.run(go())


async def fetch(service, catalog, layer, zxy, actor=ANONYMOUS, **values):
    tile, _ = await service.get_tile(catalog.get_layer(layer), zxy, actor, values)
    return tile, decode_tile(tile.plain()).get(layer, [])


def truth(url, statement, *values):
    with connect(url) as conn:
        return conn.execute(statement, values or None).fetchall()


@pytest.mark.parametrize("actor", SEEN, ids=lambda actor: actor.account_id or "anonymous")
def test_detail_tiles_hold_exactly_the_visible_features(built, areas, actor):
    async def ask(service, catalog, _):
        found = {}
        for x in range(213, 216):
            for y in range(104, 107):
                tile, features = await fetch(service, catalog, "ports", (8, x, y), actor)
                assert tile.shown == tile.total == len(features)
                assert tile.level == 0
                assert tile.tolerance_m == 0
                found |= {f["properties"]["id"]: f["properties"] for f in features}
        return found

    found = run(built, areas, ask)
    rows = truth(
        built,
        "SELECT id::text, name_zh, capacity FROM sigang.facility WHERE kind = 'port'"
        f" AND ({SEEN[actor]}) AND geom && ST_Transform(ST_Collect(ST_TileEnvelope(8, 213, 104),"
        " ST_TileEnvelope(8, 215, 106)), 4326)",
    )
    assert set(found) == {row[0] for row in rows}
    assert len(rows) > 20
    for key, name, capacity in rows:
        assert found[key].get("name_zh") == name
        assert found[key].get("capacity") == capacity
        assert found[key]["origin"] == "synthetic"
        assert not {"secret", "props", "admin_code", "unit_id", "visibility"} & set(found[key])


def test_restricted_layer_shows_nothing_to_strangers(built, areas):
    async def ask(service, catalog, _):
        layer = (9, 428, 211)
        mine = await fetch(service, catalog, "cases", layer, NINGBO)
        other = await fetch(service, catalog, "cases", layer, WENZHOU)
        return mine, other

    (mine, features), (other, hidden) = run(built, areas, ask)
    assert (mine.shown, len(features)) == (4, 4)
    assert (other.shown, other.total, hidden) == (0, 0, [])


def test_public_role_has_no_right_to_restricted_tables(built):
    with connect(built) as conn:
        conn.execute("SET ROLE sigang_public")
        granted = conn.execute(
            "SELECT c.relname, has_table_privilege(c.oid, 'SELECT'), c.relrowsecurity"
            " FROM pg_class c WHERE relnamespace = 'sigang_tiles'::regnamespace AND relkind = 'r'"
            " AND relname LIKE '%r' AND relname LIKE '%.%'"
        ).fetchall()
    assert len(granted) >= 5
    assert all((readable, guarded) == (False, True) for _, readable, guarded in granted)


def test_grid_level_counts_every_feature_and_says_so(built, areas):
    async def ask(service, catalog, _):
        return [await fetch(service, catalog, "ports", ZJ_Z6, a) for a in (ANONYMOUS, PROVINCE)]

    for (tile, features), seen in zip(run(built, areas, ask), (ANONYMOUS, PROVINCE), strict=True):
        [(count,)] = truth(
            built,
            "SELECT count(*) FROM sigang.facility WHERE kind = 'port'"
            f" AND ({SEEN[seen]}) AND geom_3857 && ST_TileEnvelope(6, 53, 26)",
        )
        assert tile.level == 1
        assert tile.total == count
        assert tile.shown == min(count, sum(f["properties"]["n"] for f in features))
        assert len(features) < count
        assert all("id" not in f["properties"] for f in features)


def test_line_levels_keep_the_network_within_their_tolerance(built):
    [(raw, thin, rows)] = truth(
        built,
        "SELECT (SELECT sum(ST_Length(geom)) FROM sigang_tiles.roads WHERE \"class\" = 'primary'),"
        ' (SELECT sum(ST_Length(geom)) FROM sigang_tiles."roads.2"),'
        ' (SELECT count(*) FROM sigang_tiles."roads.2")',
    )
    assert thin == pytest.approx(raw, rel=0.01)
    assert rows < 40


def test_over_budget_the_best_ranked_stay_and_the_header_tells(built, areas):
    with connect(built) as conn:
        conn.execute(
            "INSERT INTO sigang.facility (kind, visibility, origin, source_id, capacity, geom)"
            " SELECT 'port', 'public', 'synthetic', 'test', i % 10,"
            " ST_SetSRID(ST_MakePoint(120.5 + i * 0.0001, 28.5), 4326)"
            " FROM generate_series(1, 90) i"
        )
        refresh_tiles(conn, Catalog.load(areas).layers.values())
        conn.commit()

    async def ask(service, catalog, _):
        return await fetch(service, catalog, "ports", (10, 854, 427))

    tile, features = run(built, areas, ask)
    assert (tile.shown, tile.total, len(features)) == (50, 90, 50)
    assert sum(f["properties"]["capacity"] >= 5 for f in features) == 45


def test_tiles_outside_matrix_or_zooms_are_not_found(built, areas):
    async def ask(service, catalog, _):
        for zxy in ((3, 99, 99), (8, 1 << 8, 0), (3, 6, 3), (15, 0, 0)):
            with pytest.raises(NotFound):
                await fetch(service, catalog, "ports", zxy)

    run(built, areas, ask)


def test_function_layer_gets_tile_and_parameters_and_scope(built, areas):
    async def ask(service, catalog, _):
        _, three = await fetch(service, catalog, "ring", ZJ_Z4)
        _, one = await fetch(service, catalog, "ring", ZJ_Z4, days="1")
        with pytest.raises(BadParameter):
            await fetch(service, catalog, "ring", ZJ_Z4, days="many")
        with pytest.raises(BadParameter):
            await fetch(service, catalog, "ring", ZJ_Z4, weeks="1")
        return three, one

    three, one = run(built, areas, ask)
    assert sorted(f["properties"]["n"] for f in three) == [401, 403]
    assert [f["properties"]["n"] for f in one] == [401]


def test_cache_never_crosses_rights(built, areas):
    async def ask(service, catalog, _):
        zxy = (8, 214, 105)
        for actor in (PROVINCE, NINGBO, ANONYMOUS, WENZHOU, PROVINCE):
            _, features = await fetch(service, catalog, "ports", zxy, actor)
            yield_ = len(features)
            assert yield_ == expected[actor], actor

    expected = {}
    for actor, condition in SEEN.items():
        [(expected[actor],)] = truth(
            built,
            f"SELECT count(*) FROM sigang.facility WHERE kind = 'port' AND ({condition})"
            " AND geom_3857 && ST_TileEnvelope(8, 214, 105, margin => 0.015625)",
        )
    assert len(set(expected.values())) > 2
    run(built, areas, ask)


def test_a_changed_row_changes_tile_and_tells_within_a_second(built, areas):
    with connect(built) as conn:
        [key] = conn.execute(
            "SELECT id FROM sigang.facility WHERE kind = 'port' AND visibility = 'public'"
            " AND geom && ST_Transform(ST_TileEnvelope(8, 214, 105), 4326) LIMIT 1"
        ).fetchone()

    async def ask(service, catalog, bus):
        zxy, low = (8, 214, 105), (5, 26, 13)
        before, _ = await fetch(service, catalog, "ports", zxy)
        coarse, _ = await fetch(service, catalog, "ports", low)
        told = asyncio.Event()
        notices = []
        bus.subscribe("cells", lambda note: (notices.append(note), told.set()))
        started = time.monotonic()
        await asyncio.to_thread(_rename, built, key)
        await asyncio.wait_for(told.wait(), 5)
        elapsed = time.monotonic() - started
        await asyncio.sleep(0.1)
        after, features = await fetch(service, catalog, "ports", zxy)
        again, _ = await fetch(service, catalog, "ports", low)
        return before, after, features, coarse, again, notices, elapsed

    before, after, features, coarse, again, notices, elapsed = run(built, areas, ask, live=True)
    assert before.etag != after.etag
    assert coarse.etag != again.etag
    [changed] = [f["properties"] for f in features if f["properties"]["id"] == str(key)]
    assert changed["name_zh"] == "新名"
    assert elapsed < 1.0, f"told after {elapsed:.2f} s"
    assert "ports" in notices[-1]["layers"]
    assert all(z == 12 for z, _, _ in notices[-1]["cells"])


def test_a_closure_appears_and_goes_within_a_second(built, areas):
    with connect(built) as conn:
        [edge] = conn.execute(
            "SELECT id FROM sigang.edge WHERE mode = 'road' ORDER BY ST_XMin(geom) LIMIT 1"
        ).fetchone()

    async def ask(service, catalog, bus):
        told = asyncio.Event()
        bus.subscribe("cells", lambda note: told.set() if "closures" in note["layers"] else None)
        counts = []
        for write in (None, _close, _undo):
            if write:
                told.clear()
                await asyncio.to_thread(write, built, edge)
                await asyncio.wait_for(told.wait(), 3)
            _, features = await fetch(service, catalog, "closures", (7, 106, 53))
            counts.append([f["properties"]["cause"] for f in features])
        return counts

    assert run(built, areas, ask, live=True) == [[], ["wind"], []]


def _close(url, edge):
    with connect(url) as conn:
        [event] = conn.execute(
            "INSERT INTO sigang.event (kind, visibility, origin, source_id, cause)"
            " VALUES ('closure', 'public', 'synthetic', 'test', 'wind') RETURNING id"
        ).fetchone()
        conn.execute(
            "INSERT INTO sigang.edge_state (edge_id, kind, valid, event_id, version_from)"
            " VALUES (%s, 'closure', tstzrange(now(), now() + interval '1 hour'), %s, 1)",
            [edge, event],
        )
        conn.commit()


def _undo(url, edge):
    with connect(url) as conn:
        conn.execute("UPDATE sigang.edge_state SET version_to = 2 WHERE edge_id = %s", [edge])
        conn.commit()


def _rename(url, key):
    with connect(url) as conn:
        conn.execute("UPDATE sigang.facility SET name_zh = '新名' WHERE id = %s", [key])
        conn.commit()


def test_rebuilt_cells_equal_tables_built_anew(built, areas):
    names = ['"ports"', '"ports.r"', '"ports.1"', '"ports.1r"', '"roads.1"', '"roads.2"']

    def contents(conn):
        return {
            name: sorted(
                conn.execute(
                    f"SELECT (to_jsonb(t) - 'geom' - '_fid')::text, ST_AsText(geom, 3)"
                    f" FROM sigang_tiles.{name} t"
                ).fetchall()
            )
            for name in [*names, "cell_count"]
            if name != "cell_count"
        } | {"count": sorted(conn.execute("SELECT * FROM sigang_tiles.cell_count").fetchall())}

    from layers.changes import apply_changes

    layers = list(Catalog.load(areas).layers.values())
    with connect(built) as conn:
        conn.execute("DELETE FROM sigang.tile_change")
        conn.execute("UPDATE sigang.facility SET capacity = 9, geom = ST_Translate(geom, 0.3, 0)"
                     " WHERE kind = 'port' AND id IN (SELECT id FROM sigang.facility"
                     " WHERE kind = 'port' ORDER BY id LIMIT 11)")  # fmt: skip
        conn.execute("UPDATE sigang.facility SET visibility = 'unit', admin_code = '330200'"
                     " WHERE kind = 'port' AND id IN (SELECT id FROM sigang.facility WHERE"
                     " kind = 'port' ORDER BY id DESC LIMIT 7)")  # fmt: skip
        conn.execute("DELETE FROM sigang.edge WHERE id IN (SELECT id FROM sigang.edge LIMIT 5)")
        applied = apply_changes(conn, layers)
        assert applied is not None
        assert {"ports", "roads"} <= set(applied.layers)
        by_cells = contents(conn)
        refresh_tiles(conn, layers)
        assert by_cells == contents(conn)


def test_stream_log_keeps_restricted_cells_to_their_scope(built, areas):
    from layers.changes import apply_changes

    layers = list(Catalog.load(areas).layers.values())
    with connect(built) as conn:
        conn.execute("DELETE FROM sigang.tile_change")
        conn.execute("UPDATE sigang.case_file SET stage = 'next'")
        conn.execute("UPDATE sigang.facility SET name_zh = 'x' WHERE visibility = 'public'")
        apply_changes(conn, layers)
        rows = conn.execute(
            "SELECT visibility, admin_code, payload->'layers' FROM sigang.stream_log"
            " WHERE kind = 'cells' ORDER BY visibility"
        ).fetchall()
    assert ("unit", "330200", ["cases", "ring"]) in rows
    assert all("cases" not in layers for visibility, _, layers in rows if visibility == "public")


def test_a_mass_change_marks_the_whole_table_once(built):
    with connect(built) as conn:
        conn.execute("DELETE FROM sigang.tile_change")
        conn.execute(
            "INSERT INTO sigang.facility (kind, visibility, origin, source_id, geom)"
            " SELECT 'pad', 'public', 'synthetic', 'test',"
            " ST_SetSRID(ST_MakePoint(120 + i * 1e-5, 29), 4326) FROM generate_series(1, 20001) i"
        )
        marks = conn.execute("SELECT relation, z, x, y FROM sigang.tile_change").fetchall()
    assert marks == [("facility", 0, 0, 0)]


def test_a_new_declaration_gets_its_tables(built, areas):
    catalog = Catalog.load(areas)
    layers = [
        layer.model_copy(
            update={"tiles": layer.tiles.model_copy(update={"columns": ("name_zh", "since")})}
        )
        if layer.id == "ports"
        else layer
        for layer in catalog.layers.values()
    ]
    with connect(built) as conn:
        assert refresh_stale(conn, catalog.layers.values()) == []
        assert refresh_stale(conn, layers) == ["ports"]
        columns = {
            row[0]
            for row in conn.execute(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_schema = 'sigang_tiles' AND table_name = 'ports'"
            )
        }
    assert "since" in columns
    assert "capacity" not in columns


def test_cache_is_bounded_evicts_by_cell_and_flies_once():
    made = []

    async def go():
        cache = TileCache(3000)
        body = bytes(range(200))

        async def make():
            made.append(1)
            await asyncio.sleep(0.01)
            return pack(body, 1, 1, 0, 0.0)

        keys = [TileKey("a", 12, x, 0, "public") for x in range(0, 40, 4)]
        await asyncio.gather(*(cache.fetch(keys[0], make, 60) for _ in range(5)))
        assert len(made) == 1
        for key in keys:
            await cache.fetch(key, make, 60)
        assert len(cache) == 5
        last = keys[-1]
        cache.evict(["a"], [(12, 0, 0)])
        assert cache.find(last) is not None
        cache.evict(["b"], [(0, 0, 0)])
        assert cache.find(last) is not None
        cache.evict(["a"], [(14, last.x * 4, 0)])
        assert cache.find(last) is None
        slow = asyncio.ensure_future(cache.fetch(last, make, 60))
        await asyncio.sleep(0)
        cache.evict(["a"], [(0, 0, 0)])
        await slow
        assert cache.find(last) is None

    asyncio.run(go())


def test_nobody_waiting_cancels_the_query():
    ended = []

    async def go():
        cache = TileCache(3000)

        async def forever():
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                ended.append("cancelled")
                raise

        key = TileKey("a", 1, 0, 0, "public")
        first = asyncio.ensure_future(cache.fetch(key, forever, 60))
        second = asyncio.ensure_future(cache.fetch(key, forever, 60))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0.01)
        assert ended == []
        second.cancel()
        await asyncio.sleep(0.01)
        assert ended == ["cancelled"]

    asyncio.run(go())


def test_cells_cover_what_they_stand_for():
    cells = [(12, x, 1700) for x in range(3400, 3440)] + [(8, 212, 106)]
    few = coarsen(cells, 6)
    assert len(few) <= 6
    assert all(any(up(cell, kept[0]) == kept for kept in few) for cell in cells)
    assert disjoint([(12, 16, 16), (8, 1, 1), (12, 400, 0)]) == [(8, 1, 1), (12, 400, 0)]

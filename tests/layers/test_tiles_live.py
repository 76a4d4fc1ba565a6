"""Tiles that change: cache and rights, freshness, rebuilt cells, single flight."""

from __future__ import annotations

import asyncio
import time

import pytest

from layers.declare.catalog import Catalog
from layers.tiles.level_tables import coarsen, disjoint, up
from layers.tiles.rebuild import refresh_stale, refresh_tiles
from layers.tiles.tile_cache import TileCache, TileKey, pack
from spatial.actor import ANONYMOUS
from spatial.postgres.db import connect
from tests.layers.tiled import (
    NINGBO,
    PROVINCE,
    SEEN,
    WENZHOU,
    fetch,
    run,
    truth,
)

pytestmark = pytest.mark.db


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

    from layers.tiles.dirty_cells import apply_changes

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
    from layers.tiles.dirty_cells import apply_changes

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
    own = [layers for *scope, layers in rows if scope == ["unit", "330200"]]
    assert own == [["cases"], ["ring"]], "each row for those who may read its layers"
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

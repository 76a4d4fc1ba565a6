"""Tiles against SQL truth: detail, levels, budget, scope."""

from __future__ import annotations

import pytest

from layers.declare.catalog import Catalog
from layers.tiles.rebuild import refresh_tiles
from spatial.actor import ANONYMOUS
from spatial.errors import BadParameter, NotFound
from spatial.postgres.db import connect
from tests.layers.tiled import (
    NINGBO,
    PROVINCE,
    SEEN,
    WENZHOU,
    ZJ_Z4,
    ZJ_Z6,
    fetch,
    run,
    truth,
)

pytestmark = pytest.mark.db


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

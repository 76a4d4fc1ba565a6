"""Tiled layers for the tests of tiles: declarations, a service over them, SQL truth."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from api.http.notifications import Bus
from layers.declare.catalog import Catalog
from layers.tiles.service import TileService
from spatial.actor import ANONYMOUS, Actor
from spatial.postgres.db import Database, connect
from spatial.settings import Settings
from tests.layers.small import CASES, PORTS, ROADS
from tests.mvt import decode_tile

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

"""Fixtures of the tests of layers: tiled areas and a database with their tables."""

from __future__ import annotations

import pytest

from layers.declare.catalog import Catalog
from layers.tiles.rebuild import refresh_tiles
from spatial.postgres.db import connect
from tests.layers.small import AREA, SEED, write_areas
from tests.layers.tiled import FUNCTION, TILED


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


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    return Catalog.load(write_areas(tmp_path_factory.mktemp("areas"))).get_relation("ports")

"""A database that is not as the declarations say is told layer by layer."""

from __future__ import annotations

import pytest

from api.ops.health import _tiles
from layers.declare.catalog import Catalog
from layers.tiles.refresh import Standing
from layers.tiles.unreadable import list_unreadable
from spatial.settings import Settings

pytestmark = pytest.mark.db


def test_a_layer_that_the_database_does_not_bear_out_is_named(conn):
    catalog = Catalog.load(Settings().areas)
    relations = [catalog.get_relation(layer) for layer in catalog.layers]
    assert not list(list_unreadable(conn, relations))
    conn.execute("ALTER TABLE sigang.project RENAME COLUMN state TO status")
    conn.execute("DROP VIEW sigang.stake_mark")
    conn.execute("REVOKE SELECT ON sigang.case_file FROM sigang_app")
    found = dict(list_unreadable(conn, relations))
    assert set(found) == {"projects", "stakes", "cases", "inspections"}
    assert "t.state does not exist" in found["projects"]
    assert "permission denied" in found["cases"]


def test_readiness_names_them():
    assert _tiles(Standing()) == "tiles lag 0 s"
    assert _tiles(Standing(unreadable=("ports",))).endswith("layers that cannot be read: ports")

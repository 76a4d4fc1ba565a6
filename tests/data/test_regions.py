"""Regions are listed with what they hold, and go without a trace on the roads of others."""

from __future__ import annotations

from argparse import Namespace

import psycopg
import pytest

from api.cli.regions import regions
from data.osm.load import load_osm
from data.regions import list_regions, remove_region
from spatial.errors import NotFound
from spatial.settings import Settings
from tests.data.osm_maps import Map

pytestmark = pytest.mark.db

ONE = Map("a b").way("ab", 100, highway="primary")
OTHER = Map("c d e").way("cd", 200, highway="primary").way("de", 201, highway="primary")
EVENT = """
INSERT INTO sigang.event (kind, visibility, origin, source_id, valid_from, valid_to)
VALUES ('closure', 'public', 'real', 'decisions', now() + %s::interval, now() + interval '2 days')
RETURNING id"""
STATE = """
INSERT INTO sigang.edge_state (edge_id, kind, valid, event_id, version_from)
SELECT id, 'closure', tstzrange(now(), NULL), %s, 1 FROM sigang.edge WHERE source_id = ANY (%s)"""


@pytest.fixture
def loaded(conn: psycopg.Connection, tmp_path) -> psycopg.Connection:
    """Return a connection to a database with two regions."""
    for name, drawn in (("one", ONE), ("other", OTHER)):
        load_osm(conn, drawn.write(tmp_path / f"{name}.osm.pbf"), name, lambda _: None)
    conn.execute(
        "INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)"
        " VALUES ('decisions', '', '', 'own', '') ON CONFLICT DO NOTHING"
    )
    conn.commit()
    return conn


def topology(conn):
    return conn.execute(
        "SELECT topology FROM sigang.network_version WHERE network = 'road'"
    ).fetchone()[0]


def test_regions_are_listed_and_removed(loaded):
    one, other = list_regions(loaded)
    assert (one.name, one.edges, one.file, one.license) == ("one", 1, "one.osm.pbf", "ODbL-1.0")
    assert other.edges == 2
    assert other.km > one.km > 0
    before = topology(loaded)
    assert remove_region(loaded, "one")["edge"] == 1
    assert topology(loaded) == before + 1
    assert [region.name for region in list_regions(loaded)] == ["other"]
    for table in ("node", "edge", "facility", "turn_restriction"):
        left = loaded.execute(f"SELECT DISTINCT source_id FROM sigang.{table}").fetchall()
        assert ("osm:one",) not in left
    kinds = loaded.execute("SELECT kind, state FROM sigang.load_run ORDER BY id").fetchall()
    assert kinds[-1] == ("remove", "done")
    with pytest.raises(NotFound):
        remove_region(loaded, "one")
    assert topology(loaded) == before + 1


def test_events_end_with_the_last_edge_that_they_act_on(loaded):
    alone, both, later = (
        loaded.execute(EVENT, [when]).fetchone()[0] for when in ("-1 hour", "-1 hour", "1 day")
    )
    for event, sources in (
        (alone, ["osm:one"]), (both, ["osm:one", "osm:other"]), (later, ["osm:one"]),
    ):  # fmt: skip
        loaded.execute(STATE, [event, sources])
    loaded.commit()
    remove_region(loaded, "one")
    over = "SELECT id, valid_to <= now(), valid_to < valid_from + interval '1 s' FROM sigang.event"
    found = {event: rest for event, *rest in loaded.execute(over)}
    assert found == {alone: [True, False], both: [False, False], later: [False, True]}
    states = loaded.execute(
        "SELECT event_id, count(*) FROM sigang.edge_state WHERE version_to IS NULL GROUP BY 1"
    ).fetchall()
    assert states == [(both, 2)]


def test_the_command_lists_asks_and_removes(loaded, database_url, tmp_path, capsys, monkeypatch):
    settings = Settings(home=tmp_path, database_url=database_url)
    assert regions(settings, Namespace(remove=None, yes=False)) == 0
    assert "one.osm.pbf" in capsys.readouterr().out
    monkeypatch.setattr("builtins.input", lambda *_: "no")
    assert regions(settings, Namespace(remove="one", yes=False)) == 1
    assert regions(settings, Namespace(remove="one", yes=True)) == 0
    assert "1 edge removed" in capsys.readouterr().out
    assert [region.name for region in list_regions(loaded)] == ["other"]

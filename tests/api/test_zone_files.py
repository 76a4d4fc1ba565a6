"""Zones of feeds over HTTP: they speak in verdicts at their hours, and come out in every format."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import orjson
import pytest

from data.geozones import Feed, load_airspace
from layers.declare.catalog import Catalog
from layers.tiles.dirty_cells import apply_changes
from spatial.geozones.formats import FORMATS, recognise
from spatial.postgres.db import connect
from spatial.settings import PROJECT
from tests.api.roadworld import LAT, LON
from tests.mvt import decode_tile, tile_of

pytestmark = pytest.mark.db

HERE = [LON + 0.02, LAT + 0.02]
DAY = (datetime.now(UTC) + timedelta(days=2)).date()
ITEMS = "/api/collections/airspace/items"


def zone(identifier: str, restriction: str, **more):
    west, south, east, north = LON + 0.01, LAT + 0.01, LON + 0.03, LAT + 0.03
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    part = {"uomDimensions": "M", "lowerLimit": 0, "lowerVerticalReference": "AGL",
            "upperLimit": 150, "upperVerticalReference": "AGL",
            "horizontalProjection": {"type": "Polygon", "coordinates": [ring]}}  # fmt: skip
    body = {"identifier": identifier, "country": "CHN", "name": identifier, "type": "COMMON",
            "restriction": restriction, "reason": [], "applicability": [], "geometry": [part],
            "zoneAuthority": [{"name": "空管", "purpose": "AUTHORIZATION"}]}  # fmt: skip
    return body | more


NIGHT = [{"permanent": "YES", "dailyPeriod": [
    {"day": ["ANY"], "startTime": "22:00+08:00", "endTime": "06:00+08:00"}]}]  # fmt: skip


@pytest.fixture(scope="module")
def feed(planning, tmp_path_factory):
    """Load a feed of one zone with conditions and one that prohibits flight at night."""
    path = tmp_path_factory.mktemp("zones") / "zones.json"
    body = {"UASZoneList": [zone("COND", "CONDITIONAL"), zone("NIGHT", "PROHIBITED",
                                                              applicability=NIGHT)]}  # fmt: skip
    path.write_bytes(orjson.dumps(body))
    with connect(planning.database_url) as conn:
        load_airspace(conn, path, Feed("zone-files", "Zones"), lambda _: None)
    yield path
    with connect(planning.database_url) as conn:
        conn.execute("DELETE FROM sigang.zone WHERE source_id = 'zone-files'")
        conn.commit()


@pytest.fixture(scope="module")
def client(planning):
    with planning.client() as anyone:
        yield anyone


def ask(client, hour: int):
    answer = client.post("/api/airspace/check", json={
        "geometry": {"type": "Point", "coordinates": HERE}, "aircraft": "light",
        "height": {"value": 50, "datum": "AGL", "unit": "m"}, "alternatives": False,
        "at": f"{DAY}T{hour:02}:00:00+08:00",
    })  # fmt: skip
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return body, {one["name_zh"]: one for one in body["zones"]}


def test_zones_of_a_feed_speak_at_their_hours(feed, client):
    noon, zones = ask(client, 12)
    assert zones["COND"]["effect"] == "needs_confirmation"
    assert zones["COND"]["authority"]["zh"] == "空管"
    assert zones["COND"]["rule"].startswith("airspace.feed_restrictions@")
    assert "NIGHT" not in zones
    assert noon["valid_until"] == f"{DAY}T14:00:00+00:00"  # 22:00 in China
    night, zones = ask(client, 2)
    assert night["verdict"] == "prohibited"
    (hours,) = zones["NIGHT"]["hours"]
    assert hours == {"begin": f"{DAY - timedelta(days=1)}T22:00:00+08:00",
                     "end": f"{DAY}T06:00:00+08:00", "computed": False}  # fmt: skip
    assert ask(client, 6)[0]["verdict"] != "prohibited"


@pytest.mark.parametrize("name", FORMATS)
def test_a_layer_of_zones_comes_out_in_every_format(feed, client, name):
    answer = client.get(ITEMS, params={"f": name, "filter": "name_zh IN ('COND', 'NIGHT')"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(FORMATS[name].media_type.split(";")[0])
    assert recognise(answer.content) == name
    found = FORMATS[name].read(answer.content, None)
    assert found.refused == []
    assert [one.identifier for one in found.zones] == ["COND", "NIGHT"]
    if name == "openair":
        assert "* left out: applicability of NIGHT\r\n" in answer.text
        return
    first, second = FORMATS["ed269"].read(feed.read_bytes(), None).zones
    assert [one.volumes for one in found.zones] == [first.volumes, second.volumes]
    assert [one.applicability for one in found.zones] == [(), second.applicability]
    assert [one.declared for one in found.zones] == ["CONDITIONAL", "PROHIBITED"]


def test_what_was_loaded_can_be_loaded_again_and_nothing_changes(feed, client, planning, tmp_path):
    path = tmp_path / "again.json"
    asked = {"f": "ed318", "filter": "name_zh IN ('COND', 'NIGHT')"}
    path.write_bytes(client.get(ITEMS, params=asked).content)
    held = "SELECT count(*) FROM sigang.zone WHERE source_id = 'zone-files'"
    with connect(planning.database_url) as conn:
        load_airspace(conn, path, Feed("zone-files", "Zones"), lambda _: None)
        assert conn.execute(held).fetchone() == (2,)


def test_what_a_later_load_replaced_is_drawn_at_the_times_it_was_in_force(
    client, planning, tmp_path
):
    source, ceilings = "zone-history", {}
    with connect(planning.database_url) as conn:
        for upper in (150, 90):
            part = zone("OLD", "PROHIBITED")["geometry"][0] | {"upperLimit": upper}
            path = tmp_path / f"{upper}.json"
            path.write_bytes(
                orjson.dumps({"UASZoneList": [zone("OLD", "PROHIBITED", geometry=[part])]})
            )
            load_airspace(conn, path, Feed(source, "Zones"), lambda _: None)
            ceilings[upper] = datetime.now(UTC)
        apply_changes(conn, Catalog.load(PROJECT / "layers" / "areas").layers.values())

    def drawn(at: datetime) -> list[float]:
        end = at + timedelta(milliseconds=1)
        box = {"bbox": f"{LON},{LAT},{LON + 0.05},{LAT + 0.05}"}
        picture = client.get("/api/airspace/picture", params={
            **box, "begin": at.isoformat(), "end": end.isoformat()}).json()  # fmt: skip
        tops = [one["ceiling"]["value_m"] for one in picture["zones"] if one["name"]["zh"] == "OLD"]
        listed = client.get(ITEMS, params={**box, "datetime": at.isoformat(), "name_zh": "OLD"})
        assert [one["properties"]["ceiling_m"] for one in listed.json()["features"]] == tops
        file = client.get(ITEMS, params={"f": "ed318", "datetime": at.isoformat(), "code": "OLD"})
        assert [one.identifier for one in FORMATS["ed318"].read(file.content, None).zones] == [
            "OLD"
        ]
        return tops

    try:
        assert {upper: drawn(at) for upper, at in ceilings.items()} == {150: [150.0], 90: [90.0]}
        newest = client.get(ITEMS, params={"f": "ed269", "code": "OLD"})
        (written,) = FORMATS["ed269"].read(newest.content, None).zones
        assert written.volumes[0].ceiling.value_m == 90.0
        x, y = tile_of(*HERE, 10)
        tile = client.get(f"/api/collections/airspace/tiles/WebMercatorQuad/10/{y}/{x}")
        features = decode_tile(tile.content)["airspace"]
        rows = [one["properties"] for one in features if one["properties"]["name_zh"] == "OLD"]
        assert sorted(row["ceiling_m"] for row in rows) == [90.0, 150.0]
        (over,) = [row for row in rows if "valid_to" in row]  # the map draws it before that time
        assert over["ceiling_m"] == 150.0
    finally:
        with connect(planning.database_url) as conn:
            conn.execute("DELETE FROM sigang.zone WHERE source_id = %s", [source])
            conn.commit()


def test_formats_of_zones_are_those_of_layers_of_zones_alone(feed, client):
    refused = client.get("/api/collections/roads/items", params={"f": "ed269"})
    assert refused.status_code == 400
    assert "ed269" in refused.json()["detail"]
    links = client.get(ITEMS, params={"limit": 1}).json()["links"]
    assert {"ed269", "ed318", "openair", "geojson", "kml"} <= {one.get("title") for one in links}
    kml = client.get(ITEMS, params={"f": "kml", "filter": "name_zh = 'COND'"})
    assert ElementTree.fromstring(kml.content).tag.endswith("kml")

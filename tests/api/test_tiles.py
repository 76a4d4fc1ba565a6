"""OGC API Tiles over HTTP: one test per abstract test of OGC 20-057 that is declared, and caching.

A test is named after its abstract test: `/conf/core/tc-success` is `core_tc_success`.
"""

from __future__ import annotations

import gzip
import re
import time
from contextlib import closing

import httpx
import orjson
import pytest

from data.accounts import load_accounts
from layers.declare.catalog import Catalog
from layers.tiles.rebuild import refresh_tiles
from spatial.postgres.db import connect
from tests.conftest import running_server
from tests.layers.small import AREA, CASES, PORTS, ROADS, SEED
from tests.mvt import decode_tile

pytestmark = pytest.mark.db

CONF = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf"
MVT = "application/vnd.mapbox-vector-tile"
SET = "/api/collections/ports/tiles/WebMercatorQuad"
TILE = f"{SET}/8/105/214"
TILED = {
    "ports": PORTS + '\n[tiles]\nminzoom = 4\ncolumns = ["name_zh", "capacity", "since"]\n',
    "roads": ROADS + '\n[tiles]\ncolumns = ["class"]\nlevels = [{maxzoom = 8, by = ["class"]}]\n',
    "cases": CASES + '\n[tiles]\ncolumns = ["workflow"]\n',
}


@pytest.fixture(scope="module")
def served(module_database_url, tmp_path_factory):
    area = tmp_path_factory.mktemp("areas") / "port"
    area.mkdir()
    (area / "area.toml").write_text(AREA, encoding="utf-8")
    for name, text in TILED.items():
        (area / f"{name}.layer.toml").write_text(text, encoding="utf-8")
    with connect(module_database_url) as conn:
        conn.execute(SEED)
        load_accounts(conn)
        refresh_tiles(conn, Catalog.load(area.parent).layers.values())
        conn.commit()
    with running_server(module_database_url, areas=str(area.parent), routing="0") as server:
        yield server


@pytest.fixture(scope="module")
def api(served):
    with httpx.Client(base_url=served.base_url, timeout=60, trust_env=False) as client:
        yield client


def link_of(document, rel):
    return next(link for link in document["links"] if link["rel"] == rel)


def test_conformance_declares_what_is_tested_here(api):
    declared = set(api.get("/api/conformance").json()["conformsTo"])
    wanted = ("core", "tileset", "tilesets-list", "geodata-tilesets", "mvt")
    assert {f"{CONF}/{name}" for name in wanted} <= declared


def test_core_tc_success(api):
    answer = api.get(TILE)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == MVT
    features = decode_tile(answer.content)["ports"]
    assert features
    assert all(feature["type"] == 1 for feature in features)


def test_core_tc_error(api):
    for path, status in (
        (f"{SET}/8/999/214", 404),
        (f"{SET}/99/0/0", 404),
        (f"{SET}/3/1/1", 404),
        (f"{SET}/eight/1/1", 400),
        (f"{SET}/8/-1/1", 400),
        ("/api/collections/nothing/tiles/WebMercatorQuad/8/1/1", 404),
        ("/api/collections/ports/tiles/Other/8/105/214", 404),
        (f"{TILE}?f=png", 400),
        (f"{TILE}?unknown=1", 400),
    ):
        answer = api.get(path)
        assert answer.status_code == status, path
        assert answer.headers["content-type"].startswith("application/problem+json"), path


def test_core_an_empty_tile_has_no_content(api):
    answer = api.get(f"{SET}/8/0/0")
    assert answer.status_code == 204
    assert answer.content == b""


def test_tileset_success(api):
    document = api.get(SET).json()
    assert document["dataType"] == "vector"
    assert document["crs"].endswith("/EPSG/0/3857")
    assert document["tileMatrixSetURI"].endswith("/WebMercatorQuad")
    template = link_of(document, "item")
    assert template["templated"] is True
    assert template["type"] == MVT
    url = template["href"].format(tileMatrix=8, tileRow=105, tileCol=214)
    assert api.get(url).content == api.get(TILE).content
    scheme = api.get(
        link_of(document, "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme")["href"]
    )
    assert scheme.json()["id"] == "WebMercatorQuad"
    [layer] = document["layers"]
    assert set(layer["propertiesSchema"]["properties"]) == {
        "name_zh",
        "capacity",
        "since",
        "origin",
    }
    west, south = document["boundingBox"]["lowerLeft"]
    assert 119 < west < 121
    assert 28 < south < 30


def test_tilesets_list_and_geodata_tilesets(api):
    collection = api.get("/api/collections/ports?f=json").json()
    listed = link_of(collection, "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector")
    document = api.get(listed["href"]).json()
    [entry] = document["tilesets"]
    assert entry["dataType"] == "vector"
    assert api.get(link_of(entry, "self")["href"]).status_code == 200


def test_tile_matrix_set_is_the_well_known_one(api):
    listed = api.get("/api/tileMatrixSets").json()["tileMatrixSets"]
    assert [entry["id"] for entry in listed] == ["WebMercatorQuad"]
    document = api.get("/api/tileMatrixSets/WebMercatorQuad").json()
    first, last = document["tileMatrices"][0], document["tileMatrices"][-1]
    assert first["scaleDenominator"] == pytest.approx(559082264.028717, rel=1e-9)
    assert first["cellSize"] == pytest.approx(156543.033928041, rel=1e-12)
    assert first["pointOfOrigin"] == [-20037508.342789244, 20037508.342789244]
    assert last["matrixWidth"] == 1 << int(last["id"])
    assert api.get("/api/tileMatrixSets/Nothing").status_code == 404


def test_tilejson_says_what_levels_leave_out(api):
    document = api.get("/api/collections/roads/tiles/WebMercatorQuad/tilejson").json()
    assert document["tilejson"] == "3.0.0"
    assert document["detail_zoom"] == 9
    [level] = document["levels"]
    assert (level["maxzoom"], level["shown"], level["total"]) == (8, 40, 40)
    assert level["tolerance_m"] == pytest.approx(152.9, abs=0.1)
    assert document["attribution"] == 'Tester & "co"'
    assert document["vector_layers"][0]["fields"] == {"class": "String", "origin": "String"}
    url = document["tiles"][0].format(z=6, y=26, x=53)
    answer = api.get(url)
    assert answer.headers["sigang-level"] == "1"
    assert answer.headers["sigang-shown"] == answer.headers["sigang-total"] == "40"
    assert 500 < float(answer.headers["sigang-tolerance-m"]) * 4 < 600


def test_etag_304_and_head(api):
    answer = api.get(TILE)
    etag = answer.headers["etag"]
    assert etag.startswith('"')
    again = api.get(TILE, headers={"If-None-Match": f'"other", {etag}'})
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == etag
    assert api.get(TILE, headers={"If-None-Match": '"other"'}).status_code == 200
    head = api.head(TILE)
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["etag"] == etag
    assert int(head.headers["content-length"]) > 100


def test_gzip_is_negotiated_and_names_its_own_entity(served, api):
    zipped = api.get(TILE, headers={"Accept-Encoding": "gzip"})
    plain = api.get(TILE, headers={"Accept-Encoding": "identity"})
    assert zipped.content == plain.content
    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert zipped.headers["etag"] != plain.headers["etag"]
    assert "Accept-Encoding" in zipped.headers["vary"]
    with httpx.stream(
        "GET", served.base_url + TILE, headers={"Accept-Encoding": "gzip"}, trust_env=False
    ) as raw:
        assert gzip.decompress(b"".join(raw.iter_raw())) == plain.content


def test_shared_caches_may_keep_only_what_everybody_sees(served, api):
    roads = "/api/collections/roads/tiles/WebMercatorQuad/9/211/428"
    assert api.get(roads).headers["cache-control"] == "public, no-cache"
    assert api.get(TILE).headers["cache-control"] == "private, no-cache"
    assert "Cookie" in api.get(TILE).headers["vary"]
    with closing(served.client("ningbo")) as ningbo:
        assert ningbo.get(TILE).headers["cache-control"] == "private, no-cache"


def test_rights_decide_the_tile_on_every_worker(served, api):
    cases = "/api/collections/cases/tiles/WebMercatorQuad/9/211/428"
    ningbo, wenzhou = served.client("ningbo"), served.client("wenzhou")
    with closing(ningbo), closing(wenzhou):
        for _ in range(6):
            assert len(decode_tile(ningbo.get(cases).content)["cases"]) == 4
            assert wenzhou.get(cases).status_code == 204
            assert api.get(cases).status_code == 404
        more = {c: ningbo.get(TILE).headers["sigang-total"] for c in "ab"}
        assert int(more["a"]) > int(api.get(TILE).headers["sigang-total"])


def test_an_update_reaches_every_worker_within_a_second(served, api):
    before = api.get(TILE).headers["etag"]
    with connect(served.database_url) as conn:
        conn.execute(
            "UPDATE sigang.facility SET name_zh = 'neu' WHERE kind = 'port' AND"
            " visibility = 'public' AND"
            " geom && ST_Transform(ST_TileEnvelope(8, 214, 105), 4326)"
        )
        conn.commit()
    changed = time.monotonic()
    while time.monotonic() < changed + 5:
        answers = [api.get(TILE, headers={"Connection": "close"}) for _ in range(4)]
        if all(answer.headers["etag"] != before for answer in answers):
            break
    assert time.monotonic() - changed < 1.5
    assert "neu" in {f["properties"]["name_zh"] for f in decode_tile(answers[0].content)["ports"]}


def test_a_lag_is_told_everywhere(served, api):
    def told():
        ready = api.get("/readyz")
        assert ready.status_code == 200
        pattern = r"^sigang_tiles_(\w+)\{.*\} (\S+)$"
        metrics = dict(re.findall(pattern, api.get("/metrics").text, re.M))
        return ready.text, float(metrics["lag_seconds"]), float(metrics["aside_layers"])

    def wait_for(wanted):
        until = time.monotonic() + 60
        while not wanted(*told()) and time.monotonic() < until:
            time.sleep(0.1)
        return told()

    with connect(served.database_url) as conn:
        conn.execute(
            "INSERT INTO sigang_tiles.set_aside (layer, z, x, y, error, since, next_try) VALUES"
            " ('roads', 12, 1, 1, 'x', now() - interval '2 min', now() + interval '1 day')"
        )
        conn.commit()
        ready, lag_s, layers = wait_for(lambda _, lag_s, __: lag_s > 0)
        assert "set aside: 1 layers" in ready
        assert (lag_s >= 120, layers) == (True, 1)
        with api.stream("GET", "/api/stream") as stream:
            data = next(line for line in stream.iter_lines() if "tiles_lag_s" in line)
        assert orjson.loads(data.removeprefix("data: "))["tiles_lag_s"] >= 120
        conn.execute("DELETE FROM sigang_tiles.set_aside")
        conn.commit()
        assert wait_for(lambda _, lag_s, __: lag_s == 0)[0] == "ready\ntiles lag 0 s\n"


def test_a_layer_whose_column_is_gone_answers_so_and_no_other_does(served, api):
    rename = "ALTER TABLE sigang.facility RENAME COLUMN {} TO {}"
    with connect(served.database_url) as conn:
        conn.execute(rename.format("name_zh", "renamed"))
        conn.commit()
        try:
            answer = api.get("/api/collections/ports/items?limit=1")
            assert (answer.status_code, answer.json()["type"]) == (503, "/problems/schema-differs")
            assert "doctor" in answer.json()["mend"]
            assert api.get("/readyz").status_code == 200
        finally:
            conn.execute(rename.format("renamed", "name_zh"))
            conn.commit()
    assert api.get("/api/collections/ports/items?limit=1").status_code == 200

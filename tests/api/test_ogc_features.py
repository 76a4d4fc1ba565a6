"""OGC API Features Parts 1 to 3: features, schemas, filters and exports; names as in test_ogc."""

from __future__ import annotations

import json
import re
import subprocess

import jsonschema
import pytest

from tests.api.ogcworld import CRS84, ITEMS, PLACES, check, relations
from tests.conftest import program

pytestmark = pytest.mark.db

# ---- A.2.4 Features


def test_core_fc_op(api):
    for collection in api.get("/api/collections").json()["collections"]:
        assert api.get(f"/api/collections/{collection['id']}/items").status_code == 200


def test_core_fc_response(api, definition):
    answer = api.get(ITEMS, params={"limit": 5})
    document = answer.json()
    check(definition, "FeatureCollection", document)
    assert answer.headers["content-type"] == "application/geo+json"
    assert document["type"] == "FeatureCollection"


def test_core_fc_links(api):
    document = api.get(ITEMS, params={"limit": 5}).json()
    for link in document["links"]:
        assert link["rel"]
        assert link["type"]
    kinds = {link["type"].split(";")[0] for link in document["links"]}
    assert {"application/geo+json", "text/html"} <= kinds
    seen, at = 0, ITEMS + "?limit=7"
    while at:
        page = api.get(at).json()
        seen += page["numberReturned"]
        at = relations(page).get("next", {}).get("href")
    assert seen == api.get("/api/collections/ports/count").json()["count"]


def test_core_fc_limit_definition(definition):
    limit = definition["components"]["parameters"]["limit"]
    assert limit["name"] == "limit"
    assert limit["in"] == "query"
    assert limit["schema"]["minimum"] == 1
    assert limit["schema"]["maximum"] == 10_000
    assert not limit["required"]


@pytest.mark.parametrize(("limit", "returned"), [("1", 1), ("7", 7), ("10000", 60), ("999999", 60)])
def test_core_fc_limit_response(api, limit, returned):
    assert len(api.get(ITEMS, params={"limit": limit}).json()["features"]) == returned


@pytest.mark.parametrize("limit", ["0", "-1", "abc", "1.5", ""])
def test_core_fc_limit_wrong(api, limit):
    assert api.get(ITEMS, params={"limit": limit}).status_code == 400


def test_core_fc_bbox_definition(definition):
    bbox = definition["components"]["parameters"]["bbox"]
    assert bbox["schema"]["items"] == {"type": "number"}
    assert (bbox["schema"]["minItems"], bbox["schema"]["maxItems"]) == (4, 6)
    assert (bbox["style"], bbox["explode"]) == ("form", False)


@pytest.mark.parametrize("bbox", ["120,29,121,30", "120,29,-5,121,30,90"])
def test_core_fc_bbox_response(api, bbox):
    inside = api.get(ITEMS, params={"bbox": bbox, "limit": 1000}).json()["features"]
    every = api.get(ITEMS, params={"limit": 1000}).json()["features"]
    expected = [
        f["id"]
        for f in every
        if 120 <= f["geometry"]["coordinates"][0] <= 121
        and 29 <= f["geometry"]["coordinates"][1] <= 30
    ]
    assert [f["id"] for f in inside] == expected != []


def test_core_fc_bbox_crosses_the_antimeridian(api):
    assert api.get(ITEMS, params={"bbox": "170,-10,-170,10"}).json()["features"] == []
    around = api.get(ITEMS, params={"bbox": "119,20,-170,40", "limit": 1000}).json()
    assert around["numberReturned"] == 60


@pytest.mark.parametrize("bbox", ["1,2,3", "1,2,3,4,5", "a,b,c,d", "1,4,3,2", "0,0,NaN,1"])
def test_core_fc_bbox_wrong(api, bbox):
    assert api.get(ITEMS, params={"bbox": bbox}).status_code == 400


def test_core_fc_time_definition(definition):
    assert definition["components"]["parameters"]["datetime"]["in"] == "query"


def test_core_fc_time_response(api):
    given = {"datetime": "2026-02-01T00:00:00+08:00/..", "limit": 1000}
    after = api.get(ITEMS, params={**given, "sortby": "since"}).json()
    before = api.get(ITEMS, params={"datetime": "../2025-12-31", "limit": 1000}).json()
    assert {f["properties"]["since"] for f in before["features"]} == {None}
    assert after["numberReturned"] > before["numberReturned"]


@pytest.mark.parametrize("time", ["yesterday", "2026-02-30", "2026-01-01T00:00:00", "a/b", ""])
def test_core_fc_time_wrong(api, time):
    assert api.get(ITEMS, params={"datetime": time}).status_code == 400


@pytest.mark.parametrize("name", ["nope", "secret", "Limit", "collections"])
def test_core_query_param_unknown(api, name):
    for place in (*PLACES, "/api/openapi.json", "/api/docs", "/api/collections/ports/count"):
        answer = api.get(place, params={name: "1"})
        assert answer.status_code == 400, place
        assert answer.json()["type"] == "/problems/bad-parameter"


def test_core_query_param_invalid(api):
    answer = api.get(ITEMS, params={"capacity": "many"}, headers={"Accept-Language": "en"})
    assert answer.status_code == 400
    assert answer.headers["content-language"] == "en"
    assert "capacity" in answer.json()["detail"]
    assert api.get(ITEMS + "?limit=1&limit=2").status_code == 400


def test_core_fc_filters(api):
    found = api.get(ITEMS, params={"capacity": "5", "limit": 1000}).json()["features"]
    assert found
    assert {f["properties"]["capacity"] for f in found} == {5}


def test_core_fc_numbers(api):
    page = api.get(ITEMS, params={"limit": 20}).json()
    assert page["numberReturned"] == len(page["features"]) == 20
    assert page["numberMatchedAtLeast"] == 21
    last = api.get(ITEMS, params={"limit": 1000}).json()
    assert last["numberReturned"] == last["numberMatched"] == 60
    first = api.get(ITEMS, params={"limit": 1}).json()
    assert first["numberMatched"] == 60
    assert api.get(ITEMS, params={"limit": 1, "offset": 0}).json()["numberMatched"] == 60
    assert api.get(ITEMS, params={"limit": 1, "offset": 1}).status_code == 400
    second = api.get(relations(first)["next"]["href"]).json()
    assert "numberMatched" not in second  # counted once
    assert second["numberMatchedAtLeast"] == 3


def test_a_number_is_printed_with_a_fraction(api):
    text = api.get(ITEMS, params={"limit": 1000}).text
    assert re.search(r'"capacity":\d+\.0[,}]', text)
    assert not re.search(r'"capacity":-?\d+[,}]', text)
    assert not re.search(r'"berths":-?\d+\.', text)
    other = api.get(ITEMS, params={"limit": 1000, "crs": "4549"}).text
    assert re.findall(r'"capacity":[^,}]*', other) == re.findall(r'"capacity":[^,}]*', text)


def test_core_fc_timestamp(api):
    assert re.match(r"\d{4}-\d\d-\d\dT", api.get(ITEMS).json()["timeStamp"])


def test_core_f_op(api, feature):
    assert api.get(f"{ITEMS}/{feature['id']}").status_code == 200


def test_core_f_success(api, definition, feature):
    answer = api.get(f"{ITEMS}/{feature['id']}")
    document = answer.json()
    check(definition, "Feature", document)
    links = document.pop("links")
    assert document == feature
    assert {"self", "alternate", "collection"} <= {link["rel"] for link in links}
    again = api.get(f"{ITEMS}/{feature['id']}", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


@pytest.mark.parametrize("wrong", ["nope", "00000000-0000-7000-8000-000000000000", "%00", "a/b"])
def test_core_f_not_there(api, wrong):
    assert api.get(f"{ITEMS}/{wrong}").status_code == 404


def test_core_crs84(api):
    document = api.get("/api/collections/ports").json()
    assert document["crs"][0] == document["storageCrs"] == CRS84
    assert api.get(ITEMS).headers["content-crs"] == f"<{CRS84}>"


# ---- A.3 GeoJSON, A.4 HTML


def test_geojson_content(api):
    for place in (ITEMS, ITEMS + "?f=json"):
        answer = api.get(place, headers={"Accept": "application/geo+json"})
        assert answer.headers["content-type"] == "application/geo+json"
        for one in answer.json()["features"]:
            assert one["type"] == "Feature"
            assert one["geometry"]["type"] == "Point"
            assert one["properties"]["origin"] == "synthetic"


# ---- Part 2 and 3


@pytest.mark.parametrize("name", ["4490", "4549", "3857", "GCJ02", "BD09"])
def test_crs_of_answers(api, feature, name):
    one = api.get(f"{ITEMS}/{feature['id']}", params={"crs": name})
    assert name in one.headers["content-crs"]
    assert one.json()["geometry"]["coordinates"] != feature["geometry"]["coordinates"]
    assert api.get(ITEMS, params={"crs": "4711"}).status_code == 400


def test_crs_every_listed_system_is_served(api):
    for system in api.get("/api/collections/ports").json()["crs"]:
        answer = api.get(ITEMS, params={"crs": system, "limit": 1})
        assert answer.status_code == 200
        assert answer.headers["content-crs"] == f"<{system}>"


def test_crs_official_axes(api, feature):
    given = {"crs": "http://www.opengis.net/def/crs/EPSG/0/4490"}
    one = api.get(f"{ITEMS}/{feature['id']}", params=given).json()
    assert one["geometry"]["coordinates"] == feature["geometry"]["coordinates"][::-1]


def test_crs_of_bbox(api):
    degrees = api.get(ITEMS, params={"bbox": "120,29,121,30", "limit": 1000}).json()["features"]
    swapped = {"bbox": "29,120,30,121", "bbox-crs": "4490", "limit": 1000}
    assert api.get(ITEMS, params=swapped).json()["features"] == degrees


def test_queryables(api):
    document = api.get("/api/collections/ports/queryables").json()
    assert document["type"] == "object"
    assert document["$id"].endswith("/api/collections/ports/queryables")
    assert set(document["properties"]) == {
        "name_zh", "capacity", "since", "depth_m", "berths", "id", "origin", "geom"}  # fmt: skip


def test_schemas_of_a_feature(api, feature):
    found = relations(api.get("/api/collections/ports").json())
    document = api.get(found["http://www.opengis.net/def/rel/ogc/1.0/schema"]["href"]).json()
    assert document["$id"].endswith("/api/collections/ports/schema")
    roles = {name: p.get("x-ogc-role") for name, p in document["properties"].items()}
    assert roles == {
        "id": "id", "geom": "primary-geometry", "name_zh": None, "capacity": None,
        "since": "primary-interval-start", "depth_m": None, "berths": None, "origin": None,
    }  # fmt: skip
    assert document["properties"]["geom"]["format"] == "geometry-point"
    shaped = api.get(found["describedby"]["href"])
    assert shaped.headers["content-type"] == "application/schema+json"
    members = shaped.json()["properties"]["properties"]["properties"]
    assert members.keys() == feature["properties"].keys()
    assert (members["capacity"]["type"], members["berths"]["type"]) == ("number", "integer")
    known = {name: v for name, v in feature["properties"].items() if v is not None}
    jsonschema.validate(feature | {"properties": known}, shaped.json())


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ({"filter": "capacity > 8"}, None),
        ({"filter": "S_INTERSECTS(geom, BBOX(120, 29, 121, 30))"}, None),
        ({"filter": '{"op":"=","args":[{"property":"origin"},"real"]}',
          "filter-lang": "cql2-json"}, 0),
    ],
)  # fmt: skip
def test_filter(api, given, number):
    count = api.get("/api/collections/ports/count", params=given).json()["count"]
    assert count == api.get(ITEMS, params={**given, "limit": 1000}).json()["numberMatched"]
    assert count == number if number is not None else 0 < count < 60


def test_filter_wrong(api):
    answer = api.get(ITEMS, params={"filter": "pg_sleep(2) IS NULL"})
    assert answer.status_code == 400
    assert "pg_sleep" in answer.json()["detail"]
    answer = api.get(ITEMS, params={"filter": "capacity ^ 9999 > 1"})
    assert answer.status_code == 400
    assert api.get(ITEMS).status_code == 200  # on the same connection


# ---- Exports and other programs


@pytest.mark.parametrize("kind", ["csv", "jsonseq", "fgb", "gpkg", "parquet"])
def test_export(api, kind):
    answer = api.get(ITEMS, params={"f": kind})
    assert answer.status_code == 200
    assert f'filename="ports.{kind}"' in answer.headers["content-disposition"]
    assert 'rel="license"' in answer.headers["link"]
    assert len(answer.content) > 1000


def test_export_is_refused_where_the_layer_says_so(served):
    client = served.client("dispatcher")
    assert client.get("/api/collections/cases/items", params={"f": "csv"}).status_code == 403


def test_gdal_reads_the_api(served, feature, tmp_path):
    url = f"OAPIF:{served.base_url}/api/collections/ports"
    info = subprocess.run(
        [program("ogrinfo"), "-so", "-al", url], capture_output=True, text=True, check=True
    ).stdout
    assert "Feature Count: 60" in info
    assert "capacity: Real" in info
    assert "berths: Integer" in info
    assert "since: DateTime" in info
    identity = feature["id"]
    one = subprocess.run(
        [program("ogrinfo"), "-q", url, "ports", "-where", f"id = '{identity}'"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert one.stdout.count("OGRFeature") == 1
    assert identity in one.stdout
    out = tmp_path / "ports.geojson"
    command = [program("ogr2ogr"), "-f", "GeoJSON", str(out), url, "ports", "-oo", "PAGE_SIZE=7"]
    subprocess.run(command, capture_output=True, text=True, check=True)
    document = json.loads(out.read_text(encoding="utf-8"))
    assert len(document["features"]) == 60

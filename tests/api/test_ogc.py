"""OGC API Common and Features Part 1: one test per abstract test of OGC 17-069r4, Annex A.

The name of a test ends with that of the abstract test: `/conf/core/fc-limit` is `core_fc_limit`.
"""

from __future__ import annotations

import json
import re
import subprocess
from urllib.parse import parse_qs, urlsplit

import httpx
import jsonschema
import pytest

from data.accounts import load_accounts
from spatial.db import connect
from tests.conftest import program, running_server
from tests.layers.small import seed, write_areas

pytestmark = pytest.mark.db

CORE = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
ITEMS = "/api/collections/ports/items"
PLACES = ["/api", "/api/conformance", "/api/collections", "/api/collections/ports",
          "/api/collections/ports/queryables", ITEMS]  # fmt: skip


@pytest.fixture(scope="module")
def served(module_database_url, tmp_path_factory):
    with connect(module_database_url) as conn:
        seed(conn)
        load_accounts(conn)
        conn.commit()
    areas = write_areas(tmp_path_factory.mktemp("areas"))
    with running_server(module_database_url, areas=str(areas), routing="0") as server:
        yield server


@pytest.fixture(scope="module")
def api(served):
    kept = httpx.Limits(keepalive_expiry=1)
    with httpx.Client(base_url=served.base_url, timeout=60, trust_env=False, limits=kept) as client:
        yield client


@pytest.fixture(scope="module")
def definition(api):
    return api.get("/api/openapi.json").json()


@pytest.fixture(scope="module")
def feature(api):
    return api.get(ITEMS, params={"limit": 1}).json()["features"][0]


def relations(document: dict) -> dict[str, dict]:
    return {link["rel"]: link for link in document["links"]}


def check(definition: dict, name: str, document: dict) -> None:
    """Check a document against the schema of the same server's definition."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": definition["components"]}
    text = json.dumps(schema).replace('"nullable": true, ', "")
    jsonschema.validate(
        document, json.loads(text.replace('"type": "object"', '"type": ["object", "null"]'))
    )


# ---- A.2.1 General


@pytest.mark.parametrize("place", PLACES)
def test_core_http(api, place):
    answer = api.get(place, headers={"Accept-Encoding": "identity"})
    assert answer.status_code == 200
    assert answer.http_version == "HTTP/1.1"
    head = api.head(place, headers={"Accept-Encoding": "identity"})
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == answer.headers["content-type"]
    assert head.headers["content-length"] == answer.headers["content-length"]


@pytest.mark.parametrize("place", [*PLACES, "/api/collections/nope", "/api/nowhere"])
def test_core_http_wrong_method(api, place):
    answer = api.post(place)
    assert answer.status_code in {404, 405}
    assert answer.headers["content-type"] == "application/problem+json"


# ---- A.2.2 Landing page, definition, conformance


@pytest.mark.parametrize("place", ["/api", "/api/"])
def test_core_root_op(api, place):
    assert api.get(place).status_code == 200


def test_core_root_success(api, definition):
    document = api.get("/api").json()
    check(definition, "Landing", document)
    found = relations(document)
    assert {"self", "service-desc", "service-doc", "conformance", "data"} <= found.keys()
    for link in document["links"]:
        answer = api.get(link["href"])
        assert answer.status_code == 200, link
        if link["rel"] != "related":
            assert answer.headers["content-type"].split(";")[0] == link["type"].split(";")[0]


def test_core_api_definition_op(api):
    assert api.get("/api/docs").status_code == 200
    assert api.get("/api/openapi.json").status_code == 200


def test_core_api_definition_success(definition):
    assert definition["openapi"].startswith("3.0")
    assert definition["paths"]["/api/collections/{layer}/items"]["get"]


def test_oas30_no_reference_leaves_the_document(definition):
    def walk(node):
        if isinstance(node, dict):
            if "$ref" in node:
                target = definition
                assert node["$ref"].startswith("#/")
                for part in node["$ref"][2:].split("/"):
                    target = target[part]
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(definition)


def test_oas30_no_word_of_a_later_version(definition):
    text = json.dumps(definition)
    for word in ('"type": "null"', '"const":', '"prefixItems":', '"$defs":'):
        assert word not in text


def test_oas30_every_route_is_documented(definition):
    from api.app import create_app
    from spatial.settings import Settings

    hidden = {
        "/signin",
        "/",
        "/index.html",
        "/favicon.ico",
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/",
    }
    shown = {re.sub(r":\w+}", "}", p) for p in paths_of(create_app(Settings()).app)} - hidden
    assert shown == set(definition["paths"])


def paths_of(app) -> set[str]:
    found = set()
    for route in app.routes:
        inner = getattr(route, "effective_route_contexts", None)
        if inner is not None:
            found |= {context.path for context in inner()}
        elif type(route).__name__ in {"Route", "APIRoute"}:
            found.add(route.path)
    return found


def test_core_conformance_op(api):
    assert api.get("/api/conformance").status_code == 200


def test_core_conformance_success(api, definition):
    document = api.get("/api/conformance").json()
    check(definition, "Conformance", document)
    assert {f"{CORE}/{name}" for name in ("core", "geojson", "html", "oas30")} <= set(
        document["conformsTo"]
    )


# ---- A.2.3 Collections


def test_core_fc_md_op(api):
    assert api.get("/api/collections").status_code == 200


def test_core_fc_md_success(api, definition):
    document = api.get("/api/collections").json()
    check(definition, "Collections", document)
    assert {"self", "alternate"} <= relations(document).keys()
    for collection in document["collections"]:
        assert relations(collection)["items"]


def test_core_fc_md_links(api):
    document = api.get("/api/collections").json()
    own = relations(document)["self"]["href"]
    assert api.get(own).status_code == 200


def test_core_fc_md_items_links(api):
    for collection in api.get("/api/collections").json()["collections"]:
        items = [link for link in collection["links"] if link["rel"] == "items"]
        assert {link["type"] for link in items} >= {"application/geo+json", "text/html"}


def test_core_fc_md_extent(api):
    for collection in api.get("/api/collections").json()["collections"]:
        (box,) = collection["extent"]["spatial"]["bbox"]
        assert -180 <= box[0] <= box[2] <= 180
        assert -90 <= box[1] <= box[3] <= 90
    ports = api.get("/api/collections/ports").json()
    start, end = ports["extent"]["temporal"]["interval"][0]
    assert start < end


def test_core_sfc_md_op(api):
    for collection in api.get("/api/collections").json()["collections"]:
        assert api.get(f"/api/collections/{collection['id']}").status_code == 200


def test_core_sfc_md_success(api):
    for collection in api.get("/api/collections").json()["collections"]:
        one = api.get(f"/api/collections/{collection['id']}").json()
        for key in ("id", "title", "description", "extent", "itemType", "crs", "attribution"):
            assert one[key] == collection[key]
        licence = relations(one)["license"]
        assert licence["href"] == "https://example.org/cc0"


def test_core_collections_of_others_are_not_there(api, served):
    assert api.get("/api/collections/cases").status_code == 404
    assert api.get("/api/collections/cases/items").status_code == 404
    client = served.client("dispatcher")
    assert client.get("/api/collections/cases/items").status_code == 200


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
    assert api.get(ITEMS, params={"limit": 1}).json()["numberMatched"] == 60


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


@pytest.mark.parametrize("place", [*PLACES, "/api/docs"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_html_content(api, place, lang):
    answer = api.get(place, headers={"Accept": "text/html", "Accept-Language": lang})
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-language"] == lang
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_html_escapes_and_names_origin_and_licence(api, feature):
    for place in (ITEMS, f"{ITEMS}/{feature['id']}", "/api/collections/ports"):
        text = api.get(place, params={"f": "html", "lang": "en"}).text
        assert "Test &lt;b&gt;" in text
        assert "Test <b>" not in text
        assert 'href="https://example.org/cc0"' in text
        assert "synthetic" in text
    assert "港&#x27;&quot;&lt;" in api.get(ITEMS, params={"f": "html"}).text


@pytest.mark.parametrize(
    ("accept", "status", "kind"),
    [
        ("*/*", 200, "application/geo+json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", 200, "text/html"),
        ("application/json", 200, "application/geo+json"),
        ("application/geo+json;q=0.5, text/html;q=0.4", 200, "application/geo+json"),
        ("image/png", 406, "application/problem+json"),
    ],
)
def test_http_negotiation(api, accept, status, kind):
    answer = api.get(ITEMS, headers={"Accept": accept})
    assert answer.status_code == status
    assert answer.headers["content-type"].split(";")[0] == kind


def test_http_gzip(api):
    answer = api.get(ITEMS, params={"limit": 50}, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    plain = api.get(ITEMS, params={"limit": 50}, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json()["features"] == answer.json()["features"]


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


def test_gdal_reads_the_api(served, tmp_path):
    url = f"OAPIF:{served.base_url}/api/collections/ports"
    info = subprocess.run(
        [program("ogrinfo"), "-so", "-al", url], capture_output=True, text=True, check=True
    ).stdout
    assert "Feature Count: 60" in info
    assert "capacity: " in info
    out = tmp_path / "ports.geojson"
    command = [program("ogr2ogr"), "-f", "GeoJSON", str(out), url, "ports", "-oo", "PAGE_SIZE=7"]
    subprocess.run(command, capture_output=True, text=True, check=True)
    document = json.loads(out.read_text(encoding="utf-8"))
    assert len(document["features"]) == 60


def test_links_follow_the_public_address(module_database_url, tmp_path):
    areas = write_areas(tmp_path / "areas")
    public = "https://map.example.org/sigang"
    with running_server(
        module_database_url, workers=1, areas=str(areas), routing="0", public_url=public
    ) as server:
        document = httpx.get(f"{server.base_url}{ITEMS}?limit=3", trust_env=False).json()
    for link in document["links"]:
        assert link["href"].startswith(f"{public}/api/collections/ports")
    after = relations(document)["next"]["href"]
    assert parse_qs(urlsplit(after).query)["limit"] == ["3"]

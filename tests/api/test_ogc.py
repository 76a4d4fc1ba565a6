"""OGC API Common and Features Part 1: one test per abstract test of OGC 17-069r4, Annex A.

The name of a test ends with that of the abstract test: `/conf/core/fc-limit` is `core_fc_limit`.
"""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.api.ogcworld import CORE, ITEMS, PLACES, check, relations
from tests.conftest import running_server
from tests.layers.small import write_areas

pytestmark = pytest.mark.db

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
    from api.app import TABLE

    hidden = {
        "/signin",
        "/admin",
        "/api/csp-reports",
        "/",
        "/index.html",
        "/favicon.ico",
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/",
    }
    ours = (one.path for one in TABLE.all if not one.own_tokens)  # the others are a standard's
    shown = {re.sub(r":\w+}", "}", path) for path in ours} - hidden
    assert shown == set(definition["paths"])


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
        (plain,) = [link["href"] for link in items if link["type"] == "application/geo+json"]
        assert plain.endswith(f"/api/collections/{collection['id']}/items")
        first = api.get(plain, params={"limit": 1}).json()["features"][0]
        assert api.get(f"{plain}/{first['id']}").json()["id"] == first["id"]


def test_core_fc_md_extent(api):
    for collection in api.get("/api/collections").json()["collections"]:
        if "spatial" not in collection["extent"]:
            rows = api.get(f"/api/collections/{collection['id']}/items").json()["features"]
            assert rows == []
            continue
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


def test_links_follow_the_public_address(served, tmp_path):
    areas = write_areas(tmp_path / "areas")
    public = "https://map.example.org/sigang"
    with running_server(
        served.database_url, workers=1, areas=str(areas), routing="0", public_url=public
    ) as server:
        document = httpx.get(f"{server.base_url}{ITEMS}?limit=3", trust_env=False).json()
    for link in document["links"]:
        assert link["href"].startswith(f"{public}/api/collections/ports")
    after = relations(document)["next"]["href"]
    assert parse_qs(urlsplit(after).query)["limit"] == ["3"]

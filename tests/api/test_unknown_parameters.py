"""Every route refuses a query parameter that nothing reads: one that is ignored answers wrongly."""

import re
from inspect import signature

import pytest

from api.app import TABLE
from api.http.media_types import NDJSON
from api.http.routes import FOR_LINES
from api.http.short_way import ShortWay

pytestmark = pytest.mark.db
PLACE = {
    "layer": "ports", "matrix_set": "WebMercatorQuad", "theme": "dark", "z": "0", "x": "0",
    "feature": "01a2", "name": "x", "process_id": "coverage", "route": "G92", "side": "up",
    "key": "road.snap", "job_id": "1", "y": "0",
}  # fmt: skip
PAGES = {"/", "/index.html", "/admin", "/favicon.ico"}
"""Their parameters are for their scripts."""
POINT = [120.9, 30.3]
BODIES = {
    "paths": {"waypoints": [POINT, POINT]}, "matrix": {"sources": [POINT]},
    "reach": {"points": [POINT], "contours": [{"duration_s": 60}]},
    "nearest": {"point": POINT, "layer": "ports"}, "match": {"points": [POINT, POINT]},
}  # fmt: skip


def address(path):
    uuid = "01a22543-fce3-7f69-b06b-afe65062b534"
    return re.sub(r"{(\w+)(?::\w+)?}", lambda found: PLACE.get(found[1], uuid), path)


def refused(answer):
    problem = answer.json()
    return answer.status_code == 400 and problem.get("parameter") == "nonsense"


def test_every_route_refuses_what_it_does_not_read(api):
    asked = {(one.method, one.path) for one in TABLE.all if one.path not in PAGES}
    ignored = [
        (method, path, answer.status_code, answer.text[:200])
        for method, path in sorted(asked)
        if not refused(answer := api.request(method, address(path), params={"nonsense": "1"}))
    ]
    assert len(asked) > 60
    assert ignored == []


def test_those_that_refuse_by_themselves_read_columns_or_parameters_of_a_layer():
    tiles = "tiles/{matrix_set}"
    assert {one.path for one in TABLE.all if one.reads is None} - PAGES == {
        f"/api/collections/{{layer}}/{rest}"
        for rest in (
            "items", "items/{feature:path}", "count", "legend", "coverage", f"{tiles}/tilejson",
            f"{tiles}/{{z}}/{{y}}/{{x}}",
        )
    }  # fmt: skip


def test_the_short_way_leads_to_every_hot_route():
    found = ShortWay(TABLE.all)
    for one in TABLE.all:
        scope = {"method": one.method, "path": address(one.path)}
        given = {b"content-type": b"application/json"}
        assert bool(found.find(scope, given)) == one.hot, one.path
        if one.hot and one.method == "POST":
            assert list(signature(one.handler).parameters) == ["body", "request"]


@pytest.mark.parametrize("name", BODIES)
def test_so_do_the_routes_that_read_their_bodies_quickly(api, name):
    assert refused(api.post(f"/api/{name}?nonsense=1", json=BODIES[name]))


def test_a_search_in_another_system_is_refused(api):
    answer = api.get("/api/search", params={"q": "120.1, 30.2", "crs": "GCJ02"})
    assert (answer.status_code, answer.json()["parameter"]) == (400, "crs")


@pytest.mark.parametrize(
    "query",
    [
        "q=",
        "q=%20",
        "q=" + "x" * 500,
        "q=%E5%8C%97%00",
        "q=x&near=abc",
        "q=x&near=200,95",
        "q=x&near=",
    ],
)
def test_a_search_that_cannot_be_read_is_a_problem(api, query):
    answer = api.get(f"/api/search?{query}")
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-parameter")
    assert answer.json()["detail"]


@pytest.mark.parametrize("query", ["%25", "_", "%ED%A0%80", "'%3B--", "%5C"])
def test_signs_of_sql_and_broken_text_find_nothing(api, query):
    answer = api.get(f"/api/search?q={query}")
    assert (answer.status_code, answer.json()["results"]) == (200, [])


def test_what_a_route_says_that_it_reads_is_no_unknown_parameter(served, definition):
    client, refusals = served.client("dispatcher"), []
    for path, operations in definition["paths"].items():
        for method, operation in operations.items():
            for given in operation.get("parameters", ()):
                said = given if "name" in given else definition["components"]["parameters"][
                    given["$ref"].rpartition("/")[2]]  # fmt: skip
                if said["in"] == "query" and path != "/api/stream":
                    kind = NDJSON if said.get("description") == FOR_LINES else "application/json"
                    answer = client.request(
                        method,
                        address(path),
                        params={said["name"]: "nonsense"},
                        headers={"content-type": kind},
                    )
                    detail = answer.text if answer.status_code >= 400 else ""
                    if "未知参数" in detail:
                        refusals.append((path, said["name"], detail))
    assert refusals == []

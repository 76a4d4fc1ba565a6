"""Scenarios over HTTP: what they say in two languages, to whom, and that examples come out."""

from __future__ import annotations

from contextlib import closing

import pytest

from layers.declare.catalog import Catalog
from layers.scenarios.catalogue import read_scenarios
from spatial.settings import Settings

pytestmark = pytest.mark.db

ONE = "/api/scenarios/rescue_coverage"


@pytest.fixture(scope="module")
def shipped():
    return Catalog.load(Settings().areas, read_scenarios).part(read_scenarios)


@pytest.fixture(scope="module")
def planner(server):
    with closing(server.client("planner")) as client:
        yield client


def test_the_list_has_every_scenario_in_the_language_asked_for(server, shipped):
    with closing(server.client()) as client:
        zh = client.get("/api/scenarios").json()["scenarios"]
        en = client.get("/api/scenarios?lang=en").json()["scenarios"]
        by_header = client.get("/api/scenarios", headers={"Accept-Language": "en"}).json()
    assert [one["id"] for one in zh] == list(shipped)
    assert [one["title"] for one in zh] == [one.title.zh for one in shipped.values()]
    assert [one["title"] for one in en] == [one.title.en for one in shipped.values()]
    assert by_header["scenarios"] == en


def test_a_scenario_of_synthetic_rows_is_a_sample_and_a_stranger_is_never_told_live(
    server, planner
):
    body = planner.get(ONE).json()
    assert body["origins"]["synthetic"] > 0
    assert body["maturity"] == {"id": "sample", "title": "样例"}
    with closing(server.client()) as client:
        assert client.get(ONE).json()["maturity"]["id"] in ("sample", "unseen")


def test_a_scenario_links_what_it_stands_on(planner):
    body = planner.get(ONE + "?lang=en").json()
    for one in [*body["links"], *(x for b in body["basis"] for x in b["links"])]:
        if one["rel"] != "related":
            assert planner.get(one["href"]).status_code == 200, one
    (basis,) = body["basis"]
    assert basis["rule"] == "road.coverage"
    assert basis["in_force"]["legal_text"]
    assert basis["in_force"]["version"]
    steps = {step["id"]: step for step in body["processes"]}
    assert steps["coverage"]["fixed"]["resources"]["value"] == {"layer": "rescue_bases"}
    assert steps["coverage"]["editable"]["limit_s"]["title"] == "Driving time (s)"
    described = planner.get("/api/processes/coverage?lang=en").json()["inputs"]
    assert steps["coverage"]["editable"]["traffic"] == described["traffic"]


def test_the_table_opens_its_rows_in_its_order(planner):
    table = planner.get("/api/scenarios/four_colour_risk").json()["view"]["table"]
    items = planner.get(table["links"][0]["href"]).json()["features"]
    scores = [item["properties"]["score"] for item in items]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 6
    assert set(items[0]["properties"]) >= {column["name"] for column in table["columns"]}


def test_who_may_not_read_a_layer_is_not_told_of_it(server):
    with closing(server.client()) as client:
        readable = {one["id"] for one in client.get("/api/collections").json()["collections"]}
        body = client.get(ONE).json()
    assert set(body["view"]["layers"]) <= readable
    assert body["view"]["table"] is None or body["view"]["table"]["layer"] in readable


def test_every_example_comes_out_as_it_says(planner, shipped):
    for name, scenario in shipped.items():
        body = planner.get(f"/api/scenarios/{name}/example?lang=en").json()
        assert len(body["examples"]) == len(scenario.examples)
        for shown in body["examples"]:
            assert shown["error"] is None, (name, shown)
            assert [one["at"] for one in shown["got"]] == [one["at"] for one in shown["expected"]]
            assert all(one["ok"] for one in shown["got"]), (name, shown)
        assert body["ok"]


def test_the_plan_says_what_carries_each_row(planner, shipped):
    body = planner.get("/api/plan?lang=en").json()
    rows = {row["id"]: row for row in body["rows"]}
    assert len(rows) == 90
    assert rows["S42"]["title"] is None
    assert rows["S42"]["carried_by"] is None
    assert rows["S42"]["waits_for"]
    assert rows["P2.6"]["carried_by"]["kind"] == "feature"
    carried = {(row, one.id) for one in shipped.values() for row in one.rows}
    told = {
        (row["id"], row["carried_by"]["id"])
        for row in rows.values()
        if row["carried_by"] and row["carried_by"]["kind"] == "scenario"
    }
    assert told == carried
    assert body["owners"]["origin"] == "schematic"
    teams = {team["id"] for team in body["teams"]}
    assert {row["team"] for row in rows.values()} <= teams


@pytest.mark.parametrize("path", ["/api/scenarios", ONE, ONE + "/example", "/api/plan"])
def test_answers_are_tagged_and_refuse_what_they_do_not_read(planner, path):
    answer = planner.get(path)
    again = planner.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (answer.status_code, again.status_code) == (200, 304)
    assert planner.get(path, params={"colour": "red"}).status_code == 400
    assert planner.get(path, params={"lang": "fr"}).status_code == 400


def test_a_scenario_that_is_not_there_is_told_with_what_mends_it(planner):
    for path in ("/api/scenarios/nope", "/api/scenarios/nope/example"):
        answer = planner.get(path)
        assert answer.status_code == 404
        assert "/api/scenarios" in answer.json()["mend"]


def test_what_was_asked_is_noted_and_described(server, planner):
    planner.get(ONE)
    paths = planner.get("/api/openapi.json").json()["paths"]
    assert {"/api/scenarios/{scenario_id}", "/api/scenarios/{scenario_id}/example",
            "/api/plan"} <= set(paths)  # fmt: skip

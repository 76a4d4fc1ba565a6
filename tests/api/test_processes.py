"""OGC API Processes over HTTP: the abstract tests of core and JSON; rights."""

from __future__ import annotations

from email import message_from_bytes

import jsonschema
import pytest

from layers.processes.registry import find_processes
from tests.api.planningworld import (
    EXCEPTIONS,
    RELATIONS,
    SHORES,
    assignment,
    covering,
    ended,
    finished,
    place,
    run,
    submit,
)

pytestmark = pytest.mark.db

DEEP = "NOT (" * 300


@pytest.fixture(scope="module")
def server(planning):
    return planning


def test_the_landing_page_leads_to_processes_and_jobs(planner):
    links = {x["rel"]: x["href"] for x in planner.get("/api", params={"f": "json"}).json()["links"]}
    listed = planner.get(links[f"{RELATIONS}/processes"])
    assert listed.status_code == 200
    assert planner.get(links[f"{RELATIONS}/job-list"]).status_code == 200
    declared = planner.get("/api/conformance", params={"f": "json"}).json()["conformsTo"]
    for name in ("core", "ogc-process-description", "json", "oas30", "job-list", "dismiss"):
        assert f"http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/{name}" in declared


def test_the_list_honours_limit_and_every_entry_is_a_summary(planner):
    every = planner.get("/api/processes").json()
    assert {one["id"] for one in every["processes"]} == set(find_processes())
    for one in every["processes"]:
        assert {"id", "version", "title", "description", "jobControlOptions"} <= one.keys()
        assert any(x["rel"] == "self" for x in one["links"])
    assert len(planner.get("/api/processes", params={"limit": 1}).json()["processes"]) == 1
    assert planner.get("/api/processes", params={"limit": 0}).status_code == 400


def test_every_description_has_valid_schemas_that_refer_to_nothing_else(planner):
    for one in planner.get("/api/processes").json()["processes"]:
        found = planner.get(f"/api/processes/{one['id']}", params={"lang": "en"}).json()
        assert found["outputs"]  # what counts all there is asks for nothing
        for member in [*found["inputs"].values(), *found["outputs"].values()]:
            jsonschema.Draft202012Validator.check_schema(member["schema"])
            assert "$ref" not in str(member["schema"])
            assert member["title"]
        execute = next(x for x in found["links"] if x["rel"] == f"{RELATIONS}/execute")
        assert execute["href"].endswith(f"/api/processes/{one['id']}/execution")


def test_what_is_not_there_is_named_as_the_standard_wants(planner):
    for answer, kind in (
        (planner.get("/api/processes/none"), "no-such-process"),
        (run(planner, "none", {}), "no-such-process"),
        (planner.get("/api/jobs/none"), "no-such-job"),
        (planner.get("/api/jobs/none/results"), "no-such-job"),
        (planner.delete("/api/jobs/01980000-0000-7000-8000-000000000000"), "no-such-job"),
    ):
        assert answer.status_code == 404
        assert answer.json()["type"] == f"{EXCEPTIONS}/{kind}"


def test_a_quick_process_answers_at_once_as_a_document(planner):
    answer = run(planner, "assign", assignment(response="document"))
    assert answer.status_code == 200, answer.text
    found = answer.json()
    pairs = {(row["team"], row["task"]) for row in found["assignments"]}
    assert pairs == {("t1", "a"), ("t2", "b")} or pairs == {("t1", "b"), ("t2", "a")}
    summary = found["summary"]["value"]
    assert summary["total_s"] <= summary["greedy_total_s"]
    assert summary["network_version"] >= 1
    lines = found["paths"]
    assert lines["mediaType"] == "application/geo+json"
    assert {x["geometry"]["type"] for x in lines["value"]["features"]} == {"LineString"}


def test_one_output_comes_as_it_is_and_several_as_parts(planner):
    one = run(planner, "assign", assignment(outputs={"paths": {}}, response="raw"))
    assert one.headers["content-type"] == "application/geo+json"
    assert one.json()["type"] == "FeatureCollection"
    wanted = {"paths": {"transmissionMode": "value"}, "summary": {}}
    several = run(planner, "assign", assignment(outputs=wanted, response="raw"))
    kind = several.headers["content-type"]
    assert kind.startswith("multipart/related")
    omitted = run(planner, "assign", assignment(outputs=wanted))
    assert omitted.headers["content-type"].startswith("multipart/related")
    parts = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + several.content)
    names = {part["Content-ID"]: part.get_content_type() for part in parts.get_payload()}
    assert names == {"<summary>": "application/json", "<paths>": "application/geo+json"}


def test_inputs_may_be_qualified_or_refer_to_a_collection_of_the_server(planner, server):
    body = assignment(response="document")
    plain = run(planner, "assign", body).json()["assignments"]
    body["inputs"] = {name: {"value": value} for name, value in body["inputs"].items()}
    assert run(planner, "assign", body).json()["assignments"] == plain
    items = f"{server.base_url}/api/collections/structures/items?filter=kind%3D%27bridge%27"
    body["inputs"]["tasks"] = {"href": items, "type": "application/geo+json"}
    found = run(planner, "assign", body)
    assert found.status_code == 200, found.text
    assert [row["task_name"] for row in found.json()["assignments"]] == ["大桥"]
    body["inputs"]["tasks"] = {"href": "http://169.254.169.254/latest/meta-data"}
    assert run(planner, "assign", body).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": {}},
        {"inputs": {"teams": {"points": []}, "tasks": {"points": []}}},
        {"inputs": assignment()["inputs"] | {"more": 1}},
        {"inputs": assignment()["inputs"] | {"max_duration_s": -1}},
        {"inputs": assignment()["inputs"] | {"teams": {"layer": "none"}}},
        {"inputs": assignment()["inputs"] | {"teams": {"layer": "structures", "filter": "a ="}}},
        {"inputs": assignment()["inputs"] | {"teams": {"layer": "structures", "filter": DEEP}}},
        {"inputs": assignment()["inputs"] | {"traffic": {"profile": "none"}}},
        {"outputs": {"none": {}}},
        {"outputs": {"paths": {"transmissionMode": "reference"}}},
        {"response": "both"},
        {"inputs": {"\ud800": 1}},
        {"inputs": {"teams": {"points": [place("\udc00", 1, 1)]}, "tasks": SHORES}},
        {"subscriber": {"successUri": "http://example.com"}},
    ],
)
def test_what_cannot_be_used_is_a_problem_that_says_how_to_mend_it(planner, change):
    answer = run(planner, "assign", assignment() | change)
    assert answer.status_code in (400, 404), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_only_signed_in_roles_may_run(server):
    body = assignment()
    assert run(server.client(), "assign", body).status_code == 401
    assert server.client().get("/api/jobs").status_code == 401
    assert run(server.client("ningbo"), "cover", covering()).status_code == 403
    assert run(server.client("ningbo"), "assign", body).status_code == 200


def test_berths_are_planned_as_a_job_and_a_vessel_too_long_is_named(planner):
    vessels = [
        {"id": "a", "length_m": 200, "arrival": 0, "lasts_min": 60},
        {"id": "b", "length_m": 200, "arrival": 0, "lasts_min": 60, "origin": "synthetic"},
        {"id": "long", "length_m": 400, "arrival": 0, "lasts_min": 60},
    ]
    given = {"quays": [{"id": "q", "length_m": 300}], "vessels": vessels}
    answer = finished(planner, "berth-plan", given)
    assert [one["start"] for one in answer["berthings"]] == [0, 90]
    assert (answer["cost"], answer["origin"], answer["faults"]) == (60 + 150, "synthetic", [])
    assert [(one["vessel"], one["cause"]) for one in answer["refused"]] == [("long", "too-long")]
    job = submit(planner, "berth-plan", {"inputs": {**given, "vessels": vessels[2:]}})
    ended(planner, job, "failed")
    told = planner.get(f"/api/jobs/{job}/results")
    assert told.status_code >= 400
    assert "long" in told.json()["detail"]

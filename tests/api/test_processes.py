"""OGC API Processes over HTTP: the abstract tests of core, JSON, job list and dismiss; rights."""

from __future__ import annotations

import os
import signal
from email import message_from_bytes
from pathlib import Path
from random import Random

import httpx
import jsonschema
import pytest

from tests.api.roadworld import at, until, world

pytestmark = pytest.mark.db

EXCEPTIONS = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"
RELATIONS = "http://www.opengis.net/def/rel/ogc/1.0"
ASYNC = {"Prefer": "respond-async"}
STATUS = {
    "type": "object",
    "required": ["jobID", "status", "type"],
    "properties": {
        "processID": {"type": "string"},
        "type": {"enum": ["process"]},
        "jobID": {"type": "string"},
        "status": {"enum": ["accepted", "running", "successful", "failed", "dismissed"]},
        "message": {"type": "string"},
        "created": {"type": "string", "format": "date-time"},
        "progress": {"type": "integer", "minimum": 0, "maximum": 100},
        "links": {"type": "array", "items": {"type": "object", "required": ["href"]}},
    },
}


@pytest.fixture(scope="module")
def served(module_database_url):
    with world(module_database_url) as server:
        yield server


@pytest.fixture(scope="module")
def planner(served):
    return served.client("planner")


@pytest.fixture(scope="module")
def dispatcher(served):
    return served.client("dispatcher")


def place(name: str, x: float, y: float, **more):
    return {"id": name, "point": at(x, y), **more}


def assignment(**more):
    """Return a request: the team that is nearest to both tasks takes the one nobody else could."""
    teams = [place("t1", 1, 1), place("t2", 3, 1)]
    tasks = [place("a", 3, 2), place("b", 4, 2)]
    return {"inputs": {"teams": {"points": teams}, "tasks": {"points": tasks}}, **more}


def covering(count=1, **more):
    sites = [place("west", 2, 2), place("east", 12, 2)]
    demand = [place("d1", 1, 1, weight=3), place("d2", 3, 3, weight=2), place("d3", 13, 3)]
    inputs = {"sites": {"points": sites}, "demand": {"points": demand}, "count": count,
              "max_duration_s": 600}  # fmt: skip
    return {"inputs": inputs, **more}


def hard():
    """Return a covering that takes far longer than any test waits."""
    rng = Random(1)

    def spot():
        along, across = rng.uniform(0, 4), rng.randint(0, 4)
        return rng.choice([(along, across), (across, along)])

    sites = [place(f"s{i}", *spot()) for i in range(520)]
    demand = [place(f"d{i}", *spot(), weight=1 + i % 7) for i in range(1900)]
    inputs = {"sites": {"points": sites}, "demand": {"points": demand}, "count": 9,
              "max_duration_s": 65, "time_limit_s": 600}  # fmt: skip
    return {"inputs": inputs}


def run(client: httpx.Client, process: str, body, **headers) -> httpx.Response:
    return client.post(f"/api/processes/{process}/execution", json=body, headers=headers)


def submit(client: httpx.Client, process: str, body) -> str:
    """Return the id of a job."""
    answer = run(client, process, body, **ASYNC)
    assert answer.status_code == 201, answer.text
    return answer.json()["jobID"]


def state(client: httpx.Client, job: str) -> str:
    return client.get(f"/api/jobs/{job}").json()["status"]


def ended(client: httpx.Client, job: str, wanted: str = "successful") -> None:
    until(lambda: state(client, job) in ("successful", "failed", "dismissed"), 60)
    assert state(client, job) == wanted, client.get(f"/api/jobs/{job}").text


def workers(server) -> list[int]:
    """Return the processes that run jobs."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes()
                home = f"SIGANG_HOME={server.home}\0".encode() in (folder / "environ").read_bytes()
            except OSError:
                continue
            if b"api.job_worker" in command and home:
                found.append(int(folder.name))
    return found


def busy_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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
    assert len(every["processes"]) >= 3
    for one in every["processes"]:
        assert {"id", "version", "title", "description", "jobControlOptions"} <= one.keys()
        assert any(x["rel"] == "self" for x in one["links"])
    assert len(planner.get("/api/processes", params={"limit": 1}).json()["processes"]) == 1
    assert planner.get("/api/processes", params={"limit": 0}).status_code == 400


def test_every_description_has_valid_schemas_that_refer_to_nothing_else(planner):
    for one in planner.get("/api/processes").json()["processes"]:
        found = planner.get(f"/api/processes/{one['id']}", params={"lang": "en"}).json()
        assert found["inputs"] and found["outputs"]
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
    parts = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + several.content)
    names = {part["Content-ID"]: part.get_content_type() for part in parts.get_payload()}
    assert names == {"<summary>": "application/json", "<paths>": "application/geo+json"}


def test_inputs_may_be_qualified_or_refer_to_a_collection_of_the_server(planner, served):
    body = assignment(response="document")
    plain = run(planner, "assign", body).json()["assignments"]
    body["inputs"] = {name: {"value": value} for name, value in body["inputs"].items()}
    assert run(planner, "assign", body).json()["assignments"] == plain
    items = f"{served.base_url}/api/collections/structures/items?filter=kind%3D%27bridge%27"
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
        {"inputs": assignment()["inputs"] | {"traffic": {"profile": "none"}}},
        {"outputs": {"none": {}}},
        {"outputs": {"paths": {"transmissionMode": "reference"}}},
        {"response": "both"},
        {"subscriber": {"successUri": "http://example.com"}},
    ],
)
def test_what_cannot_be_used_is_a_problem_that_says_how_to_mend_it(planner, change):
    answer = run(planner, "assign", assignment() | change)
    assert answer.status_code in (400, 404), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_only_signed_in_roles_may_run(served):
    body = assignment()
    assert run(served.client(), "assign", body).status_code == 401
    assert served.client().get("/api/jobs").status_code == 401
    assert run(served.client("ningbo"), "cover", covering()).status_code == 403
    assert run(served.client("ningbo"), "assign", body).status_code == 200


def test_a_job_is_accepted_runs_and_keeps_its_results(planner):
    answer = run(planner, "cover", covering(response="document"), **ASYNC)
    assert answer.status_code == 201
    assert answer.headers["preference-applied"] == "respond-async"
    info = answer.json()
    jsonschema.validate(info, STATUS)
    assert answer.headers["location"].endswith(f"/api/jobs/{info['jobID']}")
    ended(planner, info["jobID"])
    info = planner.get(f"/api/jobs/{info['jobID']}").json()
    jsonschema.validate(info, STATUS)
    assert info["progress"] == 100 and info["created"] <= info["started"] <= info["finished"]
    results = next(x["href"] for x in info["links"] if x["rel"] == f"{RELATIONS}/results")
    found = planner.get(results).json()
    assert found["sites"] == ["west"]
    assert found["summary"]["value"]["covered"] == 5
    assert found["summary"]["value"]["gap"] == 0
    page = planner.get(f"{results}/places", params={"limit": 2}).json()
    assert (page["numberMatched"], page["numberReturned"]) == (5, 2)
    seen = [x["id"] for x in page["features"]]
    while after := [x["href"] for x in page["links"] if x["rel"] == "next"]:
        page = planner.get(after[0]).json()
        seen += [x["id"] for x in page["features"]]
    assert seen == [x["id"] for x in found["places"]["value"]["features"]]
    assert planner.get(f"{results}/none").status_code == 404


def test_a_job_is_its_owners_and_the_administrators(planner, dispatcher, served):
    job = submit(planner, "cover", covering())
    ended(planner, job)
    for path in (f"/api/jobs/{job}", f"/api/jobs/{job}/results"):
        assert dispatcher.get(path).json()["type"] == f"{EXCEPTIONS}/no-such-job"
        assert served.client("admin").get(path).status_code == 200
    assert dispatcher.delete(f"/api/jobs/{job}").status_code == 404
    assert job not in [x["jobID"] for x in dispatcher.get("/api/jobs").json()["jobs"]]


def test_the_list_of_jobs_can_be_narrowed(planner):
    job = submit(planner, "assign", assignment())
    ended(planner, job)
    begin = planner.get(f"/api/jobs/{job}").json()["created"]

    def listed(**given):
        answer = planner.get("/api/jobs", params=given)
        assert answer.status_code == 200, answer.text
        return [x["jobID"] for x in answer.json()["jobs"]]

    assert listed()[0] == job
    assert job in listed(processID="assign,cover", status="successful", type="process")
    assert job in listed(datetime=f"{begin}/..") and job not in listed(datetime=f"../{begin[:10]}")
    assert job not in listed(processID="cover") and job not in listed(status="failed")
    assert listed(minDuration=3600) == [] and job in listed(maxDuration=3600)
    first = planner.get("/api/jobs", params={"limit": 1}).json()
    after = next(x["href"] for x in first["links"] if x["rel"] == "next")
    assert planner.get(after).json()["jobs"][0]["jobID"] < job
    for wrong in ({"status": "odd"}, {"limit": 0}, {"minDuration": "x"}, {"what": 1}):
        assert planner.get("/api/jobs", params=wrong).status_code == 400


def test_a_job_that_fails_keeps_its_problem(planner):
    far = {"points": [{"id": "sea", "point": [125.0, 25.0]}]}
    body = covering()
    body["inputs"]["sites"] = far
    job = submit(planner, "cover", body)
    ended(planner, job, "failed")
    info = planner.get(f"/api/jobs/{job}", params={"lang": "en"}).json()
    assert "road nearby" in info["message"]
    answer = planner.get(f"/api/jobs/{job}/results", params={"lang": "en"})
    assert answer.status_code == 400
    assert "road nearby" in answer.json()["detail"]


def test_a_dismissed_job_stops_at_once_while_the_server_goes_on_serving(planner, served):
    job = submit(planner, "cover", hard())
    until(lambda: planner.get(f"/api/jobs/{job}").json()["progress"] >= 40, 60)
    answer = planner.get(f"/api/jobs/{job}/results")
    assert answer.json()["type"] == f"{EXCEPTIONS}/result-not-ready"
    slow = max(planner.get("/api/processes").elapsed.total_seconds() for _ in range(20))
    assert slow < 1
    before = set(workers(served))
    gone = planner.delete(f"/api/jobs/{job}")
    assert gone.status_code == 200 and gone.json()["status"] == "dismissed"
    jsonschema.validate(gone.json(), STATUS)
    until(lambda: len(set(workers(served)) & before) < len(before), 10)
    assert planner.delete(f"/api/jobs/{job}").status_code == 409
    assert state(planner, job) == "dismissed"
    again = submit(planner, "cover", covering())
    ended(planner, again)


def test_a_job_whose_process_is_killed_fails(planner, served):
    job = submit(planner, "cover", hard())
    until(lambda: planner.get(f"/api/jobs/{job}").json()["progress"] >= 40, 60)
    for pid in workers(served):
        os.kill(pid, signal.SIGKILL)
    ended(planner, job, "failed")
    answer = planner.get(f"/api/jobs/{job}/results")
    assert answer.status_code == 500 and answer.json()["type"] == "/problems/job-lost"
    again = submit(planner, "cover", covering())
    ended(planner, again)

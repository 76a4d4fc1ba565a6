"""Jobs over HTTP: their life, list, owner and end; what becomes of one whose process dies."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import jsonschema
import pytest

from spatial.postgres.db import connect
from tests.api.planningworld import (
    ASYNC,
    EXCEPTIONS,
    RELATIONS,
    STATUS,
    STOPPED_S,
    assignment,
    covering,
    ended,
    hard,
    run,
    state,
    submit,
)
from tests.api.roadworld import until

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def server(planning):
    return planning


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
            if b"api.jobs.worker" in command and home:
                found.append(int(folder.name))
    return found


def busy_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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


def test_a_job_is_its_owners_and_the_administrators(planner, dispatcher, server):
    job = submit(planner, "cover", covering())
    ended(planner, job)
    for path in (f"/api/jobs/{job}", f"/api/jobs/{job}/results"):
        assert dispatcher.get(path).json()["type"] == f"{EXCEPTIONS}/no-such-job"
        assert server.client("admin").get(path).status_code == 200
    assert dispatcher.delete(f"/api/jobs/{job}").status_code == 404
    assert job not in [x["jobID"] for x in dispatcher.get("/api/jobs").json()["jobs"]]


def test_the_list_of_jobs_can_be_narrowed(planner):
    earlier = submit(planner, "cover", covering())
    job = submit(planner, "assign", assignment())
    for one in (earlier, job):
        ended(planner, one)
    begin = planner.get(f"/api/jobs/{job}").json()["created"]

    def listed(**given):
        answer = planner.get("/api/jobs", params=given)
        assert answer.status_code == 200, answer.text
        return [x["jobID"] for x in answer.json()["jobs"]]

    assert listed()[0] == job
    assert job in listed(processID="assign,cover", status="successful", type="process")
    assert job in listed(datetime=f"{begin}/..") and job not in listed(datetime="../2020-01-01")
    assert job not in listed(processID="cover") and job not in listed(status="failed")
    assert listed(minDuration=3600) == [] and job in listed(maxDuration=3600)
    first = planner.get("/api/jobs", params={"limit": 1}).json()
    after = next(x["href"] for x in first["links"] if x["rel"] == "next")
    assert planner.get(after).json()["jobs"][0]["jobID"] == earlier
    for wrong in (
        {"cursor": "x"},
        {"status": "odd"},
        {"limit": 0},
        {"minDuration": "x"},
        {"what": 1},
    ):
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


def test_a_dismissed_job_stops_at_once_while_the_server_goes_on_serving(planner, server):
    job = submit(planner, "cover", hard())
    until(lambda: planner.get(f"/api/jobs/{job}").json()["progress"] >= 40, 180)
    answer = planner.get(f"/api/jobs/{job}/results")
    assert answer.json()["type"] == f"{EXCEPTIONS}/result-not-ready"
    slow = max(planner.get("/api/processes").elapsed.total_seconds() for _ in range(20))
    assert slow < 1
    gone = planner.delete(f"/api/jobs/{job}")
    assert gone.status_code == 200 and gone.json()["status"] == "dismissed"
    jsonschema.validate(gone.json(), STATUS)
    began = time.monotonic()
    ended(planner, submit(planner, "cover", covering()))
    assert time.monotonic() - began < STOPPED_S
    assert planner.delete(f"/api/jobs/{job}").status_code == 409
    assert state(planner, job) == "dismissed"


def test_a_job_whose_process_is_killed_fails(planner, server):
    job = submit(planner, "cover", hard())
    until(lambda: planner.get(f"/api/jobs/{job}").json()["progress"] >= 40, 180)
    for pid in workers(server):
        os.kill(pid, signal.SIGKILL)
    ended(planner, job, "failed")
    answer = planner.get(f"/api/jobs/{job}/results")
    assert answer.status_code == 500 and answer.json()["type"] == "/problems/job-lost"
    again = submit(planner, "cover", covering())
    ended(planner, again)


ROW = """
INSERT INTO sigang.job (id, process, state, account_id, role, scope, request, runner, beat_at)
VALUES (gen_random_uuid(), 'cover', %s, 'planner', 'planner', '330000', %s, 'gone:1',
  now() - interval '1 minute') RETURNING id::text"""


def test_a_job_of_a_server_that_is_gone_fails_and_one_that_waited_is_run(planner, server):
    request = {"inputs": covering()["inputs"], "outputs": ["sites"], "response": "raw"}
    with connect(server.database_url) as conn:
        lost, waiting = (
            conn.execute(ROW, [was, json.dumps(request)]).fetchone()[0]
            for was in ("running", "accepted")
        )
    ended(planner, lost, "failed")
    assert planner.get(f"/api/jobs/{lost}/results").json()["type"] == "/problems/job-lost"
    ended(planner, waiting)
    assert planner.get(f"/api/jobs/{waiting}/results").json() == ["west"]


def test_row_level_security_keeps_jobs_to_their_owner(planner, server):
    submit(planner, "assign", assignment())
    with connect(server.database_url) as conn:
        conn.execute("SET ROLE sigang_app")
        count = "SELECT count(*) FROM sigang.job"
        act = "SELECT set_config('sigang.actor', %s, true), set_config('sigang.prefix', %s, true)"
        seen = {}
        for actor in ("planner", "dispatcher", ""):
            conn.execute(act, [actor, "33" if actor else ""])
            seen[actor] = conn.execute(count).fetchone()[0]
        assert seen["planner"] > 0 and seen["dispatcher"] == seen[""] == 0
        conn.execute(act, ["planner", "3303"])  # what it ran for the province is no longer its own
        assert conn.execute(count).fetchone()[0] == 0
        conn.execute("SELECT set_config('sigang.jobs', 'all', true)")
        assert conn.execute(count).fetchone()[0] >= seen["planner"]

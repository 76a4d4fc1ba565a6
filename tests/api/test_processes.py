"""OGC API Processes over HTTP: the abstract tests of core, JSON, job list and dismiss; rights."""

from __future__ import annotations

import json
import os
import signal
import time
from email import message_from_bytes
from pathlib import Path
from random import Random

import httpx
import jsonschema
import pytest

from layers.processes.registry import PROCESSES
from spatial.db import connect
from tests.api.roadworld import BRIDGE, at, close, edge, undo, until, world

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
        with connect(server.database_url) as conn:
            conn.execute(
                "INSERT INTO sigang.zone (id, kind, name_zh, name_en, admin_code, visibility,"
                " origin, source_id, geom) SELECT gen_random_uuid(), 'county', c.code, c.code,"
                " c.code, 'public', 'synthetic', 'world', z.geom FROM sigang.zone z,"
                " (VALUES ('330400', '330482'), ('330200', '330282')) AS c (parent, code)"
                " WHERE z.admin_code = c.parent"
            )
        yield server


@pytest.fixture(scope="module")
def planner(served):
    return served.client("planner")


@pytest.fixture(scope="module")
def dispatcher(served):
    return served.client("dispatcher")


def place(name: str, x: float, y: float, **more):
    return {"id": name, "point": at(x, y), **more}


SHORES = {"points": [place("west", 2, 2), place("east", 12, 2)]}


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


STOPPED_S = 60
"""The next job ends within this; a hard one would go on for minutes."""


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
    text = json.dumps(body)
    headers = {"Content-Type": "application/json", **headers}
    return client.post(f"/api/processes/{process}/execution", content=text, headers=headers)


def submit(client: httpx.Client, process: str, body) -> str:
    """Return the id of a job."""
    answer = run(client, process, body, **ASYNC)
    assert answer.status_code == 201, answer.text
    return answer.json()["jobID"]


def state(client: httpx.Client, job: str) -> str:
    return client.get(f"/api/jobs/{job}").json()["status"]


def ended(client: httpx.Client, job: str, wanted: str = "successful") -> None:
    until(lambda: state(client, job) in ("successful", "failed", "dismissed"), 180)
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
    assert {one["id"] for one in every["processes"]} == set(PROCESSES)
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


def finished(client: httpx.Client, process: str, inputs) -> dict:
    """Return the results of a job that succeeds, objects unwrapped."""
    job = submit(client, process, {"inputs": inputs, "response": "document"})
    ended(client, job)
    found = client.get(f"/api/jobs/{job}/results").json()
    return {n: v["value"] if isinstance(v, dict) and "value" in v else v for n, v in found.items()}


def test_the_bridge_is_ranked_by_what_its_closing_costs_both_twins_closed(planner):
    found = finished(planner, "criticality", {"places": SHORES, "trips_per_day": 1000})
    (bridge,) = found["ranking"]
    assert bridge["structure"] == str(BRIDGE) and bridge["edges"] == 2
    assert bridge["trips_per_day"] == pytest.approx(1000)
    round_s = bridge["added_s_per_trip"]
    assert bridge["added_vehicle_h_per_day"] == pytest.approx(1000 * round_s / 3600, rel=1e-3)
    assert found["summary"]["demand"] == "assumed" and found["cut_off"] == []
    changes = {"close_structures": [str(BRIDGE)]}
    same = finished(planner, "what-if", {"changes": changes, "origins": SHORES, "targets": SHORES})
    assert same["summary"]["times"]["changed"] == 2
    assert same["pairs"][0]["change_s"] == pytest.approx(round_s, abs=0.2)


def test_trips_without_another_way_stand_apart(planner):
    inputs = {"places": SHORES, "traffic": {"profile": "truck", "height_m": 4.0},
              "trips": [{"origin": "west", "target": "east", "trips": 40}]}  # fmt: skip
    found = finished(planner, "criticality", inputs)
    (bridge,) = found["cut_off"]
    assert bridge["cut_trips_per_day"] == 40
    assert bridge["added_vehicle_h_per_day"] == 0
    assert found["summary"]["demand"] == "given"


def test_a_what_if_shows_times_reach_coverage_and_the_difference_as_a_layer(planner):
    inputs = {
        "changes": {"close_structures": [str(BRIDGE)], "close_edges": [edge("2,4 2,8")]},
        "origins": SHORES, "targets": SHORES, "limit_s": 900,
        "resources": {"points": [place("base", 2, 2)]},
    }  # fmt: skip
    found = finished(planner, "what-if", inputs)
    summary = found["summary"]
    assert {row["effect"] for row in found["pairs"]} == {"cut"}
    assert summary["times"]["cut"] == 2 and summary["times"]["pairs"] == 4
    assert summary["reach"]["lost_km"] > 0 and summary["reach"]["gained_km"] == 0
    shares = {row["code"]: (row["before_share"], row["after_share"]) for row in found["counties"]}
    assert shares["330282"][1] == 0 < shares["330282"][0]
    features = found["difference"]["features"]
    assert {f["properties"]["role"] for f in features} == {"pair", "edge"}
    assert {f["properties"]["effect"] for f in features} == {"cut", "lost"}
    assert all(f["properties"]["origin"] == "derived" for f in features)


def test_a_new_bridge_connects_and_a_limit_cuts(planner):
    new = {"line": [at(4, 2), at(10, 2)], "speed_kmh": 140}
    built = finished(
        planner, "what-if", {"changes": {"add": [new]}, "origins": SHORES, "targets": SHORES}
    )
    assert {row["effect"] for row in built["pairs"]} == {"faster"}
    (noted,) = built["summary"]["changes"]
    assert max(noted["joined_m"]) < 1
    limits = [{"edge": edge(name), "limit": "mass_t", "value": 10}
              for name in ("4,2 10,2", "4,2 10,2 twin")]  # fmt: skip
    truck = {"profile": "truck", "mass_t": 30, "height_m": 4.0}
    cut = finished(
        planner, "what-if",
        {"changes": {"limits": limits}, "origins": SHORES, "targets": SHORES, "traffic": truck},
    )  # fmt: skip
    assert {row["effect"] for row in cut["pairs"]} == {"cut"}
    assert cut["summary"]["changes"][0]["mass_t"] == {"old": None, "new": 10}


def test_predicted_volumes_slow_the_trips_that_they_meet(planner):
    volumes = [
        {"road_class": "motorway", "volume_pcu_h": 4200},
        {"edge": edge("4,2 10,2"), "direction": "forward", "volume_pcu_h": 8000,
         "capacity_pcu_h": 4000},
    ]  # fmt: skip
    asked = {"changes": {"volumes": volumes}, "origins": SHORES, "targets": SHORES}
    found = finished(planner, "what-if", asked)
    assert {row["effect"] for row in found["pairs"]} == {"slower"}
    of_class, of_edge = found["summary"]["changes"]
    assert (of_class["class"], of_class["load"], of_class["level"]) == ("motorway", 1, 5)
    assert (of_edge["load"], of_edge["level"]) == (2, 6)
    speed = of_edge["speed_kmh"]
    assert speed["new"] == pytest.approx(speed["old"] / (1 + 0.15 * 2**4), abs=0.01)


def test_coverage_by_county_follows_a_closure(planner, dispatcher):
    inputs = {"resources": {"points": [place("base", 2, 2)]}, "limit_s": 900}
    before = {row["code"]: row for row in finished(planner, "coverage", inputs)["counties"]}
    event = close(dispatcher, {"facility_id": str(BRIDGE)}).json()
    try:
        after = finished(planner, "coverage", inputs)
    finally:
        undo(dispatcher, event)
    closed = {row["code"]: row for row in after["counties"]}
    assert before["330482"]["covered_share"] == closed["330482"]["covered_share"] == 1
    assert closed["330282"]["covered_share"] < before["330282"]["covered_share"]
    assert after["counties"][0]["code"] == "330282"
    areas = after["areas"]["features"]
    assert {f["geometry"]["type"] for f in areas} <= {"Polygon", "MultiPolygon"}


def test_an_interception_says_who_is_first_where(planner):
    vehicle = {"point": place("v", 1, 2), "bearing_deg": 90}
    points = [place("shore", 4, 2), place("landing", 10, 2), place("behind", 0, 2)]
    teams = [place("t", 11, 2)]
    inputs = {"vehicle": vehicle, "teams": {"points": teams}, "points": {"points": points}}
    answer = run(planner, "intercept", {"inputs": inputs, "response": "document"})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    named = {row["point"]: row for row in found["next_points"] + found["further_points"]}
    assert named["shore"]["next"] and not named["shore"]["possible"]
    assert named["landing"]["possible"] and not named["landing"]["next"]
    landing = named["landing"]
    assert landing["margin_s"] == pytest.approx(landing["vehicle_s"] - landing["team_s"], abs=0.2)
    assert found["summary"]["value"]["best"] == "landing"
    assert found["summary"]["value"]["rule"]["version"]


def test_the_network_is_exported_for_osmnx(planner):
    west, south, east, north = *at(-1, -2), *at(5, 9)
    found = finished(planner, "export-network", {"bbox": [west, south, east, north]})
    assert found["graph"].startswith("<graphml")
    assert found["statistics"]["edges"] >= 40
    assert found["statistics"]["length_km"] > 40
    nowhere = {"inputs": {"bbox": [0, 0, 1, 1]}}
    job = submit(planner, "export-network", nowhere)
    ended(planner, job, "failed")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"close_edges": ["01980000-0000-7000-8000-000000000000"]},
        {"close_structures": ["01980000-0000-7000-8000-000000000000"]},
        {"volumes": [{"road_class": "none", "volume_pcu_h": 1}]},
        {"volumes": [{"volume_pcu_h": 1}]},
        {"add": [{"line": [at(4, 1), at(4, 1)]}]},
        {"add": [{"line": [at(4, 1), at(30, 30)]}]},
        {"add": [{"line": [at(4, 1), at(10, 1)], "road_class": "none"}]},
    ],
)
def test_changes_that_cannot_be_are_problems(planner, changes):
    answer = run(
        planner, "what-if",
        {"inputs": {"changes": changes, "origins": SHORES, "targets": SHORES}},
    )  # fmt: skip
    if answer.status_code == 201:
        job = answer.json()["jobID"]
        ended(planner, job, "failed")
        answer = planner.get(f"/api/jobs/{job}/results")
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_a_dismissed_job_stops_at_once_while_the_server_goes_on_serving(planner, served):
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


def test_a_job_whose_process_is_killed_fails(planner, served):
    job = submit(planner, "cover", hard())
    until(lambda: planner.get(f"/api/jobs/{job}").json()["progress"] >= 40, 180)
    for pid in workers(served):
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


def test_a_job_of_a_server_that_is_gone_fails_and_one_that_waited_is_run(planner, served):
    request = {"inputs": covering()["inputs"], "outputs": ["sites"], "response": None}
    with connect(served.database_url) as conn:
        lost, waiting = (
            conn.execute(ROW, [was, json.dumps(request)]).fetchone()[0]
            for was in ("running", "accepted")
        )
    ended(planner, lost, "failed")
    assert planner.get(f"/api/jobs/{lost}/results").json()["type"] == "/problems/job-lost"
    ended(planner, waiting)
    assert planner.get(f"/api/jobs/{waiting}/results").json() == ["west"]


def test_row_level_security_keeps_jobs_to_their_owner(planner, served):
    submit(planner, "assign", assignment())
    with connect(served.database_url) as conn:
        conn.execute("SET ROLE sigang_app")
        count = "SELECT count(*) FROM sigang.job"
        seen = {}
        for actor in ("planner", "dispatcher", ""):
            conn.execute("SELECT set_config('sigang.actor', %s, true)", [actor])
            seen[actor] = conn.execute(count).fetchone()[0]
        assert seen["planner"] > 0 and seen["dispatcher"] == seen[""] == 0
        conn.execute("SELECT set_config('sigang.jobs', 'all', true)")
        assert conn.execute(count).fetchone()[0] >= seen["planner"]

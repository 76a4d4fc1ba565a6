"""Questions to the processes of the small province, and how a job is waited for."""

from __future__ import annotations

import json
from random import Random

import httpx

from tests.api.roadworld import at, until

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


def finished(client: httpx.Client, process: str, inputs) -> dict:
    """Return the results of a job that succeeds, objects unwrapped."""
    return outcome(client, submit(client, process, {"inputs": inputs, "response": "document"}))


def outcome(client: httpx.Client, job: str) -> dict:
    """Return the results of a job that succeeds once it has, objects unwrapped."""
    ended(client, job)
    found = client.get(f"/api/jobs/{job}/results").json()
    return {n: v["value"] if isinstance(v, dict) and "value" in v else v for n, v in found.items()}

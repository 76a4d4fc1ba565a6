"""NUL and halves of characters in every place of a request: 400 that names it, never a 5xx."""

import json

import pytest

from spatial.postgres.db import connect
from tests.api.planningworld import ASYNC, assignment
from tests.api.roadworld import BRIDGE, LATER, at, until

CLOSURE = {
    "kind": "closure",
    "target": {"facility_id": str(BRIDGE)},
    "cause": "wind",
    "title": "风",
}
CLOSURE |= {"valid_to": LATER}
BODIES = [
    ("/api/events", CLOSURE),
    ("/api/events", CLOSURE | {"target": {"at": "G92 K1+000"}}),
    ("/api/incidents", {"at": "G92 K1+000", "title": "a", "reporter": "b"}),
    ("/api/processes/assignment/execution", assignment()),
    ("/api/paths", {"waypoints": [at(0, 2), at(2, 2)], "profile": "car", "include": ["edges"]}),
    ("/api/nearest", {"layer": "ports", "point": at(1, 2), "filter": "name_zh = 'a'"}),
    ("/api/match", {"points": [at(0, 2), at(2, 2)], "profile": "car"}),
]
ADDRESSES = [
    "/api/collections/ports/items?filter-crs=%00",
    "/api/collections/ports/items?filter=name_zh%20%3D%20%27%00%27",
    "/api/collections/ports/items?%00=1",
    "/api/search?q=%00",
    "/signin?link=%00",
]


@pytest.fixture(scope="module")
def server(planning):
    return planning


def spoiled(value, sign):
    """Yield a JSON value with a sign in each of its texts and names, one at a time."""
    if isinstance(value, str):
        yield value[:1] + sign + value[1:]
    elif isinstance(value, dict):
        for name, part in value.items():
            yield {(f"{name}{sign}" if n == name else n): p for n, p in value.items()}
            yield from (value | {name: bad} for bad in spoiled(part, sign))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            for bad in spoiled(part, sign):
                yield [*value[:number], bad, *value[number + 1 :]]


@pytest.mark.parametrize("path", ["/api/collections/ports/items/%00", "/api/paths/%00"])
def test_nothing_lies_at_a_path_with_a_nul(client, path):
    answer = client.get(path)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_with_a_nul_is_refused_with_its_place(client, address):
    answer = client.get(address)
    assert answer.status_code == 400
    problem = answer.json()
    assert problem["type"] == "/problems/bad-parameter"
    place = {"filter-crs", "filter", "␀", "q", "link", "path"}
    assert problem["parameter"] in place


@pytest.mark.parametrize(("address", "body"), BODIES, ids=[a for a, _ in BODIES])
def test_a_body_with_a_nul_is_refused(dispatcher, address, body):
    tried = 0
    for sign in ("\0", "\ud800"):
        for bad in spoiled(body, sign):
            text = json.dumps(bad)
            headers = {"Content-Type": "application/json", **ASYNC}
            answer = dispatcher.post(address, content=text, headers=headers)
            assert 400 <= answer.status_code < 500, (text, answer.text)
            assert answer.status_code in (400, 404), (text, answer.text)
            tried += 1
    assert tried >= 6


def test_a_purpose_with_odd_signs_is_sealed_short(dispatcher, server):
    for purpose in (
        b"a\xff" + b"b" * 5_000,
        b"a%00" + "大风".encode() * 500,
        b"%E5%A4%A7%E9%A3%8E",
    ):
        headers = {b"Sigang-Purpose": purpose}
        answer = dispatcher.get("/api/collections/ports/items?limit=1", headers=headers)
        assert answer.status_code == 200, answer.text

    def sealed():
        with connect(server.database_url) as conn:
            query = (
                "SELECT purpose FROM sigang.audit WHERE target = 'ports' AND actor = 'dispatcher'"
                " ORDER BY length(purpose)"
            )
            return [purpose for (purpose,) in conn.execute(query)]

    assert until(lambda: len(sealed()) == 3)
    assert sealed()[0] == "大风"
    assert [len(purpose) for purpose in sealed()] == [2, 120, 120]

"""POST /match over HTTP: whole traces and lines as they come, and what bad ones are told."""

import contextlib
import http.client
import json
import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from urllib.parse import urlsplit

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spatial.geo.datum import wgs84_to_gcj02
from spatial.postgres.db import connect
from tests.api.roadworld import BRIDGE, at, close, edge, undo, until

pytestmark = pytest.mark.db
BEGIN = datetime(2026, 11, 22, 4, tzinfo=UTC)
NDJSON = {"content-type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def server(roads):
    return roads


def drive(*stops, steps=8):
    """Return places on straight lines between stops of the map."""
    parts = [np.linspace(a, b, steps, endpoint=False) for a, b in pairwise(stops)]
    return [at(*place) for place in [*np.concatenate(parts).tolist(), stops[-1]]]


def moments(count, every_s=15):
    return [(BEGIN + timedelta(seconds=every_s * i)).isoformat() for i in range(count)]


def body(*stops, **more):
    points = drive(*stops)
    return {"points": points, "times": moments(len(points)), **more}


def matched(client, *stops, **more):
    answer = client.post("/api/match", json=body(*stops, **more))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    return answer.json()


def edges(collection):
    return [[e["edge"] for e in f["properties"]["edges"]] for f in collection["features"]]


def test_a_trace_becomes_the_roads_driven(client):
    found = matched(client, (0.3, 2), (2, 2), (2, 3.5), include=["edges", "points"])
    expected = ["0,2 1,2", "1,2 2,2", "2,2 2,3", "2,3 2,4"]
    assert edges(found) == [[edge(name) for name in expected]]
    told = found["features"][0]["properties"]
    assert told["network_version"] == found["network_version"] >= 1
    assert told["confidence"] > 0.9
    assert (told["cut"], told["first_fix"], told["last_fix"]) == ("start", 0, 16)
    assert found["gaps"] == []
    assert found["fixes"]["used"] == len(found["points"]) == 17
    line = found["features"][0]["geometry"]["coordinates"]
    assert line[0] == pytest.approx(at(0.3, 2), abs=1e-6)
    assert line[-1] == pytest.approx(at(2, 3.5), abs=1e-6)
    first = found["points"][0]
    assert first["point"] == pytest.approx(at(0.3, 2), abs=1e-6)
    assert (first["status"], first["direction"]) == ("used", "forward")


def test_nulls_are_what_was_not_received_and_standing_is_a_stop(client):
    points = drive((0.3, 2), (2, 2))
    half = len(points) // 2
    times = [
        BEGIN + timedelta(seconds=15 * i + (1980 if i > half else 0)) for i in range(len(points))
    ]
    points[half + 1] = points[half]
    asked = {"points": [points[0], None, [None, None], *points[3:]],
             "times": [None, *(one.isoformat() for one in times[1:])],
             "accuracy_m": [None, 5, 5, *[8] * (len(points) - 3)]}  # fmt: skip
    answer = client.post("/api/match", json=asked)
    assert answer.status_code == 200, answer.text
    assert answer.json()["fixes"]["invalid"] == 2
    [told] = [one["properties"] for one in answer.json()["features"]]
    [stop] = told["stops"]
    assert (stop["first_fix"], stop["last_fix"], stop["duration_s"]) == (half, half + 1, 1995.0)
    assert stop["point"] == pytest.approx(points[half])


def test_a_trace_in_gcj02_is_answered_in_gcj02(client):
    plain = matched(client, (0.3, 2), (2, 2))
    moved = np.column_stack(wgs84_to_gcj02(*np.array(drive((0.3, 2), (2, 2))).T)).tolist()
    answer = client.post("/api/match?crs=GCJ02", json={"points": moved})
    assert "GCJ02" in answer.headers["content-crs"]
    assert edges(answer.json()) == edges(plain)
    assert answer.json()["features"][0]["geometry"]["coordinates"][0] == pytest.approx(
        moved[0], abs=1e-5
    )


def test_a_closed_bridge_is_not_driven(client, server):
    passable = matched(client, (3.5, 2), (10.5, 2))
    bridges = {edge("4,2 10,2"), edge("4,2 10,2 twin")}
    assert bridges & {e for keys in edges(passable) for e in keys}
    dispatcher = server.client("dispatcher")
    event = close(dispatcher, {"facility_id": str(BRIDGE)}).json()
    shut = matched(client, (3.5, 2), (10.5, 2))
    undo(dispatcher, event)
    dispatcher.close()
    assert not bridges & {e for keys in edges(shut) for e in keys}
    assert shut["network_version"] > passable["network_version"]
    assert shut["fixes"]["off_road"] > 0
    assert shut["gaps"]
    assert edges(matched(client, (3.5, 2), (10.5, 2))) == edges(passable)


def test_a_vehicle_too_high_is_not_put_on_a_low_road(client):
    tall = matched(client, (2, 4.2), (2, 7.8), profile="truck", vehicle={"height_m": 4.0})
    assert tall["features"] == []
    low = matched(client, (2, 4.2), (2, 7.8), profile="truck", vehicle={"height_m": 3.0})
    assert edges(low) == [[edge("2,4 2,8")]]


def test_fixes_that_cannot_be_used_are_named(client):
    points = [*drive((0.2, 2), (0.8, 2)), [None, None], [121.9, 30.9]]
    times = [*moments(9), moments(1)[0], moments(11)[10]]
    answer = client.post("/api/match", json={"points": points, "times": times}).json()
    assert answer["fixes"] == {
        "used": 9, "merged": 0, "off_road": 0, "jump": 1, "late": 0, "duplicate": 0, "invalid": 1,
    }  # fmt: skip


BAD = [
    {},
    {"points": []},
    {"points": [[121.0]]},
    {"points": [[121.0, 30.0]] * 10_001},
    {"points": [[121.0, 30.0]], "times": []},
    {"points": [[121.0, 30.0]], "times": ["2026-11-22T08:00:00"]},
    {"points": [[121.0, 30.0]], "times": ["noon"]},
    {"points": [[121.0, 30.0]], "accuracy_m": 0},
    {"points": [[121.0, 30.0]], "accuracy_m": [1, 2]},
    {"points": [[121.0, 30.0]], "accuracy_m": -1},
    {"points": [[30.3, 121.0]] * 3},
    {"points": [[121.0, 30.0]], "profile": "rocket"},
    {"points": [[121.0, 30.0]], "speed": 3},
    {"points": [[121.0, 30.0]], "include": ["everything"]},
]


@pytest.mark.parametrize("question", BAD, ids=range(len(BAD)))
def test_a_bad_question_is_refused(client, question):
    answer = client.post("/api/match", json=question)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["type"] in ("/problems/bad-parameter", "/problems/bad-coordinate")


number = st.none() | st.floats(-200, 200) | st.integers(-400, 400)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    points=st.lists(st.tuples(number, number), min_size=1, max_size=12),
    every=st.integers(-10, 1000),
    sigma=st.floats(0.1, 500),
)
def test_any_fixes_get_an_answer(client, points, every, sigma):
    times = [(BEGIN + timedelta(seconds=every * i)).isoformat() for i in range(len(points))]
    question = {"points": points, "times": times, "accuracy_m": sigma}
    answer = client.post("/api/match", json=question)
    assert answer.status_code in (200, 400), answer.text


def lines(*stops, name="bus 1", **more):
    points = drive(*stops)
    rows = zip(points, moments(len(points)), strict=True)
    return [json.dumps({"id": name, "point": p, "time": t, **more}) for p, t in rows]


def answered(client, text, path="/api/match"):
    answer = client.post(path, content=text, headers=NDJSON)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(row) for row in answer.text.splitlines()]


def test_lines_are_answered_as_the_whole_trace_is(client):
    stops = (0.3, 2), (2, 2), (2, 3.5)
    whole = matched(client, *stops, include=["points", "edges"])
    told = answered(client, "\n".join(lines(*stops)), "/api/match?lag=200")
    found = sorted((row for row in told if row["kind"] == "fix"), key=lambda row: row["fix"])
    assert [(f["fix"], f["edge"]) for f in found] == [
        (p["fix"], p["edge"]) for p in whole["points"]
    ]
    driven = [e["edge"] for row in told if row["kind"] == "drive" for e in row["edges"]]
    assert driven == edges(whole)[0]
    assert {row["id"] for row in told} == {"bus 1"}
    assert all(row["network_version"] >= 1 for row in told)


def test_vehicles_are_kept_apart_and_bad_lines_do_no_harm(client):
    first, second = lines((0.3, 2), (2, 2), name="a"), lines((3.7, 3), (2, 3), name="b")
    mixed = [row for pair in zip(first, second, strict=True) for row in pair]
    mixed[5:5] = ["{", '{"point": [1]}', '{"id": "c", "point": [121, 30], "speed": 3}', ""]
    told = answered(client, "\n".join(mixed))
    problems = [row for row in told if row["kind"] == "problem"]
    assert [row["line"] for row in problems] == [6, 7, 8]
    assert all(row["type"] == "/problems/bad-parameter" for row in problems)
    for name, way in (("a", "forward"), ("b", "backward")):
        mine = [row for row in told if row.get("id") == name and row["kind"] == "fix"]
        assert [row["fix"] for row in sorted(mine, key=lambda row: row["fix"])] == list(range(9))
        assert {row["direction"] for row in mine} == {way}


def test_an_endless_line_is_refused_and_the_next_one_read(client):
    told = answered(client, "x" * 300_000 + "\n" + "\n".join(lines((0.3, 2), (2, 2))))
    assert [row["kind"] for row in told if row["kind"] == "problem"] == ["problem"]
    assert sum(row["kind"] == "fix" for row in told) == 9


@pytest.mark.parametrize("query", ["lag=-1", "lag=x", "lag=201", "profile=rocket", "speed=1"])
def test_a_stream_of_a_wrong_kind_is_refused(client, query):
    answer = client.post(f"/api/match?{query}", content="", headers=NDJSON)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_the_answer_begins_before_the_question_ends(server):
    """Decided fixes come while the vehicle still drives."""
    rows = lines((0.3, 2), (2, 2), (2, 3.5))
    seen = threading.Event()
    early = []

    def question():
        for row in rows[:-1]:
            yield f"{row}\n".encode()
        early.append(seen.wait(20))
        yield rows[-1].encode()

    with _raw(server, "/api/match?lag=2", question()) as answer:
        for row in answer:
            if json.loads(row)["kind"] == "fix":
                seen.set()
    assert early == [True]


@contextlib.contextmanager
def _raw(server, path, content):
    """Send and receive at once, which httpx does not."""
    place = urlsplit(server.base_url)
    conn = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
    conn.putrequest("POST", path)
    conn.putheader("Content-Type", NDJSON["content-type"])
    conn.putheader("Transfer-Encoding", "chunked")
    conn.endheaders()

    def send():
        for part in content:
            conn.send(b"%x\r\n%s\r\n" % (len(part), part))
        conn.send(b"0\r\n\r\n")

    sender = threading.Thread(target=send)
    sender.start()
    yield conn.getresponse()
    sender.join()
    conn.close()


def test_matching_is_in_the_audit(dispatcher, server):
    def noted():
        with connect(server.database_url) as conn:
            return conn.execute(
                "SELECT count(*) FROM sigang.audit WHERE action = 'match' AND target = 'car'"
                " AND actor = 'dispatcher'"
            ).fetchone()[0]

    matched(dispatcher, (0.3, 2), (2, 2))
    assert until(noted)

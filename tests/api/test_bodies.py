"""Bodies of requests: how large, how packed, how deep; whatever is refused is told as a problem."""

from __future__ import annotations

import gzip
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx
import orjson
import pytest

from api.app import TABLE
from api.http.bodies import LARGE_EACH, MB, MOST_BYTES
from tests.conftest import Server

JSON = {"content-type": "application/json"}
POSTED = [
    "/api/paths", "/api/matrix", "/api/reach", "/api/nearest", "/api/match", "/api/events",
    "/api/events/preview", "/api/events/detour",
    "/api/edge-states", "/api/heartbeats", "/api/predicted-speeds", "/api/incidents",
    "/api/carriageways/fog", "/api/processes/what-if/execution", "/api/airspace/check",
    "/api/airspace/section", "/api/arrivals", "/api/exposure", "/api/exposure/withdrawals",
    "/api/inspections", "/api/inspections/withdrawals", "/api/shipments", "/api/shipments/messages",
]  # fmt: skip


def pieces(size: int) -> Iterator[bytes]:
    """Yield a body in pieces, whose length is not told before."""
    for _ in range(size // 2**16):
        yield b" " * 2**16
    yield b" " * (size % 2**16)


@pytest.mark.parametrize("path", POSTED)
def test_a_body_too_large_is_refused_whether_its_length_is_told_or_not(dispatcher, path):
    most = TABLE.most_bytes(path)
    for body in (b" " * (most + 1), pieces(most + 1)):
        answer = dispatcher.post(path, content=body, headers=JSON)
        assert answer.status_code == 413, answer.text
        problem = answer.json()
        assert (problem["type"], problem["most_bytes"]) == ("/problems/body-too-large", most)
        assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("path", POSTED)
def test_a_body_of_the_largest_size_is_read(dispatcher, path):
    size = TABLE.most_bytes(path)
    for body in (b" " * size, pieces(size)):
        assert dispatcher.post(path, content=body, headers=JSON).status_code == 400


def test_few_addresses_take_more():
    assert TABLE.most_bytes("/api/incidents") == MOST_BYTES <= MB
    assert TABLE.most_bytes("/api/processes/any/execution") == 2 * MB
    assert TABLE.most_bytes("/api/processes/any") == MOST_BYTES
    assert TABLE.most_bytes("/api/airspace/check") == 8 * MB  # columns of 100,000 points
    assert max(one.most_bytes for one in TABLE.all) == 8 * MB
    larger = [one for one in TABLE.all if one.most_bytes > MOST_BYTES]
    assert max(one.most_bytes for one in larger if one.own_tokens) == 2 * MB
    assert {one.path for one in larger if not one.own_tokens} < set(POSTED) | {
        "/api/processes/{process_id}/execution", "/api/airspace/operations",
        "/api/airspace/operations/{plan_id}", "/api/airspace/restrictions",
        "/api/waterway/check", "/api/waterway/path", "/api/locks/plan", "/api/locks/move",
        "/api/locks/{lock}/plans", "/api/linkage/itineraries", "/api/linkage/profile",
        "/api/linkage/capacity",
        "/api/linkage/disruptions",
        "/api/shipments/{shipment}/events", "/api/waterway/table", "/api/waterway/reach",
        "/api/berths/{terminal}/plan", "/api/berths/{terminal}/calls",
    }  # fmt: skip


def test_a_body_of_a_told_length_that_is_too_large_is_not_waited_for(server: Server):
    at = urlsplit(server.base_url)
    head = f"POST /api/paths HTTP/1.1\r\nHost: {at.netloc}\r\nContent-Length: 43000000\r\n\r\n"
    with socket.create_connection((at.hostname, at.port), 5) as client:
        begun = time.monotonic()
        client.sendall(head.encode())
        assert client.recv(2**16).startswith(b"HTTP/1.1 413 ")
        assert time.monotonic() - begun < 5
        while client.recv(2**16):
            pass


@pytest.mark.parametrize("told", [True, False])
def test_few_large_bodies_of_one_visitor_are_held_and_an_account_has_others(
    server: Server, dispatcher, told: bool
):
    at = urlsplit(server.base_url)
    length = "Content-Length: 1000000" if told else "Transfer-Encoding: chunked"
    head = f"POST /api/paths HTTP/1.1\r\nHost: {at.netloc}\r\n{length}\r\n\r\n"
    begun = head.encode() + (b" " * 99_000 if told else b"%x\r\n" % 99_000 + b" " * 99_000)
    opened = 2 * LARGE_EACH + 8
    refused: set[socket.socket] = set()
    with ExitStack() as held:
        visitors = [
            held.enter_context(socket.create_connection((at.hostname, at.port), 5))
            for _ in range(opened)
        ]
        for visitor in visitors:
            visitor.sendall(begun)
        until = time.monotonic() + 10
        while len(refused) < 8 and time.monotonic() < until:
            refused |= set(select.select(visitors, [], [], 0.1)[0])
        assert len(refused) >= 8
        for visitor in refused:
            assert visitor.recv(2**16).startswith(b"HTTP/1.1 429 ")
        body = b"{" + b" " * 99_000
        assert dispatcher.post("/api/paths", content=body, headers=JSON).status_code == 400
    while (answer := httpx.post(f"{server.base_url}/api/paths", content=body)).status_code == 429:
        assert time.monotonic() < until + 10, answer.text


def test_a_packed_body_is_refused(client: httpx.Client):
    body = gzip.compress(b"[" + b" " * 2**24)
    for path in POSTED:
        answer = client.post(path, content=body, headers={**JSON, "content-encoding": "gzip"})
        assert (answer.status_code, answer.json()["type"]) == (415, "/problems/encoded-body")


def nested(depth: int) -> bytes:
    """Return valid JSON of lists in lists."""
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize("depth", [150, 900, 100_000])
def test_deep_bodies_harm_nothing(dispatcher, depth):
    geometry = b'{"type":"Polygon","coordinates":' + nested(depth) + b"}"
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat().encode()
    closing = b'{"kind":"closure","cause":"wind","valid_to":"' + until + b'","target":'
    bodies = [
        nested(depth),
        b'{"waypoints":[[120,30],[120.1,30]],"avoid":{"polygons":[' + geometry + b"]}}",
        closing + b'{"polygon":' + geometry + b"}}",
        b'{"inputs":{"a":' + nested(depth) + b"}}",
        b'{"a":' * depth + b"1" + b"}" * depth,
    ]
    for path in POSTED:
        for body in bodies:
            answer = dispatcher.post(path, content=body, headers=JSON)
            assert answer.status_code in (400, 404, 413), (path, body[:60], answer.text[:300])


def test_a_problem_lists_few_of_many_wrong_members(client: httpx.Client):
    answer = client.post("/api/match", json={"points": [["a", "b"]] * 10_000})
    assert answer.status_code == 400
    assert len(answer.json()["invalid"]) == 20
    assert len(answer.content) < 10_000


def test_large_bodies_are_read_as_small_ones_are(client: httpx.Client):
    body = orjson.dumps({"waypoints": [[120.0, 30.0], [1, 2, 3]]})
    large = body + b" " * 2**17
    small_answer, large_answer = (
        client.post("/api/paths", content=content, headers=JSON) for content in (body, large)
    )
    assert small_answer.status_code == large_answer.status_code == 400
    assert small_answer.json() == large_answer.json()

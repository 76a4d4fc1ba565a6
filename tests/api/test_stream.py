"""GET /stream: what arrives, for whom, how soon, and what a client that comes back gets."""

import json
import queue
import threading
import time
from contextlib import suppress

import httpx
import pytest

from api.http.credential_store import list_credentials, revoke, set_disabled
from spatial.postgres.db import connect
from tests.api.roadworld import BRIDGE, close, edge, undo, until, world

pytestmark = pytest.mark.db


class Listener:
    """Reads a stream in a thread."""

    def __init__(self, client, last=None):
        self.messages, self.ended = queue.Queue(), threading.Event()
        headers = {} if last is None else {"Last-Event-ID": str(last)}
        self._client, self._headers = client, headers
        self._response, self.cut = None, False
        threading.Thread(target=self._read, daemon=True).start()
        until(lambda: self._response is not None)

    def _read(self):
        try:
            timeout = httpx.Timeout(30)
            with self._client.stream(
                "GET", "/api/stream", headers=self._headers, timeout=timeout
            ) as response:
                self._response = response
                block = {}
                for line in response.iter_lines():
                    if line:
                        name, _, value = line.partition(": ")
                        block[name] = value
                    elif "event" in block:
                        body = json.loads(block["data"])
                        self.messages.put((time.monotonic(), block.get("id"), block["event"], body))
                        block = {}
        except httpx.HTTPError:
            self.cut = True
        self.ended.set()

    def next(self, kind, match=lambda _: True, seconds=10):
        """Return (time, id, body) of the next message of a kind that matches."""
        deadline = time.monotonic() + seconds
        while True:
            at, number, event, body = self.messages.get(timeout=deadline - time.monotonic())
            if event == kind and match(body):
                return at, number, body

    def kinds(self, seconds):
        """Return the messages of the next seconds."""
        time.sleep(seconds)
        found = []
        while not self.messages.empty():
            found.append(self.messages.get()[2:])
        return found


@pytest.fixture(scope="module")
def server(module_database_url):
    with world(module_database_url) as running:
        yield running


def about(event):
    return lambda body: body["event"]["id"] == event["id"]


def test_an_event_arrives_within_a_second(clients):
    listener = Listener(clients["ningbo"])
    listener.next("tick")
    delays = []
    for _ in range(3):
        event = close(clients["dispatcher"], {"facility_id": str(BRIDGE)}).json()
        answered = time.monotonic()
        at, _, body = listener.next("event", about(event))
        delays.append(at - answered)
        assert body["action"] == "created"
        assert body["event"]["properties"]["receipts"]
        undo(clients["dispatcher"], event)
        assert listener.next("event", about(event))[2]["action"] == "undone"
    assert min(delays) < 1.0


def test_the_network_version_arrives_too(clients):
    listener = Listener(clients["anonymous"])
    listener.next("tick")
    event = close(clients["dispatcher"], {"facility_id": str(BRIDGE)}).json()
    version = event["properties"]["network_version"]
    told = listener.next("network", lambda body: body["version"] >= version)[2]
    assert told == {"network": "road", "version": version}
    undo(clients["dispatcher"], event)


def test_each_gets_only_what_a_query_would_show(clients):
    listeners = {name: Listener(clients[name]) for name in ("ningbo", "wenzhou", "anonymous")}
    for listener in listeners.values():
        listener.next("tick")
    hidden = close(clients["dispatcher"], {"edge_id": edge("10,0 11,0")}, visibility="unit").json()
    shown = close(clients["dispatcher"], {"edge_id": edge("11,0 12,0")}).json()
    assert listeners["ningbo"].next("event", about(hidden))
    for name in ("wenzhou", "anonymous"):
        first = listeners[name].next("event")[2]["event"]
        assert first["id"] == shown["id"]
        assert ("receipts" in first["properties"]) == (name == "wenzhou")
    for event in (hidden, shown):
        undo(clients["dispatcher"], event)


def test_a_client_that_comes_back_gets_what_it_missed(clients):
    first = Listener(clients["ningbo"])
    last = int(first.next("tick")[1])
    events = [close(clients["dispatcher"], {"facility_id": str(BRIDGE)}).json() for _ in range(3)]
    for event in events:
        undo(clients["dispatcher"], event)
    second = Listener(clients["ningbo"], last)
    got = [second.next("event") for _ in range(6)]
    assert [body["event"]["id"] for _, _, body in got] == [e["id"] for e in [*events, *events]]
    numbers = [int(number) for _, number, _ in got]
    assert numbers == sorted(set(numbers))
    third = Listener(clients["ningbo"], numbers[4])
    assert third.next("event")[2]["action"] == "undone"


def test_delivery_is_noted_for_the_desk_that_listens(server, clients):
    event = close(clients["dispatcher"], {"facility_id": str(BRIDGE)}).json()
    Listener(clients["ningbo"]).next("tick")

    def delivered():
        with connect(server.database_url) as conn:
            return dict(
                conn.execute(
                    "SELECT party, delivered_at IS NOT NULL FROM sigang.event_receipt"
                    " WHERE event_id = %s",
                    [event["id"]],
                ).fetchall()
            )

    until(lambda: delivered()["330200"])
    assert delivered()["330400"] is False
    undo(clients["dispatcher"], event)


def test_changed_cells_arrive(clients):
    listener = Listener(clients["anonymous"])
    listener.next("tick")
    event = close(clients["dispatcher"], {"facility_id": str(BRIDGE)}).json()
    body = listener.next("cells", lambda body: "closures" in body["layers"], seconds=20)[2]
    assert body["cells"]
    undo(clients["dispatcher"], event)


CASES = """
INSERT INTO sigang.case_file (kind, admin_code, visibility, origin, source_id, workflow, stage,
  opened_at, geom)
SELECT 'enforcement', '330200', seen, 'synthetic', 'world', 'w', 'closed', now(),
  ST_SetSRID(ST_MakePoint(121.5, 29.9), 4326) FROM unnest(ARRAY['unit', 'public']) seen"""
PORT = """
INSERT INTO sigang.facility (kind, name_zh, visibility, origin, source_id, geom)
VALUES ('port', '港', 'public', 'synthetic', 'world', ST_SetSRID(ST_MakePoint(122.5, 29.9), 4326))
"""


def test_of_layers_that_may_not_be_read_no_cell_is_told(server, clients):
    """A case entered by itself would say where it was, and a stream of them how many there are."""
    listeners = {name: Listener(clients[name]) for name in ("planner", "developer", "anonymous")}
    for listener in listeners.values():
        listener.next("tick")
    with connect(server.database_url) as conn:

        def told_of_cases():  # while the layer is being built for the first time nobody is told
            conn.execute(CASES)
            conn.commit()
            with suppress(queue.Empty):
                mine = lambda body: "cases" in body["layers"]  # noqa: E731
                told.append(listeners["planner"].next("cells", mine, seconds=2)[2])
            return told

        told = []
        until(told_of_cases)
        conn.execute(PORT)
        conn.commit()
    for name in ("developer", "anonymous"):
        seen = [listeners[name].next("cells", seconds=20)[2]]
        while not (seen[-1]["version"] and "ports" in seen[-1]["layers"]):
            seen.append(listeners[name].next("cells", seconds=20)[2])
        assert not [body for body in seen if told[0]["cells"][0] in body["cells"]], name


def test_ticks_come_without_news(clients):
    listener = Listener(clients["anonymous"])
    first = listener.next("tick")[0]
    assert 3 < listener.next("tick", seconds=15)[0] - first < 12


@pytest.mark.parametrize("last", ["abc", "-1", "9" * 40])
def test_a_bad_last_event_id_is_refused(clients, last):
    answer = clients["anonymous"].get("/api/stream", headers={"Last-Event-ID": last})
    assert answer.status_code == 400


def test_a_stream_ends_with_its_session(server):
    client, other = server.client("ningbo"), server.client("ningbo")
    listener, kept = Listener(client), Listener(other)
    listener.next("tick")
    kept.next("tick")
    assert client.post("/api/session/end").status_code == 204
    assert listener.ended.wait(2)
    assert not listener.cut
    assert not kept.ended.is_set()
    other.close()


def test_streams_end_when_the_account_is_disabled_or_the_key_revoked(server):
    with connect(server.database_url) as conn:
        conn.execute(
            "INSERT INTO sigang.account (id, name_zh, name_en, role, scope)"
            " VALUES ('gone', '离岗', 'Gone', 'duty', '330200')"
        )
    client = server.client()
    client.headers["Authorization"] = f"Bearer {server.key('gone')}"
    by_key, by_session, visitor = (
        Listener(client), Listener(server.client("gone")), Listener(server.client())
    )  # fmt: skip
    for listener in (by_key, by_session, visitor):
        listener.next("tick")
    with connect(server.database_url) as conn:
        [key] = [one for one in list_credentials(conn, "gone") if one.kind == "key"]
        revoke(conn, key.id)
    assert by_key.ended.wait(2)
    assert not by_session.ended.is_set()
    with connect(server.database_url) as conn:
        set_disabled(conn, "gone", True)
    assert by_session.ended.wait(2)
    assert not by_key.cut
    assert not by_session.cut
    assert not visitor.ended.is_set()


def test_the_stream_ends_when_the_server_stops(module_database_url, server):
    from tests.conftest import running_server

    with running_server(server.database_url, workers=1) as other:
        client = other.client()
        listener = Listener(client)
        listener.next("tick")
        begin = time.monotonic()
    assert listener.ended.wait(5)
    assert not listener.cut
    assert time.monotonic() - begin < 10
    client.close()

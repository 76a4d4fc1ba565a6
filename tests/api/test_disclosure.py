"""Who reported and who decided stays with the desks concerned: marked values, sought everywhere."""

from __future__ import annotations

import json
from contextlib import closing

import httpx
import pytest

from spatial.postgres.db import connect
from tests.api.roadworld import undo

pytestmark = pytest.mark.db
NAME, PHONE, ACCOUNT = "卡纳里王", "13800009999", "canary-desk"
MARKS = (NAME, PHONE, ACCOUNT)
OUTSIDE = ("anonymous", "wenzhou", "planner", "developer")
"""Callers who must see no mark: not signed in, of another area, of a role that reads only."""
ACTING = ("dispatcher", "ningbo")


@pytest.fixture(scope="module")
def incident(server):
    """Yield a public incident at Ningbo whose reporter and account are marked."""
    with connect(server.database_url) as conn:
        conn.execute(
            "INSERT INTO sigang.account (id, name_zh, name_en, role, scope, unit_id)"
            " VALUES (%s, '值班', 'Desk', 'duty', '330200', '330200-duty')"
            " ON CONFLICT DO NOTHING",
            [ACCOUNT],
        )
    with closing(server.client(ACCOUNT)) as desk:
        event = _report(server, desk)
        yield event
        undo(desk, event)


def _report(server, desk: httpx.Client) -> dict:
    """Report at the first stake of the numbered roads that lies in Ningbo."""
    with connect(server.database_url) as conn:
        stakes = conn.execute(
            "SELECT e.route_id, e.side, (e.k_from + e.k_to) / 2 FROM sigang.edge e"
            " WHERE e.admin_code LIKE '3302%' AND e.side = 'up' AND e.k_from IS NOT NULL"
            " ORDER BY e.route_id, e.k_from LIMIT 40"
        ).fetchall()
    body = {"reporter": f"{NAME} {PHONE}", "severity": "high", "lanes": [1]}
    for route, side, k_m in stakes:
        stake = f"K{int(k_m // 1000)}+{int(k_m % 1000):03d}"
        given = {**body, "route": route, "side": side, "stake": stake}
        answer = desk.post("/api/incidents", json=given)
        if answer.status_code == 201:
            again = desk.post("/api/incidents", json=given)
            assert again.json()["properties"]["merged"]
            return answer.json()
    raise AssertionError(answer.text)


def _addresses(client: httpx.Client, event: dict) -> list[str]:
    """Return every address that can be read: the definition's, the layers', the event's."""
    definition = client.get("/api/openapi.json").json()
    ids = {"event_id": event["id"], "eventId": event["id"], "featureId": event["id"]}
    plain = [path for path, item in definition["paths"].items() if "get" in item]
    found = [path.format_map(_Filled(ids)) for path in plain]
    found = [path if path.startswith("/api") else f"/api{path}" for path in found]
    layers = [one["id"] for one in client.get("/api/collections").json()["collections"]]
    for layer in {"events", "incidents", "closures", "restrictions"} & set(layers):
        base = f"/api/collections/{layer}"
        found += [f"{base}/items?limit=10000&f={form}" for form in ("json", "html", "csv")]
        found += [f"{base}/items/{event['id']}", f"{base}/queryables", f"{base}/schema"]
    lon, lat = event["geometry"]["coordinates"][:2]
    box = f"{lon - 0.1},{lat - 0.1},{lon + 0.1},{lat + 0.1}"
    found += [f"/api/collections/incidents/items?bbox={box}", "/api/events?state=open"]
    found += [f"/api/events/{event['id']}", f"/api/events/{event['id']}/history"]
    found += [f"/api/search?q={mark}" for mark in MARKS]
    return sorted(path for path in set(found) if not path.endswith("/stream"))


class _Filled(dict):
    def __missing__(self, name: str) -> str:
        return {"collectionId": "incidents", "layer": "incidents", "z": "8", "x": "214", "y": "105",
                "tileMatrixSetId": "WebMercatorQuad", "tileMatrix": "8", "tileRow": "105",
                "tileCol": "214"}.get(name, "incidents")  # fmt: skip


def _answers(client: httpx.Client, event: dict) -> dict[str, str]:
    found = {}
    for address in _addresses(client, event):
        answer = client.get(address)
        assert answer.status_code < 500, (address, answer.text)
        # an answer to a search may repeat what was searched, in the links to itself
        found[address] = "" if "q=" in address and answer.is_success else answer.text
        if "q=" in address and answer.is_success:
            found[address] = json.dumps(answer.json()["results"], ensure_ascii=False)
    found["stream"] = _streamed(client, event)
    return found


def _streamed(client: httpx.Client, event: dict) -> str:
    """Return what the stream says of the event, from its first message on."""
    with client.stream("GET", "/api/stream", headers={"Last-Event-ID": "0"}) as stream:
        text = ""
        for line in stream.iter_lines():
            if line.startswith("data:") and event["id"] in line:
                text += line
                if '"reported"' in line:
                    return text
    return text


@pytest.mark.parametrize("account", OUTSIDE)
def test_no_answer_names_a_reporter_or_an_account(server, incident, account):
    with closing(server.client(None if account == "anonymous" else account)) as client:
        answers = _answers(client, incident)
    assert len(answers) > 30
    assert incident["id"] in answers["stream"]
    marks = MARKS if account in ("anonymous", "wenzhou") else (NAME, PHONE)
    leaks = {(where, mark) for where, text in answers.items() for mark in marks if mark in text}
    assert not leaks


@pytest.mark.parametrize("account", ACTING)
def test_the_desks_concerned_see_who_reported(server, incident, account):
    with closing(server.client(account)) as client:
        told = client.get(f"/api/events/{incident['id']}").json()["properties"]
        assert PHONE in _streamed(client, incident)
    assert [r["reporter"] for r in told["attributes"]["reports"]] == [f"{NAME} {PHONE}"] * 2
    assert told["created_by"] == ACCOUNT


def test_a_public_incident_still_says_what_happened(server, incident):
    with closing(server.client()) as client:
        told = client.get(f"/api/events/{incident['id']}").json()["properties"]
    assert told["severity"] == "high"
    assert told["lanes"] == "1"
    assert [set(r) for r in told["attributes"]["reports"]] == [
        {"at", "stake", "severity", "lanes"}
    ] * 2

"""Heartbeats of assets and arrivals of feeds over HTTP: what they make of states and outages."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from spatial.postgres.db import connect

pytestmark = pytest.mark.db

WATCHED, FOREIGN, PLAIN = (UUID(int=0xBEA7_0000 + number) for number in range(3))
NOBODYS = UUID(int=0xBEA7_FFFF)
ROWS = """
INSERT INTO sigang.account (id, name_zh, name_en, role, scope)
VALUES ('heard', '宁波', 'Ningbo', 'dispatcher', '330200');
INSERT INTO sigang.asset (id, kind, admin_code, visibility, origin, source_id, name_zh, valid_from)
SELECT id::uuid, kind, code, 'public', 'synthetic', 'world', id, '2026-01-01T00:00:00Z'
FROM (VALUES ('{0}', 'sensor', '330203'), ('{1}', 'sensor', '330482'), ('{2}', 'truck', '330203'))
  AS a (id, kind, code);
INSERT INTO sigang.feed (id, admin_code, visibility, origin, source_id, owner, every_s)
VALUES ('heard-near', '330203', 'public', 'synthetic', 'world', 'n', 3600),
  ('heard-far', '330482', 'public', 'synthetic', 'world', 'f', 3600)"""


@pytest.fixture(scope="module")
def ningbo(planning):
    with connect(planning.database_url) as conn:
        conn.execute(ROWS.format(WATCHED, FOREIGN, PLAIN))
    with closing(planning.client("heard")) as client:
        yield client
    with connect(planning.database_url) as conn:
        conn.execute("DELETE FROM sigang.asset WHERE id = ANY (%s)", [[WATCHED, FOREIGN, PLAIN]])
        conn.execute("DELETE FROM sigang.feed WHERE starts_with(id, 'heard-')")


def beat(client, at, assets=(WATCHED,), **headers):
    times = [one.isoformat() for one in at] if isinstance(at, list) else at and at.isoformat()
    body = {"assets": [str(one) for one in assets]} | ({"at": times} if at else {})
    return client.post("/api/heartbeats", json=body, headers=headers)


def state(client, layer, key, value):
    answer = client.get(f"/api/collections/{layer}/items", params={"filter": f"{key} = '{value}'"})
    assert answer.status_code == 200, answer.text
    return [one["properties"] for one in answer.json()["features"]]


def test_heartbeats_make_runs_and_what_lies_between_is_an_outage(ningbo):
    """The period of a sensor is ten minutes."""
    now = datetime.now(UTC).replace(microsecond=0)
    at = [now - timedelta(minutes=minutes) for minutes in (60, 52, 45, 20, 12)]
    told = beat(ningbo, at, [WATCHED] * 5)
    assert (told.status_code, told.json()) == (
        200, {"noted": 5, "newer": 1, "unknown_count": 0, "unknown": []},
    )  # fmt: skip
    (outage, lasts) = state(ningbo, "outages", "name_zh", WATCHED)
    bounds = [datetime.fromisoformat(outage[name]) for name in ("valid_from", "valid_to")]
    assert bounds == [at[2] + timedelta(minutes=10), at[3]]
    assert lasts["valid_to"] is None
    assert state(ningbo, "assets", "name_zh", WATCHED)[0]["state"] == "offline"
    assert beat(ningbo, at[1]).json()["newer"] == 0  # older than the last one known
    assert beat(ningbo, now - timedelta(minutes=3)).json()["newer"] == 1
    (asset,) = state(ningbo, "assets", "name_zh", WATCHED)
    assert asset["state"] == "online"
    assert datetime.fromisoformat(asset["last_seen"]) == now - timedelta(minutes=3)
    assert len(state(ningbo, "outages", "name_zh", WATCHED)) == 1


def test_a_heartbeat_sent_again_is_noted_once(planning, ningbo):
    key = {"Idempotency-Key": "beat-1"}
    first, again = (beat(ningbo, None, [WATCHED, NOBODYS], **key) for _ in range(2))
    assert first.json() == again.json()
    assert first.json()["unknown"] == [str(NOBODYS)]
    assert "Idempotency-Replayed" in again.headers
    assert beat(ningbo, None, [WATCHED, PLAIN], **key).status_code == 422
    with connect(planning.database_url) as conn:
        (lines,) = conn.execute(
            "SELECT count(*) FROM sigang.audit WHERE actor = 'heard' AND target = 'heartbeats'"
            " AND rows = 1 AND detail->>'unknown' = '1'"
        ).fetchone()
    assert lines == 1


@pytest.mark.parametrize(
    ("assets", "at", "status", "named"),
    [
        ([FOREIGN, WATCHED], None, 403, "330482"),
        ([PLAIN, NOBODYS], None, 400, "assets"),
        ([WATCHED], datetime(2150, 1, 1, tzinfo=UTC), 400, "at"),
        ([WATCHED] * 2, [datetime(2026, 3, 1, tzinfo=UTC)], 400, "at"),
        ([], None, 400, "assets"),
    ],
)
def test_what_cannot_be_noted_is_refused_saying_why(ningbo, assets, at, status, named):
    answer = beat(ningbo, at, assets)
    assert answer.status_code == status, answer.text
    assert named in answer.text


def test_an_arrival_makes_a_feed_be_on_time(planning, ningbo):
    (never,) = state(ningbo, "feeds", "code", "heard-near")
    assert (never["state"], never["last_at"]) == ("never", None)
    at = (datetime.now(UTC) - timedelta(minutes=5)).replace(microsecond=0)
    body = {"feeds": ["heard-near", "nothing"], "at": at.isoformat()}
    answer = ningbo.post("/api/arrivals", json=body)
    assert answer.json() == {
        "noted": 1, "newer": 1, "unknown_count": 1, "unknown": ["nothing"],
    }  # fmt: skip
    (feed,) = state(ningbo, "feeds", "code", "heard-near")
    assert (feed["state"], datetime.fromisoformat(feed["last_at"])) == ("on_time", at)
    older = {**body, "at": (at - timedelta(hours=1)).isoformat()}
    assert ningbo.post("/api/arrivals", json=older).json()["newer"] == 0
    assert ningbo.post("/api/arrivals", json={"feeds": ["heard-far"]}).status_code == 403
    for client in (planning.client(), planning.client("planner")):
        with closing(client):
            for path, names in (("heartbeats", "assets"), ("arrivals", "feeds")):
                answer = client.post(f"/api/{path}", json={names: [str(WATCHED)]})
                assert answer.status_code in {401, 403}

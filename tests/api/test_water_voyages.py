"""Voyages on a served waterway with what happens there: queues at locks, notices."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta

import pytest

from spatial.postgres.db import connect
from tests.api.waterworld import LOCK, NOW, ask, edge, fill, skipper, told
from tests.conftest import running_server

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def server(module_database_url):
    fill(module_database_url)
    with running_server(module_database_url, workers=1) as running:
        yield running


@pytest.fixture(scope="module")
def client(server):
    with closing(server.client()) as found:
        yield found


def test_a_voyage_waits_behind_who_is_declared_at_its_lock(server, client):
    def eta(who):
        return told(ask(who, "path", "A", "E"))["features"][0]["properties"]["eta"]

    with closing(server.client("dispatcher")) as mine:
        (before,) = eta(mine)["locks"]
        assert (before["queue_known"], before["wait_s"]) == (False, None)
        assert before["note"]["en"] == "no queue known"
        with connect(server.database_url) as conn:
            for k in range(30):
                conn.execute(
                    "INSERT INTO sigang.lock_declaration (facility_id, vessel, way, ready_at,"
                    " length_m, beam_m, cargo, rank, account_id, admin_code, visibility, origin)"
                    " VALUES (%s, %s, 'down', now(), 55, 10.8, 'ordinary', 'ordinary', 'test',"
                    " '330282', 'province', 'synthetic')",
                    [LOCK, f"Boat {k}"],
                )
        found = eta(mine)
        (lock,) = found["locks"]
        assert lock["queue_known"] and found["waits_unknown"] == []
        # 100 m x 14 m takes one such vessel at a time, and is fetched back for each
        assert lock["wait_s"]["p50"] > 25 * 3600
        spread = found["with_locks_s"]
        assert spread["p10"] < spread["p50"] < spread["p90"]
        assert spread["p50"] > found["travel_s"] + lock["wait_s"]["p50"] - 3600
        page = skipper(mine).text
        assert 'id="locks"' in page and "wait and lockage" in page
        assert eta(client)["waits_unknown"] == [str(LOCK)]  # nobody's queue is seen without one
        assert "no queue known" in skipper(client).text
        with connect(server.database_url) as conn:
            conn.execute("TRUNCATE sigang.lock_declaration")


def notice(desk, kind, name, hours=(0, 40), **more):
    body = {"kind": kind, "cause": "works", "valid_from": (NOW + timedelta(hours=hours[0])),
            "valid_to": NOW + timedelta(hours=hours[1]), "target": {"edge_id": str(edge(name))},
            **more}  # fmt: skip
    made = desk.post("/api/events", json={k: v.isoformat() if isinstance(v, datetime) else v
                                          for k, v in body.items()})  # fmt: skip
    assert made.status_code == 201, made.text
    return made.json()


def test_a_notice_of_depth_lowers_the_limit_while_it_holds(server, client):
    def answer(*places, **more):
        return told(ask(client, "check", *places, **more))["answer"]

    later = (NOW + timedelta(hours=30)).isoformat()
    with closing(server.client("dispatcher")) as desk:
        made = notice(desk, "depth_limit", "DE", (-1, 20), value=2.2)
        assert made["properties"]["value"] == 2.2 and made["properties"]["unit"] == "m"
        found = told(ask(client, "check", "D", "E"))
        assert found["answer"] == "refused"
        (limit,) = [one for one in found["refusals"][0]["limits"] if one["verdict"] == "refused"]
        assert (limit["notice"], limit["available"]["most"], limit["needed"]) == (True, 2.2, 2.3)
        assert answer("D", "E", vessel={"draught_m": 1.9}) == "passes"
        assert answer("D", "E", depart_at=later) == "passes"
        tag = {"If-Match": '"1"'}
        event = f"/api/events/{made['id']}"
        assert desk.patch(event, json={"value": 2.5}, headers=tag).is_success
        assert answer("D", "E") == "passes"
        unknown = notice(desk, "depth_limit", "BF", (-1, 20), value=2.5)
        assert answer("A", "F") == "cannot_tell"  # it makes no depth known
        assert answer("A", "F", vessel={"draught_m": 2.4}) == "refused"
        for one in (made, unknown):
            assert desk.post(f"/api/events/{one['id']}/undo").is_success
        assert answer("D", "E", vessel={"draught_m": 2.4}) == "passes"
        listed = desk.get("/api/collections/restrictions/items").json()["features"]
        assert listed == []
        for value in (None, -1.0, 31.0):
            body = {"kind": "depth_limit", "cause": "works", "valid_to": later, "value": value,
                    "target": {"edge_id": str(edge("DE"))}}  # fmt: skip
            assert desk.post("/api/events", json=body).status_code == 400


def test_one_way_traffic_and_closures_hold_in_their_direction(server, client):
    with closing(server.client("dispatcher")) as desk:
        made = notice(desk, "closure", "DE", (-1, 20), direction="backward")
        assert told(ask(client, "check", "D", "E"))["answer"] == "passes"
        assert ask(client, "path", "E", "D").json()["type"] == "/problems/unreachable"
        assert desk.post(f"/api/events/{made['id']}/undo").is_success
        assert told(ask(client, "check", "E", "D"))["answer"] == "passes"

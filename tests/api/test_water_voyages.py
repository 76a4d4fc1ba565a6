"""Voyages on a served waterway with what happens there: queues at locks, notices."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta

import pytest

from spatial.postgres.db import connect
from tests.api.waterworld import AT, LOCK, NOW, VESSEL, ask, edge, fill, skipper, told
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


def test_a_table_and_a_reach_answer_as_paths_do(client):
    names = "ABCEF"
    asked = {"vessel": VESSEL, "sources": [AT[n] for n in names], "targets": [AT["E"], AT["F"]]}
    found = told(client.post("/api/waterway/table", json=asked))
    for i, source in enumerate(names):
        for j, target in enumerate("EF"):
            if source != target:
                one = told(ask(client, "check", source, target))
                assert found["answers"][i][j] == one["answer"]
                assert found["durations_s"][i][j] == pytest.approx(one["duration_s"], abs=0.2)
    high = {**VESSEL, "air_draught_m": 20.0}
    over = told(client.post("/api/waterway/table", json={**asked, "vessel": high}))
    assert over["answers"][0][0] == "refused" and over["durations_s"][0][0] is None
    bad = client.post("/api/waterway/table", json={**asked, "sources": []})
    assert bad.status_code == 400
    asked = {"vessel": VESSEL, "points": [AT["A"]], "hours": [0.5, 4.0]}
    found = told(client.post("/api/waterway/reach", json=asked))["features"]
    km = {(f["properties"]["hours"], f["properties"]["answer"]): f["properties"]["waterways_km"]
          for f in found}  # fmt: skip
    ways = [told(ask(client, "path", "A", to))["features"][0]["properties"] for to in "EF"]
    sure, doubted = ways[0]["length_m"] / 1000, ways[1]["length_m"] / 1000
    assert km[4.0, "passes"] == pytest.approx(sure, abs=0.02)
    assert km[4.0, "cannot_tell"] == pytest.approx(sure + doubted - sure / 4, abs=0.05)
    assert 0 < km[0.5, "passes"] < km[4.0, "passes"]
    assert all(f["geometry"]["coordinates"] for f in found)
    assert client.post("/api/waterway/reach", json={**asked, "hours": [0]}).status_code == 400


def test_a_closed_lock_locks_nobody_until_it_opens(server):
    path, until = f"/api/locks/{LOCK}", NOW + timedelta(hours=40)

    def chambers(who):
        (found,) = [one for one in told(who.get("/api/locks"))["locks"] if one["id"] == str(LOCK)]
        return {one["open_now"] for one in found["chambers"]}

    with connect(server.database_url) as conn:
        conn.execute("UPDATE sigang.facility SET admin_code = '330282' WHERE id = %s", [LOCK])
    with closing(server.client("dispatcher")) as desk:
        body = {"vessel": "Boat", "way": "down", "length_m": 55, "beam_m": 10.8,
                "ready_at": (NOW + timedelta(hours=2)).isoformat()}  # fmt: skip
        declared = desk.post(f"{path}/declarations", json=body)
        assert declared.status_code == 201, declared.text
        notice = {"kind": "closure", "cause": "works", "valid_to": until.isoformat(),
                  "target": {"facility_id": str(LOCK)}}  # fmt: skip
        made = desk.post("/api/events", json=notice)
        assert made.status_code == 201, made.text
        assert chambers(desk) == {False}
        planned = desk.post(f"{path}/plans", json={}).json()["plan"]
        assert min(x["start"] for x in planned["lockages"]) >= int(until.timestamp())
        undo = f"/api/events/{made.json()['id']}/undo"
        assert desk.post(undo, headers={"If-Match": made.headers["etag"]}).is_success
        assert chambers(desk) == {True}
        again = desk.post(f"{path}/plans", json={}).json()["plan"]
        assert max(x["start"] for x in again["lockages"]) < int(until.timestamp())
    with connect(server.database_url) as conn:
        conn.execute("TRUNCATE sigang.lock_declaration, sigang.lock_plan")

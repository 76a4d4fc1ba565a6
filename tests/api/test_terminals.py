"""Berth plans of terminals by HTTP: kept and made anew, what-if, who sees what; empty depots."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from spatial.ids import stable_uuid7
from spatial.postgres.db import connect
from tests.api.roadworld import BRIDGE, at, close, fill, undo
from tests.conftest import running_server

pytestmark = pytest.mark.db
TERMINAL, FAR = stable_uuid7("port", "t"), stable_uuid7("port", "far")
NOW = datetime.now(UTC).replace(second=0, microsecond=0)
PLAN = f"/api/berths/{TERMINAL}/plan"
THING = """
INSERT INTO sigang.facility (id, kind, name_zh, name_en, admin_code, visibility, origin, source_id,
  props, geom) VALUES (%s, %s, %s, %s, %s, 'public', 'synthetic', 'port', %s::jsonb,
  ST_GeomFromText(%s, 4326))"""
QUICKER = """
INSERT INTO sigang.rule (key, version, value, source, valid_from, origin)
SELECT key, 'test', value || '{"changes": 3000, "passes": 2}', source, '2026-02-01', origin
FROM sigang.rule WHERE key = 'berth.search'"""


def things():
    """Yield a terminal of two berths, another without any, and depots beside the roads."""
    area = "POLYGON((121 30, 121.02 30, 121.02 30.01, 121 30.01, 121 30))"
    yield TERMINAL, "container_terminal", "330482", (
        '{"source_key": "t", "channel_depth_m": 12.0, "gate_lanes": 2, "queue_most": 8}'
    ), area  # fmt: skip
    yield FAR, "container_terminal", "330206", '{"source_key": "far"}', area
    for name, along, metres in (("a", 0, 400), ("b", 400, 250)):
        props = (
            f'{{"source_key": "{name}", "terminal": "t", "length_m": {metres}, "depth_m": 16,'
            f' "from_m": {along}}}'
        )
        west = 121 + along * 1e-5
        line = f"LINESTRING({west} 30, {west + metres * 1e-5} 30)"
        yield stable_uuid7("port", name), "berth", "330482", props, line
    for name, place, props in DEPOTS:
        lon, lat = at(*place)
        yield stable_uuid7("port", name), "container_depot", "330482", props, (
            f"POINT({lon} {lat})"
        )  # fmt: skip


DEPOTS = [
    ("near", (1, 1), '{"accepts": "dry", "room_40": 3, "opening_hours": "24/7"}'),
    ("over", (13, 2), '{"accepts": "dry reefer", "room_40": 5, "stock_40": 0}'),
    ("full", (2, 2), '{"accepts": "dry", "room_40": 0, "opening_hours": "24/7"}'),
    ("shut", (1, 2), '{"accepts": "dry", "room_40": 9, "opening_hours": "Mo-Su 22:00-23:00"}'),
]


@pytest.fixture(scope="module")
def server(module_database_url):
    fill(module_database_url)
    with connect(module_database_url) as conn:
        conn.execute(
            "INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)"
            " VALUES ('port', '测试', 'Test', 'CC0', 'Test')"
        )
        conn.execute("UPDATE sigang.rule SET valid_to = '2026-02-01' WHERE key = 'berth.search'")
        conn.execute(QUICKER)
        for key, kind, code, props, shape in things():
            conn.execute(THING, [key, kind, kind, f"{kind}", code, props, shape])
    with running_server(module_database_url, workers=2) as running:
        yield running


def call(key, hours, **more):
    eta = (NOW + timedelta(hours=hours)).isoformat()
    return {"key": key, "vessel": f"船{key}", "length_m": 180.0, "eta": eta, "handling_min": 600,
            **more}  # fmt: skip


def send(client, *calls, **more):
    body = {"source": "port", "origin": "synthetic", "calls": list(calls), **more}
    return client.post(f"/api/berths/{TERMINAL}/calls", json=body)


def planned(client, path=PLAN, **body):
    answer = client.post(path, json=body) if body else client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    return answer.json()


def by_key(plan):
    return {one["properties"]["key"]: one for one in plan["features"]}


def refused(answer, status, **more):
    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert {name: problem.get(name) for name in more} == more
    return problem


def test_a_plan_is_kept_and_made_anew_when_calls_change(dispatcher, planner, server):
    calls = [call("1", 1), call("2", 2), call("3", 2, moves=840, handling_min=None, cranes=2)]
    answer = send(dispatcher, *calls, call("late", 24 * 9))
    assert (answer.status_code, answer.json()["added"]) == (201, 4)
    assert send(dispatcher, *calls).json()["unchanged"] == 3
    plan = planned(planner)
    own = by_key(plan)
    assert set(own) == {"1", "2", "3"} and plan["faults"] == [] and plan["origin"] == "synthetic"
    assert plan["bound"] <= plan["cost"] == 600 + 600 + 900
    assert [(one["key"], one["cause"]) for one in plan["unplanned"]] == [("late", "later")]
    west, east = own["1"]["geometry"]["coordinates"][0], own["1"]["geometry"]["coordinates"][-1]
    assert east[0] - west[0] == pytest.approx(180e-5, abs=2e-6)
    again = planned(planner, f"/api/berths/{stable_uuid7('port', 'a')}/plan")
    assert again["made_at"] == plan["made_at"]
    send(dispatcher, call("1", 1, state="berthed", berth="a", from_m=220.0,
                          berthed_at=(NOW - timedelta(hours=1)).isoformat()))  # fmt: skip
    anew = planned(planner)
    one = by_key(anew)["1"]["properties"]
    assert anew["made_at"] > plan["made_at"]
    assert (one["state"], one["from_m"], one["berth"]) == ("berthed", 220.0, "a")
    assert anew["faults"] == []
    send(dispatcher, call("3", 1, state="berthed", berth="a", from_m=215.0,
                          berthed_at=(NOW - timedelta(hours=2)).isoformat()))  # fmt: skip
    assert "both told to lie at one place" in str(planned(planner)["faults"])
    send(dispatcher, calls[2])
    anew = planned(planner)
    with connect(server.database_url) as conn:
        conn.execute("UPDATE sigang.berth_plan SET holds_until = now()")
    assert planned(planner)["made_at"] > anew["made_at"]


def test_who_does_not_see_all_calls_is_told_the_kept_plan_without_names(
    dispatcher, client, clients, server
):
    send(dispatcher, call("4", 5), call("open", 6), call("far", 24 * 9), visibility="unit")
    send(dispatcher, call("open", 6), visibility="public")
    plan = planned(dispatcher)
    assert by_key(plan)["4"]["properties"]["vessel"] == "船4"
    send(dispatcher, call("4", 5, weight=3))
    told_ = planned(clients["ningbo"])
    assert told_["made_at"] == plan["made_at"], "another's area: it makes none"
    assert set(by_key(told_)) == {None, "open"}
    assert "辖区外" not in str(plan["unplanned"])
    hidden = [one for one in told_["unplanned"] if one["key"] is None]
    assert hidden and all("辖区外" in one["zh"] for one in hidden)
    assert len(told_["features"]) == len(plan["features"])
    for answer in (clients["ningbo"].post(PLAN, json={}), send(clients["ningbo"], call("9", 5))):
        refused(answer, 403)
    refused(client.get(PLAN), 401)
    with connect(server.database_url) as conn, conn.transaction():
        conn.execute("SET LOCAL ROLE sigang_app")
        for name, value in (("actor", "ningbo"), ("prefix", "3302")):
            conn.execute("SELECT set_config(%s, %s, true)", [f"sigang.{name}", value])
        keys = conn.execute("SELECT key FROM sigang.vessel_call").fetchall()
        assert keys == [("open",)]
        for change in ("UPDATE sigang.vessel_call SET length_m = 1",
                       "UPDATE sigang.berth_plan SET digest = 'x'"):  # fmt: skip
            assert conn.execute(change).rowcount == 0


def test_what_if_says_who_comes_later(dispatcher):
    send(dispatcher, *(call(key, 3) for key in ("5", "6")))
    before = planned(dispatcher)
    closed = {"berth": "b", "since": NOW.isoformat(),
              "until": (NOW + timedelta(hours=30)).isoformat()}  # fmt: skip
    after = planned(dispatcher, closed=[closed], calls=[call("new", 4, length_m=390.0)])
    assert {"new", *by_key(before)} == set(by_key(after)) and after["faults"] == []
    assert after["baseline"]["cost"] == before["cost"] < after["cost"]
    assert max(after["later_min"].values()) > 0
    assert all(
        one["properties"]["start"] >= closed["until"] for one in after["features"]
        if one["properties"]["berth"] == "b" and one["properties"]["state"] == "planned"
    )  # fmt: skip
    less = planned(dispatcher, without=["5"])
    assert "5" not in by_key(less) and less["cost"] < before["cost"]
    assert planned(dispatcher)["made_at"] == before["made_at"], "nothing is kept"


def test_what_cannot_be_is_a_problem(dispatcher):
    refused(dispatcher.get(f"/api/berths/{stable_uuid7('port', 'none')}/plan"), 404)
    refused(dispatcher.get(f"/api/berths/{FAR}/plan"), 404)
    long = call("x", 1, length_m=401.0)
    problem = refused(send(dispatcher, long), 422, cause="too-long", pointer="/calls/0/length_m")
    assert "400 米" in problem["detail"]
    refused(send(dispatcher, call("x", 1, length_m=300.0, berth="b")), 422, cause="too-long")
    refused(send(dispatcher, call("x", 1, berth="z")), 400, pointer="/calls/0/berth")
    refused(send(dispatcher, call("x", 1), source="nobody"), 404)
    for wrong in (
        {"handling_min": None}, {"length_m": -1}, {"due": NOW.isoformat()}, {"state": "berthed"},
        {"draught_m": 0}, {"state": "berthed", "berth": "a", "from_m": 0.0,
                           "berthed_at": (NOW + timedelta(days=1)).isoformat()},
    ):  # fmt: skip
        refused(send(dispatcher, call("x", 1, **wrong)), 400)
    for body in (
        {"without": ["nobody"]}, {"closed": [{"berth": "z", "since": NOW.isoformat(),
                                              "until": (NOW + timedelta(1)).isoformat()}]},
    ):  # fmt: skip
        refused(dispatcher.post(PLAN, json=body), 400)
    late = dispatcher.post(PLAN, json={"calls": [call("x", 24 * 8)]})
    refused(late, 422, cause="later", pointer="/calls/0/eta")


def depots(client, **more):
    body = {"container": "CSQU3054383", "start": at(1, 2), "depart_at": "2026-12-01T10:00:00+08:00"}
    answer = client.post("/api/processes/empty-depots/execution",
                         json={"inputs": {**body, **more}, "response": "document"})  # fmt: skip
    assert answer.status_code == 200, answer.text
    return answer.json()


def told(answer):
    return {one["id"]: one for one in answer["depots"]}


IDS = {name: str(stable_uuid7("port", name)) for name, _, _ in DEPOTS}


def test_depots_are_ranked_by_road_and_a_closed_road_changes_that(planner, dispatcher):
    answer = depots(planner)
    own = told(answer)
    assert answer["best"] == IDS["near"] and own[IDS["over"]]["rank"] == 2
    assert own[IDS["over"]]["unknown"] == ["opening_hours"]
    assert own[IDS["full"]]["cause"] == "no-room" and own[IDS["shut"]]["cause"] == "closed"
    assert "22:00" in own[IDS["shut"]]["text"]["zh"]
    assert own[IDS["near"]]["origin"] == "synthetic"
    night = told(depots(planner, depart_at="2026-12-01T22:10:00+08:00"))
    assert night[IDS["shut"]]["rank"] == 1
    assert {one["cause"] for one in told(depots(planner, kind="reefer")).values()} == {
        None, "kind",
    }  # fmt: skip
    picked = told(depots(planner, act="pick_up"))
    assert picked[IDS["over"]]["cause"] == "no-stock" and picked[IDS["near"]]["unknown"]
    event = close(dispatcher, {"facility_id": str(BRIDGE)}).json()
    shut = told(depots(planner))[IDS["over"]]
    assert (shut["rank"], shut["cause"], shut["drive_s"]) == (None, "no-road", None)
    undo(dispatcher, event)
    given = {"container": "CSQU3054384", "start": at(1, 2), "depart_at": NOW.isoformat()}
    wrong = planner.post("/api/processes/empty-depots/execution", json={"inputs": given})
    refused(wrong, 400)
    assert "3" in wrong.json()["detail"]

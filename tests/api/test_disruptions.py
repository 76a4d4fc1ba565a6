"""Disruptions over HTTP: who is affected, how each goes on, what an hour is worth, refusals."""

from datetime import timedelta

import pytest

from spatial.postgres.db import connect
from tests.api.planningworld import outcome
from tests.api.roadworld import BRIDGE
from tests.api.test_linkage import READY, after, server  # noqa: F401  # the same small linkage

pytestmark = pytest.mark.db
LONG_S = 180
"""The kernels are compiled when they are first asked for."""
FEEDER = {"mode": "feeder", "start": "zhapu", "goal": "beilun", "trip": "feeder-1",
          "departs": after(12), "arrives": after(18)}  # fmt: skip


def shipment(number, **more):
    body = {"id": f"s{number}", "start": "CNZAP", "goal": "beilun", "teu": 2, "mass_t": 20}
    return {**body, "ready_at": after(0), **more}


def closing(**more):
    body = {"id": "d", "kind": "hub", "ref": "beilun", "since": after(10), "until": after(30)}
    return {**body, **more}


def ask(client, disruptions, shipments, expected=200, **more):
    body = {"at": after(0), "disruptions": disruptions, "shipments": shipments, **more}
    answer = client.post("/api/linkage/disruptions", json=body, headers={"Accept-Language": "en"},
                         timeout=LONG_S)  # fmt: skip
    assert answer.status_code == expected, answer.text
    return answer.json()


def test_a_closed_hub_holds_what_goes_there(planner):
    answer = ask(planner, [closing()], [shipment(1, planned=[FEEDER]), shipment(2)])
    assert answer["totals"]["shipments"] == 2 and answer["origins"] == ["given"]
    one = next(row for row in answer["affected"] if row["id"] == "s1")
    assert one["because"] == ["d"] and one["before"]["arrives"] == after(20)
    assert one["later_h"] is not None and one["after"]["arrives"] != one["before"]["arrives"]
    assert answer["totals"]["gap"] <= 0.02
    price = answer["prices"][0]
    assert (price["kind"], price["ref"], price["reopens"]) == ("hub", "beilun", after(30))
    assert price["low_cny"] <= price["saved_cny"] <= price["high_cny"] + 0.01
    assert {row["hub"] for row in answer["waiting"]} == {"zhapu", "beilun"}
    kinds = [one["properties"]["kind"] for one in answer["closed"]["features"]]
    assert kinds == ["hub"]
    assert all(one["geometry"]["type"] == "LineString" for one in answer["flows"]["features"])


def test_a_closed_bridge_touches_what_is_driven_alone(planner):
    truck = {"mode": "road", "start": "zhapu", "goal": "beilun", "departs": after(2),
             "arrives": after(4)}  # fmt: skip
    given = [shipment(1, planned=[FEEDER]), shipment(2, planned=[truck])]
    road = closing(kind="road", ref=str(BRIDGE), since=after(0), until=after(6))
    answer = ask(planner, [road], given)
    assert [row["id"] for row in answer["affected"]] == ["s2"]
    (one,) = answer["affected"]
    assert one["status"] in ("waits", "rerouted") and one["after"]["legs"][-1]["to_hub"] == "beilun"


def test_a_typhoon_stops_ships_that_would_be_in_it_and_roads_only_if_asked(planner):
    west, east = 119.9, 121.5
    ring = [[west, 29.5], [east, 29.5], [east, 30.7], [west, 30.7], [west, 29.5]]
    gale = closing(kind="typhoon", ref=None, since=after(10), until=after(46),
                   polygon={"type": "Polygon", "coordinates": [ring]})  # fmt: skip
    answer = ask(planner, [gale], [shipment(1, planned=[FEEDER])])
    (one,) = answer["affected"]
    assert one["because"] == ["d"]
    assert {row["kind"] for row in answer["prices"]} == {"hub", "typhoon"}
    shapes = {one["geometry"]["type"] for one in answer["closed"]["features"]}
    assert shapes == {"Polygon", "Point"}


def test_awkward_questions_are_answered(planner):
    # nothing at all to plan, a window that has ended, and two closures of one hub that overlap
    assert ask(planner, [closing()], [])["totals"]["shipments"] == 0
    past = closing(since=after(-30), until=after(-3))
    answer = ask(planner, [past], [shipment(1, planned=[FEEDER])])
    assert answer["affected"] == [] and "ended" in answer["notes"][0]["en"]
    twice = [closing(), closing(id="e", since=after(20), until=after(40))]
    answer = ask(planner, twice, [shipment(1, planned=[FEEDER])])
    (one,) = answer["affected"]
    assert one["because"] == ["d", "e"], "it comes in one window and is handed out in the other"
    (price,) = answer["prices"]
    assert price["disruptions"] == ["d", "e"] and price["reopens"] == after(40)
    # where a shipment starts is closed: it waits there
    start = closing(ref="zhapu", since=after(-1), until=after(20))
    (one,) = ask(planner, [start], [shipment(1, planned=[FEEDER])])["affected"]
    assert one["after"]["departs"] >= after(20)
    # what is at sea goes on from the port that it will be at
    sailed = ask(planner, [closing()], [shipment(1, planned=[FEEDER])], at=after(14))
    (one,) = sailed["affected"]
    assert one["under_way"] and one["after"]["legs"][0]["departs"] == after(12)
    assert one["status"] == "waits" and one["after"]["arrives"] > one["before"]["arrives"]


def test_drawn_shipments_say_so_and_many_are_a_job(planner):
    drawn = ask(planner, [closing()], [], synthetic={"count": 30, "seed": 3})
    assert drawn["origins"] == ["synthetic"] and drawn["totals"]["shipments"] == 30
    assert any("synthetic" in note["en"] for note in drawn["notes"])
    job = ask(planner, [closing()], [], 201, synthetic={"count": 5_000})
    assert job["status"] == "accepted" and job["processID"] == "linkage-disruption"


def test_what_cannot_be_asked_says_how_to_mend_it(planner, clients):
    far = {"type": "Polygon", "coordinates": [[[10, 10], [11, 10], [11, 11], [10, 11], [10, 10]]]}
    for wrong, word in (
        (closing(ref="CNZPX"), "CNZPU"),
        (closing(since=after(5), until=after(5)), "ends before it begins"),
        (closing(kind="lock", ref="no-uuid"), "there is no lock"),
        (closing(kind="flights"), "no airport"),
        (closing(kind="typhoon", ref=None, polygon=far), "off all hubs"),
        (closing(kind="typhoon"), "polygon"),
        (closing(until=(READY + timedelta(days=30)).isoformat()), "14 days"),
    ):
        assert word in str(ask(planner, [wrong], [shipment(1)], 400))
    broken = {**FEEDER, "goal": "islet"}
    assert "in order" in str(ask(planner, [closing()], [shipment(1, planned=[broken])], 400))
    many = ask(planner, [closing()], [shipment(1)], 400, synthetic={"count": 20_001})
    assert "synthetic" in str(many)
    nobody = {"disruptions": [closing()], "shipments": [shipment(1)]}
    answer = clients["anonymous"].post("/api/linkage/disruptions", json=nobody)
    assert answer.status_code == 401


def test_a_leg_is_found_on_a_run_by_its_time_by_its_name_or_by_times_near(planner):
    def told(**more):
        answer = ask(planner, [closing()], [shipment(1, planned=[{**FEEDER, **more}])])
        hit = answer["affected"]
        return answer["totals"]["matched"], [(one["matched"], one["before"]["legs"][0]["departs"])
                                             for one in hit]  # fmt: skip

    runs = after(12)
    assert told() == ({"exact": 1}, [(["exact"], runs)])
    near = {"departs": after(9), "arrives": after(14)}
    assert told(trip=None, **near) == ({"near": 1}, [(["near"], runs)])
    for name in ("feeder-1", "zb"):
        far = {"departs": after(3), "arrives": after(9), "trip": name}
        assert told(**far) == ({"named": 1}, [(["named"], runs)]), name
    # another line's trip, too far from any run; it would be there while the hub is closed
    count, rows = told(trip="other", departs=after(2), arrives=after(11))
    assert count == {"none": 1} and rows[0][0] == ["none"]


COUNTIES = """
INSERT INTO sigang.zone (id, kind, name_zh, name_en, admin_code, visibility, origin, source_id,
  geom) SELECT gen_random_uuid(), 'county', code, code, code, 'public', 'synthetic', 'world',
  ST_Multi(ST_MakeEnvelope(x, 30.2, x + 0.09, 30.5, 4326))
FROM (VALUES ('330482', 120.85), ('330282', 120.95)) c (code, x)"""


def test_shipments_of_the_table_are_those_that_the_asker_may_see(server, dispatcher, clients):  # noqa: F811
    with connect(server.database_url) as conn:
        conn.execute(COUNTIES)
    leg = {"mode": "feeder", "start": "CNZAP", "goal": "beilun", "transport": "feeder-1",
           "departs": after(12), "arrives": after(18)}  # fmt: skip
    plan = {"key": "kept", "units": [{"number": "CSQU3054383"}], "legs": [leg], "teu": 3}
    body = {"source": "world", "origin": "synthetic", "shipments": [plan]}
    kept = dispatcher.post("/api/shipments", json=body)
    assert kept.status_code in (200, 201), kept.text

    def told(client):
        asked = {"at": after(0), "disruptions": [closing()], "table": True}
        started = client.post("/api/linkage/disruptions", json=asked)
        assert started.status_code == 201, started.text
        return outcome(client, started.json()["jobID"])

    mine = told(dispatcher)
    (one,) = mine["affected"]
    assert [one["id"]] == kept.json()["ids"] and one["teu"] == 3 and one["matched"] == ["exact"]
    assert any("10 t per TEU" in note["en"] for note in mine["notes"])
    other = told(clients["wenzhou"])
    assert other["totals"]["shipments"] == 0 and other["affected"] == []

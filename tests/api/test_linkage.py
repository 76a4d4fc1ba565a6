"""Itineraries over HTTP: truck and feeder between two shores, what a closed bridge changes."""

from datetime import datetime, timedelta, timezone

import pytest

from data.linkage.load import load_timetable
from spatial.postgres.db import connect
from tests.api.roadworld import BRIDGE, at, close, fill, undo
from tests.conftest import running_server

pytestmark = pytest.mark.db

HERE = timezone(timedelta(hours=8))
READY = (datetime.now(HERE) + timedelta(days=2)).replace(hour=8, minute=0, second=0, microsecond=0)
"""Some day ahead, so that what is closed now is closed then."""
FEED = {
    "feed_info.txt": "feed_id,feed_publisher_name,feed_license,feed_origin\n"
    "feeders,合成班期,CC0-1.0,synthetic\n",
    "agency.txt": "agency_id,agency_name\nline,支线\n",
    "stops.txt": "stop_id,stop_name,stop_lat,stop_lon,hub_kind,un_locodes,by_road\n"
    "zhapu,乍浦,{west[1]},{west[0]},sea,CNZPU CNZAP,1\n"
    "beilun,北仑,{east[1]},{east[0]},sea,CNBEI CNBLG,1\n"
    "islet,小岛,30.9,122.9,sea,,0\n",
    "routes.txt": "route_id,agency_id,route_long_name,mode\nzb,line,乍浦—北仑,feeder\n"
    "unpriced,line,无价,barge\n",
    "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,"
    "start_date,end_date\ndaily,1,1,1,1,1,1,1,20200101,20991231\n",
    "trips.txt": "trip_id,route_id,service_id,capacity_teu\nfeeder-1,zb,daily,50\n"
    "barge-1,unpriced,daily,50\n",
    "stop_times.txt": "trip_id,stop_sequence,stop_id,arrival_time,departure_time,gate_in_min,"
    "documents_min,distance_km,cny_per_teu,lift_cny_per_teu\n"
    "feeder-1,1,CNZAP,20:00,20:00,240,360,,,\n"
    "feeder-1,2,beilun,26:00,26:00,,,12,20,\n"
    "barge-1,1,zhapu,09:00,09:00,,,,,\nbarge-1,2,islet,19:00,19:00,,,80,,\n",
    "transfers.txt": "stop_id,from_mode,to_mode,handling_min,information_min,cny_per_teu\n"
    "zhapu,place,feeder,60,0,0\nbeilun,feeder,place,60,120,0\n",
}


@pytest.fixture(scope="module")
def server(module_database_url, tmp_path_factory):
    fill(module_database_url)
    folder = tmp_path_factory.mktemp("feed")
    ends = {"west": at(1, 2), "east": at(13, 2)}
    for name, text in FEED.items():
        (folder / name).write_text(text.format(**ends), encoding="utf-8")
    with connect(module_database_url) as conn:
        report = load_timetable(conn, folder, lambda line: None)
        assert report.refused == {}
    with running_server(module_database_url, workers=2) as running:
        yield running


def shipment(**more):
    body = {"start": {"hub": "CNZAP"}, "goal": {"hub": "beilun"}, "teu": 2, "mass_t": 20}
    return {**body, "depart_at": READY.isoformat(), **more}


def itineraries(client, **more):
    answer = client.post("/api/linkage/itineraries", json=shipment(**more))
    assert answer.status_code == 200, answer.text
    return answer.json()


def after(hours):
    return (READY + timedelta(hours=hours)).isoformat()


def by_mode(answer):
    return {one["legs"][0]["mode"]: one for one in answer["itineraries"]}


def test_closing_the_bridge_changes_the_truck_card_alone(planner, dispatcher):
    before = itineraries(planner)
    assert [len(one["legs"]) for one in before["itineraries"]] == [1, 1]
    truck, feeder = by_mode(before)["road"], by_mode(before)["feeder"]
    assert sorted(before["cards"]) == [0, 1] and before["hypervolume_share"] == 1
    assert truck["any_time"] and truck["departs"] == after(0)
    assert feeder["departs"] == after(6), "papers close six hours before"
    assert feeder["arrives"] == after(20), "two hours of papers at the goal"
    assert feeder["legs"][0]["gate_closes"] == after(8)
    assert (feeder["legs"][0]["origin"], feeder["legs"][0]["trip"]) == ("synthetic", "feeder-1")
    event = close(dispatcher, {"facility_id": str(BRIDGE)}).json()
    closed = itineraries(planner)
    undo(dispatcher, event)
    assert closed["network_version"] > before["network_version"]
    assert list(by_mode(closed)) == ["feeder"], "the way round is too low for a truck"
    assert {**by_mode(closed)["feeder"], "id": 0} == {**feeder, "id": 0}
    again = itineraries(planner)
    assert by_mode(again)["road"] == truck


def test_costs_and_co2_open_their_sheets_and_what_is_not_known_is_an_interval(planner):
    answer = itineraries(planner)
    truck, feeder = by_mode(answer)["road"], by_mode(answer)["feeder"]
    sheet = truck["legs"][0]["sheet"]
    assert sheet["scope"] == "well-to-wheel" and "GLEC" in sheet["source"]
    low = sheet["mass_t"] * sheet["km"] * sheet["g_per_tkm"]["low"] / 1000
    assert truck["co2_kg"]["low"] == pytest.approx(low, abs=0.01)
    assert truck["co2_kg"]["high"] > truck["co2_kg"]["low"]
    assert feeder["legs"][0]["cost_cny"]["low"] == 2 * 20 + 2 * 60, "the lift is not priced"
    assert feeder["legs"][0]["cost_cny"]["high"] == 2 * 20 + 2 * 160
    order = answer["co2_order"]
    assert set(order["by_set"]) == {"glec-v3-ranges", "electric-rail", "diesel-rail"}
    assert order["depends_on_factor_set"] is False
    assert len({tuple(cards) for cards in order["by_set"].values()}) == 1
    features = answer["legs"]["features"]
    assert [one["properties"]["drawn"] for one in features] == ["straight line"] * 2


def test_limits_hold_and_the_chance_of_being_on_time_is_told(planner):
    assert list(by_mode(itineraries(planner, ban_modes=["road"]))) == ["feeder"]
    assert list(by_mode(itineraries(planner, teu=51))) == ["road"]
    late = (READY + timedelta(hours=20)).isoformat()
    answer = itineraries(planner, latest_arrival=late)
    assert by_mode(answer)["feeder"]["on_time"] == 0.85, "not with queues at berths, nor in a gale"
    soon = (READY + timedelta(hours=4)).isoformat()
    assert list(by_mode(itineraries(planner, latest_arrival=soon))) == ["road"]
    islet = itineraries(planner, goal={"hub": "islet"})
    (one,) = islet["itineraries"]
    assert one["legs"][0]["service"] == "unpriced" and one["departs"] == after(23)


def reasons(answer):
    assert answer["itineraries"] == []
    return [(one["limits"], one["soonest"]) for one in answer["none_because"]]


def test_where_there_is_none_the_limits_that_forbid_it_are_named(planner):
    assert itineraries(planner)["none_because"] == []
    truck = by_mode(itineraries(planner))["road"]["arrives"]
    minute = {"latest_arrival": (READY + timedelta(minutes=1)).isoformat()}
    assert reasons(itineraries(planner, **minute)) == [(["latest_arrival"], truck)]
    banned = itineraries(planner, ban_modes=["road", "feeder"])
    assert reasons(banned) == [(["ban_modes"], truck)]
    assert "不用的方式" in banned["none_because"][0]["text"]["zh"]
    both = itineraries(planner, ban_modes=["road", "feeder"], **minute)
    assert reasons(both) == [(["latest_arrival", "ban_modes"], truck)]
    islet = itineraries(planner, goal={"hub": "islet"}, kinds=["air"])
    assert reasons(islet) == [([], None)]
    assert "no road leads" in islet["none_because"][0]["text"]["en"]
    week = {"since": READY.isoformat(), "until": after(24), "ban_modes": ["road", "feeder"]}
    body = {name: given for name, given in shipment(**week).items() if name != "depart_at"}
    assert reasons(planner.post("/api/linkage/profile", json=body).json())[0][0] == ["ban_modes"]


def test_a_week_has_one_departure_a_day_and_the_truck_at_any_time(planner):
    until = READY + timedelta(days=7)
    body = shipment(since=READY.isoformat(), until=until.isoformat())
    del body["depart_at"]
    answer = planner.post("/api/linkage/profile", json=body)
    assert answer.status_code == 200, answer.text
    profile = answer.json()
    assert [one["any_time"] for one in profile["itineraries"]] == [True] + [False] * 7
    days = [(READY + timedelta(days=n)).date().isoformat() for n in range(7)]
    assert [day["day"] for day in profile["days"]] == days
    longer = {**body, "until": (until + timedelta(days=1)).isoformat()}
    assert planner.post("/api/linkage/profile", json=longer).status_code == 400


def test_what_cannot_be_answered_says_how_to_mend_it(planner, clients):
    for more, word in (
        ({"start": {"hub": "CNZPX"}}, "CNZPU"),
        ({"factor_set": "mine"}, "glec-v3-ranges"),
        ({"goal": {"hub": "CNZPU"}}, "the same"),
        ({"latest_arrival": READY.isoformat()}, "after depart_at"),
        ({"carriers": ["nobody"]}, "runs no service"),
        ({"mass_t": -1}, "mass_t"),
        ({"start": {}}, "either hub or point"),
    ):
        answer = planner.post("/api/linkage/itineraries", json=shipment(**more),
                              headers={"Accept-Language": "en"})  # fmt: skip
        assert answer.status_code == 400, answer.text
        assert word in answer.text
    assert clients["anonymous"].post("/api/linkage/itineraries", json=shipment()).status_code == 401


def passing(client, **more):
    until = READY + timedelta(days=7)
    body = {"starts": ["CNZAP"], "goals": ["beilun"], "since": READY.isoformat(),
            "until": until.isoformat(), **more}  # fmt: skip
    return client.post("/api/linkage/capacity", json=body, headers={"Accept-Language": "en"})


def test_a_week_carries_what_seven_feeders_do_and_each_is_worth_one_more(planner):
    told = passing(planner).json()
    assert (told["teu"], told["proven"], told["without_capacity"]) == (350, True, 0)
    lift = 20 + 60, 20 + 160
    assert told["cost_cny"] == {"low": 350 * lift[0], "high": 350 * lift[1]}
    assert [one["trip"] for one in told["binding"]] == ["feeder-1"] * 7
    assert {(one["worth_teu"], one["worth_cny"]) for one in told["binding"]} == {(1, -130.0)}
    assert [one["at"] for one in told["binding"]] == [after(12 + 24 * day) for day in range(7)]
    (service,) = told["services"]
    assert (service["runs"], service["carried_teu_legs"], service["room_teu_legs"]) == (7, 350, 350)
    (line,) = told["flows"]["features"]
    assert line["properties"]["teu"] == 350 and line["properties"]["origin"] == "synthetic"


def test_gates_and_closed_hubs_hold_back_what_passes(planner):
    told = passing(planner, gate_teu_per_day={"CNBEI": 40}).json()
    assert told["teu"] == 40 * 7
    assert {(one["hub"], one["trip"], one["worth_teu"]) for one in told["binding"]} == {
        ("beilun", None, 1)
    }
    window = {"hub": "zhapu", "since": after(10), "until": after(40)}
    assert passing(planner, closed=[window]).json()["teu"] == 250
    assert passing(planner, ban_modes=["feeder"]).json()["teu"] == 0
    for more, word in (
        ({"goals": ["CNZPU"]}, "among starts and goals"),
        ({"starts": ["nowhere"]}, "nowhere"),
        ({"starts": ["zhapu", "CNZAP"]}, "named twice"),
        ({"until": READY.isoformat()}, "after since"),
        ({"gate_teu_per_day": {"zhapu": -1}}, "-1 is not"),
    ):
        answer = passing(planner, **more)
        assert answer.status_code == 400 and word in answer.text, answer.text


def test_the_process_answers_the_same_as_the_route(planner):
    body = {"inputs": shipment(), "response": "document"}
    answer = planner.post("/api/processes/itineraries/execution", json=body)
    assert answer.status_code == 200, answer.text
    given = answer.json()
    assert given["itineraries"] == itineraries(planner)["itineraries"]


def test_a_changed_timetable_is_in_the_next_answer(planner, server):
    with connect(server.database_url) as conn:
        conn.execute(
            "UPDATE sigang.linkage_trip SET removed = ARRAY[%s::date] WHERE id = 'feeder-1'",
            [READY.date()],
        )
        conn.commit()
        later = by_mode(itineraries(planner))["feeder"]
        assert later["departs"] == after(30)
        conn.execute("UPDATE sigang.linkage_trip SET removed = '{}' WHERE id = 'feeder-1'")
        conn.commit()
    assert by_mode(itineraries(planner))["feeder"]["departs"] == after(6)


def test_hubs_are_listed_and_a_board_tells_what_leaves_next(planner, server, clients):
    hubs = {one["id"]: one for one in planner.get("/api/linkage/hubs").json()["hubs"]}
    assert set(hubs) == {"zhapu", "beilun", "islet"}
    assert hubs["zhapu"]["un_locodes"] == ["CNZPU", "CNZAP"] and not hubs["islet"]["by_road"]
    asked = {"at": READY.isoformat(), "hours": 24}
    board = planner.get("/api/linkage/hubs/CNZAP", params=asked).json()
    assert board["hub"] == hubs["zhapu"] and board["truncated"] is False
    barge, feeder = board["departures"]
    assert (barge["mode"], barge["departs"]) == ("barge", after(1))
    assert (feeder["trip"], feeder["departs"], feeder["gate_closes"], feeder["papers_close"]) == (
        "feeder-1", after(12), after(8), after(6)
    )  # fmt: skip
    assert feeder["calls"] == [{"hub": "beilun", "arrives": after(18)}] and feeder["open"]
    late = {"at": after(9), "hours": 24}
    told = planner.get("/api/linkage/hubs/zhapu", params=late).json()["departures"]
    assert [(one["mode"], one["open"]) for one in told] == [("feeder", False), ("barge", True)]
    assert planner.get("/api/linkage/hubs/islet", params=asked).json()["departures"] == []
    with connect(server.database_url) as conn:
        closing = "INSERT INTO sigang.linkage_closing VALUES ('zhapu', %s, %s, '大风', 'feeders')"
        conn.execute(closing, [READY - timedelta(hours=1), READY + timedelta(hours=2)])
        conn.commit()
        shut = planner.get("/api/linkage/hubs/zhapu", params=asked).json()
        conn.execute("DELETE FROM sigang.linkage_closing")
        conn.commit()
    assert shut["closed_now"] and [one["reason"] for one in shut["closings"]] == ["大风"]
    unknown = planner.get("/api/linkage/hubs/CNZPX", headers={"Accept-Language": "en"})
    assert unknown.status_code == 404 and "CNZPU" in unknown.text
    assert planner.get("/api/linkage/hubs/zhapu", params={"hours": 0}).status_code == 400
    assert clients["anonymous"].get("/api/linkage/hubs").status_code == 401

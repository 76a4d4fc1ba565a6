"""Disruptions on water and in the air: locks, edges, flights, the room of trips and of hubs."""

from datetime import datetime, timedelta, timezone

import pytest

from data.linkage.load import load_timetable
from spatial.postgres.db import connect
from tests.api import roadworld, waterworld
from tests.api.planningworld import outcome
from tests.conftest import running_server

pytestmark = pytest.mark.db
HERE = timezone(timedelta(hours=8))
DAY = (datetime.now(HERE) + timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)
LONG_S = 180
"""The kernels are compiled when they are first asked for."""
FEED = {
    "feed_info.txt": "feed_id,feed_publisher_name,feed_license,feed_origin\n"
    "ways,合成班期,CC0-1.0,synthetic\n",
    "agency.txt": "agency_id,agency_name\nline,线\n",
    "stops.txt": "stop_id,stop_name,stop_lat,stop_lon,hub_kind,un_locodes,by_road\n"
    "alpha,甲,30.0,120.0,river,,0\necho,戊,30.0,120.2,river,,0\n"
    "foxtrot,己,30.1,120.05,river,,0\nremote,远,29.0,122.5,sea,,0\n"
    "north,北机场,30.2,120.4,air,,0\nsouth,南机场,28.0,120.8,air,,0\n",
    "routes.txt": "route_id,agency_id,route_long_name,mode,cargo\nae,line,甲戊,barge,container\n"
    "af,line,甲己,barge,container\nar,line,甲远,barge,container\n"
    "ns,line,北南,air,air container\n",
    "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,"
    "start_date,end_date\ndaily,1,1,1,1,1,1,1,20200101,20991231\n",
    "trips.txt": "trip_id,route_id,service_id,capacity_teu\nae-1,ae,daily,48\naf-1,af,daily,48\n"
    "ar-1,ar,daily,48\nns-1,ns,daily,4\nns-2,ns,daily,4\n",
    "stop_times.txt": "trip_id,stop_sequence,stop_id,arrival_time,departure_time,gate_in_min,"
    "documents_min,distance_km,cny_per_teu,lift_cny_per_teu\n"
    + "".join(
        f"{trip},1,{start},{leaves},{leaves},60,60,,,\n{trip},2,{goal},{comes},{comes},,,20,100,50\n"
        for trip, start, goal, leaves, comes in (
            ("ae-1", "alpha", "echo", "08:00", "12:00"),
            ("af-1", "alpha", "foxtrot", "08:00", "12:00"),
            ("ar-1", "alpha", "remote", "08:00", "20:00"),
            ("ns-1", "north", "south", "10:00", "11:00"),
            ("ns-2", "north", "south", "18:00", "19:00"),
        )
    ),
    "transfers.txt": "stop_id,from_mode,to_mode,handling_min,information_min,cny_per_teu\n"
    "alpha,place,barge,60,0,0\necho,barge,place,60,0,0\nfoxtrot,barge,place,60,0,0\n",
}  # fmt: skip


@pytest.fixture(scope="module")
def server(module_database_url, tmp_path_factory):
    roadworld.fill(module_database_url)
    waterworld.fill(module_database_url)
    folder = tmp_path_factory.mktemp("feed")
    for name, text in FEED.items():
        (folder / name).write_text(text, encoding="utf-8")
    with connect(module_database_url) as conn:
        report = load_timetable(conn, folder, lambda line: None)
        assert report.refused == {}
    with running_server(module_database_url, workers=2) as running:
        yield running


def at(hours):
    return (DAY + timedelta(hours=hours)).isoformat()


def shipment(name, trip, start, goal, departs, arrives, mode="barge", **more):
    leg = {"mode": mode, "start": start, "goal": goal, "trip": trip, "departs": at(departs),
           "arrives": at(arrives)}  # fmt: skip
    return {"id": name, "start": start, "goal": goal, "teu": 2, "mass_t": 20, "ready_at": at(0),
            "planned": [leg], **more}  # fmt: skip


ECHO = shipment("lock", "ae-1", "alpha", "echo", 8, 12)
FOX = shipment("river", "af-1", "alpha", "foxtrot", 8, 12)
REMOTE = shipment("sea", "ar-1", "alpha", "remote", 8, 20)


def closing(kind, ref, since=6, until=42):
    return {"id": kind, "kind": kind, "ref": str(ref), "since": at(since), "until": at(until)}


def ask(client, closed, shipments, **more):
    body = {"at": at(0), "disruptions": [closed], "shipments": shipments, **more}
    answer = client.post("/api/linkage/disruptions", json=body, timeout=LONG_S)
    assert answer.status_code == 200, answer.text
    return answer.json()


def arrivals(answer):
    """Return the first letters of trips and the day of arrival of each shipment afterwards."""
    return {one["id"]: (one["after"]["legs"][-1]["trip"],
                        (datetime.fromisoformat(one["after"]["legs"][-1]["arrives"]) - DAY).days)
            for one in answer["affected"]}  # fmt: skip


def test_a_closed_lock_holds_the_barges_that_pass_it_and_says_of_which_nobody_knows(planner):
    answer = ask(planner, closing("lock", waterworld.LOCK), [ECHO, FOX, REMOTE])
    # today's and tomorrow's runs would be in the lock while it is closed
    assert arrivals(answer) == {"lock": ("ae-1", 2)}
    (one,) = answer["affected"]
    assert (one["status"], one["because"], one["later_h"]) == ("waits", ["lock"], 48)
    unsure = {(row["service"], row["from_hub"], row["to_hub"]) for row in answer["cannot_tell"]}
    assert unsure == {("ar", "alpha", "remote")}
    (price,) = answer["prices"]
    assert (price["kind"], price["ref"]) == ("lock", str(waterworld.LOCK))
    # a lock that closes once the barge is through it holds nobody
    late = closing("lock", waterworld.LOCK, 12, 30)
    assert ask(planner, late, [ECHO, FOX])["affected"] == []


def test_a_closed_stretch_of_river_holds_what_sails_on_it(planner):
    answer = ask(planner, closing("waterway", waterworld.edge("BF")), [ECHO, FOX])
    assert arrivals(answer) == {"river": ("af-1", 2)}


def test_what_is_left_of_a_trip_and_of_a_hubs_day_bounds_the_new_plan(planner):
    two = [FOX, {**FOX, "id": "second"}]
    shut = closing("hub", "foxtrot", 6, 20)
    free = ask(planner, shut, two)
    assert set(arrivals(free).values()) == {("af-1", 0)}, "it waits in the roads, and is unloaded"
    gone = closing("hub", "alpha", 6, 20)
    assert set(arrivals(ask(planner, gone, two)).values()) == {("af-1", 1)}
    tomorrow = (DAY + timedelta(days=1)).date().isoformat()
    left = [{"trip": "af-1", "day": tomorrow, "teu": 2}]
    few = ask(planner, gone, two, trip_teu_left=left)
    lost = [{**left[0], "trip": "af-9"}]
    with pytest.raises(AssertionError, match="af-9"):
        ask(planner, gone, two, trip_teu_left=lost)
    assert sorted(arrivals(few).values()) == [("af-1", 1), ("af-1", 2)]
    slow = ask(planner, gone, two, hub_teu_per_day={"foxtrot": 2})
    assert sorted(arrivals(slow).values()) == [("af-1", 1), ("af-1", 2)]
    assert max(few["totals"]["gap"], slow["totals"]["gap"]) <= 0.02


def test_flights_in_a_window_are_taken_and_those_after_it_fly(planner):
    flown = [shipment("morning", "ns-1", "north", "south", 10, 11, "air"),
             shipment("evening", "ns-2", "north", "south", 18, 19, "air")]  # fmt: skip
    for hub in ("north", "south"):
        answer = ask(planner, closing("flights", hub, 8, 16), flown)
        assert arrivals(answer) == {"morning": ("ns-2", 0)}, hub


def test_more_than_three_hundred_are_planned_as_a_job(planner):
    body = {"at": at(0), "disruptions": [closing("hub", "foxtrot", 6, 20)],
            "synthetic": {"count": 301, "seed": 5}}  # fmt: skip
    started = planner.post("/api/linkage/disruptions", json=body)
    assert started.status_code == 201, started.text
    totals = outcome(planner, started.json()["jobID"])["totals"]
    assert totals["shipments"] == 301 and totals["gap"] <= 0.02

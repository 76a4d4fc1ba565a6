"""Timetables of the linkage: what is taken, what is refused with file and line, and what stays."""

from datetime import UTC, datetime

import pytest

from data.facts import read_facts
from data.linkage.export import export_timetable
from data.linkage.judge import hubs_with, judge
from data.linkage.load import load_timetable
from data.linkage.stage import stage_files
from data.sample.linkage import make_files
from spatial.errors import NotFound, Quarantined

pytestmark = pytest.mark.db

FILES = {
    "feed_info.txt": "feed_id,feed_publisher_name,feed_license,feed_origin\n"
    "rail-feed,铁路,CC0-1.0,real\n",
    "agency.txt": "agency_id,agency_name\nrail,铁路\n",
    "stops.txt": "stop_id,stop_name,stop_lat,stop_lon,hub_kind,un_locodes\n"
    "yiwu,义乌,29.9,120.5,dry,CNYIU CNYIW\nbeilun,北仑,29.9,121.9,sea,CNBEI\n",
    "routes.txt": "route_id,agency_id,route_long_name,mode,cargo,most_t\n"
    "sea-rail,rail,海铁班列,rail,container cold,30\nlost,nobody,失联,rail,,\n",
    "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,"
    "start_date,end_date\nweek,1,1,1,1,1,0,0,20260101,20261231\n",
    "calendar_dates.txt": "service_id,date,exception_type\nweek,20260217,2\nweek,20260221,1\n",
    "trips.txt": "trip_id,route_id,service_id,capacity_teu\n"
    "T1,sea-rail,week,100\nT2,sea-rail,week,\nT3,sea-rail,week,\nT4,sea-rail,week,\n"
    "T5,sea-rail,never,\nT6,sea-rail,week,\nT7,lost,week,\nT8,sea-rail,week,\n",
    "stop_times.txt": "trip_id,stop_sequence,stop_id,arrival_time,departure_time,gate_in_min,"
    "documents_min,distance_km,cny_per_teu,lift_cny_per_teu\n"
    "T1,1,CNYIW,20:00,20:00,120,180,,,80\nT1,2,beilun,26:00,26:00,,,330,700,\n"
    "T2,1,yiwu,20:00,20:00,,,,,\nT2,2,beilun,19:00,19:00,,,330,,\n"
    "T3,1,yiwu,20:00,20:00,,,,,\nT3,2,beilun,22:00,22:00,,,330,-5,\n"
    "T4,1,yiwu,20:00,20:00,,,,,\nT4,2,CNBEJ,22:00,22:00,,,330,,\n"
    "T5,1,yiwu,20:00,20:00,,,,,\nT5,2,beilun,22:00,22:00,,,330,,\n"
    "T6,1,yiwu,20:00,20:00,,,,,\nT6,2,CNYIU,22:00,22:00,,,330,,\n"
    "T8,1,yiwu,20:61,20:61,,,,,\nT8,2,beilun,22:00,22:00,,,330,,\n",
    "transfers.txt": "stop_id,from_mode,to_mode,handling_min,information_min\n"
    "beilun,rail,deep_sea,120,240\nbeilun,rail,deep_sea,1,1\nnowhere,rail,road,60,0\n",
    "closures.txt": "stop_id,since,until,reason\n"
    "beilun,2026-07-11T00:00:00+08:00,2026-07-12T12:00:00+08:00,台风\n",
}


@pytest.fixture
def load(conn, tmp_path, units):
    def run(changed=None, **options):
        for name, text in {**FILES, **(changed or {})}.items():
            (tmp_path / name).write_text(text, encoding="utf-8-sig")
        told = []
        return load_timetable(conn, tmp_path, told.append, **options), told

    return run


def rows(conn, statement, *params):
    return conn.execute(statement, params or None).fetchall()


def test_one_bad_row_stops_no_other_and_each_is_told_with_its_place(conn, load):
    report, told = load()
    assert report.rows == {
        "linkage_hub": 2, "linkage_service": 1, "linkage_trip": 1, "linkage_call": 2,
        "linkage_transfer": 1, "linkage_closing": 1,
    }  # fmt: skip
    assert report.refused == {
        "unknown-carrier": 1, "unknown-calendar": 1, "unknown-service": 1,
        "arrives-before-departure": 1, "negative-price": 1, "unknown-place": 2, "hub-loop": 1,
        "bad-value": 1, "duplicate": 1,
    }  # fmt: skip
    details = "\n".join(told)
    assert "stop_times.txt:5: 到达早于上一站（stop_times.txt:4）发出" in details
    assert "it arrives before it departs" in details
    assert "stop_times.txt:7: cny_per_teu" in details
    assert "stop_times.txt:9: 没有枢纽 CNBEJ，是否指 CNBEI" in details
    assert "stop_times.txt:14: a time is HH:MM" in details or "stop_times.txt:14" in details
    kept = rows(conn, "SELECT count(*) FROM sigang.quarantine WHERE load_id = %s", report.load_id)
    assert kept == [(sum(report.refused.values()),)]
    trips = "SELECT id, capacity_teu, weekdays, added, removed FROM sigang.linkage_trip"
    assert rows(conn, trips) == [
        ("T1", 100.0, 31, [datetime(2026, 2, 21).date()], [datetime(2026, 2, 17).date()])
    ]  # fmt: skip
    assert rows(
        conn,
        "SELECT number, hub_id, arrive_s, gate_in_s, documents_s, distance_m, cny_per_teu,"
        " lift_cny_per_teu, boards, alights FROM sigang.linkage_call ORDER BY number",
    ) == [
        (0, "yiwu", 72000, 7200, 10800, 0.0, None, 80.0, True, False),
        (1, "beilun", 93600, 0, 0, 330000.0, 700.0, None, False, True),
    ]
    assert rows(conn, "SELECT id, admin_code, origin FROM sigang.linkage_hub ORDER BY id") == [
        ("beilun", "330200", "real"), ("yiwu", "330100", "real"),
    ]  # fmt: skip


def test_a_dry_run_changes_nothing_and_a_load_replaces_its_feed_alone(conn, load, tmp_path):
    report, _ = load(dry_run=True, bad_rows=tmp_path / "bad.csv")
    assert report.rows["linkage_trip"] == 1
    assert rows(conn, "SELECT count(*) FROM sigang.linkage_trip") == [(0,)]
    assert "negative-price" in (tmp_path / "bad.csv").read_text("utf-8-sig")
    before = rows(conn, "SELECT version FROM sigang.linkage_version")
    load()
    assert rows(conn, "SELECT version FROM sigang.linkage_version") > before
    other = FILES["feed_info.txt"].replace("rail-feed", "barges")
    trips = "trip_id,route_id,service_id\nB1,barge,week\n"
    routes = "route_id,agency_id,route_long_name,mode\nbarge,rail,驳船,barge\n"
    calls = FILES["stop_times.txt"].splitlines()[0] + "\n"
    calls += "B1,1,CNBEI,01:00,01:00,,,,,\nB1,2,CNYIU,02:00,02:00,,,9,,\n"
    changed = {
        "feed_info.txt": other,
        "trips.txt": trips,
        "routes.txt": routes,
        "stop_times.txt": calls,
    }
    changed |= {
        name: FILES[name].splitlines()[0] + "\n"
        for name in ("stops.txt", "transfers.txt", "closures.txt")
    }
    report, _ = load(changed)
    assert report.refused == {}
    calls = "SELECT hub_id FROM sigang.linkage_call WHERE trip_id = 'B1' ORDER BY number"
    assert rows(conn, calls) == [
        ("beilun",), ("yiwu",),
    ]  # fmt: skip
    load(changed)
    assert rows(conn, "SELECT id FROM sigang.linkage_trip ORDER BY id") == [("B1",), ("T1",)]


def test_columns_that_gtfs_asks_for_and_that_say_nothing_here_are_read_over(conn, load):
    plain, _ = load()
    more = {
        "agency.txt": "agency_id,agency_name,agency_url,agency_timezone\n"
        "rail,铁路,https://rail.test,Asia/Shanghai\n",
        "feed_info.txt": FILES["feed_info.txt"].replace("\n", ",feed_lang\n", 1)[:-1] + ",zh\n",
        "routes.txt": "route_id,agency_id,route_long_name,mode,cargo,most_t,route_type\n"
        "sea-rail,rail,海铁班列,rail,container cold,30,2\nlost,nobody,失联,rail,,,2\n",
    }
    assert load(more)[0].refused == plain.refused
    for wrong in (("Shanghai", "Tokyo"), ("agency_url", "agency_ulr")):
        with pytest.raises(Quarantined, match="none of 8 trips"):
            load({"agency.txt": more["agency.txt"].replace(*wrong)}, dry_run=True)


def test_what_is_written_out_loads_as_the_same_services(conn, load, tmp_path):
    tables = ("hub", "service", "trip", "call", "transfer", "closing")

    def everything():
        return [rows(conn, f"SELECT * FROM sigang.linkage_{name} ORDER BY 1, 2") for name in tables]

    load()
    before = everything()
    counts = export_timetable(conn, "rail-feed", tmp_path / "out")
    assert (counts["trips.txt"], counts["stop_times.txt"], counts["calendar_dates.txt"]) == (
        1,
        2,
        2,
    )
    report = load_timetable(conn, tmp_path / "out", lambda line: None)
    assert report.refused == {} and everything() == before
    with pytest.raises(NotFound):
        export_timetable(conn, "nobody", tmp_path / "none")


def test_what_is_no_timetable_changes_nothing(conn, load):
    load()
    before = rows(conn, "SELECT version FROM sigang.linkage_version")
    bad = "\n".join(
        line.replace("20:00,20:00", "30:00,30:00") for line in FILES["stop_times.txt"].split("\n")
    )
    with pytest.raises(Quarantined, match="none of 8 trips"):
        load({"stop_times.txt": bad})
    with pytest.raises(Quarantined, match="whose timetable"):
        load({"feed_info.txt": "feed_id,feed_publisher_name\nx,y\n"})
    assert rows(conn, "SELECT version FROM sigang.linkage_version") == before


def test_the_sample_timetable_is_whole_synthetic_and_the_same_again():
    anchor = datetime(2026, 3, 2, tzinfo=UTC)
    facts = read_facts("linkage")
    files = make_files(facts, [], anchor)
    assert files == make_files(facts, [], anchor)
    assert files["feed_info.txt"][0]["feed_origin"] == "synthetic"
    stage = stage_files(files)
    judge(stage, hubs_with(stage, {}))
    assert stage.bad == [] and stage.left_out == 0
    trains = [one for one in files["stop_times.txt"] if one["trip_id"] == "yiwu-beilun-out-1"]
    leaves, arrives = (sum(int(part) * unit for part, unit in zip(
        one["arrival_time"].split(":"), (60, 1), strict=True)) for one in trains)  # fmt: skip
    assert arrives - leaves == 360, "the trains of Yiwu take six hours to the port"
    (capacity,) = {
        one["capacity_teu"] for one in files["trips.txt"] if one["route_id"] == "yiwu-beilun"
    }
    assert 90 <= float(capacity) <= 100

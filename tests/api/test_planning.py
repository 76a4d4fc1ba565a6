"""What the processes answer over HTTP on the small province."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.api.planningworld import (
    SHORES,
    ended,
    finished,
    place,
    run,
    submit,
)
from tests.api.roadworld import BRIDGE, at, close, edge, undo

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def server(planning):
    return planning


def test_the_bridge_is_ranked_by_what_its_closing_costs_both_twins_closed(planner):
    found = finished(planner, "criticality", {"places": SHORES, "trips_per_day": 1000})
    (bridge,) = found["ranking"]
    assert bridge["structure"] == str(BRIDGE) and bridge["edges"] == 2
    assert bridge["trips_per_day"] == pytest.approx(1000)
    round_s = bridge["added_s_per_trip"]
    assert bridge["added_vehicle_h_per_day"] == pytest.approx(1000 * round_s / 3600, rel=1e-3)
    assert found["summary"]["demand"] == "assumed" and found["cut_off"] == []
    changes = {"close_structures": [str(BRIDGE)]}
    same = finished(planner, "what-if", {"changes": changes, "origins": SHORES, "targets": SHORES})
    assert same["summary"]["times"]["changed"] == 2
    assert same["pairs"][0]["change_s"] == pytest.approx(round_s, abs=0.2)


def test_trips_without_another_way_stand_apart(planner):
    inputs = {"places": SHORES, "traffic": {"profile": "truck", "height_m": 4.0},
              "trips": [{"origin": "west", "target": "east", "trips": 40}]}  # fmt: skip
    found = finished(planner, "criticality", inputs)
    (bridge,) = found["cut_off"]
    assert bridge["cut_trips_per_day"] == 40
    assert bridge["added_vehicle_h_per_day"] == 0
    assert found["summary"]["demand"] == "given"


def test_a_what_if_shows_times_reach_coverage_and_the_difference_as_a_layer(planner):
    inputs = {
        "changes": {"close_structures": [str(BRIDGE)], "close_edges": [edge("2,4 2,8")]},
        "origins": SHORES, "targets": SHORES, "limit_s": 900,
        "resources": {"points": [place("base", 2, 2)]},
    }  # fmt: skip
    found = finished(planner, "what-if", inputs)
    summary = found["summary"]
    assert {row["effect"] for row in found["pairs"]} == {"cut"}
    assert summary["times"]["cut"] == 2 and summary["times"]["pairs"] == 4
    assert summary["reach"]["lost_km"] > 0 and summary["reach"]["gained_km"] == 0
    shares = {row["code"]: (row["before_share"], row["after_share"]) for row in found["counties"]}
    assert shares["330282"][1] == 0 < shares["330282"][0]
    features = found["difference"]["features"]
    assert {f["properties"]["role"] for f in features} == {"pair", "edge"}
    assert {f["properties"]["effect"] for f in features} == {"cut", "lost"}
    assert all(f["properties"]["origin"] == "derived" for f in features)


def test_a_new_bridge_connects_and_a_limit_cuts(planner):
    new = {"line": [at(4, 2), at(10, 2)], "speed_kmh": 140}
    built = finished(
        planner, "what-if", {"changes": {"add": [new]}, "origins": SHORES, "targets": SHORES}
    )
    assert {row["effect"] for row in built["pairs"]} == {"faster"}
    (noted,) = built["summary"]["changes"]
    assert max(noted["joined_m"]) < 1
    limits = [{"edge": edge(name), "limit": "mass_t", "value": 10}
              for name in ("4,2 10,2", "4,2 10,2 twin")]  # fmt: skip
    truck = {"profile": "truck", "mass_t": 30, "height_m": 4.0}
    cut = finished(
        planner, "what-if",
        {"changes": {"limits": limits}, "origins": SHORES, "targets": SHORES, "traffic": truck},
    )  # fmt: skip
    assert {row["effect"] for row in cut["pairs"]} == {"cut"}
    assert cut["summary"]["changes"][0]["mass_t"] == {"old": None, "new": 10}


def test_predicted_volumes_slow_the_trips_that_they_meet(planner):
    volumes = [
        {"road_class": "motorway", "volume_pcu_h": 4200},
        {"edge": edge("4,2 10,2"), "direction": "forward", "volume_pcu_h": 8000,
         "capacity_pcu_h": 4000},
    ]  # fmt: skip
    asked = {"changes": {"volumes": volumes}, "origins": SHORES, "targets": SHORES}
    found = finished(planner, "what-if", asked)
    assert {row["effect"] for row in found["pairs"]} == {"slower"}
    of_class, of_edge = found["summary"]["changes"]
    assert (of_class["class"], of_class["load"], of_class["level"]) == ("motorway", 1, 5)
    assert (of_edge["load"], of_edge["level"]) == (2, 6)
    speed = of_edge["speed_kmh"]
    assert speed["new"] == pytest.approx(speed["old"] / (1 + 0.15 * 2**4), abs=0.01)


def test_coverage_by_county_follows_a_closure(planner, dispatcher):
    inputs = {"resources": {"points": [place("base", 2, 2)]}, "limit_s": 900}
    before = {row["code"]: row for row in finished(planner, "coverage", inputs)["counties"]}
    event = close(dispatcher, {"facility_id": str(BRIDGE)}).json()
    try:
        after = finished(planner, "coverage", inputs)
    finally:
        undo(dispatcher, event)
    closed = {row["code"]: row for row in after["counties"]}
    assert before["330482"]["covered_share"] == closed["330482"]["covered_share"] == 1
    assert closed["330282"]["covered_share"] < before["330282"]["covered_share"]
    assert after["counties"][0]["code"] == "330282"
    areas = after["areas"]["features"]
    assert {f["geometry"]["type"] for f in areas} <= {"Polygon", "MultiPolygon"}


def test_an_interception_says_who_is_first_where(planner):
    vehicle = {"point": place("v", 1, 2), "bearing_deg": 90}
    points = [place("shore", 4, 2), place("landing", 10, 2), place("behind", 0, 2)]
    teams = [place("t", 11, 2)]
    inputs = {"vehicle": vehicle, "teams": {"points": teams}, "points": {"points": points}}
    answer = run(planner, "intercept", {"inputs": inputs, "response": "document"})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    named = {row["point"]: row for row in found["next_points"] + found["further_points"]}
    assert named["shore"]["next"] and not named["shore"]["possible"]
    assert named["landing"]["possible"] and not named["landing"]["next"]
    landing = named["landing"]
    assert landing["margin_s"] == pytest.approx(landing["vehicle_s"] - landing["team_s"], abs=0.2)
    assert found["summary"]["value"]["best"] == "landing"
    assert found["summary"]["value"]["rule"]["version"]


def test_the_network_is_exported_for_osmnx(planner):
    west, south, east, north = *at(-1, -2), *at(5, 9)
    found = finished(planner, "export-network", {"bbox": [west, south, east, north]})
    assert found["graph"].startswith("<graphml")
    assert found["statistics"]["edges"] >= 40
    assert found["statistics"]["length_km"] > 40
    nowhere = {"inputs": {"bbox": [0, 0, 1, 1]}}
    job = submit(planner, "export-network", nowhere)
    ended(planner, job, "failed")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"close_edges": ["01980000-0000-7000-8000-000000000000"]},
        {"close_structures": ["01980000-0000-7000-8000-000000000000"]},
        {"volumes": [{"road_class": "none", "volume_pcu_h": 1}]},
        {"volumes": [{"volume_pcu_h": 1}]},
        {"add": [{"line": [at(4, 1), at(4, 1)]}]},
        {"add": [{"line": [at(4, 1), at(30, 30)]}]},
        {"add": [{"line": [at(4, 1), at(10, 1)], "road_class": "none"}]},
    ],
)
def test_changes_that_cannot_be_are_problems(planner, changes):
    answer = run(
        planner, "what-if",
        {"inputs": {"changes": changes, "origins": SHORES, "targets": SHORES}},
    )  # fmt: skip
    if answer.status_code == 201:
        job = answer.json()["jobID"]
        ended(planner, job, "failed")
        answer = planner.get(f"/api/jobs/{job}/results")
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_departures_of_a_day_are_timed_and_the_best_ones_named(planner):
    start = (datetime.now(UTC) + timedelta(days=1)).replace(hour=16, minute=0, second=0)
    inputs = {
        "origin": place("w", 2, 2),
        "destination": place("e", 12, 2),
        "start": start.isoformat(),
        "until": (start + timedelta(hours=23)).isoformat(),
        "step_min": 60,
    }
    found = finished(planner, "departures", inputs)
    rows = found["departures"]
    assert len(rows) == 24
    assert [row["hour"] for row in found["by_hour"]] == list(range(24))
    durations = [row["duration_s"] for row in rows]
    assert len(set(durations)) > 1, "the invented week has a peak"
    summary = found["summary"]
    assert summary["fastest"]["duration_s"] == min(durations)
    for row in rows:
        assert row["delay_s"] == pytest.approx(row["duration_s"] - min(durations), abs=0.11)
    assert summary["speeds_rule"]["key"] == "road.hour_of_week"
    body = {
        "waypoints": [at(2, 2), at(12, 2)], "depart_at": rows[8]["depart_at"], "speeds": "typical",
        "include": ["delay_by_hour"],
    }  # fmt: skip
    path = planner.post("/api/paths", json=body).json()["features"][0]["properties"]
    assert path["duration_s"] >= rows[8]["duration_s"]
    assert path["delay_by_hour"]["duration_s"][8] == pytest.approx(path["duration_s"], abs=0.1)
    assert min(path["delay_by_hour"]["delay_s"]) == 0


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"until": "2020-01-01T00:00:00+08:00"}, "until"),
        ({"start": "2020-01-01T00:00:00+08:00"}, "start"),
        ({"traffic": {"depart_at": "2030-01-01T00:00:00+08:00"}}, "traffic.depart_at"),
        ({"step_min": 1}, "step_min"),
    ],
)
def test_departures_that_cannot_be_are_problems(planner, more, named):
    inputs = {"origin": place("w", 2, 2), "destination": place("e", 12, 2), **more}
    job = run(planner, "departures", {"inputs": inputs, "response": "document"})
    if job.status_code == 400:
        assert named in job.text
        return
    ended(planner, job.json()["jobID"], "failed")
    assert named in planner.get(f"/api/jobs/{job.json()['jobID']}").text

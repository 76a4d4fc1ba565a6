"""Profiles, refusals and permits over HTTP, on the small province."""

import pytest

from spatial.geo.datum import wgs84_to_gcj02
from tests.api.roadworld import ask, at, edge, path

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def server(roads):
    return roads


def test_profiles_are_listed_with_their_rules(client):
    answer = client.get("/api/profiles")
    assert answer.status_code == 200
    listed = {profile["id"]: profile for profile in answer.json()["profiles"]}
    assert list(listed)[:3] == ["car", "taxi", "bus"]
    assert {"truck", "truck_rigid", "hazmat", "oversize", "bicycle", "foot"} <= set(listed)
    truck = listed["truck"]
    assert truck["sizes"]["mass_t"] == 49
    assert truck["rule"]["key"] == "vehicle.truck.default"
    assert "超限运输车辆行驶公路管理规定" in truck["rule"]["source"]
    assert listed["hazmat"]["speed_rule"]["value"] == {
        "motorway": 80, "motorway_link": 80, "other": 60,
    }  # fmt: skip
    assert listed["car"]["hazmat"] is False
    assert client.get("/api/profiles?size=1").status_code == 400


@pytest.mark.parametrize(
    "profile",
    ["car", "taxi", "bus", "truck", "truck_rigid", "hazmat", "emergency", "patrol", "maintenance"],
)
def test_every_motor_profile_is_answered(client, profile):
    noon = "2026-11-22T12:00:00+08:00"
    feature = path(client, (0, 0), (12, 2), profile=profile, depart_at=noon)
    bridge = {edge("4,2 10,2"), edge("4,2 10,2 twin")}
    assert bridge & set(feature["properties"]["edges"])
    assert feature["properties"]["co2_kg"] > 0


@pytest.mark.parametrize(("profile", "kmh"), [("bicycle", 15), ("foot", 5)])
def test_bicycles_and_walkers_keep_off_the_motorway_bridge(client, profile, kmh):
    feature = path(client, (3, 2), (11, 2), profile=profile)
    told = feature["properties"]
    assert edge("2,8 12,8") in told["edges"]
    assert told["length_m"] / told["duration_s"] * 3.6 == pytest.approx(kmh, rel=0.01)
    assert (told["co2_kg"], told["toll_cny"]) == (0, None)


def test_a_permit_path_lists_the_units_and_their_kilometres(client):
    feature = path(client, (0, 0), (12, 2), profile="oversize", unknown_limits="allow")
    areas = feature["properties"]["areas"]
    assert [area["admin_code"] for area in areas] == ["330400", "330200"]
    assert areas[0]["name"] == {"zh": "嘉兴市", "en": "嘉兴市"}
    length = sum(area["length_m"] for area in areas)
    assert length == pytest.approx(feature["properties"]["length_m"], abs=0.11)


def test_areas_are_listed_for_any_vehicle_that_asks(client):
    assert "areas" not in path(client, (0, 0), (2, 0))["properties"]
    areas = path(client, (0, 0), (2, 0), include=["areas"])["properties"]["areas"]
    assert [area["admin_code"] for area in areas] == ["330400"]


def test_a_permit_without_a_way_names_the_road_that_blocks(client):
    answer = ask(client, (0, 0), (14, 8), profile="oversize", unknown_limits="allow")
    problem = answer.json()
    assert answer.status_code == 422
    assert problem["type"].endswith("limit-violated")
    blocking = problem["edges"][0]
    assert (blocking["edge"], blocking["value"]) == (edge("14,4 14,6"), 3.0)
    assert "公路法" in blocking["law"]
    (way,) = problem["relaxations"]
    assert way["give"] == [{"limit": "max_height_m", "from": 3.0, "to": 4.6}]
    assert way["geometry"]["type"] == "LineString"


def test_relaxations_are_in_the_coordinates_of_the_request(client):
    plain = ask(client, (0, 0), (14, 8), profile="oversize", unknown_limits="allow").json()[
        "relaxations"
    ][0]

    def mars(x: float, y: float) -> list[float]:
        return [float(v) for v in wgs84_to_gcj02(x, y)]

    body = {
        "profile": "oversize",
        "unknown_limits": "allow",
        "waypoints": [mars(*at(0, 0)), mars(*at(14, 8))],
    }
    moved = client.post("/api/paths?crs=GCJ02", json=body).json()["relaxations"][0]
    first = plain["geometry"]["coordinates"][0]
    assert moved["geometry"]["coordinates"][0] == pytest.approx(mars(*first), abs=2e-6)


def test_dangerous_goods_are_kept_off_the_motorway_at_night(client):
    night, day = "2026-11-22T02:00:00+08:00", "2026-11-22T12:00:00+08:00"
    truck = {"profile": "truck", "vehicle": {"hazmat": True, "height_m": 3.2}}
    by_day = path(client, (3, 2), (11, 2), depart_at=day, **truck)
    assert edge("2,8 12,8") not in by_day["properties"]["edges"]
    by_night = path(client, (3, 2), (11, 2), depart_at=night, **truck)
    assert edge("2,8 12,8") in by_night["properties"]["edges"]


@pytest.mark.parametrize(
    "body",
    [
        {"profile": "bus", "vehicle": {"hazmat": True}},
        {"profile": "truck", "vehicle": {"hazmat": "beer"}},
        {"profile": "tram"},
    ],
)
def test_what_no_vehicle_is_is_refused(client, body):
    answer = ask(client, (0, 0), (2, 0), **body)
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("bad-parameter")

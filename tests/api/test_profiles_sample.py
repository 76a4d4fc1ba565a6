"""Every profile on the sample province."""

import pytest

from routing.cost.profile import load_profiles
from spatial.networks.road import KIND as ROAD

pytestmark = pytest.mark.db
NOON = "2026-11-22T12:00:00+08:00"
JIAXING, NINGBO = [120.755, 30.746], [121.55, 29.87]
NANJING, WENZHOU = [118.78, 32.05], [120.69, 28.0]
MOTOR = [name for name, profile in load_profiles(ROAD).items() if profile.group != "active"]


def drive(client, profile, *stops, **more):
    body = {"profile": profile, "waypoints": stops, "depart_at": NOON, **more}
    answer = client.post("/api/paths", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["features"][0]["properties"]


def test_every_motor_profile_crosses_the_bay(client):
    told = {
        profile: drive(client, profile, JIAXING, NINGBO, unknown_limits="allow")
        for profile in MOTOR
    }
    assert all(120_000 < p["length_m"] < 250_000 for p in told.values())
    assert told["hazmat"]["duration_s"] > told["truck"]["duration_s"] >= told["car"]["duration_s"]
    assert told["emergency"]["toll_cny"] == 0 < told["car"]["toll_cny"] < told["truck"]["toll_cny"]
    assert told["truck"]["co2_kg"] > told["car"]["co2_kg"] > 0


def test_a_high_and_heavy_load_gets_its_prefectures_in_both_provinces(client):
    load = {"vehicle": {"height_m": 4.6, "mass_t": 70}}
    told = drive(client, "oversize", NANJING, WENZHOU, **load)
    assert (told["unknown_limits"], told["structures_to_check"]) == ("structures", [])
    codes = [area["admin_code"] for area in told["areas"]]
    assert codes[0] == "320100"
    assert codes[-1] == "330300"
    assert {code[:2] for code in codes if code} == {"32", "33"}
    assert sum(area["length_m"] for area in told["areas"]) == pytest.approx(
        told["length_m"], abs=0.11
    )
    assert told["vehicle"] == {"height_m": 4.6, "mass_t": 70.0}

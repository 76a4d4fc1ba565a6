"""The sample's day of flights: played in one request; what is planted is found, and alone."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import httpx
import numpy as np
import pytest

from data.generate.flight_rows import SOURCE
from spatial.ids import stable_uuid7
from tests.conftest import ANCHOR, ROOT

pytestmark = pytest.mark.db

TRUTHS = tomllib.loads(Path(__file__).with_name("flight_truths.toml").read_text("utf-8"))
DAY = {"from": ANCHOR.isoformat(), "to": (ANCHOR + timedelta(days=1)).isoformat()}
PROVINCE = "330000"


def number(key: str) -> str:
    return str(stable_uuid7(SOURCE, f"planted:{key}"))


def pairs(name: str) -> set[frozenset[str]]:
    return {frozenset(map(number, pair)) for pair in TRUTHS["conflicts"][name]}


@pytest.fixture(scope="module")
def officer(server) -> Iterator[httpx.Client]:
    client = server.client("dispatcher")
    yield client
    client.close()


@pytest.fixture(scope="module")
def anyone(server) -> Iterator[httpx.Client]:
    client = server.client()
    yield client
    client.close()


def asked(client: httpx.Client, path: str, **more: str):
    answer = client.get(f"/api/airspace/{path}", params={**DAY, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def day(officer):
    return asked(officer, "flights")


def test_300_flights_have_paths_in_time_and_height(day):
    flights, positions = day["flights"], day["positions"]
    assert day["plans"] == len(flights["id"]) == len(set(flights["id"])) == 300
    assert day["complete"]
    assert set(flights["origin"]) == {"synthetic"}
    assert all("合成" in title for title in flights["title_zh"])
    assert set(flights["path"]) == {"filed"}
    assert day["terrain"]["origin"] == "synthetic"
    starts = flights["first_position"]
    assert starts[0] == 0 and starts[-1] == len(positions["lon"])
    time, height = np.array(positions["time"]), np.array(positions["w84_m"])
    for n, (first, last) in enumerate(pairwise(starts)):
        assert last - first >= 2
        own = time[first:last]
        assert (np.diff(own) >= 0).all()
        assert flights["start"][n] <= own[0] < own[-1] <= flights["end"][n]
        assert height[first:last].min() >= flights["floor_m"][n]
        assert height[first:last].max() <= flights["ceiling_m"][n]
    agl = np.array(positions["amsl_m"]) - np.array(positions["ground_amsl_m"])
    assert np.abs(agl - np.array(positions["agl_m"])).max() < 0.11


def test_flights_are_of_every_mission_and_mostly_about_hangzhou_and_ningbo(day):
    flights = day["flights"]
    missions = dict(zip(*np.unique(flights["mission"], return_counts=True), strict=True))
    assert set(missions) == {
        "delivery", "medical", "road_inspection", "bridge_inspection", "farm_work", "survey",
        "port_patrol", "evtol",
    }  # fmt: skip
    places = [code[:4] for code in flights["admin_code"]]
    assert places.count("3301") > 60 and places.count("3302") > 60
    assert len(set(places)) == 11
    hours = [int((start - ANCHOR.timestamp()) // 3600) for start in flights["start"]]
    assert len(set(hours)) >= 15
    assert hours.count(10) > 5 * hours.count(4)


def test_a_box_and_a_time_hold_the_flights_within_them(officer, day):
    west, south, east, north = 121.0, 29.5, 122.0, 30.3
    noon = (ANCHOR + timedelta(hours=12)).isoformat()
    some = asked(officer, "flights", bbox=f"{west},{south},{east},{north}", to=noon)
    assert 0 < some["plans"] < day["plans"]
    for start in some["flights"]["start"]:
        assert start < (ANCHOR + timedelta(hours=12)).timestamp()
    few = asked(officer, "flights", limit="7")
    assert (few["plans"], few["complete"]) == (7, False)
    backwards = {"from": DAY["to"], "to": DAY["from"]}
    assert officer.get("/api/airspace/flights", params=backwards).status_code == 400
    assert officer.get("/api/airspace/flights", params={"from": DAY["from"]}).status_code == 400


def test_the_public_sees_public_plans_alone(anyone, day):
    seen = asked(anyone, "flights")["flights"]
    public = {i for i, v in zip(day["flights"]["id"], day["flights"]["visibility"], strict=True)
              if v == "public"}  # fmt: skip
    assert set(seen["id"]) == public
    assert 100 < len(public) < 170
    assert not {"account_id", "unit_id", "decided_by"} & set(seen)


def test_planted_conflicts_are_found_and_no_other(officer):
    found = asked(officer, "conflicts")["conflicts"]
    refused = {frozenset(one["plans"]) for one in found if len(one["refuses"]) == 2}
    assert refused == pairs("refused")
    (stands,) = (one for one in found if len(one["refuses"]) < 2)
    assert frozenset(stands["plans"]) in pairs("stands")
    assert stands["refuses"] == [number("priority-0")]
    assert not {frozenset(one["plans"]) for one in found} & pairs("touching")


@pytest.mark.parametrize("name", TRUTHS["restrictions"])
def test_planted_flights_under_a_restriction_are_found_and_no_other(officer, name):
    restriction = stable_uuid7(SOURCE, f"restriction:{name}")
    document = officer.get(f"/api/airspace/restrictions/{restriction}").json()
    assert document["properties"]["name_zh"].endswith("（虚构）")
    found = {"inside": [], "uncertain": [], "outside": []}
    for one in document["affected"]:
        found[one["effect"]].append(one["id"])
    truth = TRUTHS["restrictions"][name]
    assert sorted(found["inside"]) == sorted(map(number, truth["inside"]))
    assert sorted(found["uncertain"]) == sorted(map(number, truth["uncertain"]))
    assert found["outside"] == list(map(number, truth["outside"]))


def test_flights_above_their_ceiling_are_found_where_the_ground_is_unknown_and_no_other(
    anyone, day
):
    flights, positions = day["flights"], day["positions"]
    above = set()
    for n, (first, last) in enumerate(pairwise(flights["first_position"])):
        limited = flights["aircraft"][n] in ("micro", "light", "small")
        if limited and max(positions["agl_m"][first:last]) > 120:
            above.add(flights["id"][n])
    assert above == set(map(number, TRUTHS["heights"]["above_ceiling"]))
    for one in above:
        first = flights["first_position"][flights["id"].index(one)]
        point = {"type": "Point", "coordinates": [positions["lon"][first], positions["lat"][first]]}
        answer = anyone.post("/api/airspace/check", json={
            "geometry": point, "aircraft": "light", "at": DAY["from"], "alternatives": False,
            "height": {"value": positions["w84_m"][first], "datum": "W84", "unit": "m"},
        }).json()  # fmt: skip
        assert answer["verdict"] == "needs_approval"
        assert answer["ground"]["unknown"]
        assert "height:light" in {zone["id"] for zone in answer["zones"]}


def test_flights_in_an_upper_ring_of_class_b_alone_are_found_and_no_other(anyone, day):
    flights, positions = day["flights"], day["positions"]
    points = {"lon": positions["lon"], "lat": positions["lat"], "height_m": positions["w84_m"]}
    answer = anyone.post("/api/airspace/check", json={
        "points": points, "height": {"value": 0, "datum": "W84", "unit": "m"},
        "aircraft": "large", "at": DAY["from"],
    }).json()  # fmt: skip
    zones, start = answer["zones"], answer["zone_start"]
    found = set()
    for n, (first, last) in enumerate(pairwise(flights["first_position"])):
        spoken = [zones[z] for z in set(answer["zone_index"][start[first] : start[last]])]
        rings = [zone for zone in spoken if zone["sort"] == "airspace" and zone["level"] == "B"]
        if rings and all(zone["floor"] for zone in rings):
            found.add(flights["id"][n])
    assert found == set(map(number, TRUTHS["heights"]["upper_ring_only"]))


def test_no_part_of_the_server_knows_what_is_planted():
    for package in ("api", "layers", "routing", "spatial"):
        for file in (ROOT / package).rglob("*.py"):
            text = file.read_text("utf-8")
            assert "flight_truths" not in text and "cross-1" not in text, file

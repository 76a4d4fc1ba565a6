"""Which port each county of the sample would use, and whom the planted closure changes."""

import pytest

from data.facts import read_facts
from layers.computed.catalogue import read_computed
from layers.computed.store import read_made
from layers.declare.catalog import Catalog
from spatial.postgres.db import connect
from spatial.settings import Settings
from tests.api.planningworld import ended, finished

pytestmark = pytest.mark.db
PLANTED = read_facts("linkage")["hub_closure"]
MONDAY = "2026-12-07T08:00:00+08:00"
ASKED = {"depart_at": MONDAY}


def chosen(client, **more):
    return finished(client, "hub-choice", {**ASKED, **more})


@pytest.fixture(scope="module")
def closed(dispatcher):
    return chosen(dispatcher, closed=[{"hub": PLANTED["hub"]}])


def test_closing_the_planted_hub_changes_the_port_of_three_counties_and_of_no_other(closed):
    changed = [one for one in closed["choices"] if one["changed"]]
    assert sorted(one["admin_code"] for one in changed) == sorted(PLANTED["counties"])
    for one in closed["choices"]:
        if one["before"] != one["after"]:
            seen = {own["runner_up"] for own in one["before"].values()}
            assert one["changed"] or PLANTED["hub"] in seen, "another runner-up and no more"
        for name in one["changed"]:
            assert one["before"][name]["port"] == PLANTED["hub"]
            assert one["after"][name]["port"] != PLANTED["hub"]
    told = {code for codes in closed["summary"]["changed"].values() for code in codes}
    assert told == set(PLANTED["counties"])


def test_every_county_but_an_island_has_a_port_and_areas_say_that_they_are_synthetic(closed):
    summary, areas = closed["summary"], closed["areas"]["features"]
    assert (summary["places"], summary["unreached"]) == (90, ["330922"])
    assert sum(summary["by_port"]["cost"].values()) == 89
    assert {one["properties"]["origin"] for one in areas} == {"synthetic"}
    assert {one["geometry"]["type"] for one in areas} <= {"Polygon", "MultiPolygon"}
    by_train = {one["admin_code"]: one["before"]["cost"]["first_hub"] for one in closed["choices"]
                if one["before"]}  # fmt: skip
    assert by_train["330782"] == "yiwu-west", "the trains of Yiwu"
    assert by_train["330206"] is None, "Beilun lies at its port"


def test_a_county_is_told_what_itineraries_tell(dispatcher, closed):
    places = dispatcher.get("/api/collections/places/items",
                            params={"filter": "admin_code = '330782'"}).json()  # fmt: skip
    (seat,) = places["features"]
    (one,) = [own for own in closed["choices"] if own["admin_code"] == "330782"]
    cost = one["before"]["cost"]
    body = {
        "start": {"point": seat["geometry"]["coordinates"]}, "goal": {"hub": cost["port"]},
        "teu": 1, "mass_t": 14, "depart_at": MONDAY, "max_transfers": 3,
        "latest_arrival": "2026-12-12T08:00:00+08:00",
    }  # fmt: skip
    answer = dispatcher.post("/api/linkage/itineraries", json=body).json()
    costs = [own["cost_cny"] for own in answer["itineraries"]]
    best = min(costs, key=lambda own: own["low"] + own["high"])
    assert best == {"low": pytest.approx(cost["low"], abs=0.01),
                    "high": pytest.approx(cost["high"], abs=0.01)}  # fmt: skip
    least = min(own["co2_kg"]["low"] + own["co2_kg"]["high"] for own in answer["itineraries"])
    co2 = one["before"]["co2"]
    assert co2["low"] + co2["high"] <= least + 0.02


def test_a_typhoon_makes_cargo_wait_and_no_more(dispatcher):
    coast = [[121, 28], [123, 28], [123, 31], [121, 31]]
    window = {"since": "2026-12-07T00:00:00+08:00", "until": "2026-12-08T12:00:00+08:00"}
    told = chosen(dispatcher, closed=[{"area": coast, **window}], ports=["beilun", "CNZPU"])
    for one in told["choices"]:
        if one["before"]:
            assert one["after"]["time"]["low"] >= 28, "ports open at noon of the next day"
            assert one["after"]["cost"]["low"] >= one["before"]["cost"]["low"]


def test_closing_the_bridges_of_an_island_leaves_it_its_own_port(dispatcher):
    bridge = "name_zh = '西堠门大桥' OR name_zh = '金塘大桥'"
    answer = dispatcher.get("/api/collections/structures/items", params={"filter": bridge})
    found = answer.json()
    ids = [one["id"] for one in found["features"] if one["properties"]["kind"] == "bridge"]
    assert ids
    told = chosen(dispatcher, close_structures=ids, ports=["beilun", "zhenhai", "jintang"])
    changed = {code for codes in told["summary"]["changed"].values() for code in codes}
    assert "330902" in changed and "330206" not in changed


def test_what_cannot_be_closed_is_told(dispatcher):
    for more, word in (
        ({"closed": [{"hub": "nowhere"}]}, "nowhere"),
        ({"closed": [{"area": [[100, 10], [101, 10], [101, 11]]}]}, "no hub lies"),
        ({"closed": [{}]}, "either hub or area"),
        ({"closed": [{"area": [[120, 30], [121, 31], [121, 30], [120, 31]]}]}, "crosses itself"),
        ({"ports": ["atlantis"]}, "atlantis"),
        ({"factor_set": "mine"}, "glec-v3-ranges"),
    ):
        told = refused(dispatcher, {**ASKED, **more})
        assert word in told, told


def refused(client, inputs):
    body = {"inputs": inputs, "response": "document"}
    english = {"Accept-Language": "en", "Prefer": "respond-async"}
    answer = client.post("/api/processes/hub-choice/execution", json=body, headers=english)
    if answer.status_code == 400:
        return answer.text
    job = answer.json()["jobID"]
    ended(client, job, "failed")
    return client.get(f"/api/jobs/{job}", headers=english).text


def test_the_layers_are_synthetic_because_services_are(server):
    computed = Catalog.load(Settings().areas, read_computed).part(read_computed)
    with connect(server.database_url) as conn:
        for name in ("hub_choice", "hub_choice_closed"):
            assert computed[name].services
            assert read_made(conn, computed[name], {}).origin == "synthetic"

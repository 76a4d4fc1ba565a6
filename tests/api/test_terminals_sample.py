"""The sample's terminals: plans without overlap, appointments for the day, depots by road."""

from datetime import timedelta

import pytest

from data.facts import read_facts
from spatial.ids import stable_uuid7
from tests.conftest import ANCHOR

pytestmark = pytest.mark.db
FACTS = read_facts("terminals")


def run(client, process, **inputs):
    body = {"inputs": inputs, "response": "document"}
    answer = client.post(f"/api/processes/{process}/execution", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_each_terminal_has_its_berths_and_calls(dispatcher):
    found = {one["key"]: one for one in dispatcher.get("/api/berths").json()["terminals"]}
    assert set(found) == {one["key"] for one in FACTS["terminal"]}
    for one in FACTS["terminal"]:
        told = found[one["key"]]
        assert (told["berths"], told["calls"]) == (len(one["berths"]), one["calls"])
        assert told["origin"] == "synthetic"


def test_a_plan_of_the_sample_has_all_that_can_come_and_no_fault(dispatcher):
    key = stable_uuid7(FACTS["source"]["id"], "zhapu-1")
    answer = dispatcher.get(f"/api/berths/{key}/plan")
    assert answer.status_code == 200, answer.text
    plan = answer.json()
    assert plan["faults"] == [] and plan["origin"] == "synthetic"
    every = len(plan["features"]) + len(plan["unplanned"])
    assert every == FACTS["terminal"][2]["calls"]
    assert all(one["geometry"]["type"] == "LineString" for one in plan["features"])
    assert {one["cause"] for one in plan["unplanned"]} <= {"overdue", "later"}


@pytest.mark.parametrize("terminal", FACTS["terminal"], ids=lambda one: one["key"])
def test_all_trucks_of_the_day_get_a_slot(dispatcher, terminal):
    key = stable_uuid7(FACTS["source"]["id"], terminal["key"])
    answer = run(
        dispatcher, "truck-appointments",
        since=(ANCHOR + timedelta(hours=6)).isoformat(),
        until=(ANCHOR + timedelta(hours=22)).isoformat(),
        terminal={"layer": "container_terminals", "filter": f"key = '{terminal['key']}'"},
        requests_from={"layer": "gate_requests", "filter": f"terminal_id = '{key}'"},
    )  # fmt: skip
    assert answer["refused"] == [] and answer["origin"] == "synthetic"
    assert len(answer["appointments"]) == terminal["requests"]
    assert answer["risk"] <= 0.01 < answer["risk_as_wished"]
    queue, wished = (
        max(one[name] for one in answer["slots"]) for name in ("queue", "queue_wished")
    )
    assert queue < min(1, wished)


def test_a_depot_is_found_for_the_box(dispatcher):
    answer = run(
        dispatcher, "empty-depots", container="CSQU3054383", start=[121.862, 29.93],
        depart_at=(ANCHOR + timedelta(hours=10)).isoformat(),
    )  # fmt: skip
    own = {one["name"]: one for one in answer["depots"]}
    assert own["柴桥空箱堆场（合成）"]["cause"] == "no-room"
    ranked = [one for one in answer["depots"] if one["rank"]]
    assert len(ranked) == 5 and ranked == sorted(ranked, key=lambda one: one["drive_s"])

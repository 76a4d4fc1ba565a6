"""What is planted among the sample's shipments is found by asking, and nothing else is."""

from datetime import timedelta

import pytest

from data.facts import read_facts
from tests.api.planningworld import outcome
from tests.conftest import ANCHOR

pytestmark = pytest.mark.db
FACTS = read_facts("shipments")
NOW = ANCHOR
PLANTED = [(key, kind) for key, kind in FACTS["planted"].items() if kind]


def listed(client, **asked):
    found = []
    asked = {"at": NOW.isoformat(), "limit": 100, **asked}
    while True:
        page = client.get("/api/shipments", params=asked)
        assert page.status_code == 200, page.text
        found += page.json()["features"]
        further = [link["href"] for link in page.json()["links"] if link["rel"] == "next"]
        if not further:
            return found
        asked = {**asked, "after": found[-1]["id"]}


@pytest.mark.parametrize(("key", "kind"), PLANTED)
def test_a_planted_fault_is_the_only_one_of_its_kind(dispatcher, key, kind):
    (one,) = listed(dispatcher, anomaly=kind)
    assert one["properties"]["key"] == key
    assert list(one["properties"]["anomalies"]) == [kind]
    assert one["properties"]["origin"] == "synthetic"


def test_all_others_went_well(dispatcher):
    every = listed(dispatcher)
    assert len(every) == FACTS["past"] + FACTS["coming"] + len(FACTS["planted"])
    wrong = {one["properties"]["key"] for one in every if one["properties"]["anomalies"]}
    assert wrong == {key for key, _ in PLANTED}
    past = [one["properties"] for one in every if one["properties"]["key"].startswith("past-")]
    assert {one["state"] for one in past} == {"returned"}


def whole(client, key, at=NOW):
    (one,) = [f for f in listed(client) if f["properties"]["key"] == key]
    answer = client.get(f"/api/shipments/{one['id']}", params={"at": at.isoformat()})
    assert answer.status_code == 200, answer.text
    return answer.json()["properties"]


def test_the_retracted_event_is_kept_and_does_not_count(dispatcher):
    told = whole(dispatcher, "retracted-event")
    assert told["state"] == "arrived"
    (back,) = [event for event in told["events"] if "retracts" in event]
    assert back["retracts"] in {event["id"] for event in told["events"]}


def test_the_bag_is_listed_with_its_last_node_and_the_return_with_both_events(dispatcher):
    assert whole(dispatcher, "bag-not-loaded")["place"] == "HGH"
    told = whole(dispatcher, "returned-twice")
    ((_, chain),) = told["chains"].items()
    (twice,) = chain["anomalies"]
    assert [event["id"][-5:] for event in twice["events"]][1] == "again"
    assert len(twice["events"]) == 2
    told = whole(dispatcher, "lost-scan")
    ((_, chain),) = told["chains"].items()
    (lost,) = [one for one in chain["milestones"] if one["status"] == "inferred"]
    assert lost["name"] == "loaded" and lost["after"] < lost["before"]


def test_an_arrival_is_learnt_from_past_shipments(dispatcher):
    told = whole(dispatcher, "lost-scan", NOW - timedelta(days=4, hours=22))
    arrival = told["arrival"]
    assert arrival["learnt"] == ["barge", "feeder"] and arrival["assumed"] == []
    assert arrival["low"] < arrival["expected"] < arrival["high"]
    assert whole(dispatcher, "lost-scan")["arrival"] is None


def test_a_closed_hub_replans_the_shipments_under_way(dispatcher):
    since = NOW + timedelta(hours=12)
    body = {
        "at": NOW.isoformat(), "table": True,
        "disruptions": [{"id": "gale", "kind": "hub", "ref": "beilun", "since": since.isoformat(),
                         "until": (since + timedelta(hours=36)).isoformat()}],
    }  # fmt: skip
    started = dispatcher.post("/api/linkage/disruptions", json=body)
    assert started.status_code == 201, started.text
    answer = outcome(dispatcher, started.json()["jobID"])
    totals = answer["totals"]
    # the one that is planned a month ahead rides no run to the minute
    assert totals["matched"].keys() == {"exact", "near"} and totals["matched"]["near"] == 1
    hit = [one for one in answer["affected"] if one["status"] != "unchanged"]
    assert hit and {one["origin"] for one in hit} == {"synthetic"}
    for one in hit:
        assert one["before"]["legs"] and one["after"]["legs"] and one["later_h"] is not None
        assert one["before"]["cost_cny"] is not None and set(one["matched"]) == {"exact"}
        assert one["because"] == ["gale"]
        assert any("beilun" in (leg["from_hub"], leg["to_hub"]) for leg in one["before"]["legs"])
    assert totals["gap"] <= 0.02 and totals["unserved"] == 0

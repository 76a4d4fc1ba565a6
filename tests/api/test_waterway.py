"""Voyages asked of a served waterway: a bridge, a lock of two chambers, a falling river."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest

from tests.api.planningworld import finished
from tests.api.waterworld import AT, LOCK, NOW, SHIP, VESSEL, ask, edge, fill, skipper, told
from tests.conftest import running_server

pytestmark = pytest.mark.db
LONGEST_S = 0.3


@pytest.fixture(scope="module")
def server(module_database_url):
    fill(module_database_url)
    with running_server(module_database_url, workers=1) as running:
        yield running


@pytest.fixture(scope="module")
def client(server):
    with closing(server.client()) as found:
        yield found


def test_a_vessel_passes_as_the_water_stands(client):
    found = told(ask(client, "path", "A", "E", include=["edges", "profile"]))
    properties = found["features"][0]["properties"]
    assert properties["answer"] == "passes"
    assert properties["edges"] == [str(edge(n)) for n in ("AB", "BC", "CD", "DE")]
    bridge, lock = properties["structures"]
    assert (bridge["kind"], lock["kind"], lock["lock"]) == ("bridge", "lock", True)
    assert lock["openings"][1]["sizes"] == {"length": 100.0, "width": 14.0, "sill": 3.0}
    assert bridge["leave_s"] == pytest.approx(lock["enter_s"])
    assert properties["eta"]["with_locks_s"]["p50"] == properties["eta"]["travel_s"] + 1200
    along = properties["profile_along"]
    assert along[1]["admits"]["air_draught_m"]["sure"] == pytest.approx(7.55 - 0.3)
    assert properties["margins_rule"]


def test_one_that_is_too_high_is_refused_at_the_bridge_with_the_number(client):
    refused = ask(client, "path", "A", "E", vessel={"air_draught_m": 7.3})
    assert refused.status_code == 422
    body = refused.json()
    assert body["type"] == "/problems/limit-violated"
    (named,) = {one["edge"] for one in body["edges"]}
    assert named == str(edge("BC"))
    (shown,) = body["limits"]
    (opening,) = shown["structures"][0]["openings"]
    height = next(one for one in opening["limits"] if one["kind"] == "clearance")
    assert height["available"]["most"] == pytest.approx(7.57, abs=0.03)
    assert (height["needed"], height["gauge"]["datum"]) == (7.6, "1985")


def test_no_chamber_fits_both_length_and_beam(client):
    body = ask(client, "path", "A", "E", vessel={"length_m": 110.0}).json()
    assert body["type"] == "/problems/limit-violated"
    chambers = body["limits"][0]["structures"][0]["openings"]
    assert [one["verdict"] for one in chambers] == ["refused", "refused"]
    assert told(ask(client, "check", "A", "E", vessel={"length_m": 110.0, "beam_m": 7.0}))[
        "answer"] == "passes"  # fmt: skip


def test_what_is_not_known_is_named_and_a_declared_value_settles_it_for_one_account(server, client):
    unsure = told(ask(client, "check", "A", "F"))
    assert unsure["answer"] == "cannot_tell"
    (missing,) = unsure["missing"]
    assert (missing["what"], missing["kind"], missing["at_least"]) == ("limit", "depth", 2.3)
    assert missing["edges"] == [str(edge("BF"))]
    with closing(server.client("dispatcher")) as mine, closing(server.client("wenzhou")) as other:
        declared = {"kind": "depth", "value": 2.6, "edge_id": str(edge("BF"))}
        made = mine.post("/api/waterway/declared", json=declared)
        assert made.status_code == 201, made.text
        settled = told(ask(mine, "check", "A", "F"))
        assert (settled["answer"], settled["declared_values"]) == ("passes", [made.json()["id"]])
        for nobody in (client, other):
            assert told(ask(nobody, "check", "A", "F"))["answer"] == "cannot_tell"
        assert told(other.get("/api/waterway/declared")) == {"declared": []}
        gone = mine.delete(f"/api/waterway/declared/{made.json()['id']}")
        assert gone.status_code == 200, gone.text
        assert told(ask(mine, "check", "A", "F"))["answer"] == "cannot_tell"
    assert client.get("/api/waterway/declared").status_code == 401


def test_schematic_lines_let_nobody_pass(server, client):
    found = told(ask(client, "check", "G", "H"))
    assert found["answer"] == "cannot_tell"
    assert [one["what"] for one in found["missing"]] == ["survey"]
    generic = {"profile": "barge", "waypoints": [AT["G"], AT["H"]], "vehicle": VESSEL}
    assert client.post("/api/paths", json=generic).status_code == 422


def test_the_rising_river_opens_no_bridge_and_the_falling_one_does(client):
    later = (NOW + timedelta(hours=72)).isoformat()
    high = {"air_draught_m": 7.3, "draught_m": 1.5}
    assert told(ask(client, "check", "A", "C", vessel=high))["answer"] == "refused"
    assert (
        told(ask(client, "check", "A", "C", vessel=high, depart_at=later))["answer"]
        == "cannot_tell"
    )


def test_the_largest_sizes_name_the_edge_that_limits_them(client):
    found = told(ask(client, "largest", "A", "E"))
    largest = found["largest"]
    assert largest["draught_m"]["sure"]["size"] == pytest.approx(3.0 - 0.25 - 0.3, abs=0.03)
    assert largest["draught_m"]["sure"]["limiting"]["edge"] == str(edge("BC"))
    assert largest["beam_m"]["sure"]["size"] == 13.0
    assert largest["beam_m"]["sure"]["limiting"]["edge"] == str(edge("CD"))
    assert largest["length_m"]["sure"]["size"] == 118.0
    assert found["together"] == "refused"  # no chamber has both the length and the beam
    none = told(ask(client, "largest", "A", "F"))["largest"]["draught_m"]
    assert (none["sure"]["size"], none["may"]["size"]) == (None, 2.7)


def test_tonnes_fall_with_the_river(client):
    payload = [[1.0, 100.0], [2.0, 400.0], [3.0, 700.0]]
    found = told(ask(client, "loading", "A", "E", payload=payload, days=3,
                     vessel={"air_draught_m": 6.0, "draught_m": None}))  # fmt: skip
    sure = [day["payload_t"]["p10"] for day in found["days"]]
    assert sure == sorted(sure, reverse=True) and sure[0] > sure[-1] > 0
    assert all(d["payload_t"]["p10"] <= d["payload_t"]["p50"] for d in found["days"])
    assert found["days"][0]["limiting"]["edge"] == str(edge("BC"))
    far = (NOW + timedelta(days=30)).isoformat()
    none = ask(client, "loading", "A", "C", payload=payload, days=2, depart_at=far,
               vessel={"air_draught_m": 6.0, "draught_m": None})  # fmt: skip
    assert (none.status_code, none.json()["pointer"]) == (400, "/depart_at")
    doubt = ask(client, "loading", "A", "F", payload=payload, days=2, depart_at=far,
                vessel={"air_draught_m": 6.0, "draught_m": None})  # fmt: skip
    assert told(doubt)["answer"] == "cannot_tell"


def test_an_expired_paper_refuses_with_its_article(server):
    with closing(server.client("dispatcher")) as mine:
        asked = {"asset_id": str(SHIP), "crew": 3, "gross_tonnage": 250.0}
        found = told(ask(mine, "check", "A", "E", vessel=asked))
        assert found["answer"] == "refused"
        (fault,) = found["papers"]
        assert (fault["kind"], fault["fault"]) == ("inspection", "expired")
        assert "第六条" in fault["article"]
        few = told(ask(mine, "check", "A", "E", vessel={**asked, "crew": 2}))
        assert {p["fault"] for p in few["papers"]} == {"expired", "too_few_on_board"}


def test_a_paper_must_hold_until_the_voyage_ends(server):
    with closing(server.client("dispatcher")) as mine:
        asked = {"asset_id": str(SHIP), "crew": 3, "gross_tonnage": 250.0}
        travel = told(ask(mine, "check", "A", "E", vessel=asked))["eta"]["with_locks_s"]["p50"]
        last = NOW + timedelta(days=90)
        before = last - timedelta(seconds=travel * 0.5)
        found = told(ask(mine, "check", "A", "E", vessel=asked, depart_at=before.isoformat()))
        assert {"master", "manning"} <= {p["kind"] for p in found["papers"]}
        edges = {"vessel": {**VESSEL, **asked}, "edges": [str(edge("AB"))]}
        here = told(
            mine.post("/api/waterway/check", json=edges | {"depart_at": before.isoformat()})
        )
        assert [p["kind"] for p in here["papers"]] == ["inspection"]


@pytest.mark.parametrize(
    ("vessel", "more", "pointer"),
    [
        ({"beam_m": 0.0}, {}, "beam_m"),
        ({"class": "VIII"}, {}, "class"),
        ({}, {"depart_at": "2020-01-01T00:00:00+08:00"}, "/depart_at"),
        ({"draught_m": 31.0}, {}, "draught_m"),
    ],
)
def test_a_bad_vessel_is_told_where_it_is_wrong(client, vessel, more, pointer):
    answer = ask(client, "path", "A", "E", vessel=vessel, **more)
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/bad-parameter"
    assert pointer in answer.text


def test_the_skippers_one_question_is_answered_soon(client):
    query = {"from": "120.0,30.0", "to": "120.1,30.0", **{k: str(v) for k, v in VESSEL.items()}}
    for _ in range(2):
        answer = client.get("/api/waterway/check", params=query)
    assert told(answer)["answer"] == "passes"
    assert answer.elapsed.total_seconds() < LONGEST_S
    assert client.get("/api/waterway/check", params={**query, "from": "here"}).status_code == 400


def test_a_survey_that_lets_most_pass_is_chosen(server):
    def demand(first, last, tonnes):
        ends = {"origin": first, "destination": last}
        return {**{k: {"id": n, "point": AT[n]} for k, n in ends.items()}, "tonnes": tonnes}

    asked = [demand("A", "E", 1000.0), demand("A", "F", 500.0), demand("E", "F", 100.0)]
    with closing(server.client("dispatcher")) as mine:
        found = finished(mine, "waterway-surveys", {"demands": asked, "vessel": VESSEL, "count": 1})
    (survey,) = found["surveys"]
    assert survey["value"]["edges"] == [str(edge("BF"))]
    summary = found["summary"]
    assert summary["unlocked_tkm"] == summary["bound_tkm"] == summary["waiting_tkm"] > 0
    assert [one["unlocked"] for one in found["demands"]] == [False, True, True]
    assert [one["answer"] for one in found["demands"]] == ["passes", "cannot_tell", "cannot_tell"]


def test_what_keeps_a_class_is_listed(client):
    found = told(client.get("/api/waterway/classes", params={"class": "III"}))
    assert found["falls_short_km"] + found["cannot_tell_km"] + found["keeps_km"] == pytest.approx(
        found["total_km"], abs=0.01
    )
    assert found["cannot_tell_by_cause_km"].keys() <= {"depth", "width", "bend_radius", "survey"}
    reasons = {r["kind"] for one in found["blocks"] for r in one["reasons"]}
    assert {"class", "survey", "bend_radius"} <= reasons


def test_a_skipper_is_told_four_things_by_one_get(client):
    skipper(client)  # the first question opens the network
    begun = monotonic()
    answer = skipper(client)
    took = monotonic() - begun
    assert answer.status_code == 200, answer.text
    page = answer.text
    assert 'class="verdict passes"' in page
    for part in ("verdict", "when", "much", "stops"):
        assert f'id="{part}"' in page
    assert page.count(" t</td>") >= 4, "tonnes of days"
    assert "Nothing is in the way" in page
    assert f'data-at="{datetime.now(UTC):%Y-%m-%dT%H}' in page
    assert answer.headers["cache-control"] == "no-store"
    assert took < LONGEST_S, took


def test_a_skipper_is_told_what_stops_a_vessel_and_what_is_missing(client):
    refused = skipper(client, air_draught_m=7.6).text
    assert 'class="verdict refused"' in refused
    assert "Clear height" in refused and "needs 7.90 m" in refused
    unsure = skipper(client, to="120.05,30.1").text
    assert 'class="verdict cannot_tell"' in unsure
    assert "Missing Depth ≥ 2.3" in unsure
    chinese = skipper(client, lang="zh").text
    assert "可以通过" in chinese and 'lang="zh-CN"' in chinese


def test_the_page_of_a_skipper_asks_for_nothing_and_holds_no_markup_of_others(client):
    answer = skipper(client, to='"><script>alert(1)</script>')
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "is no place" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    form = client.get("/api/waterway/skipper", params={"lang": "zh"})
    assert form.status_code == 200 and 'id="verdict"' not in form.text
    assert "http" not in form.text.split("<main>")[1]
    for wrong in ({"draught_m": -1}, {"draught_m": 1e300}, {"length_m": "nan"}):
        assert skipper(client, **wrong).status_code == 400, wrong


def test_a_form_sent_with_blank_fields_leaves_them_unknown(client):
    page = skipper(client, beam_m="", length_m=" ").text
    assert 'class="verdict cannot_tell"' in page
    assert "Missing Beam m" in page and "Missing Length m" in page
    grounded = skipper(client, draught_m=9.0, light_m=8.0).text
    assert 'class="verdict refused"' in grounded and "no draught passes" in grounded


@pytest.mark.parametrize("place", ["nan,nan", "inf,30", "120.0,-inf"])
def test_a_place_that_is_no_number_is_told(client, place):
    assert "is no place" in skipper(client, **{"from": place}).text
    asked = client.get("/api/waterway/check", params={"from": place, "to": "120.2,30.0"})
    assert (asked.status_code, asked.json()["type"]) == (400, "/problems/bad-parameter")


def test_a_notice_closes_an_edge_as_on_roads(server, client):
    # the last one, as the lock stays closed
    with closing(server.client("dispatcher")) as desk:
        until = (NOW + timedelta(hours=40)).isoformat()
        notice = {"kind": "closure", "cause": "works", "valid_to": until,
                  "target": {"facility_id": str(LOCK)}}  # fmt: skip
        made = desk.post("/api/events", json=notice)
        assert made.status_code == 201, made.text
        assert ask(client, "path", "A", "E").json()["type"] == "/problems/unreachable"

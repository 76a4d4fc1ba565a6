"""Our own door: no two plans share airspace; what waits is decided once, an override by two."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from api.airspace.extents import Volume4DBody, parse_extents
from spatial.postgres.db import connect
from tests.api.utmworld import REFERENCES, Place, Uss, uss_that_listens

pytestmark = pytest.mark.db
PLANS = "/api/airspace/operations"
LAW = "《无人驾驶航空器飞行管理暂行条例》第二十六条"


@pytest.fixture(scope="module")
def server(served):
    """Return the server whose clients the tests take."""
    return served


@pytest.fixture
def place():
    return Place()


@pytest.fixture(scope="module")
def officer(dispatcher):
    return dispatcher


@pytest.fixture(scope="module")
def admin(server):
    client = server.client("admin")
    yield client
    client.close()


@pytest.fixture(scope="module")
def operator(planner):
    return planner


def file(client, volume, **more):
    key = more.pop("key", None)
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(PLANS, json={"volumes": [volume], **more}, headers=headers)


def filed(client, volume, status=201, **more):
    answer = file(client, volume, **more)
    assert answer.status_code == status, answer.text
    return answer.json()


def decide(client, plan, decision="approve", **more):
    body = {"decision": decision, "legal_text": LAW, **more}
    return client.post(f"{PLANS}/{plan['id']}/decision", json=body)


def extents(*volumes):
    return parse_extents([Volume4DBody.model_validate_json(json.dumps(v)) for v in volumes])


@pytest.mark.parametrize("who", ["dispatcher", "planner", "ningbo"])
@pytest.mark.parametrize(
    ("change", "stands"),
    [
        ({"heights": (100, 140)}, True),
        ({"heights": (99.98, 140)}, False),
        ({"box": (1000.02, 0, 2000, 1000)}, True),
        ({"box": (999.98, 0, 2000, 1000)}, False),
        ({"seconds": (600, 1200)}, True),
    ],
)
def test_plans_that_touch_stand_and_plans_that_overlap_do_not(
    clients, officer, place, change, stands, who
):
    """AL-H10 at our own door, for every client."""
    first = filed(officer, place.volume())
    answer = file(clients[who], place.volume(**change))
    if stands:
        assert answer.status_code in (201, 202), answer.text
        return
    assert answer.status_code == 409
    problem = answer.json()
    assert [told["id"] for told in problem["conflicts"]] == [first["id"]]
    offered = problem["alternatives"]
    assert {one["by"] for one in offered} == {"time", "height", "side"}
    assert [one["cost"] for one in offered] == sorted(one["cost"] for one in offered)
    taken = extents(place.volume())
    for one in offered:
        moved = extents(*one["volumes"])
        assert not any(a.volume.overlaps(b.volume) for a in taken for b in moved)
    again = clients[who].post(PLANS, json={"volumes": offered[0]["volumes"]})
    assert again.status_code in (201, 202), again.text


def test_the_standards_door_and_ours_share_one_airspace(api, officer, place):
    uss = Uss(api)
    other = uss.put([place.volume()]).json()["operational_intent_reference"]
    refused = file(officer, place.volume())
    assert [told["id"] for told in refused.json()["conflicts"]] == [other["id"]]
    assert uss.ask("DELETE", f"{REFERENCES}/{other['id']}/{other['ovn']}").status_code == 200
    ours = filed(officer, place.volume())
    blind = uss.put([place.volume()])
    assert [row["id"] for row in blind.json()["missing_operational_intents"]] == [ours["id"]]
    details = uss.ask("GET", f"/uss/v1/operational_intents/{ours['id']}").json()
    ovn = details["operational_intent"]["reference"]["ovn"]
    assert ovn == ours["ovn"]
    told = uss.put([place.volume()], key=[ovn])
    assert told.status_code == 201, told.text
    both = officer.get(f"{PLANS}/{ours['id']}").json()
    assert both["conflicts"] == [told.json()["operational_intent_reference"]["id"]]
    assert both["ovn"] == ours["ovn"]


def test_a_higher_priority_stands_over_a_lower_one_and_marks_it(officer, place):
    low = filed(officer, place.volume())
    high = filed(officer, place.volume(), priority=50)
    assert officer.get(f"{PLANS}/{low['id']}").json()["conflicts"] == [high["id"]]
    assert file(officer, place.volume(), priority=50).status_code == 409


def test_a_plan_sent_again_is_filed_once(officer, place):
    key = uuid4().hex
    first = file(officer, place.volume(), key=key)
    again = file(officer, place.volume(), key=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert file(officer, place.volume(), key=uuid4().hex).status_code == 409


def test_an_id_is_taken_once(operator, officer, place):
    plan = filed(operator, place.volume(), 202)
    assert file(operator, place.volume(seconds=(900, 1200)), id=plan["id"]).status_code == 409
    assert file(officer, place.volume(seconds=(900, 1200)), id=plan["id"]).status_code == 409
    assert decide(officer, plan).status_code == 200


def test_an_activation_whose_answer_was_lost_is_done_once(officer, place):
    plan = filed(officer, place.volume())
    body = {"ovn": plan["ovn"], "state": "Activated"}
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda _: officer.patch(f"{PLANS}/{plan['id']}", json=body), range(4))
        )
    assert [a.status_code for a in answers] == [200] * 4, [a.text for a in answers]
    current = officer.get(f"{PLANS}/{plan['id']}").json()
    assert {a.json()["ovn"] for a in answers} == {current["ovn"]} != {plan["ovn"]}
    assert current["version"] == 2
    wrong = officer.patch(f"{PLANS}/{plan['id']}", json=body | {"state": "Accepted"})
    assert wrong.status_code == 409
    ended = officer.patch(f"{PLANS}/{plan['id']}", json={"state": "Ended"})
    assert ended.json()["state"] == "Ended"
    assert filed(officer, place.volume())["state"] == "Accepted"


def test_an_operator_files_and_an_officer_decides(operator, officer, place):
    assert file(operator, place.volume(), state="Accepted").status_code == 403
    plan = filed(operator, place.volume(), 202, title="巡检")
    assert decide(operator, plan).status_code == 403
    row = waiting(officer)[plan["id"]]
    assert (row["title"], row["conflicts"], row["rivals"]) == ("巡检", [], [])
    approved = decide(officer, plan)
    assert approved.status_code == 200, approved.text
    assert (approved.json()["state"], approved.json()["legal_text"]) == ("Accepted", LAW)
    assert plan["id"] not in waiting(officer)
    assert decide(officer, plan, "deny").status_code == 409
    other = filed(operator, place.volume(seconds=(900, 1200)), 202)
    assert decide(officer, other, "deny", reason="x").json()["state"] == "Denied"
    body = {"decision": "deny", "legal_text": ""}
    assert officer.post(f"{PLANS}/{other['id']}/decision", json=body).status_code == 400


def test_what_was_approved_is_not_changed_into_something_else(operator, officer, place):
    plan = approved(operator, officer, place.volume())

    def change(**more):
        held = operator.get(f"{PLANS}/{plan['id']}").json()
        return operator.patch(f"{PLANS}/{plan['id']}", json={"ovn": held["ovn"], **more})

    for beyond in (
        {"volumes": [place.volume(box=(5000, 0, 6000, 1000))]},
        {"volumes": [place.volume(heights=(50, 200))]},
        {"volumes": [place.volume(seconds=(0, 601))]},
        {"volumes": [place.volume(), place.volume(seconds=(900, 1200))]},
        {"priority": 90},
        {"priority": 90, "state": "Activated"},
    ):
        refused = change(**beyond)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/scope"), beyond
    less = change(volumes=[place.volume(box=(100, 100, 900, 900), seconds=(60, 500))])
    assert less.status_code == 200, less.text
    assert change(state="Activated").status_code == 200
    away = place.volume(box=(100, 100, 3000, 900), seconds=(60, 700))
    assert change(state="Nonconforming", volumes=[away], priority=90).status_code == 403
    assert change(state="Nonconforming", volumes=[away]).status_code == 200
    assert change(state="Activated", volumes=[away]).status_code == 403
    again = change(state="Activated")  # as it was planned
    assert again.status_code == 200, again.text
    assert extents(*again.json()["volumes"])[0].end == extents(*less.json()["volumes"])[0].end
    held = officer.get(f"{PLANS}/{plan['id']}").json()
    moved = {"ovn": held["ovn"], "volumes": [place.volume(box=(5000, 0, 6000, 1000))]}
    assert officer.patch(f"{PLANS}/{plan['id']}", json=moved).status_code == 200


def approved(operator, officer, volume):
    plan = filed(operator, volume, 202)
    answer = decide(officer, plan)
    assert answer.status_code == 200, answer.text
    return plan


def test_officers_decide_on_plans_of_their_area_alone(clients, operator, officer, place):
    duty = clients["ningbo"]
    plan = filed(operator, place.volume(), 202, visibility="public")
    for decision in ("approve", "deny"):
        refused = decide(duty, plan, decision)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/scope")
    assert decide(duty, plan, override=True).status_code == 403
    assert decide(officer, plan).status_code == 200
    assert duty.patch(f"{PLANS}/{plan['id']}", json={"state": "Ended"}).status_code == 403
    elsewhere = place.volume(seconds=(900, 1200))
    assert file(duty, elsewhere, state="Accepted").status_code == 403
    assert filed(duty, elsewhere, 202)["state"] == "Filed"


def waiting(client):
    answer = client.get("/api/airspace/approvals", params={"limit": 500})
    assert answer.status_code == 200, answer.text
    return {row["id"]: row for row in answer.json()["waiting"]}


def test_two_officers_never_approve_two_overlapping_plans(operator, officer, admin):
    """Five rounds of the fifty that the bench has."""
    for _ in range(5):
        place = Place()
        one, two = filed(operator, place.volume(), 202), filed(operator, place.volume(), 202)
        assert waiting(officer)[one["id"]]["rivals"] == [two["id"]]
        with ThreadPoolExecutor(2) as pool:
            answers = [
                future.result()
                for future in (pool.submit(decide, officer, one), pool.submit(decide, admin, two))
            ]
        assert sorted(a.status_code for a in answers) == [200, 409], [a.text for a in answers]


def test_an_override_takes_two_persons(operator, officer, admin, place):
    plan = filed(operator, place.volume(), 202)
    taken = filed(officer, place.volume())
    assert waiting(officer)[plan["id"]]["conflicts"][0]["id"] == taken["id"]
    assert decide(officer, plan).status_code == 409
    first = decide(officer, plan, override=True, reason="rescue")
    assert (first.status_code, first.json()["state"]) == (202, "Filed")
    assert decide(officer, plan, override=True).status_code == 403
    second = decide(admin, plan, override=True)
    assert (second.status_code, second.json()["state"]) == (200, "Accepted")
    assert (second.json()["override_by"], second.json()["decided_by"]) == ("dispatcher", "admin")
    assert officer.get(f"{PLANS}/{taken['id']}").json()["conflicts"] == [plan["id"]]


@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_who_proposed_an_override_may_decide_without_it(operator, officer, place, decision):
    plan = filed(operator, place.volume(), 202)
    assert decide(officer, plan, override="yes").status_code == 400
    assert decide(officer, plan, override=True).status_code == 202
    decided = decide(officer, plan, decision)
    assert decided.status_code == 200, decided.text
    assert (decided.json()["override_by"], decided.json()["decided_by"]) == (None, "dispatcher")


def test_two_hundred_waiting_plans_open_within_a_second(server, operator, officer):
    place = Place()
    corners = [(n % 20 * 300, n // 20 * 300) for n in range(200)]
    volumes = [place.volume(box=(x, y, x + 250, y + 250)) for x, y in corners]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda volume: filed(operator, volume, 202, aircraft="light"), volumes))
    waiting(officer)
    began = time.perf_counter()
    found = waiting(officer)
    assert time.perf_counter() - began < 3.0  # a second where nothing else runs: see the bench
    assert len(found) >= 200
    with connect(server.database_url) as conn:
        conn.execute("DELETE FROM operation WHERE state = 'Filed'")


def test_clocks_and_horizons(officer, place):
    late = (datetime.now(UTC) - timedelta(seconds=20)).isoformat()
    refused = file(officer, place.volume(), sent_at=late)
    assert refused.status_code == 400
    assert "时钟相差" in refused.json()["detail"]
    far = 31 * 86_400
    assert file(officer, place.volume(seconds=(far, far + 60))).status_code == 400
    assert file(officer, place.volume(seconds=(-9000, -8000))).status_code == 400


def test_a_plan_whose_time_is_over_is_approved_no_more(server, operator, officer, place):
    plan = filed(operator, place.volume(), 202)
    over = "UPDATE operation SET planned_start = %s, planned_end = %s WHERE id = %s"
    begin = datetime.now(UTC) - timedelta(hours=1)
    with connect(server.database_url) as conn:
        conn.execute(over, [begin, begin + timedelta(minutes=10), plan["id"]])
    assert decide(officer, plan).status_code == 409
    assert decide(officer, plan, "deny").status_code == 200


def test_who_may_see_a_plan(clients, officer, place):
    plan = filed(officer, place.volume())
    assert clients["anonymous"].get(f"{PLANS}/{plan['id']}").status_code == 401
    assert clients["anonymous"].post(PLANS, json={"volumes": [place.volume()]}).status_code == 401
    assert clients["ningbo"].get(f"{PLANS}/{plan['id']}").status_code == 404
    listed = officer.get(PLANS, params={"state": "Accepted", "limit": 1000}).json()["operations"]
    assert plan["id"] in [row["id"] for row in listed]
    assert UUID(plan["id"]).version == 7


def test_a_system_on_this_machine_is_told_and_no_other_is_called(api, officer, place):
    with uss_that_listens(api) as (uss, got):
        stranger = Uss(api)
        area = place.volume(box=(-500, -500, 1500, 1500), heights=(0, 500))
        mine = uss.subscribe(area).json()["subscription"]
        assert stranger.subscribe(area).status_code == 200
        plan = filed(officer, place.volume())
        path, told = got.get(timeout=30)
    assert path == "/utm/uss/v1/operational_intents"
    assert told["operational_intent"]["reference"]["ovn"] == plan["ovn"]
    assert told["subscriptions"] == [{"subscription_id": mine["id"], "notification_index": 1}]
    assert got.empty()

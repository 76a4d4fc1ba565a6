"""The standard's door (ASTM F3548-21): it proves that planners know of each other."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from implicitdict import ImplicitDict
from uas_standards.astm.f3548.v21 import api as f3548
from uas_standards.astm.f3548.v21 import constants

from api.airspace import dss_tokens
from api.airspace.extents import MOST_VERTICES
from api.app import TABLE
from spatial.ids import uuid7
from spatial.postgres.db import connect
from tests.api.utmworld import CONSTRAINTS, REFERENCES, SUBSCRIPTIONS, Place, Uss

pytestmark = pytest.mark.db
TURN = (0, 0, 1000, 1000)


@pytest.fixture
def place():
    return Place()


@pytest.fixture
def one(api):
    return Uss(api)


@pytest.fixture
def two(api):
    return Uss(api)


def reference(answer, status=201):
    assert answer.status_code == status, answer.text
    told = ImplicitDict.parse(answer.json(), f3548.ChangeOperationalIntentReferenceResponse)
    assert told.operational_intent_reference.version >= 1
    return answer.json()["operational_intent_reference"]


def test_the_routes_and_numbers_are_the_standards():
    ours = {(r.method, r.path) for r in TABLE.all if r.path.startswith("/dss/")}
    theirs = {
        (op.verb, op.path.replace("{report_id}", "{id}"))
        for op in f3548.OPERATIONS.values()
        if op.path.startswith("/dss/")
    }
    assert ours == theirs
    assert {scope.value for scope in constants.Scope} == set(dss_tokens.ALL)
    assert constants.TimeSyncMaxDifferentialSeconds == dss_tokens.SKEW_S
    assert constants.OiMaxVertices == MOST_VERTICES


@pytest.mark.parametrize(
    ("change", "shares"),
    [
        ({"heights": (100, 140)}, False),
        ({"heights": (99.98, 140)}, True),
        ({"box": (1000.02, 0, 2000, 1000)}, False),
        ({"box": (999.98, 0, 2000, 1000)}, True),
        ({"seconds": (600, 1200)}, False),
        ({"circle": 30}, True),
    ],
)
def test_knowledge_of_what_overlaps_is_proved_and_both_are_marked(
    served, one, two, place, change, shares
):
    """AL-H10 at this door; who shares a cell, heights and time must know, whoever overlaps."""
    first = reference(one.put([place.volume()]))
    volume, new = place.volume(**change), str(uuid4())
    refused = two.put([volume], new)
    if refused.status_code == 409:
        missing = refused.json()["missing_operational_intents"]
        assert [row["id"] for row in missing] == [first["id"]]
        assert missing[0]["ovn"] == "Available from USS"
    assert (refused.status_code == 409) or not shares
    second = (
        reference(two.put([volume], new, key=[first["ovn"]]))
        if refused.status_code == 409
        else (refused.json()["operational_intent_reference"])
    )
    with connect(served.database_url) as conn:
        marked = conn.execute(
            "SELECT entity_id, other_id FROM utm_conflict WHERE entity_id = ANY (%s)",
            [[UUID(first["id"]), UUID(second["id"])]],
        ).fetchall()
    pair = (UUID(first["id"]), UUID(second["id"]))
    assert set(marked) == ({pair, pair[::-1]} if shares else set())
    assert one.details(first["id"])["ovn"] == first["ovn"]


def test_heights_and_times_that_only_touch_need_no_key(one, two, place):
    reference(one.put([place.volume()]))
    reference(two.put([place.volume(heights=(100, 140))]))
    reference(two.put([place.volume(seconds=(600, 1200))]))


def test_an_ovn_changes_exactly_when_the_version_does(served, one, two, place):
    first = reference(one.put([place.volume()]))
    reference(two.put([place.volume(circle=50)], key=[first["ovn"]]))
    assert one.details(first["id"]) == first
    sub = {"uss_base_url": one.url}
    next_ = reference(
        one.put([place.volume(heights=(60, 90))], first["id"], first["ovn"], state="Activated",
                new_subscription=sub, key=[two_ovn(two, place)]), 200,
    )  # fmt: skip
    assert (next_["version"], next_["state"]) == (2, "Activated")
    assert next_["ovn"] != first["ovn"]
    stale = one.put([place.volume()], first["id"], first["ovn"])
    assert stale.status_code == 409
    assert stale.json()["operational_intent_reference"]["ovn"] == next_["ovn"]
    with (
        connect(served.database_url) as conn,
        pytest.raises(Exception, match="exactly when its version"),
    ):
        conn.execute("UPDATE utm_entity SET ovn = 'x' WHERE id = %s", [first["id"]])


def two_ovn(two, place):
    found = two.ask("POST", f"{REFERENCES}/query", {"area_of_interest": place.volume()})
    return next(
        row["ovn"] for row in found.json()["operational_intent_references"]
        if row["manager"] == two.name
    )  # fmt: skip


def test_a_change_whose_answer_was_lost_is_done_once(one, place):
    first = reference(one.put([place.volume()]))
    change = {"state": "Activated", "new_subscription": {"uss_base_url": one.url}}
    ask = lambda: one.put([place.volume()], first["id"], first["ovn"], **change)  # noqa: E731
    with ThreadPoolExecutor(4) as pool:
        answers = [future.result() for future in [pool.submit(ask) for _ in range(4)]]
    told = [reference(answer, 200) for answer in answers]
    assert {row["ovn"] for row in told} == {one.details(first["id"])["ovn"]}
    assert {row["version"] for row in told} == {2}
    again = one.put([place.volume()], first["id"])
    assert again.status_code == 409
    assert again.json()["operational_intent_reference"] == one.details(first["id"])


def test_plans_of_the_same_moment_never_miss_each_other(one, place):
    systems = [Uss(one.api) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda uss: uss.put([place.volume(circle=40)]), systems))
    assert sorted(a.status_code for a in answers) == [201] + [409] * 7


def test_subscribers_are_counted_and_named(one, two, place):
    area = place.volume(box=(-500, -500, 1500, 1500), heights=(0, 500))
    made = two.subscribe(area, constraints=True)
    assert made.status_code == 200, made.text
    ImplicitDict.parse(made.json(), f3548.PutSubscriptionResponse)
    mine = made.json()["subscription"]
    put = one.put([place.volume()])
    told = put.json()["subscribers"]
    assert told == [{"uss_base_url": two.url, "subscriptions": [
        {"subscription_id": mine["id"], "notification_index": 1}]}]  # fmt: skip
    limit = one.put_constraint([place.volume(circle=20)])
    assert limit.status_code == 201, limit.text
    assert limit.json()["subscribers"][0]["subscriptions"][0]["notification_index"] == 2
    first, rule = reference(put), limit.json()["constraint_reference"]
    blind = two.put([place.volume()], subscription_id=mine["id"], key=[first["ovn"]])
    assert blind.status_code == 409
    assert [row["id"] for row in blind.json()["missing_constraints"]] == [rule["id"]]
    seen = two.put([place.volume()], subscription_id=mine["id"], key=[first["ovn"], rule["ovn"]])
    own = reference(seen)
    kept = two.ask("DELETE", f"{SUBSCRIPTIONS}/{mine['id']}/{mine['version']}")
    assert kept.status_code == 400
    small = two.subscribe(place.volume(heights=(90, 95)), mine["id"], mine["version"])
    assert small.status_code == 400
    assert two.ask("DELETE", f"{REFERENCES}/{own['id']}/{own['ovn']}").status_code == 200
    gone = two.ask("DELETE", f"{SUBSCRIPTIONS}/{mine['id']}/{mine['version']}")
    assert gone.status_code == 200
    assert one.ask("DELETE", f"{CONSTRAINTS}/{rule['id']}/{rule['ovn']}").status_code == 200


def test_only_its_manager_changes_an_intent_and_an_implicit_subscription_ends_with_it(
    one, two, place
):
    made = reference(one.put([place.volume()], new_subscription={"uss_base_url": one.url}))
    other = two.put([place.volume()], made["id"], made["ovn"])
    assert other.status_code == 403
    assert two.ask("DELETE", f"{REFERENCES}/{made['id']}/{made['ovn']}").status_code == 403
    implicit = f"{SUBSCRIPTIONS}/{made['subscription_id']}"
    assert one.ask("GET", implicit).json()["subscription"]["implicit_subscription"]
    assert two.ask("GET", implicit).status_code == 403
    assert one.ask("DELETE", f"{REFERENCES}/{made['id']}/x").status_code == 409
    assert one.ask("DELETE", f"{REFERENCES}/{made['id']}/{made['ovn']}").status_code == 200
    assert one.ask("GET", implicit).status_code == 404
    assert one.ask("GET", f"{REFERENCES}/{made['id']}").status_code == 404


def test_what_is_over_blocks_nobody_and_is_evicted(served, one, two, place):
    made = reference(one.put([place.volume()]))
    with connect(served.database_url) as conn:
        conn.execute(
            "UPDATE utm_entity SET ends = now() - interval '1 s' WHERE id = %s", [made["id"]]
        )
    reference(two.put([place.volume()]))
    for _ in range(100):
        if one.ask("GET", f"{REFERENCES}/{made['id']}").status_code == 404:
            break
        time.sleep(0.1)
    else:
        pytest.fail("it was not evicted")


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({}, 200),
        ({"kid": None}, 200),
        ({"scopes": (dss_tokens.PROCESSING,)}, 403),
        ({"aud": "elsewhere.example"}, 401),
        ({"aud": None}, 401),
        ({"sub": None}, 401),
        ({"exp": time.time() - 60}, 401),
        ({"exp": time.time() + 7200}, 401),
        ({"key": ec.generate_private_key(ec.SECP256R1())}, 401),
    ],
)
def test_tokens(one, place, claims, status):
    body = {"area_of_interest": place.volume()}
    assert one.ask("POST", f"{REFERENCES}/query", body, **claims).status_code == status


def test_without_a_token_nothing_is_told(api, place):
    assert api.get(f"{REFERENCES}/{uuid4()}").status_code == 401
    key = {"Authorization": "Bearer sg_no-key-of-ours"}
    assert api.get(f"{REFERENCES}/{uuid4()}", headers=key).status_code == 401


def test_what_a_system_does_is_audited(served, one, place):
    made = reference(one.put([place.volume()]))
    for _ in range(100):
        with connect(served.database_url) as conn:
            found = conn.execute(
                "SELECT action, target FROM audit WHERE actor = %s", [f"uss:{one.name}"]
            ).fetchall()
        if found:
            break
        time.sleep(0.1)
    assert found == [("put", f"{REFERENCES[1:]}/{made['id']}")]


def test_clocks_that_differ_are_both_shown(one, place):
    late = one.ask("GET", f"{REFERENCES}/{uuid4()}", iat=time.time() + 30)
    assert late.status_code == 401
    assert "iat is 2" in late.json()["message"]
    assert "here it is 2" in late.json()["message"]
    suffix = str(uuid7())
    asked = reference(one.put([place.volume()], requested_ovn_suffix=suffix))
    assert asked["ovn"].endswith(suffix)
    old = UUID(int=uuid7().int - (60_000 << 80))
    refused = Uss(one.api).put([place.volume(seconds=(9000, 9060))], requested_ovn_suffix=str(old))
    assert refused.status_code == 400
    assert "clocks differ" in refused.json()["message"]


def broken(place, **volume):
    whole = place.volume()
    whole["volume"] |= volume
    return whole


def ring(place, *order):
    corners = place.corners(*TURN)
    return broken(place, outline_polygon={"vertices": [corners[n] for n in order]})


CIRCLE = {"center": {"lat": 1, "lng": 1}, "radius": {"value": 9, "units": "M"}}
GROUND = {"value": 9, "reference": "AGL", "units": "M"}
HIGH = {"value": 900, "reference": "W84", "units": "M"}


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (lambda p: ring(p, 0, 0, 0), 400),
        (lambda p: ring(p, 0, 2, 1, 3), 400),
        (lambda p: ring(p, 0, 1), 400),
        (lambda p: broken(p, outline_circle=CIRCLE), 400),
        (lambda p: broken(p, altitude_lower=GROUND), 400),
        (lambda p: broken(p, altitude_lower=HIGH), 400),
        (lambda p: broken(p, altitude_lower=None), 400),
        (lambda p: p.volume(seconds=(600, 0)), 400),
        (lambda p: p.volume(seconds=(-90_000, -80_000)), 400),
        (lambda p: p.volume(circle=40_000), 413),
        (lambda p: ring(p, 3, 2, 1, 0), 201),
        (lambda p: ring(p, 0, 1, 2, 3, 0), 201),
        (lambda p: ring(p, 0, 0, 1, 1, 2, 3), 201),
    ],
)
def test_areas(one, place, make, status):
    answer = one.put([make(place)])
    assert answer.status_code == status, answer.text


def test_an_area_over_the_antimeridian(one, two):
    place = Place()
    place.home = 179.995, 12.0
    first = reference(one.put([place.volume(circle=900)]))
    place.home = -179.998, 12.0
    blocked = two.put([place.volume(circle=100)])
    assert [r["id"] for r in blocked.json()["missing_operational_intents"]] == [first["id"]]
    found = two.ask("POST", f"{REFERENCES}/query", {"area_of_interest": place.volume(circle=50)})
    assert [r["id"] for r in found.json()["operational_intent_references"]] == [first["id"]]


def test_availability_and_reports(one):
    uss = f"/dss/v1/uss_availability/{uuid4().hex}"
    assert one.ask("GET", uss).json()["status"]["availability"] == "Unknown"
    down = one.ask("PUT", uss, {"old_version": "", "availability": "Down"})
    assert down.status_code == 200
    assert one.ask("PUT", uss, {"old_version": "", "availability": "Normal"}).status_code == 409
    assert one.ask("PUT", uss, {"availability": "purple"}).status_code == 400
    scopes = (dss_tokens.STRATEGIC,)
    assert one.ask("PUT", uss, {"availability": "Down"}, scopes=scopes).status_code == 403
    sent = one.ask("POST", "/dss/v1/reports", {"exchange": {"url": one.url}})
    assert sent.status_code == 201
    assert UUID(sent.json()["report_id"])
    assert one.ask("GET", "/aux/v1/validate_oauth").status_code == 200
    assert one.ask("GET", "/aux/v1/validate_oauth?owner=x").status_code == 403

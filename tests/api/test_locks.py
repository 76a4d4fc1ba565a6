"""Locks by HTTP: plans of what is given, declarations, check-in, versions that keep begins."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from api.network.rule_models import load_rules
from api.ports.locks.published import version_before
from data.accounts import load_accounts
from spatial.ids import stable_uuid7
from spatial.postgres.db import connect
from tests.conftest import running_server

pytestmark = pytest.mark.db
LOCKS = [stable_uuid7("locks", name) for name in ("first", "second")]
CHAMBERS = ((1, 200.0, 23.0, 4.0, 2400), (2, 120.0, 12.0, 3.2, 1800))
VESSEL = {"length_m": 55.0, "beam_m": 10.8, "draught_m": 2.0, "origin": "synthetic"}


def queue(up, down, lasts=12, most=None):
    chamber = {"id": "c", "length_m": 900, "beam_m": 12, "lasts_up": lasts, "lasts_down": lasts}
    ships = [
        {"id": f"{way}{k}", "way": way, "ready": at, "length_m": 40, "beam_m": 10}
        for way, times in (("up", up), ("down", down))
        for k, at in enumerate(times)
    ]
    return {"chambers": [chamber | {"most": most}], "ships": ships, "overtaken_most": 0}


def fill(conn):
    """Write two locks of two chambers each; of the first a third one whose size is not known."""
    conn.execute(
        "INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)"
        " VALUES ('locks', '测试', 'Test', 'CC0', 'Test')"
    )
    for k, lock in enumerate(LOCKS):
        conn.execute(
            "INSERT INTO sigang.facility (id, kind, name_zh, name_en, admin_code, visibility,"
            " origin, source_id, geom) VALUES (%s, 'lock', '闸', %s, '330282', 'public',"
            " 'synthetic', 'locks', ST_SetSRID(ST_MakePoint(%s, 30.2), 4326))",
            [lock, f"Lock {k + 1}", 121.2 + k / 10],
        )
        for number, length, beam, sill, lasts in CHAMBERS:
            conn.execute(
                "INSERT INTO sigang.structure_opening VALUES (%s, %s, 'chamber', NULL, NULL, NULL,"
                " %s, 'locks', 'synthetic')",
                [lock, number, lasts],
            )
            for kind, value in (("length", length), ("width", beam), ("sill", sill)):
                conn.execute(
                    "INSERT INTO sigang.waterway_limit (source_id, origin, facility_id, opening,"
                    " kind, value) VALUES ('locks', 'synthetic', %s, %s, %s, %s)",
                    [lock, number, kind, value],
                )
    conn.execute(
        "INSERT INTO sigang.structure_opening VALUES (%s, 3, 'chamber', NULL, NULL, NULL, 1200,"
        " 'locks', 'synthetic')",
        [LOCKS[0]],
    )


@pytest.fixture(scope="module")
def server(module_database_url):
    """Yield a server over the locks, for the clients of this module."""
    with connect(module_database_url) as conn:
        fill(conn)
        load_accounts(conn)
        load_rules(conn)
    with running_server(module_database_url, workers=1) as running:
        yield running


@pytest.fixture
def lock(server, dispatcher):
    """Return the first lock; nothing of what is declared stays."""
    yield dispatcher.get("/api/locks").json()["locks"][0]
    with connect(server.database_url) as conn:
        conn.execute("TRUNCATE sigang.lock_declaration, sigang.lock_plan")


def soon(minutes):
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


def declare(client, lock, vessel, minutes, way="up", **more):
    body = {"vessel": vessel, "way": way, "ready_at": soon(minutes), **VESSEL, **more}
    return client.post(f"/api/locks/{lock['id']}/declarations", json=body)


def starts(plan):
    return {key: x["start"] for x in plan["lockages"] for key in x["ships"]}


def test_a_lock_that_is_given_is_planned_for_anybody(client):
    told = client.post("/api/locks/plan", json=queue([0, 5], [3])).json()
    assert (told["total_wait"], told["optimal"], told["bound"]) == (19, True, 19)
    assert told["first_come_wait"] == 9 + 19
    assert "lock.order@" in told["rule_version"]
    assert all(len(x["berths"]) == len(x["ships"]) for x in told["lockages"])


def test_a_move_tells_what_it_costs_or_which_rule_forbids_it(client):
    asked = queue([0, 5], [3], most=1)
    told = client.post("/api/locks/plan", json=asked).json()
    lockages = [
        {key: x[key] for key in ("chamber", "way", "start", "ships")}
        for x in told["lockages"]
        if x["ships"]
    ]
    of = {x["ships"][0]: k for k, x in enumerate(lockages)}
    asked |= {"lockages": lockages, "ship": "up1"}
    full = client.post("/api/locks/move", json=asked | {"to": of["up0"]}).json()
    assert (full["allowed"], full["refusal"]["cause"]) == (False, "count")
    other = client.post("/api/locks/move", json=asked | {"to": of["down0"]}).json()
    assert other["refusal"]["cause"] == "way"
    asked["chambers"][0]["most"] = None
    free = client.post("/api/locks/move", json=asked | {"to": of["up0"]}).json()
    assert free["allowed"]
    assert free["later"]["up0"] == 5
    assert free["plan"]["total_wait"] == told["total_wait"] + free["later_total"]


@pytest.mark.parametrize(
    ("change", "status", "kind"),
    [
        ({"length_m": 1000}, 409, "limit-violated"),
        ({"cargo": "tea"}, 400, "bad-parameter"),
        ({"beam_m": 0}, 400, "bad-parameter"),
    ],
)
def test_a_vessel_that_cannot_be_locked_is_a_problem(client, change, status, kind):
    asked = queue([0], [3])
    asked["ships"][0] |= change
    answer = client.post("/api/locks/plan", json=asked)
    assert answer.status_code in (status, 422), answer.text
    assert answer.json()["type"].endswith(kind)


def test_declared_checked_in_planned_published_and_restored(dispatcher, lock):
    assert [c["length_m"] for c in lock["chambers"]] == [200, 120]
    assert lock["chambers_unknown"] == ["3"]
    ids = [
        declare(dispatcher, lock, f"Boat {k}", 10 + 7 * k, "up" if k % 2 else "down").json()["id"]
        for k in range(5)
    ]
    far = dispatcher.post(f"/api/locks/declarations/{ids[0]}/check-in", json={"place": [121.9, 30]})
    assert far.json()["type"].endswith("limit-violated")
    here = {"place": lock["place"]}
    assert dispatcher.post(f"/api/locks/declarations/{ids[0]}/check-in", json=here).is_success
    again = dispatcher.post(f"/api/locks/declarations/{ids[0]}/check-in", json=here)
    assert again.status_code == 409
    plans = f"/api/locks/{lock['id']}/plans"
    answer = dispatcher.post(plans, json={})
    assert answer.status_code == 201, answer.text
    first = answer.json()
    assert (first["version"], set(starts(first["plan"]))) == (1, set(ids))
    second = dispatcher.post(plans, json={"absent": [ids[3]]}).json()
    before, after = starts(first["plan"]), starts(second["plan"])
    assert set(after) == set(ids) - {ids[3]}
    assert all(after[key] <= before[key] for key in after)
    assert second["plan"]["bounds"]["published_held"]
    third = dispatcher.post(plans, json={"restores": 1}).json()
    assert (third["version"], third["plan"]) == (3, first["plan"])
    assert dispatcher.post(plans, json={"restores": 9}).status_code == 404
    shown = dispatcher.get(f"/api/locks/{lock['id']}").json()
    assert (shown["plan_version"], len(shown["queue"])) == (3, 5)
    assert shown["waiting"]["up"] + shown["waiting"]["down"] == 5


def test_who_declared_a_vessel_checks_it_in_or_who_publishes(dispatcher, planner, lock):
    here = {"place": lock["place"]}
    mine, own = (declare(who, lock, "Boat", 9).json()["id"] for who in (dispatcher, planner))
    other = planner.post(f"/api/locks/declarations/{mine}/check-in", json=here)
    assert (other.status_code, other.json()["type"]) == (403, "/problems/scope")
    assert planner.post(f"/api/locks/declarations/{own}/check-in", json=here).is_success
    third = declare(planner, lock, "Third", 9).json()["id"]
    assert dispatcher.post(f"/api/locks/declarations/{third}/check-in", json=here).is_success


def test_a_lock_for_which_nobody_is_declared_has_an_empty_plan(dispatcher, lock):
    answer = dispatcher.post(f"/api/locks/{lock['id']}/plans", json={})
    assert (answer.status_code, answer.json()["plan"]["lockages"]) == (201, [])


def test_who_may_not_and_what_cannot_be_is_told(clients, client, planner, dispatcher, lock):
    path = f"/api/locks/{lock['id']}"
    assert client.get(path).status_code == 401
    assert client.post(f"{path}/plans", json={}).status_code == 401
    assert planner.post(f"{path}/plans", json={}).status_code == 403
    past = declare(dispatcher, lock, "Late", -10)
    assert past.json()["type"].endswith("limit-violated")
    wide = declare(dispatcher, lock, "Wide", 10, beam_m=24.0)
    assert "beam 1.0 m too great" in wide.json()["detail"]
    assert dispatcher.get(path).json()["queue"] == []
    gone = "01890000-0000-7000-8000-000000000000"
    assert dispatcher.get(f"/api/locks/{gone}").status_code == 404


def test_a_voyage_counts_who_is_declared_before_it(dispatcher, lock):
    second = dispatcher.get("/api/locks").json()["locks"][1]
    way = [{"lock": one["id"], "way": "up", "sail_s": 3600} for one in (lock, second)]
    sizes = {key: VESSEL[key] for key in ("length_m", "beam_m", "draught_m")}
    asked = {"depart_at": soon(5), **sizes, "locks": way}
    free = dispatcher.post("/api/locks/voyage", json=asked).json()
    for k in range(30):
        assert declare(dispatcher, lock, f"Boat {k}", 60, "up").is_success
    full = dispatcher.post("/api/locks/voyage", json=asked).json()
    assert full["locks"][0]["wait_s"][1] > free["locks"][0]["wait_s"][1] + 1800
    assert full["locks"][1]["through"][1] > free["locks"][1]["through"][1]
    wide = dispatcher.post("/api/locks/voyage", json=asked | {"beam_m": 24.0})
    assert wide.json()["type"].endswith("limit-violated")
    tea = dispatcher.post("/api/locks/voyage", json=asked | {"cargo": "tea"})
    assert (tea.status_code, "cone_1" in tea.json()["mend"]) == (400, True)


def test_ids_of_absent_vessels_are_ids(dispatcher, lock):
    answer = dispatcher.post(f"/api/locks/{LOCKS[0]}/plans", json={"absent": ["ferry"]})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


def ask_moves(client, lock, version, ship):
    body = {"version": version, "ship": ship}
    return client.post(f"/api/locks/{lock['id']}/moves", json=body)


def test_a_move_costs_others_what_was_told_and_is_undone(dispatcher, planner, lock):
    path = f"/api/locks/{lock['id']}"
    ids = [
        declare(dispatcher, lock, f"Boat {k}", 5 + 4 * k, "up" if k % 3 else "down").json()["id"]
        for k in range(9)
    ]
    first = dispatcher.post(f"{path}/plans", json={}).json()
    shown = dispatcher.get(path).json()
    assert (shown["may"]["publish"], shown["undo"]) == (True, None)
    assert planner.get(path).json()["may"]["publish"] is False
    told = {key: ask_moves(dispatcher, lock, 1, key).json()["options"] for key in ids}
    assert all(len(x) >= len(first["plan"]["lockages"]) - 1 for x in told.values())
    ship, chosen = next(
        (key, one)
        for key, options in told.items()
        for one in options
        if one["allowed"] and one["to"] is not None and one["later_total"] > 0
    )
    move = {"version": 1, "move": {"ship": ship, "to": chosen["to"]}}
    assert planner.post(f"{path}/plans", json=move).status_code == 403
    second = dispatcher.post(f"{path}/plans", json=move).json()
    before, after = starts(first["plan"]), starts(second["plan"])
    assert {key: after[key] - before[key] for key in ids} == chosen["later"]
    assert {key: after[key] - before[key] for key in ids if after[key] > before[key]} == (
        chosen["past_promise"]
    )
    assert second["plan"]["bounds"]["published_held"] is not bool(chosen["past_promise"])
    assert 0 < second["plan"]["bound"] <= first["plan"]["cost"] < second["plan"]["cost"]
    stale = dispatcher.post(f"{path}/plans", json=move)
    assert stale.json()["type"].endswith("stale-version")
    assert ask_moves(dispatcher, lock, 1, ship).status_code == 409
    assert dispatcher.get(path).json()["undo"] == 1
    third = dispatcher.post(f"{path}/plans", json={"restores": 1, "version": 2}).json()
    assert starts(third["plan"]) == before
    assert dispatcher.get(path).json()["undo"] is None


def test_who_did_not_come_comes_again_when_that_is_undone(dispatcher, lock):
    path = f"/api/locks/{lock['id']}"
    ids = [declare(dispatcher, lock, f"Boat {k}", 20 + k).json()["id"] for k in range(3)]
    for body in ({}, {"absent": ids[:1], "version": 1}):
        assert dispatcher.post(f"{path}/plans", json=body).is_success
    assert {row["id"] for row in dispatcher.get(path).json()["queue"]} == set(ids[1:])
    assert dispatcher.post(f"{path}/plans", json={"restores": 1}).is_success
    assert {row["id"] for row in dispatcher.get(path).json()["queue"]} == set(ids)


def test_what_has_begun_is_neither_moved_nor_undone(server, dispatcher, lock):
    path = f"/api/locks/{lock['id']}"
    ids = [declare(dispatcher, lock, f"Boat {k}", 20 + k).json()["id"] for k in range(3)]
    for body in ({}, {"absent": ids[:1]}):
        assert dispatcher.post(f"{path}/plans", json=body).is_success
    with connect(server.database_url) as conn:
        conn.execute(
            "UPDATE sigang.lock_plan SET document = jsonb_set(document, '{lockages}', (SELECT"
            " jsonb_agg(x || jsonb_build_object('start', (x->>'start')::int - 36000, 'end',"
            " (x->>'end')::int - 36000)) FROM jsonb_array_elements(document->'lockages') x))"
        )
    assert dispatcher.get(path).json()["undo"] is None
    assert dispatcher.post(f"{path}/plans", json={"restores": 1}).status_code == 409
    assert ask_moves(dispatcher, lock, 2, ids[1]).status_code == 404


def test_each_refusal_names_what_forbids_it_with_its_numbers(dispatcher, lock):
    big = {"length_m": 130.0, "beam_m": 12.5}
    for k, more in enumerate(({}, {"cargo": "cone_2"}, big, {}, {"way": "down"}, {})):
        assert declare(dispatcher, lock, f"Boat {k}", 10 + 9 * k, **more).is_success
    plan = dispatcher.post(f"/api/locks/{lock['id']}/plans", json={}).json()["plan"]
    found = {}
    for key in starts(plan):
        for one in ask_moves(dispatcher, lock, 1, key).json()["options"]:
            if not one["allowed"]:
                found.setdefault(one["refusal"]["cause"], one["refusal"])
    assert {"way", "cargo", "size"} <= set(found)
    assert "Boat 1 (cone_2)" in found["cargo"]["detail"]["en"]
    assert "不得同闸" in found["cargo"]["detail"]["zh"]
    assert re.search(r"10 m more than the 120 m of chamber 2", found["size"]["detail"]["en"])


def test_the_board_counts_who_waits_now_and_what_is_next(server, dispatcher, client, lock):
    ids = [declare(dispatcher, lock, f"Boat {k}", 20 + k).json()["id"] for k in range(4)]
    with connect(server.database_url) as conn:
        conn.execute(
            "UPDATE sigang.lock_declaration SET checked_in_at = now() - interval '40 min',"
            " state = 'checked_in' WHERE id = ANY(%s)",
            [ids[:2]],
        )
    plan = dispatcher.post(f"/api/locks/{lock['id']}/plans", json={}).json()["plan"]
    (one, other) = dispatcher.get("/api/locks").json()["locks"]
    first = min((x for x in plan["lockages"] if x["ships"]), key=lambda x: x["start"])
    now = dispatcher.get("/api/locks").json()["now"]
    late = [key for key in ids[:2] if starts(plan)[key] > now]
    assert one["waiting_now"]["up"] == len(late)
    assert one["next"] is None or one["next"]["start"] >= first["start"]
    assert 0 < one["busy"] <= 1
    assert (other["busy"], other["next"]) == (0, None)
    assert client.get("/api/locks").json()["locks"][0]["next"] is None, "plans are for accounts"


def test_each_undo_goes_one_change_back():
    assert version_before({1: None, 2: None, 3: None}, 3) == 2
    assert version_before({1: None, 2: None, 3: None, 4: 2}, 4) == 1
    assert version_before({1: None, 2: None, 3: None, 4: 2, 5: 1}, 5) is None
    assert version_before({1: None}, 1) is None


@pytest.mark.parametrize(
    "body",
    [
        {"move": {"ship": str(LOCKS[0]), "to": 0}},
        {"version": 1, "restores": 1, "move": {"ship": str(LOCKS[0])}},
        {"restores": 1, "absent": [str(LOCKS[0])]},
        {"version": 0},
    ],
)
def test_a_publication_that_says_two_things_is_refused(dispatcher, lock, body):
    answer = dispatcher.post(f"/api/locks/{lock['id']}/plans", json=body)
    assert answer.json()["type"].endswith("bad-parameter"), answer.text


@pytest.mark.parametrize(
    ("changed", "status", "told"),
    [
        ({"chamber": "9"}, 400, "chamber 9"),
        ({"chamber": "3"}, 400, "chamber 3"),
        ({"ships": ["tug"]}, 400, "tug"),
        ({"way": "down"}, 400, "other way"),
        ({"start": 40_000_000_000}, 422, "cannot be published"),
    ],
)
def test_an_order_by_hand_names_what_is_there_in_its_way_and_in_time(
    dispatcher, lock, changed, status, told
):
    path = f"/api/locks/{lock['id']}"
    assert declare(dispatcher, lock, "Boat", 20).is_success
    made = dispatcher.post(f"{path}/plans", json={}).json()["plan"]["lockages"]
    (carries,) = [x for x in made if x["ships"]]
    order = {key: carries[key] for key in ("chamber", "way", "start", "ships")}
    answer = dispatcher.post(
        f"{path}/plans", json={"lockages": [order | changed]}, headers={"Accept-Language": "en"}
    )
    assert (answer.status_code, told in answer.json()["detail"]) == (status, True), answer.text
    assert dispatcher.post(f"{path}/plans", json={"lockages": [order]}).status_code == 201

"""Closures over HTTP: what shuts, who may, what is kept, and that no worker answers stale."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from spatial.postgres.db import connect
from tests.api.roadworld import BRIDGE, LATER, at, close, edge, path, undo, until, world

pytestmark = pytest.mark.db
WEST, EAST = (1, 2), (13, 2)
TWINS = {edge("4,2 10,2"), edge("4,2 10,2 twin")}


@pytest.fixture(scope="module")
def server(module_database_url):
    with world(module_database_url, workers=4) as running:
        yield running


def closed(client, target, **more):
    answer = close(client, target, **more)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_closing_a_bridge_closes_its_twin_and_undo_restores_the_bytes(dispatcher, clients):
    before = path(clients["anonymous"], WEST, EAST)
    event = closed(dispatcher, {"facility_id": str(BRIDGE)})
    told = event["properties"]
    assert set(told["edges"]) == TWINS
    assert told["network_version"] == before["properties"]["network_version"] + 1
    detour = path(clients["anonymous"], WEST, EAST)["properties"]
    assert not TWINS & set(detour["edges"])
    assert detour["length_m"] > before["properties"]["length_m"]
    assert detour["network_version"] >= told["network_version"]
    undone = undo(dispatcher, event)
    assert undone["properties"]["state"] == "undone"
    assert undone["properties"]["still_closed_by"] == []
    after = path(clients["anonymous"], WEST, EAST)
    assert after["geometry"] == before["geometry"]
    assert after["properties"]["network_version"] == told["network_version"] + 1


def test_closing_one_twin_closes_the_other(dispatcher):
    event = closed(dispatcher, {"edge_id": edge("4,2 10,2 twin")})
    assert set(event["properties"]["edges"]) == TWINS
    undo(dispatcher, event)


def test_undo_tells_what_still_keeps_the_road_closed(dispatcher, clients):
    wind = closed(dispatcher, {"facility_id": str(BRIDGE)}, title="Gale")
    works = closed(dispatcher, {"edge_id": edge("4,2 10,2")}, visibility="province")
    other_way = {"edge_id": edge("0,0 1,0")}
    forward = closed(dispatcher, other_way, direction="forward")
    backward = closed(dispatcher, other_way, direction="backward")
    assert undo(dispatcher, forward)["properties"]["still_closed_by"] == []
    undo(dispatcher, backward)
    told = dispatcher.get(f"/api/events/{works['id']}").json()["properties"]["still_closed_by"]
    first = undo(dispatcher, works)["properties"]["still_closed_by"]
    assert [one["id"] for one in told] == [one["id"] for one in first] == [wind["id"]]
    assert first[0]["title"] == {"zh": "Gale", "en": "Gale"}
    assert moment(first[0]) == moment(wind["properties"])
    seen = dispatcher.get(f"/api/events/{wind['id']}").json()["properties"]["still_closed_by"]
    assert seen == []
    assert not TWINS & set(path(clients["anonymous"], WEST, EAST)["properties"]["edges"])
    hidden = closed(dispatcher, {"edge_id": edge("4,2 10,2")}, visibility="province")
    assert undo(dispatcher, wind)["properties"]["still_closed_by"] == [
        {"id": None, "title": None, "valid_to": None}
    ]
    assert undo(dispatcher, hidden)["properties"]["still_closed_by"] == []


def moment(told):
    return datetime.fromisoformat(told["valid_to"])


def preview(client, target, **more):
    return client.post(
        "/api/events/preview",
        json={"kind": "closure", "target": target, "cause": "wind", "valid_to": LATER, **more},
    )


def test_a_preview_says_what_a_closure_would_do_and_writes_nothing(dispatcher, clients):
    target, road = {"at": "G2 K0+200–K0+700 往西岸"}, edge("0,-1 1,-1")
    before = path(clients["anonymous"], WEST, EAST)["properties"]["network_version"]
    told = preview(dispatcher, target).json()
    facts = told["properties"]
    assert (facts["edge_count"], facts["edges"]) == (1, [road])
    assert facts["length_m"] == pytest.approx(500, abs=5)
    assert facts["edges_m"] == pytest.approx(962, abs=5)
    assert (facts["side"], facts["k_from"], facts["k_to"]) == ("up", 200, 700)
    assert facts["towards"] == [{"side": "up", "zh": "西岸", "en": "West"}]
    assert (facts["closed_by"], facts["refused"]) == ([], None)
    line = told["geometry"]["coordinates"][0]
    assert line[0][0] > line[-1][0]  # as traffic drives
    assert dispatcher.get("/api/events?state=open").json()["features"] == []
    event = closed(dispatcher, target)
    assert event["geometry"] == told["geometry"]
    assert event["properties"]["direction"] == "up"
    assert event["properties"]["place"]["towards"] == {"zh": "西岸", "en": "West"}
    again = preview(dispatcher, target).json()["properties"]["closed_by"]
    assert [(one["id"], one["edges"]) for one in again] == [(event["id"], 1)]
    down = {"stake": {"route": "G2", "k_from": 200, "k_to": 700}}
    assert preview(dispatcher, down, direction="down").json()["properties"]["closed_by"] == []
    listed = dispatcher.get(f"/api/events?of={road}").json()["features"]
    assert [one["id"] for one in listed] == [event["id"]]
    assert dispatcher.get(f"/api/events?of={edge('0,0 1,0')}&state=open").json()["features"] == []
    lon, lat = at(0.5, -1)
    near = dispatcher.get(f"/api/carriageways/near?lon={lon}&lat={lat}").json()["features"]
    (here,) = [one["properties"] for one in near]
    assert (here["route"], here["side"], here["towards"]["en"]) == ("G2", "up", "West")
    assert here["k_m"] == pytest.approx(481, abs=2)
    assert here["off_m"] < 1
    undo(dispatcher, event)
    assert dispatcher.get("/api/events?of=bridge").status_code == 400
    assert path(clients["anonymous"], WEST, EAST)["properties"]["network_version"] == before + 2


def test_the_detour_of_a_shut_bridge_is_the_way_round(dispatcher, clients):
    def ask(target, **more):
        body = {"kind": "closure", "target": target, "cause": "wind", "valid_to": LATER, **more}
        return dispatcher.post("/api/events/detour", json=body)

    both = ask({"facility_id": str(BRIDGE)}).json()["stretches"]
    assert len(both) == 2  # one a direction, over whichever twin

    def driven(one):
        ends = (place(one[end]) for end in ("from", "to"))
        return path(clients["anonymous"], *ends, headings=one["headings"])["properties"]["length_m"]

    for one in both:
        assert one["car"]["now"]["length_m"] == pytest.approx(driven(one), abs=2)
    event = closed(dispatcher, {"facility_id": str(BRIDGE)})
    for one in both:
        told = one["car"]["round"]["length_m"]
        assert told == pytest.approx(driven(one), abs=2)
        assert told > one["car"]["now"]["length_m"] + 10_000
    undo(dispatcher, event)
    east = ask({"facility_id": str(BRIDGE)}, direction="forward").json()["stretches"]
    assert {one["from"][0] < one["to"][0] for one in east} == {True}
    assert ask({"polygon": ring(12, 8)}).status_code == 400


def place(lonlat):
    return tuple((value - zero) / 0.01 for value, zero in zip(lonlat, (120.9, 30.3), strict=True))


def test_rights_come_with_the_row(dispatcher, clients):
    event = closed(dispatcher, {"facility_id": str(BRIDGE)})
    url = f"/api/events/{event['id']}"
    may = {n: clients[n].get(url).json()["properties"].get("may") for n in ("ningbo", "anonymous")}
    assert may == {"ningbo": {"change": False, "acknowledge": ["330200"]}, "anonymous": None}
    assert event["properties"]["may"] == {
        "change": True, "acknowledge": ["330000", "330200", "330400"],
    }  # fmt: skip
    refused = preview(clients["ningbo"], {"facility_id": str(BRIDGE)}).json()["properties"]
    assert "330482" in refused["refused"]["en"] or "no unit" in refused["refused"]["en"]
    assert preview(clients["planner"], {"facility_id": str(BRIDGE)}).status_code == 403
    assert undo(dispatcher, event)["properties"]["may"]["change"] is False
    assert clients["ningbo"].post(f"{url}/acknowledge").status_code == 200
    assert clients["ningbo"].get(url).json()["properties"]["may"]["acknowledge"] == []


def test_an_end_in_a_hundred_years_is_refused_by_rule(dispatcher):
    target = {"edge_id": edge("0,0 1,0")}
    far = (datetime.now(UTC) + timedelta(days=500)).isoformat()
    for asked in (close, preview):
        refused = asked(dispatcher, target, valid_to=far)
        assert refused.status_code == 400, refused.text
        assert "desk.event_lasting" in refused.text
    event = closed(dispatcher, target, valid_to=far, cause="works")
    url, tag = f"/api/events/{event['id']}", {"If-Match": '"1"'}
    century = {"valid_to": "2126-01-01T00:00:00Z"}
    assert dispatcher.patch(url, json=century, headers=tag).status_code == 400
    other = {"cause": "wind", "valid_to": far}
    assert dispatcher.patch(url, json=other, headers=tag).status_code == 400
    undo(dispatcher, event)
    alarm = dispatcher.get("/api/events").json()["alarm"]
    assert alarm["rule"].startswith("desk.alarm@")
    assert alarm["repeat_s"] > 0
    assert alarm["calls"][0]["to"] == "above"


def test_one_direction_of_the_bridge(dispatcher, clients):
    event = closed(dispatcher, {"facility_id": str(BRIDGE)}, direction="forward")
    try:
        anonymous = clients["anonymous"]
        assert not TWINS & set(path(anonymous, WEST, EAST)["properties"]["edges"])
        assert TWINS & set(path(anonymous, EAST, WEST)["properties"]["edges"])
    finally:
        undo(dispatcher, event)


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ({"side": "up", "k_from": 1200, "k_to": 2100}, {"11,-1 12,-1 up", "12,-1 13,-1 up"}),
        ({"side": "down", "k_from": 0, "k_to": 1000}, {"11,-1 10,-1 down"}),
        ({"k_from": 3500, "k_to": 3100}, {"13,-1 14,-1 up", "14,-1 13,-1 down"}),
    ],
)
def test_a_span_of_stakes(dispatcher, span, expected):
    event = closed(dispatcher, {"stake": {"route": "G1", **span}})
    assert set(event["properties"]["edges"]) == {edge(name) for name in expected}
    undo(dispatcher, event)


def test_up_is_towards_rising_stakes_whichever_way_an_edge_runs(dispatcher, clients):
    target = {"stake": {"route": "G2", "k_from": 0, "k_to": 500}}
    event = closed(dispatcher, target, direction="up")
    try:
        west_to_east = path(clients["anonymous"], (0.2, -1), (0.8, -1))["properties"]
        east_to_west = path(clients["anonymous"], (0.8, -1), (0.2, -1))["properties"]
        assert west_to_east["length_m"] == pytest.approx(578, abs=2)
        assert east_to_west["length_m"] > 2000
    finally:
        undo(dispatcher, event)
    wrong = close(dispatcher, {"edge_id": edge("0,0 1,0")}, direction="up")
    assert (wrong.status_code, wrong.json()["type"]) == (400, "/problems/bad-parameter")


def test_an_area(dispatcher, clients):
    ring = [at(0.5, 0.5), at(1.5, 0.5), at(1.5, 1.5), at(0.5, 1.5), at(0.5, 0.5)]
    event = closed(dispatcher, {"polygon": {"type": "Polygon", "coordinates": [ring]}})
    around = {edge(n) for n in ("0,1 1,1", "1,1 2,1", "1,0 1,1", "1,1 1,2")}
    assert set(event["properties"]["edges"]) == around
    crossing = path(clients["anonymous"], (1, 0), (1, 2))["properties"]["edges"]
    assert not around & set(crossing)
    undo(dispatcher, event)


def test_a_closure_has_an_end_in_the_future(dispatcher):
    target = {"facility_id": str(BRIDGE)}
    for more in (
        {"valid_to": "2020-01-01T00:00:00+08:00"}, {"valid_to": None},
        {"valid_to": "2099-01-01T00:00:00"}, {"valid_from": "2099-02-01T00:00:00+08:00"},
    ):  # fmt: skip
        assert close(dispatcher, target, **more).status_code == 400, more


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ({}, 400), ({"facility_id": str(BRIDGE), "edge_id": edge("0,0 1,0")}, 400),
        ({"edge_id": edge("nowhere")}, 404), ({"facility_id": edge("nowhere")}, 404),
        ({"stake": {"route": "G9", "k_from": 0, "k_to": 1}}, 404),
        ({"polygon": {"type": "Polygon", "coordinates": []}}, 400),
        ({"polygon": {"type": "Polygon", "coordinates": [[[120.9, 30.3], [120.95, 30.3],
          [120.95, 30.35], [120.9, 30.3]]]}, "network": "rail"}, 400),
    ],
)  # fmt: skip
def test_a_target_that_cannot_be_closed(dispatcher, target, status):
    assert close(dispatcher, target).status_code == status


def test_who_may_close_where(clients):
    west, east = {"edge_id": edge("0,0 1,0")}, {"edge_id": edge("10,0 11,0")}
    assert close(clients["anonymous"], east).status_code == 401
    assert close(clients["planner"], east).status_code == 403
    refused = close(clients["ningbo"], west)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/scope")
    assert refused.json()["admin_codes"] == ["330482"]
    assert close(clients["ningbo"], {"facility_id": str(BRIDGE)}).status_code == 403
    own = closed(clients["ningbo"], east)
    assert clients["wenzhou"].post(f"/api/events/{own['id']}/undo").status_code == 403
    undo(clients["ningbo"], own)


def ring(x, y, half=0.5):
    corners = [(-half, -half), (half, -half), (half, half), (-half, half), (-half, -half)]
    return {"type": "Polygon", "coordinates": [[at(x + dx, y + dy) for dx, dy in corners]]}


@pytest.mark.parametrize(
    "target",
    [
        {"edge_id": edge("2,8 12,8")},
        {"edge_id": edge("4,2 10,2 twin")},
        {"facility_id": str(BRIDGE)},
        {"stake": {"route": "G3", "k_from": 0, "k_to": 900}},
        {"at": "G3 K0+200"},
        {"at": "G3 K0+100–K0+700"},
        {"polygon": ring(12, 8)},
        {"polygon": ring(7, 8)},
    ],
    ids=" ".join,
)
def test_a_road_without_a_unit_is_the_provinces(clients, dispatcher, target):
    """At (12, 8) a road of Ningbo meets one without a code; a desk may act on neither alone."""
    refused = close(clients["ningbo"], target)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/scope")
    assert refused.json()["parts_without_code"] >= 1
    provincial = closed(dispatcher, target)
    assert provincial["properties"]["admin_code"] == "330000"
    assert clients["ningbo"].post(f"/api/events/{provincial['id']}/undo").status_code == 403
    undo(dispatcher, provincial)


def test_fog_over_a_road_without_a_unit_is_the_provinces(clients):
    body = {"polygon": ring(7, 2), "visibility_m": 60, "apply": {"valid_to": LATER}}
    refused = clients["ningbo"].post("/api/carriageways/fog", json=body)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/scope")


def test_speeds_of_a_road_without_a_unit_are_the_provinces(server):
    with connect(server.database_url) as conn:
        conn.execute(
            "INSERT INTO sigang.account (id, name_zh, name_en, role, scope)"
            " VALUES ('east', '宁波', 'East', 'dispatcher', '330200')"
        )
    body = {"edges": [edge("2,8 12,8")], "values_kmh": [30.0], "valid_to": soon()}
    with closing(server.client("east")) as east:
        refused = east.post("/api/edge-states", json=body)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/scope")
        own = east.post("/api/edge-states", json={**body, "edges": [edge("10,0 11,0")]})
        assert own.status_code == 201
        east.post("/api/edge-states", json={"edges": [], "values_kmh": [], "valid_to": soon()})


def soon():
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()


def test_a_cookie_without_its_csrf_token_writes_nothing(server):
    with closing(server.client("dispatcher")) as client:
        del client.headers["X-CSRF-Token"]
        assert close(client, {"facility_id": str(BRIDGE)}).status_code == 403


def test_receipts_of_the_desks_that_are_touched(dispatcher, clients):
    event = closed(dispatcher, {"facility_id": str(BRIDGE)})
    parties = [r["party"] for r in event["properties"]["receipts"]]
    assert parties == ["330000", "330200", "330400"]
    url = f"/api/events/{event['id']}/acknowledge"
    assert clients["wenzhou"].post(url).status_code == 403
    assert clients["ningbo"].post(url, json={"party": "330400"}).status_code == 403
    begin = datetime.now(UTC)
    receipts = clients["ningbo"].post(url).json()["properties"]["receipts"]
    mine = next(r for r in receipts if r["party"] == "330200")
    assert begin <= datetime.fromisoformat(mine["acknowledged_at"]) <= datetime.now(UTC)
    assert mine["account_id"] == "ningbo"
    assert mine["name"]["zh"] == "宁波市"
    again = clients["ningbo"].post(url).json()["properties"]
    assert next(r for r in again["receipts"] if r["party"] == "330200") == mine
    hidden = clients["anonymous"].get(f"/api/events/{event['id']}").json()["properties"]
    assert not {"receipts", "created_by", "updated_by"} & hidden.keys()
    undo(dispatcher, event)


def test_a_county_that_has_a_desk_has_a_receipt_of_its_own(server, dispatcher, clients):
    """Touched by code or by place; a planner, a county elsewhere and an ended account are none."""
    with connect(server.database_url) as conn:
        conn.execute(
            "INSERT INTO sigang.account (id, name_zh, name_en, role, scope, disabled) VALUES"
            " ('pinghu', '平湖', 'Pinghu', 'duty', %s, false),"
            " ('cixi', '慈溪', 'Cixi', 'planner', %s, false),"
            " ('shore', '岸', 'Shore', 'duty', '330299', false),"
            " ('left', '离', 'Left', 'duty', '330298', true),"
            " ('far', '远', 'Far', 'duty', '330199', false)",
            ["330482", "330282"],
        )
        conn.execute(
            "INSERT INTO sigang.zone (kind, name_zh, name_en, admin_code, visibility, origin,"
            " source_id, geom) SELECT 'county', '岸', 'Shore', shore, 'public', 'synthetic',"
            " 'world', geom FROM sigang.zone, unnest(ARRAY['330299', '330298']) AS shore"
            " WHERE admin_code = '330200' AND kind = 'prefecture'"
        )
    event = closed(dispatcher, {"facility_id": str(BRIDGE)})
    receipts = {r["party"]: r for r in event["properties"]["receipts"]}
    assert sorted(receipts) == sorted(["330000", "330200", "330299", "330400", "330482"])
    assert receipts["330299"]["name"]["en"] == "Shore"
    with closing(server.client("pinghu")) as desk:
        told = desk.post(f"/api/events/{event['id']}/acknowledge").json()["properties"]["receipts"]
    assert [r["party"] for r in told if r["account_id"] == "pinghu"] == ["330482"]
    undo(dispatcher, event)
    with connect(server.database_url) as conn:
        conn.execute("DELETE FROM sigang.zone WHERE kind = 'county'")
        conn.execute("UPDATE sigang.account SET disabled = true WHERE id IN ('pinghu', 'shore')")


def test_a_desk_sees_what_it_must_acknowledge(server, dispatcher, clients):
    """A closure kept for the province, on the way round, concerns both shores and nobody else."""
    with closing(server.client("jiaxing")) as jiaxing:
        event = closed(dispatcher, {"edge_id": edge("2,8 12,8")}, visibility="province")
        url, names = f"/api/events/{event['id']}", ("ningbo", "wenzhou", "anonymous")
        seen = [clients[name].get(url).status_code for name in names]
        assert (*seen, jiaxing.get(url).status_code) == (200, 404, 404, 200)
        for name, count in (("ningbo", 1), ("wenzhou", 0), ("anonymous", 0)):
            listed = clients[name].get("/api/events?state=open").json()["features"]
            shown = clients[name].get("/api/collections/events/items").json()["features"]
            assert [len([f for f in x if f["id"] == event["id"]]) for x in (listed, shown)] == [
                count, count,
            ], name  # fmt: skip
        assert clients["ningbo"].post(f"{url}/acknowledge").status_code == 200
        assert clients["wenzhou"].post(f"{url}/acknowledge").status_code == 404
        undo(dispatcher, event)


def test_many_newer_events_do_not_hide_what_a_desk_must_acknowledge(server, dispatcher, clients):
    event = closed(dispatcher, {"edge_id": edge("2,8 12,8")})
    with connect(server.database_url) as conn:
        conn.execute(
            "INSERT INTO sigang.event (kind, admin_code, visibility, origin, source_id)"
            " SELECT 'risk', '330300', 'public', 'synthetic', 'world' FROM generate_series(1, 600)"
        )

    def found(name):
        listed = clients[name].get("/api/events?state=open").json()["features"]
        times = [feature["properties"]["recorded_at"] for feature in listed]
        assert times == sorted(times, reverse=True)
        return event["id"] in {feature["id"] for feature in listed}

    assert (found("ningbo"), found("wenzhou")) == (True, False)
    assert clients["ningbo"].post(f"/api/events/{event['id']}/acknowledge").status_code == 200
    assert not found("ningbo")
    with connect(server.database_url) as conn:
        conn.execute("DELETE FROM sigang.event WHERE kind = 'risk'")
    undo(dispatcher, event)


def test_what_was_done_is_kept_with_who_did_it(server, dispatcher):
    event = closed(dispatcher, {"facility_id": str(BRIDGE)})
    undo(dispatcher, event)
    history = dispatcher.get(f"/api/events/{event['id']}/history").json()["history"]
    assert [(h["version"], h["action"]) for h in history] == [(1, "created"), (2, "undone")]
    assert {h["account_id"] for h in history} == {"dispatcher"}
    with connect(server.database_url) as conn:
        rows = conn.execute(
            "SELECT actor, action FROM sigang.audit WHERE target = %s AND action IN"
            " ('close', 'undo') ORDER BY seq",
            [f"event/{event['id']}"],
        ).fetchall()
    assert rows == [("dispatcher", "close"), ("dispatcher", "undo")]


def test_a_write_with_a_key_is_done_once(server, dispatcher, clients):
    """The same key from two threads, on any worker, makes one event and one answer."""
    target, key = {"edge_id": edge("0,0 1,0")}, {"Idempotency-Key": "k-1"}
    with ThreadPoolExecutor(4) as pool:
        sent = [pool.submit(close, dispatcher, target, headers=key) for _ in range(8)]
        answers = [one.result() for one in sent]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum(a.headers.get("Idempotency-Replayed") == "true" for a in answers) == 7
    event = answers[0].json()
    answer = clients["dispatcher"].get("/api/events?state=open").json()
    opened = answer["features"]
    assert answer["numberMatched"] == answer["numberReturned"] == len(opened)
    assert [f["id"] for f in opened] == [event["id"]]
    other = close(dispatcher, target, headers=key, cause="ice")
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    undone = [
        dispatcher.post(f"/api/events/{event['id']}/undo", headers={"Idempotency-Key": "k-2"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in undone] == [200, 200]
    assert undone[0].json() == undone[1].json()


def test_a_key_is_the_accounts_own_and_keeps_no_refusal(clients):
    target, key = {"edge_id": edge("10,0 11,0")}, {"Idempotency-Key": "shared"}
    assert close(clients["ningbo"], {"edge_id": edge("0,0 1,0")}, headers=key).status_code == 403
    made = [close(clients[name], target, headers=key) for name in ("ningbo", "dispatcher")]
    assert [answer.status_code for answer in made] == [201, 201]
    assert made[0].json()["id"] != made[1].json()["id"]
    for name, answer in zip(("ningbo", "dispatcher"), made, strict=True):
        undo(clients[name], answer.json())
    for bad in ("", "x" * 129, "caf\xe9"):
        headers = {"Idempotency-Key": bad.encode("latin-1")}
        assert close(clients["ningbo"], target, headers=headers).status_code == 400, bad


def test_an_undo_that_names_a_version_is_held_to_it(dispatcher):
    event = closed(dispatcher, {"edge_id": edge("0,0 1,0")})
    url = f"/api/events/{event['id']}/undo"
    stale = dispatcher.post(url, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["type"]) == (412, "/problems/precondition-failed")
    assert dispatcher.post(url, headers={"If-Match": '"1"'}).status_code == 200


def test_an_event_is_undone_once(dispatcher):
    event = closed(dispatcher, {"facility_id": str(BRIDGE)})
    undo(dispatcher, event)
    assert dispatcher.post(f"/api/events/{event['id']}/undo").status_code == 409


def test_a_change_names_the_version_that_it_changes(dispatcher, clients):
    event = closed(dispatcher, {"facility_id": str(BRIDGE)})
    url, body = f"/api/events/{event['id']}", {"title": "演练"}
    assert dispatcher.patch(url, json=body).status_code == 412
    other = dispatcher.patch(url, json=body, headers={"If-Match": '"7' + "7" * 3_000 + '"'})
    assert (other.status_code, len(other.content) < 1_000) == (412, True)
    blank = dispatcher.patch(url, json={"title": " \u200b"}, headers={"If-Match": '"1"'})
    assert blank.status_code == 400
    changed = dispatcher.patch(url, json=body, headers={"If-Match": '"1"'})
    assert changed.json()["properties"]["title"]["zh"] == "演练"
    assert changed.headers["etag"] == '"2"'
    assert dispatcher.patch(url, json=body, headers={"If-Match": '"1"'}).status_code == 412
    undo(dispatcher, event)


def test_a_closure_put_off_acts_on_those_who_leave_then(dispatcher, clients):
    event = closed(dispatcher, {"facility_id": str(BRIDGE)})
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    answer = dispatcher.patch(
        f"/api/events/{event['id']}", json={"valid_from": tomorrow.isoformat()},
        headers={"If-Match": '"1"'},
    )  # fmt: skip
    assert answer.status_code == 200
    anonymous, later = clients["anonymous"], (tomorrow + timedelta(hours=1)).isoformat()
    assert TWINS & set(path(anonymous, WEST, EAST)["properties"]["edges"])
    then = path(anonymous, WEST, EAST, depart_at=later)["properties"]["edges"]
    assert not TWINS & set(then)
    undo(dispatcher, event)


def test_open_events_are_listed_newest_first_and_scoped(dispatcher, clients):
    first = closed(dispatcher, {"edge_id": edge("10,0 11,0")}, visibility="unit")
    second = closed(dispatcher, {"edge_id": edge("11,0 12,0")})

    def seen(name):
        answer = clients[name].get("/api/events?state=open")
        return [f["id"] for f in answer.json()["features"]]

    assert seen("dispatcher")[:2] == [second["id"], first["id"]]
    assert set(seen("ningbo")) >= {first["id"], second["id"]}
    assert first["id"] not in seen("wenzhou") + seen("anonymous")
    assert clients["wenzhou"].get(f"/api/events/{first['id']}").status_code == 404
    for event in (first, second):
        undo(dispatcher, event)
    assert not {first["id"], second["id"]} & set(seen("dispatcher"))
    assert dispatcher.get("/api/events?state=closed").status_code == 400


def asked(server, version, expect_closed, answers):
    """Ask on a connection of its own; note whether the answer fits the version."""
    with server.client() as client:
        for _ in range(2):
            told = path(client, WEST, EAST, min_network_version=version)["properties"]
            answers.append(bool(TWINS & set(told["edges"])) != expect_closed)


def test_no_worker_answers_with_a_state_from_before_a_commit(server, dispatcher):
    """Close, ask all workers, undo, ask all workers; the full form is bench/closures.py."""
    answers = []
    for _ in range(12):
        event = closed(dispatcher, {"facility_id": str(BRIDGE)})
        for expect_closed in (True, False):
            if not expect_closed:
                event = undo(dispatcher, event)
            about = (server, event["properties"]["network_version"], expect_closed, answers)
            threads = [threading.Thread(target=asked, args=about) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    with connect(server.database_url) as conn:
        workers = conn.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sigang_bus'"
            " AND datname = current_database()"
        ).fetchone()
    assert workers == (4,)
    assert (len(answers), all(answers)) == (288, True)


def test_a_closure_ends_by_itself_and_everybody_is_told(dispatcher, clients):
    soon = datetime.now(UTC) + timedelta(seconds=3)
    event = closed(dispatcher, {"facility_id": str(BRIDGE)}, valid_to=soon.isoformat())
    url = f"/api/events/{event['id']}"
    until(lambda: dispatcher.get(url).json()["properties"]["state"] == "ended", seconds=30)
    ended = dispatcher.get(url).json()["properties"]
    assert ended["network_version"] > event["properties"]["network_version"]
    assert TWINS & set(path(clients["anonymous"], WEST, EAST)["properties"]["edges"])
    history = dispatcher.get(f"{url}/history").json()["history"]
    assert [(h["action"], h["account_id"]) for h in history] == [
        ("created", "dispatcher"), ("ended", "system"),
    ]  # fmt: skip
    assert dispatcher.post(f"{url}/undo").status_code == 409

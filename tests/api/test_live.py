"""Live states over HTTP: lost lanes, speeds, limits, feeds, planned events, replays."""

import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from data.speed_profiles import load_speed_profiles
from spatial.postgres.db import connect
from tests.api.corridorworld import fill_corridor
from tests.api.roadworld import BRIDGE, LATER, ask, close, edge, fill, path, undo, until
from tests.conftest import running_server
from tests.routing.corridor import edge_id as corridor_edge

pytestmark = pytest.mark.db
WEST, EAST = (1, 2), (13, 2)
TWINS = [edge("4,2 10,2"), edge("4,2 10,2 twin")]


@pytest.fixture(scope="module")
def server(module_database_url):
    fill(module_database_url)
    fill_corridor(module_database_url)
    with running_server(module_database_url, workers=4) as running:
        yield running


def act(client, kind, target, **more):
    answer = close(client, target, kind=kind, **more)
    assert answer.status_code == 201, answer.text
    return answer.json()


def feed(client, edges, kmh, **more):
    soon = (datetime.now(UTC) + timedelta(minutes=10)).isoformat()
    body = {"edges": edges, "values_kmh": [kmh] * len(edges), "valid_to": soon, **more}
    return client.post("/api/edge-states", json=body)


def clear(client):
    assert feed(client, [], 1).status_code == 201


def seconds(client, *places, **more):
    return path(client, *(places or (WEST, EAST)), **more)["properties"]["duration_s"]


def test_a_speed_slows_the_next_answer_and_undo_restores_it(dispatcher, clients):
    before = path(clients["anonymous"], (4, 2), (10, 2))["properties"]
    event = act(dispatcher, "speed", {"facility_id": str(BRIDGE)}, value=50)
    told = event["properties"]
    assert (told["kind"], told["value"], told["unit"]) == ("speed", 50, "km/h")
    slow = path(clients["anonymous"], (4, 2), (10, 2))["properties"]
    assert slow["network_version"] >= told["network_version"]
    assert slow["duration_s"] == pytest.approx(slow["length_m"] * 3.6 / 50, rel=0.01)
    undo(dispatcher, event)
    after = path(clients["anonymous"], (4, 2), (10, 2))["properties"]
    assert after["duration_s"] == before["duration_s"]


def test_a_limit_above_the_speed_changes_nothing(dispatcher, clients):
    before = seconds(clients["anonymous"])
    event = act(dispatcher, "weather_limit", {"facility_id": str(BRIDGE)}, value=150, cause="fog")
    assert seconds(clients["anonymous"]) == before
    undo(dispatcher, event)


def test_a_lost_lane_slows_as_bpr_says_and_all_lanes_close(dispatcher, clients, server):
    target = {"stake": {"route": "G92", "side": "up", "k_from": 99_300, "k_to": 101_000}}
    event = act(dispatcher, "lane_loss", target, lanes=[1, 2], cause="accident")
    told = event["properties"]
    assert (told["value"], told["unit"], told["lanes"]) == (2, "lanes", "1、2")
    assert told["rule_version"] == "road.bpr@1964, road.lane_loss@2026-01"
    assert told["edges"] == [str(corridor_edge("up 4000"))]
    usual, now = 1 + 0.15 * 0.6**4, 1 + 0.15 * 1.8**4
    with connect(server.database_url) as conn:
        row = conn.execute(
            "SELECT kind, value FROM sigang.edge_state WHERE event_id = %s", [event["id"]]
        ).fetchone()
    assert row == ("lane_loss", pytest.approx(120 * usual / now, abs=0.06))
    undo(dispatcher, event)
    event = act(dispatcher, "lane_loss", target, value=3, cause="accident")
    assert event["properties"]["rule_version"] == "road.lane_loss@2026-01"
    with connect(server.database_url) as conn:
        kinds = conn.execute(
            "SELECT kind FROM sigang.edge_state WHERE event_id = %s", [event["id"]]
        ).fetchall()
    assert kinds == [("closure",)]
    undo(dispatcher, event)


def test_values_that_a_kind_cannot_have(dispatcher):
    target = {"edge_id": edge("10,0 11,0")}
    for kind, more in (
        ("closure", {"value": 3}), ("closure", {"lanes": [1]}), ("lane_loss", {}),
        ("lane_loss", {"value": 1.5}), ("lane_loss", {"value": 2, "lanes": [1]}),
        ("lane_loss", {"lanes": [0]}), ("speed", {}), ("speed", {"value": 0}),
        ("weather_limit", {"value": 999}), ("speed", {"value": "NaN"}), ("flood", {"value": 1}),
    ):  # fmt: skip
        answer = close(dispatcher, target, kind=kind, **more)
        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-parameter")


def test_a_value_is_changed_with_the_version_that_was_read(dispatcher, clients):
    event = act(dispatcher, "speed", {"facility_id": str(BRIDGE)}, value=50)
    url = f"/api/events/{event['id']}"
    changed = dispatcher.patch(url, json={"value": 25}, headers={"If-Match": '"1"'})
    assert changed.json()["properties"]["value"] == 25
    slow = path(clients["anonymous"], (4, 2), (10, 2))["properties"]
    assert slow["duration_s"] == pytest.approx(slow["length_m"] * 3.6 / 25, rel=0.01)
    assert dispatcher.patch(
        url, json={"value": 900}, headers={"If-Match": '"2"'}
    ).status_code == 400  # fmt: skip
    undo(dispatcher, event)
    event = act(dispatcher, "closure", {"edge_id": edge("10,0 11,0")})
    refused = dispatcher.patch(
        f"/api/events/{event['id']}", json={"value": 3}, headers={"If-Match": '"1"'}
    )
    assert refused.status_code == 400
    undo(dispatcher, event)


def test_a_restriction_is_a_feature_while_it_holds(dispatcher, clients):
    event = act(dispatcher, "weather_limit", {"facility_id": str(BRIDGE)}, value=40, cause="fog")
    url = "/api/collections/restrictions/items"
    found = clients["anonymous"].get(url, params={"f": "json"}).json()["features"]
    mine = [f["properties"] for f in found if f["properties"]["event_id"] == event["id"]]
    assert {(p["kind"], p["value_kmh"]) for p in mine} == {("weather_limit", 40)}
    assert {p["edge_id"] for p in mine} == set(TWINS)
    undo(dispatcher, event)
    found = clients["anonymous"].get(url, params={"f": "json"}).json()["features"]
    assert event["id"] not in {f["properties"]["event_id"] for f in found}


def test_detectors_slow_edges_until_they_withdraw(dispatcher, clients):
    before = seconds(clients["anonymous"], (4, 2), (10, 2))
    told = feed(dispatcher, TWINS, 20).json()
    assert (told["edges"], told["unknown_count"]) == (2, 0)
    slow = path(clients["anonymous"], (4, 2), (10, 2), min_network_version=told["network_version"])[
        "properties"
    ]
    assert slow["duration_s"] == pytest.approx(slow["length_m"] * 3.6 / 20, rel=0.01)
    assert feed(dispatcher, TWINS[:1], 40, mode="merge").status_code == 201
    merged = path(clients["anonymous"], (4, 2), (10, 2))["properties"]
    assert merged["duration_s"] == pytest.approx(merged["length_m"] * 3.6 / 40, rel=0.01)
    clear(dispatcher)
    assert seconds(clients["anonymous"], (4, 2), (10, 2)) == before


def test_a_feed_withdraws_none_of_another_area(server, dispatcher, clients):
    with connect(server.database_url) as conn:
        conn.execute(
            "INSERT INTO sigang.account (id, name_zh, name_en, role, scope)"
            " VALUES ('wenzhou-dispatch', '温州', 'Wenzhou', 'dispatcher', '330300')"
        )
    before = seconds(clients["anonymous"], (4, 2), (10, 2))
    feed(dispatcher, TWINS, 20)
    with closing(server.client("wenzhou-dispatch")) as other:
        clear(other)
    assert seconds(clients["anonymous"], (4, 2), (10, 2)) > before
    clear(dispatcher)
    assert seconds(clients["anonymous"], (4, 2), (10, 2)) == before


def test_a_feed_and_an_event_meet_in_the_lower_speed(dispatcher, clients):
    feed(dispatcher, TWINS, 45)
    event = act(dispatcher, "weather_limit", {"facility_id": str(BRIDGE)}, value=30)
    both = path(clients["anonymous"], (4, 2), (10, 2))["properties"]
    assert both["duration_s"] == pytest.approx(both["length_m"] * 3.6 / 30, rel=0.01)
    undo(dispatcher, event)
    fed = path(clients["anonymous"], (4, 2), (10, 2))["properties"]
    assert fed["duration_s"] == pytest.approx(fed["length_m"] * 3.6 / 45, rel=0.01)
    clear(dispatcher)


def test_one_direction_is_fed(dispatcher, clients):
    before = seconds(clients["anonymous"], (10, 2), (4, 2))
    feed(dispatcher, TWINS, 20, directions="forward")
    assert seconds(clients["anonymous"], (10, 2), (4, 2)) == before
    assert seconds(clients["anonymous"], (4, 2), (10, 2)) > before
    clear(dispatcher)


def test_a_feed_ends_by_itself(dispatcher, clients):
    before = seconds(clients["anonymous"], (4, 2), (10, 2))
    soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    feed(dispatcher, TWINS, 20, valid_to=soon)
    assert seconds(clients["anonymous"], (4, 2), (10, 2)) > before
    until(lambda: seconds(clients["anonymous"], (4, 2), (10, 2)) == before)


def test_feeds_that_are_refused(dispatcher, clients):
    assert feed(clients["anonymous"], TWINS, 20).status_code == 401
    assert feed(clients["planner"], TWINS, 20).status_code == 403
    assert feed(clients["ningbo"], TWINS, 20).status_code == 403
    assert feed(dispatcher, TWINS, 20, source="nobody").status_code == 404
    assert feed(dispatcher, [edge("nowhere")], 20).status_code == 400
    for more in (
        {"values_kmh": [1]}, {"values_kmh": ["NaN", 1]}, {"values_kmh": [-1, 1]},
        {"directions": ["forward"]}, {"valid_to": "2020-01-01T00:00:00Z"}, {"valid_to": LATER},
        {"mode": "other"}, {"more": 1},
    ):  # fmt: skip
        assert feed(dispatcher, TWINS, 20, **more).status_code == 400, more
    partly = feed(dispatcher, [TWINS[0], edge("nowhere")], 20).json()
    assert (partly["edges"], partly["unknown"]) == (1, [edge("nowhere")])
    clear(dispatcher)


def test_old_feeds_are_forgotten(server, dispatcher):
    old, young = (feed(dispatcher, TWINS, 20).json()["id"] for _ in range(2))
    clear(dispatcher)
    with connect(server.database_url) as conn:
        conn.execute(
            "UPDATE sigang.edge_feed SET valid = tstzrange(now() - interval '40 days',"
            " now() - interval '31 days') WHERE id = %s", [old],
        )  # fmt: skip

    def kept():
        with connect(server.database_url) as conn:
            return {row[0] for row in conn.execute("SELECT id FROM sigang.edge_feed")}

    until(lambda: old not in kept())
    assert young in kept()


def asked(server, version, slow, answers):
    with server.client() as client:
        for _ in range(2):
            told = path(client, (4, 2), (10, 2), min_network_version=version)["properties"]
            answers.append((told["duration_s"] > 1_000) == slow)


def test_no_worker_answers_without_a_feed_that_is_committed(server, dispatcher):
    answers = []
    for _ in range(5):
        for slow in (True, False):
            told = feed(dispatcher, TWINS if slow else [], 10).json()
            about = (server, told["network_version"], slow, answers)
            threads = [threading.Thread(target=asked, args=about) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert (len(answers), all(answers)) == (120, True)


def stream_until(server, wanted, found):
    with (
        closing(server.client("dispatcher")) as client,
        client.stream("GET", "/api/stream") as lines,
    ):
        for text in lines.iter_lines():
            found.append(text)
            if text.startswith("data:") and wanted(text):
                return


def test_planned_works_announce_their_begin(server, dispatcher, clients):
    begin = datetime.now(UTC) + timedelta(seconds=3)
    heard = []
    event = act(
        dispatcher, "closure", {"facility_id": str(BRIDGE)}, cause="works",
        valid_from=begin.isoformat(),
    )  # fmt: skip
    assert event["properties"]["begun_at"] is None
    listener = threading.Thread(
        target=stream_until,
        args=(server, lambda t: '"begun"' in t and event["id"] in t, heard),
        daemon=True,
    )
    listener.start()
    url = "/api/collections/closures/items?limit=1000"

    def listed():
        found = clients["anonymous"].get(url).json()["features"]
        return event["id"] in {f["properties"]["event_id"] for f in found}

    def counted():
        layers = clients["anonymous"].get("/api/catalogue").json()["layers"]
        return next(layer["count"] for layer in layers if layer["id"] == "closures")

    before = counted()
    assert not listed()
    assert set(TWINS) & set(path(clients["anonymous"], WEST, EAST)["properties"]["edges"])
    later = (begin + timedelta(hours=1)).isoformat()
    planned = path(clients["anonymous"], WEST, EAST, depart_at=later)["properties"]["edges"]
    assert not set(TWINS) & set(planned)
    until(lambda: datetime.now(UTC) > begin)
    assert not set(TWINS) & set(path(clients["anonymous"], WEST, EAST)["properties"]["edges"])
    until(lambda: counted() == before + len(TWINS), seconds=20)
    assert listed()
    listener.join(20)
    assert not listener.is_alive(), heard[-5:]
    history = dispatcher.get(f"/api/events/{event['id']}/history").json()["history"]
    assert [(h["action"], h["account_id"]) for h in history] == [
        ("created", "dispatcher"), ("begun", "system"),
    ]  # fmt: skip
    undo(dispatcher, event)


def test_an_earlier_state_is_replayed(dispatcher, clients):
    anonymous = clients["anonymous"]
    free = path(anonymous, WEST, EAST)["properties"]
    before = datetime.now(UTC).isoformat()
    event = act(dispatcher, "closure", {"facility_id": str(BRIDGE)})
    feed(dispatcher, [edge("2,8 12,8")], 10)
    time.sleep(0.02)
    during = datetime.now(UTC).isoformat()
    closed = path(anonymous, WEST, EAST)["properties"]
    undo(dispatcher, event)
    clear(dispatcher)
    assert path(anonymous, WEST, EAST)["properties"]["edges"] == free["edges"]
    then = path(anonymous, WEST, EAST, as_of=during)["properties"]
    assert (then["edges"], then["duration_s"]) == (closed["edges"], closed["duration_s"])
    assert then["network_version"] == closed["network_version"]
    first = path(anonymous, WEST, EAST, as_of=before)["properties"]
    assert (first["edges"], first["network_version"]) == (free["edges"], free["network_version"])


def test_what_was_not_known_yet_is_not_in_a_replay(dispatcher, clients):
    """A closure of tomorrow that was entered and undone is seen only from the time between."""
    anonymous, tomorrow = clients["anonymous"], datetime.now(UTC) + timedelta(days=1)
    later = (tomorrow + timedelta(hours=1)).isoformat()
    before = datetime.now(UTC).isoformat()
    event = act(
        dispatcher, "closure", {"facility_id": str(BRIDGE)}, valid_from=tomorrow.isoformat()
    )
    time.sleep(0.02)
    during = datetime.now(UTC).isoformat()
    undo(dispatcher, event)

    def used(as_of):
        told = path(anonymous, WEST, EAST, as_of=as_of, depart_at=later)["properties"]
        return bool(set(TWINS) & set(told["edges"]))

    assert (used(before), used(during)) == (True, False)
    assert set(TWINS) & set(path(anonymous, WEST, EAST, as_of=during)["properties"]["edges"])


def test_instants_that_cannot_be_replayed(clients):
    for as_of in ("1999-01-01T00:00:00Z", LATER):
        answer = ask(clients["anonymous"], WEST, EAST, as_of=as_of)
        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-parameter")


def test_every_version_is_recorded_with_its_time(server, dispatcher):
    event = act(dispatcher, "speed", {"facility_id": str(BRIDGE)}, value=50)
    undone = undo(dispatcher, event)
    with connect(server.database_url) as conn:
        rows = conn.execute(
            "SELECT s.version_from, s.recorded_from = f.at, s.version_to, s.recorded_to = t.at"
            " FROM sigang.edge_state s"
            " JOIN sigang.network_history f ON f.version = s.version_from AND f.network = 'road'"
            " JOIN sigang.network_history t ON t.version = s.version_to AND t.network = 'road'"
            " WHERE s.event_id = %s",
            [event["id"]],
        ).fetchall()
    version = undone["properties"]["network_version"]
    assert rows == [(event["properties"]["network_version"], True, version, True)] * 2


def test_measured_weeks_are_used_once_they_are_loaded(server, clients, tmp_path):
    peak, target = "2026-11-23T08:10:00+08:00", edge("0,0 1,0")

    def asked():
        return path(clients["anonymous"], (0, 0), (1, 0), depart_at=peak, speeds="typical")

    before = asked()["properties"]
    assert before["speeds_measured_share"] == 0
    file = tmp_path / "weeks.csv"
    rows = [f"{target},both,{hour},7" for hour in range(168)]
    file.write_text("edge_id,direction,hour,kmh\n" + "\n".join(rows), "utf-8")
    with connect(server.database_url) as conn:
        assert load_speed_profiles(conn, file, "detectors").rows_ok == 1
    until(lambda: all(asked()["properties"]["speeds_measured_share"] > 0 for _ in range(12)), 30)
    after = asked()["properties"]
    assert after["edges"] != [target]
    assert after["duration_s"] > before["duration_s"]

"""Carriageways over HTTP: places, signs up- and downstream, entrances, queues, fog."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from spatial.postgres.db import connect
from tests.api.corridorworld import fill_corridor, sign_id
from tests.api.roadworld import LATER, fill, undo
from tests.conftest import running_server, shared_path
from tests.routing.corridor import EAST, LON_0, at, edge_id

pytestmark = pytest.mark.db
UP = "/api/carriageways/G92/up"
FOG = [at(3900, -120), at(6100, -120), at(6100, 60), at(3900, 60), at(3900, -120)]


@pytest.fixture(scope="module")
def server(module_database_url):
    fill(module_database_url)
    fill_corridor(module_database_url)
    with running_server(module_database_url, workers=1) as running:
        yield running


def get(client, url, **query):
    answer = client.get(url, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def post(client, what, body):
    answer = client.post(f"/api/carriageways/{what}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(collection):
    return [f["properties"]["name"]["en"] for f in collection["features"]]


def x_of(lon):
    return (lon - LON_0) * EAST


def test_a_stake_towards_ningbo_is_placed_within_20_m(client):
    for side in ("up", "Ningbo", "宁波"):
        told = get(client, f"/api/carriageways/G92/{side}/place", stake="K100+000")
        assert x_of(told["properties"]["on_road"][0]) == pytest.approx(4776.7, abs=1)
        assert x_of(told["geometry"]["coordinates"][0]) == pytest.approx(4776.7, abs=1)
        assert told["properties"]["edge"] == str(edge_id("up 4000"))
        assert told["properties"]["calibrated"] is True
        assert told["properties"]["accuracy_m"] <= 40


@pytest.mark.parametrize(
    "text", ["G92 K100+000 towards Ningbo, lanes 1–2", "Ｇ９２杭州湾环线 K100 往宁波方向 1、2车道"]
)
def test_a_stake_as_one_text_is_placed_within_20_m(client, text):
    told = get(client, "/api/carriageways/place", at=text)
    assert x_of(told["properties"]["on_road"][0]) == pytest.approx(4776.7, abs=1)
    assert told["properties"]["lanes"] == [1, 2]
    [hit] = get(client, "/api/search", q=text)["results"]
    assert hit["center"] == pytest.approx(told["geometry"]["coordinates"])
    assert (hit["side"], hit["lanes"]) == ("up", [1, 2])


def test_a_stretch_as_one_text(client):
    told = get(client, "/api/carriageways/place", at="G92 K99+800-K100.2 上行")
    ends = [told["properties"]["stake"], told["properties"]["to"]["stake"]]
    assert ends == ["K99+800", "K100+200"]
    (line,) = told["geometry"]["coordinates"]
    assert len(line) >= 2 and told["geometry"]["type"] == "MultiLineString"


def test_the_first_two_signs_upstream_of_k100_towards_ningbo(client, dispatcher):
    url = "/api/carriageways/G92/Ningbo/devices"
    found = get(client, url, stake="K100+000", search="upstream", kind="sign", limit=2)
    assert names(found) == ["up 4500", "up 3900"]
    first = found["features"][0]
    assert first["id"] == sign_id("up 4500")
    assert first["properties"]["distance_m"] == pytest.approx(276.7, abs=1)
    assert first["properties"]["stake"] == "K99+715"
    assert found["network_version"] >= 1
    over = get(client, url, stake="K100+000", over="ramps", limit=3)
    assert names(over) == ["up 4500", "up 3900", "on ramp"]
    assert [f["properties"]["on_ramp"] for f in over["features"]] == [False, False, True]


def test_a_sign_of_a_unit_is_seen_by_its_unit_only(client, dispatcher):
    url, asked = f"{UP}/devices", {"stake": "K100+000", "limit": 5}
    assert "up 1500" not in names(get(client, url, **asked))
    assert "up 1500" in names(get(dispatcher, url, **asked))


def test_downstream_and_the_other_side(client):
    found = get(client, f"{UP}/devices", stake="K100+000", search="downstream", limit=2)
    assert names(found) == ["up 4800 staked", "up 4900"]
    other = get(client, "/api/carriageways/G92/down/devices", stake="K100+000", search="downstream")
    assert names(other) == ["down 4790", "down 4600"]


def test_a_stake_that_exists_twice_must_be_told_apart(client):
    answer = client.get(f"{UP}/place", params={"stake": "K102+200"})
    assert (answer.status_code, len(answer.json()["places"])) == (400, 2)
    second = get(client, f"{UP}/place", stake="K102+200", occurrence=2)
    assert x_of(second["properties"]["on_road"][0]) == pytest.approx(7040, abs=1)


def test_entrances_upstream(client):
    found = get(client, f"{UP}/entrances", stake="K100+000", within_m=8000)
    told = [(f["properties"]["edge"], f["properties"]["distance_m"]) for f in found["features"]]
    assert told == [
        (str(edge_id("on 1")), pytest.approx(1138.8, abs=1)),
        (str(edge_id("G15 street")), pytest.approx(7276.7, abs=1)),
    ]
    assert found["features"][0]["properties"]["other"]["class"] == "secondary"


def test_the_worked_example_of_an_incident(client):
    told = json.loads(shared_path("worked_examples.json").read_text("utf-8"))["incident_shockwave"]
    body = {
        "route": "G92", "side": "Ningbo", "stake": "K104+160", "upstream": told["upstream"],
        "queue": told["queue"], "after_s": [900, 0],
    }  # fmt: skip
    answer = post(client, "queue", body)
    assert answer["wave_kmh"] == pytest.approx(told["w_km_h"], abs=5e-4)
    assert answer["margin_m"] == 2000
    assert answer["rule"]["key"] == "road.queue"
    start, later = answer["features"]
    assert (start["properties"]["after_s"], start["properties"]["length_m"]) == (0, 0)
    assert later["properties"]["length_m"] == pytest.approx(3076.9, abs=0.1)
    assert x_of(later["properties"]["tail"][0]) == pytest.approx(9000 - 3076.9, abs=2)
    assert later["properties"]["tail_stake"] == "K101+181"
    sign = later["properties"]["sign"]["properties"]
    assert sign["name"]["en"] == "up 3900"
    assert sign["distance_m"] >= 3076.9 + 2000
    assert start["properties"]["sign"]["properties"]["name"]["en"] == "up 6990"


def test_fog_gives_limits_by_edge_and_the_entrances_to_control(client):
    body = {"polygon": {"type": "Polygon", "coordinates": [FOG]}, "visibility_m": 80}
    answer = post(client, "fog", body)
    limits = {(e["edge"], e["direction"]): (e["limit_kmh"], e["gap_m"]) for e in answer["edges"]}
    inside = ["up 3000", "up 4000", "up 6000", "down 10000", "down 5000", "on 1", "off 2"]
    inside.append("down on")
    expected = {(str(edge_id(name)), "forward"): (40, 50) for name in inside}
    assert limits == expected
    entered = {f["properties"]["edge"]: f["properties"]["distance_m"] for f in answer["entrances"]}
    assert entered[str(edge_id("on 1"))] == 0
    assert entered[str(edge_id("G15 street"))] > 4_000
    assert str(edge_id("on 2")) not in entered
    assert answer["exits"] == []
    assert "八十一" in answer["rules"][0]["source"]


@pytest.mark.parametrize(
    ("visibility", "limit"), [(199.9, 60), (200, None), (99, 40), (100, 60), (49.9, 20), (50, 40)]
)
def test_the_steps_of_the_law(client, visibility, limit):
    body = {"polygon": {"type": "Polygon", "coordinates": [FOG]}, "visibility_m": visibility}
    answer = post(client, "fog", body)
    assert {e["limit_kmh"] for e in answer["edges"] if e["class"] == "motorway"} == (
        {limit} if limit else set()
    )
    assert bool(answer["exits"]) == (limit == 20)


def test_fog_limits_are_applied_in_the_same_request(client, dispatcher):
    body = {
        "polygon": {"type": "Polygon", "coordinates": [FOG]}, "visibility_m": 80,
        "apply": {"valid_to": LATER},
    }  # fmt: skip
    assert client.post("/api/carriageways/fog", json=body).status_code == 401
    where = {"waypoints": [at(1500, 0), at(9000, 0)], "include": ["edges"]}
    before = client.post("/api/paths", json=where).json()["features"][0]["properties"]
    event = post(dispatcher, "fog", body)["event"]
    told = event["properties"]
    assert (told["kind"], told["value"], told["attributes"]["visibility_m"]) == (
        "weather_limit", 40, 80,
    )  # fmt: skip
    slow = client.post("/api/paths", json=where).json()["features"][0]["properties"]
    assert slow["network_version"] >= told["network_version"]
    assert slow["duration_s"] > before["duration_s"] + 60
    undo(dispatcher, event)
    after = client.post("/api/paths", json=where).json()["features"][0]["properties"]
    assert after["duration_s"] == before["duration_s"]
    clear = {**body, "visibility_m": 300}
    assert dispatcher.post("/api/carriageways/fog", json=clear).status_code == 400


@pytest.mark.parametrize(
    ("url", "query", "status"),
    [
        ("G9/up/place", {"stake": "K1"}, 404), ("G92/left/place", {"stake": "K100"}, 404),
        ("G92/up/place", {"stake": "K98+100"}, 404), ("G92/up/place", {"stake": "x"}, 400),
        ("G92/up/place", {}, 400), ("G92/up/place", {"stake": "K100", "z": 1}, 400),
        ("G92/up/devices", {"stake": "K100", "kind": "dog"}, 400),
        ("G92/up/devices", {"stake": "K100", "limit": 0}, 400),
        ("G92/up/devices", {"stake": "K100", "within_m": "nan"}, 400),
        ("G92/up/devices", {"stake": "K100", "search": "sideways"}, 400),
        ("G92/up/entrances", {"stake": "K999"}, 404),
        ("place", {}, 400), ("place", {"at": "K100 up"}, 400), ("place", {"at": "G92 K100"}, 400),
        ("place", {"at": "G9 K100 up"}, 404), ("place", {"at": "G92 K100 to Paris"}, 404),
    ],
)  # fmt: skip
def test_questions_that_cannot_be_answered(client, url, query, status):
    answer = client.get(f"/api/carriageways/{url}", params=query)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "change",
    [
        {"queue": {"q_veh_h": 1, "k_veh_km": 45}}, {"after_s": []}, {"after_s": [-1]},
        {"upstream": {"q_veh_h": "inf", "k_veh_km": 1}}, {"margin_m": -1}, {"more": 1},
        {"kind": ""}, {"at": "G92 K100 up"}, {"stake": None},
    ],
)  # fmt: skip
def test_queues_that_make_no_sense(client, change):
    body = {
        "route": "G92", "side": "up", "stake": "K100",
        "upstream": {"q_veh_h": 3600, "k_veh_km": 45},
        "queue": {"q_veh_h": 1200, "k_veh_km": 240},
    }  # fmt: skip
    assert client.post("/api/carriageways/queue", json={**body, **change}).status_code == 400


def report(client, stake, side="Ningbo", **more):
    body = {"route": "G92", "side": side, "stake": stake, **more}
    answer = client.post("/api/incidents", json=body)
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


def test_a_second_report_of_an_incident_joins_the_first(dispatcher):
    first = report(dispatcher, "K100+000", lanes=[1], reporter="caller")
    assert first["properties"]["merged"] is False
    assert x_of(first["geometry"]["coordinates"][0]) == pytest.approx(4776.7, abs=20)
    assert [r["party"] for r in first["properties"]["receipts"]] == ["330000", "330200"]
    second = report(dispatcher, "K100+450", lanes=[2], severity="high", reporter="camera")
    told = second["properties"]
    assert (second["id"], told["merged"], told["severity"]) == (first["id"], True, "high")
    assert told["lanes"] == "1、2"
    assert [r["reporter"] for r in told["attributes"]["reports"]] == ["caller", "camera"]
    milder = report(dispatcher, "K99+900", severity="low")["properties"]
    assert (milder["merged"], milder["severity"]) == (True, "high")
    history = dispatcher.get(f"/api/events/{first['id']}/history").json()["history"]
    assert [h["action"] for h in history] == ["created", "reported", "reported"]
    undo(dispatcher, first)
    after = report(dispatcher, "K100+000")
    assert after["id"] != first["id"]
    undo(dispatcher, after)


def test_an_incident_on_a_road_without_a_unit_is_the_provinces(server, clients, dispatcher):
    update = "UPDATE sigang.edge SET admin_code = %s WHERE route_id = 'G92'"
    body = {"route": "G92", "side": "Ningbo", "stake": "K100+200"}
    with connect(server.database_url) as conn:
        conn.execute(update, [None])
    try:
        assert clients["ningbo"].post("/api/incidents", json=body).status_code == 403
        undo(dispatcher, report(dispatcher, "K100+200"))
    finally:
        with connect(server.database_url) as conn:
            conn.execute(update, ["330282"])


def test_reports_and_closures_take_the_text(client, dispatcher):
    text = "G92 K100+000 towards Ningbo, lanes 1–2"
    answer = dispatcher.post("/api/incidents", json={"at": text})
    assert answer.status_code == 201, answer.text
    told = answer.json()["properties"]
    assert told["lanes"] == "1、2"
    undo(dispatcher, answer.json())
    body = {"kind": "lane_loss", "target": {"at": text}, "cause": "works", "valid_to": LATER}
    answer = dispatcher.post("/api/events", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["properties"]["lanes"] == "1、2"
    undo(dispatcher, answer.json())
    stretch = {**body, "kind": "closure", "target": {"at": "G92 K99+800 至 K100+200 往宁波方向"}}
    shut = dispatcher.post("/api/events", json=stretch).json()
    where = {"waypoints": [at(4300, 0), at(4900, 0)]}
    assert client.post("/api/paths", json=where).status_code != 200
    assert "K99+800–K100+200" in json.dumps(shut["properties"], ensure_ascii=False)
    undo(dispatcher, shut)
    assert client.post("/api/paths", json=where).status_code == 200
    for wrong, status in (("G92 K100 to Paris", 404), ("G92", 400)):
        named = {**body, "target": {"at": wrong}, "lanes": [1]}
        assert dispatcher.post("/api/events", json=named).status_code == status
    both = {**body, "kind": "closure", "target": {"at": text}}
    assert dispatcher.post("/api/events", json=both).status_code == 400
    assert dispatcher.post("/api/incidents", json={"at": "G92 K1-K2 up"}).status_code == 400


def test_reports_farther_off_later_or_of_the_other_side_stay_apart(server, dispatcher):
    first = report(dispatcher, "K100+000")
    far = report(dispatcher, "K100+600")
    other = report(dispatcher, "K100+000", side="down")
    assert len({first["id"], far["id"], other["id"]}) == 3
    with connect(server.database_url) as conn:
        conn.execute(
            "UPDATE sigang.event SET recorded_at = now() - interval '11 min', props ="
            " jsonb_set(props, '{attributes,last_report}', to_jsonb(now() - interval '11 min'))"
            " WHERE id = %s", [first["id"]],
        )  # fmt: skip
    later = report(dispatcher, "K99+900")
    assert later["properties"]["merged"] is False
    for event in (first, far, other, later):
        undo(dispatcher, event)


def test_two_reports_at_once_make_one_incident(server):
    def call(_):
        with closing(server.client("dispatcher")) as own:
            return report(own, "K96+000")

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(call, range(4)))
    assert len({event["id"] for event in told}) == 1
    assert sorted(event["properties"]["merged"] for event in told) == [False, True, True, True]
    with closing(server.client("dispatcher")) as own:
        undo(own, told[0])


def test_who_may_report(client, server):
    body = {"route": "G92", "side": "up", "stake": "K100"}
    assert client.post("/api/incidents", json=body).status_code == 401
    with closing(server.client("wenzhou")) as other:
        assert other.post("/api/incidents", json=body).status_code == 403


def test_typical_speeds_count_where_they_are_asked_for(client):
    ends = {"waypoints": [at(300, -200), at(9000, -200)]}

    def asked(**more):
        answer = client.post("/api/paths", json={**ends, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()["features"][0]["properties"]

    night, peak = "2026-11-23T03:00:00+08:00", "2026-11-23T08:10:00+08:00"
    free = asked(depart_at=peak)
    slow = asked(depart_at=peak, speeds="typical")
    assert asked(depart_at=night, speeds="typical")["duration_s"] == free["duration_s"]
    assert slow["duration_s"] > 1.1 * free["duration_s"]
    assert slow["speeds_rule"]["key"] == "road.hour_of_week"
    assert "speeds_rule" not in free
    by = asked(arrive_by="2026-11-23T08:30:00+08:00", speeds="typical")
    assert by["arrive_at"] <= "2026-11-23T08:30:00+08:00"
    assert client.post("/api/paths", json={**ends, "speeds": "fast"}).status_code == 400


def predicted(client, *roads):
    answer = client.post("/api/predicted-speeds", json={"roads": list(roads)})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_predicted_speeds_of_classes_and_edges(client):
    example = json.loads(shared_path("worked_examples.json").read_text("utf-8"))["bpr"]
    ten_minutes = {"road_class": "motorway", "length_m": 20_000, "free_kmh": 120}
    edge = str(edge_id("up 4000"))
    answer = predicted(
        client,
        {**ten_minutes, "volume_pcu_h": 1800, "capacity_pcu_h": 2000},
        {"edge": edge, "volume_pcu_h": 6300},
        {"road_class": "motorway", "volume_pcu_h": 0},
    )
    told, mine, empty = answer["roads"]
    assert (told["free_s"], told["load"], told["level"]) == (600, 0.9, 4)
    assert told["time_s"] == pytest.approx(60 * example["t_min"], abs=1e-3)
    assert told["speed_kmh"] == pytest.approx(120 * 600 / told["time_s"], abs=0.01)
    assert (mine["edge"], mine["lanes"], mine["lanes_basis"]) == (edge, 3, "recorded")
    assert (mine["load"], mine["level"], mine["capacity_basis"]) == (1, 5, "assumed")
    assert mine["time_s"] == pytest.approx(1.15 * mine["free_s"], abs=2e-3)
    assert empty["speed_kmh"] == empty["free_kmh"]
    assert (empty["length_m"], empty["time_s"]) == (None, None)
    assert {rule["key"] for rule in answer["rules"]} >= {"road.bpr", "road.load"}


@pytest.mark.parametrize(
    "road",
    [
        {"volume_pcu_h": 1}, {"road_class": "trunk"}, {"road_class": "trunk", "volume_pcu_h": -1},
        {"edge": "01980000-0000-7000-8000-000000000000", "volume_pcu_h": 1},
        {"edge": str(edge_id("up 4000")), "road_class": "trunk", "volume_pcu_h": 1},
        {"road_class": "trunk", "volume_pcu_h": 1, "capacity_pcu_h": 0},
    ],
)  # fmt: skip
def test_volumes_that_cannot_be(client, road):
    assert client.post("/api/predicted-speeds", json={"roads": [road]}).status_code == 400
    assert client.post("/api/predicted-speeds", json={"roads": []}).status_code == 400

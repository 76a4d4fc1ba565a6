"""Shipments by HTTP: plans and events in batches, chains that no order of arrival changes."""

from __future__ import annotations

import random

import pytest

from api.network.rule_models import load_rules
from data.accounts import load_accounts
from spatial.postgres.db import connect
from tests.conftest import running_server

pytestmark = pytest.mark.db

BOX = "CSQU3054383"
HUBS = [("zhapu", ["CNZAP", "CNZPU"], 121.08, 30.6), ("beilun", ["CNBEI"], 121.87, 29.93)]
WORLD = f"""
INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)
VALUES ('line', '测试', 'Test', 'CC0', 'Test'), ('gates', '测试', 'Test', 'CC0', 'Test');
INSERT INTO sigang.zone (id, kind, name_zh, name_en, admin_code, visibility, origin, source_id,
  geom) SELECT gen_random_uuid(), 'county', code, code, code, 'public', 'synthetic', 'line',
  ST_Multi(ST_MakeEnvelope(x, y, x + 0.5, y + 0.5, 4326))
FROM (VALUES ('330482', 120.9, 30.4), ('330206', 121.6, 29.7), ('331083', 121.0, 27.9))
  c (code, x, y);
INSERT INTO sigang.facility (id, kind, name_zh, name_en, admin_code, visibility, origin, source_id,
  un_locode, geom) VALUES (gen_random_uuid(), 'port', '大麦屿', 'Damaiyu', '331083', 'public',
  'synthetic', 'line', 'CNDMY', ST_SetSRID(ST_MakePoint(121.14, 28.06), 4326));
INSERT INTO sigang.unlocode VALUES
  ('line', 'NLRTM', 'Rotterdam', 'Rotterdam', NULL, '12345---', 'AF', '5155N 00430E', '{{}}',
   ST_SetSRID(ST_MakePoint(4.5, 51.9166), 4326)),
  ('line', 'CNDMY', 'Damaiyu', 'Damaiyu', 'ZJ', '1-------', 'AS', '2511N 11936E', '{{}}', NULL);
{
    "".join(
        f'''INSERT INTO sigang.linkage_hub (id, kind, name_zh, un_locodes, by_road, source_id,
  origin, geom) VALUES ('{name}', 'sea', '{name}', ARRAY{codes}, true, 'line', 'synthetic',
  ST_SetSRID(ST_MakePoint({x}, {y}), 4326));'''
        for name, codes, x, y in HUBS
    )
}
"""


def day(hours):
    return f"2026-03-{2 + int(hours // 24):02d}T{int(hours % 24):02d}:{int(hours % 1 * 60):02d}:00Z"


LEGS = [
    {"mode": "road", "start": {"name": "factory", "at": [121.0, 30.5]}, "goal": "CNZAP",
     "departs": day(6), "arrives": day(8)},
    {"mode": "feeder", "start": "CNZPU", "goal": "beilun", "departs": day(16),
     "arrives": day(26), "transport": "F1", "gate_closes": day(12)},
    {"mode": "deep_sea", "start": "CNBEI", "goal": "NLRTM", "departs": day(60),
     "arrives": day(400), "transport": "S1"},
]  # fmt: skip
LEGS[1]["start"] = "CNZAP"
LEGS[2]["start"] = "beilun"
PLAN = {"key": "one", "units": [{"number": "csqu 305438-3"}], "references": ["BK1"], "legs": LEGS,
        "empty_from": "zhapu", "teu": 2}  # fmt: skip


def event(number, code, hours, place=None, **more):
    kind = "TRANSPORT" if code in ("ARRI", "DEPA") else "EQUIPMENT"
    return {"id": str(number), "type": kind, "code": code, "at": day(hours), "unit": BOX,
            **({"place": place} if place else {}), **more}  # fmt: skip


EVENTS = [
    event(1, "GTOT", 5, "CNZPU", empty=True), event(2, "GTIN", 9, "CN ZAP"),
    event(3, "LOAD", 14, "zhapu", transport="F1"), event(4, "DEPA", 16, "CNZAP", transport="F1"),
    event(5, "ARRI", 27, "CNBEI", transport="F1"), event(6, "DISC", 28, "CNBEI"),
    event(7, "LOAD", 50, "CNBEI", transport="S1"),
]  # fmt: skip


@pytest.fixture(scope="module")
def server(module_database_url):
    """Yield a server over two hubs, a port and a foreign code."""
    with connect(module_database_url) as conn:
        conn.execute(WORLD)
        load_accounts(conn)
        load_rules(conn)
    with running_server(module_database_url, workers=1) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_stays(server):
    yield
    with connect(server.database_url) as conn:
        conn.execute("DELETE FROM sigang.operation WHERE kind = 'shipment'")
        conn.execute("TRUNCATE sigang.shipment_event")


def put(client, *plans, **more):
    body = {"source": "line", "origin": "synthetic", "shipments": list(plans), **more}
    return client.post("/api/shipments", json=body)


def send(client, shipment, events, source="gates"):
    body = {"source": source, "origin": "synthetic", "events": events}
    answer = client.post(f"/api/shipments/{shipment}/events", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def show(client, shipment, hours=55):
    answer = client.get(f"/api/shipments/{shipment}", params={"at": day(hours)})
    assert answer.status_code == 200, answer.text
    return answer.json()


def kinds(feature):
    return [one["kind"] for one in feature["properties"]["chains"][BOX]["anomalies"]]


def test_a_plan_is_taken_once_and_corrected(dispatcher):
    first = put(dispatcher, PLAN)
    assert first.status_code == 201, first.text
    assert (first.json()["added"], first.json()["unchanged"]) == (1, 0)
    again = put(dispatcher, PLAN).json()
    assert (again["added"], again["corrected"], again["unchanged"]) == (0, 0, 1)
    more = put(dispatcher, PLAN | {"references": ["BK1", "BK2"]}).json()
    assert (more["corrected"], more["ids"]) == (1, first.json()["ids"])
    feature = show(dispatcher, more["ids"][0], 0)
    told = feature["properties"]
    assert told["references"] == ["BK1", "BK2"] and told["origin"] == "synthetic"
    assert told["units"] == [BOX] and told["state"] == "planned" and told["admin_code"] == "330482"
    assert [leg["goal"] for leg in told["legs"]] == ["zhapu", "beilun", "NLRTM"]
    assert feature["geometry"]["coordinates"][0] == [121.0, 30.5]
    assert feature["geometry"]["coordinates"][-1] == [4.5, 51.9166]
    (listed,) = dispatcher.get("/api/shipments", params={"unit": BOX}).json()["features"]
    assert listed["id"] == feature["id"]
    assert dispatcher.get("/api/shipments", params={"unit": "x"}).json()["features"] == []


def test_any_order_and_any_repetition_end_in_one_state(dispatcher):
    whole = None
    for seed in range(4):
        (shipment,) = put(dispatcher, PLAN | {"key": f"order {seed}"}).json()["ids"]
        events = EVENTS * 2
        random.Random(seed).shuffle(events)
        for part in (events[:5], events[5:9], events[9:], events[:3]):
            send(dispatcher, shipment, part)
        told = show(dispatcher, shipment)["properties"]
        assert told["events"] != [] and len(told["events"]) == len(EVENTS)
        whole = whole or told["chains"]
        assert told["chains"] == whole
        assert (told["state"], told["place"]) == ("loaded", "beilun")
        assert told["anomalies"] == {}


def test_planted_faults_are_told_with_their_events(dispatcher):
    (shipment,) = put(dispatcher, PLAN).json()["ids"]
    late = [event(2, "GTIN", 13, "CNZAP"), *EVENTS[3:]]
    send(dispatcher, shipment, [EVENTS[0], *late])
    told = show(dispatcher, shipment)
    assert kinds(told) == ["cut-off-missed", "lost-scan"]
    lost = told["properties"]["chains"][BOX]["milestones"][3]
    assert (lost["name"], lost["status"], lost["at"]) == ("loaded", "inferred", None)
    send(dispatcher, shipment, [{"id": "r", "at": day(70), "retracts": "7"}])
    assert show(dispatcher, shipment)["properties"]["state"] == "discharged"
    send(dispatcher, shipment, [event(9, "GTIN", 60, "depot", unit="CSQU3054999")])
    assert show(dispatcher, shipment)["properties"]["anomalies"]["unknown-unit"] == 1
    raw = {e["id"]: e["raw"] for e in show(dispatcher, shipment)["properties"]["events"]}
    assert '"retracts":"7"' in raw["r"] and '"LOAD"' in raw["7"], "what was taken back is kept"
    found = dispatcher.get("/api/shipments", params={"anomaly": "lost-scan", "at": day(70)})
    assert [one["id"] for one in found.json()["features"]] == [shipment]
    none = dispatcher.get("/api/shipments", params={"anomaly": "returned-twice", "at": day(70)})
    assert none.json()["features"] == []


def test_an_arrival_is_predicted_from_the_plan_and_what_happened(dispatcher):
    (shipment,) = put(dispatcher, PLAN).json()["ids"]
    before = show(dispatcher, shipment, 1)["properties"]["arrival"]
    assert before["assumed"] == ["deep_sea", "feeder", "road"] and before["learnt"] == []
    assert before["low"] <= before["expected"] <= before["high"]
    send(dispatcher, shipment, [*EVENTS, event(8, "DEPA", 90, "beilun", transport="S1")])
    after = show(dispatcher, shipment, 95)["properties"]["arrival"]
    assert after["expected"] > before["expected"]
    send(dispatcher, shipment, [event(20, "ARRI", 430, "NLRTM", transport="S1")])
    assert show(dispatcher, shipment, 431)["properties"]["arrival"] is None


NUMBER = "/shipments/0/units/0/number"


def swap(number, mode="rail"):
    legs = [{**LEGS[1], "mode": mode}]
    return PLAN | {"legs": legs, "units": [{"number": number, "kind": "swap_body"}]}


@pytest.mark.parametrize(
    ("plan", "pointer", "told"),
    [
        (PLAN | {"units": [{"number": "CSQU3054384"}]}, NUMBER, "校验码应为 3"),
        (PLAN | {"units": [{"number": "ABCU1234567HELLO"}]}, NUMBER, "ABCU"),
        (PLAN | {"units": [{"number": "AB,123456"}]}, NUMBER, "不是集装箱号"),
        (PLAN | {"units": [{"number": "ATBE1003091"}]}, NUMBER, "EN 13044"),
        (swap("ATBE1003091", "feeder"), NUMBER, "仅在铁路区段"),
        (PLAN | {"legs": [LEGS[0] | {"goal": "CNZAO"}]}, "/shipments/0/legs", "没有地点"),
        (PLAN | {"legs": [LEGS[0] | {"arrives": day(1)}]}, "/shipments/0/legs/0", "before"),
        (PLAN | {"legs": [LEGS[0], LEGS[2]]}, "/shipments/0/legs/1", "终点为 zhapu"),
        (PLAN | {"legs": [LEGS[1] | {"goal": "CNZPU"}]}, "/shipments/0/legs/0", "同为 zhapu"),
    ],
)  # fmt: skip
def test_a_bad_plan_is_pointed_to(dispatcher, plan, pointer, told):
    answer = put(dispatcher, plan)
    body = answer.json()
    assert (answer.status_code, body["pointer"]) == (400, pointer), answer.text
    assert told in str(body)
    if "CNZAO" in str(plan):
        assert "CNZAP" in body["near"]


def test_units_and_places_that_are_taken(dispatcher):
    assert put(dispatcher, swap("ATBE1003091")).status_code == 201
    assert put(dispatcher, PLAN | {"units": [{"number": "CBHU4000090"}]}).status_code == 201
    leg = {**LEGS[2], "start": "CNDMY"}
    far = PLAN | {"key": "far", "legs": [leg], "empty_from": None}
    (shipment,) = put(dispatcher, far).json()["ids"]
    feature = show(dispatcher, shipment, 0)
    assert feature["geometry"]["coordinates"][0] == [121.14, 28.06]
    assert feature["properties"]["admin_code"] == "331083"


def test_codes_of_one_place_join_and_a_quay_before_the_coast_is_of_its_county(server, clients):
    with connect(server.database_url) as conn:
        conn.execute("""INSERT INTO sigang.linkage_hub (id, kind, name_zh, un_locodes, by_road,
          source_id, origin, geom) VALUES ('quay', 'sea', 'quay', ARRAY['CNCHS'], true, 'line',
          'synthetic', ST_SetSRID(ST_MakePoint(122.13, 29.9), 4326)), ('roads', 'sea', 'roads',
          '{}', true, 'line', 'synthetic', ST_SetSRID(ST_MakePoint(122.2, 29.9), 4326))""")
    ningbo = clients["ningbo"]
    legs = [LEGS[1] | {"start": "NLRTM", "goal": "quay"}, LEGS[2] | {"start": "CNCHS"}]
    plan = {"key": "off", "units": PLAN["units"], "legs": legs}
    answer = put(ningbo, plan)  # 2.9 km off the outline of 330206
    assert answer.status_code == 201, answer.text
    feature = show(ningbo, answer.json()["ids"][0], 0)
    assert feature["properties"]["admin_code"] == "330206"
    assert [leg["start"] for leg in feature["properties"]["legs"]] == ["NLRTM", "quay"]
    far = [leg | {"goal": "roads"} for leg in legs[:1]]
    assert put(ningbo, plan | {"key": "far", "legs": far}).status_code == 403


def test_areas_are_kept_and_strangers_are_refused(dispatcher, clients):
    (shipment,) = put(dispatcher, PLAN).json()["ids"]
    assert put(clients["planner"], PLAN).status_code == 403
    assert clients["anonymous"].get("/api/shipments").status_code == 401
    assert clients["anonymous"].get(f"/api/shipments/{shipment}").status_code == 401
    other = clients["wenzhou"]
    assert other.get("/api/shipments").json()["features"] == []
    assert other.get(f"/api/shipments/{shipment}").status_code == 404
    assert put(other, PLAN | {"key": "x"}).status_code == 403
    body = {"source": "gates", "events": EVENTS[:1]}
    assert other.post(f"/api/shipments/{shipment}/events", json=body).status_code == 404
    for wrong in ({"id": "1", "at": day(1)}, {"id": "1", "at": day(1), "code": "XXXX"}):
        answer = dispatcher.post(f"/api/shipments/{shipment}/events",
                                 json={"source": "gates", "events": [wrong]})  # fmt: skip
        assert answer.status_code == 400 and answer.json()["pointer"] == "/events/0"


BAG = {"key": "bag", "units": [{"number": "0999123456", "kind": "bag"}], "legs": [
    {"mode": "air", "start": "CNZAP", "goal": "beilun", "departs": day(10), "arrives": day(12),
     "transport": "CA1"}]}  # fmt: skip


def test_a_bag_that_is_not_loaded_is_listed_with_its_last_node(dispatcher):
    (shipment,) = put(dispatcher, BAG).json()["ids"]
    scan = {"id": "1", "type": "BAGGAGE", "code": "ACCEPTANCE", "at": day(8), "place": "CNZAP",
            "unit": "0999123456"}  # fmt: skip
    send(dispatcher, shipment, [scan])

    def missing(hours):
        asked = {"anomaly": "not-loaded", "at": day(hours)}
        return dispatcher.get("/api/shipments", params=asked).json()["features"]

    assert missing(9.4) == []
    (found,) = missing(9.5)
    assert (found["id"], found["properties"]["place"]) == (shipment, "zhapu")


def test_messages_find_their_shipment_and_wrong_ones_are_told(dispatcher):
    (shipment,) = put(dispatcher, PLAN).json()["ids"]

    def gate(number, box, document, when, place):
        return [f"UNH+{number}+CODECO:D:95B:UN", f"BGM+{document}+{number}+9",
                f"DTM+7:{when}UTC:303",
                f"LOC+165+{place}", f"EQD+CN+{box}+22G1++2+5", f"UNT+6+{number}"]  # fmt: skip

    segments = ["UNB+UNOA:2+T+L+260302:1530+1", *gate(1, BOX, 34, "202603020900", "CNZAP"),
                *gate(2, "CSQU3054384", 34, "202603020900", "CNZAP"),
                *gate(3, "CBHU4000090", 34, "202603020900", "CNZAP"), "UNZ+3+1"]  # fmt: skip
    text = "".join(f"{one}'" for one in segments)
    for added in (2, 0):
        answer = dispatcher.post("/api/shipments/messages", content=text,
                                 params={"source": "gates", "synthetic": "true"})  # fmt: skip
        assert answer.status_code == 201, answer.text
        told = answer.json()
        assert (told["messages"], told["added"], told["refused"]) == (3, added, 1)
        assert told["faults"][0]["message"] == 2 and "digit is 3" in told["faults"][0]["en"]
    feature = show(dispatcher, shipment, 10)
    assert feature["properties"]["state"] == "gate-in"
    (event,) = feature["properties"]["events"]
    assert event["raw"].startswith("UNH+1+CODECO") and event["origin"] == "synthetic"
    (lost,) = dispatcher.get("/api/shipments/unclaimed-events").json()["events"]
    assert (lost["unit"], lost["source"]) == ("CBHU4000090", "gates")
    other = PLAN | {"key": "two", "units": [{"number": "CBHU4000090"}]}
    assert put(dispatcher, other).status_code == 201
    assert dispatcher.get("/api/shipments/unclaimed-events").json()["events"] == []

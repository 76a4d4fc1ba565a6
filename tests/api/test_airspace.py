"""POST /airspace/check, temporary restrictions and kept answers, over HTTP."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest

from data.terrain import write_terrain
from layers.reports.fonts import NAMES, VENDORED
from routing.airspace.pack_reader import Pack
from spatial.airspace_rules import GROUND
from spatial.ids import stable_uuid7
from spatial.postgres.db import connect
from spatial.rule_files import read_rule
from tests.api.roadworld import LAT, LON, until
from tests.harness import ROOT

pytestmark = pytest.mark.db

HERE = [LON + 0.02, LAT + 0.02]
AT = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0)
ZONE = """
INSERT INTO sigang.zone (id, kind, level, name_zh, name_en, admin_code, visibility, origin,
  source_id, restriction, props, floor_m, floor_datum, ceiling_m, ceiling_datum, geom)
VALUES (%s, %s, %s, %s, %s, '330482', 'public', 'synthetic', 'world', %s, %s, %s, %s, %s, %s,
  ST_Multi(ST_MakeEnvelope(%s, %s, %s, %s, 4326)))"""


def zone(conn, key, kind, level, box, *, restriction=None, props=None, limits=(None,) * 4):
    number = stable_uuid7("air", key)
    conn.execute(
        ZONE, [number, kind, level, key, key, restriction, json.dumps(props or {}), *limits, *box]
    )
    return str(number)


@pytest.fixture(scope="module")
def air(planning):
    """Fill the air: known ground to the west, unknown to the east; a flat relief."""
    known = dict.fromkeys(read_rule(GROUND).value.root, "empty")
    west = (LON - 0.05, LAT - 0.05, LON + 0.05, LAT + 0.1)
    east = (LON + 0.05, LAT - 0.05, LON + 0.3, LAT + 0.1)
    with connect(planning.database_url) as conn:
        conn.execute("DELETE FROM sigang.zone WHERE kind IN ('airspace', 'ground_coverage',"
                     " 'controlled_ground')")  # fmt: skip
        zone(conn, "west", "ground_coverage", "known", west, props={**known, "unknown": 0})
        zone(conn, "east", "ground_coverage", "unknown", east,
             props={**known, "military": "unknown", "unknown": 1})  # fmt: skip
        box = (LON, LAT, LON + 0.01, LAT + 0.01)
        store = zone(conn, "store", "controlled_ground", "nuclear_dangerous", box,
                     restriction="REQ_AUTHORISATION")  # fmt: skip
        above = (LON + 0.03, LAT, LON + 0.04, LAT + 0.01)
        zone(conn, "above", "airspace", "B", above, restriction="REQ_AUTHORISATION",
             limits=(150.0, "AMSL", 600.0, "AMSL"))  # fmt: skip
        conn.execute(
            "INSERT INTO sigang.source (id, title_zh, title_en, license, attribution, props)"
            " VALUES ('flat', '平', 'Flat', 'x', 'x', '{\"origin\": \"synthetic\","
            ' "accuracy_m": 5.0}\') ON CONFLICT DO NOTHING'
        )
        flat = np.full((10, 10), 50.0, np.float32)
        write_terrain(conn, "flat", iter([((120, 30), flat), ((121, 30), flat)]))
        conn.commit()
    return {"store": store}


def question(**more):
    return {
        "geometry": {"type": "Point", "coordinates": HERE},
        "height": {"value": 100, "datum": "AGL", "unit": "m"}, "aircraft": "light",
        "at": AT.isoformat(), **more,
    }  # fmt: skip


def said(node):
    """Return all texts that an answer holds as values."""
    if isinstance(node, dict):
        return {text for value in node.values() for text in said(value)}
    if isinstance(node, list):
        return {text for value in node for text in said(value)}
    return {node} if isinstance(node, str) else set()


def point(lon, lat):
    return {"type": "Point", "coordinates": [lon, lat]}


def ask(client, status=200, headers=None, **more):
    answer = client.post("/api/airspace/check", json=question(**more), headers=headers or {})
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def planner_of(planning):
    anyone, officer = planning.client(), planning.client("dispatcher")
    yield anyone, officer
    anyone.close()
    officer.close()


def test_where_all_is_known_and_nothing_speaks_flight_is_suitable(air, planner_of):
    answer = ask(planner_of[0])
    assert (answer["verdict"], answer["zones"], answer["airspace_class"]) == ("suitable", [], ["W"])
    assert answer["ground"]["unknown"] == []
    assert answer["heights"]["AMSL"] == [145.0, 155.0]
    assert answer["terrain"] == {"name": "Flat", "origin": "synthetic", "accuracy_m": 5.0}
    assert answer["filing"]["task"] == "suitable_airspace"
    assert answer["rules"]["uas.suitable_ceiling_m"]


def test_each_zone_that_speaks_is_named_and_what_would_do(air, planner_of):
    answer = ask(
        planner_of[0], geometry={"type": "Point", "coordinates": [LON + 0.005, LAT + 0.005]}
    )
    (spoken,) = answer["zones"]
    assert answer["verdict"] == "needs_approval"
    assert (spoken["id"], spoken["state"], spoken["level"]) == (
        air["store"], "inside", "nuclear_dangerous",
    )  # fmt: skip
    assert spoken["authority"]["zh"]
    side = answer["alternatives"]["side"]
    assert ask(planner_of[0], geometry={"type": "Point", "coordinates": side["point"]})[
        "verdict"
    ] == ("suitable")
    assert answer["filing"]["file_by"] < AT.isoformat()


def test_a_corridor_is_told_what_would_do_too(air, planner_of):
    places = [[LON + 0.002, LAT + 0.005], [LON + 0.008, LAT + 0.005]]
    line = {"type": "LineString", "coordinates": places, "corridor_m": 40}
    found = ask(planner_of[0], geometry=line)["alternatives"]
    assert (found["height"], found["omitted"]) == (None, [])
    assert ask(planner_of[0], geometry={**found["side"]["geometry"], "corridor_m": 40})[
        "verdict"
    ] == ("suitable")


def test_where_something_is_unknown_nothing_says_that_flight_is_suitable(air, planner_of):
    place = [LON + 0.1, LAT + 0.02]
    answer = ask(planner_of[0], geometry={"type": "Point", "coordinates": place})
    assert answer["verdict"] == "needs_confirmation"
    assert answer["ground"]["unknown"] == ["military"]
    assert "suitable" not in said(answer)
    beyond = ask(planner_of[0], geometry={"type": "Point", "coordinates": [110.0, 40.0]})
    assert beyond["ground"]["beyond"]
    assert "suitable" not in said(beyond)
    line = {"type": "LineString", "coordinates": [HERE, place], "corridor_m": 50}
    assert "suitable" not in said(ask(planner_of[0], geometry=line))


def test_heights_over_a_terrain_that_may_be_wrong_are_undetermined_with_the_interval(
    air, planner_of
):
    place = {"type": "Point", "coordinates": [LON + 0.035, LAT + 0.005]}
    answer = ask(planner_of[0], geometry=place)  # 100 m over 50 m ± 5 m at a floor of 150 m
    assert answer["verdict"] == "undetermined"
    assert answer["verdict_range"] == ["suitable", "needs_approval"]
    assert answer["missing"] == ["accuracy"]
    assert answer["heights"]["AMSL"] == [145.0, 155.0]


def test_points_as_columns_say_what_each_says_alone(air, planner_of):
    lon = np.random.default_rng(3).uniform(LON - 0.06, LON + 0.2, 300).round(6).tolist()
    lat = np.random.default_rng(4).uniform(LAT - 0.06, LAT + 0.12, 300).round(6).tolist()
    many = ask(planner_of[0], geometry=None, points={"lon": lon, "lat": lat})
    for at in range(0, 300, 12):
        place = {"type": "Point", "coordinates": [lon[at], lat[at]]}
        one = ask(planner_of[0], geometry=place, alternatives=False)
        assert one["verdict"] == many["verdict"][at]
        first, last = many["zone_start"][at : at + 2]
        named = {many["zones"][number]["id"] for number in many["zone_index"][first:last]}
        assert named == {z["id"] for z in one["zones"] if z["sort"] != "height"}


BAD = [
    ({"height": 120}, "/height"),
    ({"height": "120"}, "/height"),
    ({"height": {"value": 120, "unit": "m"}}, "/height/datum"),
    ({"height": None}, ""),
    ({"band": {"lower": {"value": 9, "datum": "AGL", "unit": "m"},
               "upper": {"value": 5, "datum": "AGL", "unit": "m"}}, "height": None},
     "/band/lower"),
    ({"at": (AT + timedelta(days=31)).isoformat()}, "/at"),
    ({"aircraft": "huge"}, "/aircraft"),
    ({"geometry": {"type": "Point", "coordinates": [120.0, 95.0]}}, "/geometry/coordinates"),
    ({"geometry": {"type": "LineString", "coordinates": [[179.9, 30], [-179.9, 30]]}},
     "/geometry/coordinates/1"),
    ({"geometry": {"type": "Polygon",
                   "coordinates": [[[120, 30], [120.1, 30.1], [120.1, 30], [120, 30.1],
                                    [120, 30]]]}}, "/geometry/coordinates"),
    ({"geometry": {"type": "LineString",
                   "coordinates": [[120 + n / 1e6, 30] for n in range(10_001)]}},
     "/geometry/coordinates"),
    ({"geometry": {"type": "LineString", "coordinates": [[120, 30], [123, 30]]}}, "/geometry"),
    ({"geometry": {"type": "LineString", "coordinates": [[120, 30], [120.1, True]]}},
     "/geometry/coordinates/1"),
    ({"geometry": {"type": "LineString", "coordinates": [[120, 30], [120.1, 30, 5]]}},
     "/geometry/coordinates/1"),
    ({"geometry": {"type": "Point", "coordinates": [10**400, 30]}}, "/geometry/coordinates"),
    ({"geometry": {"type": "Polygon",
                   "coordinates": [[[120, 30], [120.1, 30], [120.1, 30.1], [120, 30]], 5]}},
     "/geometry/coordinates/1"),
    ({"height": {"value": "120", "datum": "AGL", "unit": "m"}}, "/height/value"),
    ({"height": {"value": True, "datum": "AGL", "unit": "m"}}, "/height/value"),
    ({"geometry": None, "points": {"lon": [120, "120"], "lat": [30, 30]}}, "/points/lon/1"),
    ({"at": 5}, "/at"),
    ({"at": "1764500000"}, "/at"),
    ({"geometry": {"type": "Circle", "coordinates": [179.999, 30], "radius_m": 500}},
     "/geometry/radius_m"),
    ({"geometry": {"type": "LineString", "coordinates": [[-179.99, 30], [-179.9, 30]],
                   "corridor_m": 4000}}, "/geometry/corridor_m"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "pointer"), BAD)
def test_what_cannot_be_asked_is_refused_with_a_pointer(air, planner_of, more, pointer):
    started = time.perf_counter()
    assert ask(planner_of[0], 400, **more)["pointer"] == pointer
    assert time.perf_counter() - started < 2.0


def test_nan_is_refused(air, planner_of):
    text = json.dumps(question()).replace("100", "NaN")
    answer = planner_of[0].post(
        "/api/airspace/check", content=text, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json()["pointer"] == "/height/value"


def test_an_answer_is_kept_and_shown_again(air, planner_of):
    anyone, officer = planner_of
    answer = ask(anyone)
    again = anyone.get(f"/api/airspace/answers/{answer['id']}").json()
    assert again["answer"] == answer
    assert again["question"] == question()
    assert again["airspace_version"] == answer["airspace_version"]
    mine = ask(officer)["id"]
    assert anyone.get(f"/api/airspace/answers/{mine}").status_code == 404
    assert anyone.get(f"/api/airspace/answers/{uuid4()}").status_code == 404


def test_a_question_sent_again_with_its_key_has_the_same_answer(air, planner_of):
    for client in planner_of:
        key = {"Idempotency-Key": str(uuid4())}
        assert ask(client, headers=key) == ask(client, headers=key)
        assert ask(client, 422, headers=key, aircraft="micro")


def test_the_offline_pack_says_what_the_server_says(air, planner_of):
    anyone, at = planner_of[0], datetime.now(UTC) + timedelta(hours=2)
    answer = anyone.get("/api/airspace/pack")
    assert answer.headers["content-type"] == "application/vnd.sigang.airspace-pack"
    assert len(answer.content) < 2_000_000
    key = anyone.get("/api/reports/key").json()["keys"][-1]
    pack = Pack(answer.content, key)
    assert pack.facts["origins"] == ["synthetic"]
    for n in range(12):
        place = [LON - 0.04 + 0.012 * n, LAT + 0.005]
        said = ask(anyone, geometry={"type": "Point", "coordinates": place}, at=at.isoformat())
        found, zones = pack.verdict(*place, 100.0, "AGL", "light", at)
        assert (found, zones) == (said["verdict"], [zone["id"] for zone in said["zones"]])
    again = anyone.get("/api/airspace/pack", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code in {200, 304}  # 304 where the same process answers


def test_a_briefing_is_one_page(air, planner_of):
    box = f"{LON},{LAT},{LON + 0.2},{LAT + 0.1}"
    asked = {"bbox": box, "time": AT.isoformat(), "lang": "en"}
    answer = planner_of[0].get("/api/airspace/briefing.html", params=asked)
    assert answer.status_code == 200, answer.text[:500]
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "Holds synthetic data" in answer.text
    assert "Not for navigation" in answer.text
    assert "Military" in answer.text  # the category that is unknown to the east


def test_a_briefing_tells_the_plans_of_its_time_and_brings_a_font(air, planner_of, planning):
    with closing(planning.client("planner")) as planner:
        plan = plan_to_wait() | {"title": "巡查简报线路"}
        assert planner.post("/api/airspace/operations", json=plan).status_code == 202
        answer, refused = two_briefings(planner)
    assert "巡查简报线路" not in two_briefings(planner_of[0])[0].text
    assert "巡查简报线路" in answer.text.split("<tbody>")[2]
    assert "待批" in answer.text
    if (VENDORED / f"{NAMES[0]}.woff2").exists():  # else the machine's own fonts are all there is
        assert "font-src data:" in answer.headers["content-security-policy"]
        assert "@font-face" in answer.text
    assert (refused.status_code, refused.json()["parameter"]) == (400, "until")


def two_briefings(client):
    """Return a briefing in Chinese, and the refusal of one that ends before it begins."""
    asked = {"bbox": f"{LON},{LAT},{LON + 0.2},{LAT + 0.1}", "time": AT.isoformat(), "lang": "zh"}
    over = {**asked, "until": (AT - timedelta(minutes=1)).isoformat()}
    where = "/api/airspace/briefing.html"  # the first one unpacks the font
    return client.get(where, params=asked, timeout=200), client.get(where, params=over)


@pytest.mark.parametrize(
    ("asked", "named"),
    [({}, "bbox"), ({"bbox": "1,2,3"}, "bbox"), ({"bbox": "120,30,120,31"}, "bbox"),
     ({"bbox": "179,30,-179,31"}, "bbox"), ({"bbox": "120,nan,121,31"}, "bbox"),
     ({"time": "noon"}, "time"), ({"time": "2026-12-02T10:00:00"}, "time"),
     ({"time": (AT + timedelta(days=40)).isoformat()}, "time"), ({"when": "now"}, "when")],
)  # fmt: skip
def test_a_briefing_that_cannot_be_asked_for_is_refused(air, planner_of, asked, named):
    box = {} if named == "bbox" else {"bbox": "120,30,121,31"}
    answer = planner_of[0].get("/api/airspace/briefing.html", params=box | asked)
    assert (answer.status_code, answer.json()["parameter"]) == (400, named)


def test_the_notebook_of_the_documentation(air, planning):
    text = (ROOT / "docs" / "airspace.md").read_text("utf-8")
    (snippet,) = (one for one in re.findall(r"```python\n(.*?)```", text, re.S) if "BASE" in one)
    assert len(snippet.splitlines()) <= 20
    mine = re.sub(r'"119.9,[^"]*"', f'"{LON},{LAT},{LON + 0.1},{LAT + 0.1}"', snippet)
    times = iter([AT.isoformat(), (AT + timedelta(hours=1)).isoformat()])
    mine = re.sub(r'"2026-12-02T1[01][^"]*"', lambda _: f'"{next(times)}"', mine)
    names: dict = {}
    exec(mine.replace("http://127.0.0.1:8080", planning.base_url), names)
    assert {one["name"] for one in names["prisms"]} >= {"store", "above"}
    assert "PolygonLayer" in names["deck"].to_json()


def restriction(**more):
    return {
        "geometry": {"type": "Circle", "coordinates": HERE, "radius_m": 500},
        "upper": {"value": 300, "datum": "AGL", "unit": "m"}, "valid_from": AT.isoformat(),
        "valid_to": (AT + timedelta(hours=2)).isoformat(), "name": "灯光秀", "reason": "大型活动",
        "legal_text": "活动期间禁止飞行", "authority": "省空管", **more,
    }  # fmt: skip


def test_a_restriction_is_in_force_in_every_process_at_once_and_ends(air, planner_of):
    anyone, officer = planner_of
    assert anyone.post("/api/airspace/restrictions", json=restriction()).status_code in (401, 403)
    before = ask(anyone)
    made = officer.post("/api/airspace/restrictions", json=restriction())
    assert made.status_code == 201, made.text
    number = made.json()["id"]
    for _ in range(6):  # whichever process answers
        answer = ask(anyone)
        assert answer["verdict"] == "prohibited"
        assert [z["id"] for z in answer["zones"]] == [number]
        assert answer["zones"][0]["legal_text"] == "活动期间禁止飞行"
    assert answer["airspace_version"] > before["airspace_version"]
    assert datetime.fromisoformat(answer["valid_until"]) == AT + timedelta(hours=2)
    later = answer["alternatives"]["time"]
    assert ask(anyone, at=later)["verdict"] == "suitable"
    at = {"at": (AT + timedelta(minutes=5)).isoformat()}
    listed = anyone.get("/api/airspace/restrictions", params=at).json()["features"]
    assert number in [feature["id"] for feature in listed]
    with ThreadPoolExecutor(4) as pool:
        ends = pool.map(officer.post, [f"/api/airspace/restrictions/{number}/end"] * 4)
        assert sorted(one.status_code for one in ends) == [200, 409, 409, 409]
    assert ask(anyone)["verdict"] == "suitable"
    again = anyone.get(f"/api/airspace/answers/{answer['id']}").json()["answer"]
    assert again["verdict"] == "prohibited"


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"geometry": {"type": "Point", "coordinates": HERE}}, "/geometry/type"),
        ({"valid_to": AT.isoformat()}, "/valid_to"),
        ({"lower": {"value": 300, "datum": "AGL", "unit": "m"}}, "/lower"),
        ({"upper": 300}, "/upper"),
        ({"upper": {"value": 0, "datum": "AGL", "unit": "m"}}, "/upper"),
        ({"upper": {"value": 30, "datum": "AMSL", "unit": "m"}}, "/upper"),  # below the ground
        ({"lower": {"value": 400, "datum": "AMSL", "unit": "m"}}, "/upper"),  # 300 m above 50 m
    ],
)
def test_a_restriction_that_cannot_be_is_refused(air, planner_of, more, pointer):
    answer = planner_of[1].post("/api/airspace/restrictions", json=restriction(**more))
    assert (answer.status_code, answer.json()["pointer"]) == (400, pointer)


def test_an_officer_restricts_the_own_area_only(air, planning):
    other = planning.client("wenzhou")
    answer = other.post("/api/airspace/restrictions", json=restriction())
    other.close()
    assert answer.status_code == 403
    assert "330482" in answer.text


def test_it_is_a_process_too(air, planner_of):
    answer = planner_of[1].post(
        "/api/processes/airspace-check/execution",
        json={"inputs": question(), "response": "document"},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["answer"]["value"]["verdict"] == "suitable"


PLAN_AT = [LON + 0.005, LAT + 0.005]


def plan_to_wait():
    """Return a small flight over the store, to be filed."""
    lon, lat = PLAN_AT
    low, high = ({"value": h, "reference": "W84", "units": "M"} for h in (80.0, 120.0))
    circle = {"center": {"lng": lon, "lat": lat}, "radius": {"value": 50.0, "units": "M"}}
    times = [(AT + timedelta(minutes=m)).isoformat() for m in (0, 10)]
    volume = {
        "volume": {"outline_circle": circle, "altitude_lower": low, "altitude_upper": high},
        "time_start": {"value": times[0], "format": "RFC3339"},
        "time_end": {"value": times[1], "format": "RFC3339"},
    }
    return {"volumes": [volume], "aircraft": "small", "task": "urgent"}


def test_a_plan_is_judged_as_it_is_filed(air, planning):
    """The inbox shows verdict, zones and by when to decide."""
    plans, inbox = "/api/airspace/operations", "/api/airspace/approvals"
    with closing(planning.client("planner")) as planner:
        body = plan_to_wait()
        plan = planner.post(plans, json=body)
        assert plan.status_code == 202, plan.text
        unnamed = planner.post(plans, json={"volumes": body["volumes"]}).json()
    with closing(planning.client("dispatcher")) as officer:
        rows = {row["id"]: row for row in officer.get(inbox).json()["waiting"]}
    row = rows[plan.json()["id"]]
    assert row["verdict"]["verdict"] in ("needs_approval", "undetermined")
    assert air["store"] in [zone["id"] for zone in row["zones"]]
    assert datetime.fromisoformat(row["decide_by"]) == AT - timedelta(minutes=10)
    assert rows[unnamed["id"]]["verdict"] is None
    assert list(rows).index(unnamed["id"]) < list(rows).index(plan.json()["id"])


def test_a_plan_that_waits_is_judged_by_the_air_of_now(air, planning):
    """One that was loaded and never judged too; what is seen at once is soon stored."""
    with closing(planning.client("planner")) as planner:
        number = planner.post("/api/airspace/operations", json=plan_to_wait()).json()["id"]
    over = restriction(geometry={"type": "Circle", "coordinates": PLAN_AT, "radius_m": 500})
    with closing(planning.client("dispatcher")) as officer, connect(planning.database_url) as conn:

        def seen():
            waiting = officer.get("/api/airspace/approvals").json()["waiting"]
            return next(row for row in waiting if row["id"] == number)

        def stored():
            row = officer.get(f"/api/airspace/operations/{number}").json()
            return (row["verdict"] or {}).get("verdict")

        def forget():
            conn.execute("UPDATE sigang.operation_filing SET verdict = NULL"
                         " WHERE operation_id = %s", [number])  # fmt: skip
            conn.commit()

        before = seen()["verdict"]["verdict"]
        made = officer.post("/api/airspace/restrictions", json=over).json()["id"]
        try:
            row = seen()
            assert row["verdict"]["verdict"] == "prohibited"
            assert made in [zone["id"] for zone in row["zones"]]
            until(lambda: stored() == "prohibited", 12.0)
            forget()
            assert seen()["verdict"]["verdict"] == "prohibited"
            until(lambda: stored() == "prohibited", 12.0)
        finally:
            officer.post(f"/api/airspace/restrictions/{made}/end")
        assert seen()["verdict"]["verdict"] == before


PICTURE = "/api/airspace/picture"
DAY = {"begin": AT.isoformat(), "end": (AT + timedelta(days=1)).isoformat()}


def bbox(east=0.05):
    return f"{LON - 0.02},{LAT - 0.02},{LON + east},{LAT + 0.05}"


def test_a_picture_has_the_zones_of_a_place_with_drawn_heights(planning, air):
    with closing(planning.client()) as client:
        found = client.get(PICTURE, params={"bbox": bbox(), **DAY}).json()
        nowhere = client.get(PICTURE, params={"bbox": "0,0,1,1", **DAY}).json()
    zones = {one["name"]["en"]: one for one in found["zones"]}
    assert zones["above"]["floor"] == {"value_m": 150.0, "datum": "AMSL", "included": True}
    assert zones["above"]["amsl_m"] == [150.0, 600.0]
    assert zones["above"]["agl_m"] == [100.0, 550.0]
    assert zones["store"]["ceiling"] is None
    assert zones["store"]["agl_m"] == [0.0, found["open_top_m"]]
    assert found["terrain"] == {"name": "Flat", "origin": "synthetic", "accuracy_m": 5.0}
    assert found["flights"] == nowhere["zones"] == []
    assert found["others_shown"] is False


def flight(answer, plan):
    (found,) = [one for one in answer.json()["flights"] if one["id"] == plan["id"]]
    return found


def test_a_picture_has_plans_by_name_and_what_others_take_without(planning, air):
    box = [(LON + 0.021, LAT + 0.03), (LON + 0.031, LAT + 0.03), (LON + 0.031, LAT + 0.031),
           (LON + 0.021, LAT + 0.031)]  # fmt: skip
    begin, end = AT + timedelta(hours=2), AT + timedelta(hours=2, minutes=10)
    low, high = ({"value": h, "reference": "W84", "units": "M"} for h in (160.0, 180.0))
    volume = {
        "volume": {
            "outline_polygon": {"vertices": [{"lat": y, "lng": x} for x, y in box]},
            "altitude_lower": low, "altitude_upper": high,
        },
        "time_start": {"value": begin.isoformat(), "format": "RFC3339"},
        "time_end": {"value": end.isoformat(), "format": "RFC3339"},
    }  # fmt: skip
    with closing(planning.client("dispatcher")) as officer, closing(planning.client()) as anybody:
        body = {"volumes": [volume], "title": "巡检", "visibility": "province"}
        filed = officer.post("/api/airspace/operations", json=body)
        assert filed.status_code == 201, filed.text
        plan = filed.json()
        params = {"bbox": bbox(), **DAY}
        mine = flight(officer.get(PICTURE, params=params), plan)
        with connect(planning.database_url) as conn:
            conn.execute("DELETE FROM sigang.operation WHERE id = %s", [plan["id"]])
            conn.commit()
        taken = flight(officer.get(PICTURE, params=params), plan)
        drawn = officer.get("/api/collections/intents/items").json()["features"]
        hidden = anybody.get("/api/collections/intents/items").status_code
        with connect(planning.database_url) as conn:
            conn.execute("DELETE FROM sigang.utm_entity WHERE id = %s", [plan["id"]])
            conn.commit()
    assert (mine["id"], mine["layer"], mine["name"]["zh"]) == (plan["id"], "operations", "巡检")
    assert (taken["id"], taken["layer"], taken["name"]) == (plan["id"], "intents", None)
    path = mine["path"]
    assert path == taken["path"]
    assert path["at_s"][0] == pytest.approx(begin.timestamp(), abs=0.1)
    assert path["at_s"][-1] == pytest.approx(end.timestamp(), abs=0.1)
    assert set(path["w84_m"]) == {170.0}
    assert set(path["ground_m"]) == {50.0}
    (shown,) = mine["volumes"]
    assert shown["agl_m"][1] == pytest.approx(shown["amsl_m"][1] - 50.0)
    mine_drawn = [one for one in drawn if one["id"].startswith(plan["id"])]
    assert [one["properties"]["upper_m"] for one in mine_drawn] == [180.0]
    assert hidden in (401, 403, 404)


@pytest.mark.parametrize(
    "params",
    [
        {"bbox": "1,2,3", **DAY},
        {"bbox": bbox(), "begin": DAY["end"], "end": DAY["begin"]},
        {"bbox": bbox(), "begin": AT.isoformat(), "end": (AT + timedelta(days=3)).isoformat()},
        {"bbox": bbox(), **DAY, "at": "now"},
    ],
)
def test_a_picture_that_cannot_be_asked_for_is_refused(planning, params):
    with closing(planning.client()) as client:
        answer = client.get(PICTURE, params=params)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_section_names_the_zones_along_a_line(planning, air):
    line = [[LON + 0.02, LAT + 0.005], [LON + 0.06, LAT + 0.005]]
    body = {"geometry": {"type": "LineString", "coordinates": line}, "at": AT.isoformat()}
    with closing(planning.client()) as client:
        found = client.post("/api/airspace/section", json=body).json()
        corridor = client.post(
            "/api/airspace/section",
            json={**body, "geometry": {**body["geometry"], "type": "Point"}},
        )
    assert [one["name"]["en"] for one in found["zones"]] == ["above"]
    assert set(found["zones"][0]["floor_m"]) == {150.0}
    assert set(found["ground_m"]) == {50.0}
    assert set(found["unknown_categories"]) == {0, 1}
    tops = {one["class"]: one["top"] for one in found["bands"]}
    assert tops["W"] == {"value_m": 120.0, "datum": "AGL", "included": True}
    assert {one["class"]: one["top_m"] for one in found["bands"]}["D"] is None
    assert corridor.status_code == 400
    assert corridor.json()["pointer"] == "/geometry/type"

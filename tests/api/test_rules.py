"""Rules of a running server: listed, exchanged as a whole under load, refused where wrong."""

from __future__ import annotations

import re
import shutil
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from api.cli import doctor
from api.network.rule_models import load_rules
from layers.indicators.periods import period_at
from spatial.postgres.db import connect
from spatial.rule_files import FOLDER
from tests.api.roadworld import BRIDGE, ask, at, close, path, undo, until

pytestmark = pytest.mark.db

FROM, TO = (2, 2), (12, 2)
SPEED, TOLL = "road.class_speed_kmh", "vehicle.toll_cny_km"


@pytest.fixture(scope="module")
def server(planning):
    return planning


@pytest.fixture
def areas(server, tmp_path):
    """Return a copy of the rules' files to change; afterwards the shipped ones are in force."""
    for file in FOLDER.glob("*/*.rule.toml"):
        (tmp_path / file.parent.name).mkdir(exist_ok=True)
        shutil.copy(file, tmp_path / file.parent.name)
    shipped = {rule["key"]: rule["in_force"] for rule in listed(server)}
    yield tmp_path
    with connect(server.database_url) as conn:
        load_rules(conn, FOLDER)
    until(lambda: everywhere(server, lambda rules: in_force(rules) == shipped))


def listed(server):
    with server.client() as client:
        return client.get("/api/rules").json()["rules"]


def in_force(rules):
    return {rule["key"]: rule["in_force"] for rule in rules["rules"]}


def everywhere(server, holds):
    """Tell whether something holds in several answers in a row, so on every worker."""
    for _ in range(8):
        with server.client() as client:
            rules = client.get("/api/rules").json()
        if rules["rejected"] or not holds(rules):
            return False
    return True


def bring(server, areas):
    with connect(server.database_url) as conn:
        return load_rules(conn, areas)


def raised(areas, file, key, name, change, begin=None, area="road"):
    """Raise a rule's version in the files: another value, in force from a time on."""
    where = areas / area / f"{file}.rule.toml"
    head, rest = where.read_text("utf-8").split(f'key = "{key}"\n')
    since = (begin or datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    rest = re.sub("valid_from = .*", f"valid_from = {since}", rest, count=1)
    rest = re.sub("version = .*", f'version = "{name}"', rest, count=1)
    assert change[0] in rest
    where.write_text(f'{head}key = "{key}"\n{rest.replace(*change, 1)}', "utf-8")


def slower(areas, name, kmh, begin=None):
    raised(areas, "routing", SPEED, name, ("motorway = 100", f"motorway = {kmh}"), begin)


def drive(client, **more):
    """Return time and toll of the way over the bridge."""
    told = path(client, FROM, TO, **more)["properties"]
    return told["duration_s"], told["toll_cny"]


def test_rules_are_listed_with_what_is_in_force(server):
    with server.client() as client:
        answer = client.get("/api/rules")
        rules = {rule["key"]: rule for rule in answer.json()["rules"]}
        low = rules["road.low_visibility"]
        assert low["in_force"] == "2017-10"
        assert low["title"]["zh"] and low["title"]["en"]
        assert "八十一" in low["source"] and low["legal_text"] and low["origin"] == "real"
        again = client.get("/api/rules", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
        assert client.get(low["links"][0]["href"]).json()["value"]["steps"][0]["leave"] is True


def test_a_rule_is_told_as_of_a_time(server):
    with server.client() as client:
        where = "/api/rules/road.control"
        now = client.get(where).json()
        assert now["value"] == {"entrances_m": 30000, "devices_m": 50000, "device_off_m": 60}
        assert now["version"] == "2026-01" and now["valid_to"] is None
        for text in ("2026-01-01T00:00:00+08:00", "2025-12-31T16:00:00Z"):
            assert client.get(where, params={"as_of": text}).json()["version"] == "2026-01"
        before = client.get(where, params={"as_of": "2025-12-31T23:59:59+08:00"})
        assert before.status_code == 404
        assert before.json()["versions"] == ["2026-01"]
        for wrong in ("2026-01-01T00:00:00", "yesterday", "2026-13-01T00:00:00Z"):
            answer = client.get(where, params={"as_of": wrong})
            assert (answer.status_code, answer.json()["parameter"]) == (400, "as_of")
        assert client.get(where, params={"as_of": "0001-01-01T00:00:00+23:59"}).status_code == 404
        assert client.get("/api/rules/no.such%00rule").status_code == 404
        paths = client.get("/api/openapi.json").json()["paths"]
    assert "/api/rules" in paths
    parameters = paths["/api/rules/{key}"]["get"]["parameters"]
    assert [one["name"] for one in parameters] == ["key", "as_of"]


def test_paths_under_load_show_either_the_old_or_the_new_rules(server, areas):
    with server.client() as client:
        old = drive(client)
    slower(areas, "swap", 50)
    raised(areas, "vehicles", TOLL, "swap", ("passenger_1 = 0.40", "passenger_1 = 0.90"))
    seen, wrong, stop = set(), [], threading.Event()

    def ask_on():
        with server.client() as client:
            while not stop.is_set():
                answer = ask(client, FROM, TO)
                if answer.status_code != 200:
                    wrong.append(answer.text)
                    continue
                told = answer.json()["features"][0]["properties"]
                seen.add((told["duration_s"], told["toll_cny"]))

    threads = [threading.Thread(target=ask_on) for _ in range(4)]
    for thread in threads:
        thread.start()
    changes = bring(server, areas)
    assert len(changes) == 4
    until(lambda: everywhere(server, lambda rules: in_force(rules)[TOLL] == "swap"))
    with server.client() as client:
        new = drive(client)
    bring(server, FOLDER)
    until(lambda: everywhere(server, lambda rules: in_force(rules)[TOLL] == "2026-01"))
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert new[0] > old[0] and new[1] > old[1]
    assert seen == {old, new}


def test_a_rule_to_come_takes_effect_by_itself_and_counts_for_what_happens_then(server, areas):
    with server.client() as client:
        now = drive(client)
    begin = datetime.now(UTC) + timedelta(seconds=2)
    slower(areas, "later", 40, begin)
    bring(server, areas)
    later = (begin + timedelta(hours=1)).isoformat()
    with server.client() as client:
        until(lambda: drive(client, depart_at=later)[0] > now[0])
        then = drive(client, depart_at=later)
        before = (begin - timedelta(seconds=1)).isoformat()
        told = client.get(f"/api/rules/{SPEED}", params={"as_of": before}).json()
        assert told["version"] == "2026-11"
        assert client.get(f"/api/rules/{SPEED}", params={"as_of": later}).json()["version"] == (
            "later"
        )
        until(lambda: everywhere(server, lambda rules: in_force(rules)[SPEED] == "later"), 30)
        assert drive(client) == then


def test_a_decision_names_the_version_that_it_used(server, areas):
    raised(areas, "live", "road.lane_loss", "fuller", ("load = 0.6", "load = 0.8"))
    client, target = server.client("dispatcher"), {"facility_id": str(BRIDGE)}
    with closing(client):
        first = close(client, target, kind="lane_loss", value=1).json()
        undo(client, first)
        bring(server, areas)
        until(lambda: everywhere(server, lambda r: in_force(r)["road.lane_loss"] == "fuller"))
        second = close(client, target, kind="lane_loss", value=1).json()
        undo(client, second)
    named = [event["properties"]["rule_version"].split(", ") for event in (first, second)]
    assert named[0][:2] == ["road.bpr@1964", "road.class_speed_kmh@2026-11"]
    assert [one[2:] for one in named] == [["road.lane_loss@2026-01"], ["road.lane_loss@fuller"]]


def test_a_removed_file_takes_its_rule_out_of_force_and_says_so(server, areas):
    body = {"points": [at(0.3, 2), at(1, 2), at(2, 2)]}
    with server.client() as client:
        assert client.post("/api/match", json=body).status_code == 200
        before = datetime.now(UTC).isoformat()
        (areas / "road" / "matching.rule.toml").unlink()
        bring(server, areas)
        until(lambda: everywhere(server, lambda rules: in_force(rules)["road.matching"] is None))
        answer = client.post("/api/match", json=body)
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/rule-missing")
        assert answer.json()["rule"] == "road.matching"
        assert client.get("/api/rules/road.matching").status_code == 404
        then = client.get("/api/rules/road.matching", params={"as_of": before}).json()
        assert then["value"]["sigma_m"] == 8
        assert ask(client, FROM, TO).status_code == 200


INDEX_RULE = "safety.index.safety"
FACTS = """
INSERT INTO sigang.event (kind, admin_code, visibility, origin, source_id, state, severity, colour,
  valid_from)
SELECT kind, '330482', 'public', 'synthetic', 'world', 'ended', severity, colour, at
FROM (VALUES ('incident', 'high', NULL, %(now)s), ('incident', 'low', NULL, %(now)s),
  ('incident', 'high', NULL, %(before)s), ('incident', 'low', NULL, %(before)s),
  ('risk', NULL, 'blue', %(before)s)) AS f (kind, severity, colour, at)"""


@pytest.fixture
def facts(server):
    """Write facts of this month and the last into a county without others; return both months."""
    month = period_at("month")
    values = {"now": month.start, "before": month.previous.start}
    with connect(server.database_url) as conn:
        conn.execute(FACTS, values)
    with closing(server.client("dispatcher")) as client:
        until(lambda: index_of(client, month.id)[0] == 75)  # which is prepared
    yield month.previous.id, month.id
    with connect(server.database_url) as conn:
        conn.execute("DELETE FROM sigang.event WHERE admin_code = '330482'")


def index_of(client, period):
    answer = client.get(
        "/api/indicators/safety_index/values", params={"period": period, "unit": "330482"}
    )
    assert answer.status_code == 200, answer.text
    told = answer.json()
    value = told["total"]["value"]
    return value and round(value, 6), told["rule"]["version"], told["digest"]


def test_a_rule_changed_within_a_period_counts_from_that_period_on(server, areas, facts):
    """Two parts: half of the incidents are severe (50), no risk is red (100)."""
    before, now = facts
    with closing(server.client("dispatcher")) as client:
        first = [index_of(client, period) for period in facts]
        assert first[0] == first[1] == (75, "2026-01", first[0][2])
        weights = ("risk_control = 0.25, accident = 0.25", "risk_control = 0.1, accident = 0.4")
        raised(areas, "index", INDEX_RULE, "stricter", weights, area="safety")
        bring(server, areas)
        until(lambda: everywhere(server, lambda rules: in_force(rules)[INDEX_RULE] == "stricter"))
        assert index_of(client, before) == first[0]
        assert index_of(client, now) == (60, "stricter", first[0][2])
        series = client.get(
            "/api/indicators/safety_index/series", params={"unit": "330482", "last": 2}
        ).json()
        told = [(one["period"], one["value"], one["rule_version"]) for one in series["series"]]
        assert told == [(before, 75, "2026-01"), (now, pytest.approx(60), "stricter")]
        assert series["digest"] == first[0][2]


def test_an_index_without_its_rule_is_a_tile_that_says_so(server, areas, facts):
    before, now = facts
    (areas / "safety" / "index.rule.toml").unlink()
    bring(server, areas)
    until(lambda: everywhere(server, lambda rules: in_force(rules)[INDEX_RULE] is None))
    with closing(server.client("dispatcher")) as client:
        asked = {"indicators": "safety_index,incidents", "unit": "330482"}
        answer = client.get("/api/board", params={**asked, "period": now})
        assert answer.status_code == 200
        index, incidents = answer.json()["tiles"]
        problem = index["problem"]
        assert (problem["status"], problem["type"]) == (503, "/problems/rule-missing")
        assert problem["rule"] == INDEX_RULE and "total" not in index
        assert incidents["total"]["value"] == 2
        alone = client.get("/api/indicators/safety_index/values", params={"unit": "330482"})
        assert (alone.status_code, alone.json()["rule"]) == (503, INDEX_RULE)
        told = client.get("/api/board", params={**asked, "period": before}).json()["tiles"][0]
        assert told["total"]["value"] == 75  # of a time at which the rule was in force


def test_rules_that_cannot_be_used_change_nothing_and_are_told(server):
    wrong = orjson.dumps({"alfa": 1}).decode()
    with server.client() as client:
        old = drive(client)
    with connect(server.database_url) as conn:
        conn.execute("UPDATE rule SET valid_to = now() WHERE key = 'road.bpr'")
        conn.execute(
            "INSERT INTO rule (key, version, value, source, origin, valid_from)"
            " VALUES ('road.bpr', 'wrong', %s, 's', 'real', now())",
            [wrong],
        )
    try:
        until(lambda: rejected(server))
        with server.client() as client:
            assert drive(client) == old
            assert client.get("/api/rules/road.bpr").json()["version"] == "1964"
        with connect(server.database_url) as conn:
            finding = doctor._rules(conn, FOLDER)
        assert finding.state == "fail"
        assert "road.bpr wrong: value.alfa: is not known; did you mean alpha" in finding.text
    finally:
        with connect(server.database_url) as conn:
            conn.execute("DELETE FROM rule WHERE key = 'road.bpr' AND version = 'wrong'")
            load_rules(conn, FOLDER)
    until(lambda: everywhere(server, lambda rules: in_force(rules)["road.bpr"] == "1964"))
    with connect(server.database_url) as conn:
        assert doctor._rules(conn, FOLDER).state == "ok"


def rejected(server):
    with server.client() as client:
        lines = client.get("/metrics").text.splitlines()
    return any(line.startswith("sigang_rules_rejected") and line.endswith(" 1") for line in lines)


def test_drift_between_files_and_table_is_told(server, areas):
    slower(areas, "drift", 90)
    with connect(server.database_url) as conn:
        finding = doctor._rules(conn, areas)
    assert finding.state == "warn"
    assert f"{SPEED} drift: in force from" in finding.text

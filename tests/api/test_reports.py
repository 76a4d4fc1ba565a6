"""Reports over HTTP and by command: frozen, listed, opened within scope, compared, verified."""

from __future__ import annotations

import hashlib
import io
import os
import time
import zipfile
from datetime import datetime
from pathlib import Path

import pytest

from api.cli.freezer import DUE, freeze_due
from api.cli.parser import parse
from api.cli.report import report as command
from layers.indicators.periods import parse_period
from layers.reports import store
from layers.reports.check import check_stored
from layers.reports.due import due_periods
from layers.reports.keys import known_keys
from layers.reports.model import Report
from layers.reports.rule_models import ReportClock
from spatial.postgres.db import connect
from spatial.settings import Settings
from tests.harness import HOME_VARIABLE
from tests.layers.reports import world

pytestmark = pytest.mark.db

AT = "/api/reports/safety_weekly"
FIRST, WEEK = "2026-W08", "2026-W09"


@pytest.fixture(scope="module")
def clients(server):
    opened = {name: server.client(name) for name in ("dispatcher", "ningbo", "planner")}
    opened["anyone"] = server.client()
    for client in opened.values():
        client.headers["Accept-Language"] = "en"
        client.timeout = 300
    yield opened
    for client in opened.values():
        client.close()


@pytest.fixture(scope="module")
def frozen(clients):
    """Freeze two weeks of the sample by hand."""
    for period in (FIRST, WEEK):
        order = {"period": period}
        answer = clients["dispatcher"].post(f"{AT}/freeze", json=order)
        while "is being frozen" in answer.text:  # what was due, by the server itself
            time.sleep(1)
            answer = clients["dispatcher"].post(f"{AT}/freeze", json=order)
        assert answer.status_code == 201, answer.text
    return answer.headers["location"]


def got(client, path, **given):
    answer = client.get(path, params=given)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(answer, status, word=""):
    assert answer.status_code == status, answer.text
    assert word in answer.text


def test_who_may_freeze_what_and_when(frozen, clients):
    post = {name: lambda body, c=client: c.post(f"{AT}/freeze", json=body)
            for name, client in clients.items()}  # fmt: skip
    refused(post["anyone"]({"period": WEEK}), 401)
    refused(post["ningbo"]({"period": WEEK}), 403)
    refused(post["planner"]({"period": WEEK}), 403)
    officer = post["dispatcher"]
    refused(officer({"period": WEEK}), 409, "frozen as version 1")
    refused(officer({"period": "2199-W01"}), 409, "has not ended")
    refused(officer({"period": "2026-02"}), 400, "by week")
    refused(officer({"period": "2025-W53"}), 400, "No period")  # that year has no week 53
    refused(officer({"period": WEEK, "corrects": 1}), 400, "reason")
    refused(officer({"period": WEEK, "corrects": 7, "reason": "x"}), 409)
    refused(officer({"period": WEEK, "corrects": True, "reason": "x"}), 400, "corrects")
    refused(officer({"period": WEEK, "more": 1}), 400)
    refused(officer({"period": WEEK, "corrects": 1, "reason": "a\0b"}), 400)
    refused(clients["dispatcher"].post("/api/reports/nope/freeze", json={"period": WEEK}), 404)
    listed = got(clients["anyone"], "/api/reports")
    weekly = next(one for one in listed["reports"] if one["id"] == "safety_weekly")
    periods = [one["period"] for one in weekly["versions"]]
    assert periods == sorted(periods, reverse=True)
    assert {WEEK, FIRST} <= set(periods)
    by_hand = next(one for one in weekly["versions"] if one["period"] == WEEK)
    assert by_hand["retroactive"]
    assert not listed["may_freeze"]
    assert got(clients["dispatcher"], "/api/reports")["may_freeze"]
    assert got(clients["dispatcher"], frozen)["version"] == 1


def test_a_reader_sees_the_editions_and_files_of_its_scope(frozen, clients):
    audiences = {}
    for name, client in clients.items():
        told = got(client, f"{AT}/{WEEK}")
        audiences[name] = [one["audience"] for one in told["editions"]]
    assert audiences["dispatcher"][0] == "province"
    assert audiences["ningbo"] == audiences["anyone"]
    assert "province" not in audiences["anyone"]
    edition = got(clients["dispatcher"], f"{AT}/{WEEK}")["editions"][0]
    for one in edition["links"]:
        answer = clients["dispatcher"].get(one["href"])
        assert answer.headers["content-type"] == one["type"]
        assert "sandbox" in answer.headers["content-security-policy"]
        if one["title"] != "report.zip":
            digest = hashlib.sha256(answer.content).hexdigest()
            assert digest == edition["manifest"]["files"][one["title"]]
        for other in ("ningbo", "anyone", "planner"):
            if "province" not in audiences[other]:
                refused(clients[other].get(one["href"]), 404)
    refused(clients["dispatcher"].get(f"{AT}/{WEEK}/1/province/nope.svg"), 404)
    refused(clients["dispatcher"].get(f"{AT}/{WEEK}/9/province/report.pdf"), 404)
    refused(clients["dispatcher"].get(f"{AT}/{WEEK}/x/province/report.pdf"), 400)
    refused(clients["dispatcher"].get(f"{AT}/2026-02"), 400, "by week")


def test_a_frozen_number_opens_its_frozen_rows_within_scope(frozen, clients):
    seen = {}
    for name in ("dispatcher", "ningbo"):
        client = clients[name]
        lines = got(client, f"{AT}/{WEEK}/values", unit="330200")["values"]
        line = lines["hazards_open"]
        rows, after = [], None
        while True:
            page = got(client, f"{AT}/{WEEK}/rows", indicator="hazards_open", unit="330200",
                       limit=7, **({"after": after} if after else {}))  # fmt: skip
            rows += page["rows"]
            after = page["after"]
            if after is None:
                break
        assert sum(int(row["numerator"]) for row in rows) == int(line["numerator"]) > 0
        assert {row["admin_code"][:4] for row in rows} == {"3302"}
        seen[name] = lines
    refused(clients["ningbo"].get(f"{AT}/{WEEK}/values", params={"unit": "330100"}), 404)
    rows = {"indicator": "hazards_open", "unit": "330100"}
    refused(clients["ningbo"].get(f"{AT}/{WEEK}/rows", params=rows), 404)
    refused(clients["anyone"].get(f"{AT}/{WEEK}/rows", params={"indicator": "hazards_open"}), 400)
    refused(clients["dispatcher"].get(f"{AT}/{WEEK}/rows", params={"indicator": "safety_index"}),
            400, "Allowed: ")  # fmt: skip
    bad = {"indicator": "hazards_open", "part": "denominator"}
    refused(clients["dispatcher"].get(f"{AT}/{WEEK}/rows", params=bad), 400, "numerator")
    assert "hazards_open" not in got(clients["anyone"], f"{AT}/{WEEK}/values")["values"]


def test_two_periods_are_compared_and_the_index_explained(frozen, clients):
    told = got(clients["dispatcher"], f"{AT}/compare", **{"from": FIRST, "to": WEEK})
    index = next(one for one in told["numbers"] if one["indicator"] == "safety_index")
    assert index["same_definition"]
    assert float(index["why"]["sum"]) == pytest.approx(float(index["moved"]), abs=1e-8)
    assert {part["name"] for part in index["why"]["parts"]} >= {"hazard_closure", "accident"}
    never = {"from": FIRST, "to": "2020-W01"}
    refused(clients["dispatcher"].get(f"{AT}/compare", params=never), 404)


def test_a_package_is_verified_offline(frozen, clients, tmp_path, capsys):
    data = clients["dispatcher"].get(f"{AT}/{WEEK}/1/province/report.zip").content
    (key,) = got(clients["anyone"], "/api/reports/key")["keys"]
    package = tmp_path / "report.zip"
    package.write_bytes(data)
    settings = Settings(home=tmp_path / "none")
    words = ["report", "verify", str(package), "--key", key]
    assert command(settings, parse(words)) == 0
    assert "safety_weekly 2026-W09 1 province" in capsys.readouterr().out
    assert command(settings, parse(words[:-2])) == 1  # no key is trusted there
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        (tmp_path / "report.pdf").write_bytes(parts.read("report.pdf"))
    one = ["report", "verify", str(tmp_path / "report.pdf"), "--package", *words[2:]]
    assert command(settings, parse(one)) == 0
    (tmp_path / "report.pdf").write_bytes(b"%PDF another")
    assert command(settings, parse(one)) == 1
    package.write_bytes(data.replace(b"%PDF", b"%PDG", 1))
    assert command(settings, parse(words)) == 1
    assert "FAIL" in capsys.readouterr().out


def test_what_is_due_by_rule():
    due = {"day": 1, "hour": 8, "back": 3, "late_h": 24}
    clock = ReportClock.model_validate({"week": due, "month": {**due, "back": 2}})
    text = {"zh": "", "en": ""}
    reports = {
        kind: Report(id=kind, area="a", title=text, period=kind, items=[{"indicator": "n"}])
        for kind in ("week", "month")
    }

    def found(now, known=()):
        moment = datetime.fromisoformat(now)
        return [(name, one.id) for name, one in due_periods(reports, clock, known, moment)]

    before, after = "2027-01-04T07:59:59+08:00", "2027-01-04T00:00:00Z"  # 08:00 in Shanghai
    assert ("week", "2026-W53") not in found(before)
    weeks = [("week", "2026-W51"), ("week", "2026-W52"), ("week", "2026-W53")]
    months = [("month", "2026-11"), ("month", "2026-12")]
    assert found(after) == weeks + months
    assert found(after, [weeks[0], weeks[2], *months]) == weeks[1:2]
    assert ("month", "2026-02") in found("2026-03-01T08:00:00+08:00")
    week, month = parse_period("2026-W53"), parse_period("2026-02")
    assert (week.last - week.first).days == 7
    assert (month.last - month.first).days == 28
    assert clock.week.is_late(week, datetime.fromisoformat("2027-01-05T08:00:01+08:00"))
    assert not clock.week.is_late(week, datetime.fromisoformat("2027-01-05T08:00:00+08:00"))


def test_the_past_is_frozen_as_of_its_dates_once(database_url, tmp_path):
    world.fill(database_url)
    ground = world.ground(database_url, world.declare(tmp_path / "areas"))
    now = datetime.fromisoformat("2025-06-02T09:00:00+08:00")
    with connect(database_url) as conn:
        assert store.try_lock(conn, DUE)
        assert freeze_due(ground, now) == []  # another process is at it
    done = freeze_due(ground, now)
    assert done == [
        ("monthly", "2025-04"), ("monthly", "2025-05"),
        ("weekly", "2025-W20"), ("weekly", "2025-W21"), ("weekly", "2025-W22"),
    ]  # fmt: skip
    assert freeze_due(ground, now) == []
    with connect(database_url) as conn:
        told = "SELECT period, cutoff, retroactive FROM sigang.report_version ORDER BY period"
        rows = conn.execute(told).fetchall()
    assert rows[1] == ("2025-05", datetime.fromisoformat("2025-06-01T08:00:00+08:00"), True)
    late = {row[0]: row[2] for row in rows}
    assert late.pop("2025-W22") is False  # an hour after it was due
    assert all(late.values())
    keys = known_keys(Path(os.environ[HOME_VARIABLE]))
    with connect(database_url) as conn:
        found = dict(check_stored(conn, keys))
        assert len(found) == 10 and not any(found.values()), found
        conn.execute("ALTER TABLE sigang.report_row DISABLE TRIGGER keep")
        conn.execute(
            "UPDATE sigang.report_row SET numerators[3] = 9.5 WHERE ctid = (SELECT ctid FROM"
            " sigang.report_row WHERE numerators[3] IS NOT NULL AND visibility = 'public' LIMIT 1)"
        )
        wrong = [fault for faults in dict(check_stored(conn, keys)).values() for fault in faults]
        assert set(wrong) == {"rows were changed", "numbers are others than the rows give"}
        assert len(wrong) == 3  # the digest of the rows stands in the edition of the province
        conn.rollback()

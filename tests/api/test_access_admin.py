"""The administrators' page and its API: who may do what to which account."""

from __future__ import annotations

from contextlib import closing

import pytest

from spatial.postgres.db import connect
from tests.api.roadworld import until

pytestmark = pytest.mark.db
NEW = {"id": "shaoxing", "name_zh": "绍兴值班", "name_en": "Shaoxing duty", "role": "duty"}


@pytest.fixture(scope="module")
def admin(served):
    with connect(served.database_url) as conn:
        conn.execute(
            "INSERT INTO sigang.account (id, name_zh, name_en, role, scope)"
            " VALUES ('ningbo-admin', '宁波', 'Ningbo', 'admin', '330200') ON CONFLICT DO NOTHING"
        )
        conn.execute(
            "INSERT INTO sigang.zone (kind, name_zh, name_en, admin_code, visibility, origin,"
            " source_id, geom) SELECT 'prefecture', code, code, code, 'public', 'synthetic',"
            " (SELECT min(id) FROM sigang.source), ST_Multi(ST_MakeEnvelope(0, 0, 1, 1, 4326))"
            " FROM unnest(ARRAY['330200', '330400']) AS code"
        )
    with closing(served.client("admin")) as client:
        yield client
    with connect(served.database_url) as conn:
        conn.execute("DELETE FROM sigang.zone")


def test_only_administrators_and_only_in_their_area(served, admin):
    for role in (None, "dispatcher", "planner", "developer"):
        with closing(served.client(role)) as other:
            assert other.get("/api/admin/accounts").status_code == (401 if role is None else 403)
            body = {**NEW, "scope": "330600"}
            assert other.post("/api/admin/accounts", json=body).status_code in (401, 403)
    with closing(served.client("ningbo-admin")) as local:
        seen = {a["id"] for a in local.get("/api/admin/accounts").json()["accounts"]}
        assert "ningbo" in seen and not {"dispatcher", "wenzhou", "admin"} & seen
        for scope in ("330000", "330300", "000000"):
            body = {**NEW, "scope": scope}
            assert local.post("/api/admin/accounts", json=body).status_code == 403, scope
        for account in ("wenzhou", "nobody"):
            change = local.patch(f"/api/admin/accounts/{account}", json={"disabled": True})
            assert change.status_code == 404
            assert local.post("/api/admin/keys", json={"account": account}).status_code == 404


def test_an_account_lives_through_the_page(served, admin):
    body = {**NEW, "scope": "330400"}
    added = admin.post("/api/admin/accounts", json=body)
    assert (added.status_code, added.json()["scope_proven"]) == (201, True)
    made = admin.post("/api/admin/keys", json={"account": "shaoxing", "label": "gis"})
    assert made.headers["cache-control"] == "no-store"
    with closing(served.client()) as program:

        def who(key):
            headers = {"Authorization": f"Bearer {key}"}
            return program.get("/api/session", headers=headers).status_code

        first = made.json()["key"]
        assert who(first) == 200
        listed = admin.get("/api/admin/accounts").json()
        [one] = [c for c in listed["credentials"] if c["account_id"] == "shaoxing"]
        assert (one["label"], one["kind"]) == ("gis", "key")
        assert first not in str(listed)
        second = admin.post(f"/api/admin/keys/{one['id']}/rotate", json={}).json()["key"]
        assert who(second) == 200
        until(lambda: who(first) == 401, 2)
        admin.patch("/api/admin/accounts/shaoxing", json={"disabled": True})
        until(lambda: who(second) == 401, 2)
        admin.patch("/api/admin/accounts/shaoxing", json={"disabled": False})
        listed = admin.get("/api/admin/accounts").json()["credentials"]
        [one] = [c for c in listed if c["account_id"] == "shaoxing"]
        assert admin.delete(f"/api/admin/keys/{one['id']}").status_code == 204
        assert admin.delete(f"/api/admin/keys/{one['id']}").status_code == 404
        until(lambda: who(second) == 401, 2)
        link = admin.post("/api/admin/keys", json={"account": "shaoxing", "link": True}).json()
        signed = program.post("/signin", data={"link": link["link"]})
        assert signed.headers["location"] == "/"
    with connect(served.database_url) as conn:
        rows = conn.execute("SELECT action FROM sigang.audit WHERE target = 'shaoxing'").fetchall()
    assert {"account-add", "account-disable", "account-enable", "token"} <= {a for (a,) in rows}


def test_what_cannot_be_added_is_told(admin):
    new = {**NEW, "id": "quzhou", "scope": "330400"}
    for wrong, status in (
        ({"id": "ningbo"}, 409), ({"name_zh": "a\0"}, 400), ({"name_en": " \u200b"}, 400),
        ({"scope": "33０800"}, 400), ({"scope": "33"}, 400), ({"scope": "330900"}, 400),
    ):  # fmt: skip
        assert admin.post("/api/admin/accounts", json=new | wrong).status_code == status, wrong
    itself = admin.patch("/api/admin/accounts/admin", json={"disabled": True})
    assert itself.status_code == 409


def test_a_unit_of_another_area_cannot_be_taken(served, admin):
    """An account sees the rows of its unit wherever they lie."""
    body = {**NEW, "id": "beilun", "scope": "330206"}
    with closing(served.client("ningbo-admin")) as local:
        for unit in ("330300-duty", "330000-dispatch", "330300-new", "x"):
            answer = local.post("/api/admin/accounts", json={**body, "unit_id": unit})
            assert answer.status_code == 403, unit
        for number, unit in enumerate(("330200-duty", "330206-road", None)):
            named = {**body, "id": f"beilun{number}", "unit_id": unit}
            added = local.post("/api/admin/accounts", json=named)
            assert (added.status_code, added.json()["scope_proven"]) == (201, False)  # no counties


def test_the_page_is_there_with_its_policy(served):
    with closing(served.client()) as client:
        page = client.get("/admin")
        assert page.status_code == 200
        assert "default-src 'none'" in page.headers["content-security-policy"]
        for path in ("/js/admin.js", "/css/admin.css"):
            assert client.get(path).status_code == 200


def test_reports_of_browsers_are_counted_and_bounded(served):
    report = {"csp-report": {"violated-directive": "script-src", "blocked-uri": "x\n" * 90}}
    with closing(served.client()) as client:
        assert "report-uri /api/csp-reports" in client.get("/").headers["content-security-policy"]
        kind = {"Content-Type": "application/csp-report"}
        for body in (report, [report, {"body": {}}], [1, None], {}):
            answer = client.post("/api/csp-reports", json=body, headers=kind)
            assert answer.status_code == 204
        for content in (b"{", b"[" * 99, b'"' + b"x" * 20_000 + b'"'):
            refused = client.post("/api/csp-reports", content=content, headers=kind)
            assert refused.status_code == 400

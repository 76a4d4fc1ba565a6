"""Pages of other sites: what they may write, with which credential, and what answers call us."""

import base64
from datetime import timedelta

import pytest

from api.http.credential_store import make_key, make_link
from api.http.same_origin import own_origin
from tests.api.signing_in import ask


def test_a_page_of_another_origin_writes_with_no_credential(accounts, database_url, tmp_path):
    key = make_key(accounts, "developer", "x", timedelta(hours=1))
    link = make_link(accounts, "developer")
    accounts.commit()
    basic = base64.b64encode(f"x:{key}".encode()).decode()
    foreign = [
        {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://test.evil.example"}, {"Origin": "http://test:81"},
    ]  # fmt: skip

    async def work(client):
        await client.post("/signin", data={"link": link})
        csrf = (await client.get("/api/session")).json()["csrf"]
        for given in (
            {"Authorization": f"Bearer {key}"}, {"Authorization": f"Basic {basic}"},
            {"X-CSRF-Token": csrf},
        ):  # fmt: skip
            for where in foreign:
                answer = await client.post("/api/who", headers={**given, **where})
                assert (answer.status_code, answer.json()["type"]) == (403, "/problems/scope")
                assert (await client.get("/api/who", headers={**given, **where})).is_success
            for where in ({}, {"Origin": "http://test"}, {"Sec-Fetch-Site": "same-origin"}):
                assert (await client.post("/api/who", headers={**given, **where})).is_success

    ask(database_url, tmp_path, work)


def test_a_page_of_a_listed_origin_writes_with_a_key_and_never_with_a_cookie(
    accounts, database_url, tmp_path
):
    key = make_key(accounts, "developer", "x", timedelta(hours=1))
    link = make_link(accounts, "developer")
    accounts.commit()
    listed = {"Origin": "https://Desk.example.org"}
    bearer = {"Authorization": f"Bearer {key}"}

    async def work(client):
        assert (await client.post("/api/who", headers=listed | bearer)).json() == {
            "who": "developer"}  # fmt: skip
        other = {"Origin": "https://desk.example.org.evil.example"}
        assert (await client.post("/api/who", headers=other | bearer)).status_code == 403
        assert (
            await client.post("/signin", data={"link": link}, headers=listed)
        ).status_code == 403
        await client.post("/signin", data={"link": link})
        csrf = {"X-CSRF-Token": (await client.get("/api/session")).json()["csrf"]}
        assert (await client.post("/api/who", headers=csrf)).is_success
        assert (await client.post("/api/who", headers=listed | csrf)).status_code == 403

    ask(database_url, tmp_path, work, cors_origins="https://desk.example.org")


def test_cookies_of_others_are_passed_over(accounts, database_url, tmp_path):
    link = make_link(accounts, "ningbo")
    accounts.commit()
    junk = [
        "a[=1; b",
        "x\x80y=\xff",
        "=;;=",
        "sigang_session",
        "a=b; sigang_session=\xff\xfe",
        "=" * 999,
    ]

    async def work(client):
        for cookie in junk:
            answer = await client.get("/api/who", headers={"Cookie": cookie.encode("latin-1")})
            assert (answer.status_code, answer.json()) == (200, {"who": None}), cookie
        signed = await client.post("/signin", data={"link": link})
        own = signed.headers["set-cookie"].partition(";")[0]
        client.cookies.clear()
        answer = await client.get("/api/who", headers={"Cookie": f"a[=1; {own}; ,=\x01"})
        assert answer.json() == {"who": "ningbo"}

    ask(database_url, tmp_path, work)


@pytest.mark.parametrize(
    ("host", "server", "public", "shown"),
    [
        ("evil.example", ("127.0.0.1", 8080), None, "http://127.0.0.1:8080"),
        ("evil.example", ("10.1.2.3", 80), None, "http://10.1.2.3"),
        ("localhost:9000", ("127.0.0.1", 8080), None, "http://localhost:9000"),
        ("localhost", ("10.1.2.3", 8080), None, "http://10.1.2.3:8080"),
        ("10.1.2.3:8080", ("10.1.2.3", 8080), None, "http://10.1.2.3:8080"),
        ("[::1]:8080", ("::1", 8080), None, "http://[::1]:8080"),
        ("127.0.0.1@evil.example", ("127.0.0.1", 8080), None, "http://127.0.0.1:8080"),
        ("127.0.0.1:99999", ("127.0.0.1", 8080), None, "http://127.0.0.1:8080"),
        ("127.0.0.1/evil", ("127.0.0.1", 8080), None, "http://127.0.0.1:8080"),
        ("evil.example", ("127.0.0.1", 8080), "https://map.example/", "https://map.example"),
        (None, None, None, "http://127.0.0.1"),
    ],
)  # fmt: skip
def test_links_repeat_no_host_that_is_not_ours(host, server, public, shown):
    assert own_origin("http", host, server, public) == shown

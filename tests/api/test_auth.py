"""Signing in and out: links, sessions, keys, accounts that are disabled, what is stored."""

import base64
from datetime import timedelta

import pytest

from api.http.credential_store import (
    add_account,
    key_life,
    list_credentials,
    make_key,
    make_link,
    revoke,
    rotate,
    set_disabled,
)
from spatial.actor import Actor
from spatial.errors import BadParameter, NotFound
from tests.api.signing_in import ask


def test_a_link_signs_in_once_and_signs_out(accounts, database_url, tmp_path):
    link = make_link(accounts, "ningbo")
    accounts.commit()

    async def work(client):
        for method in ("HEAD", "GET"):
            seen = await client.request(method, "/signin", params={"link": link})
            assert seen.status_code == 200
            assert "set-cookie" not in seen.headers
            assert seen.headers["cache-control"] == "no-store"
        assert f'value="{link}"' in seen.text
        first = await client.post("/signin", data={"link": link})
        assert first.headers["location"] == "/"
        assert first.headers["cache-control"] == "no-store"
        cookie = first.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        session = (await client.get("/api/session")).json()
        assert session["account"]["id"] == "ningbo"
        assert session["account"]["scope"] == "330200"
        refused = await client.post("/api/who")
        assert refused.status_code == 403
        assert refused.json()["type"] == "/problems/scope"
        csrf = {"X-CSRF-Token": session["csrf"]}
        assert (await client.post("/api/who", headers=csrf)).json() == {"who": "ningbo"}
        copied = dict(client.cookies)
        assert (await client.post("/api/session/end", headers=csrf)).status_code == 204
        client.cookies.update(copied)  # the cookie itself is worthless now
        assert (await client.get("/api/who")).json() == {"who": None}
        client.cookies.clear()
        again = await client.post("/signin", data={"link": link})
        assert again.headers["location"] == "/?signin=expired"
        assert "set-cookie" not in again.headers

    ask(database_url, tmp_path, work)
    actions = accounts.execute("SELECT action FROM audit ORDER BY seq").fetchall()
    assert [a for (a,) in actions] == ["sign-in", "sign-out"]


def test_refusals_are_summed_in_the_audit_with_their_address(accounts, database_url, tmp_path):
    link = make_link(accounts, "ningbo")
    accounts.commit()

    async def work(client):
        await client.served.audit.start()
        for _ in range(3):
            wrong = {"Authorization": "Bearer sg_no"}
            assert (await client.get("/api/session", headers=wrong)).status_code == 401
            await client.post("/signin", data={"link": "made-up"})
        await client.post("/signin", data={"link": link})
        assert (await client.post("/api/session/end")).status_code == 403
        await client.served.audit.stop()

    ask(database_url, tmp_path, work)
    lines = accounts.execute(
        "SELECT action, target, sum(rows)::int, detail->>'status', detail->>'address' FROM audit"
        " GROUP BY 1, 2, 4, 5 ORDER BY 1, 2"
    ).fetchall()
    assert lines == [
        ("refused", "GET session", 3, "401", "127.0.0.1"),
        ("refused", "POST session", 1, "403", "127.0.0.1"),
        ("refused", "POST signin", 3, "401", "127.0.0.1"),
        ("sign-in", "session", None, None, "127.0.0.1"),
    ]


def test_an_old_link_or_a_made_up_one_is_refused(accounts, database_url, tmp_path):
    link = make_link(accounts, "ningbo", timedelta(seconds=-1))
    older = make_link(accounts, "planner")
    newer = make_link(accounts, "planner")
    accounts.commit()

    async def work(client):
        for token in (link, older, "", "made-up", '"><script>'):
            page = await client.get("/signin", params={"link": token})
            assert "<script" not in page.text
            answer = await client.post("/signin", data={"link": token})
            assert answer.headers["location"] == "/?signin=expired"
        for form in (b"link=" + b"x" * 9000, b"a=1&b=2&c=3&d=4&link=5"):
            assert (await client.post("/signin", content=form)).status_code == 400
        foreign = {"Origin": "https://evil.example"}
        refused = await client.post("/signin", data={"link": newer}, headers=foreign)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/scope")
        good = await client.post("/signin", data={"link": newer}, headers={"Origin": "http://test"})
        assert good.headers["location"] == "/"

    ask(database_url, tmp_path, work)


def test_keys_as_bearer_and_basic(accounts, database_url, tmp_path):
    key = make_key(accounts, "developer", "notebook", timedelta(hours=1))
    stale = make_key(accounts, "developer", "old", timedelta(seconds=-1))
    accounts.commit()
    basic = base64.b64encode(f"anything:{key}".encode()).decode()

    async def work(client):
        for value in (f"Bearer {key}", f"bearer {key}", f"Basic {basic}"):
            answer = await client.post("/api/who", headers={"Authorization": value})
            assert answer.json() == {"who": "developer"}
        for value in (f"Bearer {stale}", "Bearer sg_no", "Basic !!", "Bearer x.y.z"):
            answer = await client.get("/api/who", headers={"Authorization": value})
            assert answer.status_code == 401
            assert answer.json()["type"] == "/problems/unauthenticated"
            assert answer.headers["www-authenticate"].startswith("Basic")
            for sent in (
                {"Sec-Fetch-Mode": "navigate"}, {"Sec-Fetch-Mode": "cors"},
                {"Origin": "http://test"}, {"Referer": "http://test/"},
            ):  # fmt: skip
                page = {"Authorization": value, **sent}
                answer = await client.get("/api/who", headers=page)
                assert answer.headers["www-authenticate"].startswith("Bearer"), sent

    ask(database_url, tmp_path, work)


def test_only_digests_are_stored(accounts):
    key = make_key(accounts, "planner", "x", timedelta(hours=1))
    stored = accounts.execute("SELECT t::text FROM credential t").fetchall()
    assert not any(key in row for (row,) in stored)


def test_an_unknown_account_is_named(accounts):
    with pytest.raises(BadParameter, match="nobody"):
        make_link(accounts, "nobody")


def test_a_disabled_account_is_out(accounts, database_url, tmp_path):
    key = make_key(accounts, "wenzhou", "x", timedelta(hours=1))
    accounts.execute("UPDATE account SET disabled = true WHERE id = 'wenzhou'")
    accounts.commit()

    async def work(client):
        answer = await client.get("/api/who", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 401

    ask(database_url, tmp_path, work)


def test_a_session_is_no_key_and_a_key_no_session(accounts, database_url, tmp_path):
    """A digest asked for as one kind is not taken from the cache as another."""
    key = make_key(accounts, "developer", "x", timedelta(hours=1))
    accounts.commit()

    async def work(client):
        bearer = {"Authorization": f"Bearer {key}"}
        assert (await client.get("/api/who", headers=bearer)).json() == {"who": "developer"}
        cookie = {"Cookie": f"sigang_session={key}"}
        assert (await client.get("/api/who", headers=cookie)).json() == {"who": None}
        assert (await client.get("/api/who", headers=bearer)).json() == {"who": "developer"}

    ask(database_url, tmp_path, work)


def test_over_https_the_cookie_is_secure_and_browsers_are_told_to_stay(
    accounts, database_url, tmp_path
):
    link = make_link(accounts, "ningbo")
    accounts.commit()

    async def work(client):
        answer = await client.post("/signin", data={"link": link})
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-sigang_session=")
        assert "Secure" in cookie and "Path=/" in cookie and "Domain" not in cookie
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        assert (await client.get("/api/session")).json()["account"]["id"] == "ningbo"
        origin = {"Origin": "https://map.example.org"}
        csrf = {"X-CSRF-Token": (await client.get("/api/session")).json()["csrf"]}
        assert (await client.post("/api/who", headers={**csrf, **origin})).is_success

    ask(database_url, tmp_path, work, public_url="https://map.example.org/sigang")


def test_an_idle_session_is_over_and_a_used_one_is_not(accounts, database_url, tmp_path):
    links = [make_link(accounts, name) for name in ("ningbo", "wenzhou")]
    accounts.commit()
    age = (
        "UPDATE credential SET created_at = now() - interval '3 hours',"
        " seen_at = now() - %s::interval"
    )

    async def work(client):
        cookies = []
        for link in links:
            signed = await client.post("/signin", data={"link": link})
            cookies.append({"Cookie": signed.headers["set-cookie"].partition(";")[0]})
            client.cookies.clear()
        for account, seen in (("ningbo", "61 minutes"), ("wenzhou", "59 minutes")):
            accounts.execute(f"{age} WHERE account_id = %s", [seen, account])
        accounts.commit()
        who = [(await client.get("/api/who", headers=c)).json()["who"] for c in cookies]
        assert who == [None, "wenzhou"]
        used = accounts.execute(
            "SELECT seen_at > now() - interval '1 minute' FROM credential"
            " WHERE kind = 'session' AND account_id = 'wenzhou'"
        )
        assert used.fetchone() == (True,)

    ask(database_url, tmp_path, work)


def test_credentials_are_listed_rotated_and_revoked(accounts, database_url, tmp_path):
    key = make_key(accounts, "developer", "gis", timedelta(hours=1))
    make_key(accounts, "planner", "old", timedelta(seconds=-1))
    accounts.commit()
    assert [c.label for c in list_credentials(accounts)] == ["gis"]
    assert {c.label for c in list_credentials(accounts, ended=True)} == {"gis", "old"}
    make_link(accounts, "jiaxing")
    with pytest.raises(NotFound):
        rotate(accounts, list_credentials(accounts, "jiaxing")[0].id, timedelta(days=1))
    newer = rotate(accounts, list_credentials(accounts, "developer")[0].id, timedelta(days=1))
    accounts.commit()

    async def work(client):
        async def who(token):
            answer = await client.get("/api/who", headers={"Authorization": f"Bearer {token}"})
            return answer.json().get("who")

        assert await who(key) is None
        assert await who(newer) == "developer"
        [listed] = list_credentials(accounts, "developer")
        assert (listed.label, listed.kind) == ("gis", "key")
        revoke(accounts, listed.id)
        accounts.commit()
        client.served.auth.forget({"account": "developer"})
        assert await who(newer) is None

    ask(database_url, tmp_path, work)
    with pytest.raises(NotFound):
        revoke(accounts, "0" * 12)


def test_a_scope_of_nowhere_is_refused(accounts, database_url, tmp_path):
    for scope in ("000000", "33", "abcdef", ""):
        with pytest.raises(BadParameter):
            add_account(accounts, "x", ("x", "x"), "duty", scope)
    with pytest.raises(BadParameter):
        add_account(accounts, "x", ("x", "x"), "anonymous", "330000")
    for name in ("", "anonymous", "command line", "a\tb", "x" * 101):
        with pytest.raises(BadParameter, match="cannot be an account's id"):
            add_account(accounts, name, ("x", "x"), "duty", "330000")
    with pytest.raises(BadParameter, match="printable"):
        add_account(accounts, "x", ("x", " "), "duty", "330000")
    for label in ("x" * 5000, "a\nb", " "):
        with pytest.raises(BadParameter, match="printable"):
            make_key(accounts, "developer", label, timedelta(days=1))
    for days in (0, -1, 99_999_999):
        with pytest.raises(BadParameter, match="A key lives"):
            key_life(days)
    accounts.execute("ALTER TABLE account DROP CONSTRAINT account_somewhere")
    accounts.execute("UPDATE account SET scope = '000000' WHERE id = 'ningbo'")
    key = make_key(accounts, "ningbo", "x", timedelta(hours=1))
    accounts.commit()
    assert not Actor("x", "duty", "000000").covers("330200")

    async def work(client):
        answer = await client.get("/api/who", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 401

    ask(database_url, tmp_path, work)


def test_an_account_is_disabled_and_enabled(accounts):
    make_link(accounts, "wenzhou")
    make_key(accounts, "wenzhou", "gis", timedelta(hours=1))
    set_disabled(accounts, "wenzhou", True)
    assert [c.kind for c in list_credentials(accounts, "wenzhou")] == ["key"]
    row = accounts.execute("SELECT disabled FROM account WHERE id = 'wenzhou'").fetchone()
    assert row == (True,)
    with pytest.raises(BadParameter):
        set_disabled(accounts, "nobody", True)

import asyncio
import base64
import contextlib
import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI, Request
from starlette.responses import JSONResponse

from api.audit.audit import Audit
from api.http.asgi import Front
from api.http.auth import Authenticator, actor_of
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
from api.http.oidc import load_keys
from api.http.routes import Table
from api.http.same_origin import own_origin
from api.ops.session import pages, routes
from api.services import Services
from data.accounts import load_accounts
from spatial.actor import Actor
from spatial.errors import BadParameter, ConfigError, NotFound
from spatial.postgres.db import Database
from spatial.settings import Settings

TABLE = Table([*pages.registered, *routes.registered])
ISSUER = "https://issuer.example"


@contextlib.asynccontextmanager
async def opened(url, settings):
    db = await Database.open(settings, url)
    audit = Audit(db, settings.home)
    app = FastAPI(routes=[one.mounted() for one in TABLE.all])

    @app.api_route("/api/who", methods=["GET", "POST"])
    async def who(request: Request):
        return JSONResponse({"who": actor_of(request).account_id})

    parts = {"db": db, "audit": audit, "settings": settings, "auth": Authenticator(db, settings)}
    served = Services(**{field.name: parts.get(field.name) for field in fields(Services)})
    app.state.services = served
    transport = httpx.ASGITransport(Front(app, TABLE, https=settings.over_https))
    base = "https://test" if settings.over_https else "http://test"
    try:
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            client.served = served
            yield client
    finally:
        await db.close()


def ask(url, tmp_path, work, **settings):
    async def inside():
        made = Settings(database_url=url, home=tmp_path, pool_size=2, **settings)
        async with opened(url, made) as client:
            return await work(client)

    return asyncio.run(inside())


@pytest.fixture
def accounts(conn):
    load_accounts(conn)
    conn.commit()
    return conn


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


def test_tokens_of_an_external_issuer(accounts, database_url, tmp_path):
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key()))
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps({"keys": [{**public, "kid": "k1", "alg": "RS256"}]}))

    def token(**changes):
        good = {
            "iss": ISSUER, "aud": "sigang", "sub": "planner",
            "exp": datetime.now(UTC) + timedelta(minutes=5),
        }  # fmt: skip
        claims = {k: v for k, v in {**good, **changes}.items() if v is not None}
        return jwt.encode(claims, private, "RS256", headers={"kid": "k1"})

    bad = [
        token(aud="other"), token(iss="https://evil.example"), token(sub="nobody"),
        token(exp=datetime.now(UTC) - timedelta(minutes=1)), token(exp=None),
        jwt.encode({"sub": "planner"}, "k" * 32, "HS256", headers={"kid": "k1"}),
        jwt.encode({"sub": "planner"}, None, "none", headers={"kid": "k1"}),
    ]  # fmt: skip

    async def work(client):
        answer = await client.get("/api/who", headers={"Authorization": f"Bearer {token()}"})
        assert answer.json() == {"who": "planner"}
        for wrong in bad:
            answer = await client.get("/api/who", headers={"Authorization": f"Bearer {wrong}"})
            assert answer.status_code == 401

    ask(database_url, tmp_path, work, oidc_issuer=ISSUER, oidc_keys=keys)


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


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"}, {"key_ops": ["encrypt"]}, {"alg": "HS256", "kty": "oct", "k": "c2VjcmV0"},
        {"kid": None}, {"d": "AQAB"},
    ],
)  # fmt: skip
def test_keys_of_an_issuer_that_cannot_be_trusted_stop_the_start(tmp_path, change):
    file = tmp_path / "jwks.json"
    good = {**_jwk(2048), "kid": "k1", "alg": "RS256"}
    file.write_text(json.dumps({"keys": [good]}))
    assert list(load_keys(file, "SIGANG_OIDC_KEYS")) == ["k1"]
    wrong = {k: v for k, v in {**good, **change}.items() if v is not None}
    file.write_text(json.dumps({"keys": [good, wrong]}))
    with pytest.raises(ConfigError, match="SIGANG_OIDC_KEYS"):
        load_keys(file, "SIGANG_OIDC_KEYS")


def test_short_keys_of_an_issuer_are_refused(tmp_path):
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [{**_jwk(1024), "kid": "k1", "alg": "RS256"}]}))
    with pytest.raises(ConfigError, match="1024 bits"):
        load_keys(file, "SIGANG_OIDC_KEYS")


def _jwk(bits):
    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key()))


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

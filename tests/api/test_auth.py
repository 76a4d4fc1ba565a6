import asyncio
import base64
import contextlib
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from api.audit import Audit
from api.auth import Authenticator, actor_of, make_key, make_link, router, sign_in
from api.front import Front
from data.accounts import load_accounts
from spatial.db import Database
from spatial.errors import ConfigError
from spatial.settings import Settings

ISSUER = "https://issuer.example"


@contextlib.asynccontextmanager
async def opened(url, settings):
    db = await Database.open(settings, url)
    audit = Audit(db, settings.home / "audit.head")
    app = FastAPI(routes=[Route("/signin", sign_in)])

    @app.api_route("/api/who", methods=["GET", "POST"])
    async def who(request: Request):
        return JSONResponse({"who": actor_of(request).account_id})

    app.include_router(router, prefix="/api")
    app.state.services = SimpleNamespace(
        db=db, audit=audit, settings=settings, auth=Authenticator(db, settings)
    )
    transport = httpx.ASGITransport(Front(app))
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
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
        first = await client.get("/signin", params={"link": link})
        assert first.headers["location"] == "/"
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
        again = await client.get("/signin", params={"link": link})
        assert again.headers["location"] == "/?signin=expired"
        assert "set-cookie" not in again.headers

    ask(database_url, tmp_path, work)
    actions = accounts.execute("SELECT action FROM audit ORDER BY seq").fetchall()
    assert [a for (a,) in actions] == ["sign-in", "sign-out"]


def test_an_old_link_or_a_made_up_one_is_refused(accounts, database_url, tmp_path):
    link = make_link(accounts, "ningbo", timedelta(seconds=-1))
    accounts.commit()

    async def work(client):
        for token in (link, "", "made-up"):
            answer = await client.get("/signin", params={"link": token})
            assert answer.headers["location"] == "/?signin=expired"

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

    ask(database_url, tmp_path, work)


def test_only_digests_are_stored(accounts):
    key = make_key(accounts, "planner", "x", timedelta(hours=1))
    stored = accounts.execute("SELECT t::text FROM credential t").fetchall()
    assert not any(key in row for (row,) in stored)


def test_an_unknown_account_is_named(accounts):
    with pytest.raises(ConfigError, match="nobody"):
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

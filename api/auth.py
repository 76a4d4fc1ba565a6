"""Sign-in: session cookie, one-time link, Bearer or Basic key, external tokens → one actor."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import jwt
import orjson
import psycopg
from fastapi import APIRouter, Request
from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from spatial.actor import ANONYMOUS, Actor
from spatial.db import Database
from spatial.errors import ConfigError, OutOfScope, Unauthenticated

COOKIE = "sigang_session"
SESSION_LIFE = timedelta(hours=12)
LINK_LIFE = timedelta(hours=24)
KEY_PREFIX = "sg_"
CACHE_S = 2.0
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

router = APIRouter(tags=["session"])

_FIND = """
SELECT a.id, a.role, a.scope, a.unit_id, a.name_zh, a.name_en, c.csrf
FROM sigang.credential c JOIN sigang.account a ON a.id = c.account_id
WHERE c.hash = $1 AND c.kind = $2 AND c.expires_at > now() AND c.revoked_at IS NULL
  AND NOT a.disabled"""
_FIND_ACCOUNT = """
SELECT id, role, scope, unit_id, name_zh, name_en, NULL AS csrf
FROM sigang.account WHERE id = $1 AND NOT disabled"""
_USE_LINK = """
UPDATE sigang.credential SET used_at = now()
WHERE hash = $1 AND kind = 'link' AND used_at IS NULL AND revoked_at IS NULL AND expires_at > now()
RETURNING account_id"""
_ADD = """
INSERT INTO sigang.credential (hash, kind, account_id, label, csrf, expires_at)
VALUES ({})"""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An actor with what its session page needs."""

    actor: Actor
    name_zh: str
    name_en: str
    csrf: str | None


def token_hash(token: str) -> bytes:
    """Return what is stored of a token: its SHA-256; tokens have 256 random bits."""
    return hashlib.sha256(token.encode()).digest()


def make_link(conn: psycopg.Connection, account_id: str, life: timedelta = LINK_LIFE) -> str:
    """Make a one-time sign-in token for an account and return it."""
    return _make(conn, "link", account_id, None, secrets.token_urlsafe(32), life)


def make_key(conn: psycopg.Connection, account_id: str, label: str, life: timedelta) -> str:
    """Make an API key for an account and return it; only its hash is kept."""
    return _make(conn, "key", account_id, label, KEY_PREFIX + secrets.token_urlsafe(32), life)


def _make(
    conn: psycopg.Connection,
    kind: str,
    account_id: str,
    label: str | None,
    token: str,
    life: timedelta,
) -> str:
    known = conn.execute("SELECT 1 FROM sigang.account WHERE id = %s", [account_id]).fetchone()
    if not known:
        raise ConfigError(
            f"No account {account_id!r}", f"没有账号 {account_id!r}",
            mend_en="./sigang token --list names the accounts.",
            mend_zh="./sigang token --list 列出账号。",
        )  # fmt: skip
    values = [token_hash(token), kind, account_id, label, None, datetime.now(UTC) + life]
    conn.execute(_ADD.format("%s, %s, %s, %s, %s, %s"), values)
    return token


class Authenticator:
    """Turns the credentials of a request into an actor, with a short-lived cache."""

    def __init__(self, db: Database, settings: Any) -> None:
        self._db = db
        self._issuer = settings.oidc_issuer
        self._audience = settings.oidc_audience
        self._keys = _load_keys(settings.oidc_keys)
        self._cache: dict[bytes, tuple[float, SignedIn | None]] = {}

    async def find(self, headers: Headers, method: str) -> tuple[SignedIn | None, bytes | None]:
        """Return who asks, and the hash of the session if it was a cookie.

        Raises
        ------
        Unauthenticated
            A key or token was given and is not valid.
        OutOfScope
            A cookie's write lacks its CSRF token.
        """
        given = headers.get("authorization")
        if given:
            return await self._by_header(given), None
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        if cookie is None:
            return None, None
        digest = token_hash(cookie.value)
        found = await self._by_hash(digest, "session")
        if found and method not in SAFE_METHODS:
            _check_csrf(headers, found)
        return found, digest

    def forget(self, digest: bytes) -> None:
        """Drop a credential from the cache, as after a sign-out."""
        self._cache.pop(digest, None)

    async def _by_header(self, given: str) -> SignedIn:
        scheme, _, value = given.partition(" ")
        token = _basic_password(value) if scheme.lower() == "basic" else value.strip()
        if token.startswith(KEY_PREFIX):
            found = await self._by_hash(token_hash(token), "key")
        else:
            found = await self._by_jwt(token)
        if found is None:
            raise Unauthenticated(
                "The key or token is unknown, expired or revoked",
                "密钥或令牌未知、已过期或已撤销",
                mend_en="Make a new key with ./sigang token ACCOUNT.",
                mend_zh="用 ./sigang token 账号 生成新密钥。",
            )
        return found

    async def _by_hash(self, digest: bytes, kind: str) -> SignedIn | None:
        now = time.monotonic()
        cached = self._cache.get(digest)
        if cached and cached[0] > now:
            return cached[1]
        async with self._db.system() as conn:
            found = _signed_in(await conn.fetchrow(_FIND, digest, kind))
        if len(self._cache) > 10_000:
            self._cache.clear()
        self._cache[digest] = (now + CACHE_S, found)
        return found

    async def _by_jwt(self, token: str) -> SignedIn | None:
        if not self._keys:
            return None
        try:
            key = self._keys[jwt.get_unverified_header(token)["kid"]]
            claims = jwt.decode(
                token, key.key, [key.algorithm_name], audience=self._audience,
                issuer=self._issuer, options={"require": ["exp", "sub", "iss", "aud"]},
            )  # fmt: skip
        except (jwt.PyJWTError, KeyError):
            return None
        async with self._db.system() as conn:
            return _signed_in(await conn.fetchrow(_FIND_ACCOUNT, claims["sub"]))


def _load_keys(path: Path | None) -> dict[str, jwt.PyJWK]:
    if path is None:
        return {}
    try:
        keys = jwt.PyJWKSet.from_dict(orjson.loads(path.read_bytes())).keys
    except (OSError, ValueError, jwt.PyJWTError) as error:
        raise ConfigError(f"SIGANG_OIDC_KEYS {path}: {error}") from error
    return {key.key_id: key for key in keys if key.key_id}


def _signed_in(row: Any) -> SignedIn | None:
    if row is None:
        return None
    actor = Actor(row["id"], row["role"], row["scope"], row["unit_id"])
    return SignedIn(actor, row["name_zh"], row["name_en"], row["csrf"])


def _basic_password(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _check_csrf(headers: Headers, found: SignedIn) -> None:
    given = headers.get("x-csrf-token", "")
    if not secrets.compare_digest(given.encode(), (found.csrf or "").encode()):
        raise OutOfScope(
            "A write from a signed-in page needs its X-CSRF-Token header",
            "页面写操作需要 X-CSRF-Token 请求头",
            mend_en="Send the csrf value of GET /api/session.",
            mend_zh="请发送 GET /api/session 返回的 csrf 值。",
        )


def anybody(scope: Scope) -> None:
    """Set the state of a request without credentials."""
    state = scope.setdefault("state", {})
    state["actor"], state["signed_in"], state["session_hash"] = ANONYMOUS, None, None


async def identify(scope: Scope, headers: Headers) -> None:
    """Set `actor`, `signed_in` and `session_hash` on the state of a request.

    Raises
    ------
    Unauthenticated
        A key or token was given and is not valid.
    OutOfScope
        A cookie's write lacks its CSRF token.
    """
    anybody(scope)
    authenticator = scope["app"].state.services.auth
    found, digest = await authenticator.find(headers, scope["method"])
    state = scope["state"]
    state["signed_in"], state["session_hash"] = found, digest
    state["actor"] = found.actor if found else ANONYMOUS


def actor_of(request: Request) -> Actor:
    """Return the actor of a request."""
    actor: Actor = request.scope["state"]["actor"]
    return actor


def require(actor: Actor, *roles: str) -> None:
    """Refuse an actor that is not signed in or has none of the roles.

    Raises
    ------
    Unauthenticated, OutOfScope
    """
    if actor.anonymous:
        raise Unauthenticated(
            "This needs a signed-in account", "此操作需要登录",
            mend_en="Open a sign-in link, or send a key as Bearer token.",
            mend_zh="请打开登录链接，或以 Bearer 方式发送密钥。",
        )  # fmt: skip
    if roles and actor.role not in roles:
        raise OutOfScope(
            f"The role {actor.role} may not do this; needed: {', '.join(roles)}",
            f"角色 {actor.role} 无权执行此操作；需要：{', '.join(roles)}",
        )


@router.get("/session")
async def get_session(request: Request) -> dict[str, Any]:
    """Return the signed-in account and the CSRF token of its session, or nulls."""
    found: SignedIn | None = request.scope["state"]["signed_in"]
    if found is None:
        return {"account": None, "csrf": None}
    actor = found.actor
    account = {
        "id": actor.account_id,
        "name": {"zh": found.name_zh, "en": found.name_en},
        "role": actor.role,
        "scope": actor.scope,
        "unit_id": actor.unit_id,
    }
    return {"account": account, "csrf": found.csrf}


@router.post("/session/end", status_code=204)
async def end_session(request: Request) -> Response:
    """Sign out: the session ends on every terminal and worker."""
    digest = request.scope["state"]["session_hash"]
    services = request.app.state.services
    actor = actor_of(request)
    if digest is not None and not actor.anonymous:
        async with services.db.write(actor) as conn:
            await conn.execute(
                "UPDATE sigang.credential SET revoked_at = now() WHERE hash = $1", digest
            )
            await services.audit.write(conn, actor, "sign-out", "session")
            note = orjson.dumps({"k": "session", "hash": digest.hex()}).decode()
            await conn.execute("SELECT pg_notify('sigang', $1)", note)
        services.auth.forget(digest)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE)
    return response


async def sign_in(request: Request) -> Response:
    """Use a one-time link: set the session cookie and open the map; a HEAD does not use it up."""
    if request.method == "HEAD":
        return RedirectResponse("/", status_code=303)
    services = request.app.state.services
    link = request.query_params.get("link", "")
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
    async with services.db.system() as conn, conn.transaction():
        account_id = await conn.fetchval(_USE_LINK, token_hash(link))
        if account_id is None:
            return RedirectResponse("/?signin=expired", status_code=303)
        expires = datetime.now(UTC) + SESSION_LIFE
        values = (token_hash(token), "session", account_id, None, csrf, expires)
        await conn.execute(_ADD.format("$1, $2, $3, $4, $5, $6"), *values)
        found = _signed_in(await conn.fetchrow(_FIND, token_hash(token), "session"))
        if found is not None:
            await services.audit.write(conn, found.actor, "sign-in", "session")
    response = RedirectResponse("/", status_code=303)
    response.set_cookie(
        COOKIE, token, max_age=int(SESSION_LIFE.total_seconds()), httponly=True,
        samesite="strict", secure=services.settings.secure_cookies,
    )  # fmt: skip
    return response

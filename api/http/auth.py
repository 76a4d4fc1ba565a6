"""Who asks: session cookie, Bearer or Basic key, external tokens → one actor."""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg
from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import Scope

from api.http.credential_store import FIND, FIND_ACCOUNT, KEY_PREFIX, SEEN, SESSION_IDLE, token_hash
from api.http.same_origin import SAFE_METHODS, check_same_origin
from spatial.actor import ANONYMOUS, Actor
from spatial.errors import OutOfScope, Unauthenticated
from spatial.postgres.db import Database
from spatial.postgres.notices import Notice
from spatial.settings import Settings

if TYPE_CHECKING:
    from api.http.oidc import Issuer

COOKIE = "sigang_session"
CACHE_S = 2.0
MOST_CACHED = 10_000


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request signed in with: its kind, and the digest or the account that it names."""

    kind: str
    digest: bytes = b""
    account_id: str = ""
    expires_at: float = float("inf")
    """End of an external token, in seconds of the epoch."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An actor with what its session page needs."""

    actor: Actor
    name_zh: str
    name_en: str
    csrf: str | None


def _issuer(settings: Settings) -> Issuer | None:
    """Return the external issuer, None where there is none: few have one, and it loads much."""
    if settings.oidc_issuer is None:
        return None
    from api.http.oidc import Issuer

    return Issuer(settings.oidc_issuer, settings.oidc_audience, settings.oidc_keys)


class Authenticator:
    """Turns the credentials of a request into an actor, with a short-lived cache."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db = db
        self._issuer = _issuer(settings)
        self._public = settings.public_url
        self._listed = settings.allowed_origins
        self.cookie = cookie_name(settings)
        self._cache: dict[tuple[str, bytes], tuple[float, SignedIn | None]] = {}

    async def find(
        self, scope: Scope, headers: Headers
    ) -> tuple[SignedIn | None, Credential | None]:
        """Return who asks, and with what.

        Raises
        ------
        Unauthenticated
            A key or token was given and is not valid.
        OutOfScope
            A write comes from a page of another origin, or a cookie's lacks its CSRF token.
        """
        check_same_origin(scope, self._public, self._listed)
        given = headers.get("authorization")
        if given:
            return await self._by_header(given)
        value = find_cookie(headers.get("cookie", ""), self.cookie)
        if value is None:
            return None, None
        credential = Credential("session", token_hash(value))
        found = await self._stored(credential)
        if found and scope["method"] not in SAFE_METHODS:
            _check_csrf(headers, found)
        return found, credential

    async def still_valid(self, credential: Credential) -> bool:
        """Tell whether what a stream was opened with still signs in; asking keeps a session."""
        if credential.expires_at <= time.time():
            return False
        if credential.kind == "token":
            return await self._db.find(FIND_ACCOUNT, credential.account_id) is not None
        return await self._stored(credential) is not None

    def forget(self, notice: Notice) -> None:
        """Drop what a notice names from the cache: one credential, or all where an account is."""
        if "hash" not in notice:
            self._cache.clear()
            return
        for kind in ("session", "key"):
            self._cache.pop((kind, bytes.fromhex(notice["hash"])), None)

    async def _by_header(self, given: str) -> tuple[SignedIn, Credential]:
        scheme, _, value = given.partition(" ")
        token = _basic_password(value) if scheme.lower() == "basic" else value.strip()
        if token.startswith(KEY_PREFIX):
            credential = Credential("key", token_hash(token))
            found = await self._stored(credential)
        else:
            found, credential = await self._by_token(token)
        if found is None:
            raise Unauthenticated(
                "The key or token is unknown, expired or revoked",
                "密钥或令牌未知、已过期或已撤销",
                mend_en="Make a new key with ./sigang token ACCOUNT.",
                mend_zh="用 ./sigang token 账号 生成新密钥。",
            )
        return found, credential

    async def _stored(self, credential: Credential) -> SignedIn | None:
        now, key = time.monotonic(), (credential.kind, credential.digest)
        cached = self._cache.get(key)
        if cached and cached[0] > now:
            return cached[1]
        row = await self._db.find(FIND, credential.digest, credential.kind, SESSION_IDLE)
        if row is not None and row["unseen"]:
            with suppress(asyncpg.PostgresError):  # a full disk takes no writes, but reads
                async with self._db.system() as conn:
                    await conn.execute(SEEN, credential.digest)
        found = _signed_in(row)
        if len(self._cache) > MOST_CACHED:
            self._cache.clear()
        self._cache[key] = (now + CACHE_S, found)
        return found

    async def _by_token(self, token: str) -> tuple[SignedIn | None, Credential]:
        claims = self._issuer.claims(token) if self._issuer else None
        if claims is None:
            return None, Credential("token")
        account = str(claims["sub"])
        found = _signed_in(await self._db.find(FIND_ACCOUNT, account))
        return found, Credential("token", b"", account, float(claims["exp"]))


def cookie_name(settings: Settings) -> str:
    """Return the name of the session cookie; over HTTPS one that no other host can set."""
    return f"__Host-{COOKIE}" if settings.over_https else COOKIE


def find_cookie(header: str, name: str) -> str | None:
    """Return the value of a cookie; whatever else stands in the header is passed over."""
    for part in header.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return None


def _signed_in(row: asyncpg.Record | None) -> SignedIn | None:
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
    state["actor"], state["signed_in"], state["credential"] = ANONYMOUS, None, None


async def identify(scope: Scope, headers: Headers) -> None:
    """Set `actor`, `signed_in` and `credential` on the state of a request.

    Raises
    ------
    Unauthenticated
        A key or token was given and is not valid.
    OutOfScope
        A write comes from a page of another origin, or a cookie's lacks its CSRF token.
    """
    anybody(scope)
    found, credential = await scope["app"].state.services.auth.find(scope, headers)
    state = scope["state"]
    state["signed_in"], state["credential"] = found, credential
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

"""Signing in and out: a link opens a page whose button signs in; looking ahead uses nothing up."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from html import escape
from urllib.parse import parse_qs

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from api.http import credential_store
from api.http.auth import Credential, SignedIn, actor_of, cookie_name
from api.http.concurrency import address_in
from api.http.credential_store import ADD, SESSION_LIFE, USE_LINK, token_hash
from api.http.problems import problem_response
from api.http.responses import NO_STORE, fresh
from api.http.routes import Routes
from api.http.same_origin import check_same_origin
from api.services import services
from spatial.actor import ANONYMOUS, Actor
from spatial.errors import BadParameter, SigangError
from spatial.json_types import Document
from spatial.postgres.notices import notify

_LONGEST_FORM, _MOST_FIELDS = 4096, 4
_EXPIRED = "/?signin=expired"
_PAGE = """<!doctype html>
<html lang="zh"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>登录四港 · Sign in to Sigang</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;margin:20vh auto;max-width:24rem;padding:0 1rem;
text-align:center;background:#0F1924;color:#D6E2EC}}button{{font:inherit;padding:.6rem 2rem;
border:1px solid #5B7690;border-radius:4px;background:#16222E;color:#4CC9F0;cursor:pointer}}
button:focus-visible{{outline:2px solid #4CC9F0;outline-offset:2px}}</style>
<h1>四港 Sigang</h1><form method="post" action="/signin">
<input type="hidden" name="link" value="{link}">
<button data-testid="signin" autofocus>登录 Sign in</button></form></html>"""
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
)

routes = Routes("session")
pages = Routes()


@routes.get("/api/session")
async def get_session(request: Request) -> Response:
    """Return the signed-in account and the CSRF token of its session, or nulls."""
    found: SignedIn | None = request.scope["state"]["signed_in"]
    body: Document = {"account": None, "csrf": None}
    if found is not None:
        actor = found.actor
        account = {
            "id": actor.account_id,
            "name": {"zh": found.name_zh, "en": found.name_en},
            "role": actor.role,
            "scope": actor.scope,
            "unit_id": actor.unit_id,
        }
        body = {"account": account, "csrf": found.csrf}
    return fresh(body)


@routes.post("/api/session/end", status=204)
async def end_session(request: Request) -> Response:
    """Sign out: the session and its streams end on every terminal and worker."""
    credential: Credential | None = request.scope["state"]["credential"]
    served, actor = services(request), actor_of(request)
    if credential is not None and credential.kind == "session" and not actor.anonymous:
        async with served.db.write(actor) as conn:
            await credential_store.end_session(conn, credential.digest)
            await served.audit.write(conn, actor, "sign-out", "session")
            digest = credential.digest.hex()
            await notify(conn, "session", hash=digest)
        served.auth.forget({"hash": digest})
    response = Response(status_code=204, headers=NO_STORE)
    response.delete_cookie(served.auth.cookie, secure=served.settings.over_https)
    return response


@pages.get("/signin", reads=("link",))
async def show_sign_in(request: Request) -> Response:
    """Answer the page of a link; looking at it uses nothing up."""
    link = escape(request.query_params.get("link", "")[:_LONGEST_FORM], quote=True)
    headers = {**NO_STORE, "Content-Security-Policy": _POLICY}
    return Response(_PAGE.format(link=link), media_type="text/html", headers=headers)


@pages.post("/signin")
async def sign_in(request: Request) -> Response:
    """Use a one-time link: set the session cookie and open the map."""
    served = services(request)
    try:
        check_same_origin(request.scope, served.settings.public_url)
        link = await _link_of(request)
    except SigangError as error:
        return problem_response(error, request.headers)
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
    async with served.db.system() as conn, conn.transaction():
        row = await conn.fetchrow(USE_LINK, token_hash(link))
        address = address_in(request.scope)
        if row is None:
            served.audit.refuse(ANONYMOUS, "POST", "signin", 401, address)
            return RedirectResponse(_EXPIRED, 303, NO_STORE)
        values = (
            token_hash(token), "session", row["id"], None, csrf, datetime.now(UTC) + SESSION_LIFE,
        )  # fmt: skip
        await conn.execute(ADD.format("$1, $2, $3, $4, $5, $6"), *values)
        detail = {"address": address}
        await served.audit.write(conn, Actor(*row.values()), "sign-in", "session", detail=detail)
    response = RedirectResponse("/", 303, NO_STORE)
    response.set_cookie(
        cookie_name(served.settings), token, max_age=int(SESSION_LIFE.total_seconds()),
        httponly=True, samesite="strict", secure=served.settings.over_https,
    )  # fmt: skip
    return response


async def _link_of(request: Request) -> str:
    """Return the link of the page's form.

    Raises
    ------
    BadParameter
        The body is no form of a few bytes.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST_FORM:
            raise BadParameter("The form is too long", "表单过长", parameter="link")
    try:
        given = parse_qs(body.decode("latin-1"), max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise BadParameter("The form has too many fields", "表单字段过多") from error
    return given.get("link", [""])[0]

"""Accounts and credentials for administrators: listed, added, disabled, made, rotated, revoked.

An administrator manages accounts whose area lies in its own, and cannot disable itself, so that one
is always left. Whatever has a secret in its answer is shown once and kept by nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any, Literal

import psycopg
from fastapi import Request
from psycopg.rows import dict_row
from pydantic import Field
from starlette.responses import Response

from api.http import credential_store
from api.http.auth import actor_of, require
from api.http.credential_store import ACCOUNTS, SCOPE_OF, SCOPES_OF_UNIT
from api.http.responses import NO_STORE, fresh
from api.http.routes import Routes
from api.http.values import Strict, Visible
from api.services import services
from spatial.actor import Actor
from spatial.errors import Conflict, NotFound, OutOfScope, SetupError
from spatial.json_types import Document
from spatial.postgres.db import connect

routes = Routes("admin")

Name = Annotated[str, Field(min_length=1, max_length=80), Visible]
AccountId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$")]
CODE_LENGTH = 6
Days = Annotated[int, Field(ge=1, le=366)]
Work = Callable[[psycopg.Connection], Any]


class AccountBody(Strict):
    """A new account; `scope` is the GB/T 2260 code of its area."""

    id: AccountId
    name_zh: Name
    name_en: Name
    role: Literal["admin", "dispatcher", "planner", "duty", "developer"]
    scope: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    unit_id: Name | None = None


class DisabledBody(Strict):
    """Whether an account may sign in."""

    disabled: bool


class KeyBody(Strict):
    """A new key of an account, or with `link` a one-time sign-in link."""

    account: AccountId
    label: Name = "page"
    days: Days = 90
    link: bool = False


class RotateBody(Strict):
    """How long the new key lives."""

    days: Days = 90


@routes.get("/api/admin/accounts")
async def list_accounts(request: Request) -> Response:
    """Return the accounts of the administrator's area and what is in force of their credentials."""
    actor = _admin(request)

    def read(conn: psycopg.Connection) -> Document:
        with conn.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(ACCOUNTS).fetchall()
        own = [row for row in rows if actor.covers(row["scope"])]
        names = {row["id"] for row in own}
        listed = [
            asdict(c) for c in credential_store.list_credentials(conn) if c.account_id in names
        ]
        return {"accounts": own, "credentials": listed}

    return fresh(await _run(request, read))


@routes.post("/api/admin/accounts", status=201)
async def add_account(body: AccountBody, request: Request) -> Response:
    """Add an account in the administrator's area.

    `scope_proven` is false where no units of that level are loaded that its code could be among.
    """
    actor = _admin(request)
    if not actor.covers(body.scope):
        raise OutOfScope(f"{body.scope} is outside your area", f"{body.scope} 超出辖区")
    names = (body.name_zh, body.name_en)

    def add(conn: psycopg.Connection) -> bool:
        if body.unit_id is not None:
            _check_unit(conn, actor, body.unit_id)
        return credential_store.add_account(
            conn, body.id, names, body.role, body.scope, body.unit_id
        )

    proven = await _change(request, "account-add", body.id, add)
    return fresh({"id": body.id, "scope_proven": proven}, 201)


@routes.patch("/api/admin/accounts/{account_id}")
async def change_account(account_id: str, body: DisabledBody, request: Request) -> Response:
    """Disable an account, which ends its sessions and streams, or enable it again."""
    if _admin(request).account_id == account_id and body.disabled:
        raise Conflict("You cannot disable your own account", "不能停用自己的账号")
    action = "account-disable" if body.disabled else "account-enable"

    def change(conn: psycopg.Connection) -> None:
        _check_own(conn, actor_of(request), account_id)
        credential_store.set_disabled(conn, account_id, body.disabled)

    await _change(request, action, account_id, change)
    return fresh({"id": account_id, "disabled": body.disabled})


@routes.post("/api/admin/keys", status=201)
async def make_key(body: KeyBody, request: Request) -> Response:
    """Make a key, or a sign-in link that lives 15 minutes; it is shown once."""
    _admin(request)

    def make(conn: psycopg.Connection) -> str:
        _check_own(conn, actor_of(request), body.account)
        if body.link:
            return credential_store.make_link(conn, body.account)
        return credential_store.make_key(conn, body.account, body.label, timedelta(days=body.days))

    made = await _change(request, "token", body.account, make)
    return fresh({"link" if body.link else "key": made}, 201)


@routes.post("/api/admin/keys/{key_id}/rotate")
async def rotate_key(key_id: str, body: RotateBody, request: Request) -> Response:
    """Replace a key by a new one, which is shown once."""
    _admin(request)

    def rotate(conn: psycopg.Connection) -> str:
        _check_key(conn, actor_of(request), key_id)
        return credential_store.rotate(conn, key_id, timedelta(days=body.days))

    return fresh({"key": await _change(request, "key-rotate", key_id, rotate)})


@routes.delete("/api/admin/keys/{key_id}", status=204)
async def revoke_key(key_id: str, request: Request) -> Response:
    """Revoke a link, session or key; its streams end."""
    _admin(request)

    def revoke(conn: psycopg.Connection) -> None:
        _check_key(conn, actor_of(request), key_id)
        credential_store.revoke(conn, key_id)

    await _change(request, "key-revoke", key_id, revoke)
    return Response(status_code=204, headers=NO_STORE)


def _admin(request: Request) -> Actor:
    actor = actor_of(request)
    require(actor, "admin")
    return actor


def _check_own(conn: psycopg.Connection, actor: Actor, account_id: str) -> None:
    row = conn.execute(SCOPE_OF, [account_id]).fetchone()
    if row is None or not actor.covers(row[0]):
        raise NotFound(f"No account {account_id!r}", f"没有账号 {account_id!r}")


def _check_unit(conn: psycopg.Connection, actor: Actor, unit_id: str) -> None:
    """Refuse a unit of another area: an account sees its unit's rows wherever they lie."""
    holders = [scope for (scope,) in conn.execute(SCOPES_OF_UNIT, [unit_id])]
    own = all(map(actor.covers, holders))
    if not own or not (holders or actor.provincial or actor.covers(unit_id[:CODE_LENGTH])):
        raise OutOfScope(
            f"The unit {unit_id!r} is outside your area", f"单位 {unit_id!r} 超出辖区",
            mend_en="A new unit begins with a code of your area, as 330200-duty.",
            mend_zh="新单位须以辖区内的行政区划代码开头，如 330200-duty。",
        )  # fmt: skip


def _check_key(conn: psycopg.Connection, actor: Actor, key_id: str) -> None:
    found = [c for c in credential_store.list_credentials(conn) if c.id == key_id.lower()]
    if not found:
        raise NotFound(f"No credential {key_id!r} is in force", f"没有有效凭据 {key_id!r}")
    _check_own(conn, actor, found[0].account_id)


async def _change(request: Request, action: str, target: str, work: Work) -> Any:
    """Do a change that is in the audit, or neither."""
    served, actor = services(request), actor_of(request)
    async with served.db.write(actor) as conn:
        await served.audit.write(conn, actor, action, target)
        return await _run(request, work)


async def _run(request: Request, work: Work) -> Any:
    url = services(request).settings.database_url
    if url is None:
        raise SetupError("No database is named", "未指定数据库")

    def run() -> Any:
        with connect(url) as conn:
            return work(conn)

    return await asyncio.to_thread(run)

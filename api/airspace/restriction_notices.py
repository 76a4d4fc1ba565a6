"""Who is told of a restriction: owners of plans of ours over the stream, other systems by a notice.

A notice holds when it was told and when it was received: by the owner's word, or by the answer of
the other system. A change is told again and is to be received again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal
from uuid import UUID

import asyncpg
from fastapi import Request
from starlette.responses import Response

from api.airspace import restriction_rows as rows
from api.airspace.affected import Affected, Row, affected_by
from api.airspace.extents import Extent, written_time
from api.airspace.notices import CONSTRAINTS, Notices
from api.airspace.operation_rows import TELL
from api.airspace.own_door import MANAGER
from api.airspace.restriction_constraint import (
    constraint_details,
    end_constraint,
    extents_of_restriction,
    put_constraint,
)
from api.airspace.utm_core import Done
from api.http.app_state import own
from api.http.auth import actor_of, require
from api.http.responses import fresh
from api.http.routes import Routes
from api.services import services
from api.write_once import write_once
from spatial.actor import WRITERS, Actor
from spatial.errors import NotFound
from spatial.json_types import Document
from spatial.postgres.db import Database

Action = Literal["issued", "changed", "ended"]
routes = Routes("airspace")


@dataclass(frozen=True)
class Telling:
    """Whom a change of a restriction concerns, found before it is written; told with it."""

    request: Request
    row: Row
    action: Action
    affected: Sequence[Affected]
    told: Sequence[Affected]
    extents: Sequence[Extent]
    done: list[Done | None]

    @classmethod
    async def of(
        cls, request: Request, row: Row, action: Action, before: Row | None = None
    ) -> Telling:
        """Return whom a restriction concerns; of a change, whom it concerned before too."""
        affected = await affected_by(request, row)
        known = {one.id for one in affected}
        earlier = [] if before is None else await affected_by(request, before)
        extents = [] if action == "ended" else await extents_of_restriction(request, row)
        told = [*affected, *(one for one in earlier if one.id not in known)]
        return cls(request, row, action, affected, told, extents, [])

    async def write(self, conn: asyncpg.Connection) -> None:
        """Write the constraint and the notices in the transaction of the change."""
        number = self.row["number"]
        if self.action == "ended":
            self.done.append(await end_constraint(conn, number))
        else:
            self.done.append(await put_constraint(conn, self.request, number, self.extents))
        await tell_owners_of(conn, number, self.told, self.action)

    def send(self) -> None:
        """Tell other systems once it is committed; nobody where it was done before."""
        for done in self.done:
            send_notices(self.request, self, done)


async def tell_owners_of(
    conn: asyncpg.Connection, restriction: UUID, affected: Iterable[Affected], action: Action
) -> None:
    """Note whom a restriction concerns, and tell open streams of plans of ours."""
    for one in affected:
        if not one.is_told:
            continue
        await conn.execute(
            rows.NOTE, restriction, one.id, one.manager, one.account_id, one.effect, action
        )
        if one.manager == MANAGER:
            body = {"id": str(one.id), "action": f"restriction {action}", "state": one.state,
                    "restriction": str(restriction), "effect": one.effect}  # fmt: skip
            seen = (one.admin_code, one.unit_id, one.visibility)
            await conn.execute(TELL, *seen, body)


def send_notices(request: Request, told: Telling, done: Done | None) -> None:
    """Tell other systems of a constraint, or that it is over; their answer is the receipt.

    Told are those with a subscription there, and those with a plan that it concerns.
    """
    db, number = services(request).db, told.row["number"]
    hosts = services(request).settings.told_hosts
    constraint = None
    if done is not None and told.action != "ended":
        constraint = constraint_details(done.entity, told.extents)
    subscribed = {} if done is None else {
        str(one["uss_base_url"]): one["subscriptions"] for one in done.subscribers
    }  # fmt: skip
    planned: dict[str, list[Affected]] = {}
    for one in told.told:
        if one.is_told and one.url is not None:
            planned.setdefault(one.url, []).append(one)
    for url in {*subscribed, *planned}:
        body: Document = {"constraint_id": str(number), "constraint": constraint,
                          "subscriptions": subscribed.get(url, [])}  # fmt: skip
        received = partial(_received, db, number, planned.get(url, []))
        own(request.app, Notices).send(url, body, hosts, CONSTRAINTS, received)


async def _received(db: Database, restriction: UUID, plans: Sequence[Affected]) -> None:
    async with db.system() as conn:
        for one in plans:
            await conn.execute(rows.RECEIVE, restriction, one.id, one.manager)


async def shown_affected(
    conn: asyncpg.Connection, restriction: UUID, affected: Sequence[Affected], actor: Actor
) -> list[Document]:
    """Return whom a restriction concerns, and what was told to whom when; never who flies."""
    told = {row["intent_id"]: row for row in await conn.fetch(rows.NOTICES, restriction)}
    return [_shown(one, told.get(one.id)) for one in affected if _sees(actor, one)]


def _sees(actor: Actor, one: Affected) -> bool:
    if one.visibility is None:
        return not actor.anonymous
    return actor.sees(one.admin_code, one.visibility, one.unit_id)


def _shown(one: Affected, notice: asyncpg.Record | None) -> Document:
    told = dict(notice) if notice is not None else {}
    return {
        "id": str(one.id), "manager": one.manager, "state": one.state, "effect": one.effect,
        "missing": one.missing, "time_start": written_time(one.begin)["value"],
        "time_end": written_time(one.end)["value"],
        **{name: told.get(name) for name in ("action", "told_at", "received_at", "received_by")},
    }  # fmt: skip


@routes.get("/api/airspace/notices")
async def notices(request: Request) -> Response:
    """Return what the caller was told of restrictions over its plans, what is open first."""
    actor = actor_of(request)
    require(actor)
    async with services(request).db.session(actor) as conn:
        found = await conn.fetch(rows.MINE, actor.account_id)
    return fresh({"notices": [dict(row) for row in found]})


@routes.post("/api/airspace/restrictions/{number}/receipts/{plan}")
async def receive(number: UUID, plan: UUID, request: Request) -> Response:
    """Say that a notice was received: the plan's owner, or an officer of its area who called it."""
    actor = actor_of(request)
    require(actor)

    async def work(conn: asyncpg.Connection) -> Response:
        notice = await conn.fetchrow(rows.NOTICE, number, plan)
        seen = notice is not None and notice["manager"] == MANAGER
        area = await conn.fetchval(rows.AREA_OF_PLAN, plan)
        officer = actor.role in WRITERS and area is not None and actor.covers(area)
        if not seen or not (officer or actor.account_id == notice["account_id"]):
            raise NotFound(f"No notice of {number} to {plan}", f"没有发给 {plan} 的通知")
        row = await conn.fetchrow(rows.RECEIVE, number, plan, actor.account_id)
        await services(request).audit.write(
            conn, actor, "receive", f"airspace-restriction/{number}", detail={"plan": str(plan)}
        )
        return fresh(dict(row or notice))

    return await write_once(request, actor, work)

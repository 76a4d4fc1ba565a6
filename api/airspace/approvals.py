"""/api/airspace/approvals: plans that wait for an officer, and what officers decide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
from fastapi import Request
from pydantic import Field, StrictBool
from starlette.responses import Response

from api.airspace import operation_rows as rows
from api.airspace import operation_store as store
from api.airspace import utm_core
from api.airspace.extents import Extent
from api.airspace.notices import note
from api.airspace.officer_area import check_own_area
from api.airspace.operations import PLACE, Text, guarded, noted, wish_of
from api.airspace.own_door import let_through, overlapping, refuse_overlap, shown_conflicts
from api.airspace.pairs import overlapping_pairs
from api.airspace.plan_verdict import judge_waiting
from api.http.auth import actor_of, require
from api.http.responses import fresh
from api.http.routes import Routes
from api.http.values import Strict
from api.services import services
from layers.offload import offload
from spatial.actor import WRITERS, Actor
from spatial.errors import Conflict, OutOfScope
from spatial.json_types import Document, JsonObject

MOST_WAITING = 500
routes = Routes("airspace")


class DecisionBody(Strict):
    """What an officer decides, on which legal ground."""

    decision: Literal["approve", "deny"]
    legal_text: Text
    reason: Text | None = None
    override: StrictBool = False
    """Approve in spite of a conflict: a second officer must say the same."""


@routes.get("/api/airspace/approvals")
async def inbox(
    request: Request, limit: Annotated[int, Field(ge=1, le=MOST_WAITING)] = 200
) -> Response:
    """Return the plans that wait, the one that must be decided first first.

    Each has its verdict and zones by the air and rules of now (null: it names no class of aircraft
    or cannot be judged), the accepted plans that it overlaps now, and the waiting ones that it
    cannot stand beside.
    """
    actor = actor_of(request)
    require(actor, *WRITERS)
    async with services(request).db.session(actor) as conn:
        waiting = await conn.fetch(rows.WAITING, limit)
        parts = [store.extents_of(plan) for plan in waiting]
        extents = [one for part in parts for one in part]
        found = await overlapping(conn, extents) if extents else []
    verdicts = await judge_waiting(request, waiting, parts)
    rivals = await offload(_rivals, parts)
    owner = [n for n, part in enumerate(parts) for _ in part]
    beside = [[waiting[m]["id"] for m in rivals[n]] for n in range(len(waiting))]
    told = [
        {**_row(plan, verdicts[n], beside[n]), "conflicts": shown_conflicts(
            one for one in found if owner[one.part] == n)}
        for n, plan in enumerate(waiting)
    ]  # fmt: skip
    return fresh({"waiting": told})


@routes.post(f"{PLACE}/{{plan_id}}/decision")
async def decide(plan_id: UUID, body: DecisionBody, request: Request) -> Response:
    """Approve or deny a waiting plan; of two that overlap only one is ever approved.

    Officers decide on plans that lie within their area. With `override`, the first one's word is
    kept (202) and a second one's makes it so (200).
    """
    actor = actor_of(request)
    require(actor, *WRITERS)
    async with services(request).db.session(actor) as conn:
        plan = await store.get(conn, plan_id)
    extents = store.extents_of(plan)

    async def work(conn: asyncpg.Connection) -> Response:
        held = await store.hold(conn, plan_id)
        if held["state"] != "Filed":
            raise Conflict(f"The plan is {held['state']} already", f"计划状态已为 {held['state']}")
        await check_own_area(conn, actor, extents)
        if body.decision == "approve" and held["planned_end"] <= datetime.now(UTC):
            raise Conflict("The time of the plan is over", "计划时间已过")
        if body.decision == "deny":
            return await _deny(request, conn, actor, held, body)
        if body.override and held["override_by"] is None:
            words = (actor.account_id, body.legal_text, body.reason)
            await conn.execute(rows.PROPOSE_OVERRIDE, plan_id, *words)
            return await noted(request, conn, actor, plan_id, "propose override", 202)
        return await _approve(request, conn, actor, held, body, extents)

    return await guarded(request, actor, extents, plan["priority"], work)


async def _approve(
    request: Request,
    conn: asyncpg.Connection,
    actor: Actor,
    plan: asyncpg.Record,
    body: DecisionBody,
    extents: Sequence[Extent],
) -> Response:
    if body.override and plan["override_by"] == actor.account_id:
        raise OutOfScope("An override needs a second person", "越权批准须由第二人确认")
    wish = wish_of(request, plan["id"], extents, plan["priority"])
    rule = let_through if body.override else refuse_overlap
    note(request, await utm_core.put(conn, wish, rule), extents)
    await conn.execute(rows.SET_STATE, plan["id"], "Accepted")
    words = ("approved", body.legal_text, body.reason, actor.account_id, body.override)
    await conn.execute(rows.DECIDE, plan["id"], *words)
    return await noted(request, conn, actor, plan["id"], "override" if body.override else "approve")


async def _deny(
    request: Request,
    conn: asyncpg.Connection,
    actor: Actor,
    plan: asyncpg.Record,
    body: DecisionBody,
) -> Response:
    await conn.execute(rows.SET_STATE, plan["id"], "Denied")
    words = ("denied", body.legal_text, body.reason, actor.account_id, False)
    await conn.execute(rows.DECIDE, plan["id"], *words)
    return await noted(request, conn, actor, plan["id"], "deny")


def _row(plan: asyncpg.Record, verdict: JsonObject | None, rivals: Sequence[UUID]) -> Document:
    zones = verdict and verdict.get("zones")
    return {**store.shown(plan), "verdict": verdict, "zones": zones, "rivals": rivals}


def _rivals(parts: Sequence[Sequence[Extent]]) -> list[list[int]]:
    """Return for each plan the others that share space and time with it."""
    found: list[list[int]] = [[] for _ in parts]
    for n, m, _ in overlapping_pairs(parts):
        found[n].append(m)
        found[m].append(n)
    return found

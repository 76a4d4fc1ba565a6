"""/api/airspace/operations: plans of operators and officers, of which no two share airspace."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from api.airspace import operation_rows as rows
from api.airspace import operation_store as store
from api.airspace import utm_core
from api.airspace.dss_door import Door
from api.airspace.dss_tokens import SKEW_S
from api.airspace.extents import Extent, Volume4DBody, parse_extents, union_of, written
from api.airspace.notices import note, send_noted
from api.airspace.officer_area import check_approved, check_own_area, may_accept
from api.airspace.operation_store import Filing
from api.airspace.own_door import (
    MANAGER,
    OFF_NOMINAL,
    Overlap,
    blocking,
    let_through,
    overlapping,
    refuse_overlap,
    with_alternatives,
)
from api.airspace.plan_verdict import Subject, judge_plan
from api.airspace.utm_core import Rule, Wish
from api.http.app_state import own
from api.http.auth import actor_of, require
from api.http.bodies import MB
from api.http.responses import fresh
from api.http.routes import Routes
from api.http.values import Moment, Strict, Visible
from api.services import services
from api.write_once import write_once
from routing.airspace.filing import deadlines_of
from spatial.actor import WRITERS, Actor
from spatial.airspace_rules import FILING, Aircraft, Task
from spatial.errors import BadParameter, Conflict
from spatial.ids import uuid7
from spatial.json_types import JsonObject
from spatial.rules import find_rule

PLACE = "/api/airspace/operations"
HORIZON = timedelta(days=30)  # ASTM F3548-21, OiMaxPlanHorizonDays
LONGEST_AGO = timedelta(days=1)
NEXT = {
    "Filed": ("Ended",),
    "Accepted": ("Accepted", "Activated", "Ended"),
    "Activated": ("Activated", "Nonconforming", "Contingent", "Ended"),
    "Nonconforming": ("Nonconforming", "Activated", "Contingent", "Ended"),
    "Contingent": ("Contingent", "Ended"),
}
NOMINAL = ("Accepted", "Activated")
Text = Annotated[str, Field(min_length=1, max_length=500), Visible]
Volumes = Annotated[list[Volume4DBody], Field(min_length=1, max_length=200)]
Priority = Annotated[int, Field(ge=0, le=100, strict=True)]
State = Literal["Accepted", "Activated", "Nonconforming", "Contingent", "Ended"]
Known = Literal["Filed", "Accepted", "Activated", "Nonconforming", "Contingent", "Ended", "Denied"]

routes = Routes("airspace")


class PlanBody(Strict):
    """A plan to be filed."""

    volumes: Volumes
    id: UUID | None = None
    title: Text = "飞行计划"
    state: Literal["Accepted", "Filed"] | None = None
    """`Filed` waits for an officer; accepted at once is what officers file."""
    priority: Priority = 0
    task: Task = "ordinary"
    aircraft: Aircraft | None = None
    """Class of aircraft; without one the plan is not judged."""
    visibility: Literal["public", "unit", "province"] = "unit"
    reason: Text | None = None
    sent_at: Moment | None = None
    """What the sender's clock says."""


class ChangeBody(Strict):
    """The next version of a plan, from the one that `ovn` names."""

    ovn: str | None = None
    state: State | None = None
    volumes: Volumes | None = None
    priority: Priority | None = None
    sent_at: Moment | None = None


@routes.post(PLACE, status=201, most_bytes=MB)
async def file(body: PlanBody, request: Request) -> Response:
    """File a plan: accepted (201), or waiting for an officer (202).

    An overlap with a plan of equal or higher priority is 409, named, with up to three alternatives.
    """
    actor = actor_of(request)
    require(actor)
    if body.state == "Accepted":
        require(actor, *WRITERS)
    check_clock(body.sent_at)
    extents = planned(body.volumes)
    state = body.state or await _state_of(request, actor, extents)
    filing = Filing(
        body.id or uuid7(), extents, body.priority, body.task, body.title, body.visibility,
        decide_by(request, body.task, extents), body.reason, body.aircraft,
        await judge_plan(request, Subject(extents, body.aircraft, body.task)),
    )  # fmt: skip

    async def work(conn: asyncpg.Connection) -> Response:
        if state == "Accepted":
            await check_own_area(conn, actor, extents)
            wish = wish_of(request, filing.id, extents, body.priority)
            note(request, await utm_core.put(conn, wish, refuse_overlap), extents)
        elif others := blocking(await overlapping(conn, extents), body.priority):
            raise Overlap(others)
        await store.add(conn, actor, filing, state)
        status = 201 if state == "Accepted" else 202
        return await noted(request, conn, actor, filing.id, "file", status)

    return await guarded(request, actor, extents, body.priority, work)


async def _state_of(request: Request, actor: Actor, extents: Sequence[Extent]) -> str:
    """Return what becomes of a plan that does not say: accepted if an officer of the area files."""
    async with services(request).db.session(actor) as conn:
        return "Accepted" if await may_accept(conn, actor, extents) else "Filed"


@routes.get(PLACE)
async def listed(
    request: Request,
    state: Known | None = None,
    mine: bool = False,
    limit: Annotated[int, Field(ge=1, le=store.MOST_LISTED)] = 100,
) -> Response:
    """Return plans that the caller sees, by begin."""
    actor = actor_of(request)
    require(actor)
    account = actor.account_id if mine else None
    async with services(request).db.session(actor) as conn:
        found = await conn.fetch(rows.LISTED, state, account, limit)
    return fresh({"operations": [store.shown(row) for row in found]})


@routes.get(f"{PLACE}/{{plan_id}}")
async def get(plan_id: UUID, request: Request) -> Response:
    """Return one plan, with its current OVN and the plans that it is in conflict with."""
    actor = actor_of(request)
    require(actor)
    async with services(request).db.session(actor) as conn:
        plan = await store.get(conn, plan_id)
        others = await utm_core.conflicts_of(conn, plan_id)
    return fresh({**store.shown(plan), "conflicts": others})


@routes.patch(f"{PLACE}/{{plan_id}}", most_bytes=MB)
async def change(plan_id: UUID, body: ChangeBody, request: Request) -> Response:
    """Change a plan's state, volumes or priority; sent again, it is done once.

    Beyond what was approved it is changed by officers of its area alone, but in an emergency
    (`Nonconforming`, `Contingent`).
    """
    actor = actor_of(request)
    require(actor)
    check_clock(body.sent_at)
    moved = planned(body.volumes) if body.volumes else None
    verdict = None if moved is None else await _verdict_of(request, actor, plan_id, moved)

    async def work(conn: asyncpg.Connection) -> Response:
        plan = await store.hold(conn, plan_id)
        if plan["account_id"] != actor.account_id:
            require(actor, *WRITERS)
            await check_own_area(conn, actor, store.approved_of(plan))
        state = body.state or plan["state"]
        repeated = body.ovn is not None and body.ovn != plan["ovn"] and state == plan["state"]
        if not repeated and state not in NEXT.get(plan["state"], ()):
            raise Conflict(f"A plan that is {plan['state']} cannot become {state}",
                           f"状态 {plan['state']} 不能变为 {state}")  # fmt: skip
        extents = moved or _kept(plan, state)
        priority = plan["priority"] if body.priority is None else body.priority
        if not await may_accept(conn, actor, extents):
            check_approved(plan, extents if state in NOMINAL else (), priority)
        await _step(request, conn, plan, body, state, extents, priority)
        if moved:
            await conn.execute(rows.SET_VERDICT, plan_id, verdict)
        return await noted(request, conn, actor, plan_id, f"become {state}")

    return await guarded(request, actor, moved or (), body.priority or 0, work)


async def _verdict_of(
    request: Request, actor: Actor, plan_id: UUID, extents: Sequence[Extent]
) -> JsonObject | None:
    """Return what the air says of a plan with other volumes."""
    async with services(request).db.session(actor) as conn:
        plan = await store.get(conn, plan_id)
    return await judge_plan(request, Subject(extents, plan["aircraft"], plan["task"]))


def _kept(plan: asyncpg.Record, state: str) -> list[Extent]:
    """Return the volumes of a plan that names none: one that flies as planned again has its own."""
    return store.approved_of(plan) if state in NOMINAL else store.extents_of(plan)


def decide_by(request: Request, task: Task, extents: Sequence[Extent]) -> datetime | None:
    """Return by when a plan must be decided, as the rule of filing clocks has it; None: whenever.

    The rule is the one in force as the flight begins.
    """
    begin = min(one.begin for one in extents)
    rule = find_rule(services(request).rules.of_fact(begin), FILING)
    clock = rule.value.root.get(task) if rule is not None else None
    return deadlines_of(clock, begin, datetime.now(UTC)).reply_by if clock is not None else None


async def _step(
    request: Request,
    conn: asyncpg.Connection,
    plan: asyncpg.Record,
    body: ChangeBody,
    state: str,
    extents: Sequence[Extent],
    priority: int,
) -> None:
    """Write the next version of a plan, or end it."""
    if state == "Ended":
        if plan["ovn"] is not None:
            gone = await utm_core.remove(
                conn, "operational_intent", plan["id"], MANAGER, body.ovn or plan["ovn"]
            )
            note(request, gone, extents, ended=True)
        await conn.execute(rows.SET_STATE, plan["id"], state)
        return
    if body.ovn is None:
        raise BadParameter("/ovn: a change names the version it is of", "/ovn：须注明所改版本")
    digest = hashlib.sha256(body.model_dump_json(exclude={"sent_at"}).encode()).digest()
    wish = wish_of(request, plan["id"], extents, priority, state, body.ovn, digest)
    rule: Rule = let_through if state in OFF_NOMINAL else refuse_overlap
    done = await utm_core.put(conn, wish, rule)
    note(request, done, extents)
    if done.repeated:
        return
    await conn.execute(rows.SET_STATE, plan["id"], state)
    begin, end = union_of(extents).begin, union_of(extents).end
    told = [written(one) for one in extents]
    approved = None if state in NOMINAL else plan["approved"] or plan["extents"]
    await conn.execute(
        rows.SET_EXTENTS, plan["id"], told, begin, end, store.footprint_wkb(extents), priority,
        store.heights_of(extents) | {"approved": approved},
        body.volumes is not None,
    )  # fmt: skip


def wish_of(
    request: Request,
    plan: UUID,
    extents: Sequence[Extent],
    priority: int,
    state: str = "Accepted",
    ovn: str | None = None,
    digest: bytes = b"",
) -> Wish:
    """Return a plan as what the core writes."""
    return Wish(
        plan, "operational_intent", MANAGER, extents, own_url(request), state, priority, ovn,
        digest=digest,
    )  # fmt: skip


def own_url(request: Request) -> str:
    """Return where other systems reach this one."""
    settings = services(request).settings
    base = settings.public_url or f"http://{settings.host}:{settings.port}"
    return base.rstrip("/")


def planned(volumes: Sequence[Volume4DBody]) -> list[Extent]:
    """Return the extents of a plan that is yet to be flown.

    Raises
    ------
    BadParameter
        See `parse_extents`; or it ends in the past, began long ago, or begins beyond the horizon.
    """
    extents, now = parse_extents(volumes, "/volumes"), datetime.now(UTC)
    if max(one.end for one in extents) <= now:
        raise BadParameter("/volumes: they end in the past", "/volumes：结束时间已过")
    if min(one.begin for one in extents) < now - LONGEST_AGO:
        raise BadParameter("/volumes: they began over a day ago", "/volumes：开始时间过早")
    if max(one.begin for one in extents) > now + HORIZON:
        raise BadParameter(
            f"/volumes: more than {HORIZON.days} days ahead", f"/volumes：超过 {HORIZON.days} 天"
        )
    return extents


def check_clock(sent_at: datetime | None) -> None:
    """Refuse a sender whose clock differs; both are shown.

    Raises
    ------
    BadParameter
    """
    now = datetime.now(UTC)
    if sent_at is not None and abs((now - sent_at).total_seconds()) > SKEW_S:
        its = sent_at.astimezone(UTC).isoformat(timespec="milliseconds")
        ours = now.isoformat(timespec="milliseconds")
        raise BadParameter(
            f"/sent_at: clocks differ by more than {SKEW_S} s: yours says {its}, ours {ours}",
            f"/sent_at：时钟相差超过 {SKEW_S} 秒：对方 {its}，本机 {ours}",
        )


async def guarded(
    request: Request,
    actor: Actor,
    extents: Sequence[Extent],
    priority: int,
    work: Callable[[asyncpg.Connection], Awaitable[Response]],
) -> Response:
    """Answer a write in its turn; an overlap is told with alternatives.

    Raises
    ------
    Overlap, Conflict
    """
    cells = union_of(extents).cells if extents else ()
    try:
        async with own(request.app, Door).turns.turn(cells):
            answer = await write_once(request, actor, work)
    except Overlap as refused:
        told = await with_alternatives(request, extents, priority, refused) if extents else refused
        raise told from refused
    send_noted(request)
    return answer


async def noted(
    request: Request,
    conn: asyncpg.Connection,
    actor: Actor,
    plan_id: UUID,
    action: str,
    status: int = 200,
) -> Response:
    """Note a change in the audit, tell open streams, and answer with the plan."""
    plan = await store.get(conn, plan_id)
    await services(request).audit.write(
        conn, actor, action, f"operation/{plan_id}", area=plan["admin_code"]
    )
    await store.tell(conn, plan, action)
    return fresh(store.shown(plan), status, {"Location": f"{PLACE}/{plan_id}"})

"""/api/berths: terminals, the plan that is kept of one and made anew, what-if, calls taken."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
from fastapi import Request
from starlette.responses import Response

from api.http.auth import actor_of, require
from api.http.bodies import MB
from api.http.concurrency import ask
from api.http.media_types import GEOJSON
from api.http.responses import NO_STORE, fresh
from api.http.routes import Routes
from api.law.records import check_source, foreign_key
from api.ports.berths import berth_rows as rows
from api.ports.berths.bodies import CallsBody, WhatIfBody
from api.ports.berths.planned import Document, Made, digest_of, make
from api.ports.berths.terminal import Call, Terminal, check_call, read_terminal
from api.ports.berths.told import Name, told_plan
from api.services import services
from api.write_once import write_once
from layers.offload import offload
from routing.berths.rule_models import HORIZON
from spatial.actor import WRITERS
from spatial.errors import BadParameter, LimitViolated, NotFound, OutOfScope
from spatial.ids import record_id
from spatial.json_types import Document as Told
from spatial.rules import Rules, get_rule

routes = Routes("ports")
PLAN_S, EACH_S = 0.5, 0.05
"""What a plan is likely to take of one core, and more for each call."""


@routes.get("/api/berths")
async def list_terminals(request: Request) -> Response:
    """Return the container terminals with how many berths and calls they have."""
    actor = actor_of(request)
    require(actor)
    async with services(request).db.session(actor) as conn:
        found = await conn.fetch(rows.TERMINALS, None)
    services(request).audit.record(actor, "items", "berths", rows=len(found))
    return fresh({"terminals": [dict(one) for one in found]})


@routes.get("/api/berths/{terminal}/plan")
async def show_plan(terminal: UUID, request: Request) -> Response:
    """Return the plan of the calls known of a terminal; `terminal` is its id or that of a berth.

    It is kept and made anew when calls, berths or rules changed, or a vessel did not come. Who does
    not see all calls is told the one that is kept, without names of those that are not seen.
    """
    actor, now = actor_of(request), datetime.now(UTC)
    require(actor)
    served = services(request)
    rules = served.rules.current
    async with served.db.session(actor) as conn:
        found = await read_terminal(conn, terminal)
    if found.known_whole(actor):
        document, made_at, stood = await _current(request, found, rules, now)
    else:
        document, made_at, stood = _kept(found)
    async with served.db.session(actor) as conn:
        names = await _names(conn, document)
    served.audit.record(actor, "items", f"berths/{terminal}/plan", rows=len(document["lying"]))
    told = await offload(told_plan, found, document, names, made_at, stood)
    return fresh(told, headers=NO_STORE, media_type=GEOJSON)


def _kept(found: Terminal) -> tuple[Document, datetime, str]:
    if found.kept is None:
        raise NotFound(
            "No plan of this terminal is kept", "该码头尚无泊位计划",
            mend_en="An account of its area asks for it first.",
            mend_zh="须先由其辖区账号查询生成。",
        )  # fmt: skip
    kept = found.kept
    return kept["document"], kept["made_at"], kept["rule_version"]


async def _current(
    request: Request, found: Terminal, rules: Rules, now: datetime
) -> tuple[Document, datetime, str]:
    """Return the plan that is kept, or a new one where it does not hold any more."""
    digest = await offload(digest_of, found, rules)
    kept = found.kept
    if kept is not None and kept["digest"] == digest and now < kept["holds_until"]:
        return _kept(found)
    cost = PLAN_S + EACH_S * len(found.calls)
    made: Made = await ask(request, lambda: make(found, found.calls, [], rules, now), cost)
    async with services(request).db.write(actor_of(request)) as conn:
        await conn.execute(
            rows.KEEP, found.row["id"], digest, now, made.holds_until, made.rules, made.document
        )
    return made.document, now, made.rules


async def _names(conn: asyncpg.Connection, document: Document) -> dict[str, Name]:
    calls = [one["call"] for part in (document["lying"], document["unplanned"]) for one in part]
    found = await conn.fetch(rows.NAMES, [UUID(one) for one in calls])
    return {str(row["id"]): {"key": row["key"], "vessel": row["vessel"]} for row in found}


@routes.post("/api/berths/{terminal}/plan", question=True, most_bytes=MB)
async def what_if(terminal: UUID, body: WhatIfBody, request: Request) -> Response:
    """Return the plan with calls added, changed or left out and stretches closed; nothing is kept.

    Beside it stand cost and bound of the plan as it is, and by how many minutes each call begins
    later than there.
    """
    actor, now = actor_of(request), datetime.now(UTC)
    require(actor)
    served = services(request)
    rules = served.rules.current
    async with served.db.session(actor) as conn:
        found = await read_terminal(conn, terminal)
    if not found.known_whole(actor):
        raise _outside()
    _check(found, body, rules, now)
    calls = changed(found, body)
    before, _, _ = await _current(request, found, rules, now)
    cost = PLAN_S + EACH_S * len(calls)
    made: Made = await ask(request, lambda: make(found, calls, body.closed, rules, now), cost)
    names: Mapping[str, Name] = {one.id: {"key": one.key, "vessel": one.vessel} for one in calls}
    served.audit.record(actor, "items", f"berths/{terminal}/plan", rows=len(calls))
    told = await offload(told_plan, found, made.document, names, now, made.rules)
    more: Told = {
        "baseline": {name: before[name] for name in ("cost", "bound", "gap", "ended")},
        "later_min": _later(before, made.document),
    }
    return fresh({**told, **more}, headers=NO_STORE, media_type=GEOJSON)


def changed(found: Terminal, body: WhatIfBody) -> list[Call]:
    """Return the calls of a terminal as they would be."""
    given = {one.key: Call.given(one) for one in body.calls}
    gone = {*given, *body.without}
    return [*(one for one in found.calls if one.key not in gone), *given.values()]


def _check(found: Terminal, body: WhatIfBody, rules: Rules, now: datetime) -> None:
    """Refuse calls, keys and closures that the terminal does not have or could not take."""
    ahead = timedelta(hours=get_rule(rules, HORIZON).value.ahead_h)
    for number, call in enumerate(body.calls):
        check_call(found, call, f"/calls/{number}")
        if call.state == "expected" and call.eta > now + ahead:
            raise LimitViolated(
                f"Vessel {call.vessel} comes after what is planned, which ends"
                f" {(now + ahead).isoformat(timespec='minutes')}",
                f"船舶 {call.vessel} 的到港时间晚于计划期"
                f"（至 {(now + ahead).isoformat(timespec='minutes')}）",
                mend_en="Give an earlier time, or send her as a call: she is planned in time.",
                mend_zh="请给出更早的时间，或登记该船：届时自动列入。",
                pointer=f"/calls/{number}/eta", cause="later", ship=call.key,
            )  # fmt: skip
    known = {one.key for one in found.calls}
    for number, key in enumerate(body.without):
        if key not in known:
            raise _unknown(f"no call {key!r} is known", f"没有船期 {key!r}", f"/without/{number}")
    for number, one in enumerate(body.closed):
        berth = found.berth(one.berth)
        if berth is None:
            raise _unknown(
                f"no berth {one.berth!r}", f"没有泊位 {one.berth!r}", f"/closed/{number}/berth"
            )
        ends = berth.length_m if one.to_m is None else one.to_m
        if not (one.from_m or 0.0) < ends <= berth.length_m:
            raise _unknown(
                f"it lies beyond berth {one.berth}", f"超出泊位 {one.berth}", f"/closed/{number}"
            )


def _unknown(en: str, zh: str, pointer: str) -> BadParameter:
    return BadParameter(f"{pointer}: {en}", f"{pointer}：{zh}", pointer=pointer)


def _later(before: Document, after: Document) -> Told:
    """Return by call how many minutes later it begins, for the calls of both plans."""
    starts = {one["call"]: datetime.fromisoformat(one["start"]) for one in before["lying"]}
    return {
        one["call"]: round(
            (datetime.fromisoformat(one["start"]) - starts[one["call"]]).total_seconds() / 60
        )
        for one in after["lying"] if one["call"] in starts
    }  # fmt: skip


@routes.post("/api/berths/{terminal}/calls", most_bytes=MB, status=201)
async def take_calls(terminal: UUID, body: CallsBody, request: Request) -> Response:
    """Take calls of vessels at a terminal, known by source and key: sent again nothing changes."""
    actor, served = actor_of(request), services(request)
    require(actor, *WRITERS)

    async def work(conn: asyncpg.Connection) -> Response:
        await check_source(conn, body.source)
        found = await read_terminal(conn, terminal)
        if not found.may_write(actor):
            raise _outside()
        for number, call in enumerate(body.calls):
            check_call(found, call, f"/calls/{number}")
        own = [
            {**one.model_dump(mode="json"), "id": str(record_id(body.source, "call", one.key))}
            for one in body.calls
        ]
        head = body.source, found.row["id"], found.row["admin_code"], actor.unit_id
        try:
            put = await conn.fetch(
                rows.PUT, *head, body.visibility, body.origin, actor.account_id, own
            )
        except asyncpg.InsufficientPrivilegeError as error:
            raise foreign_key() from error
        added = sum(row["fresh"] for row in put)
        told: Told = {
            "source": body.source, "added": added, "corrected": len(put) - added,
            "unchanged": len(own) - len(put), "ids": [one["id"] for one in own],
        }  # fmt: skip
        audited = f"berths/{terminal}/calls"
        await served.audit.write(conn, actor, "record", audited, rows=len(put), detail=told)
        return fresh(told, 201)

    return await write_once(request, actor, work)


def _outside() -> OutOfScope:
    return OutOfScope("This terminal lies outside your area", "该码头不在您的辖区内")

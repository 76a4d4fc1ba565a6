"""/api/locks: the queues of all locks, one lock with who is declared, declarations, check-in."""

from __future__ import annotations

from uuid import UUID

import asyncpg
from fastapi import Request
from starlette.responses import Response

from api.http.auth import actor_of, require
from api.http.responses import fresh
from api.http.routes import Routes
from api.ports.locks import lock_rows as rows
from api.ports.locks.bodies import CheckInBody, DeclarationBody
from api.ports.locks.figures import summary
from api.ports.locks.lock_store import placer_of, read_locks, task_of, utc_now
from api.ports.locks.published import may_ask, may_publish, undone_by
from api.services import services
from api.write_once import write_once
from routing.locks.checks import check_task
from routing.locks.model import Task
from routing.locks.rule_models import CHECK_IN
from spatial.actor import WRITERS
from spatial.errors import Conflict, LimitViolated, NotFound, OutOfScope
from spatial.geo.crs import check_lonlat
from spatial.rules import get_rule

routes = Routes("ports")


@routes.get("/api/locks")
async def list_locks(request: Request) -> Response:
    """Return the locks with chambers: who waits, what the plan that holds says, how full it is."""
    now = utc_now()
    async with services(request).db.session(actor_of(request)) as conn:
        found = await read_locks(conn, None, now)
    return fresh({"now": int(now.timestamp()), "locks": [summary(one, now) for one in found]})


@routes.get("/api/locks/{lock}")
async def show_lock(lock: UUID, request: Request) -> Response:
    """Return one lock: chambers, who is declared, the plan that holds, what the caller may do."""
    actor, now = actor_of(request), utc_now()
    require(actor)
    async with services(request).db.session(actor) as conn:
        (found,) = await read_locks(conn, lock, now)
        earlier = await undone_by(conn, found, services(request).rules.current, now)
    services(request).audit.record(actor, "items", f"locks/{lock}", rows=len(found.queue))
    queue = [{**dict(row), "ready": int(row["ready_at"].timestamp())} for row in found.queue]
    told = summary(found, now) | {
        "now": int(now.timestamp()), "queue": queue, "plan": found.plan, "undo": earlier,
        "may": {"ask": may_ask(actor, found), "publish": may_publish(actor, found)},
    }  # fmt: skip
    return fresh(told)


@routes.post("/api/locks/{lock}/declarations", status=201)
async def declare(lock: UUID, body: DeclarationBody, request: Request) -> Response:
    """Take a vessel's declaration for a lock; it is refused where no chamber fits it."""
    actor, served = actor_of(request), services(request)
    require(actor)
    rules, now = served.rules.current, utc_now()

    async def work(conn: asyncpg.Connection) -> Response:
        (found,) = await read_locks(conn, lock, now)
        if body.ready_at < now:
            raise LimitViolated(
                "The time at which the vessel is ready has passed", "申报的到闸时间已过",
                mend_en="Give a time to come, or check in at the lock.",
                mend_zh="请填写将来的时间，或到闸后签到。", parameter="ready_at",
            )  # fmt: skip
        code = found.row["admin_code"]
        values = body.model_dump()
        row = await conn.fetchrow(
            rows.DECLARE, lock, *(values[key] for key in COLUMNS), actor.account_id, code,
            actor.unit_id, body.visibility, body.origin,
        )  # fmt: skip
        (after,) = await read_locks(conn, lock, now)
        task = task_of(after, rules, now)
        own = [ship for ship in task.ships if ship.id == str(row["id"])]
        check_task(Task(task.chambers, own, task.gaps, task.order, task.now), placer_of(rules))
        await served.audit.write(conn, actor, "record", f"locks/{lock}/declarations", rows=1)
        return fresh({"id": row["id"], "lock": lock}, 201)

    return await write_once(request, actor, work)


COLUMNS = (
    "vessel", "voyage", "way", "ready_at", "length_m", "beam_m", "draught_m", "cargo", "rank",
)  # fmt: skip


@routes.post("/api/locks/declarations/{declaration}/check-in")
async def check_in(declaration: UUID, body: CheckInBody, request: Request) -> Response:
    """Check a vessel in that is near the lock; from then on it is there.

    Whoever declared it may, and who publishes plans.
    """
    actor, served = actor_of(request), services(request)
    require(actor)
    check_lonlat(*body.place)
    radius = get_rule(served.rules.current, CHECK_IN).value.radius_m

    async def work(conn: asyncpg.Connection) -> Response:
        desk = actor.role in WRITERS
        row = await conn.fetchrow(
            rows.CHECK_IN, declaration, *body.place, radius, actor.account_id, desk
        )
        if row is None:
            there = await conn.fetchrow(rows.AWAY, declaration, *body.place)
            if there is not None and not desk and there["account_id"] != actor.account_id:
                raise OutOfScope("Another account declared this vessel", "该申报由其他账号提交")
            raise _not_here(there, radius)
        await served.audit.write(conn, actor, "record", f"locks/declarations/{declaration}", rows=1)
        return fresh(dict(row))

    return await write_once(request, actor, work)


def _not_here(row: asyncpg.Record | None, radius: float) -> Exception:
    if row is None:
        return NotFound("No such declaration", "没有该申报")
    if row["state"] != "declared":
        return Conflict(f"The declaration is {row['state']}", f"该申报状态为 {row['state']}")
    away = round(row["away_m"])
    return LimitViolated(
        f"The vessel is {away} m from the lock, more than {radius:.0f} m",
        f"船舶距船闸 {away} 米，超过 {radius:.0f} 米",
        mend_en="Check in when the vessel is there.", mend_zh="请到达后再签到。",
    )  # fmt: skip

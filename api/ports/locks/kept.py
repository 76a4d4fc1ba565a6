"""/api/locks: the queues of all locks, one lock with who is declared, declarations, plans."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson
from fastapi import Request
from starlette.responses import Response

from api.http.auth import actor_of, require
from api.http.bodies import MB
from api.http.concurrency import ask
from api.http.responses import fresh
from api.http.routes import Routes
from api.ports.locks import lock_rows as rows
from api.ports.locks.asked import EACH_S, PLAN_S, in_hand
from api.ports.locks.bodies import CheckInBody, DeclarationBody, PublishBody
from api.ports.locks.lock_store import LockState, lockages_of, read_locks, task_of, utc_now
from api.ports.locks.told import ToldPlan, told_plan
from api.services import services
from api.write_once import write_once
from routing.locks.checks import check_task
from routing.locks.model import Chamber, Plan, Task
from routing.locks.moves import overtaken_too_often
from routing.locks.placement import Placer
from routing.locks.planning import plan
from routing.locks.rule_models import CHECK_IN, GAPS, SEARCH
from spatial.actor import WRITERS
from spatial.errors import Conflict, LimitViolated, NotFound, OutOfScope
from spatial.geo.crs import check_lonlat
from spatial.json_types import Document
from spatial.rules import NotedRules, Rules, get_rule

routes = Routes("ports")


@routes.get("/api/locks")
async def list_locks(request: Request) -> Response:
    """Return the locks with chambers: who waits, what the plan that holds says, how full it is."""
    async with services(request).db.session(actor_of(request)) as conn:
        found = await read_locks(conn, None, utc_now())
    return fresh({"locks": [_summary(lock) for lock in found]})


@routes.get("/api/locks/{lock}")
async def show_lock(lock: UUID, request: Request) -> Response:
    """Return one lock: chambers, who is declared, the plan that holds."""
    require(actor_of(request))
    async with services(request).db.session(actor_of(request)) as conn:
        (found,) = await read_locks(conn, lock, utc_now())
    services(request).audit.record(
        actor_of(request), "items", f"locks/{lock}", rows=len(found.queue)
    )
    queue = [{**dict(row), "ready": int(row["ready_at"].timestamp())} for row in found.queue]
    return fresh({**_summary(found), "queue": queue, "plan": found.plan})


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
        check_task(Task(task.chambers, own, task.gaps, task.order, task.now), _placer(rules))
        await served.audit.write(conn, actor, "record", f"locks/{lock}/declarations", rows=1)
        return fresh({"id": row["id"], "lock": lock}, 201)

    return await write_once(request, actor, work)


COLUMNS = (
    "vessel", "voyage", "way", "ready_at", "length_m", "beam_m", "draught_m", "cargo", "rank",
)  # fmt: skip


@routes.post("/api/locks/declarations/{declaration}/check-in")
async def check_in(declaration: UUID, body: CheckInBody, request: Request) -> Response:
    """Check a vessel in that is near the lock; from then on it is there."""
    actor, served = actor_of(request), services(request)
    require(actor)
    check_lonlat(*body.place)
    radius = get_rule(served.rules.current, CHECK_IN).value.radius_m

    async def work(conn: asyncpg.Connection) -> Response:
        row = await conn.fetchrow(rows.CHECK_IN, declaration, *body.place, radius)
        if row is None:
            raise _not_here(await conn.fetchrow(rows.AWAY, declaration, *body.place), radius)
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


@routes.post("/api/locks/{lock}/plans", most_bytes=MB, status=201)
async def publish(lock: UUID, body: PublishBody, request: Request) -> Response:
    """Publish the next version of a lock's plan: a new one, one by hand, or an earlier one again.

    A new plan keeps all published begins or makes them earlier.
    """
    actor, served = actor_of(request), services(request)
    require(actor, *WRITERS)
    rules, now = NotedRules(served.rules.current), utc_now()

    async def work(conn: asyncpg.Connection) -> Response:
        await conn.execute(rows.LOCK_ROW, str(lock))
        if body.absent:
            await conn.fetch(rows.ABSENT, lock, body.absent)
        (found,) = await read_locks(conn, lock, now)
        code = found.row["admin_code"]
        if code is None or not actor.covers(code):
            raise OutOfScope("This lock lies outside your area", "该船闸不在您的辖区内")
        document = await _document(conn, request, found, body, rules, now)
        row = await conn.fetchrow(
            rows.PUBLISH, lock, actor.account_id, body.restores, rules.read,
            orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY).decode(),
        )  # fmt: skip
        await served.audit.write(
            conn, actor, "publish", f"locks/{lock}/plans", rows=1, detail={"version": row[0]}
        )
        told = {"version": row["version"], "made_at": row["made_at"], "restores": body.restores}
        return fresh({**told, "plan": document}, 201)

    return await write_once(request, actor, work)


async def _document(
    conn: asyncpg.Connection, request: Request, found: LockState, body: PublishBody,
    rules: NotedRules, now: datetime,
) -> ToldPlan:  # fmt: skip
    if body.restores is not None:
        text = await conn.fetchval(rows.VERSION, found.row["id"], body.restores)
        if text is None:
            raise NotFound(f"No version {body.restores}", f"没有版本 {body.restores}")
        earlier: ToldPlan = orjson.loads(text)
        return earlier
    task, extent = task_of(found, rules, now), get_rule(rules, SEARCH).value
    begun = [x for x in lockages_of(found.plan) if x["start"] <= task.now]

    def planned() -> ToldPlan:
        placer = _placer(rules)
        check_task(task, placer)
        if body.lockages is None:
            made = plan(task, extent)
        else:
            made = in_hand(task, placer, body.lockages)
            _check_by_hand(task, placer, made)
        told = told_plan(task, made)
        return {**told, "lockages": [*begun, *told["lockages"]]}

    return await ask(request, planned, PLAN_S + EACH_S * len(task.ships))


def _check_by_hand(task: Task, placer: Placer, made: Plan) -> None:
    """Refuse an order by hand that serves not all, does not fit, or overtakes too often.

    Raises
    ------
    LimitViolated
    """
    faults = [x for x in made.lockages if len(x.berths) < len(x.ships)]
    missing = {ship.id for ship in task.ships} ^ set(made.waits)
    often = [] if missing else overtaken_too_often(task, placer, made)
    if faults or missing or often:
        raise LimitViolated(
            "The order by hand cannot be published", "人工次序不能发布",
            mend_en="Ask /api/locks/move for what each move does.",
            mend_zh="可用 /api/locks/move 查看每次调整的影响。",
            ships=sorted({*missing, *often, *(key for x in faults for key in x.ships)}),
        )  # fmt: skip


def _placer(rules: Rules) -> Placer:
    return Placer(get_rule(rules, GAPS).value, get_rule(rules, SEARCH).value.places_most)


def _summary(lock: LockState) -> Document:
    row, plan_ = lock.row, lock.plan
    now = utc_now().timestamp()
    lockages = [x for x in lockages_of(plan_) if x["end"] > now]
    waits = [plan_["waits"].get(key, 0) if plan_ else 0 for x in lockages for key in x["ships"]]
    ways = Counter(x["way"] for x in lockages for _ in x["ships"])
    return {
        "id": row["id"], "name": {"zh": row["name_zh"], "en": row["name_en"]},
        "place": [row["lon"], row["lat"]], "origin": row["origin"], "declared": row["declared"],
        "chambers": [
            {"id": c.id, "length_m": c.length_m, "beam_m": c.beam_m, "lasts_s": c.lasts_up_s,
             "sill_depth_m": c.sill_depth_m, "open_now": _open(c, now)} for c in lock.chambers
        ],
        "chambers_unknown": list(lock.unknown),
        "plan_version": row["version"], "plan_made_at": row["made_at"],
        "waiting": {"up": ways["up"], "down": ways["down"]},
        "mean_wait_s": round(sum(waits) / len(waits)) if waits else None,
        "longest_wait_s": max(waits, default=None),
        "next_start": min((x["start"] for x in lockages if x["start"] > now), default=None),
    }  # fmt: skip


def _open(chamber: Chamber, now: float) -> bool:
    windows = chamber.windows
    return not windows or any(w.since <= now < w.until for w in windows)

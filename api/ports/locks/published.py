"""Plans of a lock as versions: made anew, changed by hand, undone; and what each move would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from fastapi import Request
from starlette.responses import Response

from api.http.auth import actor_of, require
from api.http.bodies import MB
from api.http.concurrency import ask
from api.http.responses import fresh
from api.http.routes import Routes
from api.ports.locks import lock_rows as rows
from api.ports.locks.asked import EACH_S, PLAN_S, choices_of
from api.ports.locks.bodies import MovesBody, PublishBody
from api.ports.locks.hand import check_version, hand_of
from api.ports.locks.lock_store import (
    LockState,
    lockages_of,
    placer_of,
    read_locks,
    task_of,
    utc_now,
)  # fmt: skip
from api.ports.locks.told import ToldLockage, ToldPlan, told_plan
from api.services import services
from api.write_once import write_once
from routing.locks.checks import check_task
from routing.locks.model import Plan, Task
from routing.locks.moves import bounded, by_hand, overtaken_too_often
from routing.locks.placement import Placer
from routing.locks.planning import plan
from routing.locks.rule_models import HAND, SEARCH, LockSearch
from spatial.actor import WRITERS, Actor
from spatial.errors import Conflict, LimitViolated, NotFound, OutOfScope
from spatial.json_types import Document
from spatial.rules import NotedRules, Rules, get_rule

routes = Routes("ports")


@routes.post("/api/locks/{lock}/moves")
async def ask_moves(lock: UUID, body: MovesBody, request: Request) -> Response:
    """Return for a vessel and each lockage what it would cost every vessel, or what forbids it.

    `to` numbers the lockages of the plan that holds; null is a lockage of its own.
    """
    actor, now = actor_of(request), utc_now()
    require(actor)
    rules = NotedRules(services(request).rules.current)
    async with services(request).db.session(actor) as conn:
        (found,) = await read_locks(conn, lock, now)
    if not may_ask(actor, found):
        raise _outside()
    hand = hand_of(found, body.version, rules, now)
    cost = PLAN_S + EACH_S * len(hand.task.ships)
    options = await ask(request, lambda: hand.options(body.ship), cost)
    services(request).audit.record(actor, "items", f"locks/{lock}", rows=len(hand.task.ships))
    told: Document = {"version": body.version, "ship": body.ship, "options": options}
    return fresh({**told, "rule_version": rules.read})


@routes.post("/api/locks/{lock}/plans", most_bytes=MB, status=201)
async def publish(lock: UUID, body: PublishBody, request: Request) -> Response:
    """Publish the next version of a lock's plan: a new one, one by hand, or an earlier one again.

    A new plan keeps all published begins or makes them earlier; a move tells which it breaks.
    """
    actor, served = actor_of(request), services(request)
    require(actor, *WRITERS)
    rules, now = NotedRules(served.rules.current), utc_now()

    async def work(conn: asyncpg.Connection) -> Response:
        await conn.execute(rows.LOCK_ROW, str(lock))
        if body.absent:
            await conn.fetch(rows.ABSENT, lock, body.absent)
        (found,) = await read_locks(conn, lock, now)
        if not may_publish(actor, found):
            raise _outside()
        if body.version is not None:
            check_version(found, body.version)
        document = await _document(conn, request, found, body, rules, now)
        row = await conn.fetchrow(
            rows.PUBLISH, lock, actor.account_id, body.restores, rules.read, document
        )
        await served.audit.write(
            conn, actor, "publish", f"locks/{lock}/plans", rows=1, detail={"version": row[0]}
        )
        told = {"version": row["version"], "made_at": row["made_at"], "restores": body.restores}
        return fresh({**told, "plan": document}, 201)

    return await write_once(request, actor, work)


async def publish_new(
    conn: asyncpg.Connection, found: LockState, rules: NotedRules, actor: Actor, now: datetime
) -> None:
    """Publish a new plan of all that is declared for a lock; it takes its time of this thread."""
    task, extent = task_of(found, rules, now), get_rule(rules, SEARCH).value
    document = told_plan(task, plan(task, extent))
    await conn.execute(
        rows.PUBLISH, found.row["id"], actor.account_id, None, rules.read, document
    )  # fmt: skip


def may_ask(actor: Actor, found: LockState) -> bool:
    """Tell whether an account sees all that is declared for a lock."""
    code = found.row["admin_code"]
    return code is not None and actor.covers(code)


def may_publish(actor: Actor, found: LockState) -> bool:
    """Tell whether an account may publish plans of a lock."""
    return actor.role in WRITERS and may_ask(actor, found)


def _outside() -> OutOfScope:
    return OutOfScope("This lock lies outside your area", "该船闸不在您的辖区内")


async def _document(
    conn: asyncpg.Connection, request: Request, found: LockState, body: PublishBody,
    rules: NotedRules, now: datetime,
) -> ToldPlan:  # fmt: skip
    if body.restores is not None:
        return await _restored(conn, found, body.restores, _firm(rules, now))
    task, extent = task_of(found, rules, now), get_rule(rules, SEARCH).value
    held = found.plan
    begun = [x for x in lockages_of(held) if x["start"] <= task.now]
    waited = {key: held["waits"].get(key, 0) for x in begun for key in x["ships"]} if held else {}

    held_s = int(held["bounds"]["wait_held"]) if held else 0

    def planned() -> ToldPlan:
        if body.move is not None and body.version is not None:
            hand = hand_of(found, body.version, rules, now)
            changed = hand.moved(body.move.ship, body.move.to)
            told = told_plan(hand.task, bounded(hand.task, changed, hand.placer, extent))
        else:
            told = told_plan(task, _planned(task, placer_of(rules), extent, body, held_s))
        lockages, waits = [*begun, *told["lockages"]], {**waited, **told["waits"]}
        return {**told, "lockages": lockages, "waits": waits}

    return await ask(request, planned, PLAN_S + EACH_S * len(task.ships))


def _planned(
    task: Task, placer: Placer, extent: LockSearch, body: PublishBody, held_s: int
) -> Plan:
    check_task(task, placer)
    if body.lockages is None:
        return plan(task, extent)
    made = by_hand(task, placer, choices_of(task, body.lockages))
    _check_by_hand(task, placer, made, held_s)
    return bounded(task, made, placer, extent)


def _firm(rules: Rules, now: datetime) -> int:
    """Return until when lockages that began are not taken back any more, epoch seconds."""
    return int(now.timestamp()) - get_rule(rules, HAND).value.undo_s


async def _restored(
    conn: asyncpg.Connection, found: LockState, version: int, firm: int
) -> ToldPlan:
    """Return the document of an earlier version; who was absent and is carried by it comes again.

    Raises
    ------
    NotFound
    Conflict
        Lockages have begun since that it does not know.
    """
    lock = found.row["id"]
    earlier: ToldPlan | None = await conn.fetchval(rows.VERSION, lock, version)
    if earlier is None:
        raise NotFound(f"No version {version}", f"没有版本 {version}")
    if not _same_begun(lockages_of(found.plan), lockages_of(earlier), firm):
        raise Conflict(
            f"Lockages have begun since version {version}", f"第 {version} 版之后已有闸次开始",
            mend_en="Move the vessels one by one, or plan anew.",
            mend_zh="请逐船调整，或重新排闸。",
        )  # fmt: skip
    ids = [UUID(key) for x in lockages_of(earlier) for key in x["ships"]]
    await conn.execute(rows.COMES_AGAIN, lock, ids)
    return earlier


def _same_begun(held: Sequence[ToldLockage], other: Sequence[ToldLockage], at: int) -> bool:
    """Tell whether two plans say the same of the vessels whose lockages have begun."""
    one, two = (
        {(x["chamber"], x["start"], key) for x in plan_ if x["start"] <= at for key in x["ships"]}
        for plan_ in (held, other)
    )
    return one == two


async def undone_by(
    conn: asyncpg.Connection, found: LockState, rules: Rules, now: datetime
) -> int | None:
    """Return the version that would undo the last change, None where there is none or it is late.

    What was undone already is not undone again: each step goes one change back.
    """
    version = found.row["version"]
    if version is None:
        return None
    lock = found.row["id"]
    restores = {row["version"]: row["restores"] for row in await conn.fetch(rows.VERSIONS, lock)}
    earlier = version_before(restores, version)
    if earlier is None:
        return None
    told: ToldPlan | None = await conn.fetchval(rows.VERSION, lock, earlier)
    same = _same_begun(lockages_of(found.plan), lockages_of(told), _firm(rules, now))
    return earlier if same else None


def version_before(restores: Mapping[int, int | None], version: int) -> int | None:
    """Return the version before the last change; `restores` is what each one published again."""
    at = version
    while (again := restores.get(at)) is not None:
        at = again
    return at - 1 if at - 1 in restores else None


def _check_by_hand(task: Task, placer: Placer, made: Plan, held_s: int) -> None:
    """Refuse an order by hand that serves not all, does not fit, or overtakes too often.

    Nor may a vessel wait longer than the rule says, or the plan that holds where that waits longer.

    Raises
    ------
    LimitViolated
    """
    faults = [x for x in made.lockages if len(x.berths) < len(x.ships)]
    missing = {ship.id for ship in task.ships} ^ set(made.waits)
    often = [] if missing else overtaken_too_often(task, placer, made)
    most = max(task.order.wait_most_s, held_s)
    late = [key for key, wait in made.waits.items() if wait > most]
    if faults or missing or often or late:
        raise LimitViolated(
            "The order by hand cannot be published", "人工次序不能发布",
            mend_en="Ask /api/locks/move for what each move does.",
            mend_zh="可用 /api/locks/move 查看每次调整的影响。",
            ships=sorted({*missing, *often, *late, *(key for x in faults for key in x.ships)}),
        )  # fmt: skip

"""/api/locks/plan and /move: a lock as it is given, planned or changed; nothing is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from fastapi import Request
from starlette.responses import Response

from api.http.bodies import MB
from api.http.concurrency import ask
from api.http.responses import fresh
from api.http.routes import Routes
from api.ports.locks.bodies import LockageBody, MoveBody, TaskBody
from api.ports.locks.reasons import told_move
from api.ports.locks.told import told_plan
from api.services import services
from routing.locks.checks import check_task
from routing.locks.first_come import first_come
from routing.locks.model import Lockage, Plan, Task
from routing.locks.moves import by_hand, loaded, move
from routing.locks.placement import Placer
from routing.locks.planning import plan
from routing.locks.rule_models import GAPS, ORDER, SEARCH, LockSearch
from routing.locks.timing import Choice, cost_of
from spatial.errors import BadParameter
from spatial.json_types import Document
from spatial.rules import NotedRules, get_rule

routes = Routes("ports")
PLAN_S, EACH_S = 0.2, 0.004
"""What a plan is likely to take of one core, and more for each vessel."""


@routes.post("/api/locks/plan", question=True, most_bytes=MB)
async def plan_lock(body: TaskBody, request: Request) -> Response:
    """Return the plan of least waiting for the chambers and vessels given, beside first come.

    Times are whole numbers of one unit on the caller's clock; a bound of waiting is the rule's, in
    seconds, so that minutes are bound as loosely.
    """
    rules = NotedRules(services(request).rules.current)
    task, extent = task_of(body, rules)

    def planned() -> Document:
        made = plan(task, extent)
        placer = Placer(task.gaps, extent.places_most)
        waits = cost_of(task, first_come(task, placer))[1]
        return {**cast(Document, told_plan(task, made)), "first_come_wait": sum(waits.values())}

    told = await ask(request, planned, PLAN_S + EACH_S * len(body.ships))
    return fresh({**told, "rule_version": rules.read})


@routes.post("/api/locks/move", question=True, most_bytes=MB)
async def move_ship(body: MoveBody, request: Request) -> Response:
    """Return what it costs each vessel when one is moved to another lockage, or why it may not."""
    rules = NotedRules(services(request).rules.current)
    task, extent = task_of(body, rules)

    def moved() -> Document:
        placer = Placer(task.gaps, extent.places_most)
        check_task(task, placer)
        made = by_hand(task, placer, choices_of(task, body.lockages))
        to = None if body.to is None else _carrying(made, body.lockages[body.to].ships[0])
        return told_move(task, move(task, placer, made, body.ship, to))

    told = await ask(request, moved, PLAN_S)
    return fresh({**told, "rule_version": rules.read})


def task_of(body: TaskBody, rules: NotedRules) -> tuple[Task, LockSearch]:
    """Return what is asked under the rules in force."""
    order = get_rule(rules, ORDER).value
    if body.overtaken_most is not None:
        order = order.model_copy(update={"overtaken_most": body.overtaken_most})
    chambers = [chamber.chamber() for chamber in body.chambers]
    ships = [ship.ship() for ship in body.ships]
    task = Task(chambers, ships, get_rule(rules, GAPS).value, order, body.now)
    return task, get_rule(rules, SEARCH).value


def choices_of(task: Task, lockages: Sequence[LockageBody]) -> list[Choice]:
    """Return lockages as the engine takes them.

    Raises
    ------
    BadParameter
        A chamber or ship is none of the task, or a ship goes the other way than its lockage.
    """
    index = {chamber.id: k for k, chamber in enumerate(task.chambers)}
    ways = {ship.id: ship.way for ship in task.ships}
    for k, x in enumerate(lockages):
        if x.chamber not in index:
            raise _no_order(k, f"no chamber {x.chamber}", f"没有闸室 {x.chamber}")
        for key in x.ships:
            if key not in ways:
                raise _no_order(k, f"no ship {key} is to be locked", f"没有待过闸的船舶 {key}")
            if ways[key] != x.way:
                raise _no_order(k, f"ship {key} goes the other way", f"船舶 {key} 航向相反")
    return [Choice(index[x.chamber], x.way, tuple(x.ships), x.start) for x in lockages]


def _no_order(lockage: int, en: str, zh: str) -> BadParameter:
    return BadParameter(
        f"Lockage {lockage}: {en}", f"闸次 {lockage}：{zh}",
        mend_en="Name chambers and ships of this lock, each ship in a lockage of its way.",
        mend_zh="请使用该船闸的闸室与船舶，且船舶航向与闸次一致。",
        pointer=f"/lockages/{lockage}",
    )  # fmt: skip


def _carrying(made: Plan, ship: str) -> Lockage:
    return next(lockage for lockage in loaded(made) if ship in lockage.ships)

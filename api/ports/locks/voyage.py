"""POST /api/locks/voyage: when a vessel is at and through each lock of its way, queues counted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from api.http.auth import actor_of, require
from api.http.concurrency import ask
from api.http.responses import fresh
from api.http.routes import Routes
from api.http.values import Moment, Strict
from api.ports.locks.bodies import Name, Way
from api.ports.locks.lock_store import read_locks, task_of, utc_now
from api.services import services
from routing.locks.chain import LockAhead, Passage, passages
from routing.locks.checks import check_known
from routing.locks.model import Ship
from routing.locks.placement import Placer
from routing.locks.rule_models import FORECAST, GAPS, SEARCH
from spatial.errors import LimitViolated
from spatial.json_types import Document
from spatial.rules import NotedRules, get_rule

routes = Routes("ports")
MOST_LOCKS = 20
VOYAGE_S = 0.1
Cuts = tuple[float, float, float]


class LockOnWay(Strict):
    """A lock of a voyage: which way it is passed, how long it is sailed to from before."""

    lock: UUID
    way: Way
    sail_s: Annotated[float, Field(ge=0, le=30 * 86_400)]


class VoyageBody(Strict):
    """A vessel, when it sails, and the locks of its way in their order."""

    depart_at: Moment
    length_m: Annotated[float, Field(gt=0, le=1000)]
    beam_m: Annotated[float, Field(gt=0, le=200)]
    draught_m: Annotated[float, Field(gt=0, le=50)] | None = None
    cargo: Name = "ordinary"
    locks: list[LockOnWay] = Field(min_length=1, max_length=MOST_LOCKS)


@routes.post("/api/locks/voyage")
async def voyage(body: VoyageBody, request: Request) -> Response:
    """Return low, middle and high of arrival, end and waiting at each lock, queues counted.

    Queues are those declared that the caller sees; nothing is kept.
    """
    require(actor_of(request))
    rules, now = NotedRules(services(request).rules.current), utc_now()
    async with services(request).db.session(actor_of(request)) as conn:
        tasks = [
            task_of((await read_locks(conn, one.lock, now))[0], rules, now) for one in body.locks
        ]
    ahead = [
        LockAhead(str(one.lock), one.way, one.sail_s, task.chambers, task.ships)
        for one, task in zip(body.locks, tasks, strict=True)
    ]
    forecast = get_rule(rules, FORECAST).value
    placer = Placer(get_rule(rules, GAPS).value, get_rule(rules, SEARCH).value.places_most)
    vessel = Ship(
        "own", body.locks[0].way, 0, body.length_m, body.beam_m, body.draught_m, cargo=body.cargo
    )
    check_known(tasks[0], vessel)
    begins = max(body.depart_at, now).timestamp()
    told = await ask(request, lambda: passages(vessel, begins, ahead, placer, forecast), VOYAGE_S)
    for one in told:
        if one.through_s[1] == float("inf"):
            raise LimitViolated(
                f"The vessel fits no chamber of lock {one.lock}",
                f"船舶不能进入船闸 {one.lock} 的任何闸室",
                mend_en="Choose another way or a smaller vessel.",
                mend_zh="请改走其他航线或换用较小船舶。", lock=one.lock,
            )  # fmt: skip
    return fresh({
        "locks": [_told(one) for one in told], "level": forecast.level,
        "courses": forecast.courses, "rule_version": rules.read,
    })  # fmt: skip


def _told(one: Passage) -> Document:
    return {
        "lock": one.lock, "arrive": _times(one.arrive_s), "through": _times(one.through_s),
        "wait_s": [round(value) for value in one.wait_s],
    }  # fmt: skip


def _times(cuts: Cuts) -> list[str]:
    return [datetime.fromtimestamp(round(value), UTC).isoformat() for value in cuts]

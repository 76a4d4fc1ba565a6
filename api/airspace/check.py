"""POST /airspace/check: may one fly here, this high, at this time? And answers shown again."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import orjson
from fastapi import Request
from starlette.responses import Response

from api.airspace import answer_store
from api.airspace.air_keeper import AirKeeper, HeldAir
from api.airspace.answer_store import Given
from api.http.app_state import own
from api.http.auth import actor_of
from api.http.bodies import MB
from api.http.concurrency import ask
from api.http.media_types import JSON
from api.http.responses import NO_STORE
from api.http.routes import Routes
from api.services import services
from api.write_once import HEADER, write_once
from layers.processes.airspace.answer import answer_many, answer_one, begin_answer
from layers.processes.airspace.question import Asked, CheckInputs, read_question
from spatial.actor import WRITERS, Actor
from spatial.airspace_rules import ACCURACY, BOUNDS
from spatial.errors import NotFound
from spatial.ids import uuid7
from spatial.json_types import Document
from spatial.rules import get_rule

ONE_S, EACH_S = 0.004, 4e-6
"""What one flight, and each of many points, is likely to take."""
SEARCHED_S = 0.2
"""What a line or an area may take whose alternatives are looked for."""
routes = Routes("airspace")


@routes.post("/api/airspace/check", hot=True, question=True, most_bytes=8 * MB)
async def check(body: CheckInputs, request: Request) -> Response:
    """Judge a flight, or many points as columns; the answer has a number and is kept."""
    actor = actor_of(request)
    if HEADER not in request.headers:
        given = await _kept(body, request, actor)
        response = _response(given)
    else:
        given = await _answered(body, request, actor, await _newest(body, request))

        async def work(conn: asyncpg.Connection) -> Response:
            await answer_store.keep(conn, given)
            return _response(given)

        response = await write_once(request, actor, work)
    services(request).audit.record(actor, "airspace-check", str(given.id), rows=1)
    return response


def _response(given: Given) -> Response:
    return Response(given.answer, headers=NO_STORE, media_type=JSON)


async def _kept(body: CheckInputs, request: Request, actor: Actor) -> Given:
    """Return an answer that is kept.

    It is judged in the air as it was last read, and kept if that is still the newest: the database
    is asked once. Else it is judged again.
    """
    served = services(request)
    known = own(request.app, AirKeeper).find(served, body.at)
    if known is not None:
        given = await _answered(body, request, actor, known)
        async with served.db.system() as conn:
            if await answer_store.keep_if_newest(conn, given):
                return given
    given = await _answered(body, request, actor, await _newest(body, request))
    async with served.db.system() as conn:
        await answer_store.keep(conn, given)
    return given


async def _newest(body: CheckInputs, request: Request) -> HeldAir:
    return await own(request.app, AirKeeper).at(services(request), body.at)


async def _answered(body: CheckInputs, request: Request, actor: Actor, air: HeldAir) -> Given:
    now, number = datetime.now(UTC), uuid7()
    bounds, accuracy = get_rule(air.rules, BOUNDS).value, get_rule(air.rules, ACCURACY).value
    asked = read_question(body, bounds, now, accuracy.qnh_m)
    head: Document = {"id": str(number), "asked_at": now}
    if asked.is_point:
        told = await _told_of_place(body, asked, air, now, request)
        text = orjson.dumps(head | told)
    else:

        def answered() -> bytes:
            many = body.points is not None
            told = answer_many(body, asked, air) if many else answer_one(body, asked, air, now)
            return orjson.dumps(head | told, option=orjson.OPT_SERIALIZE_NUMPY)

        text = await ask(request, answered, _cost_s(body, asked))
    question = await request.body()
    return Given(number, now, actor.account_id, air.known.version, air.rules.digest, question, text)


async def _told_of_place(
    body: CheckInputs, asked: Asked, air: HeldAir, now: datetime, request: Request
) -> Document:
    """Answer about one place: what takes a millisecond at once, a search in a thread."""
    document, look = begin_answer(body, asked, air, now)
    return document if look is None else document | await ask(request, look, ONE_S)


def _cost_s(body: CheckInputs, asked: Asked) -> float:
    if body.points is not None:
        return max(EACH_S * len(asked.lon), ONE_S)
    return SEARCHED_S if body.alternatives and not asked.is_point else ONE_S


@routes.get("/api/airspace/answers/{number}")
async def get_answer(number: UUID, request: Request) -> Response:
    """Return an answer as it was given, with its question and the versions that it stood on.

    An account's are its own and the officers'; one that nobody signed for is that of whoever has
    its number.
    """
    actor = actor_of(request)
    async with services(request).db.system() as conn:
        given = await answer_store.find(conn, number)
    mine = given is not None and given.account_id in (None, actor.account_id)
    if given is None or not (mine or actor.role in WRITERS):
        raise NotFound(f"There is no answer {number}", f"没有答复 {number}")
    services(request).audit.record(actor, "item", f"airspace-answer/{number}", rows=1)
    return Response(answer_store.as_document(given), headers=NO_STORE, media_type=JSON)

"""POST /api/shipments/messages: messages of partners as they are; a wrong one stops no other."""

from __future__ import annotations

import asyncpg
from fastapi import Request
from starlette.responses import Response

from api.http.auth import actor_of, require
from api.http.bodies import MB
from api.http.responses import fresh
from api.http.routes import Routes
from api.law.records import SourceId, check_source
from api.ports.shipments.kept import add_events
from api.services import services
from api.write_once import write_once
from layers.offload import offload
from spatial.actor import WRITERS
from spatial.errors import BadParameter
from spatial.logistics.reading import read_messages
from spatial.logistics.rule_models import MESSAGE_CODES
from spatial.rules import get_rule

routes = Routes("ports")
MOST_TOLD = 200


@routes.post("/api/shipments/messages", most_bytes=8 * MB, status=201)
async def take_messages(source: SourceId, request: Request, synthetic: bool = False) -> Response:
    """Take an EDIFACT interchange, or JSON of DCSA or ONE Record, as the body is."""
    actor, served = actor_of(request), services(request)
    require(actor, *WRITERS)
    try:
        text = (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise BadParameter(
            "The body is no text in UTF-8", "请求正文不是 UTF-8 文本",
            mend_en="Send the message as UTF-8.", mend_zh="请以 UTF-8 发送报文。",
        ) from error  # fmt: skip
    codes = get_rule(served.rules.current, MESSAGE_CODES).value
    reading = await offload(read_messages, text, source, codes)

    async def work(conn: asyncpg.Connection) -> Response:
        await check_source(conn, source)
        origin = "synthetic" if synthetic else "real"
        added = await add_events(conn, request, source, reading.events, None, origin)
        told = {
            "messages": reading.messages, "added": added,
            "unchanged": len(reading.events) - added, "refused": len(reading.faults),
        }  # fmt: skip
        await served.audit.write(
            conn, actor, "record", f"shipments/messages/{source}", rows=added, detail=told
        )
        faults = [
            {"message": one.number, "where": one.where, "zh": one.zh, "en": one.en}
            for one in reading.faults[:MOST_TOLD]
        ]  # fmt: skip
        return fresh({**told, "faults": faults}, 201)

    return await write_once(request, actor, work)

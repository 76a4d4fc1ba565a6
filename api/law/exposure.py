"""POST /exposure: what was looked at, in batches; the ground of every rate.

A record is known by source and key: sent again it changes nothing, sent otherwise it corrects.
"""

from __future__ import annotations

from typing import Literal

import asyncpg
from fastapi import Request
from pydantic import Field, model_validator
from starlette.responses import Response

from api.http.auth import actor_of, require
from api.http.bodies import MB
from api.http.responses import fresh
from api.http.routes import Routes
from api.http.values import Place, Strict
from api.law.exposure_rows import TAKE, WITHDRAW
from api.law.records import (
    MOST_RECORDS,
    Delivery,
    Key,
    Recorded,
    WithdrawalBody,
    check_source,
    each_once,
    take,
)
from api.services import services
from api.write_once import write_once
from routing.graph.weights import Floats
from spatial.actor import WRITERS
from spatial.geo.zorder import keys_of

routes = Routes("law")

Kind = Literal["passage", "inspection", "shift"]


class Record(Strict):
    """How many passed or were inspected at a place and time; a shift counts as one by default."""

    key: Key
    kind: Kind
    place: Place
    at: Recorded
    n: int = Field(default=1, ge=1, le=1_000_000, strict=True)


class ExposureBody(Delivery):
    """Records of one source, each key once."""

    records: list[Record] = Field(min_length=1, max_length=MOST_RECORDS)

    @model_validator(mode="after")
    def _each_once(self) -> ExposureBody:
        each_once(self.records)
        return self


@routes.post("/api/exposure", most_bytes=8 * MB, status=201)
async def take_exposure(body: ExposureBody, request: Request) -> Response:
    """Take records of exposure; what is already there as sent stays untouched."""

    def columns(codes: list[str], places: Floats) -> tuple[object, ...]:
        given = zip(*((r.key, r.kind, r.at, r.n) for r in body.records), strict=True)
        names, kinds, times, counts = map(list, given)
        keys = keys_of(places[:, 0], places[:, 1]).tolist()
        return names, kinds, codes, times, counts, keys

    return await take(request, body, "exposure", body.records, "records", TAKE, columns)


@routes.post("/api/exposure/withdrawals", most_bytes=8 * MB)
async def withdraw_exposure(body: WithdrawalBody, request: Request) -> Response:
    """Withdraw records; a key that is not there, or not in one's area, is told as unknown."""
    actor, served = actor_of(request), services(request)
    require(actor, *WRITERS)

    async def work(conn: asyncpg.Connection) -> Response:
        await check_source(conn, body.source)
        gone = {row["key"] for row in await conn.fetch(WITHDRAW, body.source, body.keys)}
        await served.audit.write(conn, actor, "withdraw", f"exposure/{body.source}", rows=len(gone))
        unknown = [key for key in body.keys if key not in gone]
        return fresh({"source": body.source, "withdrawn": len(gone), "unknown": unknown[:20]})

    return await write_once(request, actor, work)

"""GET, POST and DELETE /waterway/declared: values that an account declares for itself alone."""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

import asyncpg
from fastapi import Request
from pydantic import Field, model_validator
from starlette.responses import Response

from api.http.auth import actor_of
from api.http.bodies import SMALL
from api.http.responses import fresh
from api.http.routes import Routes
from api.http.values import Moment, Strict, Whole
from api.network.limit_rows import limit_of
from api.ports.waterway.journey import read_declared
from api.ports.waterway.vessel_rows import ADD, COUNT, DELETE, EDGE, FACILITY
from api.services import services
from api.write_once import write_once
from routing.waterway.describe import about_limit
from routing.waterway.limits import LimitRow
from routing.waterway.rule_models import LimitKind
from spatial.actor import Actor
from spatial.errors import BadParameter, NotFound, Unauthenticated
from spatial.json_types import Document

MOST_DECLARED = 200
routes = Routes("waterways")

Value = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False, strict=True)]
Level = Annotated[float, Field(ge=-500, le=9000, allow_inf_nan=False, strict=True)]
Text = Annotated[str, Field(max_length=200)]


class DeclaredBody(Strict):
    """A limit of an edge, or of a structure and perhaps one of its openings, as one declares it."""

    kind: LimitKind
    value: Value
    edge_id: UUID | None = None
    facility_id: UUID | None = None
    opening: Whole | None = Field(default=None, ge=1, le=100)
    datum: Text | None = None
    reference_level_m: Level | None = None
    gauge_id: UUID | None = None
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.edge_id is None) == (self.facility_id is None):
            raise ValueError("either edge_id or facility_id")
        if self.opening is not None and self.facility_id is None:
            raise ValueError("an opening is that of a facility_id")
        return self


@routes.get("/api/waterway/declared")
async def list_declared(request: Request) -> Response:
    """List what the account has declared; nobody else sees it."""
    actor = _account(request)
    rows = await read_declared(request, actor)
    services(request).audit.record(actor, "declared", "waterway", rows=len(rows))
    return fresh({"declared": [_told(row) for row in rows]})


@routes.post("/api/waterway/declared", most_bytes=SMALL, status=201)
async def declare(body: DeclaredBody, request: Request) -> Response:
    """Declare a value: it counts for the account's own questions where nobody published one."""
    actor = _account(request)
    where = body.edge_id or body.facility_id

    async def work(conn: asyncpg.Connection) -> Response:
        if await conn.fetchval(EDGE if body.edge_id else FACILITY, where) is None:
            raise NotFound(f"No edge or structure {where}", f"没有航段或建筑物 {where}")
        if await conn.fetchval(COUNT) >= MOST_DECLARED:
            raise BadParameter(
                f"An account declares up to {MOST_DECLARED} values",
                f"每个账号最多填报 {MOST_DECLARED} 个值",
                mend_en="Delete some that no longer hold.", mend_zh="请先删除不再需要的值。",
            )  # fmt: skip
        row = await conn.fetchrow(
            ADD, actor.account_id, body.edge_id, body.facility_id, body.opening, body.kind,
            body.value, body.datum, body.reference_level_m, body.gauge_id, body.valid_from,
            body.valid_to, body.note,
        )  # fmt: skip
        await services(request).audit.write(conn, actor, "declare", f"waterway/{where}", rows=1)
        return fresh(_told(limit_of(row, declared=True)), status=201)

    return await write_once(request, actor, work)


@routes.delete("/api/waterway/declared/{declared_id}")
async def withdraw(declared_id: UUID, request: Request) -> Response:
    """Withdraw a value that the account declared."""
    actor = _account(request)

    async def work(conn: asyncpg.Connection) -> Response:
        if await conn.fetchval(DELETE, declared_id) is None:
            raise NotFound(f"No declared value {declared_id}", f"没有填报值 {declared_id}")
        target = f"waterway/{declared_id}"
        await services(request).audit.write(conn, actor, "withdraw", target, rows=1)
        return fresh({"withdrawn": str(declared_id)})

    return await write_once(request, actor, work)


def _account(request: Request) -> Actor:
    """Return who asks; what is declared needs an account to belong to."""
    actor = actor_of(request)
    if actor.anonymous:
        raise Unauthenticated("Sign in to declare values", "请登录后填报")
    return actor


def _told(row: LimitRow) -> Document:
    return {
        "id": row.id,
        "edge_id": None if row.edge is None else str(row.edge),
        "facility_id": None if row.facility is None else str(row.facility),
        "opening": row.opening,
        "gauge_id": None if row.gauge is None else str(row.gauge),
        **about_limit(row),
    }

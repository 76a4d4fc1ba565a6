"""POST /exposure: what was looked at, in batches; the ground of every rate.

A record is known by source and key: sent again it changes nothing, sent otherwise it corrects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import asyncpg
import numpy as np
from fastapi import Request
from pydantic import Field, model_validator
from starlette.responses import Response

from api.http.auth import actor_of, require
from api.http.bodies import MB
from api.http.responses import fresh
from api.http.routes import Routes
from api.http.values import Moment, Place, Strict
from api.law.exposure_rows import COUNTY_OF, SOURCE_IS_KNOWN, TAKE, WITHDRAW
from api.services import services
from api.write_once import write_once
from spatial.actor import WRITERS, Actor
from spatial.errors import BadCoordinate, NotFound, OutOfScope
from spatial.geo.crs import check_lonlat
from spatial.geo.zorder import keys_of

MOST_RECORDS = 20_000
routes = Routes("law")

Key = Annotated[str, Field(min_length=1, max_length=120)]
Kind = Literal["passage", "inspection", "shift"]


class Record(Strict):
    """How many passed or were inspected at a place and time; a shift counts as one by default."""

    key: Key
    kind: Kind
    place: Place
    at: Moment
    n: int = Field(default=1, ge=1, le=1_000_000)


class ExposureBody(Strict):
    """Records of one source, each key once."""

    source: Annotated[str, Field(min_length=1, max_length=80)]
    visibility: Literal["unit", "province"] = "unit"
    origin: Literal["real", "synthetic"] = "real"
    records: list[Record] = Field(min_length=1, max_length=MOST_RECORDS)

    @model_validator(mode="after")
    def _each_once(self) -> ExposureBody:
        if len({record.key for record in self.records}) < len(self.records):
            raise ValueError("a key stands twice among the records")
        return self


class WithdrawalBody(Strict):
    """Records that were wrong: what they counted is taken back."""

    source: Annotated[str, Field(min_length=1, max_length=80)]
    keys: list[Key] = Field(min_length=1, max_length=MOST_RECORDS)


@routes.post("/api/exposure", most_bytes=8 * MB, status=201)
async def take_exposure(body: ExposureBody, request: Request) -> Response:
    """Take records of exposure; what is already there as sent stays untouched."""
    actor, served = actor_of(request), services(request)
    require(actor, *WRITERS)
    places = np.array([record.place for record in body.records], np.float64)
    for record in body.records:
        _check_place(record)
    keys = keys_of(places[:, 0], places[:, 1])

    async def work(conn: asyncpg.Connection) -> Response:
        await _check_source(conn, body.source)
        codes = await _counties(conn, actor, places)
        try:
            rows = await conn.fetch(TAKE, *_values(body, actor, codes, keys.tolist()))
        except asyncpg.InsufficientPrivilegeError as error:
            raise OutOfScope(
                "A key of this source stands for a record outside your area",
                "该来源有编号对应辖区外的记录",
            ) from error
        added = sum(row["fresh"] for row in rows)
        told = {
            "source": body.source, "added": added, "corrected": len(rows) - added,
            "unchanged": len(body.records) - len(rows),
        }  # fmt: skip
        await served.audit.write(
            conn, actor, "record", f"exposure/{body.source}", rows=len(rows), detail=told
        )
        return fresh(told, 201)

    return await write_once(request, actor, work)


@routes.post("/api/exposure/withdrawals", most_bytes=8 * MB)
async def withdraw_exposure(body: WithdrawalBody, request: Request) -> Response:
    """Withdraw records; a key that is not there, or not in one's area, is told as unknown."""
    actor, served = actor_of(request), services(request)
    require(actor, *WRITERS)

    async def work(conn: asyncpg.Connection) -> Response:
        await _check_source(conn, body.source)
        gone = {row["key"] for row in await conn.fetch(WITHDRAW, body.source, body.keys)}
        await served.audit.write(conn, actor, "withdraw", f"exposure/{body.source}", rows=len(gone))
        unknown = [key for key in body.keys if key not in gone]
        return fresh({"source": body.source, "withdrawn": len(gone), "unknown": unknown[:20]})

    return await write_once(request, actor, work)


def _check_place(record: Record) -> None:
    try:
        check_lonlat(*record.place)
    except BadCoordinate as error:
        error.extra["key"] = record.key
        raise


def _values(
    body: ExposureBody, actor: Actor, codes: Sequence[str], keys: Sequence[int]
) -> tuple[object, ...]:
    columns = zip(*((r.key, r.kind, r.at, r.n) for r in body.records), strict=True)
    names, kinds, times, counts = map(list, columns)
    head = body.source, actor.unit_id, body.visibility, body.origin
    return *head, names, kinds, list(codes), times, counts, list(keys)


async def _check_source(conn: asyncpg.Connection, source: str) -> None:
    if not await conn.fetchval(SOURCE_IS_KNOWN, source):
        raise NotFound(
            f"No source {source!r}", f"没有数据来源 {source!r}",
            mend_en="Name a registered source.", mend_zh="请使用已登记的来源。",
        )  # fmt: skip


async def _counties(conn: asyncpg.Connection, actor: Actor, places: np.ndarray) -> list[str]:
    """Return the county of each place; refuse places outside the sender's area."""
    rows = await conn.fetch(COUNTY_OF, places[:, 0].tolist(), places[:, 1].tolist())
    codes = [row[1] for row in rows]
    foreign = [i for i, code in enumerate(codes) if code is None or not actor.covers(code)]
    if foreign:
        raise OutOfScope(
            f"{len(foreign)} records lie outside your area, the first is number {foreign[0]}",
            f"有 {len(foreign)} 条记录超出辖区，首条为第 {foreign[0]} 条",
            records=foreign[:20],
        )
    return codes

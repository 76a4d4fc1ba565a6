"""POST /inspections: shifts that inspected so many vehicles and found so many cases, in batches.

They are those that `./sigang load enforcement` adds from files: known by source and key, sent again
they change nothing, sent otherwise they correct.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import asyncpg
import orjson
from fastapi import Request
from pydantic import Field, model_validator
from starlette.responses import Response

from api.http.auth import actor_of, require
from api.http.bodies import MB
from api.http.responses import fresh
from api.http.routes import Routes
from api.http.values import Moment, Place, Strict
from api.law.inspection_rows import TAKE, WITHDRAW
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
from routing.statistics.rule_models import RECORDS
from spatial.actor import WRITERS
from spatial.errors import BadParameter
from spatial.geo.carriageway_rows import ROUTES_SQL, unknown_route
from spatial.geo.codes import parse_stake
from spatial.geo.zorder import keys_of
from spatial.ids import record_id
from spatial.rules import get_rule

routes = Routes("law")
KIND = "inspection"
HOUR_S = 3600.0
Count = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
Word = Annotated[str, Field(min_length=1, max_length=40)]


def _check_stake(text: str) -> None:
    try:
        parse_stake(text)
    except BadParameter as error:
        raise ValueError(error.en) from error


class Inspection(Strict):
    """A shift at a place: how many it inspected, how many of these were hits."""

    key: Key
    place: Place
    since: Recorded
    until: Moment
    inspected: Count
    hits: Count = 0
    route_id: Word | None = None
    stake: Word | None = None
    side: Literal["up", "down"] | None = None

    @model_validator(mode="after")
    def _possible(self) -> Inspection:
        if self.until < self.since:
            raise ValueError("until is before since")
        if self.hits > self.inspected:
            raise ValueError("more hits than inspected")
        if self.stake is not None:
            _check_stake(self.stake)
        return self

    @property
    def props(self) -> str:
        """What the row holds beside its columns, as JSON."""
        told = self.model_dump(exclude={"key", "place", "since", "until"}, exclude_none=True)
        return orjson.dumps({"source_key": self.key, **told}).decode()


class InspectionsBody(Delivery):
    """Inspections of one source, each key once."""

    inspections: list[Inspection] = Field(min_length=1, max_length=MOST_RECORDS)

    @model_validator(mode="after")
    def _each_once(self) -> InspectionsBody:
        each_once(self.inspections)
        return self


@routes.post("/api/inspections", most_bytes=8 * MB, status=201)
async def take_inspections(body: InspectionsBody, request: Request) -> Response:
    """Take inspections; what is already there as sent stays untouched."""

    def columns(codes: list[str], places: Floats) -> tuple[object, ...]:
        given = zip(
            *(
                (record_id(body.source, KIND, i.key), i.since, i.until, i.props)
                for i in body.inspections
            ),
            strict=True,
        )
        ids, since, until, props = map(list, given)
        keys = keys_of(places[:, 0], places[:, 1]).tolist()
        return ids, codes, since, until, props, keys, *places.T.tolist()

    async def known(conn: asyncpg.Connection) -> None:
        await _check_routes(conn, body.inspections)

    _check_lengths(request, body.inspections)
    given = body.inspections
    return await take(request, body, KIND + "s", given, KIND + "s", TAKE, columns, known)


def _check_lengths(request: Request, given: Sequence[Inspection]) -> None:
    """Refuse shifts that are longer than the rule lets one be."""
    most = get_rule(services(request).rules.current, RECORDS).value.shift_h
    for number, one in enumerate(given):
        hours = (one.until - one.since).total_seconds() / HOUR_S
        if hours > most:
            raise BadParameter(
                f"Shift {one.key[:40]!r} lasts {hours:g} hours, more than {most:g}",
                f"班次 {one.key[:40]!r} 长 {hours:g} 小时，超过 {most:g} 小时",
                pointer=f"/inspections/{number}/until",
                mend_en="Correct since or until, or send it as several shifts.",
                mend_zh="请更正 since 或 until，或分为多个班次。",
            )


async def _check_routes(conn: asyncpg.Connection, given: Sequence[Inspection]) -> None:
    """Refuse routes that there are not, where there are any."""
    if all(one.route_id is None for one in given):
        return
    known = {row["route_id"] for row in await conn.fetch(ROUTES_SQL)}
    for number, one in enumerate(given):
        if why := unknown_route(one.route_id, known):
            raise BadParameter(
                f"Inspection {one.key[:40]!r}: {why[0]}", f"检查 {one.key[:40]!r}：{why[1]}",
                pointer=f"/inspections/{number}/route_id",
                mend_en="Name a route that there is, or leave it out.",
                mend_zh="请使用已有的路线，或留空。",
            )  # fmt: skip


@routes.post("/api/inspections/withdrawals", most_bytes=8 * MB)
async def withdraw_inspections(body: WithdrawalBody, request: Request) -> Response:
    """Withdraw inspections, which stay on record; unknown are those that are not in one's area."""
    actor, served = actor_of(request), services(request)
    require(actor, *WRITERS)
    key_of = {record_id(body.source, KIND, key): key for key in body.keys}

    async def work(conn: asyncpg.Connection) -> Response:
        await check_source(conn, body.source)
        known = {row["id"]: row["gone"] for row in await conn.fetch(WITHDRAW, list(key_of))}
        gone = sum(known.values())
        await served.audit.write(conn, actor, "withdraw", f"inspections/{body.source}", rows=gone)
        unknown = [key for own, key in key_of.items() if own not in known]
        return fresh({"source": body.source, "withdrawn": gone, "unknown": unknown[:20]})

    return await write_once(request, actor, work)

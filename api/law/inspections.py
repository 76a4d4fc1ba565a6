"""POST /inspections: shifts that inspected so many vehicles and found so many cases, in batches.

They are those that `./sigang load enforcement` adds from files: known by source and key, sent again
they change nothing, sent otherwise they correct.
"""

from __future__ import annotations

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
from spatial.actor import WRITERS
from spatial.errors import BadParameter
from spatial.geo.codes import parse_stake
from spatial.geo.zorder import keys_of
from spatial.ids import record_id

routes = Routes("law")
KIND = "inspection"
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

    return await take(request, body, "inspections", body.inspections, "inspections", TAKE, columns)


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

"""POST /heartbeats and /arrivals: assets that were heard of and feeds that came, many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar
from uuid import UUID

import asyncpg
from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from api.events.heartbeat_store import CAME, FEEDS, HEARD, WATCHED
from api.http.auth import actor_of, require
from api.http.bodies import MB
from api.http.responses import fresh
from api.http.routes import Routes
from api.http.values import Moment, Strict
from api.services import services
from api.write_once import write_once
from spatial.actor import Actor
from spatial.errors import BadParameter, OutOfScope
from spatial.json_types import Document

MOST = 20_000
SHOWN_UNKNOWN = 20
AHEAD = timedelta(seconds=60)
"""How far the clock of who sends may be ahead; what is ahead counts as of now."""
SENDERS = ("admin", "dispatcher")

routes = Routes("events")

Id = TypeVar("Id", UUID, str)
Times = Moment | Annotated[list[Moment], Field(max_length=MOST)]


class Heartbeats(Strict):
    """Assets that were heard of, as columns: one time for all, or one for each; now if left out."""

    assets: list[UUID] = Field(min_length=1, max_length=MOST)
    at: Times | None = None


class Arrivals(Strict):
    """Feeds that came, by code, as columns like heartbeats."""

    feeds: list[Annotated[str, Field(min_length=1, max_length=80)]] = Field(
        min_length=1, max_length=MOST
    )
    at: Times | None = None


@routes.post("/api/heartbeats", most_bytes=4 * MB)
async def note_heartbeats(body: Heartbeats, request: Request) -> Response:
    """Note when assets were heard of; one no newer than the last of its asset adds nothing."""
    actor = actor_of(request)
    require(actor, *SENDERS)
    times = _times(len(body.assets), body.at)

    async def work(conn: asyncpg.Connection) -> Response:
        rows = await conn.fetch(WATCHED, body.assets)
        known = {row["id"]: row["admin_code"] for row in rows if row["watched"]}
        given = _known(actor, body.assets, times, known, "assets")
        changed = {row["asset_id"] for row in await conn.fetch(HEARD, *given)}
        return await _noted(request, conn, "heartbeats", body.assets, len(given[0]), known, changed)

    return await write_once(request, actor, work)


@routes.post("/api/arrivals", most_bytes=4 * MB)
async def note_arrivals(body: Arrivals, request: Request) -> Response:
    """Note when feeds came; an arrival no newer than the last of its feed adds nothing."""
    actor = actor_of(request)
    require(actor, *SENDERS)
    times = _times(len(body.feeds), body.at)

    async def work(conn: asyncpg.Connection) -> Response:
        known = {row["id"]: row["admin_code"] for row in await conn.fetch(FEEDS, body.feeds)}
        given = _known(actor, body.feeds, times, known, "feeds")
        changed = {row["id"] for row in await conn.fetch(CAME, *given)}
        return await _noted(request, conn, "arrivals", body.feeds, len(given[0]), known, changed)

    return await write_once(request, actor, work)


def _times(count: int, at: datetime | list[datetime] | None) -> list[datetime]:
    """Return the time of each; what is a little ahead is now."""
    now = datetime.now(UTC)
    times = at if isinstance(at, list) else [at or now] * count
    if len(times) != count:
        raise BadParameter(
            f"{count} are named and {len(times)} times", f"给出 {count} 项与 {len(times)} 个时间",
            mend_en="Give one time for all, or one for each.",
            mend_zh="请给出一个共用时间，或逐项给出。", parameter="at",
        )  # fmt: skip
    if late := next((one for one in times if one > now + AHEAD), None):
        raise BadParameter(
            f"{late.isoformat()} lies in the future", f"{late.isoformat()} 在将来",
            mend_en="Send when it was heard of, with an offset of time.",
            mend_zh="请给出实际时间及其时区。", parameter="at",
        )  # fmt: skip
    return [min(one, now) for one in times]


def _known(
    actor: Actor, named: Sequence[Id], times: Sequence[datetime], codes: Mapping[Id, str | None],
    parameter: str,
) -> tuple[list[Id], list[datetime]]:  # fmt: skip
    """Return those that there are with their times; refuse those of others, and none at all."""
    foreign = {
        code or "?"
        for code in codes.values()
        if not actor.provincial and not (code and actor.covers(code))
    }
    if foreign:
        told = sorted(foreign)
        raise OutOfScope(
            f"Some lie outside your area: {', '.join(told[:10])}",
            f"部分超出辖区：{'、'.join(told[:10])}", admin_codes=told,
        )  # fmt: skip
    found = [(one, at) for one, at in zip(named, times, strict=True) if one in codes]
    if not found:
        raise BadParameter(
            f"None of the {parameter} is known, or watched", "均不存在，或不在监测之列",
            mend_en=f"The layer {parameter} lists those that there are.",
            mend_zh=f"图层 {parameter} 列出全部。", parameter=parameter,
        )  # fmt: skip
    return [one for one, _ in found], [at for _, at in found]


async def _noted(
    request: Request, conn: asyncpg.Connection, what: str, named: Sequence[Id], count: int,
    known: Mapping[Id, object], changed: set[Id],
) -> Response:  # fmt: skip
    unknown = [str(one) for one in dict.fromkeys(named) if one not in known]
    detail = {"unknown": len(unknown)}
    await services(request).audit.write(
        conn, actor_of(request), "feed", what, rows=count, detail=detail
    )
    told: Document = {
        "noted": count, "newer": len(changed), "unknown_count": len(unknown),
        "unknown": unknown[:SHOWN_UNKNOWN],
    }  # fmt: skip
    return fresh(told)

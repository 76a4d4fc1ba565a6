"""POST /edge-states: speeds of thousands of edges at once, from detectors and travel times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import Response

from api.events.feed_store import FOREIGN_CODES, INSERT_FEED, OPEN_FEEDS, SOURCE_IS_KNOWN, WITHDRAW
from api.events.version_store import Raised, raise_version, tell_network
from api.http.auth import actor_of, require
from api.http.bodies import MB
from api.http.responses import fresh
from api.http.routes import Routes
from api.http.values import Moment
from api.network.kinds import no_routing
from api.services import services
from api.write_once import write_once
from layers.offload import offload_write
from routing.live.speed_feeds import BACKWARD_ONLY, BOTH, FORWARD_ONLY, find_known
from spatial.actor import Actor
from spatial.errors import BadParameter, Conflict, NotFound, OutOfScope

MOST_EDGES = 80_000
MOST_OPEN = 1_000
LONGEST = timedelta(hours=24)
SHOWN_UNKNOWN = 20
FEEDERS = ("admin", "dispatcher")
WAYS = {"forward": FORWARD_ONLY, "backward": BACKWARD_ONLY, "both": BOTH}


routes = Routes("events")

Way = Literal["both", "forward", "backward"]
Kmh = Annotated[float, Field(ge=0.1, le=250, allow_inf_nan=False)]


class FeedBody(BaseModel):
    """Speeds by edge, as columns: one value per edge, one direction for all or one per edge.

    `replace` withdraws what accounts of the sender's area sent of the source before; the new speeds
    count over the rest, with `merge` over all of it.
    """

    model_config = ConfigDict(extra="forbid")
    source: Annotated[str, Field(min_length=1, max_length=80)] = "detectors"
    edges: list[UUID] = Field(max_length=MOST_EDGES)
    values_kmh: list[Kmh] = Field(max_length=MOST_EDGES)
    directions: Way | Annotated[list[Way], Field(max_length=MOST_EDGES)] = "both"
    valid_from: Moment | None = None
    valid_to: Moment
    mode: Literal["replace", "merge"] = "replace"

    @model_validator(mode="after")
    def _even(self) -> FeedBody:
        if len(self.edges) != len(self.values_kmh):
            raise ValueError("edges and values_kmh differ in length")
        if isinstance(self.directions, list) and len(self.directions) != len(self.edges):
            raise ValueError("edges and directions differ in length")
        if not self.edges and self.mode == "merge":
            raise ValueError("nothing to merge")
        return self

    @property
    def ways(self) -> list[int]:
        """The direction of each edge as it is stored."""
        if isinstance(self.directions, list):
            return [WAYS[way] for way in self.directions]
        return [WAYS[self.directions]] * len(self.edges)


@routes.post("/api/edge-states", hot=True, most_bytes=4 * MB, status=201)
async def feed_speeds(body: FeedBody, request: Request) -> Response:
    """Take measured speeds; every later answer on every worker uses them until they end."""
    actor = actor_of(request)
    require(actor, *FEEDERS)
    begin = body.valid_from or datetime.now(UTC)
    _check_interval(begin, body.valid_to)
    served = services(request)
    if served.roads is None:
        raise no_routing()
    network = await served.roads.ensure_current()
    known = await served.roads.ask(lambda: find_known(network.graph.ids, body.edges))
    if len(body.edges) and not known.any():
        raise BadParameter("None of the edges is known", "所有路段均不存在", parameter="edges")
    unknown = [str(body.edges[i]) for i in (~known).nonzero()[0][:SHOWN_UNKNOWN]]

    async def work(conn: asyncpg.Connection) -> Response:
        columns = await offload_write(_columns, body)
        await _check(conn, actor, body, columns[0])
        version, feed = await _store(conn, actor, body, columns, begin)
        detail = {"source": body.source, "mode": body.mode, "unknown": int((~known).sum())}
        await served.audit.write(
            conn, actor, "feed", f"edge-feed/{feed}", rows=len(body.edges), detail=detail
        )
        told = {
            "id": feed, "source": body.source, "edges": int(known.sum()),
            "unknown_count": int((~known).sum()), "unknown": unknown,
            "network_version": version.number, "valid_from": begin, "valid_to": body.valid_to,
        }  # fmt: skip
        return fresh(told, 201)

    return await write_once(request, actor, work)


def _columns(body: FeedBody) -> list[str]:
    """Return edges, directions and values, each as one text, which the driver sends in no time."""
    return [",".join(map(str, column)) for column in (body.edges, body.ways, body.values_kmh)]


async def _check(conn: asyncpg.Connection, actor: Actor, body: FeedBody, edges: str) -> None:
    """Refuse an unknown source, edges of others, and too many uploads on top of each other."""
    if not await conn.fetchval(SOURCE_IS_KNOWN, body.source):
        raise NotFound(
            f"No source {body.source!r}", f"没有数据来源 {body.source!r}",
            mend_en="Name a registered source, such as detectors.",
            mend_zh="请使用已登记的来源，如 detectors。",
        )  # fmt: skip
    rows = await conn.fetch(FOREIGN_CODES, edges, actor.prefix, actor.provincial)
    if rows:
        codes = sorted(row["admin_code"] or "?" for row in rows)
        raise OutOfScope(
            f"Some edges lie outside your area: {', '.join(codes[:10])}",
            f"部分路段超出辖区：{'、'.join(codes[:10])}",
            admin_codes=codes,
        )
    if body.mode == "merge" and await conn.fetchval(OPEN_FEEDS, body.source) >= MOST_OPEN:
        raise Conflict(
            f"The source has {MOST_OPEN} uploads in force", f"该来源已有 {MOST_OPEN} 批数据生效",
            mend_en="Send the whole picture with mode replace.",
            mend_zh="请用 mode=replace 发送全量。",
        )  # fmt: skip


async def _store(
    conn: asyncpg.Connection, actor: Actor, body: FeedBody, columns: list[str], begin: datetime
) -> tuple[Raised, int]:
    version = await raise_version(conn)
    if body.mode == "replace":
        await conn.execute(WITHDRAW, body.source, version.number, version.at, actor.prefix)
    feed: int = await conn.fetchval(
        INSERT_FEED, body.source, actor.account_id, *columns, begin, body.valid_to, version.number,
        version.at,
    )  # fmt: skip
    await tell_network(conn, version)
    return version, feed


def _check_interval(begin: datetime, end: datetime) -> None:
    now = datetime.now(UTC)
    if end <= begin or end <= now or end - max(begin, now) > LONGEST:
        raise BadParameter(
            f"valid_to must lie in the future, after valid_from, within {LONGEST}",
            "结束时间须晚于现在和开始时间，且不超过 24 小时",
            parameter="valid_to",
        )

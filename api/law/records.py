"""What batches of records share: their source, the counties of their places, faults by pointer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Literal, Protocol

import asyncpg
import numpy as np
from fastapi import Request
from pydantic import AfterValidator, Field
from starlette.responses import Response

from api.http.auth import actor_of, require
from api.http.responses import fresh
from api.http.values import Moment, Place, Strict
from api.law.record_rows import COUNTY_OF, SOURCE_IS_KNOWN
from api.services import services
from api.write_once import write_once
from routing.graph.weights import Floats
from spatial.actor import WRITERS, Actor
from spatial.errors import BadCoordinate, NotFound, OutOfScope
from spatial.geo.crs import check_lonlat
from spatial.schema.heat_tables import when_refused

MOST_RECORDS = 20_000


def _check_recorded(at: datetime) -> datetime:
    if why := when_refused(at):
        raise ValueError(f"it {why[0]}: nothing can have been recorded then")
    return at


Recorded = Annotated[Moment, AfterValidator(_check_recorded)]
"""A time at which something can have been recorded."""
Key = Annotated[str, Field(min_length=1, max_length=120)]
SourceId = Annotated[str, Field(min_length=1, max_length=80)]


class Keyed(Protocol):
    """A record with a key and a place."""

    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def place(self) -> Place: ...  # noqa: D102


class Delivery(Strict):
    """What is said of all records of a batch; they are of one source, each key once."""

    source: SourceId
    visibility: Literal["unit", "province"] = "unit"
    origin: Literal["real", "synthetic"] = "real"

    def head(self, actor: Actor) -> tuple[object, ...]:
        """Return the values that all rows of the batch share.

        Raises
        ------
        OutOfScope
            They are kept for the province, so that their sender could not read them.
        """
        if self.visibility == "province" and not actor.provincial:
            raise OutOfScope(
                "Records are kept for the province by accounts of the province",
                "仅省级账号可登记仅供省级查看的记录",
                pointer="/visibility",
                mend_en="Leave visibility out.", mend_zh="请去掉 visibility。",
            )  # fmt: skip
        return self.source, actor.unit_id, self.visibility, self.origin


class WithdrawalBody(Strict):
    """Records that were wrong: what they counted is taken back."""

    source: SourceId
    keys: list[Key] = Field(min_length=1, max_length=MOST_RECORDS)


def each_once(records: Sequence[Keyed]) -> None:
    """Refuse a batch in which a key stands twice.

    Raises
    ------
    ValueError
    """
    if len({record.key for record in records}) < len(records):
        raise ValueError("a key stands twice among the records")


def places_of(records: Sequence[Keyed], name: str) -> Floats:
    """Return the checked places of the records that stand under a name of the body.

    Raises
    ------
    BadCoordinate
        Names the record by its key and JSON pointer.
    """
    for number, record in enumerate(records):
        try:
            check_lonlat(*record.place)
        except BadCoordinate as error:
            error.extra |= {"key": record.key, "pointer": f"/{name}/{number}/place"}
            raise
    return np.array([record.place for record in records], np.float64)


async def take(
    request: Request, body: Delivery, what: str, records: Sequence[Keyed], name: str,
    statement: str, columns: Callable[[list[str], Floats], tuple[object, ...]],
    check: Callable[[asyncpg.Connection], Awaitable[None]] | None = None,
) -> Response:  # fmt: skip
    """Write a batch in one statement, audit it and answer how many were added and corrected.

    The audit calls them `what`; `records` stand under `name` in the body. The statement takes the
    head of the delivery and `columns`, made of the records' counties and places; it returns `fresh`
    for each row that it changed. `check` refuses what the database tells to be wrong.

    Raises
    ------
    BadCoordinate, NotFound, OutOfScope
        A place is none, the source is not known, or records lie outside the sender's area.
    """
    actor = actor_of(request)
    require(actor, *WRITERS)
    places = places_of(records, name)

    async def work(conn: asyncpg.Connection) -> Response:
        await check_source(conn, body.source)
        codes = await counties_of(conn, actor, places, name)
        if check is not None:
            await check(conn)
        try:
            rows = await conn.fetch(statement, *body.head(actor), *columns(codes, places))
        except asyncpg.InsufficientPrivilegeError as error:
            raise foreign_key() from error
        added = sum(row["fresh"] for row in rows)
        told = {
            "source": body.source, "added": added, "corrected": len(rows) - added,
            "unchanged": len(records) - len(rows),
        }  # fmt: skip
        audited = f"{what}/{body.source}"
        audit = services(request).audit
        await audit.write(conn, actor, "record", audited, rows=len(rows), detail=told)
        return fresh(told, 201)

    return await write_once(request, actor, work)


async def check_source(conn: asyncpg.Connection, source: str) -> None:
    """Refuse a source that is not registered."""
    if not await conn.fetchval(SOURCE_IS_KNOWN, source):
        raise NotFound(
            f"No source {source!r}", f"没有数据来源 {source!r}", pointer="/source",
            mend_en="Register it: ./sigang load source FILE.toml.",
            mend_zh="请先登记：./sigang load source FILE.toml。",
        )  # fmt: skip


async def counties_of(
    conn: asyncpg.Connection, actor: Actor, places: Floats, name: str
) -> list[str]:
    """Return the county of each place; refuse places outside the sender's area."""
    rows = await conn.fetch(COUNTY_OF, places[:, 0].tolist(), places[:, 1].tolist())
    codes = [row[1] for row in rows]
    foreign = [i for i, code in enumerate(codes) if code is None or not actor.covers(code)]
    if foreign:
        raise OutOfScope(
            f"{len(foreign)} records lie outside your area, the first is number {foreign[0]}",
            f"有 {len(foreign)} 条记录超出辖区，首条为第 {foreign[0]} 条",
            records=foreign[:20], pointer=f"/{name}/{foreign[0]}/place",
        )  # fmt: skip
    return codes


def foreign_key() -> OutOfScope:
    """Return the refusal of a key that stands for what the sender may not see."""
    return OutOfScope(
        "A key of this source stands for a record outside your area",
        "该来源有编号对应辖区外的记录",
    )

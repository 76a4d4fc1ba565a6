"""What batches of records share: their source, the counties of their places, faults by pointer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Protocol

import asyncpg
import numpy as np
from pydantic import Field

from api.http.values import Place, Strict
from api.law.record_rows import COUNTY_OF, SOURCE_IS_KNOWN
from spatial.actor import Actor
from spatial.errors import BadCoordinate, NotFound, OutOfScope
from spatial.geo.crs import check_lonlat

MOST_RECORDS = 20_000

Key = Annotated[str, Field(min_length=1, max_length=120)]
SourceId = Annotated[str, Field(min_length=1, max_length=80)]


class Keyed(Protocol):
    """A record with a key and a place."""

    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def place(self) -> Place: ...  # noqa: D102


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


def places_of(records: Sequence[Keyed], name: str) -> np.ndarray:
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


async def check_source(conn: asyncpg.Connection, source: str) -> None:
    """Refuse a source that is not registered."""
    if not await conn.fetchval(SOURCE_IS_KNOWN, source):
        raise NotFound(
            f"No source {source!r}", f"没有数据来源 {source!r}", pointer="/source",
            mend_en="Name a registered source.", mend_zh="请使用已登记的来源。",
        )  # fmt: skip


async def counties_of(
    conn: asyncpg.Connection, actor: Actor, places: np.ndarray, name: str
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

"""UTM entities in the database: locks, what is near, what is written.

A writer takes the locks of its cells first, in a statement of its own: what it then reads is as of
after the lock (READ COMMITTED), so that two that overlap never both miss each other.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal, NamedTuple
from uuid import UUID

import asyncpg

from api.airspace import utm_rows as rows
from api.airspace.extents import Extent, Union, footprint_of, stored_shape
from spatial.geo.s2_cover import Box, boxes_of, slot
from spatial.json_types import Document

Kind = Literal["operational_intent", "constraint"]
SLOTS = 256
"""Locks that cells share, so that a plan over a province holds no more than the server has."""
_CELLS, _ENTITIES = 0x5554_4D01, 0x5554_4D02
_CM = 100.0


class Near(NamedTuple):
    """A volume of another entity that an extent may share space with, and which extent."""

    entity: asyncpg.Record
    part: int
    extent: Extent
    cells: frozenset[int]


class CellTurns:
    """Who of one process writes into which cells: one at a time, before it takes a connection."""

    def __init__(self) -> None:
        self._locks = [asyncio.Lock() for _ in range(SLOTS)]

    @asynccontextmanager
    async def turn(self, cells: Iterable[int]) -> AsyncIterator[None]:
        """Hold the slots of some cells."""
        async with AsyncExitStack() as held:
            for number in _slots(cells):
                await held.enter_async_context(self._locks[number])
            yield


def _slots(cells: Iterable[int]) -> list[int]:
    return sorted({slot(cell, SLOTS) for cell in cells})


async def lock(conn: asyncpg.Connection, entity: UUID, cells: Iterable[int]) -> None:
    """Take the locks of an entity, of its cells as they are stored, and of more cells."""
    found = await conn.fetchrow(rows.FIND, entity)
    known = found["cells"] if found is not None else []
    await conn.execute(rows.LOCK, _CELLS, _slots([*cells, *known]))
    await conn.execute(rows.LOCK, _ENTITIES, [entity.int % 2**31])


async def find(conn: asyncpg.Connection, entity: UUID) -> asyncpg.Record | None:
    """Return an entity."""
    return await conn.fetchrow(rows.FIND, entity)


async def near(
    conn: asyncpg.Connection, kind: Kind, extents: Sequence[Extent], *, by_cells: bool
) -> list[Near]:
    """Return volumes whose boxes, times and heights meet those of extents, bounds included.

    With `by_cells` the boxes are those of whole cells, else those of the footprints.
    """
    asked = [
        (part, box, one)
        for part, one in enumerate(extents)
        for box in (boxes_of(one.cover.cells) if by_cells else one.cover.boxes)
    ]
    found = await conn.fetch(rows.NEAR, kind, *_columns(asked))
    seen: dict[tuple[object, ...], Near] = {}
    for row in found:
        extent = Extent(
            footprint_of(row["shape"], row["radius_m"]), row["floor_m"], row["ceiling_m"],
            row["starts"], row["stops"],
        )  # fmt: skip
        key = (row["id"], row["own_part"], row["shape"], row["starts"], row["floor_m"])
        seen[key] = Near(row, row["own_part"], extent, frozenset(row["volume_cells"]))
    return list(seen.values())


async def add_volumes(conn: asyncpg.Connection, entity: UUID, extents: Sequence[Extent]) -> None:
    """Store the extents of an entity that has none."""
    asked = [(part, box, one) for part, one in enumerate(extents) for box in one.cover.boxes]
    shapes = [stored_shape(one.footprint) for _, _, one in asked]
    await conn.execute(
        rows.ADD_VOLUMES, entity, *_columns(asked), [shape for shape, _ in shapes],
        [radius for _, radius in shapes], [one.lower_m for _, _, one in asked],
        [one.upper_m for _, _, one in asked],
        [",".join(map(str, one.cover.cells)) for _, _, one in asked],
    )  # fmt: skip


async def read_extents(
    conn: asyncpg.Connection, entities: Sequence[UUID]
) -> dict[UUID, list[Extent]]:
    """Return the extents of entities."""
    found: dict[UUID, list[Extent]] = {one: [] for one in entities}
    for row in await conn.fetch(rows.VOLUMES, entities):
        footprint = footprint_of(row["shape"], row["radius_m"])
        found[row["entity_id"]].append(
            Extent(footprint, row["lower_m"], row["upper_m"], row["begins"], row["ends"])
        )
    return found


async def tell(conn: asyncpg.Connection, kind: Kind, where: Union) -> list[Document]:
    """Count a notification of each subscription that a change concerns; return whom to tell."""
    told = await conn.fetch(
        rows.TELL[kind], where.cells, where.begin, where.end, where.lower_m, where.upper_m
    )
    by_url: dict[str, list[Document]] = {}
    for row in told:
        state = {"subscription_id": str(row["id"]), "notification_index": row["notification_index"]}
        by_url.setdefault(row["uss_base_url"], []).append(state)
    return [{"uss_base_url": url, "subscriptions": of} for url, of in by_url.items()]


async def evict(conn: asyncpg.Connection) -> int:
    """Delete entities and subscriptions whose time is over; return how many entities."""
    gone = await conn.fetch(rows.EVICT)
    await conn.execute(rows.EVICT_SUBSCRIPTIONS)
    return len(gone)


def _columns(asked: Sequence[tuple[int, Box, Extent]]) -> list[list[object]]:
    """Return the parts, boxes, times and heights (cm, rounded outwards) as columns."""
    lines: list[tuple[object, ...]] = [
        (
            part,
            *box,
            one.begin,
            one.end,
            math.floor(one.lower_m * _CM),
            math.ceil(one.upper_m * _CM),
        )
        for part, box, one in asked
    ]
    return [list(column) for column in zip(*lines, strict=True)]

"""The rule of our own door: no overlap of equal priority, for nobody; and what is told of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import asyncpg
from starlette.requests import Request

from api.airspace import operation_rows as rows
from api.airspace import utm_store
from api.airspace.alternatives import alternatives, around
from api.airspace.extents import Extent, written, written_time
from api.airspace.utm_core import Done, Surroundings
from api.airspace.utm_store import Near
from api.http.auth import actor_of
from api.services import services
from layers.offload import offload
from spatial.errors import Conflict
from spatial.json_types import Document

MANAGER = "sigang"
"""What we are called as a manager of operational intents."""
OFF_NOMINAL = ("Nonconforming", "Contingent")
MOST_TOLD = 20


class Overlap(Conflict):
    """A plan shares space and time with others that it may not share it with."""

    def __init__(self, others: Sequence[Near], offered: Iterable[Document] = ()) -> None:
        self.others = others
        told = shown_conflicts(others)
        names = ", ".join(str(one["id"]) for one in told)
        super().__init__(
            f"The plan overlaps {len(told)} accepted plans: {names}",
            f"与 {len(told)} 个已接受的飞行计划重叠：{names}",
            mend_en="Take one of the alternatives, or another time, height or place.",
            mend_zh="可采用所列替代方案之一，或另选时间、高度、位置。",
            conflicts=told, alternatives=list(offered),
        )  # fmt: skip


def refuse_overlap(known: Surroundings) -> None:
    """Refuse a plan that overlaps another one of equal or higher priority.

    Raises
    ------
    Overlap
    """
    if others := blocking(known.overlapping, known.wish.priority):
        raise Overlap(others)


def let_through(known: Surroundings) -> None:
    """Let a plan stand in conflict: two persons have decided so, or it flies already."""


def blocking(overlapping: Iterable[Near], priority: int) -> list[Near]:
    """Return what a plan of a priority may not overlap."""
    return [one for one in overlapping if one.entity["priority"] >= priority]


def shown_conflicts(others: Iterable[Near]) -> list[Document]:
    """Return entities that are overlapped, each once with the volumes that are; not who flies."""
    by_id: dict[object, Document] = {}
    volumes: dict[object, list[Document]] = {}
    for one in others:
        row = one.entity
        by_id.setdefault(row["id"], _shown(row))
        volumes.setdefault(row["id"], []).append(written(one.extent))
    return [{**told, "volumes": volumes[key]} for key, told in by_id.items()][:MOST_TOLD]


def _shown(row: asyncpg.Record) -> Document:
    return {
        "id": str(row["id"]),
        "manager": row["manager"],
        "state": row["state"],
        "priority": row["priority"],
        "time_start": written_time(row["begins"])["value"],
        "time_end": written_time(row["ends"])["value"],
    }


async def tell_owners(conn: asyncpg.Connection, done: Done) -> None:
    """Tell open streams which plans of ours somebody now shares airspace with: by id alone."""
    for row in done.conflicts:
        if row["manager"] == MANAGER:
            body = {"id": str(row["id"]), "action": "in conflict", "state": row["state"]}
            await conn.execute(rows.TELL, None, None, "public", body)


async def overlapping(conn: asyncpg.Connection, extents: Sequence[Extent]) -> list[Near]:
    """Return what extents overlap now, without a lock."""
    found = await utm_store.near(conn, "operational_intent", extents, by_cells=False)
    return [one for one in found if one.extent.volume.overlaps(extents[one.part].volume)]


async def with_alternatives(
    request: Request, extents: Sequence[Extent], priority: int, refused: Overlap
) -> Overlap:
    """Return a refusal with shifts that would have stood a moment ago, each tried."""
    wide = around(extents)
    async with services(request).db.session(actor_of(request)) as conn:
        found = await utm_store.near(conn, "operational_intent", wide, by_cells=False)
    others = [one.extent for one in blocking(found, priority)]
    offered = await offload(alternatives, extents, others)
    return Overlap(refused.others, [one.told() for one in offered])

"""Plans of our own door in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson
import shapely

from api.airspace import operation_rows as rows
from api.airspace.extents import Extent, Volume4DBody, parse_extents, written, written_time
from spatial.actor import Actor
from spatial.errors import Conflict, NotFound
from spatial.json_types import Document, JsonObject

MOST_LISTED = 1_000


@dataclass(frozen=True)
class Filing:
    """How a plan is filed."""

    id: UUID
    extents: Sequence[Extent]
    priority: int
    task: str
    title: str
    visibility: str
    decide_by: datetime | None
    reason: str | None
    aircraft: str | None
    verdict: JsonObject | None
    """What the air says of it; None where it was not judged."""


async def add(conn: asyncpg.Connection, actor: Actor, filing: Filing, state: str) -> None:
    """Store a plan of an actor's, in the area where its first footprint lies.

    Raises
    ------
    Conflict
        There is one of its id.
    """
    lon, lat = filing.extents[0].footprint.middle
    code = await conn.fetchval(rows.UNIT_AT, lon, lat) or actor.scope
    begin = min(one.begin for one in filing.extents)
    end = max(one.end for one in filing.extents)
    made = await conn.fetchval(
        rows.ADD, filing.id, code, actor.unit_id, filing.visibility, filing.title, filing.title,
        state, filing.priority, begin, end, footprint_wkb(filing.extents),
        heights_of(filing.extents) | ({"aircraft": filing.aircraft} if filing.aircraft else {}),
    )  # fmt: skip
    if made is None:
        raise Conflict(f"There is a plan {filing.id} already", f"飞行计划 {filing.id} 已存在")
    await conn.execute(
        rows.ADD_FILING, filing.id, actor.account_id, filing.task,
        [written(one) for one in filing.extents], filing.decide_by, filing.reason,
        filing.verdict,
    )  # fmt: skip


async def hold(conn: asyncpg.Connection, plan: UUID) -> asyncpg.Record:
    """Return a plan, held until the end of the transaction.

    Raises
    ------
    NotFound
        There is none that the actor sees.
    """
    return _found(await conn.fetchrow(rows.HOLD, plan), plan)


async def get(conn: asyncpg.Connection, plan: UUID) -> asyncpg.Record:
    """Return a plan.

    Raises
    ------
    NotFound
        There is none that the actor sees.
    """
    return _found(await conn.fetchrow(rows.FIND, plan), plan)


def _found(row: asyncpg.Record | None, plan: UUID) -> asyncpg.Record:
    if row is None:
        raise NotFound(f"There is no plan {plan}", f"没有飞行计划 {plan}")
    return row


async def tell(conn: asyncpg.Connection, plan: asyncpg.Record, action: str) -> None:
    """Tell open streams what became of a plan."""
    body = {"id": str(plan["id"]), "action": action, "state": plan["state"]}
    seen = (plan["admin_code"], plan["unit_id"], plan["visibility"])
    await conn.execute(rows.TELL, *seen, body)


def extents_of(plan: asyncpg.Record) -> list[Extent]:
    """Return the extents that a plan was filed with."""
    return _read(plan["extents"])


def approved_of(plan: asyncpg.Record) -> list[Extent]:
    """Return the extents that were approved: those before it left them, of one that has."""
    return _read(plan["approved"] or plan["extents"])


def _read(volumes: Sequence[Document]) -> list[Extent]:
    return parse_extents([Volume4DBody.model_validate_json(orjson.dumps(one)) for one in volumes])


def heights_of(extents: Sequence[Extent]) -> Document:
    """Return the lowest and the highest limit of extents (m, W84), as a plan's row has them."""
    return {
        "floor_m": min(one.lower_m for one in extents),
        "ceiling_m": max(one.upper_m for one in extents),
    }


def footprint_wkb(extents: Sequence[Extent]) -> bytes:
    """Return all footprints as one geometry in degrees."""
    found: bytes = shapely.to_wkb(shapely.MultiPolygon([one.footprint.polygon for one in extents]))
    return found


def shown(plan: asyncpg.Record) -> Document:
    """Return a plan as it is shown."""
    return {
        "id": plan["id"],
        "state": plan["state"],
        "version": plan["version"],
        "ovn": plan["ovn"],
        "priority": plan["priority"],
        "title": plan["name_zh"],
        "task": plan["task"],
        "time_start": written_time(plan["planned_start"])["value"],
        "time_end": written_time(plan["planned_end"])["value"],
        "volumes": plan["extents"],
        "account_id": plan["account_id"],
        "admin_code": plan["admin_code"],
        "visibility": plan["visibility"],
        "filed_at": plan["filed_at"],
        "decide_by": plan["decide_by"],
        "verdict": plan["verdict"],
        "decision": plan["decision"],
        "legal_text": plan["legal_text"],
        "reason": plan["reason"],
        "override_by": plan["override_by"],
        "decided_by": plan["decided_by"],
        "decided_at": plan["decided_at"],
    }

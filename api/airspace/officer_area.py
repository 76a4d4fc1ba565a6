"""For which air an officer's word counts, and what of a plan an approval covers."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from api.airspace import operation_store as store
from api.airspace.extents import Extent
from api.airspace.restriction_rows import COUNTIES
from spatial.actor import WRITERS, Actor
from spatial.errors import OutOfScope


async def units_at(conn: asyncpg.Connection, area: bytes) -> list[str]:
    """Return the counties that a geometry (WKB, degrees) touches."""
    return [row["admin_code"] for row in await conn.fetch(COUNTIES, area)]


def check_covers(actor: Actor, codes: Sequence[str]) -> None:
    """Refuse what touches counties of others; what lies in no county is the province's.

    Raises
    ------
    OutOfScope
    """
    foreign = [code for code in codes if not actor.covers(code)]
    if foreign or (not codes and not actor.provincial):
        named = ", ".join(foreign) or "no county"
        raise OutOfScope(f"It reaches into {named}", f"超出辖区：{named}")


async def check_own_area(conn: asyncpg.Connection, actor: Actor, extents: Sequence[Extent]) -> None:
    """Refuse an officer's word on a plan that reaches into the area of others.

    Raises
    ------
    OutOfScope
    """
    check_covers(actor, await units_at(conn, store.footprint_wkb(extents)))


async def may_accept(conn: asyncpg.Connection, actor: Actor, extents: Sequence[Extent]) -> bool:
    """Tell whether somebody may accept a plan alone: an officer within the own area."""
    if actor.role not in WRITERS:
        return False
    try:
        await check_own_area(conn, actor, extents)
    except OutOfScope:
        return False
    return True


def check_approved(plan: asyncpg.Record, extents: Sequence[Extent], priority: int) -> None:
    """Refuse what goes beyond what was approved: each volume lies within one that was.

    Raises
    ------
    OutOfScope
        It reaches further, higher or longer, or its priority is higher.
    """
    approved = store.approved_of(plan)
    if priority > plan["priority"] or not all(
        any(_holds(wide, one) for wide in approved) for one in extents
    ):
        raise OutOfScope(
            "It goes beyond what was approved", "超出已批准的范围",
            mend_en="File what is new as a plan of its own; an officer decides on it.",
            mend_zh="请将新增部分另行申请，由空管人员审批。",
        )  # fmt: skip


def _holds(wide: Extent, one: Extent) -> bool:
    return (
        wide.lower_m <= one.lower_m
        and one.upper_m <= wide.upper_m
        and wide.begin <= one.begin
        and one.end <= wide.end
        and bool(wide.footprint.polygon.covers(one.footprint.polygon))
    )

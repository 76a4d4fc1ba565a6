"""The one transaction core under both doors: check and write an entity while its cells are locked.

What a door demands of conflicts differs, so it hands in a rule: our own door refuses an overlap,
the standard's asks whether the caller knows of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import asyncpg

from api.airspace import utm_rows as rows
from api.airspace import utm_store as store
from api.airspace.extents import Extent, Union, stored_union, union_of
from api.airspace.utm_store import Kind, Near
from spatial.errors import BadParameter, NotFound, OutOfScope, StaleVersion
from spatial.json_types import Document

OVN_BYTES = 24


@dataclass(frozen=True)
class ImplicitSubscription:
    """A subscription made with an intent, that ends with it."""

    uss_base_url: str
    for_constraints: bool


@dataclass(frozen=True)
class Wish:
    """What an entity shall be.

    `ovn` is that of the version which it replaces, None for a new one; `new_ovn` one that the
    manager asked for; `digest` tells a repeated request.
    """

    id: UUID
    kind: Kind
    manager: str
    extents: Sequence[Extent]
    uss_base_url: str
    state: str | None = None
    priority: int = 0
    ovn: str | None = None
    new_ovn: str | None = None
    subscription_id: UUID | None = None
    implicit: ImplicitSubscription | None = None
    digest: bytes = b""


@dataclass(frozen=True)
class Surroundings:
    """What is known of others when a rule decides.

    `sharing` are volumes that share a cell, some height and some time with an extent; `overlapping`
    those of them that share space (more than a strip of 1 cm).
    """

    wish: Wish
    sharing: Sequence[Near]
    overlapping: Sequence[Near]
    constraints: Sequence[Near] = ()


@dataclass(frozen=True)
class Done:
    """An entity as it stands now, whom to tell, and with whom it is in conflict."""

    entity: asyncpg.Record
    subscribers: list[Document]
    conflicts: list[asyncpg.Record] = field(default_factory=list)
    repeated: bool = False


Rule = Callable[[Surroundings], None]
"""Raises where a wish may not be."""


def let_stand(_: Surroundings) -> None:
    """Let a constraint stand whatever is planned there: planners are told of it."""


async def put(conn: asyncpg.Connection, wish: Wish, rule: Rule) -> Done:
    """Write an entity, as one transaction's work.

    Raises
    ------
    OutOfScope
        Another manager has it, or the subscription.
    StaleVersion
        The OVN is not the current one, or there is one already.
    NotFound
        There is none to be changed.
    BadParameter
        The subscription does not exist, or does not cover it.
    """
    union = union_of(wish.extents)
    await store.lock(conn, wish.id, union.cells)
    old = await store.find(conn, wish.id)
    if _repeats(old, wish):
        assert old is not None  # noqa: S101
        return Done(old, old["subscribers"], repeated=True)
    _check_version(old, wish)
    subscription = await _subscription(conn, wish, union)
    sharing = await _sharing(conn, "operational_intent", wish)
    overlapping = [one for one in sharing if _overlaps(wish, one)]
    listening = subscription is not None and subscription["for_constraints"]
    constraints = await _sharing(conn, "constraint", wish) if listening else []
    rule(Surroundings(wish, sharing, overlapping, constraints))
    subscription_id = subscription["id"] if subscription is not None else None
    await _write(conn, wish, old, union, subscription_id)
    if wish.kind == "operational_intent":
        await _mark(conn, wish.id, overlapping)
    before = stored_union(old) if old is not None else None
    told = await store.tell(conn, wish.kind, union.joined(before))
    await conn.execute(rows.KEEP_TOLD, wish.id, told)
    entity = await store.find(conn, wish.id)
    assert entity is not None  # noqa: S101
    return Done(entity, told, list({one.entity["id"]: one.entity for one in overlapping}.values()))


async def remove(
    conn: asyncpg.Connection, kind: Kind, entity_id: UUID, manager: str, ovn: str
) -> Done:
    """End an entity, and the subscription that was made with it.

    Raises
    ------
    NotFound, OutOfScope, StaleVersion
    """
    await store.lock(conn, entity_id, ())
    old = await store.find(conn, entity_id)
    if old is None or old["kind"] != kind:
        raise NotFound(f"There is no {kind} {entity_id}", f"没有 {entity_id}")
    _check_owner(old, manager)
    if old["ovn"] != ovn:
        raise stale(old)
    told = await store.tell(conn, kind, stored_union(old))
    await conn.execute(rows.DROP, entity_id)
    await conn.execute(rows.DROP_IMPLICIT, old["subscription_id"])
    return Done(old, told)


async def conflicts_of(conn: asyncpg.Connection, entity_id: UUID) -> list[UUID]:
    """Return the intents that one is in conflict with, since the first."""
    row = await conn.fetchrow(rows.CONFLICTS_OF, [entity_id])
    return list(row["others"]) if row is not None else []


def stale(old: asyncpg.Record) -> StaleVersion:
    """Return the refusal of a version, which tells the manager the current one."""
    return StaleVersion(
        f"The current OVN of {old['id']} is {old['ovn']} (version {old['version']})",
        f"{old['id']} 的当前 OVN 为 {old['ovn']}（版本 {old['version']}）",
        mend_en="Read it again, then send the change with the current OVN.",
        mend_zh="请重新读取后，以当前 OVN 提交。",
    )


def _repeats(old: asyncpg.Record | None, wish: Wish) -> bool:
    """Tell whether a change was done already and only its answer was lost."""
    return (
        old is not None
        and wish.ovn is not None
        and bool(wish.digest)
        and old["manager"] == wish.manager
        and old["previous_ovn"] == wish.ovn
        and old["digest"] == wish.digest
    )


def _check_version(old: asyncpg.Record | None, wish: Wish) -> None:
    if old is None:
        if wish.ovn is not None:
            raise NotFound(f"There is no {wish.kind} {wish.id}", f"没有 {wish.id}")
        return
    _check_owner(old, wish.manager)
    if old["kind"] != wish.kind or old["ovn"] != wish.ovn:
        raise stale(old)


def _check_owner(old: asyncpg.Record, manager: str) -> None:
    if old["manager"] != manager:
        raise OutOfScope(f"{old['id']} belongs to another manager", f"{old['id']} 属于其他管理方")


async def _subscription(
    conn: asyncpg.Connection, wish: Wish, union: Union
) -> asyncpg.Record | None:
    """Return the subscription of an intent, made or grown where it is an implicit one."""
    if wish.implicit is not None:
        made = uuid4()
        await _put_implicit(conn, made, wish.manager, wish.implicit, union)
        return await conn.fetchrow(rows.FIND_SUBSCRIPTION, made)
    if wish.subscription_id is None:
        return None
    found = await conn.fetchrow(rows.FIND_SUBSCRIPTION, wish.subscription_id)
    if found is None:
        raise BadParameter(
            f"There is no subscription {wish.subscription_id}",
            f"没有订阅 {wish.subscription_id}", pointer="/subscription_id",
        )  # fmt: skip
    if found["manager"] != wish.manager:
        raise OutOfScope("The subscription belongs to another manager", "该订阅属于其他管理方")
    has = stored_union(found)
    if covers(has, union):
        return found
    if not found["implicit"]:
        raise BadParameter(
            "The subscription does not cover the operational intent",
            "订阅未覆盖该运行意图", pointer="/subscription_id",
        )  # fmt: skip
    grown = ImplicitSubscription(found["uss_base_url"], found["for_constraints"])
    await _put_implicit(conn, found["id"], wish.manager, grown, union.joined(has))
    return found


def covers(has: Union, needed: Union) -> bool:
    """Tell whether a subscription covers an intent in all dimensions.

    Its begin is not looked at: it cannot lie in the past, where that of an intent can.
    """
    return (
        set(needed.cells) <= set(has.cells)
        and has.lower_m <= needed.lower_m
        and needed.upper_m <= has.upper_m
        and needed.end <= has.end
    )


async def _put_implicit(
    conn: asyncpg.Connection, new: UUID, manager: str, wish: ImplicitSubscription, union: Union
) -> None:
    await conn.execute(
        rows.PUT_SUBSCRIPTION, new, manager, new_ovn(), wish.uss_base_url, True,
        wish.for_constraints, True, union.begin, union.end, union.lower_m, union.upper_m,
        union.cells,
    )  # fmt: skip


async def _sharing(conn: asyncpg.Connection, kind: Kind, wish: Wish) -> list[Near]:
    """Return volumes of others that share a cell, some height and some time with the wish's."""
    if wish.kind == "constraint":
        return []
    found = await store.near(conn, kind, wish.extents, by_cells=True)
    return [one for one in found if one.entity["id"] != wish.id and _shares(wish, one)]


def _shares(wish: Wish, other: Near) -> bool:
    own, its = wish.extents[other.part], other.extent
    return (
        own.begin < its.end
        and its.begin < own.end
        and own.lower_m < its.upper_m
        and its.lower_m < own.upper_m
        and not other.cells.isdisjoint(own.cover.cells)
    )


def _overlaps(wish: Wish, other: Near) -> bool:
    return other.extent.volume.overlaps(wish.extents[other.part].volume)


async def _write(
    conn: asyncpg.Connection,
    wish: Wish,
    old: asyncpg.Record | None,
    union: Union,
    subscription_id: UUID | None,
) -> None:
    ovn = wish.new_ovn or new_ovn()
    where = (union.begin, union.end, union.lower_m, union.upper_m, union.cells, wish.digest)
    if old is None:
        await conn.execute(
            rows.ADD, wish.id, wish.kind, wish.manager, wish.state, wish.priority, ovn,
            wish.uss_base_url, subscription_id, *where,
        )  # fmt: skip
    else:
        await conn.execute(
            rows.CHANGE, wish.id, wish.state, wish.priority, ovn, wish.uss_base_url,
            subscription_id, *where,
        )  # fmt: skip
        await conn.execute(rows.CLEAR_VOLUMES, wish.id)
        if old["subscription_id"] != subscription_id:
            await conn.execute(rows.DROP_IMPLICIT, old["subscription_id"])
    await store.add_volumes(conn, wish.id, wish.extents)


async def _mark(conn: asyncpg.Connection, entity: UUID, overlapping: Sequence[Near]) -> None:
    """Mark an intent and those that it overlaps as in conflict; their OVNs stay."""
    others = sorted({one.entity["id"] for one in overlapping})
    await conn.execute(rows.CLEAR_CONFLICTS, entity)
    if others:
        await conn.execute(rows.ADD_CONFLICTS, entity, others)


def new_ovn() -> str:
    """Return a new opaque version text (32 characters)."""
    return secrets.token_urlsafe(OVN_BYTES)

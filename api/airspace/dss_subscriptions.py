"""/dss/v1/subscriptions: who is told of changes, where and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.airspace import utm_rows as rows
from api.airspace import utm_store
from api.airspace.dss_door import (
    MOST_BYTES,
    QueryBody,
    actor_of_manager,
    answer,
    base_url,
    entity_id,
    read,
    references,
    standard,
)
from api.airspace.dss_tokens import PROCESSING, SKEW_S, STRATEGIC, Manager
from api.airspace.extents import (
    ALWAYS,
    Extent,
    Union,
    Volume4DBody,
    parse_extent,
    stored_union,
    union_of,
    written_time,
)
from api.airspace.utm_core import covers, new_ovn
from api.http.routes import Routes
from api.services import services
from spatial.errors import BadParameter, Conflict, NotFound, OutOfScope, StaleVersion
from spatial.json_types import Document

PLACE = "/dss/v1/subscriptions"
LONGEST = timedelta(hours=24)  # ASTM F3548-21, DSSMaxSubscriptionDurationHours
PAST = timedelta(minutes=5)
"""How long ago a subscription may begin, as in the common DSS."""
routes = Routes()


class SubscriptionBody(BaseModel):
    """A subscription to be written."""

    extents: Volume4DBody
    uss_base_url: str
    notify_for_operational_intents: bool | None = False
    notify_for_constraints: bool | None = False


@dataclass(frozen=True)
class _Wish:
    id: UUID
    manager: str
    url: str
    for_intents: bool
    for_constraints: bool
    extent: Extent
    version: str | None


@routes.post(f"{PLACE}/query", own_tokens=True, most_bytes=MOST_BYTES)
@standard(STRATEGIC, PROCESSING)
async def query(request: Request, manager: Manager) -> Response:
    """Return the caller's own subscriptions in an area, heights and a time."""
    area = parse_extent((await read(request, QueryBody)).area_of_interest, "/area_of_interest")
    async with services(request).db.session(actor_of_manager(manager)) as conn:
        found = await conn.fetch(
            rows.SUBSCRIPTIONS, manager.name, area.cover.cells, area.begin, area.end,
            area.lower_m, area.upper_m,
        )  # fmt: skip
    return answer({"subscriptions": [_written(row) for row in found]})


@routes.get(f"{PLACE}/{{subscriptionid}}", own_tokens=True)
@standard(STRATEGIC, PROCESSING)
async def get(request: Request, manager: Manager) -> Response:
    """Return one subscription of the caller's."""
    wanted = entity_id(request, "subscriptionid")
    async with services(request).db.session(actor_of_manager(manager)) as conn:
        row = await conn.fetchrow(rows.FIND_SUBSCRIPTION, wanted)
    return answer({"subscription": _written(_owned(row, wanted, manager))})


@routes.put(f"{PLACE}/{{subscriptionid}}", own_tokens=True, most_bytes=MOST_BYTES)
@standard(STRATEGIC, PROCESSING)
async def create(request: Request, manager: Manager) -> Response:
    """Write a new subscription."""
    return await _put(request, manager, None)


@routes.put(f"{PLACE}/{{subscriptionid}}/{{version}}", own_tokens=True, most_bytes=MOST_BYTES)
@standard(STRATEGIC, PROCESSING)
async def update(request: Request, manager: Manager) -> Response:
    """Write the next version of a subscription."""
    return await _put(request, manager, request.path_params["version"])


@routes.delete(f"{PLACE}/{{subscriptionid}}/{{version}}", own_tokens=True)
@standard(STRATEGIC, PROCESSING)
async def delete(request: Request, manager: Manager) -> Response:
    """End a subscription on which no intent depends."""
    wanted = entity_id(request, "subscriptionid")
    async with services(request).db.write(actor_of_manager(manager)) as conn:
        row = _owned(await conn.fetchrow(_LOCKED, wanted), wanted, manager)
        _check_version(row, request.path_params["version"])
        if row["dependents"]:
            raise BadParameter(
                f"{len(row['dependents'])} operational intents depend on the subscription",
                f"有 {len(row['dependents'])} 个运行意图依赖该订阅",
            )
        await conn.execute(rows.DROP_SUBSCRIPTION, wanted)
    return answer({"subscription": _written(row)})


_LOCKED = rows.FIND_SUBSCRIPTION + " FOR UPDATE OF s"


async def _put(request: Request, manager: Manager, version: str | None) -> Response:
    wanted = entity_id(request, "subscriptionid")
    body = await read(request, SubscriptionBody)
    for_intents, for_constraints = (
        bool(body.notify_for_operational_intents),
        bool(body.notify_for_constraints),
    )
    if not for_intents and not for_constraints:
        raise BadParameter("it asks to be told of nothing", "未选择任何通知")
    if for_intents:
        manager.may(STRATEGIC)
    url = base_url(body.uss_base_url, "/uss_base_url")
    extent = parse_extent(body.extents, "/extents")
    wish = _Wish(wanted, manager.name, url, for_intents, for_constraints, extent, version)
    async with services(request).db.write(actor_of_manager(manager)) as conn:
        await utm_store.lock(conn, wanted, extent.cover.cells)
        row = await _write(conn, wish)
        told: Document = {"subscription": _written(row)}
        if for_intents:
            told["operational_intent_references"] = await references(
                conn, "operational_intent", _in_force(extent, row), manager
            )
        if for_constraints:
            told["constraint_references"] = await references(
                conn, "constraint", _in_force(extent, row), manager
            )
    return answer(told)


def _in_force(extent: Extent, row: asyncpg.Record) -> Extent:
    return Extent(extent.footprint, row["lower_m"], row["upper_m"], row["begins"], row["ends"])


async def _write(conn: asyncpg.Connection, wish: _Wish) -> asyncpg.Record:
    old = await conn.fetchrow(_LOCKED, wish.id)
    if old is not None and old["manager"] != wish.manager:
        raise OutOfScope("The subscription belongs to another manager", "该订阅属于其他管理方")
    if old is None and wish.version is not None:
        raise BadParameter(f"There is no subscription {wish.id}", f"没有订阅 {wish.id}")
    if old is not None:
        _check_version(old, wish.version)
    begin, end = _times(wish.extent, old)
    union = union_of([Extent(wish.extent.footprint, wish.extent.lower_m, wish.extent.upper_m,
                             begin, end)])  # fmt: skip
    for dependent in old["dependents"] if old is not None else ():
        _check_covers(wish, union, await utm_store.find(conn, dependent))
    await conn.execute(
        rows.PUT_SUBSCRIPTION, wish.id, wish.manager, new_ovn(), wish.url, wish.for_intents,
        wish.for_constraints, False, begin, end, union.lower_m, union.upper_m, union.cells,
    )  # fmt: skip
    row = await conn.fetchrow(rows.FIND_SUBSCRIPTION, wish.id)
    assert row is not None  # noqa: S101
    return row


def _check_covers(wish: _Wish, union: Union, intent: asyncpg.Record | None) -> None:
    """Refuse a subscription that no longer covers an intent which depends on it."""
    if intent is None:
        return
    late = union.begin - intent["begins"] > timedelta(seconds=SKEW_S)
    if late or not wish.for_intents or not covers(union, stored_union(intent)):
        raise BadParameter(
            f"/extents: it does not cover the dependent operational intent {intent['id']}",
            f"/extents：未覆盖依赖的运行意图 {intent['id']}",
        )


def _times(extent: Extent, old: asyncpg.Record | None) -> tuple[datetime, datetime]:
    """Return begin and end: those asked for, else those before, else a day from now."""
    now = datetime.now(UTC)
    if extent.begin == ALWAYS[0]:
        begin = old["begins"] if old is not None else now
    else:
        begin = extent.begin
        if now - begin > PAST:
            raise BadParameter("/extents/time_start: in the past", "/extents/time_start：已过")
    end = extent.end
    if end == ALWAYS[1]:
        end = old["ends"] if old is not None else begin + LONGEST
    if end <= now or end <= begin:
        raise BadParameter("/extents/time_end: in the past", "/extents/time_end：已过")
    if end - begin > LONGEST:
        raise BadParameter("/extents: more than 24 hours", "/extents：超过 24 小时")
    return begin, end


def _owned(row: asyncpg.Record | None, wanted: UUID, manager: Manager) -> asyncpg.Record:
    if row is None:
        raise NotFound(f"There is no subscription {wanted}", f"没有订阅 {wanted}")
    if row["manager"] != manager.name:
        raise OutOfScope("The subscription belongs to another manager", "该订阅属于其他管理方")
    return row


def _check_version(row: asyncpg.Record, version: str | None) -> None:
    if version is None:
        raise Conflict(f"There is a subscription {row['id']} already", f"订阅 {row['id']} 已存在")
    if row["version"] != version:
        raise StaleVersion(
            f"The current version of the subscription is {row['version']}",
            f"订阅当前版本为 {row['version']}",
        )


def _written(row: asyncpg.Record) -> Document:
    return {
        "id": str(row["id"]),
        "version": row["version"],
        "notification_index": row["notification_index"],
        "time_start": written_time(row["begins"]),
        "time_end": written_time(row["ends"]),
        "uss_base_url": row["uss_base_url"],
        "notify_for_operational_intents": row["for_intents"],
        "notify_for_constraints": row["for_constraints"],
        "implicit_subscription": row["implicit"],
        "dependent_operational_intents": [str(one) for one in row["dependents"]],
    }

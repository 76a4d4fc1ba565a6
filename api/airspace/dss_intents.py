"""/dss/v1/operational_intent_references: who plans what, and what a planner must know of."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import asyncpg
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from api.airspace import utm_core, utm_store
from api.airspace.dss_door import (
    MOST_BYTES,
    actor_of_manager,
    answer,
    base_url,
    digest_of,
    entity_id,
    find_reference,
    parse_id,
    queried_references,
    read,
    standard,
    writing,
    written_entity,
    yet_to_end,
)
from api.airspace.dss_tokens import CONFORMANCE, SKEW_S, STRATEGIC, Manager
from api.airspace.extents import Volume4DBody
from api.airspace.own_door import tell_owners
from api.airspace.utm_core import ImplicitSubscription, Surroundings, Wish
from api.airspace.utm_store import Near
from api.http.routes import Routes
from api.services import services
from spatial.errors import BadParameter, Conflict, OutOfScope, StaleVersion
from spatial.json_types import Document

PLACE = "/dss/v1/operational_intent_references"
OFF_NOMINAL = ("Nonconforming", "Contingent")
SUFFIX_VERSION = 7
routes = Routes()


class NewSubscription(BaseModel):
    """A subscription to be made with an intent."""

    uss_base_url: str
    notify_for_constraints: bool | None = False


class IntentBody(BaseModel):
    """An operational intent to be written."""

    extents: list[Volume4DBody]
    key: list[str] | None = Field(default=None, max_length=10_000)
    state: Literal["Accepted", "Activated", "Nonconforming", "Contingent"]
    uss_base_url: str
    subscription_id: str | None = None
    new_subscription: NewSubscription | None = None
    requested_ovn_suffix: str | None = None


@routes.post(f"{PLACE}/query", own_tokens=True, most_bytes=MOST_BYTES)
@standard(STRATEGIC)
async def query(request: Request, manager: Manager) -> Response:
    """Return the intents in an area, heights and a time, bounds included."""
    found = await queried_references(request, "operational_intent", manager)
    return answer({"operational_intent_references": found})


@routes.get(f"{PLACE}/{{entityid}}", own_tokens=True)
@standard(STRATEGIC)
async def get(request: Request, manager: Manager) -> Response:
    """Return one intent."""
    found = await find_reference(request, "operational_intent", manager)
    return answer({"operational_intent_reference": found})


@routes.put(f"{PLACE}/{{entityid}}", own_tokens=True, most_bytes=MOST_BYTES)
@standard(STRATEGIC, CONFORMANCE)
async def create(request: Request, manager: Manager) -> Response:
    """Write a new intent."""
    return await _put(request, manager, None)


@routes.put(f"{PLACE}/{{entityid}}/{{ovn}}", own_tokens=True, most_bytes=MOST_BYTES)
@standard(STRATEGIC, CONFORMANCE)
async def update(request: Request, manager: Manager) -> Response:
    """Write the next version of an intent."""
    return await _put(request, manager, request.path_params["ovn"])


@routes.delete(f"{PLACE}/{{entityid}}/{{ovn}}", own_tokens=True)
@standard(STRATEGIC, CONFORMANCE)
async def delete(request: Request, manager: Manager) -> Response:
    """End an intent."""
    wanted, ovn = entity_id(request), request.path_params["ovn"]
    async with services(request).db.write(actor_of_manager(manager)) as conn:
        done = await utm_core.remove(conn, "operational_intent", wanted, manager.name, ovn)
    told = written_entity(done.entity, manager)
    return answer({"operational_intent_reference": told, "subscribers": done.subscribers})


async def _put(request: Request, manager: Manager, ovn: str | None) -> Response:
    wish, key = await _wish(request, manager, ovn)

    def rule(known: Surroundings) -> None:
        if wish.state not in OFF_NOMINAL:
            _check_key(known, key, manager)

    try:
        async with writing(request, manager, wish) as conn:
            done = await utm_core.put(conn, wish, rule)
            await tell_owners(conn, done)
    except StaleVersion as refused:
        raise await _with_current(request, manager, wish.id, refused) from refused
    told = written_entity(done.entity, manager)
    body = {"operational_intent_reference": told, "subscribers": done.subscribers}
    return answer(body, 201 if ovn is None else 200)


async def _wish(request: Request, manager: Manager, ovn: str | None) -> tuple[Wish, frozenset[str]]:
    """Return what a request asks for, and the OVNs that it knows."""
    new, body = entity_id(request), await read(request, IntentBody)
    if body.state in OFF_NOMINAL:
        manager.may(CONFORMANCE)
    else:
        manager.may(STRATEGIC)
    if ovn is None and body.state != "Accepted":
        raise BadParameter("/state: a new intent is Accepted", "/state：新意图须为 Accepted")
    base_url(body.uss_base_url, "/uss_base_url")
    implicit, listed = _subscriptions(body)
    extents = yet_to_end(body.extents)
    wish = Wish(
        new, "operational_intent", manager.name, extents, body.uss_base_url, body.state, 0, ovn,
        _asked_ovn(new, body.requested_ovn_suffix), listed, implicit, await digest_of(request),
    )  # fmt: skip
    return wish, frozenset(body.key or ())


def _subscriptions(body: IntentBody) -> tuple[ImplicitSubscription | None, UUID | None]:
    made, listed = body.new_subscription, body.subscription_id
    if made is not None and listed:
        raise BadParameter(
            "/new_subscription: beside a subscription_id",
            "/new_subscription：与 subscription_id 重复",
        )
    if made is None and not listed and body.state != "Accepted":
        raise BadParameter(
            f"/subscription_id: an intent that is {body.state} needs a subscription",
            f"/subscription_id：{body.state} 状态须有订阅",
        )
    if made is None:
        return None, parse_id(listed, "/subscription_id") if listed else None
    url = base_url(made.uss_base_url, "/new_subscription/uss_base_url")
    return ImplicitSubscription(url, bool(made.notify_for_constraints)), None


def _asked_ovn(entity: UUID, suffix: str | None) -> str | None:
    """Return the OVN that a manager asks for: its suffix tells the time of its clock."""
    if suffix is None:
        return None
    asked = parse_id(suffix, "/requested_ovn_suffix")
    if asked.version != SUFFIX_VERSION:
        raise BadParameter(
            "/requested_ovn_suffix: no UUID of version 7", "/requested_ovn_suffix：须为 UUIDv7"
        )
    now_s, its_s = time.time(), (asked.int >> 80) / 1000
    if abs(now_s - its_s) > SKEW_S:
        raise BadParameter(
            f"/requested_ovn_suffix: clocks differ by more than {SKEW_S} s: yours says {its_s:.3f},"
            f" ours {now_s:.3f} (seconds since 1970)",
            f"/requested_ovn_suffix：时钟相差超过 {SKEW_S} 秒：对方 {its_s:.3f}，本机 {now_s:.3f}",
        )
    return f"{entity}_{asked}"


def _check_key(known: Surroundings, key: frozenset[str], manager: Manager) -> None:
    """Refuse an intent whose planner does not know of others: each by its current OVN."""
    intents, limits = _missing(known.sharing, key), _missing(known.constraints, key)
    intents = [row for row in intents if row["state"] not in OFF_NOMINAL]
    if not intents and not limits:
        return
    body: Document = {}
    if intents:
        body["missing_operational_intents"] = [written_entity(row, manager) for row in intents]
    if limits:
        body["missing_constraints"] = [written_entity(row, manager) for row in limits]
    raise Conflict(
        f"The key lacks the current OVNs of {len(intents)} operational intents and"
        f" {len(limits)} constraints",
        f"key 缺少 {len(intents)} 个运行意图和 {len(limits)} 个限制的当前 OVN",
        standard=body,
    )


def _missing(others: Sequence[Near], key: frozenset[str]) -> list[asyncpg.Record]:
    by_id = {one.entity["id"]: one.entity for one in others if one.entity["ovn"] not in key}
    return list(by_id.values())


async def _with_current(
    request: Request, manager: Manager, entity: UUID, refused: StaleVersion
) -> StaleVersion:
    """Return the refusal of a version with the current reference: an answer may have been lost."""
    async with services(request).db.session(actor_of_manager(manager)) as conn:
        row = await utm_store.find(conn, entity)
    if row is None or row["manager"] != manager.name:
        raise OutOfScope(refused.en, refused.zh)
    body: Document = {"missing_operational_intents": [],
            "operational_intent_reference": written_entity(row, manager)}  # fmt: skip
    return StaleVersion(refused.en, refused.zh, standard=body)

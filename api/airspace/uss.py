"""/uss/v1: what another operator's system asks of us, or tells us, as ASTM F3548 has it."""

from __future__ import annotations

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.airspace import utm_rows as rows
from api.airspace import utm_store
from api.airspace.dss_door import (
    MOST_BYTES,
    actor_of_manager,
    answer,
    entity_id,
    read,
    standard,
)
from api.airspace.dss_others import ReportBody, keep_report
from api.airspace.dss_tokens import (
    ALL,
    CONFORMANCE,
    MANAGEMENT,
    PROCESSING,
    STRATEGIC,
    Manager,
)
from api.airspace.notices import details as intent_details
from api.airspace.own_door import MANAGER
from api.airspace.restriction_constraint import constraint_details
from api.airspace.utm_core import Done
from api.http.routes import Routes
from api.services import services
from spatial.errors import NotFound
from spatial.ids import uuid7
from spatial.json_types import JsonBody

routes = Routes()


class IntentNotice(BaseModel):
    """What another system says of an operational intent: its details, or that it is gone."""

    operational_intent_id: str
    operational_intent: JsonBody | None = None
    subscriptions: list[JsonBody]


class ConstraintNotice(BaseModel):
    """The same of a constraint."""

    constraint_id: str
    constraint: JsonBody | None = None
    subscriptions: list[JsonBody]


@routes.get("/uss/v1/operational_intents/{entityid}", own_tokens=True)
@standard(STRATEGIC, CONFORMANCE)
async def details(request: Request, manager: Manager) -> Response:
    """Return an intent of ours whole: this is how others get to know its OVN."""
    wanted = entity_id(request)
    async with services(request).db.session(actor_of_manager(manager)) as conn:
        row = await utm_store.find(conn, wanted)
        volumes = (await utm_store.read_extents(conn, [wanted]))[wanted]
    if row is None or row["manager"] != MANAGER or row["kind"] != "operational_intent":
        raise NotFound(f"We have no operational intent {wanted}", f"本系统没有运行意图 {wanted}")
    return answer({"operational_intent": intent_details(Done(row, []), volumes)})


@routes.get("/uss/v1/constraints/{entityid}", own_tokens=True)
@standard(PROCESSING, MANAGEMENT)
async def constraint(request: Request, manager: Manager) -> Response:
    """Return a constraint of ours whole: a restriction that an officer put in force."""
    wanted = entity_id(request)
    async with services(request).db.session(actor_of_manager(manager)) as conn:
        row = await utm_store.find(conn, wanted)
        volumes = (await utm_store.read_extents(conn, [wanted]))[wanted]
    if row is None or row["manager"] != MANAGER or row["kind"] != "constraint":
        raise NotFound(f"We have no constraint {wanted}", f"本系统没有限制 {wanted}")
    return answer({"constraint": constraint_details(row, volumes)})


@routes.post("/uss/v1/operational_intents", own_tokens=True, most_bytes=MOST_BYTES)
@standard(STRATEGIC)
async def intent_changed(request: Request, manager: Manager) -> Response:
    """Take a notice of a subscription."""
    return await _keep(request, manager, await read(request, IntentNotice))


@routes.post("/uss/v1/constraints", own_tokens=True, most_bytes=MOST_BYTES)
@standard(PROCESSING)
async def constraint_changed(request: Request, manager: Manager) -> Response:
    """Take a notice of a subscription."""
    return await _keep(request, manager, await read(request, ConstraintNotice))


@routes.post("/uss/v1/reports", own_tokens=True)
@standard(*ALL)
async def report(request: Request, manager: Manager) -> Response:
    """Keep a report of a fault."""
    return await keep_report(request, manager, await read(request, ReportBody))


async def _keep(request: Request, manager: Manager, notice: BaseModel) -> Response:
    async with services(request).db.write(actor_of_manager(manager)) as conn:
        await conn.execute(rows.REPORT, uuid7(), manager.name, notice.model_dump(mode="json"))
    return answer(None, 204)

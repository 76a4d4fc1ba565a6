"""/dss/v1/constraint_references: where and when flight is restricted, and who is told."""

from __future__ import annotations

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.airspace import utm_core
from api.airspace.dss_door import (
    MOST_BYTES,
    actor_of_manager,
    answer,
    base_url,
    entity_id,
    find_reference,
    queried_references,
    read,
    standard,
    writing,
    written_entity,
    yet_to_end,
)
from api.airspace.dss_tokens import MANAGEMENT, PROCESSING, Manager
from api.airspace.extents import Volume4DBody
from api.airspace.utm_core import Wish, let_stand
from api.http.routes import Routes
from api.services import services

PLACE = "/dss/v1/constraint_references"
routes = Routes()


class ConstraintBody(BaseModel):
    """A constraint to be written."""

    extents: list[Volume4DBody]
    uss_base_url: str


@routes.post(f"{PLACE}/query", own_tokens=True, most_bytes=MOST_BYTES)
@standard(PROCESSING, MANAGEMENT)
async def query(request: Request, manager: Manager) -> Response:
    """Return the constraints in an area, heights and a time, bounds included."""
    found = await queried_references(request, "constraint", manager)
    return answer({"constraint_references": found})


@routes.get(f"{PLACE}/{{entityid}}", own_tokens=True)
@standard(PROCESSING, MANAGEMENT)
async def get(request: Request, manager: Manager) -> Response:
    """Return one constraint."""
    found = await find_reference(request, "constraint", manager)
    return answer({"constraint_reference": found})


@routes.put(f"{PLACE}/{{entityid}}", own_tokens=True, most_bytes=MOST_BYTES)
@standard(MANAGEMENT)
async def create(request: Request, manager: Manager) -> Response:
    """Write a new constraint."""
    return await _put(request, manager, None)


@routes.put(f"{PLACE}/{{entityid}}/{{ovn}}", own_tokens=True, most_bytes=MOST_BYTES)
@standard(MANAGEMENT)
async def update(request: Request, manager: Manager) -> Response:
    """Write the next version of a constraint."""
    return await _put(request, manager, request.path_params["ovn"])


@routes.delete(f"{PLACE}/{{entityid}}/{{ovn}}", own_tokens=True)
@standard(MANAGEMENT)
async def delete(request: Request, manager: Manager) -> Response:
    """End a constraint."""
    wanted, ovn = entity_id(request), request.path_params["ovn"]
    async with services(request).db.write(actor_of_manager(manager)) as conn:
        done = await utm_core.remove(conn, "constraint", wanted, manager.name, ovn)
    told = written_entity(done.entity, manager)
    return answer({"constraint_reference": told, "subscribers": done.subscribers})


async def _put(request: Request, manager: Manager, ovn: str | None) -> Response:
    new, body = entity_id(request), await read(request, ConstraintBody)
    url = base_url(body.uss_base_url, "/uss_base_url")
    wish = Wish(new, "constraint", manager.name, yet_to_end(body.extents), url, ovn=ovn)
    async with writing(request, manager, wish) as conn:
        done = await utm_core.put(conn, wish, let_stand)
    told = written_entity(done.entity, manager)
    body_out = {"constraint_reference": told, "subscribers": done.subscribers}
    return answer(body_out, 201 if ovn is None else 200)

"""/dss/v1/constraint_references: where and when flight is restricted, and who is told."""

from __future__ import annotations

import time

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.airspace import utm_core, utm_store
from api.airspace.dss_door import (
    MOST_BYTES,
    Door,
    actor_of_manager,
    answer,
    base_url,
    entity_id,
    read,
    standard,
    written_entity,
)
from api.airspace.dss_intents import QueryBody, references
from api.airspace.dss_tokens import MANAGEMENT, PROCESSING, Manager
from api.airspace.extents import Volume4DBody, parse_extent, parse_extents, union_of
from api.airspace.utm_core import Surroundings, Wish
from api.http.app_state import own
from api.http.routes import Routes
from api.services import services
from spatial.errors import BadParameter, NotFound

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
    area = parse_extent((await read(request, QueryBody)).area_of_interest, "/area_of_interest")
    async with services(request).db.session(actor_of_manager(manager)) as conn:
        found = await references(conn, "constraint", area)
    return answer({"constraint_references": [written_entity(row, manager) for row in found]})


@routes.get(f"{PLACE}/{{entityid}}", own_tokens=True)
@standard(PROCESSING, MANAGEMENT)
async def get(request: Request, manager: Manager) -> Response:
    """Return one constraint."""
    wanted = entity_id(request)
    async with services(request).db.session(actor_of_manager(manager)) as conn:
        row = await utm_store.find(conn, wanted)
    if row is None or row["kind"] != "constraint":
        raise NotFound(f"There is no constraint {wanted}", f"没有限制 {wanted}")
    return answer({"constraint_reference": written_entity(row, manager)})


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
    extents = parse_extents(body.extents)
    if max(one.end for one in extents).timestamp() <= time.time():
        raise BadParameter("/extents: they end in the past", "/extents：结束时间已过")
    wish = Wish(new, "constraint", manager.name, extents, url, ovn=ovn)
    cells = union_of(extents).cells
    try:
        async with (
            own(request.app, Door).turns.turn(cells),
            services(request).db.write(actor_of_manager(manager)) as conn,
        ):
            done = await utm_core.put(conn, wish, _whatever)
    except NotFound as refused:
        raise BadParameter(refused.en, refused.zh) from refused
    told = written_entity(done.entity, manager)
    body_out = {"constraint_reference": told, "subscribers": done.subscribers}
    return answer(body_out, 201 if ovn is None else 200)


def _whatever(_: Surroundings) -> None:
    """Let a constraint stand whatever is planned there: planners are told of it."""

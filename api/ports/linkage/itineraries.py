"""POST /linkage/itineraries, /linkage/profile and /linkage/capacity: exact fronts, and flows."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from api.at_once import run_at_once
from api.http.auth import actor_of, require
from api.http.bodies import MB
from api.http.media_types import JSON
from api.http.responses import NO_STORE
from api.http.routes import Routes
from api.services import services
from layers.processes.ports import itineraries, linkage_capacity, linkage_profile
from layers.processes.runtime.model import Inputs, Process

routes = Routes("linkage")


@routes.post("/api/linkage/itineraries", question=True, most_bytes=MB)
async def find_itineraries(body: itineraries.ItinerariesInputs, request: Request) -> Response:
    """Answer the itineraries that no other beats in arrival, cost, CO2 and transfers."""
    return await answer_now(request, itineraries.PROCESS, body)


@routes.post("/api/linkage/profile", question=True, most_bytes=MB)
async def find_profile(body: linkage_profile.ProfileInputs, request: Request) -> Response:
    """Answer the same for all times of setting out of a period of up to seven days."""
    return await answer_now(request, linkage_profile.PROCESS, body)


@routes.post("/api/linkage/capacity", question=True, most_bytes=MB)
async def find_capacity(body: linkage_capacity.CapacityInputs, request: Request) -> Response:
    """Answer how much passes from hubs to hubs in a period, at what cost, and what binds."""
    return await answer_now(request, linkage_capacity.PROCESS, body)


async def answer_now(request: Request, process: Process, inputs: Inputs) -> Response:
    """Answer a process as one document while its caller waits."""
    actor = actor_of(request)
    require(actor, *process.roles)
    outputs = await run_at_once(request, process, actor, inputs)
    services(request).audit.record(actor, "linkage", process.id)
    members = b",".join(b'"%s":%s' % (one.name.encode(), one.whole) for one in outputs)
    return Response(b"{%s}" % members, media_type=JSON, headers=NO_STORE)

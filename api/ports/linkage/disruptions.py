"""POST /linkage/disruptions: affected shipments planned anew, at once or as a job where many."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from api.http.auth import actor_of, require
from api.http.bodies import MB
from api.http.routes import Routes
from api.ogc.processes import accept_job
from api.ports.linkage.itineraries import answer_now
from layers.processes.ports.disruption_inputs import DisruptionInputs
from layers.processes.ports.linkage_disruption import PROCESS

AT_ONCE = 300
"""So many shipments are planned while their caller waits."""

routes = Routes("linkage")


@routes.post("/api/linkage/disruptions", question=True, most_bytes=2 * MB)
async def plan_anew(body: DisruptionInputs, request: Request) -> Response:
    """Answer who is affected by closures and how they go on; many shipments are a job (201)."""
    drawn = 0 if body.synthetic is None else body.synthetic.count
    if not body.table and len(body.shipments) + drawn <= AT_ONCE:
        return await answer_now(request, PROCESS, body)
    actor = actor_of(request)
    require(actor, *PROCESS.roles)
    given = body.model_dump(mode="json", exclude_unset=True)
    return await accept_job(
        request, PROCESS, actor, given, list(PROCESS.outputs.model_fields), "document"
    )

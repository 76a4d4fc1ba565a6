"""/dss/v1/uss_availability and reports; /aux/v1, where a USS tries its token and asks what runs."""

from __future__ import annotations

from pydantic import BaseModel, field_validator
from starlette.requests import Request
from starlette.responses import Response

from api.airspace import utm_rows as rows
from api.airspace.dss_door import Door, actor_of_manager, answer, read, standard
from api.airspace.dss_tokens import ALL, ARBITRATION, Manager
from api.airspace.utm_core import new_ovn
from api.http.app_state import own
from api.http.routes import Routes
from api.services import services
from spatial.errors import BadParameter, SigangError, StaleVersion
from spatial.ids import uuid7
from spatial.json_types import JsonBody

STATES = ("Unknown", "Normal", "Down")
UNKNOWN = "Unknown"
VERSION = "F3548-21 1.0.0"
routes = Routes()


class AvailabilityBody(BaseModel):
    """How a USS is reached."""

    old_version: str = ""
    availability: str

    @field_validator("availability")
    @classmethod
    def _known(cls, given: str) -> str:
        if (found := given.capitalize()) not in STATES:
            raise ValueError(f"one of {', '.join(STATES)}")
        return found


class ReportBody(BaseModel):
    """A report of a fault between two systems."""

    report_id: str | None = None
    exchange: JsonBody


@routes.get("/dss/v1/uss_availability/{uss_id}", own_tokens=True)
@standard(*ALL)
async def availability(request: Request, manager: Manager) -> Response:
    """Return how a USS is reached."""
    uss = request.path_params["uss_id"]
    async with services(request).db.session(actor_of_manager(manager)) as conn:
        row = await conn.fetchrow(rows.AVAILABILITY, uss)
    found = (row["availability"], row["version"]) if row is not None else (UNKNOWN, "")
    return _told(uss, *found)


@routes.put("/dss/v1/uss_availability/{uss_id}", own_tokens=True)
@standard(ARBITRATION)
async def set_availability(request: Request, manager: Manager) -> Response:
    """Set how a USS is reached."""
    uss, body = request.path_params["uss_id"], await read(request, AvailabilityBody)
    async with services(request).db.write(actor_of_manager(manager)) as conn:
        await conn.execute(rows.LOCK_AVAILABILITY, uss)
        row = await conn.fetchrow(rows.AVAILABILITY, uss)
        current = row["version"] if row is not None else ""
        if body.old_version != current:
            raise StaleVersion(
                f"The current version of {uss} is {current!r}", f"{uss} 当前版本为 {current!r}"
            )
        version = new_ovn()
        await conn.execute(rows.SET_AVAILABILITY, uss, body.availability, version)
    return _told(uss, body.availability, version)


def _told(uss: str, state: str, version: str) -> Response:
    return answer({"version": version, "status": {"uss": uss, "availability": state}})


@routes.post("/dss/v1/reports", own_tokens=True)
@standard(*ALL)
async def report(request: Request, manager: Manager) -> Response:
    """Keep a report of a fault."""
    return await keep_report(request, manager, await read(request, ReportBody))


async def keep_report(request: Request, manager: Manager, given: ReportBody) -> Response:
    """Keep a report under a number of ours.

    Raises
    ------
    BadParameter
        It has a number already.
    """
    body = given.model_dump()
    if body["report_id"]:
        raise BadParameter("/report_id: it is given here", "/report_id：由本服务编号")
    number = uuid7()
    told = {**body, "report_id": str(number)}
    async with services(request).db.write(actor_of_manager(manager)) as conn:
        await conn.execute(rows.REPORT, number, manager.name, told)
    return answer(told, 201)


@routes.get("/aux/v1/version", own_tokens=True)
async def version(request: Request) -> Response:
    """Return which version of the standard is spoken."""
    return answer({"version": VERSION})


@routes.get("/aux/v1/validate_oauth", own_tokens=True, reads=("owner",))
async def validate(request: Request) -> Response:
    """Tell a USS whether its token counts here, and whether it is the owner's that it names."""
    try:
        manager = own(request.app, Door).manager(request)
    except SigangError as error:
        return answer({"message": error.en}, error.status)
    owner = request.query_params.get("owner", manager.name)
    return answer({}, 200 if owner == manager.name else 403)

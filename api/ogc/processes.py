"""OGC API Processes: the list, descriptions, and execution at once or as a job."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import parse_qs, urlsplit

import asyncpg
import orjson
from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.at_once import run_at_once
from api.http import links
from api.http.auth import actor_of, require
from api.http.bodies import MB
from api.http.links import Link, link
from api.http.media_types import JSON
from api.http.negotiate import language, single_values
from api.http.responses import conditional, fresh
from api.http.routes import Routes
from api.jobs import store
from api.network.kinds import no_routing
from api.ogc.jobs import status_info, whole_number
from api.ogc.results import check_wanted, respond
from api.services import services
from api.write_once import write_once
from layers.offload import offload
from layers.processes.registry import check_inputs, get_process
from layers.processes.runtime.describe import description, summary
from layers.processes.runtime.model import Inputs, Process
from spatial.actor import Actor
from spatial.errors import BadParameter
from spatial.ids import uuid7
from spatial.json_types import JsonBody
from spatial.postgres.notices import notify

EXECUTE = "http://www.opengis.net/def/rel/ogc/1.0/execute"
MOST_LISTED = 1_000
_QUALIFIED = {"value", "mediaType", "encoding", "schema"}
_REFERENCE = {"href", "type", "rel", "title", "hreflang"}

routes = Routes("processes")


class OutputBody(BaseModel):
    """How one output is wanted."""

    model_config = ConfigDict(extra="forbid")
    format: JsonBody | None = None
    transmissionMode: Literal["value", "reference"] = "value"  # noqa: N815


class ExecuteBody(BaseModel):
    """An execute request of OGC API Processes; each input plainly or as `{"value": …}`."""

    model_config = ConfigDict(extra="forbid")
    inputs: Annotated[JsonBody, Field(max_length=50)] = {}
    outputs: Annotated[dict[str, OutputBody], Field(max_length=50)] | None = None
    response: Literal["raw", "document"] = "raw"


@routes.get("/api/processes", reads=("limit",))
async def list_processes(request: Request) -> Response:
    """Answer what can be computed."""
    lang = language(request)
    asked = single_values(request).get("limit")
    limit = whole_number("limit", asked, MOST_LISTED, 1, MOST_LISTED)
    known = list(services(request).processes.values())[:limit]
    listed = [{**summary(process, lang), "links": _links(request, process)} for process in known]
    own = [link(links.here(request), "self", JSON)]
    return conditional(request, {"processes": listed, "links": own})


@routes.get("/api/processes/{process_id}")
async def get_one(process_id: str, request: Request) -> Response:
    """Answer the description of a process: its inputs and outputs as JSON Schema."""
    process = get_process(services(request).processes, process_id)
    document = description(process, language(request))
    return conditional(request, document | {"links": _links(request, process)})


@routes.post("/api/processes/{process_id}/execution", most_bytes=2 * MB)
async def execute(process_id: str, body: ExecuteBody, request: Request) -> Response:
    """Run a process: at once where it is quick, as a job with `Prefer: respond-async` or if not."""
    process, actor = get_process(services(request).processes, process_id), actor_of(request)
    require(actor, *process.roles)
    given, inputs = await offload(_read_inputs, request, process, body)
    modes = {name: mode.model_dump() for name, mode in (body.outputs or {}).items()}
    wanted = check_wanted(process, modes)
    if _prefers_async(request) or not process.quick:
        return await accept_job(request, process, actor, given, wanted, body.response)
    outputs = await run_at_once(request, process, actor, inputs)
    services(request).audit.record(actor, "process", process.id, detail={"mode": "sync"})
    response = respond([o for o in outputs if o.name in wanted], body.response)
    if "wait" in request.headers.get("prefer", ""):
        response.headers["Preference-Applied"] = "wait"
    return response


def _read_inputs(request: Request, process: Process, body: ExecuteBody) -> tuple[JsonBody, Inputs]:
    """Return the inputs as they were given, and as the process's model."""
    _check_text(body)
    given = {
        name: _plain(request, name, value)
        for name, value in body.inputs.items()
        if value is not None
    }
    return given, check_inputs(process, given)


def _check_text(body: ExecuteBody) -> None:
    """Refuse texts that are no Unicode, which could not be answered or kept.

    Raises
    ------
    BadParameter
    """
    try:
        orjson.dumps(body.model_dump())
    except TypeError as error:
        raise BadParameter(
            "The request holds text that is no valid Unicode",
            "请求包含无效的 Unicode 文本",
            mend_en="Send no lone surrogates (\\ud800 to \\udfff).",
            mend_zh="请勿发送孤立代理码位（\\ud800 至 \\udfff）。",
        ) from error


async def accept_job(
    request: Request, process: Process, actor: Actor, given: JsonBody,
    wanted: list[str], response: str,
) -> Response:  # fmt: skip
    """Note a job and answer where its state is."""
    if services(request).networks is None:
        raise no_routing()
    job_id = uuid7()
    kept = {"inputs": given, "outputs": wanted, "response": response}

    async def work(conn: asyncpg.Connection) -> Response:
        row = await store.add(conn, job_id, process.id, actor, kept)
        detail = {"mode": "async", "job": str(job_id)}
        await services(request).audit.write(conn, actor, "process", process.id, detail=detail)
        await notify(conn, "job", id=str(job_id), state="accepted")
        return _accepted(request, row)

    return await write_once(request, actor, work)


def _accepted(request: Request, row: asyncpg.Record) -> Response:
    job_id = row["id"]
    headers = {"Location": links.api(request, "jobs", str(job_id))}
    if _prefers_async(request):
        headers["Preference-Applied"] = "respond-async"
    return fresh(status_info(request, row, language(request)), 201, headers)


def _prefers_async(request: Request) -> bool:
    given = ",".join(request.headers.getlist("prefer"))
    return "respond-async" in {part.split(";")[0].strip().lower() for part in given.split(",")}


def _plain(request: Request, name: str, value: object) -> object:
    """Return the value of an input that may be qualified, or refer to a collection of ours."""
    if not isinstance(value, dict):
        return value
    if "value" in value and set(value) <= _QUALIFIED:
        return value["value"]
    if "href" in value and set(value) <= _REFERENCE:
        return _of_collection(request, name, str(value["href"]))
    return value


def _of_collection(request: Request, name: str, href: str) -> dict[str, str]:
    """Return the places that a link to items of this server means; nothing else is fetched."""
    base = links.api(request, "collections") + "/"
    parts = urlsplit(href)
    query = parse_qs(parts.query)
    at = href.partition("?")[0]
    layer, _, rest = at.removeprefix(base).partition("/")
    if not at.startswith(base) or rest != "items" or not set(query) <= {"filter", "f"}:
        raise BadParameter(
            f"{name}: this server fetches no other address",
            f"{name}：本服务不读取外部地址",
            mend_en=f"Link to {base}…/items, with a filter if need be, or send the value itself.",
            mend_zh=f"请链接到 {base}…/items（可带 filter），或直接提供内容。",
            parameter=f"inputs.{name}",
        )
    found = {"layer": layer}
    if "filter" in query:
        found["filter"] = query["filter"][0]
    return found


def _links(request: Request, process: Process) -> list[Link]:
    at = ("processes", process.id)
    return [
        link(links.api(request, *at), "self", JSON),
        link(links.api(request, *at, "execution"), EXECUTE, JSON),
    ]

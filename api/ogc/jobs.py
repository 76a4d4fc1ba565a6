"""OGC API Processes: jobs with their state and progress, their results, and dismissing them."""

from __future__ import annotations

from datetime import datetime
from typing import Required, TypedDict, cast
from uuid import UUID

import asyncpg
import orjson
from fastapi import Request
from starlette.responses import Response

from api.http import links
from api.http.auth import actor_of, require
from api.http.links import Link, link
from api.http.media_types import GEOJSON, JSON
from api.http.negotiate import language, single_values
from api.http.responses import NO_STORE, fresh
from api.http.routes import Routes
from api.jobs import store
from api.jobs.store import ENDED, STATES, Wanted
from api.ogc.results import document, inline, raw
from api.services import services
from layers.declare.base import Text
from layers.processes.runtime.run import Output, collection
from layers.query.filters import parse_datetime
from spatial.actor import Actor
from spatial.errors import BadParameter, Conflict, NotFound, ResultNotReady, SigangError
from spatial.postgres.notices import notify

MOST_LISTED, DEFAULT_LISTED = 1_000, 100
INLINE_FEATURES = 1_000
INLINE_BYTES = 2**20
PAGE_FEATURES = 1_000
AHEAD = Text(zh="排队中，前面还有 {} 个任务", en="Waiting; {} jobs run before it")
DISMISSED = Text(zh="已取消", en="Dismissed")
_RESULTS = "http://www.opengis.net/def/rel/ogc/1.0/results"
_EXCEPTIONS = "http://www.opengis.net/def/rel/ogc/1.0/exceptions"
_FILTERS = ("type", "processID", "status", "datetime", "minDuration", "maxDuration", "limit")

routes = Routes("jobs")


@routes.get("/api/jobs", reads=(*_FILTERS, "cursor"))
async def list_jobs(request: Request) -> Response:
    """Return the caller's jobs, newest first; an administrator of the province sees all."""
    actor = _signed_in(request)
    wanted = _wanted(single_values(request))
    async with store.reader(services(request).db, actor) as conn:
        rows = await store.listed(conn, wanted)
    lang = language(request)
    found = [link(links.here(request), "self", JSON)]
    if len(rows) == wanted.limit:
        found.append(link(links.here(request, cursor=str(rows[-1]["id"])), "next", JSON))
    return fresh({"jobs": [status_info(request, row, lang) for row in rows], "links": found})


@routes.get("/api/jobs/{job_id}")
async def get_job(job_id: str, request: Request) -> Response:
    """Return the state of a job."""
    actor = _signed_in(request)
    async with store.reader(services(request).db, actor) as conn:
        row = await store.get(conn, _number(job_id))
        ahead = await store.ahead(conn, row["id"]) if row["state"] == "accepted" else None
    return fresh(status_info(request, row, language(request), ahead))


@routes.delete("/api/jobs/{job_id}")
async def dismiss_job(job_id: str, request: Request) -> Response:
    """Dismiss a job: its work stops; of one that has ended the results go."""
    actor, served = _signed_in(request), services(request)
    async with store.reader(served.db, actor) as conn:
        row = await store.get(conn, _number(job_id))
        held = [state for state in STATES if state != "dismissed"]
        ended = await store.finish(conn, row["id"], "dismissed", DISMISSED, held=held)
        if ended is None:
            raise Conflict("The job was dismissed before", "任务此前已取消", job=job_id)
        await store.forget_outputs(conn, row["id"])
        await served.audit.write(conn, actor, "dismiss", f"job/{row['id']}")
        await notify(conn, "job", id=str(row["id"]), state="dismissed")
    return fresh(status_info(request, ended, language(request)))


@routes.get("/api/jobs/{job_id}/results")
async def get_results(job_id: str, request: Request) -> Response:
    """Return the results as the execute request wanted them; large ones of a document as links."""
    row = await _job(request, job_id)
    _check_ended(row)
    actor, served = actor_of(request), services(request)
    async with store.reader(served.db, actor) as conn:
        listed = await store.outputs(conn, row["id"])
        wanted = [o for o in listed if o["name"] in row["request"]["outputs"]]
        if row["request"]["response"] != "document":
            answer = raw([await _whole(conn, row["id"], o) for o in wanted])
        else:
            members = {o["name"]: await _member(request, conn, row["id"], o) for o in wanted}
            answer = document(members)
    served.audit.record(actor, "process", f"job/{row['id']}/results", rows=len(wanted))
    return answer


@routes.get("/api/jobs/{job_id}/results/{name}", reads=("limit", "cursor"))
async def get_output(job_id: str, name: str, request: Request) -> Response:
    """Return one output; features in pages of `limit` with a next link."""
    row = await _job(request, job_id)
    _check_ended(row)
    given = single_values(request)
    limit = whole_number("limit", given.get("limit"), PAGE_FEATURES, 1, PAGE_FEATURES)
    first = whole_number("cursor", given.get("cursor"), 0, 0, 10**9)
    actor, served = actor_of(request), services(request)
    async with store.reader(served.db, actor) as conn:
        found = {o["name"]: o for o in await store.outputs(conn, row["id"])}
        if name not in found:
            raise NotFound(f"The job has no output {name[:60]!r}", f"任务没有输出 {name[:60]!r}")
        output = found[name]
        if output["features"] is None:
            text, kind = await store.body(conn, row["id"], name), output["media_type"]
        else:
            page = await store.features(conn, row["id"], name, first, limit)
            text, kind = _page(request, page, first, output["features"]), GEOJSON
    served.audit.record(actor, "process", f"job/{row['id']}/results/{name}")
    return Response(text, headers=NO_STORE, media_type=kind)


def _page(request: Request, features: list[bytes], first: int, total: int) -> bytes:
    own = [link(links.here(request), "self", GEOJSON)]
    if first + len(features) < total:
        after = links.here(request, cursor=str(first + len(features)))
        own.append(link(after, "next", GEOJSON))
    numbers = f'"numberMatched":{total},"numberReturned":{len(features)}'.encode()
    return collection(features, numbers, b'"links":' + orjson.dumps(own))


async def _whole(conn: asyncpg.Connection, job_id: UUID, output: asyncpg.Record) -> Output:
    name, kind = output["name"], output["media_type"]
    if output["features"] is None:
        return Output(name, kind, await store.body(conn, job_id, name))
    rows = await store.features(conn, job_id, name, 0, output["features"])
    return Output(name, kind, features=rows)


async def _member(
    request: Request, conn: asyncpg.Connection, job_id: UUID, output: asyncpg.Record
) -> bytes:
    if (output["features"] or 0) > INLINE_FEATURES or (output["bytes"] or 0) > INLINE_BYTES:
        at = links.api(request, "jobs", str(job_id), "results", output["name"])
        return orjson.dumps(link(at, "item", output["media_type"]))
    return inline(await _whole(conn, job_id, output))


class StatusInfo(TypedDict, total=False):
    """The state of a job (OGC API Processes 1); what is not known yet is left out."""

    jobID: Required[str]
    processID: Required[str]
    type: Required[str]
    status: Required[str]
    links: Required[list[Link]]
    message: str
    progress: int
    created: datetime
    started: datetime
    finished: datetime
    updated: datetime


def status_info(
    request: Request, row: asyncpg.Record, lang: str, ahead: int | None = None
) -> StatusInfo:
    """Return the state of a job in the words of OGC API Processes; `ahead` run before it."""
    at = ("jobs", str(row["id"]))
    found = [link(links.api(request, *at), "self", JSON)]
    if row["state"] == "successful":
        found.append(link(links.api(request, *at, "results"), _RESULTS, JSON))
    if row["state"] == "failed":
        found.append(link(links.api(request, *at, "results"), _EXCEPTIONS, JSON))
    times = {"created": "created_at", "started": "started_at", "finished": "finished_at",
             "updated": "updated_at"}  # fmt: skip
    shown = {
        "jobID": str(row["id"]),
        "processID": row["process"],
        "type": "process",
        "status": row["state"],
        "message": row[f"message_{lang}"] if ahead is None else AHEAD[lang].format(ahead),
        "progress": row["progress"],
        **{name: row[column] for name, column in times.items()},
        "links": found,
    }
    known = {name: value for name, value in shown.items() if value is not None}
    return cast(StatusInfo, known)


def _signed_in(request: Request) -> Actor:
    actor = actor_of(request)
    require(actor)
    return actor


def _number(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise store.no_such_job(text) from None


async def _job(request: Request, job_id: str) -> asyncpg.Record:
    actor = _signed_in(request)
    async with store.reader(services(request).db, actor) as conn:
        return await store.get(conn, _number(job_id))


class Kept(SigangError):
    """The error that a failed job has kept."""

    def __init__(self, problem: store.Problem) -> None:
        detail, mend = problem["detail"], problem["mend"]
        super().__init__(
            detail["en"], detail["zh"], mend_en=mend["en"], mend_zh=mend["zh"], **problem["extra"]
        )
        self.type, self.status = problem["type"], problem["status"]
        self.title_zh, self.title_en = problem["title"]["zh"], problem["title"]["en"]


def _check_ended(row: asyncpg.Record) -> None:
    """Refuse the results of a job that has none.

    Raises
    ------
    ResultNotReady, NotFound, SigangError
        It still runs, it was dismissed, or it failed: then the error that it failed with.
    """
    if row["state"] == "failed":
        raise Kept(row["problem"])
    if row["state"] == "dismissed":
        raise NotFound("The job was dismissed and has no results", "任务已取消，没有结果")
    if row["state"] not in ENDED:
        raise ResultNotReady(
            f"The job is {row['state']}, {row['progress']} %",
            f"任务状态 {row['state']}，进度 {row['progress']}%",
            mend_en="Ask for the job's state until it is successful.",
            mend_zh="请查询任务状态，成功后再取结果。",
            progress=row["progress"],
        )


def _wanted(given: dict[str, str]) -> Wanted:
    """Return which jobs a request asks for."""
    states = given["status"].split(",") if "status" in given else None
    unknown = sorted(set(states or ()) - set(STATES))
    if unknown:
        raise BadParameter(
            f"status must be of {', '.join(STATES)}, not {unknown[0][:20]!r}",
            f"status 须为 {'、'.join(STATES)}，而不是 {unknown[0][:20]!r}",
            parameter="status",
        )
    kinds = given["type"].split(",") if "type" in given else ["process"]
    start: datetime | None = None
    end: datetime | None = None
    if "datetime" in given:
        start, end, _ = parse_datetime(given["datetime"])
    return Wanted(
        states if "process" in kinds else [],
        given["processID"].split(",") if "processID" in given else None,
        start,
        end,
        _seconds("minDuration", given),
        _seconds("maxDuration", given),
        _cursor(given.get("cursor")),
        whole_number("limit", given.get("limit"), DEFAULT_LISTED, 1, MOST_LISTED),
    )


def _cursor(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        raise BadParameter(
            "cursor is not one of a next link", "cursor 不是 next 链接中的值", parameter="cursor"
        ) from None


def _seconds(name: str, given: dict[str, str]) -> float | None:
    if name not in given:
        return None
    return float(whole_number(name, given[name], 0, 0, 10**9))


def whole_number(name: str, text: str | None, default: int, least: int, most: int) -> int:
    """Return a whole number of a query parameter, at most `most`.

    Raises
    ------
    BadParameter
        It is no whole number of at least `least`.
    """
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) < least:
        raise BadParameter(
            f"{name} must be a whole number of at least {least}, not {text[:20]!r}",
            f"{name} 必须是不小于 {least} 的整数，而不是 {text[:20]!r}",
            parameter=name,
        )
    return min(int(text), most)

"""GET /reports: frozen numbers, their rows and files; POST …/freeze; what moved between two."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from api.http.auth import actor_of, require
from api.http.bodies import SMALL
from api.http.disconnect import while_connected
from api.http.links import api, link
from api.http.media_types import JSON
from api.http.negotiate import purpose_of
from api.http.responses import NO_STORE, conditional, fresh
from api.http.routes import Routes
from api.ogc.indicator_text import PARTS
from api.ogc.jobs import Kept, whole_number
from api.services import services
from layers.declare.base import Declaration
from layers.features.features import reading
from layers.indicators.periods import Period, parse_period
from layers.indicators.population import Part, Population
from layers.indicators.units import Unit
from layers.reports import store
from layers.reports.catalogue import read_reports
from layers.reports.compare import compare
from layers.reports.document import line_of
from layers.reports.files import KEPT, draw_file, drawn_names, media_type
from layers.reports.freeze import check_kind, check_period, find_report
from layers.reports.keys import known_keys
from layers.reports.opened import Opened, numbers_for, open_version, version_facts
from layers.reports.package import pack
from layers.reports.rows import OpenedRows, open_rows
from layers.reports.seal import Told, digest, digits
from spatial.actor import Actor
from spatial.errors import BadParameter, NotFound, OutOfScope
from spatial.json_types import Document

routes = Routes("reports")
OFFICERS = ("admin", "dispatcher")
"""Roles that may freeze, where they see the whole province."""
PAGE = 100
PACKAGE = "report.zip"
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; font-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'; sandbox"
)

UnitText = Annotated[
    str | None, Query(max_length=40, description="GB/T 2260 code; the province when left out.")
]
VersionText = Annotated[
    str | None, Query(max_length=10, description="Number of a version; the last when left out.")
]
Key = Annotated[str, Query(max_length=63, description="An indicator of the report.")]


class Freezing(Declaration):
    """What is asked to be frozen; a correction names the last version and says why."""

    period: str = Field(max_length=40)
    corrects: int | None = Field(default=None, ge=1, le=10_000, strict=True)
    reason: str | None = Field(default=None, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")


@routes.get("/api/reports")
async def list_reports(request: Request) -> Response:
    """List the reports, with the versions that are frozen of each, the newest first."""
    served = services(request)
    reports = served.catalog.part(read_reports)
    async with served.db.public.acquire() as conn:
        rows = await conn.fetch(store.LIST, list(reports))
    found = []
    for report in reports.values():
        versions = [version_facts(row) for row in rows if row["report"] == report.id]
        shown = report.model_dump(mode="json", exclude={"items"}, exclude_none=True)
        at = api(request, "reports", report.id)
        found.append(shown | {"versions": versions, "links": [link(at, "self", JSON)]})
    may = may_freeze(actor_of(request))
    served.audit.record(actor_of(request), "report", "all")
    return conditional(request, {"reports": found, "may_freeze": may})


@routes.get("/api/reports/key")
async def list_keys(request: Request) -> Response:
    """Return the public keys that sign reports, the oldest first, as hexadecimal digits."""
    keys = await asyncio.to_thread(known_keys, services(request).settings.home)
    return conditional(request, {"algorithm": "Ed25519", "keys": keys})


@routes.get("/api/reports/{report_id}")
async def get_report(report_id: str, request: Request) -> Response:
    """Return a report as declared, with its versions."""
    served = services(request)
    report = find_report(served.catalog, report_id)
    async with served.db.public.acquire() as conn:
        rows = await conn.fetch(store.LIST, [report.id])
    shown = report.model_dump(mode="json", exclude_none=True)
    served.audit.record(actor_of(request), "report", report.id)
    return conditional(request, shown | {"versions": [version_facts(row) for row in rows]})


@routes.post("/api/reports/{report_id}/freeze", status=201, most_bytes=SMALL)
async def freeze_report(report_id: str, body: Freezing, request: Request) -> Response:
    """Freeze a period of a report, or a version that corrects the last one."""
    served, actor = services(request), actor_of(request)
    require(actor)
    if not may_freeze(actor):
        raise OutOfScope(
            "Reports are frozen by officers of the whole province", "报告由全省的值守人员冻结"
        )
    report = find_report(served.catalog, report_id)
    period = parse_period(body.period)
    check_period(report, period, datetime.now(UTC))
    if (body.corrects is None) != (body.reason is None):
        raise BadParameter(
            "A correction has both `corrects` and `reason`", "更正须同时注明 corrects 与 reason",
            parameter="corrects",
        )  # fmt: skip
    order: Document = {"report": report.id, "by": actor.account_id, **body.model_dump()}
    told = await while_connected(request, served.freezer.carry_out(order))
    if "problem" in told:
        raise Kept(told["problem"])  # type: ignore[arg-type]
    place = api(request, "reports", report.id, period.id, version=str(told["version"]))
    served.audit.record(
        actor, "freeze", f"{report.id}/{period.id}", purpose=purpose_of(request),
        detail={"version": told["version"]},
    )  # fmt: skip
    return fresh({"version": told["version"]}, 201, {"Location": place})


@routes.get("/api/reports/{report_id}/compare")
async def compare_periods(
    report_id: str,
    request: Request,
    before: Annotated[str, Query(max_length=40, alias="from", description="A frozen period.")],
    after: Annotated[str, Query(max_length=40, alias="to", description="A frozen period.")],
    unit: UnitText = None,
) -> Response:
    """Return by how much each number moved between two frozen periods, and what moved it."""
    actor = actor_of(request)
    report = find_report(services(request).catalog, report_id)
    periods = parse_period(before), parse_period(after)
    sides = [await _lines(request, report.id, period, unit, actor) for period in periods]
    (first, old), (second, new) = sides
    moved = [
        {"indicator": key, "same_definition": _digest(first, key) == _digest(second, key)}
        | compare(old[key], new[key])
        for key in new
        if key in old
    ]
    _note(request, second, "compare")
    return fresh({"report": report.id, "from": first.facts, "to": second.facts, "numbers": moved})


@routes.get("/api/reports/{report_id}/{period}")
async def get_version(
    report_id: str, period: str, request: Request, version: VersionText = None
) -> Response:
    """Return a frozen version: the caller's numbers of it, its editions and their files."""
    served, actor = services(request), actor_of(request)
    opened = await _opened(request, report_id, parse_period(period), version)
    async with reading(served.db, actor) as conn:
        rows = {row["audience"]: row for row in await conn.fetch(store.EDITIONS, opened.id)}
    known = [one for one in opened.audiences(actor, served.catalog) if one in rows]
    editions = [_edition(request, report_id, opened, rows[one]) for one in known]
    _note(request, opened, "version")
    return fresh({"report": report_id, **opened.facts, "editions": editions})


@routes.get("/api/reports/{report_id}/{period}/values")
async def get_values(
    report_id: str, period: str, request: Request, version: VersionText = None,
    unit: UnitText = None,
) -> Response:  # fmt: skip
    """Return the numbers of a unit as the frozen rows that the caller sees give them."""
    opened, lines = await _lines(
        request, report_id, parse_period(period), unit, actor_of(request), version
    )
    _note(request, opened, "values")
    return fresh({"report": report_id, **opened.facts, "values": lines})


@routes.get("/api/reports/{report_id}/{period}/rows", reads=("limit", "after"))
async def get_rows(
    report_id: str, period: str, request: Request, indicator: Key,
    version: VersionText = None, unit: UnitText = None, part: str = PARTS[0],
) -> Response:  # fmt: skip
    """Return the frozen rows of one side of a number that the caller sees, in pages by id."""
    served, actor = services(request), actor_of(request)
    opened = await _opened(request, report_id, parse_period(period), version)
    told = opened.told(actor, served.catalog)
    population = opened.definitions.indicators.populations.get(indicator)
    if population is None or indicator not in _leaves(opened, told):
        raise _no_number(indicator, sorted(_leaves(opened, told)))
    if not opened.opens(indicator, actor, served.catalog):
        raise NotFound("Its rows are not for you to read", "其行不可读")
    asked = OpenedRows(
        indicator, _part(part, population), _unit(opened, indicator, unit, actor),
        whole_number("limit", request.query_params.get("limit"), PAGE, 1, 10 * PAGE),
        request.query_params.get("after"),
    )  # fmt: skip
    async with reading(served.db, actor) as conn:
        rows = await open_rows(conn, opened.id, opened.definitions, actor, asked)
    shown = [
        {**row, "numerator": digits(row["numerator"]), "denominator": digits(row["denominator"])}
        for row in map(dict, rows)
    ]
    _note(request, opened, indicator)
    after = shown[-1]["row_id"] if len(shown) == asked.limit else None
    return fresh({"report": report_id, **opened.facts, "rows": shown, "after": after})


@routes.get("/api/reports/{report_id}/{period}/{version}/{audience}/{name}")
async def get_file(
    report_id: str, period: str, version: str, audience: str, name: str, request: Request
) -> Response:
    """Return a file of an edition, or all of them as one package that can be verified."""
    served, actor = services(request), actor_of(request)
    opened = await _opened(request, report_id, parse_period(period), version)
    if audience not in opened.audiences(actor, served.catalog):
        raise _no_file(name)
    async with reading(served.db, actor) as conn:
        rows = {row["audience"]: row for row in await conn.fetch(store.EDITIONS, opened.id)}
        if audience not in rows:
            raise _no_file(name)
        edition = rows[audience]
        outlines = await conn.fetchval(store.OUTLINE, edition["document"]["outlines"])
        names = sorted(edition["manifest"]["files"]) if name == PACKAGE else [name]
        kept = {
            one: await conn.fetchval(store.BODY, opened.id, audience, one)
            for one in names
            if one in KEPT
        }
    files = kept | await asyncio.to_thread(_drawn, edition, outlines, names)
    _note(request, opened, f"{audience}/{name}")
    body = files.get(name)
    if name == PACKAGE:
        seal = {key: edition[key] for key in ("sha256", "key", "signature")}
        body = pack(edition["manifest"], seal, files)
    if body is None:
        raise _no_file(name)
    headers = {**NO_STORE, "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
    return Response(body, media_type=media_type(name), headers=headers)


def may_freeze(actor: Actor) -> bool:
    """Tell whether an actor may freeze reports."""
    return actor.provincial and actor.role in OFFICERS


def _drawn(edition: Mapping[str, Told], outlines: Told, names: list[str]) -> dict[str, bytes]:
    """Return the files drawn from what is frozen; one that came out otherwise is left out."""
    document, manifest = edition["document"], edition["manifest"]
    known = [name for name in drawn_names(document) if name in names]
    made = {name: draw_file(name, document, outlines, manifest["changed"]) for name in known}
    return {name: body for name, body in made.items() if digest(body) == manifest["files"][name]}


async def _opened(request: Request, report: str, period: Period, version: str | None) -> Opened:
    declared = find_report(services(request).catalog, report)
    number = None if version is None else whole_number("version", version, 1, 1, 10_000)
    try:
        return await open_version(services(request).db, report, period, number)
    except NotFound:  # what was frozen while the report was by another period stays
        check_kind(declared, period)
        raise


async def _lines(
    request: Request, report: str, period: Period, unit: str | None, actor: Actor,
    version: str | None = None,
) -> tuple[Opened, dict[str, Told]]:  # fmt: skip
    """Return the numbers of a unit that an actor is told, by indicator."""
    served = services(request)
    opened = await _opened(request, report, period, version)
    keys = opened.told(actor, served.catalog)
    numbers = await numbers_for(served.db, opened, actor, keys)
    places = {key: _unit(opened, key, unit, actor) for key in keys}
    return opened, {key: line_of(numbers.of(key, at), at) for key, at in places.items()}


def _unit(opened: Opened, key: str, unit: str | None, actor: Actor) -> Unit:
    units, declared = opened.definitions.units, opened.definitions.indicators
    public = declared.tells_all_units(key, actor)
    return (
        units.top(actor, public=public) if unit is None else units.get(unit, actor, public=public)
    )


def _leaves(opened: Opened, keys: list[str]) -> set[str]:
    return {leaf for key in keys for leaf in opened.definitions.indicators.stands_on[key]}


def _digest(opened: Opened, key: str) -> str:
    declared = opened.definitions.indicators
    index = declared.indices.get(key)
    return (index or declared.populations[key].indicator).digest


def _part(part: str, population: Population) -> Part:
    allowed = [one for one in PARTS if population.measure(one) is not None]
    found = next((one for one in allowed if one == part), None)
    if found is None:
        raise BadParameter(
            f"No part {part[:20]!r} here", f"此处没有 {part[:20]!r}",
            mend_en=f"Allowed: {', '.join(allowed)}.", mend_zh=f"可用：{'、'.join(allowed)}。",
            parameter="part",
        )  # fmt: skip
    return found


def _no_number(indicator: str, allowed: list[str]) -> BadParameter:
    known = ", ".join(allowed) or "none"
    return BadParameter(
        f"The report has no number {indicator[:63]!r} with rows of its own",
        f"报告没有带明细的指标 {indicator[:63]!r}",
        mend_en=f"Allowed: {known}.", mend_zh=f"可用：{known}。", parameter="indicator",
    )  # fmt: skip


def _no_file(name: str) -> NotFound:
    return NotFound(f"No file {name[:80]!r} here", f"没有文件 {name[:80]!r}")


def _edition(request: Request, report: str, opened: Opened, row: Mapping[str, Told]) -> Document:
    at = ("reports", report, opened.period.id, str(opened.version), str(row["audience"]))
    names = [*sorted(row["manifest"]["files"]), PACKAGE]
    return {
        "audience": row["audience"],
        "sha256": row["sha256"],
        "key": row["key"],
        "signature": row["signature"],
        "manifest": row["manifest"],
        "links": [
            link(api(request, *at, name), "enclosure", media_type(name), name) for name in names
        ],
    }


def _note(request: Request, opened: Opened, what: str) -> None:
    target = f"{opened.definitions.report.id}/{opened.period.id}/{opened.version}/{what}"
    services(request).audit.record(actor_of(request), "report", target, purpose=purpose_of(request))

"""GET /indicators, their values, series and rows, and /board: numbers that open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import orjson
from fastapi import Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.http.auth import actor_of
from api.http.links import Link, api, link
from api.http.media_types import GEOJSON, JSON
from api.http.negotiate import pick_format
from api.http.responses import conditional
from api.http.routes import Routes
from api.ogc.indicator_asking import (
    LevelText,
    PeriodText,
    UnitText,
    ask,
    note,
    period_of,
    unit_of,
)
from api.ogc.indicator_text import PARTS, Telling, describe, show_unit
from api.services import services
from layers.indicators.catalog import definition, shown_id
from layers.indicators.model import Index
from layers.indicators.periods import series
from layers.indicators.population import Population
from layers.indicators.units import parse_level
from layers.indicators.values import reads_rows
from layers.offload import offload
from spatial.actor import Actor
from spatial.errors import BadParameter, NotFound
from spatial.json_types import Document

routes = Routes("indicators")
LAST = 12

ByText = Annotated[
    str | None, Query(max_length=80, description="A coded column that the indicator lists.")
]


@routes.get("/api/indicators")
async def list_indicators(request: Request) -> Response:
    """List the indicators and indices that the caller may be told."""
    served, actor = services(request), actor_of(request)
    found = served.indicators.declared.list_all(actor)
    served.audit.record(actor, "indicator", "all")
    body = {
        "indicators": [describe(request, one, actor) for one in found],
        "links": [link(api(request, "indicators"), "self", JSON)],
    }
    return conditional(request, body)


@routes.get("/api/indicators/{indicator_id}")
async def get_indicator(indicator_id: str, request: Request) -> Response:
    """Return an indicator: layer, filters, time, digest of the definition, its rule."""
    served, actor = services(request), actor_of(request)
    one = served.indicators.declared.get(indicator_id, actor)
    served.audit.record(actor, "indicator", shown_id(one))
    return conditional(request, describe(request, one, actor))


@routes.get("/api/indicators/{indicator_id}/values")
async def get_values(
    indicator_id: str,
    request: Request,
    period: PeriodText = None,
    level: LevelText = None,
    unit: UnitText = None,
    by: ByText = None,
) -> Response:
    """Return the number of a unit and of the units within it, ranked, each with its rows.

    With `f=geojson` the units are features with their outlines.
    """
    kind = pick_format(request, {"json": JSON, "geojson": GEOJSON})
    served, actor = services(request), actor_of(request)
    one = served.indicators.declared.get(indicator_id, actor)
    whole = await unit_of(request, one, unit)
    wanted = parse_level(level, whole)
    column = _column(request, one, actor, by)
    asked = period_of(period)
    numbers = await ask(request, [shown_id(one)], [asked.previous, asked], split=by is not None)
    telling = Telling(request, actor, one, numbers, whole, wanted, column)
    note(request, shown_id(one), whole, asked)
    if kind == "geojson":
        return await _features(request, telling)
    body = await offload(telling.whole)
    return conditional(request, body | {"links": _own(request, one)})


@routes.get("/api/indicators/{indicator_id}/series")
async def get_series(
    indicator_id: str,
    request: Request,
    period: PeriodText = None,
    unit: UnitText = None,
    last: Annotated[int, Query(description="Number of periods.", ge=-(2**31), le=2**31)] = LAST,
) -> Response:
    """Return the numbers of a unit over so many periods that end with one."""
    served, actor = services(request), actor_of(request)
    one = served.indicators.declared.get(indicator_id, actor)
    whole = await unit_of(request, one, unit)
    periods = series(period_of(period), last)
    numbers = await ask(request, [shown_id(one)], periods)
    telling = Telling(request, actor, one, numbers, whole, whole.level)
    note(request, shown_id(one), whole, periods[-1])
    body = {
        "indicator": shown_id(one),
        "digest": telling.declared.digest,
        "as_of": periods[-1].cutoff(numbers.as_of(shown_id(one))),
        "unit": show_unit(whole),
        "series": [_point(telling, at) for at in range(len(periods))],
        "links": _own(request, one),
    }
    return conditional(request, body)


@routes.get("/api/indicators/{indicator_id}/rows")
async def get_rows(
    indicator_id: str,
    request: Request,
    period: PeriodText = None,
    unit: UnitText = None,
    part: Annotated[str, Query(max_length=40, description="numerator or denominator")] = PARTS[0],
) -> Response:
    """Lead to the rows that a number counts or sums up."""
    served, actor = services(request), actor_of(request)
    one = served.indicators.declared.get(indicator_id, actor)
    whole = await unit_of(request, one, unit)
    asked = period_of(period)
    if part not in PARTS:
        raise _bad("part", part, PARTS)
    if not isinstance(one, Population) or not reads_rows(one, actor):
        raise NotFound(
            f"{indicator_id} has no rows of its own to read", f"{indicator_id} 没有可读的行",
            mend_en="Ask for the values; each part of an index links to its rows.",
            mend_zh="请查询 values，指数各分项均有链接。",
        )  # fmt: skip
    numbers = await ask(request, [shown_id(one)], [asked])
    links = Telling(request, actor, one, numbers, whole, whole.level).links(
        numbers.units.place(whole)
    )
    found = next((one_link for one_link in links if one_link["rel"] == part), None)
    if found is None:
        raise _bad("part", part, PARTS[:1])
    return RedirectResponse(found["href"], 303, headers={"Cache-Control": "no-store"})


def _own(request: Request, one: Population | Index) -> list[Link]:
    return [link(api(request, "indicators", shown_id(one)), "up", JSON)]


def _column(request: Request, one: Population | Index, actor: Actor, by: str | None) -> str | None:
    if by is None:
        return None
    declared = services(request).indicators.declared
    leaves = [declared.populations[key] for key in declared.stands_on[shown_id(one)]]
    may = all(reads_rows(leaf, actor) for leaf in leaves)
    allowed = definition(one).by if may else ()
    if by not in allowed:
        raise _bad("by", by, allowed)
    return by


def _bad(name: str, given: str, allowed: Sequence[str]) -> BadParameter:
    known = ", ".join(allowed) or "none"
    return BadParameter(
        f"No {name} {given[:40]!r} here", f"此处没有 {name} {given[:40]!r}",
        mend_en=f"Allowed: {known}.", mend_zh=f"可用：{known}。", parameter=name,
    )  # fmt: skip


def _point(telling: Telling, at: int) -> Document:
    key, numbers = telling.declared.id, telling.numbers
    number = numbers.of(key, telling.unit, at)
    rule = numbers.rule(key, at)
    return {
        "period": numbers.periods[at].id,
        **telling.sides(number),
        "rule_version": rule.version if rule else None,
    }


async def _features(request: Request, telling: Telling) -> Response:
    """Return the units within as a FeatureCollection, each with its outline and number."""
    units = telling.units()
    ranks = telling.ranking(units).ranks
    shapes = await services(request).indicators.shapes(units)
    period = telling.numbers.periods[-1].id
    found = []
    for unit in units:
        told = telling.value(unit, ranks.get(unit.code))
        properties = {name: told[name] for name in ("value", "numerator", "denominator", "rank")}
        names = {"name_zh": unit.title.zh, "name_en": unit.title.en, "level": unit.level}
        found.append(
            {
                "type": "Feature",
                "id": unit.code,
                "geometry": orjson.Fragment(shapes.get(unit.code, "null")),
                "properties": {
                    "indicator": telling.declared.id, "period": period, "admin_code": unit.code,
                    **names, **properties,
                },
            }
        )  # fmt: skip
    body = {"type": "FeatureCollection", "features": found, "numberReturned": len(found)}
    return conditional(request, body, GEOJSON)

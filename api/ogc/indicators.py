"""GET /indicators, their values, series and rows, and /board: numbers that open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import orjson
from fastapi import Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.http.auth import actor_of
from api.http.concurrency import caller_of, limits_of
from api.http.disconnect import while_connected
from api.http.links import Link, api, link
from api.http.media_types import GEOJSON, JSON
from api.http.negotiate import pick_format, purpose_of
from api.http.responses import conditional
from api.http.routes import Routes
from api.ogc.indicator_text import PARTS, Telling, describe, show_period, show_unit
from api.services import services
from layers.indicators.catalog import definition, shown_id
from layers.indicators.model import Index
from layers.indicators.numbers import Numbers
from layers.indicators.periods import Period, parse_period, period_at, series
from layers.indicators.population import Population
from layers.indicators.units import Unit, parse_level
from layers.indicators.values import reads_rows
from layers.offload import offload
from spatial.actor import Actor
from spatial.errors import BadParameter, NotFound
from spatial.json_types import Document

routes = Routes("indicators")
COUNT_S = 0.03
"""What counting one indicator is likely to take."""
LAST, MOST_AT_ONCE = 12, 60

PeriodText = Annotated[
    str | None,
    Query(
        max_length=40,
        description="Day 2026-03-02, ISO week 2026-W10 or month 2026-03; this month when left out.",
        examples=["2026-W10"],
    ),
]
UnitText = Annotated[
    str | None,
    Query(max_length=40, description="GB/T 2260 code; all that you may read when left out."),
]
LevelText = Annotated[
    str | None,
    Query(max_length=40, description="county, prefecture or province; the one below the unit."),
]
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
    whole = await _unit(request, one, unit)
    wanted = parse_level(level, whole)
    column = _column(one, actor, by)
    asked = _period(period)
    numbers = await _ask(request, [shown_id(one)], [asked.previous, asked], split=by is not None)
    telling = Telling(request, actor, one, numbers, whole, wanted, column)
    _note(request, shown_id(one), whole, asked)
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
    whole = await _unit(request, one, unit)
    periods = series(_period(period), last)
    numbers = await _ask(request, [shown_id(one)], periods)
    telling = Telling(request, actor, one, numbers, whole, whole.level)
    _note(request, shown_id(one), whole, periods[-1])
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
    whole = await _unit(request, one, unit)
    asked = _period(period)
    if part not in PARTS:
        raise _bad("part", part, PARTS)
    if not isinstance(one, Population) or not reads_rows(one, actor):
        raise NotFound(
            f"{indicator_id} has no rows of its own to read", f"{indicator_id} 没有可读的行",
            mend_en="Ask for the values; each part of an index links to its rows.",
            mend_zh="请查询 values，指数各分项均有链接。",
        )  # fmt: skip
    numbers = await _ask(request, [shown_id(one)], [asked])
    links = Telling(request, actor, one, numbers, whole, whole.level).links(
        numbers.units.place(whole)
    )
    found = next((one_link for one_link in links if one_link["rel"] == part), None)
    if found is None:
        raise _bad("part", part, PARTS[:1])
    return RedirectResponse(found["href"], 303, headers={"Cache-Control": "no-store"})


@routes.get("/api/board")
async def get_board(
    request: Request,
    indicators: Annotated[str, Query(max_length=4000, description="Ids with commas.")],
    period: PeriodText = None,
    level: LevelText = None,
    unit: UnitText = None,
) -> Response:
    """Return the numbers of several indicators at once: all tiles of a board in one answer."""
    served, actor = services(request), actor_of(request)
    chosen = served.indicators.declared.get_several(indicators, actor)
    if len(chosen) > MOST_AT_ONCE:
        raise BadParameter(
            f"A board has at most {MOST_AT_ONCE} indicators", f"看板最多 {MOST_AT_ONCE} 个指标",
            parameter="indicators",
        )  # fmt: skip
    asked, tiles = _period(period), []
    wholes = [await _unit(request, one, unit) for one in chosen]
    levels = [parse_level(level, whole) for whole in wholes]
    keys = [shown_id(one) for one in chosen]
    numbers = await _ask(request, keys, [asked.previous, asked])
    for one, whole, wanted in zip(chosen, wholes, levels, strict=True):
        tile = await offload(Telling(request, actor, one, numbers, whole, wanted).whole)
        tiles.append(tile | {"title": definition(one).title.model_dump()})
    _note(request, ",".join(keys), wholes[0], asked)
    body = {"period": show_period(asked), "tiles": tiles}
    return conditional(request, body)


def _own(request: Request, one: Population | Index) -> list[Link]:
    return [link(api(request, "indicators", shown_id(one)), "up", JSON)]


def _period(text: str | None) -> Period:
    return period_at("month") if text is None else parse_period(text)


async def _unit(request: Request, one: Population | Index, text: str | None) -> Unit:
    """Return the unit asked for, the largest that the actor may be told of when none is."""
    served, actor = services(request), actor_of(request)
    units = await served.indicators.units()
    public = served.indicators.declared.tells_all_units(shown_id(one), actor)
    if text is None:
        return units.top(actor, public=public)
    return units.get(text, actor, public=public)


def _column(one: Population | Index, actor: Actor, by: str | None) -> str | None:
    if by is None:
        return None
    may = isinstance(one, Population) and reads_rows(one, actor)
    allowed = one.indicator.by if may and isinstance(one, Population) else ()
    if by not in allowed:
        raise _bad("by", by, allowed)
    return by


def _bad(name: str, given: str, allowed: Sequence[str]) -> BadParameter:
    known = ", ".join(allowed) or "none"
    return BadParameter(
        f"No {name} {given[:40]!r} here", f"此处没有 {name} {given[:40]!r}",
        mend_en=f"Allowed: {known}.", mend_zh=f"可用：{known}。", parameter=name,
    )  # fmt: skip


async def _ask(
    request: Request, keys: Sequence[str], periods: Sequence[Period], *, split: bool = False
) -> Numbers:
    """Return numbers, counted when it is the caller's turn and while it is there."""
    served, actor = services(request), actor_of(request)
    declared = served.indicators.declared
    leaves = {leaf for key in keys for leaf in declared.stands_on[key]}
    work = served.indicators.ask(keys, actor, periods, split=split)
    turn = limits_of(request).items.run(caller_of(request), COUNT_S * len(leaves), work)
    return await while_connected(request, turn)


def _note(request: Request, target: str, unit: Unit, period: Period) -> None:
    services(request).audit.record(
        actor_of(request), "indicator", target, area=unit.code, purpose=purpose_of(request),
        detail={"period": period.id},
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

"""OGC API Features: items, one item, counts and whole exports, as plain routes."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.http import html, links
from api.http.auth import actor_of
from api.http.concurrency import caller_of, limits_of
from api.http.disconnect import while_connected
from api.http.layer_query import query_of
from api.http.links import link
from api.http.media_types import GEOJSON, HTML, JSON, MEDIA_TYPES
from api.http.negotiate import language, pick_format, purpose_of, single_values
from api.http.responses import tagged
from api.http.routes import Routes
from api.ogc.common import say, source_facts, trail
from api.ogc.computed_text import told_of_one
from api.ogc.function_cells import answer_items
from api.ogc.function_layers import find_function
from api.ogc.item_text import heading, in_crs, items_table, shown, write_collection
from api.services import services
from layers.declare.relation import Relation
from layers.features import features
from layers.features.export import FORMATS, export_file, stream_csv, stream_sequence
from layers.features.features import DEFAULT_LIMIT, MAX_LIMIT, Page
from layers.features.spool import read_file
from layers.features.zone_export import MEDIA_TYPES as ZONE_TYPES
from layers.features.zone_export import export_zones, has_zones
from layers.offload import offload
from layers.query.filters import Query, refuse_unknown
from spatial.actor import Actor
from spatial.errors import BadParameter, NotFound, OutOfScope
from spatial.geo import crs
from spatial.geo.geojson import Feature
from spatial.json_types import Document, Shown

_AT = "/api/collections/{layer}"
OWN = frozenset({"f", "lang", "limit", "cursor", "offset", "crs", "bbox-crs"})
ITEM_FORMATS = {"json": GEOJSON, "html": HTML}
STREAMS = ("jsonseq", "csv")
ITEM_S, ROW_S, MADE_ROW_S, COUNT_S, EXPORT_S = 0.002, 5e-5, 2e-4, 0.1, 5.0
"""What a feature, each row of a page, the same as HTML or in another system of coordinates, a count
and an export are likely to take."""
T = TypeVar("T")
routes = Routes()


@dataclass(frozen=True, slots=True)
class Asked:
    """One checked request for features."""

    relation: Relation
    actor: Actor
    query: Query
    given: Mapping[str, str]
    crs: crs.Crs


async def ask(request: Request) -> Asked:
    """Check a request for features.

    Raises
    ------
    NotFound, BadParameter
    """
    actor = actor_of(request)
    relation = services(request).catalog.get_relation(request.path_params["layer"], actor)
    given = single_values(request)
    language(request)
    own = {name: value for name, value in given.items() if name not in OWN}
    if "bbox" in own and "bbox-crs" in given:
        own["bbox"] = _box_in_degrees(own["bbox"], crs.parse_crs(given["bbox-crs"]))
    wanted = crs.parse_crs(given["crs"]) if "crs" in given else crs.CRS84
    query = await query_of(request, relation, own, OWN)
    return Asked(relation, actor, query, given, wanted)


def _box_in_degrees(text: str, system: crs.Crs) -> str:
    """Return a bbox in the degrees of CRS84, the box around its transformed corners."""
    try:
        x0, y0, x1, y1 = (float(part) for part in text.split(","))
        box = crs.box_in_degrees((x0, y0, x1, y1), system)
    except ValueError:
        raise BadParameter(
            "bbox needs four numbers", "bbox 需要四个数字", parameter="bbox"
        ) from None
    return ",".join(map(repr, box))


@routes.get(f"{_AT}/items", reads=None, hot=True)
async def get_items(request: Request) -> Response:
    """Answer a page of features, or with an export format all that match."""
    if (function := find_function(request)) is not None:
        return await answer_items(request, function)
    as_zones = request.query_params.get("f") in ZONE_TYPES
    kind = pick_format(request, ZONE_TYPES if as_zones else MEDIA_TYPES)
    asked = await ask(request)
    if as_zones and not has_zones(asked.relation.layer):
        pick_format(request, MEDIA_TYPES)
    if as_zones or kind in FORMATS or kind in STREAMS:
        return await _export(request, asked, kind)
    limit, cursor = _limit(asked.given), asked.given.get("cursor")
    if asked.given.get("offset", "0") != "0":
        raise BadParameter(
            "There is no offset",
            "不支持 offset",
            mend_en="Follow the next link; its cursor stays right while rows change.",
            mend_zh="请使用 next 链接，其游标在数据变化时仍然正确。",
            parameter="offset",
        )
    served = services(request)

    async def work() -> Response:
        page = await features.read_page(
            served.db, asked.relation, asked.actor, asked.query, limit, cursor
        )
        _note(request, asked, "items", len(page.features))
        make = _items_page if kind == "html" else _collection
        return await make(request, asked, page)

    plain = kind != "html" and asked.crs is crs.CRS84
    return await _in_turn(request, work(), ITEM_S + (ROW_S if plain else MADE_ROW_S) * limit)


def _limit(given: Mapping[str, str]) -> int:
    text = given.get("limit")
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) < 1:
        raise BadParameter(
            f"limit must be a whole number of at least 1, not {text[:20]!r}",
            f"limit 必须是不小于 1 的整数，而不是 {text[:20]!r}",
            parameter="limit",
        )
    return min(int(text), MAX_LIMIT)


async def _in_turn(request: Request, work: Coroutine[None, None, T], cost_s: float) -> T:
    """Return the result of work done when it is its caller's turn, while the client is there."""
    turn = limits_of(request).items.run(caller_of(request), cost_s, work)
    return await while_connected(request, turn)


def _note(request: Request, asked: Asked, action: str, rows: int) -> None:
    detail = {name: value[:200] for name, value in asked.given.items() if name not in ("f", "lang")}
    services(request).audit.record(
        asked.actor,
        action,
        asked.relation.layer.id,
        area=asked.given.get("bbox"),
        rows=rows,
        purpose=purpose_of(request),
        detail=detail,
    )


async def _note_export(request: Request, asked: Asked) -> None:
    """Seal who exports what before its first row; what nobody signed in exports is summed."""
    served, actor, layer = services(request), asked.actor, asked.relation.layer
    if actor.anonymous:
        served.audit.count(actor, "export", layer.id)
        return
    detail = {name: value[:200] for name, value in asked.given.items()}
    area, purpose = asked.given.get("bbox"), purpose_of(request)
    async with served.db.write(actor) as conn:
        await served.audit.write(
            conn, actor, "export", layer.id, area=area, purpose=purpose, detail=detail
        )


def _headers(asked: Asked) -> dict[str, str]:
    return {
        "Content-Crs": f"<{asked.crs.uri}>",
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Accept-Language, Cookie, Authorization, Origin",
    }


async def _collection(request: Request, asked: Asked, page: Page) -> Response:
    """Return a page as a GeoJSON FeatureCollection, its features joined as they came."""
    own = links.self_and_alternates(request, "json", _page_formats(asked))
    at = links.api(request, "collections", asked.relation.layer.id)
    own.append(link(at, "collection", JSON))
    if page.next:
        own.append(link(links.here(request, cursor=page.next), "next", GEOJSON))
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    tail: Document = {"links": own, "timeStamp": now, "numberReturned": len(page.features)}
    if page.matched is not None:
        tail["numberMatched"] = page.matched
    else:
        tail["numberMatchedAtLeast"] = page.at_least
    tail |= await told_of_one(request, asked.relation.layer)
    whole = await write_collection(page.features, tail, asked.crs)
    return Response(whole, media_type=GEOJSON, headers=_headers(asked))


def _page_formats(asked: Asked) -> dict[str, str]:
    if asked.relation.layer.access.export:
        return {**MEDIA_TYPES, **ZONE_TYPES} if has_zones(asked.relation.layer) else MEDIA_TYPES
    return ITEM_FORMATS


@routes.get(f"{_AT}/items/{{feature:path}}", reads=None, hot=True)
async def get_item(request: Request) -> Response:
    """Answer one feature with its own links."""
    kind = pick_format(request, ITEM_FORMATS)
    asked = await ask(request)
    refuse_unknown(asked.given, {"f", "lang", "crs"})
    layer, feature_id = asked.relation.layer, request.path_params["feature"]
    work = features.read_feature(services(request).db, asked.relation, asked.actor, feature_id)
    text = await _in_turn(request, work, ITEM_S)
    if text is None:
        raise NotFound(
            f"No feature {feature_id[:80]!r} in {layer.id}",
            f"{layer.id} 中没有要素 {feature_id[:80]!r}",
        )
    _note(request, asked, "item", 1)
    if kind == "html":
        return await _item_page(request, asked, orjson.loads(text))
    if asked.crs is not crs.CRS84:
        text = (await offload(in_crs, [text], asked.crs))[0]
    own = links.self_and_alternates(request, kind, ITEM_FORMATS)
    own.append(link(links.api(request, "collections", layer.id), "collection", JSON))
    body = text[:-1].encode() + b',"links":' + orjson.dumps(own) + b"}"
    return tagged(request, body, _headers(asked), GEOJSON)


@routes.get(f"{_AT}/count", reads=None, hot=True)
async def get_count(request: Request) -> Response:
    """Answer the exact number of features that match."""
    pick_format(request, {"json": JSON})
    asked = await ask(request)
    if set(asked.given) & {"limit", "cursor", "offset", "crs"}:
        raise BadParameter("A count takes filters only", "计数仅接受过滤参数")
    work = features.count(services(request).db, asked.relation, asked.actor, asked.query)
    number = await _in_turn(request, work, COUNT_S)
    _note(request, asked, "count", number)
    return Response(
        orjson.dumps({"count": number}),
        media_type=JSON,
        headers={"Cache-Control": "private, no-cache", "Vary": "Cookie, Authorization, Origin"},
    )


async def _export(request: Request, asked: Asked, kind: str) -> Response:
    """Answer all features that match as one file; the audit line is sealed before the first row."""
    served, layer = services(request), asked.relation.layer
    if not layer.access.export:
        raise OutOfScope(f"{layer.id} is not exported", f"{layer.id} 不允许导出")
    if asked.crs is not crs.CRS84 or "cursor" in asked.given:
        raise BadParameter("An export is whole and in CRS84", "导出为 CRS84 坐标的全部数据")
    limit = _limit(asked.given) if "limit" in asked.given else None
    await _note_export(request, asked)
    summary = await served.summaries.of(layer, asked.actor)
    sources = await served.summaries.sources(summary.sources)
    headers = _headers(asked) | {
        "Content-Disposition": f'attachment; filename="{layer.id}.{kind}"',
        "Link": ", ".join(
            f'<{s["license_url"]}>; rel="license"' for s in sources if s["license_url"]
        ),
    }
    given = served.db, asked.relation, asked.actor, asked.query, sources, limit
    gate, caller = limits_of(request).exports, caller_of(request)
    if kind in STREAMS:
        rows = (stream_csv if kind == "csv" else stream_sequence)(*given)
        parts = served.spools.through(gate.stream(caller, EXPORT_S, rows))
        begun = await _begun(request, parts)
        return StreamingResponse(begun, media_type=MEDIA_TYPES[kind], headers=headers)
    if kind in ZONE_TYPES:
        made = export_zones(*given, kind, served.rules.current)
        body = await while_connected(request, gate.run(caller, EXPORT_S, made))
        return Response(body, media_type=ZONE_TYPES[kind], headers=headers)
    work = export_file(*given, kind, served.spools.folder)
    file = await while_connected(request, gate.run(caller, EXPORT_S, work))
    headers["Content-Length"] = str(os.fstat(file.fileno()).st_size)
    return StreamingResponse(read_file(file), media_type=MEDIA_TYPES[kind], headers=headers)


async def _begun(request: Request, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Return an answer once its first part is there: until then it may still be refused."""

    async def begin() -> bytes:
        return await anext(parts, b"")

    first = await while_connected(request, begin())

    async def whole() -> AsyncIterator[bytes]:
        yield first
        async for part in parts:
            yield part

    return whole()


async def _items_page(request: Request, asked: Asked, page: Page) -> Response:
    lang, layer = language(request), asked.relation.layer
    at = links.api(request, "collections", layer.id, "items")
    number = page.matched if page.matched is not None else f"≥ {page.at_least}"
    summary = await services(request).summaries.of(layer, asked.actor)
    facts: list[tuple[str, Shown]] = [(say("count", lang), f"{len(page.features)} / {number}")]
    facts += await source_facts(request, summary, lang)
    more = links.here(request, cursor=page.next) if page.next else None
    above = trail(request, lang, layer)

    def write() -> Response:
        body = [items_table(page.features, layer, lang, at), html.pairs(facts)]
        if more:
            body.insert(1, html.element("p", html.anchor(say("next", lang), more)))
        return html.page(lang, f"{layer.title[lang]}: {say('items', lang)}", above, body)

    return await offload(write)


async def _item_page(request: Request, asked: Asked, feature: Feature) -> Response:
    lang, layer = language(request), asked.relation.layer
    values = feature["properties"]
    facts: list[tuple[str, Shown]] = [("id", feature.get("id"))]
    facts += [(heading(c, lang), shown(c, values.get(c.name), lang)) for c in layer.columns]
    facts.append((say("origin", lang), values["origin"]))
    facts.append(("geometry", feature["geometry"] and feature["geometry"]["type"]))
    summary = await services(request).summaries.of(layer, asked.actor)
    facts += await source_facts(request, summary, lang)
    name = values.get(f"name_{lang}") or values.get("name_zh") or feature.get("id")
    return html.page(lang, str(name), trail(request, lang, layer), [html.pairs(facts)])

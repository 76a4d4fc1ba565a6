"""OGC API Common and the metadata of Features: landing page, conformance, collections."""

from __future__ import annotations

import asyncio
from typing import NotRequired, TypedDict

from starlette.requests import Request
from starlette.responses import Response

from api.http import html, links
from api.http.auth import actor_of
from api.http.links import QUERYABLES, SCHEMA_OF, Link, link
from api.http.media_types import HTML, JSON, MEDIA_TYPES, OPENAPI, SCHEMA
from api.http.negotiate import language, pick_format
from api.http.responses import conditional
from api.http.routes import Routes
from api.ogc.computed_text import told_of
from api.ogc.function_layers import collection_of, find_function, list_functions
from api.services import services
from layers.declare.layer import Layer
from layers.features.summary import Source, Summary
from spatial.geo import crs
from spatial.json_types import Document, Shown

_AT = "/api/collections/{layer}"
routes = Routes()
PAGE = {"json": JSON, "html": HTML}

_FEATURES = "http://www.opengis.net/spec/ogcapi-features"
_COMMON = "http://www.opengis.net/spec/ogcapi-common"
_CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf"
_TILES = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf"
_REL = "http://www.opengis.net/def/rel/ogc/1.0"
_PROCESSES = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf"
CONFORMANCE = (
    *(f"{_COMMON}-1/1.0/conf/{name}" for name in ("core", "landing-page", "json", "html", "oas30")),
    f"{_COMMON}-2/1.0/conf/collections",
    *(f"{_FEATURES}-1/1.0/conf/{name}" for name in ("core", "geojson", "html", "oas30")),
    f"{_FEATURES}-2/1.0/conf/crs",
    *(
        f"{_FEATURES}-3/1.0/conf/{name}"
        for name in ("filter", "features-filter", "queryables", "queryables-query-parameters")
    ),
    *(
        f"{_FEATURES}-5/1.0/conf/{name}"
        for name in ("schemas", "core-roles-features", "returnables-and-receivables")
    ),
    *(
        f"{_CQL2}/{name}"
        for name in (
            "cql2-text",
            "cql2-json",
            "basic-cql2",
            "advanced-comparison-operators",
            "case-insensitive-comparison",
            "accent-insensitive-comparison",
            "basic-spatial-functions",
            "basic-spatial-functions-plus",
            "spatial-functions",
            "temporal-functions",
            "property-property",
            "arithmetic",
        )
    ),
    *(
        f"{_TILES}/{name}"
        for name in ("core", "tileset", "tilesets-list", "geodata-tilesets", "mvt")
    ),
    *(
        f"{_PROCESSES}/{name}"
        for name in ("core", "ogc-process-description", "json", "oas30", "job-list", "dismiss")
    ),
)
"""A class stands here only while its tests pass."""

TEXTS = {
    "title": {"zh": "四港 Sigang 接口", "en": "Sigang API"},
    "about": {
        "zh": "浙江省综合交通空间决策支持：图层、要素、瓦片、路径与事件。",
        "en": "Spatial decision support for Zhejiang's transport: "
        "layers, features, tiles, paths and events.",
    },
    "collections": {"zh": "图层", "en": "Collections"},
    "conformance": {"zh": "符合性声明", "en": "Conformance"},
    "processes": {"zh": "计算处理", "en": "Processes"},
    "jobs": {"zh": "任务", "en": "Jobs"},
    "queryables": {"zh": "可查询属性", "en": "Queryables"},
    "schema": {"zh": "要素结构", "en": "Schema of a feature"},
    "docs": {"zh": "接口文档", "en": "Documentation"},
    "openapi": {"zh": "接口定义", "en": "API definition"},
    "items": {"zh": "要素", "en": "Features"},
    "map": {"zh": "地图", "en": "Map"},
    "origin": {"zh": "数据来历", "en": "Origin"},
    "source": {"zh": "来源", "en": "Source"},
    "license": {"zh": "许可", "en": "Licence"},
    "count": {"zh": "数量", "en": "Number"},
    "area": {"zh": "领域", "en": "Area"},
    "name": {"zh": "名称", "en": "Name"},
    "type": {"zh": "类型", "en": "Type"},
    "unit": {"zh": "单位", "en": "Unit"},
    "formats": {"zh": "格式", "en": "Formats"},
    "next": {"zh": "下一页", "en": "Next page"},
}


class Collection(TypedDict):
    """The document of one collection (OGC API Features 1, with origins and attribution)."""

    id: str
    title: str
    description: str
    attribution: str
    itemType: str
    crs: list[str]
    storageCrs: str
    extent: Document
    origins: dict[str, int]
    computed: NotRequired[Document]
    links: list[Link]


def say(key: str, lang: str) -> str:
    """Return one of the texts of the pages."""
    return TEXTS[key][lang]


def _jobs(request: Request, lang: str) -> list[Link]:
    """Return the link to the list of jobs for those who may have some."""
    if actor_of(request).anonymous:
        return []
    return [link(links.api(request, "jobs"), f"{_REL}/job-list", JSON, say("jobs", lang))]


@routes.get("/api")
@routes.get("/api/")
async def get_landing(request: Request) -> Response:
    """Answer the landing page."""
    kind, lang = pick_format(request, PAGE), language(request)
    below = [
        link(links.api(request, "openapi.json"), "service-desc", OPENAPI, say("openapi", lang)),
        link(links.api(request, "docs"), "service-doc", HTML, say("docs", lang)),
        link(links.api(request, "conformance"), "conformance", JSON, say("conformance", lang)),
        link(links.api(request, "collections"), "data", JSON, say("collections", lang)),
        link(
            links.api(request, "tileMatrixSets"),
            "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes",
            JSON,
        ),
        link(links.api(request, "processes"), f"{_REL}/processes", JSON, say("processes", lang)),
        *_jobs(request, lang),
        link(links.origin(request) + "/", "related", HTML, say("map", lang)),
    ]
    if kind == "html":
        rows = [
            html.element("li", html.anchor(x.get("title", x["href"]), x["href"])) for x in below
        ]
        body = [html.element("p", say("about", lang)), html.element("ul", *rows)]
        return html.page(lang, say("title", lang), [], body)
    own = links.self_and_alternates(request, kind, PAGE)
    document = {"title": say("title", lang), "description": say("about", lang)}
    return conditional(request, document | {"links": own + below})


@routes.get("/api/conformance")
async def get_conformance(request: Request) -> Response:
    """Answer the conformance classes."""
    kind, lang = pick_format(request, PAGE), language(request)
    if kind == "html":
        rows = [html.element("li", html.anchor(uri, uri)) for uri in CONFORMANCE]
        return html.page(lang, say("conformance", lang), trail(request, lang),
                         [html.element("ul", *rows)])  # fmt: skip
    own = links.self_and_alternates(request, kind, PAGE)
    return conditional(request, {"conformsTo": CONFORMANCE, "links": own})


def trail(request: Request, lang: str, *layers: Layer) -> list[tuple[str, str]]:
    """Return the pages above a page."""
    found = [
        ("API", links.api(request)),
        (say("collections", lang), links.api(request, "collections")),
    ]
    found += [(x.title[lang], links.api(request, "collections", x.id)) for x in layers]
    return found


@routes.get("/api/collections")
async def list_collections(request: Request) -> Response:
    """Answer every collection that the caller may read."""
    kind, lang = pick_format(request, PAGE), language(request)
    served, actor = services(request), actor_of(request)
    layers = served.catalog.list_layers(actor)
    summaries = await served.summaries.of_all(layers, actor)
    if kind == "html":
        head = [say(key, lang) for key in ("name", "area", "count", "origin")]
        rows: list[list[Shown]] = [
            [
                html.anchor(layer.title[lang], links.api(request, "collections", layer.id)),
                served.catalog.areas[layer.area].title[lang],
                summaries[layer.id].count,
                ", ".join(summaries[layer.id].origins),
            ]
            for layer in layers
        ]
        return html.page(lang, say("collections", lang), trail(request, lang)[:1],
                         [html.table(head, rows)])  # fmt: skip
    own = links.self_and_alternates(request, kind, PAGE)
    documents = await asyncio.gather(
        *(collection(request, layer, summaries[layer.id], lang) for layer in layers)
    )
    functions = [collection_of(request, one, lang) for one in list_functions(request, actor)]
    return conditional(request, {"links": own, "collections": [*documents, *functions]})


@routes.get(_AT)
async def get_collection(request: Request) -> Response:
    """Answer one collection."""
    kind, lang = pick_format(request, PAGE), language(request)
    served, actor = services(request), actor_of(request)
    if (function := find_function(request)) is not None:
        return conditional(request, collection_of(request, function, lang))
    layer = served.catalog.get_layer(request.path_params["layer"], actor)
    summary = await served.summaries.of(layer, actor)
    document = await collection(request, layer, summary, lang)
    if kind == "html":
        return await _collection_page(request, layer, summary, document, lang)
    document["links"] = links.self_and_alternates(request, kind, PAGE) + document["links"][1:]
    return conditional(request, document)


async def collection(request: Request, layer: Layer, summary: Summary, lang: str) -> Collection:
    """Return the document of one collection."""
    sources = await services(request).summaries.sources(summary.sources)
    made: Collection = {
        "id": layer.id,
        "title": layer.title[lang],
        "description": layer.description[lang],
        "attribution": "; ".join(dict.fromkeys(s["attribution"] for s in sources)),
        "itemType": "feature",
        "crs": [system.uri for system in crs.SERVED] if layer.has_geometry else [],
        "storageCrs": crs.CRS84.uri,
        "extent": _extent(summary),
        "origins": summary.origins,
        "links": _collection_links(request, layer, sources, lang),
    }
    if layer.computed is not None:
        made["computed"] = (await told_of(request, [layer]))[layer.id]
    return made


def _extent(summary: Summary) -> Document:
    found: Document = {}
    if summary.box is not None:
        box = [round(side, 6) for side in summary.box]
        found["spatial"] = {"bbox": [box], "crs": crs.CRS84.uri}
    if summary.extent is not None:
        found["temporal"] = {"interval": [list(summary.extent)]}
    return found


def _collection_links(
    request: Request, layer: Layer, sources: list[Source], lang: str
) -> list[Link]:
    at = ("collections", layer.id)
    name = say("items", lang)
    plain = links.api(request, *at, "items")  # programs append the id of a feature to it
    items = [link(plain, "items", MEDIA_TYPES["json"], f"{name} json")]
    items += [
        link(f"{plain}?f={form}", "items", MEDIA_TYPES[form], f"{name} {form}")
        for form in ("html", "csv")
    ]
    found = [
        link(links.api(request, *at), "self", JSON, layer.title[lang]),
        *items,
        link(links.api(request, *at, "queryables"), QUERYABLES, SCHEMA, say("queryables", lang)),
        link(links.api(request, *at, "schema"), SCHEMA_OF, SCHEMA, say("schema", lang)),
        link(
            links.api(request, *at, "schema", "feature"), "describedby", SCHEMA, say("schema", lang)
        ),
    ]
    if layer.tiles is not None and layer.has_geometry:
        found.append(link(links.api(request, *at, "tiles"), links.TILESETS_VECTOR, JSON))
    licences = {s["license_url"]: s["license"] for s in sources if s["license_url"]}
    found += [link(url, "license", HTML, name) for url, name in licences.items()]
    return found


async def _collection_page(
    request: Request, layer: Layer, summary: Summary, document: Collection, lang: str
) -> Response:
    facts: list[tuple[str, Shown]] = [
        (say("count", lang), summary.count),
        (say("origin", lang), ", ".join(f"{name}: {n}" for name, n in summary.origins.items())),
        *await source_facts(request, summary, lang),
    ]
    formats = [
        html.anchor(x.get("title", x["href"]), x["href"])
        for x in document["links"]
        if x["rel"] in ("items", QUERYABLES, SCHEMA_OF)
    ]
    columns = html.table(
        [say(key, lang) for key in ("name", "type", "unit")],
        [[f"{c.title[lang]} ({c.name})", c.type, c.unit] for c in layer.columns],
    )
    body = [html.element("p", layer.description[lang]), html.element("nav", *formats)]
    return html.page(
        lang, layer.title[lang], trail(request, lang), [*body, html.pairs(facts), columns]
    )


async def source_facts(request: Request, summary: Summary, lang: str) -> list[tuple[str, Shown]]:
    """Return sources and licences for a page."""
    facts: list[tuple[str, Shown]] = []
    for source in await services(request).summaries.sources(summary.sources):
        name = f"{source['title_zh' if lang == 'zh' else 'title_en']} ({source['attribution']})"
        licence = source["license"]
        if source["license_url"]:
            licence = html.anchor(licence, source["license_url"])
        facts += [(say("source", lang), name), (say("license", lang), licence)]
    return facts

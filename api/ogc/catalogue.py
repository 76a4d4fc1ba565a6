"""GET /catalogue and /styles/{theme}: all that the map is generated from."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from api.http.auth import actor_of
from api.http.links import api, link
from api.http.negotiate import language
from api.http.responses import conditional
from api.http.routes import Routes
from api.ogc.computed_text import told_of
from api.ogc.function_layers import MATRIX_SET, function_of, list_functions
from api.ogc.tiles import tile_url
from api.services import services
from layers.declare.catalog import Area
from layers.declare.layer import Column, Layer
from layers.declare.style import Lang, LegendEntry, build_style, style_layer_id
from layers.features.summary import Source, Summary
from spatial.errors import NotFound
from spatial.json_types import Document

TITLE = {"zh": "四港 · 浙江", "en": "Sigang · Zhejiang"}
routes = Routes()
ZONE = ZoneInfo("Asia/Shanghai")
ORIGINS = ("real", "derived", "schematic", "synthetic")
ORIGIN_TITLES = {
    "real": {"zh": "实测", "en": "real"},
    "derived": {"zh": "推算", "en": "derived"},
    "schematic": {"zh": "示意", "en": "schematic"},
    "synthetic": {"zh": "合成", "en": "synthetic"},
}


@routes.get("/api/catalogue")
async def get_catalogue(request: Request) -> Response:
    """Answer areas, layers, legends, counts and key figures, as the caller may see them."""
    served, actor = services(request), actor_of(request)
    layers = served.catalog.list_layers(actor)
    summaries = await served.summaries.of_all(layers, actor)
    titles = await served.summaries.sources({s for x in summaries.values() for s in x.sources})
    sources = {source["id"]: source for source in titles}
    computed = await told_of(request, layers)
    entries = [
        _layer(request, layer, summaries[layer.id], sources) | {"computed": computed.get(layer.id)}
        for layer in layers
    ]
    document = {
        "version": served.catalog.version,
        "title": TITLE,
        "areas": _areas(served.catalog.areas.values(), layers),
        "layers": entries,
        "functions": [function_of(request, one) for one in list_functions(request, actor)],
        "kpis": [_kpi(request, layer, summaries[layer.id]) for layer in layers if layer.kpi],
        "origin_strip": _strip(layers, summaries, sources),
        "review_number": served.settings.map_review_number,
    }
    return conditional(request, document)


@routes.get("/api/styles/{theme}")
async def get_style(request: Request) -> Response:
    """Answer the complete MapLibre style of a theme in a language."""
    theme = request.path_params["theme"].removesuffix(".json")
    if theme not in ("dark", "light"):
        raise NotFound(
            f"No style {theme!r}",
            f"没有样式 {theme!r}",
            mend_en="Use dark or light.",
            mend_zh="请使用 dark 或 light。",
        )
    served, actor = services(request), actor_of(request)
    layers = [layer for layer in served.catalog.list_layers(actor) if layer.tiles]
    summaries = await served.summaries.of_all(layers, actor)
    sources: dict[str, Document] = {}
    for layer in layers:
        rows = await served.summaries.sources(summaries[layer.id].sources)
        sources[layer.id] = _vector_source(request, layer, rows)
    lang: Lang = "en" if language(request) == "en" else "zh"
    style = build_style(layers, sources, theme, lang)
    return conditional(request, style)


@routes.get("/api/styles")
async def list_styles(request: Request) -> Response:
    """Answer the styles that there are."""
    type_ = "application/vnd.mapbox.style+json"
    styles = [
        {
            "id": theme,
            "title": theme,
            "links": [link(api(request, "styles", theme), "stylesheet", type_)],
        }
        for theme in ("dark", "light")
    ]
    return conditional(request, {"styles": styles, "default": "dark"})


def _vector_source(request: Request, layer: Layer, rows: Iterable[Source]) -> Document:
    assert layer.tiles is not None  # noqa: S101
    state = services(request).tiles.state(layer.id)
    source: Document = {
        "type": "vector",
        "tiles": [tile_url(request, layer)],
        "minzoom": layer.tiles.minzoom,
        "maxzoom": layer.tiles.maxzoom,
        "attribution": " · ".join(dict.fromkeys(row["attribution"] for row in rows)),
    }
    if state and state.bounds:
        source["bounds"] = [round(value, 4) for value in state.bounds]
    return source


def _areas(areas: Iterable[Area], layers: list[Layer]) -> list[Document]:
    made: list[Document] = [
        {
            "id": area.id,
            "title": area.title.model_dump(),
            "layers": [layer.id for layer in layers if layer.area == area.id],
        }
        for area in areas
    ]
    return [area for area in made if area["layers"]]


def _layer(
    request: Request, layer: Layer, summary: Summary, sources: dict[str, Source]
) -> Document:
    tiles = layer.tiles if layer.has_geometry else None
    here = ("collections", layer.id)
    return {
        "id": layer.id,
        "area": layer.area,
        "title": layer.title.model_dump(),
        "description": layer.description.model_dump(),
        "geometry": layer.geometry.type,
        "origins": summary.origins,
        "source": [_source(sources[s]) for s in summary.sources if s in sources],
        "visible": layer.visible,
        "minzoom": tiles.minzoom if tiles else None,
        "maxzoom": tiles.maxzoom if tiles else None,
        "detail_zoom": tiles.detail if tiles else None,
        "time": _time(layer, summary),
        "columns": [_column(column) for column in layer.columns],
        "legend": _legend(layer),
        "style_layers": _style_layers(layer),
        "items": api(request, *here, "items"),
        "tilejson": api(request, *here, "tiles", MATRIX_SET, "tilejson") if tiles else None,
        "editable": layer.editable.model_dump() if layer.editable else False,
        "count": summary.count,
    }


def _style_layers(layer: Layer) -> list[str]:
    if layer.style is None:
        return []
    return [style_layer_id(layer.id, rule) for rule in layer.style.rules]


def _source(row: Source) -> Document:
    return {
        "title": {"zh": row["title_zh"], "en": row["title_en"]},
        "license": row["license"],
        "license_url": row["license_url"],
        "attribution": row["attribution"],
    }


def _time(layer: Layer, summary: Summary) -> Document | None:
    if layer.time is None or summary.extent is None:
        return None
    extent = [moment.astimezone(ZONE).isoformat() for moment in summary.extent]
    return {"field": layer.time.field, "end": layer.time.end, "extent": extent}


def _column(column: Column) -> Document:
    values = {key: text.model_dump() for key, text in (column.values or {}).items()}
    return {
        "name": column.name,
        "title": column.title.model_dump(),
        "type": column.type,
        "unit": column.unit,
        "values": values or None,
    }


def _legend(layer: Layer) -> Document | None:
    if layer.legend is None:
        return None
    return {
        "title": layer.legend.title.model_dump(),
        "entries": [_entry(entry) for entry in layer.legend.entries],
    }


def _entry(entry: LegendEntry) -> Document:
    return entry.model_dump(exclude_none=True)


def _kpi(request: Request, layer: Layer, summary: Summary) -> Document:
    """Return a key figure: how many items the caller sees, and where they are."""
    most = max(summary.origins, key=lambda name: summary.origins[name], default=None)
    return {
        "id": layer.id,
        "title": layer.title.model_dump(),
        "value": summary.count,
        "unit": "",
        "origin": most,
        "layer": layer.id,
        "href": api(request, "collections", layer.id, "items"),
    }


def _strip(
    layers: list[Layer], summaries: dict[str, Summary], sources: dict[str, Source]
) -> list[Document]:
    """Return for each layer that is shown from where its data come, in one line each."""
    strip: list[Document] = []
    for layer in layers:
        summary = summaries[layer.id]
        present = [name for name in ORIGINS if name in summary.origins]
        if layer.strip and present:
            source = sources.get(summary.main_source[present[0]])
            note = {lang: _note(present, source, lang) for lang in ("zh", "en")}
            strip.append({"title": layer.title.model_dump(), "origin": present[0], "note": note})
    return strip


def _note(present: list[str], source: Source | None, lang: str) -> str:
    """Return the best origin with its accuracy, and which others there are."""
    first, *others = (ORIGIN_TITLES[name][lang] for name in present)
    props = (source and source["props"]) or {}
    accuracy = props.get("accuracy_m") or props.get("node_accuracy_m")
    text = (
        f"{first}≈{accuracy:g} m"
        if isinstance(accuracy, int | float) and accuracy and present[0] == "real"
        else first
    )
    if not others:
        return text
    return (
        f"{text}，另有{'、'.join(others)}" if lang == "zh" else f"{text}, also {', '.join(others)}"
    )

"""Function layers over HTTP: tiles by parameters of the address, what they take, and legends."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from api.http import links
from api.http.auth import actor_of
from api.http.concurrency import caller_of
from api.http.disconnect import while_connected
from api.http.links import link
from api.http.media_types import GEOJSON, GEOTIFF, JSON, MVT, PNG
from api.http.negotiate import check_parameters, pick_format, single_values
from api.http.responses import conditional
from api.http.routes import Routes
from api.http.tile_response import tile_response
from api.services import services
from layers.declare.style import Theme
from layers.functions.catalogue import Function, read_functions
from layers.functions.filtering import Place
from layers.functions.legend import legend_of, legend_where_ruled, style_of
from layers.functions.question import Question, read_question
from layers.functions.raster import png_tile
from layers.functions.surface import CellSurface
from layers.tiles.service import check_place
from layers.tiles.tile_cache import Tile
from spatial.actor import Actor
from spatial.errors import BadParameter, NotFound
from spatial.geo import crs
from spatial.json_types import Document

TILE_S = 0.02
"""What a tile is likely to take."""
MATRIX_SET = "WebMercatorQuad"
FIELDS = {
    "surface": "String", "state": "String", "value": "Number", "lower": "Number",
    "upper": "Number", "events": "Number", "exposure": "Number", "colour": "Number",
    "spot": "Number", "events_before": "Number", "exposure_before": "Number", "reason": "String",
    "cell": "String",
}  # fmt: skip
_OWN = ("f", "lang")
TILE_FORMATS = {"mvt": MVT, "png": PNG}
THEMES = ("dark", "light")
REL, CRS_URI = "http://www.opengis.net/def/rel/ogc/1.0", "http://www.opengis.net/def/crs"
routes = Routes()


def find_function(request: Request) -> Function | None:
    """Return the function layer of an address, where the caller may read such a one."""
    found = _all(request).get(request.path_params["layer"])
    return found if found is not None and found.readable_by(actor_of(request)) else None


def list_functions(request: Request, actor: Actor) -> list[Function]:
    """Return the function layers that an actor may read."""
    return [one for one in _all(request).values() if one.readable_by(actor)]


def _all(request: Request) -> Mapping[str, Function]:
    return services(request).catalog.part(read_functions)


def ask(request: Request, function: Function, *own: str) -> Question:
    """Return what a request asks of a function layer; `own` are parameters of its route.

    Raises
    ------
    BadParameter
    """
    given = single_values(request)
    asked = {name: text for name, text in given.items() if name not in (*_OWN, *own)}
    return read_question(function.layer, function.engine.parameters, asked)


async def answer_tile(request: Request, function: Function, zxy: Place) -> Response:
    """Answer a tile of a function layer."""
    served, actor, layer = services(request), actor_of(request), function.layer
    check_place(layer.id, layer.minzoom, layer.maxzoom, zxy)
    asked, theme = ask(request, function, "theme"), _theme(request)
    form = pick_format(request, TILE_FORMATS, "mvt") if "f" in request.query_params else "mvt"
    drawn = form if form == "mvt" else f"{form}-{theme}"
    tile = served.functions.find_tile(function, asked, zxy, actor, drawn)
    if tile is None:
        make = None if form == "mvt" else partial(_picture, theme)
        work = served.functions.get_tile(function, asked, zxy, actor, drawn, make)
        turn = served.tiles.gate.run(caller_of(request), TILE_S, work)
        tile = await while_connected(request, turn)
    served.audit.count(actor, "tile", layer.id)
    return tile_response(request, tile, everybody=False, media_type=TILE_FORMATS[form])


def _theme(request: Request) -> Theme:
    theme = request.query_params.get("theme", "dark")
    themes: dict[str, Theme] = {"dark": "dark", "light": "light"}
    if theme in themes:
        return themes[theme]
    raise BadParameter(
        f"No theme {theme[:20]!r}", f"没有主题 {theme[:20]!r}", parameter="theme",
        mend_en="Use dark or light.", mend_zh="请使用 dark 或 light。",
    )  # fmt: skip


def _picture(
    theme: Theme, function: Function, surface: CellSurface, zxy: Place, asked: Question
) -> Tile:
    name = surface_of(function, asked)
    return png_tile(function.layer, surface, name, zxy, asked.classes, theme)


def surface_of(function: Function, asked: Question) -> str:
    """Return the name of the surface that is asked for."""
    return str(getattr(asked.inputs, "surface", next(iter(function.layer.surfaces))))


def tilejson_of(request: Request, function: Function) -> Document:
    """Return TileJSON 3.0; the template carries the parameters that the request has."""
    layer, asked = function.layer, ask(request, function)
    given = {k: v for k, v in single_values(request).items() if k not in _OWN}
    return {
        "tilejson": "3.0.0",
        "name": layer.title.en,
        "description": layer.description.en,
        "attribution": "",
        "scheme": "xyz",
        "tiles": [tile_url(request, function, given)],
        "minzoom": layer.minzoom,
        "maxzoom": layer.maxzoom,
        "vector_layers": [
            {
                "id": layer.id,
                "description": layer.description.en,
                "minzoom": layer.minzoom,
                "maxzoom": layer.maxzoom,
                "fields": FIELDS,
            }
        ],
        "parameters": asked.inputs.model_dump(mode="json", exclude_none=True),
        "legend": links.api(request, "collections", layer.id, "legend", **given),
    }


def tile_url(request: Request, function: Function, given: Mapping[str, str]) -> str:
    """Return the template of the addresses of tiles, for some parameters."""
    plain = links.api(request, "collections", function.layer.id, "tiles", MATRIX_SET)
    _, _, query = links.api(request, f="mvt", **given).partition("?")
    return f"{plain}/{{z}}/{{y}}/{{x}}?{query}"


@routes.get("/api/collections/{layer}/legend", reads=None)
async def get_legend(request: Request) -> Response:
    """Answer the legend of a surface as sentences, with its rule and a style of the map."""
    function = find_function(request)
    if function is None:
        layer = services(request).catalog.get_layer(request.path_params["layer"], actor_of(request))
        check_parameters(request)
        raise NotFound(
            f"Layer {layer.id} has its legend in the catalogue", f"图层 {layer.id} 的图例在目录中",
            mend_en="Read /api/catalogue.", mend_zh="请查看 /api/catalogue。",
        )  # fmt: skip
    pick_format(request, {"json": JSON})
    asked, rules = ask(request, function), services(request).rules.current
    surface = surface_of(function, asked)
    return conditional(
        request,
        {
            **legend_of(function.layer, surface, rules),
            "parameters": asked.inputs.model_dump(mode="json", exclude_none=True),
            "style": {theme: style_of(function.layer, surface, theme) for theme in THEMES},
        },
    )


def collection_of(request: Request, function: Function, lang: str) -> Document:
    """Return the document of a function layer as a collection."""
    layer, at = function.layer, ("collections", function.layer.id)
    tiles = links.api(request, *at, "tiles")
    return {
        "id": layer.id,
        "title": layer.title[lang],
        "description": layer.description[lang],
        "attribution": "",
        "itemType": "feature",
        "crs": [crs.CRS84.uri],
        "storageCrs": crs.CRS84.uri,
        "extent": {},
        "function": function_of(request, function),
        "links": [
            link(links.api(request, *at), "self", JSON, layer.title[lang]),
            link(tiles, links.TILESETS_VECTOR, JSON),
            link(links.api(request, *at, "legend"), "legend", JSON),
            link(links.api(request, *at, "items"), "items", GEOJSON),
            link(links.api(request, *at, "coverage"), f"{REL}/coverage", GEOTIFF),
        ],
    }


def function_of(request: Request, function: Function) -> Document:
    """Return what a function layer takes and shows: parameters, surfaces, states, addresses."""
    layer, rules = function.layer, services(request).rules.current
    plain = links.api(request, "collections", layer.id, "tiles", MATRIX_SET)
    return {
        "id": layer.id,
        "area": layer.area,
        "title": layer.title.model_dump(),
        "description": layer.description.model_dump(),
        "minzoom": layer.minzoom,
        "maxzoom": layer.maxzoom,
        "parameters": parameters_of(function),
        "surfaces": [legend_where_ruled(layer, name, rules) for name in layer.surfaces],
        "tiles": tile_url(request, function, {}),
        "tilejson": f"{plain}/tilejson",
        "legend": links.api(request, "collections", layer.id, "legend"),
    }


def parameters_of(function: Function) -> Document:
    """Return JSON Schema of the parameters that an address may carry, with what counts else."""
    layer, model = function.layer, function.engine.parameters
    schema = model.model_json_schema()
    properties = dict(schema["properties"])
    for name in layer.fixed:
        properties.pop(name, None)
    for name, value in layer.parameters.items():
        properties[name] = {**properties[name], "default": value}
    if "surface" in properties:
        properties["surface"] = {**properties["surface"], "enum": list(layer.surfaces)}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def tileset_of(request: Request, function: Function, *, whole: bool) -> Document:
    """Return the tile set of a function layer: its entry in a list, or its whole metadata."""
    layer = function.layer
    tileset = links.api(request, "collections", layer.id, "tiles", MATRIX_SET)
    item = f"{tileset}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}?f=mvt"
    found: Document = {
        "title": layer.title.en,
        "dataType": "vector",
        "crs": f"{CRS_URI}/EPSG/0/3857",
        "tileMatrixSetId": MATRIX_SET,
        "tileMatrixSetURI": f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{MATRIX_SET}",
        "links": [
            link(tileset, "self", JSON),
            link(f"{tileset}/tilejson", "describedby", JSON),
            link(links.api(request, "collections", layer.id), f"{REL}/geodata", JSON),
            link(item, "item", MVT, templated=True),
        ],
    }
    if whole:
        zooms = {"minTileMatrix": str(layer.minzoom), "maxTileMatrix": str(layer.maxzoom)}
        found["description"] = layer.description.en
        found["layers"] = [{"id": layer.id, "dataType": "vector", "geometryDimension": 2, **zooms}]
        found["parameters"] = parameters_of(function)
    return found
